/* message.h — what goes to standard error: errors, warnings, the trace. */
#ifndef ANYCERT_CLI_MESSAGE_H
#define ANYCERT_CLI_MESSAGE_H

#include <stdbool.h>

#include <anycert/client.h>

#include "options.h"
#include "trust.h"

/* What is known when a request failed. */
struct cli_failure {
    const struct anycert_response *response; /* may be NULL */
    const struct cli_trust *trust;           /* what was asked for */
    bool has_cert;                           /* a client certificate is set */
    const char *trust_store; /* its path, if it is not at its usual place; or NULL */
    const struct cli_options *options;
    struct anycert_client *client; /* may be NULL */
};
/* The error as one sentence, or as one JSON object; with what is known of the certificate that was
 * refused, and what to do. failure is NULL where no request was sent. */
void cli_print_error(bool json, const struct anycert_error *err, const struct cli_failure *failure);

/* The report that belongs to a failure of trust or TLS, or NULL. failure may be NULL. */
const struct anycert_report *cli_failed_report(const struct anycert_error *err,
                                               const struct cli_failure *failure);

/* One line for each host and reason where the policy let a failed check pass, and one for each host
 * whose policy ends within a week. */
void cli_print_warnings(bool json, const struct anycert_response *response);

/* A line if the secret guard has kept secrets back on any hop. */
void cli_print_withheld(bool json, const struct anycert_response *response);

/* One line of the command line's own; check is its name in JSON. */
void cli_print_warning(bool json, const char *check, const char *sentence);

/* For anycert_config_set_trace: -v. */
anycert_trace_callback cli_print_trace;

/* -v: when what had happened on each hop, a line for each. */
void cli_print_timings(const struct anycert_response *response);

/* --log-level: a line of the log. */
void cli_print_log(bool json, const char *level, const char *text, size_t len);

/* The report of the last hop: the origin's, or the proxy's if it never came so far; or NULL. */
const struct anycert_report *cli_last_report(const struct anycert_response *response);

/* "pass", "relaxed", "fail", "not_checked". */
const char *cli_verdict_name(enum anycert_verdict verdict);

#endif
