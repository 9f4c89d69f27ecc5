/* text.h — sentences, lists of strings and numbers, as the command line needs them. */
#ifndef ANYCERT_CLI_TEXT_H
#define ANYCERT_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>

/* Fills err with a code and a sentence and returns -1, so that a caller may return it. Control
 * bytes and what is no UTF-8 become '?': the sentence goes to a terminal or into JSON. */
__attribute__((format(printf, 3, 4))) int cli_error(struct anycert_error *err, int code,
                                                    const char *format, ...);
/* Puts words in front of a sentence that is there already; returns -1. */
__attribute__((format(printf, 2, 3))) int cli_error_context(struct anycert_error *err,
                                                            const char *format, ...);
/* Takes a word that it begins with away, and = or a space behind it. */
void cli_error_strip(struct anycert_error *err, const char *word);
/* Puts words behind it. */
void cli_error_append(struct anycert_error *err, const char *text);
/* The same as cli_error for memory that ran out. */
int cli_no_memory(struct anycert_error *err);

/* Strings of one's own. Everything may be a secret, so it is wiped when it is freed. */
struct cli_list {
    char **items;
    size_t count;
};
int cli_list_add(struct cli_list *list, const char *text, struct anycert_error *err);
void cli_list_free(struct cli_list *list);
/* Whether the text is in it, in whatever case. */
bool cli_list_has(const struct cli_list *list, const char *text);

/* "HOST:PORT", as URLs and entries have it: with brackets around an IPv6 address (RFC 3986 section
 * 3.2.2). Returns out. */
#define CLI_PLACE_MAX 300
const char *cli_place(char out[CLI_PLACE_MAX], const char *host, unsigned port);

/* How much of a URL can be shown to anybody: what is before the query, which may hold secrets. */
size_t cli_url_shown(const char *url);

/* Bytes of one's own with a NUL behind them, growing up to a limit; wiped when freed. */
#define CLI_BYTES_MAX ((size_t)256 << 20)
struct cli_bytes {
    char *data;
    size_t len;
    size_t size;
};
int cli_bytes_add(struct cli_bytes *bytes, const void *data, size_t len, struct anycert_error *err);
int cli_bytes_add_text(struct cli_bytes *bytes, const char *text, struct anycert_error *err);
void cli_bytes_free(struct cli_bytes *bytes);
/* Reads a whole file, or standard input for "-"; at most CLI_BYTES_MAX bytes. what names the option
 * that asks for it. -1 with FILE. */
int cli_bytes_read(struct cli_bytes *bytes, const char *path, const char *what,
                   struct anycert_error *err);

/* The same from an open descriptor, called name, which stays open. */
int cli_bytes_read_fd(struct cli_bytes *bytes, int fd, const char *name, const char *what,
                      struct anycert_error *err);

/* A copy, or NULL with NOMEM. Free with cli_wipe_free. */
char *cli_copy(const char *text, struct anycert_error *err);
/* Overwrites a string and frees it. NULL is a no-op. */
void cli_wipe_free(char *text);

/* "2.5" seconds as milliseconds, rounded up; at most 2^32-1 ms. what names the option. */
int cli_parse_seconds(const char *text, const char *what, uint32_t *milliseconds,
                      struct anycert_error *err);
/* "64", "64k", "1M", "2G": bytes, in powers of 1024; from 1 on. */
int cli_parse_size(const char *text, const char *what, uint64_t *bytes, struct anycert_error *err);
/* A decimal number of at most max. */
int cli_parse_number(const char *text, const char *what, unsigned max, unsigned *number,
                     struct anycert_error *err);

/* The candidate that is at most two changes away from a word, or NULL. next() yields candidates and
 * then NULL; state starts at 0. */
const char *cli_nearest(const char *word, const char *(*next)(size_t index));

/* "2026-01-31 23:59:59 UTC" of seconds since 1970. */
#define CLI_DATE_SIZE 48
void cli_format_date(int64_t seconds, char out[CLI_DATE_SIZE]);

#endif
