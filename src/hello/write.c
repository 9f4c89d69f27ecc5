#include "hello/write.h"

#include <string.h>

#include "hello/share.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_STATUS_REQUEST = 5,
    EXT_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SRP = 12,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN = 16,
    EXT_PADDING = 21,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_PSK_MODES = 45,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION_INFO = 0xFF01
};

#define RECORD_HEADER 5

/* ---- numbers, and vectors whose length is known when they are complete */

static void put(struct anycert__buf *out, uint32_t number, size_t bytes)
{
    uint8_t b[4];

    for (size_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)(number >> 8 * (bytes - 1 - i));
    (void)anycert__buf_add(out, b, bytes);
}

/* Leaves room for the length; where it is. */
static size_t open_vector(struct anycert__buf *out, size_t bytes)
{
    size_t at = out->len;

    put(out, 0, bytes);
    return at;
}

static void close_vector(struct anycert__buf *out, size_t at, size_t bytes)
{
    if (out->failed)
        return;
    size_t len = out->len - at - bytes;
    for (size_t i = 0; i < bytes; i++)
        out->data[at + i] = (char)(uint8_t)(len >> 8 * (bytes - 1 - i));
}

static size_t open_extension(struct anycert__buf *out, uint16_t type)
{
    put(out, type, 2);
    return open_vector(out, 2);
}

static void put_numbers(struct anycert__buf *out, const uint16_t *numbers, size_t count,
                        size_t length_bytes)
{
    size_t at = open_vector(out, length_bytes);

    for (size_t i = 0; i < count; i++)
        put(out, numbers[i], 2);
    close_vector(out, at, length_bytes);
}

/* ---- extensions, in the order in which they go out */

static void put_server_name(struct anycert__buf *out, const char *name)
{
    size_t extension = open_extension(out, EXT_SERVER_NAME);
    size_t list = open_vector(out, 2);

    put(out, 0, 1); /* host_name */
    size_t host = open_vector(out, 2);
    (void)anycert__buf_adds(out, name);
    close_vector(out, host, 2);
    close_vector(out, list, 2);
    close_vector(out, extension, 2);
}

static void put_empty(struct anycert__buf *out, uint16_t type)
{
    close_vector(out, open_extension(out, type), 2);
}

static void put_groups(struct anycert__buf *out, const struct anycert__hello *hello)
{
    size_t extension = open_extension(out, EXT_GROUPS);

    put_numbers(out, hello->groups, hello->group_count, 2);
    close_vector(out, extension, 2);
    extension = open_extension(out, EXT_POINT_FORMATS);
    put(out, 0x0100, 2); /* one: uncompressed */
    close_vector(out, extension, 2);
}

static void put_alpn(struct anycert__buf *out, const char *protocols)
{
    size_t extension = open_extension(out, EXT_ALPN);
    size_t list = open_vector(out, 2);

    while (*protocols != '\0') {
        size_t len = strcspn(protocols, ",");
        put(out, (uint32_t)len, 1);
        (void)anycert__buf_add(out, protocols, len);
        protocols += len + (protocols[len] == ',');
    }
    close_vector(out, list, 2);
    close_vector(out, extension, 2);
}

static int put_shares(struct anycert__buf *out, const struct anycert__hello *hello,
                      const struct anycert__random *random, struct anycert_error *err)
{
    size_t extension = open_extension(out, EXT_KEY_SHARE);
    size_t list = open_vector(out, 2);

    for (size_t i = 0; i < hello->share_count; i++) {
        put(out, hello->shares[i], 2);
        size_t share = open_vector(out, 2);
        if (anycert__hello_share(hello->shares[i], random, out, err) < 0)
            return -1;
        close_vector(out, share, 2);
    }
    close_vector(out, list, 2);
    close_vector(out, extension, 2);
    return 0;
}

static int put_tls13(struct anycert__buf *out, const struct anycert__hello *hello,
                     const struct anycert__random *random, struct anycert_error *err)
{
    size_t extension;

    if (hello->version_count == 0)
        return 0;
    extension = open_extension(out, EXT_SUPPORTED_VERSIONS);
    put_numbers(out, hello->versions, hello->version_count, 1);
    close_vector(out, extension, 2);
    if (!anycert__hello_offers_tls13(hello))
        return 0;
    extension = open_extension(out, EXT_PSK_MODES);
    put(out, 0x0101, 2); /* one: psk_dhe_ke */
    close_vector(out, extension, 2);
    return put_shares(out, hello, random, err);
}

static void put_small(struct anycert__buf *out, const struct anycert__hello *hello)
{
    if (hello->renegotiation_info) {
        size_t at = open_extension(out, EXT_RENEGOTIATION_INFO);
        put(out, 0, 1); /* nothing is renegotiated */
        close_vector(out, at, 2);
    }
    if (hello->extended_master_secret)
        put_empty(out, EXT_EXTENDED_MASTER_SECRET);
    if (hello->encrypt_then_mac)
        put_empty(out, EXT_ENCRYPT_THEN_MAC);
    if (hello->session_ticket)
        put_empty(out, EXT_SESSION_TICKET);
    if (hello->status_request) {
        size_t at = open_extension(out, EXT_STATUS_REQUEST);
        put(out, 1, 1); /* ocsp */
        put(out, 0, 4); /* no responder, no extension */
        close_vector(out, at, 2);
    }
    if (hello->srp) {
        size_t at = open_extension(out, EXT_SRP);
        put(out, 7, 1);
        (void)anycert__buf_adds(out, "nobody.");
        close_vector(out, at, 2);
    }
}

/* Begins behind `message`, where the handshake message begins. Some old servers (WebSphere) take no
 * hello that ends with an empty extension, so the last ones are never empty. */
static void put_padding(struct anycert__buf *out, size_t message, size_t pad_to)
{
    size_t len = out->len - message;

    if (out->failed || len >= pad_to)
        return;
    size_t missing = pad_to - len;
    size_t extension = open_extension(out, EXT_PADDING);
    /* Four bytes are its own; a hello that lacks less gets a few more than were asked for. */
    for (size_t filled = 4; filled < missing || filled == 4; filled++)
        put(out, 0, 1);
    close_vector(out, extension, 2);
}

static int put_extensions(struct anycert__buf *out, const struct anycert__hello *hello,
                          const struct anycert__random *random, size_t message,
                          struct anycert_error *err)
{
    size_t start = out->len;
    size_t all = open_vector(out, 2);

    if (hello->sni[0] != '\0')
        put_server_name(out, hello->sni);
    put_small(out, hello);
    if (hello->group_count > 0)
        put_groups(out, hello);
    if (hello->alpn[0] != '\0')
        put_alpn(out, hello->alpn);
    if (hello->scheme_count > 0) {
        size_t at = open_extension(out, EXT_SIGNATURE_ALGORITHMS);
        put_numbers(out, hello->schemes, hello->scheme_count, 2);
        close_vector(out, at, 2);
    }
    if (put_tls13(out, hello, random, err) < 0)
        return -1;
    put_padding(out, message, hello->pad_to);
    close_vector(out, all, 2);
    /* None: then not even their length is said, as in SSL 3.0. */
    if (!out->failed && out->len == start + 2)
        out->len = start;
    return 0;
}

/* ---- the message */

static int put_random(struct anycert__buf *out, const struct anycert__random *random, size_t len,
                      struct anycert_error *err)
{
    uint8_t bytes[32];

    if (random->fill(random->arg, bytes, len) < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "there are no random bytes");
    (void)anycert__buf_add(out, bytes, len);
    return 0;
}

static void put_suites(struct anycert__buf *out, const struct anycert__hello *hello)
{
    size_t at = open_vector(out, 2);

    for (size_t i = 0; i < hello->suite_count; i++)
        put(out, hello->suites[i], 2);
    if (hello->renegotiation_scsv)
        put(out, ANYCERT__SCSV_RENEGOTIATION, 2);
    if (hello->fallback_scsv)
        put(out, ANYCERT__SCSV_FALLBACK, 2);
    close_vector(out, at, 2);
}

/* The counts are the caller's, and so are the texts. */
static int check(const struct anycert__hello *hello, struct anycert_error *err)
{
    const char *wrong = NULL;

    if (hello->suite_count == 0 || hello->suite_count > ANYCERT__HELLO_SUITES_MAX)
        wrong = "cipher suites";
    else if (hello->version_count > ANYCERT__HELLO_LIST_MAX)
        wrong = "versions";
    else if (hello->group_count > ANYCERT__HELLO_GROUPS_MAX)
        wrong = "groups";
    else if (hello->share_count > ANYCERT__HELLO_LIST_MAX)
        wrong = "key shares";
    else if (hello->scheme_count > ANYCERT__HELLO_SCHEMES_MAX)
        wrong = "signature algorithms";
    else if (hello->session_id_len > 32)
        wrong = "bytes in the session id";
    else if (!memchr(hello->sni, '\0', sizeof hello->sni))
        wrong = "bytes in the server name";
    else if (!memchr(hello->alpn, '\0', sizeof hello->alpn))
        wrong = "bytes in the list of protocols";
    if (wrong)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "a ClientHello cannot have that many %s",
                             wrong);
    return 0;
}

static int put_message(struct anycert__buf *out, const struct anycert__hello *hello,
                       const struct anycert__random *random, uint16_t version,
                       struct anycert_error *err)
{
    size_t message = out->len;

    put(out, 1, 1); /* client_hello */
    size_t body = open_vector(out, 3);
    put(out, version, 2);
    if (put_random(out, random, 32, err) < 0)
        return -1;
    put(out, hello->session_id_len, 1);
    if (put_random(out, random, hello->session_id_len, err) < 0)
        return -1;
    put_suites(out, hello);
    put(out, 0x0100, 2); /* one compression method: none */
    if (!hello->no_extensions && put_extensions(out, hello, random, message, err) < 0)
        return -1;
    close_vector(out, body, 3);
    return 0;
}

int anycert__hello_write(const struct anycert__hello *hello, const struct anycert__random *random,
                         struct anycert__buf *out, struct anycert_error *err)
{
    uint16_t version = hello->version ? hello->version : ANYCERT__SSL3;
    uint16_t record = version == ANYCERT__SSL3 ? ANYCERT__SSL3 : ANYCERT__TLS10;

    if (check(hello, err) < 0)
        return -1;
    put(out, 22, 1); /* handshake */
    put(out, hello->record_version ? hello->record_version : record, 2);
    size_t fragment = open_vector(out, 2);
    if (put_message(out, hello, random, version, err) < 0)
        return -1;
    close_vector(out, fragment, 2);
    if (out->too_large || out->len - fragment - 2 > ANYCERT__HELLO_MAX - RECORD_HEADER)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "a ClientHello does not fit into one record");
    return out->failed ? anycert__fail_nomem(err) : 0;
}

bool anycert__hello_offers_tls13(const struct anycert__hello *hello)
{
    for (size_t i = 0; i < hello->version_count; i++) {
        if (hello->versions[i] == ANYCERT__TLS13)
            return true;
    }
    return false;
}

void anycert__hello_add(uint16_t *list, size_t *count, size_t max, uint16_t number)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == number)
            return;
    }
    if (*count < max)
        list[(*count)++] = number;
}

static bool holds(const uint16_t *list, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number)
            return true;
    }
    return false;
}

void anycert__hello_drop_suites(struct anycert__hello *hello, const uint16_t *suites, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < hello->suite_count; i++) {
        if (!holds(suites, count, hello->suites[i]))
            hello->suites[kept++] = hello->suites[i];
    }
    hello->suite_count = kept;
}
