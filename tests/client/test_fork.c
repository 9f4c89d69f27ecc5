/* A client that is inherited by fork(2): parent and child never write to one connection. The
 * servers are other processes, so that no thread of the test holds a lock while it forks. */
#include "client/ask.h"
#include "client/servers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct pki pki;
static struct web web;
static struct squid squid;

static int make_servers(void **state)
{
    (void)state;
    pki_make(&pki);
    web_start(&web, &pki);
    squid_start(&squid, &pki);
    return 0;
}

static int free_servers(void **state)
{
    (void)state;
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

/* The number that the server gave to the connection, or 0 if there was no answer. No assertion, as
 * the child calls it, too. */
static unsigned long connection_of(struct anycert_client *client, bool *reused)
{
    struct answer answer = ask_get(client, url_of("https", web.ports[FLAW_NONE], ""));
    unsigned long number = answer.code == 0 ? strtoul(answer.body, NULL, 10) : 0;

    *reused = answer.reused;
    if (answer.code != 0)
        fprintf(stderr, "%s (%d)\n", answer.message, answer.code);
    answer_free(&answer);
    return number;
}

/* What the child has seen: the connection of its first and of its second request. */
struct seen {
    unsigned long first, second;
    bool first_reused, second_reused;
};

static void ask_twice(struct anycert_client *client, struct seen *seen)
{
    seen->first = connection_of(client, &seen->first_reused);
    seen->second = connection_of(client, &seen->second_reused);
}

static void free_it(struct anycert_client *client, struct seen *seen)
{
    (void)seen;
    anycert_client_free(client);
}

static void ask_twice_and_free(struct anycert_client *client, struct seen *seen)
{
    ask_twice(client, seen);
    anycert_client_free(client);
}

typedef void act(struct anycert_client *client, struct seen *seen);

static pid_t start_child(struct anycert_client *client, act *what, int *from_child)
{
    int ends[2];
    pid_t pid = 0;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct seen seen = {0};

        what(client, &seen);
        _exit(write(ends[1], &seen, sizeof seen) == (ssize_t)sizeof seen ? 0 : 1);
    }
    close(ends[1]);
    *from_child = ends[0];
    return pid;
}

static struct seen end_child(pid_t pid, int from_child)
{
    struct seen seen = {0};
    int status = 0;

    assert_int_equal(read(from_child, &seen, sizeof seen), sizeof seen);
    close(from_child);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return seen;
}

static struct seen in_a_child(struct anycert_client *client, act *what)
{
    int from_child = -1;
    pid_t pid = start_child(client, what, &from_child);

    return end_child(pid, from_child);
}

static void assert_warm(struct anycert_client *client, unsigned long number, const char *name)
{
    bool reused = false;
    unsigned long now = connection_of(client, &reused);

    if (now != number || !reused)
        fail_msg("%s: the parent's connection %lu became %lu", name, number, now);
}

static void test_child_makes_its_own_connection_and_the_parent_keeps_its(void **state)
{
    static act *const acts[] = {ask_twice, ask_twice_and_free};

    (void)state;
    for (size_t i = 0; i < 2 * WAYS; i++) {
        struct anycert_client *client = make_client(i / 2);
        bool reused = false;
        unsigned long number = connection_of(client, &reused);
        struct seen child;

        assert_true(number > 0);
        assert_warm(client, number, ways[i / 2].name);
        child = in_a_child(client, acts[i % 2]);
        assert_true(child.first > 0);
        assert_false(child.first_reused);
        assert_int_not_equal(child.first, number);
        assert_true(child.second_reused); /* its own may be kept */
        assert_int_equal(child.second, child.first);
        assert_warm(client, number, ways[i / 2].name);
        anycert_client_free(client);
    }
}

static void test_client_freed_in_the_child_leaves_the_parents_connection_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        struct anycert_client *client = make_client(i);
        bool reused = false;
        unsigned long number = connection_of(client, &reused);

        assert_true(number > 0);
        (void)in_a_child(client, free_it);
        assert_warm(client, number, ways[i].name);
        anycert_client_free(client);
    }
}

/* Both write at the same time, in whatever order that happens. */
static void test_parent_and_child_send_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        struct anycert_client *client = make_client(i);
        bool reused = false;
        unsigned long number = connection_of(client, &reused);
        int from_child = -1;
        pid_t pid = start_child(client, ask_twice_and_free, &from_child);
        struct seen child;

        assert_warm(client, number, ways[i].name);
        assert_warm(client, number, ways[i].name);
        child = end_child(pid, from_child);
        assert_true(child.first > 0);
        assert_int_not_equal(child.first, number);
        assert_int_equal(child.second, child.first);
        assert_warm(client, number, ways[i].name);
        anycert_client_free(client);
    }
}

static void fork_again(struct anycert_client *client, struct seen *seen)
{
    struct seen grandchild;

    seen->first = connection_of(client, &seen->first_reused);
    grandchild = in_a_child(client, ask_twice_and_free);
    seen->second = connection_of(client, &seen->second_reused);
    if (grandchild.first == 0 || grandchild.first == seen->first || grandchild.first_reused)
        seen->second = 0;
}

static void test_grandchild_makes_its_own_connection_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        struct anycert_client *client = make_client(i);
        bool reused = false;
        unsigned long number = connection_of(client, &reused);
        struct seen child = in_a_child(client, fork_again);

        assert_true(child.first > 0);
        assert_int_not_equal(child.first, number);
        assert_true(child.second_reused);
        assert_int_equal(child.second, child.first);
        assert_warm(client, number, ways[i].name);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_makes_its_own_connection_and_the_parent_keeps_its),
        cmocka_unit_test(test_client_freed_in_the_child_leaves_the_parents_connection_alone),
        cmocka_unit_test(test_parent_and_child_send_at_once),
        cmocka_unit_test(test_grandchild_makes_its_own_connection_too),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
