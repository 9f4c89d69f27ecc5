/* anycert get, head, post, put, patch, delete, request: one request and what came of it. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <anycert/call.h>
#include <anycert/transfer.h>

#include "body.h"
#include "cookies.h"
#include "input.h"
#include "message.h"
#include "output.h"
#include "passed_over.h"
#include "print_curl.h"
#include "progress.h"
#include "retry.h"
#include "session.h"
#include "writeout.h"

struct run {
    struct cli_options options;
    struct cli_session session;
    struct anycert_request *request;
    struct anycert_response *response;
    struct cli_output output;
    struct cli_target report, cookies;
    struct cli_codes ok_codes;
    struct cli_bytes write_out; /* the format */
    bool reader_gone;           /* nobody reads standard output any more: end quietly */
    const char *warning;        /* credentials go out over http:// */
    bool sent;                  /* from now on no exit code says that nothing was sent */
};

/* ---- before anything is sent
 * ------------------------------------------------------------------------------ */

static int prepare_write_out(struct run *run, struct anycert_error *err)
{
    const char *given = run->options.write_out;
    if (!given)
        return 0;
    int status = *given == '@' ? cli_bytes_read(&run->write_out, given + 1, "-w", err)
                               : cli_bytes_add_text(&run->write_out, given, err);
    struct cli_bytes nothing = {0};
    if (status == 0 && run->write_out.data)
        status = cli_writeout(run->write_out.data, NULL, &nothing, err);
    cli_bytes_free(&nothing);
    return status;
}

static int prepare_report(struct run *run, struct anycert_error *err)
{
    const struct cli_options *o = &run->options;
    if (!o->report)
        return 0;
    if (strcmp(o->report, "-") == 0 && (!o->output || strcmp(o->output, "-") == 0))
        return cli_error(
            err, ANYCERT_E_USAGE,
            "--report - and the body would mix on standard output; write the body to a "
            "file with -o");
    return cli_target_open(&run->report, o->report, "--report", err);
}

/* Devices may take several. */
static int check_files_differ(struct run *run, struct anycert_error *err)
{
    struct cli_target trace = {.fd = -1};
    if (run->options.trace && cli_target_open(&trace, run->options.trace, "--trace", err) != 0)
        return -1;
    const struct {
        const char *option;
        const struct cli_target *target;
    } files[] = {
        {"-o", &run->output.target},
        {"-c", &run->cookies},
        {"--trace", &trace},
        {"--report", &run->report},
    };
    int status = 0;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i && status == 0; k++)
            if (cli_target_same(files[i].target, files[k].target))
                status = cli_error(err, ANYCERT_E_USAGE, "%s and %s name the same file",
                                   files[i].option, files[k].option);
    cli_target_close(&trace);
    if (status != 0)
        cli_target_close(&run->report); /* this error is not written there either */
    return status;
}

/* Those of the option, or of the profile. */
static int prepare_codes(struct run *run, struct anycert_error *err)
{
    const char *given = run->options.ok_codes;
    const char *codes = given ? given : anycert_profile_value(run->session.profile, "ok_codes");
    if (given && run->options.fail)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-f and --ok-codes both say which statuses fail; use one of them");
    return codes ? cli_codes_parse(&run->ok_codes, codes, "--ok-codes", err) : 0;
}

/* -C -: the part of a download that has come stays beside its file, and the next try goes on. */
static int prepare_resume(struct run *run, struct anycert_error *err)
{
    const struct cli_options *o = &run->options;
    if (!o->continue_at)
        return 0;
    if (strcmp(o->continue_at, "-") != 0)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-C: only - is possible; the place is known from what has come");
    if (run->output.in_memory || run->output.target.fd >= 0)
        return cli_error(err, ANYCERT_E_USAGE, "-C goes on with a file; name one with -o%s",
                         o->include ? ", and leave out -i" : "");
    return anycert_request_set_resume(run->request, 1, err) == 0 ? 0
                                                                 : cli_error_context(err, "-C: ");
}

/* The file's pin for the host is the best that is known of it; options that do not have it in mind
 * put it out of force. */
static void warn_of_pin(struct run *run)
{
    const struct cli_options *o = &run->options;
    const struct cli_trust *trust = &run->session.trust;
    char sentence[400];
    if (o->silent || !o->url || !trust->file || trust->leaves_it_to_file)
        return;
    char *plan = anycert_client_explain(run->session.client, o->url, NULL);
    struct cli_passed_over passed = cli_passed_over_find(trust, o, plan);
    anycert_free(plan);
    if (!passed.line || !passed.gives_up_pin)
        return;
    (void)snprintf(sentence, sizeof sentence, "the pin of %.200s is not used, as %s", passed.line,
                   passed.why);
    cli_print_warning(o->json, "passed_over", sentence);
}

static int prepare(struct run *run, struct cli_progress *progress, struct anycert_error *err)
{
    const struct cli_options *o = &run->options;
    if (cli_input_check(o, err) != 0 || cli_print_curl_check(o, err) != 0 ||
        prepare_write_out(run, err) != 0 || prepare_report(run, err) != 0 ||
        cli_cookies_open(&run->cookies, o, err) != 0 ||
        cli_session_open(&run->session, o, err) != 0)
        return -1;
    warn_of_pin(run);
    run->request = cli_request_make(o, &run->session, &run->warning, err);
    if (!run->request || cli_output_open(&run->output, o, run->request, err) != 0)
        return -1;
    if (check_files_differ(run, err) != 0 || prepare_codes(run, err) != 0 ||
        prepare_resume(run, err) != 0)
        return -1;
    return cli_progress_attach(progress, o->progress_bar && !o->silent, run->request, err);
}

/* ---- afterwards
 * ------------------------------------------------------------------------------------------- */

/* The library does not know by which option a limit can be changed. */
static void name_option(struct anycert_error *err)
{
    if (err->code == ANYCERT_E_REDIRECTS && strstr(err->message, "more than "))
        cli_error_append(err, " (--max-redirs)");
    else if (err->code == ANYCERT_E_BODY_TOO_LARGE && strstr(err->message, "larger than "))
        cli_error_append(err, " (--max-body)");
}

static int refuse_status(const struct anycert_response *response, int code,
                         struct anycert_error *err)
{
    const char *url = anycert_response_url(response);
    const char *scheme = strstr(url, "://"), *reason = anycert_response_reason(response);
    const char *host = scheme ? scheme + 3 : url;
    return cli_error(err, ANYCERT_E_HTTP_STATUS, "%.*s answered %d%s%s", (int)strcspn(host, "/?#"),
                     host, code, *reason != '\0' ? " " : "", reason);
}

/* The codes of --ok-codes or of a profile's `ok_codes`, or with -f those below 400; else any. */
static bool is_accepted(const struct run *run, int code)
{
    for (size_t i = 0; i < run->ok_codes.count; i++)
        if (run->ok_codes.list[i] == code)
            return true;
    return run->ok_codes.count == 0 &&
           (!(run->options.fail || run->options.fail_with_body) || code < 400);
}

/* Whether the answer is in the file that -C goes on with: a page that says what went wrong is not,
 * even if its status is accepted (anycert_request_set_resume). */
static bool is_continued(const struct run *run, int code)
{
    return !run->options.continue_at || code == 200 || code == 203;
}

/* As a call, where only the body of an accepted answer is wanted: what a file holds is not lost for
 * a page that says what went wrong. */
static int exchange(struct run *run, struct anycert_error *err)
{
    const struct cli_options *o = &run->options;
    if (o->fail_with_body || (!o->fail && run->ok_codes.count == 0))
        return anycert_client_send(run->session.client, run->request, &run->response, err);
    if (anycert_request_set_ok_codes(run->request, run->ok_codes.list, run->ok_codes.count, err) !=
        0)
        return -1;
    int status = anycert_client_call(run->session.client, run->request, &run->response, err);
    if (status == 0 || err->code != ANYCERT_E_HTTP_STATUS)
        return status;
    *err = (struct anycert_error){0};
    return refuse_status(run->response, anycert_response_status(run->response), err);
}

static int send_request(struct run *run, struct anycert_error *err)
{
    const struct cli_options *o = &run->options;
    if (run->warning && !o->silent)
        cli_print_warning(o->json, "clear_text", run->warning);
    run->sent = true;
    int status = exchange(run, err);
    if (status != 0) {
        run->reader_gone = cli_output_explain(&run->output, err);
        name_option(err);
        return -1;
    }
    if (cli_output_finish(&run->output, run->response, err) != 0) {
        run->reader_gone = cli_output_explain(&run->output, err);
        return -1;
    }
    int code = anycert_response_status(run->response);
    if (is_accepted(run, code) && is_continued(run, code))
        return 0;
    (void)refuse_status(run->response, code, err);
    if (!is_continued(run, code))
        cli_error_append(err, ", and nothing was written (-C)");
    return -1;
}

static int write_report(struct run *run, const struct anycert_error *outcome,
                        struct anycert_error *err)
{
    if (!run->request || (run->report.fd < 0 && !run->report.path))
        return 0;
    char *json = anycert_response_report_json(run->request, run->response, outcome, err);
    struct cli_bytes text = {0};
    int status = -1;
    if (json && cli_bytes_add_text(&text, json, err) == 0 &&
        (text.len == 0 || text.data[text.len - 1] == '\n' ||
         cli_bytes_add_text(&text, "\n", err) == 0))
        status = cli_target_write(&run->report, text.data, text.len,
                                  run->sent ? ANYCERT_E_BODY_WRITE : ANYCERT_E_FILE, err);
    cli_bytes_free(&text);
    anycert_free(json);
    return status == 0 ? 0 : cli_error_context(err, "--report: ");
}

static int write_format(struct run *run, const struct anycert_error *outcome,
                        struct anycert_error *err)
{
    if (!run->write_out.data || !run->session.client)
        return 0;
    const struct cli_target standard_output = {.fd = STDOUT_FILENO};
    struct cli_writeout context = {
        .response = run->response,
        .error = outcome,
        .method = cli_method(&run->options),
        .file = run->options.output ? run->options.output : "",
    };
    struct cli_bytes text = {0};
    int status = cli_writeout(run->write_out.data, &context, &text, err);
    if (status == 0)
        status = cli_target_write(&standard_output, text.data, text.len, ANYCERT_E_BODY_WRITE, err);
    cli_bytes_free(&text);
    return status;
}

/* Tells what happened; the exit code is the class of the first failure. */
static int conclude(struct run *run, const struct anycert_error *outcome)
{
    const struct cli_options *o = &run->options;
    struct anycert_error err = {0};
    bool errors = (!o->silent || o->show_error) && !run->reader_gone;
    const struct cli_failure failure = {run->response,
                                        &run->session.trust,
                                        cli_session_has_cert(&run->session, o),
                                        cli_session_trust_store(&run->session, o),
                                        o,
                                        run->session.client};
    int code = outcome->code;
    if (!o->silent && !run->reader_gone) {
        cli_print_warnings(o->json, run->response);
        cli_print_withheld(o->json, run->response);
    }
    if (code != 0 && errors)
        cli_print_error(o->json, outcome, &failure);
    if (run->sent && cli_session_trace(&run->session, o, &err) != 0) {
        if (errors)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    if (run->sent && cli_cookies_save(&run->cookies, run->session.client, o, &err) != 0) {
        if (errors)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    if (write_report(run, outcome, &err) != 0) {
        if (errors && err.os_errno != EPIPE)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    if (!run->reader_gone && write_format(run, outcome, &err) != 0) {
        if (errors && err.os_errno != EPIPE)
            cli_print_error(o->json, &err, NULL);
        code = code != 0 ? code : err.code;
    }
    return anycert_error_class_of(code);
}

static void free_run(struct run *run)
{
    anycert_response_free(run->response);
    anycert_request_free(run->request);
    cli_session_close(&run->session);
    cli_output_close(&run->output);
    cli_target_close(&run->report);
    cli_target_close(&run->cookies);
    cli_bytes_free(&run->write_out);
    cli_options_free(&run->options);
}

int cmd_request(const struct cli_command *command, int argc, char **argv)
{
    struct run run = {.output.target.fd = -1, .report.fd = -1, .cookies.fd = -1};
    struct cli_progress progress = {0};
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&run.options, command, argc, argv, &exit_code) == 0) {
        cli_catch_signals();
        if (prepare(&run, &progress, &err) == 0 && run.options.print_curl) {
            if (cli_print_curl(&run.options, &run.session, run.request, &err) != 0)
                run.reader_gone = err.os_errno == EPIPE;
        } else if (err.code == 0) {
            (void)send_request(&run, &err);
            cli_retry_tell(run.response, &err);
            cli_progress_end(&progress);
            if (run.options.verbose)
                cli_print_timings(run.response);
        }
        exit_code = conclude(&run, &err);
    }
    free_run(&run);
    return exit_code;
}
