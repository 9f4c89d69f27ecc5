/* profile.h — an integration instance's parameters (--profile), and the options that go before
 * them.
 */
#ifndef ANYCERT_CLI_PROFILE_H
#define ANYCERT_CLI_PROFILE_H

#include <stdio.h>

#include <yyjson.h>

#include <anycert/profile.h>

#include "options.h"

/* The profile of --profile, or an empty one, without what an option says in its place. -1 as
 * anycert_profile_load. Free with anycert_profile_free. */
struct anycert_profile *cli_profile_load(const struct cli_options *options,
                                         struct anycert_error *err);

/* A URL with a scheme and a host, as opposed to a path behind the profile's. */
bool cli_is_absolute(const char *url);
/* What is behind the profile's URL in one that begins with it, or NULL. base may be NULL. */
const char *cli_behind(const char *url, const char *base);

/* Sets a key to a string, for the option source. -1 as anycert_profile_set, and with USAGE for what
 * no JSON text can hold. */
int cli_profile_set_string(struct anycert_profile *profile, const char *key, const char *value,
                           const char *source, struct anycert_error *err);

/* Sets a key to so many milliseconds, which profiles give in seconds. -1 as anycert_profile_set. */
int cli_profile_set_seconds(struct anycert_profile *profile, const char *key, uint32_t ms,
                            const char *source, struct anycert_error *err);

/* Asks the environment, for the library. */
anycert_profile_variable cli_variable;

/* Each value in force and its source, as an array of {key, value, source}; options gives those of
 * the command line. Free with yyjson_mut_doc_free. */
yyjson_mut_doc *cli_profile_settings(const struct anycert_profile *profile,
                                     const struct cli_options *options);
/* The same as a table. */
void cli_profile_print(FILE *out, yyjson_mut_val *settings);
/* Takes credentials and header fields out, with all that they would be read from. */
int cli_profile_forget_secrets(struct anycert_profile *profile, struct anycert_error *err);

#endif
