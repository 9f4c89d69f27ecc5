/* hello/write.h — ClientHello messages of every version, from SSL 3.0 to TLS 1.3, that no TLS
 * library would send any more. Pure: parameters in, bytes out.
 *
 * They are questions, not beginnings: nobody keeps a key that goes with what they say, so a
 * handshake that begins with one cannot be completed. */
#ifndef ANYCERT_HELLO_WRITE_H
#define ANYCERT_HELLO_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "hello/names.h"
#include "hello/suite.h"

#define ANYCERT__HELLO_SUITES_MAX  512
#define ANYCERT__HELLO_GROUPS_MAX  64
#define ANYCERT__HELLO_SCHEMES_MAX 64
#define ANYCERT__HELLO_LIST_MAX    8
/* Bytes of a whole hello with its record: one record holds it. */
#define ANYCERT__HELLO_MAX (5 + 16384)

/* A plain value: it may be copied, and owns nothing. Zeroed, and with a suite, it is a hello of
 * SSL 3.0 without extensions. An extension is sent if there is something to say in it. */
struct anycert__hello {
    /* The highest version offered: SSL 3.0 (also for 0) to TLS 1.2. With TLS 1.3 in `versions` it
     * is TLS 1.2, as RFC 8446 section 4.1.2 has it. */
    uint16_t version;
    /* Of the record around it; 0: SSL 3.0 in a hello of SSL 3.0, else TLS 1.0, as everybody does.
     */
    uint16_t record_version;
    uint16_t versions[ANYCERT__HELLO_LIST_MAX]; /* supported_versions, the preferred first */
    size_t version_count;
    uint16_t suites[ANYCERT__HELLO_SUITES_MAX];
    size_t suite_count;
    bool renegotiation_scsv; /* RFC 5746: the signalling suite says what the extension would say */
    bool fallback_scsv;      /* RFC 7507 */
    uint8_t session_id_len;  /* random bytes, at most 32; TLS 1.3 in compatibility mode has 32 */

    /* No extension at all, whatever else is said below. */
    bool no_extensions;
    char sni[256]; /* host_name; "" for none */
    uint16_t groups[ANYCERT__HELLO_GROUPS_MAX];
    size_t group_count;
    /* Groups for which a key share is sent. key_share goes out in every hello that offers TLS 1.3;
     * without a share in it the server names the group that it would like (HelloRetryRequest). */
    uint16_t shares[ANYCERT__HELLO_LIST_MAX];
    size_t share_count;
    uint16_t schemes[ANYCERT__HELLO_SCHEMES_MAX]; /* signature_algorithms */
    size_t scheme_count;
    char alpn[64];               /* "h2,http/1.1"; "" for none */
    bool renegotiation_info;     /* RFC 5746 */
    bool extended_master_secret; /* RFC 7627 */
    bool encrypt_then_mac;       /* RFC 7366 */
    bool session_ticket;         /* RFC 5077, an empty one */
    bool status_request;         /* RFC 6066 section 8 */
    bool srp;                    /* RFC 5054, with a user name that nobody has */
    /* Bytes that the handshake message (the hello without its record header) has at least, filled
     * up with the padding extension (RFC 7685); 0: as long as it is. */
    size_t pad_to;
};

/* Random bytes from whoever is asked. 0, or -1 if there are none. */
struct anycert__random {
    int (*fill)(void *arg, void *out, size_t len);
    void *arg;
};

/* Appends the record with the hello. 0, or -1 with INTERNAL (it says nothing that can be sent: no
 * suite, a name that is too long, a share for a group that has none; or there is no random) or
 * NOMEM. */
int anycert__hello_write(const struct anycert__hello *hello, const struct anycert__random *random,
                         struct anycert__buf *out, struct anycert_error *err);

/* Whether TLS 1.3 is offered. */
bool anycert__hello_offers_tls13(const struct anycert__hello *hello);
/* Appends a number to a list unless it is there already or the list is full. */
void anycert__hello_add(uint16_t *list, size_t *count, size_t max, uint16_t number);
/* Takes suites out of a hello, all that are in the list. */
void anycert__hello_drop_suites(struct anycert__hello *hello, const uint16_t *suites, size_t count);

#endif
