/* trust.h — from the options (and two variables of the environment) to policies. */
#ifndef ANYCERT_CLI_TRUST_H
#define ANYCERT_CLI_TRUST_H

#include <anycert/policy.h>
#include <anycert/policy_file.h>
#include <anycert/profile.h>

#include "options.h"

struct cli_trust {
    struct anycert_policy *policy;
    struct anycert_policy_file *file;    /* NULL: none */
    const char *file_path;               /* of it, as the option or the profile says it */
    bool leaves_it_to_file;              /* the policy names anchors at most */
    struct anycert_policy *proxy_policy; /* NULL: the default */
    const char *base_source;             /* of the policy before the options added to it */
    const char *policy_source;           /* "default", "-k", "--trust", "box.json:4" */
    const char *anchors_source;          /* "default", "--cacert", "REQUESTS_CA_BUNDLE", ... */
    const char *text;                    /* the policy before the options added to it, or NULL */
    const char *environment;             /* the variable that names (some of) them, or NULL */
};

/* Makes the policies; where neither -k nor --trust is given, from the profile's, which has to stay
 * as long as the result. REQUESTS_CA_BUNDLE, then CURL_CA_BUNDLE (empty counts as unset) name the
 * anchors, to which --ca-add adds, when no other option does and the rung looks at anchors. -1 with
 * USAGE, POLICY_SYNTAX or NOMEM. */
int cli_trust_make(struct cli_trust *trust, const struct cli_options *options,
                   const struct anycert_profile *profile, struct anycert_error *err);
/* Puts the variable's name in front of an error about the file that it names; returns -1. */
int cli_trust_context(const struct cli_trust *trust, struct anycert_error *err);
void cli_trust_free(struct cli_trust *trust);

#endif
