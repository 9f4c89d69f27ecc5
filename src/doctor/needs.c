#include "doctor/needs.h"

#include "verdict/findings.h"

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* ---- danger ---- */

static const enum anycert__relaxation by_danger[] = {
    /* nothing weaker, or hardly */
    ANYCERT__RELAX_UNCLEAN_SHUTDOWN, ANYCERT__RELAX_NO_ALPN, ANYCERT__RELAX_OVERSIZED_CHAIN,
    ANYCERT__RELAX_RENEGOTIATION, ANYCERT__RELAX_NO_ETM, ANYCERT__RELAX_NO_EMS,
    ANYCERT__RELAX_CLASSICAL_HELLO, ANYCERT__RELAX_TLS1_2_MAX, ANYCERT__RELAX_NO_SNI,
    ANYCERT__RELAX_COMMON_NAME, ANYCERT__RELAX_NOT_YET_VALID, ANYCERT__RELAX_CBC_SHA1,
    /* a lesser protection */
    ANYCERT__RELAX_LEGACY_CIPHERS, ANYCERT__RELAX_LEGACY_GROUPS, ANYCERT__RELAX_RSA_KEY_EXCHANGE,
    ANYCERT__RELAX_LEGACY_RENEGOTIATION, ANYCERT__RELAX_EXPIRED, ANYCERT__RELAX_PATH_LENGTH,
    ANYCERT__RELAX_NAME_CONSTRAINTS, ANYCERT__RELAX_CRITICAL_EXTENSION,
    ANYCERT__RELAX_WRONG_PURPOSE, ANYCERT__RELAX_EXPLICIT_CURVE, ANYCERT__RELAX_WEAK_SIGNATURE,
    ANYCERT__RELAX_SHA1_HANDSHAKE, ANYCERT__RELAX_WEAK_KEY, ANYCERT__RELAX_SMALL_DH,
    ANYCERT__RELAX_TLS1_1, ANYCERT__RELAX_TLS1_0, ANYCERT__RELAX_BARE_HELLO,
    /* who answers */
    ANYCERT__RELAX_INVALID_CA, ANYCERT__RELAX_WRONG_HOST, ANYCERT__RELAX_SELF_SIGNED,
    ANYCERT__RELAX_UNTRUSTED_ISSUER};
#define DANGERS (sizeof by_danger / sizeof by_danger[0])

int anycert__by_danger(size_t n)
{
    return n < DANGERS ? (int)by_danger[n] : 0;
}

anycert__relaxations anycert__without_proof(anycert__relaxations set)
{
    static const anycert__relaxations without =
#define RELAXATION(enum_name, id, name, side, auth, available, allows, danger, fix)                \
    ((auth) ? 0 : ANYCERT__RELAX_BIT(id)) |
#include "policy/relaxations.def"
        0;

    return set & without;
}

size_t anycert__count_of(anycert__relaxations set)
{
    size_t count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

bool anycert__less_dangerous(anycert__relaxations a, anycert__relaxations b)
{
    size_t a_bad = anycert__count_of(anycert__without_proof(a));
    size_t b_bad = anycert__count_of(anycert__without_proof(b));

    if (a_bad != b_bad)
        return a_bad < b_bad;
    if (anycert__count_of(a) != anycert__count_of(b))
        return anycert__count_of(a) < anycert__count_of(b);
    for (size_t i = DANGERS; i-- > 0;) {
        bool in_a = (a & ANYCERT__RELAX_BIT(by_danger[i])) != 0;
        bool in_b = (b & ANYCERT__RELAX_BIT(by_danger[i])) != 0;

        if (in_a != in_b)
            return in_b;
    }
    return false;
}

/* ---- needs ---- */

static bool has(const struct anycert__needs *needs, anycert__relaxations set)
{
    for (size_t i = 0; i < needs->count; i++) {
        if (needs->any_of[i] == set)
            return true;
    }
    return false;
}

static void add(struct anycert__needs *needs, anycert__relaxations any_of)
{
    if (has(needs, any_of))
        return;
    if (needs->count == ANYCERT__NEEDS_MAX)
        needs->beyond = true; /* more than there are relaxations */
    else
        needs->any_of[needs->count++] = any_of;
}

void anycert__needs_join(struct anycert__needs *needs, const struct anycert__needs *more)
{
    for (size_t i = 0; i < more->count; i++)
        add(needs, more->any_of[i]);
    needs->beyond = needs->beyond || more->beyond;
    needs->antique = needs->antique || more->antique;
    needs->revoked = needs->revoked || more->revoked;
}

bool anycert__needs_same(const struct anycert__needs *a, const struct anycert__needs *b)
{
    for (size_t i = 0; i < a->count; i++) {
        bool found = false;

        for (size_t j = 0; j < b->count; j++)
            found = found || a->any_of[i] == b->any_of[j];
        if (!found)
            return false;
    }
    return a->count == b->count && a->beyond == b->beyond;
}

bool anycert__needs_met(const struct anycert__needs *needs, anycert__relaxations allowed)
{
    for (size_t i = 0; i < needs->count; i++) {
        if ((needs->any_of[i] & allowed) == 0)
            return false;
    }
    return !needs->beyond;
}

anycert__relaxations anycert__needs_least(const struct anycert__needs *needs)
{
    anycert__relaxations least = 0;

    /* What has no alternative comes first: it may be an alternative of something else. */
    for (size_t i = 0; i < needs->count; i++) {
        if (anycert__count_of(needs->any_of[i]) == 1)
            least |= needs->any_of[i];
    }
    for (size_t i = 0; i < needs->count; i++) {
        for (size_t j = 0; (needs->any_of[i] & least) == 0 && j < DANGERS; j++)
            least |= needs->any_of[i] & ANYCERT__RELAX_BIT(by_danger[j]);
    }
    return least;
}

struct reading {
    struct anycert__needs *certificates, *offer;
};

static void read_one(void *arg, const struct anycert__finding *finding)
{
    const struct reading *reading = arg;
    /* A chain that is too large never arrives where the offer does not have room for it. */
    bool of_offer =
        anycert__check_is_protocol(finding->check) || finding->relaxations == BIT(OVERSIZED_CHAIN);
    struct anycert__needs *needs = of_offer ? reading->offer : reading->certificates;

    if (finding->kind == ANYCERT__FINDING_REVOKED)
        needs->revoked = true;
    if (finding->kind == ANYCERT__FINDING_ANTIQUE)
        needs->antique = true;
    if (finding->relaxations != 0)
        add(needs, finding->relaxations);
    else
        needs->beyond = true;
}

void anycert__needs_read(const struct anycert__facts *facts, int64_t now,
                         struct anycert__needs *certificates, struct anycert__needs *offer)
{
    struct reading reading = {.certificates = certificates, .offer = offer};

    *certificates = *offer = (struct anycert__needs){0};
    anycert__findings(facts, now, ANYCERT__JUDGE_ALL, read_one, &reading);
}
