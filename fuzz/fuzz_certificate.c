/* Any certificates that a server may send, one behind the other, and an OCSP answer behind them:
 * they are verified and become facts, the facts a report; its JSON can be read back and is UTF-8,
 * its text has no control bytes, and hardened refuses. */
#include "tls/ossl.h"
#include "base/mem.h"
#include "base/str.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#include <openssl/err.h>
#include <yyjson.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_CERTIFICATES 4
#define NOW              INT64_C(1781524800) /* 2026-06-15 */

static void require(int condition)
{
    if (!condition)
        abort();
}

static STACK_OF(X509) * take_certificates(const uint8_t **data, size_t *size)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    require(certs != NULL);
    while (*size > 0 && sk_X509_num(certs) < MAX_CERTIFICATES) {
        const unsigned char *p = *data;
        X509 *cert = d2i_X509(NULL, &p, (long)*size);
        if (cert == NULL)
            break;
        require(sk_X509_push(certs, cert) > 0);
        *size -= (size_t)(p - *data);
        *data = p;
    }
    return certs;
}

static struct anycert__facts *facts_about(STACK_OF(X509) * certs, const uint8_t *staple,
                                          size_t staple_len)
{
    struct anycert__facts *facts = anycert__facts_new();
    struct anycert__anchors *anchors = anycert__anchors_none("none are needed");
    STACK_OF(X509) *chain = NULL;
    require(facts != NULL && anchors != NULL);
    facts->host = anycert__strdup("a.test");
    facts->identity = anycert__strdup("a.test");
    facts->anchors = anycert__strdup(anycert__anchors_source(anchors));
    facts->time = NOW;
    require(anycert__verify(sk_X509_value(certs, 0), certs, NULL, anchors, facts, &chain, NULL) ==
            0);
    if (staple_len > 0 && chain != NULL)
        anycert__staple_judge(staple, staple_len, chain, NOW, facts);
    sk_X509_pop_free(chain, X509_free);
    anycert__anchors_unref(anchors);
    return facts;
}

static void check_plain_data(const struct anycert__certificate *cert)
{
    require(cert->subject && cert->issuer && cert->serial && cert->key_type && cert->curve);
    require(cert->signature_algorithm && cert->der && cert->der_len > 0 && cert->key_bits >= 0);
    require(strlen(cert->pin) == ANYCERT__PIN_SIZE - 1);
    require(cert->name_count <= ANYCERT__ALT_NAMES_MAX);
    for (size_t i = 0; i < cert->name_count; i++)
        require(cert->names[i].value != NULL && cert->names[i].value[cert->names[i].len] == '\0');
}

static void check_json(const struct anycert_report *report)
{
    char *json = anycert_report_json(report, NULL);
    require(json != NULL && anycert__is_utf8(json, strlen(json)));
    yyjson_doc *doc = yyjson_read(json, strlen(json), YYJSON_READ_NOFLAG);
    require(yyjson_is_obj(yyjson_doc_get_root(doc)));
    yyjson_doc_free(doc);
    anycert_free(json);
}

static void check_text(const struct anycert_report *report)
{
    char *text = anycert_report_text(report, NULL);
    require(text != NULL && anycert__is_utf8(text, strlen(text)));
    for (const char *p = text; *p != '\0'; p++)
        require(*p == '\n' || !anycert__has_control(p, 1));
    anycert_free(text);
}

static void check_report(struct anycert__facts *facts, const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    struct anycert_report *report =
        anycert__judge(facts, policy, NOW, ANYCERT__JUDGE_CERTIFICATES, NULL);
    require(policy != NULL && report != NULL);
    /* There is no anchor, so nobody is who he says. */
    require(strcmp(text, "hardened") != 0 || anycert_report_verdict(report) == ANYCERT_FAIL);
    require(!anycert_report_peer_authenticated(report));
    check_json(report);
    check_text(report);
    anycert_report_free(report);
    anycert_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    STACK_OF(X509) *certs = take_certificates(&data, &size);
    if (sk_X509_num(certs) > 0) {
        struct anycert__facts *facts = facts_about(certs, data, size);
        for (size_t i = 0; i < facts->presented_count; i++)
            check_plain_data(&facts->presented[i]);
        check_report(facts, "hardened");
        check_report(facts, "trust-any");
        anycert__facts_unref(facts);
    }
    sk_X509_pop_free(certs, X509_free);
    ERR_clear_error();
    return 0;
}
