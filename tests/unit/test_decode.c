/* The same bytes come out however the compressed ones are cut, and nothing passes for whole that is
 * not. */
#include "http/decode.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define TEXT_LEN 100000
#define ZIP_SIZE 200000

static char text[TEXT_LEN];
static unsigned char zip[ZIP_SIZE], twice[ZIP_SIZE];

struct output {
    char *bytes;
    size_t len, largest;
};

static int give(void *arg, const void *bytes, size_t len, struct anycert_error *err)
{
    struct output *output = arg;

    assert_true(len > 0 && output->len + len <= 2 * TEXT_LEN);
    memcpy(output->bytes + output->len, bytes, len);
    output->len += len;
    if (len > output->largest)
        output->largest = len;
    (void)err;
    return 0;
}

static int refuse(void *arg, const void *bytes, size_t len, struct anycert_error *err)
{
    (void)bytes;
    (void)len;
    ++*(int *)arg;
    return anycert__fail(err, ANYCERT_E_BODY_WRITE, "enough");
}

#define BROTLI 100
#define ZSTD   101

/* Window 31: gzip, 15: zlib, -15: raw; or one of the two above. */
static size_t pack(const void *bytes, size_t len, int window, unsigned char *out)
{
    z_stream stream = {0};
    size_t room = ZIP_SIZE;

    if (window == BROTLI) {
        assert_true(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, len, bytes,
                                          &room, out));
        return room;
    }
    if (window == ZSTD) {
        room = ZSTD_compress(out, ZIP_SIZE, bytes, len, 3);
        assert_false(ZSTD_isError(room));
        return room;
    }
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)(uintptr_t)bytes;
    stream.avail_in = (uInt)len;
    stream.next_out = out;
    stream.avail_out = ZIP_SIZE;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    len = stream.total_out;
    deflateEnd(&stream);
    return len;
}

static int make_text(void **state)
{
    uint32_t x = 1;

    (void)state;
    for (size_t i = 0; i < TEXT_LEN; i++) {
        x = x * 1103515245u + 12345u;
        text[i] = (char)(i % 3000 < 1500 ? 'a' + i % 7 : x >> 16);
    }
    return 0;
}

static int decoder_for(const char *coding, struct anycert__decoder **out, struct anycert_error *err)
{
    struct anycert__fields fields = {0};
    int result = 0;

    assert_int_equal(anycert__fields_add(&fields, "Content-Encoding", coding, NULL), 0);
    result = anycert__decoder_new(&fields, "localhost", out, err);
    anycert__fields_clear(&fields);
    return result;
}

/* Decodes in parts of a size, to its end; the code of what went wrong. */
static int decode(const char *coding, const unsigned char *bytes, size_t len, size_t part,
                  struct output *output)
{
    struct anycert__decoder *decoder = NULL;
    struct anycert_error err = {0};
    int result = decoder_for(coding, &decoder, &err);

    output->len = output->largest = 0;
    for (size_t at = 0; result == 0 && at < len; at += part)
        result = anycert__decoder_take(decoder, bytes + at, len - at < part ? len - at : part, give,
                                       output, &err);
    if (result == 0)
        result = anycert__decoder_finish(decoder, &err);
    anycert__decoder_free(decoder);
    assert_int_equal(result, err.code == 0 ? 0 : -1);
    return err.code;
}

static void take_any_cut_gives_the_same(void **state)
{
    static const struct {
        const char *coding;
        int windows[2];
    } rows[] = {
        {"gzip", {31, 0}},           {"deflate", {15, 0}},        {"Deflate", {-15, 0}},
        {"deflate, gzip", {15, 31}}, {"gzip,deflate", {31, -15}}, {"identity, x-gzip", {31, 0}},
        {"br", {BROTLI, 0}},         {"ZSTD", {ZSTD, 0}},         {"br, zstd", {BROTLI, ZSTD}}};
    static const size_t parts[] = {1, 2, 3, 1000, 65536, ZIP_SIZE};
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = pack(text, TEXT_LEN, rows[i].windows[0], zip);

        if (rows[i].windows[1]) {
            len = pack(zip, len, rows[i].windows[1], twice);
            memcpy(zip, twice, len);
        }
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
            assert_int_equal(decode(rows[i].coding, zip, len, parts[p], &output), 0);
            assert_int_equal(output.len, TEXT_LEN);
            assert_memory_equal(output.bytes, text, TEXT_LEN);
            assert_true(output.largest <= 32768);
        }
    }
    free(output.bytes);
}

static void finish_before_the_end_is_an_error(void **state)
{
    static const struct {
        int window;
        const char *coding;
    } rows[] = {{31, "gzip"}, {15, "deflate"}, {-15, "deflate"}, {BROTLI, "br"}, {ZSTD, "zstd"}};
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = pack(text, 2000, rows[i].window, zip);

        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(decode(rows[i].coding, zip, cut, 7, &output), ANYCERT_E_BODY_ENCODING);
        assert_int_equal(decode(rows[i].coding, zip, len, 7, &output), 0);
        zip[len] = 'x';
        assert_int_equal(decode(rows[i].coding, zip, len + 1, 7, &output), ANYCERT_E_BODY_ENCODING);
    }
    free(output.bytes);
}

static void take_members_of_gzip_one_behind_the_other(void **state)
{
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};
    size_t len = pack(text, 1000, 31, zip);

    (void)state;
    len += pack("", 0, 31, zip + len);
    len += pack(text + 1000, 500, 31, zip + len);
    for (size_t part = 1; part < len; part += 13) {
        assert_int_equal(decode("gzip", zip, len, part, &output), 0);
        assert_int_equal(output.len, 1500);
        assert_memory_equal(output.bytes, text, 1500);
    }
    assert_int_equal(decode("gzip", zip, len - 1, 100, &output), ANYCERT_E_BODY_ENCODING);
    free(output.bytes);
}

static void take_frames_of_zstd_one_behind_the_other(void **state)
{
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};
    size_t len = pack(text, 1000, ZSTD, zip);

    (void)state;
    len += pack(text + 1000, 500, ZSTD, zip + len);
    for (size_t part = 1; part < len; part += 13) {
        assert_int_equal(decode("zstd", zip, len, part, &output), 0);
        assert_int_equal(output.len, 1500);
        assert_memory_equal(output.bytes, text, 1500);
    }
    free(output.bytes);
}

/* A window that is larger than a response may ask for (RFC 9659) would cost us that much memory. */
static void take_zstd_with_a_large_window_is_an_error(void **state)
{
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    ZSTD_inBuffer in = {text, TEXT_LEN, 0};
    ZSTD_outBuffer out = {zip, ZIP_SIZE, 0};

    (void)state;
    assert_non_null(zstd);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 25)));
    assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush)));
    assert_int_equal(decode("zstd", zip, out.pos, 1000, &output), ANYCERT_E_BODY_ENCODING);
    ZSTD_freeCCtx(zstd);
    free(output.bytes);
}

static void new_codings_table(void **state)
{
    static const struct {
        const char *coding;
        int code;
        bool decodes;
    } rows[] = {
        {"", 0, false},
        {"identity", 0, false},
        {"identity,,identity", 0, false},
        {"gzip", 0, true},
        {"GZIP", 0, true},
        {" gzip , identity", 0, true},
        {"br", 0, true},
        {"zstd", 0, true},
        {"none", 0, false},
        {"utf-8", 0, false},
        {"gzip;q=1", 0, false},
        {"gzip, brr", 0, true},
        {"aws-chunked,gzip", 0, true},
        {"gzip gzip", 0, true},
        {"gzip,gzip,gzip", 904, false},
        {"compress", 0, false},
        {"gzipx", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__decoder *decoder = NULL;
        struct anycert_error err = {0};

        (void)decoder_for(rows[i].coding, &decoder, &err);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(decoder != NULL, rows[i].decodes);
        anycert__decoder_free(decoder);
    }
}

static void take_ends_with_the_error_of_give(void **state)
{
    struct anycert__decoder *decoder = NULL;
    struct anycert_error err = {0};
    size_t len = pack(text, TEXT_LEN, 31, zip);
    int calls = 0;

    (void)state;
    assert_int_equal(decoder_for("gzip", &decoder, &err), 0);
    assert_int_equal(anycert__decoder_take(decoder, zip, len, refuse, &calls, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_BODY_WRITE);
    assert_int_equal(calls, 1);
    anycert__decoder_free(decoder);
    anycert__decoder_free(NULL);
}

/* Output that fills the decoder's buffer to its last byte leaves nothing to ask for. */
static void take_output_of_exactly_a_buffer(void **state)
{
    static const int windows[] = {31, 15, -15, BROTLI, ZSTD};
    static const char *const names[] = {"gzip", "deflate", "deflate", "br", "zstd"};
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t size = 32768; size <= 98304; size += 32768) {
            size_t len = pack(text, size, windows[i], zip);

            assert_int_equal(decode(names[i], zip, len, ZIP_SIZE, &output), 0);
            assert_int_equal(output.len, size);
            assert_int_equal(decode(names[i], zip, len, 1, &output), 0);
            assert_int_equal(output.len, size);
        }
    }
    free(output.bytes);
}

/* libzstd still reads the formats from before RFC 8878; nobody may send them. */
static void take_zstd_of_an_old_format_is_an_error(void **state)
{
    static const unsigned char odd_magic[] = {0x26, 0xb5, 0x2f, 0xfd, 0x04, 0xfe, 0xd7, 0x26};
    static const unsigned char skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};
    static const unsigned char magics[][4] = {
        {0x25, 0xb5, 0x2f, 0xfd}, {0x26, 0xb5, 0x2f, 0xfd}, {0x27, 0xb5, 0x2f, 0xfd}};
    struct output output = {malloc(2 * TEXT_LEN), 0, 0};

    (void)state;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        size_t len = 0;

        memset(zip, 0, 64);
        memcpy(zip, magics[i], 4);
        for (size_t part = 1; part <= 64; part *= 2)
            assert_int_equal(decode("zstd", zip, 64, part, &output), ANYCERT_E_BODY_ENCODING);
        /* and not behind a good frame either */
        len = pack(text, 100, ZSTD, zip);
        memcpy(zip + len, magics[i], 4);
        memset(zip + len + 4, 0, 60);
        assert_int_equal(decode("zstd", zip, len + 64, 16, &output), ANYCERT_E_BODY_ENCODING);
        assert_int_equal(decode("zstd", zip, len + 2, 1, &output), ANYCERT_E_BODY_ENCODING);
        assert_int_equal(output.len, 100);
    }
    memcpy(zip, odd_magic, sizeof odd_magic);
    assert_int_equal(decode("zstd", zip, 8, 8, &output), ANYCERT_E_BODY_ENCODING);
    assert_int_equal(decode("zstd", zip, 8, 1, &output), ANYCERT_E_BODY_ENCODING);
    /* A skippable frame is no data, and no harm. */
    memcpy(zip, skippable, sizeof skippable);
    for (size_t part = 1; part <= 16; part *= 2) {
        assert_int_equal(decode("zstd", zip, 11 + pack(text, 100, ZSTD, zip + 11), part, &output),
                         0);
        assert_int_equal(output.len, 100);
    }
    free(output.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_any_cut_gives_the_same),
        cmocka_unit_test(finish_before_the_end_is_an_error),
        cmocka_unit_test(take_members_of_gzip_one_behind_the_other),
        cmocka_unit_test(take_frames_of_zstd_one_behind_the_other),
        cmocka_unit_test(take_zstd_with_a_large_window_is_an_error),
        cmocka_unit_test(take_output_of_exactly_a_buffer),
        cmocka_unit_test(take_zstd_of_an_old_format_is_an_error),
        cmocka_unit_test(new_codings_table),
        cmocka_unit_test(take_ends_with_the_error_of_give),
    };

    return cmocka_run_group_tests(tests, make_text, NULL);
}
