#include "cheaper.h"

#include <stdbool.h>
#include <string.h>

/* What a policy gives up, as far as it decides what is less. */
struct given_up {
    bool any;         /* every certificate is accepted */
    bool antique;     /* so is everything that encrypts */
    bool pinned;      /* a key decides */
    bool half_pinned; /* and it alone, or beside the name or the dates alone */
    bool tofu;        /* a key decides that was believed when it was first seen */
    bool learns;      /* it still is */
    bool issuer;      /* who vouches for the certificate is not looked at, by relaxations */
    bool name;        /* nor whether it is for this host */
    bool key;         /* a pin could be checked beside what is not relaxed */
    bool several;     /* relaxations */
    bool endless;     /* it gives up something, for ever */
};

static bool relaxes(const struct anycert_policy *policy, const char *name)
{
    return anycert_policy_relaxes(policy, anycert_relaxation_find(name)) == 1;
}

static size_t count_relaxations(const struct anycert_policy *policy)
{
    size_t count = 0;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        count += anycert_policy_relaxes(policy, r) == 1;
    return count;
}

/* Whether a key has exactly this value; NULL: any. */
static bool says(const struct anycert_policy *policy, const char *key, const char *value)
{
    char *said = NULL;
    bool same = anycert_policy_get(policy, key, &said, NULL) == 1 &&
                (value == NULL || strcmp(said, value) == 0);
    anycert_free(said);
    return same;
}

static struct given_up find_given_up(const struct anycert_policy *policy)
{
    const char *rung = anycert_policy_rung(policy);
    size_t relaxations = count_relaxations(policy);
    struct given_up g = {
        .antique = strcmp(rung, "antique") == 0,
        .pinned = strcmp(rung, "pinned") == 0,
        .tofu = strcmp(rung, "tofu") == 0,
        .issuer = relaxes(policy, "untrusted-issuer") || relaxes(policy, "self-signed") ||
                  relaxes(policy, "invalid-ca"),
        .name = relaxes(policy, "wrong-host"),
        .several = relaxations > 1,
    };
    g.any = g.antique || strcmp(rung, "trust-any") == 0 || strcmp(rung, "report-only") == 0;
    g.half_pinned = g.pinned && !says(policy, "check", "name,dates");
    g.learns = g.tofu && !says(policy, "mode", "strict");
    g.key = strcmp(rung, "hardened") == 0 && relaxations > 0 && !says(policy, "pin", NULL);
    g.endless = (g.any || relaxations > 0) && anycert_policy_until(policy, NULL) == 0;
    return g;
}

/* In the order of the ladder: what gives up nothing, then a key, then one thing, then more. */
enum step {
    ANCHOR,
    INTERMEDIATE,
    EXPECT_NAME,
    PIN_BESIDE,
    PINNED,
    PINNED_CHECK,
    STRICT,
    TOFU,
    COMMON_NAME,
    ONE,
    FEWER,
    TRUST_ANY,
    UNTIL,
    STEPS
};

static const struct cli_cheaper steps[STEPS] = {
    [ANCHOR] = {"--cacert FILE",
                "the certificate of its CA, or its own self-signed one, can be had", "every check"},
    [INTERMEDIATE] = {"--intermediate FILE", "the server forgets its intermediate certificate",
                      "every check"},
    [EXPECT_NAME] = {"--expect-name NAME",
                     "the certificate names another host, known to be this server",
                     "every check, with that name"},
    [PIN_BESIDE] = {"--pin PIN",
                    "the server's key is known: anycert trust show prints it, to be compared",
                    "the key, and all that is checked now"},
    [PINNED] = {"--trust 'pinned pin=PIN check=name,dates' --until DATE",
                "the key is known: anycert trust show prints it, to be compared",
                "the one key, the name, the dates, and all of the protocol"},
    [PINNED_CHECK] = {"check=name,dates", "name and dates of its certificate are in order",
                      "the name and the dates, beside the key"},
    [STRICT] = {"mode=strict", "the key is in the trust store already",
                "the remembered key: no other is learned"},
    [TOFU] = {"--trust tofu --until DATE", "the key cannot be compared, as with ssh",
              "the key from the second contact on, the name, the dates, and all of the protocol"},
    [COMMON_NAME] = {"--allow common-name --until DATE",
                     "the host is only in the certificate's common name", "the name"},
    [ONE] = {"--allow RELAXATION --until DATE", "one thing is wrong: anycert doctor says which",
             "every check but this one"},
    [FEWER] = {"fewer relaxations", "not all are needed: anycert doctor says which",
               "every check that is not named"},
    [TRUST_ANY] = {"--trust trust-any --until DATE", "the server speaks TLS 1.2 or newer",
                   "TLS 1.2 and newer, and Diffie-Hellman from 1024 bits on"},
    [UNTIL] = {"--until DATE", "it will be mended by then", "every check, from the day after on"},
};

static bool applies(const struct given_up *g, enum step step)
{
    bool accepts_issuers = g->any || g->issuer || g->tofu;
    switch (step) {
    case ANCHOR:
        return accepts_issuers || g->pinned;
    case INTERMEDIATE:
        return accepts_issuers;
    case EXPECT_NAME:
        return g->any || g->name;
    case PIN_BESIDE:
        return g->key;
    case PINNED:
        return accepts_issuers || g->name;
    case PINNED_CHECK:
        return g->half_pinned;
    case STRICT:
        return g->learns;
    case TOFU:
        return g->any || g->issuer;
    case COMMON_NAME:
        return g->name;
    case ONE:
        return g->any;
    case FEWER:
        return g->several;
    case TRUST_ANY:
        return g->antique;
    case UNTIL:
        return g->endless;
    case STEPS:
        break;
    }
    return false;
}

const struct cli_cheaper *cli_cheaper_next(const struct anycert_policy *policy,
                                           const struct cli_cheaper *cheaper)
{
    struct given_up given_up = find_given_up(policy);
    for (size_t i = cheaper ? (size_t)(cheaper - steps) + 1 : 0; i < STEPS; i++)
        if (applies(&given_up, (enum step)i))
            return &steps[i];
    return NULL;
}
