/* How many cookies servers may have a client keep, and which go first. */
#include "http/jar.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW       1000000
#define OF_DOMAIN 180
#define OF_ALL    3300

static struct anycert__jar *new_jar(void)
{
    struct anycert__jar *jar = anycert__jar_new(NULL);

    assert_non_null(jar);
    return jar;
}

/* An answer of https://HOST/ sets names from first to last. */
static void learn(struct anycert__jar *jar, const char *host, int first, int last,
                  const char *attributes)
{
    struct anycert__fields fields = {0};
    struct anycert__url url;
    char text[256];

    (void)snprintf(text, sizeof text, "https://%s/", host);
    assert_int_equal(anycert__url_parse(text, &url, NULL), 0);
    for (int i = first; i <= last; i++) {
        (void)snprintf(text, sizeof text, "n%d=v; Path=/%s", i, attributes);
        assert_int_equal(anycert__fields_add(&fields, "Set-Cookie", text, NULL), 0);
    }
    anycert__jar_learn(jar, &fields, &url, NOW);
    anycert__fields_clear(&fields);
    anycert__url_clear(&url);
}

static void add(struct anycert__jar *jar, const char *host, const char *cookie)
{
    struct anycert__url url;
    char text[256];

    (void)snprintf(text, sizeof text, "https://%s/", host);
    assert_int_equal(anycert__url_parse(text, &url, NULL), 0);
    assert_int_equal(anycert__jar_add(jar, cookie, &url, NOW, NULL), 0);
    anycert__url_clear(&url);
}

static size_t count(struct anycert__jar *jar)
{
    char *text = anycert__jar_text(jar, NOW, NULL);
    size_t lines = 0;

    assert_non_null(text);
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    anycert__free(text);
    return lines - 1; /* the first says what it is */
}

static bool has(struct anycert__jar *jar, const char *host, const char *name)
{
    char *text = anycert__jar_text(jar, NOW, NULL);
    bool found = false;

    assert_non_null(text);
    for (const char *line = text; *line && !found; line += strcspn(line, "\n") + 1) {
        const char *field = strstr(line, name);

        found = strncmp(line, host, strlen(host)) == 0 && field && field[-1] == '\t' &&
                field[strlen(name)] == '\t' && field < line + strcspn(line, "\n");
    }
    anycert__free(text);
    return found;
}

static void oldest_of_a_domain_goes(void **state)
{
    struct anycert__jar *jar = new_jar();

    (void)state;
    learn(jar, "other.test", 0, 9, "");
    for (int i = 0; i < 200; i += 50)
        learn(jar, "one.test", i, i + 49, "");
    assert_int_equal(count(jar), OF_DOMAIN + 10);
    assert_false(has(jar, "one.test", "n19"));
    assert_true(has(jar, "one.test", "n20"));
    assert_true(has(jar, "one.test", "n199"));
    assert_true(has(jar, "other.test", "n0"));
    /* One that takes another's place needs no room, and one that has ended neither. */
    learn(jar, "one.test", 20, 20, "; Secure");
    learn(jar, "one.test", 500, 500, "; Max-Age=0");
    assert_int_equal(count(jar), OF_DOMAIN + 10);
    assert_true(has(jar, "one.test", "n20"));
    learn(jar, "one.test", 21, 21, "; Max-Age=0");
    learn(jar, "one.test", 600, 600, "");
    assert_true(has(jar, "one.test", "n20"));
    assert_int_equal(count(jar), OF_DOMAIN + 10);
    anycert__jar_free(jar);
}

static void oldest_of_all_goes(void **state)
{
    struct anycert__jar *jar = new_jar();
    char host[32];

    (void)state;
    for (int i = 0; i <= OF_ALL / 50; i++) {
        (void)snprintf(host, sizeof host, "h%d.test", i);
        learn(jar, host, 0, 49, "");
    }
    assert_int_equal(count(jar), OF_ALL);
    assert_false(has(jar, "h0.test", "n49"));
    assert_true(has(jar, "h1.test", "n0"));
    assert_true(has(jar, host, "n49"));
    anycert__jar_free(jar);
}

/* What http sets, or anybody without Secure, takes no Secure one away. */
static void secure_ones_go_for_secure_ones_only(void **state)
{
    struct anycert__jar *jar = new_jar();

    (void)state;
    learn(jar, "one.test", 0, 0, "; Secure");
    for (int i = 1; i < 401; i += 50)
        learn(jar, "one.test", i, i + 49, "");
    assert_int_equal(count(jar), OF_DOMAIN);
    assert_true(has(jar, "one.test", "n0"));
    for (int i = 1000; i < 1200; i += 50)
        learn(jar, "one.test", i, i + 49, "; Secure");
    assert_int_equal(count(jar), OF_DOMAIN);
    assert_false(has(jar, "one.test", "n0"));
    assert_false(has(jar, "one.test", "n1019"));
    assert_true(has(jar, "one.test", "n1020"));
    learn(jar, "one.test", 0, 0, "");
    assert_false(has(jar, "one.test", "n0"));
    assert_true(has(jar, "one.test", "n1020"));
    anycert__jar_free(jar);
}

static void own_ones_are_not_limited(void **state)
{
    struct anycert__jar *jar = new_jar();
    char text[64];

    (void)state;
    for (int i = 0; i < OF_DOMAIN + 50; i++) {
        (void)snprintf(text, sizeof text, "own%d=v", i);
        add(jar, "one.test", text);
    }
    assert_int_equal(count(jar), OF_DOMAIN + 50);
    anycert__jar_free(jar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_of_a_domain_goes),
        cmocka_unit_test(oldest_of_all_goes),
        cmocka_unit_test(secure_ones_go_for_secure_ones_only),
        cmocka_unit_test(own_ones_are_not_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
