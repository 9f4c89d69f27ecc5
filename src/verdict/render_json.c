#include "verdict/render.h"

#include <yyjson.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "verdict/alert.h"
#include "verdict/checks.h"
#include "verdict/report.h"
#include "verdict/show.h"

#define SCHEMA "anycert-report/1"

/* The document being made. After a failure nothing more is added, and the end finds `failed`. */
struct writer {
    yyjson_mut_doc *doc;
    bool failed;
};

/* ---- documents ---- */

static void *json_malloc(void *arg, size_t size)
{
    (void)arg;
    return anycert__malloc(size);
}

static void *json_realloc(void *arg, void *old, size_t old_size, size_t size)
{
    (void)arg;
    (void)old_size;
    return anycert__realloc(old, size);
}

static void json_free(void *arg, void *p)
{
    (void)arg;
    anycert__free(p);
}

static const yyjson_alc allocator = {json_malloc, json_realloc, json_free, NULL};

yyjson_mut_doc *anycert__json_new(void)
{
    return yyjson_mut_doc_new(&allocator);
}

char *anycert__json_write(const yyjson_mut_doc *doc, struct anycert_error *err)
{
    yyjson_write_err failure = {0};
    char *text =
        yyjson_mut_write_opts(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, &allocator, NULL, &failure);
    if (text == NULL && failure.code == YYJSON_WRITE_ERROR_MEMORY_ALLOCATION)
        anycert__fail_nomem(err);
    else if (text == NULL)
        anycert__fail(err, ANYCERT_E_INTERNAL, "report cannot be written as JSON");
    return text;
}

char *anycert__json_line(const yyjson_mut_doc *doc)
{
    return yyjson_mut_write_opts(doc, YYJSON_WRITE_NOFLAG, &allocator, NULL, NULL);
}

/* ---- values ---- */

static yyjson_mut_val *text_of(yyjson_mut_doc *doc, struct anycert__buf *buf)
{
    char *text = anycert__buf_take(buf, "text", NULL);
    yyjson_mut_val *value = text != NULL ? yyjson_mut_strcpy(doc, text) : NULL;
    anycert__free(text);
    anycert__buf_free(buf);
    return value;
}

yyjson_mut_val *anycert__json_text(yyjson_mut_doc *doc, const char *bytes, size_t len)
{
    if (bytes == NULL)
        return yyjson_mut_null(doc);
    if (anycert__is_showable(bytes, len))
        return yyjson_mut_strncpy(doc, bytes, len);
    struct anycert__buf buf;
    anycert__buf_init(&buf, SIZE_MAX);
    anycert__buf_add_escaped(&buf, bytes, len);
    return text_of(doc, &buf);
}

static void put(struct writer *w, yyjson_mut_val *object, const char *key, yyjson_mut_val *value)
{
    if (object == NULL || value == NULL || !yyjson_mut_obj_add_val(w->doc, object, key, value))
        w->failed = true;
}

static void append(struct writer *w, yyjson_mut_val *array, yyjson_mut_val *value)
{
    if (array == NULL || value == NULL || !yyjson_mut_arr_append(array, value))
        w->failed = true;
}

/* A static string of ours; NULL becomes null. */
static void put_word(struct writer *w, yyjson_mut_val *object, const char *key, const char *word)
{
    put(w, object, key, word != NULL ? yyjson_mut_str(w->doc, word) : yyjson_mut_null(w->doc));
}

/* Our own text, which may be anything all the same (paths, host names). */
static void put_text(struct writer *w, yyjson_mut_val *object, const char *key, const char *text)
{
    put(w, object, key, anycert__json_text(w->doc, text, text != NULL ? strlen(text) : 0));
}

static yyjson_mut_val *peer_text(struct writer *w, const char *bytes, size_t len)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__show(&buf, bytes, len, ANYCERT__SHOW_MAX);
    return text_of(w->doc, &buf);
}

/* What came from the peer: escaped always, and so without ambiguity. */
static void put_peer(struct writer *w, yyjson_mut_val *object, const char *key, const char *text)
{
    put(w, object, key, peer_text(w, text != NULL ? text : "", text != NULL ? strlen(text) : 0));
}

static void put_bool(struct writer *w, yyjson_mut_val *object, const char *key, bool value)
{
    put(w, object, key, yyjson_mut_bool(w->doc, value));
}

static void put_int(struct writer *w, yyjson_mut_val *object, const char *key, int64_t value)
{
    put(w, object, key, yyjson_mut_sint(w->doc, value));
}

/* A number where 0 (or less) means that it is not known. */
static void put_known_int(struct writer *w, yyjson_mut_val *object, const char *key, int value)
{
    put(w, object, key, value > 0 ? yyjson_mut_sint(w->doc, value) : yyjson_mut_null(w->doc));
}

static void put_time(struct writer *w, yyjson_mut_val *object, const char *key, int64_t seconds)
{
    char text[ANYCERT__TIME_SIZE];
    anycert__format_time(seconds, text);
    put(w, object, key, yyjson_mut_strcpy(w->doc, text));
}

static void put_hex(struct writer *w, yyjson_mut_val *object, const char *key,
                    const uint8_t digest[32])
{
    char text[2 * 32 + 1];
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)digest[i]);
    put(w, object, key, yyjson_mut_strcpy(w->doc, text));
}

/* ---- parts ---- */

const char *anycert__verdict_name(enum anycert_verdict verdict)
{
    static const char *const names[] = {"not_checked", "pass", "relaxed", "fail"};
    return (size_t)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : names[0];
}

static const char *revocation_name(enum anycert_revocation revocation)
{
    static const char *const names[] = {"not_checked", "good", "revoked"};
    return (size_t)revocation < sizeof(names) / sizeof(names[0]) ? names[revocation] : names[0];
}

static const char *key_exchange_name(enum anycert__key_exchange key_exchange)
{
    static const char *const names[] = {"unknown", "ecdhe", "dhe", "rsa", "other"};
    return (size_t)key_exchange < sizeof(names) / sizeof(names[0]) ? names[key_exchange] : names[0];
}

static yyjson_mut_val *relaxations_of(struct writer *w, const struct anycert_check *check)
{
    yyjson_mut_val *array = yyjson_mut_arr(w->doc);
    const struct anycert_relaxation *r = NULL;
    while ((r = anycert_relaxation_next(r)) != NULL) {
        if ((check->relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) != 0)
            append(w, array, yyjson_mut_str(w->doc, anycert_relaxation_name(r)));
    }
    return array;
}

static yyjson_mut_val *check_object(struct writer *w, const struct anycert_check *check)
{
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    put_word(w, object, "id", anycert_check_id(check));
    put_word(w, object, "asks", anycert__check_asks(check->id));
    put_word(w, object, "verdict", anycert__verdict_name(check->verdict));
    put_word(w, object, "reference_verdict", anycert__verdict_name(check->reference_verdict));
    if (check->x509_code != 0)
        put_int(w, object, "x509_code", check->x509_code);
    if (check->depth >= 0)
        put_int(w, object, "depth", check->depth);
    put(w, object, "relaxations", relaxations_of(w, check));
    if (check->decided_by_pin)
        put_word(w, object, "decided_by", check->decided_by_record ? "record" : "pin");
    if (anycert__check_is_protocol(check->id) && check->verdict != ANYCERT_NOT_CHECKED)
        put_word(w, object, "certainty", "negotiated");
    put_text(w, object, "detail", check->detail);
    return object;
}

static yyjson_mut_val *names_of(struct writer *w, const struct anycert__certificate *certificate)
{
    yyjson_mut_val *array = yyjson_mut_arr(w->doc);
    for (size_t i = 0; i < certificate->name_count; i++) {
        const struct anycert__alt_name *name = &certificate->names[i];
        yyjson_mut_val *object = yyjson_mut_obj(w->doc);
        put_word(w, object, "type", anycert__name_kind(name->kind));
        put(w, object, "value",
            peer_text(w, name->value != NULL ? name->value : "",
                      name->value != NULL ? name->len : 0));
        append(w, array, object);
    }
    return array;
}

static yyjson_mut_val *key_of(struct writer *w, const struct anycert__certificate *certificate,
                              const char *text)
{
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    bool on_curve = certificate->curve != NULL && certificate->curve[0] != '\0';
    put_text(w, object, "text", text);
    put_peer(w, object, "type", certificate->key_type);
    put_known_int(w, object, "bits", certificate->key_bits);
    if (on_curve)
        put_peer(w, object, "curve", certificate->curve);
    else
        put_word(w, object, "curve", NULL);
    return object;
}

static yyjson_mut_val *certificate_object(struct writer *w,
                                          const struct anycert__certificate *certificate,
                                          const struct anycert__shown_certificate *shown)
{
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    put_text(w, object, "subject", shown->subject);
    put_text(w, object, "issuer", shown->issuer);
    put_peer(w, object, "serial", certificate->serial);
    if (certificate->dates_readable) {
        put_time(w, object, "not_before", certificate->not_before);
        put_time(w, object, "not_after", certificate->not_after);
    } else {
        put_word(w, object, "not_before", NULL);
        put_word(w, object, "not_after", NULL);
    }
    put(w, object, "key", key_of(w, certificate, shown->key));
    put_peer(w, object, "signature_algorithm", certificate->signature_algorithm);
    put_hex(w, object, "sha256", certificate->sha256);
    put(w, object, "pin",
        peer_text(w, certificate->pin, strnlen(certificate->pin, ANYCERT__PIN_SIZE)));
    put(w, object, "names", names_of(w, certificate));
    return object;
}

static yyjson_mut_val *validated_array(struct writer *w, const struct anycert__facts *facts)
{
    yyjson_mut_val *array = yyjson_mut_arr(w->doc);
    for (size_t i = 0; i < facts->validated_count; i++) {
        yyjson_mut_val *object = yyjson_mut_obj(w->doc);
        put_peer(w, object, "subject", facts->validated[i].subject);
        put_hex(w, object, "sha256", facts->validated[i].sha256);
        append(w, array, object);
    }
    return array;
}

static yyjson_mut_val *anchors_object(struct writer *w, const struct anycert__facts *facts)
{
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    const char *digest = anycert__facts_anchors_digest(facts);
    put_text(w, object, "source", facts->anchors);
    put_text(w, object, "digest", digest[0] != '\0' ? digest : NULL);
    put_text(w, object, "error", facts->anchors_error);
    return object;
}

static yyjson_mut_val *negotiated_object(struct writer *w,
                                         const struct anycert__negotiated *negotiated)
{
    char id[8];
    struct anycert__buf version;
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    anycert__buf_init(&version, ANYCERT__SHOW_BUFFER);
    anycert__show_version(&version, negotiated->version);
    put(w, object, "protocol", text_of(w->doc, &version));
    put_peer(w, object, "cipher", negotiated->cipher);
    snprintf(id, sizeof(id), "0x%04x", (unsigned)negotiated->cipher_id);
    put(w, object, "cipher_id", yyjson_mut_strcpy(w->doc, id));
    put_word(w, object, "key_exchange", key_exchange_name(negotiated->key_exchange));
    put_peer(w, object, "group", negotiated->group);
    put_known_int(w, object, "group_bits", negotiated->group_bits);
    put_peer(w, object, "signature", negotiated->signature);
    put_bool(w, object, "secure_renegotiation", negotiated->secure_renegotiation);
    put_bool(w, object, "extended_master_secret", negotiated->extended_master_secret);
    put_bool(w, object, "encrypt_then_mac", negotiated->encrypt_then_mac);
    put_bool(w, object, "resumed", negotiated->resumed);
    put_peer(w, object, "alpn", negotiated->alpn);
    return object;
}

static yyjson_mut_val *failure_object(struct writer *w, const struct anycert_report *report)
{
    const struct anycert__handshake_failure *failure = &report->facts->failure;
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    char code[2 * sizeof(failure->openssl_error) + 1] = "";
    const char *refused_by = anycert_report_refused_by(report);
    if (failure->openssl_error != 0)
        snprintf(code, sizeof(code), "%08lX", failure->openssl_error);
    put_word(w, object, "refused_by", refused_by[0] != '\0' ? refused_by : NULL);
    put_text(w, object, "reason", report->failure);
    put(w, object, "openssl_error",
        code[0] != '\0' ? yyjson_mut_strcpy(w->doc, code) : yyjson_mut_null(w->doc));
    put(w, object, "alert",
        failure->alert >= 0 ? yyjson_mut_sint(w->doc, failure->alert) : yyjson_mut_null(w->doc));
    put_word(w, object, "alert_name", anycert__alert_name(failure->alert));
    return object;
}

/* ---- the whole ---- */

static void put_head(struct writer *w, yyjson_mut_val *root, const struct anycert_report *report)
{
    const struct anycert__facts *facts = report->facts;
    put_word(w, root, "schema", SCHEMA);
    put_word(w, root, "hop", anycert_report_hop(report));
    put_text(w, root, "host", anycert_report_host(report));
    put_int(w, root, "port", facts->port);
    put_text(w, root, "identity", anycert_report_identity(report));
    put_text(w, root, "policy", report->policy_text);
    put_text(w, root, "reference", report->reference_text);
    put_word(w, root, "verdict", anycert__verdict_name(report->verdict));
    put_word(w, root, "reference_verdict", anycert__verdict_name(report->reference_verdict));
    put_bool(w, root, "peer_authenticated", report->peer_authenticated);
    put_word(w, root, "authenticated_by", report->authenticated_by);
    put_bool(w, root, "key_proven", facts->complete);
    put_word(w, root, "revocation", revocation_name(facts->revocation));
    put_peer(w, root, "revocation_note", facts->staple_note);
    put_time(w, root, "time", facts->time);
    put_time(w, root, "judged_at", report->judged_at);
    put(w, root, "anchors", anchors_object(w, facts));
}

static void put_lists(struct writer *w, yyjson_mut_val *root, const struct anycert_report *report)
{
    const struct anycert__facts *facts = report->facts;
    yyjson_mut_val *checks = yyjson_mut_arr(w->doc), *chain = yyjson_mut_arr(w->doc);
    for (size_t i = 0; i < report->check_count; i++)
        append(w, checks, check_object(w, &report->checks[i]));
    for (size_t i = 0; i < facts->presented_count; i++)
        append(w, chain, certificate_object(w, &facts->presented[i], &report->shown[i]));
    put(w, root, "checks", checks);
    put(w, root, "chain", chain);
    put(w, root, "validated_chain", validated_array(w, facts));
    put(w, root, "negotiated",
        facts->complete ? negotiated_object(w, &facts->negotiated) : yyjson_mut_null(w->doc));
    put(w, root, "failure",
        facts->failure.failed ? failure_object(w, report) : yyjson_mut_null(w->doc));
}

int anycert__report_add_json(const struct anycert_report *report, yyjson_mut_doc *doc,
                             yyjson_mut_val **out)
{
    struct writer w = {.doc = doc};
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    *out = NULL;
    put_head(&w, root, report);
    put_lists(&w, root, report);
    if (w.failed)
        return -1;
    *out = root;
    return 0;
}

char *anycert_report_json(const struct anycert_report *report, struct anycert_error *err)
{
    yyjson_mut_val *root = NULL;
    char *text = NULL;
    yyjson_mut_doc *doc = anycert__json_new();
    if (doc == NULL || anycert__report_add_json(report, doc, &root) != 0) {
        anycert__fail_nomem(err);
        goto out;
    }
    yyjson_mut_doc_set_root(doc, root);
    text = anycert__json_write(doc, err);
out:
    yyjson_mut_doc_free(doc);
    return text;
}
