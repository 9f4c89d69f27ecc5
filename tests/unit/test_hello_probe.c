#include "tls/hello_probe.h"

#include "hello/offer.h"
#include "support/hello.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A clock that goes on by a step at each look, and may cancel at one of them. */
struct stepping {
    int64_t now, step;
    unsigned looks, cancel_at;
    struct anycert__stop stop;
};

static int64_t step_on(void *arg)
{
    struct stepping *clock = arg;

    clock->now += clock->step;
    if (++clock->looks == clock->cancel_at)
        atomic_store(&clock->stop.said, true);
    return clock->now;
}

struct scene {
    int ours, theirs;
    struct anycert__hello hello;
    struct stepping clock;
    struct anycert__probe probe;
    struct anycert__answer answer;
};

static void begin(struct scene *scene, enum anycert__offer offer)
{
    int fds[2];

    memset(scene, 0, sizeof *scene);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    scene->ours = fds[0];
    scene->theirs = fds[1];
    anycert__offer_fill(offer, "a.test", &scene->hello);
    scene->clock.step = 1;
    scene->probe.hello = &scene->hello;
    scene->probe.until = ANYCERT__UNTIL_FLIGHT;
    scene->probe.waiting.now_us = step_on;
    scene->probe.waiting.arg = &scene->clock;
    scene->probe.deadline_us = INT64_C(3600) * 1000000;
    scene->probe.stop = &scene->clock.stop;
    scene->probe.random = hello_counting;
}

static void say(const struct scene *scene, const void *bytes, size_t len)
{
    assert_int_equal(write(scene->theirs, bytes, len), (ssize_t)len);
}

static void ask(struct scene *scene)
{
    struct anycert_error err = {0};

    if (anycert__hello_probe(scene->ours, &scene->probe, &scene->answer, &err) < 0)
        fail_msg("%s", err.message);
}

static void end(struct scene *scene)
{
    anycert__answer_free(&scene->answer);
    close(scene->ours);
    close(scene->theirs);
}

/* What the peer heard, to the last byte, is the hello and this. */
static void heard(struct scene *scene, const void *goodbye, size_t goodbye_len)
{
    uint8_t bytes[32768];
    size_t len, hello_len;
    ssize_t n;
    uint8_t *hello = hello_bytes(&scene->hello, &hello_len);

    assert_int_equal(shutdown(scene->ours, SHUT_WR), 0);
    for (len = 0; (n = read(scene->theirs, bytes + len, sizeof bytes - len)) > 0; len += (size_t)n)
        ;
    assert_int_equal(len, hello_len + goodbye_len);
    assert_memory_equal(bytes, hello, hello_len);
    if (goodbye_len > 0)
        assert_memory_equal(bytes + hello_len, goodbye, goodbye_len);
    free(hello);
}

static void say_flight(const struct scene *scene, const char *name)
{
    size_t len;
    uint8_t *bytes = hello_flight(name, &len);

    say(scene, bytes, len);
    free(bytes);
}

static void hello_probe_reads_a_flight_and_says_goodbye(void **state)
{
    static const uint8_t goodbye[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    say_flight(&scene, "openssl-client-tls1.2");
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_COMPLETE);
    assert_true(scene.answer.has_done && scene.answer.has_request);
    heard(&scene, goodbye, sizeof goodbye);
    end(&scene);
}

static void hello_probe_of_ssl3_says_goodbye_in_its_words(void **state)
{
    static const uint8_t goodbye[] = {21, 3, 0, 0, 2, 1, 0};
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_SSL3);
    say_flight(&scene, "nss-ssl3-ssl3");
    ask(&scene);
    assert_int_equal(scene.answer.hello.version, ANYCERT__SSL3);
    heard(&scene, goodbye, sizeof goodbye);
    end(&scene);
}

/* A server of TLS 1.3 that has chosen takes only what is encrypted; one that asks again takes
 * alerts. */
static void hello_probe_leaves_tls13_without_a_word(void **state)
{
    static const uint8_t goodbye[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_MODERN);
    say_flight(&scene, "openssl-modern");
    ask(&scene);
    assert_int_equal(scene.answer.hello.version, ANYCERT__TLS13);
    heard(&scene, NULL, 0);
    end(&scene);
    begin(&scene, ANYCERT__OFFER_TLS13);
    say_flight(&scene, "openssl-tls1.3");
    ask(&scene);
    assert_true(scene.answer.hello.retry);
    heard(&scene, goodbye, sizeof goodbye);
    end(&scene);
}

static void hello_probe_stops_at_the_hello(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.probe.until = ANYCERT__UNTIL_HELLO;
    say_flight(&scene, "openssl-client-tls1.2");
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_COMPLETE);
    assert_true(scene.answer.has_hello && !scene.answer.has_certificates);
    end(&scene);
}

static void hello_probe_does_not_answer_a_refusal(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_3DES);
    say(&scene, "\x15\x03\x03\0\x02\x02\x28", 7);
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_ALERT);
    assert_int_equal(scene.answer.alert, 40);
    close(scene.theirs);
    scene.theirs = -1;
    end(&scene);
}

static void hello_probe_of_a_silent_peer_times_out(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.clock.step = INT64_C(2400) * 1000000;
    ask(&scene);
    assert_int_equal(scene.answer.kind, ANYCERT__KIND_SILENT);
    assert_int_equal(scene.answer.end, ANYCERT__END_TIMEOUT);
    heard(&scene, NULL, 0);
    end(&scene);
}

static void hello_probe_tells_half_a_flight_from_none(void **state)
{
    struct scene scene;
    size_t len;
    uint8_t *bytes = hello_flight("openssl-client-tls1.2", &len);

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.clock.step = INT64_C(900) * 1000000;
    say(&scene, bytes, len / 2);
    ask(&scene);
    assert_int_equal(scene.answer.kind, ANYCERT__KIND_TLS);
    assert_int_equal(scene.answer.end, ANYCERT__END_TIMEOUT);
    assert_true(scene.answer.has_hello && !scene.answer.has_done);
    free(bytes);
    end(&scene);
}

static void hello_probe_can_be_cancelled(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    atomic_store(&scene.clock.stop.said, true);
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_CANCELLED);
    end(&scene);
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.clock.cancel_at = 3; /* while it waits */
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_CANCELLED);
    end(&scene);
}

static void hello_probe_waits_a_little_for_a_banner(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.clock.step = ANYCERT__BANNER_PATIENCE_US / 3;
    say(&scene, "SSH-2.0-x", 9); /* its line has no end */
    ask(&scene);
    assert_int_equal(scene.answer.kind, ANYCERT__KIND_OTHER);
    assert_int_equal(scene.answer.banner, ANYCERT__BANNER_SSH);
    assert_int_equal(scene.answer.end, ANYCERT__END_TIMEOUT);
    assert_true(scene.clock.looks < 10);
    heard(&scene, NULL, 0); /* TLS alerts are no words of SSH's */
    end(&scene);
}

static void hello_probe_tells_an_end_from_a_reset(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t len = sizeof address;
    struct linger at_once = {.l_onoff = 1};
    struct scene scene;
    int listener = socket(AF_INET, SOCK_STREAM, 0), peer;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    assert_int_equal(shutdown(scene.theirs, SHUT_WR), 0);
    ask(&scene);
    assert_int_equal(scene.answer.kind, ANYCERT__KIND_SILENT);
    assert_int_equal(scene.answer.end, ANYCERT__END_CLOSED);
    end(&scene);

    begin(&scene, ANYCERT__OFFER_TLS12);
    close(scene.ours);
    assert_int_equal(bind(listener, any, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &len), 0);
    scene.ours = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(scene.ours, any, len), 0);
    peer = accept(listener, NULL, NULL);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(peer);
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_RESET);
    assert_int_equal(scene.answer.os_errno, ECONNRESET);
    close(listener);
    end(&scene);
}

/* ---- a peer that reads slowly */

struct slow {
    int fd;
    size_t wanted;
};

static void *read_slowly(void *arg)
{
    struct slow *slow = arg;
    char bytes[512];
    ssize_t n;

    while (slow->wanted > 0 && (n = read(slow->fd, bytes, sizeof bytes)) > 0)
        slow->wanted -= (size_t)n;
    if (slow->wanted == 0 && write(slow->fd, "\x15\x03\x01\0\x02\x02\x46", 7) != 7)
        slow->wanted = 1;
    return NULL;
}

static void hello_probe_sends_a_large_hello_in_parts(void **state)
{
    struct scene scene;
    struct slow slow;
    pthread_t thread;
    int size = 4096;

    (void)state;
    begin(&scene, ANYCERT__OFFER_SMALL);
    scene.hello.pad_to = 16384;
    assert_int_equal(setsockopt(scene.ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    slow.fd = scene.theirs;
    slow.wanted = 16384 + 5;
    assert_int_equal(pthread_create(&thread, NULL, read_slowly, &slow), 0);
    ask(&scene);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(slow.wanted, 0);
    assert_int_equal(scene.answer.end, ANYCERT__END_ALERT);
    assert_int_equal(scene.answer.alert, 70);
    end(&scene);
}

static void hello_probe_refuses_a_hello_that_says_nothing(void **state)
{
    struct anycert_error err = {0};
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_TLS12);
    scene.hello.suite_count = 0;
    assert_int_equal(anycert__hello_probe(scene.ours, &scene.probe, &scene.answer, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_INTERNAL);
    close(scene.ours);
    close(scene.theirs);
}

static void hello_probe_with_the_systems_clock_and_random_works(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, ANYCERT__OFFER_POST_QUANTUM);
    memset(&scene.probe.waiting, 0, sizeof scene.probe.waiting);
    memset(&scene.probe.random, 0, sizeof scene.probe.random);
    scene.probe.stop = NULL;
    scene.probe.deadline_us = anycert__monotonic_us() + INT64_C(60) * 1000000;
    say_flight(&scene, "openssl-modern");
    ask(&scene);
    assert_int_equal(scene.answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(scene.answer.hello.version, ANYCERT__TLS13);
    end(&scene);
}

static void hello_own_suites_are_those_of_openssl(void **state)
{
    struct anycert__suite suite;
    uint16_t ids[512];
    bool today = false;
    int count = anycert__hello_own_suites(ids, 512, NULL);

    (void)state;
    assert_in_range(count, 30, 200);
    for (int i = 0; i < count; i++) {
        assert_true(anycert__suite_find(ids[i], &suite));
        assert_true(suite.tls13 || anycert__suite_protects(&suite));
        today = today || ids[i] == 0xC02F;
    }
    assert_true(today);
    assert_int_equal(anycert__hello_own_suites(ids, 5, NULL), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_probe_reads_a_flight_and_says_goodbye),
        cmocka_unit_test(hello_probe_of_ssl3_says_goodbye_in_its_words),
        cmocka_unit_test(hello_probe_leaves_tls13_without_a_word),
        cmocka_unit_test(hello_probe_stops_at_the_hello),
        cmocka_unit_test(hello_probe_does_not_answer_a_refusal),
        cmocka_unit_test(hello_probe_of_a_silent_peer_times_out),
        cmocka_unit_test(hello_probe_tells_half_a_flight_from_none),
        cmocka_unit_test(hello_probe_can_be_cancelled),
        cmocka_unit_test(hello_probe_waits_a_little_for_a_banner),
        cmocka_unit_test(hello_probe_tells_an_end_from_a_reset),
        cmocka_unit_test(hello_probe_sends_a_large_hello_in_parts),
        cmocka_unit_test(hello_probe_refuses_a_hello_that_says_nothing),
        cmocka_unit_test(hello_probe_with_the_systems_clock_and_random_works),
        cmocka_unit_test(hello_own_suites_are_those_of_openssl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
