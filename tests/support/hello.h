/* support/hello.h — what the tests of raw hellos share. Everything here fails the test (cmocka). */
#ifndef ANYCERT_TESTS_SUPPORT_HELLO_H
#define ANYCERT_TESTS_SUPPORT_HELLO_H

#include <openssl/ssl.h>

#include "hello/answer.h"
#include "hello/write.h"

/* Random bytes that are always the same: 0, 1, 2 … */
extern const struct anycert__random hello_counting;
/* The hello's bytes with its record; free(). */
uint8_t *hello_bytes(const struct anycert__hello *hello, size_t *len);

/* What OpenSSL's server side makes of some bytes, without sockets: its bytes, for free(). ctx has
 * what it needs. *completed tells whether it takes the handshake for complete. */
uint8_t *hello_ask_openssl(SSL_CTX *ctx, const uint8_t *bytes, size_t len, size_t *answer_len,
                           bool *completed);
/* A server with a certificate for a.test, level 0 and every suite. */
SSL_CTX *hello_server(int version);

/* Bytes made of text: two digits in hexadecimal for each, in small letters; blanks do not count. */
struct hello_made {
    uint8_t bytes[4096];
    size_t len;
};
struct hello_made hello_hex(const char *text);
void hello_made_add(struct hello_made *to, const struct hello_made *what);
/* A handshake message, and a record. */
struct hello_made hello_message(uint8_t type, const struct hello_made *body);
struct hello_made hello_record(uint8_t type, uint16_t version, const struct hello_made *body);
/* A ServerHello with extensions in hexadecimal; NULL: not even their length. */
struct hello_made hello_server_hello(uint16_t version, uint16_t suite, const char *extensions);
/* A ServerHello, a message with that body in hexadecimal, and ServerHelloDone, in one record. */
struct hello_made hello_whole_flight(uint16_t version, uint16_t suite, uint8_t type,
                                     const char *text);
void hello_read_made(struct anycert__answer *answer, const struct hello_made *made);

/* Reads all of it at once. */
void hello_read(struct anycert__answer *answer, const void *bytes, size_t len);
/* A file of fuzz/corpus/fuzz_hello; free(). */
uint8_t *hello_flight(const char *name, size_t *len);

#endif
