/* Command lines for a POSIX shell: every byte arrives as it is, and nothing that is printed
 * controls a terminal. */
#include "client/curl_command.h"

#include "base/shell.h"
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

/* What stands in quotes just before goes on. */
void anycert__curl_bytes(struct anycert__curl *curl, const char *bytes, size_t len)
{
    struct anycert__buf *out = &curl->options;
    size_t begin = out->len;
    bool goes_on = out->len > 0 && out->len == curl->quoted_end;

    anycert__shell_add(out, bytes, len);
    if (out->failed)
        return;
    if (goes_on && out->data[begin] == '\'') {
        memmove(out->data + begin - 1, out->data + begin + 1, out->len - begin);
        out->len -= 2;
    }
    curl->quoted_end = out->data[out->len - 1] == '\'' ? out->len : 0;
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
    anycert__shell_add_printf(&curl->input, bytes, len);
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
