/* What every file that calls OpenSSL needs: its errors as ours. */
#include "tls/ossl.h"

#include <openssl/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_REASONS 3

/* The text of one queue entry; buf is used where OpenSSL has no text of its own. */
static const char *reason_text(unsigned long code, char *buf, size_t size)
{
    const char *reason = ERR_reason_error_string(code);
    if (reason)
        return reason;
    ERR_error_string_n(code, buf, size);
    return buf;
}

/* The queue's reasons, oldest (which is the cause) first, each once; "" for an empty queue. */
static void drain_queue(char *out, size_t size)
{
    char buf[160], previous[160] = "";
    unsigned long code = 0;
    size_t used = 0, shown = 0;

    out[0] = '\0';
    while ((code = ERR_get_error()) != 0) {
        const char *text = reason_text(code, buf, sizeof buf);
        if (shown == MAX_REASONS || strncmp(text, previous, sizeof previous - 1) == 0)
            continue;
        int n = snprintf(out + used, size - used, "%s%s", shown > 0 ? "; " : "", text);
        if (n < 0 || (size_t)n >= size - used)
            break;
        used += (size_t)n;
        shown++;
        snprintf(previous, sizeof previous, "%s", text);
    }
    ERR_clear_error();
}

int anycert__fail_openssl(struct anycert_error *err, int code, const char *format, ...)
{
    char sentence[ANYCERT_ERROR_MESSAGE_SIZE], reasons[256];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    drain_queue(reasons, sizeof reasons);
    if (reasons[0] == '\0')
        return anycert__fail(err, code, "%s", sentence);
    return anycert__fail(err, code, "%s: %s", sentence, reasons);
}
