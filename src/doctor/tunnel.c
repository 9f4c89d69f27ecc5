/* How a proxy is asked to lead on: CONNECT (RFC 9110 section 9.3.6), SOCKS 4, 4a, and 5 (RFC 1928).
 * No credentials are sent. */
#include "doctor/route.h"

#include "base/str.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_MAX 16384

struct digging {
    struct anycert__line *line;
    const struct anycert__peer *proxy;
    const struct anycert__patience *patience;
    struct anycert__obstacle *obstacle;
};

static enum anycert__wire refuse(const struct digging *digging, enum anycert__cause_number cause,
                                 const char *evidence)
{
    return anycert__obstruct(digging->obstacle, ANYCERT_STAGE_PROXY, cause, ANYCERT__WIRE_BROKEN,
                             "%s", evidence);
}

static enum anycert__wire no_answer(const struct digging *digging, enum anycert__wire result)
{
    struct anycert__shake *tls = digging->line->proxy;
    bool from_proxy = false;

    if (tls)
        (void)anycert__link_late_alert(anycert__shake_link(tls), &from_proxy);
    if (result == ANYCERT__WIRE_CANCELLED)
        return result;
    /* With TLS 1.3 a client certificate that is missing is told in place of an answer, if at all.
     */
    if (tls && anycert__shake_asked_cert(tls) &&
        (from_proxy || result == ANYCERT__WIRE_CLOSED || result == ANYCERT__WIRE_RESET))
        return anycert__obstruct(
            digging->obstacle, ANYCERT_STAGE_PROXY_TLS, ANYCERT__CAUSE_CLIENT_CERT_REQUIRED_LATE,
            ANYCERT__WIRE_BROKEN, "the proxy asked for a client certificate, and %s",
            from_proxy ? "refuses after the handshake" : "closes the connection");
    return anycert__obstruct(digging->obstacle, ANYCERT_STAGE_PROXY,
                             result == ANYCERT__WIRE_SILENT ? ANYCERT__CAUSE_PROXY_SILENT
                                                            : ANYCERT__CAUSE_PROXY_CLOSED,
                             result, "the proxy %s port %u was asked for a tunnel and %s",
                             digging->proxy->host, (unsigned)digging->proxy->port,
                             result == ANYCERT__WIRE_SILENT ? "said nothing before the time limit"
                                                            : "closed the connection");
}

/* Exactly so many bytes: what follows belongs to the server. */
static enum anycert__wire receive_all(const struct digging *digging, void *out, size_t size)
{
    char *rest = out;

    while (size > 0) {
        size_t len = 0;
        enum anycert__wire result =
            anycert__line_receive(digging->line, rest, size, &len, digging->patience);

        if (result != ANYCERT__WIRE_OK)
            return no_answer(digging, result);
        rest += len;
        size -= len;
    }
    return ANYCERT__WIRE_OK;
}

/* ---- CONNECT ---- */

static long status_of(const char *head)
{
    return strncmp(head, "HTTP/1.", 7) == 0 && strlen(head) > 12
               ? strtol(head + strlen("HTTP/1.1 "), NULL, 10)
               : 0;
}

/* The empty line, which some write with LF alone. */
static bool is_end(const char *head, size_t len)
{
    return len >= 4 && head[len - 1] == '\n' &&
           (head[len - 2] == '\n' || memcmp(head + len - 3, "\n\r", 2) == 0);
}

static enum anycert__wire judge_status(const struct digging *digging, const char *head)
{
    long status = status_of(head);
    char evidence[64];

    (void)snprintf(evidence, sizeof evidence, "the proxy answers CONNECT with status %ld", status);
    if (status >= 200 && status < 300)
        return ANYCERT__WIRE_OK;
    return refuse(digging, anycert__cause_of_tunnel(status), evidence);
}

/* The next byte of the header; CLOSED, without an obstacle, where it has said enough before. */
static enum anycert__wire receive_one(const struct digging *digging, char *head, size_t used)
{
    size_t len = 0;
    enum anycert__wire result =
        anycert__line_receive(digging->line, head + used, 1, &len, digging->patience);

    if (result == ANYCERT__WIRE_CLOSED && memchr(head, '\n', used) && status_of(head) >= 300)
        return result;
    return result == ANYCERT__WIRE_OK ? result : no_answer(digging, result);
}

static enum anycert__wire dig_http(const struct digging *digging,
                                   const struct anycert__peer *target)
{
    char request[700];
    char head[HEAD_MAX + 1];
    size_t used = 0;
    const char *open = anycert__open_bracket(target->host);
    const char *close = anycert__close_bracket(target->host);
    int len =
        snprintf(request, sizeof request, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n\r\n",
                 open, target->host, close, (unsigned)target->port, open, target->host, close,
                 (unsigned)target->port);
    enum anycert__wire result =
        anycert__line_send(digging->line, request, (size_t)len, digging->patience);

    if (result != ANYCERT__WIRE_OK)
        return no_answer(digging, result);
    /* Byte by byte: the first one behind the header is the server's. */
    for (; used < HEAD_MAX; used++) {
        result = receive_one(digging, head, used);
        if (result == ANYCERT__WIRE_CLOSED)
            return judge_status(digging, head);
        if (result != ANYCERT__WIRE_OK)
            return result;
        if (used == 0 && (head[0] == 0x15 || head[0] == 0x16))
            return refuse(digging, ANYCERT__CAUSE_PROXY_IS_TLS,
                          "the proxy answers a plain request with TLS");
        if (used < 5 && head[used] != "HTTP/"[used])
            return refuse(digging, ANYCERT__CAUSE_PROXY_IS_NONE,
                          "what answers does not speak HTTP");
        head[used + 1] = '\0';
        if (!is_end(head, used + 1))
            continue;
        if (status_of(head) < 100 || status_of(head) > 199)
            return judge_status(digging, head);
        used = (size_t)-1; /* an interim answer: another one follows */
    }
    return refuse(digging, ANYCERT__CAUSE_PROXY_IS_NONE, "its answer has no end");
}

/* ---- SOCKS ---- */

static enum anycert__wire dig_socks4(const struct digging *digging,
                                     const struct anycert__peer *target,
                                     const struct addrinfo *address)
{
    unsigned char request[9 + 256] = {
        4, 1, (unsigned char)(target->port >> 8), (unsigned char)target->port, 0, 0, 0, 1, 0};
    unsigned char reply[8] = {0};
    size_t len = 9;
    enum anycert__wire result = ANYCERT__WIRE_OK;

    for (; address && address->ai_family != AF_INET; address = address->ai_next)
        ;
    if (address) {
        struct sockaddr_in in;

        memcpy(&in, address->ai_addr, sizeof in);
        memcpy(request + 4, &in.sin_addr, 4);
    } else { /* 0.0.0.1 and the name behind: SOCKS 4a */
        size_t size = strlen(target->host) + 1;

        memcpy(request + len, target->host, size);
        len += size;
    }
    result = anycert__line_send(digging->line, request, len, digging->patience);
    if (result != ANYCERT__WIRE_OK)
        return no_answer(digging, result);
    result = receive_all(digging, reply, sizeof reply);
    if (result != ANYCERT__WIRE_OK)
        return result;
    if (reply[0] != 0)
        return refuse(digging, ANYCERT__CAUSE_PROXY_IS_NONE, "what answers does not speak SOCKS 4");
    return reply[1] == 90 ? ANYCERT__WIRE_OK
                          : refuse(digging, ANYCERT__CAUSE_PROXY_SOCKS_REFUSES,
                                   "the SOCKS 4 proxy refuses the connection");
}

/* The target in SOCKS 5 form; how many bytes. */
static size_t write_socks5_target(const struct anycert__peer *target,
                                  const struct addrinfo *address, unsigned char *out)
{
    size_t len = 0;

    if (address && address->ai_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address->ai_addr, sizeof in);
        out[len++] = 1;
        memcpy(out + len, &in.sin_addr, 4);
        len += 4;
    } else if (address && address->ai_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, address->ai_addr, sizeof in6);
        out[len++] = 4;
        memcpy(out + len, &in6.sin6_addr, 16);
        len += 16;
    } else {
        size_t size = strlen(target->host);

        out[len++] = 3;
        out[len++] = (unsigned char)size; /* a host name has at most 255 bytes */
        memcpy(out + len, target->host, size);
        len += size;
    }
    out[len++] = (unsigned char)(target->port >> 8);
    out[len++] = (unsigned char)target->port;
    return len;
}

static enum anycert__wire judge_socks5(const struct digging *digging, unsigned char code)
{
    static const char *const meanings[] = {
        "",
        "the SOCKS 5 proxy fails",
        "the SOCKS 5 proxy's rules forbid the connection",
        "the SOCKS 5 proxy says that the network cannot be reached",
        "the SOCKS 5 proxy says that the host cannot be reached",
        "the SOCKS 5 proxy says that the connection was refused",
        "the SOCKS 5 proxy waited too long",
        "the SOCKS 5 proxy does not know the command",
        "the SOCKS 5 proxy does not take this kind of address",
    };

    return refuse(digging, ANYCERT__CAUSE_PROXY_SOCKS_REFUSES,
                  code < sizeof meanings / sizeof meanings[0] ? meanings[code]
                                                              : "the SOCKS 5 proxy refuses");
}

/* Without a name, and without a password. */
static const unsigned char greeting[] = {5, 1, 0};

bool anycert__tunnel_greets(struct anycert__line *line, const struct anycert__patience *patience)
{
    static const struct anycert__peer nobody = {.host = ""};
    struct anycert__obstacle obstacle = {.is_set = false};
    const struct digging digging = {line, &nobody, patience, &obstacle};
    unsigned char method[2] = {0};

    return anycert__line_send(line, greeting, sizeof greeting, patience) == ANYCERT__WIRE_OK &&
           receive_all(&digging, method, sizeof method) == ANYCERT__WIRE_OK && method[0] == 5;
}

static enum anycert__wire dig_socks5(const struct digging *digging,
                                     const struct anycert__peer *target,
                                     const struct addrinfo *address)
{
    unsigned char request[3 + 2 + 256 + 2] = {5, 1, 0};
    unsigned char method[2] = {0}, reply[4 + 256 + 2] = {0};
    size_t len = 3 + write_socks5_target(target, address, request + 3);
    enum anycert__wire result =
        anycert__line_send(digging->line, greeting, sizeof greeting, digging->patience);

    if (result != ANYCERT__WIRE_OK)
        return no_answer(digging, result);
    result = receive_all(digging, method, sizeof method);
    if (result != ANYCERT__WIRE_OK)
        return result;
    if (method[0] != 5)
        return refuse(digging, ANYCERT__CAUSE_PROXY_IS_NONE, "what answers does not speak SOCKS 5");
    if (method[1] != 0)
        return refuse(digging, ANYCERT__CAUSE_PROXY_WANTS_PASSWORD,
                      "the SOCKS 5 proxy takes nobody without a password");
    result = anycert__line_send(digging->line, request, len, digging->patience);
    if (result != ANYCERT__WIRE_OK)
        return no_answer(digging, result);
    result = receive_all(digging, reply, 5);
    if (result != ANYCERT__WIRE_OK)
        return result;
    if (reply[1] != 0)
        return judge_socks5(digging, reply[1]);
    len = reply[3] == 1 ? 4 - 1 + 2 : reply[3] == 4 ? 16 - 1 + 2 : (size_t)reply[4] + 2;
    return receive_all(digging, reply + 5, len);
}

enum anycert__wire
anycert__tunnel_dig(struct anycert__line *line, const struct anycert__proxy *proxy,
                    const struct anycert__peer *target, const struct addrinfo *address,
                    const struct anycert__patience *patience, struct anycert__obstacle *obstacle)
{
    const struct digging digging = {line, &proxy->peer, patience, obstacle};

    switch (proxy->kind) {
    case ANYCERT__PROXY_HTTP:
    case ANYCERT__PROXY_HTTPS:
        return dig_http(&digging, target);
    case ANYCERT__PROXY_SOCKS4:
    case ANYCERT__PROXY_SOCKS4A:
        return dig_socks4(&digging, target, address);
    case ANYCERT__PROXY_SOCKS5:
    case ANYCERT__PROXY_SOCKS5H:
        return dig_socks5(&digging, target, address);
    case ANYCERT__PROXY_NONE:
        break;
    }
    return ANYCERT__WIRE_OK;
}
