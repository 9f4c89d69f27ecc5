#include "doctor/issuers.h"

#include "base/mem.h"
#include "doctor/peer.h"
#include "tls/tls.h"

#include <string.h>

void anycert__issuers_init(struct anycert__issuers *issuers)
{
    (void)pthread_mutex_init(&issuers->lock, NULL);
}

void anycert__issuers_clear(struct anycert__issuers *issuers)
{
    for (size_t i = 0; i < issuers->count; i++)
        anycert__free(issuers->seen[i].issuer);
    issuers->count = 0;
    (void)pthread_mutex_destroy(&issuers->lock);
}

/* The longest end of whole labels that both have. */
static const char *common_domain(const char *a, const char *b)
{
    const char *common = "";

    for (const char *end = a; end; end = strchr(end, '.') ? strchr(end, '.') + 1 : NULL) {
        size_t len = strlen(end), whole = strlen(b);

        if (len <= whole && strcmp(b + whole - len, end) == 0 &&
            (len == whole || b[whole - len - 1] == '.')) {
            common = end;
            break;
        }
    }
    return common;
}

/* Under one domain that is no public suffix. */
static bool are_related(const char *a, const char *b)
{
    const char *common = common_domain(a, b);

    return *common && anycert__cookie_domain_ok(a, common);
}

static bool is_name(const char *host)
{
    return strchr(host, '.') && !anycert__peer_is_address(host);
}

void anycert__issuers_note(struct anycert__issuers *issuers, const char *issuer, const char *host,
                           char other[256])
{
    bool known = false;

    other[0] = '\0';
    if (!is_name(host) || strlen(host) >= 256)
        return;
    (void)pthread_mutex_lock(&issuers->lock);
    for (size_t i = 0; i < issuers->count; i++) {
        const struct anycert__issuer_seen *seen = &issuers->seen[i];

        if (strcmp(seen->issuer, issuer) != 0)
            continue;
        known = known || are_related(host, seen->host);
        if (other[0] == '\0' && !are_related(host, seen->host))
            memcpy(other, seen->host, sizeof seen->host);
    }
    if (!known && issuers->count < ANYCERT__ISSUERS_MAX) {
        struct anycert__issuer_seen *next = &issuers->seen[issuers->count];

        next->issuer = anycert__strdup(issuer);
        memcpy(next->host, host, strlen(host) + 1);
        issuers->count += next->issuer ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&issuers->lock);
}
