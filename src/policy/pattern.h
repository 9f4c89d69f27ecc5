/* policy/pattern.h — which hosts a line of a policy file is about: one host, all hosts below a
 * domain, or the addresses of a network, each with or without a port. An IPv4 address that is
 * written as an IPv6 one ([::ffff:192.0.2.1]) is the IPv4 address. */
#ifndef ANYCERT_POLICY_PATTERN_H
#define ANYCERT_POLICY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ANYCERT__PATTERN_NAME 254 /* 253 characters (RFC 1035 section 2.3.4) and the NUL */
#define ANYCERT__PATTERN_SIZE 320 /* of a pattern's text */

enum anycert__pattern_kind {
    ANYCERT__PATTERN_HOST,  /* name */
    ANYCERT__PATTERN_BELOW, /* *.name, at any depth, but not the name itself */
    ANYCERT__PATTERN_IPV4,  /* the first `bits` bits of address; the others are 0 */
    ANYCERT__PATTERN_IPV6
};

struct anycert__pattern {
    enum anycert__pattern_kind kind;
    char name[ANYCERT__PATTERN_NAME]; /* lower case, without a final dot */
    uint8_t address[16];
    unsigned bits;
    uint16_t port; /* 0: every port */
};

/* Reads `host`, `*.domain`, `192.0.2.0/24` or `[2001:db8::/32]`, each with `:port` or without. 0,
 * or -1 with POLICY_SYNTAX. */
int anycert__pattern_parse(const char *text, struct anycert__pattern *out,
                           struct anycert_error *err);
/* The one spelling that equal patterns share. */
void anycert__pattern_format(const struct anycert__pattern *pattern,
                             char out[ANYCERT__PATTERN_SIZE]);
/* A total order, in which equal patterns are those of the same hosts. */
int anycert__pattern_compare(const struct anycert__pattern *a, const struct anycert__pattern *b);

/* The pattern of a URL's host (IPv6 in brackets, with a zone or without) and port alone; false if
 * it is neither a name nor an address. */
bool anycert__pattern_of_host(const char *host, uint16_t port, struct anycert__pattern *out);
/* Turns a pattern into the next wider one that may cover the same host: first without the port,
 * then a wider network or domain with the host's port again, and so on. False behind the widest.
 */
bool anycert__pattern_widen(struct anycert__pattern *pattern, uint16_t port);
/* Whether both are networks and the first lies in the second; ports are not looked at. */
bool anycert__pattern_within(const struct anycert__pattern *inner,
                             const struct anycert__pattern *outer);
/* Turns a network into its lower half, and *upper into the other one. False for a single address.
 */
bool anycert__pattern_halve(struct anycert__pattern *net, struct anycert__pattern *upper);

#endif
