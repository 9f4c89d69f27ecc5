#include "http/space.h"

#include "base/mem.h"

#include <string.h>

/* Where the path begins, or what stands for it. */
static const char *behind_authority(const char *text)
{
    const char *slashes = text + strcspn(text, "/?#");

    if (strncmp(slashes, "//", 2) != 0 || (slashes > text && slashes[-1] != ':'))
        return text;
    return slashes + 2 + strcspn(slashes + 2, "/?#");
}

char *anycert__encode_spaces(const char *text)
{
    const char *from = behind_authority(text);
    size_t len = strlen(text);
    size_t spaces = 0;
    char *copy = NULL;
    char *out = NULL;

    for (const char *p = from; *p; p++)
        spaces += *p == ' ';
    copy = anycert__malloc(len + 2 * spaces + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, (size_t)(from - text));
    out = copy + (from - text);
    for (; *from; from++) {
        if (*from == ' ') {
            memcpy(out, "%20", 3);
            out += 3;
        } else {
            *out++ = *from;
        }
    }
    *out = '\0';
    return copy;
}
