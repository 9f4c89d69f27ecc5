#include "doctor_apply_policy.h"

#include <stdio.h>
#include <string.h>

#include <anycert/policy.h>

#include "ask.h"
#include "doctor_entry.h"
#include "text.h"

#define TYPED_MAX 4096

/* The pin of a policy, or NULL. Free with anycert_free. */
static char *pin_of(const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    char *pin = NULL;
    if (policy && anycert_policy_get(policy, "pin", &pin, NULL) != 1)
        pin = NULL;
    anycert_policy_free(policy);
    return pin;
}

static bool authenticates(const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    bool does = policy && anycert_policy_authenticates(policy);
    anycert_policy_free(policy);
    return does;
}

const char *cli_apply_pins_with(const struct cli_apply *apply, const char *pin)
{
    size_t len = strlen(pin);
    for (size_t i = 0; i < apply->pins.count; i++) {
        const char *at = apply->pins.items[i];
        while (at && (strncmp(at, pin, len) != 0 || (at[len] != ',' && at[len] != '\0'))) {
            at = strchr(at, ',');
            at += at != NULL;
        }
        if (at)
            return apply->pins.items[i];
    }
    return NULL;
}

/* The first policy with one of the pins; false: none has it. */
static bool find_pinned(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                        size_t *n)
{
    for (*n = 0; anycert_diagnosis_policy(diagnosis, *n); ++*n) {
        char *pin = pin_of(anycert_diagnosis_policy(diagnosis, *n));
        bool same = pin && cli_apply_pins_with(apply, pin);
        anycert_free(pin);
        if (same)
            return true;
    }
    return false;
}

int cli_apply_choose(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                     const struct anycert_diagnosis *other, size_t *n, struct anycert_error *err)
{
    size_t there = 0, first = 0;
    char *pin = NULL;
    bool none = false, more = false;
    if (apply->pins.count > 0 && find_pinned(apply, diagnosis, n))
        return 0;
    *n = 0;
    if (apply->pins.count == 0)
        return 0;
    pin = anycert_diagnosis_policy(diagnosis, 0) ? pin_of(anycert_diagnosis_policy(diagnosis, 0))
                                                 : NULL;
    none = !pin;
    anycert_free(pin);
    if (none && other && find_pinned(apply, other, &there))
        return 0;
    first = strcspn(apply->pins.items[0], ",");
    more = apply->pins.count > 1 || apply->pins.items[0][first] != '\0';
    return cli_error(err, ANYCERT_E_TRUST_PIN,
                     "no policy that connects has the pin %.*s%s: compare it with the one above; "
                     "nothing was written",
                     (int)first, apply->pins.items[0], more ? ", or one of the others" : "");
}

/* A pin that was only seen may be anybody's: it is written if somebody says it who knows it. What
 * is typed may have others beside it, for the keys to come. */
static int check_pin(struct cli_apply *apply, const char *pin, struct anycert_error *err)
{
    char typed[TYPED_MAX];
    if (cli_apply_pins_with(apply, pin))
        return 0; /* chosen by it */
    if (!cli_can_ask())
        return cli_error(err, ANYCERT_E_USAGE,
                         "the entry would have a pin that was seen over a connection that nobody "
                         "vouches for: give the one that the server's administrator knows, with "
                         "--pin; nothing was written");
    if (!cli_ask("The pin, as the server's administrator knows it: ", typed, sizeof typed))
        typed[0] = '\0';
    if (cli_ask_interrupted(err) != 0)
        return -1;
    if (typed[0] != '\0' && cli_apply_add_pins(&apply->pins, typed, err) != 0)
        return -1;
    if (!cli_apply_pins_with(apply, pin))
        return cli_error(err, ANYCERT_E_TRUST_PIN,
                         "that is not the pin that the server showed; nothing was written");
    return 0;
}

/* Whether a policy expects a name that nobody said but the server. */
static bool expects_what_it_was_told(const char *text, const struct anycert_policy *base)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    char *name = NULL, *said = NULL;
    bool expects = policy && anycert_policy_get(policy, "expect-name", &name, NULL) == 1;
    bool given = base && anycert_policy_get(base, "expect-name", &said, NULL) == 1;
    bool same = expects && given && strcmp(name, said) == 0;
    anycert_free(name);
    anycert_free(said);
    anycert_policy_free(policy);
    return expects && !same;
}

/* Of so short a key that anybody can have its secret, the pin keeps nobody out. Where the key of a
 * proxy is the short one, that is about the proxy's entry. */
static bool has_worthless_pin(const struct anycert_diagnosis *diagnosis, const char *policy)
{
    const char *id = NULL;
    if (strncmp(policy, "pinned ", 7) != 0)
        return false;
    for (size_t i = 0; (id = anycert_diagnosis_cause_id(diagnosis, i)) != NULL; i++)
        if (strcmp(id, "tiny-key") == 0 && cli_cause_is_own(diagnosis, i))
            return true;
    return false;
}

int cli_apply_check_policy(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                           const struct anycert_policy *base, size_t n, struct anycert_error *err)
{
    const char *text = anycert_diagnosis_policy(diagnosis, n);
    char *pin = NULL;
    int status = 0;
    if (!text)
        return cli_error(err, ANYCERT_E_USAGE, "no policy connects, so there is nothing to write");
    if (!anycert_diagnosis_policy_confirmed(diagnosis, n))
        return cli_error(err, ANYCERT_E_USAGE, "the policy is not confirmed; nothing was written");
    pin = pin_of(text);
    if (has_worthless_pin(diagnosis, text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the server's key is so short that anybody can compute its secret: with "
                           "its pin nobody would be authenticated; such an entry is not written");
    else if (pin) /* of the server's own key: whoever has it is who was meant */
        status = check_pin(apply, pin, err);
    else if (!authenticates(text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "under %.200s nobody would be authenticated; such an entry is not "
                           "written",
                           text);
    else if (expects_what_it_was_told(text, base) && !cli_can_ask())
        /* Who is in between has a name, too. */
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the name is one that the server itself told: give it with "
                           "--expect-name if it is the right one; nothing was written");
    anycert_free(pin);
    return status;
}
