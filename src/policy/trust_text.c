#include "policy/trust_text.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char header[] = "# anycert-trust-store 1\n";
static const char header_of_hashes[] = "# anycert-trust-store 1 hashed\n";

static atomic_uint_least64_t last_state;

/* ---- the index ---- */

/* Eight bytes at a time, each step a multiplication by an odd number, whose upper half is the best
 * mixed. The file is its user's own: nobody chooses names in it to be slow. */
static uint32_t hash_of(const char *host, size_t len)
{
    uint64_t hash = len;
    while (len > 0) {
        uint64_t part = 0;
        size_t n = len < sizeof part ? len : sizeof part;
        memcpy(&part, host, n);
        hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        host += n;
        len -= n;
    }
    return (uint32_t)hash;
}

/* What stands behind a line's host, which itself begins the line's first field. */
static bool is_host_at(const struct anycert__trust_text *text,
                       const struct anycert__trust_slot *slot, const char *host, size_t len)
{
    const char *line = text->text + slot->offset;
    return slot->len > len && memcmp(line, host, len) == 0 && line[len] == ' ';
}

/* Where a host stands in the table, or would. */
static uint32_t *place_of(const struct anycert__trust_text *text, const char *host, size_t len,
                          uint32_t hash)
{
    size_t i = hash & text->mask;
    while (text->table[i] != 0) {
        const struct anycert__trust_slot *slot = &text->slots[text->table[i] - 1];
        if (slot->hash == hash && is_host_at(text, slot, host, len))
            break;
        i = (i + 1) & text->mask;
    }
    return &text->table[i];
}

/* ---- reading ---- */

struct reading {
    struct anycert__trust_text *text;
    const char *name;
    size_t line, capacity;
};

static int fail(const struct reading *r, const char *fault, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                         "the trust store '%s' is not understood, line %zu: %s", r->name, r->line,
                         fault);
}

static int note_salt(const struct reading *r, const char *hashed, struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    const char *salt = hashed + 3;
    for (size_t i = text->salt_count; i > 0; i--) {
        if (memcmp(text->salts[i - 1], salt, ANYCERT__BASE64_32) == 0)
            return 0;
    }
    if (text->salt_count == ANYCERT__TRUST_SALTS_MAX)
        return fail(r, "more than 64 salts: names that are hashed together have one", err);
    void *salts = anycert__realloc(text->salts, (text->salt_count + 1) * sizeof *text->salts);
    if (salts == NULL)
        return anycert__fail_nomem(err);
    text->salts = salts;
    memcpy(text->salts[text->salt_count], salt, ANYCERT__BASE64_32);
    text->salts[text->salt_count++][ANYCERT__BASE64_32] = '\0';
    return 0;
}

static int grow(struct reading *r, struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    /* A first guess that most stores do not outgrow. */
    size_t capacity = r->capacity ? 2 * r->capacity : text->len / 128 + 16;
    void *slots = anycert__realloc(text->slots, capacity * sizeof *text->slots);
    if (slots == NULL)
        return anycert__fail_nomem(err);
    text->slots = slots;
    r->capacity = capacity;
    return 0;
}

static int add_slot(struct reading *r, const struct anycert__trust_line *line, size_t len,
                    struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    if (text->count == ANYCERT__TRUST_ENTRIES_MAX)
        return fail(r, "more than 500000 entries", err);
    if (text->count == r->capacity && grow(r, err) != 0)
        return -1;
    text->slots[text->count++] =
        (struct anycert__trust_slot){.offset = (uint32_t)(line->host - text->text),
                                     .len = (uint32_t)len,
                                     .line = (uint32_t)r->line,
                                     .hash = hash_of(line->host, line->host_len)};
    return line->is_hashed ? note_salt(r, line->host, err) : 0;
}

static int read_header(struct reading *r, size_t *at, struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    r->line = 1;
    text->hashes_names = text->len >= strlen(header_of_hashes) &&
                         memcmp(text->text, header_of_hashes, strlen(header_of_hashes)) == 0;
    *at = text->hashes_names ? strlen(header_of_hashes) : strlen(header);
    if (!text->hashes_names &&
        (text->len < strlen(header) || memcmp(text->text, header, strlen(header)) != 0))
        return fail(r, "it is not '# anycert-trust-store 1'", err);
    return 0;
}

static int read_lines(struct reading *r, size_t at, struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    while (at < text->len) {
        const char *line = text->text + at;
        const char *end = memchr(line, '\n', text->len - at);
        struct anycert__trust_line parts;
        r->line++;
        if (end == NULL)
            return fail(r, "the file ends in the middle of it", err);
        size_t len = (size_t)(end - line);
        const char *fault = anycert__trust_line_parse(line, len, &parts);
        if (fault)
            return fail(r, fault, err);
        if (parts.host_len > 0 && add_slot(r, &parts, len - (size_t)(parts.host - line), err) != 0)
            return -1;
        at += len + 1;
    }
    return 0;
}

/* As above, for a line that is there: its host has to be looked at only where hashes are equal. */
static uint32_t *free_place_of(const struct anycert__trust_text *text,
                               const struct anycert__trust_slot *slot)
{
    size_t i = slot->hash & text->mask;
    while (text->table[i] != 0) {
        if (text->slots[text->table[i] - 1].hash == slot->hash) {
            const char *host = text->text + slot->offset;
            return place_of(text, host, strcspn(host, " "), slot->hash);
        }
        i = (i + 1) & text->mask;
    }
    return &text->table[i];
}

static int make_table(struct reading *r, struct anycert_error *err)
{
    struct anycert__trust_text *text = r->text;
    size_t size = 16;
    while (size < 2 * text->count)
        size *= 2;
    text->mask = size - 1;
    text->table = anycert__calloc(size, sizeof *text->table);
    if (text->table == NULL)
        return anycert__fail_nomem(err);
    for (size_t i = 0; i < text->count; i++) {
        const struct anycert__trust_slot *slot = &text->slots[i];
        uint32_t *place = free_place_of(text, slot);
        if (*place != 0) {
            char fault[80];
            r->line = slot->line;
            (void)snprintf(fault, sizeof fault, "its host stands in line %u already",
                           (unsigned)text->slots[*place - 1].line);
            return fail(r, fault, err);
        }
        *place = (uint32_t)i + 1;
    }
    return 0;
}

struct anycert__trust_text *anycert__trust_text_new(char *bytes, size_t len, const char *name,
                                                    anycert__trust_hmac *hmac,
                                                    struct anycert_error *err)
{
    struct anycert__trust_text *text = anycert__calloc(1, sizeof *text);
    struct reading r = {.text = text, .name = name};
    size_t at = 0;
    if (text == NULL || (bytes == NULL && (bytes = anycert__strdup(header)) == NULL)) {
        anycert__free(bytes);
        anycert__free(text);
        anycert__fail_nomem(err);
        return NULL;
    }
    text->references = 1;
    text->state = atomic_fetch_add(&last_state, 1) + 1;
    text->text = bytes;
    text->len = len ? len : strlen(bytes);
    text->hmac = hmac;
    if (read_header(&r, &at, err) == 0 && read_lines(&r, at, err) == 0 && make_table(&r, err) == 0)
        return text;
    anycert__trust_text_unref(text);
    return NULL;
}

struct anycert__trust_text *anycert__trust_text_ref(struct anycert__trust_text *text)
{
    if (text)
        __atomic_add_fetch(&text->references, 1, __ATOMIC_RELAXED);
    return text;
}

void anycert__trust_text_unref(struct anycert__trust_text *text)
{
    if (text == NULL || __atomic_sub_fetch(&text->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    anycert__free(text->text);
    anycert__free(text->slots);
    anycert__free(text->table);
    anycert__free(text->salts);
    anycert__free(text);
}

/* ---- looking up ---- */

void anycert__trust_text_line(const struct anycert__trust_text *text, size_t slot,
                              struct anycert__trust_line *out)
{
    /* It was understood when the text was read. */
    (void)anycert__trust_line_parse(text->text + text->slots[slot].offset, text->slots[slot].len,
                                    out);
}

long anycert__trust_text_find_spelled(const struct anycert__trust_text *text, const char *host,
                                      size_t len)
{
    return (long)*place_of(text, host, len, hash_of(host, len)) - 1;
}

int anycert__trust_hash_host(anycert__trust_hmac *hmac, const char *host, size_t len,
                             const char *salt, char out[ANYCERT__TRUST_HASHED_LEN + 1])
{
    uint8_t key[32], digest[32];
    char hash[ANYCERT__BASE64_32 + 1];
    if (!anycert__base64_read_32(salt, key) || hmac(key, sizeof key, host, len, digest) != 0)
        return -1;
    anycert__base64_write_32(digest, hash);
    (void)snprintf(out, ANYCERT__TRUST_HASHED_LEN + 1, "|1|%.44s|%s|", salt, hash);
    return 0;
}

long anycert__trust_text_find(const struct anycert__trust_text *text, const char *host, size_t *out,
                              size_t max)
{
    char hashed[ANYCERT__TRUST_HASHED_LEN + 1];
    size_t len = strlen(host), count = 0;
    long slot = anycert__trust_text_find_spelled(text, host, len);
    if (slot >= 0 && count++ < max)
        out[0] = (size_t)slot;
    for (size_t i = 0; i < text->salt_count; i++) {
        if (anycert__trust_hash_host(text->hmac, host, len, text->salts[i], hashed) != 0)
            return -1;
        slot = anycert__trust_text_find_spelled(text, hashed, ANYCERT__TRUST_HASHED_LEN);
        if (slot >= 0 && count++ < max)
            out[count - 1] = (size_t)slot;
    }
    return (long)count;
}

const char *anycert__trust_text_header(bool hashes_names)
{
    return hashes_names ? header_of_hashes : header;
}
