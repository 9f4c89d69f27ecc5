/* Command lines for a POSIX shell: every byte arrives as it is, and nothing that is printed
 * controls a terminal. */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The shell prints it by itself, without a limit; nobody wants to paste more. */
#define MAX_INPUT 65536

void anycert__curl_note(struct anycert__curl *curl, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    anycert__buf_adds(&curl->notes, "# ");
    anycert__buf_add_escaped(&curl->notes, text, strlen(text));
    anycert__buf_adds(&curl->notes, "\n");
}

/* ---- quoting ---- */

/* Within single quotes the shell takes everything as it is, but for themselves. What stands in
 * quotes just before goes on. */
static void add_quoted(struct anycert__curl *curl, const char *bytes, size_t len)
{
    struct anycert__buf *out = &curl->options;

    if (out->len > 0 && out->len == curl->quoted_end)
        out->data[--out->len] = '\0';
    else
        anycert__buf_adds(out, "'");
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\'')
            anycert__buf_adds(out, "'\\''");
        else
            anycert__buf_add(out, &bytes[i], 1);
    }
    anycert__buf_adds(out, "'");
    curl->quoted_end = out->len;
}

/* A format of printf, in single quotes. An exclamation mark would mean something to an interactive
 * bash where the whole stands in double quotes. */
static void add_format(struct anycert__buf *out, const char *bytes, size_t len)
{
    anycert__buf_adds(out, "printf '");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '%')
            anycert__buf_adds(out, "%%");
        else if (c < 0x20 || c >= 0x7f || strchr("'\"\\!$`", c))
            anycert__buf_addf(out, "\\%03o", c);
        else
            anycert__buf_add(out, &bytes[i], 1);
    }
    anycert__buf_adds(out, "'");
}

/* Whether a terminal shows it as what it is: UTF-8 without control characters but tabs and line
 * ends, and nothing invisible that turns the direction of text. */
static bool is_showable(const char *bytes, size_t len)
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

void anycert__curl_bytes(struct anycert__curl *curl, const char *bytes, size_t len)
{
    size_t end = len;

    if (is_showable(bytes, len)) {
        add_quoted(curl, bytes, len);
        return;
    }
    /* Line ends at the end would be lost. */
    while (end > 0 && bytes[end - 1] == '\n')
        end--;
    anycert__buf_adds(&curl->options, "\"$(");
    add_format(&curl->options, bytes, end);
    anycert__buf_adds(&curl->options, ")\"");
    if (end < len)
        add_quoted(curl, bytes + end, len - end);
}

void anycert__curl_text(struct anycert__curl *curl, const char *text)
{
    anycert__curl_bytes(curl, text, strlen(text));
}

void anycert__curl_textf(struct anycert__curl *curl, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    anycert__curl_text(curl, text);
}

bool anycert__curl_input(struct anycert__curl *curl, const char *bytes, size_t len)
{
    if (curl->reads_input || len > MAX_INPUT)
        return false;
    curl->reads_input = true;
    add_format(&curl->input, bytes, len);
    anycert__buf_adds(&curl->input, " |\n");
    return true;
}

/* ---- options ---- */

void anycert__curl_begin(struct anycert__curl *curl, const char *option)
{
    anycert__buf_addf(&curl->options, " \\\n  --%s ", option);
}

void anycert__curl_flag(struct anycert__curl *curl, const char *option)
{
    anycert__buf_addf(&curl->options, " \\\n  --%s", option);
}

void anycert__curl_option(struct anycert__curl *curl, const char *option, const char *value)
{
    anycert__curl_begin(curl, option);
    anycert__curl_text(curl, value);
}

void anycert__curl_number(struct anycert__curl *curl, const char *option, uint64_t number)
{
    anycert__buf_addf(&curl->options, " \\\n  --%s %llu", option, (unsigned long long)number);
}

/* ---- variables ---- */

static bool is_taken(const struct anycert__curl *curl, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = curl->variables.data; p && (p = strstr(p, name)) != NULL; p += len) {
        if (p[len] == ' ' && (p == curl->variables.data || p[-1] == ' '))
            return true;
    }
    return false;
}

void anycert__curl_variable(struct anycert__curl *curl, const char *prefix, const char *name,
                            size_t name_len, const char *what)
{
    char base[96];
    char full[112];
    size_t used = (size_t)snprintf(base, sizeof base, "%s%s", prefix, name_len ? "_" : "");

    for (size_t i = 0; i < name_len && used < sizeof base - 1; i++, used++) {
        char c = name[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        base[used] = '_';
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            base[used] = c;
    }
    base[used] = '\0';
    (void)snprintf(full, sizeof full, "%s", base);
    for (unsigned i = 2; is_taken(curl, full); i++)
        (void)snprintf(full, sizeof full, "%s_%u", base, i);
    anycert__buf_addf(&curl->variables, "%s ", full);
    anycert__buf_addf(&curl->options, "\"${%s:?}\"", full);
    anycert__curl_note(curl, "set %s: %s", full, what);
}
