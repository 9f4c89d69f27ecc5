#include "policy/pattern.h"
#include "policy/keys.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *text, const char *fault, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the host '%s' %s",
                         anycert__word(text, strlen(text)).text, fault);
}

static unsigned width(enum anycert__pattern_kind kind)
{
    return kind == ANYCERT__PATTERN_IPV4 ? 32 : 128;
}

static bool is_network(const struct anycert__pattern *pattern)
{
    return pattern->kind == ANYCERT__PATTERN_IPV4 || pattern->kind == ANYCERT__PATTERN_IPV6;
}

/* Clears what is behind the first bits; whether there was anything. */
static bool clear_rest(uint8_t address[16], unsigned bits)
{
    bool any = false;
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits <= 8 * i ? 0 : bits - 8 * i < 8 ? bits - 8 * i : 8;
        uint8_t mask = (uint8_t)(0xffU << (8 - kept));
        any = any || (address[i] & (uint8_t)~mask) != 0;
        address[i] &= mask;
    }
    return any;
}

/* An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2), or a network of such:
 * whoever connects to it reaches the IPv4 host, so that is what it is here. */
static void unmap(struct anycert__pattern *pattern)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (pattern->kind != ANYCERT__PATTERN_IPV6 || pattern->bits < 8 * sizeof mapped ||
        memcmp(pattern->address, mapped, sizeof mapped) != 0)
        return;
    pattern->kind = ANYCERT__PATTERN_IPV4;
    pattern->bits -= (unsigned)(8 * sizeof mapped);
    memmove(pattern->address, pattern->address + sizeof mapped, 4);
    memset(pattern->address + 4, 0, sizeof mapped);
}

/* An address, alone or with "/bits" behind it. 1 if it is one, 0 if it is none, -1 with err. */
static int read_network(const char *whole, const char *text, struct anycert__pattern *out,
                        struct anycert_error *err)
{
    char address[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "/");
    uint64_t bits;
    if (len >= sizeof address)
        return 0;
    memcpy(address, text, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, out->address) == 1)
        out->kind = ANYCERT__PATTERN_IPV4;
    else if (inet_pton(AF_INET6, address, out->address) == 1)
        out->kind = ANYCERT__PATTERN_IPV6;
    else
        return 0;
    out->bits = width(out->kind);
    if (text[len] == '\0') {
        unmap(out);
        return 1;
    }
    if (!anycert__parse_uint(text + len + 1, out->bits, &bits))
        return fail(whole,
                    out->kind == ANYCERT__PATTERN_IPV4 ? "has no length from 0 to 32 behind '/'"
                                                       : "has no length from 0 to 128 behind '/'",
                    err);
    out->bits = (unsigned)bits;
    bool has_rest = clear_rest(out->address, out->bits);
    unmap(out);
    if (has_rest) {
        char meant[ANYCERT__PATTERN_SIZE];
        anycert__pattern_format(out, meant);
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "the network '%s' has bits behind its first %u: write %s, or the "
                             "address alone",
                             anycert__word(whole, strlen(whole)).text, (unsigned)bits, meant);
    }
    return 1;
}

static int read_name(const char *whole, const char *text, struct anycert__pattern *out,
                     struct anycert_error *err)
{
    out->kind = anycert__str_starts(text, "*.") ? ANYCERT__PATTERN_BELOW : ANYCERT__PATTERN_HOST;
    if (strcmp(text, "*") == 0)
        return fail(whole, "is every host: the policy of every host is an option's (--trust)", err);
    if (strchr(text, '/'))
        return fail(whole,
                    "has a '/', but no address in front of it: expected a host, *.domain, "
                    "192.0.2.0/24 or [2001:db8::/32], and :port or not",
                    err);
    const char *name = out->kind == ANYCERT__PATTERN_BELOW ? text + 2 : text;
    const char *fault = anycert__host_name_fault(name, out->name);
    if (fault == NULL)
        return 0;
    if (!strchr(name, '*'))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the host '%s' %s%s",
                             anycert__word(whole, strlen(whole)).text, fault,
                             anycert__advice_on_name(text).text);
    return fail(whole,
                "has '*' elsewhere than as *.domain: it stands for whole labels at the beginning "
                "only",
                err);
}

/* Takes the host without its port out of text; *port moves behind the colon, or is NULL. */
static int split(const char *text, char host[ANYCERT__PATTERN_SIZE], const char **port,
                 bool *brackets, struct anycert_error *err)
{
    const char *end = strchr(text, ']');
    size_t len = strcspn(text, ":");
    *brackets = text[0] == '[';
    *port = NULL;
    if (*brackets && (end == NULL || (end[1] != '\0' && end[1] != ':')))
        return fail(text,
                    end && end[1] == '/' ? "has its length behind the bracket: write it as "
                                           "[2001:db8::/32]"
                    : end                ? "has something else than :port behind the bracket"
                                         : "has no closing bracket",
                    err);
    if (!*brackets && strchr(text + len, ':') != strrchr(text + len, ':'))
        return fail(text, "has several colons: write an IPv6 address in brackets", err);
    const char *start = *brackets ? text + 1 : text;
    if (*brackets)
        len = (size_t)(end - start);
    if (len >= ANYCERT__PATTERN_SIZE)
        return fail(text, "is longer than 253 characters", err);
    memcpy(host, start, len);
    host[len] = '\0';
    const char *behind = start + len + (*brackets ? 1 : 0);
    if (*behind == ':')
        *port = behind + 1;
    return 0;
}

int anycert__pattern_parse(const char *text, struct anycert__pattern *out,
                           struct anycert_error *err)
{
    char host[ANYCERT__PATTERN_SIZE];
    const char *port;
    bool brackets;
    uint64_t number = 0;
    memset(out, 0, sizeof *out);
    if (strstr(text, "://"))
        return fail(text, "is a URL: write the host alone, or HOST:PORT", err);
    if (split(text, host, &port, &brackets, err) != 0)
        return -1;
    if (port && (!anycert__parse_uint(port, 65535, &number) || number == 0))
        return fail(text, "has no port from 1 to 65535 behind its colon", err);
    out->port = (uint16_t)number;
    if (brackets && strchr(host, '%'))
        return fail(text, "has a zone, which is another one on each machine: leave it out", err);
    int network = read_network(text, host, out, err);
    if (network < 0)
        return -1;
    if (brackets && (network == 0 || strchr(host, ':') == NULL))
        return fail(text, "has brackets around something else than an IPv6 address", err);
    return network == 1 ? 0 : read_name(text, host, out, err);
}

void anycert__pattern_format(const struct anycert__pattern *pattern,
                             char out[ANYCERT__PATTERN_SIZE])
{
    char host[ANYCERT__PATTERN_NAME + 8], length[8] = "", port[8] = "", text[INET6_ADDRSTRLEN];
    bool v6 = pattern->kind == ANYCERT__PATTERN_IPV6;
    if (is_network(pattern)) {
        if (inet_ntop(v6 ? AF_INET6 : AF_INET, pattern->address, text, sizeof text) == NULL)
            text[0] = '\0';
        if (pattern->bits < width(pattern->kind))
            (void)snprintf(length, sizeof length, "/%u", pattern->bits);
        (void)snprintf(host, sizeof host, "%s%s%s%s", v6 ? "[" : "", text, length, v6 ? "]" : "");
    } else {
        (void)snprintf(host, sizeof host, "%s%s",
                       pattern->kind == ANYCERT__PATTERN_BELOW ? "*." : "", pattern->name);
    }
    if (pattern->port)
        (void)snprintf(port, sizeof port, ":%u", (unsigned)pattern->port);
    (void)snprintf(out, ANYCERT__PATTERN_SIZE, "%s%s", host, port);
}

int anycert__pattern_compare(const struct anycert__pattern *a, const struct anycert__pattern *b)
{
    int order;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    order = is_network(a) ? memcmp(a->address, b->address, sizeof a->address)
                          : strcmp(a->name, b->name);
    if (order != 0)
        return order;
    if (is_network(a) && a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return a->port < b->port ? -1 : a->port > b->port;
}

bool anycert__pattern_of_host(const char *host, uint16_t port, struct anycert__pattern *out)
{
    char text[ANYCERT__PATTERN_SIZE];
    size_t len = strlen(host);
    memset(out, 0, sizeof *out);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    if (strchr(text, ':'))
        text[strcspn(text, "%")] = '\0'; /* the zone says by which way, not to whom */
    out->port = port;
    if (strchr(text, '/') == NULL && read_network(host, text, out, NULL) == 1)
        return true;
    out->kind = ANYCERT__PATTERN_HOST;
    return anycert__host_name_fault(text, out->name) == NULL;
}

bool anycert__pattern_widen(struct anycert__pattern *pattern, uint16_t port)
{
    if (pattern->port) {
        pattern->port = 0;
        return true;
    }
    pattern->port = port;
    if (is_network(pattern)) {
        if (pattern->bits == 0)
            return false;
        pattern->bits--; /* what is behind it is cleared already */
        pattern->address[pattern->bits / 8] &= (uint8_t)~(0x80U >> pattern->bits % 8);
        return true;
    }
    const char *dot = strchr(pattern->name, '.');
    pattern->kind = ANYCERT__PATTERN_BELOW;
    if (dot == NULL)
        return false;
    memmove(pattern->name, dot + 1, strlen(dot));
    return true;
}

bool anycert__pattern_within(const struct anycert__pattern *inner,
                             const struct anycert__pattern *outer)
{
    uint8_t address[16];
    if (inner->kind != outer->kind || !is_network(inner) || inner->bits < outer->bits)
        return false;
    memcpy(address, inner->address, sizeof address);
    (void)clear_rest(address, outer->bits);
    return memcmp(address, outer->address, sizeof address) == 0;
}

bool anycert__pattern_halve(struct anycert__pattern *net, struct anycert__pattern *upper)
{
    if (net->bits >= width(net->kind))
        return false;
    net->bits++;
    *upper = *net;
    upper->address[(net->bits - 1) / 8] |= (uint8_t)(0x80U >> (net->bits - 1) % 8);
    return true;
}
