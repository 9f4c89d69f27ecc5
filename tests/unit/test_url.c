/* URLs that two readers may read differently are refused; what is accepted means the same to us and
 * to libcurl. */
#include "http/url.h"

#include "base/str.h"

#include <curl/curl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct accepted {
    const char *name, *url;
    const char *text, *host;
    uint16_t port;
    const char *user, *password;
};

static const struct accepted accepted[] = {
    {"no path", "https://localhost", "https://localhost/", "localhost", 443, NULL, NULL},
    {"upper case", "HTTPS://LocalHost:443/A", "https://localhost:443/A", "localhost", 443, NULL,
     NULL},
    {"plain", "http://localhost", "http://localhost/", "localhost", 80, NULL, NULL},
    {"the other scheme's port", "http://localhost:443/", "http://localhost:443/", "localhost", 443,
     NULL, NULL},
    {"empty port", "https://localhost:/", "https://localhost/", "localhost", 443, NULL, NULL},
    {"last port", "https://localhost:65535/", "https://localhost:65535/", "localhost", 65535, NULL,
     NULL},
    {"port with a zero", "https://localhost:0443/", "https://localhost:443/", "localhost", 443,
     NULL, NULL},
    {"user and password", "https://user:pass@localhost/", "https://localhost/", "localhost", 443,
     "user", "pass"},
    {"user", "https://user@localhost/", "https://localhost/", "localhost", 443, "user", NULL},
    {"password without user", "https://:pw@localhost/", "https://localhost/", "localhost", 443, "",
     "pw"},
    {"nobody", "https://@localhost/", "https://localhost/", "localhost", 443, NULL, NULL},
    {"nobody with a colon", "https://:@localhost/", "https://localhost/", "localhost", 443, NULL,
     NULL},
    {"encoded user", "https://us%40er:p%3Aw@localhost/", "https://localhost/", "localhost", 443,
     "us@er", "p:w"},
    {"user beyond ASCII", "https://ü:ö@localhost/", "https://localhost/", "localhost", 443, "ü",
     "ö"},
    {"at sign in the path", "https://localhost/@me:x", "https://localhost/@me:x", "localhost", 443,
     NULL, NULL},
    {"address", "https://127.0.0.1/", "https://127.0.0.1/", "127.0.0.1", 443, NULL, NULL},
    {"IPv6", "https://[::1]/", "https://[::1]/", "[::1]", 443, NULL, NULL},
    {"IPv6 with an empty port", "https://[::1]:/", "https://[::1]/", "[::1]", 443, NULL, NULL},
    {"IPv6 written out", "https://[0:0:0:0:0:0:0:1]:8443/", "https://[::1]:8443/", "[::1]", 8443,
     NULL, NULL},
    {"IPv6 in upper case", "https://[FE80::AB]/", "https://[fe80::ab]/", "[fe80::ab]", 443, NULL,
     NULL},
    {"IPv4 in IPv6", "https://[::ffff:127.0.0.1]/", "https://[::ffff:127.0.0.1]/",
     "[::ffff:127.0.0.1]", 443, NULL, NULL},
    {"zone", "https://[fe80::1%25eth0]/", "https://[fe80::1%25eth0]/", "[fe80::1%eth0]", 443, NULL,
     NULL},
    {"zone behind upper case", "https://[FE80::1%25eth0]/", "https://[fe80::1%25eth0]/",
     "[fe80::1%eth0]", 443, NULL, NULL},
    {"zone as people write it", "https://[fe80::1%eth0]/", "https://[fe80::1%25eth0]/",
     "[fe80::1%eth0]", 443, NULL, NULL},
    {"trailing dot", "https://localhost./", "https://localhost./", "localhost.", 443, NULL, NULL},
    {"underscore", "https://a_b.test/", "https://a_b.test/", "a_b.test", 443, NULL, NULL},
    {"U-label", "https://bücher.test/", "https://xn--bcher-kva.test/", "xn--bcher-kva.test", 443,
     NULL, NULL},
    {"U-label in upper case", "https://BÜCHER.test/", "https://xn--bcher-kva.test/",
     "xn--bcher-kva.test", 443, NULL, NULL},
    {"sharp s stays one", "https://faß.test/", "https://xn--fa-hia.test/", "xn--fa-hia.test", 443,
     NULL, NULL},
    {"A-label in upper case", "https://XN--BCHER-KVA.test/", "https://xn--bcher-kva.test/",
     "xn--bcher-kva.test", 443, NULL, NULL},
    {"Cyrillic look-alike", "https://аррӏе.test/", "https://xn--80ak6aa92e.test/",
     "xn--80ak6aa92e.test", 443, NULL, NULL},
    {"dot segments", "https://localhost/a/../b/./c", "https://localhost/b/c", "localhost", 443,
     NULL, NULL},
    {"space in the path", "https://localhost/a b", "https://localhost/a%20b", "localhost", 443,
     NULL, NULL},
    {"spaces in the query", "https://localhost/?a=b c+d&e= ", "https://localhost/?a=b%20c+d&e=%20",
     "localhost", 443, NULL, NULL},
    {"space in the password", "https://me:pass word@localhost/a b", "https://localhost/a%20b",
     "localhost", 443, "me", "pass word"},
    {"empty query", "https://localhost/?", "https://localhost/", "localhost", 443, NULL, NULL},
    {"query without path", "https://localhost?x=1", "https://localhost/?x=1", "localhost", 443,
     NULL, NULL},
    {"fragment without path", "https://localhost#frag", "https://localhost/", "localhost", 443,
     NULL, NULL},
    {"at sign in a query without path", "https://localhost?@evil.test",
     "https://localhost/?@evil.test", "localhost", 443, NULL, NULL},
    {"at sign in a fragment", "https://localhost#@evil.test", "https://localhost/", "localhost",
     443, NULL, NULL},
    {"URL in the query", "https://localhost/?to=http://x/", "https://localhost/?to=http://x/",
     "localhost", 443, NULL, NULL},
};

/* What libcurl makes of the text is what it will connect to. */
static void assert_libcurl_agrees(const struct anycert__url *url)
{
    CURLU *handle = curl_url();
    char *host = NULL;
    char *zone = NULL;
    char *port = NULL;
    char *part = NULL;
    char whole[300];

    assert_non_null(handle);
    assert_int_equal(curl_url_set(handle, CURLUPART_URL, url->text, 0), CURLUE_OK);
    assert_int_equal(curl_url_get(handle, CURLUPART_HOST, &host, 0), CURLUE_OK);
    assert_int_equal(curl_url_get(handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT), CURLUE_OK);
    if (curl_url_get(handle, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
        snprintf(whole, sizeof whole, "%.*s%%%s]", (int)strlen(host) - 1, host, zone);
    else
        snprintf(whole, sizeof whole, "%s", host);
    assert_string_equal(whole, url->host);
    assert_int_equal(strtol(port, NULL, 10), url->port);
    assert_int_equal(curl_url_get(handle, CURLUPART_USER, &part, 0), CURLUE_NO_USER);
    assert_int_equal(curl_url_get(handle, CURLUPART_PASSWORD, &part, 0), CURLUE_NO_PASSWORD);
    assert_int_equal(curl_url_get(handle, CURLUPART_FRAGMENT, &part, 0), CURLUE_NO_FRAGMENT);
    curl_free(host);
    curl_free(zone);
    curl_free(port);
    curl_url_cleanup(handle);
}

/* The text, read again, is itself. */
static void assert_text_is_stable(const struct anycert__url *url)
{
    struct anycert__url again;
    struct anycert_error err = {0};

    assert_int_equal(anycert__url_parse(url->text, &again, &err), 0);
    assert_string_equal(again.text, url->text);
    assert_string_equal(again.host, url->host);
    assert_string_equal(again.origin, url->origin);
    assert_null(again.user);
    anycert__url_clear(&again);
}

static void assert_same(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got ? got : "(null)", wanted);
    else
        assert_null(got);
}

static void parse_accepted_url_gives_its_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        const struct accepted *row = &accepted[i];
        struct anycert__url url;
        struct anycert_error err = {0};
        char origin[300];

        if (anycert__url_parse(row->url, &url, &err) != 0)
            fail_msg("%s: %s", row->name, err.message);
        assert_int_equal(err.code, 0);
        if (strcmp(url.text, row->text) != 0 || strcmp(url.host, row->host) != 0)
            fail_msg("%s: read as %s at %s", row->name, url.text, url.host);
        assert_int_equal(url.port, row->port);
        assert_same(url.user, row->user);
        assert_same(url.password, row->password);
        snprintf(origin, sizeof origin, "%s://%s:%u",
                 strncasecmp(row->url, "https", 5) == 0 ? "https" : "http", row->host, row->port);
        assert_string_equal(url.origin, origin);
        assert_int_equal(url.https, strncmp(origin, "https", 5) == 0);
        assert_libcurl_agrees(&url);
        assert_text_is_stable(&url);
        anycert__url_clear(&url);
    }
}

static const struct {
    const char *name, *url, *says;
} refused[] = {
    {"empty", "", "URL is empty"},
    {"port 0", "https://localhost:0/", "no port between 1 and 65535"},
    {"port 65536", "https://localhost:65536/", "no port between 1 and 65535"},
    {"signed port", "https://localhost:+443/", "no port between 1 and 65535"},
    {"port with a space", "https://localhost: 443/", "no port between 1 and 65535"},
    {"hexadecimal port", "https://localhost:0x1bb/", "no port between 1 and 65535"},
    {"two ports", "https://localhost:443:443/", "several colons in its host"},
    {"two at signs", "https://a@b@localhost/", "more than one '@'"},
    {"slash in a password", "https://user:hunter/2@localhost/", "no port between 1 and 65535"},
    {"question mark in a password", "https://user:hunter?2@localhost/",
     "no port between 1 and 65535"},
    {"hash in a password", "https://user:hunter#2@localhost/", "no port between 1 and 65535"},
    {"encoded CR in the user", "https://us%0der@localhost/", "encoded control character"},
    {"encoded LF in the password", "https://user:%0aX@localhost/", "encoded control character"},
    {"encoded NUL in the password", "https://user:%00@localhost/", "encoded control character"},
    {"bracket in the user", "https://[::1]@localhost/", "bracket in its user or password"},
    {"backslash before an at sign", "https://good.test\\@evil.test/", "backslash"},
    {"backslashes for slashes", "https:\\\\localhost\\", "backslash"},
    {"backslash in the path", "https://localhost/\\x", "backslash"},
    {"one slash", "https:/localhost/", "no // behind its scheme"},
    {"no slash", "https:localhost", "no // behind its scheme"},
    {"three slashes", "https:///localhost/", "no host"},
    {"four slashes", "https:////localhost/", "no host"},
    {"no scheme but slashes", "//localhost/", "no scheme; write https://"},
    {"name alone", "localhost", "no scheme; write https://"},
    {"name and port", "localhost:8443/x", "no scheme; write https://"},
    {"no colon", "https//localhost", "no scheme; write https://"},
    {"space in front", " https://localhost/", "no scheme; write https://"},
    {"space in the scheme", "http s://localhost/", "no scheme; write https://"},
    {"password without scheme", "user:hunter2@localhost/", "no scheme; write https://"},
    {"password behind one slash", "https:/user:hunter2@localhost/", "no // behind its scheme"},
    {"ftp", "ftp://localhost/", "another scheme than http or https"},
    {"file", "file:///etc/passwd", "another scheme than http or https"},
    {"file in upper case", "FILE:/etc/passwd", "another scheme than http or https"},
    {"unix", "unix:/run/x", "another scheme than http or https"},
    {"script", "javascript:alert(1)", "another scheme than http or https"},
    {"httpsx", "httpsx://localhost/", "another scheme than http or https"},
    {"nothing behind the scheme", "https://", "no host"},
    {"port without host", "https://:443/", "no host"},
    {"query without host", "https://?q", "no host"},
    {"fragment without host", "https://#f", "no host"},
    {"user without host", "https://user@/", "no host"},
    {"space in the host", "https://local host/", "malformed"},
    {"tab", "https://local\thost/", "control characters"},
    {"LF", "https://localhost/\nHost: evil.test", "control characters"},
    {"CR", "https://localhost/\r", "control characters"},
    {"DEL", "https://localhost/\x7f", "control characters"},
    {"not UTF-8", "https://localhost/\xff", "not UTF-8"},
    {"encoded slash in the host", "https://localhost%2fevil/", "percent sign in its host"},
    {"encoded letter in the host", "https://loc%61lhost/", "percent sign in its host"},
    {"encoded NUL in the host", "https://localhost%00.evil.test/", "percent sign in its host"},
    {"ideographic full stop in front", "https://。localhost/", "look-alike"},
    {"ideographic full stops", "https://127。0。0。1/", "write '127.0.0.1'"},
    {"fullwidth full stop", "https://127．0．0．1/", "write '127.0.0.1'"},
    {"fullwidth digits", "https://１２７.0.0.1/", "write '127.0.0.1'"},
    {"fullwidth letter", "https://ｌocalhost/", "write 'localhost'"},
    {"zero width space",
     "https://a\u200b"
     "b.test/",
     "write 'ab.test'"},
    {"soft hyphen",
     "https://a\u00ad"
     "b.test/",
     "write 'ab.test'"},
    {"symbol", "https://ex☃.test/", "no internationalised name"},
    {"octal address", "https://0177.0.0.1/", "write it that way"},
    {"hexadecimal address", "https://0x7f.0.0.1/", "write it that way"},
    {"one hexadecimal number", "https://0x7f000001/", "write it that way"},
    {"one number", "https://2130706433/", "write it that way"},
    {"address of two numbers", "https://127.1/", "write it that way"},
    {"address of three numbers", "https://127.0.1/", "write it that way"},
    {"address with a dot", "https://127.0.0.1./", "'127.0.0.1.' ends in a number"},
    {"address out of range", "https://127.0.0.256/", "ends in a number"},
    {"five numbers", "https://1.2.3.4.5/", "ends in a number"},
    {"number as top-level domain", "https://a.123/", "ends in a number"},
    {"hexadecimal top-level domain", "https://a.0x1f/", "ends in a number"},
    {"open bracket", "https://[::1/", "malformed IPv6"},
    {"closing bracket", "https://localhost]/", "malformed"},
    {"IPv6 without brackets", "https://::1/", "no host"},
    {"IPv6 without brackets, too", "https://2001:db8::1/", "write an IPv6 address in brackets"},
    {"text behind the bracket", "https://[::1]x/", "malformed IPv6"},
    {"no IPv6 in brackets", "https://[::g]/", "malformed"},
    {"IPv4 in brackets", "https://[127.0.0.1]/", "malformed"},
    {"name in brackets", "https://[localhost]/", "malformed"},
    {"empty brackets", "https://[]/", "malformed"},
    {"empty zone", "https://[::1%25]/", "malformed zone"},
    {"zone with a space", "https://[fe80::1%25a b]/", "malformed zone"},
    {"zone with encoded bytes", "https://[fe80::1%25a%0d%0a]/", "malformed zone"},
    {"two trailing dots", "https://localhost../", "no host name"},
    {"leading dot", "https://.localhost/", "no host name"},
    {"empty label", "https://a..b/", "no host name"},
    {"long label", "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test/",
     "no host name"},
    {"exclamation mark in the host", "https://localhost!/", "malformed"},
    {"wildcard", "https://*.test/", "malformed"},
    {"comma in the host", "https://good.test,evil.test/", "malformed"},
    {"semicolon in the host", "https://localhost;x/", "malformed"},
    {"quotes", "https://\"localhost\"/", "malformed"},
    {"angle brackets", "<https://localhost/>", "no scheme; write https://"},
    {"bar in the host", "https://host|x/", "no host name"},
};

/* One sentence, and none of it from the password. */
static void assert_is_sentence(const char *name, const struct anycert_error *err)
{
    size_t len = strlen(err->message);

    if (len == 0 || err->message[len - 1] == '.' || anycert__has_control(err->message, len) ||
        !anycert__is_utf8(err->message, len))
        fail_msg("%s: '%s' is no sentence", name, err->message);
    if (strstr(err->message, "hunter"))
        fail_msg("%s: the message tells the password: %s", name, err->message);
}

static void parse_odd_url_is_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct anycert__url url;
        struct anycert_error err = {0};

        if (anycert__url_parse(refused[i].url, &url, &err) == 0)
            fail_msg("%s: read as %s", refused[i].name, url.text);
        assert_int_equal(err.code, ANYCERT_E_URL);
        if (!strstr(err.message, refused[i].says))
            fail_msg("%s: %s", refused[i].name, err.message);
        assert_is_sentence(refused[i].name, &err);
        assert_null(url.text);
        assert_null(url.user);
    }
}

static void parse_null_or_long_url_is_refused(void **state)
{
    struct anycert__url url;
    struct anycert_error err = {0};
    char *longest = malloc(70000);

    (void)state;
    assert_non_null(longest);
    memset(longest, 'a', 70000);
    memcpy(longest, "https://localhost/", 18);
    longest[69999] = '\0';
    assert_int_equal(anycert__url_parse(NULL, &url, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert__url_parse(longest, &url, &err), -1);
    assert_string_equal(err.message, "URL is longer than 65536 bytes");
    longest[65536] = '\0';
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert__url_parse(longest, &url, &err), 0);
    anycert__url_clear(&url);
    free(longest);
}

static void parse_message_about_long_url_stays_utf8(void **state)
{
    struct anycert__url url;
    struct anycert_error err;
    char text[512];

    (void)state;
    /* Wherever the cut falls, it does not fall into a character. */
    for (size_t shift = 0; shift < 3; shift++) {
        size_t used = (size_t)snprintf(text, sizeof text, "ftp://%.*s", (int)shift, "xx");

        for (int i = 0; i < 60; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "☃");
        memset(&err, 0, sizeof err);
        assert_int_equal(anycert__url_parse(text, &url, &err), -1);
        assert_is_sentence("long URL", &err);
    }
}

static const struct {
    const char *name, *reference;
    const char *text; /* NULL: refused */
} references[] = {
    {"absolute path", "/x", "https://localhost:8443/x"},
    {"relative path", "x", "https://localhost:8443/a/x"},
    {"up", "../x", "https://localhost:8443/x"},
    {"up too far", "../../../x", "https://localhost:8443/x"},
    {"query", "?z=1", "https://localhost:8443/a/b?z=1"},
    {"fragment", "#x", "https://localhost:8443/a/b?c=d"},
    {"path and query", "/x?y=1#z", "https://localhost:8443/x?y=1"},
    {"URL in the query", "/login?next=https://evil.test/",
     "https://localhost:8443/login?next=https://evil.test/"},
    {"URL in a relative query", "login?next=http://evil.test/",
     "https://localhost:8443/a/login?next=http://evil.test/"},
    {"space", "/a b", "https://localhost:8443/a%20b"},
    {"spaces everywhere", "a b//c d?e f=g h", "https://localhost:8443/a/a%20b//c%20d?e%20f=g%20h"},
    {"colon in a path", "./a:b", "https://localhost:8443/a/a:b"},
    {"absolute", "https://other.test/x", "https://other.test/x"},
    {"absolute in upper case", "HTTP://OTHER.test/x", "http://other.test/x"},
    {"user and password", "https://user:pw@other.test/", "https://other.test/"},
    {"host alone", "//other.test/x", "https://other.test/x"},
    {"host alone with a user", "//user@other.test:1/x", "https://other.test:1/x"},
    {"empty", "", NULL},
    {"three slashes", "///other.test/", NULL},
    {"one slash behind the scheme", "https:/other.test/", NULL},
    {"path behind the scheme", "https:x", NULL},
    {"file", "file:///etc/passwd", NULL},
    {"file with one slash", "file:/etc/passwd", NULL},
    {"ftp", "ftp://localhost/x", NULL},
    {"unix", "unix:/run/x", NULL},
    {"script", "javascript:alert(1)", NULL},
    {"backslashes", "\\\\evil.test\\", NULL},
    {"slash and backslash", "/\\evil.test/", NULL},
    {"CR", "/x\rSet-Cookie: a", NULL},
    {"octal address", "//0177.0.0.1/", NULL},
    {"encoded host", "//localhost%2eevil.test/", NULL},
    {"two at signs", "//a@b@localhost/", NULL},
    {"not UTF-8", "/\xe9", NULL},
    {"port out of range", "https://other.test:99999/", NULL},
};

static void resolve_reference_table(void **state)
{
    struct anycert__url base;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert__url_parse("https://me:secret@localhost:8443/a/b?c=d#e", &base, &err),
                     0);
    for (size_t i = 0; i < COUNT(references); i++) {
        struct anycert__url url;
        int result = 0;

        memset(&err, 0, sizeof err);
        result = anycert__url_resolve(&base, references[i].reference, &url, &err);
        if (references[i].text == NULL) {
            if (result == 0)
                fail_msg("%s: led to %s", references[i].name, url.text);
            assert_int_equal(err.code, ANYCERT_E_URL);
            assert_is_sentence(references[i].name, &err);
            assert_null(url.text);
            continue;
        }
        if (result != 0)
            fail_msg("%s: %s", references[i].name, err.message);
        assert_string_equal(url.text, references[i].text);
        assert_null(url.user);
        assert_null(url.password);
        assert_libcurl_agrees(&url);
        anycert__url_clear(&url);
    }
    anycert__url_clear(&base);
}

static void same_origin_compares_scheme_host_and_port(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"https://localhost/a", "https://LOCALHOST:443/b", true},
        {"https://localhost/", "http://localhost/", false},
        {"https://localhost:80/", "http://localhost:80/", false},
        {"https://localhost/", "https://localhost:8443/", false},
        {"https://localhost/", "https://localhost./", false},
        {"https://localhost/", "https://127.0.0.1/", false},
        {"https://[::1]/", "https://[0:0::1]/", true},
        {"https://bücher.test/", "https://xn--bcher-kva.test/", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__url a;
        struct anycert__url b;

        assert_int_equal(anycert__url_parse(rows[i].a, &a, NULL), 0);
        assert_int_equal(anycert__url_parse(rows[i].b, &b, NULL), 0);
        assert_int_equal(anycert__url_same_origin(&a, &b), rows[i].same);
        anycert__url_clear(&a);
        anycert__url_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_accepted_url_gives_its_parts),
        cmocka_unit_test(parse_odd_url_is_refused_with_the_reason),
        cmocka_unit_test(parse_null_or_long_url_is_refused),
        cmocka_unit_test(parse_message_about_long_url_stays_utf8),
        cmocka_unit_test(resolve_reference_table),
        cmocka_unit_test(same_origin_compares_scheme_host_and_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
