/* XML bodies: what is read of them, and what is refused. */
#include <anycert/xml.h>

#include "base/mem.h"
#include "base/str.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define R        "\xef\xbf\xbd" /* U+FFFD */

static struct anycert_xml *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_xml *xml = anycert_xml_parse(text, strlen(text), &err);

    if (!xml)
        fail_msg("%.60s: %s", text, err.message);
    return xml;
}

static const char DOCUMENT[] =
    "<?xml version='1.0' encoding=\"utf-8\" ?>\n"
    "<!-- before --><?pi data?>\n"
    "<!DOCTYPE a:root PUBLIC \"-//X//Y\" \"http://localhost:1/x.dtd\">\n"
    "<a:root xmlns:a=\"urn:a\" xmlns=\"urn:default\" one='1 &lt;&#x41;' a:one=\"2\" two=\"x\ny\">a"
    "<child>b<![CDATA[<&]]>&amp;</child><!-- c --> d<none xmlns=''/>"
    "<?pi?>e&#233;<a:child><child/><child>last</child></a:child>\n</a:root><!-- after -->";

static void parse_shows_elements_attributes_and_text(void **state)
{
    struct anycert_xml *xml = parse(DOCUMENT);
    const struct anycert_xml_node *root = anycert_xml_root(xml);
    const struct anycert_xml_node *node = NULL;
    const char *name = NULL;
    const char *name_space = NULL;
    const char *value = NULL;
    size_t len = 0;

    (void)state;
    assert_string_equal(anycert_xml_name(root), "root");
    assert_string_equal(anycert_xml_namespace(root), "urn:a");
    assert_string_equal(anycert_xml_text(root, &len), "a de\xc3\xa9\n");
    assert_int_equal(len, 7);
    assert_null(anycert_xml_next(root));

    assert_int_equal(anycert_xml_attribute_count(root), 3);
    assert_string_equal(anycert_xml_attribute(root, "one", NULL), "1 <A");
    assert_string_equal(anycert_xml_attribute(root, "one", "urn:a"), "2");
    assert_string_equal(anycert_xml_attribute(root, "two", NULL), "x y");
    assert_null(anycert_xml_attribute(root, "one", "urn:default"));
    assert_null(anycert_xml_attribute(root, "xmlns", NULL));
    assert_null(anycert_xml_attribute(root, "One", NULL));
    assert_int_equal(anycert_xml_attribute_at(root, 1, &name, &name_space, &value), 0);
    assert_string_equal(name, "one");
    assert_string_equal(name_space, "urn:a");
    assert_string_equal(value, "2");
    assert_int_equal(anycert_xml_attribute_at(root, 0, &name, &name_space, &value), 0);
    assert_null(name_space);
    assert_int_equal(anycert_xml_attribute_at(root, 2, &name, NULL, &value), 0);
    assert_int_equal(anycert_xml_attribute_at(root, 3, &name, NULL, &value), -1);
    assert_null(name);
    assert_null(value);

    node = anycert_xml_first_child(root);
    assert_string_equal(anycert_xml_name(node), "child");
    assert_string_equal(anycert_xml_namespace(node), "urn:default");
    assert_string_equal(anycert_xml_text(node, NULL), "b<&&");
    assert_null(anycert_xml_first_child(node));
    assert_int_equal(anycert_xml_attribute_count(node), 0);
    node = anycert_xml_next(node);
    assert_string_equal(anycert_xml_name(node), "none");
    assert_null(anycert_xml_namespace(node));
    assert_string_equal(anycert_xml_text(node, &len), "");
    assert_int_equal(len, 0);
    node = anycert_xml_next(node);
    assert_string_equal(anycert_xml_namespace(node), "urn:a");
    assert_null(anycert_xml_next(node));
    node = anycert_xml_next(anycert_xml_first_child(node));
    assert_string_equal(anycert_xml_text(node, NULL), "last");
    assert_null(anycert_xml_next(node));
    anycert_xml_free(xml);
}

/* Servers name them as they like; what was never declared is no name. */
static void namespaces_need_not_be_uris(void **state)
{
    struct anycert_xml *xml = parse("<x xmlns='our space' xmlns:p=':2'><p:y/></x>");
    const struct anycert_xml_node *root = anycert_xml_root(xml);
    struct anycert_error err = {0};

    (void)state;
    assert_string_equal(anycert_xml_namespace(root), "our space");
    assert_string_equal(anycert_xml_namespace(anycert_xml_first_child(root)), ":2");
    anycert_xml_free(xml);
    assert_null(anycert_xml_parse("<p:x/>", 6, &err));
    assert_int_equal(err.code, ANYCERT_E_BODY_XML);
}

static void look_ups_take_null(void **state)
{
    size_t len = 1;
    const char *name = NULL;
    const char *value = NULL;

    (void)state;
    assert_null(anycert_xml_root(NULL));
    assert_null(anycert_xml_name(NULL));
    assert_null(anycert_xml_namespace(NULL));
    assert_null(anycert_xml_text(NULL, &len));
    assert_int_equal(len, 0);
    assert_null(anycert_xml_attribute(NULL, "x", NULL));
    assert_int_equal(anycert_xml_attribute_count(NULL), 0);
    assert_int_equal(anycert_xml_attribute_at(NULL, 0, &name, NULL, &value), -1);
    assert_null(anycert_xml_first_child(NULL));
    assert_null(anycert_xml_next(NULL));
    anycert_xml_free(NULL);
}

static void parse_reads_encodings(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t len; /* 0: to the NUL */
    } rows[] = {
        {"no declaration", "<a>\xc3\xa9</a>", 0},
        {"a mark", "\xef\xbb\xbf<a>\xc3\xa9</a>", 0},
        {"a mark knows better",
         "\xef\xbb\xbf<?xml version='1.0' encoding='latin1'?><a>\xc3\xa9</a>", 0},
        {"declared", "<?xml version=\"1.0\" encoding = 'ISO-8859-1'?><a>\xe9</a>", 0},
        {"declared as windows-1252", "<?xml version='1.0' encoding='windows-1252'?><a>\xe9</a>", 0},
        {"UTF-16 with a mark", "\xff\xfe<\0a\0>\0\xe9\0<\0/\0a\0>\0", 18},
        {"UTF-16 without", "\0<\0a\0>\0\xe9\0<\0/\0a\0>", 16},
        {"UTF-16 that calls itself UTF-8",
         "<\0?\0x\0m\0l\0 \0v\0e\0r\0s\0i\0o\0n\0=\0'\0001\0.\0000\0'\0 "
         "\0e\0n\0c\0o\0d\0i\0n\0g\0=\0'\0u\0t\0f\0-\0008\0'\0?\0>\0<\0a\0>\0\xe9\0<\0/\0a\0>\0",
         92},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert_xml *xml = anycert_xml_parse(
            rows[i].bytes, rows[i].len ? rows[i].len : strlen(rows[i].bytes), &err);

        if (!xml || strcmp(anycert_xml_text(anycert_xml_root(xml), NULL), "\xc3\xa9") != 0)
            fail_msg("%s: %s", rows[i].name, err.message);
        anycert_xml_free(xml);
    }
}

static void assert_refused(const char *text, size_t len, const char *says)
{
    struct anycert_error err = {0};
    struct anycert_xml *xml = anycert_xml_parse(text, len, &err);

    if (xml)
        fail_msg("'%.60s' was taken", text);
    if (err.code != ANYCERT_E_BODY_XML || !strstr(err.message, says))
        fail_msg("'%.60s': %s", text, err.message);
    assert_false(anycert__has_control(err.message, strlen(err.message)));
    assert_true(anycert__is_utf8(err.message, strlen(err.message)));
    assert_int_not_equal(err.message[strlen(err.message) - 1], '.');
}

static void parse_what_is_not_well_formed_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "notxml",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "<a><b></a></b>",
        "<a x=1/>",
        "<a x='1' x='2'/>",
        "<a x='<'/>",
        "<p:a/>",
        "<a p:x=''/>",
        "<a>\xe9</a>",
        "<a>\xc3</a>",
        "<a>\x01</a>",
        "<a>&#1;</a>",
        "<a>&#xd800;</a>",
        "<a>&#9999999999;</a>",
        "<a>&none;</a>",
        "<a x='&none;'/>",
        "<a>& </a>",
        "<a>]]></a>",
        "<a><!-- -- --></a>",
        "<?xml version='1.0'?",
        " <?xml version='1.0'?><a/>",
        "{\"a\": 1}",
        "<!DOCTYPE html>",
        "<html><br></html>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_refused(texts[i], strlen(texts[i]), "");
    assert_refused("<a>\0</a>", 8, "");
    assert_refused("<a/>\0", 5, "");
    assert_refused("<a>\n<b>\n</a>", 11, "in line 3");
    assert_refused("<?xml version='1.0' encoding='none-such'?><a/>", 46, "unknown encoding");
    assert_null(anycert_xml_parse(NULL, 0, NULL));
}

static void parse_expands_and_fetches_nothing(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"<!DOCTYPE l [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
         "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
         "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]>"
         "<l>&f;</l>",
         "declares entities"},
        {"<!DOCTYPE l [<!ENTITY a 'x'>]><l b='&a;'/>", "declares entities"},
        {"<!DOCTYPE l [<!ENTITY a 'x'>]><l/>", "declares entities"},
        {"<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><l>&a;</l>", "declares entities"},
        {"<!DOCTYPE l [<!ENTITY % a SYSTEM 'http://127.0.0.1:1/'> %a;]><l/>", "declares entities"},
        {"<!DOCTYPE l [<!NOTATION n SYSTEM 'n'><!ENTITY a SYSTEM 'x' NDATA n>]><l/>",
         "declares entities"},
        {"<!DOCTYPE l SYSTEM 'file:///etc/passwd'><l>&a;</l>", ""},
        {"<!DOCTYPE l PUBLIC '-' 'http://127.0.0.1:1/'><l>&nbsp;</l>", ""},
        {"<!DOCTYPE l [<!ATTLIST l a CDATA 'much of little'>]><l/>", "declares values"},
        {"<!DOCTYPE l [<!ATTLIST l a (x|y) #FIXED 'x'>]><l/>", "declares values"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(rows[i].text, strlen(rows[i].text), rows[i].says);
}

static void parse_passes_over_harmless_document_types(void **state)
{
    static const char *const texts[] = {
        "<!DOCTYPE plist PUBLIC '-//Apple//DTD PLIST 1.0//EN' 'http://127.0.0.1:1/x.dtd'><a>x</a>",
        "<!DOCTYPE a SYSTEM 'file:///none/such.dtd'><a>x</a>",
        "<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]><a>x</a>",
        "<!DOCTYPE a [<!ATTLIST a b (x|y) #IMPLIED c CDATA #REQUIRED>]><a>x</a>",
        "<?xml version='1.0' standalone='yes'?><a>x</a>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_xml *xml = parse(texts[i]);

        assert_string_equal(anycert_xml_text(anycert_xml_root(xml), NULL), "x");
        anycert_xml_free(xml);
    }
}

/* Opening tags, then closing ones. */
static char *nested(size_t depth)
{
    char *text = malloc(7 * depth + 1);

    assert_non_null(text);
    for (size_t i = 0; i < depth; i++) {
        memcpy(text + 3 * i, "<a>", 3);
        memcpy(text + 3 * depth + 4 * i, "</a>", 4);
    }
    text[7 * depth] = '\0';
    return text;
}

/* begin, one that often, end. */
static char *repeated(const char *begin, size_t count, const char *one, const char *end)
{
    size_t begin_len = strlen(begin);
    size_t len = strlen(one);
    char *text = malloc(begin_len + count * len + strlen(end) + 1);

    assert_non_null(text);
    memcpy(text, begin, begin_len);
    for (size_t i = 0; i < count; i++)
        memcpy(text + begin_len + i * len, one, len);
    memcpy(text + begin_len + count * len, end, strlen(end) + 1);
    return text;
}

/* before, as many attributes, and behind. */
static char *attributes(const char *before, size_t count, const char *prefix, const char *behind)
{
    size_t size = count * 24 + strlen(before) + strlen(behind) + 1;
    char *text = malloc(size);
    size_t used = 0;

    assert_non_null(text);
    used = (size_t)snprintf(text, size, "%s", before);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, size - used, " %sx%zu='y'", prefix, i);
    snprintf(text + used, size - used, "%s", behind);
    return text;
}

static void parse_has_limits(void **state)
{
    char *text = nested(200);
    char *inner = NULL;
    struct anycert_xml *xml = parse(text);
    size_t count = 0;

    (void)state;
    anycert_xml_free(xml);
    free(text);
    text = nested(201);
    assert_refused(text, strlen(text), "more than 200 elements inside of each other");
    free(text);
    text = nested(100000);
    assert_refused(text, strlen(text), "more than 200");
    free(text);
    text = attributes("<a", 1000, "", "/>");
    anycert_xml_free(parse(text));
    free(text);
    text = attributes("<a", 1001, "", "/>");
    assert_refused(text, strlen(text), "more than 1000 attributes");
    free(text);
    text = attributes("<a", 3000000, "", " x='"); /* else a matter of hours */
    assert_refused(text, strlen(text), "more than 1000 attributes");
    free(text);
    /* What looks like the beginning of something else in a string is none. */
    text = attributes("<!DOCTYPE a SYSTEM '<!--' [<!ELEMENT a ANY>]><a", 3000000, "", "/>");
    assert_refused(text, strlen(text), "more than 1000 attributes");
    free(text);
    text = attributes("<r><c x='<!--' y='<![CDATA['/><a", 3000000, "", "/></r>");
    assert_refused(text, strlen(text), "more than 1000 attributes");
    free(text);
    text = attributes("<a><!-- <b", 2000, "", " --><![CDATA[<b x='' y=\"]]><?b x='?></a>");
    anycert_xml_free(parse(text));
    free(text);
    text = repeated("<!DOCTYPE a [<!ATTLIST a b NOTATION (n", 8000000, "|n", ")>]><a/>");
    assert_refused(text, strlen(text), "document type of more than 16384 bytes");
    free(text);
    inner = attributes("><b", 501, "xmlns:", "/></a>");
    text = attributes("<a", 500, "xmlns:", inner);
    assert_refused(text, strlen(text), "more than 1000 namespaces");
    free(text);
    free(inner);
    text = repeated("<r>", 499999, "<a b=''/>", "</r>");
    xml = parse(text);
    for (const struct anycert_xml_node *node = anycert_xml_first_child(anycert_xml_root(xml)); node;
         node = anycert_xml_next(node))
        count++;
    assert_int_equal(count, 499999);
    anycert_xml_free(xml);
    free(text);
    text = repeated("<r>", 500000, "<a b=''/>", "</r>");
    assert_refused(text, strlen(text), "more than 1000000 elements and attributes");
    free(text);
}

/* More than libxml2 gives at once, and with children between. */
static void parse_long_text_comes_whole(void **state)
{
    size_t half = 11u << 20;
    char *text = malloc(2 * half + 30);
    struct anycert_xml *xml = NULL;
    size_t len = 0;
    const char *got = NULL;

    (void)state;
    assert_non_null(text);
    memcpy(text, "<r>", 3);
    memset(text + 3, 'x', half);
    memcpy(text + 3 + half, "<a/>", 4);
    memset(text + 7 + half, 'y', half);
    memcpy(text + 7 + 2 * half, "</r>", 5);
    xml = parse(text);
    got = anycert_xml_text(anycert_xml_root(xml), &len);
    assert_int_equal(len, 2 * half);
    assert_int_equal(strlen(got), len);
    assert_int_equal(strspn(got, "x"), half);
    assert_int_equal(strspn(got + half, "y"), half);
    anycert_xml_free(xml);
    free(text);
}

static void parse_without_memory_fails(void **state)
{
    struct anycert_xml *xml = NULL;

    (void)state;
    anycert_xml_free(parse("<once/>"));
    for (unsigned long nth = 1; !xml; nth++) {
        struct anycert_error err = {0};

        anycert__mem_fail_from(nth);
        xml = anycert_xml_parse(DOCUMENT, sizeof DOCUMENT - 1, &err);
        anycert__mem_fail_from(0);
        assert_true(nth < 1000);
        assert_int_equal(err.code, xml ? 0 : ANYCERT_E_NOMEM);
    }
    anycert_xml_free(xml);
}

static void *parse_often(void *arg)
{
    for (int i = 0; i < 200; i++) {
        struct anycert_xml *xml = anycert_xml_parse(DOCUMENT, sizeof DOCUMENT - 1, NULL);

        if (xml && strcmp(anycert_xml_name(anycert_xml_root(xml)), "root") == 0)
            ++*(int *)arg;
        anycert_xml_free(xml);
    }
    return NULL;
}

static void parse_works_in_many_threads(void **state)
{
    pthread_t threads[4];
    int counts[COUNT(threads)] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, &counts[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(counts[i], 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_works_in_many_threads), /* first: they race to initialise libxml2 */
        cmocka_unit_test(parse_shows_elements_attributes_and_text),
        cmocka_unit_test(namespaces_need_not_be_uris),
        cmocka_unit_test(look_ups_take_null),
        cmocka_unit_test(parse_reads_encodings),
        cmocka_unit_test(parse_what_is_not_well_formed_is_refused),
        cmocka_unit_test(parse_expands_and_fetches_nothing),
        cmocka_unit_test(parse_passes_over_harmless_document_types),
        cmocka_unit_test(parse_has_limits),
        cmocka_unit_test(parse_long_text_comes_whole),
        cmocka_unit_test(parse_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
