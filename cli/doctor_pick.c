#include "doctor_pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "doctor_entry.h"
#include "text.h"

#define TYPED_MAX 4096

static const char *peer(const struct cli_pick *pick)
{
    return pick->is_proxy ? "proxy" : "server";
}

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

/* Whether a list has a pin, letter by letter. */
static bool has_pin(const char *list, const char *pin)
{
    size_t len = strlen(pin);
    const char *at = list;
    while (at && (strncmp(at, pin, len) != 0 || (at[len] != ',' && at[len] != '\0'))) {
        at = strchr(at, ',');
        at += at != NULL;
    }
    return at != NULL;
}

const char *cli_pick_list_with(const struct cli_apply *apply, const char *pin)
{
    for (size_t i = 0; i < apply->pins.count; i++)
        if (has_pin(apply->pins.items[i], pin))
            return apply->pins.items[i];
    return NULL;
}

/* The first policy with one of the pins; false: none has it. */
static bool find_pinned(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                        size_t *n)
{
    for (*n = 0; anycert_diagnosis_policy(diagnosis, *n); ++*n) {
        char *pin = pin_of(anycert_diagnosis_policy(diagnosis, *n));
        bool same = pin && cli_pick_list_with(apply, pin);
        anycert_free(pin);
        if (same)
            return true;
    }
    return false;
}

bool cli_pick_has_said(const struct anycert_policy *base, const char *key, const char *value)
{
    char *said = NULL;
    bool same = base && anycert_policy_get(base, key, &said, NULL) == 1 &&
                (strcmp(value, said) == 0 || (strcmp(key, "pin") == 0 && has_pin(said, value)));
    anycert_free(said);
    return same;
}

/* The first policy; with --pin the first that has it. -1: none. A pin may be that of the other link
 * alone, and a policy that has none, or what was said before, needs none. */
static int choose(const struct cli_pick *pick, size_t *n, struct anycert_error *err)
{
    const struct cli_apply *apply = pick->apply;
    const char *policy = anycert_diagnosis_policy(pick->diagnosis, 0);
    size_t there = 0, first = 0;
    char *pin = NULL;
    bool none = false, said = false, more = false;
    if (apply->pins.count > 0 && find_pinned(apply, pick->diagnosis, n))
        return 0;
    *n = 0;
    if (apply->pins.count == 0)
        return 0;
    pin = policy ? pin_of(policy) : NULL;
    none = !pin;
    said = pin && cli_pick_has_said(pick->base, "pin", pin);
    anycert_free(pin);
    if (said || (none && pick->other && find_pinned(apply, pick->other, &there)))
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
static int check_pin(const struct cli_pick *pick, const char *pin, struct anycert_error *err)
{
    char typed[TYPED_MAX], question[80];
    if (cli_pick_list_with(pick->apply, pin) || cli_pick_has_said(pick->base, "pin", pin))
        return 0; /* chosen by it */
    if (!cli_can_ask())
        return cli_error(err, ANYCERT_E_USAGE,
                         "the entry would have a pin that was seen over a connection that nobody "
                         "vouches for: give the one that the %s's administrator knows, with "
                         "--pin%s; nothing was written",
                         peer(pick), pick->is_proxy ? " or in --proxy-trust" : "");
    (void)snprintf(question, sizeof question,
                   "The pin, as the %s's administrator knows it: ", peer(pick));
    if (!cli_ask(question, typed, sizeof typed))
        typed[0] = '\0';
    if (cli_ask_interrupted(err) != 0)
        return -1;
    if (typed[0] != '\0' && cli_apply_add_pins(&pick->apply->pins, typed, err) != 0)
        return -1;
    if (!cli_pick_list_with(pick->apply, pin)) {
        if (typed[0] != '\0') /* and is said of nothing else */
            free(pick->apply->pins.items[--pick->apply->pins.count]);
        return cli_error(err, ANYCERT_E_TRUST_PIN,
                         "that is not the pin that the %s showed; nothing was written", peer(pick));
    }
    return 0;
}

/* Whether a policy expects a name that nobody said but the server. */
static bool expects_what_it_was_told(const char *text, const struct anycert_policy *base)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    char *name = NULL;
    bool expects = policy && anycert_policy_get(policy, "expect-name", &name, NULL) == 1;
    bool told = expects && !cli_pick_has_said(base, "expect-name", name);
    anycert_free(name);
    anycert_policy_free(policy);
    return told;
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

/* Whether the nth policy may be written at all. */
static int check_policy(const struct cli_pick *pick, size_t n, struct anycert_error *err)
{
    const char *text = anycert_diagnosis_policy(pick->diagnosis, n);
    char *pin = NULL;
    int status = 0;
    if (!text)
        return cli_error(
            err, ANYCERT_E_USAGE,
            anycert_diagnosis_verdict(pick->diagnosis) == ANYCERT_VERDICT_FIXABLE
                ? "what is wrong is mended above, and by no policy: there is nothing to write"
                : "no policy connects, so there is nothing to write");
    if (!anycert_diagnosis_policy_confirmed(pick->diagnosis, n))
        return cli_error(err, ANYCERT_E_USAGE, "the policy is not confirmed; nothing was written");
    pin = pin_of(text);
    if (has_worthless_pin(pick->diagnosis, text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the %s's key is so short that anybody can compute its secret: with "
                           "its pin nobody would be authenticated; such an entry is not written",
                           peer(pick));
    else if (pin) /* of its own key: whoever has it is who was meant */
        status = check_pin(pick, pin, err);
    else if (!authenticates(text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "under %.200s nobody would be authenticated; such an entry is not "
                           "written",
                           text);
    else if (expects_what_it_was_told(text, pick->base) && (pick->apply->yes || !cli_can_ask()))
        /* Who is in between has a name, too. */
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the name is one that the %s itself told: give it with %s if it is the "
                           "right one; nothing was written",
                           peer(pick), pick->is_proxy ? "--proxy-trust" : "--expect-name");
    anycert_free(pin);
    return status;
}

int cli_pick_policy(const struct cli_pick *pick, size_t *n, struct anycert_error *err)
{
    return choose(pick, n, err) == 0 ? check_policy(pick, *n, err) : -1;
}
