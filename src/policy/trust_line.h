/* policy/trust_line.h — one line of a trust store, in text and in parts. */
#ifndef ANYCERT_POLICY_TRUST_LINE_H
#define ANYCERT_POLICY_TRUST_LINE_H

#include <stdbool.h>

#include <anycert/trust_store.h>

#include "base/buf.h"

#define ANYCERT__TRUST_HOST_SIZE   320                   /* "host:port", as a pattern's text */
#define ANYCERT__TRUST_HASHED_LEN  (3 + 44 + 1 + 44 + 1) /* |1|SALT|HASH| */
#define ANYCERT__TRUST_COMMENT_MAX 200

/* Everything is borrowed from the line's text. */
struct anycert__trust_line {
    const char *host; /* "nas.example:443", "[2001:db8::1]:443", "|1|SALT|HASH|" */
    size_t host_len;
    bool is_hashed;
    enum anycert_trust_kind kind;
    const char *pins; /* comma-separated; "" for ca */
    size_t pins_len, pin_count;
    int64_t first_seen, changed;
    enum anycert_trust_source source;
    const char *comment; /* "" for none */
    size_t comment_len;
};

/* Takes a line, without its end, apart. NULL, or what is wrong with it, to stand behind "line 7:".
 * A line without an entry (blank, or a comment) has a host_len of 0. */
const char *anycert__trust_line_parse(const char *text, size_t len,
                                      struct anycert__trust_line *out);
/* Appends it in its one spelling, with its end. */
void anycert__trust_line_write(struct anycert__buf *buf, const struct anycert__trust_line *line);

/* "host:port" of a URL's host in its one spelling. 0, or -1 with USAGE. */
int anycert__trust_host_text(const char *host, uint16_t port, char out[ANYCERT__TRUST_HOST_SIZE],
                             struct anycert_error *err);
/* What is wrong with a list of pins, whose number it counts, or NULL. */
const char *anycert__trust_pins_fault(const char *pins, size_t len, size_t *count);
/* What is wrong with a comment, or NULL. */
const char *anycert__trust_comment_fault(const char *comment, size_t len);

#endif
