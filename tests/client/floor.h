/* floor.h — what the tests of plain HTTP over accepted connections share: the lab, clients that
 * trust it, and requests in a few words. Setting up fails the test. */
#ifndef ANYCERT_TESTS_CLIENT_FLOOR_H
#define ANYCERT_TESTS_CLIENT_FLOOR_H

#include <anycert/anycert.h>

#include "lab/lab.h"
#include "support/canned.h"

/* A lab for a group of tests: as cmocka's group setup and teardown. */
int floor_setup(void **state);
int floor_teardown(void **state);
/* Conditions: good, good-ec, good-ip, http, self-signed, expired, untrusted-root, wrong-host,
 * silent.
 */
const struct lab_server *floor_server(const char *name);
/* The path of the lab's root. */
const char *floor_root(void);
/* The server's URL with another path (without its first slash); lives until the eighth call after
 * it. */
const char *floor_url(const char *name, const char *path);
/* An origin and a path. */
const char *floor_join(const char *origin, const char *path);
/* The path of a redirect to a URL, which it percent-encodes, with this code. */
const char *floor_redirect(int code, const char *to);

/* Hardened with the lab's root; or a rung with the lab's root. */
struct anycert_config *floor_config(const char *rung);
/* Makes a client and frees the configuration. */
struct anycert_client *floor_client_of(struct anycert_config *config);
/* Both in one, hardened for NULL. */
struct anycert_client *floor_client(const char *rung);

struct anycert_request *floor_request(const char *method, const char *url);
void floor_header(struct anycert_request *request, const char *name, const char *value);
/* Sends and frees the request. The response of a success; the test fails otherwise. */
struct anycert_response *floor_ok(struct anycert_client *client, struct anycert_request *request);
/* Sends and frees the request; it has to fail with this code. The message is in floor_message().
 * *out may be NULL. */
void floor_fails(struct anycert_client *client, struct anycert_request *request, int code,
                 struct anycert_response **out);
const char *floor_message(void);
/* Calls (anycert_client_call) and frees the request; the code, with the error in *err, and the
 * response in *out (freed for NULL). */
int floor_call(struct anycert_client *client, struct anycert_request *request,
               struct anycert_response **out, struct anycert_error *err);

/* Of a JSON answer of /echo: the nth value of a request field, NULL if it was not there; a text by
 * JSON pointer. Both live until the eighth call after them. */
const char *floor_echo_header(const struct anycert_response *response, const char *name,
                              size_t nth);
const char *floor_echo_text(const struct anycert_response *response, const char *pointer);
int64_t floor_echo_number(const struct anycert_response *response, const char *pointer);

/* A new folder for a test, and a path in it; the folder has to be empty, but for `left` files, when
 * it is removed. */
const char *floor_folder(void);
const char *floor_path(const char *name);
void floor_remove_folder(unsigned left);
void floor_write(const char *path, const char *text);
/* The file's text; lives until the next call. */
const char *floor_read(const char *path);

#endif
