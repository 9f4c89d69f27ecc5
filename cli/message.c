#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <yyjson.h>

#include <anycert/auth.h>
#include <anycert/short_diagnosis.h>

#include "explain.h"
#include "refusal.h"
#include "text.h"

const char *cli_verdict_name(enum anycert_verdict verdict)
{
    switch (verdict) {
    case ANYCERT_NOT_CHECKED:
        return "not_checked";
    case ANYCERT_PASS:
        return "pass";
    case ANYCERT_RELAXED:
        return "relaxed";
    case ANYCERT_FAIL:
        return "fail";
    }
    return "not_checked";
}

const struct anycert_report *cli_last_report(const struct anycert_response *response)
{
    size_t hops = response ? anycert_response_hop_count(response) : 0;
    if (hops == 0)
        return NULL;
    const struct anycert_report *origin = anycert_response_hop_report(response, hops - 1);
    return origin ? origin : anycert_response_hop_proxy_report(response, hops - 1);
}

/* Colour is for people who look at a terminal and have not said otherwise. */
static const char *colour(const char *code)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool wanted = isatty(STDERR_FILENO) && (!no_color || *no_color == '\0') &&
                  (!term || strcmp(term, "dumb") != 0);
    return wanted ? code : "";
}

static void print_document(yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, 0, NULL);
    if (text)
        (void)fprintf(stderr, "%s\n", text);
    free(text);
    yyjson_mut_doc_free(doc);
}

/* ---- errors
 * -----------------------------------------------------------------------------------------------
 */

/* What the failure tells of its cause, and what would do. */
static void add_diagnosis(yyjson_mut_doc *doc, const struct anycert_error *err,
                          const struct cli_failure *failure)
{
    struct anycert_short_diagnosis *told = NULL;
    if (!failure || !failure->client ||
        anycert_client_diagnose(failure->client, failure->response, err, &told, NULL) != 1)
        return;
    yyjson_mut_val *object = yyjson_mut_obj_add_obj(doc, yyjson_mut_doc_get_root(doc), "diagnosis");
    yyjson_mut_val *causes = yyjson_mut_obj_add_arr(doc, object, "causes");
    for (size_t n = 0; n < anycert_short_diagnosis_causes(told); n++) {
        yyjson_mut_val *cause = yyjson_mut_arr_add_obj(doc, causes);
        yyjson_mut_obj_add_str(doc, cause, "id", anycert_short_diagnosis_cause_id(told, n));
        yyjson_mut_obj_add_str(doc, cause, "check", anycert_short_diagnosis_cause_check(told, n));
        yyjson_mut_obj_add_str(doc, cause, "side", anycert_short_diagnosis_cause_side(told, n));
        yyjson_mut_obj_add_str(doc, cause, "hop", anycert_short_diagnosis_cause_hop(told, n));
        yyjson_mut_obj_add_strcpy(doc, cause, "evidence",
                                  anycert_short_diagnosis_cause_evidence(told, n));
        yyjson_mut_obj_add_strcpy(doc, cause, "error",
                                  anycert_short_diagnosis_cause_error(told, n));
    }
    yyjson_mut_obj_add_bool(doc, object, "certain", anycert_short_diagnosis_is_certain(told) != 0);
    if (anycert_short_diagnosis_policy(told))
        yyjson_mut_obj_add_strcpy(doc, object, "policy", anycert_short_diagnosis_policy(told));
    else
        yyjson_mut_obj_add_null(doc, object, "policy");
    yyjson_mut_obj_add_bool(doc, object, "by_key",
                            anycert_short_diagnosis_policy_by_key(told) != 0);
    yyjson_mut_obj_add_strcpy(doc, object, "forbidden",
                              anycert_short_diagnosis_policy_forbidden(told));
    yyjson_mut_obj_add_strcpy(doc, object, "command", anycert_short_diagnosis_command(told));
    anycert_short_diagnosis_free(told);
}

static void print_error_json(const struct anycert_error *err, const struct cli_failure *failure)
{
    const struct anycert_report *report = cli_failed_report(err, failure);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *error = yyjson_mut_obj(doc);
    const char *name = anycert_error_name(err->code);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "error", error);
    yyjson_mut_obj_add_str(doc, error, "code", name ? name : "INTERNAL");
    yyjson_mut_obj_add_int(doc, error, "exit_code", anycert_error_class_of(err->code));
    yyjson_mut_obj_add_str(doc, error, "message", err->message);
    if (err->x509_code != 0)
        yyjson_mut_obj_add_int(doc, error, "x509_code", err->x509_code);
    if (report && failure->trust->environment)
        yyjson_mut_obj_add_str(doc, error, "anchors_from", failure->trust->environment);
    char *text = report ? anycert_report_json(report, NULL) : NULL;
    yyjson_doc *parsed = text ? yyjson_read(text, strlen(text), 0) : NULL;
    if (parsed)
        yyjson_mut_obj_add_val(doc, root, "report",
                               yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)));
    add_diagnosis(doc, err, failure);
    print_document(doc);
    yyjson_doc_free(parsed);
    anycert_free(text);
}

const struct anycert_report *cli_failed_report(const struct anycert_error *err,
                                               const struct cli_failure *failure)
{
    int class = anycert_error_class_of(err->code);
    bool tls = class == ANYCERT_CLASS_TRUST || class == ANYCERT_CLASS_TLS ||
               err->code == ANYCERT_E_PROXY_TLS || err->code == ANYCERT_E_PROXY_TRUST;
    return tls && failure ? cli_last_report(failure->response) : NULL;
}

void cli_print_error(bool json, const struct anycert_error *err, const struct cli_failure *failure)
{
    if (json) {
        print_error_json(err, failure);
        return;
    }
    (void)fprintf(stderr, "%sanycert: %s%s\n", colour("\033[31m"), err->message, colour("\033[0m"));
    if (failure)
        cli_print_refusal(err, failure);
}

/* ---- warnings
 * --------------------------------------------------------------------------------------------- */

static void print_warning_json(const struct anycert_report *report,
                               const struct anycert_check *check)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *warning = yyjson_mut_obj(doc);
    const char *relaxation = anycert_check_relaxation(check);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "warning", warning);
    yyjson_mut_obj_add_str(doc, warning, "hop", anycert_report_hop(report));
    yyjson_mut_obj_add_str(doc, warning, "host", anycert_report_host(report));
    yyjson_mut_obj_add_uint(doc, warning, "port", anycert_report_port(report));
    yyjson_mut_obj_add_str(doc, warning, "check", anycert_check_id(check));
    yyjson_mut_obj_add_str(doc, warning, "detail", anycert_check_detail(check));
    if (relaxation)
        yyjson_mut_obj_add_str(doc, warning, "relaxation", relaxation);
    yyjson_mut_obj_add_str(doc, warning, "policy", anycert_report_policy(report));
    yyjson_mut_obj_add_bool(doc, warning, "peer_authenticated",
                            anycert_report_peer_authenticated(report) != 0);
    print_document(doc);
}

#define LINK_MAX (CLI_PLACE_MAX + 8)
/* "host:port" or "proxy host:port"; returns out. */
static const char *link_name(const struct anycert_report *report, char out[LINK_MAX])
{
    char place[CLI_PLACE_MAX];
    (void)snprintf(out, LINK_MAX, "%s%s",
                   strcmp(anycert_report_hop(report), "proxy") == 0 ? "proxy " : "",
                   cli_place(place, anycert_report_host(report), anycert_report_port(report)));
    return out;
}

static void print_check(bool json, const struct anycert_report *report,
                        const struct anycert_check *check)
{
    if (json) {
        print_warning_json(report, check);
        return;
    }
    const char *policy = anycert_report_policy(report);
    char link[LINK_MAX];
    (void)fprintf(
        stderr, "%sanycert: warning: %s: %s (allowed by %.*s)%s%s\n", colour("\033[33m"),
        link_name(report, link), anycert_check_detail(check), (int)strcspn(policy, " "), policy,
        anycert_report_peer_authenticated(report) ? "" : "; the peer is not authenticated",
        colour("\033[0m"));
}

/* Origins and proxies of all hops, and a token server. */
static size_t count_links(const struct anycert_response *response)
{
    return response ? 2 * anycert_response_hop_count(response) + 1 : 0;
}

/* The report of the nth link: origins at even numbers, proxies at odd ones, a token server's last.
 */
static const struct anycert_report *link_report(const struct anycert_response *response, size_t n)
{
    if (n + 1 == count_links(response))
        return anycert_response_token_report(response);
    return n % 2 == 0 ? anycert_response_hop_report(response, n / 2)
                      : anycert_response_hop_proxy_report(response, n / 2);
}

/* Whether an earlier hop led to the same host with the same finding. */
static bool is_known(const struct anycert_response *response, size_t link,
                     const struct anycert_check *check)
{
    const struct anycert_report *report = link_report(response, link);
    for (size_t n = link % 2; n < link; n += 2) {
        const struct anycert_report *other = link_report(response, n);
        if (!other || anycert_report_port(other) != anycert_report_port(report) ||
            strcmp(anycert_report_host(other), anycert_report_host(report)) != 0)
            continue;
        for (const struct anycert_check *c = anycert_report_next_check(other, NULL); c;
             c = anycert_report_next_check(other, c))
            if (anycert_check_verdict(c) == ANYCERT_RELAXED &&
                strcmp(anycert_check_detail(c), anycert_check_detail(check)) == 0)
                return true;
    }
    return false;
}

/* ---- policies that end ---- */

#define WEEK ((int64_t)7 * 86400)

/* When the policy of a link ends, if that is within a week; else 0. */
static int64_t end_of(const struct anycert_report *report, int64_t now)
{
    struct anycert_policy *policy = anycert_policy_parse(anycert_report_policy(report), NULL);
    int64_t until = 0;
    bool soon = anycert_policy_until(policy, &until) && now <= until && until - now < WEEK;
    anycert_policy_free(policy);
    return soon ? until : 0;
}

/* Whether an earlier hop led to the same host. */
static bool was_there(const struct anycert_response *response, size_t link)
{
    const struct anycert_report *report = link_report(response, link);
    for (size_t n = link % 2; n < link; n += 2) {
        const struct anycert_report *other = link_report(response, n);
        if (other && anycert_report_port(other) == anycert_report_port(report) &&
            strcmp(anycert_report_host(other), anycert_report_host(report)) == 0)
            return true;
    }
    return false;
}

static void print_end(bool json, const struct anycert_report *report, int64_t until)
{
    const char *policy = anycert_report_policy(report);
    char date[CLI_DATE_SIZE], sentence[600], link[LINK_MAX];
    struct anycert_policy *parsed = anycert_policy_parse(policy, NULL);
    cli_format_date(until, date);
    (void)snprintf(sentence, sizeof sentence,
                   "%s: the policy %.*s ends on %.10s, its last day; from the day after, %s counts",
                   link_name(report, link), (int)strcspn(policy, " "), policy, date,
                   cli_left_of(parsed));
    anycert_policy_free(parsed);
    cli_print_warning(json, "policy_ends", sentence);
}

static void print_ends(bool json, const struct anycert_response *response)
{
    size_t links = count_links(response);
    int64_t now = (int64_t)time(NULL);
    for (size_t n = 0; n < links; n++) {
        const struct anycert_report *report = link_report(response, n);
        int64_t until = report && !was_there(response, n) ? end_of(report, now) : 0;
        if (until > 0)
            print_end(json, report, until);
    }
}

void cli_print_warnings(bool json, const struct anycert_response *response)
{
    size_t links = count_links(response);
    for (size_t n = 0; n < links; n++) {
        const struct anycert_report *report = link_report(response, n);
        /* What a link was forgiven that did not come about is of no account. */
        if (!report || anycert_report_verdict(report) != ANYCERT_RELAXED)
            continue;
        for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
             check = anycert_report_next_check(report, check))
            if (anycert_check_verdict(check) == ANYCERT_RELAXED &&
                !anycert_check_decided_by_pin(check) && !is_known(response, n, check))
                print_check(json, report, check);
    }
    print_ends(json, response);
}

void cli_print_withheld(bool json, const struct anycert_response *response)
{
    size_t hops = response ? anycert_response_hop_count(response) : 0;
    for (size_t i = 0; i < hops; i++)
        if (anycert_response_hop_withheld(response, i)) {
            cli_print_warning(json, "secrets_withheld",
                              "the credentials were kept back, as --secret-guard says; "
                              "not every check was passed");
            return;
        }
}

void cli_print_warning(bool json, const char *check, const char *sentence)
{
    if (!json) {
        (void)fprintf(stderr, "%sanycert: warning: %s%s\n", colour("\033[33m"), sentence,
                      colour("\033[0m"));
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *warning = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "warning", warning);
    yyjson_mut_obj_add_str(doc, warning, "check", check);
    yyjson_mut_obj_add_str(doc, warning, "detail", sentence);
    print_document(doc);
}

void cli_print_trace(void *arg, char kind, const char *text, size_t len)
{
    (void)arg;
    (void)fprintf(stderr, "%c %.*s\n", kind, (int)len, text);
}

/* "connected 0.002 s" behind what is there. */
static void add_phase(char *line, size_t size, const char *name, int64_t us)
{
    size_t used = strlen(line);
    if (us > 0)
        (void)snprintf(line + used, size - used, "%s%s %.3f s", used > 0 ? ", " : "", name,
                       (double)us / 1e6);
}

void cli_print_timings(const struct anycert_response *response)
{
    size_t hops = response ? anycert_response_hop_count(response) : 0;
    for (size_t hop = 0; hop < hops; hop++) {
        struct anycert_timings t;
        char line[256] = "";
        const char *url = anycert_response_hop_url(response, hop);
        size_t shown = cli_url_shown(url);
        anycert_response_hop_timings(response, hop, &t);
        if (anycert_response_hop_reused(response, hop))
            (void)snprintf(line, sizeof line, "connection reused");
        else
            add_phase(line, sizeof line, "name resolved", t.resolved_us);
        add_phase(line, sizeof line, "connected", t.connected_us);
        add_phase(line, sizeof line, "TLS ready", t.tls_us);
        add_phase(line, sizeof line, "first byte", t.first_byte_us);
        add_phase(line, sizeof line, "end", t.total_us);
        if (*line != '\0')
            (void)fprintf(stderr, "* timing of %.*s%s: %s\n", (int)shown, url,
                          url[shown] != '\0' ? "?..." : "", line);
    }
}

void cli_print_log(bool json, const char *level, const char *text, size_t len)
{
    if (!json) {
        (void)fprintf(stderr, "[%s] %.*s\n", level, (int)len, text);
        return;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *log = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, "log", log);
    yyjson_mut_obj_add_str(doc, log, "level", level);
    yyjson_mut_obj_add_strn(doc, log, "text", text, len);
    print_document(doc);
}
