#include "http/framing.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Content-Encoding"};
#define NAME_COUNT (sizeof names / sizeof names[0])

int anycert__framing_check_line(const struct anycert__fields *fields, const char *line, size_t len,
                                const char *host, struct anycert_error *err)
{
    bool folds = len > 0 && (line[0] == ' ' || line[0] == '\t');
    const char *last = folds && fields->count > 0 ? fields->list[fields->count - 1].name : NULL;

    if (!last && len > 0 && !strchr("CcTt", line[0]))
        return 0; /* as most lines, whose name begins otherwise than all of names */
    for (size_t i = 0; i < NAME_COUNT; i++) {
        size_t n = strlen(names[i]);
        bool spaced = len > n && (line[n] == ' ' || line[n] == '\t') &&
                      anycert__equal_nocase(line, names[i], n);

        if (spaced || anycert__str_equal_nocase(last, names[i]))
            return anycert__fail(err, ANYCERT_E_HTTP_PROTOCOL,
                                 "%s writes its %s header in a way that can be read differently",
                                 host, names[i]);
    }
    return 0;
}

/* Content-Length is one number, however often it is given (RFC 9110 section 8.6). libcurl takes the
 * last of several and passes over what does not fit its numbers. */
static bool lengths_are_clear(const struct anycert__fields *fields)
{
    const char *first = NULL;
    uint64_t length = 0;

    for (size_t i = 0; i < fields->count; i++) {
        const char *value = fields->list[i].value;

        if (!anycert__str_equal_nocase(fields->list[i].name, "Content-Length"))
            continue;
        first = first ? first : value;
        if (!anycert__parse_uint(value, INT64_MAX, &length) || strcmp(value, first) != 0)
            return false;
    }
    return true;
}

/* We offer no transfer coding (TE), so there is chunked, or none: "identity" is what servers of
 * another age say for that. */
static bool coding_is_clear(const struct anycert__fields *fields)
{
    const char *coding = anycert__fields_get(fields, "Transfer-Encoding", 0);

    return !coding || (!anycert__fields_get(fields, "Transfer-Encoding", 1) &&
                       (anycert__str_equal_nocase(coding, "chunked") ||
                        anycert__str_equal_nocase(coding, "identity")));
}

int anycert__framing_check(const struct anycert__fields *fields, int status, const char *host,
                           struct anycert_error *err)
{
    if (status == 101)
        return anycert__fail(err, ANYCERT_E_HTTP_PROTOCOL,
                             "%s switches to another protocol, which was not asked for", host);
    if (!lengths_are_clear(fields))
        return anycert__fail(
            err, ANYCERT_E_HTTP_PROTOCOL,
            "%s says in two ways how long its body is, or in none that can be read", host);
    if (!coding_is_clear(fields))
        return anycert__fail(err, ANYCERT_E_HTTP_PROTOCOL,
                             "%s sends its body in a transfer coding that was not asked for", host);
    return 0;
}

bool anycert__framing_is_by_close(const struct anycert__fields *fields, const char *method,
                                  int status, const char *version)
{
    if (strcmp(version, "2") == 0 || strcmp(method, "HEAD") == 0 || status < 200 || status == 204 ||
        status == 304)
        return false;
    if (anycert__str_equal_nocase(anycert__fields_get(fields, "Transfer-Encoding", 0), "chunked"))
        return false;
    return !anycert__fields_get(fields, "Content-Length", 0);
}
