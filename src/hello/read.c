#include "hello/read.h"

#include <string.h>

enum { RECORD_CHANGE_CIPHER_SPEC = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
#define RECORD_HEADER  5
#define MESSAGE_HEADER 4
#define RECORD_MAX     16384

enum { ALERT_WARNING = 1, ALERT_FATAL = 2, ALERT_CLOSE_NOTIFY = 0, ALERT_USER_CANCELED = 90 };

void anycert__answer_init(struct anycert__answer *answer, enum anycert__until until)
{
    memset(answer, 0, sizeof *answer);
    anycert__buf_init(&answer->raw, ANYCERT__ANSWER_MAX);
    anycert__buf_init(&answer->messages, ANYCERT__ANSWER_MAX);
    answer->until = until;
    answer->alert = -1;
}

void anycert__answer_free(struct anycert__answer *answer)
{
    anycert__buf_free(&answer->raw);
    anycert__buf_free(&answer->messages);
}

void anycert__read_broken(struct anycert__answer *answer, const char *sentence)
{
    if (answer->end != ANYCERT__END_OPEN)
        return;
    answer->end = ANYCERT__END_BROKEN;
    answer->fault = sentence;
}

/* ---- handshake messages */

static void read_done(struct anycert__answer *answer, struct anycert__wire body)
{
    if (body.left > 0) {
        anycert__read_broken(answer, "the ServerHelloDone has something in it");
        return;
    }
    answer->has_done = true;
    answer->end = ANYCERT__END_COMPLETE;
}

/* The message is one that a server may send now. */
static bool in_order(struct anycert__answer *answer, uint8_t type)
{
    bool again = (type == 2 && answer->has_hello) || (type == 11 && answer->has_certificates) ||
                 (type == 12 && answer->key.kind != ANYCERT__KEY_NONE) ||
                 (type == 13 && answer->has_request);

    if (type == 1)
        anycert__read_broken(answer, "a ClientHello came back: an echo, or another client");
    else if (type != 2 && !answer->has_hello)
        anycert__read_broken(answer, "another handshake message came before the ServerHello");
    else if (again)
        anycert__read_broken(answer, "the same handshake message came twice");
    return answer->end == ANYCERT__END_OPEN;
}

static void read_message(struct anycert__answer *answer, uint8_t type, struct anycert__wire body)
{
    if (type == 0 && body.left == 0)
        return; /* HelloRequest: to be passed over while there is a handshake */
    if (!in_order(answer, type))
        return;
    switch (type) {
    case 2:
        anycert__read_server_hello(answer, body);
        break;
    case 11:
        anycert__read_certificates(answer, body);
        break;
    case 12:
        anycert__read_server_key(answer, body);
        break;
    case 13:
        anycert__read_cert_request(answer, body);
        break;
    case 14:
        read_done(answer, body);
        break;
    case 22:
        answer->has_staple = true;
        break;
    case 23: /* SupplementalData, RFC 4680 */
        break;
    default:
        anycert__read_broken(answer, "a handshake message came that a server does not send here");
    }
}

/* The messages that are complete. */
static void read_messages(struct anycert__answer *answer)
{
    while (answer->end == ANYCERT__END_OPEN) {
        size_t there = answer->messages.len - answer->message_at;
        if (there < MESSAGE_HEADER)
            return;
        struct anycert__wire wire =
            anycert__wire((const uint8_t *)answer->messages.data + answer->message_at, there);
        uint8_t type = anycert__wire_u8(&wire);
        size_t len = anycert__wire_number(&wire, 3);
        if (len > ANYCERT__ANSWER_MAX) {
            answer->end = ANYCERT__END_TOO_LARGE;
            return;
        }
        if (wire.left < len)
            return;
        answer->message_at += MESSAGE_HEADER + len;
        read_message(answer, type, anycert__wire_take(&wire, len));
    }
}

/* ---- alerts */

static void take_alert(struct anycert__answer *answer, uint8_t level, uint8_t description)
{
    struct anycert__alert alert = {level, description};

    if (level != ALERT_WARNING && level != ALERT_FATAL) {
        anycert__read_broken(answer, "an alert is neither a warning nor fatal");
        return;
    }
    if (answer->alert_count == ANYCERT__ANSWER_ALERTS) {
        anycert__read_broken(answer, "nothing but warnings comes");
        return;
    }
    answer->alerts[answer->alert_count++] = alert;
    if (level == ALERT_FATAL || description == ALERT_CLOSE_NOTIFY) {
        answer->alert = description;
        answer->end = ANYCERT__END_ALERT;
    }
}

static void take_alert_bytes(struct anycert__answer *answer, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && answer->end == ANYCERT__END_OPEN; i++) {
        if (answer->half_alert)
            take_alert(answer, answer->alert_level, bytes[i]);
        else
            answer->alert_level = bytes[i];
        answer->half_alert = !answer->half_alert;
    }
}

/* ---- records */

static void take_header(struct anycert__answer *answer, const uint8_t *header)
{
    size_t len = (size_t)header[3] << 8 | header[4];

    answer->record_type = header[0];
    if (answer->record_version == 0)
        answer->record_version = (uint16_t)(header[1] << 8 | header[2]);
    if (header[0] < RECORD_CHANGE_CIPHER_SPEC || header[0] > RECORD_DATA || header[1] != 3)
        anycert__read_broken(answer, "what follows the first record is no record");
    else if (len > RECORD_MAX)
        anycert__read_broken(answer, "a record is longer than a record can be");
    else if (len == 0)
        anycert__read_broken(answer, "a record is empty");
    else if (header[0] == RECORD_CHANGE_CIPHER_SPEC || header[0] == RECORD_DATA)
        anycert__read_broken(answer,
                             "a record came that does not belong to a handshake's beginning");
    answer->record_left = len;
}

/* Puts what has come where it belongs. 0, or -1 when out of memory. */
static int take_records(struct anycert__answer *answer)
{
    const uint8_t *raw = (const uint8_t *)answer->raw.data;

    while (answer->end == ANYCERT__END_OPEN) {
        size_t there = answer->raw.len - answer->taken;
        size_t part = there < answer->record_left ? there : answer->record_left;
        if (answer->record_left == 0) {
            if (there < RECORD_HEADER)
                return 0;
            take_header(answer, raw + answer->taken);
            answer->taken += RECORD_HEADER;
            continue;
        }
        if (part == 0)
            return 0;
        if (answer->record_type == RECORD_ALERT) {
            take_alert_bytes(answer, raw + answer->taken, part);
        } else {
            if (anycert__buf_add(&answer->messages, raw + answer->taken, part) < 0)
                return -1;
            read_messages(answer);
        }
        answer->taken += part;
        answer->record_left -= part;
    }
    return 0;
}

/* ---- what it is at all */

static bool like_record(const struct anycert__answer *answer)
{
    const uint8_t *raw = (const uint8_t *)answer->raw.data;

    return raw[0] >= RECORD_CHANGE_CIPHER_SPEC && raw[0] <= RECORD_DATA &&
           (answer->raw.len < 2 || raw[1] == 3);
}

/* An error or a ServerHello of SSL 2.0: a length of two bytes with the uppermost bit set, a type.
 * An error has three bytes, a ServerHello eleven or more, its version the sixth and seventh. */
static bool like_ssl2(const struct anycert__answer *answer)
{
    const uint8_t *raw = (const uint8_t *)answer->raw.data;
    size_t len = answer->raw.len;

    if (!(raw[0] & 0x80))
        return false;
    if (len >= 3 && raw[2] == 0)
        return raw[0] == 0x80 && raw[1] == 3;
    if (len >= 3 && raw[2] != 4)
        return false;
    return len < 7 || (raw[5] == 0 && raw[6] == 2);
}

static void read_ssl2(struct anycert__answer *answer)
{
    const uint8_t *raw = (const uint8_t *)answer->raw.data;
    size_t len = answer->raw.len;

    if (len >= 5 && raw[2] == 0) {
        answer->kind = ANYCERT__KIND_SSL2;
        answer->ssl2_error = (uint16_t)(raw[3] << 8 | raw[4]);
        answer->end = ANYCERT__END_COMPLETE;
    } else if (len >= 7 && raw[2] == 4) {
        answer->kind = ANYCERT__KIND_SSL2;
        answer->ssl2_version = (uint16_t)(raw[5] << 8 | raw[6]);
        answer->end = ANYCERT__END_COMPLETE;
    }
}

static void read_other(struct anycert__answer *answer)
{
    const uint8_t *raw = (const uint8_t *)answer->raw.data;

    answer->kind = ANYCERT__KIND_OTHER;
    answer->banner = anycert__banner_of(raw, answer->raw.len);
    if (!anycert__banner_incomplete(raw, answer->raw.len))
        answer->end = ANYCERT__END_COMPLETE;
}

/* What there is by now. 0, or -1 when out of memory. */
static int read_on(struct anycert__answer *answer)
{
    if (like_record(answer) && answer->raw.len >= 2)
        answer->kind = ANYCERT__KIND_TLS;
    if (answer->kind == ANYCERT__KIND_TLS)
        return take_records(answer);
    if (like_record(answer))
        return 0;
    if (answer->kind == ANYCERT__KIND_SILENT && like_ssl2(answer))
        read_ssl2(answer);
    else
        read_other(answer);
    return 0;
}

int anycert__answer_feed(struct anycert__answer *answer, const void *bytes, size_t len,
                         struct anycert_error *err)
{
    size_t room = ANYCERT__ANSWER_MAX - answer->raw.len;
    size_t part = len < room ? len : room;

    if (answer->end != ANYCERT__END_OPEN || len == 0)
        return answer->end == ANYCERT__END_OPEN;
    if (anycert__buf_add(&answer->raw, bytes, part) < 0 || read_on(answer) < 0)
        return anycert__fail_nomem(err);
    if (answer->end == ANYCERT__END_OPEN && part < len)
        answer->end = ANYCERT__END_TOO_LARGE;
    return answer->end == ANYCERT__END_OPEN;
}

void anycert__answer_close(struct anycert__answer *answer, enum anycert__answer_end why)
{
    if (answer->end != ANYCERT__END_OPEN)
        return;
    answer->end = why;
    /* Too little to be sure of TLS or SSL 2.0 is neither. */
    if (answer->kind == ANYCERT__KIND_SILENT && answer->raw.len > 0) {
        answer->kind = ANYCERT__KIND_OTHER;
        answer->banner = anycert__banner_of((const uint8_t *)answer->raw.data, answer->raw.len);
    }
}

/* ---- looking at it */

const uint8_t *anycert__answer_bytes(const struct anycert__answer *answer,
                                     struct anycert__span span)
{
    return (const uint8_t *)answer->messages.data + span.at;
}

struct anycert__span anycert__read_span(const struct anycert__answer *answer,
                                        const struct anycert__wire *part)
{
    struct anycert__span span = {(size_t)(part->at - (const uint8_t *)answer->messages.data),
                                 part->left};

    return span;
}

bool anycert__read_list(const struct anycert__answer *answer, struct anycert__wire all,
                        size_t width, struct anycert__span_list *out)
{
    out->all = anycert__read_span(answer, &all);
    out->width = width;
    out->count = 0;
    while (all.left > 0) {
        (void)anycert__wire_vector(&all, width);
        out->count++;
    }
    return !all.failed;
}

bool anycert__answer_next(const struct anycert__answer *answer,
                          const struct anycert__span_list *list, size_t *position,
                          struct anycert__span *out)
{
    struct anycert__wire all, entry;

    if (*position >= list->all.len)
        return false;
    all = anycert__wire(anycert__answer_bytes(answer, list->all) + *position,
                        list->all.len - *position);
    entry = anycert__wire_vector(&all, list->width);
    if (entry.failed)
        return false;
    *out = anycert__read_span(answer, &entry);
    *position = list->all.len - all.left;
    return true;
}

size_t anycert__answer_goodbye(const struct anycert__answer *answer,
                               uint8_t out[ANYCERT__GOODBYE_SIZE])
{
    uint16_t version = answer->has_hello ? answer->hello.legacy_version : answer->record_version;
    uint8_t low = version > ANYCERT__SSL3 && version <= ANYCERT__TLS12 ? (uint8_t)version : 0;
    const uint8_t alerts[ANYCERT__GOODBYE_SIZE] = {
        RECORD_ALERT, 3, low, 0, 2, ALERT_WARNING, ALERT_USER_CANCELED,
        RECORD_ALERT, 3, low, 0, 2, ALERT_WARNING, ALERT_CLOSE_NOTIFY,
    };
    size_t len = low == 0 ? 7 : 14; /* SSL 3.0 has no user_canceled */

    if (answer->kind != ANYCERT__KIND_TLS || answer->end == ANYCERT__END_ALERT)
        return 0;
    /* From here on TLS 1.3 takes what is encrypted only, and would call anything else an attack. */
    if (answer->hello.version >= ANYCERT__TLS13 && !answer->hello.retry)
        return 0;
    memcpy(out, alerts + ANYCERT__GOODBYE_SIZE - len, len);
    return len;
}
