/* From a failure to its causes. Where several look alike from here, all of them are named, and it
 * is said that they are not certain. */
#include "client/diagnose.h"

#include "base/str.h"
#include "tls/chain_cause.h"
#include "tls/refusal.h"
#include "verdict/checks.h"
#include "verdict/report.h"
#include "verdict/ways.h"

#include <string.h>

#define ALERT_HANDSHAKE_FAILURE    40 /* RFC 8446 section 6 */
#define ALERT_REVOKED              44
#define ALERT_EXPIRED              45
#define ALERT_UNKNOWN_CA           48
#define ALERT_CERTIFICATE_REQUIRED 116

#define CAUSE(name) ANYCERT__CAUSE_##name
#define BIT(name)   ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)
/* Several of which it is one. */
#define ONE_OF(...)                                                                                \
    (const enum anycert__cause_number[])                                                           \
    {                                                                                              \
        __VA_ARGS__, ANYCERT__CAUSE_COUNT                                                          \
    }

static int add(struct anycert__failing *failing, enum anycert__cause_number cause,
               struct anycert_error *err)
{
    return anycert__short_add(failing->out, cause, failing->failure->message, 0, false, err);
}

/* The list ends with ANYCERT__CAUSE_COUNT. */
static int add_candidates(struct anycert__failing *failing,
                          const enum anycert__cause_number *causes, struct anycert_error *err)
{
    for (; *causes != ANYCERT__CAUSE_COUNT; causes++) {
        if (add(failing, *causes, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- what was refused of what the peer showed ---- */

static enum anycert__cause_number cause_of_check(const struct anycert__failing *failing,
                                                 const struct anycert_check *check)
{
    const struct anycert__chain_view view = {.facts = check->report->facts,
                                             .anchors = failing->anchors};
    const struct anycert__finding finding = {.check = check->id,
                                             .x509_code = check->x509_code,
                                             .depth = check->depth,
                                             .relaxations = check->relaxations};
    const char *name = anycert_check_relaxation(check);

    if (check->id == ANYCERT__CHECK_PIN)
        return CAUSE(PIN_MISMATCH);
    if (check->id == ANYCERT__CHECK_RECORD)
        return check->code == ANYCERT_E_TRUST_CHANGED ? CAUSE(KEY_CHANGED) : CAUSE(KEY_UNKNOWN);
    if (!anycert__check_is_protocol(check->id))
        return anycert__cause_of_finding(&view, &finding);
    return name ? anycert__cause_of_relaxation(anycert_relaxation_id(anycert_relaxation_find(name)))
                : CAUSE(TINY_DH);
}

/* Where the issuer's certificate is neither sent nor here, an intermediate and a private root look
 * alike. */
static int add_of_check(struct anycert__failing *failing, enum anycert__cause_number cause,
                        const struct anycert_check *check, struct anycert_error *err)
{
    bool certain = cause != CAUSE(MISSING_INTERMEDIATE);

    failing->out->certain = failing->out->certain && certain;
    if (anycert__short_add(failing->out, cause, check->detail, check->x509_code, certain, err) < 0)
        return -1;
    return certain ? 0
                   : anycert__short_add(failing->out, CAUSE(UNKNOWN_ROOT), check->detail,
                                        check->x509_code, false, err);
}

static int diagnose_checks(struct anycert__failing *failing, struct anycert_error *err)
{
    const struct anycert_check *c = NULL;

    failing->out->certain = true;
    while ((c = anycert__next_failed(failing->report, c)) != NULL) {
        enum anycert__cause_number cause = cause_of_check(failing, c);

        if (cause != ANYCERT__CAUSE_COUNT && add_of_check(failing, cause, c, err) < 0)
            return -1;
    }
    anycert__short_sort(failing->out);
    return 0;
}

/* ---- handshakes ---- */

/* The usual causes for which something helps. */
static int add_helped(struct anycert__failing *failing, anycert__relaxations helps,
                      struct anycert_error *err)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        int id = anycert_relaxation_id(r);
        enum anycert__cause_number cause = anycert__cause_of_relaxation(id);

        if ((helps & ANYCERT__RELAX_BIT(id)) && cause != ANYCERT__CAUSE_COUNT &&
            add(failing, cause, err) < 0)
            return -1;
    }
    /* How small the group is was not seen. */
    return (helps & BIT(SMALL_DH)) ? add(failing, CAUSE(TINY_DH), err) : 0;
}

static bool is_about_our_cert(enum anycert__cause_number cause)
{
    return cause == CAUSE(CLIENT_CERT_REQUIRED) || cause == CAUSE(CLIENT_CERT_REQUIRED_LATE) ||
           cause == CAUSE(CLIENT_CERT_REFUSED) || cause == CAUSE(CLIENT_CERT_UNTRUSTED) ||
           cause == CAUSE(CLIENT_CERT_EXPIRED) || cause == CAUSE(CLIENT_CERT_REVOKED);
}

/* Whether what is known besides rules out that the alert means this. */
static bool is_ruled_out(const struct anycert__failing *failing, enum anycert__cause_number cause)
{
    const struct anycert__facts *facts = failing->report->facts;

    /* Of certificates that a server asked for, the error has a code of its own. */
    if (is_about_our_cert(cause))
        return failing->failure->code != ANYCERT_E_PROXY_TLS;
    if (cause == CAUSE(TLS13_ONLY)) /* which was offered, unless the policy keeps it back */
        return !(anycert__policy_allows(failing->policy) & BIT(TLS1_2_MAX));
    if (cause == CAUSE(SNI_REQUIRED))
        return !facts->identity_is_ip;
    return cause == CAUSE(SNI_UNKNOWN) && facts->identity_is_ip;
}

static int diagnose_alert(struct anycert__failing *failing, int alert, struct anycert_error *err)
{
    const struct anycert__cause *cause = NULL;

    /* The table of alerts knows these. */
    if (add_helped(failing, failing->helps & ~(BIT(NO_SNI) | BIT(NO_ALPN)), err) < 0)
        return -1;
    for (size_t n = 0; (cause = anycert__cause_of_alert(alert, n)) != NULL; n++) {
        if (!is_ruled_out(failing, cause->number) && add(failing, cause->number, err) < 0)
            return -1;
    }
    if (failing->out->cause_count == 0 && add(failing, CAUSE(ALERT_OTHER), err) < 0)
        return -1;
    failing->out->certain = failing->out->cause_count == 1;
    return 0;
}

/* The server wants a certificate of ours, or another one. */
static int diagnose_own_cert(struct anycert__failing *failing, struct anycert_error *err)
{
    bool late = failing->report->facts->complete;

    failing->out->certain = true;
    if (!failing->client->client_cert)
        return add(failing, late ? CAUSE(CLIENT_CERT_REQUIRED_LATE) : CAUSE(CLIENT_CERT_REQUIRED),
                   err);
    switch (failing->failure->tls_alert) {
    case ALERT_UNKNOWN_CA:
        return add(failing, CAUSE(CLIENT_CERT_UNTRUSTED), err);
    case ALERT_EXPIRED:
        return add(failing, CAUSE(CLIENT_CERT_EXPIRED), err);
    case ALERT_REVOKED:
        return add(failing, CAUSE(CLIENT_CERT_REVOKED), err);
    case ALERT_CERTIFICATE_REQUIRED:
        return add(failing, CAUSE(CLIENT_CERT_REQUIRED_LATE), err);
    case ALERT_HANDSHAKE_FAILURE:
        return add(failing, CAUSE(CLIENT_CERT_REQUIRED), err);
    default:
        return add(failing, CAUSE(CLIENT_CERT_REFUSED), err);
    }
}

/* What is no TLS may be anything. OpenSSL has thrown its first bytes away. */
static int diagnose_not_tls(struct anycert__failing *failing, bool is_proxy,
                            struct anycert_error *err)
{
    if (is_proxy) {
        failing->out->certain = true;
        return add(failing, CAUSE(PROXY_IS_PLAIN), err);
    }
    return add_candidates(failing,
                          ONE_OF(CAUSE(SPEAKS_HTTP), CAUSE(SPEAKS_SSH), CAUSE(SPEAKS_SMTP),
                                 CAUSE(SPEAKS_FTP), CAUSE(SPEAKS_IMAP), CAUSE(SPEAKS_POP3),
                                 CAUSE(SPEAKS_OTHER)),
                          err);
}

static int diagnose_refusal(struct anycert__failing *failing, struct anycert_error *err)
{
    if (failing->helps) {
        if (add_helped(failing, failing->helps, err) < 0)
            return -1;
    } else if (add(failing, anycert__cause_of_refusal(failing->report->facts), err) < 0) {
        return -1;
    }
    failing->out->certain = failing->out->cause_count == 1;
    return 0;
}

static int diagnose_handshake(struct anycert__failing *failing, struct anycert_error *err)
{
    const struct anycert_error *failure = failing->failure;
    const struct anycert__facts *facts = failing->report->facts;
    bool is_proxy = facts->hop == ANYCERT__HOP_PROXY;

    if (failing->hop->wants_renegotiation) {
        failing->helps = BIT(RENEGOTIATION) & ~anycert__policy_allows(failing->policy);
        failing->out->certain = true;
        return add(failing, CAUSE(CLIENT_CERT_ASKED_LATE), err);
    }
    if (!facts->complete)
        failing->helps = anycert__handshake_helps(facts, failing->policy);
    if (failure->code == ANYCERT_E_TLS_CLIENT_CERT)
        return diagnose_own_cert(failing, err);
    if (failure->tls_alert >= 0 && failure->alert_from_peer)
        return diagnose_alert(failing, failure->tls_alert, err);
    if (anycert__refusal_is_not_tls(facts))
        return diagnose_not_tls(failing, is_proxy, err);
    if (facts->complete || (facts->failure.openssl_error && failure->code != ANYCERT_E_TLS_CLOSED))
        return diagnose_refusal(failing, err);
    if (is_proxy)
        return add_candidates(failing, ONE_OF(CAUSE(PROXY_IS_PLAIN), CAUSE(PROXY_CLOSED)), err);
    return add_candidates(failing, ONE_OF(CAUSE(TLS_CLOSED), CAUSE(TLS_RESET)), err);
}

/* ---- the way there ---- */

static int diagnose_network(struct anycert__failing *failing, struct anycert_error *err)
{
    const struct anycert_error *failure = failing->failure;
    bool https = failing->url->https;

    switch (failure->code) {
    case ANYCERT_E_RESOLVE:
        return add_candidates(
            failing,
            ONE_OF(CAUSE(NAME_NOT_FOUND), CAUSE(NAME_WITHOUT_ADDRESS), CAUSE(NAME_LOOKUP_FAILED)),
            err);
    case ANYCERT_E_CONNECT:
        failing->out->certain = failure->os_errno != 0;
        return add(failing, anycert__cause_of_connecting(failure->os_errno), err);
    case ANYCERT_E_RESET:
        return https ? add_candidates(failing,
                                      ONE_OF(CAUSE(HTTP_CLOSED), CAUSE(HTTP_RESET),
                                             CAUSE(CLIENT_CERT_ASKED_LATE)),
                                      err)
                     : add(failing, CAUSE(SPEAKS_TLS), err);
    case ANYCERT_E_HTTP_PROTOCOL:
        failing->out->certain = https;
        return add(failing, https ? CAUSE(HTTP_INVALID) : CAUSE(SPEAKS_TLS), err);
    default: /* redirects, pages, the circuit breaker: no connection has failed */
        return 0;
    }
}

static int diagnose_timeout(struct anycert__failing *failing, struct anycert_error *err)
{
    const struct anycert__response_hop *hop = failing->hop;
    const struct anycert__facts *facts = failing->report ? failing->report->facts : NULL;

    if (hop->status != 0 || (!facts && hop->connected))
        return 0; /* what was reached is slow */
    if (facts && facts->complete) {
        failing->out->certain = true;
        return add(failing, CAUSE(HTTP_SILENT), err);
    }
    if (facts)
        return add_candidates(failing, ONE_OF(CAUSE(TLS_SILENT), CAUSE(TLS_SLOW)), err);
    if (failing->is_proxied)
        return add_candidates(failing, ONE_OF(CAUSE(PROXY_SILENT), CAUSE(CONNECTION_SILENT)), err);
    return add_candidates(failing, ONE_OF(CAUSE(CONNECTION_SILENT), CAUSE(NAME_LOOKUP_SILENT)),
                          err);
}

static int diagnose_tunnel(struct anycert__failing *failing, struct anycert_error *err)
{
    long status = failing->hop->tunnel_status;
    bool has_user = failing->client->settings.proxy_user != NULL;

    failing->out->certain = true;
    return add(failing,
               has_user && (status == 407 || status == 401) ? CAUSE(PROXY_REFUSES_PASSWORD)
                                                            : anycert__cause_of_tunnel(status),
               err);
}

static int diagnose_proxy(struct anycert__failing *failing, struct anycert_error *err)
{
    failing->out->certain = true;
    switch (failing->failure->code) {
    case ANYCERT_E_PROXY_RESOLVE:
        return add(failing, CAUSE(PROXY_NAME_NOT_FOUND), err);
    case ANYCERT_E_PROXY_CONNECT:
        return add(failing, CAUSE(PROXY_UNREACHABLE), err);
    case ANYCERT_E_PROXY_STATUS:
        return diagnose_tunnel(failing, err);
    case ANYCERT_E_PROXY_TLS:
        failing->out->certain = false;
        return failing->report
                   ? diagnose_handshake(failing, err)
                   : add_candidates(failing, ONE_OF(CAUSE(PROXY_IS_PLAIN), CAUSE(PROXY_SILENT)),
                                    err);
    case ANYCERT_E_PROXY_TRUST:
        return failing->report ? diagnose_checks(failing, err) : 0;
    default:
        failing->out->certain = false;
        return anycert__str_starts_nocase(failing->client->proxy_url, "socks")
                   ? add_candidates(failing,
                                    ONE_OF(CAUSE(PROXY_SOCKS_REFUSES), CAUSE(PROXY_IS_HTTP),
                                           CAUSE(PROXY_IS_NONE), CAUSE(PROXY_CLOSED)),
                                    err)
                   : add_candidates(
                         failing,
                         ONE_OF(CAUSE(PROXY_CLOSED), CAUSE(PROXY_IS_NONE), CAUSE(PROXY_IS_TLS)),
                         err);
    }
}

/* Without a length it is the end of the connection that says where a body of HTTP/1 ends. */
static int diagnose_body(struct anycert__failing *failing, struct anycert_error *err)
{
    const struct anycert_response *response = failing->response;
    bool is_marked = strcmp(response->version, "2") == 0 ||
                     anycert__fields_get(&response->fields, "Content-Length", 0) ||
                     anycert__fields_get(&response->fields, "Transfer-Encoding", 0);

    failing->out->certain = true;
    return add(failing,
               is_marked || !failing->url->https ? CAUSE(BODY_TRUNCATED) : CAUSE(NO_CLOSE_NOTIFY),
               err);
}

int anycert__diagnose_causes(struct anycert__failing *failing, struct anycert_error *err)
{
    switch (anycert_error_class_of(failing->failure->code)) {
    case ANYCERT_CLASS_TRUST:
        return failing->report ? diagnose_checks(failing, err) : 0;
    case ANYCERT_CLASS_TLS:
        return failing->report ? diagnose_handshake(failing, err) : 0;
    case ANYCERT_CLASS_NETWORK:
        return diagnose_network(failing, err);
    case ANYCERT_CLASS_TIMEOUT:
        return diagnose_timeout(failing, err);
    case ANYCERT_CLASS_PROXY:
        return diagnose_proxy(failing, err);
    default:
        return diagnose_body(failing, err);
    }
}
