#include "base/buf.h"
#include "base/base64.h"
#include "base/str.h"
#include "base/utf8.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void equal_follows_ascii_only(void **state)
{
    (void)state;
    assert_true(anycert__str_equal(NULL, NULL));
    assert_false(anycert__str_equal(NULL, ""));
    assert_true(anycert__str_equal("a", "a"));
    assert_false(anycert__str_equal("a", "A"));
    assert_true(anycert__str_equal_nocase("aZ9-", "Az9-"));
    assert_false(anycert__str_equal_nocase("a", "ab"));
    assert_false(anycert__str_equal_nocase("\xe9", "\xc9"));
    assert_false(anycert__str_equal_nocase("@", "`"));
    assert_true(anycert__str_equal_nocase(NULL, NULL));
    assert_false(anycert__str_equal_nocase("", NULL));
}

/* In a Turkish locale strcasecmp() says that these differ. */
static void counted_words_fold_ascii_only(void **state)
{
    (void)state;
    assert_true(anycert__is_word_nocase("AUTHORIZATION: x", 13, "Authorization"));
    assert_false(anycert__is_word_nocase("Authorization", 12, "Authorization"));
    assert_false(anycert__is_word_nocase("Authorization", 13, "Authorizatio"));
    assert_true(anycert__is_word_nocase("x", 0, ""));
    assert_true(anycert__equal_nocase("GZIP!", "gzip?", 4));
    assert_false(anycert__equal_nocase("GZIP!", "gzip?", 5));
    assert_false(anycert__equal_nocase("\xdd", "\xfd", 1));
}

static void starts_and_ends(void **state)
{
    (void)state;
    assert_true(anycert__str_starts("sha256:x", "sha256:"));
    assert_true(anycert__str_starts("a", ""));
    assert_false(anycert__str_starts("sha", "sha256:"));
    assert_true(anycert__str_starts_nocase("HTTPS://I", "https://i"));
    assert_true(anycert__str_starts_nocase("a", ""));
    assert_false(anycert__str_starts_nocase("HTT", "http"));
    assert_true(anycert__str_ends_nocase("x.PEM", ".pem"));
    assert_true(anycert__str_ends_nocase("x", ""));
    assert_false(anycert__str_ends_nocase("pem", ".pem"));
    char text[] = "aBZ\xc9@[";
    anycert__str_lower(text);
    assert_string_equal(text, "abz\xc9@[");
}

static void has_control_finds_every_one(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'a', (char)(unsigned char)c, 'b'};
        assert_int_equal(anycert__has_control(text, 3), c < 0x20 || c == 0x7f);
    }
    assert_false(anycert__has_control("", 0));
}

static void brackets_are_for_ipv6_addresses(void **state)
{
    static const char *const without[] = {NULL, "", "a.test", "192.0.2.7"};

    (void)state;
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_string_equal(anycert__open_bracket(without[i]), "");
        assert_string_equal(anycert__close_bracket(without[i]), "");
    }
    assert_string_equal(anycert__open_bracket("::1"), "[");
    assert_string_equal(anycert__close_bracket("fe80::1%eth0"), "]");
}

static void is_utf8_table(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t len;
        bool valid;
    } rows[] = {
        {"empty", "", 0, true},
        {"ASCII with NUL", "a\0b", 3, true},
        {"two bytes", "\xc2\x80\xdf\xbf", 4, true},
        {"three bytes", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, true},
        {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true},
        {"overlong NUL", "\xc0\x80", 2, false},
        {"overlong slash", "\xc0\xaf", 2, false},
        {"overlong two", "\xc1\xbf", 2, false},
        {"overlong three", "\xe0\x9f\xbf", 3, false},
        {"overlong four", "\xf0\x8f\xbf\xbf", 4, false},
        {"low surrogate", "\xed\xa0\x80", 3, false},
        {"high surrogate", "\xed\xbf\xbf", 3, false},
        {"beyond the last", "\xf4\x90\x80\x80", 4, false},
        {"five bytes", "\xf8\x88\x80\x80\x80", 5, false},
        {"lone continuation", "\x80", 1, false},
        {"cut", "\xe2\x82", 2, false},
        {"continuation missing", "\xe2\x28\xa1", 3, false},
        {"0xff", "\xff", 1, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (anycert__is_utf8(rows[i].text, rows[i].len) != rows[i].valid)
            fail_msg("%s", rows[i].name);
    }
}

static void utf8_every_character_round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        char bytes[4];
        uint32_t back = 0;
        size_t n = anycert__utf8_encode(c, bytes);
        if (anycert__utf8_decode(bytes, n, &back) != n || back != c)
            fail_msg("U+%04X", (unsigned)c);
    }
}

static void parse_uint_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 7, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"9", 5, false, 0},
        {"", 9, false, 0},
        {"+1", 9, false, 0},
        {"-1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"0x1", 9, false, 0},
        {"1e1", 99, false, 0},
        {NULL, 9, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 4711;
        bool ok = anycert__parse_uint(rows[i].text, rows[i].max, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 4711))
            fail_msg("'%s'", rows[i].text ? rows[i].text : "NULL");
    }
}

static void parse_date_refuses_what_is_no_date(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",           "2026",       "2026-1-01",  "2026-01-1",   "2026-13-01",  "2026-00-01",
        "2026-01-00", "2026-01-32", "2026-04-31", "2025-02-29",  "1900-02-29",  "2026/01/01",
        "20260101",   "+026-01-01", "2026-01-1x", "2026-01-010", " 2026-01-01", "2026-02-30",
    };
    int64_t out = 7;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (anycert__parse_date(rows[i], &out))
            fail_msg("'%s'", rows[i]);
    }
    assert_false(anycert__parse_date(NULL, &out));
    assert_int_equal(out, 7);
}

static void parse_time_takes_what_format_time_writes(void **state)
{
    static const int64_t times[] = {0, -1, 951782399, 951782400, 1769860800, 253402300799};
    static const char *const none[] = {
        "2026-01-31 12:00:00Z",  "2026-01-31T12:00:00",  "2026-01-31T12:00:00z",
        "2026-02-29T12:00:00Z",  "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:60Z",  "2026-01-31T1a:00:00Z", "2026-00-31T12:00:00Z",
        "2026-01-31T12:00:00Z ", "2026-01-31T12-00-00Z", "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[ANYCERT__TIME_SIZE];
        int64_t out = 1;
        anycert__format_time(times[i], text);
        assert_true(anycert__parse_time(text, strlen(text), &out));
        assert_int_equal(out, times[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int64_t out;
        if (anycert__parse_time(none[i], strlen(none[i]), &out))
            fail_msg("'%s' is taken for a time", none[i]);
    }
}

static void base64_of_digests_has_one_spelling(void **state)
{
    uint8_t bytes[32], again[32];
    char text[ANYCERT__BASE64_32 + 1];
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(round * 37 + i * (round % 7 + 1));
        anycert__base64_write_32(bytes, text);
        assert_int_equal(strlen(text), ANYCERT__BASE64_32);
        assert_true(anycert__base64_read_32(text, again));
        assert_memory_equal(bytes, again, sizeof bytes);
    }
    assert_true(anycert__base64_read_32("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", again));
    assert_memory_equal(again, "0123456789abcdef0123456789abcdef", 32);
    /* Other bits behind the digest, other ends, other letters. */
    assert_false(anycert__base64_read_32("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ=", again));
    assert_false(anycert__base64_read_32("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYA", again));
    assert_false(anycert__base64_read_32("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZ-Y=", again));
    assert_false(anycert__base64_read_32("=DEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", again));
}

static bool read_back(const char *text, struct anycert__buf *out)
{
    anycert__buf_reset(out);
    return anycert__base64_read(out, text, strlen(text));
}

static void base64_of_bytes_is_read_back(void **state)
{
    static const struct {
        const char *name, *bytes, *text;
    } rows[] = {
        {"none", "", ""},
        {"one", "f", "Zg=="},
        {"two", "fo", "Zm8="},
        {"three", "foo", "Zm9v"},
        {"lines", "foobarfoo", "Zm9v\nYmFy\nZm9v\n"},
    };
    static const char *const none[] = {"Z",     "Zg",   "Zg=",      "Zg===", "=",
                                       "Zm9v=", "Z===", "Zg==Zg==", "Zm 9v"};
    struct anycert__buf text, bytes;

    (void)state;
    anycert__buf_init(&text, 1000);
    anycert__buf_init(&bytes, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].bytes);
        bool lines = strchr(rows[i].text, '\n') != NULL;

        anycert__buf_reset(&text);
        anycert__base64_add(&text, rows[i].bytes, len, lines ? 4 : 0);
        assert_string_equal(text.data ? text.data : "", rows[i].text);
        assert_true(read_back(rows[i].text, &bytes));
        assert_int_equal(bytes.len, len);
        if (len > 0)
            assert_memory_equal(bytes.data, rows[i].bytes, len);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (read_back(none[i], &bytes))
            fail_msg("'%s' is read", none[i]);
    }
    anycert__buf_free(&text);
    anycert__buf_free(&bytes);
}

static void dates_every_day_agrees_with_the_next(void **state)
{
    (void)state;
    int64_t seconds;
    char text[ANYCERT__DATE_SIZE];
    assert_true(anycert__parse_date("1970-01-01", &seconds));
    assert_int_equal(seconds, 0);
    assert_true(anycert__parse_date("2026-12-31", &seconds));
    assert_int_equal(seconds, INT64_C(1798675200));
    assert_true(anycert__parse_date("0000-01-01", &seconds));
    assert_true(seconds == INT64_C(-62167219200));
    int64_t days = 0;
    for (int64_t t = seconds; t <= INT64_C(253402300799); t += 86400, days++) {
        int64_t back;
        anycert__format_date(t + 86399, text);
        if (!anycert__parse_date(text, &back) || back != t)
            fail_msg("%s", text);
    }
    assert_int_equal(days, 3652425);
}

static void format_time_agrees_with_the_c_library(void **state)
{
    (void)state;
    static const int64_t rows[] = {0,          1,  86399,  86400,     951827696,
                                   1798761599, -1, -86401, 4102444800};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char ours[ANYCERT__TIME_SIZE], theirs[64];
        struct tm tm;
        time_t t = (time_t)rows[i];
        assert_non_null(gmtime_r(&t, &tm));
        assert_true(strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
        anycert__format_time(rows[i], ours);
        assert_string_equal(ours, theirs);
    }
}

static void format_time_far_away_is_the_nearest_end(void **state)
{
    (void)state;
    char text[ANYCERT__TIME_SIZE], date[ANYCERT__DATE_SIZE];
    anycert__format_time(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    anycert__format_time(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    anycert__format_date(INT64_C(253402300800), date);
    assert_string_equal(date, "9999-12-31");
    anycert__format_date(INT64_C(-62167219201), date);
    assert_string_equal(date, "0000-01-01");
}

static void escaped_table(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t len;
        const char *expected;
    } rows[] = {
        {"plain", "abc \"'", 6, "abc \"'"},
        {"control and NUL", "a\0b\x1b\x7f", 5, "a\\x00b\\x1b\\x7f"},
        {"backslash", "a\\x41", 5, "a\\\\x41"},
        {"UTF-8 stays", "\xc3\xbc\xf0\x9f\x98\x80", 6, "\xc3\xbc\xf0\x9f\x98\x80"},
        {"not UTF-8", "\xc3\xbc\xff\xe2\x82", 5, "\xc3\xbc\\xff\\xe2\\x82"},
        {"override", "a\xe2\x80\xae", 4, "a\\xe2\\x80\\xae"},
        {"isolate", "\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6"},
        {"C1", "\xc2\x85", 2, "\\xc2\\x85"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__buf buf;
        anycert__buf_init(&buf, 1000);
        assert_int_equal(anycert__buf_add_escaped(&buf, rows[i].text, rows[i].len), 0);
        if (strcmp(buf.data, rows[i].expected) != 0)
            fail_msg("%s: %s", rows[i].name, buf.data);
        anycert__buf_free(&buf);
    }
    struct anycert__buf small;
    anycert__buf_init(&small, 3);
    assert_int_equal(anycert__buf_add_escaped(&small, "\x01", 1), -1);
    anycert__buf_free(&small);
}

static void closest_table(void **state)
{
    (void)state;
    static const char *const names[] = {"expired", "wrong-host", "self-signed", "tls1.0",
                                        "tls1.1",  "ca",         "no-sni"};
    static const struct {
        const char *word, *expected;
    } rows[] = {
        {"expired", "expired"},
        {"EXPIRED", "expired"},
        {"expird", "expired"},
        {"exipred", "expired"},
        {"wrong_host", "wrong-host"},
        {"wronghost", "wrong-host"},
        {"selfsigned", "self-signed"},
        {"tls1.2", "tls1.0"},
        {"tlsv1.1", "tls1.1"},
        {"cs", "ca"},
        {"x", NULL},
        {"xyz", NULL},
        {"", NULL},
        {"insecure", NULL},
        {"nosni", "no-sni"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *found = anycert__closest(rows[i].word, names, COUNT(names));
        if (!anycert__str_equal(found, rows[i].expected))
            fail_msg("'%s' gives %s", rows[i].word, found ? found : "nothing");
    }
    assert_null(anycert__closest("a", NULL, 0));
}

int main(void)
{
    /* The results must not depend on the user's locale. */
    setlocale(LC_ALL, "");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_follows_ascii_only),
        cmocka_unit_test(counted_words_fold_ascii_only),
        cmocka_unit_test(starts_and_ends),
        cmocka_unit_test(has_control_finds_every_one),
        cmocka_unit_test(brackets_are_for_ipv6_addresses),
        cmocka_unit_test(is_utf8_table),
        cmocka_unit_test(utf8_every_character_round_trips),
        cmocka_unit_test(parse_uint_table),
        cmocka_unit_test(parse_date_refuses_what_is_no_date),
        cmocka_unit_test(parse_time_takes_what_format_time_writes),
        cmocka_unit_test(base64_of_digests_has_one_spelling),
        cmocka_unit_test(base64_of_bytes_is_read_back),
        cmocka_unit_test(dates_every_day_agrees_with_the_next),
        cmocka_unit_test(format_time_agrees_with_the_c_library),
        cmocka_unit_test(format_time_far_away_is_the_nearest_end),
        cmocka_unit_test(escaped_table),
        cmocka_unit_test(closest_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
