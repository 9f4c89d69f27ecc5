/* auth.h — how requests prove who sends them: from the options. */
#ifndef ANYCERT_CLI_AUTH_H
#define ANYCERT_CLI_AUTH_H

#include <anycert/client.h>
#include <anycert/profile.h>

#include "options.h"

/* Whether the command line names credentials, be it in the URL. */
bool cli_auth_given(const struct cli_options *options);
/* Whether the URL does. */
bool cli_auth_in_url(const struct cli_options *options);
/* Whether the profile has credentials. */
bool cli_auth_in_profile(const struct anycert_profile *profile);

/* Whether the credentials that are used, of the options or else the profile, are proven without
 * being sent. */
bool cli_auth_only_proves(const struct cli_options *options, const struct anycert_profile *profile);

/* Reads the secrets (and asks for a password on the terminal) and sets what the options name; the
 * profile's keys that this stands in for have to be out of it. -1 with USAGE, URL, HEADER, FILE,
 * INTERRUPTED, NOMEM. */
int cli_auth_set(struct anycert_config *config, const struct cli_options *options,
                 struct anycert_error *err);

/* For a request with header fields of these names: what the user wrote as a field goes before the
 * profile's credentials, and beside those of the command line it is an error. -1 with USAGE, NOMEM.
 */
int cli_auth_beside(struct anycert_request *request, const struct cli_options *options,
                    const struct anycert_profile *profile, const struct cli_list *names,
                    struct anycert_error *err);

/* The keys of a profile that credentials of the options stand in for, ended by NULL. */
extern const char *const cli_auth_keys[];

#endif
