/* refusal_parts.h — the parts of what stands below a refusal, each with a label in front. All print
 * to standard error. */
#ifndef ANYCERT_CLI_REFUSAL_PARTS_H
#define ANYCERT_CLI_REFUSAL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include <anycert/short_diagnosis.h>

#include "message.h"

/* The refusal, and what is made of it. */
struct cli_refusal {
    const struct anycert_error *err;
    const struct cli_failure *failure;
    const struct anycert_report *report;          /* may be NULL */
    const struct anycert_short_diagnosis *advice; /* may be NULL */
};

/* ---- what they share ---- */

/* A line; an empty label for one that goes on. */
void cli_refusal_line(const char *label, const char *text);
/* The nth that a failed check names, or that may get past a failed handshake; NULL: no more. */
const struct anycert_relaxation *cli_refusal_relaxation(const struct cli_refusal *refusal,
                                                        size_t n);
/* Whether an earlier failed check names the same relaxation. */
bool cli_refusal_is_repeated(const struct anycert_report *report,
                             const struct anycert_check *check);
/* Whether this is about the server that tokens come from, and not about the API's. */
bool cli_refusal_is_token_server(const struct cli_failure *failure,
                                 const struct anycert_report *report);

/* ---- the parts ---- */

/* The certificate that is refused, if one was shown. */
void cli_refusal_certificate(const struct anycert_report *report);
/* What is better than letting it through. */
void cli_refusal_better(const struct cli_refusal *refusal);
/* The relaxation of each failed check, with what it lets through and its danger. */
void cli_refusal_relaxations(const struct cli_failure *failure,
                             const struct anycert_report *report);
/* What may help a failed handshake: one or two, if it is known; else it is a list. */
void cli_refusal_hints(const struct cli_refusal *refusal);
/* The entry of a policy file that would do, and the command with the same policy. */
void cli_refusal_entry(const struct cli_refusal *refusal);

#endif
