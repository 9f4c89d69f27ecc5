#include "base/mem.h"
#include "client/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void target_of_finds_path_and_query(void **state)
{
    static const struct {
        const char *url, *path, *query;
    } rows[] = {
        {"https://a.test/", "/", NULL},      {"https://a.test/b/c?d=e&f", "/b/c", "d=e&f"},
        {"https://a.test/b?", "/b", ""},     {"https://a.test:8443", "", NULL},
        {"https://a.test?q", "", "q"},       {"https://[::1]:1/x?y?z/w", "/x", "y?z/w"},
        {"https://a.test/b?c#d", "/b", "c"}, {"https://a.test/b#c?d", "/b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__target target;

        anycert__target_of(rows[i].url, &target);
        assert_int_equal(target.path_len, strlen(rows[i].path));
        assert_memory_equal(target.path, rows[i].path, target.path_len);
        assert_int_equal(target.query != NULL, rows[i].query != NULL);
        if (!rows[i].query)
            continue;
        assert_int_equal(target.query_len, strlen(rows[i].query));
        assert_memory_equal(target.query, rows[i].query, target.query_len);
    }
}

static void add_recoded_leaves_one_way_of_writing(void **state)
{
    static const struct {
        const char *text, *keep;
        bool in_query;
        const char *expected;
    } rows[] = {
        {"a-b._~9Z", "", false, "a-b._~9Z"},
        {"a b+c", "", true, "a%20b%20c"},
        {"a+b", "", false, "a%2Bb"},
        {"%2b%2B+", "", true, "%2B%2B%20"},
        {"%41%7e", "", false, "A~"},
        {"/a%2fb/(c)", "/", false, "/a%2Fb/%28c%29"},
        {"100%", "", false, "100%25"},
        {"%4", "", false, "%254"},
        {"%zz%g1%1g", "", false, "%25zz%25g1%251g"},
        {"\xe1\x88\xb4", "", false, "%E1%88%B4"},
        {"%00", "", false, "%00"},
        {"*'!@:", "", false, "%2A%27%21%40%3A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__buf buf;

        anycert__buf_init(&buf, 1000);
        anycert__add_recoded(&buf, rows[i].text, strlen(rows[i].text), rows[i].keep,
                             rows[i].in_query);
        assert_string_equal(buf.data, rows[i].expected);
        anycert__buf_free(&buf);
    }
}

static void with_param_replaces_every_parameter_of_that_name(void **state)
{
    static const struct {
        const char *url, *value, *expected;
    } rows[] = {
        {"https://a.test/b", "v", "https://a.test/b?key=v"},
        {"https://a.test/b?", "v", "https://a.test/b?key=v"},
        {"https://a.test/b?c=d", "v w/&=+", "https://a.test/b?c=d&key=v%20w%2F%26%3D%2B"},
        {"https://a.test/b?key=1&c=d&key=2&key", "v", "https://a.test/b?c=d&key=v"},
        {"https://a.test/b?k%65y=1&c", "", "https://a.test/b?c&key="},
        {"https://a.test/b?keys=1&Key=2&ke=3", "v", "https://a.test/b?keys=1&Key=2&ke=3&key=v"},
        {"https://a.test/b?x=key=1", "v", "https://a.test/b?x=key=1&key=v"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        char *url = anycert__target_with_param(rows[i].url, "key", rows[i].value, &err);

        assert_non_null(url);
        assert_string_equal(url, rows[i].expected);
        anycert__free_secret(url);
    }
}

static void without_takes_out_what_has_that_value(void **state)
{
    static const struct {
        const char *url, *expected;
    } rows[] = {
        {"https://a.test/b?key=a%20b", "https://a.test/b"},
        {"https://a.test/b?c&key=%61+b&key=other&d=a%20b", "https://a.test/b?c&key=other&d=a%20b"},
        {"https://a.test/b?key=a%20bc&key=a&key", NULL},
        {"https://a.test/b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        char *url = anycert__target_without(rows[i].url, "key", "a b", &err);

        assert_int_equal(err.code, 0);
        if (rows[i].expected)
            assert_string_equal(url, rows[i].expected);
        else
            assert_null(url);
        anycert__free_secret(url);
    }
}

static void with_param_refuses_a_url_that_grows_too_long(void **state)
{
    static char value[40000];
    struct anycert_error err = {0};

    (void)state;
    memset(value, '/', sizeof value - 1); /* three bytes each */
    assert_null(anycert__target_with_param("https://a.test/", "key", value, &err));
    assert_int_equal(err.code, ANYCERT_E_URL);
    assert_null(strstr(err.message, "%2F"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_of_finds_path_and_query),
        cmocka_unit_test(add_recoded_leaves_one_way_of_writing),
        cmocka_unit_test(with_param_replaces_every_parameter_of_that_name),
        cmocka_unit_test(without_takes_out_what_has_that_value),
        cmocka_unit_test(with_param_refuses_a_url_that_grows_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
