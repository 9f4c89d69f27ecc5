#include "base/shell.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

bool anycert__shell_is_showable(const char *bytes, size_t len)
{
    struct anycert__buf shown;
    bool is_same = true;

    anycert__buf_init(&shown, SIZE_MAX / 2);
    for (size_t at = 0; is_same && at < len;) {
        const char *piece = bytes + at;
        size_t n = 0;

        while (at + n < len && !strchr("\n\t\\", piece[n]))
            n++;
        anycert__buf_reset(&shown);
        anycert__buf_add_escaped(&shown, piece, n);
        is_same = !shown.failed && shown.len == n;
        at += n;
        if (at < len && bytes[at] == '\0')
            is_same = false;
        at += at < len;
    }
    anycert__buf_free(&shown);
    return is_same;
}

/* An exclamation mark would mean something to an interactive bash where the whole stands in double
 * quotes. */
void anycert__shell_add_printf(struct anycert__buf *buf, const char *bytes, size_t len)
{
    anycert__buf_adds(buf, "printf '");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '%')
            anycert__buf_adds(buf, "%%");
        else if (c < 0x20 || c >= 0x7f || strchr("'\"\\!$`", c))
            anycert__buf_addf(buf, "\\%03o", c);
        else
            anycert__buf_add(buf, &bytes[i], 1);
    }
    anycert__buf_adds(buf, "'");
}

/* Within single quotes the shell takes everything as it is, but for themselves. */
static void add_quoted(struct anycert__buf *buf, const char *bytes, size_t len)
{
    anycert__buf_adds(buf, "'");
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\'')
            anycert__buf_adds(buf, "'\\''");
        else
            anycert__buf_add(buf, &bytes[i], 1);
    }
    anycert__buf_adds(buf, "'");
}

void anycert__shell_add(struct anycert__buf *buf, const char *bytes, size_t len)
{
    size_t end = len;

    if (anycert__shell_is_showable(bytes, len)) {
        add_quoted(buf, bytes, len);
        return;
    }
    /* Line ends at the end would be lost. */
    while (end > 0 && bytes[end - 1] == '\n')
        end--;
    anycert__buf_adds(buf, "\"$(");
    anycert__shell_add_printf(buf, bytes, end);
    anycert__buf_adds(buf, ")\"");
    if (end < len)
        add_quoted(buf, bytes + end, len - end);
}

void anycert__shell_add_word(struct anycert__buf *buf, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";

    if (*text && text[strspn(text, plain)] == '\0')
        anycert__buf_adds(buf, text);
    else
        anycert__shell_add(buf, text, strlen(text));
}
