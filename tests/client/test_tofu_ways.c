/* Trust on first use by every way there is, and beside everything else that a client does. */
#include "client/known.h"

#include <anycert/trust_store.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint16_t port_of(enum flaw flaw)
{
    return pins_scene.web.ports[flaw];
}

static void every_way_leads_to_the_same_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        const char *url = place_url(&pins_scene, &places[i], "");
        struct ask ask = {0};
        struct anycert_client *client = NULL;

        place_take(&pins_scene, &places[i], &ask);
        ask.policy = known_policy("tofu", "accept-new");
        ask.trust_store = known_path();
        client = ask_client(&ask);
        (void)known_authenticated_by(client, url); /* some places share a port */
        assert_string_equal(known_authenticated_by(client, url), "tofu");
        assert_string_equal(known_authenticated_by(client, url), "tofu");
        anycert_client_free(client);
    }
    assert_true(known_count() > 0);
}

/* Another origin is none that the user has named: it is held to hardened, and not recorded. */
static void redirects_are_not_first_contacts(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    char *path = pins_text();
    struct answer answer;

    (void)state;
    (void)snprintf(path, 900, "go?to=%s", url_of("https", port_of(FLAW_UNKNOWN_ROOT), ""));
    answer = ask_get(client, url_of("https", port_of(FLAW_SELF_SIGNED), path));
    assert_int_equal(answer.code, ANYCERT_E_TRUST_ISSUER);
    answer_free(&answer);
    anycert_client_free(client);
    assert_int_equal(known_count(), 1);
    assert_string_equal(known_as(port_of(FLAW_UNKNOWN_ROOT)), "none");
}

static void policy_file_may_say_tofu(void **state)
{
    struct anycert_client *client = NULL;
    char *file = pins_text();
    struct answer answer;

    (void)state;
    (void)snprintf(file, 900, "localhost:%u tofu mode=accept-new\nlocalhost hardened\n",
                   (unsigned)port_of(FLAW_SELF_SIGNED));
    client = ask_client(&(struct ask){
        .file = file, .anchors = pins_scene.pki.root_path, .trust_store = known_path()});
    ask_works(client, url_of("https", port_of(FLAW_SELF_SIGNED), ""));
    assert_int_equal(known_count(), 1);
    ask_fails(client, url_of("https", port_of(FLAW_UNKNOWN_ROOT), ""), ANYCERT_E_TRUST_ISSUER);
    anycert_client_free(client);

    client = ask_client(&(struct ask){.file = file, .anchors = pins_scene.pki.root_path});
    answer = ask_get(client, url_of("https", port_of(FLAW_SELF_SIGNED), ""));
    assert_int_equal(answer.code, ANYCERT_E_USAGE); /* there is no store */
    assert_non_null(strstr(answer.message, "f:1"));
    answer_free(&answer);
    anycert_client_free(client);
}

/* A proxy is told its password before anybody could be asked: it has to be known already. */
static void proxy_has_to_be_known(void **state)
{
    uint16_t port = pins_scene.squid.https[FLAW_SELF_SIGNED];
    const char *target = url_of("https", port_of(FLAW_NONE), "");
    char *proxy = pins_text();
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse("tofu mode=accept-new", &err);
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_trust_store *store = anycert_trust_store_open(known_path(), &err);
    struct ask ask = {.policy = ask_policy("hardened", pins_scene.pki.root_path),
                      .proxy = proxy,
                      .proxy_policy = "tofu mode=strict",
                      .trust_store = known_path()};
    struct anycert_client *client = NULL;

    (void)state;
    (void)snprintf(proxy, 900, "https://localhost:%u", (unsigned)port);
    assert_int_equal(anycert_config_set_proxy(config, proxy, &err), 0);
    assert_int_equal(anycert_config_set_trust_store(config, store, &err), 0);
    assert_int_equal(anycert_config_set_proxy_policy(config, policy, &err), 0);
    assert_null(anycert_client_new(config, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_non_null(strstr(err.message, "mode=strict"));
    anycert_config_free(config);
    anycert_policy_free(policy);
    anycert_trust_store_free(store);

    client = ask_client(&ask);
    ask_fails(client, target, ANYCERT_E_PROXY_TRUST);
    assert_int_equal(known_count(), 0);
    anycert_client_free(client);
    known_add(port, pins_at(FLAW_SELF_SIGNED));
    client = ask_client(&ask);
    ask_works(client, target);
    anycert_client_free(client);
    known_add(port, pins_at(FLAW_NONE));
    client = ask_client(&ask);
    ask_fails(client, target, ANYCERT_E_PROXY_TRUST);
    anycert_client_free(client);
}

/* What one store knows is of no use to who has another, on warm connections neither. */
static void stores_share_nothing(void **state)
{
    char *other = pins_text();
    char *lock = pins_text();
    const char *url = url_of("https", port_of(FLAW_SELF_SIGNED), "");
    struct anycert_client *first = known_client("tofu", "accept-new"), *second = NULL;

    (void)state;
    (void)snprintf(other, 900, "%s.other", known_path());
    (void)snprintf(lock, 900, "%s.lock", other);
    second =
        ask_client(&(struct ask){.policy = known_policy("tofu", "strict"), .trust_store = other});
    ask_works(first, url);
    ask_works(first, url);
    ask_fails(second, url, ANYCERT_E_TRUST_UNKNOWN);
    assert_true(ask_works(first, url));
    ask_fails(second, url, ANYCERT_E_TRUST_UNKNOWN);
    anycert_client_free(first);
    anycert_client_free(second);
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(access(lock, F_OK), -1);
}

/* ---- where nothing can be recorded, nothing is sent */

static void read_only_store_lets_nobody_new_in(void **state)
{
    struct ask ask = {.policy = known_policy("tofu", "accept-new"),
                      .trust_store = known_path(),
                      .store_is_read_only = true};

    (void)state;
    assert_int_equal(known_code(ask_client(&ask), port_of(FLAW_SELF_SIGNED)),
                     ANYCERT_E_TRUST_STORE);
    assert_int_equal(known_count(), 0);
    known_add(port_of(FLAW_SELF_SIGNED), pins_at(FLAW_SELF_SIGNED));
    assert_int_equal(known_code(ask_client(&ask), port_of(FLAW_SELF_SIGNED)), 0);
}

static void broken_store_lets_nobody_in(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    FILE *out = fopen(known_path(), "w");

    (void)state;
    assert_non_null(out);
    (void)chmod(known_path(), 0600);
    (void)fputs("nonsense\n", out);
    assert_int_equal(fclose(out), 0);
    for (int i = 0; i < 2; i++) {
        struct answer answer = ask_get(client, url_of("https", port_of(FLAW_SELF_SIGNED), ""));

        /* What was read when the client was made may count for a tenth of a second; nothing can be
         * recorded then, either. */
        assert_int_equal(answer.code, ANYCERT_E_TRUST_STORE);
        assert_int_equal(answer.status, 0);
        answer_free(&answer);
    }
    anycert_client_free(client);
}

static int64_t in_2019(void *arg)
{
    (void)arg;
    return 1577836799;
}

static void clock_that_is_not_set_records_nothing(void **state)
{
    struct ask ask = {.policy = known_policy("tofu+not-yet-valid", "accept-new"),
                      .trust_store = known_path(),
                      .now = in_2019};
    int code = known_code(ask_client(&ask), port_of(FLAW_SELF_SIGNED));

    (void)state;
    assert_int_equal(anycert_error_class_of(code), ANYCERT_CLASS_USAGE);
    assert_non_null(strstr(known_message(), "2019-12-31"));
    assert_int_equal(known_count(), 0);
}

/* ---- secrets */

static int code_with_secret(enum anycert_secret_guard guard, char *body, size_t size)
{
    static const char *const fields[] = {"Authorization: Bearer abc"};
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = known_policy("tofu", "accept-new"), .trust_store = known_path(), .guard = guard});
    struct answer answer =
        ask_get_with(client, url_of("https", port_of(FLAW_SELF_SIGNED), "seen"), fields, 1);
    int code = answer.code;

    (void)snprintf(body, size, "%s", answer.body);
    answer_free(&answer);
    anycert_client_free(client);
    return code;
}

static void guard_knows_that_first_contact_proves_nothing(void **state)
{
    char body[1024];

    (void)state;
    assert_int_equal(code_with_secret(ANYCERT_SECRETS_REFUSE, body, sizeof body),
                     ANYCERT_E_TRUST_SECRETS);
    assert_int_equal(known_count(), 0); /* asking twice is no way around it */
    assert_int_equal(code_with_secret(ANYCERT_SECRETS_REFUSE, body, sizeof body),
                     ANYCERT_E_TRUST_SECRETS);
    assert_int_equal(code_with_secret(ANYCERT_SECRETS_WITHHOLD, body, sizeof body), 0);
    assert_null(strstr(body, "abc"));
    assert_int_equal(known_count(), 1);
    assert_int_equal(code_with_secret(ANYCERT_SECRETS_REFUSE, body, sizeof body), 0);
    assert_non_null(strstr(body, "abc"));
}

static int yes(void *arg, const struct anycert_report *report)
{
    (void)report;
    ++*(unsigned *)arg;
    return 1;
}

/* Our certificate is shown to nobody before the user has answered, and to the server then. */
static void client_certificate_waits_for_the_answer(void **state)
{
    const struct lab_server *server = pins_server("client-cert-required-tls13");
    unsigned asked = 0;
    char *policy = pins_text();
    struct anycert_client *client = NULL;

    (void)state;
    /* Nobody vouches for it here. */
    (void)snprintf(policy, 900, "tofu ca=%s", pins_scene.pki.root_path);
    client = ask_client(&(struct ask){.policy = policy,
                                      .trust_store = known_path(),
                                      .trust_ask = yes,
                                      .trust_ask_arg = &asked,
                                      .cert = lab_file(pins_lab, LAB_FILE_CLIENT_CERT),
                                      .key = lab_file(pins_lab, LAB_FILE_CLIENT_KEY)});
    ask_works(client, lab_server_url(server));
    assert_int_equal(asked, 1);
    assert_int_equal(known_count(), 1);
    anycert_client_free(client);
}

/* ---- several at once */

struct worker {
    struct anycert_client *client;
    const char *url;
    int failures;
};

static void *work(void *arg)
{
    struct worker *w = arg;

    for (int i = 0; i < 5; i++) {
        struct answer answer = ask_get(w->client, w->url);

        w->failures += answer.code != 0;
        answer_free(&answer);
    }
    return NULL;
}

static void threads_that_meet_a_host_at_once_agree(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    const char *url = url_of("https", port_of(FLAW_SELF_SIGNED), "");
    struct worker workers[4];
    pthread_t threads[COUNT(workers)];

    (void)state;
    for (size_t i = 0; i < COUNT(workers); i++) {
        workers[i] = (struct worker){client, url, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < COUNT(workers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
    anycert_client_free(client);
    assert_int_equal(known_count(), 1);
}

static void processes_that_meet_hosts_at_once_lose_none(void **state)
{
    static const enum flaw flaws[] = {FLAW_NONE, FLAW_SELF_SIGNED, FLAW_UNKNOWN_ROOT};
    pid_t children[COUNT(flaws)];

    (void)state;
    for (size_t i = 0; i < COUNT(flaws); i++) {
        struct worker w = {known_client("tofu", "accept-new"),
                           url_of("https", port_of(flaws[i]), ""), 0};

        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            (void)work(&w);
            _exit(w.failures);
        }
        anycert_client_free(w.client);
    }
    for (size_t i = 0; i < COUNT(flaws); i++) {
        int status = -1;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(known_count(), COUNT(flaws));
}

/* The batch has connections of its own. */
static void batch_meets_a_host_once(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct anycert_error err = {0};
    struct anycert_batch *batch = anycert_batch_new(client, 4, &err);
    struct anycert_request *request = NULL;
    unsigned done = 0;

    (void)state;
    assert_non_null(batch);
    request = anycert_request_new("GET", url_of("https", port_of(FLAW_SELF_SIGNED), ""), &err);
    assert_non_null(request);
    for (int i = 0; i < 8; i++)
        assert_int_equal(anycert_batch_add(batch, request, NULL, &err), 0);
    for (;;) {
        struct anycert_batch_result result;
        int more = anycert_batch_next(batch, -1, &result, &err);

        assert_true(more >= 0);
        if (more == 0)
            break;
        if (result.error.code)
            fail_msg("%s", result.error.message);
        anycert_response_free(result.response);
        done++;
    }
    assert_int_equal(done, 8);
    anycert_batch_free(batch);
    anycert_request_free(request);
    anycert_client_free(client);
    assert_int_equal(known_count(), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, known_setup, known_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_way_leads_to_the_same_record),
        CASE(redirects_are_not_first_contacts),
        CASE(policy_file_may_say_tofu),
        CASE(proxy_has_to_be_known),
        CASE(stores_share_nothing),
        CASE(read_only_store_lets_nobody_new_in),
        CASE(broken_store_lets_nobody_in),
        CASE(clock_that_is_not_set_records_nothing),
        CASE(guard_knows_that_first_contact_proves_nothing),
        CASE(client_certificate_waits_for_the_answer),
        CASE(threads_that_meet_a_host_at_once_agree),
        CASE(processes_that_meet_hosts_at_once_lose_none),
        CASE(batch_meets_a_host_once),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
