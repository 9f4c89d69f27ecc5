/* One connection: hello, handshake, HTTP. Runs in a thread of its own. */
#include "lab/http.h"
#include "lab/raw.h"

#include <openssl/err.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HANDSHAKE_MS 60000
#define EARLY_MAX    (LAB_HELLO_RAW_MAX + 1024)

enum verdict { GO_ON, NO_TLS, GONE };

/* Reads until the ClientHello is whole and keeps its bytes for OpenSSL. */
static enum verdict read_hello(struct lab__stream *stream, unsigned char *message, size_t *len)
{
    stream->early = malloc(EARLY_MAX);
    if (stream->early == NULL) {
        return GONE;
    }
    for (;;) {
        int found =
            lab__hello_extract(stream->early, stream->early_len, message, LAB_HELLO_RAW_MAX, len);
        if (found != 0 || stream->early_len == EARLY_MAX) {
            return found > 0 ? GO_ON : NO_TLS;
        }
        if (lab__stream_wait(stream, POLLIN, HANDSHAKE_MS) != 1) {
            return GONE;
        }
        ssize_t got =
            recv(stream->fd, stream->early + stream->early_len, EARLY_MAX - stream->early_len, 0);
        if (got <= 0) {
            return GONE;
        }
        stream->early_len += (size_t)got;
    }
}

static void keep_hello(struct lab_server *server, const unsigned char *message, size_t len)
{
    pthread_mutex_lock(&server->hello_lock);
    lab__hello_store(server->stats, message, len);
    pthread_mutex_unlock(&server->hello_lock);
}

static bool is_unbearable(const struct lab__recipe *recipe, const struct lab_hello *hello)
{
    return ((recipe->shake & LAB__SHAKE_REFUSE_EXTENSION) &&
            lab_hello_has_extension(hello, (uint16_t)recipe->extension)) ||
           ((recipe->shake & LAB__SHAKE_REFUSE_EXTENSIONS) && hello->extension_count > 0) ||
           ((recipe->shake & LAB__SHAKE_REFUSE_MANY) && hello->suite_count > LAB__MANY_SUITES);
}

/* True if the recipe cannot bear this hello; the stream is closed then. */
static bool refuses(const struct lab__recipe *recipe, struct lab__stream *stream,
                    const unsigned char *message, size_t len)
{
    struct lab_hello hello;

    if ((recipe->shake & LAB__SHAKE_REFUSE_LARGE) && len > LAB__LARGE_HELLO) {
        while (lab__stream_wait(stream, POLLRDHUP, LAB__IDLE_MS) == 0) {
            /* as a box does that dropped the message */
        }
        lab__stream_close(stream, false);
        return true;
    }
    if (lab__hello_parse(message, len, &hello) == 0 && is_unbearable(recipe, &hello)) {
        lab__stream_reset(stream);
        return true;
    }
    return false;
}

static int shake_hands(struct lab_server *server, struct lab__stream *stream)
{
    SSL *ssl = SSL_new(server->ctx);

    if (ssl == NULL) {
        return -1;
    }
    SSL_set_app_data(ssl, server);
    if (lab__stream_set_ssl(stream, ssl) != 0 || lab__stream_accept(stream, HANDSHAKE_MS) != 0) {
        return -1;
    }
    atomic_fetch_add(
        SSL_session_reused(ssl) ? &server->stats->resumptions : &server->stats->full_handshakes, 1);
    stream->corrupt = (server->recipe->shake & LAB__SHAKE_CORRUPT) != 0;
    return 0;
}

static bool expects_hello(const struct lab__recipe *recipe)
{
    return recipe->behaviour != LAB__PLAIN_HTTP && recipe->behaviour != LAB__BANNER;
}

static void serve_tls(struct lab__connection *connection, struct lab__stream *stream)
{
    if (shake_hands(connection->server, stream) != 0) {
        lab__stream_close(stream, false);
        return;
    }
    lab__http_serve(connection, stream);
}

static void serve(struct lab__connection *connection, struct lab__stream *stream)
{
    struct lab_server *server = connection->server;
    const struct lab__recipe *recipe = server->recipe;
    unsigned char message[LAB_HELLO_RAW_MAX];
    size_t len = 0;

    if (expects_hello(recipe)) {
        enum verdict verdict = read_hello(stream, message, &len);
        if (verdict == GONE) {
            lab__stream_close(stream, false);
            return;
        }
        if (verdict == GO_ON) {
            keep_hello(server, message, len);
            if (refuses(recipe, stream, message, len)) {
                return;
            }
        }
    }
    if (recipe->behaviour == LAB__PLAIN_HTTP) {
        lab__http_serve(connection, stream);
    } else if (recipe->behaviour == LAB__TLS || recipe->behaviour == LAB__DRIP_HANDSHAKE) {
        stream->drip = recipe->behaviour == LAB__DRIP_HANDSHAKE;
        serve_tls(connection, stream);
    } else {
        lab__raw_serve(recipe, stream);
    }
}

void *lab__connection_serve(void *argument)
{
    struct lab__connection *connection = argument;
    struct lab__stream stream = {
        .fd = connection->fd,
        .stop_fd = connection->server->lab->stop_read,
    };
    int on = 1;

    /* Else TLS 1.3's tickets hold the first answer back until the client's delayed acknowledgement.
     */
    (void)setsockopt(stream.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    serve(connection, &stream);
    ERR_clear_error();
    atomic_store(&connection->done, 1);
    return NULL;
}
