#include "tls/token_uri.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct anycert__token_uri parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert__token_uri uri;

    if (anycert__token_uri_parse(text, &uri, &err) < 0)
        fail_msg("%s: %s", text, err.message);
    return uri;
}

static void token_uri_parse_takes_every_attribute(void **state)
{
    struct anycert__token_uri uri =
        parse("PKCS11:token=My%20token;manufacturer=a;model=b;serial=c;slot-id=17;object=the%3Bkey;"
              "type=private;id=%01%ff%00x?module-path=/usr/lib/a.so&pin-value=1%262");

    (void)state;
    assert_string_equal(uri.token, "My token");
    assert_string_equal(uri.manufacturer, "a");
    assert_string_equal(uri.model, "b");
    assert_string_equal(uri.serial, "c");
    assert_true(uri.has_slot);
    assert_int_equal(uri.slot, 17);
    assert_string_equal(uri.object, "the;key");
    assert_true(uri.has_id);
    assert_int_equal(uri.id_len, 4);
    assert_memory_equal(uri.id, "\x01\xff\0x", 4);
    assert_string_equal(uri.module_path, "/usr/lib/a.so");
    assert_string_equal(uri.pin_value, "1&2");
    /* What is shown has no PIN in it. */
    assert_string_equal(uri.shown, "PKCS11:token=My%20token;manufacturer=a;model=b;serial=c;"
                                   "slot-id=17;object=the%3Bkey;type=private;id=%01%ff%00x");
    anycert__token_uri_clear(&uri);
    assert_null(uri.token);
}

static void token_uri_parse_little_is_enough(void **state)
{
    struct anycert__token_uri uri = parse("pkcs11:");

    (void)state;
    assert_null(uri.token);
    assert_false(uri.has_id);
    anycert__token_uri_clear(&uri);
    uri = parse("pkcs11:?module-name=softhsm2");
    assert_string_equal(uri.module_name, "softhsm2");
    anycert__token_uri_clear(&uri);
}

static void token_uri_parse_pin_source_is_a_file(void **state)
{
    static const char *const texts[] = {"/etc/pin", "file:/etc/pin", "file:///etc/pin",
                                        "file%3A%2Fetc%2Fpin"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[100];
        struct anycert__token_uri uri;

        snprintf(text, sizeof text, "pkcs11:?pin-source=%s", texts[i]);
        uri = parse(text);
        assert_string_equal(uri.pin_file, "/etc/pin");
        anycert__token_uri_clear(&uri);
    }
}

static void token_uri_parse_bad_one_is_told_in_a_sentence(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "begins with 'pkcs11:'"},
        {"pkcs12:token=a", "begins with 'pkcs11:'"},
        {"pkcs11:token", "'token' in the PKCS#11 URI has no value"},
        {"pkcs11:token=", "'token' in the PKCS#11 URI is empty"},
        {"pkcs11:token=a%0ab", "'token' in the PKCS#11 URI is empty or has control characters"},
        {"pkcs11:token=a%00b", "'token' in the PKCS#11 URI is empty or has control characters"},
        {"pkcs11:token=a;token=b", "has 'token' twice"},
        {"pkcs11:id=%01;id=%02", "has 'id' twice"},
        {"pkcs11:slot-id=1;slot-id=1", "has 'slot-id' twice"},
        {"pkcs11:slot-id=x", "'slot-id' in the PKCS#11 URI is no number"},
        {"pkcs11:slot-id=99999999999", "'slot-id' in the PKCS#11 URI is no number"},
        {"pkcs11:id=", "'id' in the PKCS#11 URI has 0 bytes"},
        {"pkcs11:id=%1", "'%' that two hexadecimal digits do not follow"},
        {"pkcs11:id=%zz", "'%' that two hexadecimal digits do not follow"},
        {"pkcs11:type=public", "neither 'private' nor 'cert'"},
        {"pkcs11:colour=red", "'colour' in the PKCS#11 URI is not known before '?'"},
        {"pkcs11:pin-value=hunter2", "'pin-value' in the PKCS#11 URI is not known before '?'"},
        {"pkcs11:?token=a", "'token' in the PKCS#11 URI is not known behind '?'"},
        {"pkcs11:token=a;pin-value:hunter2",
         "'something with a PIN' in the PKCS#11 URI has no value"},
        {"pkcs11:token=a;PIN-hunter2", "has no value"},
        {"pkcs11:?hunter2", "has no value"},
        {"pkcs11:?module-path=a.so", "does not begin with '/'"},
        {"pkcs11:?module-name=../a", "is a path"},
        {"pkcs11:?module-name=a&module-path=/a.so", "names its module twice"},
        {"pkcs11:?pin-value=hunter2&pin-source=/a", "has both pin-value and pin-source"},
        {"pkcs11:?pin-value=hunter2&pin-value=hunter2", "has 'pin-value' twice"},
        {"pkcs11:?pin-source=relative", "neither an absolute path nor a file: URI"},
        {"pkcs11:?pin-source=|cat", "neither an absolute path nor a file: URI"},
        {"pkcs11:?pin-source=file://host/a", "neither an absolute path nor a file: URI"},
        {"pkcs11:token=abcdefghijklmnopqrstuvwxyz0123456", "longer than the 32 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        struct anycert__token_uri uri;

        assert_int_equal(anycert__token_uri_parse(rows[i].text, &uri, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        if (!strstr(err.message, rows[i].says) || strstr(err.message, "hunter2"))
            fail_msg("%s: expected '%s' in: %s", rows[i].text, rows[i].says, err.message);
        assert_null(uri.shown);
    }
}

static void token_uri_parse_too_long_is_refused(void **state)
{
    struct anycert_error err = {0};
    struct anycert__token_uri uri;
    char *text = malloc(10000);

    (void)state;
    memset(text, 'a', 9999);
    memcpy(text, "pkcs11:", 7);
    text[9999] = '\0';
    assert_int_equal(anycert__token_uri_parse(text, &uri, &err), -1);
    assert_non_null(strstr(err.message, "longer than 4096 bytes"));
    free(text);
}

static void token_uri_parse_out_of_memory_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 20; n++) {
        struct anycert_error err = {0};
        struct anycert__token_uri uri;
        int result = -1;

        anycert__mem_fail_from(n);
        result = anycert__token_uri_parse("pkcs11:token=a;object=b?pin-value=1", &uri, &err);
        anycert__mem_fail_from(0);
        if (result == 0) {
            anycert__token_uri_clear(&uri);
            assert_true(n > 3);
            return;
        }
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
    }
    fail();
}

/* What is in front of the '?' is shown when a token is not found, whatever was put there. */
static void token_uri_parse_shows_no_pin(void **state)
{
    static const char *const texts[] = {"pkcs11:token=a&pin-value=hunter2",
                                        "pkcs11:token=a&PIN-hunter2",
                                        "pkcs11:id=%01&pin-value=hunter2?pin-value=hunter2"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct anycert__token_uri uri;
        struct anycert_error err = {0};

        assert_int_equal(anycert__token_uri_parse(texts[i], &uri, &err), 0);
        assert_null(strstr(uri.shown, "hunter2"));
        anycert__token_uri_clear(&uri);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_uri_parse_shows_no_pin),
        cmocka_unit_test(token_uri_parse_takes_every_attribute),
        cmocka_unit_test(token_uri_parse_little_is_enough),
        cmocka_unit_test(token_uri_parse_pin_source_is_a_file),
        cmocka_unit_test(token_uri_parse_bad_one_is_told_in_a_sentence),
        cmocka_unit_test(token_uri_parse_too_long_is_refused),
        cmocka_unit_test(token_uri_parse_out_of_memory_leaves_nothing),
    };

    return cmocka_run_group_tests_name("token_uri", tests, NULL, NULL);
}
