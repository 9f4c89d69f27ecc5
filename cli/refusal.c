#include "refusal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "passed_over.h"
#include "paste.h"
#include "refusal_parts.h"
#include "suggest.h"
#include "text.h"

void cli_refusal_line(const char *label, const char *text)
{
    (void)fprintf(stderr, "  %-12s %s\n", label, text);
}

const struct anycert_relaxation *cli_refusal_relaxation(const struct cli_refusal *refusal, size_t n)
{
    int id = refusal->advice ? anycert_short_diagnosis_relaxation(refusal->advice, n) : 0;
    return id != 0 ? anycert_relaxation_by_id(id) : NULL;
}

bool cli_refusal_is_repeated(const struct anycert_report *report, const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c && c != check;
         c = cli_next_failed(report, c)) {
        const char *other = anycert_check_relaxation(c);
        if (other && name && strcmp(name, other) == 0)
            return true;
    }
    return false;
}

/* ---- the token server ---- */

/* Whether a URL has the report's host and port. */
static bool is_at(const char *url, const struct anycert_report *report)
{
    const char *begin = url ? strstr(url, "://") : NULL;
    char wanted[600], shown[CLI_PLACE_MAX];
    if (!begin)
        return false;
    begin += strlen("://");
    size_t length = strcspn(begin, "/?#");
    for (const char *at = memchr(begin, '@', length); at; at = memchr(begin, '@', length)) {
        length -= (size_t)(at + 1 - begin);
        begin = at + 1;
    }
    bool has_port = length > 0 && memchr(begin, ':', length) && begin[length - 1] != ']';
    (void)snprintf(wanted, sizeof wanted, "%.*s%s", (int)(length < 500 ? length : 500), begin,
                   has_port ? "" : ":443");
    (void)cli_place(shown, anycert_report_host(report), anycert_report_port(report));
    return strcasecmp(wanted, shown) == 0;
}

bool cli_refusal_is_token_server(const struct cli_failure *failure,
                                 const struct anycert_report *report)
{
    const struct cli_options *o = failure->options;
    return report && o && is_at(o->oauth2_token_url, report) && !is_at(o->url, report);
}

/* ---- who refused, and who knows more ---- */

static void print_who(const struct anycert_error *err, const struct anycert_report *report)
{
    int class = anycert_error_class_of(err->code);
    const char *who = anycert_report_refused_by(report);
    bool decided = class == ANYCERT_CLASS_TRUST || err->code == ANYCERT_E_TLS_WEAK ||
                   err->code == ANYCERT_E_TLS_VERSION ||
                   err->code == ANYCERT_E_TLS_LEGACY_RENEGOTIATION ||
                   err->code == ANYCERT_E_PROXY_TRUST || cli_next_failed(report, NULL);
    bool nobody = err->code == ANYCERT_E_TLS_NOT_TLS || err->code == ANYCERT_E_TLS_CLOSED;
    if (strcmp(who, "us") == 0 && decided)
        (void)fprintf(stderr, "  %-12s us, under the policy %s\n", "refused by",
                      anycert_report_policy(report));
    else if (strcmp(who, "peer") == 0 && !nobody)
        cli_refusal_line("refused by", "the peer");
}

/* Whether relaxations may help, and nobody knows which, or whether at all. */
static bool is_guess(const struct cli_refusal *refusal)
{
    return cli_refusal_relaxation(refusal, 0) && !cli_next_failed(refusal->report, NULL) &&
           !anycert_short_diagnosis_policy(refusal->advice);
}

/* Who knows more: it tries. Where it is not known what would help, it comes first. */
static void print_doctor(const struct cli_refusal *refusal, bool is_first)
{
    const struct cli_options *o = refusal->failure->options;
    struct cli_bytes text = {0};
    if (o && o->profile) {
        if (cli_paste_doctor(&text, o, refusal->report) == 0)
            cli_refusal_line("doctor", text.data);
    } else if (refusal->advice) {
        cli_refusal_line("doctor", anycert_short_diagnosis_command(refusal->advice));
    }
    if (is_first)
        cli_refusal_line("", "finds everything that is wrong, and the least that lets it through");
    cli_bytes_free(&text);
}

/* Which link it is about: its certificate and its pin are not the server's. */
static void print_proxy(const struct anycert_report *report)
{
    char place[CLI_PLACE_MAX];
    (void)fprintf(stderr, "  %-12s the proxy %s, and not the server behind it\n", "about",
                  cli_place(place, anycert_report_host(report), anycert_report_port(report)));
}

static void print_refusal(const struct cli_refusal *refusal)
{
    const struct anycert_report *report = refusal->report;
    const struct cli_failure *failure = refusal->failure;
    const char *anchors = failure->trust->environment;
    bool trust = anycert_error_class_of(refusal->err->code) == ANYCERT_CLASS_TRUST;
    bool has_doctor = report != NULL, guess = is_guess(refusal);
    if (report && cli_is_proxy(report) && anycert_report_chain_length(report) > 0)
        print_proxy(report);
    if (report) {
        print_who(refusal->err, report);
        cli_print_no_entry(failure->trust, report);
        cli_refusal_certificate(report);
        if (trust && anchors && !cli_is_proxy(report))
            (void)fprintf(stderr, "  %-12s from %s (environment)\n", "anchors", anchors);
    }
    if (has_doctor && guess)
        print_doctor(refusal, true);
    cli_refusal_better(refusal);
    if (report) {
        cli_refusal_relaxations(failure, report);
        cli_refusal_hints(refusal);
        cli_refusal_entry(refusal);
    }
    if (has_doctor && !guess)
        print_doctor(refusal, false);
}

/* Nobody has shaken hands, so nobody was refused. */
static void print_unreached(const struct cli_refusal *refusal,
                            const struct anycert_short_diagnosis *advice)
{
    const struct cli_options *o = refusal->failure->options;
    const char *command = anycert_short_diagnosis_command(advice);
    if (*command != '\0' && !(o && o->profile))
        cli_refusal_line("doctor", command);
}

void cli_print_refusal(const struct anycert_error *err, const struct cli_failure *failure)
{
    struct anycert_short_diagnosis *advice = NULL;
    struct cli_refusal refusal = {.err = err, .failure = failure};
    if (err->code != ANYCERT_E_TRUST_DOWNGRADE)
        refusal.report = cli_failed_report(err, failure);
    if (err->code != ANYCERT_E_TRUST_DOWNGRADE && failure->client &&
        anycert_client_diagnose(failure->client, failure->response, err, &advice, NULL) < 0)
        advice = NULL; /* the sentence has been said */
    refusal.advice = refusal.report ? advice : NULL;
    print_refusal(&refusal);
    if (advice && !refusal.report)
        print_unreached(&refusal, advice);
    anycert_short_diagnosis_free(advice);
}
