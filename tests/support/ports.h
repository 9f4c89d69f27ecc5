/* Ports of the loopback addresses for tests that run beside each other. */
#ifndef ANYCERT_TESTS_PORTS_H
#define ANYCERT_TESTS_PORTS_H

#include <stdint.h>

/* A TCP port of 127.0.0.1 (and ::1, where there is one) for a server that starts soon: nobody
 * listened there a moment ago. */
uint16_t ports_free(void);
/* One of 127.0.0.1 where nobody listens, nor can while this process lives: it is taken, by who does
 * not listen. (A number that is only free is some other test's server a moment later.) */
uint16_t ports_closed(void);
/* A socket that has the port of an address ("127.0.0.2") and does not listen, unless the test has
 * it do so; -1 if somebody else has the port. */
int ports_take(const char *host, uint16_t port);

#endif
