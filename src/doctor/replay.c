/* An examination again, from what was saved of it: the plan asks, and the file answers. What was
 * not observed then is not known now. */
#include "doctor/observation.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "doctor/search.h"
#include "verdict/judge.h"

#include <string.h>

static bool was_shown(const struct anycert__examination *examination, const char *pin)
{
    for (size_t i = 0; i < ANYCERT__PLAN_BUDGET; i++) {
        const struct anycert__trial *trial = &examination->done[i];
        const struct anycert__facts *facts = trial->facts;

        if (facts && (facts->complete || trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT) &&
            facts->presented_count > 0 && strcmp(facts->presented[0].pin, pin) == 0)
            return true;
    }
    return false;
}

/* A policy that is said to have stood has to stand by the facts of its own handshake. */
static bool is_likely(const struct anycert__examination *examination,
                      const struct anycert__trial *trial)
{
    const struct anycert__facts *facts = trial->facts;
    struct anycert_policy *policy = NULL;
    bool wants_cert = trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT;
    bool stands = false;

    if (trial->sighting.ending == ANYCERT__ENDED_NO_WAY)
        return trial->obstacle.is_set;
    if (!facts || trial->obstacle.is_set)
        return false;
    if (trial->sighting.ending != ANYCERT__ENDED_STANDS &&
        trial->sighting.ending != ANYCERT__ENDED_NO_ANSWER && !wants_cert)
        return true;
    if ((!facts->complete && !wants_cert) || facts->presented_count == 0)
        return false;
    if (trial->attempt.observes)
        return true;
    policy = anycert__trial_policy(&examination->trials, &trial->attempt, NULL);
    stands = policy &&
             anycert__judge_accepts(facts, policy, facts->time,
                                    wants_cert && !facts->complete ? ANYCERT__JUDGE_CERTIFICATES
                                                                   : ANYCERT__JUDGE_ALL);
    anycert_policy_free(policy);
    return stands;
}

int anycert__observation_check(const struct anycert__examination *examination,
                               struct anycert_error *err)
{
    const struct anycert__trials *trials = &examination->trials;

    if (trials->pin[0] != '\0' && !was_shown(examination, trials->pin))
        return anycert__fail(err, ANYCERT_E_FILE, "the pin is that of no key that was shown");
    for (size_t i = 0; i < ANYCERT__PLAN_BUDGET; i++) {
        if (examination->done[i].policy_text && !is_likely(examination, &examination->done[i]))
            return anycert__fail(err, ANYCERT_E_FILE,
                                 "attempt %zu is said to have come to something that its facts do "
                                 "not say",
                                 i + 1);
    }
    return 0;
}

/* The plan's attempts come in the order in which they were made; another version's may not. */
static bool answer(struct anycert__examination *examination)
{
    struct anycert__plan *plan = &examination->plan;
    struct anycert__trial *done = examination->done;

    for (size_t i = plan->count; i < ANYCERT__PLAN_BUDGET; i++) {
        struct anycert__trial found = done[i];

        if (!found.policy_text || !anycert__attempt_same(&found.attempt, &plan->next))
            continue;
        done[i] = done[plan->count];
        done[plan->count] = found;
        anycert__plan_take(plan, &found.sighting);
        return true;
    }
    return false;
}

/* What another address has shown, where they differ: the plan went on with that. */
static bool goes_on(struct anycert__examination *examination)
{
    struct anycert__plan *plan = &examination->plan;
    const struct anycert__trial *next =
        plan->count < ANYCERT__PLAN_BUDGET ? &examination->done[plan->count] : NULL;

    return next && next->policy_text && plan->count > 0 && examination->addresses.count > 1 &&
           anycert__attempt_same(&next->attempt, &plan->log[0].attempt) &&
           anycert__plan_take_again(plan, &next->attempt, &next->sighting);
}

static void run(struct anycert__examination *examination, const struct anycert_doctor *doctor,
                const char *host)
{
    struct anycert__plan *plan = &examination->plan;

    anycert__plan_begin(plan, doctor->wants_request, doctor->budget);
    if (anycert__may_send_expected(doctor->base, host))
        anycert__plan_may_send_expected(plan);
    do {
        while (plan->wants_more) {
            if (!answer(examination))
                anycert__plan_stop(plan);
        }
    } while (goes_on(examination));
}

static int replay_proxy(struct anycert__proxy_examination *proxy,
                        const struct anycert_doctor *saved, struct anycert_error *err)
{
    struct anycert__examination *examination = &proxy->examination;

    examination->trials.ceiling = anycert__ceiling_load(err);
    if (!examination->trials.ceiling || anycert__observation_check(examination, err) < 0)
        return -1;
    run(examination, &proxy->doctor, examination->trials.route.target.host);
    if (examination->plan.count == 0)
        return anycert__fail(err, ANYCERT_E_FILE, "it has no attempt with the proxy to begin with");
    return anycert__proxy_examination_end(proxy, saved->proxy_policy, err);
}

static int diagnose(struct anycert_doctor *saved, const struct anycert_doctor *doctor,
                    struct anycert_diagnosis *diagnosis, const char *text, size_t len,
                    struct anycert_error *err)
{
    struct anycert__examination *examination = diagnosis->examination;

    examination->trials.doctor = saved;
    examination->trials.ceiling = anycert__ceiling_load(err);
    if (!examination->trials.ceiling ||
        anycert__observation_read(text, len, saved, diagnosis, examination, err) < 0 ||
        anycert__observation_check(examination, err) < 0 ||
        (examination->proxy && replay_proxy(examination->proxy, saved, err) < 0))
        return -1;
    run(examination, saved, diagnosis->peer.host);
    if (examination->plan.count == 0)
        return anycert__fail(err, ANYCERT_E_FILE, "it has no attempt to begin with");
    saved->clients = doctor->clients;
    saved->clock = doctor->clock;
    diagnosis->replayed = true;
    return anycert__diagnosis_fill(diagnosis, examination, err);
}

struct anycert_diagnosis *anycert_doctor_replay_text(const struct anycert_doctor *doctor,
                                                     const char *text, size_t len,
                                                     struct anycert_error *err)
{
    struct anycert_doctor *saved = anycert_doctor_new(err);
    struct anycert_diagnosis *diagnosis = anycert__calloc(1, sizeof *diagnosis);
    int result = -1;

    if (diagnosis)
        diagnosis->examination = anycert__calloc(1, sizeof *diagnosis->examination);
    if (!diagnosis || !diagnosis->examination)
        anycert__fail_nomem(err);
    else if (saved)
        result = diagnose(saved, doctor, diagnosis, text, len, err);
    if (diagnosis && diagnosis->examination)
        diagnosis->examination->trials.doctor = NULL;
    anycert_doctor_free(saved);
    if (result == 0)
        return diagnosis;
    anycert_diagnosis_free(diagnosis);
    return NULL;
}

struct anycert_diagnosis *anycert_doctor_replay(const struct anycert_doctor *doctor,
                                                const char *path, struct anycert_error *err)
{
    struct anycert_diagnosis *diagnosis = NULL;
    char *text = NULL;
    size_t len = 0;

    if (anycert__file_read(path, ANYCERT__OBSERVATION_MAX, ANYCERT_E_FILE, "observation", &text,
                           &len, err) < 0)
        return NULL;
    diagnosis = anycert_doctor_replay_text(doctor, text, len, err);
    anycert__free(text);
    if (!diagnosis)
        anycert__error_prefix(err, "%s", path);
    return diagnosis;
}
