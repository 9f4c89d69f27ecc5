#include "client/many.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct many *many_new(struct anycert_client *client, unsigned concurrency)
{
    struct anycert_error err = {0};
    struct many *many = calloc(1, sizeof *many);

    assert_non_null(many);
    many->batch = anycert_batch_new(client, concurrency, &err);
    if (!many->batch)
        fail_msg("%s", err.message);
    return many;
}

void many_free(struct many *many)
{
    assert_int_equal(many->ended + anycert_batch_pending(many->batch), many->count);
    anycert_batch_free(many->batch);
    for (size_t i = 0; i < many->count; i++) {
        assert_true(many->results[i] <= 1);
        answer_free(&many->answers[i]);
        anycert_request_free(many->requests[i]);
    }
    free(many);
}

size_t many_add(struct many *many, struct anycert_request *request)
{
    struct anycert_error err = {0};
    size_t number = many->count++;

    assert_true(many->count <= MANY_MAX);
    many->requests[number] = request;
    if (anycert_batch_add(many->batch, request, &many->requests[number], &err) < 0)
        fail_msg("%s", err.message);
    return number;
}

size_t many_get(struct many *many, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);

    if (!request)
        fail_msg("%s: %s", url, err.message);
    return many_add(many, request);
}

long many_next(struct many *many, int64_t timeout_ms)
{
    struct anycert_error err = {0};
    struct anycert_batch_result result;
    size_t ready = anycert_batch_ready(many->batch);
    int got = anycert_batch_next(many->batch, timeout_ms, &result, &err);
    size_t number = 0;

    if (got < 0)
        fail_msg("%s", err.message);
    assert_true(ready == 0 || (got == 1 && anycert_batch_ready(many->batch) == ready - 1));
    if (got == 0)
        return -1;
    number = (size_t)((struct anycert_request **)result.tag - many->requests);
    assert_true(number < many->count);
    assert_ptr_equal(result.request, many->requests[number]);
    many->results[number]++;
    many->answers[number] = answer_of(result.response, &result.error);
    many->order[many->ended++] = number;
    return (long)number;
}

void many_finish(struct many *many)
{
    while (many_next(many, -1) >= 0)
        ;
    assert_int_equal(anycert_batch_pending(many->batch), 0);
    assert_int_equal(many->ended, many->count);
}

struct many *many_ask(struct anycert_client *client, unsigned concurrency, const char *url,
                      size_t count, int code)
{
    struct many *many = many_new(client, concurrency);

    for (size_t i = 0; i < count; i++)
        (void)many_get(many, url);
    many_finish(many);
    for (size_t i = 0; i < count; i++) {
        const struct answer *answer = &many->answers[i];

        if (answer->code != code || answer->status != (code == 0 ? 200 : 0))
            fail_msg("%s: request %zu: expected %d, got %d %s, status %d", url, i, code,
                     answer->code, answer->message, answer->status);
    }
    return many;
}

size_t many_connections(const struct many *many)
{
    unsigned long numbers[MANY_MAX];
    size_t count = 0;

    for (size_t i = 0; i < many->count; i++) {
        unsigned long number = strtoul(many->answers[i].body, NULL, 10);
        size_t k = 0;

        if (many->answers[i].code != 0)
            continue;
        assert_true(number > 0);
        while (k < count && numbers[k] != number)
            k++;
        numbers[k] = number;
        count += k == count;
    }
    return count;
}
