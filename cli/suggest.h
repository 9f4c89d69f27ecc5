/* suggest.h — policies as they are suggested: with an end, and as the administrator wants them. */
#ifndef ANYCERT_CLI_SUGGEST_H
#define ANYCERT_CLI_SUGGEST_H

#include <stdbool.h>

#include "message.h"

/* How a policy is made ready to be suggested. */
struct cli_finish {
    bool has_ended;    /* the policy that it is to take the place of had an end */
    bool with_reason;  /* it is to say why */
    const char *store; /* the path of the trust store, or NULL */
};
/* The policy with absolute paths and an end, if it gives something up, and with that and the reason
 * that the ceiling of this machine wants, to be freed with free; text, which anycert_free would
 * free, is taken. NULL for NULL, or if memory ran out. forbidden->code becomes POLICY_FORBIDDEN if
 * the ceiling does not allow it in any way. */
char *cli_finish_policy(char *text, const struct cli_finish *how, struct anycert_error *forbidden);

/* What would accept a server that was refused. */
struct cli_suggestion {
    char *policy; /* NULL: no policy is known to */
    bool by_key;  /* that was shown and has to be compared first */
    bool works;   /* with all that is known */
    struct anycert_error forbidden;
};
void cli_suggest(struct cli_suggestion *suggestion, const struct anycert_error *err,
                 const struct anycert_report *report, const struct cli_failure *failure);
void cli_suggestion_free(struct cli_suggestion *suggestion);

/* The policy that takes the key alone, finished, where that would be enough; or NULL. */
char *cli_suggest_key(const struct anycert_error *err, const struct anycert_report *report,
                      const struct cli_failure *failure);

/* ---- what a refusal is about; report may be NULL ---- */

/* The next check that failed, behind check (NULL: the first). */
const struct anycert_check *cli_next_failed(const struct anycert_report *report,
                                            const struct anycert_check *check);
/* Whether a check with this name failed. */
bool cli_has_failed(const struct anycert_report *report, const char *name);
/* Whether it is the proxy's. */
bool cli_is_proxy(const struct anycert_report *report);
/* A handshake that failed is no check: its sentence names the relaxations that may help. How many;
 * 0 if a check failed. */
unsigned cli_count_named(const struct anycert_error *err, const struct anycert_report *report);
/* Whether they may help, and nobody knows which, or whether at all. */
bool cli_is_guess(const struct anycert_error *err, const struct anycert_report *report);

#endif
