/* A file as an examination. Whatever it says is a stranger's. */
#include "doctor/observation.h"

#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "doctor/search.h"

#include <string.h>

#define PEM_BEGIN  "-----BEGIN CERTIFICATE-----\n"
#define PEM_END    "-----END CERTIFICATE-----\n"
#define CHAIN_MAX  1024 /* certificates in one chain */
#define ERRORS_MAX 4096 /* of one verification */

struct reading {
    yyjson_val *certificates;
    struct anycert_error *err;
};

static int damaged(struct anycert_error *err, const char *what)
{
    return anycert__fail(err, ANYCERT_E_FILE, "%s is missing or is not what it should be", what);
}

/* ---- certificates ---- */

static int read_pem(yyjson_val *value, struct anycert__certificate *out, struct anycert_error *err)
{
    const char *pem = yyjson_get_str(value);
    size_t begin = strlen(PEM_BEGIN), end = strlen(PEM_END), len = yyjson_get_len(value);
    struct anycert__buf der;
    int result = -1;

    if (!pem || len < begin + end || memcmp(pem, PEM_BEGIN, begin) != 0 ||
        memcmp(pem + len - end, PEM_END, end) != 0)
        return damaged(err, "a certificate");
    anycert__buf_init(&der, ANYCERT__OBSERVATION_MAX);
    if (!anycert__base64_read(&der, pem + begin, len - begin - end))
        result = damaged(err, "a certificate");
    else
        result = anycert__certificate_read(out, der.data, der.len, err);
    anycert__buf_free(&der);
    return result;
}

static int read_chain(const struct reading *r, yyjson_val *list, const char *what,
                      struct anycert__certificate **out, size_t *count)
{
    size_t i = 0, max = 0;
    yyjson_val *place = NULL;

    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > CHAIN_MAX)
        return damaged(r->err, what);
    if (yyjson_arr_size(list) == 0)
        return 0;
    *out = anycert__calloc(yyjson_arr_size(list), sizeof **out);
    if (!*out)
        return anycert__fail_nomem(r->err);
    yyjson_arr_foreach(list, i, max, place)
    {
        yyjson_val *pem = yyjson_is_uint(place)
                              ? yyjson_arr_get(r->certificates, (size_t)yyjson_get_uint(place))
                              : NULL;

        if (read_pem(pem, &(*out)[i], r->err) < 0)
            return -1;
        *count = i + 1;
    }
    return 0;
}

/* ---- facts ---- */

static int read_line(yyjson_val *value, const char *what, char *out, size_t size,
                     struct anycert_error *err)
{
    char *text = NULL;
    size_t len = 0;

    if (anycert__text_read(value, what, &text, err) < 0)
        return -1;
    len = strlen(text);
    if (len < size)
        memcpy(out, text, len + 1);
    anycert__free(text);
    return len < size ? 0 : damaged(err, what);
}

static int read_errors(yyjson_val *list, struct anycert__facts *facts, struct anycert_error *err)
{
    size_t i = 0, max = 0;
    yyjson_val *one = NULL;

    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ERRORS_MAX)
        return damaged(err, "errors");
    yyjson_arr_foreach(list, i, max, one)
    {
        yyjson_val *code = yyjson_obj_get(one, "code"), *depth = yyjson_obj_get(one, "depth");

        if (!yyjson_is_int(code) || !yyjson_is_int(depth) || yyjson_get_sint(depth) < 0 ||
            yyjson_get_sint(depth) > CHAIN_MAX || yyjson_get_sint(code) <= 0 ||
            yyjson_get_sint(code) > 65535)
            return damaged(err, "errors");
        if (anycert__facts_add_error(facts, yyjson_get_int(code), yyjson_get_int(depth)) < 0)
            return anycert__fail_nomem(err);
    }
    return 0;
}

/* Files of before do not have it. */
static int read_unfit(yyjson_val *object, struct anycert__unfit *out, struct anycert_error *err)
{
    return object ? anycert__fields_read(object, anycert__fields_of_unfit, out, err) : 0;
}

/* NULL is read as no facts. */
static int read_facts(const struct reading *r, yyjson_val *object, struct anycert__facts **out)
{
    struct anycert__facts *facts = NULL;

    *out = NULL;
    if (yyjson_is_null(object))
        return 0;
    facts = *out = anycert__facts_new();
    if (!facts)
        return anycert__fail_nomem(r->err);
    if (anycert__fields_read(object, anycert__fields_of_facts, facts, r->err) < 0 ||
        anycert__fields_read(yyjson_obj_get(object, "negotiated"), anycert__fields_of_negotiated,
                             &facts->negotiated, r->err) < 0 ||
        anycert__fields_read(yyjson_obj_get(object, "failure"), anycert__fields_of_failure,
                             &facts->failure, r->err) < 0 ||
        read_line(yyjson_obj_get(object, "anchors_digest"), "anchors_digest", facts->anchors_digest,
                  sizeof facts->anchors_digest, r->err) < 0 ||
        read_errors(yyjson_obj_get(object, "errors"), facts, r->err) < 0 ||
        read_unfit(yyjson_obj_get(object, "unfit"), &facts->unfit, r->err) < 0 ||
        read_chain(r, yyjson_obj_get(object, "presented"), "presented", &facts->presented,
                   &facts->presented_count) < 0 ||
        read_chain(r, yyjson_obj_get(object, "validated"), "validated", &facts->validated,
                   &facts->validated_count) < 0)
        return -1;
    return 0;
}

/* ---- attempts ---- */

static int read_bytes(yyjson_val *value, const char *what, struct anycert__buf *buf,
                      struct anycert_error *err)
{
    if (!yyjson_is_str(value) ||
        !anycert__base64_read(buf, yyjson_get_str(value), yyjson_get_len(value)))
        return damaged(err, what);
    return 0;
}

static int read_first(yyjson_val *value, struct anycert__trial *trial, struct anycert_error *err)
{
    struct anycert__buf buf;
    int result = 0;

    anycert__buf_init(&buf, sizeof trial->first);
    result = read_bytes(value, "first_bytes", &buf, err);
    if (result == 0 && buf.len > 0)
        memcpy(trial->first, buf.data, buf.len);
    trial->first_len = result == 0 ? buf.len : 0;
    anycert__buf_free(&buf);
    return result;
}

static int read_cause(yyjson_val *value, enum anycert__cause_number *out, struct anycert_error *err)
{
    const struct anycert__cause *cause =
        yyjson_is_str(value) ? anycert__cause_find(yyjson_get_str(value)) : NULL;

    if (!cause)
        return damaged(err, "cause");
    *out = cause->number;
    return 0;
}

static int read_obstacle(yyjson_val *object, struct anycert__obstacle *out,
                         struct anycert_error *err)
{
    const char *stage = yyjson_get_str(yyjson_obj_get(object, "stage"));

    if (yyjson_is_null(object))
        return 0;
    for (int i = 0; anycert_doctor_stage_name(i); i++) {
        if (!stage || strcmp(stage, anycert_doctor_stage_name(i)) != 0)
            continue;
        out->stage = (enum anycert_doctor_stage)i;
        out->is_set = true;
    }
    if (!out->is_set)
        return damaged(err, "stage");
    if (read_cause(yyjson_obj_get(object, "cause"), &out->cause, err) < 0)
        return -1;
    return read_line(yyjson_obj_get(object, "evidence"), "evidence", out->evidence,
                     sizeof out->evidence, err);
}

static int read_names(yyjson_val *list, struct anycert__trial *trial, struct anycert_error *err)
{
    size_t i = 0, max = 0;
    yyjson_val *name = NULL;

    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ANYCERT__CA_NAMES)
        return damaged(err, "ca_names");
    yyjson_arr_foreach(list, i, max, name)
    {
        if (anycert__text_read(name, "ca_names", &trial->ca_names[i], err) < 0)
            return -1;
        trial->ca_name_count = i + 1;
    }
    return 0;
}

/* What the plan wants to know, read from the facts as it was when they were seen. */
static void look_again(struct anycert__trial *trial)
{
    const struct anycert__facts *facts = trial->facts;
    struct anycert__sighting *sighting = &trial->sighting;

    if (!facts)
        return;
    sighting->name_is_right = facts->name_match;
    anycert__trial_read_dates(facts, sighting);
    anycert__trial_read_certificate(facts, sighting);
    anycert__trial_read_needs(facts, sighting);
    anycert__trial_read_status(trial);
}

static int read_attempt(const struct reading *r, yyjson_val *object, struct anycert__trial *trial)
{
    yyjson_val *tried = yyjson_obj_get(object, "tried");

    anycert__buf_init(&trial->tape.sent, ANYCERT__TAPE_MAX);
    anycert__buf_init(&trial->tape.received, ANYCERT__TAPE_MAX);
    if (anycert__fields_read(tried, anycert__fields_of_attempt, &trial->attempt, r->err) < 0 ||
        anycert__set_read(yyjson_obj_get(tried, "relaxations"), &trial->attempt.relaxations,
                          r->err) < 0 ||
        anycert__fields_read(object, anycert__fields_of_trial, trial, r->err) < 0 ||
        anycert__text_read(yyjson_obj_get(object, "policy"), "policy", &trial->policy_text,
                           r->err) < 0 ||
        read_facts(r, yyjson_obj_get(object, "facts"), &trial->facts) < 0 ||
        read_obstacle(yyjson_obj_get(object, "obstacle"), &trial->obstacle, r->err) < 0 ||
        read_names(yyjson_obj_get(object, "ca_names"), trial, r->err) < 0 ||
        read_first(yyjson_obj_get(object, "first_bytes"), trial, r->err) < 0 ||
        read_bytes(yyjson_obj_get(object, "sent_bytes"), "sent_bytes", &trial->tape.sent, r->err) <
            0 ||
        read_bytes(yyjson_obj_get(object, "received_bytes"), "received_bytes",
                   &trial->tape.received, r->err) < 0)
        return -1;
    if (trial->has_http_cause &&
        read_cause(yyjson_obj_get(object, "http_cause"), &trial->http_cause, r->err) < 0)
        return -1;
    trial->attempt.send_expected = yyjson_is_true(yyjson_obj_get(tried, "send_expected"));
    look_again(trial);
    return 0;
}

static int read_attempts(const struct reading *r, yyjson_val *list,
                         struct anycert__examination *examination)
{
    size_t i = 0, max = 0;
    yyjson_val *one = NULL;

    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ANYCERT__PLAN_BUDGET)
        return damaged(r->err, "attempts");
    yyjson_arr_foreach(list, i, max, one)
    {
        if (read_attempt(r, one, &examination->done[i]) < 0)
            return anycert__error_prefix(r->err, "attempt");
        anycert__trial_note_pins(&examination->trials, &examination->done[i]);
    }
    return 0;
}

/* ---- the rest ---- */

static int read_questions(yyjson_val *object, struct anycert__confession *out,
                          struct anycert_error *err)
{
    yyjson_val *count = yyjson_obj_get(object, "count"), *causes = yyjson_obj_get(object, "causes");
    yyjson_val *cause = NULL;
    size_t i = 0, max = 0;

    if (!yyjson_is_uint(count) || yyjson_get_uint(count) > ANYCERT__PLAN_BUDGET ||
        !yyjson_is_arr(causes) || yyjson_arr_size(causes) > ANYCERT__CONFESSIONS)
        return damaged(err, "questions");
    out->questions = (size_t)yyjson_get_uint(count);
    yyjson_arr_foreach(causes, i, max, cause)
    {
        if (read_cause(cause, &out->causes[i], err) < 0)
            return -1;
        out->cause_count = i + 1;
    }
    return read_line(yyjson_obj_get(object, "evidence"), "evidence", out->evidence,
                     sizeof out->evidence, err);
}

static int read_shape(yyjson_val *object, struct anycert__shape *shape, struct anycert_error *err)
{
    if (anycert__fields_read(object, anycert__fields_of_shape, shape, err) < 0)
        return -1;
    if (shape->questions > ANYCERT__PLAN_BUDGET)
        return damaged(err, "hellos");
    return shape->known ? read_cause(yyjson_obj_get(object, "cause"), &shape->cause, err) : 0;
}

static int read_compared(yyjson_val *object, struct anycert__addresses *out,
                         struct anycert_error *err)
{
    yyjson_val *list = yyjson_obj_get(object, "seen"), *one = NULL;
    size_t i = 0, max = 0;

    if (anycert__fields_read(object, anycert__fields_of_addresses, out, err) < 0)
        return -1;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ANYCERT__ADDRESSES_MAX ||
        out->handshakes > ANYCERT__ADDRESSES_MAX)
        return damaged(err, "compared");
    yyjson_arr_foreach(list, i, max, one)
    {
        if (anycert__fields_read(one, anycert__fields_of_address, &out->seen[i], err) < 0)
            return -1;
        out->count = i + 1;
    }
    return 0;
}

/* What was asked beside the attempts. */
static int read_beside(const struct reading *r, yyjson_val *root,
                       struct anycert__examination *examination)
{
    yyjson_val *direct = yyjson_obj_get(root, "direct"),
               *repeated = yyjson_obj_get(root, "repeated");

    if (read_questions(yyjson_obj_get(root, "questions"), &examination->confession, r->err) < 0 ||
        read_shape(yyjson_obj_get(root, "hellos"), &examination->shape, r->err) < 0 ||
        read_compared(yyjson_obj_get(root, "compared"), &examination->addresses, r->err) < 0 ||
        anycert__fields_read(yyjson_obj_get(root, "fetched"), anycert__fields_of_supply,
                             &examination->trials.supply, r->err) < 0 ||
        read_line(yyjson_obj_get(root, "shares_issuer"), "shares_issuer",
                  examination->shares_issuer, sizeof examination->shares_issuer, r->err) < 0)
        return -1;
    if (!yyjson_is_uint(repeated) || yyjson_get_uint(repeated) > ANYCERT__PLAN_BUDGET)
        return damaged(r->err, "repeated");
    examination->trials.repeated = (size_t)yyjson_get_uint(repeated);
    if (yyjson_is_null(direct))
        return 0;
    examination->compared = 1;
    return read_attempt(r, direct, &examination->direct);
}

/* Files of before do not have them. */
static int read_words(yyjson_val *list, const char *what, struct anycert__words *words,
                      struct anycert_error *err)
{
    size_t i = 0, max = 0;
    yyjson_val *pair = NULL;

    if (!list)
        return 0;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ANYCERT__WORDS_MAX)
        return damaged(err, what);
    yyjson_arr_foreach(list, i, max, pair)
    {
        const char *option = yyjson_get_str(yyjson_arr_get(pair, 0));
        yyjson_val *value = yyjson_arr_get(pair, 1);

        struct anycert_error why = {0};

        /* A NUL would end the value early, and is no part of one. */
        if (!option || !yyjson_is_str(value) ||
            strlen(yyjson_get_str(value)) != yyjson_get_len(value))
            return damaged(err, what);
        if (anycert__words_add(words, option, yyjson_get_str(value), &why) < 0)
            return why.code == ANYCERT_E_NOMEM ? anycert__fail_nomem(err) : damaged(err, what);
    }
    return 0;
}

static int read_peer(yyjson_val *object, struct anycert__peer *out, struct anycert_error *err)
{
    yyjson_val *port = yyjson_obj_get(object, "port");
    char identity[256];
    bool is_ip = false;

    if (read_line(yyjson_obj_get(object, "host"), "host", out->host, sizeof out->host, err) < 0)
        return -1;
    if (anycert__identity_from_host(out->host, identity, &is_ip, NULL) < 0)
        return damaged(err, "host");
    if (!yyjson_is_uint(port) || yyjson_get_uint(port) == 0 || yyjson_get_uint(port) > UINT16_MAX)
        return damaged(err, "port");
    out->port = (uint16_t)yyjson_get_uint(port);
    return 0;
}

/* Files of before do not have it. */
static int read_proxy_policy(yyjson_val *text, struct anycert_doctor *doctor,
                             struct anycert_error *err)
{
    struct anycert_policy *policy = NULL;

    if (!text)
        return 0;
    policy = yyjson_is_str(text) ? anycert_policy_parse(yyjson_get_str(text), NULL) : NULL;
    if (!policy)
        return damaged(err, "proxy_policy");
    anycert_policy_free(doctor->proxy_policy);
    doctor->proxy_policy = policy;
    return 0;
}

static int read_question(yyjson_val *object, struct anycert_doctor *doctor,
                         struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    yyjson_val *base = yyjson_obj_get(object, "base");
    yyjson_val *limit = yyjson_obj_get(object, "timeout_ms");
    struct anycert_policy *policy = NULL;

    if (anycert__text_read(yyjson_obj_get(object, "target"), "target", &diagnosis->target, err) <
            0 ||
        read_peer(object, &diagnosis->peer, err) < 0 ||
        read_proxy_policy(yyjson_obj_get(object, "proxy_policy"), doctor, err) < 0)
        return -1;
    if (read_line(yyjson_obj_get(object, "proxy"), "proxy", doctor->proxy.peer.host,
                  sizeof doctor->proxy.peer.host, err) < 0)
        return -1;
    diagnosis->other_way = yyjson_get_bool(yyjson_obj_get(object, "other_way"));
    diagnosis->helped = yyjson_get_bool(yyjson_obj_get(object, "intermediates"));
    if (read_words(yyjson_obj_get(object, "way"), "way", &diagnosis->way, err) < 0 ||
        read_words(yyjson_obj_get(object, "given"), "given", &diagnosis->given, err) < 0)
        return -1;
    doctor->wants_request = yyjson_get_bool(yyjson_obj_get(object, "request"));
    /* Files of before say nothing of these two. */
    doctor->wants_body = yyjson_get_bool(yyjson_obj_get(object, "body"));
    if (yyjson_get_uint(limit) > 0 && yyjson_get_uint(limit) <= UINT32_MAX)
        doctor->timeout_ms = (uint32_t)yyjson_get_uint(limit);
    policy = yyjson_is_str(base) ? anycert_policy_parse(yyjson_get_str(base), NULL) : NULL;
    if (!policy || policy->rung != ANYCERT__RUNG_HARDENED || policy->relaxations != 0) {
        anycert_policy_free(policy);
        return damaged(err, "base");
    }
    anycert_policy_free(doctor->base); /* its anchors may have been in memory, and are not opened */
    doctor->base = policy;
    return 0;
}

/* ---- anchors ---- */

/* A set of anchors of some of the certificates. */
static int read_set(const struct reading *r, yyjson_val *list, struct anycert__anchors **out)
{
    struct anycert_policy *policy = anycert_policy_new(r->err);
    size_t i = 0, max = 0;
    yyjson_val *place = NULL;
    int result = policy ? 0 : -1;

    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > ANYCERT__ANCHORS_ABOUT_MAX)
        result = damaged(r->err, "anchors");
    yyjson_arr_foreach(list, i, max, place)
    {
        yyjson_val *pem = yyjson_is_uint(place)
                              ? yyjson_arr_get(r->certificates, (size_t)yyjson_get_uint(place))
                              : NULL;
        struct anycert__certificate certificate = {0};

        if (result < 0 || read_pem(pem, &certificate, r->err) < 0 ||
            anycert_policy_add_ca_pem(policy, yyjson_get_str(pem), yyjson_get_len(pem), r->err) < 0)
            result = -1;
        anycert__certificate_clear(&certificate);
    }
    if (result == 0)
        *out = i > 0 ? anycert__anchors_or_none(policy, r->err)
                     : anycert__anchors_none("none was kept");
    anycert_policy_free(policy);
    return result == 0 && *out ? 0 : -1;
}

/* Files of before do not have them: what our own anchors have to do with it is not known then. */
static int read_anchors(const struct reading *r, yyjson_val *object,
                        struct anycert__examination *examination)
{
    if (!object)
        return 0;
    if (read_set(r, yyjson_obj_get(object, "server"), &examination->anchors) < 0 ||
        read_set(r, yyjson_obj_get(object, "proxy"), &examination->trials.route.proxy_anchors) < 0)
        return -1;
    if (anycert__fields_read(yyjson_obj_get(object, "list"), anycert__fields_of_list,
                             &examination->list, r->err) < 0)
        return -1;
    return anycert__fields_read(yyjson_obj_get(object, "proxy_list"), anycert__fields_of_list,
                                &examination->proxy_list, r->err);
}

static int read_examination(const struct reading *r, yyjson_val *object,
                            struct anycert__examination *examination)
{
    if (read_line(yyjson_obj_get(object, "pin"), "pin", examination->trials.pin,
                  sizeof examination->trials.pin, r->err) < 0 ||
        read_line(yyjson_obj_get(object, "name"), "name", examination->trials.name,
                  sizeof examination->trials.name, r->err) < 0 ||
        read_attempts(r, yyjson_obj_get(object, "attempts"), examination) < 0 ||
        read_anchors(r, yyjson_obj_get(object, "anchors"), examination) < 0)
        return -1;
    return read_beside(r, object, examination);
}

/* Files of before do not have it: what is wrong with the proxy was seen on the way then. */
static int read_proxy(const struct reading *r, yyjson_val *object,
                      const struct anycert_doctor *doctor, struct anycert__examination *outer)
{
    struct anycert__examination *examination = NULL;

    if (!object || yyjson_is_null(object))
        return 0;
    outer->proxy = anycert__proxy_examination_new(doctor, r->err);
    if (!outer->proxy)
        return -1;
    examination = &outer->proxy->examination;
    examination->trials.doctor = &outer->proxy->doctor;
    if (read_peer(object, &examination->trials.route.target, r->err) < 0)
        return -1;
    return read_examination(r, object, examination);
}

static int read_all(yyjson_val *root, struct anycert_doctor *doctor,
                    struct anycert_diagnosis *diagnosis, struct anycert__examination *examination,
                    struct anycert_error *err)
{
    struct reading r = {yyjson_obj_get(root, "certificates"), err};
    yyjson_val *elapsed = yyjson_obj_get(root, "elapsed_ms");

    if (!yyjson_is_arr(r.certificates) ||
        yyjson_arr_size(r.certificates) > ANYCERT__CERTIFICATES_MAX)
        return damaged(err, "certificates");
    if (!yyjson_is_uint(elapsed))
        return damaged(err, "elapsed_ms");
    examination->elapsed_ms = yyjson_get_uint(elapsed);
    if (read_question(yyjson_obj_get(root, "question"), doctor, diagnosis, err) < 0 ||
        read_facts(&r, yyjson_obj_get(root, "proxy"), &examination->trials.route.proxy_facts) < 0 ||
        read_examination(&r, root, examination) < 0)
        return -1;
    return read_proxy(&r, yyjson_obj_get(root, "proxy_examination"), doctor, examination);
}

static int check_head(yyjson_val *root, struct anycert_error *err)
{
    yyjson_val *format = yyjson_obj_get(root, "format"), *version = yyjson_obj_get(root, "version");

    if (!yyjson_is_str(format) || strcmp(yyjson_get_str(format), ANYCERT__OBSERVATION_FORMAT) != 0)
        return anycert__fail(err, ANYCERT_E_FILE, "it is no observation that --save has written");
    if (!yyjson_is_uint(version) || yyjson_get_uint(version) == 0)
        return damaged(err, "version");
    if (yyjson_get_uint(version) > ANYCERT__OBSERVATION_VERSION)
        return anycert__fail(err, ANYCERT_E_FILE,
                             "it is of version %llu, which a newer anycert has written; this one "
                             "reads version %d",
                             (unsigned long long)yyjson_get_uint(version),
                             ANYCERT__OBSERVATION_VERSION);
    return 0;
}

int anycert__observation_read(const char *text, size_t len, struct anycert_doctor *doctor,
                              struct anycert_diagnosis *diagnosis,
                              struct anycert__examination *examination, struct anycert_error *err)
{
    yyjson_read_err why = {0};
    yyjson_doc *doc = NULL;
    int result = -1;

    if (len > ANYCERT__OBSERVATION_MAX)
        return anycert__fail(err, ANYCERT_E_FILE, "it is larger than an observation can be");
    /* yyjson takes a pointer that it may write to, and does so only where that is asked for. */
    doc = yyjson_read_opts((char *)(uintptr_t)text, len, 0, NULL, &why);
    if (!doc)
        return anycert__fail(err, ANYCERT_E_FILE,
                             "it is no observation: it is not whole JSON (%s at byte %zu)",
                             why.msg ? why.msg : "unknown", why.pos);
    if (check_head(yyjson_doc_get_root(doc), err) == 0)
        result = read_all(yyjson_doc_get_root(doc), doctor, diagnosis, examination, err);
    yyjson_doc_free(doc);
    return result;
}
