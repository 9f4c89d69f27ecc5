/* body.h — from the options to a request: method, URL, headers, body, user. */
#ifndef ANYCERT_CLI_BODY_H
#define ANYCERT_CLI_BODY_H

#include <anycert/client.h>

#include "options.h"
#include "session.h"

/* The method that subcommand and options mean; borrowed. */
const char *cli_method(const struct cli_options *options);

/* Everything but where the body of the answer goes. Files are read here, before anything is sent.
 * *warning becomes a sentence if credentials or secret headers would go out over http://, else
 * NULL. NULL with USAGE, URL, HEADER, FILE, INTERRUPTED, NOMEM. Free with anycert_request_free. */
struct anycert_request *cli_request_make(const struct cli_options *options,
                                         const struct cli_session *session, const char **warning,
                                         struct anycert_error *err);

#endif
