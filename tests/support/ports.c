/* See ports.h. */
#include "support/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Without SO_REUSEADDR: with it, two may have one port, as long as neither listens. */
static int take(int type, const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool is_free_on_ipv6(uint16_t port)
{
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
                 errno == EADDRINUSE;

    if (fd >= 0)
        close(fd);
    return !taken;
}

/* Not one that the kernel picks by itself (from 32768 on, as a rule): between our look and the
 * server's bind some other test's server or client would get it now and then. Nor one that the
 * tests in Python hold for a server, which they do by its number in UDP. */
uint16_t ports_free(void)
{
    for (int i = 0; i < 1000; i++) {
        uint16_t port = 0;
        int stream, held;

        assert_int_equal(getrandom(&port, sizeof port, 0), sizeof port);
        port = (uint16_t)(12000 + port % 18000);
        stream = take(SOCK_STREAM, "127.0.0.1", port);
        held = take(SOCK_DGRAM, "127.0.0.1", port);
        if (stream >= 0)
            close(stream);
        if (held >= 0)
            close(held);
        if (stream >= 0 && held >= 0 && is_free_on_ipv6(port))
            return port;
    }
    fail_msg("there is no free port");
    return 0;
}

int ports_take(const char *host, uint16_t port)
{
    return take(SOCK_STREAM, host, port);
}

uint16_t ports_closed(void)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    int fd = ports_take("127.0.0.1", 0); /* open until the process ends */

    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}
