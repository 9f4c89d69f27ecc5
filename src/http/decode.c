#include "http/decode.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <string.h>

#define ZLIB_CONST /* next_in is a pointer to const */
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#define MAX_STAGES 2
#define OUT_SIZE   32768

/* zlib's way of choosing a format by the size of the window. */
enum { WINDOW_GZIP = 15 + 16, WINDOW_ZLIB = 15, WINDOW_RAW = -15 };

/* Of Zstandard's window; RFC 9659 lets no more be sent. */
#define WINDOW_LOG_MAX 23
#define HEAD_MAX       18 /* bytes of a frame header, its magic number included */

enum coding { CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_ZSTD };

static const struct {
    const char *name;
    enum coding coding;
} codings[] = {
    {"gzip", CODING_GZIP}, {"x-gzip", CODING_GZIP}, {"deflate", CODING_DEFLATE},
    {"br", CODING_BROTLI}, {"zstd", CODING_ZSTD},
};

struct stage {
    enum coding coding;
    bool started;        /* the decoder is initialised */
    bool ended;          /* at the end of a stream */
    unsigned char first; /* of deflate: a byte that is held back until the second one comes */
    bool has_first;
    z_stream zip;
    BrotliDecoderState *brotli;
    ZSTD_DCtx *zstd;
    bool in_frame;                /* of Zstandard: behind the header of a frame */
    unsigned char head[HEAD_MAX]; /* of the frame that begins */
    size_t head_len;
    unsigned char out[OUT_SIZE];
};

struct anycert__decoder {
    const char *host;
    size_t count;
    struct stage *stages[MAX_STAGES]; /* in the order of decoding */
};

struct sink {
    anycert__decoder_give *give;
    void *arg;
};

static int broken(const struct anycert__decoder *decoder, const char *why,
                  struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_BODY_ENCODING,
                         "the body from %s cannot be decompressed: %s", decoder->host, why);
}

static voidpf zip_alloc(voidpf opaque, uInt items, uInt size)
{
    (void)opaque;
    return size && items > SIZE_MAX / size ? NULL : anycert__malloc((size_t)items * size);
}

static void *brotli_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return anycert__malloc(size);
}

static void zip_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    anycert__free(p);
}

/* ---- which codings */

static bool find_coding(const char *name, size_t len, enum coding *out)
{
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        if (anycert__is_word_nocase(name, len, codings[i].name)) {
            *out = codings[i].coding;
            return true;
        }
    }
    return false;
}

static int add_stage(struct anycert__decoder *decoder, const char *name, size_t len,
                     struct anycert_error *err)
{
    enum coding coding = CODING_GZIP;
    struct stage *stage = NULL;

    /* Servers say "none", "utf-8" and the like where there is no coding at all. What else is not
     * known stays on the body, as with browsers. */
    if (!find_coding(name, len, &coding))
        return 0;
    if (decoder->count == MAX_STAGES)
        return broken(decoder, "it is compressed more than twice", err);
    stage = anycert__calloc(1, sizeof *stage);
    if (!stage)
        return anycert__fail_nomem(err);
    stage->coding = coding;
    stage->zip.zalloc = zip_alloc;
    stage->zip.zfree = zip_free;
    /* The last coding that was put on is the first to come off. */
    memmove(decoder->stages + 1, decoder->stages, decoder->count * sizeof decoder->stages[0]);
    decoder->stages[0] = stage;
    decoder->count++;
    return 0;
}

static int add_stages(struct anycert__decoder *decoder, const char *list, struct anycert_error *err)
{
    while (*list) {
        size_t len = strcspn(list, ", \t");

        if (add_stage(decoder, list, len, err) < 0)
            return -1;
        list += len;
        list += strspn(list, ", \t");
    }
    return 0;
}

int anycert__decoder_new(const struct anycert__fields *fields, const char *host,
                         struct anycert__decoder **out, struct anycert_error *err)
{
    struct anycert__decoder *decoder = NULL;
    const char *list = NULL;

    *out = NULL;
    if (!anycert__fields_get(fields, "Content-Encoding", 0))
        return 0;
    decoder = anycert__calloc(1, sizeof *decoder);
    if (!decoder)
        return anycert__fail_nomem(err);
    decoder->host = host;
    for (size_t i = 0; (list = anycert__fields_get(fields, "Content-Encoding", i)) != NULL; i++) {
        if (add_stages(decoder, list, err) < 0) {
            anycert__decoder_free(decoder);
            return -1;
        }
    }
    if (decoder->count == 0) {
        anycert__decoder_free(decoder);
        return 0;
    }
    *out = decoder;
    return 0;
}

static void free_stage(struct stage *stage)
{
    if (stage->started && (stage->coding == CODING_GZIP || stage->coding == CODING_DEFLATE))
        (void)inflateEnd(&stage->zip);
    if (stage->brotli)
        BrotliDecoderDestroyInstance(stage->brotli);
    (void)ZSTD_freeDCtx(stage->zstd);
    anycert__free(stage);
}

void anycert__decoder_free(struct anycert__decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->count; i++) {
        free_stage(decoder->stages[i]);
    }
    anycert__free(decoder);
}

/* ---- decoding */

static int start(const struct anycert__decoder *decoder, struct stage *stage, int window,
                 struct anycert_error *err)
{
    int rc = inflateInit2(&stage->zip, window);

    if (rc == Z_MEM_ERROR)
        return anycert__fail_nomem(err);
    if (rc != Z_OK)
        return broken(decoder, "zlib does not work", err);
    stage->started = true;
    return 0;
}

static int push(struct anycert__decoder *decoder, size_t index, const unsigned char *bytes,
                size_t len, const struct sink *sink, struct anycert_error *err);

/* Inflates all of the input, which is at most UINT_MAX bytes, and hands on what comes of it. */
static int inflate_all(struct anycert__decoder *decoder, size_t index, const unsigned char *bytes,
                       size_t len, const struct sink *sink, struct anycert_error *err)
{
    struct stage *stage = decoder->stages[index];
    z_stream *zip = &stage->zip;
    int rc = Z_OK;

    zip->next_in = bytes;
    zip->avail_in = (uInt)len;
    do {
        /* gzip: one member may follow the other (RFC 1952 section 2.2). */
        if (stage->ended && zip->avail_in > 0 &&
            (stage->coding != CODING_GZIP || inflateReset(zip) != Z_OK))
            return broken(decoder, "there is something behind its end", err);
        stage->ended = stage->ended && zip->avail_in == 0;
        if (stage->ended)
            return 0;
        zip->next_out = stage->out;
        zip->avail_out = OUT_SIZE;
        rc = inflate(zip, Z_NO_FLUSH);
        if (rc == Z_MEM_ERROR)
            return anycert__fail_nomem(err);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return broken(decoder, zip->msg ? zip->msg : "it is damaged", err);
        stage->ended = rc == Z_STREAM_END;
        if (push(decoder, index + 1, stage->out, OUT_SIZE - zip->avail_out, sink, err) < 0)
            return -1;
    } while (zip->avail_in > 0 || zip->avail_out == 0);
    return 0;
}

/* Brotli (RFC 7932): one stream. */
static int unbrotli_all(struct anycert__decoder *decoder, size_t index, const unsigned char *bytes,
                        size_t len, const struct sink *sink, struct anycert_error *err)
{
    struct stage *stage = decoder->stages[index];
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;

    if (!stage->brotli)
        stage->brotli = BrotliDecoderCreateInstance(brotli_alloc, zip_free, NULL);
    if (!stage->brotli)
        return anycert__fail_nomem(err);
    while (len > 0 || result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
        unsigned char *out = stage->out;
        size_t room = OUT_SIZE;

        if (stage->ended)
            return broken(decoder, "there is something behind its end", err);
        result = BrotliDecoderDecompressStream(stage->brotli, &len, &bytes, &room, &out, NULL);
        if (result == BROTLI_DECODER_RESULT_ERROR)
            return broken(decoder, "it is damaged", err);
        stage->ended = result == BROTLI_DECODER_RESULT_SUCCESS;
        if (push(decoder, index + 1, stage->out, OUT_SIZE - room, sink, err) < 0)
            return -1;
        if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ||
            (result == BROTLI_DECODER_RESULT_SUCCESS && len == 0))
            break;
    }
    return 0;
}

static int start_zstd(struct stage *stage, struct anycert_error *err)
{
    stage->zstd = ZSTD_createDCtx();
    if (!stage->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(stage->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return anycert__fail_nomem(err);
    return 0;
}

/* How long the header of a frame is, as far as its first len bytes tell (RFC 8878 section 3.1.1.1);
 * 0 if it is none. libzstd would also read the formats from before that RFC, with decoders that
 * nobody looks after. */
static size_t head_size(const unsigned char *head, size_t len)
{
    static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd};
    static const unsigned char skippable[] = {0x50, 0x2a, 0x4d, 0x18};
    static const unsigned char dictionary[] = {0, 1, 2, 4};
    static const unsigned char content[] = {0, 2, 4, 8};
    bool is_single = false;
    size_t size = 0;

    if (len < sizeof frame)
        return sizeof frame;
    if ((head[0] & 0xf0) == skippable[0] && memcmp(head + 1, skippable + 1, 3) == 0)
        return 8;
    if (memcmp(head, frame, sizeof frame) != 0)
        return 0;
    if (len == sizeof frame)
        return sizeof frame + 1;
    is_single = (head[4] >> 5 & 1) == 1;
    size = 5u + dictionary[head[4] & 3] + content[head[4] >> 6];
    if (!is_single || head[4] >> 6 == 0)
        size++; /* of the window, or of a content below 256 bytes */
    return size;
}

/* Takes bytes into the frame's header. 1 once it is whole, 0 while it is not. libzstd gets it in
 * one piece: where it is cut, it may take what follows for the beginning of a frame. */
static int take_head(const struct anycert__decoder *decoder, struct stage *stage, ZSTD_inBuffer *in,
                     struct anycert_error *err)
{
    const unsigned char *bytes = in->src;

    for (;;) {
        size_t size = head_size(stage->head, stage->head_len);

        if (size == 0)
            return broken(decoder, "it is not in the format of RFC 8878", err);
        if (stage->head_len == size)
            return 1;
        if (in->pos == in->size)
            return 0;
        stage->head[stage->head_len++] = bytes[in->pos++];
    }
}

/* Decodes input until it is used up or the frame ends. */
static int unzstd_frame(struct anycert__decoder *decoder, size_t index, ZSTD_inBuffer *in,
                        const struct sink *sink, struct anycert_error *err)
{
    struct stage *stage = decoder->stages[index];
    ZSTD_outBuffer out = {stage->out, OUT_SIZE, 0};
    size_t left = 0;

    do {
        out.pos = 0;
        left = ZSTD_decompressStream(stage->zstd, &out, in);
        if (ZSTD_isError(left))
            return broken(decoder, ZSTD_getErrorName(left), err);
        if (push(decoder, index + 1, stage->out, out.pos, sink, err) < 0)
            return -1;
        /* Asked again behind the end of a frame, it would begin to wait for another one. */
    } while (left > 0 && (in->pos < in->size || out.pos == OUT_SIZE));
    stage->ended = left == 0;
    stage->in_frame = left > 0;
    return 0;
}

/* One frame may follow the other (RFC 8878 section 3.1). */
static int unzstd_all(struct anycert__decoder *decoder, size_t index, const unsigned char *bytes,
                      size_t len, const struct sink *sink, struct anycert_error *err)
{
    struct stage *stage = decoder->stages[index];
    ZSTD_inBuffer in = {bytes, len, 0};

    if (!stage->zstd && start_zstd(stage, err) < 0)
        return -1;
    while (in.pos < in.size) {
        int whole = stage->in_frame ? 0 : take_head(decoder, stage, &in, err);

        stage->ended = false;
        if (whole < 0)
            return -1;
        if (whole > 0) {
            ZSTD_inBuffer head = {stage->head, stage->head_len, 0};

            stage->head_len = 0;
            if (unzstd_frame(decoder, index, &head, sink, err) < 0)
                return -1;
        }
        if (stage->in_frame && in.pos < in.size && unzstd_frame(decoder, index, &in, sink, err) < 0)
            return -1;
    }
    return 0;
}

/* "deflate" is zlib's format (RFC 9110 section 8.4.1.2), and raw from servers that took the word
 * literally. The first two bytes tell. */
static int start_deflate(const struct anycert__decoder *decoder, struct stage *stage,
                         unsigned char second, struct anycert_error *err)
{
    unsigned head = (unsigned)stage->first << 8 | second;
    bool is_zlib = (stage->first & 0x0f) == Z_DEFLATED && head % 31 == 0;

    return start(decoder, stage, is_zlib ? WINDOW_ZLIB : WINDOW_RAW, err);
}

static int push(struct anycert__decoder *decoder, size_t index, const unsigned char *bytes,
                size_t len, const struct sink *sink, struct anycert_error *err)
{
    struct stage *stage = index < decoder->count ? decoder->stages[index] : NULL;

    if (len == 0)
        return 0;
    if (!stage)
        return sink->give(sink->arg, bytes, len, err);
    if (stage->coding == CODING_BROTLI)
        return unbrotli_all(decoder, index, bytes, len, sink, err);
    if (stage->coding == CODING_ZSTD)
        return unzstd_all(decoder, index, bytes, len, sink, err);
    if (!stage->started && stage->coding == CODING_GZIP &&
        start(decoder, stage, WINDOW_GZIP, err) < 0)
        return -1;
    if (!stage->started && !stage->has_first) {
        stage->first = *bytes++;
        stage->has_first = true;
        if (--len == 0)
            return 0;
    }
    if (!stage->started && (start_deflate(decoder, stage, *bytes, err) < 0 ||
                            inflate_all(decoder, index, &stage->first, 1, sink, err) < 0))
        return -1;
    return inflate_all(decoder, index, bytes, len, sink, err);
}

int anycert__decoder_take(struct anycert__decoder *decoder, const void *bytes, size_t len,
                          anycert__decoder_give *give, void *arg, struct anycert_error *err)
{
    const struct sink sink = {give, arg};
    const unsigned char *next = bytes;

    while (len > 0) {
        size_t part = len < (1u << 20) ? len : 1u << 20;

        if (push(decoder, 0, next, part, &sink, err) < 0)
            return -1;
        next += part;
        len -= part;
    }
    return 0;
}

int anycert__decoder_finish(const struct anycert__decoder *decoder, struct anycert_error *err)
{
    for (size_t i = 0; i < decoder->count; i++) {
        if (!decoder->stages[i]->ended)
            return broken(decoder, "it breaks off before its end", err);
    }
    return 0;
}
