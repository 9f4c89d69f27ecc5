#include "tls/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void assert_digest(const uint8_t digest[32], const char *expected)
{
    char text[65];

    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(text, expected);
}

/* RFC 4231, sections 4.2 to 4.4 and 4.7. */
static void hmac_gives_the_published_values(void **state)
{
    static unsigned char zero_b[20], aa[131], dd[50];
    const struct {
        const void *key;
        size_t key_len;
        const void *data;
        size_t len;
        const char *expected;
    } rows[] = {
        {zero_b, 20, "Hi There", 8,
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, "what do ya want for nothing?", 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {aa, 20, dd, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {aa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    uint8_t digest[32];

    (void)state;
    memset(zero_b, 0x0b, sizeof zero_b);
    memset(aa, 0xaa, sizeof aa);
    memset(dd, 0xdd, sizeof dd);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            anycert__hmac_sha256(rows[i].key, rows[i].key_len, rows[i].data, rows[i].len, digest),
            0);
        assert_digest(digest, rows[i].expected);
    }
}

static void hash_of_pieces_is_that_of_the_whole(void **state)
{
    struct anycert__hash *hash = anycert__hash_new();
    uint8_t digest[32], whole[32];

    (void)state;
    assert_non_null(hash);
    assert_int_equal(anycert__hash_add(hash, "a", 1), 0);
    assert_int_equal(anycert__hash_add(hash, "", 0), 0);
    assert_int_equal(anycert__hash_add(hash, "bc", 2), 0);
    assert_int_equal(anycert__hash_end(hash, digest), 0);
    assert_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(anycert__sha256("abc", 3, whole), 0);
    assert_memory_equal(digest, whole, 32);
    assert_int_equal(anycert__hash_end(NULL, digest), -1);
}

static void hash_without_memory_is_none(void **state)
{
    (void)state;
    anycert__mem_fail_from(1);
    assert_null(anycert__hash_new());
    anycert__mem_fail_from(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_gives_the_published_values),
        cmocka_unit_test(hash_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(hash_without_memory_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
