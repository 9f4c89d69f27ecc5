/* print_curl.h — --print-curl: the request as a command of curl, instead of sending it. */
#ifndef ANYCERT_CLI_PRINT_CURL_H
#define ANYCERT_CLI_PRINT_CURL_H

#include <anycert/client.h>

#include "options.h"
#include "session.h"

/* -1 with USAGE if an option is given, too, that is about an answer. */
int cli_print_curl_check(const struct cli_options *options, struct anycert_error *err);
/* Prints it on standard output. -1 with NOMEM, BODY_WRITE. */
int cli_print_curl(const struct cli_options *options, const struct cli_session *session,
                   struct anycert_request *request, struct anycert_error *err);

#endif
