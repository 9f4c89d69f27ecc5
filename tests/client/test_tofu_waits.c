/* Trust on first use while others write to the trust store: nobody is believed who is not recorded,
 * and nobody else waits for that. */
#include "client/known.h"

#include "policy/trust_ask.h"

#include <anycert/trust_store.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- another writer, as a process would be */

static int writer = -1;

static void begin_writing(void)
{
    char lock[96];

    (void)snprintf(lock, sizeof lock, "%s.lock", known_path());
    writer = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(writer >= 0);
    assert_int_equal(flock(writer, LOCK_EX | LOCK_NB), 0);
}

static void end_writing(void)
{
    assert_int_equal(close(writer), 0);
    writer = -1;
}

static int setup(void **state)
{
    writer = -1;
    return known_setup(state);
}

static int teardown(void **state)
{
    if (writer >= 0)
        end_writing();
    return known_teardown(state);
}

static const char *new_host(void)
{
    return url_of("https", pins_scene.web.ports[FLAW_SELF_SIGNED], "");
}

static const char *recorded(void)
{
    return known_as(pins_scene.web.ports[FLAW_SELF_SIGNED]);
}

/* ---- one request */

/* It is called while the record is waited for; the first calls may come before. */
struct looker {
    unsigned calls, ends_writing_at, cancels_at;
};

static int look_on(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                   uint64_t send_total)
{
    struct looker *looker = arg;

    (void)received;
    (void)receive_total;
    (void)sent;
    (void)send_total;
    looker->calls++;
    if (looker->calls == looker->ends_writing_at)
        end_writing();
    return looker->calls == looker->cancels_at;
}

static struct answer get(struct anycert_client *client, struct looker *looker)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", new_host(), &err);
    struct anycert_response *response = NULL;

    assert_non_null(request);
    assert_int_equal(anycert_request_set_progress(request, look_on, looker, &err), 0);
    if (anycert_client_send(client, request, &response, &err) < 0)
        assert_int_not_equal(err.code, 0);
    anycert_request_free(request);
    return answer_of(response, &err);
}

static void request_goes_on_once_it_is_recorded(void **state)
{
    struct looker looker = {.ends_writing_at = 100};
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct answer answer;

    (void)state;
    begin_writing();
    answer = get(client, &looker);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.status, 200);
    assert_true(answer.authenticated); /* by the record: it stood before the request was sent */
    assert_string_equal(recorded() + 4, pins_at(FLAW_SELF_SIGNED));
    answer_free(&answer);
    anycert_client_free(client);
}

static void wait_for_the_record_can_be_interrupted(void **state)
{
    struct looker looker = {.cancels_at = 100};
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct answer answer;

    (void)state;
    begin_writing();
    answer = get(client, &looker);
    assert_int_equal(answer.code, ANYCERT_E_INTERRUPTED);
    assert_int_equal(answer.status, 0);
    assert_int_equal(looker.calls, 100);
    assert_string_equal(recorded(), "none");
    answer_free(&answer);
    anycert_client_free(client);
}

static void wait_for_the_record_ends_with_the_request_s_time(void **state)
{
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = known_policy("tofu", "accept-new"),
                                 .trust_store = known_path(),
                                 .total_ms = 1000});
    struct answer answer;

    (void)state;
    begin_writing();
    answer = ask_get(client, new_host());
    assert_int_equal(answer.code, ANYCERT_E_TIMEOUT_TOTAL);
    assert_non_null(strstr(answer.message, "trust store is locked"));
    assert_int_equal(answer.status, 0);
    answer_free(&answer);
    anycert_client_free(client);
    assert_string_equal(recorded(), "none");
}

/* Ten seconds pass with the second sleep. */
static int64_t later_us(void *arg)
{
    return anycert__monotonic_us() + (*(unsigned *)arg >= 2 ? 2 * ANYCERT__TRUST_LOCK_LIMIT_US : 0);
}

static int no_sleep(void *arg, int64_t ms)
{
    (void)ms;
    ++*(unsigned *)arg;
    return 0;
}

static void wait_for_the_record_has_an_end_of_its_own(void **state)
{
    struct anycert_error err = {0};
    unsigned sleeps = 0;
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_parse(known_policy("tofu", "accept-new"), &err);
    struct anycert_trust_store *store = anycert_trust_store_open(known_path(), &err);
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    assert_true(config && policy && store);
    store->waiting = (struct anycert__waiting){later_us, no_sleep, &sleeps};
    assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
    assert_int_equal(anycert_config_set_trust_store(config, store, &err), 0);
    client = anycert_client_new(config, &err);
    assert_non_null(client);
    begin_writing();
    answer = ask_get(client, new_host());
    assert_int_equal(answer.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(answer.message, "ten seconds"));
    assert_int_equal(answer.status, 0);
    assert_int_equal(sleeps, 2);
    answer_free(&answer);
    end_writing();
    ask_works(client, new_host());
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    anycert_trust_store_free(store);
}

/* ---- many at once */

static void add(struct anycert_batch *batch, enum flaw flaw, struct anycert_request **request)
{
    struct anycert_error err = {0};

    *request = anycert_request_new("GET", url_of("https", pins_scene.web.ports[flaw], ""), &err);
    assert_non_null(*request);
    assert_int_equal(anycert_batch_add(batch, *request, *request, &err), 0);
}

/* The result, by whether it is the one of this request; its code. */
static int next_result(struct anycert_batch *batch, const struct anycert_request *expected)
{
    struct anycert_error err = {0};
    struct anycert_batch_result result;

    assert_int_equal(anycert_batch_next(batch, -1, &result, &err), 1);
    assert_ptr_equal(result.tag, expected);
    anycert_response_free(result.response);
    return result.error.code;
}

static void nobody_else_waits_for_the_record(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_AUTO, ANYCERT_HTTP_1_1};

    (void)state;
    known_add(pins_scene.web.ports[FLAW_NONE], pins_at(FLAW_NONE));
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = known_policy("tofu", "accept-new"),
                                     .trust_store = known_path(),
                                     .http_version = versions[i]});
        struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
        struct anycert_request *fresh = NULL, *known = NULL;

        assert_non_null(batch);
        begin_writing();
        add(batch, FLAW_SELF_SIGNED, &fresh);
        add(batch, FLAW_NONE, &known);
        assert_int_equal(next_result(batch, known), 0);
        assert_string_equal(recorded(), "none");
        end_writing();
        assert_int_equal(next_result(batch, fresh), 0);
        assert_string_equal(recorded() + 4, pins_at(FLAW_SELF_SIGNED));
        anycert_batch_free(batch);
        anycert_request_free(fresh);
        anycert_request_free(known);
        anycert_client_free(client);
        known_remove(pins_scene.web.ports[FLAW_SELF_SIGNED]);
    }
}

static void what_waits_for_its_record_can_be_given_up(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct anycert_request *fresh = NULL, *known = NULL;

    (void)state;
    known_add(pins_scene.web.ports[FLAW_NONE], pins_at(FLAW_NONE));
    begin_writing();
    add(batch, FLAW_SELF_SIGNED, &fresh);
    add(batch, FLAW_NONE, &known);
    assert_int_equal(next_result(batch, known), 0);
    assert_int_equal(anycert_batch_cancel(batch, fresh), 1);
    assert_int_equal(next_result(batch, fresh), ANYCERT_E_INTERRUPTED);
    assert_int_equal(anycert_batch_add(batch, fresh, fresh, NULL), 0);
    anycert_batch_free(batch);
    anycert_request_free(fresh);
    anycert_request_free(known);
    anycert_client_free(client);
    assert_string_equal(recorded(), "none");
}

/* What is waited for is not the server's. */
static void what_waits_for_its_record_does_not_stand_still(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct anycert_batch_result result;
    struct anycert_request *fresh = NULL, *known = NULL;

    (void)state;
    known_add(pins_scene.web.ports[FLAW_NONE], pins_at(FLAW_NONE));
    begin_writing();
    add(batch, FLAW_SELF_SIGNED, &fresh);
    assert_int_equal(anycert_request_set_timeouts(fresh, 0, 0, 20, &err), 0);
    add(batch, FLAW_NONE, &known);
    assert_int_equal(next_result(batch, known), 0);
    assert_int_equal(anycert_batch_next(batch, 100, &result, &err), 0);
    assert_int_equal(anycert_batch_cancel(batch, fresh), 1);
    assert_int_equal(next_result(batch, fresh), ANYCERT_E_INTERRUPTED);
    anycert_batch_free(batch);
    anycert_request_free(fresh);
    anycert_request_free(known);
    anycert_client_free(client);
}

/* ---- the question, of which there is one */

#define ASKERS 8

struct asked {
    struct anycert_trust_store *store;
    unsigned waits_for; /* so many who wait for the answer */
    int answer;
    atomic_uint questions, ended;
};

/* Whether everybody who is to wait does so: the store, the asker, and they hold the question. */
static bool all_wait(struct asked *asked)
{
    bool all = false;

    pthread_mutex_lock(&asked->store->mutex);
    all = anycert__question_holders(asked->store->questions) >= asked->waits_for + 2;
    pthread_mutex_unlock(&asked->store->mutex);
    return all;
}

static int ask(void *arg, const struct anycert_report *report)
{
    const struct timespec pause = {0, 1000000};
    struct asked *asked = arg;

    assert_string_equal(anycert_report_cert_pin(report, 0), pins_at(FLAW_SELF_SIGNED));
    asked->questions++;
    while (!all_wait(asked) && asked->ended == 0)
        (void)nanosleep(&pause, NULL);
    return asked->answer;
}

static struct anycert_client *asking_client(struct asked *asked, unsigned total_ms)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_parse(known_policy("tofu", "ask"), &err);
    struct anycert_client *client = NULL;

    asked->store = anycert_trust_store_open(known_path(), &err);
    assert_true(config && policy && asked->store);
    assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
    assert_int_equal(anycert_config_set_trust_store(config, asked->store, &err), 0);
    assert_int_equal(anycert_config_set_trust_ask(config, ask, asked, &err), 0);
    assert_int_equal(anycert_config_set_timeouts(config, 0, total_ms, 0, &err), 0);
    client = anycert_client_new(config, &err);
    if (!client)
        fail_msg("%s", err.message);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

static void free_asking_client(struct asked *asked, struct anycert_client *client)
{
    anycert_client_free(client);
    anycert_trust_store_free(asked->store);
}

struct asker {
    struct anycert_client *client;
    const char *url;
    int code;
};

static void *get_once(void *arg)
{
    struct asker *asker = arg;
    struct answer answer = ask_get(asker->client, asker->url);

    asker->code = answer.code;
    answer_free(&answer);
    return NULL;
}

static void user_is_asked_once(void **state)
{
    static const struct {
        int answer, code;
    } rows[] = {{0, ANYCERT_E_TRUST_UNKNOWN}, {1, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked = {.waits_for = ASKERS - 1, .answer = rows[i].answer};
        struct anycert_client *client = asking_client(&asked, 40000);
        struct asker askers[ASKERS];
        pthread_t threads[ASKERS];

        for (size_t k = 0; k < ASKERS; k++) {
            askers[k] = (struct asker){client, new_host(), -1};
            assert_int_equal(pthread_create(&threads[k], NULL, get_once, &askers[k]), 0);
        }
        for (size_t k = 0; k < ASKERS; k++) {
            assert_int_equal(pthread_join(threads[k], NULL), 0);
            assert_int_equal(askers[k].code, rows[i].code);
        }
        assert_int_equal(asked.questions, 1);
        assert_int_equal(known_count(), rows[i].answer);
        /* A request that comes later is a new question, unless it has been answered well. */
        asked.waits_for = 0;
        (void)get_once(&askers[0]);
        assert_int_equal(askers[0].code, rows[i].code);
        assert_int_equal(asked.questions, rows[i].answer ? 1 : 2);
        free_asking_client(&asked, client);
    }
}

/* Its own limit counts for who waits; the other one's question goes on. */
static void wait_for_the_answer_ends_with_the_request_s_time(void **state)
{
    struct asked asked = {.waits_for = 100, .answer = 1};
    struct anycert_client *client = asking_client(&asked, 40000);
    struct asker asker = {client, new_host(), -1};
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", new_host(), &err);
    struct anycert_response *response = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, get_once, &asker), 0);
    while (asked.questions == 0)
        (void)usleep(1000);
    assert_int_equal(anycert_request_set_timeouts(request, 0, 1000, 0, &err), 0);
    assert_int_equal(anycert_client_send(client, request, &response, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TIMEOUT_TOTAL);
    assert_non_null(strstr(err.message, "nobody has answered"));
    anycert_response_free(response);
    anycert_request_free(request);
    assert_string_equal(recorded(), "none");
    asked.ended = 1;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asker.code, 0);
    assert_int_equal(asked.questions, 1);
    free_asking_client(&asked, client);
}

static void batch_asks_once(void **state)
{
    struct asked asked = {.answer = 0};
    struct anycert_client *client = asking_client(&asked, 40000);
    struct anycert_batch *batch = anycert_batch_new(client, ASKERS, NULL);
    struct anycert_request *request = anycert_request_new("POST", new_host(), NULL);

    (void)state;
    assert_true(batch && request);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(anycert_batch_add(batch, request, request, NULL), 0);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(next_result(batch, request), ANYCERT_E_TRUST_UNKNOWN);
    assert_int_equal(asked.questions, 1);
    anycert_batch_free(batch);
    anycert_request_free(request);
    free_asking_client(&asked, client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(request_goes_on_once_it_is_recorded),
        CASE(wait_for_the_record_can_be_interrupted),
        CASE(wait_for_the_record_ends_with_the_request_s_time),
        CASE(wait_for_the_record_has_an_end_of_its_own),
        CASE(nobody_else_waits_for_the_record),
        CASE(what_waits_for_its_record_can_be_given_up),
        CASE(what_waits_for_its_record_does_not_stand_still),
        CASE(user_is_asked_once),
        CASE(wait_for_the_answer_ends_with_the_request_s_time),
        CASE(batch_asks_once),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
