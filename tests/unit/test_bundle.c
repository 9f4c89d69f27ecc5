#include "tls/ossl.h"
#include "tls/subject.h"
#include "base/mem.h"

#include "support/certs.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN_MARK "-----BEGIN CERTIFICATE-----"

static struct anycert__bundle *index_text(const char *pem)
{
    struct anycert_error err = {0};
    struct anycert__bundle *bundle = anycert__bundle_index(pem, strlen(pem), "CA file 'x'", &err);
    if (bundle == NULL)
        print_error("%s\n", err.message);
    assert_non_null(bundle);
    return bundle;
}

/* How many certificates the bundle has by the subject of cert, and whether cert is among them. */
static int find(struct anycert__bundle *bundle, X509 *cert, bool *itself)
{
    STACK_OF(X509) *found = sk_X509_new_null();
    assert_int_equal(0, anycert__bundle_find(bundle, X509_get_subject_name(cert), found));
    int count = sk_X509_num(found);
    *itself = false;
    for (int i = 0; i < count; i++)
        *itself = *itself || X509_cmp(sk_X509_value(found, i), cert) == 0;
    sk_X509_pop_free(found, X509_free);
    return count;
}

static void assert_finds(struct anycert__bundle *bundle, X509 *cert, int count)
{
    bool itself = false;
    assert_int_equal(count, find(bundle, cert, &itself));
    assert_int_equal(count > 0, itself);
}

static X509 *named(const char *cn, const char *o, int type, uint64_t serial)
{
    return certs_make(&(struct certs_recipe){
        .cn = cn, .o = o, .string_type = type, .serial = serial, .ca = true});
}

static void bundle_find_each_subject_yields_its_certificate(void **state)
{
    (void)state;
    X509 *certs[20];
    char *pem = strdup("");
    for (size_t i = 0; i < 20; i++) {
        char cn[300];
        /* Names short and long, so that some subjects lie beyond the bytes that are decoded first.
         */
        snprintf(cn, sizeof cn, "Root %zu", i);
        certs[i] =
            named(cn, i % 3 == 0 ? "Organisation with quite a long name, limited to sixty" : NULL,
                  0, i + 1);
        pem = certs_join(pem, certs_pem(certs[i]));
    }
    struct anycert__bundle *bundle = index_text(pem);
    assert_int_equal(20, anycert__bundle_count(bundle));
    assert_int_equal(0, anycert__bundle_broken(bundle));
    for (size_t i = 0; i < 20; i++) {
        assert_finds(bundle, certs[i], 1);
        X509_free(certs[i]);
    }
    anycert__bundle_free(bundle);
    free(pem);
}

static void bundle_find_long_issuer_and_subject_is_found(void **state)
{
    (void)state;
    /* Twelve entries of sixty characters: the subject starts at about a thousand bytes. */
    X509 *plain = certs_root("x");
    EVP_PKEY *key = certs_key();
    X509 *cert = X509_dup(plain);
    for (int i = 0; i < 12; i++) {
        const unsigned char *text =
            (const unsigned char *)"123456789012345678901234567890123456789012345678901234567890";
        X509_NAME *subject = X509_get_subject_name(cert), *issuer = X509_get_issuer_name(cert);
        assert_int_equal(1,
                         X509_NAME_add_entry_by_txt(subject, "OU", MBSTRING_ASC, text, -1, -1, 0));
        assert_int_equal(1,
                         X509_NAME_add_entry_by_txt(issuer, "OU", MBSTRING_ASC, text, -1, -1, 0));
    }
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    char *pem = certs_pem(cert);
    struct anycert__bundle *bundle = index_text(pem);
    assert_int_equal(0, anycert__bundle_decoded(bundle));
    assert_finds(bundle, cert, 1);
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(cert);
    X509_free(plain);
}

static void bundle_find_decodes_only_what_is_asked_for(void **state)
{
    (void)state;
    X509 *a = certs_root("A"), *b = certs_root("B"), *absent = certs_root("C");
    char *pem = certs_join(certs_pem(a), certs_pem(b));
    struct anycert__bundle *bundle = index_text(pem);
    assert_int_equal(0, anycert__bundle_decoded(bundle));
    assert_finds(bundle, absent, 0);
    assert_int_equal(0, anycert__bundle_decoded(bundle));
    assert_finds(bundle, b, 1);
    assert_finds(bundle, b, 1);
    assert_int_equal(1, anycert__bundle_decoded(bundle));
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(a);
    X509_free(b);
    X509_free(absent);
}

static void bundle_find_shared_subject_yields_all_in_order(void **state)
{
    (void)state;
    X509 *old = named("Shared", "O", 0, 1), *other = certs_root("Other");
    X509 *renewed = named("Shared", "O", 0, 2);
    char *pem = certs_join(certs_join(certs_pem(old), certs_pem(other)), certs_pem(renewed));
    struct anycert__bundle *bundle = index_text(pem);
    STACK_OF(X509) *found = sk_X509_new_null();
    assert_int_equal(0, anycert__bundle_find(bundle, X509_get_subject_name(old), found));
    assert_int_equal(2, sk_X509_num(found));
    assert_int_equal(0, X509_cmp(sk_X509_value(found, 0), old));
    assert_int_equal(0, X509_cmp(sk_X509_value(found, 1), renewed));
    sk_X509_pop_free(found, X509_free);
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(old);
    X509_free(other);
    X509_free(renewed);
}

/* Names that RFC 5280 calls equal are found under each other; others are not. */
static void bundle_find_compares_names_as_openssl_does(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *cn, *asked;
        int type, asked_type;
    } rows[] = {
        {"string type", "Acme Root", "Acme Root", V_ASN1_PRINTABLESTRING, MBSTRING_UTF8},
        {"letter case", "Acme Root", "ACME ROOT", MBSTRING_UTF8, MBSTRING_UTF8},
        {"spaces", "Acme Root", " Acme   Root ", MBSTRING_UTF8, V_ASN1_PRINTABLESTRING},
        {"wide characters", "Acme Root", "acme root", V_ASN1_BMPSTRING, MBSTRING_UTF8},
        {"wide characters asked", "Acme Root", "acme root", MBSTRING_UTF8, V_ASN1_BMPSTRING},
        {"widest characters", "R\xc3\xb6tz Root", "R\xc3\xb6tz  root", V_ASN1_UNIVERSALSTRING,
         MBSTRING_UTF8},
        {"latin characters", "R\xc3\xb6tz Root", "R\xc3\xb6tz Root", V_ASN1_T61STRING,
         MBSTRING_UTF8},
        {"accent", "R\xc3\xb6tz", "Rotz", MBSTRING_UTF8, MBSTRING_UTF8},
        {"punctuation", "Acme-Root", "Acme Root", MBSTRING_UTF8, MBSTRING_UTF8},
        {"ideographs with ASCII bytes", "\xe4\x85\xa1", "Aa", V_ASN1_BMPSTRING, MBSTRING_UTF8},
        {"prefix", "Acme Root", "Acme Roo", MBSTRING_UTF8, MBSTRING_UTF8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        X509 *there = named(rows[i].cn, "O", rows[i].type, 1);
        X509 *asked = named(rows[i].asked, "O", rows[i].asked_type, 2);
        int equal = X509_NAME_cmp(X509_get_subject_name(there), X509_get_subject_name(asked)) == 0;
        char *pem = certs_pem(there);
        struct anycert__bundle *bundle = index_text(pem);
        bool itself = false;
        if (find(bundle, asked, &itself) != equal)
            fail_msg("%s", rows[i].name);
        assert_int_equal(i < 7, equal);
        anycert__bundle_free(bundle);
        free(pem);
        X509_free(there);
        X509_free(asked);
    }
}

static void bundle_find_empty_subject_is_found(void **state)
{
    (void)state;
    X509 *cert = certs_make(&(struct certs_recipe){.ca = true});
    char *pem = certs_pem(cert);
    struct anycert__bundle *bundle = index_text(pem);
    assert_finds(bundle, cert, 1);
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(cert);
}

/* Attributes of one RDN stand in the order of their encodings, which the letter case can change. */
static void subject_key_order_within_an_rdn_does_not_matter(void **state)
{
    (void)state;
    static const char *const values[2][2] = {{"a", "B"}, {"A", "b"}};
    uint64_t keys[2];
    X509_NAME *names[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *der = NULL;
        size_t len = 0;
        names[i] = X509_NAME_new();
        for (int j = 0; j < 2; j++)
            assert_int_equal(1, X509_NAME_add_entry_by_txt(names[i], "OU", MBSTRING_ASC,
                                                           (const unsigned char *)values[i][j], -1,
                                                           -1, j == 0 ? 0 : -1));
        assert_int_equal(1, X509_NAME_get0_der(names[i], &der, &len));
        assert_int_equal(0, anycert__subject_key(der, len, &keys[i]));
    }
    assert_int_equal(0, X509_NAME_cmp(names[0], names[1]));
    assert_true(keys[0] == keys[1]);
    X509_NAME_free(names[0]);
    X509_NAME_free(names[1]);
}

static void subject_find_every_cut_asks_for_more_or_refuses(void **state)
{
    (void)state;
    X509 *cert = named("Cut", "Organisation", 0, 1);
    struct anycert__subject_place place = {0};
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    size_t need = 0;
    assert_int_equal(1, anycert__subject_find(der, (size_t)len, &place, &need));
    assert_int_equal(len, place.total);
    for (size_t have = 0; have < place.offset + place.len; have++) {
        /* A copy of that size, so that a sanitizer sees a byte too many. */
        unsigned char *part = malloc(have > 0 ? have : 1);
        struct anycert__subject_place cut = {0};
        memcpy(part, der, have);
        assert_int_equal(0, anycert__subject_find(part, have, &cut, &need));
        assert_true(need > have);
        free(part);
    }
    OPENSSL_free(der);
    X509_free(cert);
}

/* ---- the text around the certificates */

/* Replaces every line end. */
static char *with_line_ends(const char *text, const char *line_end)
{
    char *out = malloc(strlen(text) * 2 + 1), *p = out;
    assert_non_null(out);
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            memcpy(p, line_end, strlen(line_end));
            p += strlen(line_end);
        } else {
            *p++ = *text;
        }
    }
    *p = '\0';
    return out;
}

static char *relabelled(const char *pem, const char *label)
{
    const char *body = pem + strlen(BEGIN_MARK);
    size_t body_len = (size_t)(strstr(body, "-----END") - body);
    size_t size = strlen(pem) + 2 * strlen(label) + 1;
    char *out = malloc(size);
    assert_non_null(out);
    snprintf(out, size, "-----BEGIN %s-----%.*s-----END %s-----\n", label, (int)body_len, body,
             label);
    return out;
}

static void bundle_index_takes_what_openssl_takes(void **state)
{
    (void)state;
    X509 *cert = certs_root("Root");
    char *pem = certs_pem(cert);
    char *trimmed = strdup(pem);
    trimmed[strlen(trimmed) - 1] = '\0';
    struct {
        const char *name;
        char *text;
    } rows[] = {
        {"plain", strdup(pem)},
        {"CR LF", with_line_ends(pem, "\r\n")},
        {"no final line end", trimmed},
        {"text before",
         certs_join(strdup("# a comment - with dashes --- -----\nsubject=x\n"), strdup(pem))},
        {"text behind", certs_join(strdup(pem), strdup("trailing text ----- without a block"))},
        {"byte order mark", certs_join(strdup("\xef\xbb\xbf"), strdup(pem))},
        {"X509 CERTIFICATE", relabelled(pem, "X509 CERTIFICATE")},
        {"TRUSTED CERTIFICATE", relabelled(pem, "TRUSTED CERTIFICATE")},
        {"another kind before", certs_join(certs_key_pem(certs_key(), NULL), strdup(pem))},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        struct anycert__bundle *bundle =
            anycert__bundle_index(rows[i].text, strlen(rows[i].text), rows[i].name, &err);
        if (bundle == NULL)
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_int_equal(1, anycert__bundle_count(bundle));
        assert_int_equal(0, anycert__bundle_broken(bundle));
        assert_finds(bundle, cert, 1);
        anycert__bundle_free(bundle);
        free(rows[i].text);
    }
    free(pem);
    X509_free(cert);
}

static void bundle_index_broken_block_is_counted_and_skipped(void **state)
{
    (void)state;
    X509 *a = certs_root("A"), *b = certs_root("B");
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"no base64", BEGIN_MARK "\n!!!!\n-----END CERTIFICATE-----\n"},
        {"no certificate", BEGIN_MARK "\nMAMCAQE=\n-----END CERTIFICATE-----\n"},
        {"nothing in it", BEGIN_MARK "\n-----END CERTIFICATE-----\n"},
        {"no end", BEGIN_MARK "\nMIIB\n"},
        {"another end", BEGIN_MARK "\nMIIB\n-----END X509 CRL-----\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *pem = certs_join(certs_join(certs_pem(a), strdup(rows[i].text)), certs_pem(b));
        struct anycert__bundle *bundle = index_text(pem);
        if (anycert__bundle_broken(bundle) != 1 || anycert__bundle_count(bundle) != 2)
            fail_msg("%s", rows[i].name);
        assert_finds(bundle, a, 1);
        assert_finds(bundle, b, 1);
        anycert__bundle_free(bundle);
        free(pem);
    }
    X509_free(a);
    X509_free(b);
}

static void bundle_index_truncated_certificate_is_broken(void **state)
{
    (void)state;
    X509 *a = certs_root("A"), *b = certs_root("B");
    char *cut = certs_pem(a);
    /* The last line of base64 is missing. */
    char *end = strstr(cut, "\n-----END"), *line = end;
    while (line[-1] != '\n')
        line--;
    memmove(line, end + 1, strlen(end + 1) + 1);
    char *pem = certs_join(cut, certs_pem(b));
    struct anycert__bundle *bundle = index_text(pem);
    assert_int_equal(1, anycert__bundle_count(bundle));
    assert_int_equal(1, anycert__bundle_broken(bundle));
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(a);
    X509_free(b);
}

/* The head of a certificate is fine, what follows is not: it is in the index, but nobody gets it.
 */
static void bundle_find_undecodable_certificate_is_left_out(void **state)
{
    (void)state;
    X509 *a = certs_root("A");
    char *damaged = certs_pem(a);
    char *end = strstr(damaged, "\n-----END");
    memset(end - 200, 'A', 150);
    char *pem = certs_join(damaged, certs_pem(a));
    struct anycert__bundle *bundle = index_text(pem);
    assert_int_equal(2, anycert__bundle_count(bundle));
    assert_finds(bundle, a, 1);
    assert_finds(bundle, a, 1);
    anycert__bundle_free(bundle);
    free(pem);
    X509_free(a);
}

static void bundle_index_nothing_usable_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"empty", "", "CA file 'x' is empty"},
        {"prose", "no certificates here\n", "holds no certificate"},
        {"inside a line", "see " BEGIN_MARK "\nMIIB\n-----END CERTIFICATE-----\n",
         "holds no certificate"},
        {"DER", "\x30\x82\x01\x01", "not PEM but DER"},
        {"broken only", BEGIN_MARK "\nMIIB\n-----END CERTIFICATE-----\n",
         "the only one is damaged"},
        {"a key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
         "holds no certificate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        assert_null(anycert__bundle_index(rows[i].text, strlen(rows[i].text), "CA file 'x'", &err));
        assert_int_equal(ANYCERT_E_ANCHORS, err.code);
        if (strstr(err.message, rows[i].says) == NULL || strstr(err.message, "'x'") == NULL)
            fail_msg("%s: %s", rows[i].name, err.message);
    }
}

static void bundle_index_thousands_are_all_found(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    X509 *cert = certs_root("Root 0000");
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    struct anycert_error err = {0};
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    /* The same certificate with another number in its subject; the signature does not matter here.
     */
    for (int i = 0; i < COUNT; i++) {
        char number[16];
        snprintf(number, sizeof number, "%04d", i);
        for (int j = 0; j + 9 < len; j++) {
            if (memcmp(der + j, "Root ", 5) == 0)
                memcpy(der + j + 5, number, 4);
        }
        char *base64 = malloc((size_t)len * 2);
        assert_true(EVP_EncodeBlock((unsigned char *)base64, der, len) > 0);
        BIO_printf(bio, BEGIN_MARK "\n%s\n-----END CERTIFICATE-----\n", base64);
        free(base64);
    }
    long text_len = BIO_get_mem_data(bio, &text);
    struct anycert__bundle *bundle =
        anycert__bundle_index(text, (size_t)text_len, "CA file 'x'", &err);
    assert_non_null(bundle);
    assert_int_equal(COUNT, anycert__bundle_count(bundle));
    for (int i = 0; i < COUNT; i += 71) {
        char cn[24];
        snprintf(cn, sizeof cn, "Root %04d", i);
        X509 *asked = certs_root(cn);
        bool itself = false;
        assert_int_equal(1, find(bundle, asked, &itself));
        X509_free(asked);
    }
    anycert__bundle_free(bundle);
    BIO_free(bio);
    OPENSSL_free(der);
    X509_free(cert);
}

static void bundle_index_out_of_memory_is_told(void **state)
{
    (void)state;
    X509 *a = certs_root("A");
    char *pem = certs_pem(a);
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        struct anycert__bundle *bundle = anycert__bundle_index(pem, strlen(pem), "x", &err);
        unsigned long requests = anycert__mem_requests();
        anycert__mem_fail_from(0);
        anycert__bundle_free(bundle);
        if (bundle != NULL) {
            assert_true(requests < nth);
            break;
        }
        assert_int_equal(ANYCERT_E_NOMEM, err.code);
    }
    free(pem);
    X509_free(a);
}

/* ---- threads */

struct shared {
    struct anycert__bundle *bundle;
    X509 *certs[4];
};

static void *find_often(void *arg)
{
    struct shared *shared = arg;
    int *missing = calloc(1, sizeof *missing);
    for (int i = 0; missing != NULL && i < 200; i++) {
        STACK_OF(X509) *found = sk_X509_new_null();
        X509 *asked = shared->certs[i % 4];
        if (anycert__bundle_find(shared->bundle, X509_get_subject_name(asked), found) != 0 ||
            sk_X509_num(found) != 2)
            (*missing)++;
        sk_X509_pop_free(found, X509_free);
    }
    return missing;
}

static void bundle_find_many_threads_see_all(void **state)
{
    (void)state;
    struct shared shared = {0};
    pthread_t threads[8];
    char *pem = strdup("");
    for (size_t i = 0; i < 4; i++) {
        char cn[32];
        snprintf(cn, sizeof cn, "Root %zu", i);
        shared.certs[i] = named(cn, NULL, 0, 1);
        X509 *twin = named(cn, NULL, 0, 2);
        pem = certs_join(pem, certs_join(certs_pem(shared.certs[i]), certs_pem(twin)));
        X509_free(twin);
    }
    shared.bundle = index_text(pem);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, find_often, &shared));
    for (size_t i = 0; i < 8; i++) {
        void *missing = NULL;
        assert_int_equal(0, pthread_join(threads[i], &missing));
        assert_non_null(missing);
        assert_int_equal(0, *(int *)missing);
        free(missing);
    }
    assert_int_equal(8, anycert__bundle_decoded(shared.bundle));
    anycert__bundle_free(shared.bundle);
    for (size_t i = 0; i < 4; i++)
        X509_free(shared.certs[i]);
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_find_each_subject_yields_its_certificate),
        cmocka_unit_test(bundle_find_long_issuer_and_subject_is_found),
        cmocka_unit_test(bundle_find_decodes_only_what_is_asked_for),
        cmocka_unit_test(bundle_find_shared_subject_yields_all_in_order),
        cmocka_unit_test(bundle_find_compares_names_as_openssl_does),
        cmocka_unit_test(bundle_find_empty_subject_is_found),
        cmocka_unit_test(subject_key_order_within_an_rdn_does_not_matter),
        cmocka_unit_test(subject_find_every_cut_asks_for_more_or_refuses),
        cmocka_unit_test(bundle_index_takes_what_openssl_takes),
        cmocka_unit_test(bundle_index_broken_block_is_counted_and_skipped),
        cmocka_unit_test(bundle_index_truncated_certificate_is_broken),
        cmocka_unit_test(bundle_find_undecodable_certificate_is_left_out),
        cmocka_unit_test(bundle_index_nothing_usable_says_what_is_wrong),
        cmocka_unit_test(bundle_index_thousands_are_all_found),
        cmocka_unit_test(bundle_index_out_of_memory_is_told),
        cmocka_unit_test(bundle_find_many_threads_see_all),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
