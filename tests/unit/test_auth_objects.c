/* Credentials as objects: what is refused, what tells one from another, and want of memory. */
#include "client/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http/secret.h"
#include "http/url.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- bad input */

static struct anycert_auth *basic(const char *a, const char *b, struct anycert_error *err)
{
    return anycert_auth_basic(a, b, err);
}

static struct anycert_auth *bearer(const char *a, const char *b, struct anycert_error *err)
{
    (void)a;
    return anycert_auth_bearer(b, err);
}

static struct anycert_auth *aws_key(const char *a, const char *b, struct anycert_error *err)
{
    return anycert_auth_aws_sigv4(a, b, NULL, "us-east-1", "s3", err);
}

static struct anycert_auth *aws_session(const char *a, const char *b, struct anycert_error *err)
{
    (void)a;
    return anycert_auth_aws_sigv4("AKID", "x", b, "us-east-1", "s3", err);
}

static struct anycert_auth *aws_place(const char *a, const char *b, struct anycert_error *err)
{
    return anycert_auth_aws_sigv4("AKID", "x", NULL, a, b, err);
}

static const struct {
    struct anycert_auth *(*make)(const char *, const char *, struct anycert_error *);
    const char *a, *b;
    int code;
} bad[] = {
    {basic, NULL, "s3cret", ANYCERT_E_USAGE},
    {basic, "a:b", "s3cret", ANYCERT_E_USAGE},
    {basic, "a\n", "s3cret", ANYCERT_E_USAGE},
    {basic, "a", "s3cret\r\nX: y", ANYCERT_E_USAGE},
    {basic, "", "s3cret:\xc3\xbc ", 0},
    {basic, "a", NULL, 0},
    {anycert_auth_digest, NULL, "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_digest, "a:b", "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_digest, "a", "s3cret\x7f", ANYCERT_E_USAGE},
    {anycert_auth_ntlm, NULL, "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_ntlm, "HOME\\a\r", "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_ntlm, "HOME\\a:b", "s3cret", 0},
    {bearer, NULL, NULL, ANYCERT_E_USAGE},
    {bearer, NULL, "", ANYCERT_E_USAGE},
    {bearer, NULL, "s3cret token", ANYCERT_E_USAGE},
    {bearer, NULL, "s3cret\r\nX: y", ANYCERT_E_USAGE},
    {bearer, NULL, "s3cret\xc3\xbc", ANYCERT_E_USAGE},
    {anycert_auth_api_key_header, NULL, "s3cret", ANYCERT_E_HEADER},
    {anycert_auth_api_key_header, "", "s3cret", ANYCERT_E_HEADER},
    {anycert_auth_api_key_header, "X Key", "s3cret", ANYCERT_E_HEADER},
    {anycert_auth_api_key_header, "Content-Length", "s3cret", ANYCERT_E_HEADER},
    {anycert_auth_api_key_header, "X-Key", "s3cret\r\nX: y", ANYCERT_E_HEADER},
    {anycert_auth_api_key_header, "X-Key", "", ANYCERT_E_USAGE},
    {anycert_auth_api_key_header, "X-Key", NULL, ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, NULL, "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, "", "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, "k\n", "s3cret", ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, "k", "", ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, "k", NULL, ANYCERT_E_USAGE},
    {anycert_auth_api_key_query, "k", "s3cret\r\n", 0}, /* percent-encoded */
    {aws_key, NULL, "s3cret", ANYCERT_E_USAGE},
    {aws_key, "AK/ID", "s3cret", ANYCERT_E_USAGE},
    {aws_key, "AK ID", "s3cret", ANYCERT_E_USAGE},
    {aws_key, "AKID", NULL, ANYCERT_E_USAGE},
    {aws_key, "AKID", "s3cret\n", ANYCERT_E_USAGE},
    {aws_session, NULL, "", ANYCERT_E_USAGE},
    {aws_session, NULL, "s3cret\r\n", ANYCERT_E_USAGE},
    {aws_place, "", "s3", ANYCERT_E_USAGE},
    {aws_place, "us-east-1", NULL, ANYCERT_E_USAGE},
    {aws_place, "us-east-1, x", "s3", ANYCERT_E_USAGE},
    {aws_place, "us-east-1", "s3/x", ANYCERT_E_USAGE},
};

static void constructors_refuse_what_cannot_be_sent(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct anycert_auth *auth = NULL;

        memset(&err, 0, sizeof err);
        auth = bad[i].make(bad[i].a, bad[i].b, &err);
        if (err.code != bad[i].code)
            fail_msg("row %zu: %d, %s", i, (int)err.code, err.message);
        assert_int_equal(auth != NULL, bad[i].code == 0);
        assert_null(strstr(err.message, "s3cret"));
        anycert_auth_free(auth);
    }
    memset(&err, 0, sizeof err);
    assert_null(anycert_auth_callback(NULL, NULL, NULL, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_auth_free(NULL);
    assert_null(anycert_auth_ref(NULL));
}

/* ---- identity */

static int nothing(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    (void)arg;
    (void)request;
    (void)err;
    return 0;
}

static struct anycert_auth *oauth2_with_param(const char *value)
{
    struct anycert_auth *auth = anycert_auth_oauth2("https://a.test/", "a", "b", NULL);

    assert_int_equal(anycert_auth_oauth2_add_param(auth, "x", value, NULL), 0);
    return auth;
}

static void identities_differ_where_anything_does(void **state)
{
    struct anycert_auth *all[] = {
        anycert_auth_none(NULL),
        anycert_auth_basic("a", "bc", NULL),
        anycert_auth_basic("ab", "c", NULL),
        anycert_auth_basic("abc", "", NULL),
        anycert_auth_digest("a", "bc", NULL),
        anycert_auth_ntlm("a", "bc", NULL),
        anycert_auth_negotiate(NULL),
        anycert_auth_bearer("a", NULL),
        anycert_auth_bearer("b", NULL),
        anycert_auth_api_key_header("a", "bc", NULL),
        anycert_auth_api_key_query("a", "bc", NULL),
        anycert_auth_aws_sigv4("a", "bc", NULL, "d", "e", NULL),
        anycert_auth_aws_sigv4("a", "bc", "d", "d", "e", NULL),
        anycert_auth_aws_sigv4("a", "bc", NULL, "de", "e", NULL),
        anycert_auth_aws_sigv4("a", "bc", NULL, "d", "ee", NULL),
        anycert_auth_oauth2("https://a.test/", "a", "bc", NULL),
        anycert_auth_oauth2("https://a.test/", "ab", "c", NULL),
        anycert_auth_oauth2("https://b.test/", "a", "bc", NULL),
        oauth2_with_param("1"),
        oauth2_with_param("2"),
        anycert_auth_callback(nothing, NULL, NULL, NULL),
        anycert_auth_callback(nothing, NULL, NULL, NULL),
    };
    struct anycert_auth *again = anycert_auth_basic("a", "bc", NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_non_null(all[i]);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(all[i]->identity, all[j]->identity, 32);
    }
    assert_memory_equal(again->identity, all[1]->identity, 32);
    anycert_auth_free(again);
    for (size_t i = 0; i < COUNT(all); i++)
        anycert_auth_free(all[i]);
}

/* ---- hiding */

static void credentials_are_hidden_in_lines(void **state)
{
    static char name[] = "X-Key";
    static char value[] = "s3cret-key";
    static char secret[] = "s3cret-key";
    static char *secrets[] = {secret, NULL};
    static const struct {
        const char *line, *shown;
    } rows[] = {
        {"GET /a?b=c&key=s3cret HTTP/1.1", "GET /a?b=c&key=(hidden) HTTP/1.1"},
        {"GET https://h:1/a?b=c&key=s3cret HTTP/1.1",
         "GET https://h:1/a?b=c&key=(hidden) HTTP/1.1"},
        {"GET /a?b=c&key=s3cr", "GET /a?b=c&key=(hidden)"}, /* cut */
        {"GETS /a?b=c", "GETS /a?b=c"},
        {"x-key: other", "x-key: (hidden)"},
        {"X-KEY : other", "X-KEY: (hidden)"},
        {"X-Keys: other", "X-Keys: other"},
        {"X: my s3cret-key and s3cret-keys3cret-key", "X: my (hidden) and (hidden)(hidden)"},
        {"X: my s3cret-ke", "X: my s3cret-ke"},
        {"", ""},
    };
    const struct anycert__field field = {name, value};
    const struct anycert__exchange exchange = {.method = "GET",
                                               .auth_headers = &field,
                                               .auth_header_count = 1,
                                               .wire_shown = "https://h:1/a?b=c&key=(hidden)",
                                               .secrets = secrets,
                                               .secret_count = 2};
    const struct anycert__http_settings settings = {0};
    char line[128];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].line);

        memcpy(line, rows[i].line, len);
        len = anycert__hide_credentials(&settings, &exchange, line, len, sizeof line);
        assert_int_equal(len, strlen(rows[i].shown));
        assert_memory_equal(line, rows[i].shown, len);
        memcpy(line, rows[i].line, strlen(rows[i].line));
        len = strlen(rows[i].line);
        assert_int_equal(anycert__hide_credentials(&settings, NULL, line, len, sizeof line), len);
        assert_memory_equal(line, rows[i].line, len);
    }
    /* What was cut in the middle of a secret, and what grows beyond the line. */
    memcpy(line, "X: s3cret-k", 11);
    assert_int_equal(anycert__hide_credentials(&settings, &exchange, line, 11, 11), 11);
    assert_memory_equal(line, "X: (hidden)", 11);
    memcpy(line, "x-key: abc", 10);
    assert_int_equal(anycert__hide_credentials(&settings, &exchange, line, 10, 10), 10);
    assert_memory_equal(line, "x-key: (hi", 10);
}

/* ---- want of memory */

static int add_both(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    (void)arg;
    if (anycert_auth_request_add_header(request, "X-Proof", "s3cret-proof", err) < 0)
        return -1;
    return anycert_auth_request_add_param(request, "proof", "s3cret proof", err);
}

static struct anycert_auth *make(int kind, struct anycert_error *err)
{
    switch (kind) {
    case 0:
        return anycert_auth_basic("a", "s3cret-password", err);
    case 1:
        return anycert_auth_bearer("s3cret-token", err);
    case 2:
        return anycert_auth_api_key_header("X-Key", "s3cret-key", err);
    case 3:
        return anycert_auth_api_key_query("key", "s3cret key", err);
    case 4:
        return anycert_auth_aws_sigv4("AKID", "s3cret-key", "s3cret-session", "r", "s3", err);
    default:
        return anycert_auth_callback(add_both, NULL, NULL, err);
    }
}

static int prepare(int kind, const struct anycert__url *url, struct anycert_error *err)
{
    struct anycert_auth *auth = make(kind, err);
    struct anycert__auth_use use = {0};
    struct anycert__fields headers = {0};
    const struct anycert__auth_hop hop = {&headers, 1440938160};
    struct anycert__exchange exchange = {.method = "GET", .url = url};
    int result = -1;

    if (!auth)
        return -1;
    anycert__auth_begin(&use, auth);
    if (anycert__fields_add(&headers, "Authorization", "old", err) == 0 &&
        anycert__fields_add(&headers, "X-Key", "old", err) == 0)
        result = anycert__auth_prepare(&use, &hop, &exchange, err);
    anycert__auth_end(&use);
    anycert__fields_clear(&headers);
    anycert_auth_free(auth);
    return result;
}

static void without_memory_it_fails_and_nothing_is_lost(void **state)
{
    struct anycert_error err = {0};
    struct anycert__url url = {0};

    (void)state;
    assert_int_equal(anycert__url_parse("https://a.test/b?c=d", &url, &err), 0);
    for (int kind = 0; kind < 6; kind++) {
        unsigned long needed = 0;

        for (unsigned long nth = 0; nth <= needed; nth++) {
            int result = 0;

            memset(&err, 0, sizeof err);
            anycert__mem_fail_from(nth); /* 0: none fails, and they are counted */
            result = prepare(kind, &url, &err);
            if (nth == 0)
                needed = anycert__mem_requests();
            anycert__mem_fail_from(0);
            assert_int_equal(result, nth == 0 ? 0 : -1);
            assert_int_equal(err.code, nth == 0 ? 0 : ANYCERT_E_NOMEM);
        }
        assert_true(needed > 4);
    }
    anycert__url_clear(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructors_refuse_what_cannot_be_sent),
        cmocka_unit_test(identities_differ_where_anything_does),
        cmocka_unit_test(credentials_are_hidden_in_lines),
        cmocka_unit_test(without_memory_it_fails_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
