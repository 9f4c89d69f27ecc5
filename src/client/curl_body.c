/* The body of a request as options of curl. */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/secret.h"

#include <stdio.h>
#include <string.h>

/* What one word of a command may have: Linux takes 128 KiB. */
#define MAX_WORD 65536

/* ---- bytes in memory ---- */

static bool is_json(const struct anycert__curl *curl, const char *text, size_t len)
{
    const char *type = anycert__curl_type(curl);
    size_t at = 0;

    for (size_t i = 0; type && type[i]; i++) {
        if (anycert__str_starts_nocase(type + i, "json"))
            return true;
    }
    while (at < len && text[at] != '\0' && strchr(" \t\r\n", text[at]))
        at++;
    return at < len && (text[at] == '{' || text[at] == '[' || text[at] == '"');
}

static void add_file(struct anycert__curl *curl, const char *prefix, const char *name,
                     size_t name_len, size_t len, const char *what)
{
    char text[160];

    (void)snprintf(text, sizeof text, "the name of a file with %s, %zu bytes", what, len);
    anycert__curl_variable(curl, prefix, name, name_len, text);
}

static void add_bytes(struct anycert__curl *curl, const struct anycert__body *body)
{
    const char *bytes = body->bytes ? body->bytes : "";

    if (curl->request->secret_body && body->len > 0) {
        anycert__curl_begin(curl, "data-raw");
        anycert__curl_variable(curl, "ANYCERT_BODY", NULL, 0, "the body, a secret");
        return;
    }
    if (body->len <= MAX_WORD && !memchr(bytes, '\0', body->len)) {
        anycert__curl_begin(curl, "data-raw");
        if (is_json(curl, bytes, body->len))
            anycert__curl_json(curl, bytes, body->len);
        else
            anycert__curl_pairs(curl, bytes, body->len, "ANYCERT_FORM");
        return;
    }
    anycert__curl_begin(curl, "data-binary");
    anycert__curl_text(curl, "@");
    if (anycert__curl_input(curl, bytes, body->len))
        anycert__curl_text(curl, "-");
    else
        add_file(curl, "ANYCERT_BODY_FILE", NULL, 0, body->len, "the body");
}

/* ---- files and callbacks ---- */

/* A path behind '@'; curl takes the name "-" for its standard input. */
static void add_path(struct anycert__curl *curl, const char *path)
{
    anycert__curl_begin(curl, "data-binary");
    anycert__curl_text(curl, strcmp(path, "-") == 0 ? "@./" : "@");
    anycert__curl_text(curl, path);
}

/* --data-binary counts what it reads before it sends, --upload-file sends chunks. */
static void add_source(struct anycert__curl *curl, const struct anycert__source *source)
{
    curl->reads_input = true;
    if (source->size >= 0)
        anycert__curl_option(curl, "data-binary", "@-");
    else
        anycert__curl_option(curl, "upload-file", "-");
    anycert__curl_note(curl, "the body comes from a callback of the program: give it to the "
                             "standard input of curl");
}

/* ---- forms of several parts ---- */

/* In double quotes, where ';' and ',' are themselves. */
static void add_in_quotes(struct anycert__curl *curl, const char *bytes, size_t len)
{
    struct anycert__buf out;

    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    anycert__buf_adds(&out, "\"");
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            anycert__buf_adds(&out, "\\");
        anycert__buf_add(&out, &bytes[i], 1);
    }
    anycert__buf_adds(&out, "\"");
    if (out.failed)
        curl->options.failed = true;
    else
        anycert__curl_bytes(curl, out.data, out.len);
    anycert__buf_free(&out);
}

static void add_part_secret(struct anycert__curl *curl, const struct anycert__part *part,
                            const char *what)
{
    anycert__curl_variable(curl, "ANYCERT_FORM", part->name, strlen(part->name), what);
}

static void add_text_part(struct anycert__curl *curl, const struct anycert__part *part,
                          bool is_secret)
{
    anycert__curl_begin(curl, part->type ? "form" : "form-string");
    anycert__curl_text(curl, part->name);
    anycert__curl_text(curl, "=");
    if (is_secret && part->type) {
        anycert__curl_text(curl, "\"");
        add_part_secret(curl, part, "the value of a field, backslashes before \" and backslashes");
        anycert__curl_text(curl, "\"");
        return;
    }
    if (is_secret)
        add_part_secret(curl, part, "the value of a field");
    else if (part->type)
        add_in_quotes(curl, part->bytes, part->len);
    else
        anycert__curl_bytes(curl, part->bytes, part->len);
}

static void add_content(struct anycert__curl *curl, const struct anycert__part *part,
                        bool is_secret)
{
    anycert__curl_begin(curl, "form");
    anycert__curl_text(curl, part->name);
    anycert__curl_text(curl, part->filename || part->path ? "=@" : "=<");
    if (part->source)
        anycert__curl_variable(curl, "ANYCERT_PART", part->name, strlen(part->name),
                               "the name of a file with what a callback of the program gives");
    else if (part->path)
        add_in_quotes(curl, part->path, strlen(part->path));
    else if (!is_secret && anycert__curl_input(curl, part->bytes, part->len))
        anycert__curl_text(curl, "-");
    else
        add_file(curl, "ANYCERT_PART", part->name, strlen(part->name), part->len, "this part");
}

static void add_part_headers(struct anycert__curl *curl, const struct anycert__part *part)
{
    struct anycert__buf line;

    for (size_t i = 0; i < part->headers.count; i++) {
        const char *name = part->headers.list[i].name;

        anycert__curl_text(curl, ";headers=");
        if (anycert__is_secret_field(&curl->client->settings, name, strlen(name))) {
            anycert__curl_text(curl, "\"");
            add_part_secret(curl, part,
                            "a header field of a part, backslashes before \" and "
                            "backslashes");
            anycert__curl_text(curl, "\"");
            continue;
        }
        anycert__buf_init(&line, SIZE_MAX / 2);
        anycert__buf_addf(&line, "%s: %s", name, part->headers.list[i].value);
        if (line.failed)
            curl->options.failed = true;
        else
            add_in_quotes(curl, line.data, line.len);
        anycert__buf_free(&line);
    }
}

static void add_part(struct anycert__curl *curl, const struct anycert__part *part)
{
    bool is_secret = part->len > 0 && (curl->request->secret_body ||
                                       anycert__is_secret_param(&curl->client->settings, part->name,
                                                                strlen(part->name)));
    bool is_text = !part->path && !part->source && !part->filename && part->len <= MAX_WORD &&
                   !memchr(part->bytes, '\0', part->len);

    if (is_text)
        add_text_part(curl, part, is_secret);
    else
        add_content(curl, part, is_secret);
    if (part->type) {
        anycert__curl_text(curl, ";type=");
        anycert__curl_text(curl, part->type);
    }
    if (part->filename) {
        anycert__curl_text(curl, ";filename=");
        add_in_quotes(curl, part->filename, strlen(part->filename));
    }
    add_part_headers(curl, part);
    if (part->filename && !part->type)
        anycert__curl_note(curl, "curl gives part '%s' a type by its file name, anycert none",
                           part->name);
    if (strchr(part->name, '='))
        anycert__curl_note(curl, "curl takes the name of part '%s' to end before its '='",
                           part->name);
}

/* ---- all of them ---- */

static bool expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* Whether it is asked before the body is sent; the default is that of both. */
static void add_expect(struct anycert__curl *curl)
{
    uint32_t wait_ms = curl->client->config->expect_ms;

    if (wait_ms == 0 || anycert__fields_get(anycert__curl_fields(curl), "Expect", 0))
        return;
    if (wait_ms == UINT32_MAX) {
        anycert__curl_option(curl, "header", "Expect:");
        return;
    }
    anycert__curl_option(curl, "header", "Expect: 100-continue");
    anycert__buf_addf(&curl->options, " \\\n  --expect100-timeout %u.%03u",
                      (unsigned)wait_ms / 1000, (unsigned)wait_ms % 1000);
}

/* curl would call every body a form. */
static void add_type(struct anycert__curl *curl)
{
    const char *type = curl->request->body.type;

    if (!type) {
        anycert__curl_option(curl, "header", "Content-Type:");
        return;
    }
    anycert__curl_begin(curl, "header");
    anycert__curl_text(curl, "Content-Type: ");
    anycert__curl_text(curl, type);
}

static bool has_type(const struct anycert__curl *curl)
{
    const struct anycert__fields *fields = anycert__curl_fields(curl);

    for (size_t i = 0; i < fields->count; i++) {
        if (anycert__str_equal_nocase(fields->list[i].name, "Content-Type"))
            return true;
    }
    return false;
}

void anycert__curl_body(struct anycert__curl *curl)
{
    const struct anycert__body *body = &curl->request->body;

    switch (body->kind) {
    case ANYCERT__BODY_NONE:
        if (!expects_body(curl->request->method))
            return;
        anycert__curl_option(curl, "data-raw", "");
        break;
    case ANYCERT__BODY_BYTES:
        add_bytes(curl, body);
        break;
    case ANYCERT__BODY_FILE:
        add_path(curl, body->path);
        break;
    case ANYCERT__BODY_SOURCE:
        add_source(curl, body->source);
        break;
    case ANYCERT__BODY_PARTS:
        for (size_t i = 0; i < body->part_count; i++)
            add_part(curl, &body->parts[i]);
        add_expect(curl);
        return;
    }
    if (!has_type(curl))
        add_type(curl);
    if (body->kind != ANYCERT__BODY_NONE && (body->kind != ANYCERT__BODY_BYTES || body->len > 0))
        add_expect(curl);
}
