#include "doctor/ask.h"

#include "hello/banner.h"
#include "tls/hello_probe.h"

#include <stdio.h>
#include <string.h>

#define CHUNK 4096

int anycert__ask_name(const struct anycert__trials *trials, char out[256],
                      struct anycert_error *err)
{
    const char *base = trials->doctor->base->sni;
    bool is_ip = false;

    if (anycert__identity_from_host(trials->route.target.host, out, &is_ip, err) < 0)
        return -1;
    if (base)
        (void)snprintf(out, 256, "%s", base);
    else if (is_ip)
        out[0] = '\0';
    return 0;
}

static enum anycert__answer_end end_of(enum anycert__wire wire)
{
    switch (wire) {
    case ANYCERT__WIRE_SILENT:
        return ANYCERT__END_TIMEOUT;
    case ANYCERT__WIRE_CLOSED:
        return ANYCERT__END_CLOSED;
    case ANYCERT__WIRE_RESET:
        return ANYCERT__END_RESET;
    case ANYCERT__WIRE_CANCELLED:
        return ANYCERT__END_CANCELLED;
    case ANYCERT__WIRE_OK:
    case ANYCERT__WIRE_BROKEN:
        break;
    }
    return ANYCERT__END_FAILED;
}

/* Inside of TLS to a proxy, where there is no socket to hand over. */
static int ask_inside(struct anycert__line *line, const struct anycert__hello *hello,
                      const struct anycert__patience *patience, struct anycert__answer *answer,
                      struct anycert_error *err)
{
    const struct anycert__random random = {.fill = anycert__hello_random};
    struct anycert__buf bytes;
    char in[CHUNK];
    size_t len = 0;
    int more = 1;
    enum anycert__wire wire = ANYCERT__WIRE_OK;

    anycert__answer_init(answer, ANYCERT__UNTIL_HELLO);
    anycert__buf_init(&bytes, ANYCERT__HELLO_MAX);
    if (anycert__hello_write(hello, &random, &bytes, err) < 0)
        more = -1;
    else
        wire = anycert__line_send(line, bytes.data, bytes.len, patience);
    while (more == 1 && wire == ANYCERT__WIRE_OK) {
        wire = anycert__line_receive(line, in, sizeof in, &len, patience);
        if (wire == ANYCERT__WIRE_OK)
            more = anycert__answer_feed(answer, in, len, err);
    }
    if (more == 1)
        anycert__answer_close(answer, end_of(wire));
    anycert__buf_free(&bytes);
    if (more >= 0)
        return 0;
    anycert__answer_free(answer);
    return -1;
}

int anycert__ask(struct anycert__trials *trials, const struct anycert__hello *hello,
                 struct anycert__answer *answer, struct anycert_error *err)
{
    struct anycert__patience patience = {.until_us = anycert__monotonic_us() +
                                                     (int64_t)trials->limit_ms * 1000,
                                         .stop = &trials->doctor->stop};
    struct anycert__probe probe = {.hello = hello,
                                   .until = ANYCERT__UNTIL_HELLO,
                                   .deadline_us = patience.until_us,
                                   .stop = patience.stop};
    struct anycert__obstacle obstacle = {.is_set = false};
    struct anycert__line line = {.fd = -1};
    int result = 0;

    if (anycert__route_go(&trials->route, &patience, &line, &obstacle) == ANYCERT__WIRE_OK) {
        result = line.proxy ? ask_inside(&line, hello, &patience, answer, err)
                            : anycert__hello_probe(line.fd, &probe, answer, err);
        result = result == 0 ? 1 : -1;
    }
    anycert__line_close(&line);
    if (!anycert__stop_wanted(&trials->doctor->stop))
        return result;
    if (result == 1)
        anycert__answer_free(answer);
    return anycert__fail(err, ANYCERT_E_INTERRUPTED, "the examination was given up");
}

int anycert__ask_plainly(struct anycert__trials *trials, const char *text, unsigned char *out,
                         size_t size, size_t *len, struct anycert_error *err)
{
    struct anycert__patience patience = {.until_us = anycert__monotonic_us() +
                                                     (int64_t)trials->limit_ms * 1000,
                                         .stop = &trials->doctor->stop};
    struct anycert__obstacle obstacle = {.is_set = false};
    struct anycert__line line = {.fd = -1};
    enum anycert__wire wire = anycert__route_go(&trials->route, &patience, &line, &obstacle);
    size_t more = 0;

    *len = 0;
    if (wire == ANYCERT__WIRE_OK)
        wire = anycert__line_send(&line, text, strlen(text), &patience);
    while (wire == ANYCERT__WIRE_OK && *len < size && anycert__banner_incomplete(out, *len)) {
        wire = anycert__line_receive(&line, out + *len, size - *len, &more, &patience);
        *len += wire == ANYCERT__WIRE_OK ? more : 0;
    }
    anycert__line_close(&line);
    if (anycert__stop_wanted(&trials->doctor->stop))
        return anycert__fail(err, ANYCERT_E_INTERRUPTED, "the examination was given up");
    return 0;
}
