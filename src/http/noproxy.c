#include "http/noproxy.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>

struct address {
    int family; /* AF_INET, AF_INET6, or 0 for a name */
    unsigned char bytes[16];
};

static void parse_address(const char *text, struct address *out)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        out->family = AF_INET;
    else if (inet_pton(AF_INET6, text, out->bytes) == 1)
        out->family = AF_INET6;
}

static bool same_network(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (a->family != b->family || memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & (0xffU << (8 - rest)) & 0xffU) == 0;
}

/* "block" or "block/bits" against an address. */
static bool match_address(char *entry, const struct address *host)
{
    char *slash = strchr(entry, '/');
    struct address block;
    uint64_t bits = 0;
    uint64_t max = 0;

    if (slash)
        *slash = '\0';
    parse_address(entry, &block);
    if (block.family == 0)
        return false;
    max = block.family == AF_INET ? 32 : 128;
    bits = max;
    if (slash && !anycert__parse_uint(slash + 1, max, &bits))
        return false;
    return same_network(&block, host, (unsigned)bits);
}

static bool match_name(const char *entry, const char *host)
{
    size_t entry_len = 0;
    size_t host_len = strlen(host);

    if (*entry == '.')
        entry++;
    entry_len = strlen(entry);
    if (entry_len > 1 && entry[entry_len - 1] == '.')
        entry_len--;
    if (entry_len == 0 || entry_len > host_len)
        return false;
    if (!anycert__equal_nocase(host + host_len - entry_len, entry, entry_len))
        return false;
    return host_len == entry_len || host[host_len - entry_len - 1] == '.';
}

/* Takes ":port" off the end of entry; false if there is one and it is another. */
static bool port_fits(char *entry, uint16_t port)
{
    char *bracket = strchr(entry, ']');
    char *colon = bracket ? strchr(bracket, ':') : strchr(entry, ':');
    uint64_t value = 0;

    if (!bracket && colon && strchr(colon + 1, ':'))
        return true; /* a bare IPv6 address */
    if (!colon)
        return true;
    *colon = '\0';
    return anycert__parse_uint(colon + 1, 65535, &value) && value == port;
}

static bool match_entry(char *entry, const char *host, const struct address *address, uint16_t port)
{
    size_t len = 0;

    if (strcmp(entry, "*") == 0)
        return true;
    if (!port_fits(entry, port))
        return false;
    len = strlen(entry);
    if (entry[0] == '[' && len > 2 && entry[len - 1] == ']') {
        entry[len - 1] = '\0';
        entry++;
    }
    return address->family ? match_address(entry, address) : match_name(entry, host);
}

/* The host without brackets, zone and trailing dot. */
static void bare_host(const char *host, char out[256])
{
    size_t len = strlen(host);

    if (*host == '[' && len > 2) {
        host++;
        len = strcspn(host, "%]");
    } else if (len > 1 && host[len - 1] == '.') {
        len--;
    }
    if (len > 255)
        len = 255;
    memcpy(out, host, len);
    out[len] = '\0';
}

bool anycert__no_proxy_match(const char *list, const char *host, uint16_t port)
{
    struct address address;
    char bare[256];
    char entry[300];

    bare_host(host, bare);
    parse_address(bare, &address);
    for (const char *p = list; p && *p;) {
        size_t len = strcspn(p, ", \t");

        if (len > 0 && len < sizeof entry) {
            memcpy(entry, p, len);
            entry[len] = '\0';
            if (match_entry(entry, bare, &address, port))
                return true;
        }
        p += len;
        p += strspn(p, ", \t");
    }
    return false;
}
