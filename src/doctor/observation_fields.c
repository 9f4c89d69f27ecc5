/* The members that a saved examination has, and how each is written and read. */
#include "doctor/observation.h"

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "verdict/render.h"

#include <limits.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const hops[] = {"origin", "proxy"};
static const char *const revocations[] = {"not_checked", "good", "revoked"};
static const char *const exchanges[] = {"unknown", "ecdhe", "dhe", "rsa", "other"};
static const char *const modes[] = {"unknown", "aead", "cbc", "other"};
static const char *const digests[] = {"unknown", "md5-sha1", "md5", "sha1", "strong"};
static const char *const rungs[] = {"hardened",    "pinned",    "tofu",
                                    "report-only", "trust-any", "antique"};
static const char *const endings[] = {"stands",      "certificates", "own-refusal", "alert",
                                      "client-cert", "closed",       "reset",       "silent",
                                      "slow",        "not-tls",      "no-answer",   "no-way"};
static const char *const wires[] = {"ok", "silent", "closed", "reset", "cancelled", "broken"};

#define AT(type, member)          offsetof(struct type, member)
#define ROW(type, kind, member)   {#member, ANYCERT__FIELD_##kind, AT(type, member), 0, NULL}
#define CHARS(type, member, size) {#member, ANYCERT__FIELD_CHARS, AT(type, member), size, NULL}
#define NAMED(type, member, names)                                                                 \
    {#member, ANYCERT__FIELD_ENUM, AT(type, member), COUNT(names), names}
#define END {NULL, ANYCERT__FIELD_BOOL, 0, 0, NULL}

const struct anycert__field anycert__fields_of_facts[] = {
    NAMED(anycert__facts, hop, hops),
    ROW(anycert__facts, TEXT, host),
    ROW(anycert__facts, U16, port),
    ROW(anycert__facts, TEXT, identity),
    ROW(anycert__facts, BOOL, identity_is_ip),
    ROW(anycert__facts, I64, time),
    ROW(anycert__facts, BOOL, verified),
    ROW(anycert__facts, BOOL, verify_broke),
    ROW(anycert__facts, BOOL, name_match),
    ROW(anycert__facts, BOOL, cn_match),
    ROW(anycert__facts, BOOL, has_dns_or_ip_name),
    ROW(anycert__facts, TEXT_OR_NULL, anchors),
    ROW(anycert__facts, TEXT_OR_NULL, anchors_error),
    ROW(anycert__facts, BOOL, staple_present),
    NAMED(anycert__facts, revocation, revocations),
    CHARS(anycert__facts, staple_note, 96),
    ROW(anycert__facts, BOOL, complete),
    END};

const struct anycert__field anycert__fields_of_unfit[] = {
    ROW(anycert__unfit, INT, code), ROW(anycert__unfit, BOOL, is_anchor),
    CHARS(anycert__unfit, what, sizeof((struct anycert__unfit *)0)->what), END};

const struct anycert__field anycert__fields_of_negotiated[] = {
    ROW(anycert__negotiated, U16, version),
    ROW(anycert__negotiated, U16, cipher_id),
    CHARS(anycert__negotiated, cipher, 64),
    NAMED(anycert__negotiated, key_exchange, exchanges),
    NAMED(anycert__negotiated, mode, modes),
    NAMED(anycert__negotiated, mac, digests),
    ROW(anycert__negotiated, BOOL, legacy_cipher),
    CHARS(anycert__negotiated, group, 40),
    ROW(anycert__negotiated, INT, group_bits),
    ROW(anycert__negotiated, BOOL, legacy_group),
    CHARS(anycert__negotiated, signature, 48),
    NAMED(anycert__negotiated, signature_digest, digests),
    ROW(anycert__negotiated, BOOL, secure_renegotiation),
    ROW(anycert__negotiated, BOOL, extended_master_secret),
    ROW(anycert__negotiated, BOOL, encrypt_then_mac),
    ROW(anycert__negotiated, BOOL, resumed),
    CHARS(anycert__negotiated, alpn, 16),
    END};

const struct anycert__field anycert__fields_of_failure[] = {
    ROW(anycert__handshake_failure, BOOL, failed),
    ROW(anycert__handshake_failure, ULONG, openssl_error),
    CHARS(anycert__handshake_failure, reason, 96),
    ROW(anycert__handshake_failure, INT, alert),
    ROW(anycert__handshake_failure, BOOL, alert_from_peer),
    ROW(anycert__handshake_failure, BOOL, client_cert_requested),
    ROW(anycert__handshake_failure, BOOL_OR_NONE, other_too_large),
    END};

const struct anycert__field anycert__fields_of_attempt[] = {
    NAMED(anycert__attempt, rung, rungs),
    ROW(anycert__attempt, BOOL, observes),
    ROW(anycert__attempt, BOOL, request),
    ROW(anycert__attempt, BOOL, pin),
    ROW(anycert__attempt, BOOL, expect_name),
    ROW(anycert__attempt, BOOL, send_name),
    ROW(anycert__attempt, BOOL, check_name),
    ROW(anycert__attempt, BOOL, check_dates),
    ROW(anycert__attempt, BOOL, supply),
    ROW(anycert__attempt, BOOL_OR_NONE, all_pins),
    END};

const struct anycert__field anycert__fields_of_trial[] = {
    NAMED(anycert__trial, sighting.ending, endings),
    ROW(anycert__trial, INT, sighting.alert),
    ROW(anycert__trial, BOOL, sighting.has_pin),
    ROW(anycert__trial, BOOL, sighting.has_name),
    ROW(anycert__trial, BOOL, sighting.has_supply),
    CHARS(anycert__trial, error.message, ANYCERT_ERROR_MESSAGE_SIZE),
    ROW(anycert__trial, SIZE, received),
    ROW(anycert__trial, BOOL, asked_cert),
    ROW(anycert__trial, BOOL, late),
    ROW(anycert__trial, BOOL, asks_body),
    ROW(anycert__trial, BOOL_OR_NONE, asks_options),
    ROW(anycert__trial, BOOL, has_http_cause),
    CHARS(anycert__trial, http_evidence, sizeof((struct anycert__trial *)0)->http_evidence),
    ROW(anycert__trial, INT, http_status),
    ROW(anycert__trial, BOOL, has_http_date),
    ROW(anycert__trial, I64, http_date),
    NAMED(anycert__trial, wire, wires),
    ROW(anycert__trial, U32, took_ms),
    END};
const struct anycert__field anycert__fields_of_shape[] = {
    ROW(anycert__shape, SIZE, questions), ROW(anycert__shape, BOOL, known),
    CHARS(anycert__shape, evidence, sizeof((struct anycert__shape *)0)->evidence), END};
const struct anycert__field anycert__fields_of_addresses[] = {
    ROW(anycert__addresses, SIZE, handshakes), ROW(anycert__addresses, BOOL, differ),
    ROW(anycert__addresses, BOOL, fail), ROW(anycert__addresses, BOOL, other_good), END};
const struct anycert__field anycert__fields_of_address[] = {
    CHARS(anycert__address_seen, address, ANYCERT__ADDRESS_SIZE),
    CHARS(anycert__address_seen, what, sizeof((struct anycert__address_seen *)0)->what), END};
const struct anycert__field anycert__fields_of_list[] = {
    ROW(anycert__anchor_dates, SIZE, count), ROW(anycert__anchor_dates, SIZE, not_begun),
    ROW(anycert__anchor_dates, SIZE, ended), END};
const struct anycert__field anycert__fields_of_supply[] = {
    ROW(anycert__supply, BOOL, tried),
    ROW(anycert__supply, BOOL, leads_home),
    CHARS(anycert__supply, url, ANYCERT__ISSUER_URL_SIZE),
    ROW(anycert__supply, TEXT_OR_NULL, name),
    CHARS(anycert__supply, trouble, sizeof((struct anycert__supply *)0)->trouble),
    END};

/* ---- values ---- */

yyjson_mut_val *anycert__bytes_write(yyjson_mut_doc *doc, const char *bytes, size_t len)
{
    struct anycert__buf buf;
    yyjson_mut_val *value = NULL;

    if (anycert__is_utf8(bytes, len) && !memchr(bytes, '\0', len))
        return yyjson_mut_strncpy(doc, bytes, len);
    anycert__buf_init(&buf, SIZE_MAX);
    anycert__base64_add(&buf, bytes, len, 0);
    value = yyjson_mut_obj(doc);
    if (buf.failed || !value ||
        !yyjson_mut_obj_add_strncpy(doc, value, "base64", buf.data ? buf.data : "", buf.len))
        value = NULL;
    anycert__buf_free(&buf);
    return value;
}

static int damaged(struct anycert_error *err, const char *what)
{
    return anycert__fail(err, ANYCERT_E_FILE, "%s is missing or is not what it should be", what);
}

int anycert__text_read(yyjson_val *value, const char *what, char **out, struct anycert_error *err)
{
    yyjson_val *coded = yyjson_obj_get(value, "base64");
    struct anycert__buf buf;
    bool good = true;

    *out = NULL;
    anycert__buf_init(&buf, ANYCERT__OBSERVATION_MAX);
    if (yyjson_is_str(value))
        anycert__buf_add(&buf, yyjson_get_str(value), yyjson_get_len(value));
    else
        good = coded && yyjson_is_str(coded) &&
               anycert__base64_read(&buf, yyjson_get_str(coded), yyjson_get_len(coded));
    if (good && buf.len > 0)
        good = !memchr(buf.data, '\0', buf.len);
    if (good)
        *out = anycert__buf_take(&buf, what, err);
    anycert__buf_free(&buf);
    if (!good)
        return damaged(err, what);
    return *out ? 0 : -1;
}

yyjson_mut_val *anycert__set_write(yyjson_mut_doc *doc, anycert__relaxations set)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); list && r;
         r = anycert_relaxation_next(r)) {
        if ((set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) &&
            !yyjson_mut_arr_add_str(doc, list, anycert_relaxation_name(r)))
            return NULL;
    }
    return list;
}

static anycert__relaxations bit_of(const char *name)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (anycert__str_equal(anycert_relaxation_name(r), name))
            return ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
    }
    return 0;
}

int anycert__set_read(yyjson_val *value, anycert__relaxations *out, struct anycert_error *err)
{
    size_t i = 0, max = 0;
    yyjson_val *one = NULL;

    *out = 0;
    if (!yyjson_is_arr(value))
        return damaged(err, "relaxations");
    yyjson_arr_foreach(value, i, max, one)
    {
        anycert__relaxations bit = yyjson_is_str(one) ? bit_of(yyjson_get_str(one)) : 0;

        if (bit == 0)
            return damaged(err, "relaxations");
        *out |= bit;
    }
    return 0;
}

/* ---- fields ---- */

static yyjson_mut_val *write_one(yyjson_mut_doc *doc, const struct anycert__field *field,
                                 const void *at)
{
    const char *text = NULL;
    unsigned name = 0;

    switch (field->kind) {
    case ANYCERT__FIELD_BOOL:
    case ANYCERT__FIELD_BOOL_OR_NONE:
        return yyjson_mut_bool(doc, *(const bool *)at);
    case ANYCERT__FIELD_INT:
        return yyjson_mut_sint(doc, *(const int *)at);
    case ANYCERT__FIELD_U16:
        return yyjson_mut_uint(doc, *(const uint16_t *)at);
    case ANYCERT__FIELD_U32:
        return yyjson_mut_uint(doc, *(const uint32_t *)at);
    case ANYCERT__FIELD_I64:
        return yyjson_mut_sint(doc, *(const int64_t *)at);
    case ANYCERT__FIELD_SIZE:
        return yyjson_mut_uint(doc, *(const size_t *)at);
    case ANYCERT__FIELD_ULONG:
        return yyjson_mut_uint(doc, *(const unsigned long *)at);
    case ANYCERT__FIELD_ENUM:
        memcpy(&name, at, sizeof name);
        return name < field->size ? yyjson_mut_str(doc, field->names[name]) : NULL;
    case ANYCERT__FIELD_CHARS:
        return anycert__bytes_write(doc, at, strlen(at));
    case ANYCERT__FIELD_TEXT:
    case ANYCERT__FIELD_TEXT_OR_NULL:
        text = *(char *const *)at;
        return text ? anycert__bytes_write(doc, text, strlen(text)) : yyjson_mut_null(doc);
    }
    return NULL;
}

yyjson_mut_val *anycert__fields_write(yyjson_mut_doc *doc, const struct anycert__field *fields,
                                      const void *structure)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);

    for (; object && fields->name; fields++) {
        const char *dot = strrchr(fields->name, '.');

        if (!yyjson_mut_obj_add_val(
                doc, object, dot ? dot + 1 : fields->name,
                write_one(doc, fields, (const char *)structure + fields->offset)))
            return NULL;
    }
    return object;
}

/* A whole number between two others. */
static bool read_number(yyjson_val *value, int64_t min, uint64_t max, uint64_t *out)
{
    if (yyjson_is_uint(value)) {
        *out = yyjson_get_uint(value);
        return *out <= max;
    }
    *out = (uint64_t)yyjson_get_sint(value);
    return yyjson_is_sint(value) && yyjson_get_sint(value) >= min;
}

static int read_chars(yyjson_val *value, const struct anycert__field *field, char *at,
                      struct anycert_error *err)
{
    char *text = NULL;
    size_t len = 0;

    if (anycert__text_read(value, field->name, &text, err) < 0)
        return -1;
    len = strlen(text);
    if (len < field->size)
        memcpy(at, text, len + 1);
    anycert__free(text);
    return len < field->size ? 0 : damaged(err, field->name);
}

static bool read_enum(yyjson_val *value, const struct anycert__field *field, char *at)
{
    for (unsigned i = 0; yyjson_is_str(value) && i < field->size; i++) {
        if (strcmp(yyjson_get_str(value), field->names[i]) == 0) {
            memcpy(at, &i, sizeof i);
            return true;
        }
    }
    return false;
}

static int read_text(yyjson_val *value, const struct anycert__field *field, void *at,
                     struct anycert_error *err)
{
    char *text = NULL;

    if (yyjson_is_null(value) && field->kind == ANYCERT__FIELD_TEXT_OR_NULL)
        return 0;
    if (anycert__text_read(value, field->name, &text, err) < 0)
        return -1;
    *(char **)at = text;
    return 0;
}

static int read_one(yyjson_val *value, const struct anycert__field *field, void *at,
                    struct anycert_error *err)
{
    uint64_t number = 0;
    bool good = false;

    switch (field->kind) {
    case ANYCERT__FIELD_BOOL:
    case ANYCERT__FIELD_BOOL_OR_NONE:
        good = yyjson_is_bool(value);
        *(bool *)at = yyjson_is_true(value);
        break;
    case ANYCERT__FIELD_INT:
        good = read_number(value, INT_MIN, INT_MAX, &number);
        *(int *)at = good ? (int)(int64_t)number : 0;
        break;
    case ANYCERT__FIELD_U16:
        good = read_number(value, 0, UINT16_MAX, &number);
        *(uint16_t *)at = (uint16_t)number;
        break;
    case ANYCERT__FIELD_U32:
        good = read_number(value, 0, UINT32_MAX, &number);
        *(uint32_t *)at = (uint32_t)number;
        break;
    case ANYCERT__FIELD_I64:
        good = read_number(value, INT64_MIN, INT64_MAX, &number);
        *(int64_t *)at = (int64_t)number;
        break;
    case ANYCERT__FIELD_SIZE:
        good = read_number(value, 0, SIZE_MAX, &number);
        *(size_t *)at = (size_t)number;
        break;
    case ANYCERT__FIELD_ULONG:
        good = read_number(value, 0, ULONG_MAX, &number);
        *(unsigned long *)at = (unsigned long)number;
        break;
    case ANYCERT__FIELD_ENUM:
        good = read_enum(value, field, at);
        break;
    case ANYCERT__FIELD_CHARS:
        return read_chars(value, field, at, err);
    case ANYCERT__FIELD_TEXT:
    case ANYCERT__FIELD_TEXT_OR_NULL:
        return read_text(value, field, at, err);
    }
    return good ? 0 : damaged(err, field->name);
}

int anycert__fields_read(yyjson_val *object, const struct anycert__field *fields, void *structure,
                         struct anycert_error *err)
{
    for (; fields->name; fields++) {
        const char *dot = strrchr(fields->name, '.');
        yyjson_val *value = yyjson_obj_get(object, dot ? dot + 1 : fields->name);

        if (!value && fields->kind == ANYCERT__FIELD_BOOL_OR_NONE)
            continue;
        if (!value)
            return damaged(err, fields->name);
        if (read_one(value, fields, (char *)structure + fields->offset, err) < 0)
            return -1;
    }
    return 0;
}
