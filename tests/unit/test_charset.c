/* Charsets of answers, by name and by look, as UTF-8. */
#include "base/charset.h"

#include "base/mem.h"
#include "base/str.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define R        "\xef\xbf\xbd" /* U+FFFD */

static void assert_decodes(const char *charset, const char *bytes, size_t len, const char *text,
                           size_t text_len)
{
    struct anycert__buf out;

    anycert__buf_init(&out, 1000000);
    assert_int_equal(anycert__charset_decode(&out, charset, bytes, len), 0);
    if (out.len != text_len || (text_len > 0 && memcmp(out.data, text, text_len) != 0))
        fail_msg("%s: '%s' instead of '%s'", charset, out.data ? out.data : "", text);
    anycert__buf_free(&out);
}

static void find_knows_labels_in_any_spelling(void **state)
{
    static const struct {
        const char *label, *charset;
    } rows[] = {
        {"utf-8", "UTF-8"},
        {"UTF8", "UTF-8"},
        {"utf_8", "UTF-8"},
        {"ISO-8859-1", "ISO-8859-1"},
        {"iso8859-1", "ISO-8859-1"},
        {"iso_8859-1:1987", "ISO-8859-1"},
        {"Latin-1", "ISO-8859-1"},
        {"ascii", "US-ASCII"},
        {"windows-1252", "CP1252"},
        {"cp1252", "CP1252"},
        {"windows-1251", "CP1251"},
        {"Shift_JIS", "CP932"},
        {"gb2312", "GBK"},
        {"UTF-16", "UTF-16"},
        {"utf-16be", "UTF-16BE"},
        {"", NULL},
        {"utf-9", NULL},
        {"none", NULL},
        {"base64", NULL},
        {"utf-7", NULL},
        {"UTF-8//IGNORE", NULL},
        {"../../etc/passwd", NULL},
        {"ISO-2022-CN-EXT", NULL},
        {"utf-8\xc3\xa9", NULL},
        {"a-very-long-name-of-a-charset-that-is-none", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *found = anycert__charset_find(rows[i].label, strlen(rows[i].label));

        if (!anycert__str_equal(found, rows[i].charset))
            fail_msg("'%s' is %s", rows[i].label, found ? found : "nothing");
    }
    assert_string_equal(anycert__charset_find("utf-8 and more", 5), "UTF-8");
}

static void guess_goes_by_mark_then_by_validity(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *charset;
        size_t mark_len;
    } rows[] = {
        {"", 0, "UTF-8", 0},
        {"plain", 5, "UTF-8", 0},
        {"\xc3\xa9", 2, "UTF-8", 0},
        {"caf\xe9", 4, "CP1252", 0},
        {"\xef\xbb\xbfx", 4, "UTF-8", 3},
        {"\xff\xfex\0", 4, "UTF-16LE", 2},
        {"\xfe\xff\0x", 4, "UTF-16BE", 2},
        {"\xff\xfe\0\0x\0\0\0", 8, "UTF-32LE", 4},
        {"\0\0\xfe\xff\0\0\0x", 8, "UTF-32BE", 4},
        {"\xef\xbb", 2, "CP1252", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t mark_len = 99;

        assert_string_equal(anycert__charset_guess(rows[i].bytes, rows[i].len, &mark_len),
                            rows[i].charset);
        assert_int_equal(mark_len, rows[i].mark_len);
    }
}

/* The examples of Unicode 3.9, table 3-8 to 3-11, and more. */
static void decode_utf8_replaces_maximal_parts(void **state)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"plain ascii of more than eight bytes", "plain ascii of more than eight bytes"},
        {"\xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xa9", "\xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xa9"},
        {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", R R R R R R R R "A"},
        {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", R R R R R R R R "A"},
        {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", R R R R R "A" R R "B"},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", R R R R "A"},
        {"a\xc3", "a" R},
        {"a\xe2\x82", "a" R},
        {"a\xf0\x9f\x98", "a" R},
        {"a\xf0\x9f\x98z", "a" R "z"},
        {"\xff", R},
        {"12345678\x80"
         "12345678",
         "12345678" R "12345678"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_decodes("UTF-8", rows[i].bytes, strlen(rows[i].bytes), rows[i].text,
                       strlen(rows[i].text));
    assert_decodes("UTF-8", "a\0b", 3, "a\0b", 3);
    assert_decodes("UTF-8", "\xef\xbb\xbfx", 4, "\xef\xbb\xbfx", 4);
}

static void decode_other_charsets(void **state)
{
    static const struct {
        const char *charset, *bytes;
        size_t len;
        const char *text;
    } rows[] = {
        {"ISO-8859-1", "caf\xe9 \x80\xff", 7, "caf\xc3\xa9 \xc2\x80\xc3\xbf"},
        {"CP1252", "\x80\x81 \xe9", 4, "\xe2\x82\xac" R " \xc3\xa9"},
        {"US-ASCII", "a\xe9z", 3, "a" R "z"},
        {"UTF-16", "\xff\xfe\xe9\0", 4, "\xc3\xa9"},
        {"UTF-16", "\xfe\xff\0\xe9", 4, "\xc3\xa9"},
        {"UTF-16", "\xe9\0", 2, "\xc3\xa9"},
        {"UTF-16LE", "\x3d\xd8\x00\xde", 4, "\xf0\x9f\x98\x80"},
        {"UTF-16LE", "\x3d\xd8x\0", 4, R "x"},
        {"UTF-16LE", "x\0y", 3, "x" R},
        {"UTF-16BE", "\xdc\x00\0x", 4, R "x"},
        {"UTF-32", "\xff\xfe\0\0\xe9\0\0\0", 8, "\xc3\xa9"},
        {"UTF-32LE", "\xff\xff\xff\xffx\0\0\0", 8, R "x"},
        {"UTF-32BE", "\0\0\0x\0", 5, "x" R},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_decodes(rows[i].charset, rows[i].bytes, rows[i].len, rows[i].text,
                       strlen(rows[i].text));
}

/* A machine may lack the rarer ones; then it is as if nobody knew them. */
static void decode_rarer_charsets_or_falls_back(void **state)
{
    static const struct {
        const char *charset, *bytes, *text, *fallback;
    } rows[] = {
        {"KOI8-R", "\xf0\xf2", "\xd0\x9f\xd0\xa0", R R},
        {"CP932", "\x83\x65\x5c", "\xe3\x83\x86\\", R "e\\"},
        {"EUC-JP", "\xa5\xc6", "\xe3\x83\x86", R R},
        {"ISO-2022-JP", "\x1b$B%F\x1b(Bx", "\xe3\x83\x86x", "\x1b$B%F\x1b(Bx"},
        {"GBK", "\xc4\xe3\xff", "\xe4\xbd\xa0" R, R R R},
        {"BIG5", "\xa7\x41", "\xe4\xbd\xa0", R "A"},
        {"CP949", "\xb0\xa1", "\xea\xb0\x80", R R},
        {"GB18030", "\x81", R, R},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        iconv_t converter = iconv_open("UTF-8", rows[i].charset);
        const char *text = converter == (iconv_t)-1 ? rows[i].fallback : rows[i].text;

        assert_decodes(rows[i].charset, rows[i].bytes, strlen(rows[i].bytes), text, strlen(text));
        if (converter != (iconv_t)-1)
            iconv_close(converter);
    }
}

static void decode_long_text_in_pieces(void **state)
{
    size_t count = 100000;
    char *bytes = malloc(2 * count + 1);
    char *text = malloc(3 * count + 1);

    (void)state;
    assert_non_null(bytes);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + 2 * i, i % 3 ? "\xac\x20" : "\0\xd8", 2);
        memcpy(text + 3 * i, i % 3 ? "\xe2\x82\xac" : R, 3);
    }
    assert_decodes("UTF-16LE", bytes, 2 * count, text, 3 * count);
    free(text);
    free(bytes);
}

static void decode_without_memory_fails(void **state)
{
    static const char *const charsets[] = {"UTF-8", "ISO-8859-1", "CP1252"};

    (void)state;
    for (size_t i = 0; i < COUNT(charsets); i++) {
        struct anycert__buf out;

        anycert__buf_init(&out, 1000);
        anycert__mem_fail_from(1);
        assert_int_equal(anycert__charset_decode(&out, charsets[i], "a\xe9", 2), -1);
        anycert__mem_fail_from(0);
        anycert__buf_free(&out);
        anycert__buf_init(&out, 1);
        assert_int_equal(anycert__charset_decode(&out, charsets[i], "a\xe9", 2), -1);
        assert_true(out.too_large);
        anycert__buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_knows_labels_in_any_spelling),
        cmocka_unit_test(guess_goes_by_mark_then_by_validity),
        cmocka_unit_test(decode_utf8_replaces_maximal_parts),
        cmocka_unit_test(decode_other_charsets),
        cmocka_unit_test(decode_rarer_charsets_or_falls_back),
        cmocka_unit_test(decode_long_text_in_pieces),
        cmocka_unit_test(decode_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
