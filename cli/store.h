/* store.h — the trust store of the command line: where it is, and the question about a new host. */
#ifndef ANYCERT_CLI_STORE_H
#define ANYCERT_CLI_STORE_H

#include <anycert/trust_store.h>

#include <yyjson.h>

#include "options.h"
#include "trust.h"

/* The path that was given, or the usual one: $XDG_STATE_HOME/anycert/trust, or else
 * ~/.local/state/anycert/trust. To be freed with free(). NULL with USAGE where there is no home. */
char *cli_store_path(const char *given, struct anycert_error *err);
/* Whether there is a file at its path; true, too, where that cannot be found out. */
bool cli_store_exists(const struct anycert_trust_store *store);
/* Opens it. NULL with err, which names the option. */
struct anycert_trust_store *cli_store_open(const char *given, struct anycert_error *err);
/* Sets the store and the question, if a policy wants them. */
int cli_store_set(struct anycert_config *config, const struct cli_options *options,
                  const struct anycert_profile *profile, const struct cli_trust *trust,
                  struct anycert_error *err);

/* "pin sha256//…,sha256//…, first seen 2026-01-31 (first-use)". Lives until the next call. */
const char *cli_store_words(const struct anycert_trust_entry *entry);
/* The same for programs. */
yyjson_mut_val *cli_store_json(yyjson_mut_doc *doc, const struct anycert_trust_entry *entry);

#endif
