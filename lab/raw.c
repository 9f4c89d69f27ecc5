#include "lab/raw.h"

#include <poll.h>
#include <string.h>

/* No content type of TLS and no HTTP either. */
static const unsigned char garbage[] = {0xff, 0x00, 0x7e, 0x81, 0x33, 0xc3, 0x00, 0x10,
                                        0xaa, 0x55, 0xaa, 0x55, 0x01, 0x02, 0x03, 0x04};

static void say(struct lab__stream *stream, const void *data, size_t len)
{
    (void)lab__stream_write(stream, data, len);
    lab__stream_close(stream, false);
}

static void say_banner(struct lab__stream *stream, const char *banner)
{
    if (lab__stream_write(stream, banner, strlen(banner)) == 0) {
        /* A real server would now wait for an answer and not understand it. */
        (void)lab__stream_wait(stream, POLLIN, LAB__IDLE_MS);
    }
    lab__stream_close(stream, false);
}

static void stay_silent(struct lab__stream *stream)
{
    while (lab__stream_wait(stream, POLLRDHUP, LAB__IDLE_MS) == 0) {
        /* wait on */
    }
    lab__stream_close(stream, false);
}

void lab__raw_serve(const struct lab__recipe *recipe, struct lab__stream *stream)
{
    const unsigned char alert[] = {21, 3, 3, 0, 2, 2, (unsigned char)recipe->alert};

    switch (recipe->behaviour) {
    case LAB__BANNER:
        say_banner(stream, recipe->argument);
        return;
    case LAB__RESET:
        lab__stream_reset(stream);
        return;
    case LAB__SILENT:
        stay_silent(stream);
        return;
    case LAB__GARBAGE:
        say(stream, garbage, sizeof(garbage));
        return;
    case LAB__ALERT:
        say(stream, alert, sizeof(alert));
        return;
    case LAB__CLOSE:
    case LAB__TLS:
    case LAB__PLAIN_HTTP:
    case LAB__DRIP_HANDSHAKE:
    case LAB__CHILD:
        break;
    }
    lab__stream_close(stream, false);
}
