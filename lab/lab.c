/* Starting and stopping, the thread that takes connections, and the accessors. */
#include "lab/lab.h"
#include "lab/stream.h"

#include <openssl/err.h>
#include <openssl/provider.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1000
#define REAP_MS         500

int lab__fail(struct anycert_error *err, int code, const char *format, ...)
{
    if (err != NULL) {
        va_list arguments;
        memset(err, 0, sizeof(*err));
        err->code = code;
        err->tls_alert = -1;
        va_start(arguments, format);
        vsnprintf(err->message, sizeof(err->message), format, arguments);
        va_end(arguments);
    }
    return -1;
}

int lab__fail_openssl(struct anycert_error *err, const char *doing)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return lab__fail(err, ANYCERT_E_INTERNAL, "%s: %s", doing,
                     reason != NULL ? reason : "unknown reason");
}

/* ---- taking connections ---- */

static void reap(struct lab *lab, bool all)
{
    struct lab__connection **link = &lab->connections;

    while (*link != NULL) {
        struct lab__connection *connection = *link;
        if (!all && !atomic_load(&connection->done)) {
            link = &connection->next;
            continue;
        }
        pthread_join(connection->thread, NULL);
        *link = connection->next;
        free(connection);
        lab->connection_count--;
    }
}

static void take_connection(struct lab *lab, struct lab_server *server, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct lab__connection *connection;

    if (fd < 0) {
        return;
    }
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL || lab->connection_count >= CONNECTIONS_MAX) {
        free(connection);
        close(fd);
        return;
    }
    connection->server = server;
    connection->fd = fd;
    connection->number = atomic_fetch_add(&server->stats->connections, 1) + 1;
    if (pthread_create(&connection->thread, NULL, lab__connection_serve, connection) != 0) {
        free(connection);
        close(fd);
        return;
    }
    connection->next = lab->connections;
    lab->connections = connection;
    lab->connection_count++;
}

/* Two entries a server, behind the stop pipe's. A relay accepts for itself. */
static void watch(const struct lab *lab, struct pollfd *set)
{
    set[0] = (struct pollfd){.fd = lab->stop_read, .events = POLLIN};
    for (size_t i = 0; i < lab->server_count; i++) {
        const struct lab_server *server = &lab->servers[i];
        bool ours = server->recipe->behaviour != LAB__CHILD;
        for (size_t j = 0; j < 2; j++) {
            set[1 + 2 * i + j] =
                (struct pollfd){.fd = ours ? server->listeners[j] : -1, .events = POLLIN};
        }
    }
}

static void *accept_all(void *argument)
{
    struct lab *lab = argument;
    size_t count = 1 + 2 * lab->server_count;
    struct pollfd *set = calloc(count, sizeof(*set));

    while (set != NULL) {
        watch(lab, set);
        if (poll(set, count, lab->connections != NULL ? REAP_MS : -1) < 0 && errno != EINTR) {
            break;
        }
        if (set[0].revents != 0) {
            break;
        }
        for (size_t i = 1; i < count; i++) {
            if (set[i].fd >= 0 && set[i].revents != 0) {
                take_connection(lab, &lab->servers[(i - 1) / 2], set[i].fd);
            }
        }
        reap(lab, false);
    }
    free(set);
    reap(lab, true);
    return NULL;
}

/* ---- start and stop ---- */

static int choose(struct lab *lab, const char *const *names, size_t count,
                  struct anycert_error *err)
{
    size_t all_count;
    const struct lab_condition *all = lab_conditions(&all_count);
    size_t wanted = count > 0 ? count : all_count;

    if (lab_names_check(names, count, err) != 0) {
        return -1;
    }
    lab->servers = calloc(wanted, sizeof(*lab->servers));
    if (lab->servers == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < wanted; i++) {
        struct lab_server *server = &lab->servers[i];
        server->condition = count > 0 ? lab_condition_find(names[i]) : &all[i];
        server->recipe = lab__recipe_at((size_t)(server->condition - all));
        server->lab = lab;
        server->listeners[0] = server->listeners[1] = server->relay_status = -1;
        pthread_mutex_init(&server->hello_lock, NULL);
        lab->server_count++;
    }
    return 0;
}

static int open_crypto(struct lab *lab, struct anycert_error *err)
{
    lab->libctx = OSSL_LIB_CTX_new();
    if (lab->libctx != NULL) {
        lab->provider = OSSL_PROVIDER_load(lab->libctx, "default");
    }
    if (lab->provider != NULL) {
        lab->sha256 = EVP_MD_fetch(lab->libctx, "SHA256", NULL);
        lab->bio_method = lab__stream_bio_method();
    }
    if (lab->sha256 == NULL || lab->bio_method == NULL) {
        return lab__fail_openssl(err, "cannot set up OpenSSL");
    }
    return 0;
}

/* The counters live in memory that relay processes share. */
static int open_shared(struct lab *lab, struct anycert_error *err)
{
    int ends[2];
    void *memory;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return lab__fail(err, ANYCERT_E_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    }
    lab->stop_read = ends[0];
    lab->stop_write = ends[1];
    lab->stats_size = lab->server_count * sizeof(*lab->stats);
    memory = mmap(NULL, lab->stats_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    lab->stats = memory;
    for (size_t i = 0; i < lab->server_count; i++) {
        lab->servers[i].stats = &lab->stats[i];
    }
    return 0;
}

static int start_children(struct lab *lab, struct anycert_error *err)
{
    for (size_t i = 0; i < lab->server_count; i++) {
        if (lab->servers[i].recipe->behaviour == LAB__CHILD &&
            lab__child_start(&lab->servers[i], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < lab->server_count; i++) {
        if (lab->servers[i].relay > 0 && lab__child_ready(&lab->servers[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int start_all(struct lab *lab, const char *const *names, size_t count,
                     struct anycert_error *err)
{
    if (choose(lab, names, count, err) != 0 || open_crypto(lab, err) != 0 ||
        lab__folder_open(lab, err) != 0 || open_shared(lab, err) != 0 ||
        lab__keys_prepare(lab, err) != 0 || lab__authority_prepare(lab, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < lab->server_count; i++) {
        if (lab__server_init(&lab->servers[i], err) != 0) {
            return -1;
        }
    }
    if (start_children(lab, err) != 0) {
        return -1;
    }
    lab->acceptor_runs = pthread_create(&lab->acceptor, NULL, accept_all, lab) == 0;
    if (!lab->acceptor_runs) {
        return lab__fail(err, ANYCERT_E_INTERNAL, "cannot start a thread");
    }
    return 0;
}

int lab_start(const char *const *names, size_t count, struct lab **out, struct anycert_error *err)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    sigset_t all_signals;
    sigset_t before;
    int result;

    *out = NULL;
    if (lab == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    lab->stop_read = lab->stop_write = lab->folder_lock = -1;
    lab->now = time(NULL);
    /* Threads inherit the mask: signals are for the caller's threads. */
    sigfillset(&all_signals);
    pthread_sigmask(SIG_BLOCK, &all_signals, &before);
    result = start_all(lab, names, count, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        lab_stop(lab);
        return -1;
    }
    *out = lab;
    return 0;
}

static void close_crypto(struct lab *lab)
{
    for (size_t i = 0; i < LAB__CA_COUNT; i++) {
        X509_free(lab->authorities[i].cert);
        EVP_PKEY_free(lab->authorities[i].key);
    }
    for (size_t i = 0; i < LAB__KEY_COUNT; i++) {
        EVP_PKEY_free(lab->shared_keys[i]);
    }
    EVP_MD_free(lab->sha256);
    BIO_meth_free(lab->bio_method);
    if (lab->provider != NULL) {
        OSSL_PROVIDER_unload(lab->provider);
    }
    OSSL_LIB_CTX_free(lab->libctx);
}

void lab_stop(struct lab *lab)
{
    if (lab == NULL) {
        return;
    }
    if (lab->stop_write >= 0) {
        close(lab->stop_write); /* wakes every thread and every relay */
    }
    if (lab->acceptor_runs) {
        pthread_join(lab->acceptor, NULL);
    }
    for (size_t i = 0; i < lab->server_count; i++) {
        lab__child_stop(&lab->servers[i]);
        lab__server_free(&lab->servers[i]);
        pthread_mutex_destroy(&lab->servers[i].hello_lock);
    }
    if (lab->stop_read >= 0) {
        close(lab->stop_read);
    }
    close_crypto(lab);
    lab__folder_close(lab);
    if (lab->stats != NULL) {
        munmap(lab->stats, lab->stats_size);
    }
    free(lab->root_pem);
    free(lab->servers);
    free(lab);
}

/* ---- accessors ---- */

size_t lab_server_count(const struct lab *lab)
{
    return lab->server_count;
}

const struct lab_server *lab_server_at(const struct lab *lab, size_t index)
{
    return index < lab->server_count ? &lab->servers[index] : NULL;
}

const struct lab_server *lab_server_find(const struct lab *lab, const char *name)
{
    for (size_t i = 0; name != NULL && i < lab->server_count; i++) {
        if (strcmp(lab->servers[i].condition->name, name) == 0) {
            return &lab->servers[i];
        }
    }
    return NULL;
}

const struct lab_condition *lab_server_condition(const struct lab_server *server)
{
    return server->condition;
}

const char *lab_server_name(const struct lab_server *server)
{
    return server->condition->name;
}

const char *lab_server_url(const struct lab_server *server)
{
    return server->url;
}

uint16_t lab_server_port(const struct lab_server *server)
{
    return server->port;
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

const char *lab_server_resolve(const struct lab_server *server)
{
    return or_null(server->resolve);
}

const char *lab_server_pin(const struct lab_server *server)
{
    return or_null(server->pin);
}

const char *lab_server_chain_pem(const struct lab_server *server)
{
    return server->chain_pem;
}

const char *lab_server_note(const struct lab_server *server)
{
    return or_null(server->note);
}

const char *lab_file(const struct lab *lab, enum lab_file which)
{
    return lab->files[which];
}

const char *lab_root_pem(const struct lab *lab, size_t *len)
{
    if (len != NULL) {
        *len = lab->root_pem_len;
    }
    return lab->root_pem;
}

uint64_t lab_server_connections(const struct lab_server *server)
{
    return atomic_load(&server->stats->connections);
}

uint64_t lab_server_full_handshakes(const struct lab_server *server)
{
    return atomic_load(&server->stats->full_handshakes);
}

uint64_t lab_server_resumptions(const struct lab_server *server)
{
    return atomic_load(&server->stats->resumptions);
}

uint64_t lab_server_requests(const struct lab_server *server)
{
    return atomic_load(&server->stats->requests);
}
