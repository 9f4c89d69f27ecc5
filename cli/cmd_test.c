/* anycert test: what the "Test" button of an integration does. One GET under all that the profile
 * and the options say, and a sentence on whether it works. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <anycert/call.h>

#include <yyjson.h>

#include "body.h"
#include "input.h"
#include "message.h"
#include "output.h"
#include "progress.h"
#include "retry.h"
#include "session.h"

struct test {
    struct cli_options options;
    struct cli_session session;
    struct anycert_request *request;
    struct anycert_response *response;
    struct cli_target report;
    const char *warning; /* credentials go out over http:// */
    bool sent;
};

/* The body is of no interest. */
static int drop(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return 0;
}

static int prepare(struct test *t, struct cli_progress *progress, struct anycert_error *err)
{
    const struct cli_options *o = &t->options;
    if (cli_input_check(o, err) != 0 ||
        (o->report && cli_target_open(&t->report, o->report, "--report", err) != 0) ||
        cli_session_open(&t->session, o, err) != 0)
        return -1;
    t->request = cli_request_make(o, &t->session, &t->warning, err);
    struct cli_codes codes;
    if (t->request && o->ok_codes &&
        (cli_codes_parse(&codes, o->ok_codes, "--ok-codes", err) != 0 ||
         anycert_request_set_ok_codes(t->request, codes.list, codes.count, err) != 0))
        return -1;
    if (!t->request || anycert_request_set_body_callback(t->request, drop, NULL, err) != 0)
        return -1;
    return cli_progress_attach(progress, false, t->request, err);
}

/* ---- what it means
 * -------------------------------------------------------------------------------------------- */

/* What a status says about the set-up, rather than about the one document that was asked for. */
static const char *meaning_of(int status)
{
    switch (status) {
    case 401:
        return "the credentials are missing or wrong";
    case 403:
        return "the credentials are not allowed to see this";
    case 404:
        return "the server is right, but has nothing at this path; name one that exists";
    case 407:
        return "the proxy wants credentials; write them into its URL";
    case 429:
        return "too many requests were made already";
    default:
        return status >= 500   ? "the server has trouble of its own"
               : status >= 300 ? "the server refuses the request as it is"
                               : "this status is not among those that are accepted";
    }
}

static int run(struct test *t, struct anycert_error *err)
{
    const struct cli_options *o = &t->options;
    if (t->warning && !o->silent)
        cli_print_warning(o->json, "clear_text", t->warning);
    t->sent = true;
    if (anycert_client_call(t->session.client, t->request, &t->response, err) != 0) {
        if (err->code == ANYCERT_E_HTTP_STATUS && t->response) {
            cli_error_append(err, ": ");
            cli_error_append(err, meaning_of(anycert_response_status(t->response)));
        }
        return -1;
    }
    int status = anycert_response_status(t->response);
    const char *to = anycert_response_header(t->response, "Location", 0);
    if (status < 300 || status >= 400 || !to || !to[0])
        return 0;
    return cli_error(
        err, ANYCERT_E_HTTP_STATUS, "%.*s redirects to another place, which was not followed; %s",
        (int)cli_url_shown(anycert_response_url(t->response)), anycert_response_url(t->response),
        o->profile ? "raise max_redirects" : "use -L");
}

/* ---- telling
 * ---------------------------------------------------------------------------------------------------
 */

/* "authenticated by its chain" */
static void describe_peer(const struct test *t, char out[160])
{
    const struct anycert_report *report = cli_last_report(t->response);
    if (!report)
        (void)snprintf(out, 160, "nothing is protected over http://");
    else if (anycert_report_peer_authenticated(report))
        (void)snprintf(out, 160, "%s, authenticated by its %s", anycert_report_protocol(report),
                       anycert_report_authenticated_by(report));
    else
        (void)snprintf(out, 160, "%s, and nobody knows who answered",
                       anycert_report_protocol(report));
}

static int print_json(const struct test *t, const struct anycert_error *outcome,
                      struct anycert_error *err)
{
    const struct anycert_report *report = cli_last_report(t->response);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_bool(doc, root, "ok", outcome->code == 0);
    yyjson_mut_obj_add_int(doc, root, "exit_code", anycert_error_class_of(outcome->code));
    if (t->response) {
        const char *url = anycert_response_url(t->response);
        yyjson_mut_obj_add_strncpy(doc, root, "url", url, cli_url_shown(url));
        yyjson_mut_obj_add_int(doc, root, "status", anycert_response_status(t->response));
    }
    if (report) {
        yyjson_mut_obj_add_strcpy(doc, root, "policy", anycert_report_policy(report));
        yyjson_mut_obj_add_bool(doc, root, "peer_authenticated",
                                anycert_report_peer_authenticated(report) != 0);
    }
    if (outcome->code != 0) {
        yyjson_mut_obj_add_str(doc, root, "code", anycert_error_name(outcome->code));
        yyjson_mut_obj_add_str(doc, root, "message", outcome->message);
    }
    char *text = yyjson_mut_write(doc, 0, NULL);
    if (text)
        (void)printf("%s\n", text);
    free(text);
    yyjson_mut_doc_free(doc);
    return text ? 0 : cli_error(err, ANYCERT_E_INTERNAL, "the answer cannot be written as JSON");
}

static void print_text(const struct test *t, const struct anycert_error *outcome)
{
    char peer[160];
    if (outcome->code != 0) {
        (void)printf("failed: %s (exit code %d)\n", anycert_error_meaning(outcome->code),
                     anycert_error_class_of(outcome->code));
        return;
    }
    const char *reason = anycert_response_reason(t->response);
    describe_peer(t, peer);
    const char *url = anycert_response_url(t->response);
    size_t shown = cli_url_shown(url);
    (void)printf("ok: %.*s%s answered %d%s%s (%s)\n", (int)shown, url,
                 url[shown] != '\0' ? "?..." : "", anycert_response_status(t->response),
                 *reason != '\0' ? " " : "", reason, peer);
}

static int write_report(struct test *t, const struct anycert_error *outcome,
                        struct anycert_error *err)
{
    if (!t->request || !t->options.report)
        return 0;
    char *json = anycert_response_report_json(t->request, t->response, outcome, err);
    int status =
        json ? cli_target_write(&t->report, json, strlen(json), ANYCERT_E_BODY_WRITE, err) : -1;
    anycert_free(json);
    return status == 0 ? 0 : cli_error_context(err, "--report: ");
}

/* The exit code is the class of the first failure. */
static int conclude(struct test *t, const struct anycert_error *outcome)
{
    const struct cli_options *o = &t->options;
    const struct cli_failure failure = {t->response,
                                        &t->session.trust,
                                        cli_session_has_cert(&t->session, o),
                                        cli_session_trust_store(&t->session, o),
                                        o,
                                        t->session.client};
    struct anycert_error err = {0};
    int code = outcome->code;
    bool errors = !o->silent || o->show_error;
    if (o->verbose)
        cli_print_timings(t->response);
    if (!o->silent) {
        cli_print_warnings(o->json, t->response);
        cli_print_withheld(o->json, t->response);
    }
    if (code != 0 && errors)
        cli_print_error(o->json, outcome, &failure);
    if (o->json && print_json(t, outcome, &err) != 0)
        code = code != 0 ? code : err.code;
    else if (!o->json)
        print_text(t, outcome);
    if (t->sent && cli_session_trace(&t->session, o, &err) != 0) {
        if (errors)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    if (write_report(t, outcome, &err) != 0) {
        if (errors)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    return anycert_error_class_of(code);
}

int cmd_test(const struct cli_command *command, int argc, char **argv)
{
    struct test t = {.report.fd = -1};
    struct cli_progress progress = {0};
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&t.options, command, argc, argv, &exit_code) == 0) {
        cli_catch_signals();
        if (prepare(&t, &progress, &err) == 0)
            (void)run(&t, &err);
        cli_retry_tell(t.response, &err);
        exit_code = conclude(&t, &err);
    }
    anycert_response_free(t.response);
    anycert_request_free(t.request);
    cli_session_close(&t.session);
    cli_target_close(&t.report);
    cli_options_free(&t.options);
    return exit_code;
}
