/* Handshakes of which nothing is known but how they end. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "hello/banner.h"
#include "tls/refusal.h"
#include "verdict/alert.h"
#include "verdict/show.h"

#include <string.h>

#define SHOWN 48 /* bytes of what is no TLS */

/* ---- other protocols ---- */

static enum anycert__banner banner_of(const struct anycert__trial *trial)
{
    return anycert__banner_of(trial->first, trial->first_len);
}

enum anycert__cause_number anycert__cause_of_bytes(const unsigned char *bytes, size_t len)
{
    switch (anycert__banner_of(bytes, len)) {
    case ANYCERT__BANNER_HTTP:
    case ANYCERT__BANNER_HTML:
        return ANYCERT__CAUSE_SPEAKS_HTTP;
    case ANYCERT__BANNER_SSH:
        return ANYCERT__CAUSE_SPEAKS_SSH;
    case ANYCERT__BANNER_SMTP:
        return ANYCERT__CAUSE_SPEAKS_SMTP;
    case ANYCERT__BANNER_MAIL_OR_FILES: /* more of these greet without a word about themselves */
        return len >= 3 && memcmp(bytes, "220", 3) == 0 ? ANYCERT__CAUSE_SPEAKS_SMTP
                                                        : ANYCERT__CAUSE_SPEAKS_OTHER;
    case ANYCERT__BANNER_FTP:
        return ANYCERT__CAUSE_SPEAKS_FTP;
    case ANYCERT__BANNER_IMAP:
        return ANYCERT__CAUSE_SPEAKS_IMAP;
    case ANYCERT__BANNER_POP3:
        return ANYCERT__CAUSE_SPEAKS_POP3;
    case ANYCERT__BANNER_NONE:
    case ANYCERT__BANNER_NNTP:
    case ANYCERT__BANNER_MYSQL:
    case ANYCERT__BANNER_POSTGRESQL:
    case ANYCERT__BANNER_REDIS:
    case ANYCERT__BANNER_LDAP:
    case ANYCERT__BANNER_RDP:
    case ANYCERT__BANNER_VNC:
    case ANYCERT__BANNER_TELNET:
    case ANYCERT__BANNER_XMPP:
    case ANYCERT__BANNER_AMQP:
    case ANYCERT__BANNER_SOCKS:
    case ANYCERT__BANNER_TEXT:
    case ANYCERT__BANNER_BINARY:
        break;
    }
    return ANYCERT__CAUSE_SPEAKS_OTHER;
}

/* What it is, where the cause does not say so. */
static const char *other_protocol(const struct anycert__trial *trial)
{
    enum anycert__banner banner = banner_of(trial);

    if (anycert__cause_of_bytes(trial->first, trial->first_len) != ANYCERT__CAUSE_SPEAKS_OTHER ||
        banner == ANYCERT__BANNER_NONE || banner == ANYCERT__BANNER_TEXT ||
        banner == ANYCERT__BANNER_BINARY || banner == ANYCERT__BANNER_MAIL_OR_FILES)
        return NULL;
    return anycert__banner_text(banner);
}

/* ---- refusals ---- */

static bool was_named(const struct anycert__trial *trial)
{
    return trial->facts && !trial->facts->identity_is_ip;
}

static enum anycert__cause_number cause_of_client_cert(const struct anycert__trial *trial)
{
    /* We never show one, so what the alert says of ours is about there being none. */
    return trial->late ? ANYCERT__CAUSE_CLIENT_CERT_REQUIRED_LATE
                       : ANYCERT__CAUSE_CLIENT_CERT_REQUIRED;
}

static enum anycert__cause_number cause_of_alert(const struct anycert__trial *trial)
{
    switch (trial->sighting.alert) {
    case 40:
        return ANYCERT__CAUSE_HANDSHAKE_REFUSED;
    case 70:
        return ANYCERT__CAUSE_VERSION_REFUSED;
    case 80:
        return was_named(trial) ? ANYCERT__CAUSE_SERVER_ERROR : ANYCERT__CAUSE_SNI_REQUIRED;
    case 112:
        return was_named(trial) ? ANYCERT__CAUSE_SNI_UNKNOWN : ANYCERT__CAUSE_SNI_REQUIRED;
    case 120:
        return ANYCERT__CAUSE_ALPN_MISMATCH;
    case 49:
    case 90:
        return ANYCERT__CAUSE_ACCESS_DENIED;
    case 71:
        return ANYCERT__CAUSE_STRONGER_WANTED;
    case 86:
        return ANYCERT__CAUSE_FALLBACK_DETECTED;
    case 51:
        return ANYCERT__CAUSE_HANDSHAKE_SIGNATURE_WRONG;
    case 20:
    case 21:
        return ANYCERT__CAUSE_RECORD_DAMAGED;
    case 10:
    case 22:
    case 30:
        return ANYCERT__CAUSE_TLS_MALFORMED;
    case 47:
    case 50:
    case 109:
    case 110:
        return ANYCERT__CAUSE_HELLO_REFUSED;
    case 115:
        return ANYCERT__CAUSE_PSK_ONLY;
    case 116:
        return ANYCERT__CAUSE_CLIENT_CERT_REQUIRED_LATE;
    default: {
        const struct anycert__cause *cause = anycert__cause_of_alert(trial->sighting.alert, 0);

        return cause ? cause->number : ANYCERT__CAUSE_ALERT_OTHER;
    }
    }
}

static enum anycert__cause_number cause_of_ending(const struct anycert__trial *trial)
{
    switch (trial->sighting.ending) {
    case ANYCERT__ENDED_NO_WAY:
        return trial->obstacle.cause;
    case ANYCERT__ENDED_NOT_TLS:
        return anycert__cause_of_bytes(trial->first, trial->first_len);
    case ANYCERT__ENDED_CLIENT_CERT:
        return cause_of_client_cert(trial);
    case ANYCERT__ENDED_ALERT:
        return cause_of_alert(trial);
    case ANYCERT__ENDED_OWN_REFUSAL:
    case ANYCERT__ENDED_CERTIFICATES:
    case ANYCERT__ENDED_STANDS:
        return anycert__cause_of_refusal(trial->facts);
    case ANYCERT__ENDED_SILENT:
        return ANYCERT__CAUSE_TLS_SILENT;
    case ANYCERT__ENDED_SLOW:
        return ANYCERT__CAUSE_TLS_SLOW;
    case ANYCERT__ENDED_RESET:
        return ANYCERT__CAUSE_TLS_RESET;
    case ANYCERT__ENDED_NO_ANSWER:
        if (trial->has_http_cause)
            return trial->http_cause;
        return trial->wire == ANYCERT__WIRE_SILENT  ? ANYCERT__CAUSE_HTTP_SILENT
               : trial->wire == ANYCERT__WIRE_RESET ? ANYCERT__CAUSE_HTTP_RESET
                                                    : ANYCERT__CAUSE_HTTP_CLOSED;
    case ANYCERT__ENDED_CLOSED:
        break;
    }
    return ANYCERT__CAUSE_TLS_CLOSED;
}

/* ---- evidence ---- */

static void write_ca_names(struct anycert__buf *buf, const struct anycert__trial *trial)
{
    for (size_t i = 0; i < trial->ca_name_count; i++) {
        anycert__buf_adds(buf, i == 0 ? "; it takes certificates of " : ", ");
        anycert__show_quoted(buf, trial->ca_names[i]);
    }
}

static void write_evidence(struct anycert__buf *buf, const struct anycert__trial *trial)
{
    if (trial->obstacle.is_set) {
        anycert__buf_adds(buf, trial->obstacle.evidence);
    } else if (trial->sighting.alert >= 0) {
        const char *name = anycert__alert_name(trial->sighting.alert);

        anycert__buf_addf(buf, "the server sends alert %d%s%s%s", trial->sighting.alert,
                          name ? " " : "", name ? name : "",
                          trial->late ? " after the handshake" : "");
        write_ca_names(buf, trial);
    } else if (trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT) {
        anycert__buf_addf(buf, "the server asked for a client certificate, and %s when it got none",
                          trial->wire == ANYCERT__WIRE_RESET ? "reset the connection"
                                                             : "closed the connection");
        write_ca_names(buf, trial);
    } else if (trial->sighting.ending == ANYCERT__ENDED_NOT_TLS) {
        size_t shown = anycert__banner_shown(trial->first, trial->first_len);

        if (shown > SHOWN)
            shown = SHOWN;
        anycert__buf_adds(buf, "the first bytes are \"");
        anycert__buf_add_escaped(buf, (const char *)trial->first, shown);
        anycert__buf_adds(buf, "\"");
        if (other_protocol(trial))
            anycert__buf_addf(buf, ", which is %s", other_protocol(trial));
    } else if (trial->sighting.ending == ANYCERT__ENDED_SILENT ||
               trial->sighting.ending == ANYCERT__ENDED_SLOW) {
        anycert__buf_addf(buf, "%zu bytes came in %u ms, and then the time was over",
                          trial->received, (unsigned)trial->took_ms);
    } else if (trial->has_http_cause) {
        anycert__buf_addf(buf, "the handshake stands, %s / was sent; %s (%u ms in all)",
                          anycert__trial_method(trial), trial->http_evidence,
                          (unsigned)trial->took_ms);
    } else if (trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER) {
        bool silent = trial->wire == ANYCERT__WIRE_SILENT;

        anycert__buf_addf(buf, "the handshake stands, %s / was sent, and %s",
                          anycert__trial_method(trial),
                          silent ? "nothing came before the time limit"
                                 : "the connection ended without an answer");
        if (!trial->asks_body)
            anycert__buf_addf(buf,
                              "%s; a GET may be answered all the same (--http-body asks with "
                              "one)",
                              silent ? ", nor to OPTIONS" : "");
        anycert__buf_addf(buf, " (%u ms in all)", (unsigned)trial->took_ms);
    } else if (trial->sighting.ending == ANYCERT__ENDED_RESET) {
        anycert__buf_addf(buf, "the connection was reset after %zu bytes", trial->received);
    } else {
        anycert__buf_addf(buf, "%s", trial->error.message);
    }
}

/* What came nearest tells most: a client certificate that is missing, a request that is not
 * answered, a failure behind the handshake or under the policy itself; else the first attempt. */
static const struct anycert__trial *most_telling(const struct anycert__examination *examination)
{
    const struct anycert__trial *first = &examination->done[0];

    for (size_t i = 0; i < examination->plan.count; i++) {
        if (examination->done[i].sighting.ending == ANYCERT__ENDED_CLIENT_CERT)
            return &examination->done[i];
    }
    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];
        enum anycert__ending ending = trial->sighting.ending;

        if (ending == ANYCERT__ENDED_NO_ANSWER ||
            (ending == ANYCERT__ENDED_OWN_REFUSAL && trial->facts->complete) ||
            (first->sighting.ending == ANYCERT__ENDED_STANDS && ending != ANYCERT__ENDED_STANDS &&
             ending != ANYCERT__ENDED_CERTIFICATES))
            return trial;
    }
    return first;
}

/* A handshake that was right but for the certificates, of which all is said. */
static bool is_certificates_fault(const struct anycert_diagnosis *diagnosis,
                                  const struct anycert__trial *trial)
{
    return diagnosis->cause_count > 0 &&
           (trial->sighting.ending == ANYCERT__ENDED_STANDS ||
            trial->sighting.ending == ANYCERT__ENDED_CERTIFICATES) &&
           !anycert__needs_met(&trial->sighting.certificates, 0);
}

/* A policy connects to the proxy, and the administrator does not allow it. */
static bool is_barred(const struct anycert_diagnosis *proxy)
{
    return proxy && proxy->policy_count > 0 && proxy->policies[0].forbidden[0] != '\0';
}

/* What the proxy's own diagnosis says, or has found to be something else. */
static bool is_proxys(const struct anycert_diagnosis *diagnosis, const struct anycert__trial *trial)
{
    const struct anycert_diagnosis *proxy = diagnosis->of_proxy;

    return trial->obstacle.is_set && trial->obstacle.stage == ANYCERT_STAGE_PROXY_TLS &&
           (anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_IS_PLAIN) ||
            strcmp(trial->obstacle.evidence, ANYCERT__HELD_BACK) == 0 || is_barred(proxy) ||
            (proxy && anycert__diagnosed(proxy, trial->obstacle.cause)));
}

int anycert__diagnose_ending(struct anycert_diagnosis *diagnosis,
                             const struct anycert__examination *examination,
                             struct anycert_error *err)
{
    const struct anycert__trial *trial = most_telling(examination);
    const struct anycert__confession *confession = &examination->confession;
    struct anycert__buf buf;
    char *evidence = NULL;
    int result = -1;

    if (trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER)
        diagnosis->unanswered = trial;
    for (size_t i = 0; i < confession->cause_count; i++) {
        if (anycert__diagnose(diagnosis, confession->causes[i], confession->evidence, trial, err) <
            0)
            return -1;
    }
    if (is_proxys(diagnosis, trial))
        return 0;
    if (confession->cause_count > 0 || is_certificates_fault(diagnosis, trial))
        return 0;
    /* We refuse what was told already. */
    if (trial->sighting.ending == ANYCERT__ENDED_CERTIFICATES && diagnosis->cause_count > 0)
        return 0;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    write_evidence(&buf, trial);
    evidence = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    if (evidence)
        result = anycert__diagnose(diagnosis, cause_of_ending(trial), evidence, trial, err);
    anycert__free(evidence);
    return result;
}
