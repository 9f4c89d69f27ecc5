#include "policy/keys.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

#define DAY_LAST_SECOND 86399

/* check= */

static bool given_check(const struct anycert_policy *policy)
{
    return policy->has_check;
}

static int set_check(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    bool name = false, dates = false;
    while (value) {
        const char *item;
        size_t len;
        anycert__list_next(&value, &item, &len);
        bool is_name = len == 4 && memcmp(item, "name", 4) == 0;
        bool is_dates = len == 5 && memcmp(item, "dates", 5) == 0;
        const struct anycert__word word = anycert__word(item, len);
        if (!is_name && !is_dates)
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "check= does not know '%s': expected name, dates or name,dates",
                                 word.text);
        if (is_name ? name : dates)
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "'%s' stands twice in check=", word.text);
        name = name || is_name;
        dates = dates || is_dates;
    }
    policy->check_name = name;
    policy->check_dates = dates;
    policy->has_check = true;
    return 0;
}

static int print_check(const struct anycert_policy *policy, struct anycert__buf *out)
{
    if (policy->check_name && policy->check_dates)
        return anycert__buf_adds(out, "name,dates");
    if (policy->check_name)
        return anycert__buf_adds(out, "name");
    return policy->check_dates ? anycert__buf_adds(out, "dates") : 0;
}

static int copy_check(struct anycert_policy *to, const struct anycert_policy *from)
{
    to->has_check = from->has_check;
    to->check_name = from->check_name;
    to->check_dates = from->check_dates;
    return 0;
}

static bool equal_check(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return a->check_name == b->check_name && a->check_dates == b->check_dates;
}

static void clear_check(struct anycert_policy *policy)
{
    policy->has_check = policy->check_name = policy->check_dates = false;
}

static const struct anycert__key key_check = {
    .name = "check",
    .rungs = ANYCERT__RUNG_BIT(ANYCERT__RUNG_PINNED),
    .only = "only pinned chooses what is judged beside the pin",
    .available = true,
    .given = given_check,
    .set = set_check,
    .print = print_check,
    .copy = copy_check,
    .equal = equal_check,
    .clear = clear_check,
};

/* mode= */

static const char *const mode_names[] = {
    [ANYCERT__TOFU_ASK] = "ask",
    [ANYCERT__TOFU_ACCEPT_NEW] = "accept-new",
    [ANYCERT__TOFU_STRICT] = "strict",
};
#define MODE_COUNT (sizeof mode_names / sizeof mode_names[0])

static bool given_mode(const struct anycert_policy *policy)
{
    return policy->has_mode;
}

static int set_mode(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (strcmp(mode_names[i], value) == 0) {
            policy->mode = (enum anycert__tofu_mode)i;
            policy->has_mode = true;
            return 0;
        }
    }
    return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                         "mode= does not know '%s'%s: expected ask, accept-new or strict",
                         anycert__word(value, strlen(value)).text,
                         anycert__hint(value, mode_names, MODE_COUNT).text);
}

static int print_mode(const struct anycert_policy *policy, struct anycert__buf *out)
{
    if (policy->mode == ANYCERT__TOFU_ASK)
        return 0;
    return anycert__buf_adds(out, mode_names[policy->mode]);
}

static int copy_mode(struct anycert_policy *to, const struct anycert_policy *from)
{
    to->has_mode = from->has_mode;
    to->mode = from->mode;
    return 0;
}

static bool equal_mode(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return a->mode == b->mode;
}

static void clear_mode(struct anycert_policy *policy)
{
    policy->has_mode = false;
    policy->mode = ANYCERT__TOFU_ASK;
}

static const struct anycert__key key_mode = {
    .name = "mode",
    .rungs = ANYCERT__RUNG_BIT(ANYCERT__RUNG_TOFU),
    .only = "only tofu meets keys for the first time",
    .available = true,
    .given = given_mode,
    .set = set_mode,
    .print = print_mode,
    .copy = copy_mode,
    .equal = equal_mode,
    .clear = clear_mode,
};

/* for= */

static bool given_for(const struct anycert_policy *policy)
{
    return policy->target != NULL;
}

static void clear_for(struct anycert_policy *policy)
{
    anycert_policy_free(policy->target);
    policy->target = NULL;
}

/* Moves anchors and expected name from the target to the policy around it: all of it or nothing. */
static int hoist(struct anycert_policy *policy, struct anycert_policy *target,
                 struct anycert_error *err)
{
    const struct anycert__key *const keys[] = {&anycert__key_ca, &anycert__key_expect_name};
    const size_t count = sizeof keys / sizeof keys[0];
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        if (keys[i]->given(target) && keys[i]->given(policy))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "key '%s' stands both in for= and beside it: keep one of them",
                                 keys[i]->name);
    }
    for (size_t i = 0; i < count && !failed; i++)
        failed = keys[i]->given(target) && keys[i]->copy(policy, target) != 0;
    for (size_t i = 0; i < count; i++) {
        if (keys[i]->given(target))
            keys[i]->clear(failed ? policy : target);
    }
    return failed ? anycert__fail_nomem(err) : 0;
}

/* Anchors and expected name of the target are kept beside it: there is one connection to verify,
 * and one place where those who verify it look. */
static int set_for(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    struct anycert_policy *target = anycert_policy_parse(value, err);
    if (target == NULL)
        return anycert__error_prefix(err, "in for=");
    if (hoist(policy, target, err) != 0) {
        anycert_policy_free(target);
        return -1;
    }
    clear_for(policy);
    policy->target = target;
    return 0;
}

static int print_for(const struct anycert_policy *policy, struct anycert__buf *out)
{
    if (anycert_policy_equal(policy->target, NULL))
        return 0;
    char *text = anycert_policy_format(policy->target, NULL);
    if (text == NULL) {
        out->failed = true;
        return -1;
    }
    int rv = anycert__buf_adds(out, text);
    anycert__free(text);
    return rv;
}

static int copy_for(struct anycert_policy *to, const struct anycert_policy *from)
{
    if (from->target == NULL)
        return 0;
    to->target = anycert_policy_copy(from->target, NULL);
    return to->target ? 0 : -1;
}

static bool equal_for(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return a->target == b->target || anycert_policy_equal(a->target, b->target) == 1;
}

static const struct anycert__key key_for = {
    .name = "for",
    .rungs = ANYCERT__RUNG_BIT(ANYCERT__RUNG_REPORT_ONLY),
    .only = "only report-only has a target",
    .available = true,
    .given = given_for,
    .set = set_for,
    .print = print_for,
    .copy = copy_for,
    .equal = equal_for,
    .clear = clear_for,
};

/* until= */

static bool given_until(const struct anycert_policy *policy)
{
    return policy->has_until;
}

static int set_until(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    int64_t midnight;
    if (!anycert__parse_date(value, &midnight))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "until= has '%s', which is no date: expected YYYY-MM-DD, the last day "
                             "that counts (UTC)",
                             anycert__word(value, strlen(value)).text);
    policy->until = midnight + DAY_LAST_SECOND;
    policy->has_until = true;
    return 0;
}

static int print_until(const struct anycert_policy *policy, struct anycert__buf *out)
{
    char date[ANYCERT__DATE_SIZE];
    if (!policy->has_until)
        return 0;
    anycert__format_date(policy->until, date);
    return anycert__buf_adds(out, date);
}

static int copy_until(struct anycert_policy *to, const struct anycert_policy *from)
{
    to->has_until = from->has_until;
    to->until = from->until;
    return 0;
}

static bool equal_until(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return a->has_until == b->has_until && (!a->has_until || a->until == b->until);
}

static void clear_until(struct anycert_policy *policy)
{
    policy->has_until = false;
    policy->until = 0;
}

static const struct anycert__key key_until = {
    .name = "until",
    .rungs = ~0U,
    .only = "",
    .available = true,
    .given = given_until,
    .set = set_until,
    .print = print_until,
    .copy = copy_until,
    .equal = equal_until,
    .clear = clear_until,
};

/* reason= */

static bool given_reason(const struct anycert_policy *policy)
{
    return policy->reason != NULL;
}

/* What shows nothing where it stands: blanks of any width, and fillers. */
static bool is_blank(uint32_t c)
{
    return c == ' ' || c == 0xa0 || c == 0xad || c == 0x1680 || c == 0x180e ||
           (c >= 0x2000 && c <= 0x200d) || c == 0x202f || (c >= 0x205f && c <= 0x2065) ||
           c == 0x2800 || c == 0x3000 || c == 0x3164 || c == 0xfeff;
}

/* A blank one says no more than an empty one, which is refused for every key. */
static int set_reason(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    size_t len = strlen(value);
    bool says_something = false;
    if (len > ANYCERT__REASON_MAX)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "reason= has %zu bytes: at most %d are kept", len,
                             ANYCERT__REASON_MAX);
    /* The reason is shown to people, so marks that would turn the line around are out as well. */
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        size_t n = anycert__utf8_decode(value + i, len - i, &c);
        if (n == 0 || anycert__is_unshowable(c))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "reason= has a control character (U+%04X)", (unsigned)c);
        says_something = says_something || !is_blank(c);
        i += n;
    }
    if (!says_something)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "reason= is blank: say why, or leave the key out");
    char *copied = anycert__strdup(value);
    if (copied == NULL)
        return anycert__fail_nomem(err);
    anycert__free(policy->reason);
    policy->reason = copied;
    return 0;
}

static int print_reason(const struct anycert_policy *policy, struct anycert__buf *out)
{
    return policy->reason ? anycert__buf_adds(out, policy->reason) : 0;
}

static int copy_reason(struct anycert_policy *to, const struct anycert_policy *from)
{
    to->reason = anycert__strdup(from->reason);
    return from->reason && to->reason == NULL ? -1 : 0;
}

/* Why somebody wants a policy does not change what it does. */
static bool equal_reason(const struct anycert_policy *a, const struct anycert_policy *b)
{
    (void)a;
    (void)b;
    return true;
}

static void clear_reason(struct anycert_policy *policy)
{
    anycert__free(policy->reason);
    policy->reason = NULL;
}

static const struct anycert__key key_reason = {
    .name = "reason",
    .rungs = ~0U,
    .only = "",
    .available = true,
    .given = given_reason,
    .set = set_reason,
    .print = print_reason,
    .copy = copy_reason,
    .equal = equal_reason,
    .clear = clear_reason,
};

const struct anycert__key *const anycert__keys[] = {
    &anycert__key_ca,  &anycert__key_pin, &key_check, &key_mode,   &anycert__key_expect_name,
    &anycert__key_sni, &key_for,          &key_until, &key_reason, NULL,
};

const struct anycert__key *anycert__key_find(const char *name)
{
    for (size_t i = 0; anycert__keys[i]; i++) {
        if (anycert__str_equal(anycert__keys[i]->name, name))
            return anycert__keys[i];
    }
    return NULL;
}

int anycert__key_set(const struct anycert__key *key, struct anycert_policy *policy,
                     const char *value, struct anycert_error *err)
{
    size_t len = value ? strlen(value) : 0;
    size_t max = key == &key_for ? ANYCERT__POLICY_TEXT_MAX : ANYCERT__VALUE_MAX;
    if (len == 0 && key == &anycert__key_pin && policy->rung == ANYCERT__RUNG_PINNED)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "key 'pin' has no value, and 'pinned' needs one: write "
                             "pin=sha256//BASE64");
    if (len == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "key '%s' has no value: leave the key out instead", key->name);
    if (len > max)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the value of '%s' is longer than %zu bytes", key->name, max);
    if (!anycert__is_utf8(value, len))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the value of '%s' is not UTF-8",
                             key->name);
    if (anycert__has_control(value, len))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the value of '%s' has a control character", key->name);
    return key->set(policy, value, err);
}
