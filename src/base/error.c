#include "base/error.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Longer than any message, so that a prefix and a message both fit before they are cut. */
#define RAW_SIZE ((size_t)4 * ANYCERT_ERROR_MESSAGE_SIZE)

struct code_row {
    int code;
    int class_number;
    const char *name;
    const char *meaning;
};

static const struct code_row code_rows[] = {
    {ANYCERT_SUCCESS, ANYCERT_CLASS_OK, "SUCCESS", "success"},
#define ANYCERT_ERROR(name, number, class_name, text)                                              \
    {ANYCERT_E_##name, ANYCERT_CLASS_##class_name, #name, text},
#include <anycert/errors.def>
};

static const struct code_row *find_code(int code)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++) {
        if (code_rows[i].code == code)
            return &code_rows[i];
    }
    return NULL;
}

int anycert_error_class_of(int code)
{
    const struct code_row *row = find_code(code);
    return row ? row->class_number : ANYCERT_CLASS_INTERNAL;
}

const char *anycert_error_name(int code)
{
    const struct code_row *row = find_code(code);
    return row ? row->name : NULL;
}

const char *anycert_error_meaning(int code)
{
    const struct code_row *row = find_code(code);
    return row ? row->meaning : NULL;
}

/* Copies text into the message, whole characters only: what may not be shown and what is not UTF-8
 * becomes \xNN. cut says that text itself was cut, so that half a character may stand at its end.
 */
static void set_message(struct anycert_error *err, const char *text, bool cut)
{
    static const char digits[] = "0123456789abcdef";
    size_t left = strlen(text), used = 0;
    while (left > 0) {
        char piece[16];
        size_t piece_len = 0;
        uint32_t c;
        size_t n = anycert__utf8_decode(text, left, &c);
        if (n == 0 && cut && left < 4 && (unsigned char)text[0] >= 0xc0)
            break;
        if (n > 0 && !anycert__is_unshowable(c)) {
            memcpy(piece, text, n);
            piece_len = n;
        } else {
            n = n > 0 ? n : 1;
            for (size_t i = 0; i < n; i++) {
                unsigned char byte = (unsigned char)text[i];
                piece[piece_len++] = '\\';
                piece[piece_len++] = 'x';
                piece[piece_len++] = digits[byte >> 4];
                piece[piece_len++] = digits[byte & 15];
            }
        }
        if (used + piece_len >= sizeof err->message)
            break;
        memcpy(err->message + used, piece, piece_len);
        used += piece_len;
        text += n;
        left -= n;
    }
    err->message[used] = '\0';
}

static void write_error(struct anycert_error *err, int code, int os_errno, const char *format,
                        va_list args) ANYCERT__PRINTF(4, 0);

static void write_error(struct anycert_error *err, int code, int os_errno, const char *format,
                        va_list args)
{
    char raw[RAW_SIZE];
    int n = vsnprintf(raw, sizeof raw, format, args);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (n < 0)
        raw[0] = '\0';
    if (len < sizeof raw && os_errno != 0) {
        char reason[128];
        if (strerror_r(os_errno, reason, sizeof reason) != 0)
            snprintf(reason, sizeof reason, "error number %d", os_errno);
        n = snprintf(raw + len, sizeof raw - len, ": %s", reason);
        len += n < 0 ? 0 : (size_t)n;
    }
    anycert__error_clear(err);
    err->code = code != ANYCERT_SUCCESS ? code : ANYCERT_E_INTERNAL;
    err->os_errno = os_errno;
    err->tls_alert = -1;
    set_message(err, raw, len >= sizeof raw);
}

int anycert__fail(struct anycert_error *err, int code, const char *format, ...)
{
    if (err == NULL || err->code != 0)
        return -1;
    va_list args;
    va_start(args, format);
    write_error(err, code, 0, format, args);
    va_end(args);
    return -1;
}

int anycert__fail_errno(struct anycert_error *err, int code, int os_errno, const char *format, ...)
{
    if (err == NULL || err->code != 0)
        return -1;
    va_list args;
    va_start(args, format);
    write_error(err, code, os_errno, format, args);
    va_end(args);
    return -1;
}

int anycert__fail_nomem(struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_NOMEM, "out of memory");
}

int anycert__error_prefix(struct anycert_error *err, const char *format, ...)
{
    if (err == NULL || err->code == 0)
        return -1;
    char raw[RAW_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n;
    bool cut = len >= sizeof raw;
    if (!cut) {
        n = snprintf(raw + len, sizeof raw - len, ": %s", err->message);
        cut = n < 0 || (size_t)n >= sizeof raw - len;
    }
    set_message(err, raw, cut);
    return -1;
}

void anycert__error_clear(struct anycert_error *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}
