/* Servers that repeat in their answers what a request was sent with: in nothing that the library
 * shows of them can it be read. */
#include "client/floor.h"
#include "client/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

#define USER   "al1ce"
#define SECRET "s3cret-of-alice"
#define BASE64 "YWwxY2U6czNjcmV0LW9mLWFsaWNl" /* both, with a colon between */

enum kind {
    URL_USER,
    REQUEST_USER,
    CLIENT_BASIC,
    CLIENT_BEARER,
    CLIENT_KEY_HEADER,
    CLIENT_KEY_QUERY,
    FIELD_BEARER,
    FIELD_OF_CLIENT,
    FIELD_DECLARED,
    FIELD_WELL_KNOWN,
    PARAM_DECLARED,
    PARAM_WELL_KNOWN,
    PARAM_ENCODED,
    KINDS
};

static struct anycert_auth *auth_of(enum kind kind)
{
    if (kind == CLIENT_BASIC)
        return anycert_auth_basic(USER, SECRET, NULL);
    if (kind == CLIENT_BEARER)
        return anycert_auth_bearer(SECRET, NULL);
    if (kind == CLIENT_KEY_HEADER)
        return anycert_auth_api_key_header("X-Key", SECRET, NULL);
    return kind == CLIENT_KEY_QUERY ? anycert_auth_api_key_query("k", SECRET, NULL) : NULL;
}

static struct anycert_config *config_of(enum kind kind)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_auth *auth = auth_of(kind);

    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Mine", NULL), 0);
    assert_int_equal(anycert_config_add_secret_param(config, "mine", NULL), 0);
    if (kind == FIELD_OF_CLIENT)
        assert_int_equal(anycert_config_add_header(config, "X-Mine", SECRET, NULL), 0);
    anycert_auth_free(auth);
    return config;
}

static struct anycert_request *request_of(enum kind kind, const struct canned *canned)
{
    struct anycert_request *request = NULL;
    const char *query = kind == PARAM_DECLARED     ? "?a=b&mine=" SECRET "&c=d"
                        : kind == PARAM_WELL_KNOWN ? "?a=b;access_token=" SECRET "#c"
                        : kind == PARAM_ENCODED    ? "?api_key=s3cret%2Dof%2dalice"
                                                   : "";
    char url[128];

    snprintf(url, sizeof url, "http://%slocalhost:%u/page%s",
             kind == URL_USER ? USER ":" SECRET "@" : "", (unsigned)canned_port(canned), query);
    request = floor_request("GET", url);
    if (kind == REQUEST_USER)
        assert_int_equal(anycert_request_set_basic_auth(request, USER, SECRET, NULL), 0);
    if (kind == FIELD_BEARER)
        floor_header(request, "Authorization", "Bearer " SECRET);
    if (kind == FIELD_DECLARED)
        floor_header(request, "X-Mine", SECRET);
    if (kind == FIELD_WELL_KNOWN)
        floor_header(request, "X-Api-Key", SECRET);
    return request;
}

static bool is_basic(enum kind kind)
{
    return kind == URL_USER || kind == REQUEST_USER || kind == CLIENT_BASIC;
}

/* An answer that is an error in one of three ways; the error. */
static int answer(struct canned *canned, unsigned way, const char *said)
{
    if (way == 0) {
        canned_text(canned, CANNED_CLOSE,
                    "HTTP/1.1 403 No %s\r\nX-Echo: [%s]\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n{\"you\": \"%s\"}",
                    said, said, strlen(said) + 11, said);
        return ANYCERT_E_HTTP_STATUS;
    }
    if (way == 1) {
        canned_text(canned, CANNED_CLOSE,
                    "HTTP/1.1 302 %s\r\nLocation: ftp://a.test/%s\r\nContent-Length: 0\r\n\r\n",
                    said, said);
        return ANYCERT_E_REDIRECTS;
    }
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 200 %s\r\nContent-Encoding: %s, gzip\r\nContent-Length: 1\r\n\r\nx", said,
                said);
    return ANYCERT_E_BODY_ENCODING;
}

/* But for the URL that the caller gave, of which a response tells him as it is. */
static void hides(struct witness *witness, enum kind kind, const char *text)
{
    const char *line = witness_text(witness);

    if (kind < PARAM_DECLARED) {
        witness_hides(witness, text);
        return;
    }
    while (*line) {
        const char *found = strstr(line, text);
        size_t len = strcspn(line, "\n");

        if (found && found < line + len && strncmp(line, "url ", 4) != 0 &&
            strncmp(line, "hop ", 4) != 0)
            fail_msg("'%s' can be read: %.*s", text, (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void repeated_secrets_are_hidden(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (unsigned i = 0; i < (is_basic(kind) ? 6 : 3); i++) {
            struct canned *canned = canned_start(false);
            struct anycert_config *config = config_of(kind);
            struct witness *witness = witness_new(config);
            struct anycert_client *client = floor_client_of(config);
            int code = answer(canned, i % 3, i < 3 ? SECRET : BASE64);

            assert_int_equal(witness_call(witness, client, request_of(kind, canned), NULL), code);
            hides(witness, kind, SECRET);
            hides(witness, kind, BASE64);
            witness_shows(witness, "(hidden)");
            anycert_client_free(client);
            witness_free(witness);
            canned_stop(canned);
        }
    }
}

/* What stands in the URL of a request is not said again with the status of its answer. */
static void secret_parameters_are_in_no_message(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request =
        floor_request("GET", floor_url("good", "status/404?id=7&access_token=" SECRET));
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    char *text = NULL;

    (void)state;
    assert_int_equal(anycert_client_call(client, request, &response, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_HTTP_STATUS);
    assert_non_null(strstr(err.message, "status/404?id=7&access_token=(hidden) answered"));
    assert_null(strstr(err.message, SECRET));
    text = anycert_response_report_json(request, response, &err, NULL);
    assert_null(strstr(text, SECRET));
    anycert_free(text);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_secrets_are_hidden),
        cmocka_unit_test(secret_parameters_are_in_no_message),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
