/* One entry of an archive (HAR 1.2). */
#include "client/har.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/secret.h"
#include "policy/policy.h"
#include "verdict/render.h"

#include <yyjson.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Adding fails quietly once memory is short; the end finds `failed`. */
struct entry {
    yyjson_mut_doc *doc;
    const struct anycert__http_settings *settings;
    const struct anycert__exchange *exchange;
    const struct anycert_error *failure;
    const struct anycert__wire *wire;
    const struct anycert__wire_round *round; /* NULL: nothing was sent */
    bool is_first, is_last;
    size_t body_max;
    bool failed;
};

static void add(struct entry *entry, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    yyjson_mut_val *name = yyjson_mut_str(entry->doc, key);

    if (!value || !yyjson_mut_obj_add(object, name, value))
        entry->failed = true;
}

/* As they are, if JSON can have them so; escaped if they are no UTF-8. */
static void add_bytes(struct entry *entry, yyjson_mut_val *object, const char *key,
                      const char *bytes, size_t len)
{
    if (!bytes)
        len = 0;
    add(entry, object, key,
        anycert__is_utf8(bytes, len) ? yyjson_mut_strncpy(entry->doc, bytes ? bytes : "", len)
                                     : anycert__json_text(entry->doc, bytes, len));
}

static void add_text(struct entry *entry, yyjson_mut_val *object, const char *key, const char *text)
{
    add_bytes(entry, object, key, text, text ? strlen(text) : 0);
}

static void add_number(struct entry *entry, yyjson_mut_val *object, const char *key, int64_t number)
{
    add(entry, object, key, yyjson_mut_sint(entry->doc, number));
}

/* Milliseconds; -1 for what did not happen. */
static void add_ms(struct entry *entry, yyjson_mut_val *object, const char *key, int64_t us)
{
    if (us < 0)
        add_number(entry, object, key, -1);
    else
        add(entry, object, key, yyjson_mut_real(entry->doc, (double)us / 1000.0));
}

static yyjson_mut_val *add_object(struct entry *entry, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *object = yyjson_mut_obj(entry->doc);

    add(entry, parent, key, object);
    return object;
}

static yyjson_mut_val *add_array(struct entry *entry, yyjson_mut_val *parent, const char *key)
{
    yyjson_mut_val *array = yyjson_mut_arr(entry->doc);

    add(entry, parent, key, array);
    return array;
}

static void append_pair(struct entry *entry, yyjson_mut_val *array, const char *name,
                        size_t name_len, const char *value, size_t value_len)
{
    yyjson_mut_val *pair = yyjson_mut_obj(entry->doc);

    add_bytes(entry, pair, "name", name, name_len);
    add_bytes(entry, pair, "value", value, value_len);
    if (!pair || !yyjson_mut_arr_append(array, pair))
        entry->failed = true;
}

static void add_headers(struct entry *entry, yyjson_mut_val *parent,
                        const struct anycert__fields *fields)
{
    yyjson_mut_val *array = add_array(entry, parent, "headers");

    for (size_t i = 0; fields && i < fields->count; i++) {
        const struct anycert__field *field = &fields->list[i];

        append_pair(entry, array, field->name, strlen(field->name), field->value,
                    field->value ? strlen(field->value) : 0);
    }
}

/* ---- request */

/* "+" and "%XX" undone, in place; the new length. */
static size_t unquote(char *text)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t used = 0;

    for (const char *p = text; *p; p++) {
        const char *high = p[0] == '%' && p[1] ? strchr(digits, p[1]) : NULL;
        const char *low = high && p[2] ? strchr(digits, p[2]) : NULL;

        text[used++] = *p == '+' ? ' ' : *p;
        if (low) {
            text[used - 1] = (char)((high - digits) % 16 * 16 + (low - digits) % 16);
            p += 2;
        }
    }
    return used;
}

static void add_query(struct entry *entry, yyjson_mut_val *parent, char *url)
{
    yyjson_mut_val *array = add_array(entry, parent, "queryString");
    char *query = strchr(url, '?');

    while (query) {
        char *name = query + 1;
        char *value = NULL;
        size_t name_len = 0;

        query = strchr(name, '&');
        if (query)
            *query = '\0';
        value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        name_len = unquote(name);
        if (name_len > 0 || value)
            append_pair(entry, array, name, name_len, value, value ? unquote(value) : 0);
    }
}

static void add_url(struct entry *entry, yyjson_mut_val *request)
{
    const char *url = entry->exchange->url->text;
    struct anycert__buf shown;

    anycert__buf_init(&shown, SIZE_MAX / 2);
    anycert__buf_add_url(&shown, entry->settings, url, strlen(url));
    anycert__hide_in_buf(entry->settings, entry->exchange, &shown);
    if (shown.failed || !shown.data) {
        entry->failed = true;
    } else {
        add_text(entry, request, "url", shown.data);
        add_query(entry, request, shown.data);
    }
    anycert__buf_free(&shown);
}

/* A form, without its secrets; any other body as it is. */
static void add_body_text(struct entry *entry, yyjson_mut_val *post, const char *type)
{
    const struct anycert__exchange *exchange = entry->exchange;
    size_t len = exchange->body->len < entry->body_max ? exchange->body->len : entry->body_max;
    struct anycert__buf form;

    if (!anycert__str_starts_nocase(type, "application/x-www-form-urlencoded")) {
        add_bytes(entry, post, "text", exchange->body->bytes, len);
        return;
    }
    anycert__buf_init_secret(&form, SIZE_MAX / 2);
    anycert__buf_adds(&form, "?");
    anycert__buf_add(&form, exchange->body->bytes, len);
    if (!form.failed) {
        struct anycert__buf shown;

        anycert__buf_init(&shown, SIZE_MAX / 2);
        anycert__buf_add_url(&shown, entry->settings, form.data, form.len);
        entry->failed = entry->failed || shown.failed;
        add_bytes(entry, post, "text", shown.data ? shown.data + 1 : "",
                  shown.len ? shown.len - 1 : 0);
        anycert__buf_free(&shown);
    }
    entry->failed = entry->failed || form.failed;
    anycert__buf_free(&form);
}

static void add_post_data(struct entry *entry, yyjson_mut_val *request, uint64_t size)
{
    const struct anycert__fields *sent = entry->round ? &entry->round->sent : NULL;
    const char *type = sent ? anycert__fields_get(sent, "Content-Type", 0) : NULL;
    const struct anycert__body *body = entry->exchange->body;
    yyjson_mut_val *post = NULL;

    if (!body || body->kind == ANYCERT__BODY_NONE)
        return;
    post = add_object(entry, request, "postData");
    add_text(entry, post, "mimeType", type ? type : "");
    (void)add_array(entry, post, "params");
    if (entry->body_max > 0 && body->kind == ANYCERT__BODY_BYTES &&
        !entry->exchange->has_secret_body)
        add_body_text(entry, post, type ? type : "");
    else
        add_text(entry, post, "text", "");
    add_number(entry, post, "_size", (int64_t)size);
}

static bool is_http1(const char *version)
{
    return anycert__str_starts(version, "HTTP/1");
}

static void add_request(struct entry *entry, yyjson_mut_val *parent)
{
    const struct anycert__wire_round *round = entry->round;
    yyjson_mut_val *request = add_object(entry, parent, "request");
    uint64_t body = round ? round->sent_body_bytes : 0;

    add_text(entry, request, "method",
             round && round->method ? round->method : entry->exchange->method);
    add_url(entry, request);
    add_text(entry, request, "httpVersion", round ? round->sent_version : "");
    (void)add_array(entry, request, "cookies");
    add_headers(entry, request, round ? &round->sent : NULL);
    add_post_data(entry, request, body);
    /* HTTP/2 compresses headers; what they took is not known. */
    add_number(entry, request, "headersSize",
               round && is_http1(round->sent_version) ? (int64_t)round->sent_head_bytes : -1);
    add_number(entry, request, "bodySize", round ? (int64_t)body : -1);
}

/* ---- response */

static void add_content(struct entry *entry, yyjson_mut_val *response, int64_t on_wire)
{
    const struct anycert__wire_round *round = entry->round;
    const char *type = round ? anycert__fields_get(&round->received, "Content-Type", 0) : NULL;
    yyjson_mut_val *content = add_object(entry, response, "content");
    int64_t size = on_wire;

    if (entry->is_last)
        size = (int64_t)entry->exchange->body_bytes;
    add_number(entry, content, "size", size > 0 ? size : 0);
    if (round && anycert__fields_get(&round->received, "Content-Encoding", 0) && on_wire >= 0)
        add_number(entry, content, "compression", size - on_wire);
    add_text(entry, content, "mimeType", type ? type : "");
}

static void add_response(struct entry *entry, yyjson_mut_val *parent)
{
    const struct anycert__wire_round *round = entry->round;
    bool answered = round && round->status > 0;
    const char *location = answered ? anycert__fields_get(&round->received, "Location", 0) : NULL;
    yyjson_mut_val *response = add_object(entry, parent, "response");
    int64_t body = answered ? (int64_t)round->received_body_bytes : -1;

    if (answered && entry->is_last)
        body = (int64_t)entry->exchange->received_bytes;
    add_number(entry, response, "status", answered ? round->status : 0);
    add_text(entry, response, "statusText", answered && round->reason ? round->reason : "");
    add_text(entry, response, "httpVersion", answered ? round->received_version : "");
    (void)add_array(entry, response, "cookies");
    add_headers(entry, response, answered ? &round->received : NULL);
    add_content(entry, response, body);
    add_text(entry, response, "redirectURL", location ? location : "");
    add_number(entry, response, "headersSize",
               answered && is_http1(round->received_version) ? (int64_t)round->received_head_bytes
                                                             : -1);
    add_number(entry, response, "bodySize", body);
    if (entry->failure && entry->is_last)
        add_text(entry, response, "_error", entry->failure->message);
}

/* ---- times */

static int64_t at_least_zero(int64_t number)
{
    return number > 0 ? number : 0;
}

static void add_timings(struct entry *entry, yyjson_mut_val *parent)
{
    const struct anycert__wire_round *round = entry->round;
    const struct anycert__wire *wire = entry->wire;
    int64_t dns = entry->is_first ? wire->resolve_us : -1;
    int64_t connect = entry->is_first ? wire->connect_us : -1;
    int64_t ssl = connect >= 0 ? wire->tls_us : -1;
    int64_t begun = round ? round->first_sent_us : entry->exchange->timings.total_us;
    int64_t blocked = -1;
    int64_t send = round ? at_least_zero(round->last_sent_us - round->first_sent_us) : 0;
    int64_t wait = 0;
    int64_t receive = 0;
    yyjson_mut_val *timings = NULL;

    if (connect >= 0 && ssl >= 0)
        connect += ssl; /* which the archive's format counts in */
    if (entry->is_first)
        blocked = at_least_zero(begun - at_least_zero(dns) - at_least_zero(connect));
    if (round && round->first_received_us > 0) {
        wait = at_least_zero(round->first_received_us - round->last_sent_us);
        receive = at_least_zero(round->last_received_us - round->first_received_us);
    }
    add_ms(entry, parent, "time",
           at_least_zero(blocked) + at_least_zero(dns) + at_least_zero(connect) + send + wait +
               receive);
    timings = add_object(entry, parent, "timings");
    add_ms(entry, timings, "blocked", blocked);
    add_ms(entry, timings, "dns", dns);
    add_ms(entry, timings, "connect", connect);
    add_ms(entry, timings, "send", send);
    add_ms(entry, timings, "wait", wait);
    add_ms(entry, timings, "receive", receive);
    add_ms(entry, timings, "ssl", ssl);
}

/* ISO 8601 with milliseconds. */
static void add_started(struct entry *entry, yyjson_mut_val *parent)
{
    int64_t ms = entry->wire->began_ms;
    time_t seconds = 0;
    struct tm tm;
    char text[48];

    if (!entry->is_first && entry->round)
        ms += entry->round->first_sent_us / 1000;
    seconds = (time_t)(ms / 1000);
    if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        text[0] = '\0';
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), ".%03dZ", (int)(ms % 1000));
    add_text(entry, parent, "startedDateTime", text);
}

/* ---- trust */

static void add_report(struct entry *entry, yyjson_mut_val *parent, const char *key,
                       const struct anycert_report *report)
{
    yyjson_mut_val *object = NULL;
    yyjson_mut_val *relaxed = NULL;

    if (!report)
        return;
    object = add_object(entry, parent, key);
    add_text(entry, object, "policy", anycert_report_policy(report));
    add_text(entry, object, "verdict", anycert__verdict_name(anycert_report_verdict(report)));
    add(entry, object, "peer_authenticated",
        yyjson_mut_bool(entry->doc, anycert_report_peer_authenticated(report) != 0));
    add_text(entry, object, "authenticated_by", anycert_report_authenticated_by(report));
    add_text(entry, object, "protocol", anycert_report_protocol(report));
    add_text(entry, object, "cipher", anycert_report_cipher(report));
    relaxed = add_array(entry, object, "findings");
    for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
         check = anycert_report_next_check(report, check)) {
        enum anycert_verdict verdict = anycert_check_verdict(check);

        if (verdict != ANYCERT_RELAXED && verdict != ANYCERT_FAIL)
            continue;
        if (!yyjson_mut_arr_add_strcpy(entry->doc, relaxed, anycert_check_detail(check)))
            entry->failed = true;
    }
}

/* ---- all of it */

static void fill(struct entry *entry, yyjson_mut_val *root)
{
    char connection[8];

    add_started(entry, root);
    add_timings(entry, root);
    add_request(entry, root);
    add_response(entry, root);
    (void)add_object(entry, root, "cache");
    if (entry->wire->ip[0])
        add_text(entry, root, "serverIPAddress", entry->wire->ip);
    if (entry->wire->local_port) {
        (void)snprintf(connection, sizeof connection, "%u", (unsigned)entry->wire->local_port);
        add_text(entry, root, "connection", connection);
    }
    add(entry, root, "_reused", yyjson_mut_bool(entry->doc, entry->exchange->reused));
    add_report(entry, root, "_report", entry->exchange->report);
    add_report(entry, root, "_proxy_report", entry->exchange->proxy_report);
    if (entry->wire->incomplete)
        add_text(entry, root, "comment", "not all could be recorded");
}

char *anycert__har_entry(const struct anycert__http_settings *settings,
                         const struct anycert__exchange *exchange,
                         const struct anycert_error *failure, const struct anycert__wire *wire,
                         size_t round, size_t body_max)
{
    struct entry entry = {
        .doc = anycert__json_new(),
        .settings = settings,
        .exchange = exchange,
        .failure = failure,
        .wire = wire,
        .round = round < wire->round_count ? &wire->rounds[round] : NULL,
        .is_first = round == 0,
        .is_last = round + 1 >= wire->round_count,
        .body_max = body_max,
    };
    yyjson_mut_val *root = entry.doc ? yyjson_mut_obj(entry.doc) : NULL;
    char *text = NULL;

    if (root) {
        yyjson_mut_doc_set_root(entry.doc, root);
        fill(&entry, root);
        if (!entry.failed)
            text = anycert__json_line(entry.doc);
    }
    yyjson_mut_doc_free(entry.doc);
    return text;
}
