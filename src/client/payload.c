#include "client/payload.h"

#include "base/mem.h"
#include "client/sigv4.h"
#include "tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE 65536

/* What a digest came to. */
enum outcome { DIGESTED, CANNOT, FAILED };

/* Reads to the end by next, which gives the bytes it read, 0 at the end, or -1. */
static enum outcome digest_pieces(int64_t (*next)(void *arg, void *buffer, size_t size), void *arg,
                                  uint8_t out[32], struct anycert_error *err)
{
    struct anycert__hash *hash = anycert__hash_new();
    char *buffer = anycert__malloc(PIECE);
    int64_t n = 0;
    int result = hash && buffer ? 0 : -1;

    while (result == 0 && (n = next(arg, buffer, PIECE)) > 0 && n <= PIECE)
        result = anycert__hash_add(hash, buffer, (size_t)n);
    if (buffer)
        anycert__wipe(buffer, PIECE);
    anycert__free(buffer);
    if (anycert__hash_end(hash, out) < 0 || result < 0) {
        anycert__fail_nomem(err);
        return FAILED;
    }
    return n == 0 ? DIGESTED : CANNOT;
}

static int64_t next_of_file(void *arg, void *buffer, size_t size)
{
    FILE *file = arg;
    size_t n = 0;

    if (feof(file))
        return 0;
    n = fread(buffer, 1, size, file);
    return ferror(file) ? -1 : (int64_t)n;
}

/* A pipe would be empty afterwards. */
static enum outcome digest_file(const char *path, uint8_t out[32], struct anycert_error *err)
{
    FILE *file = NULL;
    struct stat info;
    enum outcome outcome = FAILED;

    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return CANNOT;
    file = fopen(path, "rbe");
    outcome = file ? digest_pieces(next_of_file, file, out, err) : CANNOT;
    if (outcome == CANNOT) {
        anycert__fail_errno(err, ANYCERT_E_FILE, errno, "cannot read body file '%s'", path);
        outcome = FAILED;
    }
    if (file)
        (void)fclose(file);
    return outcome;
}

/* No more than was announced is sent. */
struct limited {
    const struct anycert__source *source;
    int64_t left; /* -1: not known */
};

static int64_t next_of_source(void *arg, void *buffer, size_t size)
{
    struct limited *limited = arg;
    int64_t n = 0;

    if (limited->left >= 0 && (uint64_t)limited->left < size)
        size = (size_t)limited->left;
    if (size == 0)
        return 0;
    n = limited->source->read(limited->source->arg, buffer, size);
    if (n > 0 && limited->left >= 0)
        limited->left -= n;
    return n;
}

static enum outcome digest_source(struct anycert__source *source, uint8_t out[32],
                                  struct anycert_error *err)
{
    struct limited limited = {source, source->size};
    enum outcome outcome = FAILED;

    if (!source->rewind)
        return CANNOT;
    if (source->begun && source->rewind(source->arg) != 0)
        goto broken;
    outcome = digest_pieces(next_of_source, &limited, out, err);
    if (outcome == CANNOT || source->rewind(source->arg) != 0)
        goto broken;
    source->begun = false;
    return outcome;
broken:
    anycert__fail(err, ANYCERT_E_BODY_READ, "the source of the body cannot be read for signing");
    return FAILED;
}

static enum outcome digest_body(const struct anycert__body *body, uint8_t out[32],
                                struct anycert_error *err)
{
    switch (body ? body->kind : ANYCERT__BODY_NONE) {
    case ANYCERT__BODY_NONE:
        return anycert__sha256("", 0, out) == 0 ? DIGESTED : FAILED;
    case ANYCERT__BODY_BYTES:
        return anycert__sha256(body->bytes ? body->bytes : "", body->len, out) == 0 ? DIGESTED
                                                                                    : FAILED;
    case ANYCERT__BODY_FILE:
        return digest_file(body->path, out, err);
    case ANYCERT__BODY_SOURCE:
        return digest_source(body->source, out, err);
    case ANYCERT__BODY_PARTS:
        break; /* libcurl writes them while it sends them */
    }
    return CANNOT;
}

int anycert__payload_digest(const struct anycert__body *body, bool may_be_unsigned,
                            char out[ANYCERT__PAYLOAD_SIZE], struct anycert_error *err)
{
    struct anycert_error failure = {0};
    uint8_t digest[32];

    switch (digest_body(body, digest, &failure)) {
    case DIGESTED:
        for (size_t i = 0; i < 32; i++)
            (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
        return 0;
    case CANNOT:
        break;
    case FAILED:
        if (failure.code == 0)
            anycert__fail_nomem(&failure);
        if (err)
            *err = failure;
        return -1;
    }
    (void)snprintf(out, ANYCERT__PAYLOAD_SIZE, "%s", ANYCERT__SIGV4_UNSIGNED);
    return may_be_unsigned ? 0
                           : anycert__fail(err, ANYCERT_E_AUTH,
                                           "the body cannot be signed: it has several parts, or "
                                           "can be read only once");
}
