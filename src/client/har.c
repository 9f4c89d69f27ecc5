#include "client/har.h"
#include "client/internal.h"

#include <anycert/version.h>

#include "base/file.h"
#include "base/mem.h"
#include "verdict/render.h"

#include <yyjson.h>

#include <stdio.h>
#include <string.h>

#define DEFAULT_MAX 10000

struct anycert_har {
    int references; /* atomic */
    pthread_mutex_t mutex;
    char **entries; /* JSON texts, a ring from the oldest on */
    size_t count, capacity, first;
    size_t max;
    size_t body_max;
    uint64_t dropped;
};

struct anycert_har *anycert_har_new(struct anycert_error *err)
{
    struct anycert_har *har = anycert__calloc(1, sizeof *har);

    if (!har || pthread_mutex_init(&har->mutex, NULL) != 0) {
        anycert__free(har);
        anycert__fail_nomem(err);
        return NULL;
    }
    har->references = 1;
    har->max = DEFAULT_MAX;
    return har;
}

struct anycert_har *anycert__har_ref(struct anycert_har *har)
{
    if (har)
        __atomic_add_fetch(&har->references, 1, __ATOMIC_RELAXED);
    return har;
}

void anycert_har_free(struct anycert_har *har)
{
    if (!har || __atomic_sub_fetch(&har->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < har->count; i++)
        anycert__free(har->entries[(har->first + i) % har->capacity]);
    anycert__free(har->entries);
    pthread_mutex_destroy(&har->mutex);
    anycert__free(har);
}

/* Drops the oldest. */
static void drop_one(struct anycert_har *har)
{
    anycert__free(har->entries[har->first]);
    har->first = har->first + 1 < har->capacity ? har->first + 1 : 0;
    har->count--;
    har->dropped++;
}

/* Room for one more; false without memory. */
static bool make_room(struct anycert_har *har)
{
    size_t capacity = har->capacity ? har->capacity * 2 : 16;
    char **entries = NULL;

    while (har->count > 0 && har->count >= har->max)
        drop_one(har);
    if (har->count < har->capacity)
        return true;
    entries = anycert__malloc(capacity * sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < har->count && har->capacity > 0; i++)
        entries[i] = har->entries[(har->first + i) % har->capacity];
    anycert__free(har->entries);
    har->entries = entries;
    har->capacity = capacity;
    har->first = 0;
    return true;
}

static void add_entry(struct anycert_har *har, char *entry)
{
    pthread_mutex_lock(&har->mutex);
    if (entry && make_room(har)) {
        har->entries[(har->first + har->count) % har->capacity] = entry;
        har->count++;
        entry = NULL;
    } else {
        har->dropped++;
    }
    pthread_mutex_unlock(&har->mutex);
    anycert__free(entry);
}

void anycert__har_add(struct anycert_har *har, const struct anycert__http_settings *settings,
                      const struct anycert__exchange *exchange, const struct anycert_error *failure,
                      const struct anycert__wire *wire)
{
    size_t body_max = 0;

    pthread_mutex_lock(&har->mutex);
    body_max = har->body_max;
    pthread_mutex_unlock(&har->mutex);
    if (wire->round_count == 0)
        add_entry(har, anycert__har_entry(settings, exchange, failure, wire, 0, body_max));
    for (size_t i = 0; i < wire->round_count; i++)
        add_entry(har, anycert__har_entry(settings, exchange, failure, wire, i, body_max));
}

int anycert_config_set_har(struct anycert_config *config, struct anycert_har *har,
                           struct anycert_error *err)
{
    (void)err;
    anycert__har_ref(har);
    anycert_har_free(config->har);
    config->har = har;
    return 0;
}

int anycert_har_set_max_entries(struct anycert_har *har, size_t max, struct anycert_error *err)
{
    if (max == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "an archive of no entries is none");
    pthread_mutex_lock(&har->mutex);
    har->max = max;
    while (har->count > max)
        drop_one(har);
    pthread_mutex_unlock(&har->mutex);
    return 0;
}

int anycert_har_set_request_bodies(struct anycert_har *har, size_t max, struct anycert_error *err)
{
    (void)err;
    pthread_mutex_lock(&har->mutex);
    har->body_max = max;
    pthread_mutex_unlock(&har->mutex);
    return 0;
}

size_t anycert_har_count(struct anycert_har *har)
{
    size_t count = 0;

    pthread_mutex_lock(&har->mutex);
    count = har->count;
    pthread_mutex_unlock(&har->mutex);
    return count;
}

/* The entries are borrowed by the document. */
static bool fill(yyjson_mut_doc *doc, const struct anycert_har *har)
{
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *log = yyjson_mut_obj_add_obj(doc, root, "log");
    yyjson_mut_val *creator = NULL;
    yyjson_mut_val *entries = NULL;
    char comment[64];

    yyjson_mut_doc_set_root(doc, root);
    if (!yyjson_mut_obj_add_str(doc, log, "version", "1.2"))
        return false;
    creator = yyjson_mut_obj_add_obj(doc, log, "creator");
    if (!yyjson_mut_obj_add_str(doc, creator, "name", "anycert") ||
        !yyjson_mut_obj_add_str(doc, creator, "version", ANYCERT_VERSION) ||
        !yyjson_mut_obj_add_arr(doc, log, "pages"))
        return false;
    entries = yyjson_mut_obj_add_arr(doc, log, "entries");
    for (size_t i = 0; i < har->count; i++) {
        const char *entry = har->entries[(har->first + i) % har->capacity];

        if (!yyjson_mut_arr_append(entries, yyjson_mut_raw(doc, entry)))
            return false;
    }
    if (har->dropped == 0)
        return entries != NULL;
    (void)snprintf(comment, sizeof comment, "%llu more entries are missing",
                   (unsigned long long)har->dropped);
    return yyjson_mut_obj_add_strcpy(doc, log, "comment", comment);
}

char *anycert_har_json(struct anycert_har *har, struct anycert_error *err)
{
    yyjson_mut_doc *doc = anycert__json_new();
    char *text = NULL;

    pthread_mutex_lock(&har->mutex);
    if (doc && fill(doc, har))
        text = anycert__json_write(doc, err);
    else
        anycert__fail_nomem(err);
    pthread_mutex_unlock(&har->mutex);
    yyjson_mut_doc_free(doc);
    return text;
}

int anycert_har_write(struct anycert_har *har, const char *path, struct anycert_error *err)
{
    struct anycert__file_writer *writer = NULL;
    char *text = NULL;
    int result = -1;

    if (anycert__check_text(path, "path of the archive", err) < 0)
        return -1;
    text = anycert_har_json(har, err);
    if (text && anycert__file_writer_open_secret(path, &writer, err) == 0 &&
        anycert__file_writer_write(writer, text, strlen(text), err) == 0 &&
        anycert__file_writer_write(writer, "\n", 1, err) == 0)
        result = anycert__file_writer_commit(writer, err);
    anycert__file_writer_free(writer);
    anycert__free(text);
    return result;
}
