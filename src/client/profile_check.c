#include "client/profile.h"

#include "policy/policy.h"

#define GIVEN(name) anycert__profile_given(profile, ANYCERT__PROFILE_KEY_##name)
#define BLAME(name) anycert__profile_blame(profile, ANYCERT__PROFILE_KEY_##name, err)

int anycert__profile_blame(const struct anycert_profile *profile, enum anycert__profile_id id,
                           struct anycert_error *err)
{
    const struct anycert__profile_value *value = &profile->values[id];

    if (value->line > 0)
        return anycert__error_prefix(err, "%s:%zu:%zu", profile->name, value->line, value->column);
    return anycert__error_prefix(err, "%s", value->source ? value->source : profile->name);
}

bool anycert__profile_insecure(const struct anycert_profile *profile)
{
    return (GIVEN(INSECURE) && GIVEN(INSECURE)->flag) || (GIVEN(UNSECURE) && GIVEN(UNSECURE)->flag);
}

/* The checkbox has had two names; both mean the same. */
static int check_checkbox(const struct anycert_profile *profile, struct anycert_error *err)
{
    const struct anycert__profile_value *one = GIVEN(INSECURE);
    const struct anycert__profile_value *other = GIVEN(UNSECURE);

    if (!one || !other || one->flag == other->flag)
        return 0;
    anycert__fail(err, ANYCERT_E_USAGE, "'unsecure' is %s, but 'insecure' is %s: leave one out",
                  other->shown, one->shown);
    return BLAME(UNSECURE);
}

static int check_trust(const struct anycert_profile *profile, struct anycert_error *err)
{
    const struct anycert__profile_value *trust = GIVEN(TRUST);
    const struct anycert__profile_value *box = GIVEN(INSECURE) ? GIVEN(INSECURE) : GIVEN(UNSECURE);
    const char *name = GIVEN(INSECURE) ? "insecure" : "unsecure";
    struct anycert_policy *policy = NULL;
    bool any = false;

    if (!trust || !box)
        return 0;
    if (box->flag) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "'trust' and '%s' both choose the policy: leave one out", name);
        return BLAME(TRUST);
    }
    policy = anycert_policy_parse(trust->texts.list[0], err);
    if (!policy)
        return BLAME(TRUST);
    any = anycert__policy_accepts_any_certificate(policy);
    anycert_policy_free(policy);
    if (!any)
        return 0;
    anycert__fail(err, ANYCERT_E_USAGE,
                  "'trust' accepts any certificate, but '%s' is false: leave one out", name);
    return BLAME(TRUST);
}

static int check_files(const struct anycert_profile *profile, struct anycert_error *err)
{
    if (GIVEN(CACERT) && GIVEN(CA_ADD)) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "'cacert' means these anchors only and 'ca_add' these too: leave one out");
        return BLAME(CA_ADD);
    }
    return 0;
}

/* A key that means nothing without another one. */
static int check_needs(const struct anycert_profile *profile, struct anycert_error *err)
{
    static const struct {
        enum anycert__profile_id key, needs;
    } rows[] = {
        {ANYCERT__PROFILE_KEY_KEY, ANYCERT__PROFILE_KEY_CERT},
        {ANYCERT__PROFILE_KEY_CERT_TYPE, ANYCERT__PROFILE_KEY_CERT},
        {ANYCERT__PROFILE_KEY_CERT_PASSWORD, ANYCERT__PROFILE_KEY_CERT},
        {ANYCERT__PROFILE_KEY_RETRY_STATUSES, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_RETRY_METHODS, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_RETRY_BACKOFF, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_RETRY_JITTER, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_RETRY_MAX_DELAY, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_RETRY_AFTER_MAX, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_IDEMPOTENCY_HEADER, ANYCERT__PROFILE_KEY_RETRIES},
        {ANYCERT__PROFILE_KEY_BURST, ANYCERT__PROFILE_KEY_RATE},
        {ANYCERT__PROFILE_KEY_CIRCUIT_RECOVERY, ANYCERT__PROFILE_KEY_CIRCUIT_FAILURES},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!profile->values[rows[i].key].given || profile->values[rows[i].needs].given)
            continue;
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' is given, but no '%s'",
                      anycert__profile_keys[rows[i].key].name,
                      anycert__profile_keys[rows[i].needs].name);
        return anycert__profile_blame(profile, rows[i].key, err);
    }
    return 0;
}

/* How many secrets come from the same descriptor, of which the second would get nothing. */
static int check_descriptors(const struct anycert_profile *profile, struct anycert_error *err)
{
    int fds[64];
    size_t count = 0;

    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++) {
        const struct anycert__profile_value *value = &profile->values[id];

        for (size_t i = 0; i < value->secret_count; i++) {
            if (value->secrets[i].kind != ANYCERT__SECRET_FD)
                continue;
            for (size_t k = 0; k < count; k++) {
                if (fds[k] != value->secrets[i].fd)
                    continue;
                anycert__fail(err, ANYCERT_E_USAGE,
                              "descriptor %d is read twice, and can be read once", fds[k]);
                return anycert__profile_blame(profile, (enum anycert__profile_id)id, err);
            }
            if (count < sizeof fds / sizeof *fds)
                fds[count++] = value->secrets[i].fd;
        }
    }
    return 0;
}

int anycert__profile_check(const struct anycert_profile *profile, struct anycert_error *err)
{
    if (check_checkbox(profile, err) < 0 || check_trust(profile, err) < 0 ||
        check_files(profile, err) < 0 || check_needs(profile, err) < 0 ||
        anycert__profile_check_auth(profile, err) < 0)
        return -1;
    return check_descriptors(profile, err);
}
