#include "client/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CONNECT_MS 20000
#define TOTAL_MS   40000

static void must(int result, const struct anycert_error *err)
{
    if (result < 0)
        fail_msg("%s (%d)", err->message, (int)err->code);
}

static struct anycert_policy *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);

    if (!policy)
        fail_msg("policy '%s': %s", text, err.message);
    return policy;
}

static void set_policies(struct anycert_config *config, const struct ask *ask)
{
    struct anycert_error err = {0};

    if (ask->policy) {
        struct anycert_policy *policy = parse(ask->policy);

        must(anycert_config_set_policy(config, policy, &err), &err);
        anycert_policy_free(policy);
    }
    if (ask->proxy_policy) {
        struct anycert_policy *policy = parse(ask->proxy_policy);

        must(anycert_config_set_proxy_policy(config, policy, &err), &err);
        anycert_policy_free(policy);
    }
}

static void set_file(struct anycert_config *config, const struct ask *ask)
{
    struct anycert_error err = {0};

    if (ask->file) {
        struct anycert_policy_file *file =
            anycert_policy_file_parse(ask->file, strlen(ask->file), "f", &err);

        if (!file)
            fail_msg("%s", err.message);
        must(anycert_config_set_policy_file(config, file, &err), &err);
        anycert_policy_file_free(file);
    }
    if (ask->anchors) {
        struct anycert_policy *policy = anycert_policy_new(&err);

        must(anycert_policy_add_ca_path(policy, ask->anchors, &err), &err);
        must(anycert_config_set_default_anchors(config, policy, &err), &err);
        anycert_policy_free(policy);
    }
}

static void set_trust(struct anycert_config *config, const struct ask *ask)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = NULL;

    must(anycert_config_set_trust_ask(config, ask->trust_ask, ask->trust_ask_arg, &err), &err);
    if (!ask->trust_store)
        return;
    store = ask->store_is_read_only ? anycert_trust_store_open_read_only(ask->trust_store, &err)
                                    : anycert_trust_store_open(ask->trust_store, &err);
    must(store ? 0 : -1, &err);
    must(anycert_config_set_trust_store(config, store, &err), &err);
    anycert_trust_store_free(store);
}

static void set_identity(struct anycert_config *config, const struct ask *ask)
{
    struct anycert_error err = {0};

    must(anycert_config_set_client_cert(config, ask->cert, ask->key, &err), &err);
    if (!ask->uri)
        must(anycert_config_set_client_cert_password(config, ask->pin, &err), &err);
    if (ask->p12)
        must(anycert_config_set_client_cert_p12(config, ask->p12, ask->p12_password, &err), &err);
    if (ask->uri)
        must(anycert_config_set_client_cert_pkcs11(config, ask->uri, ask->pin, &err), &err);
}

struct anycert_client *ask_client(const struct ask *ask)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;

    assert_non_null(config);
    set_policies(config, ask);
    set_file(config, ask);
    must(anycert_config_set_proxy(config, ask->proxy, &err), &err);
    if (ask->resolve)
        must(anycert_config_add_resolve(config, ask->resolve, &err), &err);
    if (ask->connect_to)
        must(anycert_config_add_connect_to(config, ask->connect_to, &err), &err);
    must(anycert_config_set_no_proxy(config, ask->no_proxy, &err), &err);
    must(anycert_config_set_proxy_auth(config, ask->proxy_auth, &err), &err);
    set_trust(config, ask);
    set_identity(config, ask);
    must(anycert_config_set_secret_guard(config, ask->guard, &err), &err);
    must(anycert_config_set_http_version(config, ask->http_version, &err), &err);
    must(anycert_config_set_timeouts(config, ask->connect_ms ? ask->connect_ms : CONNECT_MS,
                                     ask->total_ms ? ask->total_ms : TOTAL_MS, 0, &err),
         &err);
    must(anycert_config_set_clock(config, ask->now, ask->now_arg, &err), &err);
    client = anycert_client_new(config, &err);
    if (!client)
        fail_msg("%s (%d)", err.message, (int)err.code);
    anycert_config_free(config);
    return client;
}

static void read_reports(struct answer *answer)
{
    const struct anycert_response *response = answer->response;
    size_t last = anycert_response_hop_count(response) - 1;
    const struct anycert_report *report = anycert_response_hop_report(response, last);
    const struct anycert_report *proxy = anycert_response_hop_proxy_report(response, last);

    answer->reused = anycert_response_hop_reused(response, last) == 1;
    answer->has_report = report != NULL;
    answer->has_proxy_report = proxy != NULL;
    if (report) {
        answer->verdict = anycert_report_verdict(report);
        answer->reference_verdict = anycert_report_reference_verdict(report);
        answer->authenticated = anycert_report_peer_authenticated(report) == 1;
        snprintf(answer->protocol, sizeof answer->protocol, "%s", anycert_report_protocol(report));
    }
    if (proxy) {
        answer->proxy_verdict = anycert_report_verdict(proxy);
        answer->proxy_authenticated = anycert_report_peer_authenticated(proxy) == 1;
    }
}

struct answer answer_of(struct anycert_response *response, const struct anycert_error *err)
{
    struct answer answer = {.response = response, .code = err->code};

    memcpy(answer.message, err->message, sizeof answer.message);
    if (response) {
        answer.status = anycert_response_status(response);
        snprintf(answer.body, sizeof answer.body, "%s",
                 (const char *)anycert_response_body(response, NULL));
        snprintf(answer.http_version, sizeof answer.http_version, "%s",
                 anycert_response_http_version(response));
        read_reports(&answer);
    }
    return answer;
}

static void add_field(struct anycert_request *request, const char *field)
{
    struct anycert_error err = {0};
    const char *colon = strchr(field, ':');
    char name[64];

    assert_non_null(colon);
    snprintf(name, sizeof name, "%.*s", (int)(colon - field), field);
    must(anycert_request_add_header(request, name, colon + 2, &err), &err);
}

struct answer ask_get_with(struct anycert_client *client, const char *url,
                           const char *const *fields, unsigned field_count)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;

    if (!request)
        fail_msg("URL '%s': %s", url, err.message);
    for (unsigned i = 0; i < field_count; i++)
        add_field(request, fields[i]);
    if (anycert_client_send(client, request, &response, &err) < 0)
        assert_int_not_equal(err.code, 0);
    anycert_request_free(request);
    return answer_of(response, &err);
}

struct answer ask_get(struct anycert_client *client, const char *url)
{
    return ask_get_with(client, url, NULL, 0);
}

void answer_free(struct answer *answer)
{
    anycert_response_free(answer->response);
    answer->response = NULL;
}

bool ask_works(struct anycert_client *client, const char *url)
{
    struct answer answer = ask_get(client, url);

    if (answer.code != 0)
        fail_msg("%s: %s (%d)", url, answer.message, answer.code);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    return answer.reused;
}

bool ask_fails(struct anycert_client *client, const char *url, int code)
{
    struct answer answer = ask_get(client, url);

    if (answer.code != code)
        fail_msg("%s: expected error %d, got %d %s", url, code, answer.code, answer.message);
    assert_int_equal(answer.status, 0);
    assert_string_equal(answer.body, "");
    answer_free(&answer);
    return answer.has_report && !answer.reused;
}

const char *ask_policy(const char *rung, const char *anchors)
{
    static char texts[4][8192];
    static unsigned next;
    char *text = texts[next++ % 4];

    if (anchors)
        assert_true(snprintf(text, sizeof texts[0], "%s ca=%s", rung, anchors) <
                    (int)sizeof texts[0]);
    else
        snprintf(text, sizeof texts[0], "%s", rung);
    return text;
}

struct anycert_client *ask_under(const char *rung, const char *anchors)
{
    return ask_client(&(struct ask){.policy = ask_policy(rung, anchors)});
}
