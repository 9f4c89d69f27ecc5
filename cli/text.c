#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* Length of the UTF-8 sequence at s, or 0 if it is none or a control character. */
static size_t printable(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool control = s[0] == 0xc2 && s[1] < 0xa0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return control || overlong || surrogate || beyond ? 0 : length;
}

static void clean(char *text)
{
    unsigned char *s = (unsigned char *)text;
    while (*s != '\0') {
        size_t length = printable(s);
        if (length == 0)
            *s = '?';
        s += length > 0 ? length : 1;
    }
}

int cli_error(struct anycert_error *err, int code, const char *format, ...)
{
    *err = (struct anycert_error){.code = code, .tls_alert = -1};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    clean(err->message);
    return -1;
}

int cli_error_context(struct anycert_error *err, const char *format, ...)
{
    char context[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(context, sizeof context, format, args);
    va_end(args);
    char whole[sizeof context + sizeof err->message];
    (void)snprintf(whole, sizeof whole, "%s%s", context, err->message);
    (void)snprintf(err->message, sizeof err->message, "%.*s", (int)sizeof err->message - 1, whole);
    clean(err->message);
    return -1;
}

void cli_error_strip(struct anycert_error *err, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(err->message, word, length) != 0 ||
        (err->message[length] != '=' && err->message[length] != ' '))
        return;
    const char *rest = err->message + length;
    rest += strspn(rest, "= ");
    memmove(err->message, rest, strlen(rest) + 1);
}

void cli_error_append(struct anycert_error *err, const char *text)
{
    size_t used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, "%s", text);
}

int cli_no_memory(struct anycert_error *err)
{
    return cli_error(err, ANYCERT_E_NOMEM, "out of memory");
}

char *cli_copy(const char *text, struct anycert_error *err)
{
    char *copy = strdup(text);
    if (!copy)
        cli_no_memory(err);
    return copy;
}

void cli_wipe_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

int cli_list_add(struct cli_list *list, const char *text, struct anycert_error *err)
{
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return cli_no_memory(err);
    list->items = items;
    items[list->count] = cli_copy(text, err);
    if (!items[list->count])
        return -1;
    list->count++;
    return 0;
}

bool cli_list_has(const struct cli_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i], text) == 0)
            return true;
    return false;
}

void cli_list_free(struct cli_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        cli_wipe_free(list->items[i]);
    free(list->items);
    *list = (struct cli_list){0};
}

const char *cli_place(char out[CLI_PLACE_MAX], const char *host, unsigned port)
{
    (void)snprintf(out, CLI_PLACE_MAX, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    return out;
}

size_t cli_url_shown(const char *url)
{
    return strcspn(url, "?#");
}

int cli_bytes_add(struct cli_bytes *bytes, const void *data, size_t len, struct anycert_error *err)
{
    if (len > CLI_BYTES_MAX || bytes->len > CLI_BYTES_MAX - len)
        return cli_error(err, ANYCERT_E_USAGE,
                         "more than %zu MiB of data; send a file with -T instead",
                         CLI_BYTES_MAX >> 20);
    if (!bytes->data || len >= bytes->size - bytes->len) {
        size_t size = bytes->size ? bytes->size : 4096;
        while (size <= bytes->len + len)
            size *= 2;
        /* Not realloc: the old copy has to be wiped. */
        char *grown = malloc(size);
        if (!grown)
            return cli_no_memory(err);
        if (bytes->data) {
            memcpy(grown, bytes->data, bytes->len);
            explicit_bzero(bytes->data, bytes->len);
            free(bytes->data);
        }
        bytes->data = grown;
        bytes->size = size;
    }
    if (len > 0)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    bytes->data[bytes->len] = '\0';
    return 0;
}

int cli_bytes_add_text(struct cli_bytes *bytes, const char *text, struct anycert_error *err)
{
    return cli_bytes_add(bytes, text, strlen(text), err);
}

void cli_bytes_free(struct cli_bytes *bytes)
{
    if (bytes->data)
        explicit_bzero(bytes->data, bytes->len);
    free(bytes->data);
    *bytes = (struct cli_bytes){0};
}

static int read_all(struct cli_bytes *bytes, int fd, const char *path, const char *what,
                    struct anycert_error *err)
{
    char block[16384];
    int status = 0;
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got > 0)
            status = cli_bytes_add(bytes, block, (size_t)got, err);
        if (got == 0 || status != 0)
            break;
        if (got < 0 && errno == EINTR) {
            status = cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted");
            break;
        }
        if (got < 0) {
            int error = errno;
            status = cli_error(err, ANYCERT_E_FILE, "%s: cannot read %s: %s", what, path,
                               strerror(error));
            err->os_errno = error;
            break;
        }
    }
    explicit_bzero(block, sizeof block);
    return status;
}

int cli_bytes_read_fd(struct cli_bytes *bytes, int fd, const char *name, const char *what,
                      struct anycert_error *err)
{
    return read_all(bytes, fd, name, what, err);
}

int cli_bytes_read(struct cli_bytes *bytes, const char *path, const char *what,
                   struct anycert_error *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(bytes, STDIN_FILENO, "standard input", what, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        int error = errno;
        cli_error(err, ANYCERT_E_FILE, "%s: cannot read '%s': %s", what, path, strerror(error));
        err->os_errno = error;
        return -1;
    }
    int status = read_all(bytes, fd, path, what, err);
    (void)close(fd);
    return status;
}

/* Decimal digits into *value, at most max; the first byte behind them, or NULL if there is no digit
 * or the number is too large. */
static const char *digits(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (sum > (max - digit) / 10)
            return NULL;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return p == text ? NULL : p;
}

int cli_parse_seconds(const char *text, const char *what, uint32_t *milliseconds,
                      struct anycert_error *err)
{
    uint64_t whole = 0;
    uint32_t part = 0;
    const char *p = *text == '.' ? text : digits(text, UINT32_MAX / 1000 - 1, &whole);
    if (p && *p == '.') {
        uint32_t unit = 100;
        bool rest = false;
        const char *first = ++p;
        for (; *p >= '0' && *p <= '9'; p++, unit /= 10) {
            part += unit * (uint32_t)(*p - '0');
            rest = rest || (unit == 0 && *p != '0');
        }
        part += rest; /* 0.0001 is a limit, not its absence */
        p = p == first ? NULL : p;
    }
    if (!p || *p != '\0')
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s: '%s' is no number of seconds (such as 10 or 2.5, at most 4294966)",
                         what, text);
    *milliseconds = (uint32_t)whole * 1000 + part;
    return 0;
}

int cli_parse_size(const char *text, const char *what, uint64_t *bytes, struct anycert_error *err)
{
    static const char units[] = "kmgt";
    uint64_t number = 0;
    unsigned shift = 0;
    const char *p = digits(text, UINT64_MAX >> 1, &number);
    if (p && *p != '\0') {
        const char *unit = strchr(units, *p | 0x20);
        shift = unit ? 10 * ((unsigned)(unit - units) + 1) : 0;
        p = unit ? p + 1 : p;
    }
    if (!p || *p != '\0' || number == 0 || number > (UINT64_MAX >> 1) >> shift)
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s: '%s' is no size (such as 4096, 64k, 10M or 2G, and not 0)", what,
                         text);
    *bytes = number << shift;
    return 0;
}

int cli_parse_number(const char *text, const char *what, unsigned max, unsigned *number,
                     struct anycert_error *err)
{
    uint64_t value = 0;
    const char *p = digits(text, max, &value);
    if (!p || *p != '\0')
        return cli_error(err, ANYCERT_E_USAGE, "%s: '%s' is no number from 0 to %u", what, text,
                         max);
    *number = (unsigned)value;
    return 0;
}

#define NEAREST_MAX 32

/* Levenshtein distance, or a large number for long words. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAREST_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > NEAREST_MAX || b_len > NEAREST_MAX)
        return NEAREST_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[b_len];
}

const char *cli_nearest(const char *word, const char *(*next)(size_t index))
{
    const char *best = NULL;
    size_t limit = strlen(word) > 4 ? 3 : 2;
    for (size_t i = 0;; i++) {
        const char *candidate = next(i);
        if (!candidate)
            return best;
        size_t d = distance(word, candidate);
        if (d < limit) {
            best = candidate;
            limit = d;
        }
    }
}

void cli_format_date(int64_t seconds, char out[CLI_DATE_SIZE])
{
    struct tm tm = {0};
    time_t when = (time_t)seconds;
    if (!gmtime_r(&when, &tm) || strftime(out, CLI_DATE_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        (void)snprintf(out, CLI_DATE_SIZE, "an unreadable date");
}
