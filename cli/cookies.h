/* cookies.h — -b and -c: cookies that are sent, and the file that they are kept in. */
#ifndef ANYCERT_CLI_COOKIES_H
#define ANYCERT_CLI_COOKIES_H

#include "output.h"
#include "session.h"

/* Whether a value of -b has cookies in it, and is no file. */
bool cli_cookies_are_data(const char *value);
/* Whether the command line has cookies in it. */
bool cli_cookies_given(const struct cli_options *options);

/* Has the client keep cookies if a file has to do with it. */
int cli_cookies_enable(struct anycert_config *config, const struct cli_options *options,
                       struct anycert_error *err);
/* Reads the files of -b. One that is not there is none if -c makes it. -1 with FILE, USAGE. */
int cli_cookies_load(struct anycert_client *client, const struct cli_options *options,
                     struct anycert_error *err);
/* Gives the request, which has header fields of these names, the cookies of the command line: as a
 * field, or for the URL's host where the client keeps cookies. -1 with USAGE, HEADER, NOMEM. */
int cli_cookies_add(struct anycert_request *request, const struct cli_session *session,
                    const struct cli_options *options, const struct cli_list *names,
                    struct anycert_error *err);

/* Finds out whether the file of -c can be written. */
int cli_cookies_open(struct cli_target *target, const struct cli_options *options,
                     struct anycert_error *err);
/* Writes it, readable by its owner only. 0 without -c; -1 with FILE, NOMEM. */
int cli_cookies_save(const struct cli_target *target, struct anycert_client *client,
                     const struct cli_options *options, struct anycert_error *err);

#endif
