/* URLs that are read in the short way mean what the careful reader finds in them. */
#include "http/plain.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void read_plain_leaves_odd_urls_to_the_careful_reader(void **state)
{
    static const char *const odd[] = {
        "HTTPS://localhost/",
        "https://Localhost/",
        "https://localhost./",
        "https://127.0.0.1/",
        "https://1.2/",
        "https://a.0x1/",
        "https://a.1b/",
        "https://[::1]/",
        "https://xn--bcher-kva.test/",
        "https://b\u00fccher.test/",
        "https://me@localhost/",
        "https://me:x@localhost/",
        "https://localhost:/",
        "https://localhost:0443/",
        "https://localhost:123456/",
        "https://localhost/./a",
        "https://localhost/a/..",
        "https://localhost/.git",
        "https://localhost/%41",
        "https://localhost/?a=%2f",
        "https://localhost/?",
        "https://localhost?a",
        "https://localhost/#a",
        "https://localhost/a?b#c",
        "https://localhost/a b",
        "https://localhost/\u00fc",
        "https://localhost/\"",
        "https://localhost/[x]",
        "https://localhost/{x}",
        "https://localhost/a|b",
        "https://localhost/a^b",
        "https://localhost/a`b",
        "https://localhost/<a>",
        "https://localhost/a\\b",
        "https://localhost/?a\nb",
        "https://localhost/a\x7f",
        "https://localhost/a'b",
        "https://-a.test/",
        "https://a-.test/",
    };
    struct anycert__url url;

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        if (anycert__url_read_plain(odd[i], &url, NULL) != 0)
            fail_msg("%s: read as plain", odd[i]);
    }
    assert_int_equal(anycert__url_read_plain(NULL, &url, NULL), 0);
}

/* Small, and the same everywhere. */
static unsigned chance(unsigned below)
{
    static uint32_t seed = 7;

    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void add_chars(struct anycert__buf *text, const char *from, unsigned at_least,
                      unsigned at_most)
{
    for (unsigned n = at_least + chance(at_most - at_least + 1); n > 0; n--)
        anycert__buf_add(text, from + chance((unsigned)strlen(from)), 1);
}

/* Mostly plain ones, behind "http". */
static void make_url(struct anycert__buf *text)
{
    static const char name[] = "abcxyz019-";

    anycert__buf_adds(text, chance(2) ? "s://" : "://");
    for (unsigned n = chance(3); n > 0; n--) {
        add_chars(text, name, 1, 8);
        anycert__buf_adds(text, ".");
    }
    add_chars(text, name, 1, 8);
    if (chance(2)) {
        anycert__buf_adds(text, ":");
        add_chars(text, "0123456789", 1, 5);
    }
    if (chance(4)) {
        anycert__buf_adds(text, "/");
        add_chars(text, "aZ09-._~/:@!$&()*+,;=/a", 0, 20);
    }
    if (chance(2)) {
        anycert__buf_adds(text, "?");
        add_chars(text, "aZ09-._~/:@!$&()*+,;=?", 0, 20);
    }
}

/* A scheme in upper case means the same, but is not plain. */
static void read_plain_finds_what_the_careful_reader_finds(void **state)
{
    struct anycert__buf tail;
    unsigned plain = 0;

    (void)state;
    anycert__buf_init(&tail, 256);
    for (unsigned i = 0; i < 200000; i++) {
        char fast[300];
        char careful[300];
        struct anycert__url a;
        struct anycert__url b;
        struct anycert_error err = {0};

        anycert__buf_reset(&tail);
        make_url(&tail);
        snprintf(fast, sizeof fast, "http%s", tail.data);
        snprintf(careful, sizeof careful, "HTTP%s", tail.data);
        if (anycert__url_read_plain(fast, &a, &err) != 1)
            continue;
        plain++;
        if (anycert__url_parse(careful, &b, &err) != 0)
            fail_msg("%s: %s", fast, err.message);
        if (strcmp(a.text, b.text) != 0 || strcmp(a.host, b.host) != 0 ||
            strcmp(a.origin, b.origin) != 0 || a.port != b.port || a.https != b.https)
            fail_msg("%s: %s at %s, and not %s at %s", fast, a.text, a.origin, b.text, b.origin);
        assert_null(b.user);
        assert_null(b.password);
        anycert__url_clear(&a);
        anycert__url_clear(&b);
    }
    anycert__buf_free(&tail);
    assert_in_range(plain, 20000, 180000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_plain_leaves_odd_urls_to_the_careful_reader),
        cmocka_unit_test(read_plain_finds_what_the_careful_reader_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
