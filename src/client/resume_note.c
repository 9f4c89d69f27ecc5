#include "client/resume_note.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/fields.h"
#include "verdict/render.h"

#include <yyjson.h>

#include <string.h>

#define VERSION "anycert-part/1"

/* What tells one start of the machine from another; "" if the system does not say. */
static void read_boot(char out[64])
{
    char *text = NULL;
    size_t len = 0;

    out[0] = '\0';
    if (anycert__file_read("/proc/sys/kernel/random/boot_id", 63, ANYCERT_E_FILE, "boot id", &text,
                           &len, NULL) < 0)
        return;
    len = strcspn(text, "\n");
    memcpy(out, text, len);
    out[len] = '\0';
    anycert__free(text);
}

static const char *text_of(yyjson_val *root, const char *key)
{
    return yyjson_get_str(yyjson_obj_get(root, key));
}

static bool number_of(yyjson_val *root, const char *key, uint64_t *out)
{
    yyjson_val *value = yyjson_obj_get(root, key);

    *out = yyjson_get_uint(value);
    return yyjson_is_uint(value) && *out <= INT64_MAX;
}

/* May be sent as a field's value. */
static bool is_sendable(const char *value)
{
    return !value || (value[0] && anycert__field_check("If-Range", value, NULL) == 0);
}

/* Bytes of the file that are certain to be what the note says. */
static uint64_t certain_size(yyjson_val *root, const struct anycert__partial *partial)
{
    uint64_t there = anycert__partial_size(partial);
    const char *boot_then = text_of(root, "boot");
    uint64_t noted = 0;
    char boot[64];

    if (number_of(root, "size", &noted))
        return noted == there ? there : 0; /* else somebody else wrote to it */
    read_boot(boot);
    return boot_then && boot[0] && strcmp(boot_then, boot) == 0 ? there : 0;
}

static uint64_t read_root(yyjson_val *root, const struct anycert__partial *partial, const char *url,
                          struct anycert__resume_note *note)
{
    const char *etag = text_of(root, "etag");
    const char *modified = text_of(root, "last_modified");
    uint64_t have = certain_size(root, partial);

    if (!anycert__str_equal(text_of(root, "version"), VERSION) ||
        !anycert__str_equal(text_of(root, "url"), url) || have == 0 || !etag == !modified ||
        !is_sendable(etag) || !is_sendable(modified) || (etag && etag[0] != '"'))
        return 0;
    note->has_total = number_of(root, "total", &note->total);
    if (note->has_total && have > note->total)
        return 0;
    if (anycert__resume_note_start(note, url) < 0 ||
        anycert__resume_note_describe(note, etag, modified) < 0)
        return 0;
    return have;
}

uint64_t anycert__resume_note_read(const struct anycert__partial *partial, const char *url,
                                   struct anycert__resume_note *note)
{
    char *text = anycert__partial_note(partial);
    yyjson_doc *doc = text ? yyjson_read(text, strlen(text), 0) : NULL;
    uint64_t have = doc ? read_root(yyjson_doc_get_root(doc), partial, url, note) : 0;

    if (have == 0)
        anycert__resume_note_clear(note);
    yyjson_doc_free(doc);
    anycert__free(text);
    return have;
}

int anycert__resume_note_start(struct anycert__resume_note *note, const char *url)
{
    anycert__free_secret(note->url);
    note->url = anycert__strdup(url);
    return note->url ? 0 : -1;
}

int anycert__resume_note_describe(struct anycert__resume_note *note, const char *etag,
                                  const char *last_modified)
{
    anycert__free(note->etag);
    anycert__free(note->last_modified);
    note->etag = anycert__strdup(etag);
    note->last_modified = anycert__strdup(last_modified);
    return (etag && !note->etag) || (last_modified && !note->last_modified) ? -1 : 0;
}

bool anycert__resume_note_is_strong(const struct anycert__resume_note *note)
{
    return note->etag || note->last_modified;
}

static bool fill(yyjson_mut_doc *doc, const struct anycert__resume_note *note,
                 const struct anycert__partial *partial, bool settled)
{
    char boot[64];
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    bool done = yyjson_mut_obj_add_str(doc, root, "version", VERSION) &&
                yyjson_mut_obj_add_str(doc, root, "url", note->url);

    yyjson_mut_doc_set_root(doc, root);
    if (note->etag)
        done = done && yyjson_mut_obj_add_str(doc, root, "etag", note->etag);
    if (note->last_modified)
        done = done && yyjson_mut_obj_add_str(doc, root, "last_modified", note->last_modified);
    if (note->has_total)
        done = done && yyjson_mut_obj_add_uint(doc, root, "total", note->total);
    if (settled)
        return done && yyjson_mut_obj_add_uint(doc, root, "size", anycert__partial_size(partial));
    read_boot(boot);
    return done && yyjson_mut_obj_add_strcpy(doc, root, "boot", boot);
}

static char *make_text(const struct anycert__resume_note *note,
                       const struct anycert__partial *partial, bool settled)
{
    yyjson_mut_doc *doc = anycert__json_new();
    char *text = doc && fill(doc, note, partial, settled) ? anycert__json_write(doc, NULL) : NULL;

    yyjson_mut_doc_free(doc);
    return text;
}

int anycert__resume_note_write(const struct anycert__resume_note *note,
                               struct anycert__partial *partial, bool settled,
                               struct anycert_error *err)
{
    const struct anycert__resume_note bare = {.url = note->url};
    char *text = make_text(note, partial, settled);
    int result = 0;

    /* A tag or date that is no UTF-8 cannot be written down: the part cannot be continued then, but
     * it is known whose it is. */
    if (!text)
        text = make_text(&bare, partial, settled);
    if (text)
        result = anycert__partial_set_note(partial, text, err);
    else
        anycert__partial_drop_note(partial);
    anycert__free(text);
    return result;
}

void anycert__resume_note_clear(struct anycert__resume_note *note)
{
    anycert__free_secret(note->url);
    anycert__free(note->etag);
    anycert__free(note->last_modified);
    memset(note, 0, sizeof *note);
}
