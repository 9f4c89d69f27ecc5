/* What of a URL and of a header is not shown. */
#include "http/secret.h"

#include <anycert/transfer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const char *const declared[] = {"Licence", "x.y"};
static const struct anycert__http_settings settings = {.secret_params = declared,
                                                       .secret_param_count = 2};

static const struct {
    const char *name, *url, *shown;
} urls[] = {
    {"nothing secret", "https://h.example/a?b=c&d#e=f", "https://h.example/a?b=c&d#e=f"},
    {"user and password", "https://u:p@h.example/", "https://(hidden)@h.example/"},
    {"user alone", "https://u@h.example", "https://(hidden)@h.example"},
    {"two at signs", "https://u:p@q@h.example/", "https://(hidden)@h.example/"},
    {"at sign in the path", "https://h.example/a@b", "https://h.example/a@b"},
    {"at sign in the query", "https://h.example?a=b@c", "https://h.example?a=b@c"},
    {"no scheme", "//u:p@h.example/x", "//(hidden)@h.example/x"},
    {"a path", "/x?token=1&a=2", "/x?token=(hidden)&a=2"},
    {"widely used names", "http://h/?API_KEY=1&access_token=2&Password=3&sig=4&X-Amz-Signature=5",
     "http://h/?API_KEY=(hidden)&access_token=(hidden)&Password=(hidden)&sig=(hidden)&"
     "X-Amz-Signature=(hidden)"},
    {"declared names", "http://h/?licence=1&x.y=2&xay=3",
     "http://h/?licence=(hidden)&x.y=(hidden)&xay=3"},
    {"an encoded name", "http://h/?%74oken=1&to%6Ben=2",
     "http://h/?%74oken=(hidden)&to%6Ben=(hidden)"},
    {"a name that ends in one", "http://h/?mytoken=1&token2=2", "http://h/?mytoken=1&token2=2"},
    {"no value", "http://h/?token&token=&a", "http://h/?token&token=(hidden)&a"},
    {"a value with everything in it", "http://h/?token=a=b;c=d/e@f", "http://h/?token=(hidden)"},
    {"semicolons", "http://h/?a=1;token=2;b=3&c=4", "http://h/?a=1;token=(hidden)&c=4"},
    {"the fragment", "http://h/#access_token=1&state=2", "http://h/#access_token=(hidden)&state=2"},
    {"a second question mark", "http://h/?a?token=1", "http://h/?a?token=(hidden)"},
    {"a broken escape", "http://h/?to%ken=1&%=2", "http://h/?to%ken=1&%=2"},
    {"empty", "", ""},
};

static void names_of_secrets_are_told(void **state)
{
    (void)state;
    assert_int_equal(anycert_is_secret_header("authorization"), 1);
    assert_int_equal(anycert_is_secret_header("X-VAULT-Token"), 1);
    assert_int_equal(anycert_is_secret_header("X-Vault-Token2"), 0);
    assert_int_equal(anycert_is_secret_header("Accept"), 0);
    assert_int_equal(anycert_is_secret_header(""), 0);
    assert_int_equal(anycert_is_secret_header(NULL), 0);
}

static void url_shown_hides_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char *shown = anycert__url_shown(&settings, urls[i].url);

        assert_non_null(shown);
        if (strcmp(shown, urls[i].shown) != 0)
            fail_msg("%s: %s", urls[i].name, shown);
        anycert__free(shown);
    }
}

static const struct {
    const char *line, *shown;
} lines[] = {
    {"GET /a?key=1 HTTP/1.1", "GET /a?key=(hidden) HTTP/1.1"},
    {"GET http://u:p@h/ HTTP/1.1", "GET http://(hidden)@h/ HTTP/1.1"},
    {"GET /?a=1 HTTP/2", "GET /?a=1 HTTP/2"},
    {"GET /?token=1", "GET /?token=(hidden)"},
    {"HTTP/1.1 302 Found?token=1", "HTTP/1.1 302 Found?token=1"},
    {"Location: https://h/?token=1", "Location: https://h/?token=(hidden)"},
    {"location:/?token=1", "location:/?token=(hidden)"},
    {"Referer: http://u:p@h/", "Referer: http://(hidden)@h/"},
    {"Link: <https://h/?page=2&token=1>; rel=next", "Link: <https://h/?page=2&token=(hidden)"},
    {"Date: Sat, 01 Nov 2025 10:00:00 GMT", "Date: Sat, 01 Nov 2025 10:00:00 GMT"},
    {"X-Note: a?token=1", "X-Note: a?token=1"},
    {" folded?token=1", " folded?token=1"},
    {"", ""},
};

static void header_line_hides_what_urls_hide(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct anycert__buf buf;

        anycert__buf_init(&buf, 1000);
        anycert__buf_add_header_line(&buf, &settings, lines[i].line, strlen(lines[i].line));
        if (strcmp(buf.data ? buf.data : "", lines[i].shown) != 0)
            fail_msg("%s: %s", lines[i].line, buf.data);
        anycert__buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_secrets_are_told),
        cmocka_unit_test(url_shown_hides_secrets),
        cmocka_unit_test(header_line_hides_what_urls_hide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
