/* Many threads, strict and relaxed, on one server: nobody gets another's connection, session,
 * anchors or verdict. What goes wrong in a thread is counted, as a failed assertion may not leave
 * it. */
#include "client/ask.h"
#include "client/plain_libcurl.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "support/certs.h"
#include "support/child.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define ROUNDS   1000
#define THREADS  4

static struct lab *lab;

static int start_lab(void **state)
{
    static const char *const names[] = {"good", "self-signed", "expired", "wrong-host",
                                        "untrusted-root"};
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(names, COUNT(names), &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int stop_lab(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

static const struct lab_server *server(const char *name)
{
    const struct lab_server *found = lab_server_find(lab, name);

    assert_non_null(found);
    return found;
}

static const char *root(void)
{
    return lab_file(lab, LAB_FILE_ROOT);
}

/* What came of a request that must succeed or must fail with a code. */
static unsigned is_wrong(struct anycert_client *client, const char *url, int code,
                         enum anycert_verdict verdict)
{
    struct answer answer = ask_get(client, url);
    bool right =
        answer.code == code && answer.status == (code == 0 ? 200 : 0) && answer.verdict == verdict;

    if (!right)
        fprintf(stderr, "%s: expected %d, got %d %s (verdict %d)\n", url, code, answer.code,
                answer.message, (int)answer.verdict);
    answer_free(&answer);
    return right ? 0 : 1;
}

static void join_all(pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- two threads, two clients, one bad server (P7) */

struct alternation {
    struct anycert_client *strict, *relaxed;
    const char *url;
    int code;
    unsigned first, rounds;
    unsigned wrong;
};

static void *alternate(void *arg)
{
    struct alternation *alternation = arg;

    for (unsigned i = 0; i < alternation->rounds; i++) {
        if ((i + alternation->first) % 2)
            alternation->wrong +=
                is_wrong(alternation->relaxed, alternation->url, 0, ANYCERT_RELAXED);
        else
            alternation->wrong +=
                is_wrong(alternation->strict, alternation->url, alternation->code, ANYCERT_FAIL);
    }
    return NULL;
}

/* Each client is asked a thousand times, by both threads in turn. */
static void run_alternation(const char *name, int code, const char *rung, bool own_clients)
{
    struct alternation alternations[2];
    pthread_t threads[2];

    for (unsigned i = 0; i < 2; i++) {
        bool fresh = i == 0 || own_clients;

        alternations[i] = (struct alternation){
            .strict = fresh ? ask_under("hardened", root()) : alternations[0].strict,
            .relaxed = fresh ? ask_under(rung, strncmp(rung, "hardened", 8) == 0 ? root() : NULL)
                             : alternations[0].relaxed,
            .url = lab_server_url(server(name)),
            .code = code,
            .first = i,
            .rounds = ROUNDS,
        };
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, alternate, &alternations[i]), 0);
    join_all(threads, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(alternations[i].wrong, 0);
        if (i == 0 || own_clients) {
            anycert_client_free(alternations[i].strict);
            anycert_client_free(alternations[i].relaxed);
        }
    }
    assert_int_equal(lab_server_resumptions(server(name)), 0);
}

static void test_strict_never_succeeds_beside_trust_any(void **state)
{
    (void)state;
    run_alternation("self-signed", ANYCERT_E_TRUST_ISSUER, "trust-any", false);
}

static void test_strict_never_succeeds_beside_one_relaxation(void **state)
{
    (void)state;
    run_alternation("expired", ANYCERT_E_TRUST_DATES, "hardened+expired", true);
}

/* The common way to share a handle is a lock around it, which keeps the threads apart but not their
 * policies. */
static void test_plain_libcurl_strict_succeeds_beside_relaxed(void **state)
{
    CURL *easy = curl_easy_init();
    struct plain_call call = {.url = lab_server_url(server("self-signed")), .ca_file = root()};
    unsigned strict_successes = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        CURLcode rc;

        call.relaxation = i % 2 ? PLAIN_STRICT : PLAIN_ANY;
        rc = plain_get(easy, &call).rc;
        if (i % 2 && rc == CURLE_OK)
            strict_successes++;
    }
    assert_int_equal(strict_successes, 10);
    curl_easy_cleanup(easy);
}

/* ---- one client, many threads, many servers */

struct visitor {
    struct anycert_client *client;
    unsigned number, wrong;
};

static void *visit(void *arg)
{
    static const struct {
        const char *name;
        int code;
    } stops[] = {
        {"good", 0},
        {"self-signed", ANYCERT_E_TRUST_ISSUER},
        {"expired", ANYCERT_E_TRUST_DATES},
        {"wrong-host", ANYCERT_E_TRUST_NAME},
        {"untrusted-root", ANYCERT_E_TRUST_ISSUER},
    };
    struct visitor *visitor = arg;

    for (unsigned i = 0; i < ROUNDS / 10; i++) {
        size_t stop = (i + visitor->number) % COUNT(stops);

        visitor->wrong +=
            is_wrong(visitor->client, lab_server_url(lab_server_find(lab, stops[stop].name)),
                     stops[stop].code, stops[stop].code == 0 ? ANYCERT_PASS : ANYCERT_FAIL);
    }
    return NULL;
}

static void run_visitors(bool shared)
{
    struct visitor visitors[THREADS];
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        visitors[i] = (struct visitor){.number = i};
        visitors[i].client = shared && i > 0 ? visitors[0].client : ask_under("hardened", root());
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    join_all(threads, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(visitors[i].wrong, 0);
        if (i == 0 || !shared)
            anycert_client_free(visitors[i].client);
    }
}

static void test_one_client_may_be_shared(void **state)
{
    (void)state;
    run_visitors(true);
}

static void test_each_thread_may_have_its_client(void **state)
{
    (void)state;
    run_visitors(false);
}

static void *come_and_go(void *arg)
{
    struct visitor *visitor = arg;

    for (unsigned i = 0; i < ROUNDS / 20; i++) {
        struct anycert_error err = {0};
        struct anycert_client *client = anycert_client_new(NULL, &err);

        /* hardened by default, with the system's anchors, which know nobody here */
        visitor->wrong += client == NULL;
        if (client)
            visitor->wrong += is_wrong(client, lab_server_url(lab_server_find(lab, "good")),
                                       ANYCERT_E_TRUST_ISSUER, ANYCERT_FAIL);
        anycert_client_free(client);
    }
    return NULL;
}

static void test_clients_come_and_go(void **state)
{
    struct visitor visitors[THREADS] = {0};
    pthread_t threads[THREADS];

    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &visitors[i]), 0);
    join_all(threads, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(visitors[i].wrong, 0);
}

/* ---- the clock passes a policy's end while threads are at work */

static _Atomic int64_t present;
static atomic_bool ending, over; /* before and after the clock is moved */

static int64_t show_clock(void *arg)
{
    (void)arg;
    return present;
}

static void *use_until_over(void *arg)
{
    struct visitor *visitor = arg;
    unsigned after = 0;

    while (after < 20) {
        bool was_over = over;
        struct answer answer =
            ask_get(visitor->client, lab_server_url(lab_server_find(lab, "expired")));

        if (was_over) {
            after++;
            visitor->wrong += answer.code != ANYCERT_E_TRUST_DATES;
        } else if (answer.code != 0 && !ending) {
            visitor->wrong++;
        }
        answer_free(&answer);
        visitor->number++;
        if (visitor->number == 50) { /* whoever comes there first ends it for all */
            ending = true;
            present += 30 * CERTS_DAY;
            over = true;
        }
    }
    return NULL;
}

static void test_policy_ends_for_all_threads(void **state)
{
    struct visitor visitors[THREADS] = {0};
    pthread_t threads[THREADS];
    char policy[1024];
    char date[11];
    time_t day = time(NULL) + 5 * CERTS_DAY;
    struct tm tm;
    struct anycert_client *client = NULL;

    (void)state;
    present = time(NULL);
    ending = over = false;
    assert_non_null(gmtime_r(&day, &tm));
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    snprintf(policy, sizeof policy, "hardened+expired ca=%s until=%s", root(), date);
    client = ask_client(&(struct ask){.policy = policy, .now = show_clock});
    for (unsigned i = 0; i < THREADS; i++) {
        visitors[i].client = client;
        assert_int_equal(pthread_create(&threads[i], NULL, use_until_over, &visitors[i]), 0);
    }
    join_all(threads, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(visitors[i].wrong, 0);
    anycert_client_free(client);
}

/* ---- anchors change while threads are at work */

static void *use_changing_anchors(void *arg)
{
    struct visitor *visitor = arg;

    while (!over) {
        visitor->wrong += is_wrong(visitor->client, lab_server_url(lab_server_find(lab, "good")), 0,
                                   ANYCERT_PASS);
        visitor->wrong +=
            is_wrong(visitor->client, lab_server_url(lab_server_find(lab, "self-signed")),
                     ANYCERT_E_TRUST_ISSUER, ANYCERT_FAIL);
    }
    return NULL;
}

static void replace_file(const char *path, const char *spare, const char *text)
{
    certs_write(spare, text, strlen(text));
    assert_int_equal(rename(spare, path), 0);
}

static void test_anchors_change_under_all_threads(void **state)
{
    struct visitor visitors[THREADS] = {0};
    pthread_t threads[THREADS];
    char *folder = certs_folder();
    char *path = certs_path(folder, "anchors.pem");
    char *spare = certs_path(folder, "spare.txt");
    char *one = child_log(root());
    char *both = certs_join(child_log(root()), child_log(lab_file(lab, LAB_FILE_OTHER_ROOT)));
    struct anycert_client *clients[2];
    const struct timespec look = {0, 60 * 1000000L};

    (void)state;
    over = false;
    replace_file(path, spare, one);
    clients[0] = ask_under("hardened", path);
    clients[1] = ask_under("hardened", path);
    for (unsigned i = 0; i < THREADS; i++) {
        visitors[i].client = clients[i % 2];
        assert_int_equal(pthread_create(&threads[i], NULL, use_changing_anchors, &visitors[i]), 0);
    }
    for (unsigned i = 0; i < 20; i++) {
        replace_file(path, spare, i % 2 ? one : both);
        assert_int_equal(nanosleep(&look, NULL), 0);
    }
    over = true;
    join_all(threads, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(visitors[i].wrong, 0);
    anycert_client_free(clients[0]);
    anycert_client_free(clients[1]);
    certs_remove(folder);
    free(folder);
    free(path);
    free(spare);
    free(one);
    free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strict_never_succeeds_beside_trust_any),
        cmocka_unit_test(test_strict_never_succeeds_beside_one_relaxation),
        cmocka_unit_test(test_plain_libcurl_strict_succeeds_beside_relaxed),
        cmocka_unit_test(test_one_client_may_be_shared),
        cmocka_unit_test(test_each_thread_may_have_its_client),
        cmocka_unit_test(test_clients_come_and_go),
        cmocka_unit_test(test_policy_ends_for_all_threads),
        cmocka_unit_test(test_anchors_change_under_all_threads),
    };

    return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
