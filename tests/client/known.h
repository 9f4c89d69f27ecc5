/* known.h — what the tests of trust on first use share: a store in a folder of its own, and clients
 * that look into it. Everything here fails the test instead of returning errors. */
#ifndef ANYCERT_TESTS_CLIENT_KNOWN_H
#define ANYCERT_TESTS_CLIENT_KNOWN_H

#include "client/pins.h"

/* As cmocka's setup and teardown of a test: an empty store. */
int known_setup(void **state);
int known_teardown(void **state);
const char *known_path(void);
/* "tofu mode=MODE ca=THE LAB'S,NGINX'S", the rung with relaxations as given. */
const char *known_policy(const char *rung, const char *mode);
/* A client under such a policy. */
struct anycert_client *known_client(const char *rung, const char *mode);
/* The same that is led to another port of localhost. */
struct anycert_client *known_led_to(const char *mode, uint16_t from, uint16_t to);

/* "none", "ca", or "pin sha256//…", of a port of localhost; lives until the next call. */
const char *known_as(uint16_t port);
size_t known_count(void);
void known_add(uint16_t port, const char *pins);
void known_remove(uint16_t port);
/* How a GET by this client, which is freed, ends. The message is in known_message(). */
int known_code(struct anycert_client *client, uint16_t port);
const char *known_message(void);
/* "chain", "tofu", "none" …, of a GET that has to succeed; frees nothing. */
const char *known_authenticated_by(struct anycert_client *client, const char *url);

#endif
