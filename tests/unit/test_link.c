#include "client/link.h"
#include "client/param.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *name, *field, *target;
} links[] = {
    {"plain", "</a?page=2>; rel=\"next\"", "/a?page=2"},
    {"without quotes", "<b>;rel=next", "b"},
    {"in capitals", "<b>; REL=NEXT", "b"},
    {"several relations", "<b>; rel=\"last next\"", "b"},
    {"several blanks", "<b>; rel=\"last \t next  \"", "b"},
    {"part of a relation", "<b>; rel=\"nextpage\"", NULL},
    {"another relation", "<b>; rel=prev", NULL},
    {"second link", "<a>; rel=prev, <b>; rel=next", "b"},
    {"first of two", "<a>; rel=next, <b>; rel=next", "a"},
    {"comma in the target", "<a,b>; rel=\"next\"", "a,b"},
    {"semicolon in the target", "<a;rel=next>; rel=prev, <b>; rel=next", "b"},
    {"comma in a quoted title", "<a>; title=\"x, <y>; rel=next\"; rel=prev, <b>; rel=next", "b"},
    {"escaped quote in a title", "<a>; title=\"x \\\", <y>\"; rel=\"next\"", "a"},
    {"blanks everywhere", " \t<a> ; rel = \"next\" ; x = y", "a"},
    {"first rel counts", "<a>; rel=prev; rel=next", NULL},
    {"other document", "<a>; rel=next; anchor=\"/other\"", NULL},
    {"parameter without value", "<a>; rel; x, <b>; crossorigin; rel=next", "b"},
    {"empty parameters", "<a>;;; rel=next;", "a"},
    {"empty links", ",, <a>; rel=next", "a"},
    {"no bracket", "a; rel=next", NULL},
    {"no bracket, then a link", "a; rel=next, <b>; rel=next", "b"},
    {"open bracket", "<a; rel=next", NULL},
    {"open quote", "<a>; rel=\"next", "a"},
    {"open quote before a link", "<a>; title=\"x, <b>; rel=next", NULL},
    {"backslash at the end", "<a>; title=\"x\\", NULL},
    {"rubbish behind a quote", "<a>; rel=\"next\"x; y=z", "a"},
    {"empty target", "<>; rel=next", NULL},
    {"nothing", "", NULL},
    {"equals alone", "<a>; =next, <b>; rel=next", "b"},
};

static void link_find_reads_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(links); i++) {
        struct anycert__fields fields = {0};
        bool failed = true;
        char *target = NULL;

        assert_int_equal(anycert__fields_add(&fields, "Link", links[i].field, NULL), 0);
        target = anycert__link_find(&fields, "next", &failed);
        assert_false(failed);
        if (strcmp(target ? target : "none", links[i].target ? links[i].target : "none") != 0)
            fail_msg("%s: '%s'", links[i].name, target ? target : "none");
        anycert__free(target);
        anycert__fields_clear(&fields);
    }
}

static void link_find_looks_into_every_field(void **state)
{
    struct anycert__fields fields = {0};
    bool failed = true;
    char *target = NULL;

    (void)state;
    assert_null(anycert__link_find(&fields, "next", &failed));
    assert_int_equal(anycert__fields_add(&fields, "Link", "<a>; rel=prev", NULL), 0);
    assert_int_equal(anycert__fields_add(&fields, "link", "<b>; rel=next", NULL), 0);
    target = anycert__link_find(&fields, "next", &failed);
    assert_string_equal(target, "b");
    anycert__free(target);
    anycert__mem_fail_from(1);
    target = anycert__link_find(&fields, "next", &failed);
    anycert__mem_fail_from(0);
    assert_null(target);
    assert_true(failed);
    anycert__fields_clear(&fields);
}

static const struct {
    const char *url, *name, *value, *expected;
} params[] = {
    {"https://a/x", "page", "2", "https://a/x?page=2"},
    {"https://a/x?", "page", "2", "https://a/x?page=2"},
    {"https://a/x?b=1", "page", "2", "https://a/x?b=1&page=2"},
    {"https://a/x?page=1", "page", "2", "https://a/x?page=2"},
    {"https://a/x?page=1&b=1&page=7", "page", "2", "https://a/x?b=1&page=2"},
    {"https://a/x?b=1&page", "page", "2", "https://a/x?b=1&page=2"},
    {"https://a/x?pages=1&pag=3", "page", "2", "https://a/x?pages=1&pag=3&page=2"},
    {"https://a/x?p%61ge=1", "page", "2", "https://a/x?page=2"},
    {"https://a/x?a+b=1&a%20b=2", "a b", "&", "https://a/x?a%20b=%26"},
    {"https://a/x?%=1&%4=2", "%", "=", "https://a/x?%4=2&%25=%3D"},
    {"https://a/x?q=a%20b&&c", "n", "\xc3\xa9/+", "https://a/x?q=a%20b&c&n=%C3%A9%2F%2B"},
    {"https://a/x?q=1#f", "n", "2", "https://a/x?q=1&n=2#f"},
};

static void url_set_param_replaces_and_encodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(params); i++) {
        char *text = anycert__url_set_param(params[i].url, params[i].name, params[i].value, NULL);

        assert_non_null(text);
        assert_string_equal(text, params[i].expected);
        anycert__free(text);
    }
}

static void url_set_param_refuses_what_is_too_long(void **state)
{
    struct anycert_error err = {0};
    char *value = malloc(70000);

    (void)state;
    assert_non_null(value);
    memset(value, 'x', 69999);
    value[69999] = '\0';
    assert_null(anycert__url_set_param("https://a/", "cursor", value, &err));
    assert_int_equal(err.code, ANYCERT_E_URL);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_find_reads_each_form),
        cmocka_unit_test(link_find_looks_into_every_field),
        cmocka_unit_test(url_set_param_replaces_and_encodes),
        cmocka_unit_test(url_set_param_refuses_what_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
