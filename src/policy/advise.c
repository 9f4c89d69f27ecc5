#include "policy/advise.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <unistd.h>

#define DAY        86400
#define FOLDER_MAX 4096
#define REASON     "WHY"

static bool set_end(struct anycert_policy *policy, int64_t now, int days)
{
    char date[ANYCERT__DATE_SIZE];

    anycert__format_date(now + (int64_t)days * DAY, date);
    return anycert_policy_set(policy, "until", date, NULL) == 0;
}

static bool set_reason(struct anycert_policy *policy)
{
    return anycert_policy_set(policy, "reason", REASON, NULL) == 0;
}

/* Anchors, names and pins of hardened stay in force for good; all else is for a while. */
static bool can_end(const struct anycert_policy *policy)
{
    return policy->rung != ANYCERT__RUNG_HARDENED || policy->relaxations != 0;
}

static bool is_allowed(const struct anycert_policy *policy, const struct anycert__ceiling *ceiling,
                       int64_t now)
{
    struct anycert_error why = {0};

    return anycert__ceiling_check(ceiling, policy, now, &why) == 0;
}

/* The latest end until the usual one that is allowed, if any is. */
static bool shorten(struct anycert_policy *policy, const struct anycert__ceiling *ceiling,
                    int64_t now)
{
    int allowed = 0, beyond = ANYCERT_ADVISED_DAYS + 1;

    if (!set_end(policy, now, 0) || !is_allowed(policy, ceiling, now))
        return false;
    while (beyond - allowed > 1) {
        int middle = (allowed + beyond) / 2;

        if (set_end(policy, now, middle) && is_allowed(policy, ceiling, now))
            allowed = middle;
        else
            beyond = middle;
    }
    return set_end(policy, now, allowed);
}

/* The same policy, as the ceiling allows it, or NULL. */
static struct anycert_policy *obey(const struct anycert_policy *policy, bool with_reason,
                                   const struct anycert__ceiling *ceiling, int64_t now)
{
    struct anycert_policy *other = anycert_policy_copy(policy, NULL);
    bool fine = other && (!with_reason || (!other->reason && set_reason(other)));

    if (fine && ((with_reason && is_allowed(other, ceiling, now)) || shorten(other, ceiling, now)))
        return other;
    anycert_policy_free(other);
    return NULL;
}

/* A relative path means another file to whoever is in another folder. False if it cannot be written
 * otherwise. */
static bool make_paths_absolute(struct anycert_policy *policy)
{
    char here[FOLDER_MAX];

    for (size_t i = 0; i < policy->ca_count; i++) {
        struct anycert__ca *ca = &policy->cas[i];
        size_t len = 0;
        char *path = NULL;

        if (ca->kind != ANYCERT__CA_PATH || ca->path[0] == '/')
            continue;
        if (!getcwd(here, sizeof here))
            return false;
        len = strlen(here);
        path = anycert__malloc(len + 1 + strlen(ca->path) + 1);
        if (!path)
            return false;
        memcpy(path, here, len);
        path[len] = '/';
        memcpy(path + len + 1, ca->path, strlen(ca->path) + 1);
        anycert__free(ca->path);
        ca->path = path;
    }
    return true;
}

struct anycert_policy *anycert__advise_end(struct anycert_policy *policy, bool had_end,
                                           const struct anycert__ceiling *ceiling, int64_t now,
                                           struct anycert_error *forbidden)
{
    struct anycert_policy *allowed = NULL;

    anycert__error_clear(forbidden);
    if (!policy)
        return NULL;
    if (!policy->has_until && (can_end(policy) || had_end) &&
        !set_end(policy, now, ANYCERT_ADVISED_DAYS)) {
        anycert_policy_free(policy);
        return NULL;
    }
    if (anycert__ceiling_check(ceiling, policy, now, forbidden) == 0)
        return policy;
    allowed = obey(policy, false, ceiling, now);
    if (!allowed)
        allowed = obey(policy, true, ceiling, now);
    if (!allowed)
        return policy;
    anycert__error_clear(forbidden);
    anycert_policy_free(policy);
    return allowed;
}

struct anycert_policy *anycert__advise(struct anycert_policy *policy, bool had_end,
                                       const struct anycert__ceiling *ceiling, int64_t now,
                                       struct anycert_error *forbidden)
{
    anycert__error_clear(forbidden);
    if (policy && !make_paths_absolute(policy)) {
        anycert_policy_free(policy);
        return NULL;
    }
    return anycert__advise_end(policy, had_end, ceiling, now, forbidden);
}
