#include "client/journey.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/cookies.h"
#include "client/log.h"
#include "client/oauth2.h"
#include "http/secret.h"

#include <stdio.h>
#include <string.h>

/* Fields that are for the request's own origin alone. */
static bool is_secret(const struct anycert_client *client, const char *name)
{
    return anycert__str_equal_nocase(name, "Host") ||
           anycert__is_secret_field(&client->settings, name, strlen(name));
}

static bool is_about_body(const char *name)
{
    static const char *const names[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                        "Content-Location", "Expect"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (anycert__str_equal_nocase(name, names[i]))
            return true;
    }
    return false;
}

/* The request's own fields, or the client's. */
static const struct anycert__fields *choose_fields(const struct anycert__journey *journey)
{
    const struct anycert__fields *own = &journey->request->headers;

    return own->count > 0 ? own : &journey->client->config->headers;
}

static bool has_secrets(const struct anycert__journey *journey)
{
    return journey->with_secrets && !journey->is_bare;
}

static int choose_headers(struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert__fields *given = choose_fields(journey);
    bool has_parts = journey->request->body.kind == ANYCERT__BODY_PARTS;

    for (size_t i = 0; i < given->count; i++) {
        const char *name = given->list[i].name;

        if (!has_secrets(journey) && is_secret(journey->client, name) &&
            !(journey->with_secrets && anycert__str_equal_nocase(name, "Host")))
            continue;
        /* Further on, the jar knows better what the server wants. */
        if (journey->redirects > 0 && journey->client->config->cookies &&
            anycert__str_equal_nocase(name, "Cookie"))
            continue;
        if (journey->unexpected && anycert__str_equal_nocase(name, "Expect"))
            continue;
        if (has_parts && given != &journey->request->headers &&
            anycert__str_equal_nocase(name, "Content-Type"))
            continue; /* the client's cannot know their boundary */
        if (!journey->with_body && journey->request->body.kind != ANYCERT__BODY_NONE &&
            is_about_body(name))
            continue;
        if (anycert__fields_add(&journey->headers, name, given->list[i].value, err) < 0)
            return -1;
    }
    if (!journey->extra_name)
        return 0;
    return anycert__fields_add(&journey->headers, journey->extra_name, journey->extra_value, err);
}

static int64_t now_of(const struct anycert__journey *journey)
{
    return anycert__clock_now(&journey->client->config->clock);
}

/* The credentials that go with the next exchange; NULL: none, but perhaps a user and password. */
static struct anycert__auth_use *auth_of(const struct anycert__journey *journey)
{
    bool has_any = has_secrets(journey) && journey->auth && journey->auth->auth;

    return has_any ? journey->auth : NULL;
}

/* Those of the request or the client; those in the URL count least. */
static int choose_credentials(struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert_request *request = journey->request;
    struct anycert__exchange *exchange = &journey->exchange;
    const struct anycert__auth_hop hop = {&journey->headers, now_of(journey)};

    if (!has_secrets(journey))
        return 0;
    if (auth_of(journey))
        return anycert__auth_prepare(journey->auth, &hop, exchange, err);
    exchange->user = request->user ? request->user : request->url.user;
    exchange->password = request->user ? request->password : request->url.password;
    if (exchange->user)
        anycert__fields_remove(&journey->headers, "Authorization");
    exchange->header_count = journey->headers.count;
    return 0;
}

/* Milliseconds left for the whole request; 0 means no limit, -1 that none are left. */
static int64_t time_left(const struct anycert__journey *journey)
{
    int64_t total = journey->limits.total_ms;
    int64_t left = 0;

    if (total == 0)
        return 0;
    left = total - (anycert__monotonic_us() - journey->started_us) / 1000;
    return left > 0 ? left : -1;
}

/* The request's own, which are for its origin alone, go with the jar's in a field of ours. */
static int choose_cookies(struct anycert__journey *journey, struct anycert_error *err)
{
    struct anycert__exchange *exchange = &journey->exchange;

    if (journey->is_fetching || !has_secrets(journey))
        return 0;
    if (anycert__cookies_add_own(journey->request, &journey->answered, exchange->jar, journey->url,
                                 now_of(journey), &journey->headers, err) < 0)
        return -1;
    exchange->headers = journey->headers.list;
    exchange->header_count = journey->headers.count;
    if (journey->request->cookies.count > 0)
        exchange->jar = NULL;
    return 0;
}

/* What was said for the request's own origin is not about a token server elsewhere: a pin would not
 * match there, and a relaxation would be without the pin that may go with it. */
static int token_place(const struct anycert__journey *journey, const struct anycert__url *url)
{
    return anycert__url_same_origin(url, &journey->request->url) ? ANYCERT__HERE : ANYCERT__TOKEN;
}

static int where_of(const struct anycert__journey *journey)
{
    if (journey->is_fetching)
        return token_place(journey, journey->exchange.url);
    return anycert__url_same_origin(journey->url, &journey->request->url) ? ANYCERT__HERE
                                                                          : ANYCERT__ELSEWHERE;
}

static int choose_terms(struct anycert__journey *journey, struct anycert_error *err)
{
    struct anycert_client *client = journey->client;
    struct anycert__exchange *exchange = &journey->exchange;
    int64_t now = now_of(journey);
    int where = where_of(journey);
    const struct anycert__situation *situation =
        anycert__situation_of(client, exchange->url, where, now, &journey->anchors, err);

    if (!situation)
        return -1;
    if (client->config->look_only)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "this client only looks at servers, and makes no request");
    journey->situation = situation;
    if (anycert__entries_fit(client, exchange->url, where, now, err) < 0)
        return -1;
    /* Who says which server answers will not have its token got in clear text from another one. */
    if (where != ANYCERT__ELSEWHERE &&
        anycert__situation_fits(where == ANYCERT__TOKEN ? &client->own.at[ANYCERT__HERE]
                                                        : situation,
                                exchange->url, err) < 0)
        return -1;
    exchange->terms = &situation->terms;
    exchange->anchors = journey->anchors;
    exchange->only_public = client->config->private_addresses == ANYCERT_PRIVATE_REFUSED ||
                            (where == ANYCERT__ELSEWHERE &&
                             client->config->private_addresses == ANYCERT_PRIVATE_NOT_BY_REDIRECT);
    if (!journey->is_bare && !journey->is_fetching)
        exchange->jar = anycert__cookies_for(client, situation->policy, &journey->headers);
    if (choose_cookies(journey, err) < 0)
        return -1;
    if (anycert__exchange_check_host(exchange, err) < 0)
        return -1;
    if (!client->settings.proxy_https ||
        !anycert__http_proxied(client->http, exchange->url->host, exchange->url->port))
        return 0;
    situation = anycert__proxy_situation(client, now, &journey->proxy_anchors, err);
    if (!situation)
        return anycert__error_prefix(err, "proxy");
    exchange->proxy_terms = &situation->terms;
    exchange->proxy_anchors = journey->proxy_anchors;
    return 0;
}

/* Nothing is left of the exchange before. */
static void clear_exchange(struct anycert__journey *journey)
{
    anycert__exchange_clear(&journey->exchange);
    memset(&journey->exchange, 0, sizeof journey->exchange);
    anycert__fields_clear(&journey->headers);
    anycert__anchors_unref(journey->anchors);
    anycert__anchors_unref(journey->proxy_anchors);
    journey->anchors = journey->proxy_anchors = NULL;
    journey->situation = NULL;
}

static unsigned max_redirects(const struct anycert__journey *journey)
{
    int own = journey->request->max_redirects;

    return own >= 0 ? (unsigned)own : journey->client->config->max_redirects;
}

/* A redirect beyond the last one is an error to some and the answer to others. */
static bool follows(const struct anycert__journey *journey)
{
    unsigned max = max_redirects(journey);

    return max > 0 && (journey->redirects < max || !journey->client->config->keep_last_redirect);
}

static int choose_time(struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert__limits *limits = &journey->limits;

    journey->exchange.limit_ms = limits->total_ms;
    journey->exchange.connect_ms = limits->connect_ms ? limits->connect_ms : UINT32_MAX;
    journey->exchange.stall_ms = limits->stall_ms ? limits->stall_ms : UINT32_MAX;
    journey->exchange.total_ms = time_left(journey);
    return journey->exchange.total_ms < 0
               ? anycert__fail(err, ANYCERT_E_TIMEOUT_TOTAL,
                               "the %u ms of the request were used up by %s",
                               (unsigned)journey->limits.total_ms,
                               journey->redirects > 0 ? "redirects" : "what had to come before it")
               : 0;
}

static int prepare_fetch(struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert_client *client = journey->client;

    journey->is_fetching = true;
    if (anycert__auth_fetch_begin(journey->auth, &journey->exchange, err) < 0)
        return -1;
    journey->exchange.progress = journey->request->progress;
    journey->exchange.progress_arg = journey->request->progress_arg;
    if (choose_terms(journey, err) < 0)
        return -1;
    if (!journey->exchange.url->https && client->config->secret_guard == ANYCERT_SECRETS_SEND)
        anycert__log(client->log, ANYCERT_LOG_WARNING,
                     "the client's secret goes out in clear text to the token server %s",
                     journey->exchange.url->origin);
    return 0;
}

/* Everything but what a token request has, too. */
static int prepare_request(struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert_request *request = journey->request;
    struct anycert__exchange *exchange = &journey->exchange;

    journey->sink.follow = follows(journey);
    exchange->method = journey->method;
    exchange->url = journey->url;
    exchange->sink = anycert__sink_take;
    exchange->sink_arg = &journey->sink;
    exchange->progress = request->progress;
    exchange->progress_arg = request->progress_arg;
    if (choose_headers(journey, err) < 0 ||
        anycert__sink_ask(&journey->sink, &journey->headers, err) < 0)
        return -1;
    exchange->is_bare = journey->is_bare;
    exchange->hold = request->hold;
    exchange->may_expect = !journey->unexpected;
    exchange->headers = journey->headers.list;
    exchange->header_count = journey->headers.count;
    if (journey->with_body && request->body.kind != ANYCERT__BODY_NONE)
        exchange->body = &request->body;
    exchange->has_secret_body = exchange->body && request->secret_body;
    return choose_credentials(journey, err) < 0 ? -1 : choose_terms(journey, err);
}

/* Whether a token has to be had first. One that was got under another policy is another one. */
static enum anycert__auth_step need_token(struct anycert__journey *journey,
                                          struct anycert_error *err)
{
    struct anycert__auth_use *use = auth_of(journey);
    int64_t now = now_of(journey);
    const struct anycert__url *url = NULL;
    const char *terms = NULL;

    if (!use || use->auth->kind != ANYCERT__AUTH_OAUTH2)
        return ANYCERT__AUTH_READY;
    url = &use->auth->oauth2->url;
    terms = anycert__situation_text(journey->client, url, token_place(journey, url), now, err);
    return terms ? anycert__auth_need(use, terms, now, err) : ANYCERT__AUTH_REFUSED;
}

static int prepare(struct anycert__journey *journey, struct anycert_error *err)
{
    clear_exchange(journey);
    journey->is_fetching = false;
    if (choose_time(journey, err) < 0)
        return -1;
    switch (need_token(journey, err)) {
    case ANYCERT__AUTH_READY:
        return prepare_request(journey, err);
    case ANYCERT__AUTH_FETCH:
        return prepare_fetch(journey, err);
    case ANYCERT__AUTH_WAIT:
        return 1;
    case ANYCERT__AUTH_REFUSED:
        break;
    }
    return -1;
}

int anycert__journey_prepare(struct anycert__journey *journey, struct anycert_error *err)
{
    int result = prepare(journey, err);

    /* Of http it is known before anybody is asked that secrets are not for it. */
    if (result == 0 && !journey->is_fetching && !journey->is_bare && !journey->url->https &&
        anycert__http_may_withhold(journey->client->http, &journey->exchange)) {
        journey->is_bare = true;
        result = prepare(journey, err);
    }
    return result;
}

/* What a redirect makes of the method and the body (RFC 9110 sections 15.4.2 to 15.4.9). */
static void change_method(struct anycert__journey *journey)
{
    int status = journey->response->status;
    bool is_post = strcmp(journey->method, "POST") == 0;

    if ((status == 303 && strcmp(journey->method, "HEAD") != 0) ||
        ((status == 301 || status == 302) && is_post)) {
        journey->method = "GET";
        journey->with_body = false;
    }
}

/* The method has been chosen; the body will go along if there is one. */
static int check_body_again(const struct anycert__journey *journey,
                            const struct anycert__url *target, struct anycert_error *err)
{
    const struct anycert_request *request = journey->request;
    char why[400];

    if (!journey->with_body || request->body.kind == ANYCERT__BODY_NONE)
        return 0;
    if (request->secret_body && !anycert__url_same_origin(target, &request->url))
        return anycert__fail(err, ANYCERT_E_REDIRECTS,
                             "%s redirects to %s, and the body is a secret of %s",
                             journey->url->origin, target->origin, request->url.origin);
    (void)snprintf(why, sizeof why, "%s redirects", journey->url->origin);
    return anycert__body_check_again(&request->body, ANYCERT_E_REDIRECTS, why, err);
}

static int follow(struct anycert__journey *journey, const char *location, struct anycert_error *err)
{
    const struct anycert_config *config = journey->client->config;
    struct anycert__url target = {0};

    if (journey->redirects >= max_redirects(journey))
        return anycert__fail(err, ANYCERT_E_REDIRECTS, "more than %u redirects",
                             max_redirects(journey));
    if (anycert__url_resolve(journey->url, location, &target, err) < 0) {
        if (err && err->code == ANYCERT_E_URL)
            err->code = ANYCERT_E_REDIRECTS;
        return anycert__error_prefix(err, "%s redirects to a place that cannot be followed",
                                     journey->url->origin);
    }
    if (journey->url->https && !target.https && !config->allow_downgrade) {
        anycert__fail(err, ANYCERT_E_TRUST_DOWNGRADE, "%s redirects to %s, which is not protected",
                      journey->url->origin, target.origin);
        anycert__url_clear(&target);
        return -1;
    }
    if (auth_of(journey) && anycert__auth_strip(journey->auth, &target, err) < 0) {
        anycert__url_clear(&target);
        return -1;
    }
    if (!anycert__url_same_origin(&target, &journey->request->url))
        journey->with_secrets = false;
    journey->is_bare = false; /* another link */
    change_method(journey);
    if (check_body_again(journey, &target, err) < 0) {
        anycert__url_clear(&target);
        return -1;
    }
    journey->redirects++;
    anycert__url_clear(&journey->next);
    journey->next = target;
    journey->url = &journey->next;
    return 0;
}

/* Whether the answer asks for fresh credentials, and there are some and the body can be sent again.
 * -1 with err if that could not be found out. */
static int wants_credentials(const struct anycert__journey *journey,
                             const struct anycert__exchange *exchange, struct anycert_error *err)
{
    if (!auth_of(journey) || journey->is_fetching ||
        (journey->with_body && !anycert__body_repeats(&journey->request->body)))
        return 0;
    return anycert__auth_again(journey->auth, exchange, err);
}

/* The sink's question: does the body that comes belong to an answer that is not the last one? */
static bool is_for_nobody(void *arg, const struct anycert__exchange *exchange)
{
    const struct anycert__journey *journey = arg;

    return wants_credentials(journey, exchange, NULL) != 0 ||
           (journey->again && journey->again(journey->again_arg, exchange));
}

int anycert__journey_begin(struct anycert__journey *journey, struct anycert_client *client,
                           const struct anycert_request *request,
                           const struct anycert__limits *limits,
                           bool (*again)(void *arg, const struct anycert__exchange *exchange),
                           void *arg, struct anycert_error *err)
{
    memset(journey, 0, sizeof *journey);
    journey->client = client;
    journey->request = request;
    journey->limits = *limits;
    journey->again = again;
    journey->again_arg = arg;
    journey->method = request->method;
    journey->with_body = true;
    journey->url = request->start ? request->start : &request->url;
    journey->with_secrets = anycert__url_same_origin(journey->url, &request->url);
    if (limits->total_ms > 0)
        journey->started_us = anycert__monotonic_us();
    journey->response = anycert__response_new(err);
    if (!journey->response)
        return -1;
    if (anycert__sink_open(&journey->sink, client, request, journey->response, err) < 0)
        return -1;
    journey->sink.again = is_for_nobody;
    journey->sink.again_arg = journey;
    return 0;
}

/* The answer to a token request is nobody's but when it failed. */
static int took_token(struct anycert__journey *journey, int result, struct anycert_error *err)
{
    struct anycert_error lost = {0};

    result =
        anycert__auth_fetch_end(journey->auth, result, &journey->exchange, now_of(journey), err);
    if (result < 0) {
        (void)anycert__response_take(journey->response, &journey->exchange, &lost);
    } else {
        anycert_report_free(journey->response->token_report);
        journey->response->token_report = journey->exchange.report;
        journey->exchange.report = NULL;
    }
    return result < 0 ? -1 : 1;
}

/* The server refuses to be asked before it gets the body: once more without asking. 1, or -1. */
static int ask_no_more(struct anycert__journey *journey, struct anycert_error *err)
{
    struct anycert__exchange *exchange = &journey->exchange;
    char why[400];

    journey->unexpected = true;
    (void)snprintf(why, sizeof why, "%.300s refuses to be asked first", journey->url->origin);
    anycert__error_clear(err);
    if (anycert__body_check_again(exchange->body, ANYCERT_E_BODY_READ, why, err) < 0 ||
        anycert__response_take(journey->response, exchange, err) < 0)
        return -1;
    clear_exchange(journey);
    return 1;
}

/* Nothing was sent, as the secret guard keeps the secrets from this link: without them, then. From
 * a token request nothing can be taken; it is left out. */
static bool is_withheld(const struct anycert__journey *journey, const struct anycert_error *err)
{
    if (journey->is_bare)
        return false;
    return journey->exchange.guarded ||
           (journey->is_fetching && err && err->code == ANYCERT_E_TRUST_SECRETS &&
            journey->client->config->secret_guard == ANYCERT_SECRETS_WITHHOLD);
}

int anycert__journey_took(struct anycert__journey *journey, int result, struct anycert_error *err)
{
    struct anycert__exchange *exchange = &journey->exchange;
    struct anycert_error lost = {0};
    char *location = NULL;
    int again = 0;

    if (result < 0 && exchange->lapsed && journey->lapses < 2) {
        journey->lapses++; /* the origin's policy may end, and the proxy's */
        if (journey->is_fetching)
            anycert__auth_fetch_drop(journey->auth);
        anycert__error_clear(err);
        return 1;
    }
    journey->lapses = 0;
    if (result < 0 && is_withheld(journey, err)) {
        if (journey->is_fetching)
            anycert__auth_fetch_drop(journey->auth); /* and without a token, then */
        journey->is_bare = true;
        anycert__error_clear(err);
        return 1;
    }
    if (result < 0 && exchange->unexpected && !journey->unexpected && !journey->is_fetching)
        return ask_no_more(journey, err);
    if (!journey->is_fetching) {
        journey->arrived = journey->arrived || exchange->sent;
        result = anycert__sink_ended(&journey->sink, exchange, result, err);
        if (result >= 0 && !journey->is_bare) {
            anycert__cookies_learn(journey->client, exchange->terms->policy, &journey->headers,
                                   exchange);
            if (anycert__cookies_note(journey->request, exchange, &journey->answered, err) < 0)
                result = -1;
        }
    }
    if (result < 0)
        anycert__journey_explain(journey, err);
    if (journey->is_fetching)
        return took_token(journey, result, err);
    if (result == 0)
        again = wants_credentials(journey, exchange, err);
    if (again < 0)
        result = -1;
    if (result == 0 && again == 0 && anycert__is_redirect(exchange) && journey->sink.follow) {
        location = anycert__strdup(anycert__fields_get(&exchange->fields, "Location", 0));
        if (!location)
            result = anycert__fail_nomem(err);
    }
    if (anycert__response_take(journey->response, exchange, result < 0 ? &lost : err) < 0)
        result = -1;
    if (result == 0 && location)
        result = follow(journey, location, err) < 0 ? -1 : 1;
    anycert__free(location);
    if (result < 0 && err)
        anycert__hide_in_error(&journey->client->settings, exchange, err);
    clear_exchange(journey);
    return result == 0 && again > 0 ? 1 : result;
}

int anycert__journey_commit(struct anycert__journey *journey, struct anycert_error *err)
{
    return anycert__sink_commit(&journey->sink, err);
}

struct anycert_response *anycert__journey_end(struct anycert__journey *journey, int result)
{
    struct anycert_response *response = journey->response;

    clear_exchange(journey);
    anycert__sink_close(&journey->sink);
    anycert__url_clear(&journey->next);
    anycert__fields_clear(&journey->answered);
    journey->response = NULL;
    if (result < 0 && response) {
        /* A body that did not come whole is none. */
        anycert__buf_free(&response->body);
        if (response->hop_count == 0) {
            anycert_response_free(response);
            response = NULL;
        }
    }
    return response;
}
