#include "client/internal.h"

#include <anycert/json.h>

#include "base/mem.h"
#include "verdict/report.h"

#include <string.h>

struct anycert_response *anycert__response_new(struct anycert_error *err)
{
    struct anycert_response *response = anycert__calloc(1, sizeof *response);

    if (!response) {
        anycert__fail_nomem(err);
        return NULL;
    }
    anycert__buf_init(&response->body, SIZE_MAX / 2);
    return response;
}

void anycert_response_free(struct anycert_response *response)
{
    if (!response)
        return;
    for (size_t i = 0; response->hops && i < response->hop_count; i++) {
        anycert__free_secret(response->hops[i].url);
        anycert__free(response->hops[i].reason);
        anycert__fields_clear(&response->hops[i].fields);
        anycert_report_free(response->hops[i].report);
        anycert_report_free(response->hops[i].proxy_report);
    }
    anycert__free(response->hops);
    anycert__free(response->reason);
    anycert__fields_clear(&response->fields);
    anycert__buf_free(&response->body);
    anycert_json_free(response->json);
    anycert_report_free(response->token_report);
    anycert__free(response);
}

int anycert__response_take(struct anycert_response *response, struct anycert__exchange *exchange,
                           struct anycert_error *err)
{
    struct anycert__response_hop *hops =
        anycert__realloc(response->hops, (response->hop_count + 1) * sizeof *hops);
    struct anycert__response_hop *hop = NULL;

    if (!hops)
        return anycert__fail_nomem(err);
    response->hops = hops;
    hop = &hops[response->hop_count];
    memset(hop, 0, sizeof *hop);
    hop->url = anycert__strdup(exchange->url->text);
    if (!hop->url)
        return anycert__fail_nomem(err);
    response->hop_count++;
    hop->status = exchange->status;
    hop->reused = exchange->reused;
    hop->withheld = exchange->withheld;
    hop->connected = exchange->connected;
    hop->wants_renegotiation = exchange->wants_renegotiation;
    hop->tunnel_status = exchange->tunnel_status;
    hop->timings = exchange->timings;
    hop->report = exchange->report;
    hop->proxy_report = exchange->proxy_report;
    exchange->report = exchange->proxy_report = NULL;

    if (response->hop_count > 1) {
        hop[-1].reason = response->reason;
        hop[-1].fields = response->fields;
    }
    response->status = exchange->status;
    response->reason = exchange->reason;
    response->fields = exchange->fields;
    response->connected = exchange->connected;
    memcpy(response->version, exchange->version, sizeof response->version);
    exchange->reason = NULL;
    memset(&exchange->fields, 0, sizeof exchange->fields);
    return 0;
}

static int copy_fields(struct anycert__fields *to, const struct anycert__fields *from,
                       struct anycert_error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        if (anycert__fields_add(to, from->list[i].name, from->list[i].value, err) < 0)
            return -1;
    }
    return 0;
}

static int copy_hop(struct anycert__response_hop *to, const struct anycert__response_hop *from,
                    const struct anycert_response *of, struct anycert_error *err)
{
    bool is_last = from == &of->hops[of->hop_count - 1];
    const char *reason = is_last ? of->reason : from->reason;

    to->status = from->status;
    to->reused = from->reused;
    to->withheld = from->withheld;
    to->timings = from->timings;
    to->url = anycert__strdup(from->url);
    to->reason = anycert__strdup(reason ? reason : "");
    if (!to->url || !to->reason)
        return anycert__fail_nomem(err);
    if (copy_fields(&to->fields, is_last ? &of->fields : &from->fields, err) < 0)
        return -1;
    to->report = from->report ? anycert_report_copy(from->report, err) : NULL;
    to->proxy_report = from->proxy_report ? anycert_report_copy(from->proxy_report, err) : NULL;
    return (from->report && !to->report) || (from->proxy_report && !to->proxy_report) ? -1 : 0;
}

struct anycert_response *anycert__response_begun(const struct anycert_response *so_far,
                                                 const struct anycert__exchange *exchange,
                                                 struct anycert_report *report,
                                                 struct anycert_report *proxy_report,
                                                 struct anycert_error *err)
{
    struct anycert_response *response = anycert__response_new(err);
    struct anycert__response_hop *hop = NULL;

    if (!response)
        goto fail;
    response->hops = anycert__calloc(so_far->hop_count + 1, sizeof *response->hops);
    response->reason = anycert__strdup(exchange->reason ? exchange->reason : "");
    if (!response->hops || !response->reason) {
        anycert__fail_nomem(err);
        goto fail;
    }
    for (size_t i = 0; i < so_far->hop_count; i++) {
        response->hop_count++;
        if (copy_hop(&response->hops[i], &so_far->hops[i], so_far, err) < 0)
            goto fail;
    }
    hop = &response->hops[response->hop_count++];
    hop->report = report;
    hop->proxy_report = proxy_report;
    report = proxy_report = NULL;
    hop->status = response->status = exchange->status;
    hop->reused = exchange->reused;
    hop->url = anycert__strdup(exchange->url->text);
    hop->timings = exchange->timings;
    response->connected = true;
    memcpy(response->version, exchange->version, sizeof response->version);
    if (!hop->url) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (so_far->token_report) {
        response->token_report = anycert_report_copy(so_far->token_report, err);
        if (!response->token_report)
            goto fail;
    }
    if (copy_fields(&response->fields, &exchange->fields, err) == 0)
        return response;
fail:
    anycert_report_free(report);
    anycert_report_free(proxy_report);
    anycert_response_free(response);
    return NULL;
}

int anycert_response_status(const struct anycert_response *response)
{
    return response->status;
}

const char *anycert_response_reason(const struct anycert_response *response)
{
    return response->reason ? response->reason : "";
}

const char *anycert_response_http_version(const struct anycert_response *response)
{
    return response->version;
}

const char *anycert_response_url(const struct anycert_response *response)
{
    return response->hop_count ? response->hops[response->hop_count - 1].url : "";
}

const char *anycert_response_header(const struct anycert_response *response, const char *name,
                                    size_t nth)
{
    return anycert__fields_get(&response->fields, name, nth);
}

size_t anycert_response_header_count(const struct anycert_response *response)
{
    return response->fields.count;
}

int anycert_response_header_at(const struct anycert_response *response, size_t index,
                               const char **name, const char **value)
{
    *name = *value = NULL;
    if (index >= response->fields.count)
        return -1;
    *name = response->fields.list[index].name;
    *value = response->fields.list[index].value;
    return 0;
}

const void *anycert_response_body(const struct anycert_response *response, size_t *len)
{
    if (len)
        *len = response->body.len;
    return response->body.data ? response->body.data : "";
}

unsigned anycert_response_retries(const struct anycert_response *response)
{
    return response->retries;
}

uint64_t anycert_response_body_size(const struct anycert_response *response)
{
    return response->body_size;
}

size_t anycert_response_hop_count(const struct anycert_response *response)
{
    return response->hop_count;
}

static const struct anycert__response_hop *hop_at(const struct anycert_response *response,
                                                  size_t hop)
{
    return hop < response->hop_count ? &response->hops[hop] : NULL;
}

const char *anycert_response_hop_url(const struct anycert_response *response, size_t hop)
{
    return hop_at(response, hop) ? hop_at(response, hop)->url : NULL;
}

int anycert_response_hop_status(const struct anycert_response *response, size_t hop)
{
    return hop_at(response, hop) ? hop_at(response, hop)->status : 0;
}

const char *anycert_response_hop_reason(const struct anycert_response *response, size_t hop)
{
    const struct anycert__response_hop *at = hop_at(response, hop);

    if (!at)
        return NULL;
    return hop + 1 == response->hop_count ? anycert_response_reason(response)
           : at->reason                   ? at->reason
                                          : "";
}

int anycert_response_hop_header_at(const struct anycert_response *response, size_t hop,
                                   size_t index, const char **name, const char **value)
{
    const struct anycert__response_hop *at = hop_at(response, hop);

    if (at && hop + 1 == response->hop_count)
        return anycert_response_header_at(response, index, name, value);
    *name = *value = NULL;
    if (!at || index >= at->fields.count)
        return -1;
    *name = at->fields.list[index].name;
    *value = at->fields.list[index].value;
    return 0;
}

const struct anycert_report *anycert_response_hop_report(const struct anycert_response *response,
                                                         size_t hop)
{
    return hop_at(response, hop) ? hop_at(response, hop)->report : NULL;
}

const struct anycert_report *
anycert_response_hop_proxy_report(const struct anycert_response *response, size_t hop)
{
    return hop_at(response, hop) ? hop_at(response, hop)->proxy_report : NULL;
}

const struct anycert_report *anycert_response_token_report(const struct anycert_response *response)
{
    return response->token_report;
}

int anycert_response_hop_withheld(const struct anycert_response *response, size_t hop)
{
    return hop_at(response, hop) ? hop_at(response, hop)->withheld : 0;
}

int anycert_response_hop_reused(const struct anycert_response *response, size_t hop)
{
    return hop_at(response, hop) && hop_at(response, hop)->reused;
}

const struct anycert_report *anycert_response_report(const struct anycert_response *response)
{
    return response->hop_count ? anycert_response_hop_report(response, response->hop_count - 1)
                               : NULL;
}

void anycert_response_timings(const struct anycert_response *response, struct anycert_timings *out)
{
    anycert_response_hop_timings(response, response->hop_count - 1, out);
}

void anycert_response_hop_timings(const struct anycert_response *response, size_t hop,
                                  struct anycert_timings *out)
{
    static const struct anycert_timings none;

    *out = hop_at(response, hop) ? hop_at(response, hop)->timings : none;
}
