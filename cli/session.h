/* session.h — a client as profile and options want it, and what it was made from. */
#ifndef ANYCERT_CLI_SESSION_H
#define ANYCERT_CLI_SESSION_H

#include <anycert/client.h>
#include <anycert/har.h>
#include <anycert/profile.h>

#include <yyjson.h>

#include "options.h"
#include "trust.h"

/* All zero before it is opened. */
struct cli_session {
    struct anycert_profile *profile;
    struct cli_trust trust;
    struct anycert_config *config;
    struct anycert_client *client;
    struct anycert_har *har; /* with --trace */
    /* Of `policy explain`: what the profile says, for what is secret in it is not read then. */
    yyjson_mut_doc *settings;
    bool json; /* how log lines are printed */
};
/* Nothing is sent. -1 with USAGE and others; close it in either case. */
int cli_session_open(struct cli_session *session, const struct cli_options *options,
                     struct anycert_error *err);
/* Writes the archive of --trace. 0 without it; -1 with FILE. */
int cli_session_trace(const struct cli_session *session, const struct cli_options *options,
                      struct anycert_error *err);
void cli_session_close(struct cli_session *session);

/* Whether a client certificate was named, as far as is known when something went wrong early. */
bool cli_session_has_cert(const struct cli_session *session, const struct cli_options *options);
/* The path of the trust store, if it was said; else NULL. */
const char *cli_session_trust_store(const struct cli_session *session,
                                    const struct cli_options *options);

#endif
