/* The header of a request, as libcurl is given it. */
#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define LARGE_BODY   (1024 * 1024)
#define LONGEST_LINE 300000 /* libcurl 8.13 and later leave fields of more than 300 KiB out */
#define LONGEST_HEAD (1000 * 1024) /* of 1 MiB in libcurl, less what it adds itself */
#define KEPT_TEXT    4096          /* for the next request */

/* Methods whose request is expected to have a body: without one they send Content-Length: 0 (RFC
 * 9110 section 8.6). */
bool anycert__expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* Into the text of the lines, which is one block: a list of libcurl's takes two for each. */
static int add_header_line(struct anycert__lane *lane, const char *name, const char *value,
                           struct anycert_error *err)
{
    struct anycert__buf *text = &lane->lines.text;
    size_t begin = text->len;

    /* Piece by piece: for every header of every request, printf() takes too long. */
    anycert__buf_adds(text, name);
    if (!value) {
        anycert__buf_adds(text, ":");
    } else if (!value[strspn(value, " \t")]) {
        anycert__buf_adds(text, ";"); /* "Name:" and spaces would take the field away */
    } else {
        anycert__buf_adds(text, ": ");
        anycert__buf_adds(text, value);
    }
    if (!text->failed && text->len - begin > LONGEST_LINE)
        return anycert__fail(err, ANYCERT_E_HEADER,
                             "header '%.60s' has %zu bytes, more than the 300,000 that can be sent",
                             name, text->len - begin);
    anycert__buf_add(text, "", 1);
    lane->lines.count++;
    return text->failed ? anycert__fail_nomem(err) : 0;
}

/* The list of the lines that were added, for libcurl; NULL when out of memory. */
static struct curl_slist *list_lines(struct anycert__lines *lines)
{
    char *line = lines->text.data;

    if (lines->count > lines->room) {
        struct curl_slist *more = anycert__realloc(lines->list, lines->count * sizeof *more);

        if (!more)
            return NULL;
        lines->list = more;
        lines->room = lines->count;
    }
    for (size_t i = 0; i < lines->count; i++, line += strlen(line) + 1)
        lines->list[i] = (struct curl_slist){
            .data = line, .next = i + 1 < lines->count ? &lines->list[i + 1] : NULL};
    return lines->list;
}

void anycert__lines_clear(struct anycert__lines *lines)
{
    if (lines->text.capacity > KEPT_TEXT) {
        anycert__buf_free(&lines->text);
    } else if (lines->text.data) {
        anycert__wipe(lines->text.data, lines->text.capacity);
        anycert__buf_reset(&lines->text);
    }
    lines->count = 0;
}

/* libcurl makes the Content-Type of a body of parts, with the boundary between them, and puts the
 * boundary behind another multipart type. */
static int check_type_of_parts(const char *type, struct anycert_error *err)
{
    if (!type || (anycert__str_starts_nocase(type, "multipart/") && !strchr(type, ';')))
        return 0;
    return anycert__fail(err, ANYCERT_E_HEADER,
                         "a body of several parts makes its own Content-Type; the only other ones "
                         "it can have are multipart types without parameters");
}

/* The body's Content-Type, where the fields do not have one; libcurl would call every body a form.
 */
static int add_content_type(struct anycert__lane *lane, const struct anycert__body *body,
                            struct anycert_error *err)
{
    if (body && body->kind == ANYCERT__BODY_PARTS)
        return 0;
    return add_header_line(lane, "Content-Type", body ? body->type : NULL, err);
}

/* Bytes of the body but for what is between its parts; -1: not known. */
static int64_t size_of(const struct anycert__lane *lane, const struct anycert__body *body)
{
    const struct anycert__upload *upload = &lane->upload;
    int64_t sum = 0;

    switch (body->kind) {
    case ANYCERT__BODY_NONE:
        return 0;
    case ANYCERT__BODY_BYTES:
        return (int64_t)body->len;
    case ANYCERT__BODY_FILE:
    case ANYCERT__BODY_SOURCE:
        return upload->whole.size;
    case ANYCERT__BODY_PARTS:
        break;
    }
    for (size_t i = 0; i < upload->part_count; i++) {
        if (upload->parts[i].size < 0)
            return -1;
        sum += upload->parts[i].size;
    }
    return sum;
}

/* The Expect field (RFC 9110 section 10.1.1): libcurl announces bodies by their kind and size, each
 * version by other rules, and a server that knows nothing of it makes them wait. Ours is that large
 * ones are, which is worth it, or what the settings say. Where it is left to libcurl, it knows that
 * there is none in HTTP/2. 0, or -1 with NOMEM. */
static int add_expect(struct anycert__lane *lane, const struct anycert__exchange *exchange,
                      struct anycert_error *err)
{
    uint32_t wait_ms = lane->settings->expect_ms;
    int64_t size = exchange->body ? size_of(lane, exchange->body) : 0;

    if (size == 0)
        return 0;
    lane->expects = exchange->may_expect && wait_ms != UINT32_MAX &&
                    (wait_ms > 0 || size < 0 || size > LARGE_BODY);
    if (!lane->expects)
        return add_header_line(lane, "Expect", NULL, err);
    return wait_ms > 0 ? add_header_line(lane, "Expect", "100-continue", err) : 0;
}

CURLcode anycert__lane_headers(struct anycert__lane *lane, const struct anycert__exchange *exchange,
                               struct anycert_error *err)
{
    bool has_parts = exchange->body && exchange->body->kind == ANYCERT__BODY_PARTS;
    bool content_type = false;
    bool user_agent = false;
    bool expect = false;
    bool accept_encoding = !lane->settings->decompress;
    struct curl_slist *list = NULL;
    CURLcode rc = CURLE_OK;

    lane->expects = false;
    if (exchange->header_count == 0 && exchange->auth_header_count == 0 && !exchange->body &&
        !anycert__expects_body(exchange->method))
        return CURLE_OK; /* those of the lane's birth */
    for (size_t i = 0; i < exchange->header_count; i++) {
        const char *name = exchange->headers[i].name;
        const char *value = exchange->headers[i].value;
        bool is_type = anycert__str_equal_nocase(name, "Content-Type");

        if (is_type && has_parts && check_type_of_parts(value, err) < 0)
            return CURLE_BAD_FUNCTION_ARGUMENT;
        if (is_type && has_parts && !value)
            continue;
        if (add_header_line(lane, name, value, err) < 0)
            return CURLE_OUT_OF_MEMORY;
        content_type = content_type || is_type;
        user_agent = user_agent || anycert__str_equal_nocase(name, "User-Agent");
        if (anycert__str_equal_nocase(name, "Expect")) {
            expect = true;
            lane->expects = value && anycert__str_equal_nocase(value, "100-continue");
        }
        accept_encoding = accept_encoding || anycert__str_equal_nocase(name, "Accept-Encoding");
    }
    for (size_t i = 0; i < exchange->auth_header_count; i++) {
        const char *name = exchange->auth_headers[i].name;

        if (add_header_line(lane, name, exchange->auth_headers[i].value, err) < 0)
            return CURLE_OUT_OF_MEMORY;
        content_type = content_type || anycert__str_equal_nocase(name, "Content-Type");
        user_agent = user_agent || anycert__str_equal_nocase(name, "User-Agent");
    }
    if ((!content_type && add_content_type(lane, exchange->body, err) < 0) ||
        (!expect && add_expect(lane, exchange, err) < 0) ||
        (!user_agent && add_header_line(lane, "User-Agent", ANYCERT__USER_AGENT, err) < 0) ||
        (!accept_encoding && add_header_line(lane, "Accept-Encoding", ANYCERT__CODINGS, err) < 0))
        return CURLE_OUT_OF_MEMORY;
    if (lane->lines.text.len > LONGEST_HEAD) {
        anycert__fail(
            err, ANYCERT_E_HEADER,
            "the request's header fields have %zu bytes, more than the 1,024,000 that can "
            "be sent",
            lane->lines.text.len);
        return CURLE_BAD_FUNCTION_ARGUMENT;
    }
    list = list_lines(&lane->lines);
    if (!list)
        return CURLE_OUT_OF_MEMORY;
    ANYCERT__SET(rc, lane->easy, CURLOPT_HTTPHEADER, list);
    return rc;
}
