#include "tls/ossl.h"

#include "verdict/alert.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <stdio.h>
#include <string.h>

/* What happened, by OpenSSL's reason number; texts change between versions, numbers do not. */
struct reason {
    int number;
    int code;
    const char *sentence;
    anycert__relaxations relaxations; /* each of them may get past it */
};

#define RELAX(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

static const struct reason reasons[] = {
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, ANYCERT_E_TLS_LEGACY_RENEGOTIATION,
     "the server lacks secure renegotiation (RFC 5746), and we insist on it",
     RELAX(LEGACY_RENEGOTIATION)},
    {SSL_R_UNSUPPORTED_PROTOCOL, ANYCERT_E_TLS_VERSION,
     "the server speaks only a version of TLS that is older than TLS 1.2, and we refuse it",
     RELAX(TLS1_0) | RELAX(TLS1_1)},
    {SSL_R_WRONG_SSL_VERSION, ANYCERT_E_TLS_VERSION,
     "the server speaks only a version of TLS that we do not offer", RELAX(TLS1_0) | RELAX(TLS1_1)},
    {SSL_R_VERSION_TOO_LOW, ANYCERT_E_TLS_VERSION,
     "the server speaks only a version of TLS that is older than TLS 1.2, and we refuse it",
     RELAX(TLS1_0) | RELAX(TLS1_1)},
    {SSL_R_DH_KEY_TOO_SMALL, ANYCERT_E_TLS_WEAK,
     "the server's Diffie-Hellman group is too small, and we refuse it", RELAX(SMALL_DH)},
    {SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED, ANYCERT_E_TLS_WEAK,
     "the server signs the handshake with SHA-1 or MD5, and we refuse it", RELAX(SHA1_HANDSHAKE)},
    {SSL_R_WRONG_SIGNATURE_TYPE, ANYCERT_E_TLS_WEAK,
     "the server signs the handshake with an algorithm that we did not offer", 0},
    {SSL_R_WRONG_CURVE, ANYCERT_E_TLS_WEAK, "the server chose a group that we did not offer", 0},
    {SSL_R_WRONG_CIPHER_RETURNED, ANYCERT_E_TLS_WEAK,
     "the server chose a cipher suite that we did not offer", 0},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, ANYCERT_E_TLS_WEAK,
     "the server chose a cipher suite that we did not offer", 0},
    {SSL_R_WRONG_VERSION_NUMBER, ANYCERT_E_TLS_NOT_TLS,
     "the peer does not answer in TLS (plain HTTP or another protocol on this port?)", 0},
    {SSL_R_PACKET_LENGTH_TOO_LONG, ANYCERT_E_TLS_NOT_TLS,
     "the peer does not answer in TLS (plain HTTP or another protocol on this port?)", 0},
    {SSL_R_HTTP_REQUEST, ANYCERT_E_TLS_NOT_TLS, "the peer answers in plain HTTP, not in TLS", 0},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, ANYCERT_E_TLS_CLOSED,
     "the peer closed the connection during the handshake, without saying why", 0},
    {SSL_R_BAD_SIGNATURE, ANYCERT_E_TLS,
     "the server's handshake signature is wrong: its key does not belong to its certificate, or "
     "somebody interferes",
     0},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, ANYCERT_E_TLS, "the server's certificate chain is too large",
     RELAX(OVERSIZED_CHAIN)},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, ANYCERT_E_INTERNAL, "no TLS version is left to offer", 0},
};

static const struct reason other_too_large = {
    SSL_R_EXCESSIVE_MESSAGE_SIZE, ANYCERT_E_TLS,
    "the server sends a message of the handshake that is larger than any of its kind may be", 0};

/* Alerts of the peer (RFC 8446 section 6.2), where the number says more than its name. */
static const struct reason alerts[] = {
    {SSL_AD_HANDSHAKE_FAILURE, ANYCERT_E_TLS_ALERT,
     "the server found nothing it can use in what we offer",
     RELAX(TLS1_0) | RELAX(TLS1_1) | RELAX(RSA_KEY_EXCHANGE) | RELAX(CBC_SHA1) |
         RELAX(SHA1_HANDSHAKE) | RELAX(LEGACY_CIPHERS) | RELAX(LEGACY_GROUPS)},
    {SSL_AD_PROTOCOL_VERSION, ANYCERT_E_TLS_VERSION,
     "the server does not speak the versions of TLS that we offer", RELAX(TLS1_0) | RELAX(TLS1_1)},
    {SSL_AD_UNRECOGNIZED_NAME, ANYCERT_E_TLS_ALERT,
     "the server does not know the name it is asked for", RELAX(NO_SNI)},
    {SSL_AD_INSUFFICIENT_SECURITY, ANYCERT_E_TLS_ALERT, "the server wants stronger cipher suites",
     0},
    {SSL_AD_NO_APPLICATION_PROTOCOL, ANYCERT_E_TLS_ALERT,
     "the server does not speak the version of HTTP that we offer (ALPN)", RELAX(NO_ALPN)},
    {SSL_AD_INTERNAL_ERROR, ANYCERT_E_TLS_ALERT,
     "the server reports an internal error (often: it needs a server name, or its backend is down)",
     0},
    {SSL_AD_BAD_CERTIFICATE, ANYCERT_E_TLS_CLIENT_CERT,
     "the server wants a client certificate, or refuses ours", 0},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, ANYCERT_E_TLS_CLIENT_CERT,
     "the server does not take a client certificate of this kind", 0},
    {SSL_AD_CERTIFICATE_REVOKED, ANYCERT_E_TLS_CLIENT_CERT,
     "the server says that our client certificate is revoked", 0},
    {SSL_AD_CERTIFICATE_EXPIRED, ANYCERT_E_TLS_CLIENT_CERT,
     "the server says that our client certificate has expired", 0},
    {SSL_AD_CERTIFICATE_UNKNOWN, ANYCERT_E_TLS_CLIENT_CERT,
     "the server refuses our client certificate", 0},
    {SSL_AD_UNKNOWN_CA, ANYCERT_E_TLS_CLIENT_CERT,
     "the server does not trust the issuer of our client certificate", 0},
    {SSL_AD_ACCESS_DENIED, ANYCERT_E_TLS_CLIENT_CERT,
     "the server denies access to our client certificate", 0},
    {SSL_AD_CERTIFICATE_REQUIRED, ANYCERT_E_TLS_CLIENT_CERT,
     "the server requires a client certificate", 0},
};

#define HINT_SIZE 280

static const struct reason *find(const struct reason *table, size_t count, int number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number)
            return &table[i];
    }
    return NULL;
}

/* Appends "intro a, b" for the relaxations in set; how much was used. */
static size_t list(char *out, size_t size, size_t used, const char *intro, anycert__relaxations set)
{
    bool first = true;

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r && used < size;
         r = anycert_relaxation_next(r)) {
        if (!(set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))))
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", first ? intro : ", ",
                                 anycert_relaxation_name(r));
        first = false;
    }
    return used < size ? used : size - 1;
}

/* Whether the server wants something else than what it was offered. */
static bool is_about_offer(anycert__relaxations relaxations, int alert)
{
    return alert == SSL_AD_HANDSHAKE_FAILURE || (relaxations & RELAX(TLS1_0)) != 0;
}

/* Some builds are without it. */
static bool has_dsa(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool has = ctx && SSL_CTX_set_cipher_list(ctx, "DHE-DSS-AES128-GCM-SHA256") == 1;

    SSL_CTX_free(ctx);
    ERR_clear_error();
    return has;
}

/* What this build can relax. */
static anycert__relaxations available_relaxations(void)
{
    anycert__relaxations available = 0;

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (anycert_relaxation_is_available(r))
            available |= ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
    }
    return available;
}

/* What the peer may want of what the policy does not allow: first what can be had, then what
 * trust-any lets through, then what this version cannot do. */
static void hint(const struct anycert_policy *policy, anycert__relaxations relaxations, int alert,
                 char out[HINT_SIZE])
{
    anycert__relaxations missing = relaxations & ~anycert__policy_allows(policy);
    anycert__relaxations by_switch = missing & anycert__rung_contains(ANYCERT__RUNG_TRUST_ANY);
    anycert__relaxations available = available_relaxations();
    size_t used = 0;

    out[0] = '\0';
    if (policy && policy->rung == ANYCERT__RUNG_ANTIQUE && is_about_offer(relaxations, alert)) {
        (void)snprintf(out, HINT_SIZE,
                       " (antique offers all that this OpenSSL can authenticate and encrypt with; "
                       "it does not have SSL 3.0, 3DES, RC4%s, nor may it be anonymous or NULL)",
                       has_dsa() ? "" : ", DSA");
        return;
    }
    /* Which of the groups that small-dh does not take this one is of, nobody knows. */
    if ((relaxations & RELAX(SMALL_DH)) && missing == 0 &&
        (!policy || policy->rung != ANYCERT__RUNG_ANTIQUE)) {
        (void)snprintf(out, HINT_SIZE,
                       " (it has less than 1024 bits; antique takes 512 and more, and nobody is "
                       "authenticated then)");
        return;
    }
    used = list(out, HINT_SIZE, used, " (relaxation: ", missing & available);
    used = list(
        out, HINT_SIZE, used,
        used ? "; trust-any lets through: " : " (trust-any lets through: ", by_switch & ~available);
    used = list(out, HINT_SIZE, used, used ? "; not in this version: " : " (not in this version: ",
                missing & ~by_switch & ~available);
    if (alert == SSL_AD_HANDSHAKE_FAILURE)
        (void)snprintf(out + used, HINT_SIZE - used, "%s",
                       used ? "; nor 3DES and RC4)" : " (perhaps it knows only 3DES or RC4)");
    else if (used)
        (void)snprintf(out + used, HINT_SIZE - used, ")");
}

/* What is known of the way it failed, or NULL. */
static const struct reason *reason_of(const struct anycert__handshake_failure *failure)
{
    if (failure->alert >= 0 && failure->alert_from_peer)
        return find(alerts, sizeof alerts / sizeof alerts[0], failure->alert);
    if (failure->other_too_large)
        return &other_too_large;
    if (failure->openssl_error && ERR_GET_LIB(failure->openssl_error) == ERR_LIB_SSL)
        return find(reasons, sizeof reasons / sizeof reasons[0],
                    ERR_GET_REASON(failure->openssl_error));
    return NULL;
}

anycert__relaxations anycert__handshake_helps(const struct anycert__facts *facts,
                                              const struct anycert_policy *policy)
{
    const struct anycert__handshake_failure *failure = &facts->failure;
    const struct reason *known = reason_of(failure);

    if (!known || (policy && policy->rung == ANYCERT__RUNG_ANTIQUE))
        return 0;
    if (failure->alert_from_peer && failure->alert == SSL_AD_HANDSHAKE_FAILURE &&
        failure->client_cert_requested)
        return 0;
    return known->relaxations & available_relaxations() & ~anycert__policy_allows(policy);
}

static int finish(const struct anycert__facts *facts, int code, int alert, bool from_peer,
                  const char *sentence, const char *hint_text, const char *detail,
                  struct anycert_error *err)
{
    bool proxy = facts->hop == ANYCERT__HOP_PROXY;

    if (!err || err->code != 0)
        return -1;
    if (proxy && code != ANYCERT_E_INTERNAL)
        code = ANYCERT_E_PROXY_TLS;
    anycert__fail(err, code, "TLS with %s%s:%u failed: %s%s%s%s%s", proxy ? "proxy " : "",
                  facts->host, (unsigned)facts->port, sentence, hint_text, detail[0] ? " [" : "",
                  detail, detail[0] ? "]" : "");
    err->tls_alert = alert;
    err->alert_from_peer = alert >= 0 && from_peer;
    return -1;
}

int anycert__handshake_failure(const struct anycert__facts *facts,
                               const struct anycert_policy *policy, struct anycert_error *err)
{
    const struct anycert__handshake_failure *failure = &facts->failure;
    const struct reason *known = reason_of(failure);
    char helps[HINT_SIZE] = "";
    char detail[160] = "";

    if (failure->alert >= 0 && failure->alert_from_peer) {
        (void)snprintf(detail, sizeof detail, "alert %d %s", failure->alert,
                       anycert__alert_name(failure->alert));
        if (failure->alert == SSL_AD_HANDSHAKE_FAILURE && failure->client_cert_requested)
            return finish(facts, ANYCERT_E_TLS_CLIENT_CERT, failure->alert, true,
                          "the server asked for a client certificate and got none", "", detail,
                          err);
        hint(policy, known ? known->relaxations : 0, failure->alert, helps);
        return finish(facts, known ? known->code : ANYCERT_E_TLS_ALERT, failure->alert, true,
                      known ? known->sentence : "the server refused the handshake", helps, detail,
                      err);
    }
    if (failure->openssl_error) {
        (void)snprintf(detail, sizeof detail, "OpenSSL %08lX %.96s", failure->openssl_error,
                       failure->reason);
        hint(policy, known ? known->relaxations : 0, -1, helps);
        return finish(facts, known ? known->code : ANYCERT_E_TLS, failure->alert, false,
                      known ? known->sentence : "the handshake cannot be completed", helps, detail,
                      err);
    }
    return finish(facts, ANYCERT_E_TLS_CLOSED, failure->alert, false,
                  "the peer closed or reset the connection during the handshake", "", "", err);
}

int anycert__late_alert_failure(const struct anycert__facts *facts, int alert,
                                struct anycert_error *err)
{
    const struct reason *known = find(alerts, sizeof alerts / sizeof alerts[0], alert);
    char detail[64];

    (void)snprintf(detail, sizeof detail, "alert %d %s", alert, anycert__alert_name(alert));
    return finish(facts, known ? known->code : ANYCERT_E_TLS_ALERT, alert, true,
                  known ? known->sentence : "the server ended the connection", "", detail, err);
}

int anycert__renegotiation_failure(const struct anycert__facts *facts,
                                   const struct anycert_policy *policy, int alert,
                                   struct anycert_error *err)
{
    char helps[HINT_SIZE] = "";
    char detail[64];

    (void)snprintf(detail, sizeof detail, "alert %d %s", alert, anycert__alert_name(alert));
    hint(policy, RELAX(RENEGOTIATION), -1, helps);
    return finish(facts, ANYCERT_E_TLS_ALERT, alert, true,
                  "the server wants to renegotiate, often for a client certificate, and we refuse",
                  helps, detail, err);
}
