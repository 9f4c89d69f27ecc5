#include "tls/matrix.h"

#include "support/judging.h"
#include "tls/ossl.h"
#include "tls/tls.h"
#include "verdict/report.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS     8
#define PATIENCE_MS 20000
#define SHORT_MS    300 /* for a server whose answer would be silence */

struct attempt {
    const struct lab_server *server;
    const struct lab_condition *condition;
    struct anycert_policy *policy;
    struct anycert__hop_terms terms;
    struct anycert__link *link;
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    int patience_ms;
};

static void give_up(const char *what, const char *about)
{
    fprintf(stderr, "%s: %s\n", what, about);
    abort();
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        give_up("connect", strerror(errno));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void begin(struct attempt *attempt, struct anycert__anchors *anchors)
{
    static const struct anycert__clock clock;
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    const char *host = attempt->condition->host;
    bool is_address = strcmp(host, "127.0.0.1") == 0;
    struct anycert_error err = {0};

    attempt->terms = (struct anycert__hop_terms){.policy = attempt->policy, .clock = &clock};
    attempt->ctx = SSL_CTX_new(TLS_client_method());
    if (!attempt->ctx ||
        anycert__link_attach(attempt->ctx, &attempt->terms, host, lab_server_port(attempt->server),
                             anchors, &attempt->link, &err) < 0)
        give_up(attempt->condition->name, err.message);
    attempt->ssl = SSL_new(attempt->ctx);
    attempt->fd = connect_to(lab_server_port(attempt->server));
    /* as libcurl does, after the context was made */
    if (!attempt->ssl || SSL_set_fd(attempt->ssl, attempt->fd) != 1 ||
        SSL_set_alpn_protos(attempt->ssl, alpn, sizeof alpn - 1) != 0 ||
        (!is_address && SSL_set_tlsext_host_name(attempt->ssl, host) != 1))
        give_up(attempt->condition->name, "no TLS");
}

/* True if the call is to be made again. */
static bool wait_for(const struct attempt *attempt, int result, bool *timed_out)
{
    int error = SSL_get_error(attempt->ssl, result);
    struct pollfd wait = {.fd = attempt->fd,
                          .events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};

    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return false;
    *timed_out = poll(&wait, 1, attempt->patience_ms) == 0;
    return !*timed_out;
}

static bool shake_hands(const struct attempt *attempt, bool *timed_out)
{
    int result = 0;

    do {
        ERR_clear_error();
        result = SSL_connect(attempt->ssl);
    } while (result <= 0 && wait_for(attempt, result, timed_out));
    return result > 0;
}

/* TLS 1.3 servers refuse a client only after its handshake is over. */
static bool gets_answer(const struct attempt *attempt, bool *timed_out)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char byte = 0;
    int result = 0;

    if (SSL_write(attempt->ssl, request, sizeof request - 1) <= 0)
        return false;
    do {
        ERR_clear_error();
        result = SSL_read(attempt->ssl, &byte, 1);
    } while (result <= 0 && wait_for(attempt, result, timed_out));
    return result > 0;
}

static void write_failed_checks(const struct anycert_report *report,
                                const struct anycert_error *err, char out[MATRIX_OUTCOME])
{
    size_t used = (size_t)snprintf(out, MATRIX_OUTCOME, "%s ", anycert_error_name(err->code));
    const char *last = "";

    for (size_t i = 0; i < report->check_count; i++) {
        const char *id = anycert_check_id(&report->checks[i]);

        if (report->checks[i].verdict != ANYCERT_FAIL || strcmp(id, last) == 0)
            continue;
        used += (size_t)snprintf(out + used, MATRIX_OUTCOME - used, "%s%s", last[0] ? "," : "", id);
        last = id;
    }
}

static void write_failure(const struct attempt *attempt, char out[MATRIX_OUTCOME])
{
    const struct anycert__facts *facts = anycert__link_facts(attempt->link);
    struct anycert_error err = {0};
    bool from_peer = false;
    int late = anycert__link_late_alert(attempt->link, &from_peer);

    if (facts->complete && late >= 0 && from_peer)
        (void)anycert__late_alert_failure(facts, late, &err);
    else if (anycert__link_trouble(attempt->link))
        err = *anycert__link_trouble(attempt->link);
    else
        (void)anycert__handshake_failure(facts, attempt->policy, &err);
    if (err.alert_from_peer)
        (void)snprintf(out, MATRIX_OUTCOME, "%s %d", anycert_error_name(err.code), err.tls_alert);
    else
        (void)snprintf(out, MATRIX_OUTCOME, "%s", anycert_error_name(err.code));
}

static void judge_and_write(const struct attempt *attempt, bool connected, bool timed_out,
                            char out[MATRIX_OUTCOME])
{
    struct anycert__facts *facts = anycert__link_facts(attempt->link);
    struct anycert_error err = {0};
    struct anycert_report *report =
        anycert__judge(facts, attempt->policy, facts->time, ANYCERT__JUDGE_ALL, &err);
    bool accepts = anycert__judge_accepts(facts, attempt->policy, facts->time, ANYCERT__JUDGE_ALL);

    require_agreement(report, accepts, ANYCERT__JUDGE_ALL);
    if (report->verdict == ANYCERT_FAIL) {
        (void)anycert__report_refusal(report, &err);
        write_failed_checks(report, &err, out);
    } else if (!connected && timed_out) {
        (void)snprintf(out, MATRIX_OUTCOME, "silence");
    } else if (!connected || !accepts) {
        write_failure(attempt, out);
    } else if (!gets_answer(attempt, &timed_out)) {
        write_failure(attempt, out);
    } else {
        (void)snprintf(out, MATRIX_OUTCOME, "ok");
    }
    anycert_report_free(report);
}

static void shake(struct anycert__anchors *anchors, const struct lab_server *server,
                  const char *policy, char outcome[MATRIX_OUTCOME])
{
    struct attempt attempt = {.server = server,
                              .condition = lab_server_condition(server),
                              .policy = policy_of(policy),
                              .fd = -1,
                              .patience_ms = PATIENCE_MS};
    bool timed_out = false;
    bool connected = false;

    if (strcmp(attempt.condition->name, "large-hello-intolerant") == 0)
        attempt.patience_ms = SHORT_MS;
    begin(&attempt, anchors);
    connected = shake_hands(&attempt, &timed_out);
    judge_and_write(&attempt, connected, timed_out, outcome);
    ERR_clear_error();
    SSL_free(attempt.ssl);
    close(attempt.fd);
    anycert__link_unref(attempt.link);
    SSL_CTX_free(attempt.ctx);
    anycert_policy_free(attempt.policy);
}

static struct anycert__anchors *open_anchors(const struct lab *lab)
{
    size_t len = 0;
    const char *pem = lab_root_pem(lab, &len);
    struct anycert__ca ca = {.kind = ANYCERT__CA_MEMORY, .pem_len = len};
    struct anycert__anchors *anchors = NULL;
    struct anycert_error err = {0};

    ca.pem = strdup(pem);
    if (!ca.pem || anycert__sha256(pem, len, ca.digest) != 0 ||
        anycert__anchors_open(&ca, 1, &anchors, &err) != 0)
        give_up("anchors", err.message);
    free(ca.pem);
    return anchors;
}

void matrix_shake(const struct lab *lab, const struct lab_server *server, const char *policy,
                  char outcome[MATRIX_OUTCOME])
{
    struct anycert__anchors *anchors = open_anchors(lab);

    shake(anchors, server, policy, outcome);
    anycert__anchors_unref(anchors);
}

struct work {
    struct anycert__anchors *anchors;
    struct matrix_cell *cells;
    size_t count;
    atomic_size_t next;
};

static void *do_work(void *argument)
{
    struct work *work = argument;
    size_t i = 0;

    while ((i = atomic_fetch_add(&work->next, 1)) < work->count)
        shake(work->anchors, work->cells[i].server, work->cells[i].policy, work->cells[i].outcome);
    return NULL;
}

void matrix_shake_all(const struct lab *lab, struct matrix_cell *cells, size_t count)
{
    struct work work = {.anchors = open_anchors(lab), .cells = cells, .count = count};
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, do_work, &work) != 0)
            give_up("matrix", "no thread");
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    anycert__anchors_unref(work.anchors);
}
