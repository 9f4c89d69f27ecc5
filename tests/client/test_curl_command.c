/* The command line of curl for a request: run, it sends what anycert sends; what curl cannot say is
 * said in its notes; and no secret is in it. */
#include "client/floor.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static char *command_for(const struct anycert_client *client, const struct anycert_request *request)
{
    struct anycert_error err = {0};
    char *text = anycert_client_curl_command(client, request, &err);

    if (!text)
        fail_msg("%s", err.message);
    return text;
}

/* ---- running it */

/* What the server saw of curl: the JSON of /echo. variables are what the notes ask for. */
static struct anycert_json *run_curl(const char *command, const char *const *variables)
{
    const char *argv[] = {"sh", floor_path("script"), NULL};
    const char *environment[16] = {"PATH=/usr/bin:/bin"};
    struct anycert_error err = {0};
    struct anycert_json *json = NULL;
    char *text = NULL;
    int status = 0;

    for (size_t i = 0; variables && variables[i]; i++)
        environment[i + 1] = variables[i];
    floor_write(floor_path("script"), command);
    status = child_run(
        &(struct child_plan){.argv = argv, .log = floor_path("log"), .environment = environment});
    text = child_log(floor_path("log"));
    if (status != 0)
        fail_msg("curl ended with %d: %s\n%s", status, text, command);
    json = anycert_json_parse(text, strlen(text), &err);
    if (!json)
        fail_msg("%s: %s\n%s", err.message, text, command);
    free(text);
    return json;
}

static const char *text_at(const struct anycert_json *json, const char *pointer)
{
    return anycert_json_string(anycert_json_get(anycert_json_root(json), pointer), NULL);
}

/* How many header fields have this name and value. */
static unsigned count_field(const struct anycert_json *json, const char *name, const char *value)
{
    char pointer[64];
    unsigned found = 0;

    for (size_t i = 0;; i++) {
        const char *other = NULL;

        (void)snprintf(pointer, sizeof pointer, "/headers/%zu/name", i);
        other = text_at(json, pointer);
        if (!other)
            return found;
        (void)snprintf(pointer, sizeof pointer, "/headers/%zu/value", i);
        found += strcmp(other, name) == 0 && strcmp(text_at(json, pointer), value) == 0;
    }
}

static size_t field_count(const struct anycert_json *json)
{
    return anycert_json_size(anycert_json_get(anycert_json_root(json), "/headers"));
}

static void assert_same(const struct anycert_json *ours, const struct anycert_json *theirs,
                        const char *what, const char *command, bool with_body)
{
    static const char *const pointers[] = {"/method", "/target", "/http_version", "/body/sha256"};
    char pointer[64];

    for (size_t i = 0; i < COUNT(pointers) - !with_body; i++) {
        if (strcmp(text_at(ours, pointers[i]), text_at(theirs, pointers[i])) != 0)
            fail_msg("%s: %s is '%s' and with curl '%s'\n%s", what, pointers[i],
                     text_at(ours, pointers[i]), text_at(theirs, pointers[i]), command);
    }
    for (size_t i = 0; i < field_count(ours); i++) {
        const char *name = NULL;
        const char *value = NULL;

        (void)snprintf(pointer, sizeof pointer, "/headers/%zu/name", i);
        name = text_at(ours, pointer);
        (void)snprintf(pointer, sizeof pointer, "/headers/%zu/value", i);
        value = text_at(ours, pointer);
        if (!with_body && strcmp(name, "Content-Type") == 0)
            continue; /* the boundary is a random one */
        if (count_field(ours, name, value) != count_field(theirs, name, value))
            fail_msg("%s: curl does not send '%s: %s'\n%s", what, name, value, command);
    }
    if (field_count(ours) != field_count(theirs))
        fail_msg("%s: curl sends %zu fields, anycert %zu\n%s", what, field_count(theirs),
                 field_count(ours), command);
}

/* ---- requests that curl can say in full */

static void body(struct anycert_request *request, const char *text)
{
    assert_int_equal(anycert_request_set_body(request, text, strlen(text), NULL), 0);
}

static void make_plain(struct anycert_request *request)
{
    (void)request;
}

static void make_headers(struct anycert_request *request)
{
    floor_header(request, "X-Quotes", "it's \"quoted\" `back` $HOME \\n !");
    floor_header(request, "X-Twice", "one");
    floor_header(request, "X-Twice", "two");
    floor_header(request, "X-Empty", "");
    floor_header(request, "User-Agent", "another/1");
    floor_header(request, "X-Utf8", "\xc3\xa9");
    assert_int_equal(anycert_request_add_header(request, "Accept", NULL, NULL), 0);
}

static void make_secrets(struct anycert_request *request)
{
    floor_header(request, "Cookie", "s3cret1");
    floor_header(request, "X-Api-Key", "s3cret2 $HOME `date`");
}

static void make_user(struct anycert_request *request)
{
    assert_int_equal(anycert_request_set_basic_auth(request, "us'er", "s3cret1", NULL), 0);
    floor_header(request, "Authorization", "gives way");
}

static void use(struct anycert_request *request, struct anycert_auth *auth)
{
    assert_non_null(auth);
    assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
    anycert_auth_free(auth);
}

static void make_no_auth(struct anycert_request *request)
{
    use(request, anycert_auth_none(NULL));
}

static void make_basic(struct anycert_request *request)
{
    use(request, anycert_auth_basic("$USER", "s3cret1:\\'\"", NULL));
}

static void make_bearer(struct anycert_request *request)
{
    use(request, anycert_auth_bearer("s3cret1/+=", NULL));
    floor_header(request, "authorization", "gives way");
}

static void make_key_header(struct anycert_request *request)
{
    use(request, anycert_auth_api_key_header("X-Key", "s3cret1 !", NULL));
    floor_header(request, "x-key", "gives way");
}

static void make_key_query(struct anycert_request *request)
{
    use(request, anycert_auth_api_key_query("k&y", "s3cret 1/", NULL));
}

static void make_text(struct anycert_request *request)
{
    body(request, "@it's\n\ttext \\ with \"quotes\" and $(date) \xc3\xa9\n\n");
}

static void make_typed(struct anycert_request *request)
{
    body(request, "{\"a\": 1}");
    floor_header(request, "Content-Type", "application/json");
}

static void make_strange(struct anycert_request *request)
{
    body(request, "\x1b[31m % %% \\n !! \r \xff\xfe \xe2\x80\xae 'quoted' \n\n");
}

static void make_nul(struct anycert_request *request)
{
    assert_int_equal(anycert_request_set_body(request,
                                              "\0\1"
                                              "23\\%s'\xff\n",
                                              10, NULL),
                     0);
}

static void make_long(struct anycert_request *request)
{
    char *text = calloc(1, 200001);

    assert_non_null(text);
    memset(text, 'x', 200000);
    assert_int_equal(anycert_request_set_body(request, text, 200000, NULL), 0);
    floor_write(floor_path("in"), text);
    free(text);
}

static void make_secret_body(struct anycert_request *request)
{
    body(request, "s3cret1\n$x");
    assert_int_equal(anycert_request_set_secret_body(request, 1, NULL), 0);
}

static void make_json(struct anycert_request *request)
{
    static const char text[] =
        "{\"user\": \"a'b\", \"password\" : \"s3cret1\", \"list\": [\"password\", "
        "{\"token\":[1, \"s3cret2]\"], \"pwd\":\"\"}], \"api_key\": 53, "
        "\"pass\\u0077ord\": {\"a\": \"s3cret3\"}}";

    assert_int_equal(anycert_request_set_json(request, text, strlen(text), NULL), 0);
}

static void make_empty(struct anycert_request *request)
{
    body(request, "");
}

static void make_form(struct anycert_request *request)
{
    assert_int_equal(anycert_request_add_form(request, "a b", "c&d", NULL), 0);
    assert_int_equal(anycert_request_add_form(request, "password", "s3cret1", NULL), 0);
    assert_int_equal(anycert_request_add_form(request, "e", "\xc3\xa9", NULL), 0);
}

static void make_params(struct anycert_request *request)
{
    assert_int_equal(anycert_request_add_param(request, "q", "a b", NULL), 0);
    assert_int_equal(anycert_request_add_param(request, "token", "s3cret1", NULL), 0);
    assert_int_equal(anycert_request_add_param(request, "list[]", "{1}", NULL), 0);
}

static void make_file(struct anycert_request *request)
{
    floor_write(floor_path("in"), "from\r\na file\n");
    assert_int_equal(anycert_request_set_body_file(request, floor_path("in"), NULL), 0);
}

static void make_parts(struct anycert_request *request)
{
    floor_write(floor_path("in"), "from a file\n");
    assert_int_equal(anycert_request_add_form(request, "a", "@it's; \"b\"", NULL), 0);
    assert_int_equal(anycert_request_add_file(request, "f", floor_path("in"), "na;me,\".txt",
                                              "text/x-own", NULL),
                     0);
    assert_int_equal(anycert_request_add_part_header(request, "X-Part", "a;\"b\\", NULL), 0);
}

static void make_binary_parts(struct anycert_request *request)
{
    assert_int_equal(anycert_request_add_form(request, "password", "s3cret1;\"", NULL), 0);
    assert_int_equal(anycert_request_add_form(request, "strange", "\x1b \n", NULL), 0);
    assert_int_equal(
        anycert_request_add_part(request, "typed", "a;\"b\\\n", 6, NULL, "text/x-own", NULL), 0);
    assert_int_equal(
        anycert_request_add_part(request, "token", "s3cret2", 7, NULL, "text/x-own", NULL), 0);
    assert_int_equal(anycert_request_add_part(request, "bytes", "\0\xff\n", 3, "b.bin", NULL, NULL),
                     0);
    assert_int_equal(anycert_request_add_part(request, "more", "\0", 1, NULL, NULL, NULL), 0);
    floor_write(floor_path("in"), "x"); /* for the NUL: it is not compared */
}

static const struct {
    const char *name, *method, *path;
    void (*make)(struct anycert_request *request);
    const char *variables[8];
    bool random; /* the body has a boundary of its own */
} requests[] = {
    {"a plain GET", "GET", "echo", make_plain, {NULL}, false},
    {"a query", "GET", "echo?a='b'&c=%20d&$e=[f]{g}", make_plain, {NULL}, false},
    {"a query with secrets",
     "GET",
     "echo?x;token=s3cret1&sig=&token=s3cret2",
     make_plain,
     {"ANYCERT_PARAM_TOKEN=s3cret1", "ANYCERT_PARAM_TOKEN_2=s3cret2"},
     false},
    {"parameters", "GET", "echo", make_params, {"ANYCERT_PARAM_TOKEN=s3cret1"}, false},
    {"header fields", "GET", "echo", make_headers, {NULL}, false},
    {"secret fields",
     "GET",
     "echo",
     make_secrets,
     {"ANYCERT_HEADER_COOKIE=s3cret1", "ANYCERT_HEADER_X_API_KEY=s3cret2 $HOME `date`"},
     false},
    {"user and password", "GET", "echo", make_user, {"ANYCERT_PASSWORD=s3cret1"}, false},
    {"no credentials", "GET", "echo", make_no_auth, {NULL}, false},
    {"Basic", "GET", "echo", make_basic, {"ANYCERT_PASSWORD=s3cret1:\\'\""}, false},
    {"Bearer", "GET", "echo", make_bearer, {"ANYCERT_TOKEN=s3cret1/+="}, false},
    {"a key in the header", "GET", "echo", make_key_header, {"ANYCERT_API_KEY=s3cret1 !"}, false},
    {"a key in the query",
     "GET",
     "echo?a&k%26y=b&c",
     make_key_query,
     {"ANYCERT_API_KEY=s3cret%201%2F"},
     false},
    {"a key as the query", "GET", "echo", make_key_query, {"ANYCERT_API_KEY=s3cret%201%2F"}, false},
    {"a method of its own", "PURGE", "echo", make_plain, {NULL}, false},
    {"a POST without body", "POST", "echo", make_plain, {NULL}, false},
    {"a PUT without body", "PUT", "echo", make_plain, {NULL}, false},
    {"a text", "POST", "echo", make_text, {NULL}, false},
    {"a text under GET", "GET", "echo", make_text, {NULL}, false},
    {"a text under PATCH", "PATCH", "echo", make_text, {NULL}, false},
    {"a typed text", "PUT", "echo", make_typed, {NULL}, false},
    {"bytes that control a terminal", "POST", "echo", make_strange, {NULL}, false},
    {"bytes with NUL", "POST", "echo", make_nul, {NULL}, false},
    {"a long text", "POST", "echo", make_long, {"ANYCERT_BODY_FILE=IN"}, false},
    {"a secret body", "POST", "echo", make_secret_body, {"ANYCERT_BODY=s3cret1\n$x"}, false},
    {"JSON",
     "POST",
     "echo",
     make_json,
     {"ANYCERT_JSON_PASSWORD=\"s3cret1\"", "ANYCERT_JSON_TOKEN=[1, \"s3cret2]\"]",
      "ANYCERT_JSON_PWD=\"\"", "ANYCERT_JSON_API_KEY=53",
      "ANYCERT_JSON_PASS_U0077ORD={\"a\": \"s3cret3\"}"},
     false},
    {"an empty body", "POST", "echo", make_empty, {NULL}, false},
    {"a form", "POST", "echo", make_form, {"ANYCERT_FORM_PASSWORD=s3cret1"}, false},
    {"a file", "POST", "echo", make_file, {NULL}, false},
    {"a file under PUT", "PUT", "echo", make_file, {NULL}, false},
    {"a form of parts", "POST", "echo", make_parts, {NULL}, true},
    {"a form of bytes",
     "POST",
     "echo",
     make_binary_parts,
     {"ANYCERT_FORM_PASSWORD=s3cret1;\"", "ANYCERT_FORM_TOKEN=s3cret2", "ANYCERT_PART_MORE=IN"},
     true},
    {"a redirect", "GET", "redirect?code=302&to=%2Fecho", make_plain, {NULL}, false},
    {"a POST that becomes a GET", "POST", "redirect?code=302&to=%2Fecho", make_text, {NULL}, false},
    {"a POST that stays one", "POST", "redirect?code=307&to=%2Fecho", make_text, {NULL}, false},
};

/* Those that are asked for by their value IN are names of the test's file. */
static struct anycert_json *run_row(size_t row, const char *command)
{
    const char *variables[8];
    char file[400];

    memcpy(variables, requests[row].variables, sizeof variables);
    for (size_t i = 0; variables[i]; i++) {
        size_t len = strlen(variables[i]);

        if (strcmp(variables[i] + len - 3, "=IN") != 0)
            continue;
        (void)snprintf(file, sizeof file, "%.*s%s", (int)len - 2, variables[i], floor_path("in"));
        variables[i] = file;
    }
    return run_curl(command, variables);
}

static void curl_sends_what_anycert_sends(void **state)
{
    static const char *const servers[] = {"good", "http"};

    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(servers) * COUNT(requests); i++) {
        size_t row = i / COUNT(servers);
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;
        struct anycert_request *request = floor_request(
            requests[row].method, floor_url(servers[i % COUNT(servers)], requests[row].path));
        struct anycert_response *response = NULL;
        struct anycert_json *theirs = NULL;
        struct anycert_json *ours = NULL;
        char *command = NULL;

        assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", NULL), 0);
        client = floor_client_of(config);
        requests[row].make(request);
        command = command_for(client, request);
        if (strstr(command, "s3cret"))
            fail_msg("%s: a secret is in:\n%s", requests[row].name, command);
        theirs = run_row(row, command);
        response = floor_ok(client, request);
        ours = anycert_response_json(response, NULL);
        assert_non_null(ours);
        assert_same(ours, theirs, requests[row].name, command, !requests[row].random);
        anycert_json_free(ours);
        anycert_json_free(theirs);
        anycert_response_free(response);
        anycert_free(command);
        anycert_client_free(client);
    }
    (void)unlink(floor_path("in"));
    (void)unlink(floor_path("script"));
    (void)unlink(floor_path("log"));
    floor_remove_folder(0);
}

static void trust_any_is_insecure_with_curl(void **state)
{
    struct anycert_client *client = floor_client("trust-any");
    struct anycert_request *request = floor_request("GET", floor_url("self-signed", "echo"));
    char *command = command_for(client, request);

    (void)state;
    floor_folder();
    anycert_json_free(run_curl(command, NULL));
    (void)unlink(floor_path("script"));
    (void)unlink(floor_path("log"));
    floor_remove_folder(0);
    anycert_free(command);
    anycert_request_free(request);
    anycert_client_free(client);
}

/* ---- what curl cannot say */

/* A policy, and what has to be in the command. */
static const struct {
    const char *policy;
    const char *parts[4];
} policies[] = {
    {"hardened", {"# hardened also refuses", "--tlsv1.2", "--cacert '", ":@SECLEVEL=2'"}},
    {"hardened+expired", {"# expired: curl cannot give up this alone", "--insecure"}},
    {"hardened+self-signed+weak-key",
     {"# self-signed: curl cannot", "# weak-key: curl cannot", "--insecure"}},
    {"hardened+common-name", {"# common-name: curl takes a common name", "--cacert"}},
    {"hardened+wrong-host until=2999-01-31",
     {"# wrong-host: curl cannot", "# the policy ends on 2999-01-31; this command does not"}},
    {"hardened+expired until=2001-01-31", {"--cacert '", "--tlsv1.2"}},
    {"trust-any",
     {"# trust-any: with --insecure curl checks nothing of the certificate", "--insecure",
      ":@SECLEVEL=1'", "--http1.1"}},
    {"report-only", {"# report-only: with --insecure curl checks nothing", "--insecure"}},
};

static void policies_are_said_or_noted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert_error err = {0};
        struct anycert_config *config = floor_config(policies[i].policy);
        struct anycert_client *client = floor_client_of(config);
        struct anycert_request *request = floor_request("GET", "https://h.test/");
        char *command = command_for(client, request);

        for (size_t part = 0; part < COUNT(policies[i].parts) && policies[i].parts[part]; part++) {
            if (!strstr(command, policies[i].parts[part]))
                fail_msg("%s: no '%s' in:\n%s", policies[i].policy, policies[i].parts[part],
                         command);
        }
        if (strstr(policies[i].policy, "2001") && strstr(command, "--insecure"))
            fail_msg("a policy that has ended is still wide:\n%s", command);
        (void)err;
        anycert_free(command);
        anycert_request_free(request);
        anycert_client_free(client);
    }
}

static int no_error(void *arg, const struct anycert_response *response, struct anycert_error *err)
{
    (void)arg;
    (void)response;
    (void)err;
    return 0;
}

static struct anycert_config *make_much(void)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = anycert_retry_new(NULL);

    assert_int_equal(anycert_retry_set_count(retry, 4, NULL), 0);
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "Idempotency-Key", NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    assert_int_equal(
        anycert_config_set_proxy(config, "http://pr0xy%25:s3cret@proxy.test:3128", NULL), 0);
    assert_int_equal(anycert_config_set_proxy_auth(config, ANYCERT_PROXY_DIGEST, NULL), 0);
    assert_int_equal(anycert_config_set_no_proxy(config, "a.test:80", NULL), 0);
    assert_int_equal(anycert_config_add_resolve(config, "h.test:443:127.0.0.1", NULL), 0);
    assert_int_equal(anycert_config_add_connect_to(config, "h.test:443:other.test:8443", NULL), 0);
    assert_int_equal(anycert_config_set_timeouts(config, 1500, 100, 2500, NULL), 0);
    assert_int_equal(anycert_config_set_max_redirects(config, 3, NULL), 0);
    assert_int_equal(anycert_config_set_rate_limit(config, 1, 1, NULL), 0);
    assert_int_equal(anycert_config_set_circuit_breaker(config, 1, 1, NULL), 0);
    assert_int_equal(anycert_config_set_cookies(config, 1, NULL), 0);
    assert_int_equal(anycert_config_set_expect_continue(config, 250, NULL), 0);
    assert_int_equal(anycert_config_set_limits(config, 1000, 1000, NULL), 0);
    assert_int_equal(anycert_config_set_http_version(config, ANYCERT_HTTP_1_1, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Own", NULL), 0);
    assert_int_equal(anycert_config_set_secret_guard(config, ANYCERT_SECRETS_REFUSE, NULL), 0);
    assert_int_equal(anycert_config_set_error_handler(config, no_error, NULL, NULL), 0);
    assert_int_equal(anycert_config_set_private_addresses(config, ANYCERT_PRIVATE_REFUSED, NULL),
                     0);
    return config;
}

/* Everything else that a client and a request may have. */
static void the_rest_is_said_or_noted(void **state)
{
    static const char *const parts[] = {
        "--proxy 'http://proxy.test:3128'",
        "--proxy-user 'pr0xy%25:'\"${ANYCERT_PROXY_PASSWORD:?}\"",
        "--proxy-digest",
        "--noproxy 'a.test:80'",
        "# curl knows no ports in --noproxy",
        "--resolve 'h.test:443:127.0.0.1'",
        "--connect-to 'h.test:443:other.test:8443'",
        "--connect-timeout 1.500",
        "--max-time 60.000",
        "--speed-time 3",
        "--max-redirs 3",
        "--retry 4",
        "# --retry has statuses, methods and delays of curl's own",
        "# set ANYCERT_IDEMPOTENCY_KEY: a value of its own for each request",
        "--header 'Idempotency-Key: '\"${ANYCERT_IDEMPOTENCY_KEY:?}\"",
        "# handlers and hooks of the program",
        "# curl cannot refuse private addresses",
        "# the rate limit",
        "# curl has no circuit breaker",
        "# the cookies that the client has",
        "--cookie ''",
        "--output 'it'\\''s'",
        "# curl writes to the file as it goes",
        "--continue-at '-'",
        "(If-Range)",
        "--expect100-timeout 0.250",
        "--max-filesize 1000",
        "# the limit of a response's header",
        "# the secret guard",
        "# curl sends secret headers",
        "--http1.1",
    };
    struct anycert_client *client = floor_client_of(make_much());
    struct anycert_request *request = floor_request("GET", "https://h.test/");
    char *command = NULL;

    (void)state;
    assert_int_equal(anycert_request_set_timeouts(request, 0, 60000, 0, NULL), 0);
    assert_int_equal(anycert_request_set_output_file(request, "it's", NULL), 0);
    assert_int_equal(anycert_request_set_resume(request, 1, NULL), 0);
    body(request, "x");
    command = command_for(client, request);
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (!strstr(command, parts[i]))
            fail_msg("no '%s' in:\n%s", parts[i], command);
    }
    assert_null(strstr(command, "s3cret"));
    anycert_free(command);
    anycert_request_free(request);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curl_sends_what_anycert_sends),
        cmocka_unit_test(trust_any_is_insecure_with_curl),
        cmocka_unit_test(policies_are_said_or_noted),
        cmocka_unit_test(the_rest_is_said_or_noted),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
