/* bombs.h — small bodies that become large: zeros, compressed once or twice. */
#ifndef ANYCERT_TESTS_CLIENT_BOMBS_H
#define ANYCERT_TESTS_CLIENT_BOMBS_H

#include <stddef.h>

struct bomb {
    const char *codings; /* as in Content-Encoding */
    unsigned char *bytes;
    size_t len;
};
/* Zeros in the codings ("gzip", "deflate", "br", "zstd", or two of them), in the order in which
 * they are put on. Failing fails the test. */
struct bomb bomb_make(const char *codings, size_t zeros);
void bomb_free(struct bomb *bomb);

#endif
