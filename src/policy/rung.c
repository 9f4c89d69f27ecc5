#include "policy/policy.h"
#include "base/str.h"

struct anycert_rung {
    enum anycert__rung id;
    const char *name;
    const char *meaning;
    const char *gives_up;
    bool available;
};

static const struct anycert_rung table[] = {
    {ANYCERT__RUNG_HARDENED, "hardened",
     "everything is checked: chain to a trusted anchor, name, dates, strength, TLS 1.2 or newer "
     "with forward secrecy",
     "nothing", true},
    {ANYCERT__RUNG_PINNED, "pinned",
     "the server's public key (pin=) decides instead of chain, name and dates",
     "certificate authorities: name and dates only count as far as check= says", true},
    {ANYCERT__RUNG_TOFU, "tofu",
     "the key seen at the first contact is remembered and decides from then on, as ssh does",
     "the proof at the first contact: whoever answers then is believed from then on", true},
    {ANYCERT__RUNG_REPORT_ONLY, "report-only",
     "connects like trust-any and reports what its target (for=) would have refused",
     "the same as trust-any: anybody who can answer for the host can read and change everything",
     true},
    {ANYCERT__RUNG_TRUST_ANY, "trust-any",
     "accepts every certificate, and older cryptography from TLS 1.2 on; reports what hardened "
     "would have refused",
     "the proof of who answers: anybody who can answer for the host can read and change everything",
     true},
    {ANYCERT__RUNG_ANTIQUE, "antique",
     "trust-any, and every protocol from TLS 1.0 on and every cipher that still authenticates and "
     "encrypts, in a hello that old boxes bear",
     "the proof of who answers, and cryptography that keeps a determined listener out", true},
};
#define TABLE_SIZE (sizeof table / sizeof table[0])

const struct anycert_rung *anycert_rung_next(const struct anycert_rung *r)
{
    if (r == NULL)
        return &table[0];
    return r + 1 < table + TABLE_SIZE ? r + 1 : NULL;
}

const struct anycert_rung *anycert_rung_find(const char *name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (anycert__str_equal(table[i].name, name))
            return &table[i];
    }
    return NULL;
}

int anycert_rung_id(const struct anycert_rung *r)
{
    return (int)r->id;
}

const char *anycert_rung_name(const struct anycert_rung *r)
{
    return r->name;
}

const char *anycert_rung_meaning(const struct anycert_rung *r)
{
    return r->meaning;
}

const char *anycert_rung_gives_up(const struct anycert_rung *r)
{
    return r->gives_up;
}

int anycert_rung_is_available(const struct anycert_rung *r)
{
    return r->available;
}

static anycert__relaxations contained_in_trust_any(void)
{
    return anycert__relaxations_of_certificates() |
           ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_RENEGOTIATION) |
           ANYCERT__RELAX_BIT(ANYCERT__RELAX_SMALL_DH) |
           ANYCERT__RELAX_BIT(ANYCERT__RELAX_RSA_KEY_EXCHANGE) |
           ANYCERT__RELAX_BIT(ANYCERT__RELAX_CBC_SHA1);
}

/* No certificate is refused there, so that no chain is too long, only too large. The switch's list
 * of ciphers is fixed to the letter, and some versions of OpenSSL have suites with short tags in
 * it. */
anycert__relaxations anycert__rung_lets_by(enum anycert__rung rung)
{
    const struct anycert_policy policy = {.rung = rung};

    return anycert__policy_accepts_any_certificate(&policy)
               ? ANYCERT__RELAX_BIT(ANYCERT__RELAX_OVERSIZED_CHAIN) |
                     ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_CIPHERS)
               : 0;
}

anycert__relaxations anycert__rung_contains(enum anycert__rung rung)
{
    switch (rung) {
    case ANYCERT__RUNG_HARDENED:
        return 0;
    case ANYCERT__RUNG_PINNED:
        return anycert__relaxations_of_certificates();
    case ANYCERT__RUNG_TOFU:
        return ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_SELF_SIGNED);
    case ANYCERT__RUNG_REPORT_ONLY:
    case ANYCERT__RUNG_TRUST_ANY:
        return contained_in_trust_any();
    case ANYCERT__RUNG_ANTIQUE:
        return contained_in_trust_any() | ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_0) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_1) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_SHA1_HANDSHAKE) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_CIPHERS) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_GROUPS) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_RENEGOTIATION) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_OVERSIZED_CHAIN) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNCLEAN_SHUTDOWN) |
               /* What is left out of the hello keeps nobody out. */
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_ALPN) |
               ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_EMS);
    }
    return 0;
}
