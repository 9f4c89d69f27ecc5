#include "refusal_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paste.h"
#include "suggest.h"
#include "text.h"

/* The command that gives up least, where it is known: it stands for itself, to be pasted. */
static void print_command(const struct cli_failure *failure, const struct anycert_report *report,
                          const char *policy)
{
    bool reads = failure->options && (failure->options->command->bit & (CLI_GET | CLI_HEAD));
    bool is_same = !failure->response || anycert_response_hop_count(failure->response) < 2;
    struct cli_bytes text = {0};
    if (reads && cli_paste_get(&text, failure->options, policy, report, is_same) == 0)
        cli_refusal_line("command", text.data);
    cli_bytes_free(&text);
}

/* The same for one request. */
static void print_option(const char *policy)
{
    struct cli_bytes text = {0};
    struct anycert_error nowhere = {0};
    if (cli_bytes_add_text(&text, "--proxy-trust ", &nowhere) == 0 &&
        cli_paste_word(&text, policy) == 0)
        cli_refusal_line("option", text.data);
    cli_bytes_free(&text);
}

/* Whether the policy expects another name, which nobody but the certificate has said. */
static bool is_by_name(const struct anycert_short_diagnosis *advice)
{
    const char *other = anycert_short_diagnosis_other_name(advice);
    char *value = NULL;
    bool is_it = other &&
                 anycert_policy_get(anycert_short_diagnosis_policy_object(advice), "expect-name",
                                    &value, NULL) == 1 &&
                 strcmp(value, other) == 0;
    anycert_free(value);
    return is_it;
}

void cli_refusal_entry(const struct cli_refusal *refusal)
{
    const struct anycert_short_diagnosis *advice = refusal->advice;
    const struct anycert_report *report = refusal->report;
    char place[CLI_PLACE_MAX];
    const struct anycert_policy *known =
        advice ? anycert_short_diagnosis_policy_object(advice) : NULL;
    char *policy = known ? cli_with_reason(known) : NULL;
    if (!policy)
        return;
    (void)fprintf(stderr, "  %-12s %s %s\n", "entry",
                  cli_place(place, anycert_report_host(report), anycert_report_port(report)),
                  policy);
    cli_refusal_line("", anycert_short_diagnosis_policy_by_key(advice)
                             ? "(a line for --policy-file FILE, once you have compared the key)"
                         : is_by_name(advice)
                             ? "(a line for --policy-file FILE, only if its name is the right one)"
                             : "(a line for --policy-file FILE)");
    /* What is pasted as it is has no reason to be filled in, unless the administrator wants one. */
    char *once = cli_quote_reason(anycert_short_diagnosis_policy(advice));
    if (once && cli_is_proxy(report))
        print_option(once);
    if (once && anycert_short_diagnosis_policy_is_whole(advice) && !cli_has_failed(report, "pin") &&
        !cli_is_proxy(report) && !cli_refusal_is_token_server(refusal->failure, report))
        print_command(refusal->failure, report, once);
    free(once);
    if (*anycert_short_diagnosis_policy_forbidden(advice) != '\0')
        cli_refusal_line("forbidden", anycert_short_diagnosis_policy_forbidden(advice));
    free(policy);
}
