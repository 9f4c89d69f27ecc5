/* http/noproxy.h — which hosts are reached without the proxy. */
#ifndef ANYCERT_HTTP_NOPROXY_H
#define ANYCERT_HTTP_NOPROXY_H

#include <stdbool.h>
#include <stdint.h>

/* True if list (comma-separated; NULL is empty) names host: "*"; a name, which covers its
 * subdomains, with or without a leading dot; an IPv4 or IPv6 address, with or without brackets; a
 * CIDR block (RFC 4632); each with ":port" if it holds for one port only. host is as in a URL.
 * Entries that make no sense match nothing. */
bool anycert__no_proxy_match(const char *list, const char *host, uint16_t port);

#endif
