/* Large bodies both ways with nginx, over HTTP/1.1 and HTTP/2: whole, interrupted, continued and
 * refused. */
#include "client/floor.h"
#include "client/servers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)

static struct pki pki;
static struct web web;

static const char *in_web(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", web.folder, name);
    return path;
}

static int make_servers(void **state)
{
    (void)state;
    pki_make(&pki);
    web_start(&web, &pki);
    assert_int_equal(mkdir(in_web("files"), 0755), 0);
    assert_int_equal(mkdir(in_web("put"), 0777), 0);
    assert_int_equal(chmod(in_web("put"), 0777), 0); /* nginx is somebody else */
    assert_int_equal(mkdir(in_web("put/small"), 0777), 0);
    return 0;
}

static int free_servers(void **state)
{
    static const char *const names[] = {"files/big", "put/up", "put/up2"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_web(names[i]));
    (void)rmdir(in_web("put/small"));
    (void)rmdir(in_web("put"));
    (void)rmdir(in_web("files"));
    web_stop(&web);
    pki_free(&pki);
    return 0;
}

static struct anycert_client *client_for(enum anycert_http_version version, uint32_t expect_ms)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = NULL;
    char text[400];

    (void)snprintf(text, sizeof text, "hardened ca=%s", pki.root_path);
    policy = anycert_policy_parse(text, &err);
    if (!config || !policy || anycert_config_set_policy(config, policy, &err) < 0 ||
        anycert_config_set_expect_continue(config, expect_ms, &err) < 0 ||
        anycert_config_set_http_version(config, version, &err) < 0)
        fail_msg("%s", err.message);
    anycert_policy_free(policy);
    return floor_client_of(config);
}

/* Bytes that differ from place to place; seed tells versions apart. */
static void make_file(const char *path, size_t size, unsigned seed)
{
    FILE *file = fopen(path, "w");
    uint64_t word = seed + 1;

    assert_non_null(file);
    for (size_t i = 0; i < size; i += sizeof word) {
        word = word * UINT64_C(6364136223846793005) + 1442695040888963407;
        assert_int_equal(fwrite(&word, sizeof word, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static void assert_same_files(const char *one, const char *other)
{
    FILE *a = fopen(one, "r");
    FILE *b = fopen(other, "r");
    static char left[65536], right[65536];
    size_t n = 0;

    if (!a || !b)
        fail_msg("'%s' or '%s' is missing", one, other);
    do {
        n = fread(left, 1, sizeof left, a);
        assert_int_equal(fread(right, 1, sizeof right, b), n);
        assert_memory_equal(left, right, n);
    } while (n > 0);
    fclose(a);
    fclose(b);
}

static struct anycert_request *download(void)
{
    struct anycert_request *request =
        floor_request("GET", url_of("https", web.ports[FLAW_NONE], "files/big"));

    assert_int_equal(anycert_request_set_output_file(request, floor_path("big"), NULL), 0);
    assert_int_equal(anycert_request_set_resume(request, 1, NULL), 0);
    return request;
}

static int stop_at(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                   uint64_t send_total)
{
    const uint64_t *limit = arg;

    (void)receive_total;
    (void)sent;
    (void)send_total;
    return received >= *limit;
}

/* Stops once so much is there; what is there then. */
static off_t interrupt_at(struct anycert_client *client, uint64_t limit)
{
    struct anycert_request *request = download();
    struct stat info;

    assert_int_equal(anycert_request_set_progress(request, stop_at, &limit, NULL), 0);
    floor_fails(client, request, ANYCERT_E_INTERRUPTED, NULL);
    assert_int_equal(access(floor_path("big"), F_OK), -1);
    assert_int_equal(stat(floor_path("big.part"), &info), 0);
    return info.st_size;
}

static void download_goes_on_over(enum anycert_http_version version)
{
    struct anycert_client *client = client_for(version, 0);
    struct anycert_response *response = NULL;
    off_t first = 0;
    off_t second = 0;

    floor_folder();
    make_file(in_web("files/big"), 16 * MIB, 1);
    first = interrupt_at(client, 4 * MIB);
    assert_true(first >= (off_t)(4 * MIB) && first < (off_t)(16 * MIB));
    second = interrupt_at(client, 9 * MIB);
    assert_true(second > first && second < (off_t)(16 * MIB));
    response = floor_ok(client, download());
    assert_int_equal(anycert_response_hop_status(response, 0), 206);
    assert_int_equal(anycert_response_status(response), 200);
    assert_string_equal(anycert_response_http_version(response),
                        version == ANYCERT_HTTP_2 ? "2" : "1.1");
    assert_int_equal(anycert_response_body_size(response), 16 * MIB);
    anycert_response_free(response);
    assert_same_files(in_web("files/big"), floor_path("big"));
    assert_int_equal(unlink(floor_path("big")), 0);

    /* Changed in between: from the beginning, with nothing of the old one. */
    (void)interrupt_at(client, 4 * MIB);
    assert_int_equal(unlink(in_web("files/big")), 0);
    make_file(in_web("files/big"), 15 * MIB, 2);
    response = floor_ok(client, download());
    assert_int_equal(anycert_response_hop_status(response, 0), 200);
    anycert_response_free(response);
    assert_same_files(in_web("files/big"), floor_path("big"));
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void download_goes_on_over_http1(void **state)
{
    (void)state;
    download_goes_on_over(ANYCERT_HTTP_1_1);
}

static void download_goes_on_over_http2(void **state)
{
    (void)state;
    download_goes_on_over(ANYCERT_HTTP_2);
}

/* All bytes were there, and the process ended before the file got its name. */
static void whole_part_gets_its_name(void **state)
{
    struct anycert_client *client = client_for(ANYCERT_HTTP_AUTO, 0);
    struct anycert_response *response = NULL;
    char note[2048];
    const char *size = NULL;

    (void)state;
    floor_folder();
    make_file(in_web("files/big"), 2 * MIB, 3);
    (void)interrupt_at(client, 1);
    make_file(floor_path("big.part"), 2 * MIB, 3);
    (void)snprintf(note, sizeof note, "%s", floor_read(floor_path("big.part.json")));
    size = strstr(note, "\"size\": ");
    assert_non_null(size);
    (void)snprintf(note + (size - note), sizeof note - (size_t)(size - note), "\"size\": %zu\n}",
                   2 * MIB);
    floor_write(floor_path("big.part.json"), note);
    response = floor_ok(client, download());
    assert_int_equal(anycert_response_hop_status(response, 0), 416);
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    assert_same_files(in_web("files/big"), floor_path("big"));
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* ---- uploads */

static void uploads_arrive_whole(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_1_1, ANYCERT_HTTP_2};

    (void)state;
    floor_folder();
    make_file(floor_path("in"), 64 * MIB, 4);
    for (size_t i = 0; i < 2; i++) {
        struct anycert_client *client = client_for(versions[i], 0);
        const char *name = i ? "put/up2" : "put/up";
        struct anycert_request *request =
            floor_request("PUT", url_of("https", web.ports[FLAW_NONE], name));
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_body_file(request, floor_path("in"), NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 201);
        anycert_response_free(response);
        assert_same_files(floor_path("in"), in_web(name));
        anycert_client_free(client);
    }
    assert_int_equal(unlink(floor_path("in")), 0);
    floor_remove_folder(0);
}

static int count_sent(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                      uint64_t send_total)
{
    uint64_t *most = arg;

    (void)received;
    (void)receive_total;
    (void)send_total;
    if (sent > *most)
        *most = sent;
    return 0;
}

/* What is too large for the server is refused with 413 while it is being sent, or before. */
static void refused_uploads_have_their_answer(void **state)
{
    static const struct {
        enum anycert_http_version version;
        uint32_t expect_ms;
    } rows[] = {
        {ANYCERT_HTTP_1_1, 0},
        {ANYCERT_HTTP_1_1, UINT32_MAX},
        {ANYCERT_HTTP_2, 0},
        {ANYCERT_HTTP_2, UINT32_MAX},
    };

    (void)state;
    floor_folder();
    make_file(floor_path("in"), 64 * MIB, 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_client *client = client_for(rows[i].version, rows[i].expect_ms);
        struct anycert_request *request =
            floor_request("PUT", url_of("https", web.ports[FLAW_NONE], "put/small/up"));
        struct anycert_response *response = NULL;
        uint64_t most = 0;

        assert_int_equal(anycert_request_set_body_file(request, floor_path("in"), NULL), 0);
        assert_int_equal(anycert_request_set_progress(request, count_sent, &most, NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 413);
        if (rows[i].version == ANYCERT_HTTP_1_1 && rows[i].expect_ms == 0)
            assert_int_equal(most, 0);
        anycert_response_free(response);
        anycert_client_free(client);
    }
    assert_int_equal(unlink(floor_path("in")), 0);
    floor_remove_folder(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(download_goes_on_over_http1),
        cmocka_unit_test(download_goes_on_over_http2),
        cmocka_unit_test(whole_part_gets_its_name),
        cmocka_unit_test(uploads_arrive_whole),
        cmocka_unit_test(refused_uploads_have_their_answer),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
