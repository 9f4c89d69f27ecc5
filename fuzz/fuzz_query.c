/* The first line is a base URL, the second a suffix, or a name and value. Encoded, they have only
 * what may stand in a URL and decode to what they were; re-quoted once more they stay the same; a
 * suffix never leads away from the base's origin. */
#include "client/query.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/fields.h"
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_form(const char *text, enum anycert_query_encoding encoding)
{
    size_t len = anycert__form_encode(text, encoding, NULL);
    char *out = malloc(len + 1);
    const char *p = out;

    require(out && anycert__form_encode(text, encoding, out) == len);
    out[len] = '\0';
    for (; *text; text++) {
        const char pair[3] = {p[0], p[0] ? p[1] : '\0', '\0'};

        require(strspn(pair,
                       "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~%+") > 0);
        if (*p == '%') {
            const char code[3] = {p[1], p[2], '\0'};

            require((unsigned char)*text == strtoul(code, NULL, 16));
            p += 3;
        } else {
            require(*p == '+' ? *text == ' ' && encoding == ANYCERT_QUERY_PLUS : *p == *text);
            p++;
        }
    }
    require(*p == '\0');
    free(out);
}

static void check_requote(const char *text, enum anycert__component component)
{
    struct anycert__buf once;
    struct anycert__buf twice;

    anycert__buf_init(&once, 4 * strlen(text));
    anycert__buf_init(&twice, 4 * strlen(text));
    anycert__requote(&once, text, strlen(text), component);
    require(!once.failed);
    if (once.data) {
        anycert__requote(&twice, once.data, once.len, component);
        require(!twice.failed && strcmp(once.data, twice.data) == 0);
        require(!strpbrk(once.data, " \"<>[]\\^`{|}#") &&
                !anycert__has_control(once.data, once.len));
        for (const char *p = once.data; *p; p++)
            require((unsigned char)*p < 0x80);
    }
    anycert__buf_free(&once);
    anycert__buf_free(&twice);
}

static void check_join(const char *base, const char *suffix)
{
    struct anycert_error err = {0};
    char *joined = anycert_url_join(base, suffix, &err);
    struct anycert__url from = {0};
    struct anycert__url to = {0};

    if (!joined) {
        require(err.code == ANYCERT_E_URL &&
                !anycert__has_control(err.message, strlen(err.message)));
        return;
    }
    require(err.code == 0 && anycert__url_parse(base, &from, NULL) == 0);
    require(anycert__url_parse(joined, &to, NULL) == 0 && anycert__url_same_origin(&from, &to));
    require(anycert__str_equal(from.user, to.user) &&
            anycert__str_equal(from.password, to.password));
    anycert__url_clear(&from);
    anycert__url_clear(&to);
    anycert_free(joined);
}

static void check_query(const char *query, const char *value)
{
    struct anycert__fields params = {0};
    struct anycert__url parsed = {0};
    char *url = NULL;

    require(anycert__fields_add(&params, value, value, NULL) == 0);
    url = anycert__url_with_query("https://localhost/", query, &params, ANYCERT_QUERY_PLUS, NULL);
    if (url) {
        require(anycert__url_parse(url, &parsed, NULL) == 0);
        require(strcmp(parsed.text, url) == 0); /* nothing is left to do for libcurl */
    }
    anycert__url_clear(&parsed);
    anycert_free(url);
    anycert__fields_clear(&params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *second = NULL;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    second = strchr(text, '\n');
    if (second)
        *second++ = '\0';
    check_form(text, ANYCERT_QUERY_PLUS);
    check_form(text, ANYCERT_QUERY_PERCENT);
    check_requote(text, ANYCERT__COMPONENT_PATH);
    check_requote(text, ANYCERT__COMPONENT_QUERY);
    check_join(text, second);
    check_join("https://me:pass@localhost:8443/api", text);
    check_query(text, second ? second : "");
    free(text);
    return 0;
}
