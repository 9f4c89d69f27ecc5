#include "client/xml_tree.h"

#include "base/error.h"

#include <string.h>

#define MAX_ATTRIBUTES   1000
#define MAX_DECLARATIONS 16384 /* bytes of a document type */

/* The first character behind mark, or NULL if it does not come. */
static const char *behind(const char *p, const char *end, const char *mark)
{
    size_t len = strlen(mark);

    for (; (size_t)(end - p) >= len; p++) {
        p = memchr(p, mark[0], (size_t)(end - p) - len + 1);
        if (!p)
            return NULL;
        if (memcmp(p, mark, len) == 0)
            return p + len;
    }
    return NULL;
}

static bool starts(const char *p, const char *end, const char *with)
{
    size_t len = strlen(with);

    return (size_t)(end - p) >= len && memcmp(p, with, len) == 0;
}

/* The number of quoted strings in the tag or declaration at p, and the character where it ends,
 * which is one of stops, or the end; those of one that has no end are counted, too. */
static size_t count_quoted(const char **p, const char *end, const char *stops)
{
    const char *at = *p + 1;
    size_t count = 0;

    while (at < end && !strchr(stops, *at)) {
        if (*at == '"' || *at == '\'') {
            const char *quote = memchr(at + 1, *at, (size_t)(end - at - 1));

            count++;
            at = quote ? quote : end - 1;
        }
        at++;
    }
    *p = at;
    return count;
}

/* Counts its bytes. A document type's own declarations, behind its '[', come one by one. */
static const char *skip_declaration(const char *p, const char *end, size_t *bytes)
{
    const char *next = p;

    (void)count_quoted(&next, end, "<>[");
    *bytes += (size_t)(next - p);
    return next;
}

/* libxml2 compares each attribute of an element with each other one, each of some names in a
 * document type too, and takes a NUL for the end of the text. */
int anycert__xml_scan(const char *text, size_t len, struct anycert_error *err)
{
    const char *end = text + len;
    const char *p = text;
    size_t declarations = 0;

    if (memchr(text, '\0', len))
        return anycert__fail(err, ANYCERT_E_BODY_XML,
                             "the body is not valid XML: it has a NUL in it");
    while (p && p < end && (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
        if (starts(p, end, "<!--"))
            p = behind(p + 4, end, "-->");
        else if (starts(p, end, "<![CDATA["))
            p = behind(p + 9, end, "]]>");
        else if (starts(p, end, "<?"))
            p = behind(p + 2, end, "?>");
        else if (starts(p, end, "<!"))
            p = skip_declaration(p, end, &declarations);
        else if (count_quoted(&p, end, "<>") > MAX_ATTRIBUTES)
            return anycert__fail(err, ANYCERT_E_BODY_XML,
                                 "the XML body has an element with more than %d attributes",
                                 MAX_ATTRIBUTES);
        if (declarations > MAX_DECLARATIONS)
            return anycert__fail(err, ANYCERT_E_BODY_XML,
                                 "the XML body has a document type of more than %d bytes",
                                 MAX_DECLARATIONS);
    }
    return 0;
}
