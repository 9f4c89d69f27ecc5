/* Memory does not grow with what is transferred: each way of a body, of 5 MiB and of 64 MiB, in a
 * process of its own (this program again), whose peak is compared. */
#include "client/floor.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB      ((uint64_t)1024 * 1024)
#define SMALL    (5 * MIB)
#define LARGE    (64 * MIB)
#define ROOM_KIB 2048 /* that the larger one may take more: less than a 25th of the difference */

/* ---- the other process */

struct source {
    uint64_t size, at;
};

static int64_t on_read(void *arg, void *out, size_t room)
{
    struct source *source = arg;
    size_t n = source->size - source->at < room ? (size_t)(source->size - source->at) : room;

    memset(out, 'x', n);
    source->at += n;
    return (int64_t)n;
}

static int on_body(void *arg, const void *bytes, size_t len)
{
    uint64_t *count = arg;

    (void)bytes;
    *count += len;
    return 0;
}

/* As the ways of the table say. 0, or -1. */
static int set_way(struct anycert_request *request, const char *way, const char *path,
                   struct source *source, uint64_t *count, struct anycert_error *err)
{
    if (strcmp(way, "to a file") == 0)
        return anycert_request_set_output_file(request, path, err);
    if (strcmp(way, "to a file that goes on") == 0)
        return anycert_request_set_output_file(request, path, err) < 0 ||
                       anycert_request_set_resume(request, 1, err) < 0
                   ? -1
                   : 0;
    if (strcmp(way, "from a file") == 0)
        return anycert_request_set_body_file(request, path, err);
    if (strcmp(way, "from a source") == 0)
        return anycert_request_set_body_source(request, on_read, NULL, (int64_t)source->size,
                                               source, err);
    if (strcmp(way, "from a source of unknown size") == 0)
        return anycert_request_set_body_source(request, on_read, NULL, -1, source, err);
    if (strcmp(way, "from a file in a form") == 0)
        return anycert_request_add_file(request, "file", path, NULL, NULL, err);
    return anycert_request_set_body_callback(request, on_body, count, err);
}

/* WAY METHOD URL PATH SIZE ROOT: transfers, and prints its peak in KiB. */
static int transfer(char **argv)
{
    struct anycert_error err = {0};
    struct anycert_response *response = NULL;
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_request *request = anycert_request_new(argv[1], argv[2], &err);
    struct anycert_policy *policy = NULL;
    struct anycert_client *client = NULL;
    struct source source = {.size = strtoull(argv[4], NULL, 10)};
    struct rusage usage;
    uint64_t count = 0;
    char text[600];
    int result = 1;

    (void)snprintf(text, sizeof text, "hardened ca=%s", argv[5]);
    policy = anycert_policy_parse(text, &err);
    if (config && request && policy && anycert_config_set_policy(config, policy, &err) == 0 &&
        (client = anycert_client_new(config, &err)) != NULL &&
        set_way(request, argv[0], argv[3], &source, &count, &err) == 0 &&
        anycert_client_send(client, request, &response, &err) == 0 &&
        anycert_response_status(response) < 300 && getrusage(RUSAGE_SELF, &usage) == 0) {
        printf("%ld\n", usage.ru_maxrss);
        result = 0;
    }
    if (result)
        printf("%s %d\n", err.message, response ? anycert_response_status(response) : 0);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return result;
}

/* ---- the test */

static const struct {
    const char *way, *method, *server, *route; /* with the size behind it, if it ends in a slash */
} ways[] = {
    {"to a file", "GET", "good", "bytes/"},
    {"to a file that goes on", "GET", "good", "bytes/"},
    {"to a callback", "GET", "good", "bytes/"},
    {"to a callback", "GET", "http", "bytes/"},
    {"to a callback", "GET", "good", "chunked/"},
    {"to a callback", "GET", "good", "gzip/"},
    {"from a file", "PUT", "good", "echo"},
    {"from a file", "POST", "http", "echo"},
    {"from a source", "PUT", "good", "echo"},
    {"from a source of unknown size", "PUT", "good", "echo"},
    {"from a file in a form", "POST", "good", "echo"},
};

static void make_file(const char *path, uint64_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)size), 0);
    assert_int_equal(fclose(file), 0);
}

static long peak_of(size_t way, uint64_t size)
{
    char number[24];
    char route[64];
    char self[512];
    char *text = NULL;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *path = floor_path(ways[way].method[0] == 'G' ? "out" : "in");
    const char *argv[] = {self,   "--transfer", ways[way].way, ways[way].method, route, path,
                          number, floor_root(), NULL};
    /* Memory that a sanitizer keeps from being used again does not count. */
    const char *const environment[] = {"ASAN_OPTIONS=quarantine_size_mb=0:detect_leaks=0",
                                       "LC_ALL=C.UTF-8", NULL};
    long peak = 0;

    assert_true(len > 0);
    self[len] = '\0';
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)size);
    (void)snprintf(route, sizeof route, "%s%s", ways[way].route,
                   strchr(ways[way].route, '/') ? number : "");
    argv[4] = floor_url(ways[way].server, route);
    make_file(floor_path("in"), size);
    if (child_run(&(struct child_plan){
            .argv = argv, .log = floor_path("log"), .environment = environment}) != 0)
        fail_msg("%s: %s", ways[way].way, floor_read(floor_path("log")));
    text = child_log(floor_path("log"));
    peak = strtol(text, NULL, 10);
    free(text);
    assert_true(peak > 1000);
    return peak;
}

static void memory_is_flat_at_any_size(void **state)
{
    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(ways); i++) {
        long small = peak_of(i, SMALL);
        long large = peak_of(i, LARGE);

        print_message("%-30s %-4s %-6s %ld KiB, %ld KiB\n", ways[i].way, ways[i].server,
                      ways[i].route, small, large);
        if (large > small + ROOM_KIB)
            fail_msg("%s, %s%s: %ld KiB for 5 MiB and %ld KiB for 64 MiB", ways[i].way,
                     ways[i].server, ways[i].route, small, large);
    }
    (void)unlink(floor_path("out"));
    (void)unlink(floor_path("in"));
    (void)unlink(floor_path("log"));
    floor_remove_folder(0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_flat_at_any_size),
    };

    if (argc == 8 && strcmp(argv[1], "--transfer") == 0)
        return transfer(argv + 2);
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
