#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 64

void anycert__buf_init(struct anycert__buf *buf, size_t max)
{
    *buf = (struct anycert__buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void anycert__buf_init_secret(struct anycert__buf *buf, size_t max)
{
    anycert__buf_init(buf, max);
    buf->secret = true;
}

void anycert__buf_free(struct anycert__buf *buf)
{
    if (buf == NULL)
        return;
    if (buf->secret)
        anycert__wipe(buf->data, buf->data ? buf->capacity : 0);
    anycert__free(buf->data);
    anycert__buf_init(buf, buf->max);
}

void anycert__buf_reset(struct anycert__buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    buf->too_large = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* realloc(), which may leave a copy behind, or for a secret something that does not. */
static char *grow(const struct anycert__buf *buf, size_t capacity)
{
    char *data = NULL;

    if (!buf->secret || !buf->data)
        return anycert__realloc(buf->data, capacity);
    data = anycert__malloc(capacity);
    if (!data)
        return NULL;
    memcpy(data, buf->data, buf->len);
    anycert__wipe(buf->data, buf->capacity);
    anycert__free(buf->data);
    return data;
}

/* Makes room for extra more bytes and the NUL behind them. */
static int reserve(struct anycert__buf *buf, size_t extra)
{
    if (buf->failed)
        return -1;
    if (extra > buf->max - buf->len) {
        buf->failed = true;
        buf->too_large = true;
        return -1;
    }
    size_t needed = buf->len + extra + 1;
    if (needed <= buf->capacity)
        return 0;
    size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
    if (capacity > buf->max + 1)
        capacity = buf->max + 1;
    char *data = grow(buf, capacity);
    if (data == NULL) {
        buf->failed = true;
        return -1;
    }
    buf->data = data;
    buf->capacity = capacity;
    buf->data[buf->len] = '\0';
    return 0;
}

int anycert__buf_add(struct anycert__buf *buf, const void *bytes, size_t len)
{
    if (reserve(buf, len) != 0)
        return -1;
    if (len > 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int anycert__buf_adds(struct anycert__buf *buf, const char *text)
{
    return anycert__buf_add(buf, text, strlen(text));
}

int anycert__buf_addf(struct anycert__buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        buf->failed = true;
        return -1;
    }
    if (reserve(buf, (size_t)n) != 0)
        return -1;
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)n + 1, format, args);
    va_end(args);
    buf->len += (size_t)n;
    return 0;
}

char *anycert__buf_take(struct anycert__buf *buf, const char *what, struct anycert_error *err)
{
    if (buf->data == NULL)
        reserve(buf, 0);
    if (buf->failed) {
        if (buf->too_large)
            anycert__fail(err, ANYCERT_E_USAGE, "%s is larger than %zu bytes", what, buf->max);
        else
            anycert__fail_nomem(err);
        return NULL;
    }
    char *data = buf->data;
    anycert__buf_init(buf, buf->max);
    return data;
}
