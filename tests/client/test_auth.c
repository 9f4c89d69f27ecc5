/* Credentials of every kind: what is sent, to whom, what counts more, and that nobody else sees it.
 */
#include "client/floor.h"
#include "client/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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

struct guarded {
    enum anycert_secret_guard guard;
    const char *server;
    int code;
    bool withheld;
};

static void ask_guarded(enum kind kind, const struct guarded *row)
{
    struct anycert_config *config = floor_config("hardened+self-signed");
    struct anycert_auth *auth = make(kind);
    struct anycert_client *client = NULL;
    uint64_t before = lab_server_requests(floor_server(row->server));

    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    assert_int_equal(anycert_config_set_secret_guard(config, row->guard, NULL), 0);
    client = floor_client_of(config);
    for (int n = 0; n < 2; n++) {
        struct anycert_request *request = floor_request("GET", floor_url(row->server, "echo"));
        struct anycert_response *response = NULL;

        if (row->code) {
            floor_fails(client, request, row->code, NULL);
            continue;
        }
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_hop_withheld(response, 0), row->withheld);
        if (row->withheld)
            assert_nothing_sent(response);
        else if (kind == BEARER)
            assert_non_null(floor_echo_header(response, "Authorization", 0));
        anycert_response_free(response);
    }
    if (row->code)
        assert_int_equal(lab_server_requests(floor_server(row->server)), before);
    anycert_client_free(client);
}

/* What the policy accepts is not always what credentials are for. */
static void guard_keeps_them_from_links_that_are_not_clean(void **state)
{
    static const struct guarded rows[] = {
        {ANYCERT_SECRETS_WITHHOLD, "self-signed", 0, true},
        {ANYCERT_SECRETS_WITHHOLD, "http", 0, true},
        {ANYCERT_SECRETS_WITHHOLD, "good", 0, false},
        {ANYCERT_SECRETS_REFUSE, "self-signed", ANYCERT_E_TRUST_SECRETS, false},
        {ANYCERT_SECRETS_REFUSE, "http", ANYCERT_E_TRUST_SECRETS, false},
        {ANYCERT_SECRETS_REFUSE, "good", 0, false},
    };

    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < COUNT(rows); i++)
            ask_guarded(kind, &rows[i]);
    }
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
        cmocka_unit_test(guard_keeps_them_from_links_that_are_not_clean),
        cmocka_unit_test(connections_are_for_one_set_of_credentials),
        cmocka_unit_test(nobody_can_read_them),
        cmocka_unit_test(nobody_reads_what_servers_repeat),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
