/* Trust on first use: whom the trust store knows, and who is recorded. */
#include "http/lane.h"

#include "policy/trust_ask.h"
#include "verdict/judge.h"
#include "verdict/known.h"
#include "verdict/report.h"

bool anycert__tofu_is_current(struct anycert__lane *lane, struct anycert__link *link,
                              const struct anycert__hop_terms *terms, int64_t now)
{
    const struct anycert__facts *facts = anycert__link_facts(link);
    const struct anycert__trust_record *record = anycert__link_record(link, &lane->failure);
    struct anycert__facts view;
    bool is_kept = false;

    if (!record)
        return false;
    is_kept = lane->contexts == 0 && !lane->approved;
    /* A host that was new when a kept connection was made was recorded then: who is new again has
     * been removed, and is met for the first time. */
    if (record == &facts->record || anycert__trust_record_equal(record, &facts->record))
        return !is_kept || facts->record.known != ANYCERT__TRUST_NEW;
    /* A kept connection was made under another record: a new one is made under this. */
    if (is_kept)
        return false;
    /* The host has been recorded since, by this exchange or somebody else. */
    anycert__facts_view(&view, facts);
    view.record = *record;
    if (anycert__judge_accepts(&view, terms->policy, now, ANYCERT__JUDGE_ALL))
        return true;
    lane->lapsed = !lane->approved;
    if (lane->approved)
        anycert__fail(&lane->failure, ANYCERT_E_TRUST_CHANGED,
                      "the trust store says something else of %s by now than when it was asked",
                      lane->origin);
    return false;
}

/* Nobody is asked about a server that would be refused anyway. */
static bool would_stand(const struct anycert__facts *facts, const struct anycert_policy *policy,
                        int64_t now)
{
    struct anycert__facts view;

    anycert__facts_view(&view, facts);
    view.record.is_accepted = true;
    return anycert__judge_accepts(&view, policy, now, ANYCERT__JUDGE_ALL);
}

static enum anycert__answer answer_of(int said)
{
    return said == 1   ? ANYCERT__ANSWER_YES
           : said == 2 ? ANYCERT__ANSWER_COMPARED
                       : ANYCERT__ANSWER_NO;
}

/* Asks, unless somebody else does or has since the exchange began, whose answer counts for this
 * one, too. True: there is an answer. */
static bool ask_once(struct anycert__lane *lane, const struct anycert_report *report)
{
    struct anycert__facts *facts = anycert__link_facts(lane->link);
    const struct anycert__hop_terms *terms = lane->terms;
    const struct anycert__asking asking = {facts->host, facts->port, facts->presented[0].pin,
                                           terms->trust_ask, terms->trust_ask_arg};
    enum anycert__answer answer = ANYCERT__ANSWER_OPEN;
    bool is_mine = false;

    anycert__tofu_forget(lane);
    lane->question = anycert__question_join(terms->trust_store, &asking, lane->exchange->begun_us,
                                            &is_mine, &lane->failure);
    if (!lane->question)
        return false;
    if (is_mine) {
        answer = answer_of(terms->trust_ask(terms->trust_ask_arg, report));
        anycert__question_answer(terms->trust_store, lane->question, answer);
    }
    answer = anycert__question_look(terms->trust_store, lane->question);
    if (answer == ANYCERT__ANSWER_OPEN) {
        lane->owes = ANYCERT__OWES_ANSWER;
        return false;
    }
    anycert__tofu_forget(lane);
    facts->record.is_compared = answer == ANYCERT__ANSWER_COMPARED;
    facts->record.is_accepted = facts->record.is_compared || answer == ANYCERT__ANSWER_YES;
    return true;
}

bool anycert__tofu_ask(struct anycert__lane *lane, int64_t now)
{
    struct anycert__facts *facts = anycert__link_facts(lane->link);
    const struct anycert__hop_terms *terms = lane->terms;
    struct anycert_report *report = NULL;
    bool wants_answer = false, answered = false;

    (void)anycert__known_may_learn(facts, terms->policy, &wants_answer);
    if (!wants_answer || !terms->trust_ask || lane->exchange->only_handshake || !facts->complete ||
        !would_stand(facts, terms->policy, now))
        return true;
    report = anycert__judge(facts, terms->policy, now, ANYCERT__JUDGE_ALL, &lane->failure);
    answered = report && ask_once(lane, report);
    anycert_report_free(report);
    return answered;
}

/* 0, 1 if somebody else is writing just now, or -1 with the lane's failure. */
static int record(struct anycert__lane *lane, int64_t now)
{
    const struct anycert__facts *facts = anycert__link_facts(lane->link);
    enum anycert__learned learned = anycert__known_verifies(facts, now) ? ANYCERT__LEARNED_CA
                                    : facts->record.is_compared         ? ANYCERT__LEARNED_COMPARED
                                                                        : ANYCERT__LEARNED_KEY;

    return anycert__trust_store_record(lane->terms->trust_store, facts->host, facts->port,
                                       facts->presented[0].pin, learned, now, &lane->failure);
}

bool anycert__tofu_learn(struct anycert__lane *lane, int64_t now)
{
    struct anycert__facts *facts = lane->link ? anycert__link_facts(lane->link) : NULL;
    const struct anycert__hop_terms *terms = lane->terms;
    const struct anycert__trust_record *there = NULL;
    int rv = 0;

    if (!facts || !facts->complete || lane->exchange->only_handshake || !terms->trust_store ||
        !anycert__known_may_learn(facts, terms->policy, NULL))
        return true;
    there = anycert__link_record(lane->link, &lane->failure);
    facts->record.is_recorded = there && there->known != ANYCERT__TRUST_NEW;
    if (!there || facts->record.is_recorded)
        return there != NULL; /* it was recorded a moment ago, and looked at since */
    rv = record(lane, now);
    if (rv > 0) {
        lane->owes = ANYCERT__OWES_RECORD;
        lane->owes_since_us = anycert__waiting_now_us(&terms->trust_store->waiting);
    }
    if (rv != 0)
        return false;
    facts->record.is_recorded = true;
    /* Our certificate was withheld until the user had answered: once more, with it. */
    lane->lapsed = facts->record.is_accepted && anycert__link_withheld_cert(lane->link);
    return !lane->lapsed;
}

/* ---- what is owed ---- */

#define PAUSE_MS 5

void anycert__tofu_forget(struct anycert__lane *lane)
{
    if (lane->question)
        anycert__question_drop(lane->terms->trust_store, lane->question);
    lane->question = NULL;
}

/* Whoever asks takes his time; the limits of the exchange are all there are. With a yes it is done
 * once more, and finds the answer, or the record that was made of it, where it has waited now. */
static bool pay_answer(struct anycert__lane *lane)
{
    enum anycert__answer answer = anycert__question_look(lane->terms->trust_store, lane->question);

    if (answer == ANYCERT__ANSWER_OPEN)
        return false;
    anycert__tofu_forget(lane);
    lane->owes = ANYCERT__OWES_NOTHING;
    lane->stale = answer == ANYCERT__ANSWER_YES || answer == ANYCERT__ANSWER_COMPARED;
    return true;
}

static bool pay_record(struct anycert__lane *lane)
{
    struct anycert_trust_store *store = lane->terms->trust_store;
    int64_t limit = lane->owes_since_us + ANYCERT__TRUST_LOCK_LIMIT_US;
    int rv = record(lane, lane->asked_at);

    if (rv > 0 && anycert__waiting_now_us(&store->waiting) <= limit)
        return false;
    if (rv > 0)
        anycert__trust_file_fail_locked(anycert_trust_store_path(store), &lane->failure);
    lane->owes = ANYCERT__OWES_NOTHING;
    lane->stale = rv == 0;
    return true;
}

bool anycert__tofu_pay(struct anycert__lane *lane)
{
    return lane->owes == ANYCERT__OWES_ANSWER ? pay_answer(lane) : pay_record(lane);
}

CURLcode anycert__tofu_pay_all(struct anycert__lane *lane, CURLcode rc)
{
    int64_t end_us = lane->begun_us + lane->total_ms * 1000;

    while (lane->owes && !anycert__tofu_pay(lane)) {
        if (lane->total_ms > 0 && anycert__monotonic_us() >= end_us) {
            lane->is_overdue = true;
            return CURLE_OPERATION_TIMEDOUT;
        }
        if (anycert__lane_progress(lane) != 0)
            return CURLE_ABORTED_BY_CALLBACK;
        (void)anycert__waiting_sleep(&lane->terms->trust_store->waiting, PAUSE_MS);
    }
    return rc;
}
