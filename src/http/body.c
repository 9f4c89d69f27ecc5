#include "http/body.h"

#include "base/mem.h"

#include <string.h>
#include <sys/stat.h>

/* What has been read from a pipe is gone. */
static bool is_regular_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* The path of a file of the body that can be read only once, or NULL. */
static const char *find_pipe(const struct anycert__body *body)
{
    if (body->kind == ANYCERT__BODY_FILE)
        return is_regular_file(body->path) ? NULL : body->path;
    if (body->kind != ANYCERT__BODY_PARTS)
        return NULL;
    for (size_t i = 0; i < body->part_count; i++) {
        if (body->parts[i].path && !is_regular_file(body->parts[i].path))
            return body->parts[i].path;
    }
    return NULL;
}

static bool is_used_up(const struct anycert__source *source)
{
    return source && source->begun && !source->rewind;
}

static bool has_used_up_source(const struct anycert__body *body)
{
    if (body->kind == ANYCERT__BODY_SOURCE)
        return is_used_up(body->source);
    for (size_t i = 0; body->kind == ANYCERT__BODY_PARTS && i < body->part_count; i++) {
        if (is_used_up(body->parts[i].source))
            return true;
    }
    return false;
}

int anycert__body_check_again(const struct anycert__body *body, int code, const char *why,
                              struct anycert_error *err)
{
    const char *pipe = body ? find_pipe(body) : NULL;

    if (pipe)
        return anycert__fail(err, code, "%s, but the body in '%s' can be read only once", why,
                             pipe);
    if (body && has_used_up_source(body))
        return anycert__fail(err, code, "%s, but the body's source cannot be rewound", why);
    return 0;
}

bool anycert__body_repeats(const struct anycert__body *body)
{
    return anycert__body_check_again(body, ANYCERT_E_BODY_READ, "", NULL) == 0;
}

struct anycert__part *anycert__body_add_part(struct anycert__body *body, size_t at,
                                             const char *name, struct anycert_error *err)
{
    char *copy = anycert__strdup(name);
    struct anycert__part *parts =
        copy ? anycert__realloc(body->parts, (body->part_count + 1) * sizeof *parts) : NULL;

    if (!parts) {
        anycert__free(copy);
        anycert__fail_nomem(err);
        return NULL;
    }
    body->parts = parts;
    memmove(&parts[at + 1], &parts[at], (body->part_count - at) * sizeof *parts);
    parts[at] = (struct anycert__part){.name = copy};
    body->part_count++;
    return &parts[at];
}

static void free_bytes(char *bytes, size_t len)
{
    if (bytes)
        anycert__wipe(bytes, len);
    anycert__free(bytes);
}

void anycert__body_clear(struct anycert__body *body)
{
    for (size_t i = 0; i < body->part_count; i++) {
        struct anycert__part *part = &body->parts[i];

        anycert__free(part->name);
        anycert__free(part->filename);
        anycert__free(part->type);
        anycert__free(part->path);
        anycert__free(part->source);
        anycert__fields_clear(&part->headers);
        free_bytes(part->bytes, part->len);
    }
    anycert__free(body->parts);
    anycert__free(body->source);
    anycert__free(body->path);
    free_bytes(body->bytes, body->len);
    memset(body, 0, sizeof *body);
}
