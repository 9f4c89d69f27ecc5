/* Handshakes of which nothing is known but how they end. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "tls/refusal.h"
#include "verdict/alert.h"
#include "verdict/show.h"

#include <string.h>

/* ---- other protocols ---- */

static bool begins(const struct anycert__trial *trial, const char *text)
{
    size_t len = strlen(text);

    return trial->first_len >= len && memcmp(trial->first, text, len) == 0;
}

static bool contains(const struct anycert__trial *trial, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= trial->first_len; i++) {
        if (anycert__equal_nocase((const char *)trial->first + i, word, len))
            return true;
    }
    return false;
}

static enum anycert__cause_number cause_of_bytes(const struct anycert__trial *trial)
{
    if (begins(trial, "HTTP/") || contains(trial, "<html") || contains(trial, "<!doctype"))
        return ANYCERT__CAUSE_SPEAKS_HTTP;
    if (begins(trial, "SSH-"))
        return ANYCERT__CAUSE_SPEAKS_SSH;
    if (begins(trial, "220"))
        return contains(trial, "ftp") ? ANYCERT__CAUSE_SPEAKS_FTP : ANYCERT__CAUSE_SPEAKS_SMTP;
    if (begins(trial, "* OK"))
        return ANYCERT__CAUSE_SPEAKS_IMAP;
    return begins(trial, "+OK") ? ANYCERT__CAUSE_SPEAKS_POP3 : ANYCERT__CAUSE_SPEAKS_OTHER;
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
        return cause_of_bytes(trial);
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

static void write_evidence(struct anycert__buf *buf, const struct anycert__trial *trial)
{
    if (trial->obstacle.is_set) {
        anycert__buf_adds(buf, trial->obstacle.evidence);
    } else if (trial->sighting.alert >= 0) {
        const char *name = anycert__alert_name(trial->sighting.alert);

        anycert__buf_addf(buf, "the server sends alert %d%s%s%s", trial->sighting.alert,
                          name ? " " : "", name ? name : "",
                          trial->late ? " after the handshake" : "");
        for (size_t i = 0; i < trial->ca_name_count; i++) {
            anycert__buf_adds(buf, i == 0 ? "; it takes certificates of " : ", ");
            anycert__show_quoted(buf, trial->ca_names[i]);
        }
    } else if (trial->sighting.ending == ANYCERT__ENDED_NOT_TLS) {
        size_t shown = trial->first_len < 48 ? trial->first_len : 48;

        anycert__buf_adds(buf, "the first bytes are \"");
        anycert__buf_add_escaped(buf, (const char *)trial->first, shown);
        anycert__buf_adds(buf, "\"");
    } else if (trial->sighting.ending == ANYCERT__ENDED_SILENT ||
               trial->sighting.ending == ANYCERT__ENDED_SLOW) {
        anycert__buf_addf(buf, "%zu bytes came in %u ms, and then the time was over",
                          trial->received, (unsigned)trial->took_ms);
    } else if (trial->has_http_cause) {
        anycert__buf_addf(buf, "the handshake stands, %s / was sent; %s",
                          trial->asks_body ? "GET" : "HEAD", trial->http_evidence);
    } else if (trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER) {
        anycert__buf_addf(
            buf, "the handshake stands, %s / was sent, and %s", trial->asks_body ? "GET" : "HEAD",
            trial->wire == ANYCERT__WIRE_SILENT ? "nothing came before the time limit"
                                                : "the connection ended without an answer");
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
        const struct anycert__trial *trial = &examination->done[i];
        enum anycert__ending ending = trial->sighting.ending;

        if (ending == ANYCERT__ENDED_CLIENT_CERT || ending == ANYCERT__ENDED_NO_ANSWER ||
            (ending == ANYCERT__ENDED_OWN_REFUSAL && trial->facts->complete) ||
            (first->sighting.ending == ANYCERT__ENDED_STANDS && ending != ANYCERT__ENDED_STANDS &&
             ending != ANYCERT__ENDED_CERTIFICATES))
            return trial;
    }
    return first;
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

    for (size_t i = 0; i < confession->cause_count; i++) {
        if (anycert__diagnose(diagnosis, confession->causes[i], confession->evidence, trial, err) <
            0)
            return -1;
    }
    if (confession->cause_count > 0)
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
