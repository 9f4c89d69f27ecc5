#include "policy/policy.h"
#include "base/str.h"

struct anycert_relaxation {
    int id;
    const char *name;
    const char *allows;
    const char *danger;
    const char *fix;
    bool of_certificate;
    bool authenticates;
    bool available;
};

enum side { SIDE_CERT, SIDE_PROTO };

static const struct anycert_relaxation table[] = {
#define RELAXATION(enum_name, id, name, side, auth, available, allows, danger, fix)                \
    {(id), (name), (allows), (danger), (fix), SIDE_##side == SIDE_CERT, (auth), (available)},
#include "policy/relaxations.def"
};
#define TABLE_SIZE (sizeof table / sizeof table[0])

const struct anycert_relaxation *anycert_relaxation_next(const struct anycert_relaxation *r)
{
    if (r == NULL)
        return &table[0];
    return r + 1 < table + TABLE_SIZE ? r + 1 : NULL;
}

const struct anycert_relaxation *anycert_relaxation_find(const char *name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (anycert__str_equal(table[i].name, name))
            return &table[i];
    }
    return NULL;
}

const struct anycert_relaxation *anycert_relaxation_by_id(int id)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (table[i].id == id)
            return &table[i];
    }
    return NULL;
}

int anycert_relaxation_id(const struct anycert_relaxation *r)
{
    return r->id;
}

const char *anycert_relaxation_name(const struct anycert_relaxation *r)
{
    return r->name;
}

const char *anycert_relaxation_allows(const struct anycert_relaxation *r)
{
    return r->allows;
}

const char *anycert_relaxation_danger(const struct anycert_relaxation *r)
{
    return r->danger;
}

const char *anycert_relaxation_fix(const struct anycert_relaxation *r)
{
    return r->fix;
}

int anycert_relaxation_authenticates(const struct anycert_relaxation *r)
{
    return r->authenticates;
}

int anycert_relaxation_is_available(const struct anycert_relaxation *r)
{
    return r->available;
}

anycert__relaxations anycert__relaxations_of_certificates(void)
{
    anycert__relaxations set = 0;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (table[i].of_certificate)
            set |= ANYCERT__RELAX_BIT(table[i].id);
    }
    return set;
}

enum depth { DEPTH_ANY, DEPTH_LEAF, DEPTH_ABOVE };
enum condition { IF_ALWAYS, IF_CN_ONLY, IF_KEY_FLOOR, IF_SHA1_ONLY };

static const struct {
    int id;
    int code;
    enum depth depth;
    enum condition condition;
} rules[] = {
#define RELAXES(enum_name, code, depth, condition)                                                 \
    {ANYCERT__RELAX_##enum_name, (code), DEPTH_##depth, IF_##condition},
#include "policy/relaxations.def"
};

static bool depth_fits(enum depth wanted, int depth)
{
    switch (wanted) {
    case DEPTH_ANY:
        return true;
    case DEPTH_LEAF:
        return depth == 0;
    case DEPTH_ABOVE:
        return depth >= 1;
    }
    return false;
}

static bool condition_holds(enum condition wanted, const struct anycert__x509_finding *finding)
{
    switch (wanted) {
    case IF_ALWAYS:
        return true;
    case IF_CN_ONLY:
        return finding->cn_only_match;
    case IF_KEY_FLOOR:
        return finding->key_above_floor;
    case IF_SHA1_ONLY:
        return finding->signature_is_sha1;
    }
    return false;
}

anycert__relaxations anycert__relaxations_for(const struct anycert__x509_finding *finding)
{
    anycert__relaxations set = 0;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].code == finding->code && depth_fits(rules[i].depth, finding->depth) &&
            condition_holds(rules[i].condition, finding))
            set |= ANYCERT__RELAX_BIT(rules[i].id);
    }
    return set;
}
