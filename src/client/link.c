#include "client/link.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* RFC 8288 appendix B.2 is the way through a field, where every comma and semicolon in quotes has
 * to be known as such. */
struct reader {
    const char *p;
};

static void skip_blanks(struct reader *r)
{
    r->p += strspn(r->p, " \t");
}

/* A piece of the field's text. */
struct piece {
    const char *start;
    size_t len;
    bool quoted; /* it has escapes in it */
};

static struct piece read_until(struct reader *r, const char *stop)
{
    struct piece piece = {r->p, strcspn(r->p, stop), false};

    r->p += piece.len;
    while (piece.len > 0 && strchr(" \t", piece.start[piece.len - 1]))
        piece.len--;
    return piece;
}

/* A quoted-string (RFC 9110 section 5.6.4); without its end it goes to the end of the field. */
static struct piece read_quoted(struct reader *r)
{
    struct piece piece = {++r->p, 0, true};

    while (*r->p && *r->p != '"')
        r->p += *r->p == '\\' && r->p[1] ? 2 : 1;
    piece.len = (size_t)(r->p - piece.start);
    if (*r->p)
        r->p++;
    return piece;
}

/* One parameter behind its semicolon. */
static void read_parameter(struct reader *r, struct piece *name, struct piece *value)
{
    skip_blanks(r);
    *name = read_until(r, "=;,");
    *value = (struct piece){r->p, 0, false};
    if (*r->p != '=')
        return;
    r->p++;
    skip_blanks(r);
    *value = *r->p == '"' ? read_quoted(r) : read_until(r, ";,");
}

/* Whether a word is among the blank-separated ones of a value (section 3.3). */
static bool has_word(const struct piece *value, const char *word)
{
    const char *end = value->start + value->len;

    for (const char *p = value->start; p < end;) {
        size_t len = 0;

        while (p + len < end && !strchr(" \t", p[len]))
            len++;
        if (anycert__is_word_nocase(p, len, word))
            return true;
        p += len > 0 ? len : 1;
    }
    return false;
}

/* The parameters of one link, up to the comma behind them. True if it has the relation. */
static bool read_parameters(struct reader *r, const char *relation)
{
    bool has_relation = false;
    bool seen = false; /* of several rel only the first counts */
    bool anchored = false;

    skip_blanks(r);
    while (*r->p == ';') {
        struct piece name = {NULL, 0, false};
        struct piece value = {NULL, 0, false};

        r->p++;
        read_parameter(r, &name, &value);
        if (anycert__is_word_nocase(name.start, name.len, "rel") && !seen) {
            seen = true;
            has_relation = has_word(&value, relation);
        } else if (anycert__is_word_nocase(name.start, name.len, "anchor")) {
            anchored = true;
        }
        skip_blanks(r);
        if (*r->p && !strchr(";,", *r->p)) /* something behind a quoted string */
            (void)read_until(r, ";,");
    }
    return has_relation && !anchored;
}

/* The target of the next link with the relation, or NULL. */
static char *read_field(const char *text, const char *relation, bool *failed)
{
    struct reader r = {text};

    while (*r.p) {
        struct piece target = {NULL, 0, false};

        r.p += strspn(r.p, " \t,");
        if (*r.p != '<') {
            (void)read_until(&r, ",");
            continue;
        }
        r.p++;
        target = read_until(&r, ">");
        if (!*r.p)
            return NULL;
        r.p++;
        if (read_parameters(&r, relation) && target.len > 0) {
            char *copy = anycert__strndup(target.start, target.len);

            *failed = !copy;
            return copy;
        }
        (void)read_until(&r, ",");
    }
    return NULL;
}

char *anycert__link_find(const struct anycert__fields *fields, const char *relation, bool *failed)
{
    *failed = false;
    for (size_t nth = 0;; nth++) {
        const char *text = anycert__fields_get(fields, "Link", nth);
        char *target = text ? read_field(text, relation, failed) : NULL;

        if (!text || target || *failed)
            return target;
    }
}
