#include "client/internal.h"

#include <anycert/json.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/query.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORM_TYPE "application/x-www-form-urlencoded"
#define FILE_TYPE "application/octet-stream"

/* A body of that kind instead of the one before; bytes are taken over. */
static void replace_body(struct anycert_request *request, enum anycert__body_kind kind, char *bytes,
                         size_t len)
{
    anycert__body_clear(&request->body);
    request->form_capacity = 0;
    request->field_count = 0;
    request->body.kind = kind;
    request->body.bytes = bytes;
    request->body.len = len;
}

static int check_method_takes_body(const struct anycert_request *request, struct anycert_error *err)
{
    if (strcmp(request->method, "HEAD") == 0 || strcmp(request->method, "TRACE") == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "a %s request has no body", request->method);
    return 0;
}

int anycert_request_set_body(struct anycert_request *request, const void *body, size_t len,
                             struct anycert_error *err)
{
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0)
        return -1;
    if (!body && len > 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "the body is missing: NULL with %zu bytes", len);
    copy = anycert__memdup(body ? body : "", len);
    if (!copy)
        return anycert__fail_nomem(err);
    replace_body(request, ANYCERT__BODY_BYTES, copy, len);
    return 0;
}

/* A copy of the path of a file that can be read, or NULL. */
static char *readable_path(const char *path, struct anycert_error *err)
{
    struct stat info;
    char *copy = NULL;

    if (anycert__check_text(path, "path of the body file", err) < 0 || !path)
        return NULL;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0) {
        anycert__fail_errno(err, ANYCERT_E_FILE, errno, "cannot read body file '%s'", path);
        return NULL;
    }
    if (S_ISDIR(info.st_mode)) {
        anycert__fail_errno(err, ANYCERT_E_FILE, EISDIR, "cannot read body file '%s'", path);
        return NULL;
    }
    copy = anycert__strdup(path);
    if (!copy)
        anycert__fail_nomem(err);
    return copy;
}

int anycert_request_set_body_file(struct anycert_request *request, const char *path,
                                  struct anycert_error *err)
{
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0)
        return -1;
    copy = readable_path(path, err);
    if (!copy)
        return -1;
    replace_body(request, ANYCERT__BODY_FILE, NULL, 0);
    request->body.path = copy;
    return 0;
}

int anycert_request_set_json(struct anycert_request *request, const char *text, size_t len,
                             struct anycert_error *err)
{
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0 ||
        anycert__json_check(text, text ? len : 0, err) < 0)
        return -1;
    copy = anycert__memdup(text, len);
    if (!copy)
        return anycert__fail_nomem(err);
    replace_body(request, ANYCERT__BODY_BYTES, copy, len);
    request->body.type = "application/json";
    return 0;
}

/* What callbacks give, or NULL. */
static struct anycert__source *new_source(anycert_read_callback *read,
                                          anycert_rewind_callback *rewind, int64_t size, void *arg,
                                          struct anycert_error *err)
{
    struct anycert__source *source = NULL;

    if (!read) {
        anycert__fail(err, ANYCERT_E_USAGE, "a body's source has no callback to read it");
        return NULL;
    }
    if (size < -1) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "the size of a body's source is -1 or a number of bytes, not %lld",
                      (long long)size);
        return NULL;
    }
    source = anycert__malloc(sizeof *source);
    if (source)
        *source =
            (struct anycert__source){.read = read, .rewind = rewind, .arg = arg, .size = size};
    else
        anycert__fail_nomem(err);
    return source;
}

int anycert_request_set_body_source(struct anycert_request *request, anycert_read_callback *read,
                                    anycert_rewind_callback *rewind, int64_t size, void *arg,
                                    struct anycert_error *err)
{
    struct anycert__source *source = NULL;

    if (check_method_takes_body(request, err) < 0)
        return -1;
    source = new_source(read, rewind, size, arg, err);
    if (!source)
        return -1;
    replace_body(request, ANYCERT__BODY_SOURCE, NULL, 0);
    request->body.source = source;
    return 0;
}

/* ---- forms: fields as text, until a part makes parts of them */

/* Makes room for more bytes of the form. What was there is wiped and not left to realloc(). */
static int grow_form(struct anycert_request *request, size_t more, struct anycert_error *err)
{
    struct anycert__body *body = &request->body;
    size_t capacity = request->form_capacity ? request->form_capacity : 64;
    char *bytes = NULL;

    if (more > SIZE_MAX / 4 - body->len)
        return anycert__fail_nomem(err);
    while (capacity < body->len + more)
        capacity *= 2;
    if (body->bytes && capacity == request->form_capacity)
        return 0;
    bytes = anycert__malloc(capacity);
    if (!bytes)
        return anycert__fail_nomem(err);
    if (body->bytes) {
        memcpy(bytes, body->bytes, body->len);
        anycert__wipe(body->bytes, body->len);
        anycert__free(body->bytes);
    }
    body->bytes = bytes;
    request->form_capacity = capacity;
    return 0;
}

static void append_pair(struct anycert__body *body, const char *name, const char *value)
{
    if (body->len > 0)
        body->bytes[body->len++] = '&';
    body->len += anycert__form_encode(name, ANYCERT_QUERY_PLUS, body->bytes + body->len);
    body->bytes[body->len++] = '=';
    body->len += anycert__form_encode(value, ANYCERT_QUERY_PLUS, body->bytes + body->len);
}

static bool is_form(const struct anycert_request *request)
{
    return request->body.kind == ANYCERT__BODY_PARTS || request->form_capacity > 0;
}

/* Names stand in header fields of their part. */
static int check_name(const char *name, const char *what, struct anycert_error *err)
{
    if (!name)
        return anycert__fail(err, ANYCERT_E_USAGE, "the %s is missing", what);
    if (anycert__has_control(name, strlen(name)))
        return anycert__fail(err, ANYCERT_E_USAGE, "the %s has control characters in it", what);
    return 0;
}

/* Fields are kept as parts, too, as a file may still come. */
int anycert_request_add_form(struct anycert_request *request, const char *name, const char *value,
                             struct anycert_error *err)
{
    struct anycert__body *body = &request->body;
    struct anycert__part *part = NULL;
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0 ||
        check_name(name, "name of a form's field", err) < 0)
        return -1;
    if (!value)
        return anycert__fail(err, ANYCERT_E_USAGE, "a form's field has no value");
    copy = anycert__strdup(value);
    if (!copy)
        return anycert__fail_nomem(err);
    if (!is_form(request))
        replace_body(request, ANYCERT__BODY_BYTES, NULL, 0);
    if (grow_form(request,
                  2 + anycert__form_encode(name, ANYCERT_QUERY_PLUS, NULL) +
                      anycert__form_encode(value, ANYCERT_QUERY_PLUS, NULL),
                  err) < 0)
        goto fail;
    part = anycert__body_add_part(body, request->field_count, name, err);
    if (!part)
        goto fail;
    part->bytes = copy;
    part->len = strlen(copy);
    request->field_count++;
    body->type = FORM_TYPE;
    append_pair(body, name, value);
    return 0;
fail:
    anycert__free_secret(copy);
    return -1;
}

/* A part that stands behind those that are there, and owns path or bytes; both are freed if it
 * cannot be. */
static int add_part(struct anycert_request *request, const char *field, const char *filename,
                    const char *type, struct anycert__part *content, struct anycert_error *err)
{
    struct anycert__part *part = NULL;
    char *filename_copy = anycert__strdup(filename);
    char *type_copy = type && *type ? anycert__strdup(type) : NULL;

    if ((filename && !filename_copy) || (type && *type && !type_copy)) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (!is_form(request))
        replace_body(request, ANYCERT__BODY_PARTS, NULL, 0);
    part = anycert__body_add_part(&request->body, request->body.part_count, field, err);
    if (!part)
        goto fail;
    request->body.kind = ANYCERT__BODY_PARTS;
    part->filename = filename_copy;
    part->type = type_copy;
    part->path = content->path;
    part->bytes = content->bytes;
    part->len = content->len;
    return 0;
fail:
    anycert__free(filename_copy);
    anycert__free(type_copy);
    anycert__free(content->path);
    if (content->bytes)
        anycert__wipe(content->bytes, content->len);
    anycert__free(content->bytes);
    return -1;
}

static int check_part(const struct anycert_request *request, const char *field,
                      const char *filename, const char *type, struct anycert_error *err)
{
    if (check_method_takes_body(request, err) < 0 ||
        check_name(field, "name of a form's field", err) < 0)
        return -1;
    if (filename && check_name(filename, "file name of a form's part", err) < 0)
        return -1;
    return type ? check_name(type, "type of a form's part", err) : 0;
}

int anycert_request_add_file(struct anycert_request *request, const char *field, const char *path,
                             const char *filename, const char *type, struct anycert_error *err)
{
    struct anycert__part content = {0};
    const char *slash = NULL;

    if (check_part(request, field, filename, type, err) < 0)
        return -1;
    content.path = readable_path(path, err);
    if (!content.path)
        return -1;
    slash = strrchr(path, '/');
    if (!filename)
        filename = slash ? slash + 1 : path;
    return add_part(request, field, filename, type ? type : FILE_TYPE, &content, err);
}

int anycert_request_add_part(struct anycert_request *request, const char *field, const void *data,
                             size_t len, const char *filename, const char *type,
                             struct anycert_error *err)
{
    struct anycert__part content = {.len = len};

    if (check_part(request, field, filename, type, err) < 0)
        return -1;
    if (!data && len > 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the data of a form's part is missing: NULL with %zu bytes", len);
    content.bytes = anycert__memdup(data ? data : "", len);
    if (!content.bytes)
        return anycert__fail_nomem(err);
    return add_part(request, field, filename, !type && filename ? FILE_TYPE : type, &content, err);
}

/* The part that was added last, or NULL. */
static struct anycert__part *last_part(struct anycert_request *request, const char *what,
                                       struct anycert_error *err)
{
    struct anycert__body *body = &request->body;

    if (body->kind == ANYCERT__BODY_PARTS)
        return &body->parts[body->part_count - 1]; /* fields stand before them */
    anycert__fail(err, ANYCERT_E_USAGE, "there is no part that the %s could belong to", what);
    return NULL;
}

int anycert_request_set_part_source(struct anycert_request *request, anycert_read_callback *read,
                                    anycert_rewind_callback *rewind, int64_t size, void *arg,
                                    struct anycert_error *err)
{
    struct anycert__part *part = last_part(request, "source", err);
    struct anycert__source *source = part ? new_source(read, rewind, size, arg, err) : NULL;

    if (!source)
        return -1;
    anycert__free(part->path);
    if (part->bytes)
        anycert__wipe(part->bytes, part->len);
    anycert__free(part->bytes);
    anycert__free(part->source);
    part->path = part->bytes = NULL;
    part->len = 0;
    part->source = source;
    return 0;
}

int anycert_request_add_part_header(struct anycert_request *request, const char *name,
                                    const char *value, struct anycert_error *err)
{
    struct anycert__part *part = last_part(request, "header field", err);

    if (!part)
        return -1;
    if (!value)
        return anycert__fail(err, ANYCERT_E_USAGE, "a header field of a part has no value");
    if (anycert__field_check(name, value, err) < 0)
        return -1;
    if (anycert__str_equal_nocase(name, "Content-Disposition") ||
        anycert__str_equal_nocase(name, "Content-Type"))
        return anycert__fail(err, ANYCERT_E_HEADER,
                             "a part's %s comes from its name, file name and type", name);
    return anycert__fields_add(&part->headers, name, value, err);
}
