#include "client/internal.h"

#include "verdict/render.h"

#include <yyjson.h>

#include <string.h>

/* A URL without what may be secret in it: userinfo is gone already, the query goes here. */
static yyjson_mut_val *shown_url(yyjson_mut_doc *doc, const char *url)
{
    return anycert__json_text(doc, url, strcspn(url, "?#"));
}

static bool add_request(yyjson_mut_doc *doc, yyjson_mut_val *root,
                        const struct anycert_request *request)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, "request");

    return object &&
           yyjson_mut_obj_add_val(
               doc, object, "method",
               anycert__json_text(doc, request->method, strlen(request->method))) &&
           yyjson_mut_obj_add_val(doc, object, "url", shown_url(doc, request->url.text));
}

static bool add_outcome(yyjson_mut_doc *doc, yyjson_mut_val *root,
                        const struct anycert_error *outcome)
{
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, root, "outcome");
    const char *name = anycert_error_name(outcome->code);

    return object && yyjson_mut_obj_add_str(doc, object, "code", name ? name : "INTERNAL") &&
           yyjson_mut_obj_add_int(doc, object, "exit_code",
                                  anycert_error_class_of(outcome->code)) &&
           yyjson_mut_obj_add_val(
               doc, object, "message",
               anycert__json_text(doc, outcome->message, strlen(outcome->message)));
}

static bool add_report(yyjson_mut_doc *doc, yyjson_mut_val *hop, const char *key,
                       const struct anycert_report *report)
{
    yyjson_mut_val *value = NULL;

    if (!report)
        return yyjson_mut_obj_add_null(doc, hop, key);
    return anycert__report_add_json(report, doc, &value) == 0 &&
           yyjson_mut_obj_add_val(doc, hop, key, value);
}

static bool add_hops(yyjson_mut_doc *doc, yyjson_mut_val *root,
                     const struct anycert_response *response)
{
    yyjson_mut_val *hops = yyjson_mut_obj_add_arr(doc, root, "hops");

    if (!hops)
        return false;
    for (size_t i = 0; response && i < response->hop_count; i++) {
        const struct anycert__response_hop *hop = &response->hops[i];
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, hops);

        if (!object || !yyjson_mut_obj_add_val(doc, object, "url", shown_url(doc, hop->url)) ||
            !yyjson_mut_obj_add_int(doc, object, "status", hop->status) ||
            !yyjson_mut_obj_add_bool(doc, object, "reused", hop->reused) ||
            !add_report(doc, object, "report", hop->report) ||
            !add_report(doc, object, "proxy_report", hop->proxy_report))
            return false;
    }
    return true;
}

char *anycert_response_report_json(const struct anycert_request *request,
                                   const struct anycert_response *response,
                                   const struct anycert_error *err_of_send,
                                   struct anycert_error *err)
{
    static const struct anycert_error success = {0};
    yyjson_mut_doc *doc = anycert__json_new();
    yyjson_mut_val *root = doc ? yyjson_mut_obj(doc) : NULL;
    char *text = NULL;

    if (!root || !yyjson_mut_obj_add_str(doc, root, "schema", "anycert-request-report/1") ||
        !add_request(doc, root, request) ||
        !add_outcome(doc, root, err_of_send ? err_of_send : &success) ||
        !add_hops(doc, root, response) ||
        !add_report(doc, root, "token_report", response ? response->token_report : NULL)) {
        anycert__fail_nomem(err);
        goto out;
    }
    yyjson_mut_doc_set_root(doc, root);
    text = anycert__json_write(doc, err);
out:
    yyjson_mut_doc_free(doc);
    return text;
}
