#include "policy/keys.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

static int fail_syntax(struct anycert_error *err, const char *sentence)
{
    return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "%s", sentence);
}

/* A word of the text, NUL-terminated, owned by the caller; NULL with NOMEM. */
static char *take_word(const char *start, size_t len, struct anycert_error *err)
{
    char *word = anycert__strndup(start, len);
    if (word == NULL)
        anycert__fail_nomem(err);
    return word;
}

/* Reads "rung+relaxation+relaxation" and moves *next to the space behind it, or to the end. */
static int read_head(const char **next, struct anycert_policy *policy, struct anycert_error *err)
{
    const char *at = *next;
    for (bool first = true; first || *at == '+'; first = false) {
        if (!first)
            at++;
        size_t len = strcspn(at, "+ ");
        if (len == 0 && !first)
            return fail_syntax(err, "the name of a relaxation is missing behind '+'");
        char *word = take_word(at, len, err);
        if (word == NULL)
            return -1;
        int rv = first ? anycert_policy_set_rung(policy, word, err)
                       : anycert_policy_relax(policy, word, err);
        anycert__free(word);
        if (rv != 0)
            return -1;
        at += len;
    }
    *next = at;
    return 0;
}

/* Four hexadecimal digits. */
static bool read_hex4(const char *s, uint32_t *out)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *at = s[i] ? strchr(digits, s[i]) : NULL;
        if (at == NULL)
            return false;
        value = value << 4 | (uint32_t)((at - digits) % 16);
    }
    *out = value;
    return true;
}

/* Reads what follows "\u" (RFC 8259 section 7); *next moves behind it. What is wrong, or NULL. */
static const char *read_code_point(const char **next, struct anycert__buf *out)
{
    uint32_t c, low;
    char bytes[4];
    if (!read_hex4(*next, &c))
        return "\\u is not followed by four hexadecimal digits";
    *next += 4;
    if (c >= 0xdc00 && c <= 0xdfff)
        return "\\u has the second half of a surrogate pair without the first";
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!anycert__str_starts(*next, "\\u") || !read_hex4(*next + 2, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return "\\u has the first half of a surrogate pair without the second";
        *next += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    if (c == 0)
        return "\\u0000 is not allowed";
    anycert__buf_add(out, bytes, anycert__utf8_encode(c, bytes));
    return NULL;
}

/* Reads one escape; *next stands behind the backslash and moves behind the escape. */
static const char *read_escape(const char **next, struct anycert__buf *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = **next;
    const char *at = c ? strchr(names, c) : NULL;
    if (at) {
        (*next)++;
        anycert__buf_add(out, &values[at - names], 1);
        return NULL;
    }
    if (c != 'u')
        return "a backslash is followed by something that JSON does not know";
    (*next)++;
    return read_code_point(next, out);
}

/* Reads a JSON string; *next stands behind the opening quote and moves behind the closing one. */
static int read_quoted(const char **next, const char *key, struct anycert__buf *out,
                       struct anycert_error *err)
{
    const char *at = *next;
    while (*at != '"') {
        size_t plain = strcspn(at, "\"\\");
        anycert__buf_add(out, at, plain);
        at += plain;
        if (*at == '\0')
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "the value of '%s' has no closing quote", key);
        if (*at == '"')
            break;
        at++;
        const char *fault = read_escape(&at, out);
        if (fault)
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "in the value of '%s', %s", key,
                                 fault);
    }
    at++;
    if (*at != '\0' && *at != ' ')
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the quoted value of '%s' is followed by '%s': expected a space or "
                             "the end",
                             key, anycert__word(at, strcspn(at, " ")).text);
    *next = at;
    return 0;
}

/* Reads a value; *next stands behind "=" and moves to the space behind the value, or to the end. */
static int read_value(const char **next, const char *key, struct anycert__buf *out,
                      struct anycert_error *err)
{
    if (**next == '"') {
        (*next)++;
        return read_quoted(next, key, out, err);
    }
    size_t len = strcspn(*next, " ");
    size_t clean = strcspn(*next, " \"'");
    if (clean < len)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the value of '%s' has a quote in it: write the whole value as a JSON "
                             "string, as in %s=\"...\"",
                             key, key);
    anycert__buf_add(out, *next, len);
    *next += len;
    return 0;
}

static int fail_no_key(const char *word, const struct anycert_policy *policy,
                       struct anycert_error *err)
{
    const struct anycert__word shown = anycert__word(word, strlen(word));
    if (word[0] == '+')
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'%s' stands behind a space: relaxations follow the rung directly, as "
                             "in hardened+expired",
                             shown.text);
    if (anycert_relaxation_find(word))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'%s' is a relaxation and not a key: write it as %s+%s", shown.text,
                             anycert_policy_rung(policy), shown.text);
    if (policy->reason && anycert__hint_key(word).text[0] == '\0')
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'%s' is not of the form key=value: put a reason that has spaces "
                             "into quotes, as in reason=\"on order\"",
                             shown.text);
    return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "'%s' is not of the form key=value%s",
                         shown.text, anycert__hint_key(word).text);
}

/* Reads "key=value" into the policy and moves *next to the space behind it, or to the end. */
static int read_pair(const char **next, struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert__buf value;
    int rv = -1;
    size_t len = strcspn(*next, "= ");
    char *name = take_word(*next, len, err);
    anycert__buf_init(&value, ANYCERT__POLICY_TEXT_MAX);
    if (name == NULL)
        goto out;
    if ((*next)[len] != '=') {
        fail_no_key(name, policy, err);
        goto out;
    }
    *next += len + 1;
    const struct anycert__key *key = anycert__key_find(name);
    if (key == NULL) {
        rv = anycert_policy_set(policy, name, "", err); /* says what is wrong with the name */
        goto out;
    }
    if (key->given(policy)) {
        anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "key '%s' stands twice", name);
        goto out;
    }
    if (read_value(next, name, &value, err) != 0)
        goto out;
    if (value.failed) {
        anycert__fail_nomem(err);
        goto out;
    }
    rv = anycert__key_set(key, policy, value.data, err);
out:
    anycert__buf_free(&value);
    anycert__free(name);
    return rv;
}

static int check_text(const char *text, struct anycert_error *err)
{
    size_t len = strnlen(text, ANYCERT__POLICY_TEXT_MAX + 1);
    if (len == 0)
        return fail_syntax(err, "the policy is empty: expected a rung such as hardened");
    if (len > ANYCERT__POLICY_TEXT_MAX)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the policy is longer than %d bytes",
                             ANYCERT__POLICY_TEXT_MAX);
    if (!anycert__is_utf8(text, len))
        return fail_syntax(err, "the policy is not UTF-8");
    for (size_t i = 0; i < len; i++) {
        if (anycert__has_control(text + i, 1))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "the policy has a control character (0x%02x) at byte %zu: only "
                                 "spaces separate its parts",
                                 (unsigned)(unsigned char)text[i], i + 1);
    }
    if (text[0] == ' ')
        return fail_syntax(err, "the policy begins with a space");
    if (text[len - 1] == ' ')
        return fail_syntax(err, "the policy ends with a space");
    return 0;
}

static int read_policy(const char *text, struct anycert_policy *policy, struct anycert_error *err)
{
    if (check_text(text, err) != 0 || read_head(&text, policy, err) != 0)
        return -1;
    while (*text == ' ') {
        text++;
        if (*text == ' ')
            return fail_syntax(err,
                               "the policy has two spaces in a row: exactly one stands between "
                               "its parts");
        if (read_pair(&text, policy, err) != 0)
            return -1;
    }
    return anycert_policy_check(policy, err);
}

struct anycert_policy *anycert_policy_parse(const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    if (policy && read_policy(text ? text : "", policy, err) != 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return policy;
}
