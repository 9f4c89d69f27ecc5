/* sending.h — the ways in which a program makes a request: each has to keep every promise. */
#ifndef ANYCERT_TESTS_CLIENT_SENDING_H
#define ANYCERT_TESTS_CLIENT_SENDING_H

#include <anycert/anycert.h>

enum sending { SENDING_SEND, SENDING_CALL, SENDING_BATCH, SENDING_BATCH_CALL, SENDING_COUNT };
const char *sending_name(enum sending how);

/* Sends the request, which stays the caller's. As anycert_client_send. */
int sending_do(enum sending how, struct anycert_client *client,
               const struct anycert_request *request, struct anycert_response **out,
               struct anycert_error *err);
/* Sends and frees the request. The response of a success; the test fails otherwise. */
struct anycert_response *sending_ok(enum sending how, struct anycert_client *client,
                                    struct anycert_request *request);
/* Sends and frees the request, which has to fail with this code. The message lives until the next
 * call. */
const char *sending_fails(enum sending how, struct anycert_client *client,
                          struct anycert_request *request, int code);

#endif
