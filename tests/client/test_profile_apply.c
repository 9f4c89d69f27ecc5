/* What a profile makes of a configuration, seen in what its client does. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* The environment that profiles see here: pairs of name and value. */
static const char *const *environment;

static const char *variable(void *arg, const char *name)
{
    assert_ptr_equal(arg, &environment);
    for (size_t i = 0; environment && environment[i]; i += 2) {
        if (strcmp(environment[i], name) == 0)
            return environment[i + 1];
    }
    return NULL;
}

static struct anycert_profile *parse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct anycert_profile *parse(const char *format, ...)
{
    struct anycert_error err = {0};
    struct anycert_profile *profile = NULL;
    char text[4096];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    profile = anycert_profile_parse(text, strlen(text), "box.json", &err);
    if (!profile)
        fail_msg("%s", err.message);
    return profile;
}

/* A client of the profile alone, which it frees. */
static struct anycert_client *client_of(struct anycert_profile *profile)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);

    assert_non_null(config);
    if (anycert_profile_apply(profile, config, variable, &environment, &err) < 0)
        fail_msg("%s", err.message);
    anycert_profile_free(profile);
    return floor_client_of(config);
}

static struct anycert_request *behind(struct anycert_client *client, const char *suffix)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_client_request(client, "GET", suffix, &err);

    if (!request)
        fail_msg("%s", err.message);
    return request;
}

static void apply_box_accepts_any_certificate_and_only_then(void **state)
{
    static const char *const boxes[] = {"\"insecure\": true", "\"unsecure\": true",
                                        "\"trust\": \"trust-any\""};
    struct anycert_client *client = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(boxes); i++) {
        client = client_of(parse("{\"url\": \"%s\", %s}", floor_url("self-signed", ""), boxes[i]));
        anycert_response_free(floor_ok(client, behind(client, "")));
        anycert_client_free(client);
    }
    client =
        client_of(parse("{\"url\": \"%s\", \"insecure\": false}", floor_url("self-signed", "")));
    floor_fails(client, behind(client, ""), ANYCERT_E_TRUST_ISSUER, NULL);
    anycert_client_free(client);
}

static void apply_anchors_and_relaxations_decide(void **state)
{
    struct anycert_client *client = client_of(
        parse("{\"url\": \"%s\", \"cacert\": \"%s\"}", floor_url("good", "echo"), floor_root()));

    (void)state;
    anycert_response_free(floor_ok(client, behind(client, "")));
    anycert_client_free(client);
    client = client_of(
        parse("{\"url\": \"%s\", \"ca_add\": [\"%s\"]}", floor_url("good", "echo"), floor_root()));
    anycert_response_free(floor_ok(client, behind(client, "")));
    anycert_client_free(client);
    client = client_of(parse("{\"url\": \"%s\", \"trust\": \"hardened+expired ca=%s\"}",
                             floor_url("expired", ""), floor_root()));
    anycert_response_free(floor_ok(client, behind(client, "")));
    anycert_client_free(client);
}

static void apply_headers_go_out_with_their_secrets(void **state)
{
    static const char *const variables[] = {"KEY", "from-environment", NULL, NULL};
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    struct anycert_request *request = NULL;
    int pipe_ends[2];

    (void)state;
    environment = variables;
    floor_folder();
    floor_write(floor_path("secret"), "from-file\r\n");
    assert_int_equal(pipe(pipe_ends), 0);
    assert_int_equal(write(pipe_ends[1], "from-descriptor\n", 16), 16);
    assert_int_equal(close(pipe_ends[1]), 0);
    client = client_of(
        parse("{\"url\": \"%s\", \"cacert\": \"%s\", \"headers\": {\"X-Plain\": \"plain\", "
              "\"X-Env\": {\"env\": \"KEY\"}, \"X-File\": {\"file\": \"%s\"}, "
              "\"X-Fd\": {\"fd\": %d}}}",
              floor_url("good", ""), floor_root(), floor_path("secret"), pipe_ends[0]));
    response = floor_ok(client, behind(client, "echo"));
    assert_string_equal(floor_echo_header(response, "X-Plain", 0), "plain");
    assert_string_equal(floor_echo_header(response, "X-Env", 0), "from-environment");
    assert_string_equal(floor_echo_header(response, "X-File", 0), "from-file");
    assert_string_equal(floor_echo_header(response, "X-Fd", 0), "from-descriptor");
    anycert_response_free(response);
    /* what comes from elsewhere is a secret, and does not follow a redirect */
    request =
        floor_request("GET", floor_url("good", floor_redirect(302, floor_url("good-ec", "echo"))));
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "X-Plain", 0), "plain");
    assert_null(floor_echo_header(response, "X-Env", 0));
    assert_null(floor_echo_header(response, "X-File", 0));
    assert_null(floor_echo_header(response, "X-Fd", 0));
    anycert_response_free(response);
    anycert_client_free(client);
    assert_int_equal(close(pipe_ends[0]), 0);
    floor_remove_folder(1);
    environment = NULL;
}

static const struct {
    const char *keys, *header, *value;
} ways[] = {
    {"\"credentials\": {\"identifier\": \"me\", \"password\": \"sesame\"}", "Authorization",
     "Basic bWU6c2VzYW1l"},
    {"\"user\": {\"env\": \"USER\"}, \"password\": {\"env\": \"PASS\"}", "Authorization",
     "Basic bWU6c2VzYW1l"},
    {"\"auth\": \"basic\", \"user\": \"me\", \"password\": \"sesame\"", "Authorization",
     "Basic bWU6c2VzYW1l"},
    {"\"bearer\": {\"env\": \"PASS\"}", "Authorization", "Bearer sesame"},
    {"\"apikey\": \"sesame\"", "X-Api-Key", "sesame"},
    {"\"apikey\": \"sesame\", \"apikey_header\": \"Authorization\", \"apikey_prefix\": \"Token\"",
     "Authorization", "Token sesame"},
};

static void apply_credentials_of_each_kind(void **state)
{
    static const char *const variables[] = {"USER", "me", "PASS", "sesame", NULL, NULL};
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    environment = variables;
    for (size_t i = 0; i < COUNT(ways); i++) {
        client = client_of(parse("{\"url\": \"%s\", \"cacert\": \"%s\", %s}", floor_url("good", ""),
                                 floor_root(), ways[i].keys));
        response = floor_ok(client, behind(client, "echo"));
        assert_string_equal(floor_echo_header(response, ways[i].header, 0), ways[i].value);
        anycert_response_free(response);
        anycert_client_free(client);
    }
    client = client_of(parse("{\"url\": \"%s\", \"cacert\": \"%s\", \"apikey\": \"sesame\", "
                             "\"apikey_param\": \"key\"}",
                             floor_url("good", ""), floor_root()));
    response = floor_ok(client, behind(client, "echo?a=1"));
    assert_string_equal(floor_echo_text(response, "/query"), "a=1&key=sesame");
    anycert_response_free(response);
    anycert_client_free(client);
    environment = NULL;
}

static void apply_aws_signs(void **state)
{
    struct anycert_client *client = client_of(
        parse("{\"url\": \"%s\", \"cacert\": \"%s\", \"aws\": {\"access_key\": \"AKID\", "
              "\"secret_key\": \"sesame\", \"session_token\": \"tok\", \"region\": \"eu-1\", "
              "\"service\": \"execute-api\"}}",
              floor_url("good", ""), floor_root()));
    struct anycert_response *response = floor_ok(client, behind(client, "echo"));
    const char *value = floor_echo_header(response, "Authorization", 0);

    (void)state;
    assert_non_null(value);
    assert_int_equal(strncmp(value, "AWS4-HMAC-SHA256 Credential=AKID/", 33), 0);
    assert_non_null(strstr(value, "/eu-1/execute-api/aws4_request"));
    assert_string_equal(floor_echo_header(response, "X-Amz-Security-Token", 0), "tok");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void apply_oauth2_asks_for_a_token(void **state)
{
    static const char answer[] = "{\"access_token\": \"tok\", \"token_type\": \"Bearer\"}";
    struct canned *tokens = canned_start(false);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    char *request = NULL;

    (void)state;
    canned_text(
        tokens, CANNED_KEEP,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(answer), answer);
    client = client_of(parse("{\"url\": \"%s\", \"cacert\": \"%s\", \"oauth2\": {\"token_url\": "
                             "\"%s/token\", \"client_id\": \"me\", \"client_secret\": \"sesame\", "
                             "\"scope\": \"a b\", \"audience\": \"aud\", \"style\": \"body\", "
                             "\"params\": {\"x\": \"y\"}, \"refresh_before\": 0}}",
                             floor_url("good", ""), floor_root(), canned_origin(tokens)));
    response = floor_ok(client, behind(client, "echo"));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer tok");
    request = canned_request(tokens, 0, NULL);
    assert_non_null(strstr(request, "client_secret=sesame"));
    assert_non_null(strstr(request, "scope=a%20b"));
    assert_non_null(strstr(request, "audience=aud"));
    assert_non_null(strstr(request, "x=y"));
    free(request);
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(tokens);
}

static void add_headers_leaves_those_of_the_request(void **state)
{
    struct anycert_error err = {0};
    struct anycert_profile *profile =
        parse("{\"headers\": {\"Accept\": \"a/b\", \"X-Two\": \"2\", \"User-Agent\": \"box\"}}");
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_response *response = NULL;

    (void)state;
    floor_header(request, "accept", "c/d");
    floor_header(request, "User-Agent", NULL);
    assert_int_equal(anycert_profile_add_headers(profile, request, NULL, NULL, &err), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Accept", 0), "c/d");
    assert_null(floor_echo_header(response, "Accept", 1));
    assert_string_equal(floor_echo_header(response, "X-Two", 0), "2");
    assert_null(floor_echo_header(response, "User-Agent", 0));
    anycert_response_free(response);
    anycert_client_free(client);
    anycert_profile_free(profile);
}

static void apply_system_proxy_is_that_of_the_environment(void **state)
{
    struct canned *proxy = canned_start(false);
    char address[80];
    const char *const variables[] = {"http_proxy", address, NULL, NULL};
    const char *const other[] = {"HTTP_PROXY", address, "https_proxy", address, NULL, NULL};
    const char *const direct[] = {"http_proxy", address, "no_proxy", "localhost", NULL, NULL};
    const char *const *const unused[] = {other, direct};
    struct anycert_client *client = NULL;

    (void)state;
    (void)snprintf(address, sizeof address, "localhost:%u", (unsigned)canned_port(proxy));
    canned_text(proxy, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    environment = variables;
    client = client_of(parse("{\"url\": \"%s\", \"proxy\": true}", floor_url("http", "bytes/3")));
    anycert_response_free(floor_ok(client, behind(client, "")));
    anycert_client_free(client);
    assert_int_equal(canned_requests(proxy), 1);
    for (size_t i = 0; i < COUNT(unused); i++) {
        environment = unused[i];
        client =
            client_of(parse("{\"url\": \"%s\", \"proxy\": true}", floor_url("http", "bytes/3")));
        anycert_response_free(floor_ok(client, floor_request("GET", floor_url("http", "bytes/3"))));
        anycert_client_free(client);
        assert_int_equal(canned_requests(proxy), 1);
    }
    environment = variables;
    client = client_of(parse("{\"url\": \"%s\", \"proxy\": false}", floor_url("http", "bytes/3")));
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("http", "bytes/3"))));
    anycert_client_free(client);
    assert_int_equal(canned_requests(proxy), 1);
    environment = NULL;
    canned_stop(proxy);
}

static void apply_named_proxy_from_a_file(void **state)
{
    struct canned *proxy = canned_start(false);
    struct anycert_client *client = NULL;
    char address[80];
    char *request = NULL;

    (void)state;
    floor_folder();
    (void)snprintf(address, sizeof address, "http://me:sesame@localhost:%u\n",
                   (unsigned)canned_port(proxy));
    floor_write(floor_path("proxy"), address);
    canned_text(proxy, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    client = client_of(
        parse("{\"url\": \"http://a.test/\", \"proxy\": {\"file\": \"%s\"}}", floor_path("proxy")));
    anycert_response_free(floor_ok(client, behind(client, "x")));
    request = canned_request(proxy, 0, NULL);
    assert_non_null(strstr(request, "GET http://a.test/x HTTP/1.1"));
    assert_non_null(strstr(request, "Proxy-Authorization: Basic "));
    free(request);
    anycert_client_free(client);
    canned_stop(proxy);
    floor_remove_folder(1);
}

static void apply_limits_retries_and_codes(void **state)
{
    struct canned *server = canned_start(false);
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(server, CANNED_KEEP, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    canned_text(server, CANNED_KEEP, "HTTP/1.1 404 Gone\r\nContent-Length: 4\r\n\r\ngone");
    client = client_of(parse("{\"url\": \"%s\", \"retries\": 1, \"retry_statuses\": [503], "
                             "\"retry_backoff\": 0.001, \"ok_codes\": [404], \"max_body\": 4}",
                             canned_origin(server)));
    request = behind(client, "");
    if (anycert_client_call(client, request, &response, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(anycert_response_status(response), 404);
    assert_int_equal(canned_requests(server), 2);
    anycert_response_free(response);
    canned_text(server, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
    assert_int_equal(anycert_client_call(client, request, &response, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_HTTP_STATUS);
    anycert_response_free(response);
    canned_text(server, CANNED_KEEP, "HTTP/1.1 404 Gone\r\nContent-Length: 5\r\n\r\ngone!");
    err = (struct anycert_error){0};
    assert_int_equal(anycert_client_call(client, request, &response, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_BODY_TOO_LARGE);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    canned_stop(server);
}

/* What retry_statuses is said to be where it is not given, is what is tried again. */
static void apply_retries_have_the_statuses_that_are_shown(void **state)
{
    static const char shown[] = "408,429,500,502,503,504";
    static const unsigned statuses[] = {400, 404, 408, 413, 429, 500, 501, 502, 503, 504, 505, 511};
    struct canned *server = canned_start(false);
    struct anycert_profile *profile = parse("{\"retries\": 0}");

    (void)state;
    assert_null(anycert_profile_value(profile, "retry_statuses"));
    assert_int_equal(anycert_profile_set(profile, "retries", "2", NULL, NULL), 0);
    assert_string_equal(anycert_profile_value(profile, "retry_statuses"), shown);
    assert_string_equal(anycert_profile_source(profile, "retry_statuses"), "default");
    anycert_profile_free(profile);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct anycert_client *client =
            client_of(parse("{\"url\": \"%s\", \"retries\": 1}", canned_origin(server)));
        struct anycert_request *request = behind(client, "");
        struct anycert_response *response = NULL;
        unsigned before = canned_requests(server);
        char number[8];

        canned_text(server, CANNED_KEEP, "HTTP/1.1 %u No\r\nContent-Length: 0\r\n\r\n",
                    statuses[i]);
        (void)snprintf(number, sizeof number, "%u", statuses[i]);
        assert_int_equal(anycert_client_send(client, request, &response, NULL), 0);
        assert_int_equal(canned_requests(server) - before, strstr(shown, number) ? 2 : 1);
        anycert_response_free(response);
        anycert_request_free(request);
        anycert_client_free(client);
    }
    canned_stop(server);
}

static void apply_redirects_and_http_version(void **state)
{
    struct anycert_client *client =
        client_of(parse("{\"url\": \"%s\", \"cacert\": \"%s\", \"max_redirects\": 1, "
                        "\"http_version\": \"1.1\", \"compressed\": false, \"resolve\": "
                        "\"elsewhere.test:1:127.0.0.1\"}",
                        floor_url("good", ""), floor_root()));
    struct anycert_response *response = NULL;

    (void)state;
    floor_fails(client, behind(client, "endless-redirect"), ANYCERT_E_REDIRECTS, NULL);
    assert_string_equal(floor_message(), "more than 1 redirects");
    response = floor_ok(client, behind(client, "echo"));
    assert_null(floor_echo_header(response, "Accept-Encoding", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

static const struct {
    const char *name, *text, *says;
    int code;
} faults[] = {
    {"no such file", "{\n\"proxy\": {\"file\": \"missing\"}}",
     "box.json:2:1: file 'missing' cannot", ANYCERT_E_FILE},
    {"no such variable", "{\"headers\": {\"X-A\": {\"env\": \"MISSING\"}}}",
     "box.json:1:2: X-A: variable MISSING is not set", ANYCERT_E_USAGE},
    {"empty variable", "{\"headers\": {\"X-A\": {\"env\": \"EMPTY\"}}}", "variable EMPTY is empty",
     ANYCERT_E_USAGE},
    {"variable with a line end", "{\"headers\": {\"X-A\": {\"env\": \"LINES\"}}}",
     "box.json:1:2: X-A: ", ANYCERT_E_HEADER},
    {"control characters in a password", "{\"user\": \"a\", \"password\": {\"env\": \"LINES\"}}",
     "box.json:1:2: ", ANYCERT_E_USAGE},
    {"token with a blank", "{\n\"bearer\": \"a b\"}", "box.json:2:1: ", ANYCERT_E_USAGE},
    {"token URL in clear",
     "{\"oauth2\": {\"token_url\": \"http://a.test/\", \"client_id\": \"a\", "
     "\"client_secret\": \"b\"}}",
     "box.json:1:13: ", ANYCERT_E_URL},
    {"closed descriptor", "{\"proxy\": {\"fd\": 777}}", "descriptor 777 cannot be read",
     ANYCERT_E_FILE},
    {"system proxy of another kind", "{\"proxy\": true}", "variable https_proxy: ", ANYCERT_E_URL},
    {"anchors known by their digest",
     "{\"proxy_trust\": \"hardened "
     "ca=sha256:0000000000000000000000000000000000000000000000000000000000000000\"}",
     "box.json:1:2: policy for the proxy", ANYCERT_E_POLICY_UNAVAILABLE},
    {"no intermediate", "{\"intermediate\": \"missing.pem\"}", "box.json:1:2: ", ANYCERT_E_ANCHORS},
    {"mapping of nothing", "{\"resolve\": \"nonsense\"}", "box.json:1:2: ", ANYCERT_E_USAGE},
    {"no header's name", "{\"secret_headers\": \"a b\"}", "box.json:1:2: ", ANYCERT_E_HEADER},
    {"key beside a token's", "{\"cert\": \"pkcs11:id=%01?pin-value=sesame\", \"key\": \"a\"}",
     "'cert' has the key too", ANYCERT_E_USAGE},
    {"methods", "{\"retries\": 1, \"retry_methods\": [\"GET\", \"a b\"]}",
     "box.json:1:16: ", ANYCERT_E_USAGE},
};

static void apply_faults_name_the_key(void **state)
{
    static const char *const variables[] = {"EMPTY",       "",          "LINES", "a\nb",
                                            "https_proxy", "ftp://h:1", NULL,    NULL};

    (void)state;
    environment = variables;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct anycert_error err = {0};
        struct anycert_profile *profile = parse("%s", faults[i].text);
        struct anycert_config *config = anycert_config_new(&err);

        if (anycert_profile_apply(profile, config, variable, &environment, &err) == 0 ||
            err.code != faults[i].code || !strstr(err.message, faults[i].says) ||
            strstr(err.message, "sesame"))
            fail_msg("%s: code %d, %s", faults[i].name, (int)err.code, err.message);
        anycert_config_free(config);
        anycert_profile_free(profile);
    }
    environment = NULL;
}

static void apply_without_an_environment_says_so(void **state)
{
    static const char *const texts[] = {"{\"proxy\": true}", "{\"proxy\": {\"env\": \"X\"}}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_error err = {0};
        struct anycert_profile *profile = parse("%s", texts[i]);
        struct anycert_config *config = anycert_config_new(&err);

        assert_int_equal(anycert_profile_apply(profile, config, NULL, NULL, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        assert_non_null(strstr(err.message, "no environment was given"));
        anycert_config_free(config);
        anycert_profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apply_box_accepts_any_certificate_and_only_then),
        cmocka_unit_test(apply_anchors_and_relaxations_decide),
        cmocka_unit_test(apply_headers_go_out_with_their_secrets),
        cmocka_unit_test(apply_credentials_of_each_kind),
        cmocka_unit_test(apply_aws_signs),
        cmocka_unit_test(apply_oauth2_asks_for_a_token),
        cmocka_unit_test(add_headers_leaves_those_of_the_request),
        cmocka_unit_test(apply_system_proxy_is_that_of_the_environment),
        cmocka_unit_test(apply_named_proxy_from_a_file),
        cmocka_unit_test(apply_limits_retries_and_codes),
        cmocka_unit_test(apply_retries_have_the_statuses_that_are_shown),
        cmocka_unit_test(apply_redirects_and_http_version),
        cmocka_unit_test(apply_faults_name_the_key),
        cmocka_unit_test(apply_without_an_environment_says_so),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
