/* The same request where the server chose HTTP/2 (RFC 9113): the preface, one HEADERS frame with
 * nothing but what a request must have, and as answer any HEADERS frame of the stream. */
#include "doctor/trial.h"

#include <stdio.h>
#include <string.h>

#define FRAME_HEAD  9
#define HEADERS     1
#define SETTINGS    4
#define END_HEADERS 4
#define END_STREAM  1
#define READ_MAX    65536 /* of frames before the answer */

static size_t write_frame(unsigned char *out, unsigned char type, unsigned char flags,
                          unsigned char stream, const unsigned char *payload, size_t len)
{
    const unsigned char head[FRAME_HEAD] = {
        0, (unsigned char)(len >> 8), (unsigned char)len, type, flags, 0, 0, 0, stream};

    memcpy(out, head, sizeof head);
    if (len > 0)
        memcpy(out + sizeof head, payload, len);
    return sizeof head + len;
}

/* HEAD, https, "/" and the host by HPACK's static table (RFC 7541 appendix A), nothing compressed.
 */
static size_t write_fields(unsigned char *out, const struct anycert__peer *target)
{
    static const unsigned char fixed[] = {0x02, 4, 'H', 'E', 'A', 'D', 0x87, 0x84, 0x01};
    bool is_ipv6 = strchr(target->host, ':') != NULL;
    char authority[100];
    int len = snprintf(authority, sizeof authority, "%s%.80s%s:%u", is_ipv6 ? "[" : "",
                       target->host, is_ipv6 ? "]" : "", (unsigned)target->port);

    memcpy(out, fixed, sizeof fixed);
    out[sizeof fixed] = (unsigned char)len; /* below 127, where lengths become longer */
    memcpy(out + sizeof fixed + 1, authority, (size_t)len);
    return sizeof fixed + 1 + (size_t)len;
}

static int send_request(struct anycert__shake *shake, struct anycert__line *line,
                        const struct anycert__peer *target,
                        const struct anycert__patience *patience)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    unsigned char fields[256] = {0}, request[512];
    size_t used = sizeof preface - 1;

    memcpy(request, preface, used);
    used += write_frame(request + used, SETTINGS, 0, 0, NULL, 0);
    used += write_frame(request + used, HEADERS, END_HEADERS | END_STREAM, 1, fields,
                        write_fields(fields, target));
    if (anycert__shake_write(shake, request, used) < 0)
        return -1;
    return anycert__trial_flush(shake, line, patience) == ANYCERT__WIRE_OK ? 0 : -1;
}

/* The status, if it is one of those that have a number of their own. */
static int status_of(unsigned char first)
{
    static const int statuses[] = {200, 204, 206, 304, 400, 404, 500};

    return first >= 0x88 && first <= 0x8e ? statuses[first - 0x88] : 0;
}

/* Frames so far; true once the answer's is among them. */
static bool find_answer(const unsigned char *bytes, size_t len, struct anycert__trial *trial)
{
    for (size_t at = 0; at + FRAME_HEAD < len;) {
        size_t size = ((size_t)bytes[at] << 16) + ((size_t)bytes[at + 1] << 8) + bytes[at + 2];

        if (bytes[at + 3] == HEADERS && bytes[at + 8] == 1) {
            trial->http_status = status_of(bytes[at + FRAME_HEAD]);
            return true;
        }
        at += FRAME_HEAD + size;
    }
    return false;
}

bool anycert__trial_ask_h2(struct anycert__shake *shake, struct anycert__line *line,
                           const struct anycert__peer *target,
                           const struct anycert__patience *patience, struct anycert__trial *trial)
{
    unsigned char bytes[READ_MAX] = {0};
    size_t used = 0;

    if (send_request(shake, line, target, patience) < 0)
        return false;
    while (used < sizeof bytes && !find_answer(bytes, used, trial)) {
        int got = anycert__shake_read(shake, bytes + used, sizeof bytes - used);

        if (got < 0)
            return false;
        used += (size_t)got;
        if (got == 0) {
            trial->wire = anycert__trial_exchange(shake, line, patience, trial);
            if (trial->wire == ANYCERT__WIRE_CLOSED)
                anycert__shake_end(shake);
            else if (trial->wire != ANYCERT__WIRE_OK)
                return false;
        }
    }
    return used < sizeof bytes;
}
