/* Why no name of a certificate is the one that was asked for. */
#include "verdict/cause.h"

#include "base/str.h"

#include <string.h>

static bool has_nul(const struct anycert__certificate *leaf)
{
    for (size_t i = 0; i < leaf->name_count; i++) {
        if (leaf->names[i].kind == ANYCERT__NAME_DNS &&
            memchr(leaf->names[i].value, '\0', leaf->names[i].len))
            return true;
    }
    return strstr(leaf->subject, "\\00") != NULL; /* as RFC 4514 writes it */
}

/* A dNSName that is the host, letter by letter; OpenSSL does not take an address for one. */
static bool has_text(const struct anycert__certificate *leaf, const char *text)
{
    const char *cn = strstr(leaf->subject, "CN=");
    size_t len = strlen(text);

    for (size_t i = 0; i < leaf->name_count; i++) {
        if (leaf->names[i].kind == ANYCERT__NAME_DNS && leaf->names[i].len == len &&
            anycert__equal_nocase(leaf->names[i].value, text, len))
            return true;
    }
    return cn && strncmp(cn + 3, text, len) == 0 && strspn(cn + 3 + len, ",+") <= 1 &&
           (cn[3 + len] == '\0' || cn[3 + len] == ',' || cn[3 + len] == '+');
}

/* Whether a label is what another one with stars means, if a star meant anything anywhere. */
static bool fits_label(const char *pattern, size_t pattern_len, const char *label, size_t len)
{
    size_t p = 0, at = 0, behind_star = 0, taken = 0; /* by that star */

    while (at < len) {
        if (p < pattern_len && pattern[p] == '*') {
            behind_star = ++p;
            taken = at;
        } else if (p < pattern_len && anycert__equal_nocase(label + at, pattern + p, 1)) {
            p++;
            at++;
        } else if (behind_star > 0) {
            p = behind_star;
            at = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern_len && pattern[p] == '*')
        p++;
    return p == pattern_len;
}

/* The same for names, label by label. */
static bool fits(const char *pattern, const char *host)
{
    for (;;) {
        size_t pattern_len = strcspn(pattern, "."), len = strcspn(host, ".");

        if (!fits_label(pattern, pattern_len, host, len) || pattern[pattern_len] != host[len])
            return false;
        if (host[len] == '\0')
            return true;
        pattern += pattern_len + 1;
        host += len + 1;
    }
}

/* What a wildcard has to do with the host; NAME_MISMATCH: nothing. */
static enum anycert__cause_number cause_of_wildcard(const char *name, const char *host)
{
    /* What a star stands for: the letters of a host's label (RFC 952). */
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    const char *suffix = strchr(name, '.');
    size_t host_len = strlen(host), len = suffix ? strlen(suffix) : 0;
    const char *tail = host_len > len ? host + host_len - len : NULL;
    bool is_whole = name[0] == '*' && name[1] == '.';

    if (strcmp(name, "*") == 0)
        return ANYCERT__CAUSE_WILDCARD_TOO_WIDE;
    if (!suffix || !strchr(name, '*'))
        return ANYCERT__CAUSE_NAME_MISMATCH;
    if (strchr(name + 1, '*') && fits(name, host))
        return ANYCERT__CAUSE_WILDCARD_FORM;
    if (is_whole && anycert__str_equal_nocase(suffix + 1, host))
        return ANYCERT__CAUSE_WILDCARD_DEPTH;
    if (!tail || !anycert__str_equal_nocase(tail, suffix))
        return ANYCERT__CAUSE_NAME_MISMATCH;
    if (!is_whole)
        return ANYCERT__CAUSE_WILDCARD_FORM;
    if (memchr(host, '.', (size_t)(tail - host)))
        return ANYCERT__CAUSE_WILDCARD_DEPTH;
    return strspn(host, letters) < (size_t)(tail - host) ? ANYCERT__CAUSE_WILDCARD_LETTERS
                                                         : ANYCERT__CAUSE_WILDCARD_TOO_WIDE;
}

enum anycert__cause_number anycert__cause_of_name(const struct anycert__facts *facts)
{
    const struct anycert__certificate *leaf = facts->presented;

    if (facts->presented_count == 0)
        return ANYCERT__CAUSE_NAME_MISMATCH;
    if (has_nul(leaf))
        return ANYCERT__CAUSE_NUL_IN_NAME;
    if (leaf->names_broken)
        return ANYCERT__CAUSE_BROKEN_CERTIFICATE;
    if (facts->identity_is_ip)
        return has_text(leaf, facts->identity) ? ANYCERT__CAUSE_ADDRESS_AS_NAME
                                               : ANYCERT__CAUSE_ADDRESS_MISMATCH;
    if (!facts->has_dns_or_ip_name)
        return facts->cn_match                ? ANYCERT__CAUSE_COMMON_NAME_ONLY
               : strstr(leaf->subject, "CN=") ? ANYCERT__CAUSE_NAME_MISMATCH
                                              : ANYCERT__CAUSE_NO_NAMES;
    for (size_t i = 0; i < leaf->name_count; i++) {
        enum anycert__cause_number cause = ANYCERT__CAUSE_NAME_MISMATCH;

        if (leaf->names[i].kind == ANYCERT__NAME_DNS)
            cause = cause_of_wildcard(leaf->names[i].value, facts->identity);
        if (cause != ANYCERT__CAUSE_NAME_MISMATCH)
            return cause;
    }
    return ANYCERT__CAUSE_NAME_MISMATCH;
}
