/* Servers by lot: set-ups whose health is known beforehand, and handshakes that are spoilt on the
 * way, a byte or more of the server's first flight in each connection. The doctor never calls a
 * spoilt one healthy, never misses a healthy one, and never makes more than 25 handshakes.
 *
 * RANDOM_ROUNDS and RANDOM_SEED in the environment ask for more, or for others. Most of the time is
 * spent waiting for what a spoilt length announces, so several processes do it, each from a seed of
 * its own. */
#include <anycert/anycert.h>

#include "support/certs.h"

#include <openssl/ssl.h>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PROCESSES 6
#ifdef ANYCERT_SANITIZED
#define ROUNDS 120 /* of all processes */
#else
#define ROUNDS 1300 /* more than 10,000 connections */
#endif
#define LIMIT_MS    10000
#define SPOILT_MS   100 /* a length that was made larger is waited for */
#define FLIGHT_SIZE 16384
#define COUNT(a)    (sizeof(a) / sizeof(a)[0])

static uint32_t seed = 20260615;
static uint32_t process; /* 0 for the one that waits for the others */
static struct totals {
    atomic_size_t examinations, connections, healthy, spoilt;
} *totals; /* of all processes */

static uint32_t lot(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

/* ---- what may be drawn ---- */

enum cert { CERT_GOOD, CERT_EXPIRED, CERT_OTHER_NAME, CERT_STRANGER, CERTS };
enum spoil { SPOIL_NOTHING, SPOIL_FLIP, SPOIL_CUT, SPOIL_INSERT, SPOIL_REPLACE, SPOILS };

static const struct {
    int min, max;
} versions[] = {{TLS1_VERSION, TLS1_VERSION},     {TLS1_1_VERSION, TLS1_1_VERSION},
                {TLS1_2_VERSION, TLS1_2_VERSION}, {TLS1_3_VERSION, TLS1_3_VERSION},
                {TLS1_2_VERSION, TLS1_3_VERSION}, {TLS1_VERSION, TLS1_3_VERSION}};

static const struct {
    const char *list;
    bool good;
} ciphers[] = {{"ECDHE+AESGCM:ECDHE+AES:@SECLEVEL=0", true},
               {"ALL:!aNULL:@SECLEVEL=0", true},
               {"ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", false},
               {"ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0", false}};

static const char *const protocols[] = {"", "\2h2", "\10http/1.1", "\6spdy/3"};

struct setup {
    size_t version, cipher, protocol;
    enum cert cert;
    int verify;
    enum spoil spoil;
    bool healthy;
};

static struct setup draw(bool spoilt)
{
    static const int verify[] = {SSL_VERIFY_NONE, SSL_VERIFY_NONE, SSL_VERIFY_PEER,
                                 SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    struct setup setup = {.version = lot(COUNT(versions)),
                          .cipher = lot(COUNT(ciphers)),
                          .protocol = lot(COUNT(protocols)),
                          .cert = lot(2) ? CERT_GOOD : (enum cert)lot(CERTS),
                          .verify = verify[lot(COUNT(verify))],
                          .spoil = spoilt ? (enum spoil)(1 + lot(SPOILS - 1)) : SPOIL_NOTHING};
    int max = versions[setup.version].max;

    setup.healthy = !spoilt && max >= TLS1_2_VERSION &&
                    (max == TLS1_3_VERSION || ciphers[setup.cipher].good) &&
                    setup.cert == CERT_GOOD && !(setup.verify & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) &&
                    strcmp(protocols[setup.protocol], "\6spdy/3") != 0;
    return setup;
}

/* ---- the server ---- */

struct server {
    int fd;
    uint16_t port;
    const struct setup *setup;
    SSL_CTX *ctx;
    atomic_bool stop;
    atomic_size_t connections;
    uint32_t seed;
    pthread_t thread;
};

static uint32_t draw_here(struct server *server, uint32_t below)
{
    server->seed = server->seed * 1664525U + 1013904223U;
    return (server->seed >> 8) % below;
}

/* A byte that is under a signature or a checksum: neither a record's head nor the message that
 * TLS 1.3 sends for old boxes alone. */
static void flip(struct server *server, unsigned char *flight, size_t len)
{
    for (;;) {
        size_t wanted = draw_here(server, (uint32_t)len), at = 0;

        while (at + 5 <= len) {
            size_t size = ((size_t)flight[at + 3] << 8) + flight[at + 4];

            if (flight[at] != 20 && wanted >= at + 5 && wanted < at + 5 + size) {
                flight[wanted] ^= (unsigned char)(1U << draw_here(server, 8));
                return;
            }
            at += 5 + size;
        }
    }
}

/* True if the connection ends behind it. */
static bool spoil(struct server *server, unsigned char *flight, size_t *len)
{
    size_t at = 0, more = 0;

    switch (server->setup->spoil) {
    case SPOIL_FLIP:
        flip(server, flight, *len);
        return false;
    case SPOIL_CUT:
        *len = draw_here(server, (uint32_t)*len);
        return true;
    case SPOIL_INSERT:
        at = draw_here(server, (uint32_t)(*len / 2));
        more = 1 + draw_here(server, 40);
        memmove(flight + at + more, flight + at, *len - at);
        for (size_t i = 0; i < more; i++)
            flight[at + i] = (unsigned char)draw_here(server, 256);
        *len += more;
        return true;
    case SPOIL_REPLACE:
        *len = 1 + draw_here(server, 1000);
        for (size_t i = 0; i < *len; i++)
            flight[i] = (unsigned char)draw_here(server, 256);
        return true;
    case SPOIL_NOTHING:
    case SPOILS:
        break;
    }
    return false;
}

/* Whatever the server has to say; true once the connection is to end. */
static bool pass_on(struct server *server, int fd, BIO *out, bool *spoken)
{
    unsigned char flight[FLIGHT_SIZE + 64];
    bool ends = false;
    int got = BIO_read(out, flight, FLIGHT_SIZE);
    size_t len = got > 0 ? (size_t)got : 0;

    if (len == 0)
        return false;
    if (!*spoken)
        ends = spoil(server, flight, &len);
    *spoken = true;
    return send(fd, flight, len, MSG_NOSIGNAL) != (ssize_t)len || ends;
}

static void serve_one(struct server *server, int fd)
{
    SSL *ssl = SSL_new(server->ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    unsigned char bytes[FLIGHT_SIZE];
    bool spoken = false, ends = false, refused = false;

    assert_non_null(ssl);
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    while (!ends && !refused && !atomic_load(&server->stop)) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&poller, 1, 20) > 0 ? recv(fd, bytes, sizeof bytes, 0) : -2;

        if (got == -2)
            continue;
        if (got <= 0)
            break;
        assert_int_equal(BIO_write(in, bytes, (int)got), (int)got);
        if (SSL_is_init_finished(ssl)) {
            while (SSL_read(ssl, bytes, sizeof bytes) > 0)
                ;
        } else {
            int result = SSL_do_handshake(ssl);

            refused = result != 1 && SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ;
        }
        ends = pass_on(server, fd, out, &spoken);
    }
    SSL_free(ssl);
}

static void *serve(void *arg)
{
    struct server *server = arg;

    while (!atomic_load(&server->stop)) {
        struct pollfd poller = {.fd = server->fd, .events = POLLIN};
        int fd = poll(&poller, 1, 5) > 0 ? accept(server->fd, NULL, NULL) : -1;

        if (fd < 0)
            continue;
        atomic_fetch_add(&server->connections, 1);
        serve_one(server, fd);
        (void)shutdown(fd, SHUT_WR); /* so that what was said arrives */
        close(fd);
    }
    return NULL;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *len,
                           const unsigned char *in, unsigned int in_len, void *arg)
{
    const char *mine = arg;
    unsigned char *chosen = NULL;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, len, (const unsigned char *)mine, (unsigned)strlen(mine), in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return strcmp(mine, "\6spdy/3") == 0 ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void start(struct server *server, const struct setup *setup, X509 *const *certs)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const char *mine = protocols[setup->protocol];

    memset(server, 0, sizeof *server);
    server->setup = setup;
    server->seed = lot(1U << 24);
    atomic_init(&server->stop, false);
    atomic_init(&server->connections, 0);
    server->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(server->ctx);
    assert_int_equal(SSL_CTX_set_cipher_list(server->ctx, ciphers[setup->cipher].list), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(server->ctx, versions[setup->version].min), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(server->ctx, versions[setup->version].max), 1);
    assert_int_equal(SSL_CTX_use_certificate(server->ctx, certs[setup->cert]), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->ctx, certs_key()), 1);
    SSL_CTX_set_verify(server->ctx, setup->verify, NULL);
    /* Without it those who ask for a certificate give no ticket, which is waited for. */
    assert_int_equal(SSL_CTX_set_session_id_context(server->ctx, (const unsigned char *)"1", 1), 1);
    if (mine[0] != '\0')
        SSL_CTX_set_alpn_select_cb(server->ctx, choose_protocol, (void *)(uintptr_t)mine);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 64), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    SSL_CTX_free(server->ctx);
    close(server->fd);
}

/* ---- examining ---- */

static void make_certs(X509 *certs[CERTS])
{
    int64_t now = (int64_t)time(NULL);

    for (int i = 0; i < CERTS; i++) {
        struct certs_recipe recipe = {.cn = i == CERT_OTHER_NAME ? "other.test" : "host.test",
                                      .key = certs_key(),
                                      .san =
                                          i == CERT_OTHER_NAME ? "DNS:other.test" : "DNS:host.test",
                                      .serial = (uint64_t)i + 1,
                                      .not_before = now - 9 * CERTS_DAY,
                                      .not_after = now + (i == CERT_EXPIRED ? -1 : 9) * CERTS_DAY};

        certs[i] = certs_make(&recipe);
    }
}

static struct anycert_doctor *new_doctor(X509 *const *certs, bool spoilt)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_policy *base = anycert_policy_new(&err);
    char *pem = certs_join(certs_join(certs_pem(certs[CERT_GOOD]), certs_pem(certs[CERT_EXPIRED])),
                           certs_pem(certs[CERT_OTHER_NAME]));

    assert_non_null(doctor);
    assert_int_equal(anycert_policy_add_ca_pem(base, pem, strlen(pem), &err), 0);
    assert_int_equal(anycert_doctor_set_base(doctor, base, &err), 0);
    anycert_doctor_set_timeout(doctor, spoilt ? SPOILT_MS : LIMIT_MS);
    free(pem);
    anycert_policy_free(base);
    return doctor;
}

static void check(const struct setup *setup, const struct anycert_diagnosis *diagnosis,
                  size_t round)
{
    int verdict = anycert_diagnosis_verdict(diagnosis);

    if ((verdict == ANYCERT_VERDICT_HEALTHY) != setup->healthy)
        fail_msg("round %zu: version %zu, cipher %zu, protocol %zu, certificate %d, verify %d, "
                 "spoil %d: %s",
                 round, setup->version, setup->cipher, setup->protocol, (int)setup->cert,
                 setup->verify, (int)setup->spoil, anycert_doctor_verdict_name(verdict));
    assert_true(anycert_diagnosis_handshakes(diagnosis) <= (setup->healthy ? 3U : 25U));
    assert_true((anycert_diagnosis_causes(diagnosis) > 0) == !setup->healthy);
    if (verdict == ANYCERT_VERDICT_RELAXABLE)
        assert_true(anycert_diagnosis_policies(diagnosis) > 0);
    /* Whoever asks for a certificate of ours and is cut off looks as if it wanted one. */
    if (setup->spoil != SPOIL_NOTHING && anycert_diagnosis_policies(diagnosis) > 0) {
        assert_int_not_equal(setup->verify, SSL_VERIFY_NONE);
        assert_int_equal(verdict, ANYCERT_VERDICT_FIXABLE);
    }
}

static size_t number_of(const char *variable, size_t usual)
{
    const char *text = getenv(variable);

    return text ? strtoul(text, NULL, 10) : usual;
}

static void examine_many(bool spoilt)
{
    size_t rounds = number_of("RANDOM_ROUNDS", ROUNDS) / PROCESSES + 1, healthy = 0;
    X509 *certs[CERTS];
    struct anycert_doctor *doctor = NULL;

    seed = (uint32_t)number_of("RANDOM_SEED", seed) + process;
    make_certs(certs);
    doctor = new_doctor(certs, spoilt);
    for (size_t i = 0; i < rounds; i++) {
        struct setup setup = draw(spoilt);
        struct server server;
        struct anycert_error err = {0};
        struct anycert_diagnosis *diagnosis = NULL;
        char rule[64], target[32], *json = NULL;

        start(&server, &setup, certs);
        (void)snprintf(target, sizeof target, "host.test:%u", (unsigned)server.port);
        (void)snprintf(rule, sizeof rule, "host.test:%u:127.0.0.1", (unsigned)server.port);
        if (i % 60 == 59) { /* there is room for so many rules */
            anycert_doctor_free(doctor);
            doctor = new_doctor(certs, spoilt);
        }
        assert_int_equal(anycert_doctor_add_resolve(doctor, rule, &err), 0);
        diagnosis = anycert_doctor_examine(doctor, target, &err);
        if (!diagnosis)
            fail_msg("round %zu: %s", i, err.message);
        check(&setup, diagnosis, i);
        json = anycert_diagnosis_json(diagnosis, &err);
        assert_non_null(json);
        anycert_free(json);
        healthy += setup.healthy;
        atomic_fetch_add(&totals->connections, atomic_load(&server.connections));
        anycert_diagnosis_free(diagnosis);
        stop(&server);
    }
    atomic_fetch_add(&totals->examinations, rounds);
    atomic_fetch_add(spoilt ? &totals->spoilt : &totals->healthy, spoilt ? rounds : healthy);
    assert_true(!spoilt || healthy == 0);
    anycert_doctor_free(doctor);
    for (size_t i = 0; i < CERTS; i++)
        X509_free(certs[i]);
}

static void doctor_health_of_random_servers_is_right(void **state)
{
    (void)state;
    examine_many(false);
}

static void doctor_spoilt_handshakes_are_never_healthy(void **state)
{
    (void)state;
    examine_many(true);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_health_of_random_servers_is_right),
        cmocka_unit_test(doctor_spoilt_handshakes_are_never_healthy),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    pid_t others[PROCESSES - 1];
    int failed = 0;

    totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (totals == MAP_FAILED)
        return 1;
    for (uint32_t i = 0; i < PROCESSES - 1; i++) {
        others[i] = fork();
        if (others[i] == 0) {
            process = i + 1;
            return run();
        }
    }
    failed = run();
    for (size_t i = 0; i < PROCESSES - 1; i++) {
        int status = 1;

        if (others[i] < 0 || waitpid(others[i], &status, 0) != others[i] || status != 0)
            failed++;
    }
    printf("%zu examinations, %zu connections, %zu healthy, %zu spoilt\n",
           atomic_load(&totals->examinations), atomic_load(&totals->connections),
           atomic_load(&totals->healthy), atomic_load(&totals->spoilt));
    return failed || atomic_load(&totals->healthy) == 0;
}
