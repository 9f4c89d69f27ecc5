/* witness.h — everything that the library lets anybody read: traces, logs, archives with bodies,
 * messages, URLs, reports. Setting up fails the test. */
#ifndef ANYCERT_TESTS_CLIENT_WITNESS_H
#define ANYCERT_TESTS_CLIENT_WITNESS_H

#include <anycert/anycert.h>

struct witness;
/* Listens to every client that will be made of the configuration. */
struct witness *witness_new(struct anycert_config *config);
void witness_free(struct witness *witness);

/* Calls, notes all that can be read afterwards, and frees the request. The error's code, 0 for
 * success; *out may be NULL. */
int witness_call(struct witness *witness, struct anycert_client *client,
                 struct anycert_request *request, struct anycert_response **out);
/* The message of the last call; "" for a success. */
const char *witness_message(const struct witness *witness);
/* All of it so far. */
const char *witness_text(struct witness *witness);
/* The test fails if a text was to be read, in whatever case; or if it was not. */
void witness_hides(struct witness *witness, const char *text);
void witness_shows(struct witness *witness, const char *text);

#endif
