/* Credentials of every kind: what is sent, to whom, what counts more, and that nobody else sees it.
 */
#include "client/floor.h"
#include "client/witness.h"

#include "support/certs.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

#define PASSWORD "pa55:w0rd/of the user"
#define TOKEN    "t0ken.of_the-bearer~+/="
#define KEY      "k3y&of=the+interface/"
#define SECRET   "s3cret+of/the+cloud"
#define SESSION  "s3ssion/of+the/cloud=="

/* ---- one of each kind */

static int on_request(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    (void)arg;
    if (anycert_auth_request_add_header(request, "X-Made", "m4de-by-the-callback", err) < 0)
        return -1;
    return anycert_auth_request_add_param(request, "made", "m4de&in the query", err);
}

enum kind { BASIC, DIGEST, NTLM, BEARER, KEY_HEADER, KEY_QUERY, SIGV4, CALLBACK, KINDS };

static struct anycert_auth *make(enum kind kind)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = NULL;

    switch (kind) {
    case BASIC:
        auth = anycert_auth_basic("al1ce", PASSWORD, &err);
        break;
    case DIGEST:
        auth = anycert_auth_digest("al1ce", PASSWORD, &err);
        break;
    case NTLM:
        auth = anycert_auth_ntlm("HOME\\al1ce", PASSWORD, &err);
        break;
    case BEARER:
        auth = anycert_auth_bearer(TOKEN, &err);
        break;
    case KEY_HEADER:
        auth = anycert_auth_api_key_header("X-Api-Key", KEY, &err);
        break;
    case KEY_QUERY:
        auth = anycert_auth_api_key_query("the key", KEY, &err);
        break;
    case SIGV4:
        auth = anycert_auth_aws_sigv4("AKIDEXAMPLE", SECRET, SESSION, "us-east-1", "service", &err);
        break;
    case CALLBACK:
        auth = anycert_auth_callback(on_request, NULL, NULL, &err);
        break;
    case KINDS:
        break;
    }
    if (!auth)
        fail_msg("%s", err.message);
    return auth;
}

/* What of a kind must not be read anywhere, as it is and as it is sent. */
static const char *const secrets[] = {
    "pa55:w0rd", "YWwxY2U6cGE1NTp3MHJkL29mIHRoZSB1c2Vy", /* al1ce:PASSWORD */
    "t0ken.of",  "k3y&of",
    "k3y%26of",  "s3cret+of",
    "s3ssion",   "Signature=",
    "m4de-by",   "m4de&in",
    "m4de%26in", "NTLM T",
};

static void assert_nothing_seen(struct witness *witness)
{
    for (size_t i = 0; i < COUNT(secrets); i++)
        witness_hides(witness, secrets[i]);
}

static struct anycert_config *config_with(struct anycert_auth *auth)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    return config;
}

static struct anycert_client *client_with(struct anycert_auth *auth)
{
    return floor_client_of(config_with(auth));
}

static struct anycert_response *get(struct anycert_client *client, const char *url)
{
    return floor_ok(client, floor_request("GET", url));
}

/* ---- what is sent */

static void each_kind_is_sent_as_it_should_be(void **state)
{
    static const struct {
        enum kind kind;
        const char *field, *value, *query;
    } rows[] = {
        {BASIC, "Authorization", "Basic YWwxY2U6cGE1NTp3MHJkL29mIHRoZSB1c2Vy", "a=b"},
        {DIGEST, "Authorization", NULL, "a=b"}, /* nothing before a challenge */
        {BEARER, "Authorization", "Bearer " TOKEN, "a=b"},
        {KEY_HEADER, "X-Api-Key", KEY, "a=b"},
        {KEY_QUERY, "Authorization", NULL, "a=b&the%20key=k3y%26of%3Dthe%2Binterface%2F"},
        {CALLBACK, "X-Made", "m4de-by-the-callback", "a=b&made=m4de%26in%20the%20query"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = client_with(make(rows[i].kind));
        struct anycert_response *response = get(client, floor_url("good", "echo?a=b"));
        const char *value = floor_echo_header(response, rows[i].field, 0);

        if (rows[i].value)
            assert_string_equal(value, rows[i].value);
        else
            assert_null(value);
        assert_string_equal(floor_echo_text(response, "/query"), rows[i].query);
        assert_string_equal(anycert_response_url(response), floor_url("good", "echo?a=b"));
        anycert_response_free(response);
        anycert_client_free(client);
    }
}

static void ntlm_and_negotiate_speak_http_1_1(void **state)
{
    struct anycert_error err = {0};
    struct anycert_auth *negotiate = anycert_auth_negotiate(&err);

    (void)state;
    assert_non_null(negotiate);
    for (int i = 0; i < 2; i++) {
        struct anycert_client *client = client_with(i ? negotiate : make(NTLM));
        struct anycert_response *response = get(client, floor_url("good", "echo"));

        assert_string_equal(anycert_response_http_version(response), "1.1");
        if (i == 0)
            assert_non_null(strstr(floor_echo_header(response, "Authorization", 0), "NTLM T"));
        anycert_response_free(response);
        anycert_client_free(client);
    }
}

/* ---- what counts more */

static struct anycert_request *get_with(const char *url, struct anycert_auth *auth)
{
    struct anycert_request *request = floor_request("GET", url);

    assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
    anycert_auth_free(auth);
    return request;
}

static const char *url_with_user(void)
{
    static char url[256];

    snprintf(url, sizeof url, "https://b0b:of-the-url@localhost:%u/echo",
             (unsigned)lab_server_port(floor_server("good")));
    return url;
}

static const char *sent(struct anycert_client *client, struct anycert_request *request)
{
    struct anycert_response *response = floor_ok(client, request);
    const char *value = floor_echo_header(response, "Authorization", 0);

    assert_null(floor_echo_header(response, "Authorization", 1));
    anycert_response_free(response);
    return value ? value : "none";
}

static void request_counts_more_than_client_and_that_more_than_the_url(void **state)
{
    const char *echo = floor_url("good", "echo");
    struct anycert_client *client = client_with(make(BEARER));
    struct anycert_client *plain = floor_client(NULL);
    struct anycert_request *request = NULL;

    (void)state;
    assert_string_equal(sent(client, floor_request("GET", echo)), "Bearer " TOKEN);
    assert_string_equal(sent(client, floor_request("GET", url_with_user())), "Bearer " TOKEN);
    assert_string_equal(sent(plain, floor_request("GET", url_with_user())),
                        "Basic YjBiOm9mLXRoZS11cmw=");
    assert_string_equal(sent(plain, get_with(url_with_user(), make(BASIC))),
                        "Basic YWwxY2U6cGE1NTp3MHJkL29mIHRoZSB1c2Vy");
    assert_string_equal(sent(client, get_with(echo, make(BASIC))),
                        "Basic YWwxY2U6cGE1NTp3MHJkL29mIHRoZSB1c2Vy");
    assert_string_equal(sent(client, get_with(echo, NULL)), "Bearer " TOKEN);
    assert_string_equal(sent(client, get_with(echo, anycert_auth_none(NULL))), "none");
    assert_string_equal(sent(plain, get_with(url_with_user(), anycert_auth_none(NULL))), "none");

    /* The setter of Basic is one of the two, whichever was called last. */
    request = get_with(echo, make(BEARER));
    assert_int_equal(anycert_request_set_basic_auth(request, "c", "d", NULL), 0);
    assert_string_equal(sent(client, request), "Basic Yzpk");
    request = floor_request("GET", echo);
    assert_int_equal(anycert_request_set_basic_auth(request, "c", "d", NULL), 0);
    assert_int_equal(anycert_request_set_auth(request, NULL, NULL), 0);
    assert_string_equal(sent(client, request), "Bearer " TOKEN);
    anycert_client_free(client);
    anycert_client_free(plain);
}

static void credentials_replace_a_field_of_their_name_only(void **state)
{
    static const enum kind kinds[] = {BASIC, BEARER, SIGV4};
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct anycert_client *client = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        client = client_with(make(kinds[i]));
        request = floor_request("GET", floor_url("good", "echo"));
        floor_header(request, "authorization", "explicit");
        floor_header(request, "X-Api-Key", "kept");
        response = floor_ok(client, request);
        assert_null(floor_echo_header(response, "Authorization", 1));
        assert_null(strstr(floor_echo_header(response, "Authorization", 0), "explicit"));
        assert_string_equal(floor_echo_header(response, "X-Api-Key", 0), "kept");
        anycert_response_free(response);
        anycert_client_free(client);
    }
    client = client_with(make(KEY_HEADER));
    request = floor_request("GET", floor_url("good", "echo"));
    floor_header(request, "Authorization", "explicit");
    floor_header(request, "x-api-key", "one");
    floor_header(request, "X-API-KEY", "two");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "explicit");
    assert_string_equal(floor_echo_header(response, "X-Api-Key", 0), KEY);
    assert_null(floor_echo_header(response, "X-Api-Key", 1));
    anycert_response_free(response);

    /* Nor does one of no kind. */
    request = get_with(floor_url("good", "echo"), anycert_auth_none(NULL));
    floor_header(request, "Authorization", "explicit");
    assert_string_equal(sent(client, request), "explicit");
    anycert_client_free(client);

    /* And those in the URL do. */
    client = floor_client(NULL);
    request = floor_request("GET", url_with_user());
    floor_header(request, "Authorization", "explicit");
    assert_string_equal(sent(client, request), "Basic YjBiOm9mLXRoZS11cmw=");
    anycert_client_free(client);

    client = client_with(make(KEY_QUERY));
    response = get(client, floor_url("good", "echo?the+key=1&b=c&the%20key"));
    assert_string_equal(floor_echo_text(response, "/query"),
                        "b=c&the%20key=k3y%26of%3Dthe%2Binterface%2F");
    anycert_response_free(response);
    anycert_client_free(client);
}

/* ---- to whom */

static void assert_nothing_sent(const struct anycert_response *response)
{
    assert_null(floor_echo_header(response, "Authorization", 0));
    assert_null(floor_echo_header(response, "X-Api-Key", 0));
    assert_null(floor_echo_header(response, "X-Amz-Date", 0));
    assert_null(floor_echo_header(response, "X-Amz-Security-Token", 0));
    assert_null(floor_echo_header(response, "X-Made", 0));
    assert_string_equal(floor_echo_text(response, "/query"), "");
}

/* P26, P27: another port, another host, http, and back again. */
static void other_origins_get_nothing_not_even_back_at_home(void **state)
{
    const char *const ways[][3] = {
        {"good-ec", NULL},         {"good-ip", NULL},      {"http", NULL},
        {"good-ec", "good", NULL}, {"http", "good", NULL},
    };

    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct anycert_config *config = config_with(make(kind));
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_config_set_allow_downgrade(config, 1, NULL), 0);
        client = floor_client_of(config);
        for (size_t i = 0; i < COUNT(ways); i++) {
            char url[4096];
            struct anycert_response *response = NULL;
            size_t steps = 0;

            while (ways[i][steps])
                steps++;
            snprintf(url, sizeof url, "%s", floor_url(ways[i][steps - 1], "echo"));
            for (size_t n = steps - 1; n > 0; n--) {
                const char *further = floor_url(ways[i][n - 1], floor_redirect(302, url));

                snprintf(url, sizeof url, "%s", further);
            }
            response = get(client, floor_url("good", floor_redirect(307, url)));
            assert_int_equal(anycert_response_hop_count(response), steps + 1);
            assert_nothing_sent(response);
            anycert_response_free(response);
        }
        anycert_client_free(client);
    }
}

static void same_origin_gets_them_again(void **state)
{
    static const struct {
        enum kind kind;
        const char *field;
    } rows[] = {{BASIC, "Authorization"},  {NTLM, "Authorization"},  {BEARER, "Authorization"},
                {KEY_HEADER, "X-Api-Key"}, {SIGV4, "Authorization"}, {CALLBACK, "X-Made"}};
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        client = client_with(make(rows[i].kind));
        response = get(client, floor_url("good", floor_redirect(302, "/echo?c=d")));
        assert_non_null(floor_echo_header(response, rows[i].field, 0));
        assert_null(floor_echo_header(response, rows[i].field, 1));
        anycert_response_free(response);
        anycert_client_free(client);
    }
    client = client_with(make(KEY_QUERY));
    response = get(client, floor_url("good", floor_redirect(302, "/echo?c=d")));
    assert_string_equal(floor_echo_text(response, "/query"),
                        "c=d&the%20key=k3y%26of%3Dthe%2Binterface%2F");
    assert_string_equal(anycert_response_url(response), floor_url("good", "echo?c=d"));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Servers repeat the query in their redirects, to other servers too. */
static void key_that_a_redirect_repeats_goes_nowhere(void **state)
{
    static const char repeated[] = "/echo?a=b&the%20key=k3y%26of%3Dthe%2Binterface%2F";
    struct anycert_config *config = config_with(make(KEY_QUERY));
    struct witness *witness = witness_new(config);
    struct anycert_client *client = floor_client_of(config);
    struct anycert_response *response = NULL;

    (void)state;
    response = get(client, floor_url("good", floor_redirect(302, repeated)));
    assert_string_equal(floor_echo_text(response, "/query"), repeated + 6);
    assert_string_equal(anycert_response_url(response), floor_url("good", "echo?a=b"));
    anycert_response_free(response);
    assert_int_equal(
        witness_call(
            witness, client,
            floor_request(
                "GET", floor_url("good", floor_redirect(302, floor_url("good-ec", repeated + 1)))),
            &response),
        0);
    assert_string_equal(floor_echo_text(response, "/query"), "a=b");
    anycert_response_free(response);
    /* A parameter of that name that means something else is the server's business. */
    response =
        get(client, floor_url("good", floor_redirect(302, floor_url("good-ec", "echo?the+key=x"))));
    assert_string_equal(floor_echo_text(response, "/query"), "the+key=x");
    anycert_response_free(response);
    witness_shows(witness, "the%20key=(hidden)");
    anycert_client_free(client);
    witness_free(witness);
}

/* ---- over which connection */

static uint64_t connections(void)
{
    return lab_server_connections(floor_server("good"));
}

static void connections_are_for_one_set_of_credentials(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    const char *echo = floor_url("good", "echo");
    uint64_t before = 0;

    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct anycert_auth *auth = make(kind);
        bool as_before = kind != CALLBACK; /* of which nobody knows what it stands for */

        /* A signature is another one each time, and the same credentials all the same. */
        before = connections();
        for (int i = 0; i < 3; i++)
            anycert_response_free(floor_ok(client, get_with(echo, anycert_auth_ref(auth))));
        assert_int_equal(connections(), before + 1);
        /* Equal ones are the same. */
        anycert_response_free(floor_ok(client, get_with(echo, make(kind))));
        assert_int_equal(connections(), before + (as_before ? 1 : 2));
        anycert_auth_free(auth);
    }
    before = connections();
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_basic("al1ce", "other", &err))));
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_digest("al1ce", "other", &err))));
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_ntlm("al1ce", "other", &err))));
    anycert_response_free(floor_ok(client, get_with(echo, anycert_auth_bearer("other", &err))));
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_api_key_header("X-Other", KEY, &err))));
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_api_key_query("other", KEY, &err))));
    anycert_response_free(
        floor_ok(client, get_with(echo, anycert_auth_aws_sigv4("AKIDEXAMPLE", SECRET, NULL,
                                                               "us-east-1", "service", &err))));
    assert_int_equal(connections(), before + 7);
    anycert_client_free(client);
}

/* ---- who sees them */

static void nobody_can_read_them(void **state)
{
    static const struct {
        const char *server, *path;
        int code;
    } rows[] = {
        {"good", "json", 0},
        {"good", "status/401", ANYCERT_E_HTTP_STATUS},
        {"good", "redirect?to=/json", 0},
        {"good", "redirect?to=file:///x", ANYCERT_E_REDIRECTS},
        {"good", "truncated", ANYCERT_E_BODY_TRUNCATED},
        {"http", "json", 0},
        {"self-signed", "json", ANYCERT_E_TRUST_ISSUER},
    };
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_1_1, ANYCERT_HTTP_2};

    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (size_t v = 0; v < COUNT(versions); v++) {
            struct anycert_config *config = config_with(make(kind));
            struct witness *witness = witness_new(config);
            struct anycert_client *client = NULL;

            assert_int_equal(anycert_config_set_http_version(config, versions[v], NULL), 0);
            client = floor_client_of(config);
            for (size_t i = 0; i < COUNT(rows); i++)
                assert_int_equal(
                    witness_call(witness, client,
                                 floor_request("GET", floor_url(rows[i].server, rows[i].path)),
                                 NULL),
                    rows[i].code);
            assert_nothing_seen(witness);
            witness_shows(witness, "> GET /json");
            if (kind == KEY_HEADER)
                witness_shows(witness, "x-api-key: (hidden)");
            if (kind == CALLBACK)
                witness_shows(witness, "GET /json?made=(hidden)");
            anycert_client_free(client);
            witness_free(witness);
        }
    }
}

/* What a server repeats in fields of its own, and a line that is cut in the middle of a secret. */
static void nobody_reads_what_servers_repeat(void **state)
{
    struct anycert_config *config = floor_config("trust-any");
    struct witness *witness = witness_new(config);
    struct anycert_client *client = floor_client_of(config);
    struct canned *canned = canned_start(true);
    char padding[4096];

    (void)state;
    memset(padding, 'x', sizeof padding);
    padding[4096 - strlen("X-Long: ") - 12] = '\0';
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 200 OK\r\nX-Repeated: got " TOKEN " from you\r\nX-Long: %s" TOKEN
                "\r\nContent-Length: 0\r\n\r\n",
                padding);
    assert_int_equal(witness_call(witness, client,
                                  get_with(floor_join(canned_origin(canned), "/"), make(BEARER)),
                                  NULL),
                     0);
    witness_shows(witness, "X-Repeated: got (hidden) from you");
    witness_hides(witness, "t0ken");
    anycert_client_free(client);
    witness_free(witness);
    canned_stop(canned);
}

/* ---- callbacks */

struct caller {
    unsigned requests, failures;
    int answer;
    const char *say;
    char seen[512];
};

static int look(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    struct caller *caller = arg;
    size_t len = 99;
    const char *body = anycert_auth_request_body(request, &len);
    const char *type = anycert_auth_request_header(request, "content-TYPE", 0);
    char value[32];

    assert_null(anycert_auth_request_answer_header(request, "WWW-Authenticate", 0));
    assert_null(anycert_auth_request_header(request, "Content-Type", 1));
    snprintf(caller->seen, sizeof caller->seen, "%s %s %s %.*s %zu",
             anycert_auth_request_method(request), anycert_auth_request_url(request),
             type ? type : "-", (int)len, body ? body : "", len);
    if (caller->say) {
        err->code = caller->answer;
        snprintf(err->message, sizeof err->message, "%s", caller->say);
        return -1;
    }
    snprintf(value, sizeof value, "proof %u", ++caller->requests);
    return anycert_auth_request_add_header(request, "Authorization", value, err);
}

static int look_back(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    struct caller *caller = arg;
    struct anycert_error lost = {0};

    caller->failures++;
    assert_string_equal(anycert_auth_request_answer_header(request, "www-authenticate", 0),
                        "Proof nonce=1");
    assert_int_equal(anycert_auth_request_add_header(request, "A", "b", &lost), -1);
    assert_int_equal(lost.code, ANYCERT_E_STATE);
    memset(&lost, 0, sizeof lost);
    assert_int_equal(anycert_auth_request_add_param(request, "a", "b", &lost), -1);
    assert_int_equal(lost.code, ANYCERT_E_STATE);
    if (caller->answer < 0)
        snprintf(err->message, sizeof err->message, "the vault is closed");
    return caller->answer;
}

static struct anycert_client *caller_client(struct caller *caller, bool with_failure)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("trust-any");
    struct anycert_auth *auth =
        anycert_auth_callback(look, with_failure ? look_back : NULL, caller, &err);

    assert_non_null(auth);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    return floor_client_of(config);
}

static void callback_sees_the_request(void **state)
{
    struct caller caller = {0};
    struct anycert_client *client = caller_client(&caller, false);
    struct anycert_request *request = floor_request("PUT", floor_url("good", "echo?x=1"));
    struct anycert_response *response = NULL;
    char expected[512];

    (void)state;
    assert_int_equal(anycert_request_set_body(request, "the body", 8, NULL), 0);
    floor_header(request, "Content-Type", "text/x-test");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "proof 1");
    anycert_response_free(response);
    snprintf(expected, sizeof expected, "PUT %s text/x-test the body 8",
             floor_url("good", "echo?x=1"));
    assert_string_equal(caller.seen, expected);
    anycert_response_free(get(client, floor_url("good", "json")));
    snprintf(expected, sizeof expected, "GET %s -  0", floor_url("good", "json"));
    assert_string_equal(caller.seen, expected);
    anycert_client_free(client);
}

static void callback_may_end_the_request(void **state)
{
    static const struct {
        int answer;
        const char *say;
        int code;
        const char *message;
    } rows[] = {
        {0, "the vault is closed", ANYCERT_E_AUTH, "the vault is closed"},
        {0, "", ANYCERT_E_AUTH, "the callback for the credentials has failed"},
        {ANYCERT_E_FILE, "no file", ANYCERT_E_FILE, "no file"},
    };
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.answer = rows[i].answer, .say = rows[i].say};
        struct anycert_client *client = caller_client(&caller, false);

        floor_fails(client, floor_request("GET", floor_url("good", "json")), rows[i].code, NULL);
        assert_string_equal(floor_message(), rows[i].message);
        anycert_client_free(client);
    }
    assert_int_equal(lab_server_requests(floor_server("good")), before);
}

#define REFUSED "HTTP/1.1 401 No\r\nWWW-Authenticate: Proof nonce=1\r\nContent-Length: 3\r\n\r\nno!"
#define FINE    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void callback_is_asked_once_more_after_a_401(void **state)
{
    static const struct {
        bool with_failure;
        int answer;
        unsigned refusals, requests, failures;
        int code, status;
        const char *body;
    } rows[] = {
        {true, 1, 1, 2, 1, 0, 200, "ok"},   {true, 1, 2, 2, 1, 0, 401, "no!"},
        {true, 0, 1, 1, 1, 0, 401, "no!"},  {true, -1, 1, 1, 1, ANYCERT_E_AUTH, 401, ""},
        {false, 1, 1, 1, 0, 0, 401, "no!"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.answer = rows[i].answer};
        struct anycert_client *client = caller_client(&caller, rows[i].with_failure);
        struct canned *canned = canned_start(true);
        struct anycert_request *request =
            floor_request("POST", floor_join(canned_origin(canned), "/"));
        struct anycert_response *response = NULL;

        for (unsigned n = 0; n < rows[i].refusals; n++)
            canned_text(canned, CANNED_KEEP, REFUSED);
        canned_text(canned, CANNED_KEEP, FINE);
        assert_int_equal(anycert_request_set_body(request, "same", 4, NULL), 0);
        if (rows[i].code)
            floor_fails(client, request, rows[i].code, &response);
        else
            response = floor_ok(client, request);
        assert_int_equal(caller.requests, rows[i].requests);
        assert_int_equal(caller.failures, rows[i].failures);
        assert_int_equal(canned_requests(canned), rows[i].requests);
        assert_int_equal(anycert_response_status(response), rows[i].status);
        assert_string_equal(anycert_response_body(response, NULL), rows[i].body);
        assert_int_equal(anycert_response_hop_count(response), rows[i].requests);
        for (unsigned n = 0; n < rows[i].requests; n++) {
            char *text = canned_request(canned, n, NULL);
            char proof[64];

            snprintf(proof, sizeof proof, "\r\nAuthorization: proof %u\r\n", n + 1);
            assert_non_null(strstr(text, proof));
            assert_non_null(strstr(text, "\r\n\r\nsame"));
            free(text);
        }
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* ---- signatures, as the server gets them */

static void put_hex(FILE *file, const char *text, char end)
{
    for (; *text; text++)
        fprintf(file, "%02x", (unsigned char)*text);
    fputc(end, file);
}

/* What came, as a line for the second opinion. Only what was signed counts. */
static void put_echo(FILE *file, const struct anycert_response *response, const char *service,
                     const char *origin, const char *body)
{
    char *authorization = strdup(floor_echo_header(response, "Authorization", 0));
    const char *names = strstr(authorization, "SignedHeaders=");
    size_t len = names ? strcspn(names += strlen("SignedHeaders="), ",") : 0;
    char fields[4096] = "";

    assert_true(len > 0);
    for (size_t n = 0; len > 0; len -= n + (n < len), names += n + 1) {
        char name[128];
        const char *value = NULL;

        n = strcspn(names, ";,");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        value = floor_echo_header(response, name, 0);
        assert_non_null(value);
        if (strcmp(name, "host") != 0 && strcmp(name, "x-amz-date") != 0 &&
            strcmp(name, "x-amz-security-token") != 0 && strcmp(name, "x-amz-content-sha256") != 0)
            snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "%s: %s\n", name,
                     value);
    }
    put_hex(file, service, '\t');
    put_hex(file, SESSION, '\t');
    put_hex(file, floor_echo_header(response, "X-Amz-Date", 0), '\t');
    put_hex(file, floor_echo_text(response, "/method"), '\t');
    put_hex(file, floor_join(origin, floor_echo_text(response, "/target") + 1), '\t');
    put_hex(file, body, '\t');
    put_hex(file, fields, '\t');
    put_hex(file, authorization, '\n');
    free(authorization);
}

struct text {
    const char *text;
    size_t at;
};

static int64_t read_text(void *arg, void *buffer, size_t size)
{
    struct text *text = arg;
    size_t left = strlen(text->text + text->at);
    size_t n = left < size ? left : size;

    n = n > 3 ? 3 : n; /* in pieces */
    memcpy(buffer, text->text + text->at, n);
    text->at += n;
    return (int64_t)n;
}

static int rewind_text(void *arg)
{
    ((struct text *)arg)->at = 0;
    return 0;
}

static struct anycert_auth *cloud(const char *service)
{
    struct anycert_auth *auth =
        anycert_auth_aws_sigv4("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SESSION,
                               "us-east-1", service, NULL);

    assert_non_null(auth);
    return auth;
}

static void signature_is_of_what_is_sent(void **state)
{
    static const struct {
        const char *service, *method, *path, *type;
        enum { NONE, BYTES, AS_FILE, SOURCE } how;
        const char *body;
    } rows[] = {
        {"service", "GET", "echo", NULL, NONE, ""},
        {"service", "GET", "echo?b=2&a=1+1&a=%7e&c&d=(x)", NULL, NONE, ""},
        {"service", "POST", "echo?Action=x", "application/x-amz-json-1.0", BYTES, "{\"a\": 1}"},
        {"service", "PUT", "x/../echo", NULL, AS_FILE, "of the file"},
        {"service", "PUT", "echo", NULL, SOURCE, "of the source"},
        {"s3", "PUT", "echo?x-id=PutObject", "text/plain", AS_FILE, "of the file"},
        {"s3", "GET", "echo?list-type=2&prefix=a/b c", NULL, NONE, ""},
    };
    const char *const argv[] = {TEST_PYTHON3, SIGV4_BOTOCORE, "rows", NULL};
    struct anycert_client *client = floor_client(NULL);
    char origin[128];
    char *said = NULL;
    FILE *file = NULL;

    (void)state;
    (void)floor_folder();
    file = fopen(floor_path("rows"), "we");
    assert_non_null(file);
    snprintf(origin, sizeof origin, "%s", floor_url("good", ""));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_request *request =
            floor_request(rows[i].method, floor_url("good", rows[i].path));
        struct anycert_auth *auth = cloud(rows[i].service);
        struct text text = {rows[i].body, 0};
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
        anycert_auth_free(auth);
        if (rows[i].type)
            floor_header(request, "Content-Type", rows[i].type);
        floor_header(request, "X-Amz-Meta-A", "b   c");
        if (rows[i].how == BYTES)
            assert_int_equal(
                anycert_request_set_body(request, rows[i].body, strlen(rows[i].body), NULL), 0);
        if (rows[i].how == AS_FILE) {
            floor_write(floor_path("body"), rows[i].body);
            assert_int_equal(anycert_request_set_body_file(request, floor_path("body"), NULL), 0);
        }
        if (rows[i].how == SOURCE)
            assert_int_equal(
                anycert_request_set_body_source(request, read_text, rewind_text, -1, &text, NULL),
                0);
        response = floor_ok(client, request);
        assert_string_equal(floor_echo_text(response, "/body/start"), rows[i].body);
        put_echo(file, response, rows[i].service, origin, rows[i].body);
        anycert_response_free(response);
    }
    assert_int_equal(fclose(file), 0);
    if (child_run(&(struct child_plan){
            .argv = argv, .folder = floor_path(""), .log = floor_path("log")}) != 0) {
        said = child_log(floor_path("log"));
        fail_msg("%.4000s", said);
    }
    anycert_client_free(client);
    floor_remove_folder(3);
}

static void body_that_cannot_be_signed_is_refused_or_for_s3_sent_unsigned(void **state)
{
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (int s3 = 0; s3 < 2; s3++) {
        for (int parts = 0; parts < 2; parts++) {
            struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
            struct anycert_auth *auth = cloud(s3 ? "s3" : "service");
            struct text text = {"once", 0};
            struct anycert_response *response = NULL;

            assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
            anycert_auth_free(auth);
            if (parts)
                assert_int_equal(anycert_request_add_part(request, "a", "b", 1, NULL, NULL, NULL),
                                 0);
            else
                assert_int_equal(
                    anycert_request_set_body_source(request, read_text, NULL, 4, &text, NULL), 0);
            if (!s3) {
                floor_fails(client, request, ANYCERT_E_AUTH, NULL);
                assert_non_null(strstr(floor_message(), "cannot be signed"));
                assert_int_equal(text.at, 0);
                continue;
            }
            response = floor_ok(client, request);
            assert_string_equal(floor_echo_header(response, "X-Amz-Content-Sha256", 0),
                                "UNSIGNED-PAYLOAD");
            anycert_response_free(response);
        }
    }
    anycert_client_free(client);
}

static int64_t in_2015(void *arg)
{
    (void)arg;
    return INT64_C(1440938160);
}

static void signature_has_the_clients_time(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("trust-any");
    struct anycert_auth *auth = cloud("service");
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_clock(config, in_2015, NULL, &err), 0);
    assert_int_equal(anycert_config_set_auth(config, auth, &err), 0);
    anycert_auth_free(auth);
    client = floor_client_of(config);
    response = get(client, floor_url("good", "echo"));
    assert_string_equal(floor_echo_header(response, "X-Amz-Date", 0), "20150830T123600Z");
    anycert_response_free(response);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_sent_as_it_should_be),
        cmocka_unit_test(ntlm_and_negotiate_speak_http_1_1),
        cmocka_unit_test(request_counts_more_than_client_and_that_more_than_the_url),
        cmocka_unit_test(credentials_replace_a_field_of_their_name_only),
        cmocka_unit_test(other_origins_get_nothing_not_even_back_at_home),
        cmocka_unit_test(same_origin_gets_them_again),
        cmocka_unit_test(key_that_a_redirect_repeats_goes_nowhere),
        cmocka_unit_test(connections_are_for_one_set_of_credentials),
        cmocka_unit_test(nobody_can_read_them),
        cmocka_unit_test(nobody_reads_what_servers_repeat),
        cmocka_unit_test(callback_sees_the_request),
        cmocka_unit_test(callback_may_end_the_request),
        cmocka_unit_test(callback_is_asked_once_more_after_a_401),
        cmocka_unit_test(signature_is_of_what_is_sent),
        cmocka_unit_test(body_that_cannot_be_signed_is_refused_or_for_s3_sent_unsigned),
        cmocka_unit_test(signature_has_the_clients_time),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
