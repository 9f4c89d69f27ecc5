/* The first line is a Content-Encoding, the rest a body. In one piece or byte by byte, it decodes
 * to the same bytes and ends the same way. */
#include "http/decode.h"

#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

struct output {
    size_t len;
    unsigned char bytes[ENOUGH];
};

/* Stops at a number of bytes, however they come. */
static int give(void *arg, const void *bytes, size_t len, struct anycert_error *err)
{
    struct output *output = arg;
    size_t room = ENOUGH - output->len;

    require(len > 0);
    memcpy(output->bytes + output->len, bytes, len < room ? len : room);
    output->len += len < room ? len : room;
    return len < room ? 0 : anycert__fail(err, ANYCERT_E_BODY_TOO_LARGE, "enough");
}

static int decode(const char *coding, const uint8_t *body, size_t len, size_t part,
                  struct output *output)
{
    struct anycert__fields fields = {0};
    struct anycert__decoder *decoder = NULL;
    struct anycert_error err = {0};
    int result = -1;

    output->len = 0;
    require(anycert__fields_add(&fields, "Content-Encoding", coding, NULL) == 0);
    result = anycert__decoder_new(&fields, "localhost", &decoder, &err);
    anycert__fields_clear(&fields);
    for (size_t at = 0; result == 0 && decoder && at < len; at += part)
        result = anycert__decoder_take(decoder, body + at, len - at < part ? len - at : part, give,
                                       output, &err);
    if (result == 0 && decoder)
        result = anycert__decoder_finish(decoder, &err);
    anycert__decoder_free(decoder);
    require((result == 0) == (err.code == 0));
    require(!anycert__has_control(err.message, strlen(err.message)));
    require(anycert__is_utf8(err.message, strlen(err.message)));
    return err.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct output whole, bytewise;
    const uint8_t *line = memchr(data, '\n', size);
    size_t coding_len = line ? (size_t)(line - data) : 0;
    char coding[64];
    int code = 0;

    if (!line || coding_len >= sizeof coding || memchr(data, '\0', coding_len))
        return 0;
    memcpy(coding, data, coding_len);
    coding[coding_len] = '\0';
    code = decode(coding, line + 1, size - coding_len - 1, size, &whole);
    /* Which error comes first depends on the cut when there are two: damage, and enough. */
    require((code == 0) == (decode(coding, line + 1, size - coding_len - 1, 1, &bytewise) == 0));
    if (code == 0)
        require(whole.len == bytewise.len && memcmp(whole.bytes, bytewise.bytes, whole.len) == 0);
    return 0;
}
