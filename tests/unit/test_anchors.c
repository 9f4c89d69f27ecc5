#include "tls/ossl.h"
#include "tls/sources.h"
#include "base/mem.h"

#include "support/anchored.h"
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    X509 *root, *other, *leaf; /* leaf is of root */
    char *root_pem, *other_pem;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->folder = certs_folder();
    f->root = certs_root("Root");
    f->other = certs_root("Other");
    f->leaf = certs_leaf("a.test", f->root, certs_key());
    f->root_pem = certs_pem(f->root);
    f->other_pem = certs_pem(f->other);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    anycert__mem_fail_from(0);
    certs_remove(f->folder);
    X509_free(f->root);
    X509_free(f->other);
    X509_free(f->leaf);
    free(f->root_pem);
    free(f->other_pem);
    free(f->folder);
    free(f);
    return 0;
}

/* Writes a text to a file of the fixture's folder and returns its path. */
static char *put(const struct fixture *f, const char *name, const char *text)
{
    char *path = certs_path(f->folder, name);
    certs_write(path, text, strlen(text));
    return path;
}

/* Gives a file another time. */
static void age(const char *path)
{
    assert_int_equal(0, utime(path, &(struct utimbuf){1000000000, 1000000000}));
}

static void assert_fails(const struct anycert__ca *ca, const char *says)
{
    struct anycert_error err = {0};
    struct anycert__anchors *anchors = NULL;
    assert_int_equal(-1, anycert__anchors_open(ca, 1, &anchors, &err));
    assert_null(anchors);
    assert_int_equal(ANYCERT_E_ANCHORS, err.code);
    if (strstr(err.message, says) == NULL)
        fail_msg("expected '%s' in: %s", says, err.message);
}

static void hex_of(const void *bytes, size_t len, char out[65])
{
    uint8_t digest[32];
    assert_int_equal(0, anycert__sha256(bytes, len, digest));
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* ---- where anchors come from */

static void anchors_open_file_tells_source_digest_and_count(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem), digest[65];
    struct anycert__anchors *anchors = open_path(path);
    hex_of(f->root_pem, strlen(f->root_pem), digest);
    assert_string_equal(path, anycert__anchors_source(anchors));
    assert_string_equal(digest, anycert__anchors_digest(anchors));
    assert_int_equal(1, anycert__anchors_count(anchors));
    assert_null(anycert__anchors_error(anchors));
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    free(path);
}

static void anchors_open_system_is_the_default(void **state)
{
    (void)state;
    struct anycert__ca system = {.kind = ANYCERT__CA_SYSTEM};
    struct anycert__anchors *anchors = open_cas(NULL, 0), *named = open_cas(&system, 1);
    assert_memory_equal("system (/", anycert__anchors_source(anchors), 9);
    assert_true(anycert__anchors_count(anchors) > 10);
    assert_ptr_equal(anchors, named);
    anycert__anchors_unref(anchors);
    anycert__anchors_unref(named);
}

static void anchors_open_memory_has_the_digest_of_its_text(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca ca = memory_ca(f->root_pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_memory_equal("sha256:", anycert__anchors_source(anchors), 7);
    assert_string_equal(anycert__anchors_source(anchors) + 7, anycert__anchors_digest(anchors));
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
}

static void anchors_open_digest_without_text_fails(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca ca = memory_ca(f->root_pem);
    ca.pem = NULL;
    ca.pem_len = 0;
    ca.digest[0] ^= 1; /* so that no snapshot of it can be there */
    assert_fails(&ca, "known by their digest only");
}

static void anchors_open_several_sources_are_joined(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "other.pem", f->other_pem), source[400], digest[65];
    struct anycert__ca cas[] = {path_ca(path), memory_ca(f->root_pem)};
    struct anycert__anchors *anchors = open_cas(cas, 2);
    uint8_t both[64];
    assert_int_equal(2, anycert__anchors_count(anchors));
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__sha256(f->other_pem, strlen(f->other_pem), both);
    anycert__sha256(f->root_pem, strlen(f->root_pem), both + 32);
    hex_of(both, 64, digest);
    assert_string_equal(digest, anycert__anchors_digest(anchors));
    snprintf(source, sizeof source, "%s, sha256:", path);
    assert_memory_equal(source, anycert__anchors_source(anchors), strlen(source));
    anycert__anchors_unref(anchors);
    free(path);
}

static void anchors_open_directory_takes_certificate_files_once(void **state)
{
    struct fixture *f = *state;
    char *names[] = {put(f, "a.pem", f->root_pem),       put(f, "b.crt", f->other_pem),
                     put(f, "copy.CER", f->root_pem),    put(f, "README", f->other_pem),
                     put(f, "broken.pem", "not at all"), put(f, "empty.crt", "")};
    char *link = certs_path(f->folder, "0a1b2c3d.0"), *gone = certs_path(f->folder, "gone.0");
    assert_int_equal(0, symlink("a.pem", link));
    assert_int_equal(0, symlink("nowhere", gone));
    struct anycert__anchors *anchors = open_path(f->folder);
    assert_int_equal(2, anycert__anchors_count(anchors));
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    assert_string_equal(f->folder, anycert__anchors_source(anchors));
    anycert__anchors_unref(anchors);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        free(names[i]);
    free(link);
    free(gone);
}

static void anchors_open_file_also_in_directory_counts_in_both(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "a.pem", f->root_pem);
    struct anycert__ca cas[] = {path_ca(path), path_ca(f->folder)};
    struct anycert__anchors *anchors = open_cas(cas, 2);
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    free(path);
}

static void anchors_open_pipe_is_read_once(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    char path[64];
    assert_int_equal(0, pipe(ends));
    assert_int_equal(strlen(f->root_pem), write(ends[1], f->root_pem, strlen(f->root_pem)));
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    struct anycert__anchors *anchors = open_path(path);
    assert_int_equal(1, anycert__anchors_count(anchors));
    assert_true(anycert__anchors_current(anchors));
    anycert__anchors_unref(anchors);
    close(ends[0]);
}

static void anchors_open_unusable_source_names_it(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"missing.pem", NULL, "No such file"},
        {"empty.pem", "", "is empty"},
        {"prose.pem", "Dear reader\n", "holds no certificate"},
        {"der.cer", "\x30\x82\x02\x02", "not PEM but DER"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = certs_path(f->folder, rows[i].name);
        struct anycert__ca ca = path_ca(path);
        if (rows[i].text != NULL)
            certs_write(path, rows[i].text, strlen(rows[i].text));
        assert_fails(&ca, rows[i].says);
        assert_fails(&ca, path);
        free(path);
    }
}

static void anchors_open_directory_without_certificates_fails(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca ca = path_ca(f->folder);
    assert_fails(&ca, f->folder);
    char *path = put(f, "broken.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    assert_fails(&ca, "CA directory");
    free(path);
}

static void anchors_none_trusts_nothing_and_says_why(void **state)
{
    struct fixture *f = *state;
    struct anycert__anchors *anchors = anycert__anchors_none("no file");
    assert_non_null(anchors);
    assert_string_equal("no file", anycert__anchors_error(anchors));
    assert_string_equal("", anycert__anchors_digest(anchors));
    assert_int_equal(0, anycert__anchors_count(anchors));
    assert_true(anycert__anchors_current(anchors));
    assert_int_equal(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
}

/* ---- sharing and change */

static void anchors_open_same_state_is_shared(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem);
    struct anycert__anchors *a = open_path(path), *b = open_path(path);
    assert_ptr_equal(a, b);
    anycert__anchors_unref(a);
    struct anycert__anchors *c = open_path(path);
    assert_ptr_equal(b, c);
    anycert__anchors_unref(b);
    anycert__anchors_unref(anycert__anchors_ref(c));
    assert_int_equal(X509_V_OK, verify(c, f->leaf, NULL));
    anycert__anchors_unref(c);
    free(path);
}

static void anchors_open_other_order_or_sources_is_not_shared(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca cas[] = {memory_ca(f->root_pem), memory_ca(f->other_pem)};
    struct anycert__ca back[] = {cas[1], cas[0]};
    struct anycert__anchors *a = open_cas(cas, 2), *b = open_cas(back, 2), *c = open_cas(cas, 1);
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(a, c);
    assert_string_not_equal(anycert__anchors_digest(a), anycert__anchors_digest(b));
    anycert__anchors_unref(a);
    anycert__anchors_unref(b);
    anycert__anchors_unref(c);
}

static void anchors_current_changed_file_is_read_anew(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->other_pem);
    struct anycert__anchors *before = open_path(path);
    assert_true(anycert__anchors_current(before));
    assert_int_not_equal(X509_V_OK, verify(before, f->leaf, NULL));
    certs_write(path, f->root_pem, strlen(f->root_pem));
    assert_false(anycert__anchors_current(before));
    struct anycert__anchors *after = open_path(path);
    assert_ptr_not_equal(before, after);
    assert_string_not_equal(anycert__anchors_digest(before), anycert__anchors_digest(after));
    assert_int_equal(X509_V_OK, verify(after, f->leaf, NULL));
    /* The old snapshot stays as it was. */
    assert_int_not_equal(X509_V_OK, verify(before, f->leaf, NULL));
    anycert__anchors_unref(before);
    anycert__anchors_unref(after);
    free(path);
}

/* Looks at the stamps first: a file that was written again counts as changed, whatever is in it. */
static void anchors_current_rewritten_file_counts_as_changed(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem);
    struct anycert__anchors *anchors = open_path(path);
    age(path);
    assert_false(anycert__anchors_current(anchors));
    anycert__anchors_unref(anchors);
    free(path);
}

static void anchors_current_removed_file_is_an_error_when_opened(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem);
    struct anycert__ca ca = path_ca(path);
    struct anycert__anchors *anchors = open_path(path);
    assert_int_equal(0, unlink(path));
    assert_false(anycert__anchors_current(anchors));
    assert_fails(&ca, path);
    anycert__anchors_unref(anchors);
    free(path);
}

/* Written again within one tick of the clock: same file, size and times, only the bytes differ. */
static void anchors_current_fresh_file_is_compared_by_content(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem);
    struct anycert__anchors *anchors = open_path(path);
    assert_true(anycert__anchors_current(anchors));
    char *altered = strdup(f->root_pem);
    altered[100] = altered[100] == 'A' ? 'B' : 'A';
    /* Overwriting at once is within one tick nearly always; where it is not, the stamp tells. */
    certs_write(path, altered, strlen(altered));
    assert_false(anycert__anchors_current(anchors));
    anycert__anchors_unref(anchors);
    free(altered);
    free(path);
}

static void sources_read_fresh_file_is_unsettled_for_a_while(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "ca.pem", f->root_pem);
    struct anycert__ca cas[] = {path_ca(path), memory_ca(f->root_pem)};
    struct anycert__sources sources;
    struct anycert_error err = {0};
    int64_t before = (int64_t)time(NULL);
    assert_int_equal(0, anycert__sources_read(cas, 1, &sources, &err));
    assert_true(sources.unsettled_until >= before);
    /* time() may lag behind the clock of the file system by a tick. */
    assert_true(sources.unsettled_until <= (int64_t)time(NULL) + 3);
    assert_true(anycert__sources_unchanged(&sources));
    anycert__sources_clear(&sources);
    assert_int_equal(0, anycert__sources_read(cas + 1, 1, &sources, &err));
    assert_true(sources.unsettled_until == 0);
    anycert__sources_clear(&sources);
    free(path);
}

static void anchors_current_directory_sees_its_files(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "a.pem", f->other_pem);
    struct anycert__anchors *first = open_path(f->folder);
    assert_true(anycert__anchors_current(first));
    char *added = put(f, "b.pem", f->root_pem);
    assert_false(anycert__anchors_current(first));
    struct anycert__anchors *second = open_path(f->folder);
    assert_int_equal(2, anycert__anchors_count(second));
    certs_write(added, "gone", 4);
    assert_false(anycert__anchors_current(second));
    struct anycert__anchors *third = open_path(f->folder);
    assert_int_equal(1, anycert__anchors_count(third));
    anycert__anchors_unref(first);
    anycert__anchors_unref(second);
    anycert__anchors_unref(third);
    free(path);
    free(added);
}

/* ---- memory */

static void anchors_open_out_of_memory_is_told(void **state)
{
    struct fixture *f = *state;
    char *path = put(f, "a.pem", f->root_pem);
    struct anycert__ca cas[] = {path_ca(path), path_ca(f->folder), memory_ca(f->root_pem)};
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        struct anycert__anchors *anchors = NULL;
        anycert__mem_fail_from(nth);
        int rv = anycert__anchors_open(cas, 3, &anchors, &err);
        anycert__mem_fail_from(0);
        if (rv == 0) {
            anycert__anchors_unref(anchors);
            break;
        }
        assert_null(anchors);
        assert_int_equal(ANYCERT_E_NOMEM, err.code);
    }
    free(path);
}

/* ---- anchors of a policy */

static void policy_add_ca_pem_is_kept_and_named_by_its_digest(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(&err);
    char digest[65], expected[80];
    hex_of(f->root_pem, strlen(f->root_pem), digest);
    snprintf(expected, sizeof expected, "ca=sha256:%s", digest);
    assert_int_equal(0, anycert_policy_add_ca_pem(policy, f->root_pem, strlen(f->root_pem), &err));
    char *text = anycert_policy_format(policy, &err);
    assert_non_null(strstr(text, expected));
    struct anycert__anchors *anchors = open_cas(policy->cas, policy->ca_count);
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    anycert_free(text);
    anycert_policy_free(policy);
}

static void policy_add_ca_pem_without_certificate_fails(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(&err);
    assert_int_equal(-1, anycert_policy_add_ca_pem(policy, "nothing", 7, &err));
    assert_int_equal(ANYCERT_E_ANCHORS, err.code);
    err = (struct anycert_error){0};
    assert_int_equal(-1, anycert_policy_add_ca_pem(policy, NULL, 0, &err));
    assert_int_equal(ANYCERT_E_ANCHORS, err.code);
    err = (struct anycert_error){0};
    assert_int_equal(-1, anycert_policy_add_ca_pem(NULL, "nothing", 7, &err));
    assert_int_equal(ANYCERT_E_USAGE, err.code);
    anycert_policy_free(policy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(anchors_open_file_tells_source_digest_and_count),
        TEST(anchors_open_system_is_the_default),
        TEST(anchors_open_memory_has_the_digest_of_its_text),
        TEST(anchors_open_digest_without_text_fails),
        TEST(anchors_open_several_sources_are_joined),
        TEST(anchors_open_directory_takes_certificate_files_once),
        TEST(anchors_open_file_also_in_directory_counts_in_both),
        TEST(anchors_open_pipe_is_read_once),
        TEST(anchors_open_unusable_source_names_it),
        TEST(anchors_open_directory_without_certificates_fails),
        TEST(anchors_none_trusts_nothing_and_says_why),
        TEST(anchors_open_same_state_is_shared),
        TEST(anchors_open_other_order_or_sources_is_not_shared),
        TEST(anchors_current_changed_file_is_read_anew),
        TEST(anchors_current_rewritten_file_counts_as_changed),
        TEST(anchors_current_removed_file_is_an_error_when_opened),
        TEST(anchors_current_fresh_file_is_compared_by_content),
        TEST(sources_read_fresh_file_is_unsettled_for_a_while),
        TEST(anchors_current_directory_sees_its_files),
        TEST(anchors_open_out_of_memory_is_told),
        TEST(policy_add_ca_pem_is_kept_and_named_by_its_digest),
        TEST(policy_add_ca_pem_without_certificate_fails),
    };
    return cmocka_run_group_tests_name("anchors", tests, NULL, NULL);
}
