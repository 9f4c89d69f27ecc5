/* A batch that is inherited by fork(2): what is under way stays the parent's, and the child makes
 * its own connections. The servers are other processes, so that no thread of the test holds a lock
 * while it forks. */
#include "client/floor.h"
#include "client/many.h"
#include "client/servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pki pki;
static struct web web;
static struct squid squid;
static int listener = -1; /* takes connections and never answers */
static char silent_url[64];

static int make_servers(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    (void)state;
    pki_make(&pki);
    web_start(&web, &pki);
    squid_start(&squid, &pki);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(silent_url, sizeof silent_url, "http://127.0.0.1:%u/",
             (unsigned)ntohs(address.sin_port));
    return 0;
}

static int free_servers(void **state)
{
    (void)state;
    close(listener);
    squid_stop(&squid);
    web_stop(&web);
    pki_free(&pki);
    return 0;
}

/* Ways in which a connection is made; each is closed in another manner. */
static const struct {
    const char *name;
    enum anycert_http_version version;
    bool https_proxy;
} ways[] = {
    {"HTTP/2", ANYCERT_HTTP_2, false},
    {"HTTP/1.1", ANYCERT_HTTP_1_1, false},
    {"HTTP/1.1 through an https proxy", ANYCERT_HTTP_1_1, true},
};
#define WAYS (sizeof ways / sizeof ways[0])

static struct anycert_client *make_client(size_t way)
{
    return ask_client(&(struct ask){
        .policy = ask_policy("hardened", pki.root_path),
        .http_version = ways[way].version,
        .proxy = ways[way].https_proxy ? url_of("https", squid.https[FLAW_NONE], "") : NULL,
        .proxy_policy = ways[way].https_proxy ? ask_policy("hardened", pki.root_path) : NULL,
    });
}

static const char *web_url(void)
{
    return url_of("https", web.ports[FLAW_NONE], "");
}

/* Asks one by one; the connection's number each time, or 0 if there was no answer. Without
 * assertions, for the child. */
static void ask_some(struct many *many, unsigned long numbers[4])
{
    for (size_t i = 0; i < 4; i++) {
        struct anycert_error err = {0};
        struct anycert_batch_result result;

        numbers[i] = 0;
        if (anycert_batch_add(many->batch, many->requests[0], NULL, &err) < 0 ||
            anycert_batch_next(many->batch, -1, &result, &err) != 1)
            continue;
        if (result.error.code == 0)
            numbers[i] = strtoul(anycert_response_body(result.response, NULL), NULL, 10);
        else
            fprintf(stderr, "%s\n", result.error.message);
        anycert_response_free(result.response);
    }
}

struct seen {
    unsigned long numbers[4];
    int codes[4];
};

typedef void act(struct many *many, struct seen *seen);

static struct seen in_a_child(struct many *many, act *what)
{
    struct seen seen = {0};
    int status = 0;
    int ends[2];
    pid_t pid = 0;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        what(many, &seen);
        _exit(write(ends[1], &seen, sizeof seen) == (ssize_t)sizeof seen ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &seen, sizeof seen), sizeof seen);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return seen;
}

/* ---- warm connections */

static void use_it(struct many *many, struct seen *seen)
{
    ask_some(many, seen->numbers);
}

static void use_and_free_it(struct many *many, struct seen *seen)
{
    ask_some(many, seen->numbers);
    anycert_batch_free(many->batch);
}

static void free_it(struct many *many, struct seen *seen)
{
    (void)seen;
    anycert_batch_free(many->batch);
}

static void warm_connections_stay_the_parents(void **state)
{
    static act *const acts[] = {use_it, use_and_free_it, free_it};

    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        struct anycert_client *client = make_client(i);
        struct many *many = many_new(client, 4);
        unsigned long before[4];
        unsigned long after[4];

        (void)many_get(many, web_url());
        many_finish(many);
        ask_some(many, before);
        for (size_t k = 0; k < 3; k++) {
            struct seen seen = in_a_child(many, acts[k]);

            for (size_t n = 0; n < 4 && acts[k] != free_it; n++) {
                assert_true(seen.numbers[n] > 0);
                assert_int_equal(seen.numbers[n], seen.numbers[0]);
                assert_int_not_equal(seen.numbers[n], before[0]);
            }
            ask_some(many, after);
            for (size_t n = 0; n < 4; n++)
                assert_int_equal(after[n], before[0]);
        }
        many_free(many);
        anycert_client_free(client);
    }
}

/* ---- requests under way */

/* Takes the results of what the parent had begun, and then makes a request of its own. */
static void take_over(struct many *many, struct seen *seen)
{
    for (size_t i = 0; i < 3; i++) {
        struct anycert_error err = {0};
        struct anycert_batch_result result;

        if (anycert_batch_next(many->batch, -1, &result, &err) != 1)
            continue;
        seen->codes[i] = result.error.code;
        anycert_response_free(result.response);
    }
    ask_some(many, seen->numbers);
    anycert_batch_free(many->batch);
}

static void cancel_and_free(struct many *many, struct seen *seen)
{
    seen->codes[3] = (int)anycert_batch_cancel_all(many->batch);
    anycert_batch_free(many->batch);
}

static void requests_under_way_stay_the_parents(void **state)
{
    static act *const acts[] = {take_over, free_it, cancel_and_free};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct anycert_error err = {0};
        struct anycert_client *client = make_client(0);
        struct many *many = many_new(client, 8);
        struct anycert_request *request = NULL;
        struct seen seen;
        int taken = -1;

        assert_non_null(floor_folder());
        (void)many_get(many, web_url());
        many_finish(many);
        (void)many_get(many, silent_url);
        (void)many_get(many, silent_url);
        request = floor_request("GET", silent_url);
        assert_int_equal(anycert_request_set_output_file(request, floor_path("out"), &err), 0);
        (void)many_add(many, request);
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(many_next(many, 5), -1);
        seen = in_a_child(many, acts[k]);
        if (acts[k] == take_over) {
            for (size_t i = 0; i < 3; i++) {
                assert_int_equal(seen.codes[i], ANYCERT_E_INTERRUPTED);
                assert_true(seen.numbers[i] > 0);
            }
        }
        if (acts[k] == cancel_and_free)
            assert_int_equal(seen.codes[3], 3);
        /* The parent's still wait for an answer, and get one. */
        assert_int_equal(many_next(many, 5), -1);
        for (size_t i = 0; i < 3; i++) {
            static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                                       "Connection: close\r\n\r\nhi";
            char request_text[2000];

            taken = accept(listener, NULL, NULL);
            assert_true(taken >= 0);
            assert_true(read(taken, request_text, sizeof request_text) > 0);
            assert_int_equal(write(taken, text, sizeof text - 1), sizeof text - 1);
            close(taken);
        }
        many_finish(many);
        for (size_t i = 1; i < 4; i++) {
            if (many->answers[i].code != 0)
                fail_msg("%s", many->answers[i].message);
        }
        assert_string_equal(floor_read(floor_path("out")), "hi");
        assert_int_equal(remove(floor_path("out")), 0);
        floor_remove_folder(0);
        many_free(many);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warm_connections_stay_the_parents),
        cmocka_unit_test(requests_under_way_stay_the_parents),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
