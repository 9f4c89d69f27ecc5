/* The memory of one JSON document: in one block as far as it goes, and then elsewhere. */
#include "client/json_memory.h"

#include "base/mem.h"

#include <anycert/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN (1U << 20)

static void *take(struct anycert__json_block *block, size_t size, int byte)
{
    void *p = block->memory.malloc(block->memory.ctx, size);

    assert_non_null(p);
    memset(p, byte, size);
    return p;
}

static bool is_inside(const struct anycert__json_block *block, const void *p)
{
    return (uintptr_t)p >= (uintptr_t)block->start && (uintptr_t)p < (uintptr_t)block->end;
}

static void assert_filled(const void *p, size_t size, int byte)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], byte);
}

static void block_of_short_text_without_room_is_empty_and_works(void **state)
{
    struct anycert__json_block block;
    void *p = NULL;

    (void)state;
    anycert__json_block_init(&block, 100, NULL);
    assert_null(block.start);
    p = take(&block, 100, 1);
    p = block.memory.realloc(block.memory.ctx, p, 100, 5000);
    assert_non_null(p);
    assert_filled(p, 100, 1);
    block.memory.free(block.memory.ctx, p);
    anycert__json_block_free(&block);
}

static void block_of_short_text_uses_the_room_that_it_is_given(void **state)
{
    struct anycert__json_block block;
    size_t size = anycert__json_room(100);
    char *room = malloc(size);
    void *text = NULL;
    void *values = NULL;

    (void)state;
    assert_non_null(room);
    anycert__json_block_init(&block, 100, room);
    text = take(&block, 104, 1);
    values = take(&block, (100 / 6 + 8) * 16, 2);
    assert_ptr_equal(text, room);
    assert_true(is_inside(&block, values) && block.end == room + size);
    block.memory.free(block.memory.ctx, values);
    block.memory.free(block.memory.ctx, text);
    anycert__json_block_free(&block);
    assert_filled(room, 104, 1); /* it is still the caller's */
    free(room);
    assert_int_equal(anycert__json_room(LEN), 0);
}

static void block_has_room_for_the_text_and_its_values(void **state)
{
    struct anycert__json_block block;
    void *text = NULL;
    void *values = NULL;
    void *grown = NULL;

    (void)state;
    anycert__json_block_init(&block, LEN, NULL);
    text = take(&block, LEN + 4, 1);
    values = take(&block, LEN / 6 * 16, 2);
    assert_true(is_inside(&block, text) && is_inside(&block, values));
    assert_int_equal((uintptr_t)values % 16, 0);
    grown = block.memory.realloc(block.memory.ctx, values, LEN / 6 * 16, LEN / 6 * 24);
    assert_ptr_equal(grown, values);
    memset((char *)grown + LEN / 6 * 16, 2, LEN / 6 * 8);
    /* No further. */
    grown = block.memory.realloc(block.memory.ctx, values, LEN / 6 * 24, LEN / 6 * 36);
    assert_false(is_inside(&block, grown));
    assert_filled(grown, LEN / 6 * 24, 2);
    grown = block.memory.realloc(block.memory.ctx, grown, LEN / 6 * 36, LEN / 6 * 40);
    assert_filled(grown, LEN / 6 * 24, 2);
    assert_filled(text, LEN + 4, 1);
    block.memory.free(block.memory.ctx, grown);
    block.memory.free(block.memory.ctx, text);
    anycert__json_block_free(&block);
}

static void block_moves_what_is_not_last(void **state)
{
    struct anycert__json_block block;
    void *first = NULL;
    void *second = NULL;
    void *moved = NULL;

    (void)state;
    anycert__json_block_init(&block, LEN, NULL);
    first = take(&block, 1000, 1);
    second = take(&block, 1000, 2);
    moved = block.memory.realloc(block.memory.ctx, first, 1000, 2000);
    assert_true(is_inside(&block, moved));
    assert_ptr_not_equal(moved, first);
    assert_filled(moved, 1000, 1);
    assert_filled(second, 1000, 2);
    anycert__json_block_free(&block);
}

/* [ and ITEM, again and again, and ], in len bytes or a few less. */
static char *list_of(const char *item, size_t len, size_t *count, size_t *size)
{
    char *text = malloc(len + 1);
    size_t used = 1;

    assert_non_null(text);
    text[0] = '[';
    for (*count = 0; used + strlen(item) + 2 < len; ++*count) {
        if (*count > 0)
            text[used++] = ',';
        memcpy(text + used, item, strlen(item));
        used += strlen(item);
    }
    text[used++] = ']';
    *size = used;
    return text;
}

static const char *const items[] = {"1", "{\"a\":1,\"b\":[\"c\"]}", "\n  12", "\"\\u00e9\"",
                                    "123456789012345678901234567890"};

static void parse_reads_texts_of_every_density(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        for (size_t len = 65000; len < 600000; len += 66777) {
            size_t count = 0;
            size_t size = 0;
            char *text = list_of(items[i], len, &count, &size);
            struct anycert_json *json = anycert_json_parse(text, size, NULL);
            struct anycert_json *one = anycert_json_parse(items[i], strlen(items[i]), NULL);
            const struct anycert_json_value *root = anycert_json_root(json);
            struct anycert_json_iter iter;

            assert_non_null(json);
            assert_non_null(one);
            assert_int_equal(anycert_json_size(root), count);
            anycert_json_iter_begin(&iter, root);
            for (size_t n = 0; n < count; n++)
                assert_int_equal(anycert_json_type(anycert_json_iter_next(&iter, NULL)),
                                 anycert_json_type(anycert_json_root(one)));
            text[size - 1] = '}';
            assert_null(anycert_json_parse(text, size, NULL));
            anycert_json_free(json);
            anycert_json_free(one);
            free(text);
        }
    }
}

static void parse_without_memory_fails(void **state)
{
    size_t count = 0;
    size_t size = 0;
    char *text = list_of("1", LEN, &count, &size); /* dense: the block is too small for it */
    struct anycert_json *json = NULL;
    unsigned failed = 0;

    (void)state;
    for (unsigned long nth = 1; !json; nth++) {
        struct anycert_error err = {0};

        anycert__mem_fail_from(nth);
        json = anycert_json_parse(text, size, &err);
        anycert__mem_fail_from(0);
        if (!json)
            assert_int_equal(err.code, ANYCERT_E_NOMEM);
        failed += !json;
    }
    assert_true(failed >= 3);
    assert_int_equal(anycert_json_size(anycert_json_root(json)), count);
    anycert_json_free(json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_of_short_text_without_room_is_empty_and_works),
        cmocka_unit_test(block_of_short_text_uses_the_room_that_it_is_given),
        cmocka_unit_test(block_has_room_for_the_text_and_its_values),
        cmocka_unit_test(block_moves_what_is_not_last),
        cmocka_unit_test(parse_reads_texts_of_every_density),
        cmocka_unit_test(parse_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
