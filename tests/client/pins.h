/* pins.h — what the tests of pins share: all of the lab, nginx and the proxies, and policies with a
 * pin in few words. Everything here fails the test instead of returning errors. */
#ifndef ANYCERT_TESTS_CLIENT_PINS_H
#define ANYCERT_TESTS_CLIENT_PINS_H

#include "client/places.h"
#include "lab/lab.h"
#include "support/certs.h"

extern struct scene pins_scene;
extern struct lab *pins_lab;
/* As cmocka's group setup and teardown. */
int pins_setup(void **state);
int pins_teardown(void **state);

/* Room for 900 characters that lives until the sixteenth call of this or of the next three. */
char *pins_text(void);
/* The pin of a certificate's key; of nginx's and squid's with that flaw. */
const char *pins_of(X509 *cert);
const char *pins_at(enum flaw flaw);
/* "RUNG ca=THE LAB'S,NGINX'S pin=PIN KEYS" */
const char *pins_policy(const char *rung, const char *pin, const char *keys);

const struct lab_server *pins_server(const char *name);
/* The code of one GET by a client of its own. */
int pins_code(const char *policy, const char *url);

#endif
