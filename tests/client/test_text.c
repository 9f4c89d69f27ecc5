/* How answers are read: text by its charset, JSON as others write it. */
#include "client/floor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define R        "\xef\xbf\xbd" /* U+FFFD */

static struct anycert_client *client;

static int setup(void **state)
{
    if (floor_setup(state) < 0)
        return -1;
    client = floor_client(NULL);
    return 0;
}

static int teardown(void **state)
{
    anycert_client_free(client);
    return floor_teardown(state);
}

/* An answer of these bytes and this Content-Type; NULL for none. */
static struct anycert_response *answer(const char *type, const char *bytes, size_t len)
{
    struct anycert_request *request = floor_request("POST", floor_url("good", "mirror"));

    if (type)
        floor_header(request, "Content-Type", type);
    assert_int_equal(anycert_request_set_body(request, bytes, len, NULL), 0);
    return floor_ok(client, request);
}

static void text_follows_the_charset_rules(void **state)
{
    static const struct {
        const char *name, *type, *bytes, *text;
    } rows[] = {
        {"named", "text/plain; charset=utf-8", "h\xc3\xa9", "h\xc3\xa9"},
        {"named in capitals", "TEXT/PLAIN; CHARSET=UTF-8", "h\xc3\xa9", "h\xc3\xa9"},
        {"named in quotes", "text/html;charset=\"utf-8\"", "h\xc3\xa9", "h\xc3\xa9"},
        {"named with blanks", "text/html; x=y ; charset = 'latin1' ;", "h\xe9", "h\xc3\xa9"},
        {"named twice", "text/html; charset=ascii; charset=utf-8", "\xc3\xa9", "\xc3\xa9"},
        {"named, bad bytes", "text/plain; charset=utf-8", "h\xe9!", "h" R "!"},
        {"named, a mark stays", "a/b; charset=utf-8", "\xef\xbb\xbfx", "\xef\xbb\xbfx"},
        {"another charset", "a/b; charset=windows-1252", "\x80", "\xe2\x82\xac"},
        {"an unknown one", "text/plain; charset=none", "\xc3\xa9\xe9", "\xc3\xa9" R},
        {"an empty one", "text/plain; charset=", "\xc3\xa9", "\xc3\xa9"},
        {"not a value", "text/plain; charset", "\xc3\xa9", "\xc3\x83\xc2\xa9"},
        {"another parameter", "text/plain; xcharset=utf-8", "\xe9", "\xc3\xa9"},
        {"text without a name", "text/plain", "h\xc3\xa9", "h\xc3\x83\xc2\xa9"},
        {"text in capitals", "Text/HTML", "\xe9", "\xc3\xa9"},
        {"text with a mark", "text/plain", "\xef\xbb\xbfx", "\xc3\xaf\xc2\xbb\xc2\xbfx"},
        {"JSON", "application/json", "\xc3\xa9\xe9", "\xc3\xa9" R},
        {"JSON by its suffix", "application/problem+json", "\xe9", R},
        {"XML that is UTF-8", "application/xml", "<\xc3\xa9/>", "<\xc3\xa9/>"},
        {"bytes that are UTF-8", "application/octet-stream", "\xc3\xa9", "\xc3\xa9"},
        {"bytes that are not", "application/octet-stream", "\x80 \xe9", "\xe2\x82\xac \xc3\xa9"},
        {"bytes with a mark", "application/octet-stream", "\xef\xbb\xbfx", "x"},
        {"no type at all", NULL, "\xc3\xa9", "\xc3\xa9"},
        {"no body", "text/plain; charset=utf-16", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_response *response =
            answer(rows[i].type, rows[i].bytes, strlen(rows[i].bytes));
        size_t len = 0;
        char *text = anycert_response_text(response, &len, NULL);

        assert_non_null(text);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%s: '%s'", rows[i].name, text);
        assert_int_equal(len, strlen(text));
        anycert_free(text);
        text = anycert_response_text(response, NULL, NULL);
        assert_string_equal(text, rows[i].text);
        anycert_free(text);
        anycert_response_free(response);
    }
}

static void text_may_have_zeros_in_it(void **state)
{
    struct anycert_response *response = answer("application/octet-stream", "a\0b", 3);
    size_t len = 0;
    char *text = anycert_response_text(response, &len, NULL);

    (void)state;
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 4);
    anycert_free(text);
    anycert_response_free(response);
    response = answer("application/octet-stream", "\xff\xfeh\0\xe9\0", 6);
    text = anycert_response_text(response, &len, NULL);
    assert_string_equal(text, "h\xc3\xa9");
    anycert_free(text);
    anycert_response_free(response);
}

/* ---- JSON */

static struct anycert_json *json_of(const char *type, const char *bytes, size_t len)
{
    struct anycert_response *response = answer(type, bytes, len);
    struct anycert_error err = {0};
    struct anycert_json *json = anycert_response_json(response, &err);

    anycert_response_free(response);
    if (!json)
        fail_msg("%s: %s", bytes, err.message);
    return json;
}

static const char *string_at(const struct anycert_json *json, const char *pointer)
{
    return anycert_json_string(anycert_json_get(anycert_json_root(json), pointer), NULL);
}

static void json_strings_are_utf8_whatever_came(void **state)
{
    static const struct {
        const char *name, *type, *bytes;
        size_t len;
        const char *string;
    } rows[] = {
        {"UTF-8", "application/json", "[\"\xc3\xa9\"]", 6, "\xc3\xa9"},
        {"UTF-8 called text", "text/html", "[\"\xc3\xa9\"]", 6, "\xc3\xa9"},
        {"UTF-8 without a type", NULL, "[\"\xc3\xa9\"]", 6, "\xc3\xa9"},
        {"bad bytes", "application/json", "[\"a\xe9z\xff\"]", 8, "a" R "z" R},
        {"latin1 by name", "application/json; charset=iso-8859-1", "[\"\xe9\"]", 5, "\xc3\xa9"},
        {"an unknown charset", "application/json; charset=x", "[\"\xc3\xa9\"]", 6, "\xc3\xa9"},
        {"a mark", "application/json", "\xef\xbb\xbf[\"x\"]", 8, "x"},
        {"UTF-16 with a mark", "application/json", "\xff\xfe[\0\"\0\xe9\0\"\0]\0", 12, "\xc3\xa9"},
        {"UTF-16, big", "application/json; charset=utf-8", "\0[\0\"\0\xe9\0\"\0]", 10, "\xc3\xa9"},
        {"UTF-16, little", "application/json", "[\0\"\0\xe9\0\"\0]\0", 10, "\xc3\xa9"},
        {"UTF-32, little", NULL, "[\0\0\0\"\0\0\0\xe9\0\0\0\"\0\0\0]\0\0\0", 20, "\xc3\xa9"},
        {"UTF-32, big", NULL, "\0\0\0[\0\0\0\"\0\0\0\xe9\0\0\0\"\0\0\0]", 20, "\xc3\xa9"},
        {"a pair of surrogates", NULL, "[\"\\ud83d\\ude00\"]", 16, "\xf0\x9f\x98\x80"},
        {"a lone one", NULL, "[\"a\\ud83dz\"]", 12, "a" R "z"},
        {"two in the wrong order", NULL, "[\"\\ude00\\ud83d\"]", 16, R R},
        {"a high one before another escape", NULL, "[\"\\ud83d\\\"\"]", 12, R "\""},
        {"an escaped backslash before", NULL, "[\"\\\\ud83d\\ud83d\"]", 17, "\\ud83d" R},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_json *json = json_of(rows[i].type, rows[i].bytes, rows[i].len);

        if (strcmp(string_at(json, "/0"), rows[i].string) != 0)
            fail_msg("%s: '%s'", rows[i].name, string_at(json, "/0"));
        anycert_json_free(json);
    }
}

static void json_numbers_of_any_size_are_numbers(void **state)
{
    static const char text[] =
        "{\"n\":NaN,\"i\":Infinity,\"m\":-Infinity,\"big\":123456789012345678901,"
        "\"neg\":-9223372036854775809,\"huge\":1e400,\"e\":1E2,\"max\":"
        "18446744073709551615}";
    struct anycert_json *json = json_of("application/json", text, sizeof text - 1);
    const struct anycert_json_value *root = anycert_json_root(json);
    int64_t whole = 1;
    double real = 0;
    size_t len = 0;

    (void)state;
    assert_int_equal(anycert_json_size(root), 8);
    assert_int_equal(anycert_json_type(anycert_json_get(root, "/big")), ANYCERT_JSON_NUMBER);
    assert_int_equal(anycert_json_int(anycert_json_get(root, "/big"), &whole), -1);
    assert_int_equal(whole, 0);
    assert_string_equal(anycert_json_large(anycert_json_get(root, "/big"), &len),
                        "123456789012345678901");
    assert_int_equal(len, 21);
    assert_int_equal(anycert_json_double(anycert_json_get(root, "/big"), &real), 0);
    assert_true(real > 1.23e20 && real < 1.24e20);
    assert_string_equal(anycert_json_large(anycert_json_get(root, "/neg"), NULL),
                        "-9223372036854775809");
    assert_string_equal(anycert_json_large(anycert_json_get(root, "/huge"), NULL), "1e400");
    assert_int_equal(anycert_json_double(anycert_json_get(root, "/huge"), &real), 0);
    assert_true(isinf(real) && real > 0);
    assert_int_equal(anycert_json_double(anycert_json_get(root, "/n"), &real), 0);
    assert_true(isnan(real));
    assert_int_equal(anycert_json_double(anycert_json_get(root, "/m"), &real), 0);
    assert_true(isinf(real) && real < 0);
    assert_null(anycert_json_large(anycert_json_get(root, "/e"), &len));
    assert_int_equal(len, 0);
    assert_null(anycert_json_large(anycert_json_get(root, "/max"), NULL));
    assert_null(anycert_json_large(NULL, NULL));
    anycert_json_free(json);
}

static void json_iteration_gives_everything_in_order(void **state)
{
    static const char text[] = "{\"a\":[1,[2],{\"b\":3}],\"\":{},\"a\":18446744073709551615,"
                               "\"c\":[]}";
    static const char *const names[] = {"a", "", "a", "c"};
    struct anycert_json *json = anycert_json_parse(text, strlen(text), NULL);
    const struct anycert_json_value *root = anycert_json_root(json);
    const struct anycert_json_value *name = NULL;
    const struct anycert_json_value *value = NULL;
    struct anycert_json_iter iter;
    uint64_t number = 0;
    size_t count = 0;

    (void)state;
    anycert_json_iter_begin(&iter, root);
    while ((value = anycert_json_iter_next(&iter, &name)) != NULL) {
        assert_true(count < COUNT(names));
        assert_string_equal(anycert_json_string(name, NULL), names[count]);
        if (count == 2)
            assert_int_equal(anycert_json_uint(value, &number), 0);
        count++;
    }
    assert_int_equal(count, COUNT(names));
    assert_true(number == UINT64_MAX);
    assert_null(anycert_json_iter_next(&iter, &name));
    assert_null(name);
    anycert_json_iter_begin(&iter, anycert_json_get(root, "/c"));
    assert_null(anycert_json_iter_next(&iter, NULL));
    anycert_json_free(json);

    json = anycert_json_parse("[0,[[1,2],3],-1,\"x\",2.5]", 24, NULL);
    anycert_json_iter_begin(&iter, anycert_json_root(json));
    for (count = 0; (value = anycert_json_iter_next(&iter, &name)) != NULL; count++) {
        assert_null(name);
        assert_int_equal(anycert_json_uint(value, &number), count == 0 ? 0 : -1);
        if (count == 1)
            assert_int_equal(anycert_json_size(value), 2);
    }
    assert_int_equal(count, 5);
    anycert_json_iter_begin(&iter, anycert_json_get(anycert_json_root(json), "/3"));
    assert_null(anycert_json_iter_next(&iter, NULL));
    anycert_json_iter_begin(&iter, NULL);
    assert_null(anycert_json_iter_next(&iter, NULL));
    anycert_json_free(json);
}

static void json_get_takes_the_last_of_a_name(void **state)
{
    static const char text[] =
        "{\"a\":1,\"a\":{\"b\":2,\"b\":[3,{\"c~/d\":4}]},\"\":5,\"0\":6,\"~2\":7}";
    struct anycert_json *json = anycert_json_parse(text, sizeof text - 1, NULL);
    const struct anycert_json_value *root = anycert_json_root(json);
    static const struct {
        const char *pointer;
        int64_t value; /* -1: there is none */
    } rows[] = {
        {"/a/b/0", 3},       {"/a/b/1/c~0~1d", 4}, {"/", 5},
        {"/0", 6},           {"/a/b/00", -1},      {"/a/b/2", -1},
        {"/a/b/-", -1},      {"/a/b/ 0", -1},      {"a", -1},
        {"/a/b/1/c~/d", -1}, {"/a/b/+0", -1},      {"/~2", -1},
        {"/a/", -1},         {"/A", -1},           {"/a/b/1/c~0", -1},
        {"/a/b/0/x", -1},    {"//", -1},           {"/a/b/18446744073709551616", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t value = -1;
        const struct anycert_json_value *found = anycert_json_get(root, rows[i].pointer);

        if ((found != NULL) != (rows[i].value >= 0))
            fail_msg("%s", rows[i].pointer);
        if (found)
            assert_int_equal(anycert_json_int(found, &value), 0);
        assert_int_equal(value, rows[i].value);
    }
    assert_ptr_equal(anycert_json_get(root, ""), root);
    assert_null(anycert_json_get(NULL, ""));
    assert_null(anycert_json_get(NULL, "/a"));
    assert_int_equal(anycert_json_size(root), 5);
    anycert_json_free(json);
}

static void json_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "",          "notjson",      "{\"a\":1,}",      "nan",     "[inf]",
        "[-NaN]",    "[+Infinity]",  "[1] x",           "// x\n1", "'a'",
        "\"\n\"",    "01",           "[NaN, infinity]", "{NaN:1}", "\"\\u12\"",
        "\"\\ud83d", "\xef\xbb\xbf", "\xff\xfe",        "[1e]",    "[.5]",
        "TRUE"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_response *response = answer("application/json", texts[i], strlen(texts[i]));
        struct anycert_error err = {0};

        if (anycert_response_json(response, &err))
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(err.code, ANYCERT_E_BODY_JSON);
        assert_memory_equal(err.message, "the body is not valid JSON: ", 28);
        anycert_response_free(response);
    }
}

/* What is strict stays so. */
static void json_parse_takes_rfc_8259_only(void **state)
{
    static const char *const texts[] = {"NaN", "[Infinity]", "\"\xff\"", "\"\\ud83d\"",
                                        "\xef\xbb\xbf{}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_null(anycert_json_parse(texts[i], strlen(texts[i]), NULL));
    assert_null(anycert_json_parse(NULL, 0, NULL));
}

/* ---- XML */

static void xml_charset_of_the_header_goes_before_the_declaration(void **state)
{
    static const struct {
        const char *type, *bytes;
        bool works;
    } rows[] = {
        {"application/xml", "<a>\xc3\xa9</a>", true},
        {"text/xml", "<a>\xc3\xa9</a>", true},
        {NULL, "<a>\xc3\xa9</a>", true},
        {"text/xml; charset=iso-8859-1", "<a>\xe9</a>", true},
        {"text/xml; charset=iso-8859-1", "<?xml version='1.0' encoding='utf-8'?><a>\xe9</a>", true},
        {"text/xml; charset=utf-8", "<?xml version='1.0' encoding='latin1'?><a>\xc3\xa9</a>", true},
        {"text/xml; charset=none", "<?xml version='1.0' encoding='latin1'?><a>\xe9</a>", true},
        {"text/xml; charset=iso-8859-1", "\xef\xbb\xbf<a>\xc3\xa9</a>", true},
        {"text/xml", "<a>\xe9</a>", false},
        {"text/xml", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_response *response =
            answer(rows[i].type, rows[i].bytes, strlen(rows[i].bytes));
        struct anycert_error err = {0};
        struct anycert_xml *xml = anycert_response_xml(response, &err);

        anycert_response_free(response); /* the document stands for itself */
        assert_int_equal(xml != NULL, rows[i].works);
        assert_int_equal(err.code, xml ? 0 : ANYCERT_E_BODY_XML);
        if (xml)
            assert_string_equal(anycert_xml_text(anycert_xml_root(xml), NULL), "\xc3\xa9");
        anycert_xml_free(xml);
    }
}

static void xml_asks_no_server_for_anything(void **state)
{
    uint64_t before = lab_server_connections(floor_server("http"));
    char text[600];

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct anycert_xml *xml = NULL;

        snprintf(text, sizeof text,
                 i == 0   ? "<!DOCTYPE a SYSTEM '%s'><a/>"
                 : i == 1 ? "<!DOCTYPE a [<!ENTITY %% b SYSTEM '%s'> %%b;]><a/>"
                          : "<!DOCTYPE a [<!ENTITY b SYSTEM '%s'>]><a>&b;</a>",
                 floor_url("http", "echo"));
        xml = anycert_xml_parse(text, strlen(text), NULL);
        assert_int_equal(xml != NULL, i == 0);
        anycert_xml_free(xml);
    }
    assert_int_equal(lab_server_connections(floor_server("http")), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_follows_the_charset_rules),
        cmocka_unit_test(text_may_have_zeros_in_it),
        cmocka_unit_test(json_strings_are_utf8_whatever_came),
        cmocka_unit_test(json_numbers_of_any_size_are_numbers),
        cmocka_unit_test(json_iteration_gives_everything_in_order),
        cmocka_unit_test(json_get_takes_the_last_of_a_name),
        cmocka_unit_test(json_that_is_none_is_refused),
        cmocka_unit_test(json_parse_takes_rfc_8259_only),
        cmocka_unit_test(xml_charset_of_the_header_goes_before_the_declaration),
        cmocka_unit_test(xml_asks_no_server_for_anything),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
