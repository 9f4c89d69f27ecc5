/* The client's first message: taken out of its records, kept, and read. */
#include "lab/internal.h"

#include <string.h>

#define RECORD_HEADER         5
#define RECORD_HANDSHAKE      22
#define HANDSHAKE_HEADER      4
#define HANDSHAKE_CLIENTHELLO 1

int lab__hello_extract(const unsigned char *in, size_t len, unsigned char *out, size_t out_max,
                       size_t *out_len)
{
    size_t used = 0;
    size_t at = 0;

    *out_len = 0;
    for (;;) {
        size_t need = HANDSHAKE_HEADER;
        if (used >= HANDSHAKE_HEADER) {
            need += (size_t)out[1] << 16 | (size_t)out[2] << 8 | out[3];
            if (out[0] != HANDSHAKE_CLIENTHELLO || need > out_max) {
                return -1;
            }
            if (used >= need) {
                *out_len = need;
                return 1;
            }
        }
        if (len > at && in[at] != RECORD_HANDSHAKE) {
            return -1;
        }
        if (len - at < RECORD_HEADER) {
            return 0;
        }
        size_t fragment = (size_t)in[at + 3] << 8 | in[at + 4];
        if (in[at + 1] != 3 || fragment == 0 || fragment > out_max - used) {
            return -1;
        }
        if (len - at - RECORD_HEADER < fragment) {
            return 0;
        }
        memcpy(out + used, in + at + RECORD_HEADER, fragment);
        used += fragment;
        at += RECORD_HEADER + fragment;
    }
}

void lab__hello_store(struct lab__stats *stats, const unsigned char *message, size_t len)
{
    if (len > LAB_HELLO_RAW_MAX) {
        return;
    }
    atomic_fetch_add(&stats->hello_sequence, 1);
    for (size_t i = 0; i < len; i++) {
        atomic_store_explicit(&stats->hello[i], message[i], memory_order_relaxed);
    }
    atomic_store(&stats->hello_len, (uint32_t)len);
    atomic_fetch_add(&stats->hello_sequence, 1);
}

static size_t load(struct lab__stats *stats, unsigned char *out)
{
    for (;;) {
        uint32_t before = atomic_load(&stats->hello_sequence);
        size_t len = atomic_load(&stats->hello_len);
        for (size_t i = 0; i < len; i++) {
            out[i] = atomic_load(&stats->hello[i]);
        }
        if (before % 2 == 0 && atomic_load(&stats->hello_sequence) == before) {
            return len;
        }
    }
}

int lab_server_hello(const struct lab_server *server, struct lab_hello *out)
{
    unsigned char raw[LAB_HELLO_RAW_MAX];
    size_t len = load(server->stats, raw);

    return len > 0 ? lab__hello_parse(raw, len, out) : -1;
}

/* A view that only moves forward; ok turns false at the first overrun and stays so. */
struct view {
    const unsigned char *at;
    size_t left;
    bool ok;
};

static unsigned take_number(struct view *view, size_t bytes)
{
    unsigned number = 0;

    if (!view->ok || view->left < bytes) {
        view->ok = false;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        number = number << 8 | view->at[i];
    }
    view->at += bytes;
    view->left -= bytes;
    return number;
}

static struct view take(struct view *view, size_t len)
{
    struct view part = {view->at, len, true};

    if (!view->ok || view->left < len) {
        view->ok = false;
        return (struct view){NULL, 0, false};
    }
    view->at += len;
    view->left -= len;
    return part;
}

static struct view take_vector(struct view *view, size_t length_bytes)
{
    size_t len = take_number(view, length_bytes);

    return take(view, len);
}

static size_t take_numbers(struct view part, uint16_t *out, size_t max)
{
    size_t count = 0;

    while (part.ok && part.left >= 2) {
        unsigned number = take_number(&part, 2);
        if (count < max) {
            out[count++] = (uint16_t)number;
        }
    }
    return count;
}

static void copy_text(struct view part, char *out, size_t size)
{
    size_t len = part.left < size - 1 ? part.left : size - 1;

    if (part.ok && len > 0) {
        memcpy(out, part.at, len);
    }
    out[part.ok ? len : 0] = '\0';
}

static void read_server_name(struct view body, struct lab_hello *out)
{
    struct view list = take_vector(&body, 2);

    if (take_number(&list, 1) == TLSEXT_NAMETYPE_host_name) {
        copy_text(take_vector(&list, 2), out->sni, sizeof(out->sni));
    }
}

static void read_alpn(struct view body, struct lab_hello *out)
{
    struct view list = take_vector(&body, 2);

    while (list.ok && list.left > 0 && out->alpn_count < sizeof(out->alpn) / sizeof(out->alpn[0])) {
        copy_text(take_vector(&list, 1), out->alpn[out->alpn_count], sizeof(out->alpn[0]));
        out->alpn_count++;
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void read_extension(unsigned id, struct view body, struct lab_hello *out)
{
    if (out->extension_count < COUNT(out->extensions)) {
        out->extensions[out->extension_count++] = (uint16_t)id;
    }
    if (id == TLSEXT_TYPE_server_name) {
        read_server_name(body, out);
    } else if (id == TLSEXT_TYPE_application_layer_protocol_negotiation) {
        read_alpn(body, out);
    } else if (id == TLSEXT_TYPE_supported_groups) {
        out->group_count = take_numbers(take_vector(&body, 2), out->groups, COUNT(out->groups));
    } else if (id == TLSEXT_TYPE_signature_algorithms) {
        out->signature_algorithm_count = take_numbers(
            take_vector(&body, 2), out->signature_algorithms, COUNT(out->signature_algorithms));
    } else if (id == TLSEXT_TYPE_supported_versions) {
        out->version_count =
            take_numbers(take_vector(&body, 1), out->versions, COUNT(out->versions));
    }
}

int lab__hello_parse(const unsigned char *message, size_t len, struct lab_hello *out)
{
    struct view all = {message, len, true};

    memset(out, 0, sizeof(*out));
    take_number(&all, HANDSHAKE_HEADER);
    out->legacy_version = (uint16_t)take_number(&all, 2);
    take(&all, 32);
    take_vector(&all, 1);
    out->suite_count = take_numbers(take_vector(&all, 2), out->suites, COUNT(out->suites));
    take_vector(&all, 1);
    if (all.ok && all.left > 0) {
        struct view extensions = take_vector(&all, 2);
        while (extensions.ok && extensions.left > 0) {
            unsigned id = take_number(&extensions, 2);
            struct view body = take_vector(&extensions, 2);
            if (body.ok) {
                read_extension(id, body, out);
            }
        }
        all.ok = all.ok && extensions.ok;
    }
    if (len <= sizeof(out->raw)) {
        memcpy(out->raw, message, len);
        out->raw_len = len;
    }
    return all.ok ? 0 : -1;
}

static bool contains(const uint16_t *numbers, size_t count, uint16_t wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == wanted) {
            return true;
        }
    }
    return false;
}

bool lab_hello_has_extension(const struct lab_hello *hello, uint16_t id)
{
    return contains(hello->extensions, hello->extension_count, id);
}

bool lab_hello_has_suite(const struct lab_hello *hello, uint16_t suite)
{
    return contains(hello->suites, hello->suite_count, suite);
}
