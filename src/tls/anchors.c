/* Snapshots of trust anchors, shared in the process. A snapshot holds the texts and their indexes,
 * and a store that asks the indexes: OpenSSL's own cache of certificates stays empty, so nothing
 * that one verification did can be seen by another one. */
#include "tls/issuer.h"
#include "tls/ossl.h"
#include "tls/sources.h"
#include "base/buf.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The part that is looked after while the snapshot is in use. */
struct upkeep {
    atomic_bool unsettled; /* equal stamps do not prove equal content yet */
    /* SHA-256 of the content, made when somebody asks: it takes as long as a small request. */
    pthread_mutex_t lock;
    char digest[65];
};

struct anycert__anchors {
    int references;                /* under the cache's lock */
    struct anycert__anchors *next; /* in the cache */
    struct anycert__ca *cas;       /* what was asked for: the cache's key */
    size_t ca_count;
    struct anycert__sources sources;
    struct anycert__bundle **bundles; /* one for each source */
    size_t bundle_count;
    X509_STORE *store;
    struct upkeep *upkeep;
    char *source;
    char *error;
};

/* Snapshots in use. An entry leaves with its last reference. */
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct anycert__anchors *cache;

/* ---- the store */

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int store_index = -1;

static void make_index(void)
{
    store_index = X509_STORE_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Every anchor of that name, a reference each; NULL when out of memory. */
static STACK_OF(X509) * find_all(const X509_STORE *store, const X509_NAME *name)
{
    const struct anycert__anchors *anchors = X509_STORE_get_ex_data(store, store_index);
    STACK_OF(X509) *found = sk_X509_new_null();

    for (size_t i = 0; found != NULL && anchors != NULL && i < anchors->bundle_count; i++) {
        if (anycert__bundle_find(anchors->bundles[i], name, found) != 0) {
            sk_X509_pop_free(found, X509_free);
            return NULL;
        }
    }
    return found;
}

static STACK_OF(X509) * lookup_certs(X509_STORE_CTX *ctx, const X509_NAME *name)
{
    return find_all(X509_STORE_CTX_get0_store(ctx), name);
}

/* How well an anchor fits as the issuer of cert: the key counts more than the dates, which are
 * reported anyway. */
static int fitness(X509_STORE_CTX *ctx, X509 *cert, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    int fit = 0;
    if (key != NULL && X509_verify(cert, key) == 1)
        fit += 2;
    if (X509_cmp_timeframe(X509_STORE_CTX_get0_param(ctx), X509_get0_notBefore(issuer),
                           X509_get0_notAfter(issuer)) == 0)
        fit += 1;
    return fit;
}

/* The anchor to continue the chain of cert with. OpenSSL's own choice looks at names and dates only
 * and is stuck with the first; of several anchors with one name (renewed, cross-signed) this takes
 * one whose key made the signature. */
static X509 *choose_issuer(X509_STORE_CTX *ctx, X509 *cert, STACK_OF(X509) * candidates)
{
    X509_STORE_CTX_check_issued_fn check_issued = X509_STORE_CTX_get_check_issued(ctx);
    X509 *best = NULL;
    int best_fit = -1, count = sk_X509_num(candidates);

    for (int i = 0; i < count; i++) {
        X509 *candidate = sk_X509_value(candidates, i);
        if (!check_issued(ctx, cert, candidate))
            continue;
        int fit = count > 1 ? fitness(ctx, cert, candidate) : 0;
        bool lasts_longer =
            best != NULL && fit == best_fit &&
            ASN1_TIME_compare(X509_get0_notAfter(candidate), X509_get0_notAfter(best)) > 0;
        if (fit > best_fit || lasts_longer) {
            best = candidate;
            best_fit = fit;
        }
    }
    return best;
}

/* 1 and a reference, 0 for no such anchor, -1 when out of memory. */
static int get_issuer(X509 **issuer, X509_STORE_CTX *ctx, X509 *cert)
{
    STACK_OF(X509) *found = find_all(X509_STORE_CTX_get0_store(ctx), X509_get_issuer_name(cert));
    int rv = 0;

    *issuer = NULL;
    if (found == NULL)
        return -1;
    ERR_set_mark();
    X509 *best = choose_issuer(ctx, cert, found);
    ERR_pop_to_mark();
    if (best != NULL)
        rv = X509_up_ref(best) == 1 ? 1 : -1;
    if (rv == 1)
        *issuer = best;
    sk_X509_pop_free(found, X509_free);
    return rv;
}

static int make_store(struct anycert__anchors *anchors, struct anycert_error *err)
{
    if (pthread_once(&index_once, make_index) != 0 || store_index < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL,
                             "OpenSSL has no room for another store index");
    anchors->store = X509_STORE_new();
    if (anchors->store == NULL || X509_STORE_set_ex_data(anchors->store, store_index, anchors) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "a certificate store cannot be made");
    X509_STORE_set_get_issuer(anchors->store, get_issuer);
    X509_STORE_set_lookup_certs(anchors->store, lookup_certs);
    return 0;
}

/* ---- making and freeing */

static void free_cas(struct anycert__ca *cas, size_t count)
{
    for (size_t i = 0; cas != NULL && i < count; i++) {
        anycert__free(cas[i].path);
        anycert__free(cas[i].pem);
    }
    anycert__free(cas);
}

static void free_anchors(struct anycert__anchors *anchors)
{
    if (anchors == NULL)
        return;
    if (anchors->store != NULL)
        X509_STORE_set_ex_data(anchors->store, store_index, NULL);
    X509_STORE_free(anchors->store);
    for (size_t i = 0; i < anchors->bundle_count; i++)
        anycert__bundle_free(anchors->bundles[i]);
    anycert__free(anchors->bundles);
    anycert__sources_clear(&anchors->sources);
    free_cas(anchors->cas, anchors->ca_count);
    if (anchors->upkeep != NULL)
        pthread_mutex_destroy(&anchors->upkeep->lock);
    anycert__free(anchors->upkeep);
    anycert__free(anchors->source);
    anycert__free(anchors->error);
    anycert__free(anchors);
}

/* An anchors object with a store and nothing in it. */
static struct anycert__anchors *new_anchors(struct anycert_error *err)
{
    struct anycert__anchors *anchors = anycert__calloc(1, sizeof *anchors);

    if (anchors == NULL) {
        anycert__fail_nomem(err);
        return NULL;
    }
    anchors->references = 1;
    anchors->upkeep = anycert__calloc(1, sizeof *anchors->upkeep);
    if (anchors->upkeep != NULL && pthread_mutex_init(&anchors->upkeep->lock, NULL) != 0) {
        anycert__free(anchors->upkeep);
        anchors->upkeep = NULL;
    }
    if (anchors->upkeep == NULL) {
        anycert__fail_nomem(err);
        free_anchors(anchors);
        return NULL;
    }
    atomic_init(&anchors->upkeep->unsettled, false);
    if (make_store(anchors, err) != 0) {
        free_anchors(anchors);
        return NULL;
    }
    return anchors;
}

/* The key for the cache. The bytes of in-memory anchors are not kept again: their digest is enough.
 */
static int copy_cas(struct anycert__anchors *anchors, const struct anycert__ca *cas, size_t count)
{
    anchors->cas = anycert__calloc(count, sizeof *anchors->cas);
    if (anchors->cas == NULL)
        return -1;
    anchors->ca_count = count;
    for (size_t i = 0; i < count; i++) {
        anchors->cas[i].kind = cas[i].kind;
        memcpy(anchors->cas[i].digest, cas[i].digest, sizeof cas[i].digest);
        if (cas[i].kind != ANYCERT__CA_PATH)
            continue;
        anchors->cas[i].path = anycert__strdup(cas[i].path);
        if (anchors->cas[i].path == NULL)
            return -1;
    }
    return 0;
}

static int describe(struct anycert__anchors *anchors, struct anycert_error *err)
{
    struct anycert__buf text;

    anycert__buf_init(&text, (size_t)1 << 20);
    for (size_t i = 0; i < anchors->sources.count; i++)
        anycert__buf_addf(&text, "%s%s", i > 0 ? ", " : "", anchors->sources.list[i].shown);
    anchors->source = anycert__buf_take(&text, "the list of trust anchors", err);
    anycert__buf_free(&text);
    return anchors->source != NULL ? 0 : -1;
}

static struct anycert__anchors *read_anchors(const struct anycert__ca *cas, size_t count,
                                             struct anycert_error *err)
{
    struct anycert__anchors *anchors = new_anchors(err);

    if (anchors == NULL)
        return NULL;
    if (copy_cas(anchors, cas, count) != 0) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (anycert__sources_read(cas, count, &anchors->sources, err) != 0)
        goto fail;
    atomic_store(&anchors->upkeep->unsettled, anchors->sources.unsettled_until != 0);
    anchors->bundles = anycert__calloc(anchors->sources.count, sizeof(struct anycert__bundle *));
    if (anchors->bundles == NULL) {
        anycert__fail_nomem(err);
        goto fail;
    }
    for (size_t i = 0; i < anchors->sources.count; i++) {
        const struct anycert__source *source = &anchors->sources.list[i];
        struct anycert__bundle *bundle =
            anycert__bundle_index(source->pem, source->len, source->what, err);
        if (bundle == NULL)
            goto fail;
        anchors->bundles[anchors->bundle_count++] = bundle;
    }
    if (describe(anchors, err) != 0)
        goto fail;
    return anchors;
fail:
    free_anchors(anchors);
    return NULL;
}

/* ---- the cache */

static bool is_for(const struct anycert__anchors *anchors, const struct anycert__ca *cas,
                   size_t count)
{
    if (anchors->ca_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!anycert__ca_equal(&anchors->cas[i], &cas[i]))
            return false;
    }
    return true;
}

/* The newest snapshot of these sources, with a reference, or NULL. */
static struct anycert__anchors *take_cached(const struct anycert__ca *cas, size_t count)
{
    struct anycert__anchors *found = NULL;
    pthread_mutex_lock(&cache_lock);
    for (found = cache; found != NULL && !is_for(found, cas, count);)
        found = found->next;
    if (found != NULL)
        found->references++;
    pthread_mutex_unlock(&cache_lock);
    return found;
}

static void put_into_cache(struct anycert__anchors *anchors)
{
    pthread_mutex_lock(&cache_lock);
    anchors->next = cache;
    cache = anchors;
    pthread_mutex_unlock(&cache_lock);
}

int anycert__anchors_open(const struct anycert__ca *cas, size_t count,
                          struct anycert__anchors **out, struct anycert_error *err)
{
    static const struct anycert__ca system_only = {.kind = ANYCERT__CA_SYSTEM};
    struct anycert__anchors *anchors = NULL;

    *out = NULL;
    if (count == 0) {
        cas = &system_only;
        count = 1;
    }
    anchors = take_cached(cas, count);
    if (anchors != NULL && !anycert__anchors_current(anchors)) {
        anycert__anchors_unref(anchors);
        anchors = NULL;
    }
    if (anchors == NULL) {
        /* Two threads may do this at once; then there are two equal snapshots for a while. */
        anchors = read_anchors(cas, count, err);
        if (anchors == NULL)
            return -1;
        put_into_cache(anchors);
    }
    *out = anchors;
    return 0;
}

struct anycert__anchors *anycert__anchors_none(const char *why)
{
    struct anycert__anchors *anchors = new_anchors(NULL);
    if (anchors == NULL)
        return NULL;
    anchors->error = anycert__strdup(why != NULL ? why : "there are no trust anchors");
    anchors->source = anycert__strdup("none");
    if (anchors->error == NULL || anchors->source == NULL) {
        free_anchors(anchors);
        return NULL;
    }
    return anchors;
}

struct anycert__anchors *anycert__anchors_ref(struct anycert__anchors *anchors)
{
    if (anchors == NULL)
        return NULL;
    pthread_mutex_lock(&cache_lock);
    anchors->references++;
    pthread_mutex_unlock(&cache_lock);
    return anchors;
}

void anycert__anchors_unref(struct anycert__anchors *anchors)
{
    struct anycert__anchors **link = &cache;
    bool last = false;

    if (anchors == NULL)
        return;
    pthread_mutex_lock(&cache_lock);
    last = --anchors->references == 0;
    while (last && *link != NULL && *link != anchors)
        link = &(*link)->next;
    if (last && *link != NULL)
        *link = anchors->next;
    pthread_mutex_unlock(&cache_lock);
    if (last)
        free_anchors(anchors);
}

/* ---- asking */

/* Reads again what may have changed within one tick of the file system's clock. */
static bool is_content_equal(const struct anycert__anchors *anchors)
{
    struct anycert__sources again;
    bool equal = false;

    for (size_t i = 0; i < anchors->ca_count; i++) {
        if (anchors->cas[i].kind == ANYCERT__CA_MEMORY)
            continue;
        if (anycert__sources_read(&anchors->cas[i], 1, &again, NULL) != 0)
            return false;
        equal = again.list[0].len == anchors->sources.list[i].len &&
                memcmp(again.list[0].pem, anchors->sources.list[i].pem, again.list[0].len) == 0;
        anycert__sources_clear(&again);
        if (!equal)
            return false;
    }
    return true;
}

bool anycert__anchors_current(const struct anycert__anchors *anchors)
{
    bool is_settling = (int64_t)time(NULL) <= anchors->sources.unsettled_until;

    if (!anycert__sources_unchanged(&anchors->sources))
        return false;
    if (!atomic_load(&anchors->upkeep->unsettled))
        return true;
    if (!is_content_equal(anchors))
        return false;
    if (!is_settling)
        atomic_store(&anchors->upkeep->unsettled, false);
    return true;
}

const char *anycert__anchors_source(const struct anycert__anchors *anchors)
{
    return anchors->source;
}

const char *anycert__anchors_digest(const struct anycert__anchors *anchors)
{
    struct upkeep *upkeep = anchors->upkeep;
    uint8_t digest[32];

    pthread_mutex_lock(&upkeep->lock);
    if (upkeep->digest[0] == '\0' && anchors->sources.count > 0 &&
        anycert__sources_digest(&anchors->sources, digest) == 0) {
        for (size_t i = 0; i < sizeof digest; i++)
            snprintf(upkeep->digest + 2 * i, 3, "%02x", digest[i]);
    }
    pthread_mutex_unlock(&upkeep->lock);
    return upkeep->digest;
}

size_t anycert__anchors_count(const struct anycert__anchors *anchors)
{
    size_t count = 0;
    for (size_t i = 0; i < anchors->bundle_count; i++)
        count += anycert__bundle_count(anchors->bundles[i]);
    return count;
}

void anycert__anchors_dates(const struct anycert__anchors *anchors, int64_t now,
                            struct anycert__anchor_dates *out)
{
    *out = (struct anycert__anchor_dates){0};
    for (size_t i = 0; i < anchors->bundle_count; i++)
        anycert__bundle_dates(anchors->bundles[i], now, out);
}

const char *anycert__anchors_error(const struct anycert__anchors *anchors)
{
    return anchors->error;
}

X509_STORE *anycert__anchors_store(struct anycert__anchors *anchors)
{
    return anchors->store;
}
