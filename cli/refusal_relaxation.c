#include "refusal_parts.h"

#include <stdio.h>
#include <string.h>

#include "suggest.h"

/* Whether this link leads to another host than the first: relaxations do not count there. */
static bool is_foreign(const struct anycert_response *response, const struct anycert_report *report)
{
    if (anycert_response_hop_count(response) < 2)
        return false;
    const struct anycert_report *first = anycert_response_hop_report(response, 0);
    return !first || anycert_report_port(first) != anycert_report_port(report) ||
           strcmp(anycert_report_host(first), anycert_report_host(report)) != 0;
}

static void print_relaxation(const struct cli_failure *failure, const struct anycert_report *report,
                             const struct anycert_relaxation *r)
{
    const char *name = anycert_relaxation_name(r);
    char how[200];
    /* The two contradict each other. */
    bool instead = strcmp(name, "wrong-host") == 0 &&
                   strstr(anycert_report_policy(report), " expect-name=") != NULL;
    if (!anycert_relaxation_is_available(r))
        (void)snprintf(how, sizeof how, " (this version does not have it)");
    else if (cli_refusal_is_token_server(failure, report))
        (void)snprintf(how, sizeof how, "; +%s in the token server's line", name);
    else if (cli_is_proxy(report))
        (void)snprintf(how, sizeof how, "; --proxy-trust 'hardened+%s until=DATE'", name);
    else if (strcmp(name, "small-dh") == 0 && !cli_next_failed(report, NULL))
        (void)snprintf(how, sizeof how,
                       "; --allow small-dh --until DATE if it has 1024 bits or more; else antique "
                       "alone; the doctor says which");
    else
        (void)snprintf(how, sizeof how, "; --allow %s --until DATE%s%s", name,
                       instead ? " in place of the expected name" : "",
                       is_foreign(failure->response, report)
                           ? " (in a request to this host, for it does not count after redirects)"
                           : "");
    (void)fprintf(stderr, "  %-12s %s lets through %s; danger: %s%s\n", "relaxation", name,
                  anycert_relaxation_allows(r), anycert_relaxation_danger(r), how);
}

void cli_refusal_relaxations(const struct cli_failure *failure, const struct anycert_report *report)
{
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c)) {
        if (cli_refusal_is_repeated(report, c))
            continue;
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
        if (r)
            print_relaxation(failure, report, r);
        else if (strcmp(anycert_check_id(c), "record") != 0)
            (void)fprintf(stderr, "  %-12s none lets this through: %s\n", "relaxation",
                          anycert_check_detail(c));
    }
}

/* So many are told each in a line. */
#define KNOWN 2
void cli_refusal_hints(const struct cli_refusal *refusal)
{
    const struct anycert_relaxation *r = NULL;
    const char *separator = " perhaps one of ";
    bool is_long = cli_refusal_relaxation(refusal, KNOWN) != NULL;
    if (!cli_refusal_relaxation(refusal, 0) || cli_next_failed(refusal->report, NULL))
        return;
    for (size_t n = 0; !is_long && (r = cli_refusal_relaxation(refusal, n)) != NULL; n++)
        print_relaxation(refusal->failure, refusal->report, r);
    if (!is_long)
        return;
    (void)fprintf(stderr, "  %-12s", "relaxation");
    for (size_t n = 0; (r = cli_refusal_relaxation(refusal, n)) != NULL; n++) {
        (void)fprintf(stderr, "%s%s", separator, anycert_relaxation_name(r));
        separator = ", ";
    }
    (void)fprintf(stderr, "; anycert policy list says what each lets through\n");
}
