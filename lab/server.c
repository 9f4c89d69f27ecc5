/* One server: its certificates, its TLS context, what it serves at "/", and its listening sockets.
 */
#include "lab/internal.h"

#include <openssl/evp.h>
#include <yyjson.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG       128
#define PORT_ATTEMPTS 50
#define INDEX_ITEMS   10

/* Listens on one loopback address; port 0 takes a free one. The socket, or -1 with errno. */
static int listen_on(int family, uint16_t port)
{
    const struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool is_v4 = family == AF_INET;
    const void *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if ((!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
        bind(fd, address, is_v4 ? sizeof(v4) : sizeof(v6)) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int bound_port(int fd, uint16_t *port)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return 0;
}

/* The same port on both addresses, so that "localhost" means this server whichever a client tries
 * first. A machine without IPv6 does with one. */
static int open_listeners(struct lab_server *server, struct anycert_error *err)
{
    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        server->listeners[0] = listen_on(AF_INET, 0);
        if (server->listeners[0] < 0 || bound_port(server->listeners[0], &server->port) != 0) {
            break;
        }
        server->listeners[1] = listen_on(AF_INET6, server->port);
        if (server->listeners[1] >= 0 || errno != EADDRINUSE) {
            return 0;
        }
        close(server->listeners[0]);
        server->listeners[0] = -1;
    }
    return lab__fail(err, ANYCERT_E_NETWORK, "cannot listen on 127.0.0.1 for '%s': %s",
                     server->condition->name, strerror(errno));
}

static int make_pin(struct lab_server *server, struct anycert_error *err)
{
    unsigned char *spki = NULL;
    unsigned char digest[32];
    unsigned digest_len = 0;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(server->leaf), &spki);
    bool ok = len > 0 &&
              EVP_Digest(spki, (size_t)len, digest, &digest_len, server->lab->sha256, NULL) > 0;

    OPENSSL_free(spki);
    if (!ok) {
        return lab__fail_openssl(err, "cannot make the pin of a key");
    }
    memcpy(server->pin, "sha256//", 8);
    EVP_EncodeBlock((unsigned char *)server->pin + 8, digest, sizeof(digest));
    return 0;
}

/* About 1 kB, as an API would answer. */
static int make_index(struct lab_server *server, struct anycert_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *items = yyjson_mut_arr(doc);

    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "server", "anycert lab");
    yyjson_mut_obj_add_str(doc, root, "condition", server->condition->name);
    yyjson_mut_obj_add_str(doc, root, "wrong", server->condition->wrong);
    yyjson_mut_obj_add_val(doc, root, "items", items);
    for (unsigned i = 1; i <= INDEX_ITEMS; i++) {
        yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, items);
        yyjson_mut_obj_add_uint(doc, item, "id", i);
        yyjson_mut_obj_add_str(doc, item, "name", "a thing of the lab");
        yyjson_mut_obj_add_str(doc, item, "state", i % 3 == 0 ? "idle" : "running");
        yyjson_mut_obj_add_bool(doc, item, "enabled", i % 2 == 0);
        yyjson_mut_obj_add_real(doc, item, "load", 0.25 * i);
    }
    server->index = yyjson_mut_write(doc, 0, &server->index_len);
    yyjson_mut_doc_free(doc);
    return server->index != NULL ? 0 : lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
}

static void make_texts(struct lab_server *server)
{
    const struct lab_condition *condition = server->condition;
    bool known =
        strcmp(condition->host, "localhost") == 0 || strcmp(condition->host, "127.0.0.1") == 0;

    snprintf(server->url, sizeof(server->url), "%s://%s:%u/", condition->plain ? "http" : "https",
             condition->host, (unsigned)server->port);
    if (!known) {
        snprintf(server->resolve, sizeof(server->resolve), "%s:%u:127.0.0.1", condition->host,
                 (unsigned)server->port);
    }
}

static int make_tls(struct lab_server *server, struct anycert_error *err)
{
    const struct lab__recipe *recipe = server->recipe;
    bool ours = recipe->behaviour == LAB__TLS || recipe->behaviour == LAB__DRIP_HANDSHAKE;

    if (!ours && recipe->behaviour != LAB__CHILD) {
        return 0;
    }
    if (recipe->key != LAB__KEY_NONE &&
        (lab__chain_make(server, err) != 0 || make_pin(server, err) != 0)) {
        return -1;
    }
    if (recipe->staple != LAB__STAPLE_NONE && lab__staple_make(server, err) != 0) {
        return -1;
    }
    return ours ? lab__context_make(server, err) : 0;
}

int lab__server_init(struct lab_server *server, struct anycert_error *err)
{
    if (open_listeners(server, err) != 0 || make_tls(server, err) != 0) {
        return -1;
    }
    make_texts(server);
    return make_index(server, err);
}

void lab__server_free(struct lab_server *server)
{
    for (size_t i = 0; i < 2; i++) {
        if (server->listeners[i] >= 0) {
            close(server->listeners[i]);
        }
    }
    if (server->relay_status >= 0) {
        close(server->relay_status);
    }
    SSL_CTX_free(server->ctx);
    sk_X509_pop_free(server->chain, X509_free);
    X509_free(server->leaf);
    EVP_PKEY_free(server->key);
    X509_free(server->other_leaf);
    EVP_PKEY_free(server->other_key);
    OPENSSL_free(server->staple);
    free(server->chain_pem);
    free(server->index);
}
