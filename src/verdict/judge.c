#include "verdict/judge.h"

#include "base/mem.h"
#include "verdict/detail.h"
#include "verdict/findings.h"
#include "verdict/known.h"
#include "verdict/pin.h"
#include "verdict/report.h"

/* What a policy says to findings, taken out of it once. */
struct yardstick {
    anycert__relaxations allowed;
    bool any_certificate;
    bool antique;
    bool pinned;                  /* the rung: the pin decides instead of the chain */
    bool keeps_name, keeps_dates; /* and not instead of these */
    struct anycert__pin pin;
    enum anycert__known known;
    bool unseen; /* the handshake ended before a key was seen, which is no fault of a key's */
};

const anycert__relaxations anycert__harmless_to_authentication =
#define RELAXATION(enum_name, id, name, side, auth, available, allows, danger, fix)                \
    ((auth) ? ANYCERT__RELAX_BIT(id) : 0) |
#include "policy/relaxations.def"
    0;

static struct yardstick yardstick_of(const struct anycert_policy *policy,
                                     const struct anycert__facts *facts, int64_t now,
                                     enum anycert__judge_scope scope)
{
    enum anycert__rung rung = policy != NULL ? policy->rung : ANYCERT__RUNG_HARDENED;
    return (struct yardstick){
        .allowed = anycert__policy_allows(policy),
        .any_certificate = anycert__policy_accepts_any_certificate(policy),
        .antique = rung == ANYCERT__RUNG_ANTIQUE,
        .pinned = rung == ANYCERT__RUNG_PINNED,
        .keeps_name = rung == ANYCERT__RUNG_PINNED && policy->check_name,
        .keeps_dates = rung == ANYCERT__RUNG_PINNED && policy->check_dates,
        .pin = anycert__pin_look(facts, policy),
        .known = anycert__known_look(facts, policy, now, scope),
        .unseen = scope == ANYCERT__JUDGE_ALL && !facts->complete && facts->presented_count == 0,
    };
}

/* True if a pin that is there proves what the check would have proved. Beside the chain that is who
 * answers, instead of the chain all that was verified: below a pinned CA what leads to it was
 * looked at with the pin. */
static bool pin_decides(const struct anycert__finding *finding, const struct yardstick *yardstick)
{
    bool of_leaf = yardstick->pin.match == ANYCERT__PIN_LEAF;
    bool of_anchor = anycert__pin_replaces_anchor(finding->x509_code);
    if (anycert__known_proves(yardstick->known)) /* it stands for who answers, and no more */
        return finding->kind == ANYCERT__FINDING_FACT && of_anchor;
    if (!anycert__pin_stands(&yardstick->pin) || finding->kind != ANYCERT__FINDING_FACT ||
        anycert__check_is_protocol(finding->check) || finding->depth < 0 ||
        anycert__x509_meaning(finding->x509_code, finding->depth)->code == 0)
        return false;
    if (!yardstick->pinned)
        return of_anchor || (of_leaf && finding->relaxations != 0 &&
                             (finding->relaxations & anycert__harmless_to_authentication) == 0);
    if ((finding->check == ANYCERT__CHECK_NAME && yardstick->keeps_name) ||
        (finding->check == ANYCERT__CHECK_DATES && yardstick->keeps_dates))
        return false;
    return of_leaf || of_anchor || finding->check == ANYCERT__CHECK_DATES ||
           finding->depth > yardstick->pin.depth;
}

static enum anycert_verdict verdict_on(const struct anycert__finding *finding,
                                       const struct yardstick *yardstick)
{
    bool relaxed = false;
    switch (finding->kind) {
    case ANYCERT__FINDING_PIN:
        if (!yardstick->pin.wanted || anycert__pin_stands(&yardstick->pin))
            return ANYCERT_PASS;
        return yardstick->unseen ? ANYCERT_NOT_CHECKED : ANYCERT_FAIL;
    case ANYCERT__FINDING_RECORD:
        if (yardstick->known != ANYCERT__KNOWN_UNWANTED && yardstick->unseen)
            return ANYCERT_NOT_CHECKED;
        return anycert__known_verdict(yardstick->known);
    case ANYCERT__FINDING_REVOKED:
        relaxed = yardstick->any_certificate;
        break;
    case ANYCERT__FINDING_OFFERED:
        relaxed = (finding->relaxations & yardstick->allowed) != 0 || yardstick->any_certificate;
        break;
    case ANYCERT__FINDING_ANTIQUE:
        relaxed = yardstick->antique;
        break;
    case ANYCERT__FINDING_FACT:
        relaxed = (finding->relaxations & yardstick->allowed) != 0 ||
                  (yardstick->any_certificate && !anycert__check_is_protocol(finding->check)) ||
                  (yardstick->pinned && pin_decides(finding, yardstick));
        break;
    }
    return relaxed ? ANYCERT_RELAXED : ANYCERT_FAIL;
}

/* ---- the bare answer ---- */

struct acceptance {
    struct yardstick yardstick;
    bool refused;
};

static void refuse_if_it_fails(void *arg, const struct anycert__finding *finding)
{
    struct acceptance *acceptance = arg;
    if (verdict_on(finding, &acceptance->yardstick) == ANYCERT_FAIL)
        acceptance->refused = true;
}

bool anycert__judge_accepts(const struct anycert__facts *facts, const struct anycert_policy *policy,
                            int64_t now, enum anycert__judge_scope scope)
{
    struct acceptance acceptance = {.refused = false};
    if (facts == NULL || (scope != ANYCERT__JUDGE_CERTIFICATES && !facts->complete))
        return false;
    acceptance.yardstick = yardstick_of(policy, facts, now, scope);
    if ((acceptance.yardstick.pin.wanted && !anycert__pin_stands(&acceptance.yardstick.pin)) ||
        anycert__known_verdict(acceptance.yardstick.known) == ANYCERT_FAIL)
        return false;
    anycert__findings(facts, now, scope, refuse_if_it_fails, &acceptance);
    return !acceptance.refused;
}

/* ---- the report ---- */

/* The findings that matter to at least one of the two policies. */
struct collection {
    struct yardstick policy, reference;
    const struct anycert_policy *tofu; /* the one of the two that looks at the record, or NULL */
    struct anycert__finding *findings; /* NULL while they are only counted */
    size_t count;
};

static void collect(void *arg, const struct anycert__finding *finding)
{
    struct collection *collection = arg;
    if (verdict_on(finding, &collection->policy) == ANYCERT_PASS &&
        verdict_on(finding, &collection->reference) == ANYCERT_PASS)
        return;
    if (collection->findings != NULL)
        collection->findings[collection->count] = *finding;
    collection->count++;
}

/* One policy of the two wants a pin at most, as a target has them and not report-only itself. */
static const struct anycert__pin *pin_of(const struct collection *collection)
{
    return collection->policy.pin.wanted ? &collection->policy.pin : &collection->reference.pin;
}

/* The same of the trust store's record. */
static enum anycert__known known_of(const struct collection *collection)
{
    return collection->policy.known != ANYCERT__KNOWN_UNWANTED ? collection->policy.known
                                                               : collection->reference.known;
}

static void collect_all(struct collection *collection, const struct anycert__facts *facts,
                        int64_t now, enum anycert__judge_scope scope)
{
    static const struct anycert__finding no_pin = {
        .check = ANYCERT__CHECK_PIN, .kind = ANYCERT__FINDING_PIN, .depth = -1};
    static const struct anycert__finding record = {
        .check = ANYCERT__CHECK_RECORD, .kind = ANYCERT__FINDING_RECORD, .depth = -1};
    collection->count = 0;
    anycert__findings(facts, now, scope, collect, collection);
    collect(collection, &no_pin);
    collect(collection, &record);
}

static bool recorded_about_trust(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (anycert__x509_meaning(facts->errors[i].code, facts->errors[i].depth)->check ==
            ANYCERT__CHECK_TRUST)
            return true;
    }
    return false;
}

static enum anycert_verdict silence_about_negotiated(const struct anycert__negotiated *negotiated,
                                                     enum anycert__check_id id)
{
    bool learned = true;
    if (id == ANYCERT__CHECK_GROUP)
        learned = negotiated->key_exchange != ANYCERT__KX_RSA && negotiated->group[0] != '\0';
    else if (id == ANYCERT__CHECK_HANDSHAKE_SIGNATURE)
        learned = negotiated->signature_digest != ANYCERT__DIGEST_UNKNOWN;
    return learned ? ANYCERT_PASS : ANYCERT_NOT_CHECKED;
}

/* What it means that a check has no finding: that all is well only if it was looked at. */
static enum anycert_verdict verdict_on_silence(const struct anycert__facts *facts,
                                               enum anycert__check_id id,
                                               enum anycert__judge_scope scope)
{
    if (anycert__check_is_protocol(id))
        return anycert__facts_negotiated(facts, scope)
                   ? silence_about_negotiated(&facts->negotiated, id)
                   : ANYCERT_NOT_CHECKED;
    if (id == ANYCERT__CHECK_REVOCATION)
        return facts->revocation == ANYCERT_REVOCATION_GOOD ? ANYCERT_PASS : ANYCERT_NOT_CHECKED;
    bool checked = anycert__facts_verified(facts);
    if (id == ANYCERT__CHECK_NAME)
        checked = checked && facts->identity != NULL && facts->identity[0] != '\0';
    /* A lone certificate without its issuer has no signature that anybody could have verified. */
    if (id == ANYCERT__CHECK_SIGNATURES)
        checked = checked && (facts->validated_count > 1 || !recorded_about_trust(facts));
    return checked ? ANYCERT_PASS : ANYCERT_NOT_CHECKED;
}

static int add_check(struct anycert_report *report, const struct anycert_check *check, char *detail)
{
    if (detail == NULL)
        return -1;
    report->checks[report->check_count] = *check;
    report->checks[report->check_count].report = report;
    report->checks[report->check_count].detail = detail;
    report->check_count++;
    return 0;
}

static char *detail_of(const struct anycert_report *report, const struct collection *collection,
                       const struct anycert__finding *finding)
{
    if (finding->kind == ANYCERT__FINDING_PIN)
        return anycert__pin_detail(report->facts, pin_of(collection));
    if (finding->kind == ANYCERT__FINDING_RECORD)
        return anycert__known_detail(report->facts, known_of(collection), collection->tofu);
    return anycert__detail_of_finding(report->facts, finding, report->judged_at);
}

static int add_finding(struct anycert_report *report, const struct collection *collection,
                       const struct anycert__finding *finding)
{
    struct anycert_check check = {
        .id = finding->check,
        .verdict = verdict_on(finding, &collection->policy),
        .reference_verdict = verdict_on(finding, &collection->reference),
        .x509_code = finding->x509_code,
        .depth = finding->depth,
        .relaxations = finding->relaxations,
    };
    check.decided_by_pin =
        check.verdict == ANYCERT_RELAXED && pin_decides(finding, &collection->policy);
    check.decided_by_record =
        check.decided_by_pin && anycert__known_proves(collection->policy.known);
    if (finding->kind == ANYCERT__FINDING_RECORD)
        check.code = anycert__known_code(known_of(collection));
    return add_check(report, &check, detail_of(report, collection, finding));
}

static int add_pin(struct anycert_report *report, const struct anycert__pin *pin)
{
    struct anycert_check check = {.id = ANYCERT__CHECK_PIN,
                                  .verdict = ANYCERT_PASS,
                                  .reference_verdict = ANYCERT_PASS,
                                  .depth = pin->depth};
    return add_check(report, &check, anycert__pin_detail(report->facts, pin));
}

static int add_record(struct anycert_report *report, const struct collection *collection)
{
    struct anycert_check check = {.id = ANYCERT__CHECK_RECORD,
                                  .verdict = ANYCERT_PASS,
                                  .reference_verdict = ANYCERT_PASS,
                                  .depth = -1};
    return add_check(report, &check,
                     anycert__known_detail(report->facts, known_of(collection), collection->tofu));
}

static int add_silence(struct anycert_report *report, const struct collection *collection,
                       enum anycert__check_id id, enum anycert__judge_scope scope)
{
    if (id == ANYCERT__CHECK_PIN) /* which only those have who want one */
        return pin_of(collection)->wanted ? add_pin(report, pin_of(collection)) : 0;
    if (id == ANYCERT__CHECK_RECORD)
        return known_of(collection) != ANYCERT__KNOWN_UNWANTED ? add_record(report, collection) : 0;
    enum anycert_verdict verdict = verdict_on_silence(report->facts, id, scope);
    struct anycert_check check = {
        .id = id, .verdict = verdict, .reference_verdict = verdict, .depth = -1};
    return add_check(
        report, &check,
        anycert__detail_of_silence(report->facts, id, verdict, report->judged_at, scope));
}

/* Every check in its fixed order, once for each of its findings or once without. */
static int add_checks(struct anycert_report *report, const struct collection *collection,
                      enum anycert__judge_scope scope)
{
    report->checks =
        anycert__calloc(collection->count + ANYCERT__CHECK_COUNT, sizeof(*report->checks));
    if (report->checks == NULL)
        return -1;
    for (unsigned i = 0; i < ANYCERT__CHECK_COUNT; i++) {
        enum anycert__check_id id = (enum anycert__check_id)i;
        size_t before = report->check_count;
        for (size_t k = 0; k < collection->count; k++) {
            const struct anycert__finding *finding = &collection->findings[k];
            if (finding->check == id && add_finding(report, collection, finding) != 0)
                return -1;
        }
        if (report->check_count == before && add_silence(report, collection, id, scope) != 0)
            return -1;
    }
    return 0;
}

static enum anycert_verdict whole_verdict(const struct anycert_report *report, bool reference,
                                          enum anycert__judge_scope scope)
{
    enum anycert_verdict worst = ANYCERT_NOT_CHECKED;
    for (size_t i = 0; i < report->check_count; i++) {
        const struct anycert_check *check = &report->checks[i];
        enum anycert_verdict verdict = reference ? check->reference_verdict : check->verdict;
        if (verdict > worst)
            worst = verdict;
    }
    /* Nothing has failed, but the link never stood. */
    if (worst != ANYCERT_FAIL && scope != ANYCERT__JUDGE_CERTIFICATES && !report->facts->complete)
        return ANYCERT_NOT_CHECKED;
    return worst;
}

/* ---- who answered: not what the policy was willing to accept, but what the facts prove ---- */

static bool is_harmless(const struct anycert__finding *finding)
{
    return (finding->relaxations & anycert__harmless_to_authentication) != 0;
}

static bool chain_proves(const struct anycert__facts *facts, const struct collection *collection)
{
    if (facts->identity == NULL || facts->identity[0] == '\0')
        return false;
    for (size_t i = 0; i < collection->count; i++) {
        const struct anycert__finding *finding = &collection->findings[i];
        if (finding->kind != ANYCERT__FINDING_PIN && !is_harmless(finding))
            return false;
    }
    return true;
}

/* A pinned key of the server's own proves who answers, if it is strong enough to be nobody else's
 * and was not revoked; that of a CA, if what leads to it does. */
static bool pin_proves(const struct anycert__pin *pin, const struct collection *collection)
{
    if (!anycert__pin_stands(pin))
        return false;
    for (size_t i = 0; i < collection->count; i++) {
        const struct anycert__finding *finding = &collection->findings[i];
        bool looked_at =
            anycert__check_is_protocol(finding->check) || finding->depth < 0 ||
            finding->kind == ANYCERT__FINDING_REVOKED ||
            (pin->match == ANYCERT__PIN_LEAF
                 ? finding->check == ANYCERT__CHECK_KEY_STRENGTH && finding->depth == 0
                 : finding->depth <= pin->depth && finding->check != ANYCERT__CHECK_DATES &&
                       !anycert__pin_replaces_anchor(finding->x509_code));
        if (looked_at && !is_harmless(finding))
            return false;
    }
    return true;
}

static const char *proof(const struct anycert_report *report, const struct collection *collection)
{
    static const struct anycert__pin recorded = {true, ANYCERT__PIN_LEAF, 0};
    const struct anycert__facts *facts = report->facts;
    /* Anybody can show a certificate: that its key is theirs, only a handshake proves. */
    if (report->verdict == ANYCERT_FAIL || report->verdict == ANYCERT_NOT_CHECKED ||
        !facts->complete || !anycert__facts_verified(facts))
        return NULL;
    if (pin_proves(pin_of(collection), collection))
        return "pin";
    if (anycert__known_proves(collection->policy.known) && pin_proves(&recorded, collection))
        return "tofu";
    return chain_proves(facts, collection) ? "chain" : NULL;
}

static int write_policies(struct anycert_report *report, const struct anycert_policy *policy,
                          const struct anycert_policy *reference, struct anycert_error *err)
{
    report->policy_text =
        policy != NULL ? anycert_policy_format(policy, err) : anycert__strdup("hardened");
    report->reference_text =
        reference != NULL ? anycert_policy_format(reference, err) : anycert__strdup("hardened");
    return report->policy_text != NULL && report->reference_text != NULL ? 0 : -1;
}

static int fill(struct anycert_report *report, struct collection *collection,
                enum anycert__judge_scope scope)
{
    const struct anycert__facts *facts = report->facts;
    const char *authenticated_by = NULL;
    collect_all(collection, facts, report->judged_at, scope);
    collection->findings = anycert__calloc(collection->count, sizeof(*collection->findings));
    if (collection->findings == NULL)
        return -1;
    collect_all(collection, facts, report->judged_at, scope);
    if (add_checks(report, collection, scope) != 0 || anycert__report_show(report) != 0)
        return -1;
    report->verdict = whole_verdict(report, false, scope);
    report->reference_verdict = whole_verdict(report, true, scope);
    authenticated_by = proof(report, collection);
    report->peer_authenticated = authenticated_by != NULL;
    report->authenticated_by = authenticated_by != NULL ? authenticated_by : "none";
    return 0;
}

struct anycert_report *anycert__judge(struct anycert__facts *facts,
                                      const struct anycert_policy *policy, int64_t now,
                                      enum anycert__judge_scope scope, struct anycert_error *err)
{
    const struct anycert_policy *reference = anycert__policy_reference(policy);
    struct collection collection = {
        .policy = yardstick_of(policy, facts, now, scope),
        .reference = yardstick_of(reference, facts, now, scope),
        .tofu = policy != NULL && policy->rung == ANYCERT__RUNG_TOFU ? policy : reference};
    struct anycert_report *report = anycert__calloc(1, sizeof(*report)), *result = NULL;
    if (report == NULL)
        goto out;
    report->references = 1;
    report->facts = anycert__facts_ref(facts);
    report->judged_at = now;
    report->allowed = collection.policy.allowed;
    if (write_policies(report, policy, reference, err) != 0 ||
        fill(report, &collection, scope) != 0)
        goto out;
    result = report;
    report = NULL;
out:
    if (result == NULL)
        anycert__fail_nomem(err);
    anycert__free(collection.findings);
    anycert_report_free(report);
    return result;
}
