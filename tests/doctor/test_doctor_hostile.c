/* Servers that mean no good: random bytes, handshakes with a changed byte, silence, drips, resets
 * and closes at each stage. The doctor ends, and never calls one of them healthy. */
#include <anycert/anycert.h>

#include "support/certs.h"
#include "tls/ossl.h"
#include "tls/shake.h"
#include "verdict/judge.h"

#include <openssl/ssl.h>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 120
#define MUTANTS  2000
#define ROUNDS   40

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* ---- a server that follows a script ---- */

enum deed {
    CLOSE_AT_ONCE,
    RESET_AT_ONCE,
    CLOSE_AFTER_HELLO,
    RESET_AFTER_HELLO,
    SILENT,
    DRIP,        /* a byte of a record's head at a time */
    RANDOM,      /* bytes of any kind */
    RANDOM_TLS,  /* in records of the handshake */
    HALF_HELLO,  /* a server hello that ends in the middle */
    ALERT,       /* one that depends on the round */
    LONG_RECORD, /* a record that says to be longer than any may be */
    LONG_HELLO,  /* a server hello that says so */
    PLAIN_TEXT,
    DEEDS
};

struct bad_server {
    int fd;
    uint16_t port;
    enum deed deed;
    uint32_t seed;
    atomic_bool stop;
    pthread_t thread;
};

static void reset(int fd)
{
    struct linger linger = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static bool is_going(const struct bad_server *server, int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char byte = 0;

    if (atomic_load(&server->stop))
        return false;
    return poll(&poller, 1, 5) <= 0 || recv(fd, &byte, 1, 0) > 0;
}

static void say(int fd, const void *bytes, size_t len)
{
    (void)send(fd, bytes, len, MSG_NOSIGNAL);
}

static void say_random(struct bad_server *server, int fd, bool tls)
{
    unsigned char bytes[600];
    size_t len = 20 + next_random(&server->seed) % (sizeof bytes - 20);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)next_random(&server->seed);
    if (tls) {
        bytes[0] = 0x16;
        bytes[1] = 3;
        bytes[2] = (unsigned char)(next_random(&server->seed) % 5);
        bytes[3] = (unsigned char)((len - 5) >> 8);
        bytes[4] = (unsigned char)(len - 5);
        bytes[5] = 2; /* ServerHello */
    }
    say(fd, bytes, len);
}

static void act(struct bad_server *server, int fd)
{
    static const unsigned char half[] = {0x16, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3, 1, 2, 3, 4};
    static const unsigned char slow[] = {0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb};
    static const unsigned char longer[] = {0x16, 3, 3, 0xff, 0xff, 2, 0, 1, 0};
    static const unsigned char long_hello[] = {0x16, 3, 3, 0, 8, 2, 0xff, 0xff, 0xff, 3, 3, 1, 2};
    static const char text[] = "220 welcome to nowhere\r\n";
    unsigned char alert[] = {0x15, 3, 3, 0, 2, 2, (unsigned char)next_random(&server->seed)};
    char hello[4096];

    if (server->deed == RESET_AT_ONCE)
        reset(fd);
    if (server->deed == CLOSE_AT_ONCE || server->deed == RESET_AT_ONCE)
        return;
    (void)recv(fd, hello, sizeof hello, 0);
    switch (server->deed) {
    case CLOSE_AFTER_HELLO:
        return;
    case RESET_AFTER_HELLO:
        reset(fd);
        return;
    case DRIP:
        for (size_t i = 0; i < sizeof slow && is_going(server, fd); i++)
            say(fd, slow + i, 1);
        break;
    case RANDOM:
    case RANDOM_TLS:
        say_random(server, fd, server->deed == RANDOM_TLS);
        break;
    case HALF_HELLO:
        say(fd, half, sizeof half);
        return;
    case ALERT:
        say(fd, alert, sizeof alert);
        return;
    case LONG_RECORD:
        say(fd, longer, sizeof longer);
        break;
    case LONG_HELLO:
        say(fd, long_hello, sizeof long_hello);
        break;
    case PLAIN_TEXT:
        say(fd, text, sizeof text - 1);
        return;
    case SILENT:
    case CLOSE_AT_ONCE:
    case RESET_AT_ONCE:
    case DEEDS:
        break;
    }
    while (is_going(server, fd))
        ;
}

static void *serve(void *arg)
{
    struct bad_server *server = arg;

    while (!atomic_load(&server->stop)) {
        struct pollfd poller = {.fd = server->fd, .events = POLLIN};
        int fd = poll(&poller, 1, 5) > 0 ? accept(server->fd, NULL, NULL) : -1;

        if (fd < 0)
            continue;
        act(server, fd);
        close(fd);
    }
    return NULL;
}

static void start(struct bad_server *server, enum deed deed, uint32_t seed)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    memset(server, 0, sizeof *server);
    server->deed = deed;
    server->seed = seed;
    atomic_init(&server->stop, false);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 32), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct bad_server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

/* The message that is too large here is not the one with the certificates. */
static void expect_no_chain(const struct anycert_diagnosis *diagnosis)
{
    assert_int_equal(anycert_diagnosis_causes(diagnosis), 1);
    assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), "tls-malformed");
    assert_non_null(strstr(anycert_diagnosis_cause_evidence(diagnosis, 0), "larger than any"));
}

static void examine(enum deed deed, uint32_t seed)
{
    struct bad_server server;
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_diagnosis *diagnosis = NULL;
    char target[64];
    char *json = NULL;

    assert_non_null(doctor);
    start(&server, deed, seed);
    anycert_doctor_set_timeout(doctor, LIMIT_MS);
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", (unsigned)server.port);
    diagnosis = anycert_doctor_examine(doctor, target, &err);
    if (!diagnosis)
        fail_msg("%d: %s", (int)deed, err.message);
    assert_int_not_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_HEALTHY);
    assert_int_not_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_RELAXABLE);
    assert_true(anycert_diagnosis_causes(diagnosis) > 0);
    assert_true(anycert_diagnosis_handshakes(diagnosis) <= 25);
    if (deed == LONG_HELLO)
        expect_no_chain(diagnosis);
    json = anycert_diagnosis_json(diagnosis, &err);
    assert_non_null(json);
    anycert_free(json);
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
    stop(&server);
}

static void doctor_bad_servers_are_never_healthy(void **state)
{
    (void)state;
    for (enum deed deed = CLOSE_AT_ONCE; deed < DEEDS; deed++) {
        uint32_t rounds = deed == RANDOM || deed == RANDOM_TLS || deed == ALERT ? ROUNDS : 1;

        for (uint32_t seed = 1; seed <= rounds; seed++)
            examine(deed, seed * 7919U);
    }
}

/* ---- cancellation ---- */

static void *cancel_soon(void *arg)
{
    (void)poll(NULL, 0, 30);
    anycert_doctor_cancel(arg);
    return NULL;
}

static void doctor_cancelled_ends_the_examination(void **state)
{
    struct bad_server server;
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    pthread_t thread;
    char target[64];

    (void)state;
    assert_non_null(doctor);
    start(&server, SILENT, 1);
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", (unsigned)server.port);
    anycert_doctor_set_timeout(doctor, 600000);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, doctor), 0);
    assert_null(anycert_doctor_examine(doctor, target, &err));
    assert_int_equal(err.code, ANYCERT_E_INTERRUPTED);
    pthread_join(thread, NULL);
    anycert_doctor_free(doctor);
    stop(&server);
}

static int ask_until_third(void *arg)
{
    unsigned *asked = arg;

    return ++*asked >= 3;
}

static void doctor_asks_whether_to_go_on(void **state)
{
    struct bad_server server;
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    unsigned asked = 0;
    char target[64];

    (void)state;
    assert_non_null(doctor);
    start(&server, SILENT, 1);
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", (unsigned)server.port);
    anycert_doctor_set_timeout(doctor, 600000);
    anycert_doctor_set_interrupt(doctor, ask_until_third, &asked);
    assert_null(anycert_doctor_examine(doctor, target, &err));
    assert_int_equal(err.code, ANYCERT_E_INTERRUPTED);
    assert_true(asked >= 3);
    /* One examination was ended, and not the doctor. */
    anycert_doctor_set_interrupt(doctor, NULL, NULL);
    anycert_doctor_set_timeout(doctor, 50);
    struct anycert_diagnosis *diagnosis = anycert_doctor_examine(doctor, target, &err);
    assert_non_null(diagnosis);
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
    stop(&server);
}

/* ---- a handshake with one byte changed ---- */

static SSL_CTX *server_context(X509 *cert, EVP_PKEY *key, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    return ctx;
}

/* Shakes hands in memory; the nth byte that the server sends is changed. True if completed. */
static bool shake(struct anycert__shake *shake, SSL_CTX *ctx, size_t nth, unsigned char change)
{
    SSL *server = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    enum anycert__shake_state state = ANYCERT__SHAKE_GOING;
    unsigned char bytes[8192];
    size_t sent = 0;

    assert_non_null(server);
    SSL_set_bio(server, in, out);
    SSL_set_accept_state(server);
    for (int i = 0; i < 10 && state == ANYCERT__SHAKE_GOING; i++) {
        size_t len = 0;
        int got = 0;

        state = anycert__shake_step(shake);
        while ((len = anycert__shake_take(shake, bytes, sizeof bytes)) > 0)
            assert_int_equal(BIO_write(in, bytes, (int)len), (int)len);
        (void)SSL_do_handshake(server);
        while ((got = BIO_read(out, bytes, sizeof bytes)) > 0) {
            if (nth >= sent && nth < sent + (size_t)got)
                bytes[nth - sent] ^= change;
            sent += (size_t)got;
            assert_int_equal(anycert__shake_feed(shake, bytes, (size_t)got, NULL), 0);
        }
    }
    SSL_free(server);
    return state == ANYCERT__SHAKE_DONE;
}

static void shake_changed_bytes_never_authenticate(void **state)
{
    static const struct anycert__clock clock;
    struct anycert_policy *policy = anycert_policy_new(NULL);
    struct anycert__hop_terms terms = {.policy = policy, .clock = &clock, .observes = true};
    struct anycert__anchors *anchors = anycert__anchors_none("none");
    struct certs_recipe recipe = {
        .cn = "mutant.test", .key = certs_key(), .san = "DNS:mutant.test"};
    X509 *cert = certs_make(&recipe);
    SSL_CTX *contexts[] = {server_context(cert, certs_key(), TLS1_3_VERSION),
                           server_context(cert, certs_key(), TLS1_2_VERSION)};
    uint32_t seed = 3;
    size_t completed = 0;

    (void)state;
    assert_int_equal(anycert__tls_init(NULL), 0);
    for (int i = 0; i < MUTANTS; i++) {
        struct anycert__shake *client =
            anycert__shake_new(&terms, "mutant.test", 443, anchors, true, NULL);
        const struct anycert__facts *facts = NULL;
        unsigned char change = (unsigned char)(1U << (next_random(&seed) % 8));

        assert_non_null(client);
        facts = anycert__link_facts(anycert__shake_link(client));
        if (shake(client, contexts[i % 2], next_random(&seed) % 900, change)) {
            /* Heads of records are not under the signature; nothing else may have changed. */
            completed++;
            assert_true(facts->complete);
            assert_string_equal(facts->presented[0].subject, "CN=mutant.test");
        }
        assert_false(anycert__judge_accepts(facts, policy, facts->time, ANYCERT__JUDGE_ALL));
        anycert__shake_free(client);
    }
    assert_true(completed < MUTANTS / 2);
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
    X509_free(cert);
    anycert__anchors_unref(anchors);
    anycert_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_bad_servers_are_never_healthy),
        cmocka_unit_test(doctor_cancelled_ends_the_examination),
        cmocka_unit_test(doctor_asks_whether_to_go_on),
        cmocka_unit_test(shake_changed_bytes_never_authenticate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
