/* http/address.h — which addresses are reachable by everybody, and which lead into somebody's own
 * network (IANA's registries of special-purpose addresses). Pure. */
#ifndef ANYCERT_HTTP_ADDRESS_H
#define ANYCERT_HTTP_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* False for every address that is not globally reachable unicast, and for what is no IPv4 or IPv6
 * address. An IPv4 address inside of an IPv6 one (mapped, NAT64, 6to4) counts for what it is. */
bool anycert__address_is_public(const struct sockaddr *address);
/* The same for its text, without brackets; a zone is passed over. */
bool anycert__address_text_is_public(const char *text);
/* True for the host of a URL, in lower case, that leads into a private network by its spelling
 * alone: an address that is not public, localhost, and names below it (RFC 6761 section 6.3). */
bool anycert__host_is_private(const char *host);

#endif
