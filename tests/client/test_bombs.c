/* Small answers that become large ones: whatever they are compressed with and wherever they go,
 * they end at the limit, and nobody needs the memory for them. Each is taken by a process of its
 * own (this program again), which tells how much it had in use. */
#include "client/bombs.h"
#include "client/floor.h"
#include "client/sending.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB      ((size_t)1 << 20)
#define ZEROS    (80 * MIB) /* more than the default limit */
#define LIMIT    (2 * MIB)
#define AT_ONCE  6

/* Programs with a sanitizer need many times more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define ROOM (2048 * MIB)
#else
#define ROOM (64 * MIB)
#endif

/* ---- in the other process: where the body goes */

static int swallow(void *arg, const void *bytes, size_t len)
{
    (void)bytes;
    *(size_t *)arg += len;
    return 0;
}

static struct anycert_client *client_with(uint64_t limit, bool has_retry)
{
    static const int busy[] = {503};
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_retry *retry = anycert_retry_new(&err);
    struct anycert_client *client = NULL;

    if (anycert_config_set_limits(config, 0, limit, &err) == 0 &&
        anycert_retry_set_count(retry, 1, &err) == 0 &&
        anycert_retry_set_statuses(retry, busy, 1, &err) == 0 &&
        (!has_retry || anycert_config_set_retry(config, retry, &err) == 0))
        client = anycert_client_new(config, &err);
    anycert_config_free(config);
    anycert_retry_free(retry);
    return client;
}

static int take_many(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_batch *batch = anycert_batch_new(client, AT_ONCE, &err);
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_batch_result result;
    int code = 0;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (anycert_batch_add(batch, request, NULL, &err) < 0)
            return -1;
    }
    while (anycert_batch_next(batch, -1, &result, &err) == 1) {
        code = result.error.code;
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch);
    anycert_request_free(request);
    return code;
}

/* The code of a request that goes to "memory", "file:PATH", "callback", "call" or, many at once,
 * "batch". */
static int take(const char *where, const char *url, uint64_t limit, size_t *swallowed)
{
    struct anycert_client *client = client_with(limit, strcmp(where, "retry") == 0);
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;
    char *text = NULL;

    if (!client || !request)
        return -1;
    if (strcmp(where, "batch") == 0) {
        anycert_request_free(request);
        err.code = take_many(client, url);
        anycert_client_free(client);
        return err.code;
    }
    if (strcmp(where, "callback") == 0 &&
        anycert_request_set_body_callback(request, swallow, swallowed, &err) < 0)
        return -1;
    if (strncmp(where, "file:", 5) == 0 &&
        anycert_request_set_output_file(request, where + 5, &err) < 0)
        return -1;
    if (anycert_request_set_resp_type(request, ANYCERT_RESP_JSON, &err) < 0)
        return -1;
    (void)sending_do(strcmp(where, "call") == 0 ? SENDING_CALL : SENDING_SEND, client, request,
                     &response, &err);
    text = err.code ? anycert_client_error_text(client, request, response, &err, NULL) : NULL;
    anycert_free(text);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return err.code;
}

/* PROGRAM WHERE URL LIMIT: prints the code, the bytes that a callback got, and the memory. */
static int other_process(char **argv)
{
    struct rusage before, after;
    size_t swallowed = 0;
    int code = 0;

    (void)getrusage(RUSAGE_SELF, &before);
    code = take(argv[1], argv[2], strtoull(argv[3], NULL, 10), &swallowed);
    (void)getrusage(RUSAGE_SELF, &after);
    printf("%d %zu %ld\n", code, swallowed, (after.ru_maxrss - before.ru_maxrss) * 1024);
    return 0;
}

/* ---- in the test's */

static const char *self;

static const char *const codings[] = {"gzip",       "deflate",    "br",       "zstd",
                                      "gzip, gzip", "zstd, gzip", "br, zstd", "deflate, br"};
static struct bomb bombs[COUNT(codings)];

static int make_bombs(void **state)
{
    for (size_t i = 0; i < COUNT(codings); i++) {
        bombs[i] = bomb_make(codings[i], ZEROS);
        assert_true(bombs[i].len < ZEROS / 900);
    }
    return floor_setup(state);
}

static int free_bombs(void **state)
{
    for (size_t i = 0; i < COUNT(codings); i++)
        bomb_free(&bombs[i]);
    return floor_teardown(state);
}

struct taken {
    int code;
    size_t swallowed, memory;
};

static struct taken take_elsewhere(const char *where, const struct canned *canned, uint64_t limit)
{
    const char *url = floor_join(canned_origin(canned), "/");
    struct taken taken = {0};
    char text[32];
    const char *const argv[] = {self, where, url, text, NULL};
    char *log = NULL;
    char *end = NULL;

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)limit);
    assert_int_equal(child_run(&(struct child_plan){.argv = argv, .log = floor_path("log")}), 0);
    log = child_log(floor_path("log"));
    taken.code = (int)strtol(log, &end, 10);
    taken.swallowed = strtoul(end, &end, 10);
    taken.memory = strtoul(end, &end, 10);
    assert_string_equal(end, "\n");
    free(log);
    return taken;
}

/* A server whose answers are the bomb, with this status line and these fields. */
static struct canned *server_of(const struct bomb *bomb, const char *head)
{
    struct canned *canned = canned_start(false);
    char *answer = malloc(bomb->len + 2048);
    int len = 0;

    assert_non_null(answer);
    len = snprintf(answer, 2048, "HTTP/1.1 %sContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                   head, bomb->codings, bomb->len);
    memcpy(answer + len, bomb->bytes, bomb->len);
    canned_answer(canned, answer, (size_t)len + bomb->len, CANNED_KEEP);
    free(answer);
    return canned;
}

static void expect(const char *what, const struct bomb *bomb, struct taken taken, int code,
                   size_t memory)
{
    if (taken.code != code)
        fail_msg("%s of %s: %d instead of %d", what, bomb->codings, taken.code, code);
    if (taken.memory > memory)
        fail_msg("%s of %s took %zu bytes of memory", what, bomb->codings, taken.memory);
}

static void bombs_end_at_the_limit_within_their_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codings); i++) {
        const struct bomb *bomb = &bombs[i];
        struct canned *canned = server_of(bomb, "200 OK\r\n");
        char file[4200];

        (void)floor_folder();
        (void)snprintf(file, sizeof file, "file:%s", floor_path("out"));
        expect("memory", bomb, take_elsewhere("memory", canned, LIMIT), ANYCERT_E_BODY_TOO_LARGE,
               ROOM);
        expect("a call", bomb, take_elsewhere("call", canned, LIMIT), ANYCERT_E_BODY_TOO_LARGE,
               ROOM);
        expect("a file", bomb, take_elsewhere(file, canned, LIMIT), ANYCERT_E_BODY_TOO_LARGE, ROOM);
        expect("a callback", bomb, take_elsewhere("callback", canned, LIMIT),
               ANYCERT_E_BODY_TOO_LARGE, ROOM);
        expect("a batch", bomb, take_elsewhere("batch", canned, LIMIT), ANYCERT_E_BODY_TOO_LARGE,
               ROOM + 2 * AT_ONCE * LIMIT);
        floor_remove_folder(1); /* the log, and no file of half a body */
        canned_stop(canned);
    }
}

/* 64 MiB are what a body in memory has without a limit of the caller's; what goes by has none, and
 * needs no memory. */
static void bombs_without_a_limit_of_the_callers(void **state)
{
    (void)state;
    (void)floor_folder();
    for (size_t i = 0; i < COUNT(codings); i++) {
        const struct bomb *bomb = &bombs[i];
        struct canned *canned = server_of(bomb, "200 OK\r\n");
        struct taken taken;

        expect("memory", bomb, take_elsewhere("memory", canned, 0), ANYCERT_E_BODY_TOO_LARGE,
               ROOM + 128 * MIB);
        taken = take_elsewhere("callback", canned, 0);
        expect("a callback", bomb, taken, 0, ROOM);
        assert_int_equal(taken.swallowed, ZEROS);
        canned_stop(canned);
    }
    floor_remove_folder(1);
}

/* Bodies that nobody asked for are passed over, and not without end. */
static void bombs_on_the_way_end_too(void **state)
{
    static const struct {
        const char *where, *head;
    } rows[] = {
        {"memory", "302 Found\r\nLocation: /\r\n"},
        {"call", "307 x\r\nLocation: /\r\n"},
        {"batch", "302 Found\r\nLocation: /\r\n"},
        {"retry", "503 Busy\r\n"},
    };

    (void)state;
    (void)floor_folder();
    for (size_t i = 0; i < COUNT(codings); i += 2) {
        const struct bomb *bomb = &bombs[i];

        for (size_t row = 0; row < COUNT(rows); row++) {
            struct canned *canned = server_of(bomb, rows[row].head);

            expect(rows[row].head, bomb, take_elsewhere(rows[row].where, canned, LIMIT),
                   ANYCERT_E_BODY_TOO_LARGE, ROOM);
            canned_stop(canned);
        }
    }
    floor_remove_folder(1);
}

/* A list of codings is refused by its length, before anything is decoded. */
static void long_chains_of_codings_are_refused(void **state)
{
    struct bomb bomb = bomb_make("gzip, gzip", MIB);
    char chain[100 * 6 + 1] = "";
    const char *const lists[] = {"gzip, gzip, gzip", "gzip, br, zstd, deflate", chain,
                                 "gzip\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip",
                                 "gzip, none, br, exi, gzip"};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        memcpy(chain + 6 * i, i < 99 ? "gzip, " : "gzip\0\0", 6);
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct bomb named = {lists[i], bomb.bytes, bomb.len};
            struct canned *canned = NULL;

            canned = server_of(&named, "200 OK\r\n");
            (void)sending_fails(how, client,
                                floor_request("GET", floor_join(canned_origin(canned), "/")),
                                ANYCERT_E_BODY_ENCODING);
            canned_stop(canned);
        }
    }
    bomb_free(&bomb);
    anycert_client_free(client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bombs_end_at_the_limit_within_their_memory),
        cmocka_unit_test(bombs_without_a_limit_of_the_callers),
        cmocka_unit_test(bombs_on_the_way_end_too),
        cmocka_unit_test(long_chains_of_codings_are_refused),
    };

    if (argc == 4)
        return other_process(argv);
    self = argv[0];
    return cmocka_run_group_tests(tests, make_bombs, free_bombs);
}
