#include "client/sink.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <sys/stat.h>

/* One request on its way through its redirects. */
struct journey {
    struct anycert_client *client;
    const struct anycert_request *request;
    struct anycert_response *response;
    struct anycert__sink sink;
    int64_t started_us;

    const char *method; /* as it stands: a redirect may have made it GET */
    bool with_body;
    bool with_secrets;        /* false for good once the way has left the request's origin */
    struct anycert__url next; /* the redirect's target; url points to it then */
    const struct anycert__url *url;
    unsigned redirects;
};

static bool is_named(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (anycert__str_equal_nocase(name, list[i]))
            return true;
    }
    return false;
}

/* Fields that are for the request's own origin alone. */
static bool is_secret(const struct anycert_client *client, const char *name)
{
    static const char *const always[] = {"Authorization", "Cookie", "Proxy-Authorization", "Host"};

    return is_named(name, always, sizeof always / sizeof always[0]) ||
           is_named(name, client->settings.secret_headers, client->settings.secret_header_count);
}

static bool is_about_body(const char *name)
{
    static const char *const names[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                        "Content-Location", "Expect"};

    return is_named(name, names, sizeof names / sizeof names[0]);
}

static int choose_headers(const struct journey *journey, struct anycert__fields *out,
                          struct anycert_error *err)
{
    const struct anycert__fields *given = &journey->request->headers;

    for (size_t i = 0; i < given->count; i++) {
        const char *name = given->list[i].name;

        if (!journey->with_secrets && is_secret(journey->client, name))
            continue;
        if (!journey->with_body && journey->request->has_body && is_about_body(name))
            continue;
        if (anycert__fields_add(out, name, given->list[i].value, err) < 0)
            return -1;
    }
    return 0;
}

static void choose_credentials(const struct journey *journey, struct anycert__exchange *exchange)
{
    const struct anycert_request *request = journey->request;

    if (!journey->with_secrets)
        return;
    exchange->user = request->user ? request->user : request->url.user;
    exchange->password = request->user ? request->password : request->url.password;
}

/* Milliseconds left for the whole request; 0 means no limit, -1 that none are left. */
static int64_t time_left(const struct journey *journey)
{
    int64_t total = journey->client->config->total_ms;
    int64_t left = total - (anycert__monotonic_us() - journey->started_us) / 1000;

    if (total == 0)
        return 0;
    return left > 0 ? left : -1;
}

static int choose_terms(struct journey *journey, struct anycert__exchange *exchange,
                        struct anycert__anchors **anchors, struct anycert__anchors **proxy_anchors,
                        struct anycert_error *err)
{
    struct anycert_client *client = journey->client;
    int64_t now = anycert__clock_now(&client->config->clock);
    bool elsewhere = !anycert__url_same_origin(journey->url, &journey->request->url);
    const struct anycert__situation *situation =
        anycert__situation_of(client, elsewhere, now, anchors, err);

    if (!situation)
        return -1;
    exchange->terms = &situation->terms;
    exchange->anchors = *anchors;
    if (!client->settings.proxy_https ||
        !anycert__http_proxied(client->http, journey->url->host, journey->url->port))
        return 0;
    situation = anycert__proxy_situation(client, now, proxy_anchors, err);
    if (!situation)
        return anycert__error_prefix(err, "proxy");
    exchange->proxy_terms = &situation->terms;
    exchange->proxy_anchors = *proxy_anchors;
    return 0;
}

/* One exchange under the terms of the moment; again under new ones, if a policy ended while the
 * connection was made. */
static int exchange_under_terms(struct journey *journey, struct anycert__exchange *exchange,
                                struct anycert_error *err)
{
    int result = -1;

    for (int tries = 0; tries < 3; tries++) { /* the origin's policy may end, and the proxy's */
        struct anycert__anchors *anchors = NULL;
        struct anycert__anchors *proxy_anchors = NULL;

        anycert__exchange_clear(exchange);
        anycert__error_clear(err);
        exchange->total_ms = time_left(journey);
        if (exchange->total_ms < 0)
            return anycert__fail(err, ANYCERT_E_TIMEOUT_TOTAL,
                                 "the %u ms of the request were used up by redirects",
                                 (unsigned)journey->client->config->total_ms);
        result = choose_terms(journey, exchange, &anchors, &proxy_anchors, err);
        if (result == 0)
            result = anycert__http_exchange(journey->client->http, exchange, err);
        anycert__anchors_unref(anchors);
        anycert__anchors_unref(proxy_anchors);
        if (result == 0 || !exchange->lapsed)
            break;
    }
    return result;
}

/* Says what a reader of the policy would not expect: that its relaxations have ended, or do not
 * count here. */
static void explain_refusal(const struct journey *journey, struct anycert_error *err)
{
    const struct anycert_policy *policy = journey->client->origin[ANYCERT__HERE].policy;
    int64_t now = anycert__clock_now(&journey->client->config->clock);
    int class = anycert_error_class_of(err->code);
    char date[ANYCERT__DATE_SIZE];

    if (class != ANYCERT_CLASS_TRUST && class != ANYCERT_CLASS_TLS)
        return;
    if (policy->has_until && now > policy->until) {
        anycert__format_date(policy->until, date);
        (void)anycert__error_prefix(err, "the policy ended on %s", date);
    } else if (policy->relaxations && !anycert__policy_accepts_any_certificate(policy) &&
               !anycert__url_same_origin(journey->url, &journey->request->url)) {
        (void)anycert__error_prefix(
            err, "after a redirect from %s, to which alone the relaxations apply",
            journey->request->url.origin);
    }
}

/* One request and its response. The response takes what came of it, on failure too. */
static int go(struct journey *journey, bool *redirected, char **location, struct anycert_error *err)
{
    const struct anycert_request *request = journey->request;
    struct anycert__fields headers = {0};
    struct anycert__exchange exchange = {0};
    struct anycert_error lost = {0};
    int result = -1;

    exchange.method = journey->method;
    exchange.url = journey->url;
    exchange.limit_ms = journey->client->config->total_ms;
    exchange.sink = anycert__sink_take;
    exchange.sink_arg = &journey->sink;
    exchange.progress = request->progress;
    exchange.progress_arg = request->progress_arg;
    if (choose_headers(journey, &headers, err) < 0)
        goto out;
    choose_credentials(journey, &exchange);
    exchange.headers = headers.list;
    exchange.header_count = headers.count;
    if (journey->with_body) {
        exchange.has_body = request->has_body;
        exchange.body = request->body;
        exchange.body_len = request->body_len;
        exchange.body_file = request->body_file;
    }
    result = exchange_under_terms(journey, &exchange, err);
    if (result < 0)
        explain_refusal(journey, err);
    if (result == 0 && anycert__is_redirect(&exchange)) {
        *redirected = true;
        *location = anycert__strdup(anycert__fields_get(&exchange.fields, "Location", 0));
        if (!*location)
            result = anycert__fail_nomem(err);
    }
    if (anycert__response_take(journey->response, &exchange, result == 0 ? err : &lost) < 0)
        result = -1;
out:
    anycert__exchange_clear(&exchange);
    anycert__fields_clear(&headers);
    return result;
}

/* What a redirect makes of the method and the body (RFC 9110 sections 15.4.2 to 15.4.9). */
static void change_method(struct journey *journey)
{
    int status = journey->response->status;
    bool is_post = strcmp(journey->method, "POST") == 0;

    if ((status == 303 && strcmp(journey->method, "HEAD") != 0) ||
        ((status == 301 || status == 302) && is_post)) {
        journey->method = "GET";
        journey->with_body = false;
    }
}

/* A pipe has been read to its end: a second time it would give nothing, or wait for ever. */
static int check_body_again(const struct journey *journey, struct anycert_error *err)
{
    const char *path = journey->with_body ? journey->request->body_file : NULL;
    struct stat info;

    if (!path || (stat(path, &info) == 0 && S_ISREG(info.st_mode)))
        return 0;
    return anycert__fail(err, ANYCERT_E_REDIRECTS,
                         "%s redirects, but the body in '%s' can be read only once",
                         journey->url->origin, path);
}

static int follow(struct journey *journey, const char *location, struct anycert_error *err)
{
    const struct anycert_config *config = journey->client->config;
    struct anycert__url target = {0};

    if (journey->redirects >= config->max_redirects)
        return anycert__fail(err, ANYCERT_E_REDIRECTS, "more than %u redirects",
                             config->max_redirects);
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
    if (!anycert__url_same_origin(&target, &journey->request->url))
        journey->with_secrets = false;
    change_method(journey);
    if (check_body_again(journey, err) < 0) {
        anycert__url_clear(&target);
        return -1;
    }
    journey->redirects++;
    anycert__url_clear(&journey->next);
    journey->next = target;
    journey->url = &journey->next;
    return 0;
}

static int travel(struct journey *journey, struct anycert_error *err)
{
    for (;;) {
        bool redirected = false;
        char *location = NULL;
        int result = go(journey, &redirected, &location, err);

        if (result == 0 && redirected && journey->client->config->max_redirects > 0) {
            result = follow(journey, location, err);
            anycert__free(location);
            if (result < 0)
                return -1;
            continue;
        }
        anycert__free(location);
        return result < 0 ? -1 : anycert__sink_commit(&journey->sink, err);
    }
}

int anycert_client_send(struct anycert_client *client, const struct anycert_request *request,
                        struct anycert_response **out, struct anycert_error *err)
{
    struct journey journey = {
        .client = client,
        .request = request,
        .method = request->method,
        .with_body = true,
        .with_secrets = true,
        .url = &request->url,
    };
    struct anycert_error failure = {0};
    int result = -1;

    *out = NULL;
    journey.started_us = anycert__monotonic_us();
    journey.response = anycert__response_new(&failure);
    if (journey.response &&
        anycert__sink_open(&journey.sink, client->config, request, journey.response, &failure) == 0)
        result = travel(&journey, &failure);
    anycert__sink_close(&journey.sink);
    anycert__url_clear(&journey.next);
    if (result < 0 && journey.response) {
        /* A body that did not come whole is none. */
        anycert__buf_free(&journey.response->body);
        if (journey.response->hop_count == 0) {
            anycert_response_free(journey.response);
            journey.response = NULL;
        }
    }
    if (result < 0 && err)
        *err = failure;
    *out = journey.response;
    return result;
}
