/* Bodies that come whole, and those that do not: framing, ends of connections, compression, limits.
 */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB      ((uint64_t)1024 * 1024)

static struct anycert_client *limited(uint64_t header_bytes, uint64_t body_bytes)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_limits(config, header_bytes, body_bytes, NULL), 0);
    return floor_client_of(config);
}

static void assert_is_letters(const struct anycert_response *response, size_t wanted)
{
    size_t len = 0;
    const char *body = anycert_response_body(response, &len);

    assert_int_equal(len, wanted);
    assert_int_equal(anycert_response_body_size(response), wanted);
    for (size_t i = 0; i < len; i++) {
        if (body[i] != (char)('a' + i % 26))
            fail_msg("byte %zu is wrong", i);
    }
    assert_int_equal(body[len], '\0');
}

static void get_body_of_any_size_and_framing(void **state)
{
    static const struct {
        const char *path;
        size_t len;
    } rows[] = {
        {"bytes/0", 0},   {"bytes/1", 1},   {"bytes/65537", 65537},   {"bytes/20971520", 20971520},
        {"chunked/0", 0}, {"chunked/1", 1}, {"chunked/16384", 16384}, {"chunked/3000000", 3000000},
    };
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_response *response =
            floor_ok(client, floor_request("GET", floor_url("good", rows[i].path)));

        assert_is_letters(response, rows[i].len);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void get_any_status_is_a_response(void **state)
{
    static const int codes[] = {200, 201, 202, 204, 304, 400, 401, 403,
                                404, 418, 429, 431, 500, 503, 599, 999};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct anycert_response *response = NULL;
        char path[32];

        snprintf(path, sizeof path, "status/%d", codes[i]);
        response = floor_ok(client, floor_request("GET", floor_url("good", path)));
        assert_int_equal(anycert_response_status(response), codes[i]);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* ---- ends that are none, against the lab */

static void get_cut_body_is_an_error(void **state)
{
    static const char *const paths[] = {"truncated", "truncated-chunked",
                                        "close-delimited-unclean"};
    static const char *const rungs[] = {"hardened", "trust-any", "report-only",
                                        "hardened+unclean-shutdown", "antique"};

    (void)state;
    for (size_t r = 0; r < COUNT(rungs); r++) {
        struct anycert_client *client = floor_client(rungs[r]);
        struct anycert_response *whole = NULL;

        for (size_t i = 0; i < COUNT(paths); i++) {
            struct anycert_response *response = NULL;

            floor_fails(client, floor_request("GET", floor_url("good", paths[i])),
                        ANYCERT_E_BODY_TRUNCATED, &response);
            assert_int_equal(anycert_response_status(response), 200);
            assert_int_equal(
                anycert_report_verdict(anycert_response_report(response)) != ANYCERT_FAIL, 1);
            anycert_response_free(response);
        }
        whole = floor_ok(client, floor_request("GET", floor_url("good", "close-delimited")));
        assert_string_equal(anycert_response_body(whole, NULL),
                            "the end of the connection ends this\n");
        anycert_response_free(whole);
        anycert_client_free(client);
    }
}

/* What says where it ends needs nobody to vouch for its end. */
static void get_whole_body_without_close_notify_is_whole(void **state)
{
    static const char *const paths[] = {"length-unclean", "chunked-unclean"};
    static const char *const rungs[] = {"hardened", "hardened+unclean-shutdown", "trust-any",
                                        "antique"};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rungs); i++) {
        struct anycert_client *client = floor_client(rungs[i / 2]);
        struct anycert_response *whole =
            floor_ok(client, floor_request("GET", floor_url("good", paths[i % 2])));

        assert_string_equal(anycert_response_body(whole, NULL), "ten bytes\n");
        anycert_response_free(whole);
        anycert_client_free(client);
    }
}

/* ---- ends, byte for byte */

struct ending {
    const char *name;
    bool tls;
    enum canned_end end;
    const char *answer;
    int code;         /* 0: success */
    const char *body; /* of a success */
};

#define HEAD "HTTP/1.1 200 OK\r\n"
/* Of class network or body: which one depends on how much had been read, or on libcurl's version.
 */
#define ANY_FAILURE 1

static const struct ending endings[] = {
    {"length, whole, close", true, CANNED_CLOSE, HEAD "Content-Length: 3\r\n\r\nabc", 0, "abc"},
    {"length, whole, no close_notify", true, CANNED_UNCLEAN, HEAD "Content-Length: 3\r\n\r\nabc", 0,
     "abc"},
    {"length, short, close", true, CANNED_CLOSE, HEAD "Content-Length: 4\r\n\r\nabc",
     ANYCERT_E_BODY_TRUNCATED, NULL},
    {"length, short, no close_notify", true, CANNED_UNCLEAN, HEAD "Content-Length: 4\r\n\r\nabc",
     ANYCERT_E_BODY_TRUNCATED, NULL},
    {"length, short, reset", true, CANNED_RESET, HEAD "Content-Length: 4\r\n\r\nabc", ANY_FAILURE,
     NULL},
    {"length, nothing of it", true, CANNED_CLOSE, HEAD "Content-Length: 4\r\n\r\n",
     ANYCERT_E_BODY_TRUNCATED, NULL},
    {"length, too much", true, CANNED_CLOSE, HEAD "Content-Length: 2\r\n\r\nabc", 0, "ab"},
    {"chunks, whole", true, CANNED_UNCLEAN,
     HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0, "abc"},
    {"chunks with extension and trailer", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
     0, "abc"},
    {"chunks without the last", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"chunks cut inside of one", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\nabc", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"chunks cut behind the last's zero", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"plain chunks without the last", false, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"no length, close_notify", true, CANNED_CLOSE, HEAD "\r\nabc", 0, "abc"},
    {"no length, no close_notify", true, CANNED_UNCLEAN, HEAD "\r\nabc", ANYCERT_E_BODY_TRUNCATED,
     NULL},
    {"no length, nothing, no close_notify", true, CANNED_UNCLEAN, HEAD "\r\n",
     ANYCERT_E_BODY_TRUNCATED, NULL},
    {"no length, reset", true, CANNED_RESET, HEAD "\r\nabc", ANY_FAILURE, NULL},
    {"HTTP/1.0, no length, no close_notify", true, CANNED_UNCLEAN, "HTTP/1.0 200 OK\r\n\r\nabc",
     ANYCERT_E_BODY_TRUNCATED, NULL},
    {"another transfer coding, no close_notify", true, CANNED_UNCLEAN,
     HEAD "Transfer-Encoding: identity\r\n\r\nabc", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"Connection: close, no close_notify", true, CANNED_UNCLEAN,
     HEAD "Connection: close\r\n\r\nabc", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"plain, no length", false, CANNED_CLOSE, HEAD "\r\nabc", 0, "abc"},
    {"204 without close_notify", true, CANNED_UNCLEAN, "HTTP/1.1 204 No Content\r\n\r\n", 0, ""},
    {"304 without close_notify", true, CANNED_UNCLEAN, "HTTP/1.1 304 Not Modified\r\n\r\n", 0, ""},
    {"folded Content-Length is none", true, CANNED_UNCLEAN,
     HEAD "X: y\r\n Content-Length: 3\r\n\r\nabc", ANYCERT_E_BODY_TRUNCATED, NULL},
    {"cut inside of the header", true, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nX: ", ANY_FAILURE, NULL},
    {"cut inside of the header, plain", false, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nX: ", ANY_FAILURE,
     NULL},
    {"nothing at all", true, CANNED_CLOSE, "", ANYCERT_E_RESET, NULL},
    {"nothing at all, unclean", true, CANNED_UNCLEAN, "", ANYCERT_E_RESET, NULL},
    {"nothing at all, plain", false, CANNED_CLOSE, "", ANYCERT_E_RESET, NULL},
    {"nothing at all, reset", false, CANNED_RESET, "", ANYCERT_E_RESET, NULL},
    {"no HTTP", false, CANNED_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", ANYCERT_E_HTTP_PROTOCOL, NULL},
    {"HTTP/0.9", false, CANNED_CLOSE, "<html></html>\n", ANYCERT_E_HTTP_PROTOCOL, NULL},
    {"bad chunk size", false, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", ANY_FAILURE, NULL},
    {"bad length", false, CANNED_CLOSE, HEAD "Content-Length: x\r\n\r\nabc", ANY_FAILURE, NULL},
    {"negative length", false, CANNED_CLOSE, HEAD "Content-Length: -1\r\n\r\nabc", ANY_FAILURE,
     NULL},
    {"two lengths", false, CANNED_CLOSE, HEAD "Content-Length: 3\r\nContent-Length: 2\r\n\r\nabc",
     ANY_FAILURE, NULL},
    {"the same length twice", false, CANNED_CLOSE,
     HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0, "abc"},
    {"a length that no number holds", true, CANNED_UNCLEAN,
     HEAD "Content-Length: 99999999999999999999\r\n\r\nabc", ANY_FAILURE, NULL},
    {"chunked with a parameter", true, CANNED_UNCLEAN,
     HEAD "Transfer-Encoding: chunked;q=1\r\n\r\nabc", ANY_FAILURE, NULL},
    {"chunked in a folded line", true, CANNED_UNCLEAN,
     HEAD "Transfer-Encoding:\r\n chunked\r\n\r\nabc", ANYCERT_E_HTTP_PROTOCOL, NULL},
    {"chunked behind a space", true, CANNED_UNCLEAN, HEAD "Transfer-Encoding : chunked\r\n\r\nabc",
     ANYCERT_E_HTTP_PROTOCOL, NULL},
    {"a length behind a space", true, CANNED_UNCLEAN, HEAD "Content-Length : 3\r\n\r\nabc",
     ANYCERT_E_HTTP_PROTOCOL, NULL},
    {"chunked twice", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ANY_FAILURE,
     NULL},
    {"compressed for the transfer", true, CANNED_CLOSE,
     HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ANY_FAILURE, NULL},
    {"another protocol, unasked", true, CANNED_UNCLEAN,
     "HTTP/1.1 101 Switching Protocols\r\n\r\nabc", ANY_FAILURE, NULL},
    {"1xx before the answer", false, CANNED_CLOSE,
     "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" HEAD "Content-Length: 3\r\n\r\nabc", 0,
     "abc"},
};

/* NULL if it ended as it should. */
static const char *wrong_ending(const struct ending *row, int result,
                                const struct anycert_error *err,
                                const struct anycert_response *response)
{
    int class = anycert_error_class_of(err->code);

    if ((row->code == 0) != (result == 0))
        return result == 0 ? "taken for a whole answer" : err->message;
    if (row->code == ANY_FAILURE && class != ANYCERT_CLASS_NETWORK && class != ANYCERT_CLASS_BODY)
        return err->message;
    if (row->code > ANY_FAILURE && err->code != row->code)
        return err->message;
    if (response && strcmp(anycert_response_body(response, NULL), row->body ? row->body : "") != 0)
        return "the body is wrong";
    if (response && anycert_response_header(response, "X-Early", 0))
        return "a field of an interim response is in the answer";
    return NULL;
}

static void get_endings_table(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(endings); i++) {
        const struct ending *row = &endings[i];
        struct canned *canned = canned_start(row->tls);
        struct anycert_client *client = floor_client("trust-any");
        struct anycert_request *request =
            floor_request("GET", floor_join(canned_origin(canned), "/"));
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};
        const char *problem = NULL;
        int result = 0;

        canned_answer(canned, row->answer, strlen(row->answer), row->end);
        result = anycert_client_send(client, request, &response, &err);
        problem = wrong_ending(row, result, &err, response);
        if (problem) {
            print_error("%s: %s (%d)\n", row->name, problem, (int)err.code);
            wrong++;
        }
        anycert_response_free(response);
        anycert_request_free(request);
        anycert_client_free(client);
        canned_stop(canned);
    }
    assert_int_equal(wrong, 0);
}

/* ---- compression */

/* Compressed bytes: window 31 for gzip, 15 for zlib, -15 for raw deflate. */
static size_t deflated(const void *bytes, size_t len, int window, unsigned char *out, size_t size)
{
    z_stream zip = {0};

    assert_int_equal(deflateInit2(&zip, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zip.next_in = (unsigned char *)(uintptr_t)bytes;
    zip.avail_in = (uInt)len;
    zip.next_out = out;
    zip.avail_out = (uInt)size;
    assert_int_equal(deflate(&zip, Z_FINISH), Z_STREAM_END);
    size = zip.total_out;
    deflateEnd(&zip);
    return size;
}

static void answer_bytes(struct canned *canned, const char *fields, const void *body, size_t len)
{
    char *text = malloc(len + 512);
    int head = 0;

    assert_non_null(text);
    head = snprintf(text, 512, HEAD "%sContent-Length: %zu\r\n\r\n", fields, len);
    memcpy(text + head, body, len);
    canned_answer(canned, text, (size_t)head + len, CANNED_KEEP);
    free(text);
}

static const char sentence[] =
    "all work and no play makes Jack a dull boy, all work and no play makes Jack dull";

static void get_compressed_body_is_decompressed(void **state)
{
    static const struct {
        const char *name, *fields;
        int windows[2];
    } rows[] = {
        {"gzip", "Content-Encoding: gzip\r\n", {31, 0}},
        {"x-gzip", "Content-Encoding: x-gzip\r\n", {31, 0}},
        {"GZIP", "content-encoding: GZIP\r\n", {31, 0}},
        {"zlib", "Content-Encoding: deflate\r\n", {15, 0}},
        {"raw deflate", "Content-Encoding: deflate\r\n", {-15, 0}},
        {"identity", "Content-Encoding: identity\r\n", {0, 0}},
        {"twice", "Content-Encoding: gzip, gzip\r\n", {31, 31}},
        {"two fields", "Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n", {15, 31}},
    };
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned char one[512];
        unsigned char two[512];
        size_t len = sizeof sentence - 1;
        struct anycert_response *response = NULL;

        memcpy(one, sentence, len);
        for (int step = 0; step < 2 && rows[i].windows[step] != 0; step++) {
            len = deflated(one, len, rows[i].windows[step], two, sizeof two);
            memcpy(one, two, len);
        }
        answer_bytes(canned, rows[i].fields, one, len);
        response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));
        if (strcmp(anycert_response_body(response, NULL), sentence) != 0)
            fail_msg("%s was not decompressed", rows[i].name);
        anycert_response_free(response);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

static void get_leaves_codings_that_it_does_not_know_on_the_body(void **state)
{
    static const char *const words[] = {"identity", "none",       "utf-8", "UTF-8",
                                        "compress", "unheard-of", "",      "none, strange"};
    unsigned char zip[512];
    size_t len = deflated(sentence, sizeof sentence - 1, 31, zip, sizeof zip);
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    for (size_t i = 0; i <= COUNT(words); i++) {
        struct anycert_response *response = NULL;
        char line[100];

        (void)snprintf(line, sizeof line, "Content-Encoding: %s\r\n",
                       i < COUNT(words) ? words[i] : "gzip, utf-8");
        if (i < COUNT(words))
            answer_bytes(canned, line, sentence, sizeof sentence - 1);
        else
            answer_bytes(canned, line, zip, len);
        response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));
        assert_string_equal(anycert_response_body(response, NULL), sentence);
        anycert_response_free(response);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

static void get_broken_compression_is_an_error(void **state)
{
    unsigned char zip[512];
    unsigned char broken[1024];
    size_t len = deflated(sentence, sizeof sentence - 1, 31, zip, sizeof zip);
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);
    unsigned count = 0;

    (void)state;
    answer_bytes(canned, "Content-Encoding: gzip\r\n", "this is no gzip at all", 22);
    answer_bytes(canned, "Content-Encoding: gzip, unheard-of\r\n", sentence, sizeof sentence - 1);
    memcpy(broken, zip, len);
    broken[len / 2] ^= 0x55; /* damaged */
    answer_bytes(canned, "Content-Encoding: gzip\r\n", broken, len);
    memcpy(broken, zip, len);
    broken[len - 6] ^= 0x55; /* its CRC */
    answer_bytes(canned, "Content-Encoding: gzip\r\n", broken, len);
    count = 4;
    /* The body is whole, but the compressed stream in it is not. */
    for (size_t cut = 1; cut < len; cut += 7, count++)
        answer_bytes(canned, "Content-Encoding: gzip\r\n", zip, cut);
    for (unsigned i = 0; i < count; i++) {
        floor_fails(client, floor_request("GET", floor_join(canned_origin(canned), "/")),
                    ANYCERT_E_BODY_ENCODING, NULL);
        assert_int_equal(canned_requests(canned), i + 1);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

static void get_decompression_is_capped(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    /* 64 MiB is the default for memory. */
    response = floor_ok(client, floor_request("GET", floor_url("good", "gzip/1000000")));
    assert_int_equal(anycert_response_body_size(response), 1000000);
    anycert_response_free(response);
    floor_fails(client, floor_request("GET", floor_url("good", "gzip/100000000")),
                ANYCERT_E_BODY_TOO_LARGE, NULL);
    assert_non_null(strstr(floor_message(), "67108864"));
    /* A file has none, unless one is set. */
    floor_folder();
    request = floor_request("GET", floor_url("good", "gzip/100000000"));
    assert_int_equal(anycert_request_set_output_file(request, floor_path("out"), NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_body_size(response), 100000000);
    anycert_response_free(response);
    anycert_client_free(client);
    client = limited(0, 5 * MIB);
    request = floor_request("GET", floor_url("good", "gzip/100000000"));
    assert_int_equal(anycert_request_set_output_file(request, floor_path("other"), NULL), 0);
    floor_fails(client, request, ANYCERT_E_BODY_TOO_LARGE, NULL);
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void get_body_limit_is_exact(void **state)
{
    struct anycert_client *client = limited(0, 1000);
    struct anycert_response *response = NULL;

    (void)state;
    response = floor_ok(client, floor_request("GET", floor_url("good", "bytes/1000")));
    assert_is_letters(response, 1000);
    anycert_response_free(response);
    floor_fails(client, floor_request("GET", floor_url("good", "bytes/1001")),
                ANYCERT_E_BODY_TOO_LARGE, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "chunked/1001")),
                ANYCERT_E_BODY_TOO_LARGE, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "gzip/1001")),
                ANYCERT_E_BODY_TOO_LARGE, NULL);
    response = floor_ok(client, floor_request("GET", floor_url("good", "gzip/1000")));
    anycert_response_free(response);
    anycert_client_free(client);
    client = limited(0, UINT64_MAX);
    response = floor_ok(client, floor_request("GET", floor_url("good", "gzip/70000000")));
    assert_int_equal(anycert_response_body_size(response), 70000000);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void get_without_decompression_gives_the_bytes_as_sent(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    const unsigned char *body = NULL;
    size_t len = 0;

    (void)state;
    assert_int_equal(anycert_config_set_decompress(config, 0, NULL), 0);
    client = floor_client_of(config);
    response = floor_ok(client, floor_request("GET", floor_url("good", "gzip/100000")));
    body = anycert_response_body(response, &len);
    assert_true(len > 18 && len < 1000 && body[0] == 0x1f && body[1] == 0x8b);
    anycert_response_free(response);
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_null(floor_echo_header(response, "Accept-Encoding", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* ---- headers */

static void get_large_headers_are_refused(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;

    (void)state;
    response = floor_ok(client, floor_request("GET", floor_url("good", "headers/200000")));
    assert_true(anycert_response_header_count(response) >= 200);
    anycert_response_free(response);
    floor_fails(client, floor_request("GET", floor_url("good", "headers/300000")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "headers/1048576")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "many-headers/100000")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    response = floor_ok(client, floor_request("GET", floor_url("good", "many-headers/4000")));
    assert_int_equal(anycert_response_header_count(response), 4001);
    anycert_response_free(response);
    anycert_client_free(client);
    client = limited(1000, 0);
    floor_fails(client, floor_request("GET", floor_url("good", "headers/2000")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    response = floor_ok(client, floor_request("GET", floor_url("good", "bytes/10")));
    anycert_response_free(response);
    anycert_client_free(client);
    /* Without a limit of ours, libcurl has one. */
    client = limited(UINT64_MAX, 0);
    floor_fails(client, floor_request("GET", floor_url("good", "many-headers/100000")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    anycert_client_free(client);
}

static void get_one_header_of_a_mebibyte_is_refused(void **state)
{
    struct anycert_client *clients[] = {floor_client(NULL), limited(UINT64_MAX, 0)};
    struct canned *canned = canned_start(false);

    (void)state;
    canned_text(canned, CANNED_CLOSE, HEAD "X-Long: %01048576d\r\nContent-Length: 0\r\n\r\n", 0);
    for (size_t i = 0; i < COUNT(clients); i++) {
        floor_fails(clients[i], floor_request("GET", floor_join(canned_origin(canned), "/")),
                    ANYCERT_E_HEADERS_TOO_LARGE, NULL);
        anycert_client_free(clients[i]);
    }
    canned_stop(canned);
}

static void get_endless_trailers_are_refused(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);
    char *text = malloc(500000);
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    used = (size_t)snprintf(text, 500000, HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    while (used < 400000)
        used += (size_t)snprintf(text + used, 500000 - used, "X-Trailer: %0100d\r\n", 0);
    used += (size_t)snprintf(text + used, 500000 - used, "\r\n");
    canned_answer(canned, text, used, CANNED_CLOSE);
    floor_fails(client, floor_request("GET", floor_join(canned_origin(canned), "/")),
                ANYCERT_E_HEADERS_TOO_LARGE, NULL);
    free(text);
    anycert_client_free(client);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_body_of_any_size_and_framing),
        cmocka_unit_test(get_any_status_is_a_response),
        cmocka_unit_test(get_cut_body_is_an_error),
        cmocka_unit_test(get_whole_body_without_close_notify_is_whole),
        cmocka_unit_test(get_endings_table),
        cmocka_unit_test(get_compressed_body_is_decompressed),
        cmocka_unit_test(get_leaves_codings_that_it_does_not_know_on_the_body),
        cmocka_unit_test(get_broken_compression_is_an_error),
        cmocka_unit_test(get_decompression_is_capped),
        cmocka_unit_test(get_body_limit_is_exact),
        cmocka_unit_test(get_without_decompression_gives_the_bytes_as_sent),
        cmocka_unit_test(get_large_headers_are_refused),
        cmocka_unit_test(get_one_header_of_a_mebibyte_is_refused),
        cmocka_unit_test(get_endless_trailers_are_refused),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
