/* Names that are not found, or late, or lead to several addresses. The resolver is replaced when
 * the program is linked. */
#include <anycert/anycert.h>

#include "support/certs.h"
#include "support/ports.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netdb.h>
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

#define ADDRESSES       3
#define WITHOUT_ADDRESS (-5) /* EAI_NODATA */

/* ---- the resolver ---- */

static struct {
    int code;                         /* of getaddrinfo; 0: the addresses */
    const char *addresses[ADDRESSES]; /* of IPv4 */
    uint16_t port;
    bool waits; /* until it is let go */
} resolver;
static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_changed = PTHREAD_COND_INITIALIZER;
static int waiting;

struct entry {
    struct addrinfo info;
    struct sockaddr_in address;
};

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *list);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    struct addrinfo **next = out;
    struct in_addr numeric;

    (void)port;
    *out = NULL;
    if (hints->ai_flags & AI_NUMERICHOST && inet_pton(AF_INET, host, &numeric) != 1)
        return EAI_NONAME;
    pthread_mutex_lock(&resolver_lock);
    waiting++;
    while (resolver.waits)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    waiting--;
    for (size_t i = 0; resolver.code == 0 && i < ADDRESSES && resolver.addresses[i]; i++) {
        struct entry *entry = calloc(1, sizeof *entry);

        assert_non_null(entry);
        entry->address.sin_family = AF_INET;
        entry->address.sin_port = htons(resolver.port);
        assert_int_equal(inet_pton(AF_INET, resolver.addresses[i], &entry->address.sin_addr), 1);
        entry->info.ai_family = AF_INET;
        entry->info.ai_socktype = SOCK_STREAM;
        entry->info.ai_addr = (struct sockaddr *)&entry->address;
        entry->info.ai_addrlen = sizeof entry->address;
        *next = &entry->info;
        next = &entry->info.ai_next;
    }
    pthread_cond_broadcast(&resolver_changed);
    pthread_mutex_unlock(&resolver_lock);
    return resolver.code;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;

        free((void *)list); /* the first member of its entry */
        list = next;
    }
}

static void let_go(void)
{
    pthread_mutex_lock(&resolver_lock);
    resolver.waits = false;
    pthread_cond_broadcast(&resolver_changed);
    while (waiting > 0)
        pthread_cond_wait(&resolver_changed, &resolver_lock);
    pthread_mutex_unlock(&resolver_lock);
}

/* ---- servers at one port of several addresses ---- */

enum what { GOOD, OTHER_GOOD, EXPIRED, CLOSES, NOBODY };

struct served {
    enum what what;
    int fd;
    SSL_CTX *ctx; /* NULL: connections are closed */
    atomic_bool stop;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct served *server = arg;

    while (!atomic_load(&server->stop)) {
        struct pollfd poller = {.fd = server->fd, .events = POLLIN};
        int fd = poll(&poller, 1, 5) > 0 ? accept(server->fd, NULL, NULL) : -1;
        SSL *ssl = fd >= 0 && server->ctx ? SSL_new(server->ctx) : NULL;
        char byte = 0, hello[4096];

        /* Who closes with bytes unread resets. */
        if (fd >= 0 && !server->ctx)
            (void)recv(fd, hello, sizeof hello, 0);
        if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1)
            (void)SSL_read(ssl, &byte, 1);
        SSL_free(ssl);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

/* False if somebody else has the port. certs: of those that have one. */
static bool start(struct served *server, const char *host, uint16_t port, enum what what,
                  X509 *const certs[])
{
    memset(server, 0, sizeof *server);
    server->what = what;
    atomic_init(&server->stop, false);
    server->fd = ports_take(host, port);
    if (server->fd < 0)
        return false;
    if (what == NOBODY)
        return true;
    if (what != CLOSES) {
        server->ctx = SSL_CTX_new(TLS_server_method());
        assert_int_equal(SSL_CTX_use_certificate(server->ctx, certs[what]), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(server->ctx, certs_key()), 1);
    }
    assert_int_equal(listen(server->fd, 32), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return true;
}

static void stop(struct served *server)
{
    atomic_store(&server->stop, true);
    if (server->what != NOBODY)
        pthread_join(server->thread, NULL);
    SSL_CTX_free(server->ctx);
    close(server->fd);
}

static X509 *make_cert(int64_t ends)
{
    struct certs_recipe recipe = {.cn = "host.test",
                                  .key = certs_key(),
                                  .san = "DNS:host.test",
                                  .not_before = (int64_t)time(NULL) - 9 * CERTS_DAY,
                                  .not_after = (int64_t)time(NULL) + ends * CERTS_DAY};

    return certs_make(&recipe);
}

static struct anycert_doctor *new_doctor(X509 *first, X509 *second)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_policy *base = anycert_policy_new(&err);
    char *pem = first ? certs_pem(first) : NULL;

    assert_non_null(doctor);
    if (pem && second)
        pem = certs_join(pem, certs_pem(second));
    if (pem)
        assert_int_equal(anycert_policy_add_ca_pem(base, pem, strlen(pem), &err), 0);
    assert_int_equal(anycert_doctor_set_base(doctor, base, &err), 0);
    anycert_policy_free(base);
    free(pem);
    return doctor;
}

static struct anycert_diagnosis *examine(struct anycert_doctor *doctor)
{
    struct anycert_error err = {0};
    struct anycert_diagnosis *diagnosis = anycert_doctor_examine(doctor, "host.test", &err);

    if (!diagnosis)
        fail_msg("%s", err.message);
    assert_true(anycert_diagnosis_handshakes(diagnosis) <= 25);
    return diagnosis;
}

/* ---- names ---- */

static void doctor_answers_of_name_servers_are_told_apart(void **state)
{
    static const struct {
        int code;
        const char *cause;
    } rows[] = {
        {EAI_NONAME, "name-not-found"},
        {EAI_AGAIN, "name-lookup-failed"},
        {EAI_FAIL, "name-lookup-failed"},
        {WITHOUT_ADDRESS, "name-without-address"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_doctor *doctor = new_doctor(NULL, NULL);
        struct anycert_diagnosis *diagnosis = NULL;

        resolver.code = rows[i].code;
        diagnosis = examine(doctor);
        assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_UNREACHABLE);
        assert_int_equal(anycert_diagnosis_stage(diagnosis), ANYCERT_STAGE_DNS);
        assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), rows[i].cause);
        assert_int_equal(anycert_diagnosis_handshakes(diagnosis), 0);
        anycert_diagnosis_free(diagnosis);
        anycert_doctor_free(doctor);
    }
    resolver.code = 0;
}

static void doctor_silent_name_server_ends_with_the_limit(void **state)
{
    struct anycert_doctor *doctor = new_doctor(NULL, NULL);
    struct anycert_diagnosis *diagnosis = NULL;

    (void)state;
    anycert_doctor_set_timeout(doctor, 50);
    resolver.waits = true;
    diagnosis = examine(doctor);
    assert_int_equal(anycert_diagnosis_verdict(diagnosis), ANYCERT_VERDICT_UNREACHABLE);
    assert_string_equal(anycert_diagnosis_cause_id(diagnosis, 0), "name-lookup-silent");
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
    let_go(); /* whoever still asks ends by itself */
}

static void *cancel_soon(void *arg)
{
    (void)poll(NULL, 0, 30);
    anycert_doctor_cancel(arg);
    return NULL;
}

static void doctor_cancelled_does_not_wait_for_a_name(void **state)
{
    struct anycert_doctor *doctor = new_doctor(NULL, NULL);
    struct anycert_error err = {0};
    pthread_t thread;

    (void)state;
    anycert_doctor_set_timeout(doctor, 600000);
    resolver.waits = true;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, doctor), 0);
    assert_null(anycert_doctor_examine(doctor, "host.test", &err));
    assert_int_equal(err.code, ANYCERT_E_INTERRUPTED);
    pthread_join(thread, NULL);
    anycert_doctor_free(doctor);
    let_go();
}

/* ---- addresses ---- */

struct two_addresses {
    const char *name;
    enum what first, second;
    int verdict;
    const char *causes, *says;
};

static const struct two_addresses two_addresses[] = {
    {"the same", GOOD, GOOD, ANYCERT_VERDICT_HEALTHY, "", ""},
    {"another good one", GOOD, OTHER_GOOD, ANYCERT_VERDICT_HEALTHY, "", ""},
    {"one listens", GOOD, NOBODY, ANYCERT_VERDICT_HEALTHY, "", ""},
    {"the other listens", NOBODY, GOOD, ANYCERT_VERDICT_HEALTHY, "", ""},
    {"the second is expired", GOOD, EXPIRED, ANYCERT_VERDICT_FIXABLE, "some-addresses-fail ",
     "127.0.0.2"},
    {"the first is expired", EXPIRED, GOOD, ANYCERT_VERDICT_FIXABLE, "some-addresses-fail expired ",
     "hardened connects"},
    {"the second closes", GOOD, CLOSES, ANYCERT_VERDICT_FIXABLE, "some-addresses-fail ",
     "127.0.0.2"},
    {"the first closes", CLOSES, GOOD, ANYCERT_VERDICT_FIXABLE, "some-addresses-fail tls-closed ",
     "hardened connects"},
    {"both are expired", EXPIRED, EXPIRED, ANYCERT_VERDICT_RELAXABLE, "expired ", ""},
};

/* It goes to the address where hardened connects, if not all do, and gives nothing up. */
static void check_command(const struct two_addresses *row, const char *command)
{
    const char *resolve = strstr(command, " --resolve host.test:");

    assert_int_equal(resolve != NULL, row->verdict == ANYCERT_VERDICT_FIXABLE);
    assert_int_equal(strstr(command, " --trust ") != NULL,
                     row->verdict == ANYCERT_VERDICT_RELAXABLE);
    if (resolve)
        assert_non_null(strstr(resolve, row->first == GOOD ? ":127.0.0.1 " : ":127.0.0.2 "));
}

static void check_two(const struct two_addresses *row, const struct anycert_diagnosis *diagnosis)
{
    char causes[200] = "";
    size_t used = 0;

    for (size_t c = 0; c < anycert_diagnosis_causes(diagnosis); c++)
        used += (size_t)snprintf(causes + used, sizeof causes - used, "%s ",
                                 anycert_diagnosis_cause_id(diagnosis, c));
    if (strcmp(causes, row->causes) != 0 || anycert_diagnosis_verdict(diagnosis) != row->verdict)
        fail_msg("%s: %s, verdict %d", row->name, causes, anycert_diagnosis_verdict(diagnosis));
    if (row->says[0] != '\0')
        assert_non_null(strstr(anycert_diagnosis_cause_evidence(diagnosis, 0), row->says));
    assert_int_equal(anycert_diagnosis_addresses(diagnosis), 2);
    assert_non_null(strstr(anycert_diagnosis_address(diagnosis, 1), "127.0.0."));
    assert_string_not_equal(anycert_diagnosis_address_result(diagnosis, 1), "");
    assert_null(anycert_diagnosis_address(diagnosis, 2));
    assert_null(anycert_diagnosis_address_result(diagnosis, 2));
    check_command(row, anycert_diagnosis_command(diagnosis));
    if (row->verdict == ANYCERT_VERDICT_HEALTHY)
        assert_true(anycert_diagnosis_handshakes(diagnosis) <= 3);
}

/* A port of both addresses, which they share; where nobody serves, it is kept from others. */
static uint16_t start_both(const struct two_addresses *row, X509 *const certs[],
                           struct served *first, struct served *second)
{
    for (int try = 0; try < 20; try++) {
        uint16_t port = ports_free();

        if (!start(first, "127.0.0.1", port, row->first, certs))
            continue;
        if (start(second, "127.0.0.2", port, row->second, certs))
            return port;
        stop(first);
    }
    fail_msg("there is no port that is free at two addresses");
    return 0;
}

static void doctor_addresses_are_compared(void **state)
{
    X509 *certs[] = {make_cert(9), make_cert(8), make_cert(-1)};

    (void)state;
    for (size_t i = 0; i < sizeof two_addresses / sizeof two_addresses[0]; i++) {
        const struct two_addresses *row = &two_addresses[i];
        bool two_good = row->second == OTHER_GOOD;
        struct anycert_doctor *doctor =
            new_doctor(certs[GOOD], certs[two_good ? OTHER_GOOD : EXPIRED]);
        struct anycert_diagnosis *diagnosis = NULL;
        struct served first, second;
        uint16_t port = start_both(row, certs, &first, &second);

        resolver.addresses[0] = "127.0.0.1";
        resolver.addresses[1] = "127.0.0.2";
        resolver.port = port;
        diagnosis = examine(doctor);
        check_two(row, diagnosis);
        anycert_diagnosis_free(diagnosis);
        anycert_doctor_free(doctor);
        stop(&first);
        stop(&second);
    }
    for (size_t i = 0; i < 3; i++)
        X509_free(certs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_answers_of_name_servers_are_told_apart),
        cmocka_unit_test(doctor_silent_name_server_ends_with_the_limit),
        cmocka_unit_test(doctor_cancelled_does_not_wait_for_a_name),
        cmocka_unit_test(doctor_addresses_are_compared),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
