/* Whatever a handshake may have shown: the judge's two answers agree, the report's JSON can be read
 * back and is UTF-8, its text and the refusal have no control bytes, and rungs that accept any
 * certificate still refuse a revoked one. */
#include "base/mem.h"
#include "base/str.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#include <yyjson.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CERTIFICATES 4
#define NAMES        8
#define ERRORS       16
#define PIN          "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* The input, taken from the front; zeros behind its end. */
struct input {
    const uint8_t *data;
    size_t left;
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static uint64_t take(struct input *in, size_t bytes)
{
    uint64_t value = 0;
    for (; bytes > 0; bytes--) {
        value = value << 8 | (in->left > 0 ? *in->data : 0);
        in->data += in->left > 0;
        in->left -= in->left > 0;
    }
    return value;
}

static bool take_bool(struct input *in)
{
    return take(in, 1) % 2;
}

/* Up to 255 bytes, or up to 64 kB after a marker. */
static size_t take_length(struct input *in)
{
    size_t len = (size_t)take(in, 1);
    if (len == 255)
        len = (size_t)take(in, 2);
    return len < in->left ? len : in->left;
}

static char *take_string(struct input *in, size_t *len_out)
{
    size_t len = take_length(in);
    char *text = anycert__malloc(len + 1);
    if (text == NULL)
        abort();
    if (len > 0)
        memcpy(text, in->data, len);
    text[len] = '\0';
    in->data += len;
    in->left -= len;
    if (len_out != NULL)
        *len_out = len;
    return text;
}

static void take_array(struct input *in, char *out, size_t size)
{
    char *text = take_string(in, NULL);
    size_t len = strlen(text);
    len = len < size - 1 ? len : size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    anycert__free(text);
}

static int64_t take_time(struct input *in)
{
    return (int64_t)take(in, take_bool(in) ? 8 : 4);
}

static char *take_key_type(struct input *in)
{
    static const char *const types[] = {"RSA", "EC", "DSA", "RSA-PSS", "Ed25519"};
    size_t which = (size_t)take(in, 1) % 6;
    return which < 5 ? anycert__strdup(types[which]) : take_string(in, NULL);
}

static void take_certificate(struct input *in, struct anycert__certificate *out)
{
    unsigned present = (unsigned)take(in, 1); /* strings that could not be read stay NULL */
    out->subject = present & 1 ? take_string(in, NULL) : NULL;
    out->issuer = present & 2 ? take_string(in, NULL) : NULL;
    out->serial = present & 4 ? take_string(in, NULL) : NULL;
    out->key_type = present & 8 ? take_key_type(in) : NULL;
    out->curve = present & 16 ? take_string(in, NULL) : NULL;
    out->signature_algorithm = present & 32 ? take_string(in, NULL) : NULL;
    out->dates_readable = present & 64;
    out->self_issued = present & 128;
    out->not_before = take_time(in);
    out->not_after = take_time(in);
    out->key_bits = (int)(int16_t)take(in, 2);
    unsigned flags = (unsigned)take(in, 1);
    out->signature_sha1 = flags & 1;
    out->signature_md5 = flags & 2;
    out->is_ca = flags & 4;
    take_array(in, out->pin, sizeof(out->pin));
    if (out->pin[0] == 'p') /* no fuzzer guesses a digest */
        memcpy(out->pin, PIN, sizeof(PIN));
    size_t count = (size_t)take(in, 1) % NAMES;
    out->names = anycert__calloc(count, sizeof(*out->names));
    require(out->names != NULL);
    for (; out->name_count < count; out->name_count++) {
        struct anycert__alt_name *name = &out->names[out->name_count];
        name->kind = (enum anycert__name_kind)(take(in, 1) % 7);
        name->value = take_string(in, &name->len);
    }
}

static struct anycert__certificate *take_chain(struct input *in, size_t *count)
{
    *count = (size_t)take(in, 1) % CERTIFICATES;
    struct anycert__certificate *chain = anycert__calloc(*count, sizeof(*chain));
    require(chain != NULL);
    for (size_t i = 0; i < *count; i++)
        take_certificate(in, &chain[i]);
    return chain;
}

static void take_negotiated(struct input *in, struct anycert__negotiated *out)
{
    static const uint16_t versions[] = {0x0304, 0x0303, 0x0302, 0x0301};
    size_t which = (size_t)take(in, 1) % 5;
    out->version = which < 4 ? versions[which] : (uint16_t)take(in, 2);
    out->cipher_id = (uint16_t)take(in, 2);
    out->key_exchange = (enum anycert__key_exchange)(take(in, 1) % 6);
    out->mode = (enum anycert__cipher_mode)(take(in, 1) % 5);
    out->mac = (enum anycert__digest)(take(in, 1) % 6);
    out->signature_digest = (enum anycert__digest)(take(in, 1) % 6);
    out->group_bits = (int)(int16_t)take(in, 2);
    unsigned flags = (unsigned)take(in, 1);
    out->legacy_cipher = flags & 1;
    out->legacy_group = flags & 2;
    out->secure_renegotiation = flags & 4;
    out->resumed = flags & 8;
    take_array(in, out->cipher, sizeof(out->cipher));
    take_array(in, out->group, sizeof(out->group));
    take_array(in, out->signature, sizeof(out->signature));
    take_array(in, out->alpn, sizeof(out->alpn));
}

static void take_failure(struct input *in, struct anycert__handshake_failure *out)
{
    out->failed = take_bool(in);
    out->openssl_error = (unsigned long)take(in, 4);
    out->alert = (int)take(in, 1) - 1;
    out->alert_from_peer = take_bool(in);
    take_array(in, out->reason, sizeof(out->reason));
}

static struct anycert__facts *take_facts(struct input *in)
{
    struct anycert__facts *facts = anycert__facts_new();
    require(facts != NULL);
    unsigned flags = (unsigned)take(in, 2);
    facts->hop = (enum anycert__hop)(flags & 1);
    facts->identity_is_ip = flags & 2;
    facts->verified = flags & 4;
    facts->verify_broke = flags & 8;
    facts->name_match = flags & 16;
    facts->cn_match = flags & 32;
    facts->has_dns_or_ip_name = flags & 64;
    facts->staple_present = flags & 128;
    facts->complete = flags & 256;
    facts->host = flags & 512 ? take_string(in, NULL) : NULL;
    facts->identity = flags & 1024 ? take_string(in, NULL) : NULL;
    facts->anchors = flags & 2048 ? take_string(in, NULL) : NULL;
    facts->anchors_error = flags & 4096 ? take_string(in, NULL) : NULL;
    facts->revocation = (enum anycert_revocation)(take(in, 1) % 4);
    facts->port = (uint16_t)take(in, 2);
    facts->time = take_time(in);
    take_array(in, facts->staple_note, sizeof(facts->staple_note));
    for (size_t n = (size_t)take(in, 1) % ERRORS; n > 0; n--) {
        int code = (int)(int8_t)take(in, 1), depth = (int)(int8_t)take(in, 1);
        require(anycert__facts_add_error(facts, code, depth) == 0);
    }
    facts->presented = take_chain(in, &facts->presented_count);
    facts->validated = take_chain(in, &facts->validated_count);
    take_negotiated(in, &facts->negotiated);
    take_failure(in, &facts->failure);
    return facts;
}

/* ---- what has to hold ---- */

static void check_lines(const char *text, size_t len)
{
    require(anycert__is_utf8(text, len));
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        require(end != NULL && end > text && !anycert__has_control(text, (size_t)(end - text)));
        len -= (size_t)(end - text) + 1;
        text = end + 1;
    }
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

static void check_refusal(const struct anycert_report *report)
{
    struct anycert_error err = {0};
    require(anycert__report_refusal(report, &err) == -1);
    size_t len = strlen(err.message);
    int class = anycert_error_class_of(err.code);
    require(class == ANYCERT_CLASS_TRUST || class == ANYCERT_CLASS_PROXY);
    require(len > 0 && anycert__is_utf8(err.message, len));
    require(!anycert__has_control(err.message, len));
}

static void check_report(struct anycert__facts *facts, const struct anycert_policy *policy,
                         int64_t now, enum anycert__judge_scope scope)
{
    struct anycert_report *report = anycert__judge(facts, policy, now, scope, NULL);
    bool accepts = anycert__judge_accepts(facts, policy, now, scope);
    require(report != NULL);
    enum anycert_verdict verdict = anycert_report_verdict(report);
    require(accepts == (verdict == ANYCERT_PASS || verdict == ANYCERT_RELAXED));
    require(facts->revocation != ANYCERT_REVOCATION_REVOKED || verdict == ANYCERT_FAIL ||
            (verdict != ANYCERT_PASS && anycert__policy_accepts_any_certificate(policy)));
    require(!anycert_report_peer_authenticated(report) || (accepts && facts->verified));
    char *text = anycert_report_text(report, NULL);
    require(text != NULL);
    check_lines(text, strlen(text));
    anycert_free(text);
    check_json(report);
    check_refusal(report);
    anycert_report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const policies[] = {
        "hardened",
        "trust-any",
        "report-only for=hardened+expired",
        "antique",
        "hardened+self-signed+expired+common-name+weak-key+tls1.0+cbc-sha1",
        "tofu",
        "pinned pin=" PIN,
        "pinned pin=" PIN " check=name,dates",
        "hardened+untrusted-issuer+weak-key pin=" PIN,
        "report-only for=\"pinned pin=" PIN "\"",
    };
    struct input in = {data, size};
    size_t which = (size_t)take(&in, 1);
    int64_t now = take_time(&in);
    struct anycert_policy *policy =
        anycert_policy_parse(policies[which / 2 % (sizeof(policies) / sizeof(policies[0]))], NULL);
    struct anycert__facts *facts = take_facts(&in);
    require(policy != NULL);
    check_report(facts, policy, now, which % 2 ? ANYCERT__JUDGE_ALL : ANYCERT__JUDGE_CERTIFICATES);
    anycert__facts_unref(facts);
    anycert_policy_free(policy);
    return 0;
}
