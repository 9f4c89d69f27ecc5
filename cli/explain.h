/* explain.h — what a policy gives up, in words. */
#ifndef ANYCERT_CLI_EXPLAIN_H
#define ANYCERT_CLI_EXPLAIN_H

#include <stdio.h>

#include <yyjson.h>

#include <anycert/policy.h>

/* Lines about the rung and each relaxation: what is given up, what an attacker gains, what is
 * better. */
void cli_explain_text(FILE *out, const struct anycert_policy *policy);
/* The same as members of an object. */
void cli_explain_json(yyjson_mut_doc *doc, yyjson_mut_val *object,
                      const struct anycert_policy *policy);

/* What counts when the end of a policy has come: "hardened", or "hardened with its pin". */
const char *cli_left_of(const struct anycert_policy *policy);

/* Tables of rungs and relaxations. */
void cli_list_text(FILE *out);
void cli_list_json(yyjson_mut_doc *doc, yyjson_mut_val *object);

#endif
