/* Cookies that the caller adds, lists, saves and loads. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_config *cookie_config(void)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_cookies(config, 1, NULL), 0);
    return config;
}

static const struct {
    const char *cookie, *url, *line; /* NULL: refused */
} added[] = {
    {"a=1", "https://www.example.co.uk/", "www.example.co.uk\tFALSE\t/\tFALSE\t0\ta\t1\n"},
    {"a=1", "https://www.example.co.uk/x/y?z=/w/",
     "www.example.co.uk\tFALSE\t/x\tFALSE\t0\ta\t1\n"},
    {" a = 1 ; Path = /p ; Secure ; HttpOnly", "https://h.test/",
     "#HttpOnly_h.test\tFALSE\t/p\tTRUE\t0\ta\t1\n"},
    {"a=b=c; domain=.Example.CO.UK", "https://www.example.co.uk/",
     ".example.co.uk\tTRUE\t/\tFALSE\t0\ta\tb=c\n"},
    {"a=", "https://h.test/", "h.test\tFALSE\t/\tFALSE\t0\ta\t\n"},
    {"a=\"q, q\"", "https://h.test/", "h.test\tFALSE\t/\tFALSE\t0\ta\t\"q, q\"\n"},
    {"a=1; Max-Age=100; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://h.test/",
     "h.test\tFALSE\t/\tFALSE\t1100\ta\t1\n"},
    {"a=1; Expires=Thu, 01 Jan 1970 01:00:00 GMT", "https://h.test/",
     "h.test\tFALSE\t/\tFALSE\t3600\ta\t1\n"},
    {"a=1; Max-Age=99999999999999999999", "https://h.test/",
     "h.test\tFALSE\t/\tFALSE\t2147484647\ta\t1\n"},
    {"a=1; Max-Age=0", "https://h.test/", ""},
    {"a=1; Max-Age=-5", "https://h.test/", ""},
    {"a=1; Domain=h.test", "https://h.test./", ".h.test\tTRUE\t/\tFALSE\t0\ta\t1\n"},
    {"a=1; Domain=127.0.0.1", "https://127.0.0.1/", "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n"},
    {"a=1", "https://[::1]/", "::1\tFALSE\t/\tFALSE\t0\ta\t1\n"},
    {"a=1; Domain=localhost", "http://localhost/", "localhost\tFALSE\t/\tFALSE\t0\ta\t1\n"},
    {"__Host-a=1; Secure; Path=/", "https://h.test/", "h.test\tFALSE\t/\tTRUE\t0\t__Host-a\t1\n"},
    {"a=1; Domain=", "https://h.test/", "h.test\tFALSE\t/\tFALSE\t0\ta\t1\n"},
    {"", "https://h.test/", NULL},
    {"a", "https://h.test/", NULL},
    {"=1", "https://h.test/", NULL},
    {"a=1\r\nX: y", "https://h.test/", NULL},
    {"a=1\tb", "https://h.test/", NULL},
    {"a=1; Path=/\tb", "https://h.test/", NULL},
    {"a=1; Path=/;\tSecure\t", "https://h.test/", "h.test\tFALSE\t/\tTRUE\t0\ta\t1\n"},
    {"a=1; Path=\"/p/\"; Max-Age=\"100\"; Version=\"1\"", "https://h.test/",
     "h.test\tFALSE\t/p/\tFALSE\t1100\ta\t1\n"},
    {"a=1; Secure", "http://localhost/", "localhost\tFALSE\t/\tTRUE\t0\ta\t1\n"},
    {"a=1; Secure", "http://[::1]/", "::1\tFALSE\t/\tTRUE\t0\ta\t1\n"},
    {"a=1; Path=/\n", "https://h.test/", NULL},
    {"a=1; Domain=co.uk", "https://www.example.co.uk/", NULL},
    {"a=1; Domain=other.test", "https://h.test/", NULL},
    {"a=1; Domain=test", "https://h.test/", NULL},
    {"a=1; Domain=xh.test", "https://h.test/", NULL},
    {"a=1; Domain=0.0.1", "https://127.0.0.1/", NULL},
    {"a=1; Secure", "http://h.test/", NULL},
    {"__Secure-a=1", "https://h.test/", NULL},
    {"__host-a=1; Secure; Path=/x", "https://h.test/", NULL},
    {"__Host-a=1; Secure; Path=/; Domain=h.test", "https://h.test/", NULL},
    {"a=1", "ftp://h.test/", NULL},
    {NULL, "https://h.test/", NULL},
};

static int64_t thousand(void *arg)
{
    (void)arg;
    return 1000;
}

static const char head[] = "# Netscape HTTP Cookie File\n";

static void added_cookies_are_checked_and_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(added); i++) {
        struct anycert_config *config = cookie_config();
        struct anycert_client *client = NULL;
        struct anycert_error err = {0};
        char *text = NULL;
        int result = -1;

        assert_int_equal(anycert_config_set_clock(config, thousand, NULL, NULL), 0);
        client = floor_client_of(config);
        result = anycert_client_add_cookie(client, added[i].cookie, added[i].url, &err);
        if (result != (added[i].line ? 0 : -1))
            fail_msg("'%s': %d %s", added[i].cookie, result, err.message);
        if (result < 0)
            assert_int_equal(anycert_error_class_of(err.code), ANYCERT_CLASS_USAGE);
        text = anycert_client_cookies(client, NULL);
        assert_non_null(text);
        assert_memory_equal(text, head, strlen(head));
        if (strcmp(text + strlen(head), added[i].line ? added[i].line : "") != 0)
            fail_msg("'%s': %s", added[i].cookie, text);
        anycert_free(text);
        anycert_client_free(client);
    }
}

static void add(struct anycert_client *client, const char *cookie)
{
    struct anycert_error err = {0};

    if (anycert_client_add_cookie(client, cookie, "https://www.example.co.uk/", &err) < 0)
        fail_msg("%s", err.message);
}

static void saved_cookies_are_private_and_load_again(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config());
    struct anycert_error err = {0};
    struct stat info;
    char *before = NULL;
    char *after = NULL;

    (void)state;
    floor_folder();
    add(client, "a=1; Domain=example.co.uk; Max-Age=1000; HttpOnly");
    add(client, "b=");
    floor_write(floor_path("jar"), "old");
    assert_int_equal(chmod(floor_path("jar"), 0644), 0);
    assert_int_equal(anycert_client_save_cookies(client, floor_path("jar"), &err), 0);
    assert_int_equal(stat(floor_path("jar"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    before = anycert_client_cookies(client, NULL);
    assert_string_equal(floor_read(floor_path("jar")), before);
    anycert_client_free(client);

    client = floor_client_of(cookie_config());
    assert_int_equal(anycert_client_load_cookies(client, floor_path("jar"), &err), 0);
    after = anycert_client_cookies(client, NULL);
    assert_string_equal(before, after);
    anycert_free(before);
    anycert_free(after);
    assert_int_equal(anycert_client_save_cookies(client, floor_path("missing/jar"), &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    err.code = 0;
    assert_int_equal(anycert_client_load_cookies(client, floor_path("missing"), &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    anycert_client_free(client);
    floor_remove_folder(1);
}

/* A client under a policy file, one of whose hosts may be anybody. */
static struct anycert_client *client_with_file(const char *policy)
{
    static const char lines[] = "*.example.co.uk trust-any\n";
    struct anycert_config *config = cookie_config();
    struct anycert_policy_file *file = anycert_policy_file_parse(lines, strlen(lines), "f", NULL);
    struct anycert_policy *said = policy ? anycert_policy_parse(policy, NULL) : NULL;

    assert_int_equal(anycert_config_set_policy(config, said, NULL), 0);
    assert_int_equal(anycert_config_set_policy_file(config, file, NULL), 0);
    anycert_policy_file_free(file);
    anycert_policy_free(said);
    return floor_client_of(config);
}

/* They are saved and loaded as with an explicit trust-any, and stay apart from the others. */
static void cookies_of_entries_that_accept_anybody_are_kept_apart(void **state)
{
    struct anycert_client *client = client_with_file(NULL);
    struct anycert_error err = {0};
    const char *marked = NULL;
    char *text = NULL;

    (void)state;
    floor_folder();
    add(client, "anybodys=1; Domain=example.co.uk");
    assert_int_equal(anycert_client_add_cookie(client, "proven=1", "https://h.test/", &err), 0);
    assert_int_equal(anycert_client_save_cookies(client, floor_path("both"), &err), 0);
    text = anycert_client_cookies(client, NULL);
    marked = strstr(text, "\n# of peers that were not authenticated\n");
    assert_non_null(marked);
    assert_true(strstr(text, "proven") < marked);
    assert_true(strstr(text, "anybodys") > marked);
    anycert_client_free(client);

    for (int i = 0; i < 2; i++) { /* a second time, they are the same */
        char *again = NULL;

        client = client_with_file(NULL);
        assert_int_equal(anycert_client_load_cookies(client, floor_path("both"), &err), 0);
        again = anycert_client_cookies(client, NULL);
        assert_string_equal(again, text);
        assert_int_equal(anycert_client_save_cookies(client, floor_path("both"), &err), 0);
        anycert_free(again);
        anycert_client_free(client);
    }
    anycert_free(text);

    client = floor_client_of(cookie_config()); /* every peer is proven */
    assert_int_equal(anycert_client_load_cookies(client, floor_path("both"), &err), 0);
    text = anycert_client_cookies(client, NULL);
    assert_non_null(strstr(text, "proven"));
    assert_null(strstr(text, "anybodys"));
    anycert_free(text);
    anycert_client_free(client);

    client = client_with_file("trust-any"); /* none is */
    assert_int_equal(anycert_client_load_cookies(client, floor_path("both"), &err), 0);
    text = anycert_client_cookies(client, NULL);
    assert_non_null(strstr(text, "anybodys"));
    assert_null(strstr(text, "# of peers"));
    anycert_free(text);
    anycert_client_free(client);
    floor_remove_folder(1);
}

static void bad_files_add_nothing(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"few fields", "h.test\tTRUE\t/\tFALSE\n"},
        {"no flag", "h.test\tyes\t/\tFALSE\t0\ta\t1\n"},
        {"no number", "h.test\tFALSE\t/\tFALSE\tsoon\ta\t1\n"},
        {"no name", "h.test\tFALSE\t/\tFALSE\t0\t\t1\n"},
        {"a public suffix", ".co.uk\tTRUE\t/\tFALSE\t0\ta\t1\n"},
        {"a top level domain", ".test\tTRUE\t/\tFALSE\t0\ta\t1\n"},
        {"no domain", "\tFALSE\t/\tFALSE\t0\ta\t1\n"},
        {"two dots", "..h.test\tFALSE\t/\tFALSE\t0\ta\t1\n"},
        {"a comment behind a dot", ".#h.test\tFALSE\t/\tFALSE\t0\ta\t1\n"},
        {"a control character", "h.test\tFALSE\t/\tFALSE\t0\ta\t1\x01\n"},
        {"a tab in the value", "h.test\tFALSE\t/\tFALSE\t0\ta\t1\t2\n"},
        {"a header", "Set-Cookie: a=1\n"},
        {"a page", "<html>\n"},
    };
    static const char good[] = "# a comment\r\n\r\nh.test\tFALSE\t/\tFALSE\t0\tgood\t1\r\n"
                               "#HttpOnly_h.test\tFALSE\t/\tFALSE\t0\tempty";
    struct anycert_client *client = floor_client_of(cookie_config());
    char *text = NULL;

    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        char all[500];

        (void)snprintf(all, sizeof all, "h.test\tFALSE\t/\tFALSE\t0\tgood\t1\n%s", rows[i].text);
        floor_write(floor_path("jar"), all);
        if (anycert_client_load_cookies(client, floor_path("jar"), &err) == 0)
            fail_msg("%s was taken", rows[i].name);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        if (!strstr(err.message, "line 2 of "))
            fail_msg("%s: %s", rows[i].name, err.message);
        text = anycert_client_cookies(client, NULL);
        assert_string_equal(text, head);
        anycert_free(text);
    }
    floor_write(floor_path("jar"), good);
    assert_int_equal(anycert_client_load_cookies(client, floor_path("jar"), NULL), 0);
    text = anycert_client_cookies(client, NULL);
    assert_non_null(strstr(text, "\tgood\t1\n"));
    assert_non_null(strstr(text, "\tempty\t\n"));
    anycert_free(text);
    anycert_client_free(client);
    floor_remove_folder(1);
}

static void client_without_cookies_says_so(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_config_set_cookies(config, 2, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    client = floor_client_of(config);
    err.code = 0;
    assert_null(anycert_client_cookies(client, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_client_add_cookie(client, "a=1", "http://h.test/", NULL), -1);
    assert_int_equal(anycert_client_load_cookies(client, "/dev/null", NULL), -1);
    assert_int_equal(anycert_client_save_cookies(client, "/dev/null", NULL), -1);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_cookies_are_checked_and_listed),
        cmocka_unit_test(saved_cookies_are_private_and_load_again),
        cmocka_unit_test(cookies_of_entries_that_accept_anybody_are_kept_apart),
        cmocka_unit_test(bad_files_add_nothing),
        cmocka_unit_test(client_without_cookies_says_so),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
