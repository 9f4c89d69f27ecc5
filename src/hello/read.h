/* hello/read.h — the parts of the answer's reader, for one another. */
#ifndef ANYCERT_HELLO_READ_H
#define ANYCERT_HELLO_READ_H

#include "hello/answer.h"
#include "hello/wire.h"

/* Ends the reading: the peer breaks the rules. sentence is static. */
void anycert__read_broken(struct anycert__answer *answer, const char *sentence);

/* One message's body each. What they do not understand they end with anycert__read_broken(). */
void anycert__read_server_hello(struct anycert__answer *answer, struct anycert__wire body);
void anycert__read_certificates(struct anycert__answer *answer, struct anycert__wire body);
void anycert__read_server_key(struct anycert__answer *answer, struct anycert__wire body);
void anycert__read_cert_request(struct anycert__answer *answer, struct anycert__wire body);

/* Where a part of a message is. */
struct anycert__span anycert__read_span(const struct anycert__answer *answer,
                                        const struct anycert__wire *part);
/* A vector of vectors; false if they do not fill it. */
bool anycert__read_list(const struct anycert__answer *answer, struct anycert__wire all,
                        size_t width, struct anycert__span_list *out);

#endif
