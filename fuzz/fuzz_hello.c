/* Any bytes as the answer to a ClientHello: read at once, byte by byte and in pieces they say the
 * same; what is found lies within what has come, and what a server may choose is not taken for what
 * it may not. */
#include "base/str.h"
#include "hello/answer.h"
#include "hello/offer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* In pieces of 1, step + 1, 2 * step + 1 … bytes: step 0 is byte by byte. */
static void read_pieces(struct anycert__answer *answer, const uint8_t *data, size_t size,
                        size_t step, enum anycert__until until)
{
    size_t piece = 1;
    int more = 1;

    anycert__answer_init(answer, until);
    for (size_t at = 0; at < size && more > 0; at += piece, piece += step) {
        if (piece > size - at)
            piece = size - at;
        more = anycert__answer_feed(answer, data + at, piece, NULL);
        require(more >= 0 && more == (answer->end == ANYCERT__END_OPEN));
    }
    anycert__answer_close(answer, ANYCERT__END_CLOSED);
    require(answer->end != ANYCERT__END_OPEN);
    require((answer->end == ANYCERT__END_BROKEN) == (answer->fault != NULL));
    require((answer->end == ANYCERT__END_ALERT) == (answer->alert >= 0));
    require((answer->kind == ANYCERT__KIND_OTHER) == (answer->banner != ANYCERT__BANNER_NONE));
    require((answer->kind == ANYCERT__KIND_SILENT) == (size == 0));
}

static void check_span(const struct anycert__answer *answer, struct anycert__span span)
{
    static volatile uint8_t sum;

    require(span.at <= answer->messages.len && span.len <= answer->messages.len - span.at);
    for (size_t i = 0; i < span.len; i++)
        sum = (uint8_t)(sum + anycert__answer_bytes(answer, span)[i]);
}

static void check_list(const struct anycert__answer *answer, const struct anycert__span_list *list)
{
    struct anycert__span entry;
    size_t position = 0, count = 0;

    check_span(answer, list->all);
    for (; anycert__answer_next(answer, list, &position, &entry); count++)
        check_span(answer, entry);
    require(count == list->count);
}

static void check_facts(const struct anycert__answer *answer)
{
    const struct anycert__server_hello *hello = &answer->hello;
    static struct anycert__hello tls12, anonymous;

    if (tls12.suite_count == 0) {
        anycert__offer_fill(ANYCERT__OFFER_TLS12, "a.test", &tls12);
        anycert__offer_fill(ANYCERT__OFFER_ANONYMOUS, NULL, &anonymous);
    }
    require(memchr(hello->alpn, '\0', sizeof hello->alpn) != NULL);
    require(hello->extension_count <= sizeof hello->extensions / sizeof hello->extensions[0]);
    require(hello->session_id_len <= 32 && answer->alert_count <= ANYCERT__ANSWER_ALERTS);
    check_list(answer, &answer->certificates);
    check_list(answer, &answer->request.names);
    check_span(answer, answer->request.types);
    check_span(answer, answer->request.schemes);
    check_span(answer, answer->key.prime);
    require(answer->has_hello || (!answer->has_certificates && !answer->has_request &&
                                  !answer->has_done && answer->key.kind == ANYCERT__KEY_NONE));
    require(!answer->has_done || answer->end == ANYCERT__END_COMPLETE);
    if (answer->has_hello && hello->version == ANYCERT__TLS13)
        require(anycert__answer_breach(answer, &tls12) != NULL);
    (void)anycert__answer_breach(answer, &anonymous);
}

static void check_same(const struct anycert__answer *a, const struct anycert__answer *b)
{
    require(a->kind == b->kind);
    if (a->kind == ANYCERT__KIND_OTHER)
        return; /* the more of it is there, the better it is told */
    require(a->end == b->end && a->fault == b->fault && a->alert == b->alert);
    require(a->alert_count == b->alert_count && a->record_version == b->record_version);
    require(a->has_hello == b->has_hello && a->has_done == b->has_done);
    require(memcmp(&a->hello, &b->hello, sizeof a->hello) == 0);
    require(a->has_certificates == b->has_certificates && a->has_request == b->has_request);
    require(a->certificates.count == b->certificates.count);
    require(a->request.names.count == b->request.names.count);
    require(a->key.kind == b->key.kind && a->key.bits == b->key.bits);
    require(a->key.group == b->key.group && a->key.scheme == b->key.scheme);
    require(a->ssl2_version == b->ssl2_version && a->ssl2_error == b->ssl2_error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert__answer whole, bytes, pieces, hello;

    if (size > ANYCERT__ANSWER_MAX)
        return 0;
    read_pieces(&whole, data, size, size, ANYCERT__UNTIL_FLIGHT);
    read_pieces(&bytes, data, size, 0, ANYCERT__UNTIL_FLIGHT);
    read_pieces(&pieces, data, size, 7, ANYCERT__UNTIL_FLIGHT);
    read_pieces(&hello, data, size, size, ANYCERT__UNTIL_HELLO);
    check_facts(&whole);
    check_facts(&bytes);
    check_facts(&hello);
    check_same(&whole, &bytes);
    check_same(&whole, &pieces);
    require(hello.has_hello == whole.has_hello);
    require(memcmp(&hello.hello, &whole.hello, sizeof hello.hello) == 0);
    anycert__answer_free(&whole);
    anycert__answer_free(&bytes);
    anycert__answer_free(&pieces);
    anycert__answer_free(&hello);
    return 0;
}
