#include "targets.h"

#include <string.h>

/* As for all of them. */
static int take_line(const char *line, size_t len, int (*take)(void *arg, const char *target),
                     void *arg)
{
    char word[CLI_TARGET_SIZE];
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
        len--;
    while (len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    if (len == 0 || *line == '#')
        return 0;
    if (len >= sizeof word || memchr(line, '\0', len))
        return 1;
    memcpy(word, line, len);
    word[len] = '\0';
    return take(arg, word);
}

int cli_targets_each(const char *text, size_t len, int (*take)(void *arg, const char *target),
                     void *arg)
{
    int result = 0;
    for (size_t at = 0; result == 0 && at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end ? (size_t)(end - (text + at)) : len - at;
        result = take_line(text + at, line, take, arg);
        at += line + 1;
    }
    return result;
}
