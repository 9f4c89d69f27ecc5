#include "doctor/wire.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLICE_MS 50 /* how long it may take until a cancellation is seen */

static enum anycert__wire wait_for(int fd, short events, const struct anycert__patience *patience)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = events};
        int64_t left_ms = (patience->until_us - anycert__monotonic_us() + 999) / 1000;
        int slice = left_ms < SLICE_MS ? (int)left_ms : SLICE_MS;
        int ready = 0;

        if (anycert__stop_wanted(patience->stop))
            return ANYCERT__WIRE_CANCELLED;
        if (left_ms <= 0)
            return ANYCERT__WIRE_SILENT;
        ready = poll(&poller, 1, slice);
        if (ready > 0)
            return ANYCERT__WIRE_OK;
        if (ready < 0 && errno != EINTR)
            return ANYCERT__WIRE_BROKEN;
    }
}

static enum anycert__wire result_of(int error)
{
    return error == ECONNRESET || error == EPIPE ? ANYCERT__WIRE_RESET : ANYCERT__WIRE_BROKEN;
}

static enum anycert__wire finish_connecting(int fd, const struct anycert__patience *patience,
                                            int *error)
{
    enum anycert__wire result = wait_for(fd, POLLOUT, patience);
    socklen_t size = sizeof *error;

    if (result != ANYCERT__WIRE_OK)
        return result;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size) != 0)
        *error = errno;
    return *error == 0 ? ANYCERT__WIRE_OK : ANYCERT__WIRE_BROKEN;
}

enum anycert__wire anycert__wire_connect(const struct addrinfo *address,
                                         const struct anycert__patience *patience, int *fd,
                                         int *error)
{
    enum anycert__wire result = ANYCERT__WIRE_OK;
    int on = 1;

    *error = 0;
    *fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0) {
        *error = errno;
        return ANYCERT__WIRE_BROKEN;
    }
    (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(*fd, address->ai_addr, address->ai_addrlen) != 0) {
        *error = errno;
        result = ANYCERT__WIRE_BROKEN;
        if (*error == EINPROGRESS) {
            *error = 0;
            result = finish_connecting(*fd, patience, error);
        }
    }
    if (result != ANYCERT__WIRE_OK) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

enum anycert__wire anycert__wire_send(int fd, const void *bytes, size_t len,
                                      const struct anycert__patience *patience)
{
    const char *rest = bytes;

    while (len > 0) {
        ssize_t sent = send(fd, rest, len, MSG_NOSIGNAL);
        enum anycert__wire result = ANYCERT__WIRE_OK;

        if (sent >= 0) {
            rest += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN) {
            result = wait_for(fd, POLLOUT, patience);
        } else if (errno != EINTR) {
            result = result_of(errno);
        }
        if (result != ANYCERT__WIRE_OK)
            return result;
    }
    return ANYCERT__WIRE_OK;
}

enum anycert__wire anycert__wire_receive(int fd, void *out, size_t size, size_t *len,
                                         const struct anycert__patience *patience)
{
    *len = 0;
    for (;;) {
        enum anycert__wire result = wait_for(fd, POLLIN, patience);
        ssize_t got = 0;

        if (result != ANYCERT__WIRE_OK)
            return result;
        got = recv(fd, out, size, 0);
        if (got > 0) {
            *len = (size_t)got;
            return ANYCERT__WIRE_OK;
        }
        if (got == 0)
            return ANYCERT__WIRE_CLOSED;
        if (errno != EAGAIN && errno != EINTR)
            return result_of(errno);
    }
}
