#include "http/address.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct block {
    unsigned char bytes[16];
    unsigned bits;
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry, what is not globally reachable; and
 * multicast. */
static const struct block private4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* RFC 1918 */
    {{100, 64}, 10},      /* shared by the customers of a provider (RFC 6598) */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, and the metadata of clouds */
    {{172, 16}, 12},      /* RFC 1918 */
    {{192, 0, 0}, 24},    /* IETF protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays */
    {{192, 168}, 16},     /* RFC 1918 */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, and broadcast */
};
/* https://www.iana.org/assignments/iana-ipv6-special-registry, of 2000::/3: nothing outside of it
 * is global unicast. */
static const struct block private6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* IETF protocol assignments, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation */
};

static bool is_in(const unsigned char *address, const struct block *block)
{
    unsigned whole = block->bits / 8;
    unsigned rest = block->bits % 8;

    if (memcmp(address, block->bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((address[whole] ^ block->bytes[whole]) & (0xffU << (8 - rest)) & 0xffU) == 0;
}

static bool is_public4(const unsigned char *address)
{
    for (size_t i = 0; i < sizeof private4 / sizeof private4[0]; i++) {
        if (is_in(address, &private4[i]))
            return false;
    }
    return true;
}

static bool is_public6(const unsigned char *address)
{
    static const struct block mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
    static const struct block nat64 = {{0, 0x64, 0xff, 0x9b}, 96};
    static const struct block by6to4 = {{0x20, 0x02}, 16};

    if (is_in(address, &mapped) || is_in(address, &nat64))
        return is_public4(address + 12);
    if (is_in(address, &by6to4))
        return is_public4(address + 2);
    for (size_t i = 0; i < sizeof private6 / sizeof private6[0]; i++) {
        if (is_in(address, &private6[i]))
            return false;
    }
    return (address[0] & 0xe0) == 0x20;
}

bool anycert__address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return is_public4((const unsigned char *)&v4.sin_addr);
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return is_public6((const unsigned char *)&v6.sin6_addr);
    default:
        return false;
    }
}

bool anycert__address_text_is_public(const char *text)
{
    unsigned char bytes[16];
    char bare[64];
    size_t len = strcspn(text, "%");

    if (len >= sizeof bare)
        return false;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET, bare, bytes) == 1)
        return is_public4(bytes);
    return inet_pton(AF_INET6, bare, bytes) == 1 && is_public6(bytes);
}

bool anycert__host_is_private(const char *host)
{
    unsigned char bytes[16];
    char bare[256];
    size_t len = strlen(host);

    if (*host == '[')
        len = strcspn(++host, "]");
    else if (len > 1 && host[len - 1] == '.')
        len--;
    if (len >= sizeof bare)
        return false;
    memcpy(bare, host, len);
    bare[len] = '\0';
    if (strchr(bare, ':') || inet_pton(AF_INET, bare, bytes) == 1)
        return !anycert__address_text_is_public(bare);
    return strcmp(bare, "localhost") == 0 || anycert__str_ends_nocase(bare, ".localhost");
}
