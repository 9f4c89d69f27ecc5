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

/* Asks the environment, for the library. */
anycert_profile_variable cli_variable;

/* Each value in force and its source; options gives those of the command line. */
void cli_profile_print(FILE *out, const struct anycert_profile *profile,
                       const struct cli_options *options);
/* The same as an array of {key, value, source}. */
yyjson_mut_val *cli_profile_json(yyjson_mut_doc *doc, const struct anycert_profile *profile,
                                 const struct cli_options *options);

#endif
