#include "http/decode.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define ZLIB_CONST /* next_in is a pointer to const */
#include <zlib.h>

#define MAX_STAGES 2
#define OUT_SIZE   32768

/* zlib's way of choosing a format by the size of the window. */
enum { WINDOW_GZIP = 15 + 16, WINDOW_ZLIB = 15, WINDOW_RAW = -15 };

struct stage {
    bool is_gzip;
    bool started;        /* zip is initialised */
    bool ended;          /* at the end of a stream */
    unsigned char first; /* of deflate: a byte that is held back until the second one comes */
    bool has_first;
    z_stream zip;
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

static void zip_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    anycert__free(p);
}

/* ---- which codings */

static int add_stage(struct anycert__decoder *decoder, const char *name, size_t len,
                     struct anycert_error *err)
{
    bool is_gzip = (len == 4 && strncasecmp(name, "gzip", len) == 0) ||
                   (len == 6 && strncasecmp(name, "x-gzip", len) == 0);
    struct stage *stage = NULL;

    if (len == 0 || (len == 8 && strncasecmp(name, "identity", len) == 0))
        return 0;
    if (!is_gzip && !(len == 7 && strncasecmp(name, "deflate", len) == 0))
        return anycert__fail(err, ANYCERT_E_BODY_ENCODING,
                             "the body from %s is in the coding '%.*s', which was not asked for",
                             decoder->host, len > 40 ? 40 : (int)len, name);
    if (decoder->count == MAX_STAGES)
        return broken(decoder, "it is compressed more than twice", err);
    stage = anycert__calloc(1, sizeof *stage);
    if (!stage)
        return anycert__fail_nomem(err);
    stage->is_gzip = is_gzip;
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

void anycert__decoder_free(struct anycert__decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->count; i++) {
        if (decoder->stages[i]->started)
            (void)inflateEnd(&decoder->stages[i]->zip);
        anycert__free(decoder->stages[i]);
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
        if (stage->ended && zip->avail_in > 0 && (!stage->is_gzip || inflateReset(zip) != Z_OK))
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
    if (!stage->started && stage->is_gzip && start(decoder, stage, WINDOW_GZIP, err) < 0)
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
