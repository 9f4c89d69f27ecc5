#include <string.h>

#include "hello/read.h"

enum {
    EXT_SERVER_NAME = 0,
    EXT_STATUS_REQUEST = 5,
    EXT_HEARTBEAT = 15,
    EXT_ALPN = 16,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_PRE_SHARED_KEY = 41,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_COOKIE = 44,
    EXT_KEY_SHARE = 51,
    EXT_NEXT_PROTOCOLS = 13172,
    EXT_RENEGOTIATION_INFO = 0xFF01
};

/* SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3): a ServerHello with this random is one.
 */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static bool read_alpn(struct anycert__server_hello *hello, struct anycert__wire data)
{
    struct anycert__wire list = anycert__wire_vector(&data, 2);
    struct anycert__wire name = anycert__wire_vector(&list, 1);

    if (name.failed || name.left == 0 || list.left > 0)
        return false;
    memcpy(hello->alpn, name.at, name.left); /* at most 255 */
    hello->alpn[name.left] = '\0';
    return anycert__wire_ended(&data);
}

static bool read_key_share(struct anycert__server_hello *hello, struct anycert__wire data)
{
    hello->group = anycert__wire_u16(&data);
    if (!hello->retry && anycert__wire_vector(&data, 2).left == 0)
        return false;
    return anycert__wire_ended(&data);
}

static bool read_version(struct anycert__server_hello *hello, struct anycert__wire data)
{
    hello->version = anycert__wire_u16(&data);
    return anycert__wire_ended(&data);
}

/* False if it is not what it should be. Those that have nothing to say to us are not looked into.
 */
static bool read_extension(struct anycert__server_hello *hello, uint16_t type,
                           struct anycert__wire data)
{
    switch (type) {
    case EXT_SUPPORTED_VERSIONS:
        return read_version(hello, data);
    case EXT_KEY_SHARE:
        return read_key_share(hello, data);
    case EXT_ALPN:
        return read_alpn(hello, data);
    case EXT_RENEGOTIATION_INFO:
        hello->renegotiation_info = true;
        return data.left > 0 && anycert__wire_number(&data, 1) == 0 && anycert__wire_ended(&data);
    case EXT_EXTENDED_MASTER_SECRET:
        hello->extended_master_secret = true;
        break;
    case EXT_ENCRYPT_THEN_MAC:
        hello->encrypt_then_mac = true;
        break;
    case EXT_SESSION_TICKET:
        hello->session_ticket = true;
        break;
    case EXT_STATUS_REQUEST:
        hello->status_request = true;
        break;
    case EXT_SERVER_NAME:
        hello->server_name = true;
        break;
    case EXT_HEARTBEAT:
        hello->heartbeat = true;
        break;
    case EXT_NEXT_PROTOCOLS:
        hello->next_protocols = true;
        break;
    case EXT_PRE_SHARED_KEY:
        hello->pre_shared_key = true;
        break;
    case EXT_COOKIE:
        hello->cookie = true;
        break;
    default:
        break;
    }
    return true;
}

static bool read_extensions(struct anycert__server_hello *hello, struct anycert__wire all)
{
    const size_t room = sizeof hello->extensions / sizeof hello->extensions[0];

    hello->has_extensions = true;
    while (all.left > 0) {
        uint16_t type = anycert__wire_u16(&all);
        struct anycert__wire data = anycert__wire_vector(&all, 2);
        if (data.failed || !read_extension(hello, type, data))
            return false;
        if (hello->extension_count < room)
            hello->extensions[hello->extension_count++] = type;
    }
    return true;
}

/* The last eight bytes are "DOWNGRD" and 1 or 0. */
static bool says_downgrade(const uint8_t *random)
{
    return memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
}

static bool read_body(struct anycert__server_hello *hello, struct anycert__wire *body)
{
    struct anycert__wire random, session_id;

    hello->legacy_version = anycert__wire_u16(body);
    hello->version = hello->legacy_version;
    random = anycert__wire_take(body, sizeof hello->random);
    session_id = anycert__wire_vector(body, 1);
    hello->suite = anycert__wire_u16(body);
    hello->compression = anycert__wire_u8(body);
    if (body->failed || session_id.left > 32)
        return false;
    memcpy(hello->random, random.at, sizeof hello->random);
    hello->session_id_len = (uint8_t)session_id.left;
    hello->retry = memcmp(hello->random, retry_random, sizeof retry_random) == 0;
    hello->downgrade_mark = says_downgrade(hello->random);
    if (body->left == 0)
        return true;
    return read_extensions(hello, anycert__wire_vector(body, 2)) && anycert__wire_ended(body);
}

void anycert__read_server_hello(struct anycert__answer *answer, struct anycert__wire body)
{
    struct anycert__server_hello *hello = &answer->hello;

    if (!read_body(hello, &body)) {
        memset(hello, 0, sizeof *hello);
        anycert__read_broken(answer, "the ServerHello is malformed");
        return;
    }
    answer->has_hello = true;
    /* The rest of TLS 1.3 is encrypted; and behind a HelloRetryRequest the server waits. */
    if (answer->until == ANYCERT__UNTIL_HELLO || hello->version >= ANYCERT__TLS13 || hello->retry)
        answer->end = ANYCERT__END_COMPLETE;
}

/* ---- against what was offered */

static bool holds(const uint16_t *list, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number)
            return true;
    }
    return false;
}

static bool offers_version(const struct anycert__hello *hello, uint16_t version)
{
    /* A list stands for itself; without it, everything up to the version is meant. */
    if (hello->version_count > 0 && !hello->no_extensions)
        return holds(hello->versions, hello->version_count, version);
    return version >= ANYCERT__SSL3 && version <= (hello->version ? hello->version : ANYCERT__SSL3);
}

const char *anycert__answer_breach(const struct anycert__answer *answer,
                                   const struct anycert__hello *hello)
{
    const struct anycert__server_hello *server = &answer->hello;

    if (!answer->has_hello)
        return NULL;
    if (!offers_version(hello, server->version))
        return "the server chose a version that was not offered";
    if (!holds(hello->suites, hello->suite_count, server->suite))
        return "the server chose a cipher suite that was not offered";
    if (server->compression != 0)
        return "the server chose a compression that was not offered";
    if (server->group != 0 && server->retry &&
        !holds(hello->groups, hello->group_count, server->group))
        return "the server asks for a group that was not offered";
    if (server->group != 0 && !server->retry &&
        !holds(hello->shares, hello->share_count, server->group))
        return "the server chose a group of which no key share was sent";
    if (answer->key.kind == ANYCERT__KEY_CURVE && hello->group_count > 0 && !hello->no_extensions &&
        !holds(hello->groups, hello->group_count, answer->key.group))
        return "the server chose a curve that was not offered";
    return NULL;
}
