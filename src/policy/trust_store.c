#include "policy/trust_store.h"
#include "policy/trust_ask.h"
#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* To look at a file costs a tenth of a small request. */
#define LOOK_US 100000

struct anycert_trust_store *anycert__trust_store_open(const char *path, bool is_read_only,
                                                      anycert__trust_hmac *hmac,
                                                      anycert__trust_ascii *ascii,
                                                      struct anycert_error *err)
{
    if (path == NULL || *path == '\0') {
        anycert__fail(err, ANYCERT_E_USAGE, "the path of the trust store is empty");
        return NULL;
    }
    struct anycert_trust_store *store = anycert__calloc(1, sizeof *store);
    if (store == NULL || pthread_mutex_init(&store->mutex, NULL) != 0) {
        anycert__free(store);
        anycert__fail_nomem(err);
        return NULL;
    }
    atomic_init(&store->holders, 1);
    store->is_read_only = is_read_only;
    store->hmac = hmac;
    store->ascii = ascii;
    store->read_us = anycert__monotonic_us();
    store->path = anycert__strdup(path);
    if (store->path == NULL)
        anycert__fail_nomem(err);
    else if (anycert__trust_file_read(path, hmac, NULL, &store->text, &store->stamp, err) == 0)
        return store;
    anycert_trust_store_free(store);
    return NULL;
}

struct anycert_trust_store *anycert__trust_store_ref(struct anycert_trust_store *store)
{
    if (store)
        atomic_fetch_add(&store->holders, 1);
    return store;
}

void anycert_trust_store_free(struct anycert_trust_store *store)
{
    if (store == NULL || atomic_fetch_sub(&store->holders, 1) > 1)
        return;
    anycert__questions_free(store);
    anycert__trust_text_unref(store->text);
    pthread_mutex_destroy(&store->mutex);
    anycert__free(store->path);
    anycert__free(store);
}

const char *anycert_trust_store_path(const struct anycert_trust_store *store)
{
    return store->path;
}

int anycert__trust_store_name(const struct anycert_trust_store *store, const char *host,
                              uint16_t port, char out[ANYCERT__TRUST_HOST_SIZE],
                              struct anycert_error *err)
{
    bool is_plain = true;
    for (const char *p = host; p && *p; p++)
        is_plain = is_plain && (unsigned char)*p < 0x80;
    if (is_plain)
        return anycert__trust_host_text(host, port, out, err);
    char *ascii = store->ascii(host, err);
    int rv = ascii ? anycert__trust_host_text(ascii, port, out, err) : -1;
    anycert__free(ascii);
    return rv;
}

/* ---- the text of the moment ---- */

/* Reads the file again if it has changed. Under the mutex. */
static int refresh(struct anycert_trust_store *store, int64_t now, struct anycert_error *err)
{
    struct anycert__trust_stamp stamp;
    struct anycert__trust_text *fresh = NULL;
    anycert__trust_file_stamp(store->path, &stamp);
    if (store->stamp.file.exists &&
        !stamp.file.exists) /* else who was refused would be new again */
        return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                             "the trust store '%s' has vanished while it was in use", store->path);
    enum anycert__trust_change change = anycert__trust_stamp_compare(&stamp, &store->stamp);
    if (change == ANYCERT__TRUST_IS_CHANGED ||
        (change == ANYCERT__TRUST_MAY_BE_CHANGED && now - store->read_us >= LOOK_US)) {
        if (anycert__trust_file_read(store->path, store->hmac, store->text, &fresh, &stamp, err) !=
            0)
            return -1;
        anycert__trust_text_unref(store->text);
        store->text = fresh;
        store->stamp = stamp;
        store->read_us = now;
    }
    store->looked_us = now;
    return 0;
}

struct anycert__trust_text *anycert__trust_store_text(struct anycert_trust_store *store,
                                                      bool at_once, struct anycert_error *err)
{
    struct anycert__trust_text *text = NULL;
    int64_t now = anycert__monotonic_us();
    pthread_mutex_lock(&store->mutex);
    if ((!at_once && now - store->looked_us < LOOK_US) || refresh(store, now, err) == 0)
        text = anycert__trust_text_ref(store->text);
    pthread_mutex_unlock(&store->mutex);
    return text;
}

void anycert__trust_store_wrote(struct anycert_trust_store *store, struct anycert__trust_text *text)
{
    pthread_mutex_lock(&store->mutex);
    anycert__trust_text_unref(store->text);
    store->text = anycert__trust_text_ref(text);
    anycert__trust_file_stamp(store->path, &store->stamp);
    store->looked_us = store->read_us = anycert__monotonic_us();
    pthread_mutex_unlock(&store->mutex);
}

/* ---- records ---- */

void anycert__trust_record_clear(struct anycert__trust_record *record)
{
    anycert__free(record->pins);
    memset(record, 0, sizeof *record);
}

bool anycert__trust_record_equal(const struct anycert__trust_record *a,
                                 const struct anycert__trust_record *b)
{
    return a->known == b->known && a->pin_count == b->pin_count &&
           (a->pin_count == 0 || memcmp(a->pins, b->pins, a->pin_count * sizeof *a->pins) == 0);
}

bool anycert__trust_record_has(const struct anycert__trust_record *record, const char *pin)
{
    for (size_t i = 0; i < record->pin_count; i++) {
        if (strcmp(record->pins[i], pin) == 0)
            return true;
    }
    return false;
}

static bool says_the_same(const struct anycert__trust_line *a, const struct anycert__trust_line *b)
{
    return a->kind == b->kind && a->pins_len == b->pins_len &&
           memcmp(a->pins, b->pins, a->pins_len) == 0;
}

long anycert__trust_store_slots(const struct anycert_trust_store *store,
                                const struct anycert__trust_text *text, const char *host,
                                size_t slots[ANYCERT__TRUST_SLOTS],
                                struct anycert__trust_line *line, struct anycert_error *err)
{
    long count = anycert__trust_text_find(text, host, slots, ANYCERT__TRUST_SLOTS);
    if (count < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "the host's name cannot be hashed");
    if (count > 0)
        anycert__trust_text_line(text, slots[0], line);
    for (long i = 1; i < count; i++) {
        struct anycert__trust_line other;
        anycert__trust_text_line(text, slots[i], &other);
        if (!says_the_same(line, &other))
            return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                                 "the trust store '%s' says two things of %s, in the lines %u and "
                                 "%u: take one of them out, or replace both with anycert trust add "
                                 "%s",
                                 store->path, host, (unsigned)text->slots[slots[0]].line,
                                 (unsigned)text->slots[slots[i]].line, host);
    }
    return count;
}

static int fill(const struct anycert_trust_store *store, const struct anycert__trust_text *text,
                const char *host, struct anycert__trust_record *out, struct anycert_error *err)
{
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line line;
    long count = anycert__trust_store_slots(store, text, host, slots, &line, err);
    if (count < 0)
        return -1;
    if (count == 0) {
        out->known = ANYCERT__TRUST_NEW;
    } else {
        if (anycert__trust_pins_copy(&line, &out->pins) != 0)
            return anycert__fail_nomem(err);
        out->pin_count = line.pin_count;
        out->first_seen = line.first_seen;
        out->changed = line.changed;
        out->known = line.kind == ANYCERT_TRUST_CA ? ANYCERT__TRUST_BY_CA : ANYCERT__TRUST_BY_PIN;
    }
    out->state = text->state;
    return 0;
}

int anycert__trust_store_look(struct anycert_trust_store *store, const char *host, uint16_t port,
                              struct anycert__trust_record *record, struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    struct anycert__trust_record fresh = {0};
    struct anycert__trust_text *text = anycert__trust_store_text(store, false, err);
    int rv = -1;
    if (text && text->state == record->state)
        rv = 0;
    else if (text && anycert__trust_host_text(host, port, name, err) == 0)
        rv = fill(store, text, name, &fresh, err);
    if (rv != 0 || text->state != record->state) {
        anycert__trust_record_clear(record);
        *record = fresh;
    }
    anycert__trust_text_unref(text);
    return rv;
}

int anycert_trust_store_find(struct anycert_trust_store *store, const char *host, uint16_t port,
                             struct anycert_trust_entry **out, struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line line;
    struct anycert__trust_text *text = NULL;
    long count = -1;
    *out = NULL;
    if (anycert__trust_store_name(store, host, port, name, err) == 0 &&
        (text = anycert__trust_store_text(store, true, err)) != NULL)
        count = anycert__trust_store_slots(store, text, name, slots, &line, err);
    if (count > 0) {
        *out = anycert__trust_entry_new(text, slots[0], err);
        count = *out ? 1 : -1;
    }
    anycert__trust_text_unref(text);
    return (int)count;
}
