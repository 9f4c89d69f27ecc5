/* Percent-encoding, and how a base URL and a suffix become one URL. */
#include "client/query.h"

#include "http/fields.h"

#include <anycert/anycert.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void form_encode_keeps_unreserved_and_encodes_the_rest(void **state)
{
    static const struct {
        const char *text, *plus, *percent;
    } rows[] = {
        {"", "", ""},
        {"azAZ09-._~", "azAZ09-._~", "azAZ09-._~"},
        {"a b", "a+b", "a%20b"},
        {"a+b", "a%2Bb", "a%2Bb"},
        {"a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e", "a%2Fb%3Fc%3Dd%26e"},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf%C3%A9+%E2%82%AC", "caf%C3%A9%20%E2%82%AC"},
        {"\r\n\t", "%0D%0A%09", "%0D%0A%09"},
        {"%41*'()!", "%2541%2A%27%28%29%21", "%2541%2A%27%28%29%21"},
        {"\xff", "%FF", "%FF"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[200];

        out[anycert__form_encode(rows[i].text, ANYCERT_QUERY_PLUS, out)] = '\0';
        assert_string_equal(out, rows[i].plus);
        assert_int_equal(anycert__form_encode(rows[i].text, ANYCERT_QUERY_PLUS, NULL), strlen(out));
        out[anycert__form_encode(rows[i].text, ANYCERT_QUERY_PERCENT, out)] = '\0';
        assert_string_equal(out, rows[i].percent);
    }
}

static void requote_encodes_only_what_may_not_stand(void **state)
{
    static const struct {
        const char *text, *path, *query;
    } rows[] = {
        {"a b", "a%20b", "a%20b"},
        {"a%20b", "a%20b", "a%20b"},
        {"%7e%41%2f%c3", "~A%2F%C3", "~A%2F%C3"},
        {"!$&'()*+,;=:@/", "!$&'()*+,;=:@/", "!$&'()*+,;=:@/"},
        {"a?b", "a%3Fb", "a?b"},
        {"a#b", "a%23b", "a%23b"},
        {"[]{}|\\^`\"<>", "%5B%5D%7B%7D%7C%5C%5E%60%22%3C%3E", "%5B%5D%7B%7D%7C%5C%5E%60%22%3C%3E"},
        {"\xc3\xa9", "%C3%A9", "%C3%A9"},
        {"100%", "100%25", "100%25"},
        {"%20 100%", "%2520%20100%25", "%2520%20100%25"},
        {"%zz%20", "%25zz%2520", "%25zz%2520"},
        {"%2", "%252", "%252"},
        {"%%20", "%25%2520", "%25%2520"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__buf out;

        anycert__buf_init(&out, 1000);
        anycert__requote(&out, rows[i].text, strlen(rows[i].text), ANYCERT__COMPONENT_PATH);
        assert_string_equal(out.data, rows[i].path);
        anycert__buf_reset(&out);
        anycert__requote(&out, rows[i].text, strlen(rows[i].text), ANYCERT__COMPONENT_QUERY);
        assert_string_equal(out.data, rows[i].query);
        anycert__buf_free(&out);
    }
}

static const struct {
    const char *base, *suffix, *url;
} joins[] = {
    {"https://h/api", "", "https://h/api/"},
    {"https://h/api", NULL, "https://h/api/"},
    {"https://h/api", "x", "https://h/api/x"},
    {"https://h/api", "/x", "https://h/api/x"},
    {"https://h/api", "//x", "https://h/api//x"},
    {"https://h/api/", "x", "https://h/api/x"},
    {"https://h/api/", "/x", "https://h/api/x"},
    {"https://h/api//", "x", "https://h/api//x"},
    {"https://h", "x", "https://h/x"},
    {"https://h", "", "https://h/"},
    {"https://h", "//echo/dbl", "https://h/echo/dbl"},
    {"https://h//", "///x", "https://h/x"},
    {"https://h", "//other.example/x", "https://h/other.example/x"},
    {"https://h/a", "https://other.example/x", "https://h/a/https://other.example/x"},
    {"https://h", "@other.example/x", "https://h/@other.example/x"},
    {"https://h:8443/v1", "a/b?c=d", "https://h:8443/v1/a/b?c=d"},
    {"https://[::1]:8443", "x", "https://[::1]:8443/x"},
    {"https://me:pass@h/v1", "x", "https://me:pass@h/v1/x"},
    /* dot segments */
    {"https://h", "/a/../b", "https://h/b"},
    {"https://h/api", "../b", "https://h/b"},
    {"https://h/api", "../../../b", "https://h/b"},
    {"https://h/api", "./b/.", "https://h/api/b/"},
    {"https://h/api", "b/..", "https://h/api/"},
    {"https://h/api", "..", "https://h/"},
    {"https://h/api", "a//../b", "https://h/api/a/b"},
    {"https://h/api", "a/..//../..//b", "https://h/b"},
    {"https://h/./x/../y", "...", "https://h/y/..."},
    {"https://h/api", "%2e%2e/b", "https://h/b"},
    {"https://h/api", "..%2fb", "https://h/api/..%2Fb"},
    /* what may not stand in a URL */
    {"https://h/a b", "c d", "https://h/a%20b/c%20d"},
    {"https://h", "caf\xc3\xa9?q=\xe2\x82\xac", "https://h/caf%C3%A9?q=%E2%82%AC"},
    {"https://h", "a%20b%zz", "https://h/a%2520b%25zz"},
    /* Base and suffix make one path, and one query. */
    {"https://h/a%20b", "%zz", "https://h/a%2520b/%25zz"},
    {"https://h/%zz", "c%7ed", "https://h/%25zz/c%257Ed"},
    {"https://h/a?x=%20", "b?y=100%", "https://h/a/b?x=%2520&y=100%25"},
    {"https://h/a", "b?", "https://h/a/b"},
    {"https://h/a?", "b?", "https://h/a/b"},
    {"https://h/a?", "b?c", "https://h/a/b?c"},
    {"https://h", "100%?a=%20", "https://h/100%25?a=%20"},
    {"https://h", "a?b=100%&c=%20", "https://h/a?b=100%25&c=%2520"},
    {"https://h", "a\\b|c\"d", "https://h/a%5Cb%7Cc%22d"},
    {"https://h", "a?b?c/d", "https://h/a?b?c/d"},
    /* queries and fragments */
    {"https://h/api?key=1", "x", "https://h/api/x?key=1"},
    {"https://h/api?key=1", "x?y=2", "https://h/api/x?key=1&y=2"},
    {"https://h?key=1", "", "https://h/?key=1"},
    {"https://h/#/login", "x", "https://h/x"},
    {"https://h/api?key=1#top", "x#below", "https://h/api/x?key=1"},
    {"https://h/api", "#x", "https://h/api/"},
    {"https://h/api", "?a=b", "https://h/api/?a=b"},
};

static void join_follows_the_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(joins); i++) {
        struct anycert_error err = {0};
        char *url = anycert_url_join(joins[i].base, joins[i].suffix, &err);

        if (!url || strcmp(url, joins[i].url) != 0)
            fail_msg("'%s' + '%s': '%s' instead of '%s' (%s)", joins[i].base,
                     joins[i].suffix ? joins[i].suffix : "NULL", url ? url : "NULL", joins[i].url,
                     err.message);
        anycert_free(url);
    }
}

static void join_what_is_no_url_is_refused(void **state)
{
    static const struct {
        const char *base, *suffix;
    } rows[] = {
        {NULL, "x"},
        {"", "x"},
        {"h/api", "x"},
        {"ftp://h", "x"},
        {"https://", "x"},
        {"https://h\\api", "x"},
        {"https://h", "a\r\nX-Evil: 1"},
        {"https://h", "a\tb"},
        {"https://h", "a\x7f"},
        {"https://h", "\xff"},
        {"https://a%62", "x"},
        {"https://h:99999", "x"},
    };
    char *longest = malloc(70001);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};

        assert_null(anycert_url_join(rows[i].base, rows[i].suffix, &err));
        assert_int_equal(err.code, ANYCERT_E_URL);
        assert_null(strpbrk(err.message, "\r\n"));
    }
    assert_non_null(longest);
    memset(longest, ' ', 70000); /* longer still when it is encoded */
    for (size_t len = 30000; len <= 70000; len += 40000) {
        struct anycert_error err = {0};

        longest[len] = '\0';
        assert_null(anycert_url_join("https://h", longest, &err));
        assert_int_equal(err.code, ANYCERT_E_URL);
    }
    free(longest);
}

static void url_with_query_appends(void **state)
{
    static const struct {
        const char *url, *query;
        bool with_params;
        const char *whole;
    } rows[] = {
        {"https://h/", NULL, false, "https://h/"},
        {"https://h/", NULL, true, "https://h/?a=1+2&b=%26"},
        {"https://h/?x=y", NULL, true, "https://h/?x=y&a=1+2&b=%26"},
        {"https://h/?", NULL, true, "https://h/?a=1+2&b=%26"},
        {"https://h/?x&", NULL, true, "https://h/?x&a=1+2&b=%26"},
        {"https://h/", "q=1 2", false, "https://h/?q=1%202"},
        {"https://h/?x", "q=1+2#", false, "https://h/?x&q=1+2%23"},
        {"https://h/", "q", true, "https://h/?q&a=1+2&b=%26"},
    };
    struct anycert__fields params = {0};
    struct anycert__fields none = {0};

    (void)state;
    assert_int_equal(anycert__fields_add(&params, "a", "1 2", NULL), 0);
    assert_int_equal(anycert__fields_add(&params, "b", "&", NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *url = anycert__url_with_query(rows[i].url, rows[i].query,
                                            rows[i].with_params ? &params : &none,
                                            ANYCERT_QUERY_PLUS, NULL);

        assert_non_null(url);
        assert_string_equal(url, rows[i].whole);
        anycert_free(url);
    }
    anycert__fields_clear(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_encode_keeps_unreserved_and_encodes_the_rest),
        cmocka_unit_test(requote_encodes_only_what_may_not_stand),
        cmocka_unit_test(join_follows_the_rule),
        cmocka_unit_test(join_what_is_no_url_is_refused),
        cmocka_unit_test(url_with_query_appends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
