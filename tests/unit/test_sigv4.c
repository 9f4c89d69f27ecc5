/* Signatures: the published examples, and botocore's opinion on many requests. */
#include "client/sigv4.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "http/url.h"
#include "support/certs.h"
#include "support/child.h"
#include "tls/tls.h"

#define ACCESS_KEY "AKIDEXAMPLE"
#define SECRET     "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3_KEY     "AKIAIOSFODNN7EXAMPLE"
#define S3_SECRET  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN      "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
#define NOW        INT64_C(1440938160) /* 2015-08-30T12:36:00Z */
#define S3_NOW     INT64_C(1369353600) /* 2013-05-24T00:00:00Z */

static void hex_digest(const char *body, size_t len, char out[65])
{
    uint8_t digest[32];

    assert_int_equal(anycert__sha256(body, len, digest), 0);
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* "Name: value" each, one a line. */
static void read_fields(const char *text, struct anycert__fields *out)
{
    struct anycert_error err = {0};

    while (*text) {
        size_t len = strcspn(text, "\n");

        assert_int_equal(anycert__fields_take_line(out, text, len, &err), 0);
        text += len + (text[len] == '\n');
    }
}

/* As the engine does it; the caller's to clear. */
static struct anycert__fields sign(const struct anycert__sigv4_keys *keys, int64_t now,
                                   const char *method, const char *url, const char *fields,
                                   const char *body, size_t body_len)
{
    struct anycert__fields headers = {0};
    struct anycert__fields out = {0};
    struct anycert_error err = {0};
    char payload[65];
    const char *name = strstr(url, "://") + 3;
    size_t len = strcspn(name, "/?");
    const char *port = anycert__str_starts(url, "https") ? ":443" : ":80";
    char host[256];

    if (len > strlen(port) && memcmp(name + len - strlen(port), port, strlen(port)) == 0)
        len -= strlen(port);
    snprintf(host, sizeof host, "%.*s", (int)len, name);
    hex_digest(body, body_len, payload);
    read_fields(fields, &headers);
    assert_int_equal(
        anycert__sigv4_sign(keys,
                            &(struct anycert__sigv4_request){.method = method,
                                                             .url = url,
                                                             .host = host,
                                                             .headers = headers.list,
                                                             .header_count = headers.count,
                                                             .payload = payload,
                                                             .now = now},
                            &out, &err),
        0);
    anycert__fields_clear(&headers);
    return out;
}

/* The signatures that AWS has published: its test suite of Signature Version 4, the example of the
 * signing process, and those of S3's documentation. */
#define SUITE      "https://example.amazonaws.com"
#define S3         "https://examplebucket.s3.amazonaws.com"
#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
static const struct {
    const char *name, *service, *token, *method, *url, *fields, *body, *signed_names, *signature;
} published[] = {
    {"get-vanilla", "service", NULL, "GET", SUITE "/", "", "", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"post-vanilla", "service", NULL, "POST", SUITE "/", "", "", "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query", "service", NULL, "POST", SUITE "/?Param1=value1", "", "",
     "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"get-vanilla-query-order-key-case", "service", NULL, "GET",
     SUITE "/?Param2=value2&Param1=value1", "", "", "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value", "service", NULL, "GET", SUITE "/?Param1=value2&Param1=value1",
     "", "", "host;x-amz-date", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-order-key", "service", NULL, "GET", SUITE "/?Param1=value2&Param1=Value1",
     "", "", "host;x-amz-date", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-encoded", "service", NULL, "GET",
     SUITE "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "", "", "host;x-amz-date",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-query-unreserved", "service", NULL, "GET", SUITE "/?" UNRESERVED "=" UNRESERVED,
     "", "", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-empty-query-key", "service", NULL, "GET", SUITE "/?Param1=value1", "", "",
     "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-utf8-query", "service", NULL, "GET", SUITE "/?%E1%88%B4=bar", "", "",
     "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-vanilla-with-session-token", "service", TOKEN, "GET", SUITE "/", "", "",
     "host;x-amz-date;x-amz-security-token",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"get-unreserved", "service", NULL, "GET", SUITE "/" UNRESERVED, "", "", "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-slashes-normalized", "service", NULL, "GET", SUITE "//example//", "", "",
     "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-header-key-duplicate", "service", NULL, "GET", SUITE "/",
     "My-Header1: value2\nMy-Header1: value2\nMy-Header1: value1", "", "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order", "service", NULL, "GET", SUITE "/",
     "My-Header1: value4\nMy-Header1: value1\nMy-Header1: value3\nMy-Header1: value2", "",
     "host;my-header1;x-amz-date",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim", "service", NULL, "GET", SUITE "/",
     "My-Header1:  value1\nMy-Header2:  \"a   b   c\"", "", "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-header-key-sort", "service", NULL, "POST", SUITE "/", "My-Header1: value1", "",
     "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case", "service", NULL, "POST", SUITE "/", "My-Header1: VALUE1", "",
     "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded", "service", NULL, "POST", SUITE "/",
     "Content-Type: application/x-www-form-urlencoded", "Param1=value1",
     "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters", "service", NULL, "POST", SUITE "/",
     "Content-Type: application/x-www-form-urlencoded; charset=utf8", "Param1=value1",
     "content-type;host;x-amz-date",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
    {"list users", "iam", NULL, "GET",
     "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
     "Content-Type: application/x-www-form-urlencoded; charset=utf-8", "",
     "content-type;host;x-amz-date",
     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
    {"S3 get object", "s3", NULL, "GET", S3 "/test.txt", "Range: bytes=0-9", "",
     "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"S3 put object", "s3", NULL, "PUT", S3 "/test%24file.text",
     "Date: Fri, 24 May 2013 00:00:00 GMT\nx-amz-storage-class: REDUCED_REDUNDANCY",
     "Welcome to Amazon S3.", "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"S3 get bucket lifecycle", "s3", NULL, "GET", S3 "/?lifecycle", "", "",
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"S3 list objects", "s3", NULL, "GET", S3 "/?max-keys=2&prefix=J", "", "",
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void sign_published_examples_gives_their_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        bool s3 = anycert__sigv4_is_s3(published[i].service);
        const struct anycert__sigv4_keys keys = {s3 ? S3_KEY : ACCESS_KEY, s3 ? S3_SECRET : SECRET,
                                                 published[i].token, "us-east-1",
                                                 published[i].service};
        struct anycert__fields fields =
            sign(&keys, s3 ? S3_NOW : NOW, published[i].method, published[i].url,
                 published[i].fields, published[i].body, strlen(published[i].body));
        const char *got = anycert__fields_get(&fields, "Authorization", 0);
        char expected[512];

        snprintf(expected, sizeof expected,
                 "AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/%s/aws4_request, SignedHeaders=%s, "
                 "Signature=%s",
                 keys.access_key, s3 ? "20130524" : "20150830", keys.service,
                 published[i].signed_names, published[i].signature);
        if (strcmp(got, expected) != 0)
            fail_msg("%s: %s", published[i].name, got);
        assert_string_equal(anycert__fields_get(&fields, "X-Amz-Date", 0),
                            s3 ? "20130524T000000Z" : "20150830T123600Z");
        anycert__fields_clear(&fields);
    }
}

static void sign_leaves_out_what_proxies_change(void **state)
{
    const struct anycert__sigv4_keys keys = {ACCESS_KEY, SECRET, NULL, "us-east-1", "service"};
    struct anycert__fields fields =
        sign(&keys, NOW, "GET", SUITE "/",
             "User-Agent: x\nAuthorization: x\nConnection: close\nExpect: x\nCookie: a=b\n"
             "x-amz-date: 1\nX-AMZ-SECURITY-TOKEN: x\nTE: x\nX-Amzn-Trace-Id: x\n"
             "Accept-Encoding: gzip\nProxy-Authorization: x\nContent-Length: 1",
             "", 0);

    (void)state;
    assert_non_null(strstr(anycert__fields_get(&fields, "Authorization", 0),
                           "SignedHeaders=host;x-amz-date, Signature="
                           "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
    anycert__fields_clear(&fields);
}

static void sign_takes_a_host_and_a_digest_that_are_given(void **state)
{
    const struct anycert__sigv4_keys keys = {S3_KEY, S3_SECRET, NULL, "us-east-1", "s3"};
    struct anycert__fields fields =
        sign(&keys, S3_NOW, "GET", "https://localhost:8443/?lifecycle",
             "Host: examplebucket.s3.amazonaws.com\nX-Amz-Content-Sha256: "
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
             "something else", 14);

    (void)state;
    assert_non_null(
        strstr(anycert__fields_get(&fields, "Authorization", 0), published[23].signature));
    assert_null(anycert__fields_get(&fields, "X-Amz-Content-Sha256", 0));
    anycert__fields_clear(&fields);
}

static void url_is_encoded_in_one_way(void **state)
{
    static const struct {
        const char *service, *url, *expected;
    } rows[] = {
        {"service", SUITE "/a(b)?c=d+e&&f=%7e(%2b)&g", SUITE "/a(b)?c=d%20e&f=~%28%2B%29&g"},
        {"s3", SUITE "/a(b)/%2f/*'?x", SUITE "/a%28b%29/%2F/%2A%27?x"},
        {"s3-outposts", SUITE "/a(b)", SUITE "/a%28b%29"},
        {"service", SUITE "/?", SUITE "/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        char *url = anycert__sigv4_url(rows[i].service, rows[i].url, &err);

        assert_string_equal(url, rows[i].expected);
        anycert__free(url);
    }
}

/* ---- against botocore */

static unsigned long long seed = 20150830;

static unsigned pick(unsigned below)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % below;
}

static void add_pieces(char *out, size_t size, const char *const *pieces, unsigned count,
                       unsigned max)
{
    for (unsigned n = pick(max + 1); n > 0; n--) {
        const char *piece = pieces[pick(count)];
        size_t len = strlen(out);

        snprintf(out + len, size - len, "%s", piece);
    }
}

#define COUNT(list) ((unsigned)(sizeof(list) / sizeof(list)[0]))

static void random_url(char out[2048])
{
    static const char *const hosts[] = {
        "https://example.amazonaws.com/", "https://bucket.s3.us-east-1.amazonaws.com:443/",
        "https://localhost:8443/",        "http://localhost:80/",
        "http://127.0.0.1:9000/",         "https://[::1]:8443/"};
    static const char *const path[] = {"/",         "a", "b%20c", "..", ".",   "%2F",   "~", "(x)",
                                       "%E1%88%B4", "*", "'",     "!",  "$",   "&",     "=", "+",
                                       ":",         "@", ",",     ";",  "%25", "%c3%bc"};
    static const char *const query[] = {
        "&", "&", "a",         "=",   "=",   "b", "A", "%20",       "+", "%2B", "~",   "(", "/",
        "?", ":", "%E1%88%B4", "%3D", "%26", "*", "0", "%e1%88%b5", "!", "'",   "%25", "-", "_"};

    snprintf(out, 2048, "%s", hosts[pick(COUNT(hosts))]);
    add_pieces(out, 2048, path, COUNT(path), 8);
    if (pick(3) == 0)
        return;
    (void)snprintf(out + strlen(out), 2048 - strlen(out), "?");
    add_pieces(out, 2048, query, COUNT(query), 16);
}

static void random_fields(char out[2048])
{
    static const char *const fields[] = {"X-Amz-Meta-One: 1\n",
                                         "x-amz-meta-one: two  words \n",
                                         "Content-Type: text/plain\n",
                                         "Accept: */*\n",
                                         "X-Amz-Meta-A: a\t b\n",
                                         "Range: bytes=0-9\n",
                                         "X-Empty:  \n",
                                         "user-agent: x\n",
                                         "X-Amz-Target: Table.Get\n",
                                         "My-Header: \"a   b   c\"\n",
                                         "my-header: b\n",
                                         "If-Match: \"etag\"\n"};

    out[0] = '\0';
    add_pieces(out, 2048, fields, COUNT(fields), 6);
}

static void put_hex(FILE *file, const char *bytes, size_t len, char end)
{
    for (size_t i = 0; i < len; i++)
        fprintf(file, "%02x", (unsigned char)bytes[i]);
    fputc(end, file);
}

static void put_random_request(FILE *file)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    static const char *const services[] = {"service", "s3", "execute-api", "es", "dynamodb"};
    const char *method = methods[pick(COUNT(methods))];
    const struct anycert__sigv4_keys keys = {ACCESS_KEY, SECRET, pick(3) ? NULL : TOKEN,
                                             "us-east-1", services[pick(COUNT(services))]};
    const char *body = pick(2) ? "" : "some \xff body";
    char text[2048], fields[2048];
    struct anycert_error err = {0};
    struct anycert__url parsed = {0};
    struct anycert__fields out;
    char *url = NULL;

    random_url(text);
    random_fields(fields);
    assert_int_equal(anycert__url_parse(text, &parsed, &err), 0);
    url = anycert__sigv4_url(keys.service, parsed.text, &err);
    assert_non_null(url);
    out = sign(&keys, NOW, method, url, fields, body, strlen(body));
    put_hex(file, keys.service, strlen(keys.service), '\t');
    put_hex(file, TOKEN, keys.session_token ? strlen(TOKEN) : 0, '\t');
    put_hex(file, "20150830T123600Z", 16, '\t');
    put_hex(file, method, strlen(method), '\t');
    put_hex(file, url, strlen(url), '\t');
    put_hex(file, body, strlen(body), '\t');
    put_hex(file, fields, strlen(fields), '\t');
    put_hex(file, anycert__fields_get(&out, "Authorization", 0),
            strlen(anycert__fields_get(&out, "Authorization", 0)), '\n');
    anycert__fields_clear(&out);
    anycert__free(url);
    anycert__url_clear(&parsed);
}

static void sign_agrees_with_botocore(void **state)
{
    char *folder = certs_folder();
    char *path = certs_path(folder, "requests");
    char *log = certs_path(folder, "log");
    const char *const argv[] = {TEST_PYTHON3, SIGV4_BOTOCORE, path, NULL};
    FILE *file = fopen(path, "we");
    char *said = NULL;
    int status = 0;

    (void)state;
    assert_non_null(file);
    for (int i = 0; i < 3000; i++)
        put_random_request(file);
    assert_int_equal(fclose(file), 0);
    status = child_run(&(struct child_plan){.argv = argv, .log = log});
    said = child_log(log);
    if (status != 0)
        fail_msg("%.4000s", said);
    assert_string_equal(said, "3000 requests, 0 signed otherwise\n");
    free(said);
    certs_remove(folder);
    free(log);
    free(path);
    free(folder);
}

/* ---- want of memory */

static void sign_without_memory_fails(void **state)
{
    const struct anycert__sigv4_keys keys = {S3_KEY, S3_SECRET, TOKEN, "us-east-1", "s3"};
    const struct anycert__sigv4_request request = {
        .method = "GET", .url = S3 "/a?b=c&d", .host = "h", .payload = "x", .now = S3_NOW};
    unsigned long needed = 0;

    (void)state;
    for (unsigned long nth = 0; nth <= needed; nth++) {
        struct anycert__fields out = {0};
        struct anycert_error err = {0};
        int result = 0;

        anycert__mem_fail_from(nth); /* 0: none fails, and they are counted */
        result = anycert__sigv4_sign(&keys, &request, &out, &err);
        if (nth == 0)
            needed = anycert__mem_requests();
        anycert__mem_fail_from(0);
        assert_int_equal(result, nth == 0 ? 0 : -1);
        assert_int_equal(err.code, nth == 0 ? 0 : ANYCERT_E_NOMEM);
        anycert__fields_clear(&out);
    }
    assert_true(needed > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_published_examples_gives_their_signatures),
        cmocka_unit_test(sign_leaves_out_what_proxies_change),
        cmocka_unit_test(sign_takes_a_host_and_a_digest_that_are_given),
        cmocka_unit_test(url_is_encoded_in_one_way),
        cmocka_unit_test(sign_agrees_with_botocore),
        cmocka_unit_test(sign_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
