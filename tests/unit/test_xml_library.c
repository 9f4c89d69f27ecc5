/* libxml2 comes when the first XML is read, and not before. */
#include "client/xml_library.h"

#include <anycert/xml.h>

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int is_loaded(void)
{
    void *handle = dlopen(ANYCERT__LIBXML2, RTLD_LAZY | RTLD_NOLOAD);

    if (handle)
        (void)dlclose(handle);
    return handle != NULL;
}

static void library_is_loaded_by_the_first_document(void **state)
{
    struct anycert_error err = {0};
    struct anycert_xml *xml = NULL;

    (void)state;
    assert_false(is_loaded());
    assert_null(anycert_xml_parse("", 0, &err));
    assert_int_equal(err.code, ANYCERT_E_BODY_XML);
    assert_false(is_loaded()); /* it was not needed to see that */
    xml = anycert_xml_parse("<a/>", 4, &err);
    assert_non_null(xml);
    assert_true(is_loaded());
    assert_ptr_equal(anycert__xml_library(&err), anycert__xml_library(NULL));
    anycert_xml_free(xml);
}

static void load_missing_or_other_library_is_told(void **state)
{
    static const struct {
        const char *name, *says;
    } rows[] = {
        {"libanycert-none.so.9", "XML cannot be read without libxml2: libanycert-none.so.9"},
        {"libc.so.6", "XML cannot be read with libc.so.6: it has no xmlInitParser"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__xml_library library = {0};
        struct anycert_error err = {0};

        assert_int_equal(anycert__xml_load(rows[i].name, &library, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        if (!strstr(err.message, rows[i].says))
            fail_msg("%s: %s", rows[i].name, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_is_loaded_by_the_first_document),
        cmocka_unit_test(load_missing_or_other_library_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
