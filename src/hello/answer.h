/* hello/answer.h — what came back to a ClientHello, as plain facts, read as it comes. Pure: bytes
 * in, facts out; nothing is verified, and no byte of the peer's decides how much memory is asked
 * for: what is kept grows with what has come, up to ANYCERT__ANSWER_MAX.
 *
 *     anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
 *     while (anycert__answer_feed(&answer, bytes, len, &err) > 0) … more bytes …
 *     anycert__answer_close(&answer, ANYCERT__END_CLOSED);   when there are no more
 *     … answer.kind, answer.end, answer.hello …
 *     anycert__answer_free(&answer);
 *
 * An answer is for one thread at a time. */
#ifndef ANYCERT_HELLO_ANSWER_H
#define ANYCERT_HELLO_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "hello/banner.h"
#include "hello/suite.h"
#include "hello/write.h"

/* Bytes of an answer that are read: enough for a certificate with ten thousand names. */
#define ANYCERT__ANSWER_MAX (1024U * 1024U)

/* What the peer speaks. */
enum anycert__answer_kind {
    ANYCERT__KIND_SILENT = 0, /* it has said nothing */
    ANYCERT__KIND_TLS,        /* records of SSL 3.0 or newer */
    ANYCERT__KIND_SSL2,
    ANYCERT__KIND_OTHER /* see `banner` */
};

/* Why no more is read. */
enum anycert__answer_end {
    ANYCERT__END_OPEN = 0, /* more may come */
    ANYCERT__END_COMPLETE, /* all is there that was asked for, or that can be read without a key */
    ANYCERT__END_ALERT,    /* the peer refused, or went away politely: see `alert` */
    ANYCERT__END_BROKEN,   /* it breaks the rules of TLS: see `fault` */
    ANYCERT__END_TOO_LARGE,
    /* Said by whoever has the connection, through anycert__answer_close(). What was read until then
     * stands: a ServerHello, part of a flight, or nothing. */
    ANYCERT__END_CLOSED, /* without an alert */
    ANYCERT__END_RESET,
    ANYCERT__END_TIMEOUT,
    ANYCERT__END_CANCELLED,
    ANYCERT__END_FAILED /* another error of the system's: see `os_errno` */
};

/* How much is asked for. */
enum anycert__until {
    ANYCERT__UNTIL_HELLO, /* the ServerHello */
    ANYCERT__UNTIL_FLIGHT /* all that a server of TLS 1.2 and older says before it waits for us */
};

/* Bytes within answer->messages; anycert__answer_bytes() finds them. */
struct anycert__span {
    size_t at, len;
};

/* One vector of vectors, each with its length in so many bytes. */
struct anycert__span_list {
    struct anycert__span all;
    size_t width;
    size_t count;
};

/* ServerHello, or a HelloRetryRequest. */
struct anycert__server_hello {
    uint16_t version;        /* that is spoken from now on: supported_versions' if there is one */
    uint16_t legacy_version; /* in the message's old place */
    bool retry; /* it is a HelloRetryRequest: `group` is the one that the server wants */
    uint8_t random[32];
    /* The end of `random` says that the server could have done better (RFC 8446 section 4.1.3). */
    bool downgrade_mark;
    uint8_t session_id_len;
    uint16_t suite;
    uint8_t compression;
    uint16_t group; /* of the key share; 0: none was said */
    bool has_extensions;
    uint16_t extensions[32]; /* their numbers, in the order in which they came */
    size_t extension_count;  /* no more than there is room for */
    bool renegotiation_info, extended_master_secret, encrypt_then_mac, session_ticket;
    bool status_request, server_name, heartbeat, next_protocols, pre_shared_key, cookie;
    char alpn[256]; /* the server's bytes, up to a NUL; "" for none */
};

enum anycert__server_key_kind {
    ANYCERT__KEY_NONE = 0,   /* there was no ServerKeyExchange */
    ANYCERT__KEY_UNKNOWN,    /* of a suite without a name here: nothing is said about it */
    ANYCERT__KEY_DH,         /* `bits` is the size of the prime */
    ANYCERT__KEY_CURVE,      /* `group` */
    ANYCERT__KEY_PRIME,      /* a curve by its parameters: `bits` of its prime */
    ANYCERT__KEY_CHAR2,      /* the same over a field of two to the `bits` */
    ANYCERT__KEY_RSA_EXPORT, /* `bits` of the modulus */
    ANYCERT__KEY_PSK_HINT,   /* only a hint, for a shared key */
    ANYCERT__KEY_SRP         /* `bits` of the prime */
};

struct anycert__server_key {
    enum anycert__server_key_kind kind;
    uint16_t group;
    uint32_t bits;
    bool is_signed;
    uint16_t scheme; /* 0 before TLS 1.2: MD5 and SHA-1 for RSA, SHA-1 for DSA and ECDSA */
    size_t signature_len;
    struct anycert__span prime; /* of DH and SRP, big-endian, as sent */
};

/* CertificateRequest of TLS 1.2 and older. Later ones cannot be read. */
struct anycert__cert_request {
    struct anycert__span types;      /* one byte each: anycert__cert_type_name() */
    struct anycert__span schemes;    /* two bytes each; empty before TLS 1.2 */
    struct anycert__span_list names; /* of CAs that will do, DER; none: any */
};

struct anycert__alert {
    uint8_t level; /* 1: warning, 2: fatal */
    uint8_t description;
};
#define ANYCERT__ANSWER_ALERTS 8

struct anycert__answer {
    enum anycert__answer_kind kind;
    enum anycert__answer_end end;
    const char *fault; /* for BROKEN: what is wrong, a static sentence; else NULL */

    struct anycert__buf raw; /* all that has come, the first bytes first */

    enum anycert__banner banner; /* of OTHER */

    /* All alerts that came, warnings (unrecognized_name) too, and the one that ended it, or -1. */
    struct anycert__alert alerts[ANYCERT__ANSWER_ALERTS];
    size_t alert_count;
    int alert;

    uint16_t record_version; /* of the first record; 0: there was none */
    bool has_hello;
    struct anycert__server_hello hello;
    bool has_certificates; /* of TLS 1.2 and older; DER, the server's own first */
    struct anycert__span_list certificates;
    struct anycert__server_key key;
    bool has_staple; /* a CertificateStatus */
    bool has_request;
    struct anycert__cert_request request;
    bool has_done; /* ServerHelloDone */

    /* SSL 2.0: its ServerHello's version, or its error. */
    uint16_t ssl2_version;
    uint16_t ssl2_error;

    int os_errno; /* for FAILED and RESET */

    /* The reader's own. */
    struct anycert__buf messages; /* the handshake messages without their records */
    enum anycert__until until;
    size_t taken;       /* bytes of raw that have been read */
    size_t record_left; /* bytes of the present record that have not been read yet */
    size_t message_at;  /* where the next message begins in messages */
    uint8_t record_type;
    uint8_t alert_level; /* of an alert of which half has come */
    bool half_alert;
};

void anycert__answer_init(struct anycert__answer *answer, enum anycert__until until);
void anycert__answer_free(struct anycert__answer *answer);

/* Takes the next bytes, in pieces of any size. 1 if more are wanted, 0 if the end was reached (what
 * follows is not looked at), -1 with NOMEM. */
int anycert__answer_feed(struct anycert__answer *answer, const void *bytes, size_t len,
                         struct anycert_error *err);
/* No more bytes will come. Does nothing if the end was reached before. */
void anycert__answer_close(struct anycert__answer *answer, enum anycert__answer_end why);

/* The bytes of a span, borrowed until the answer is fed again or freed. */
const uint8_t *anycert__answer_bytes(const struct anycert__answer *answer,
                                     struct anycert__span span);
/* The next entry of a list (a certificate, a name); *position is 0 before the first. False behind
 * the last. */
bool anycert__answer_next(const struct anycert__answer *answer,
                          const struct anycert__span_list *list, size_t *position,
                          struct anycert__span *out);

/* What is said to a server before one goes: user_canceled, where there is such an alert, and
 * close_notify. Bytes to be sent: 0 for a peer that has gone itself, or does not speak TLS, or
 * would take encrypted alerts only (behind TLS 1.3's ServerHello). */
#define ANYCERT__GOODBYE_SIZE 14
size_t anycert__answer_goodbye(const struct anycert__answer *answer,
                               uint8_t out[ANYCERT__GOODBYE_SIZE]);

/* How the answer disagrees with what was offered ("the server chose a cipher suite that was not
 * offered"), as a static sentence, or NULL. */
const char *anycert__answer_breach(const struct anycert__answer *answer,
                                   const struct anycert__hello *hello);

#endif
