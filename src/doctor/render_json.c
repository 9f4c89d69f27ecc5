/* A diagnosis for programs; anycert-doctor(1) has the schema. */
#include "doctor/diagnosis.h"

#include "base/mem.h"
#include "verdict/render.h"
#include "verdict/show.h"

#include <yyjson.h>

#include <string.h>

#define SCHEMA 1

/* Every string is copied, escaped where it may be the peer's; a failure leaves a NULL value, which
 * the document refuses. */
static bool add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    return yyjson_mut_obj_add_val(doc, object, key,
                                  anycert__json_text(doc, text, text ? strlen(text) : 0));
}

/* Of our own, with values in it that were looked at: nothing to escape, and line ends stay. */
static bool add_lines(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                      const char *lines)
{
    yyjson_mut_val *value = lines ? yyjson_mut_strcpy(doc, lines) : yyjson_mut_null(doc);

    return value && yyjson_mut_obj_add_val(doc, object, key, value);
}

static bool add_command(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                        const char *command)
{
    return add_lines(doc, object, key, command[0] != '\0' ? command : NULL);
}

static yyjson_mut_val *relaxations_of(yyjson_mut_doc *doc, anycert__relaxations set)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); list && r;
         r = anycert_relaxation_next(r)) {
        if ((set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) &&
            !yyjson_mut_arr_add_str(doc, list, anycert_relaxation_name(r)))
            return NULL;
    }
    return list;
}

static yyjson_mut_val *policy_of(yyjson_mut_doc *doc, const struct anycert__advice *advice)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);

    if (!object || !add_text(doc, object, "policy", advice->policy) ||
        !yyjson_mut_obj_add_val(doc, object, "relaxations",
                                relaxations_of(doc, advice->relaxations)) ||
        !yyjson_mut_obj_add_bool(doc, object, "confirmed", advice->confirmed) ||
        !yyjson_mut_obj_add_bool(doc, object, "minimal", advice->minimal) ||
        !yyjson_mut_obj_add_val(doc, object, "tried_without",
                                relaxations_of(doc, advice->tried_without)) ||
        !yyjson_mut_obj_add_val(doc, object, "judged_without",
                                relaxations_of(doc, advice->judged_without)) ||
        !add_text(doc, object, "forbidden_here",
                  advice->forbidden[0] != '\0' ? advice->forbidden : NULL) ||
        !add_text(doc, object, "note", advice->note))
        return NULL;
    return object;
}

static bool add_policies(yyjson_mut_doc *doc, yyjson_mut_val *root,
                         const struct anycert_diagnosis *diagnosis)
{
    yyjson_mut_val *others = yyjson_mut_arr(doc);
    yyjson_mut_val *least = diagnosis->policy_count > 0 ? policy_of(doc, &diagnosis->policies[0])
                                                        : yyjson_mut_null(doc);

    for (size_t i = 1; others && i < diagnosis->policy_count; i++) {
        if (!yyjson_mut_arr_add_val(others, policy_of(doc, &diagnosis->policies[i])))
            return false;
    }
    return yyjson_mut_obj_add_val(doc, root, "least", least) &&
           yyjson_mut_obj_add_val(doc, root, "alternatives", others);
}

static bool add_causes(yyjson_mut_doc *doc, yyjson_mut_val *root,
                       const struct anycert_diagnosis *diagnosis)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < diagnosis->cause_count; i++) {
        const struct anycert__diagnosed *found = &diagnosis->causes[i];
        yyjson_mut_val *object = yyjson_mut_obj(doc);

        if (!object || !add_text(doc, object, "id", found->cause->id) ||
            !add_text(doc, object, "check", found->cause->check) ||
            !add_text(doc, object, "side", anycert__side_name(found->cause->side)) ||
            !add_text(doc, object, "hop", anycert__hop_name(found->hop)) ||
            !add_text(doc, object, "title", found->title) ||
            !add_text(doc, object, "explanation", found->explanation) ||
            !add_text(doc, object, "evidence", found->evidence) ||
            !add_text(doc, object, "error", found->error) || !yyjson_mut_arr_add_val(list, object))
            return false;
    }
    return yyjson_mut_obj_add_val(doc, root, "causes", list);
}

static bool add_remedies(yyjson_mut_doc *doc, yyjson_mut_val *root,
                         const struct anycert_diagnosis *diagnosis)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < diagnosis->cause_count; i++) {
        const struct anycert__diagnosed *found = &diagnosis->causes[i];

        for (size_t j = 0; j < found->remedies.count; j++) {
            const struct anycert__remedy *remedy = &found->remedies.items[j];
            yyjson_mut_val *object = yyjson_mut_obj(doc);

            if (!object || !add_text(doc, object, "cause", found->cause->id) ||
                !add_text(doc, object, "hop", anycert__hop_name(found->hop)) ||
                !add_text(doc, object, "audience", remedy->audience) ||
                !add_text(doc, object, "where", remedy->where) ||
                !add_text(doc, object, "text", remedy->text) ||
                !add_text(doc, object, "language", remedy->language) ||
                !add_lines(doc, object, "lines", remedy->lines) ||
                !yyjson_mut_arr_add_val(list, object))
                return false;
        }
    }
    return yyjson_mut_obj_add_val(doc, root, "remedies", list);
}

/* What one client says for the nth policy. */
static yyjson_mut_val *elsewhere_of(yyjson_mut_doc *doc, const struct anycert_diagnosis *diagnosis,
                                    size_t n, const char *client)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    int fit = 0;
    char *text = anycert_diagnosis_elsewhere(diagnosis, n, client, &fit, NULL);
    bool done =
        object && text && add_text(doc, object, "client", client) &&
        yyjson_mut_obj_add_val(doc, object, "policy",
                               n < diagnosis->policy_count
                                   ? anycert__json_text(doc, diagnosis->policies[n].policy,
                                                        strlen(diagnosis->policies[n].policy))
                                   : yyjson_mut_null(doc)) &&
        add_text(doc, object, "fit", anycert_doctor_fit_name(fit)) &&
        add_lines(doc, object, "text", text);

    anycert_free(text);
    return done ? object : NULL;
}

static bool add_elsewhere(yyjson_mut_doc *doc, yyjson_mut_val *root,
                          const struct anycert_diagnosis *diagnosis)
{
    size_t count = diagnosis->policy_count;
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    if (count == 0 && diagnosis->verdict == ANYCERT_VERDICT_HEALTHY)
        count = 1;
    for (size_t c = 0; list && anycert_doctor_client(c); c++) {
        for (size_t n = 0; (diagnosis->clients & 1U << c) && n < count; n++) {
            if (!yyjson_mut_arr_add_val(list,
                                        elsewhere_of(doc, diagnosis, n, anycert_doctor_client(c))))
                return false;
        }
    }
    return yyjson_mut_obj_add_val(doc, root, "elsewhere", list);
}

static bool add_addresses(yyjson_mut_doc *doc, yyjson_mut_val *root,
                          const struct anycert_diagnosis *diagnosis)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < diagnosis->addresses.count; i++) {
        yyjson_mut_val *object = yyjson_mut_obj(doc);

        if (!object || !add_text(doc, object, "address", diagnosis->addresses.seen[i].address) ||
            !add_text(doc, object, "result", diagnosis->addresses.seen[i].what) ||
            !yyjson_mut_arr_add_val(list, object))
            return false;
    }
    return yyjson_mut_obj_add_val(doc, root, "addresses", list);
}

static bool add_report(yyjson_mut_doc *doc, yyjson_mut_val *root,
                       const struct anycert_diagnosis *diagnosis)
{
    yyjson_mut_val *report = NULL;

    if (!diagnosis->report)
        return yyjson_mut_obj_add_null(doc, root, "report");
    return anycert__report_add_json(diagnosis->report, doc, &report) == 0 &&
           yyjson_mut_obj_add_val(doc, root, "report", report);
}

/* The https:// proxy, if it needs something. */
static bool add_proxy(yyjson_mut_doc *doc, yyjson_mut_val *root,
                      const struct anycert_diagnosis *proxy)
{
    yyjson_mut_val *object = proxy ? yyjson_mut_obj(doc) : yyjson_mut_null(doc);

    if (!object || !yyjson_mut_obj_add_val(doc, root, "proxy", object) || !proxy)
        return object != NULL && !proxy;
    return add_text(doc, object, "host", proxy->peer.host) &&
           yyjson_mut_obj_add_uint(doc, object, "port", proxy->peer.port) &&
           add_text(doc, object, "verdict", anycert_doctor_verdict_name((int)proxy->verdict)) &&
           add_policies(doc, object, proxy) && add_report(doc, object, proxy);
}

static bool add_all(yyjson_mut_doc *doc, yyjson_mut_val *root,
                    const struct anycert_diagnosis *diagnosis)
{
    int verdict = (int)diagnosis->verdict;

    return yyjson_mut_obj_add_int(doc, root, "schema", SCHEMA) &&
           add_text(doc, root, "target", diagnosis->target) &&
           add_text(doc, root, "host", diagnosis->peer.host) &&
           yyjson_mut_obj_add_uint(doc, root, "port", diagnosis->peer.port) &&
           add_text(doc, root, "stage", anycert_doctor_stage_name((int)diagnosis->stage)) &&
           add_text(doc, root, "verdict", anycert_doctor_verdict_name(verdict)) &&
           yyjson_mut_obj_add_int(doc, root, "exit_code", anycert_doctor_exit_code(verdict)) &&
           yyjson_mut_obj_add_bool(doc, root, "request_sent", diagnosis->asked) &&
           yyjson_mut_obj_add_bool(doc, root, "asks_client_cert", diagnosis->asks_client_cert) &&
           add_causes(doc, root, diagnosis) && add_policies(doc, root, diagnosis) &&
           add_command(doc, root, "command", diagnosis->command) &&
           add_command(doc, root, "keep_command", diagnosis->keep_command) &&
           add_proxy(doc, root, diagnosis->of_proxy) && add_remedies(doc, root, diagnosis) &&
           add_elsewhere(doc, root, diagnosis) && add_addresses(doc, root, diagnosis) &&
           yyjson_mut_obj_add_uint(doc, root, "handshakes", diagnosis->handshakes) &&
           yyjson_mut_obj_add_uint(doc, root, "elapsed_ms", diagnosis->elapsed_ms) &&
           yyjson_mut_obj_add_bool(doc, root, "budget_exhausted", diagnosis->exhausted) &&
           add_report(doc, root, diagnosis);
}

char *anycert_diagnosis_json(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    yyjson_mut_doc *doc = anycert__json_new();
    yyjson_mut_val *root = doc ? yyjson_mut_obj(doc) : NULL;
    char *text = NULL;

    if (root && add_all(doc, root, diagnosis)) {
        yyjson_mut_doc_set_root(doc, root);
        text = anycert__json_write(doc, err);
    } else {
        anycert__fail_nomem(err);
    }
    yyjson_mut_doc_free(doc);
    return text;
}
