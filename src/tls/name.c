#include "tls/ossl.h"

#include "base/str.h"

#include <anycert/policy_file.h>

#include <arpa/inet.h>
#include <libpsl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define MAX_NAME  253
#define MAX_LABEL 63

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_dns_name(const char *name)
{
    size_t label = 0;

    for (const char *p = name; *p; p++) {
        if (*p == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_') {
            if (++label > MAX_LABEL)
                return false;
        } else {
            return false;
        }
    }
    return label > 0;
}

int anycert__identity_from_host(const char *host, char out[256], bool *is_ip,
                                struct anycert_error *err)
{
    size_t len = host ? strlen(host) : 0;
    char *zone = NULL;

    *is_ip = false;
    out[0] = '\0';
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len == 0 || len > MAX_NAME + 1)
        return anycert__fail(err, ANYCERT_E_URL, "a host name has 1 to %d characters", MAX_NAME);
    memcpy(out, host, len);
    out[len] = '\0';
    anycert__str_lower(out);
    zone = strchr(out, '%');
    if (zone && strchr(out, ':'))
        *zone = '\0'; /* the zone (RFC 4007) is local to this machine, no certificate can name it */
    if (is_address(out)) {
        *is_ip = true;
        return 0;
    }
    len = strlen(out);
    if (len > 1 && out[len - 1] == '.')
        out[len - 1] = '\0'; /* certificates have no trailing dot (RFC 9525 section 2) */
    if (strlen(out) > MAX_NAME || !is_dns_name(out)) {
        anycert__fail(err, ANYCERT_E_URL, "'%s' is no host name or address", host);
        out[0] = '\0';
        return -1;
    }
    return 0;
}

/* A wildcard right below a public suffix would cover the sites of strangers (RFC 9525 section 7.1).
 */
static bool wildcard_too_wide(const char *pattern)
{
    const psl_ctx_t *suffixes = psl_builtin();
    char suffix[256];

    if (!pattern || strncmp(pattern, "*.", 2) != 0)
        return false;
    if (strlen(pattern + 2) >= sizeof suffix)
        return true;
    memcpy(suffix, pattern + 2, strlen(pattern + 2) + 1);
    anycert__str_lower(suffix);
    if (!suffixes)
        return strchr(suffix, '.') == NULL;
    return psl_is_public_suffix2(suffixes, suffix, PSL_TYPE_ICANN) == 1;
}

static const psl_ctx_t *newest;

static void load_newest(void)
{
    newest = psl_latest(NULL);
    if (!newest)
        newest = psl_builtin();
}

/* libpsl's own list or the distribution's, which is renewed more often; for the process's life. */
static const psl_ctx_t *newest_suffixes(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, load_newest);
    return newest;
}

bool anycert__cookie_domain_ok(const char *host, const char *domain)
{
    const psl_ctx_t *suffixes = newest_suffixes();
    size_t host_len = strlen(host);
    size_t len = strlen(domain);

    if (len == 0 || len > host_len || strcmp(host + host_len - len, domain) != 0 ||
        (len < host_len && host[host_len - len - 1] != '.'))
        return false;
    if (!suffixes)
        return strchr(domain, '.') != NULL;
    return psl_is_public_suffix2(suffixes, domain, PSL_TYPE_ANY) != 1;
}

int anycert_policy_entry_is_wide(const struct anycert_policy_entry *entry)
{
    const char *hosts = anycert_policy_entry_hosts(entry);
    const psl_ctx_t *suffixes = psl_builtin();
    char domain[MAX_NAME + 1];
    size_t len;

    if (anycert__str_starts(hosts, "0.0.0.0/0") || anycert__str_starts(hosts, "[::/0]"))
        return 1;
    if (!anycert__str_starts(hosts, "*."))
        return 0;
    len = strcspn(hosts + 2, ":");
    if (len > MAX_NAME)
        return 0;
    memcpy(domain, hosts + 2, len);
    domain[len] = '\0';
    /* A suffix that the list does not have is the owner's own: *.lan is no *.com. */
    return suffixes &&
           psl_is_public_suffix2(suffixes, domain, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) == 1;
}

static bool matches(X509 *leaf, const char *identity, unsigned int flags)
{
    char *matched = NULL;
    bool ok = X509_check_host(leaf, identity, 0, flags | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                              &matched) == 1;

    if (ok && wildcard_too_wide(matched))
        ok = X509_check_host(leaf, identity, 0, flags | X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
    OPENSSL_free(matched);
    return ok;
}

static bool has_dns_or_ip(X509 *leaf)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DNS || name->type == GEN_IPADD)
            found = true;
    }
    GENERAL_NAMES_free(names);
    return found;
}

void anycert__name_match(X509 *leaf, const char *identity, bool is_ip, bool *san, bool *cn)
{
    *san = false;
    *cn = false;
    if (is_ip) {
        *san = X509_check_ip_asc(leaf, identity, 0) == 1;
        return;
    }
    *san = matches(leaf, identity, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (!*san && !has_dns_or_ip(leaf))
        *cn = matches(leaf, identity, X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT);
}
