#include "client/bombs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define BLOCK 65536

struct bytes {
    unsigned char *data;
    size_t len;
};

/* What is compressed: given bytes, or so many zeros. */
struct source {
    const unsigned char *bytes;
    size_t left;
};

static size_t next_block(struct source *source, const unsigned char **out)
{
    static const unsigned char zeros[BLOCK];
    size_t len = source->left < BLOCK ? source->left : BLOCK;

    *out = source->bytes ? source->bytes : zeros;
    if (source->bytes)
        source->bytes += len;
    source->left -= len;
    return len;
}

static void add(struct bytes *bytes, const unsigned char *more, size_t len)
{
    unsigned char *longer = realloc(bytes->data, bytes->len + len + 1);

    assert_non_null(longer);
    memcpy(longer + bytes->len, more, len);
    bytes->data = longer;
    bytes->len += len;
}

static struct bytes zip(struct source source, int window)
{
    struct bytes all = {0};
    unsigned char out[BLOCK];
    z_stream stream = {0};
    int rc = Z_OK;

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    while (rc != Z_STREAM_END) {
        const unsigned char *in = NULL;

        if (stream.avail_in == 0) {
            stream.avail_in = (uInt)next_block(&source, &in);
            stream.next_in = (unsigned char *)(uintptr_t)in;
        }
        stream.next_out = out;
        stream.avail_out = BLOCK;
        rc = deflate(&stream, source.left == 0 ? Z_FINISH : Z_NO_FLUSH);
        add(&all, out, BLOCK - stream.avail_out);
    }
    deflateEnd(&stream);
    return all;
}

static struct bytes brotli(struct source source)
{
    BrotliEncoderState *state = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    struct bytes all = {0};

    assert_non_null(state);
    assert_true(BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, 4));
    while (!BrotliEncoderIsFinished(state)) {
        const unsigned char *in = NULL;
        size_t len = next_block(&source, &in);
        enum BrotliEncoderOperation what =
            source.left == 0 ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;

        do {
            unsigned char out[BLOCK];
            unsigned char *next = out;
            size_t room = BLOCK;

            assert_true(BrotliEncoderCompressStream(state, what, &len, &in, &room, &next, NULL));
            add(&all, out, BLOCK - room);
        } while (len > 0 || BrotliEncoderHasMoreOutput(state));
    }
    BrotliEncoderDestroyInstance(state);
    return all;
}

static struct bytes zstd(struct source source)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    struct bytes all = {0};
    size_t left = 1;

    assert_non_null(context);
    while (left > 0) {
        const unsigned char *bytes = NULL;
        size_t len = next_block(&source, &bytes);
        ZSTD_inBuffer in = {bytes, len, 0};
        ZSTD_EndDirective what = source.left == 0 ? ZSTD_e_end : ZSTD_e_continue;

        do {
            unsigned char out[BLOCK];
            ZSTD_outBuffer room = {out, BLOCK, 0};

            left = ZSTD_compressStream2(context, &room, &in, what);
            assert_false(ZSTD_isError(left));
            add(&all, out, room.pos);
        } while (in.pos < in.size || (what == ZSTD_e_end && left > 0));
        left = what == ZSTD_e_end ? left : 1;
    }
    ZSTD_freeCCtx(context);
    return all;
}

static struct bytes encode(const char *coding, struct source source)
{
    if (strcmp(coding, "br") == 0)
        return brotli(source);
    if (strcmp(coding, "zstd") == 0)
        return zstd(source);
    return zip(source, strcmp(coding, "gzip") == 0 ? 15 + 16 : 15);
}

struct bomb bomb_make(const char *codings, size_t zeros)
{
    struct source source = {NULL, zeros};
    struct bytes bytes = {0};
    char names[2][16] = {"", ""};
    int count = sscanf(codings, "%15[a-z], %15[a-z]", names[0], names[1]);

    assert_true(count >= 1);
    for (int i = 0; i < count; i++) {
        struct bytes encoded = encode(names[i], source);

        free(bytes.data);
        bytes = encoded;
        source = (struct source){bytes.data, bytes.len};
    }
    return (struct bomb){codings, bytes.data, bytes.len};
}

void bomb_free(struct bomb *bomb)
{
    free(bomb->bytes);
    memset(bomb, 0, sizeof *bomb);
}
