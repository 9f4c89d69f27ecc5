/* Addresses that an exchange must not connect to. */
#include "http/address.h"
#include "http/lane.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void remember(struct anycert__lane *lane, const struct sockaddr *address)
{
    const char *bytes = (const char *)address + (address->sa_family == AF_INET6
                                                     ? offsetof(struct sockaddr_in6, sin6_addr)
                                                     : offsetof(struct sockaddr_in, sin_addr));

    if (!inet_ntop(address->sa_family, bytes, lane->private_address, sizeof lane->private_address))
        (void)snprintf(lane->private_address, sizeof lane->private_address, "an unknown one");
}

/* Sockets are not for programs that ours starts. */
curl_socket_t anycert__private_socket(struct anycert__lane *lane, struct curl_sockaddr *address)
{
    /* A proxy's own address is the caller's choice. */
    if (lane->exchange && lane->exchange->only_public && !lane->proxied &&
        !anycert__address_is_public(&address->addr)) {
        remember(lane, &address->addr);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool anycert__private_stops(struct anycert__lane *lane, const char *address)
{
    if (!lane->exchange->only_public || lane->proxied || anycert__address_text_is_public(address))
        return false;
    anycert__private_failure(lane->host, address, &lane->failure);
    return true;
}

int anycert__exchange_check_host(const struct anycert__exchange *exchange,
                                 struct anycert_error *err)
{
    if (!exchange->only_public || !anycert__host_is_private(exchange->url->host))
        return 0;
    return anycert__private_failure(exchange->url->host, "", err);
}

int anycert__private_failure(const char *host, const char *address, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_PRIVATE_ADDRESS,
                         "%s is not asked, as its address%s%s is not a public one", host,
                         *address ? " " : "", address);
}
