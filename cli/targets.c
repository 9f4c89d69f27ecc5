#include "targets.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without a comment: a # at the beginning or behind a blank; in a URL it may be anything. */
static size_t without_comment(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
            return i;
    return len;
}

/* As for all of them. */
static int take_line(const char *line, size_t len, size_t number, cli_target_take *take, void *arg)
{
    char word[CLI_TARGET_SIZE];
    len = without_comment(line, len);
    while (len > 0 && (is_blank(line[len - 1]) || line[len - 1] == '\r'))
        len--;
    while (len > 0 && is_blank(*line)) {
        line++;
        len--;
    }
    if (len == 0)
        return 0;
    if (len >= sizeof word || memchr(line, '\0', len))
        return take(arg, number, NULL);
    memcpy(word, line, len);
    word[len] = '\0';
    return take(arg, number, word);
}

int cli_targets_each(const char *text, size_t len, cli_target_take *take, void *arg)
{
    static const char mark[] = "\xef\xbb\xbf";
    int result = 0;
    /* Some editors put it in front of everything; it is invisible. */
    size_t at = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    for (size_t number = 1; result == 0 && at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end ? (size_t)(end - (text + at)) : len - at;
        result = take_line(text + at, line, number, take, arg);
        at += line + 1;
    }
    return result;
}
