/* No block is given back with a secret in it, whatever a client and its requests have been given.
 */
#include "client/floor.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Long enough to make buffers grow behind it. Only its end is looked for: the allocator writes its
 * own into the beginning of what it is given back. */
#define SECRET "0123456789012345678901234567890123456789-the-s3cret-end"
#define END    "-the-s3cret-end"

/* ---- what is given back */

static atomic_uint found;
static char where[64]; /* the first block */

static void look(const void *p)
{
    size_t size = malloc_usable_size((void *)(size_t)p);
    const char *text = p;

    for (size_t i = 0; i + sizeof END - 1 <= size; i++) {
        if (memcmp(text + i, END, sizeof END - 1) != 0)
            continue;
        if (atomic_fetch_add(&found, 1) == 0)
            snprintf(where, sizeof where, "%.*s", (int)strnlen(text, sizeof where - 1), text);
        return;
    }
}

/* ---- what may be given */

enum place {
    URL_USER,
    URL_PARAMETER,
    REQUEST_USER,
    ADDED_PARAMETER,
    SET_QUERY,
    REQUEST_FIELD,
    CLIENT_FIELD,
    BODY,
    JSON,
    FORM,
    PART,
    BASE_URL,
    PROXY,
    COOKIE,
    KEY_PASSWORD,
    P12_PASSWORD,
    TOKEN_PIN,
    AUTH_BASIC,
    AUTH_DIGEST,
    AUTH_BEARER,
    AUTH_KEY_HEADER,
    AUTH_KEY_QUERY,
    AUTH_SIGV4,
    PLACES
};

static void configure(struct anycert_config *config, enum place place, const struct canned *canned)
{
    struct anycert_auth *auth = NULL;
    char url[256];
    int result = 0;

    if (place == CLIENT_FIELD)
        result = anycert_config_add_header(config, "X-Mine", SECRET, NULL);
    if (place == BASE_URL) {
        snprintf(url, sizeof url, "http://me:" SECRET "@localhost:%u/base?token=" SECRET,
                 (unsigned)canned_port(canned));
        result = anycert_config_set_base_url(config, url, NULL);
    }
    if (place == PROXY) {
        snprintf(url, sizeof url, "http://me:" SECRET "@localhost:%u",
                 (unsigned)canned_port(canned));
        result = anycert_config_set_proxy(config, url, NULL);
    }
    if (place == COOKIE)
        result = anycert_config_set_cookies(config, 1, NULL);
    if (place == AUTH_BASIC)
        auth = anycert_auth_basic("me", SECRET, NULL);
    if (place == AUTH_DIGEST)
        auth = anycert_auth_digest("me", SECRET, NULL);
    if (place == AUTH_BEARER)
        auth = anycert_auth_bearer(SECRET, NULL);
    if (place == AUTH_KEY_HEADER)
        auth = anycert_auth_api_key_header("X-Mine", SECRET, NULL);
    if (place == AUTH_KEY_QUERY)
        auth = anycert_auth_api_key_query("mine", SECRET, NULL);
    if (place == AUTH_SIGV4)
        auth = anycert_auth_aws_sigv4("me", SECRET, SECRET, "here", "s3", NULL);
    assert_int_equal(result, 0);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
}

static void fill(struct anycert_request *request, enum place place)
{
    int result = 0;

    if (place == REQUEST_USER)
        result = anycert_request_set_basic_auth(request, "me", SECRET, NULL);
    if (place == ADDED_PARAMETER) {
        result = anycert_request_add_param(request, "mine", SECRET, NULL);
        assert_int_equal(anycert_request_add_param(request, "more", "x", NULL), 0);
    }
    if (place == SET_QUERY) {
        result = anycert_request_set_query(request, "mine=" SECRET, NULL);
        assert_int_equal(anycert_request_set_query(request, "mine=2" SECRET, NULL), 0);
    }
    if (place == REQUEST_FIELD)
        result = anycert_request_add_header(request, "Authorization", "Bearer " SECRET, NULL);
    if (place == BODY)
        result = anycert_request_set_body(request, SECRET, strlen(SECRET), NULL);
    if (place == JSON)
        result = anycert_request_set_json(request, "\"" SECRET "\"", strlen(SECRET) + 2, NULL);
    if (place == FORM) {
        result = anycert_request_add_form(request, "mine", SECRET, NULL);
        assert_int_equal(anycert_request_add_form(request, "mine", SECRET SECRET, NULL), 0);
    }
    if (place == PART)
        result =
            anycert_request_add_part(request, "mine", SECRET, strlen(SECRET), NULL, NULL, NULL);
    assert_int_equal(result, 0);
    assert_int_equal(anycert_request_set_secret_body(request, 1, NULL), 0);
}

static struct anycert_request *request_of(struct anycert_client *client, enum place place,
                                          const struct canned *canned)
{
    bool has_body = place == BODY || place == JSON || place == FORM || place == PART;
    struct anycert_request *request = NULL;
    char url[256];

    if (place == BASE_URL) {
        request = anycert_client_request(client, "GET", "more", NULL);
        assert_non_null(request);
        return request;
    }
    snprintf(url, sizeof url, "http://%slocalhost:%u/page%s",
             place == URL_USER ? "me:" SECRET "@" : "", (unsigned)canned_port(canned),
             place == URL_PARAMETER ? "?token=" SECRET : "");
    request = floor_request(has_body ? "POST" : "GET", url);
    fill(request, place);
    return request;
}

static void on_trace(void *arg, char kind, const char *text, size_t len)
{
    (void)arg;
    (void)kind;
    (void)text;
    (void)len;
}

static void on_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
{
    (void)arg;
    (void)level;
    (void)text;
    (void)len;
}

static void call(struct anycert_client *client, enum place place, struct canned *canned)
{
    struct anycert_request *request = request_of(client, place, canned);
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    char *text = NULL;

    if (place == COOKIE) {
        assert_int_equal(
            anycert_client_add_cookie(client, "mine=" SECRET, canned_origin(canned), NULL), 0);
        text = anycert_client_cookies(client, NULL);
        anycert__wipe(text, strlen(text)); /* the caller's */
        anycert_free(text);
    }
    assert_int_equal(anycert_client_call(client, request, &response, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_HTTP_STATUS);
    anycert_free(anycert_client_error_text(client, request, response, &err, NULL));
    anycert_free(anycert_response_report_json(request, response, &err, NULL));
    anycert_free(anycert_client_explain(client, anycert_response_url(response), NULL));
    anycert_response_free(response);
    anycert_request_free(request);
}

/* With everybody who looks on, as they get copies. */
static void use_client(enum place place)
{
    struct canned *canned = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_har *har = anycert_har_new(NULL);
    struct anycert_client *client = NULL;

    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    assert_int_equal(anycert_har_set_request_bodies(har, 65536, NULL), 0);
    assert_int_equal(anycert_config_set_har(config, har, NULL), 0);
    assert_int_equal(anycert_config_set_trace(config, on_trace, NULL, NULL), 0);
    assert_int_equal(anycert_config_set_log(config, ANYCERT_LOG_DEBUG, on_log, NULL, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Mine", NULL), 0);
    assert_int_equal(anycert_config_add_secret_param(config, "mine", NULL), 0);
    configure(config, place, canned);
    client = floor_client_of(config);
    call(client, place, canned);
    call(client, place, canned);
    anycert_client_free(client);
    anycert_free(anycert_har_json(har, NULL));
    anycert_har_free(har);
    canned_stop(canned);
}

/* Passwords of files that are not there. */
static void fail_to_make_a_client(enum place place)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};
    int result = -1;

    if (place == KEY_PASSWORD) {
        result = anycert_config_set_client_cert(config, floor_root(), NULL, NULL);
        assert_int_equal(anycert_config_set_client_cert_password(config, SECRET, NULL), 0);
    } else if (place == P12_PASSWORD) {
        result = anycert_config_set_client_cert_p12(config, floor_root(), SECRET, NULL);
    } else {
        result = anycert_config_set_client_cert(
            config, floor_root(), "pkcs11:token=none?module-path=/x.so&pin-value=" SECRET, NULL);
    }
    assert_int_equal(result, 0);
    assert_null(anycert_client_new(config, &err));
    assert_int_equal(err.code, ANYCERT_E_CLIENT_CERT);
    anycert_config_free(config);
}

static void nothing_is_given_back_with_a_secret_in_it(void **state)
{
    (void)state;
    for (enum place place = 0; place < PLACES; place++) {
        atomic_store(&found, 0);
        anycert__mem_watch(look);
        if (place >= KEY_PASSWORD && place <= TOKEN_PIN)
            fail_to_make_a_client(place);
        else
            use_client(place);
        anycert__mem_watch(NULL);
        if (atomic_load(&found) != 0)
            print_error("place %d: %u blocks, the first is '%s'\n", (int)place, atomic_load(&found),
                        where);
        atomic_store(&found, 0);
    }
}

/* Blocks come with what others, libcurl for one, have left in them: the allocator is told, at the
 * start of the program, to overwrite that. */
static void start_anew(char **argv)
{
    if (getenv("MALLOC_PERTURB_"))
        return;
    if (setenv("MALLOC_PERTURB_", "85", 1) == 0 &&
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0)
        (void)execv("/proc/self/exe", argv);
    abort();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_given_back_with_a_secret_in_it),
    };

    (void)argc;
    start_anew(argv);
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
