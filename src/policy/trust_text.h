/* policy/trust_text.h — the text of a trust store at one moment, with an index over its hosts.
 * Immutable, and shared by reference count. */
#ifndef ANYCERT_POLICY_TRUST_TEXT_H
#define ANYCERT_POLICY_TRUST_TEXT_H

#include <stdint.h>

#include "base/base64.h"
#include "policy/trust_line.h"

#define ANYCERT__TRUST_TEXT_MAX    ((size_t)64 << 20)
#define ANYCERT__TRUST_ENTRIES_MAX 500000
#define ANYCERT__TRUST_SALTS_MAX   64

/* What hashes names; this layer has no cryptography of its own. HMAC-SHA-256; 0, or -1. */
typedef int anycert__trust_hmac(const void *key, size_t key_len, const void *bytes, size_t len,
                                uint8_t out[32]);

struct anycert__trust_slot {
    uint32_t offset, len; /* of the line in the text */
    uint32_t line;        /* its number, from 1 on */
    uint32_t hash;        /* of its host */
};

struct anycert__trust_text {
    int references;
    uint64_t state; /* another number for each; never 0 */
    char *text;
    size_t len;
    bool hashes_names; /* of hosts to come */
    struct anycert__trust_slot *slots;
    size_t count;
    uint32_t *table; /* open addressing; slot number + 1, 0: free */
    size_t mask;
    char (*salts)[ANYCERT__BASE64_32 + 1]; /* of hashed names, each once */
    size_t salt_count;
    anycert__trust_hmac *hmac;
};

/* Takes bytes (from anycert__malloc) over, on failure, too; NULL: a store that has nothing in it.
 * name is what it is called in messages. NULL with TRUST_STORE and the line, NOMEM. */
struct anycert__trust_text *anycert__trust_text_new(char *bytes, size_t len, const char *name,
                                                    anycert__trust_hmac *hmac,
                                                    struct anycert_error *err);
struct anycert__trust_text *anycert__trust_text_ref(struct anycert__trust_text *text);
void anycert__trust_text_unref(struct anycert__trust_text *text);

/* The line of a slot, taken apart. */
void anycert__trust_text_line(const struct anycert__trust_text *text, size_t slot,
                              struct anycert__trust_line *out);
/* The slots of a host ("host:port"), which may stand there by its name and by hashes of it: up to
 * max of them into out, and how many there are. -1 if it cannot be hashed. */
long anycert__trust_text_find(const struct anycert__trust_text *text, const char *host, size_t *out,
                              size_t max);
/* The slot of a line's own host, as it is spelled; -1 if there is none. */
long anycert__trust_text_find_spelled(const struct anycert__trust_text *text, const char *host,
                                      size_t len);
/* "|1|SALT|HASH|" for a host. 0, or -1. */
int anycert__trust_hash_host(anycert__trust_hmac *hmac, const char *host, size_t len,
                             const char *salt, char out[ANYCERT__TRUST_HASHED_LEN + 1]);

/* The first line of a store. */
const char *anycert__trust_text_header(bool hashes_names);

#endif
