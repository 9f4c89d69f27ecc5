/* An examination as a file. */
#include "doctor/observation.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "verdict/render.h"

#include <anycert/version.h>

#include <netdb.h>
#include <string.h>

#define LINE 64 /* characters of PEM */

/* Certificates that nobody else has. */
struct kept {
    struct anycert__certificate *list;
    size_t count;
};

struct writing {
    yyjson_mut_doc *doc;
    struct kept kept[3]; /* anchors for the server, for the proxy, and for it as a server */
    const struct anycert_diagnosis *diagnosis;
    /* Those that stand in the file, each once. */
    const struct anycert__certificate *certificates[ANYCERT__CERTIFICATES_MAX];
    size_t certificate_count;
};

/* ---- certificates ---- */

static yyjson_mut_val *pem_of(yyjson_mut_doc *doc, const struct anycert__certificate *certificate)
{
    struct anycert__buf buf;
    yyjson_mut_val *value = NULL;

    anycert__buf_init(&buf, ANYCERT__OBSERVATION_MAX);
    anycert__buf_adds(&buf, "-----BEGIN CERTIFICATE-----\n");
    anycert__base64_add(&buf, certificate->der, certificate->der_len, LINE);
    anycert__buf_adds(&buf, "-----END CERTIFICATE-----\n");
    if (!buf.failed)
        value = yyjson_mut_strncpy(doc, buf.data, buf.len);
    anycert__buf_free(&buf);
    return value;
}

/* Where it stands among the certificates of the file. */
static size_t place_of(struct writing *w, const struct anycert__certificate *certificate)
{
    for (size_t i = 0; i < w->certificate_count; i++) {
        if (memcmp(w->certificates[i]->sha256, certificate->sha256, sizeof certificate->sha256) ==
            0)
            return i;
    }
    if (w->certificate_count < ANYCERT__CERTIFICATES_MAX)
        w->certificates[w->certificate_count++] = certificate;
    return w->certificate_count - 1;
}

static yyjson_mut_val *chain_of(struct writing *w, const struct anycert__certificate *chain,
                                size_t count)
{
    yyjson_mut_val *list = yyjson_mut_arr(w->doc);

    for (size_t i = 0; list && i < count; i++) {
        if (!yyjson_mut_arr_add_uint(w->doc, list, place_of(w, &chain[i])))
            return NULL;
    }
    return list;
}

static yyjson_mut_val *certificates_of(struct writing *w)
{
    yyjson_mut_val *list = yyjson_mut_arr(w->doc);

    for (size_t i = 0; list && i < w->certificate_count; i++) {
        if (!yyjson_mut_arr_add_val(list, pem_of(w->doc, w->certificates[i])))
            return NULL;
    }
    return list;
}

/* ---- attempts ---- */

static yyjson_mut_val *errors_of(yyjson_mut_doc *doc, const struct anycert__facts *facts)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < facts->error_count; i++) {
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, list);

        if (!one || !yyjson_mut_obj_add_int(doc, one, "code", facts->errors[i].code) ||
            !yyjson_mut_obj_add_int(doc, one, "depth", facts->errors[i].depth))
            return NULL;
    }
    return list;
}

static yyjson_mut_val *facts_of(struct writing *w, const struct anycert__facts *facts)
{
    yyjson_mut_val *object = NULL;

    if (!facts)
        return yyjson_mut_null(w->doc);
    object = anycert__fields_write(w->doc, anycert__fields_of_facts, facts);
    if (!object ||
        !yyjson_mut_obj_add_strcpy(w->doc, object, "anchors_digest",
                                   anycert__facts_anchors_digest(facts)) ||
        !yyjson_mut_obj_add_val(w->doc, object, "presented",
                                chain_of(w, facts->presented, facts->presented_count)) ||
        !yyjson_mut_obj_add_val(w->doc, object, "validated",
                                chain_of(w, facts->validated, facts->validated_count)) ||
        !yyjson_mut_obj_add_val(w->doc, object, "errors", errors_of(w->doc, facts)) ||
        !yyjson_mut_obj_add_val(
            w->doc, object, "negotiated",
            anycert__fields_write(w->doc, anycert__fields_of_negotiated, &facts->negotiated)) ||
        !yyjson_mut_obj_add_val(
            w->doc, object, "failure",
            anycert__fields_write(w->doc, anycert__fields_of_failure, &facts->failure)) ||
        (facts->unfit.code != 0 &&
         !yyjson_mut_obj_add_val(
             w->doc, object, "unfit",
             anycert__fields_write(w->doc, anycert__fields_of_unfit, &facts->unfit))))
        return NULL;
    return object;
}

static bool add_bytes(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key,
                      const void *bytes, size_t len)
{
    struct anycert__buf buf;
    bool done = false;

    anycert__buf_init(&buf, SIZE_MAX);
    anycert__base64_add(&buf, bytes, len, 0);
    done = !buf.failed &&
           yyjson_mut_obj_add_strncpy(doc, object, key, buf.data ? buf.data : "", buf.len);
    anycert__buf_free(&buf);
    return done;
}

static yyjson_mut_val *obstacle_of(yyjson_mut_doc *doc, const struct anycert__obstacle *obstacle)
{
    yyjson_mut_val *object = obstacle->is_set ? yyjson_mut_obj(doc) : yyjson_mut_null(doc);

    if (!obstacle->is_set || !object)
        return object;
    if (!yyjson_mut_obj_add_str(doc, object, "stage",
                                anycert_doctor_stage_name((int)obstacle->stage)) ||
        !yyjson_mut_obj_add_str(doc, object, "cause", anycert__cause(obstacle->cause)->id) ||
        !yyjson_mut_obj_add_val(
            doc, object, "evidence",
            anycert__bytes_write(doc, obstacle->evidence, strlen(obstacle->evidence))))
        return NULL;
    return object;
}

static yyjson_mut_val *names_of(yyjson_mut_doc *doc, const struct anycert__trial *trial)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < trial->ca_name_count; i++) {
        if (!yyjson_mut_arr_add_val(
                list, anycert__bytes_write(doc, trial->ca_names[i], strlen(trial->ca_names[i]))))
            return NULL;
    }
    return list;
}

/* By its id; null for none. */
static bool add_cause(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, bool there,
                      enum anycert__cause_number cause)
{
    return there ? yyjson_mut_obj_add_str(doc, object, key, anycert__cause(cause)->id)
                 : yyjson_mut_obj_add_null(doc, object, key);
}

static yyjson_mut_val *attempt_of(struct writing *w, const struct anycert__trial *trial)
{
    yyjson_mut_doc *doc = w->doc;
    yyjson_mut_val *tried = anycert__fields_write(doc, anycert__fields_of_attempt, &trial->attempt);
    yyjson_mut_val *object = anycert__fields_write(doc, anycert__fields_of_trial, trial);

    if (!tried || !object ||
        !yyjson_mut_obj_add_val(doc, tried, "relaxations",
                                anycert__set_write(doc, trial->attempt.relaxations)) ||
        (trial->attempt.send_expected && !yyjson_mut_obj_add_true(doc, tried, "send_expected")) ||
        !yyjson_mut_obj_add_val(
            doc, object, "policy",
            anycert__bytes_write(doc, trial->policy_text, strlen(trial->policy_text))) ||
        !yyjson_mut_obj_add_val(doc, object, "tried", tried) ||
        !yyjson_mut_obj_add_val(doc, object, "facts", facts_of(w, trial->facts)) ||
        !yyjson_mut_obj_add_val(doc, object, "obstacle", obstacle_of(doc, &trial->obstacle)) ||
        !yyjson_mut_obj_add_val(doc, object, "ca_names", names_of(doc, trial)) ||
        !add_cause(doc, object, "http_cause", trial->has_http_cause, trial->http_cause) ||
        !add_bytes(doc, object, "first_bytes", trial->first, trial->first_len) ||
        !add_bytes(doc, object, "sent_bytes", trial->tape.sent.data, trial->tape.sent.len) ||
        !add_bytes(doc, object, "received_bytes", trial->tape.received.data,
                   trial->tape.received.len))
        return NULL;
    return object;
}

static yyjson_mut_val *attempts_of(struct writing *w,
                                   const struct anycert__examination *examination)
{
    yyjson_mut_val *list = yyjson_mut_arr(w->doc);

    for (size_t i = 0; list && i < ANYCERT__PLAN_BUDGET; i++) {
        if (examination->done[i].policy_text &&
            !yyjson_mut_arr_add_val(list, attempt_of(w, &examination->done[i])))
            return NULL;
    }
    return list;
}

/* ---- anchors ---- */

/* Those that have to do with a chain. The certificates are kept until the file is written. */
static yyjson_mut_val *anchors_about(struct writing *w, struct anycert__anchors *anchors,
                                     const struct anycert__facts *facts, struct kept *kept)
{
    if (anchors && facts &&
        (anycert__anchors_about(anchors, facts->presented, facts->presented_count, &kept->list,
                                &kept->count, NULL) < 0 ||
         anycert__anchors_about(anchors, facts->validated, facts->validated_count, &kept->list,
                                &kept->count, NULL) < 0))
        return NULL;
    return chain_of(w, kept->list, kept->count);
}

static bool add_anchors(struct writing *w, const struct anycert__examination *examination,
                        struct kept *kept, yyjson_mut_val *root)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);

    return object &&
           yyjson_mut_obj_add_val(
               w->doc, object, "server",
               anchors_about(w, examination->anchors, best ? best->facts : NULL, kept)) &&
           yyjson_mut_obj_add_val(w->doc, object, "proxy",
                                  anchors_about(w, examination->trials.route.proxy_anchors,
                                                examination->trials.route.proxy_facts,
                                                &w->kept[1])) &&
           yyjson_mut_obj_add_val(
               w->doc, object, "list",
               anycert__fields_write(w->doc, anycert__fields_of_list, &examination->list)) &&
           yyjson_mut_obj_add_val(
               w->doc, object, "proxy_list",
               anycert__fields_write(w->doc, anycert__fields_of_list, &examination->proxy_list)) &&
           yyjson_mut_obj_add_val(w->doc, root, "anchors", object);
}

/* ---- the rest ---- */

static yyjson_mut_val *questions_of(yyjson_mut_doc *doc,
                                    const struct anycert__confession *confession)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_val *causes = yyjson_mut_arr(doc);

    for (size_t i = 0; causes && i < confession->cause_count; i++) {
        if (!yyjson_mut_arr_add_str(doc, causes, anycert__cause(confession->causes[i])->id))
            return NULL;
    }
    if (!object || !yyjson_mut_obj_add_uint(doc, object, "count", confession->questions) ||
        !yyjson_mut_obj_add_val(doc, object, "causes", causes) ||
        !yyjson_mut_obj_add_val(
            doc, object, "evidence",
            anycert__bytes_write(doc, confession->evidence, strlen(confession->evidence))))
        return NULL;
    return object;
}

/* ---- what was asked beside the attempts ---- */

static yyjson_mut_val *shape_of(yyjson_mut_doc *doc, const struct anycert__shape *shape)
{
    yyjson_mut_val *object = anycert__fields_write(doc, anycert__fields_of_shape, shape);

    return object && add_cause(doc, object, "cause", shape->known, shape->cause) ? object : NULL;
}

static yyjson_mut_val *compared_of(yyjson_mut_doc *doc, const struct anycert__addresses *addresses)
{
    yyjson_mut_val *object = anycert__fields_write(doc, anycert__fields_of_addresses, addresses);
    yyjson_mut_val *list = object ? yyjson_mut_arr(doc) : NULL;

    for (size_t i = 0; list && i < addresses->count; i++) {
        if (!yyjson_mut_arr_add_val(
                list, anycert__fields_write(doc, anycert__fields_of_address, &addresses->seen[i])))
            return NULL;
    }
    return list && yyjson_mut_obj_add_val(doc, object, "seen", list) ? object : NULL;
}

static bool add_beside(struct writing *w, const struct anycert__examination *examination,
                       yyjson_mut_val *root)
{
    yyjson_mut_doc *doc = w->doc;

    return yyjson_mut_obj_add_val(doc, root, "questions",
                                  questions_of(doc, &examination->confession)) &&
           yyjson_mut_obj_add_val(doc, root, "hellos", shape_of(doc, &examination->shape)) &&
           yyjson_mut_obj_add_val(doc, root, "compared",
                                  compared_of(doc, &examination->addresses)) &&
           yyjson_mut_obj_add_val(doc, root, "fetched",
                                  anycert__fields_write(doc, anycert__fields_of_supply,
                                                        &examination->trials.supply)) &&
           yyjson_mut_obj_add_val(doc, root, "direct",
                                  examination->direct.policy_text
                                      ? attempt_of(w, &examination->direct)
                                      : yyjson_mut_null(doc)) &&
           yyjson_mut_obj_add_strcpy(doc, root, "shares_issuer", examination->shares_issuer) &&
           yyjson_mut_obj_add_uint(doc, root, "repeated", examination->trials.repeated);
}

/* Of the server, or of the proxy, that connections went to. */
static yyjson_mut_val *addresses_of(yyjson_mut_doc *doc, const struct anycert__route *route)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (const struct addrinfo *a = route->addresses; list && a; a = a->ai_next) {
        char host[64] = "";

        if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) ==
                0 &&
            !yyjson_mut_arr_add_strcpy(doc, list, host))
            return NULL;
    }
    return list;
}

/* Each as [option, value]. */
static yyjson_mut_val *words_of(yyjson_mut_doc *doc, const struct anycert__words *words)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);

    for (size_t i = 0; list && i < words->count; i++) {
        yyjson_mut_val *pair = yyjson_mut_arr_add_arr(doc, list);

        if (!pair || !yyjson_mut_arr_add_str(doc, pair, words->items[i].option) ||
            !yyjson_mut_arr_add_strcpy(doc, pair, words->items[i].value))
            return NULL;
    }
    return list;
}

static bool add_question(struct writing *w, yyjson_mut_val *root)
{
    const struct anycert_diagnosis *diagnosis = w->diagnosis;
    yyjson_mut_val *object = yyjson_mut_obj(w->doc);
    char *base = anycert_policy_format(diagnosis->base, NULL);
    char *given = anycert_policy_format(diagnosis->proxy_policy, NULL);
    struct anycert__words way = {0}, repeated = {0};
    bool done = object && base && given &&
                anycert__words_asked(diagnosis, &diagnosis->way, &way, NULL) == 0 &&
                anycert__words_asked(diagnosis, &diagnosis->given, &repeated, NULL) == 0 &&
                yyjson_mut_obj_add_strcpy(w->doc, object, "target", diagnosis->target) &&
                yyjson_mut_obj_add_strcpy(w->doc, object, "host", diagnosis->peer.host) &&
                yyjson_mut_obj_add_uint(w->doc, object, "port", diagnosis->peer.port) &&
                yyjson_mut_obj_add_strcpy(w->doc, object, "base", base) &&
                yyjson_mut_obj_add_bool(w->doc, object, "request",
                                        diagnosis->examination->plan.wants_request) &&
                yyjson_mut_obj_add_bool(w->doc, object, "body", diagnosis->asked_body) &&
                yyjson_mut_obj_add_uint(w->doc, object, "timeout_ms", diagnosis->limit_ms) &&
                yyjson_mut_obj_add_strcpy(w->doc, object, "proxy", diagnosis->proxy) &&
                yyjson_mut_obj_add_strcpy(w->doc, object, "proxy_policy", given) &&
                yyjson_mut_obj_add_bool(w->doc, object, "other_way", diagnosis->other_way) &&
                yyjson_mut_obj_add_bool(w->doc, object, "intermediates", diagnosis->helped) &&
                yyjson_mut_obj_add_val(w->doc, object, "way", words_of(w->doc, &way)) &&
                yyjson_mut_obj_add_val(w->doc, object, "given", words_of(w->doc, &repeated));

    anycert_free(base);
    anycert_free(given);
    anycert__words_clear(&way);
    anycert__words_clear(&repeated);
    return done && yyjson_mut_obj_add_val(w->doc, root, "question", object);
}

static bool add_head(struct writing *w, yyjson_mut_val *root)
{
    char date[ANYCERT__TIME_SIZE];
    yyjson_mut_val *versions = yyjson_mut_obj(w->doc);

    anycert__format_time(w->diagnosis->examined, date);
    return versions &&
           yyjson_mut_obj_add_str(w->doc, root, "format", ANYCERT__OBSERVATION_FORMAT) &&
           yyjson_mut_obj_add_int(w->doc, root, "version", ANYCERT__OBSERVATION_VERSION) &&
           yyjson_mut_obj_add_strcpy(w->doc, root, "examined", date) &&
           yyjson_mut_obj_add_str(w->doc, versions, "anycert", anycert_version()) &&
           yyjson_mut_obj_add_str(w->doc, versions, "openssl", anycert_openssl_version()) &&
           yyjson_mut_obj_add_val(w->doc, root, "versions", versions);
}

static bool add_examination(struct writing *w, const struct anycert__examination *examination,
                            struct kept *kept, yyjson_mut_val *root)
{
    return yyjson_mut_obj_add_str(w->doc, root, "pin", examination->trials.pin) &&
           yyjson_mut_obj_add_str(w->doc, root, "name", examination->trials.name) &&
           yyjson_mut_obj_add_val(w->doc, root, "attempts", attempts_of(w, examination)) &&
           add_beside(w, examination, root) && add_anchors(w, examination, kept, root);
}

/* The proxy's own, if there was one. */
static bool add_proxy(struct writing *w, yyjson_mut_val *root)
{
    const struct anycert__proxy_examination *proxy = w->diagnosis->examination->proxy;
    const struct anycert__examination *examination = proxy ? &proxy->examination : NULL;
    yyjson_mut_val *object = proxy ? yyjson_mut_obj(w->doc) : yyjson_mut_null(w->doc);

    return object &&
           (!proxy || (yyjson_mut_obj_add_strcpy(w->doc, object, "host",
                                                 examination->trials.route.target.host) &&
                       yyjson_mut_obj_add_uint(w->doc, object, "port",
                                               examination->trials.route.target.port) &&
                       add_examination(w, examination, &w->kept[2], object))) &&
           yyjson_mut_obj_add_val(w->doc, root, "proxy_examination", object);
}

static bool add_all(struct writing *w, yyjson_mut_val *root)
{
    const struct anycert__examination *examination = w->diagnosis->examination;
    yyjson_mut_doc *doc = w->doc;

    return add_head(w, root) && add_question(w, root) &&
           yyjson_mut_obj_add_val(doc, root, "addresses",
                                  addresses_of(doc, &examination->trials.route)) &&
           yyjson_mut_obj_add_val(doc, root, "proxy",
                                  facts_of(w, examination->trials.route.proxy_facts)) &&
           add_examination(w, examination, w->kept, root) && add_proxy(w, root) &&
           yyjson_mut_obj_add_uint(doc, root, "elapsed_ms", examination->elapsed_ms) &&
           yyjson_mut_obj_add_val(doc, root, "certificates", certificates_of(w));
}

char *anycert_diagnosis_observation(const struct anycert_diagnosis *diagnosis,
                                    struct anycert_error *err)
{
    struct writing *w = anycert__calloc(1, sizeof *w);
    yyjson_mut_val *root = NULL;
    char *text = NULL;

    if (w) {
        w->diagnosis = diagnosis;
        w->doc = anycert__json_new();
        root = w->doc ? yyjson_mut_obj(w->doc) : NULL;
    }
    if (root && add_all(w, root)) {
        yyjson_mut_doc_set_root(w->doc, root);
        text = anycert__json_write(w->doc, err);
    } else {
        anycert__fail_nomem(err);
    }
    if (w)
        yyjson_mut_doc_free(w->doc);
    for (size_t i = 0; w && i < sizeof w->kept / sizeof w->kept[0]; i++) {
        for (size_t j = 0; j < w->kept[i].count; j++)
            anycert__certificate_clear(&w->kept[i].list[j]);
        anycert__free(w->kept[i].list);
    }
    anycert__free(w);
    return text;
}

int anycert_diagnosis_save(const struct anycert_diagnosis *diagnosis, const char *path,
                           struct anycert_error *err)
{
    struct anycert__file_writer *file = NULL;
    char *text = anycert_diagnosis_observation(diagnosis, err);
    int result = -1;

    if (text && anycert__file_writer_open_secret(path, &file, err) == 0 &&
        anycert__file_writer_write(file, text, strlen(text), err) == 0 &&
        anycert__file_writer_write(file, "\n", 1, err) == 0 &&
        anycert__file_writer_commit(file, err) == 0)
        result = 0;
    anycert__file_writer_free(file);
    anycert_free(text);
    return result;
}
