#include "http/lane.h"

#include "verdict/judge.h"
#include "verdict/report.h"

#include <string.h>

static const char *server_name(const struct anycert__lane *lane)
{
    return lane->origin + (lane->https ? strlen("https://") : strlen("http://"));
}

static long long to_ms(const struct anycert__lane *lane, CURLINFO what)
{
    curl_off_t us = 0;

    (void)curl_easy_getinfo(lane->easy, what, &us);
    return us / 1000;
}

/* Whether a proxy was reached by TCP whose TLS is not there, for it may speak plain HTTP. */
static bool is_waiting_for_proxy(const struct anycert__lane *lane)
{
    return !lane->asked && lane->proxied && lane->settings->proxy_https && lane->proxy_link &&
           !anycert__link_facts(lane->proxy_link)->complete;
}

/* How far the exchange came, for a limit that holds for all of it. */
static void total_failure(const struct anycert__lane *lane, int64_t limit_ms,
                          struct anycert_error *err)
{
    const struct anycert__http_settings *settings = lane->settings;
    const char *phase = "the connection did not come about";
    char proxy[400];

    if (is_waiting_for_proxy(lane)) {
        (void)snprintf(proxy, sizeof proxy,
                       "the proxy %.256s:%u was reached, but TLS with it did not come about; is it "
                       "http://?",
                       settings->proxy_host, (unsigned)settings->proxy_port);
        phase = proxy;
    } else if (!lane->asked && lane->link && !anycert__link_facts(lane->link)->complete) {
        phase = "it was reached, but TLS did not come about";
    } else if (lane->owes == ANYCERT__OWES_ANSWER) {
        phase = "its key is not known, and nobody has answered yet whether it is right";
    } else if (lane->owes == ANYCERT__OWES_RECORD) {
        phase = "its key is not recorded, as the trust store is locked by another process";
    } else if (lane->header_done) {
        phase = "the answer began, and its end did not come";
    } else if (lane->asked) {
        phase = "it was asked, and did not answer";
    }
    anycert__fail(err, ANYCERT_E_TIMEOUT_TOTAL,
                  "no complete answer from %s within the %lld ms of the request: %s",
                  server_name(lane), (long long)limit_ms, phase);
}

int anycert__stall_failure(const struct anycert__lane *lane, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_TIMEOUT_STALL, "nothing came from %s for %u ms",
                         server_name(lane), (unsigned)lane->stall_ms);
}

static int timeout_failure(const struct anycert__lane *lane, int64_t total_ms, int64_t limit_ms,
                           struct anycert_error *err)
{
    long long spent = to_ms(lane, CURLINFO_TOTAL_TIME_T);

    if (total_ms > 0 && (lane->is_overdue || spent + 1 >= total_ms)) {
        total_failure(lane, limit_ms, err);
        return -1;
    }
    if (is_waiting_for_proxy(lane))
        return anycert__fail(err, ANYCERT_E_PROXY_TLS,
                             "the proxy %s:%u was reached, but TLS with it did not come about "
                             "within %u ms; is it http://?",
                             lane->settings->proxy_host, (unsigned)lane->settings->proxy_port,
                             (unsigned)lane->connect_ms);
    if (!lane->asked && lane->link)
        return anycert__fail(err, ANYCERT_E_TIMEOUT_CONNECT,
                             "%s was reached, but TLS did not come about within %u ms (name, TCP, "
                             "proxy and TLS together)",
                             server_name(lane), (unsigned)lane->connect_ms);
    if (!lane->asked)
        return anycert__fail(err, ANYCERT_E_TIMEOUT_CONNECT,
                             "no connection to %s within %u ms (name, TCP, proxy and TLS together)",
                             server_name(lane), (unsigned)lane->connect_ms);
    return anycert__stall_failure(lane, err);
}

/* A TLS link that failed, or NULL: the proxy's if it is not up, else the origin's. */
static struct anycert__link *failed_link(const struct anycert__lane *lane)
{
    struct anycert__link *link = NULL;

    if (lane->proxy_link) {
        const struct anycert__facts *facts = anycert__link_facts(lane->proxy_link);

        if (!facts->complete || (lane->proxy_report && lane->proxy_report->verdict == ANYCERT_FAIL))
            return lane->proxy_link;
    }
    link = lane->link;
    if (link && (!anycert__link_facts(link)->complete || lane->asked))
        return link;
    return NULL;
}

/* Which certificate a server refuses; one that insists on any may not have got the one there is. */
static void explain_cert(const struct anycert__link *link, struct anycert_error *err)
{
    if (err->code != ANYCERT_E_TLS_CLIENT_CERT)
        return;
    if (anycert__link_withheld_cert(link))
        (void)anycert__error_prefix(
            err, "the secret guard withheld the client certificate, as the link is not clean");
    else if (anycert__link_showed_cert(link))
        anycert__client_cert_name(anycert__link_client_cert(link), err);
}

/* 1 if a TLS link is to blame and err is filled, 0 if none is. */
static int tls_failure(const struct anycert__lane *lane, CURLcode rc, struct anycert_error *err)
{
    struct anycert__link *link = failed_link(lane);
    const struct anycert__facts *facts = link ? anycert__link_facts(link) : NULL;
    const struct anycert_report *report = link == lane->link ? lane->report : lane->proxy_report;
    bool from_peer = false;
    int late = -1;

    if (!link)
        return 0;
    if (anycert__link_trouble(link)) {
        *err = *anycert__link_trouble(link);
        return 1;
    }
    if (report && report->verdict == ANYCERT_FAIL) {
        (void)anycert__report_refusal(report, err);
        return 1;
    }
    if (!facts->complete) {
        if (!facts->failure.failed && facts->failure.alert < 0 && rc != CURLE_SSL_CONNECT_ERROR)
            return 0;
        (void)anycert__handshake_failure(facts, anycert__link_policy(link), err);
        explain_cert(link, err);
        return 1;
    }
    late = anycert__link_late_alert(link, &from_peer);
    if (late >= 0 && from_peer && (rc == CURLE_RECV_ERROR || rc == CURLE_SEND_ERROR)) {
        if (anycert__link_refused_renegotiation(link))
            (void)anycert__renegotiation_failure(facts, anycert__link_policy(link), late, err);
        else
            (void)anycert__late_alert_failure(facts, late, err);
        explain_cert(link, err);
        return 1;
    }
    return 0;
}

/* The system says it in fewer words than libcurl. */
static int connect_failure(const struct anycert__lane *lane, int code, const char *what,
                           const char *host, struct anycert_error *err)
{
    long os_errno = 0;

    if (curl_easy_getinfo(lane->easy, CURLINFO_OS_ERRNO, &os_errno) == CURLE_OK && os_errno > 0)
        return anycert__fail_errno(err, code, (int)os_errno, "%s%s cannot be reached", what, host);
    return anycert__fail(err, code, "%s%s cannot be reached: %s", what, host, lane->text);
}

/* What OpenSSL found wrong while reading or writing, but for the end of the connection. */
static bool is_record_error(const struct anycert__lane *lane)
{
    const char *number = strstr(lane->text, "error:");

    return number && strstr(lane->text, "OpenSSL SSL_") &&
           strncmp(number, "error:0A000126", 14) != 0;
}

/* Why a proxy says 407; tinyproxy says 401 to a user whom it does not know. */
static const char *explain_refusal(const struct anycert__lane *lane, long status)
{
    long offered = 0;

    if (status != 407 && (status != 401 || !lane->settings->proxy_user))
        return "";
    if (!lane->settings->proxy_user)
        return ", it wants a user and password";
    (void)curl_easy_getinfo(lane->easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
    if (lane->settings->proxy_auth == ANYCERT_PROXY_BASIC && (offered & (long)CURLAUTH_DIGEST) &&
        !(offered & (long)CURLAUTH_BASIC))
        return ", it takes Digest alone, and Basic is what is set";
    if (lane->settings->proxy_auth == ANYCERT_PROXY_DIGEST && (offered & (long)CURLAUTH_BASIC) &&
        !(offered & (long)CURLAUTH_DIGEST))
        return ", it takes Basic alone, and Digest is what is set";
    return ", it refuses the user or the password";
}

static int proxy_failure(const struct anycert__lane *lane, CURLcode rc, struct anycert_error *err)
{
    char proxy[300];
    const char *host = lane->settings->proxy_host;
    unsigned port = lane->settings->proxy_port;
    long status = 0;

    (void)snprintf(proxy, sizeof proxy, "%s:%u", host, port);

    (void)curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status >= 300)
        return anycert__fail(err, ANYCERT_E_PROXY_STATUS,
                             "proxy %s:%u refuses to connect to %s (status %ld%s)", host, port,
                             server_name(lane), status, explain_refusal(lane, status));
    if (rc == CURLE_COULDNT_RESOLVE_PROXY)
        return anycert__fail(err, ANYCERT_E_PROXY_RESOLVE, "proxy name '%s' cannot be resolved",
                             host);
    if (rc == CURLE_COULDNT_CONNECT)
        return connect_failure(lane, ANYCERT_E_PROXY_CONNECT, "proxy ", proxy, err);
    return anycert__fail(err, ANYCERT_E_PROXY, "proxy %s:%u failed: %s", host, port,
                         lane->text[0] ? lane->text : curl_easy_strerror(rc));
}

static int http_failure(const struct anycert__lane *lane, CURLcode rc, bool answered,
                        struct anycert_error *err)
{
    const char *host = server_name(lane);

    switch ((int)rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return anycert__fail(err, ANYCERT_E_RESOLVE, "host name '%s' cannot be resolved",
                             lane->host);
    case CURLE_COULDNT_CONNECT:
        return connect_failure(lane, ANYCERT_E_CONNECT, "", host, err);
    case CURLE_PARTIAL_FILE:
        return anycert__fail(err, ANYCERT_E_BODY_TRUNCATED, "the body from %s ended before its end",
                             host);
    case CURLE_GOT_NOTHING:
        return anycert__fail(err, ANYCERT_E_RESET, "%s closed the connection without an answer",
                             host);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        if (is_record_error(lane))
            return anycert__fail(err, ANYCERT_E_TLS,
                                 "a TLS record from %s was damaged or altered on its way: %s", host,
                                 lane->text);
        if (answered)
            return anycert__fail(err, ANYCERT_E_BODY_TRUNCATED,
                                 "the connection to %s was lost before the body's end: %s", host,
                                 lane->text);
        return anycert__fail(err, ANYCERT_E_RESET, "the connection to %s was lost: %s", host,
                             lane->text);
    case CURLE_SEND_FAIL_REWIND:
        return anycert__fail(err, ANYCERT_E_AUTH,
                             "%s asks for the body once more, with authentication, and it can be "
                             "read only once",
                             host);
    case CURLE_AUTH_ERROR:
    case CURLE_LOGIN_DENIED:
        return anycert__fail(err, ANYCERT_E_AUTH, "authentication with %s failed: %s", host,
                             lane->text[0] ? lane->text : curl_easy_strerror(rc));
    case CURLE_BAD_CONTENT_ENCODING:
        return anycert__fail(err, ANYCERT_E_BODY_ENCODING,
                             "the body from %s cannot be decompressed: %s", host, lane->text);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        if (answered && rc != CURLE_WEIRD_SERVER_REPLY)
            return anycert__fail(err, ANYCERT_E_BODY_TRUNCATED,
                                 "the body from %s ended before its end: %s", host, lane->text);
        return anycert__fail(err, ANYCERT_E_HTTP_PROTOCOL, "%s does not answer in valid HTTP: %s",
                             host, lane->text);
    default:
        return anycert__fail(err, ANYCERT_E_NETWORK, "the transfer with %s failed: %s", host,
                             lane->text[0] ? lane->text : curl_easy_strerror(rc));
    }
}

/* A header line beyond libcurl's own limit ends as want of memory on 7.88, and as TOO_LARGE (100)
 * later; so do too many fields then, those behind a body among them. */
static bool header_too_long(const struct anycert__lane *lane, CURLcode rc)
{
    if (!lane->asked)
        return false;
    if ((int)rc == 100)
        return true;
    return !lane->header_done && (rc == CURLE_OUT_OF_MEMORY ||
                                  (rc == CURLE_RECV_ERROR &&
                                   (strstr(lane->text, "header") || strstr(lane->text, "Header"))));
}

static bool proxy_is_to_blame(const struct anycert__lane *lane, CURLcode rc)
{
    long status = 0;

    if (!lane->proxied)
        return false;
    (void)curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (rc == CURLE_COULDNT_RESOLVE_PROXY || rc == CURLE_COULDNT_CONNECT || (int)rc == CURLE_PROXY)
        return true;
    return !lane->asked && status >= 300;
}

/* libcurl ends some of its sentences with a full stop, or a line. */
static void trim_text(struct anycert__lane *lane)
{
    size_t len = strlen(lane->text);

    while (len > 0 && strchr(".\r\n ", lane->text[len - 1]))
        lane->text[--len] = '\0';
}

int anycert__lane_failure(struct anycert__lane *lane, CURLcode rc, struct anycert_error *err)
{
    long status = 0;
    struct anycert_error found = {0};

    trim_text(lane);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
    if (err && err->code != 0) {
        err->transfer_code = (int32_t)rc;
        return -1; /* found before the transfer began */
    }
    if (lane->failure.code != 0) {
        found = lane->failure;
    } else if (rc == CURLE_OPERATION_TIMEDOUT) {
        timeout_failure(lane, lane->total_ms, lane->limit_ms, &found);
    } else if (rc == CURLE_COULDNT_CONNECT && lane->private_address[0]) {
        anycert__private_failure(server_name(lane), lane->private_address, &found);
    } else if (tls_failure(lane, rc, &found)) {
        ;
    } else if (header_too_long(lane, rc)) {
        anycert__fail(&found, ANYCERT_E_HEADERS_TOO_LARGE,
                      "the header from %s is longer than libcurl takes (about 300 kB, 100 kB a "
                      "line, 5000 fields)",
                      server_name(lane));
    } else if (rc == CURLE_OUT_OF_MEMORY) {
        anycert__fail_nomem(&found);
    } else if (rc == CURLE_ABORTED_BY_CALLBACK) {
        anycert__fail(&found, ANYCERT_E_INTERNAL, "no report is known of the connection to %s",
                      server_name(lane));
    } else if (proxy_is_to_blame(lane, rc)) {
        proxy_failure(lane, rc, &found);
    } else {
        http_failure(lane, rc, status > 0, &found);
    }
    found.transfer_code = (int32_t)rc;
    if (err)
        *err = found;
    return -1;
}
