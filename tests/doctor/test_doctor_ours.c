/* What can be mended on our side, and is found to be: the clock, the server name, the name that is
 * expected. */
#include <anycert/anycert.h>

#include "client/staple.h"
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a clock ---- */

static int64_t shifted(void *arg)
{
    const int64_t *by = arg;

    return (int64_t)time(NULL) + *by;
}

/* ---- a server that knows one name only ---- */

struct named_server {
    int fd;
    uint16_t port;
    SSL_CTX *ctx;
    bool takes_none; /* no server name at all is right, too */
    bool only_h2;    /* it agrees on HTTP/2 or on nothing, and speaks it */
    atomic_bool stop;
    pthread_t thread;
};

static int choose(SSL *ssl, int *alert, void *arg)
{
    const struct named_server *server = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    if (name ? strcmp(name, "right.test") == 0 : server->takes_none)
        return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *len,
                           const unsigned char *in, unsigned int in_len, void *arg)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    const struct named_server *server = arg;
    unsigned char *chosen = NULL;

    (void)ssl;
    if (!server->only_h2)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto(&chosen, len, h2, sizeof h2, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* With the time, by the right clock. */
static void answer(SSL *ssl, bool h2)
{
    static const char settings[9] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    time_t now = time(NULL);
    char text[200];
    struct tm parts;

    if (h2) {
        (void)SSL_write(ssl, settings, sizeof settings);
        return;
    }
    if (!gmtime_r(&now, &parts) ||
        strftime(text, sizeof text,
                 "HTTP/1.1 204 No Content\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", &parts) == 0)
        abort();
    (void)SSL_write(ssl, text, (int)strlen(text));
}

static void *serve(void *arg)
{
    struct named_server *server = arg;

    while (!atomic_load(&server->stop)) {
        struct pollfd poller = {.fd = server->fd, .events = POLLIN};
        int fd = poll(&poller, 1, 5) > 0 ? accept(server->fd, NULL, NULL) : -1;
        SSL *ssl = fd >= 0 ? SSL_new(server->ctx) : NULL;
        char byte = 0;

        if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1)
            answer(ssl, server->only_h2);
        if (ssl)
            (void)SSL_shutdown(ssl);
        SSL_free(ssl);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

static void start(struct named_server *server, X509 *cert, bool takes_none)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    memset(server, 0, sizeof *server);
    atomic_init(&server->stop, false);
    server->takes_none = takes_none;
    server->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(server->ctx);
    assert_int_equal(SSL_CTX_use_certificate(server->ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->ctx, certs_key()), 1);
    SSL_CTX_set_tlsext_servername_callback(server->ctx, choose);
    SSL_CTX_set_tlsext_servername_arg(server->ctx, server);
    SSL_CTX_set_alpn_select_cb(server->ctx, choose_protocol, server);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 32), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct named_server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    SSL_CTX_free(server->ctx);
    close(server->fd);
}

/* Without the line about the time that it took. */
static char *json_of(const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    char *json = anycert_diagnosis_json(diagnosis, &err);
    char *line = json ? strstr(json, "\"elapsed_ms\"") : NULL;

    assert_non_null(line);
    memset(line, ' ', strcspn(line, "\n"));
    return json;
}

/* What is saved says the same, whatever the time is where it is read. */
static void expect_replay(const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    char *saved = anycert_diagnosis_observation(diagnosis, &err);
    struct anycert_diagnosis *again = NULL;
    char *before = NULL, *after = NULL;

    assert_non_null(doctor);
    assert_non_null(saved);
    again = anycert_doctor_replay_text(doctor, saved, strlen(saved), &err);
    if (!again)
        fail_msg("%s", err.message);
    before = json_of(diagnosis);
    after = json_of(again);
    assert_string_equal(before, after);
    anycert_free(before);
    anycert_free(after);
    anycert_free(saved);
    anycert_diagnosis_free(again);
    anycert_doctor_free(doctor);
}

/* by: seconds that our clock is wrong. */
static struct anycert_diagnosis *examine_with(const char *pem, uint16_t port, const char *host,
                                              int64_t by, bool asks)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_policy *base = anycert_policy_new(&err);
    struct anycert_diagnosis *diagnosis = NULL;
    char rule[100], target[100];

    (void)snprintf(rule, sizeof rule, "%s:%u:127.0.0.1", host, (unsigned)port);
    (void)snprintf(target, sizeof target, "%s:%u", host, (unsigned)port);
    assert_int_equal(anycert_policy_add_ca_pem(base, pem, strlen(pem), &err), 0);
    assert_int_equal(anycert_doctor_set_base(doctor, base, &err), 0);
    assert_int_equal(anycert_doctor_add_resolve(doctor, rule, &err), 0);
    anycert_doctor_set_request(doctor, asks);
    anycert_doctor_set_clock(doctor, shifted, &by);
    diagnosis = anycert_doctor_examine(doctor, target, &err);
    if (!diagnosis)
        fail_msg("%s", err.message);
    expect_replay(diagnosis);
    anycert_policy_free(base);
    anycert_doctor_free(doctor);
    return diagnosis;
}

static struct anycert_diagnosis *examine(X509 *anchor, uint16_t port, const char *host, int64_t by)
{
    char *pem = certs_pem(anchor);
    struct anycert_diagnosis *diagnosis = examine_with(pem, port, host, by, by != 0);

    free(pem);
    return diagnosis;
}

static X509 *make_cert(void)
{
    struct certs_recipe recipe = {.cn = "right.test",
                                  .key = certs_key(),
                                  .san = "DNS:right.test",
                                  .not_before = (int64_t)time(NULL) - CERTS_DAY,
                                  .not_after = (int64_t)time(NULL) + CERTS_DAY};

    return certs_make(&recipe);
}

static void doctor_right_server_name_is_found(void **state)
{
    struct named_server server;
    X509 *cert = make_cert();
    struct anycert_diagnosis *diagnosis = NULL;
    const char *policy = NULL;

    (void)state;
    start(&server, cert, true);
    diagnosis = examine(cert, server.port, "alias.test", 0);
    assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_FIXABLE);
    policy = anycert_diagnosis_policy(diagnosis, 0);
    assert_non_null(strstr(policy, " expect-name=right.test sni=right.test"));
    assert_int_equal(anycert_diagnosis_policy_relaxation(diagnosis, 0, 0), 0);
    assert_int_equal(anycert_diagnosis_policy_minimal(diagnosis, 0), 1);
    assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), "sni-unknown");
    assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 1), "name-mismatch");
    anycert_diagnosis_free(diagnosis);
    stop(&server);
    X509_free(cert);
}

/* An address cannot be sent as server name: it is ours to know the name. */
static void doctor_missing_server_name_is_ours(void **state)
{
    struct named_server server;
    X509 *cert = make_cert();
    struct anycert_diagnosis *diagnosis = NULL;

    (void)state;
    start(&server, cert, false);
    diagnosis = examine(cert, server.port, "127.0.0.1", 0);
    assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_FIXABLE);
    assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), "sni-required");
    anycert_diagnosis_free(diagnosis);
    diagnosis = examine(cert, server.port, "right.test", 0);
    assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_HEALTHY);
    assert_int_equal(anycert_diagnosis_handshakes(diagnosis), 1);
    anycert_diagnosis_free(diagnosis);
    stop(&server);
    X509_free(cert);
}

static void doctor_wrong_clock_is_told_from_expiry(void **state)
{
    static const struct {
        int64_t by;
        const char *cause;
    } rows[] = {{4 * CERTS_DAY, "clock-ahead"}, {-4 * CERTS_DAY, "clock-behind"}};
    struct named_server server;
    X509 *cert = make_cert();

    (void)state;
    start(&server, cert, false);
    for (size_t i = 0; i < 2; i++) {
        struct anycert_diagnosis *diagnosis = examine(cert, server.port, "right.test", rows[i].by);

        assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_FIXABLE);
        assert_int_equal(anycert_diagnosis_causes(diagnosis), 1);
        assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), rows[i].cause);
        anycert_diagnosis_free(diagnosis);
    }
    stop(&server);
    X509_free(cert);
}

/* One more handshake finds out that HTTP/1.1 is not to be had. */
static void doctor_server_of_http2_alone_is_healthy(void **state)
{
    static const struct {
        bool only_h2;
        size_t handshakes;
    } rows[] = {{false, 2}, {true, 3}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct named_server server;
        X509 *cert = make_cert();
        struct anycert_diagnosis *diagnosis = NULL;

        start(&server, cert, false);
        server.only_h2 = rows[i].only_h2;
        diagnosis = examine(cert, server.port, "right.test", 1);
        assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_HEALTHY);
        assert_int_equal(anycert_diagnosis_handshakes(diagnosis), rows[i].handshakes);
        anycert_diagnosis_free(diagnosis);
        stop(&server);
        X509_free(cert);
    }
}

/* A list of CAs that began 300 days ago, the last of which ends in 3000. */
static char *make_list(X509 *anchor)
{
    char *list = certs_pem(anchor);

    for (int i = 0; i < 12; i++) {
        char name[16];
        struct certs_recipe recipe = {.cn = name,
                                      .key = certs_key(),
                                      .ca = true,
                                      .not_before = (int64_t)time(NULL) - (300 + i) * CERTS_DAY,
                                      .not_after = (int64_t)time(NULL) + (3000 - i) * CERTS_DAY};
        X509 *cert = NULL;

        (void)snprintf(name, sizeof name, "CA %d", i);
        cert = certs_make(&recipe);
        list = certs_join(list, certs_pem(cert));
        X509_free(cert);
    }
    return list;
}

/* Without a request nobody tells the time, but some times cannot be. */
static void doctor_impossible_clock_is_seen_without_a_request(void **state)
{
    const int64_t of_1970 = 5 * CERTS_DAY - (int64_t)time(NULL);
    const struct {
        int64_t by;
        const char *cause;
    } rows[] = {{of_1970, "clock-behind"},
                {-400 * CERTS_DAY, "clock-behind"},
                {-100 * CERTS_DAY, "not-yet-valid"},
                {100 * CERTS_DAY, "expired"},
                {3100 * CERTS_DAY, "clock-ahead"}};
    struct certs_recipe recipe = {.cn = "right.test",
                                  .key = certs_key(),
                                  .san = "DNS:right.test",
                                  .not_before = (int64_t)time(NULL) - CERTS_DAY,
                                  .not_after = (int64_t)time(NULL) + CERTS_DAY};
    struct named_server server;
    X509 *cert = certs_make(&recipe);
    char *list = make_list(cert);

    (void)state;
    start(&server, cert, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_diagnosis *diagnosis =
            examine_with(list, server.port, "right.test", rows[i].by, false);
        bool ours = strncmp(rows[i].cause, "clock", 5) == 0;

        assert_int_equal(anycert_diagnosis_verdict(diagnosis),
                         ours ? ANYCERT_VERDICT_FIXABLE : ANYCERT_VERDICT_RELAXABLE);
        assert_int_equal(anycert_diagnosis_causes(diagnosis), 1);
        assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), rows[i].cause);
        anycert_diagnosis_free(diagnosis);
    }
    stop(&server);
    free(list);
    X509_free(cert);
}

/* ---- without a request, by what the server shows anyway ---- */

static void expect_cause(const struct anycert_diagnosis *diagnosis, const char *cause,
                         const char *seen)
{
    const char *evidence = anycert_diagnosis_cause_evidence(diagnosis, 0);
    bool ours = strncmp(cause, "clock", 5) == 0;

    assert_int_equal(anycert_diagnosis_causes(diagnosis), 1);
    if (strcmp(anycert_diagnosis_cause_id(diagnosis, 0), cause) != 0 || !strstr(evidence, seen) ||
        !strstr(evidence, "by this machine's clock it is 20"))
        fail_msg("%s: %s", anycert_diagnosis_cause_id(diagnosis, 0), evidence);
    assert_int_equal(anycert_diagnosis_verdict(diagnosis),
                     ours ? ANYCERT_VERDICT_FIXABLE : ANYCERT_VERDICT_RELAXABLE);
}

/* Old servers begin the random number of their hello with the time. */
static void doctor_server_tells_the_time_in_its_hellos(void **state)
{
    static const struct {
        int64_t by;
        bool tells;
        const char *cause, *seen;
    } rows[] = {
        {4 * CERTS_DAY, true, "clock-ahead", "by the time in the server's handshakes it is 20"},
        {-4 * CERTS_DAY, true, "clock-behind", ", and it is valid by that"},
        {4 * CERTS_DAY, false, "expired", "compared with no other (--http does)"},
        {-4 * CERTS_DAY, false, "not-yet-valid", "compared with no other (--http does)"},
    };
    X509 *cert = make_cert();
    char *pem = certs_pem(cert);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct named_server server;
        struct anycert_diagnosis *diagnosis = NULL;

        start(&server, cert, false);
        assert_int_equal(SSL_CTX_set_max_proto_version(server.ctx, TLS1_2_VERSION), 1);
        if (rows[i].tells)
            SSL_CTX_set_mode(server.ctx, SSL_MODE_SEND_SERVERHELLO_TIME);
        diagnosis = examine_with(pem, server.port, "right.test", rows[i].by, false);
        expect_cause(diagnosis, rows[i].cause, rows[i].seen);
        anycert_diagnosis_free(diagnosis);
        stop(&server);
    }
    free(pem);
    X509_free(cert);
}

/* A list with one timestamp of a log, which nobody has signed: it stands in what a CA signs. */
static void add_stamp(X509 *cert, int64_t seconds, EVP_PKEY *issuer_key)
{
    unsigned char stamp[54] = {4, 52, 0, 50, 0, 48, 0};
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    uint64_t ms = (uint64_t)seconds * 1000;

    memset(stamp + 7, 0x5a, 32);
    for (int i = 0; i < 8; i++)
        stamp[39 + i] = (unsigned char)(ms >> (56 - 8 * i));
    stamp[47] = stamp[48] = 0; /* no extensions */
    stamp[49] = 4;             /* SHA-256 */
    stamp[50] = 3;             /* ECDSA */
    stamp[52] = 1;             /* byte of signature */
    assert_int_equal(ASN1_OCTET_STRING_set(value, stamp, sizeof stamp), 1);
    extension = X509_EXTENSION_create_by_NID(NULL, NID_ct_precert_scts, 0, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
}

/* Of right.test, which a root with the other key has signed; valid from yesterday to tomorrow. */
static struct certs_recipe valid_leaf(X509 *root, int64_t now)
{
    return (struct certs_recipe){.cn = "right.test",
                                 .key = certs_key(),
                                 .issuer = root,
                                 .issuer_key = certs_other_key(),
                                 .san = "DNS:right.test",
                                 .not_before = now - CERTS_DAY,
                                 .not_after = now + CERTS_DAY};
}

/* What a log had when the certificate was made is past, whatever our clock says. Only a CA that is
 * trusted is believed. */
static void doctor_stamps_of_logs_prove_the_past(void **state)
{
    static const struct {
        int64_t by, stamp;
        bool trusted;
        const char *cause, *seen;
    } rows[] = {
        {-4 * CERTS_DAY, -CERTS_DAY, true, "clock-behind", "logs of certificates have stamped it"},
        /* made for later */
        {-4 * CERTS_DAY, -9 * CERTS_DAY, true, "not-yet-valid", "compared with no other"},
        {-4 * CERTS_DAY, -CERTS_DAY, false, "not-yet-valid", "compared with no other"},
        {4 * CERTS_DAY, -CERTS_DAY, true, "expired", "compared with no other"},
    };
    int64_t now = (int64_t)time(NULL);
    X509 *root = NULL, *other = NULL;
    struct certs_recipe recipe = {.cn = "A Root",
                                  .key = certs_other_key(),
                                  .ca = true,
                                  .not_before = now - 99 * CERTS_DAY,
                                  .not_after = now + 99 * CERTS_DAY};

    (void)state;
    root = certs_make(&recipe);
    recipe.cn = "Another Root";
    other = certs_make(&recipe);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct certs_recipe leaf = valid_leaf(root, now);
        X509 *cert = certs_make(&leaf);
        char *pem = certs_pem(rows[i].trusted ? root : other);
        struct named_server server;
        struct anycert_diagnosis *diagnosis = NULL;

        add_stamp(cert, now + rows[i].stamp, certs_other_key());
        start(&server, cert, false);
        diagnosis = examine_with(pem, server.port, "right.test", rows[i].by, false);
        if (rows[i].trusted)
            expect_cause(diagnosis, rows[i].cause, rows[i].seen);
        else
            assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 1), rows[i].cause);
        anycert_diagnosis_free(diagnosis);
        stop(&server);
        free(pem);
        X509_free(cert);
    }
    X509_free(root);
    X509_free(other);
}

/* The CA's word that the certificate is good is dated, too. */
struct staple {
    unsigned char *der;
    size_t len;
};

static int send_staple(SSL *ssl, void *arg)
{
    const struct staple *staple = arg;
    unsigned char *copy = OPENSSL_memdup(staple->der, staple->len);

    return copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->len) == 1
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void doctor_answers_of_the_ca_prove_the_past(void **state)
{
    int64_t now = (int64_t)time(NULL);
    struct certs_recipe recipe = {.cn = "A Root",
                                  .key = certs_other_key(),
                                  .ca = true,
                                  .not_before = now - 99 * CERTS_DAY,
                                  .not_after = now + 99 * CERTS_DAY};
    X509 *root = certs_make(&recipe), *cert = NULL;
    struct certs_recipe leaf = valid_leaf(root, now);
    char *pem = certs_pem(root);
    struct anycert_diagnosis *diagnosis = NULL;
    struct named_server server;
    struct staple staple = {NULL, 0};

    (void)state;
    cert = certs_make(&leaf);
    staple.der = staple_make(cert, root, certs_other_key(), false, &staple.len);
    start(&server, cert, false);
    SSL_CTX_set_tlsext_status_cb(server.ctx, send_staple);
    SSL_CTX_set_tlsext_status_arg(server.ctx, &staple);
    diagnosis = examine_with(pem, server.port, "right.test", -4 * CERTS_DAY, false);
    expect_cause(diagnosis, "clock-behind",
                 "the OCSP answer that its CA has signed is dated later");
    anycert_diagnosis_free(diagnosis);
    stop(&server);
    OPENSSL_free(staple.der);
    free(pem);
    X509_free(cert);
    X509_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_wrong_clock_is_told_from_expiry),
        cmocka_unit_test(doctor_impossible_clock_is_seen_without_a_request),
        cmocka_unit_test(doctor_server_tells_the_time_in_its_hellos),
        cmocka_unit_test(doctor_stamps_of_logs_prove_the_past),
        cmocka_unit_test(doctor_answers_of_the_ca_prove_the_past),
        cmocka_unit_test(doctor_right_server_name_is_found),
        cmocka_unit_test(doctor_server_of_http2_alone_is_healthy),
        cmocka_unit_test(doctor_missing_server_name_is_ours),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
