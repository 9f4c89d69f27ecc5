/* The keys expect-name= and sni=: names of hosts, in one spelling. */
#include "policy/keys.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>

#define NAME_MAX_LEN  253
#define LABEL_MAX_LEN 63

/* Writes an IPv4 or IPv6 address in its canonical spelling (RFC 5952), without brackets. */
static bool normalise_address(const char *value, char out[NAME_MAX_LEN + 1])
{
    unsigned char address[16];
    char inner[INET6_ADDRSTRLEN];
    size_t len = strlen(value);
    if (inet_pton(AF_INET, value, address) == 1)
        return inet_ntop(AF_INET, address, out, NAME_MAX_LEN + 1) != NULL;
    if (len > 2 && value[0] == '[' && value[len - 1] == ']') {
        if (len - 2 >= sizeof inner)
            return false;
        memcpy(inner, value + 1, len - 2);
        inner[len - 2] = '\0';
        value = inner;
    }
    return inet_pton(AF_INET6, value, address) == 1 &&
           inet_ntop(AF_INET6, address, out, NAME_MAX_LEN + 1) != NULL;
}

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* What is wrong with a label, or NULL. */
static const char *fault_of_label(const char *label, size_t len)
{
    if (len == 0)
        return "has an empty label";
    if (len > LABEL_MAX_LEN)
        return "has a label longer than 63 characters";
    if (label[0] == '-' || label[len - 1] == '-')
        return "has a label that begins or ends with a hyphen";
    for (size_t i = 0; i < len; i++) {
        if (label[i] == '*')
            return "has a wildcard: name one host";
        if ((unsigned char)label[i] >= 0x80)
            return "is not ASCII: write its xn-- form";
        if (!is_label_character(label[i]))
            return "has a character that no host name has";
    }
    return NULL;
}

/* Some resolvers read a name that ends in a number as an address in an old spelling (127.1,
 * 0x7f.1). */
static bool looks_like_address(const char *last_label)
{
    const char *digits = anycert__str_starts(last_label, "0x") ? last_label + 2 : last_label;
    const char *allowed = digits != last_label ? "0123456789abcdef" : "0123456789";
    return strspn(digits, allowed) == strlen(digits);
}

/* Lower case, without the final dot; what is wrong with it, or NULL. */
static const char *normalise_name(const char *value, char out[NAME_MAX_LEN + 1])
{
    size_t len = strlen(value);
    if (len > 1 && value[len - 1] == '.')
        len--;
    if (len > NAME_MAX_LEN)
        return "is longer than 253 characters";
    memcpy(out, value, len);
    out[len] = '\0';
    anycert__str_lower(out);
    const char *label = out;
    for (;;) {
        size_t label_len = strcspn(label, ".");
        const char *fault = fault_of_label(label, label_len);
        if (fault)
            return fault;
        if (label[label_len] == '\0')
            break;
        label += label_len + 1;
    }
    return looks_like_address(label) ? "looks like an address and is none" : NULL;
}

static int replace(char **field, const char *text, struct anycert_error *err)
{
    char *copied = anycert__strdup(text);
    if (copied == NULL)
        return anycert__fail_nomem(err);
    anycert__free(*field);
    *field = copied;
    return 0;
}

static int copy_field(char **to, const char *from)
{
    *to = anycert__strdup(from);
    return from && *to == NULL ? -1 : 0;
}

static int set_expect_name(struct anycert_policy *policy, const char *value,
                           struct anycert_error *err)
{
    char normal[NAME_MAX_LEN + 1];
    if (normalise_address(value, normal))
        return replace(&policy->expect_name, normal, err);
    const char *fault = normalise_name(value, normal);
    if (fault)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "expect-name '%s' %s%s",
                             anycert__word(value, strlen(value)).text, fault,
                             anycert__advice_on_name(value).text);
    return replace(&policy->expect_name, normal, err);
}

static int set_sni(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    char normal[NAME_MAX_LEN + 1];
    const char *fault = "is an address: RFC 6066 allows host names only (no-sni sends none)";
    if (!normalise_address(value, normal))
        fault = normalise_name(value, normal);
    if (fault)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "sni '%s' %s%s",
                             anycert__word(value, strlen(value)).text, fault,
                             anycert__advice_on_name(value).text);
    return replace(&policy->sni, normal, err);
}

static bool given_expect_name(const struct anycert_policy *policy)
{
    return policy->expect_name != NULL;
}

static bool given_sni(const struct anycert_policy *policy)
{
    return policy->sni != NULL;
}

static int print_expect_name(const struct anycert_policy *policy, struct anycert__buf *out)
{
    return policy->expect_name ? anycert__buf_adds(out, policy->expect_name) : 0;
}

static int print_sni(const struct anycert_policy *policy, struct anycert__buf *out)
{
    return policy->sni ? anycert__buf_adds(out, policy->sni) : 0;
}

static int copy_expect_name(struct anycert_policy *to, const struct anycert_policy *from)
{
    return copy_field(&to->expect_name, from->expect_name);
}

static int copy_sni(struct anycert_policy *to, const struct anycert_policy *from)
{
    return copy_field(&to->sni, from->sni);
}

static bool equal_expect_name(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return anycert__str_equal(a->expect_name, b->expect_name);
}

static bool equal_sni(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return anycert__str_equal(a->sni, b->sni);
}

static void clear_expect_name(struct anycert_policy *policy)
{
    anycert__free(policy->expect_name);
    policy->expect_name = NULL;
}

static void clear_sni(struct anycert_policy *policy)
{
    anycert__free(policy->sni);
    policy->sni = NULL;
}

const struct anycert__key anycert__key_expect_name = {
    .name = "expect-name",
    .rungs = ANYCERT__RUNG_BIT(ANYCERT__RUNG_HARDENED) | ANYCERT__RUNG_BIT(ANYCERT__RUNG_PINNED) |
             ANYCERT__RUNG_BIT(ANYCERT__RUNG_TOFU) | ANYCERT__RUNG_BIT(ANYCERT__RUNG_REPORT_ONLY),
    .only = "trust-any and antique accept every name",
    .available = true,
    .given = given_expect_name,
    .set = set_expect_name,
    .print = print_expect_name,
    .copy = copy_expect_name,
    .equal = equal_expect_name,
    .clear = clear_expect_name,
};

const struct anycert__key anycert__key_sni = {
    .name = "sni",
    .rungs = ~0U,
    .only = "",
    .available = true,
    .given = given_sni,
    .set = set_sni,
    .print = print_sni,
    .copy = copy_sni,
    .equal = equal_sni,
    .clear = clear_sni,
};

const char *anycert__host_name_fault(const char *value, char out[NAME_MAX_LEN + 1])
{
    return normalise_name(value, out);
}
