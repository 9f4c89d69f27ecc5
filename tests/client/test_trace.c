#define _GNU_SOURCE /* strcasestr */
/* What a trace shows: every step, and no secret, whatever libcurl says and however it cuts it. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/canned.h"
#include "support/certs.h"

static struct pki pki;
static struct web web;

static int make_servers(void **state)
{
    (void)state;
    pki_make(&pki);
    web_start(&web, &pki);
    return 0;
}

static int free_servers(void **state)
{
    (void)state;
    web_stop(&web);
    pki_free(&pki);
    return 0;
}

/* ---- the trace, as text: a line "KIND TEXT" for each call */

struct trace {
    char *text;
    size_t len;
    FILE *stream;
    unsigned unclean; /* calls with control bytes in them, or of an unknown kind */
};

static void on_trace(void *arg, char kind, const char *text, size_t len)
{
    struct trace *trace = arg;

    if (!strchr("*><", kind) || !kind)
        trace->unclean++;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] == 0x7f)
            trace->unclean++;
    }
    fprintf(trace->stream, "%c %.*s\n", kind, (int)len, text);
}

static void trace_open(struct trace *trace)
{
    memset(trace, 0, sizeof *trace);
    trace->stream = open_memstream(&trace->text, &trace->len);
    assert_non_null(trace->stream);
}

static const char *trace_text(struct trace *trace)
{
    assert_int_equal(fflush(trace->stream), 0);
    assert_int_equal(trace->unclean, 0);
    return trace->text;
}

static void trace_close(struct trace *trace)
{
    fclose(trace->stream);
    free(trace->text);
}

static void assert_shows(struct trace *trace, const char *text)
{
    if (!strcasestr(trace_text(trace), text)) /* HTTP/2 has small letters only */
        fail_msg("the trace has no '%s':\n%s", text, trace->text);
}

static void assert_hides(struct trace *trace, const char *text)
{
    const char *found = strcasestr(trace_text(trace), text);

    if (found)
        fail_msg("the trace shows '%s': %.200s", text, found);
}

/* ---- clients and requests with secrets */

struct plan {
    const char *policy;
    enum anycert_http_version version;
    const char *proxy;
};

static struct anycert_client *traced_client(const struct plan *plan, struct trace *trace)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_parse(plan->policy, &err);

    trace_open(trace);
    if (!config || !policy || anycert_config_set_policy(config, policy, &err) < 0 ||
        anycert_config_set_http_version(config, plan->version, &err) < 0 ||
        anycert_config_set_proxy(config, plan->proxy, &err) < 0 ||
        anycert_config_add_secret_header(config, "X-Api-Key", &err) < 0 ||
        anycert_config_set_timeouts(config, 20000, 40000, 0, &err) < 0 ||
        anycert_config_set_trace(config, on_trace, trace, &err) < 0)
        fail_msg("%s", err.message);
    anycert_policy_free(policy);
    return floor_client_of(config);
}

/* Names of fields that are secret, in other letters than the usual ones, and what must not be seen
 * of their values. */
static const char *const secret_fields[][2] = {
    {"authorization", "Bearer t0ken-of-the-bearer"},
    {"cookie", "session=c00kie-of-the-session"},
    {"x-API-key", "k3y-of-the-interface"},
    {"Proxy-Authorization", "Basic cHIweHk6cGFzcw=="},
};
static const char *const secrets[] = {
    "t0ken",
    "c00kie",
    "k3y-of",
    "cHIweHk6cGFzcw",
    "pa55-of-the-setter",
    "pa55-of-the-address",
    "YWxpY2U6cGE1NS1vZi10aGUtc2V0dGVy",       /* alice:pa55-of-the-setter */
    "Ym9iLW5hbWU6cGE1NS1vZi10aGUtYWRkcmVzcw", /* bob-name:pa55-of-the-address */
    "bob-name",
};

static void assert_no_secret(struct trace *trace)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_hides(trace, secrets[i]);
}

static void send_with(struct anycert_client *client, const char *url, bool fields, bool basic)
{
    struct anycert_error err = {0};
    struct anycert_request *request = floor_request("GET", url);

    floor_header(request, "X-Harmless", "seen-by-everybody");
    for (size_t i = fields ? 0 : 1; i < sizeof secret_fields / sizeof secret_fields[0]; i++)
        floor_header(request, secret_fields[i][0], secret_fields[i][1]);
    if (basic)
        assert_int_equal(
            anycert_request_set_basic_auth(request, "alice", "pa55-of-the-setter", &err), 0);
    anycert_response_free(floor_ok(client, request));
}

/* "https://bob-name:pa55-of-the-address@localhost:PORT/" */
static const char *url_with_user(uint16_t port)
{
    static char url[128];

    snprintf(url, sizeof url, "https://bob-name:pa55-of-the-address@localhost:%u/", (unsigned)port);
    return url;
}

static void test_requests_show_no_secret(void **state)
{
    static const struct {
        enum anycert_http_version version;
        enum flaw flaw;
    } rows[] = {
        {ANYCERT_HTTP_1_1, FLAW_NONE},
        {ANYCERT_HTTP_2, FLAW_NONE},
        {ANYCERT_HTTP_1_1, FLAW_SELF_SIGNED},
        {ANYCERT_HTTP_2, FLAW_SELF_SIGNED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t port = web.ports[rows[i].flaw];
        struct plan plan = {rows[i].flaw == FLAW_NONE ? ask_policy("hardened", pki.root_path)
                                                      : "trust-any",
                            rows[i].version, NULL};
        struct trace trace;
        struct anycert_client *client = traced_client(&plan, &trace);

        for (int again = 0; again < 2; again++) { /* fresh connections, and kept ones */
            send_with(client, url_of("https", port, ""), true, false);
            send_with(client, url_of("https", port, ""), false, true);
            send_with(client, url_with_user(port), false, false);
        }
        anycert_client_free(client);
        assert_no_secret(&trace);
        assert_shows(&trace,
                     rows[i].version == ANYCERT_HTTP_2 ? "> GET / HTTP/2" : "> GET / HTTP/1.1");
        assert_shows(&trace, "seen-by-everybody");
        assert_shows(&trace, "> Authorization: (hidden)\n");
        assert_shows(&trace, "> Cookie: (hidden)\n");
        assert_shows(&trace, "> Proxy-Authorization: (hidden)\n");
        assert_shows(&trace, "> X-API-Key: (hidden)\n");
        assert_shows(&trace, "* Connected to ");
        trace_close(&trace);
    }
}

static void test_proxy_credentials_are_not_shown(void **state)
{
    struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_PROXY});
    struct trace trace;
    struct anycert_client *client = NULL;
    char proxy_url[128];
    struct wiretap_seen seen;

    (void)state;
    snprintf(proxy_url, sizeof proxy_url, "http://bob-name:pa55-of-the-address@127.0.0.1:%u",
             (unsigned)wiretap_port(proxy));
    client = traced_client(
        &(struct plan){ask_policy("hardened", pki.root_path), ANYCERT_HTTP_AUTO, proxy_url},
        &trace);
    send_with(client, url_of("https", web.ports[FLAW_NONE], ""), true, false);
    send_with(client, "http://plain.test/", true, false);
    anycert_client_free(client);
    seen = wiretap_stop(proxy);
    assert_non_null(strstr(seen.text, "CONNECT localhost:"));
    assert_non_null(strstr(seen.text, "Ym9iLW5hbWU6cGE1NS1vZi10aGUtYWRkcmVzcw"));
    assert_no_secret(&trace);
    assert_shows(&trace, "> CONNECT localhost:");
    assert_shows(&trace, "> Proxy-Authorization: (hidden)\n");
    trace_close(&trace);
}

/* ---- header lines in pieces */

#define LONG_SECRET 6000

/* "Bearer " and six-byte words, so that each piece of it can be told. */
static char *long_secret(void)
{
    static const char beginning[] = "Bearer ";
    static const char word[] = "s3cr3t";
    char *text = calloc(1, LONG_SECRET + sizeof beginning + sizeof word);
    size_t len = sizeof beginning - 1;

    assert_non_null(text);
    memcpy(text, beginning, len);
    for (; len < LONG_SECRET; len += sizeof word - 1)
        memcpy(text + len, word, sizeof word - 1);
    return text;
}

/* Newer libcurls leave out a field that is too long for them, and say nothing. */
static void assert_was_sent(struct canned *server, const char *secret, const char *padding)
{
    char *sent = canned_request(server, canned_requests(server) - 1, NULL);

    assert_non_null(sent);
    assert_non_null(strstr(sent, secret));
    assert_non_null(strstr(sent, padding));
    free(sent);
}

/* libcurl writes what it sends in blocks of 16 or 64 kB, and shows it in the same: the secret lies
 * across the ends of a block in some of the rows. */
static void show_long_secret(struct canned *server, size_t padding_len)
{
    struct anycert_request *request = floor_request("GET", canned_origin(server));
    char *padding = calloc(1, padding_len + 1);
    char *secret = long_secret();
    struct trace trace;
    struct anycert_client *client = traced_client(&(struct plan){.policy = "trust-any"}, &trace);

    assert_non_null(padding);
    memset(padding, 'p', padding_len);
    floor_header(request, "X-Padding", padding);
    floor_header(request, "Authorization", secret);
    floor_header(request, "X-Behind", "seen-by-everybody");
    anycert_response_free(floor_ok(client, request));
    anycert_client_free(client);
    assert_was_sent(server, secret, padding);
    assert_hides(&trace, "s3cr3t");
    assert_hides(&trace, "cr3ts");
    assert_shows(&trace, "> X-Padding:");
    assert_shows(&trace, "< Content-Length: 2\n");
    trace_close(&trace);
    free(padding);
    free(secret);
}

#define LONGEST (300000 - sizeof "X-Padding: " + 1) /* that is not refused */
static const size_t paddings[] = {0,     10000, 13000, 14000, 15000, 16000,  29000,  31000,
                                  59000, 60000, 62000, 64000, 65000, 150000, LONGEST};
#define PADDINGS (sizeof paddings / sizeof paddings[0])

static struct canned *start_canned(bool tls)
{
    struct canned *canned = canned_start(tls);

    canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return canned;
}

static void test_header_cut_into_pieces_shows_no_secret(void **state)
{
    struct canned *tls = start_canned(true);
    struct canned *plain = start_canned(false);

    (void)state;
    for (size_t i = 0; i < PADDINGS; i++) {
        show_long_secret(plain, paddings[i]);
        show_long_secret(tls, paddings[i]);
    }
    canned_stop(plain);
    canned_stop(tls);
}

/* What comes between the pieces does not make the next one a line of its own. */
static void test_answer_between_the_pieces_shows_no_secret(void **state)
{
    struct canned *canned = start_canned(true);

    (void)state;
    canned_greet(canned, "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
                         "HTTP/1.1 100 Continue\r\n\r\n");
    for (size_t i = 0; i < PADDINGS; i++)
        show_long_secret(canned, paddings[i]);
    canned_stop(canned);
}

/* The same over HTTP/2, where servers may refuse so much: what is shown counts, not the answer. */
static void test_long_header_of_http2_shows_no_secret(void **state)
{
    char *secret = long_secret();
    struct anycert_request *request =
        floor_request("GET", url_of("https", web.ports[FLAW_NONE], ""));
    struct anycert_error err = {0};
    struct anycert_response *response = NULL;
    struct trace trace;
    struct anycert_client *client = traced_client(
        &(struct plan){ask_policy("hardened", pki.root_path), ANYCERT_HTTP_2, NULL}, &trace);
    char padding[7000];

    (void)state;
    memset(padding, 'p', sizeof padding - 1);
    padding[sizeof padding - 1] = '\0';
    for (int i = 0; i < 8; i++)
        floor_header(request, "X-Padding", padding);
    floor_header(request, "Authorization", secret);
    (void)!anycert_client_send(client, request, &response, &err);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    assert_hides(&trace, "s3cr3t");
    assert_hides(&trace, "cr3ts");
    assert_shows(&trace, "> GET / HTTP/2");
    trace_close(&trace);
    free(secret);
}

/* ---- answers */

static void test_cookies_of_answers_are_not_shown(void **state)
{
    struct canned *canned = canned_start(true);
    struct trace trace;
    struct anycert_client *client = NULL;

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 200 OK\r\n"
                "set-cookie: first=c00kie-one; Path=/\r\n"
                "Set-Cookie: second=\r\n"
                " c00kie-folded;\r\n"
                "\tc00kie-folded-by-a-tab\r\n"
                "X-Api-Key: k3y-of-the-answer\r\n"
                "X-Shown: seen-by\r\n"
                " -everybody\r\n"
                "Content-Length: 2\r\n\r\nok");
    client = traced_client(&(struct plan){.policy = "trust-any"}, &trace);
    for (int i = 0; i < 2; i++)
        anycert_response_free(floor_ok(client, floor_request("GET", canned_origin(canned))));
    anycert_client_free(client);
    assert_no_secret(&trace);
    assert_shows(&trace, "< set-cookie: (hidden)\n");
    assert_shows(&trace, "< Set-Cookie: (hidden)\n");
    assert_shows(&trace, "< X-Api-Key: (hidden)\n");
    assert_shows(&trace, "< X-Shown: seen-by");
    assert_shows(&trace, "-everybody\n");
    trace_close(&trace);
    canned_stop(canned);
}

/* Whether libcurl takes such an answer or refuses it: no byte of it acts on a terminal. */
static void test_control_bytes_of_answers_are_not_shown(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 \033[31mOK\007\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX-Evil: a\033]0;title\007\b\177\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX-Evil: a\rforged\r\nContent-Length: 2\r\n\r\nok",
    };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct canned *canned = canned_start(true);
        struct anycert_request *request = floor_request("GET", canned_origin(canned));
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};
        struct trace trace;
        struct anycert_client *client =
            traced_client(&(struct plan){.policy = "trust-any"}, &trace);

        canned_answer(canned, answers[i], strlen(answers[i]), CANNED_CLOSE);
        (void)!anycert_client_send(client, request, &response, &err);
        anycert_response_free(response);
        anycert_request_free(request);
        anycert_client_free(client);
        assert_shows(&trace, "< HTTP/1.1 200"); /* and looks for control bytes */
        trace_close(&trace);
        canned_stop(canned);
    }
}

/* ---- what is said of the link */

static void assert_line(struct trace *trace, uint16_t port, const char *hop, const char *end)
{
    char begin[64];
    const char *line = NULL;
    const char *newline = NULL;

    snprintf(begin, sizeof begin, "* %s localhost:%u: TLSv1.", hop, (unsigned)port);
    line = strstr(trace_text(trace), begin);
    if (!line)
        fail_msg("the trace has no '%s':\n%s", begin, trace->text);
    newline = strchr(line, '\n');
    if ((size_t)(newline - line) < strlen(end) ||
        memcmp(newline - strlen(end), end, strlen(end)) != 0)
        fail_msg("'%.*s' does not end in '%s'", (int)(newline - line), line, end);
}

static void test_link_is_told_by_its_verdict_and_policy(void **state)
{
    struct {
        const char *policy;
        enum flaw flaw;
        bool works;
        const char *end;
    } rows[] = {
        {"hardened", FLAW_NONE, true, "peer authenticated"},
        {"hardened", FLAW_SELF_SIGNED, false, NULL},
        {"hardened+self-signed", FLAW_SELF_SIGNED, true, "; peer not authenticated"},
        {"trust-any", FLAW_SELF_SIGNED, true, "relaxed by trust-any; peer not authenticated"},
        {"trust-any", FLAW_EXPIRED, true, "relaxed by trust-any; peer not authenticated"},
        {"report-only", FLAW_WRONG_HOST, true, "relaxed by report-only; peer not authenticated"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *rung = rows[i].policy;
        bool anchored = strncmp(rung, "hardened", 8) == 0;
        uint16_t port = web.ports[rows[i].flaw];
        struct trace trace;
        struct anycert_client *client = traced_client(
            &(struct plan){.policy = ask_policy(rung, anchored ? pki.root_path : NULL)}, &trace);
        struct answer answer = ask_get(client, url_of("https", port, ""));

        assert_int_equal(answer.code == 0, rows[i].works);
        answer_free(&answer);
        anycert_client_free(client);
        assert_hides(&trace, "verify ok");
        assert_hides(&trace, "verify result");
        if (rows[i].works) {
            assert_line(&trace, port, "origin", rows[i].end);
            assert_shows(&trace, i == 0 ? ", pass by hardened ca=" : ", relaxed by ");
        }
        trace_close(&trace);
    }
}

#define DOTS                                                                                       \
    "./././././././././././././././././././././././././././././././././././././././././././././."  \
    "/././././././././././././././././././././././././././././././././././."

static void test_link_under_a_long_policy_is_told_too(void **state)
{
    uint16_t port = web.ports[FLAW_NONE];
    char policy[8192];
    struct trace trace;
    struct anycert_client *client = NULL;
    size_t len = (size_t)snprintf(policy, sizeof policy, "hardened ca=%s", pki.root_path);

    (void)state;
    for (int i = 0; i < 60; i++) /* the same root by other paths */
        len += (size_t)snprintf(policy + len, sizeof policy - len, ",%s/%.*s/root.pem", pki.folder,
                                1 + 2 * i, DOTS);
    assert_true(len < sizeof policy);
    client = traced_client(&(struct plan){.policy = policy}, &trace);
    ask_works(client, url_of("https", port, ""));
    anycert_client_free(client);
    assert_line(&trace, port, "origin", "; peer authenticated");
    trace_close(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_show_no_secret),
        cmocka_unit_test(test_proxy_credentials_are_not_shown),
        cmocka_unit_test(test_header_cut_into_pieces_shows_no_secret),
        cmocka_unit_test(test_answer_between_the_pieces_shows_no_secret),
        cmocka_unit_test(test_long_header_of_http2_shows_no_secret),
        cmocka_unit_test(test_cookies_of_answers_are_not_shown),
        cmocka_unit_test(test_control_bytes_of_answers_are_not_shown),
        cmocka_unit_test(test_link_is_told_by_its_verdict_and_policy),
        cmocka_unit_test(test_link_under_a_long_policy_is_told_too),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
