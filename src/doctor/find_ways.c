/* The policies that connect: found from what was seen, confirmed to the letter, and made minimal.
 */
#include "doctor/search.h"

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

#define SERVERS 4 /* times that a policy has to stand where several servers answer in turn */

/* A request that was not answered says nothing against the policy, once no policy got an answer;
 * nor does it that the server wants a certificate of ours, which it asks for behind its own. */
static bool stands(const struct anycert__plan *plan, const struct anycert__sighting *sighting)
{
    return sighting->ending == ANYCERT__ENDED_STANDS ||
           (sighting->ending == ANYCERT__ENDED_CLIENT_CERT && plan->wants_cert) ||
           (sighting->ending == ANYCERT__ENDED_NO_ANSWER && plan->request_failed);
}

static bool offer_stands(const struct anycert__plan *plan, const struct anycert__sighting *sighting,
                         anycert__relaxations offer)
{
    return plan->wants_cert ? anycert__offer_taken(sighting, offer)
                            : anycert__offer_stands(sighting, offer);
}

/* The key of the server; where several answer, of all that have proven one. */
static void set_pin(const struct anycert__plan *plan, struct anycert__attempt *attempt, bool wanted)
{
    attempt->pin = wanted;
    attempt->all_pins = false;
    for (size_t i = 0; wanted && plan->mixed && i < plan->count; i++)
        attempt->all_pins = attempt->all_pins || plan->log[i].sighting.has_pins;
}

/* The server may want to ask for a client certificate late. */
static enum anycert__thought confirm_late(struct anycert__plan *plan,
                                          struct anycert__attempt *attempt)
{
    struct anycert__attempt late = *attempt;
    const struct anycert__sighting *sighting = NULL;

    late.relaxations |= BIT(RENEGOTIATION);
    sighting = anycert__plan_ask(plan, &late);
    if (!sighting && !plan->exhausted)
        return ANYCERT__LATER;
    if (sighting && sighting->ending == ANYCERT__ENDED_STANDS && !sighting->is_forbidden) {
        *attempt = late;
        return ANYCERT__YES;
    }
    if (sighting && sighting->ending == ANYCERT__ENDED_CLIENT_CERT)
        plan->offer = BIT(RENEGOTIATION);
    plan->request_failed =
        plan->offer != 0 || anycert__plan_ask(plan, attempt)->ending != ANYCERT__ENDED_STANDS;
    return ANYCERT__YES;
}

/* What the name that is expected needs: nothing, unless it is a common name. */
static anycert__relaxations for_name(const struct anycert__sighting *sighting)
{
    for (size_t i = 0; i < sighting->certificates.count; i++) {
        if (sighting->certificates.any_of[i] & BIT(COMMON_NAME))
            return BIT(COMMON_NAME);
    }
    return 0;
}

static bool is_to_ask_late(const struct anycert__sighting *sighting,
                           const struct anycert__attempt *attempt)
{
    return sighting->ending == ANYCERT__ENDED_STANDS && sighting->is_forbidden &&
           attempt->rung == ANYCERT__RUNG_HARDENED && !(attempt->relaxations & BIT(RENEGOTIATION));
}

/* What an attempt's offer came to, when nothing was refused for its certificates; NULL if that was
 * not tried. */
static const struct anycert__sighting *observed(const struct anycert__plan *plan,
                                                const struct anycert__attempt *attempt)
{
    anycert__relaxations offer = attempt->relaxations & ~anycert__relaxations_of_certificates();

    for (size_t i = 0; i < plan->count; i++) {
        const struct anycert__attempt *seen = &plan->log[i].attempt;

        if (seen->observes && seen->relaxations == offer && seen->supply == attempt->supply &&
            offer_stands(plan, &plan->log[i].sighting, offer))
            return &plan->log[i].sighting;
    }
    return NULL;
}

/* What such an offer had come to once fails on the way: it is tried again, later. */
static enum anycert__thought insist(struct anycert__plan *plan,
                                    const struct anycert__attempt *attempt)
{
    static const uint32_t pauses_ms[] = {250, 1000}; /* servers count connections by the second */

    if (attempt->send_name || !observed(plan, attempt))
        return ANYCERT__NO;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        const struct anycert__sighting *sighting =
            anycert__plan_ask_again(plan, attempt, i + 1, pauses_ms[i]);

        if (!sighting)
            return plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
        if (stands(plan, sighting)) {
            plan->unsteady = true;
            return ANYCERT__YES;
        }
    }
    return ANYCERT__NO;
}

static bool broke_off(const struct anycert__sighting *sighting)
{
    return sighting->ending == ANYCERT__ENDED_CLOSED || sighting->ending == ANYCERT__ENDED_RESET ||
           sighting->ending == ANYCERT__ENDED_SILENT || sighting->ending == ANYCERT__ENDED_ALERT ||
           sighting->ending == ANYCERT__ENDED_NO_WAY;
}

/* The certificates are not those that were seen before, where they should be. */
static bool shows_others(const struct anycert__plan *plan, const struct anycert__attempt *attempt,
                         const struct anycert__sighting *sighting)
{
    const struct anycert__sighting *before = observed(plan, attempt);
    struct anycert__needs both;

    if (!before || attempt->expect_name || attempt->send_name)
        return false;
    both = before->certificates;
    anycert__needs_join(&both, &sighting->certificates);
    return both.count > before->certificates.count;
}

/* Where several servers answer, one that takes the policy says nothing of the others: *sighting is
 * that of one which does not, if there is one. */
static enum anycert__thought stands_for_all(struct anycert__plan *plan,
                                            const struct anycert__attempt *attempt,
                                            const struct anycert__sighting **sighting)
{
    if (!plan->mixed || attempt->rung != ANYCERT__RUNG_HARDENED)
        return ANYCERT__YES;
    for (size_t times = 1; times < SERVERS; times++) {
        const struct anycert__sighting *again = anycert__plan_ask_again(plan, attempt, times, 0);

        if (!again)
            return plan->exhausted ? ANYCERT__YES : ANYCERT__LATER;
        if (again->ending != ANYCERT__ENDED_CERTIFICATES)
            continue;
        *sighting = again;
        return ANYCERT__NO;
    }
    return ANYCERT__YES;
}

/* What certificates need that this one shows, too; false if the attempt has that, or if nothing
 * helps. */
static bool widen(struct anycert__plan *plan, struct anycert__attempt *attempt,
                  const struct anycert__sighting *sighting, struct anycert__needs *certificates)
{
    anycert__relaxations more = 0;

    if (sighting->ending != ANYCERT__ENDED_CERTIFICATES || sighting->certificates.beyond ||
        sighting->certificates.revoked || attempt->rung != ANYCERT__RUNG_HARDENED)
        return false;
    plan->unsteady = plan->unsteady || shows_others(plan, attempt, sighting);
    anycert__needs_join(certificates, &sighting->certificates);
    more = anycert__needs_least(certificates);
    if (attempt->expect_name)
        more = (more & ~(BIT(WRONG_HOST) | BIT(COMMON_NAME))) | for_name(sighting);
    if ((more & ~attempt->relaxations) == 0)
        return false;
    attempt->relaxations |= more;
    return true;
}

/* Tries the policy itself, and adds what certificates need that were not seen before. */
static enum anycert__thought confirm(struct anycert__plan *plan, struct anycert__attempt *attempt,
                                     struct anycert__needs *certificates)
{
    for (int round = 0; round < 4; round++) {
        const struct anycert__sighting *sighting = anycert__plan_ask(plan, attempt);
        enum anycert__thought all = ANYCERT__NO;

        if (!sighting)
            return plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
        /* With TLS 1.3 a server forbids what it cannot ask a certificate for any more. */
        if (sighting->ending == ANYCERT__ENDED_NO_ANSWER ? !plan->request_failed
                                                         : is_to_ask_late(sighting, attempt))
            return confirm_late(plan, attempt);
        if (stands(plan, sighting))
            all = stands_for_all(plan, attempt, &sighting);
        if (all != ANYCERT__NO)
            return all;
        if (broke_off(sighting))
            return insist(plan, attempt);
        if (!widen(plan, attempt, sighting, certificates))
            return ANYCERT__NO;
    }
    return ANYCERT__NO;
}

/* Something that was seen is let through by this one, and by none of the others. */
static bool is_needed(const struct anycert__way *way, const struct anycert__needs *certificates,
                      anycert__relaxations one)
{
    anycert__relaxations others = way->attempt.relaxations & ~one;

    for (size_t i = 0; i < certificates->count; i++) {
        anycert__relaxations any_of = certificates->any_of[i];

        if (way->attempt.expect_name && (any_of & BIT(WRONG_HOST)))
            continue;
        if ((any_of & one) && !(any_of & others))
            return true;
    }
    return false;
}

/* Takes each relaxation away, the most dangerous first, and looks that it fails then. What the
 * budget forbids to try is judged, where it is about certificates alone. */
static enum anycert__thought minimise(struct anycert__plan *plan, struct anycert__way *way,
                                      const struct anycert__needs *certificates)
{
    size_t dangers = 0;

    while (anycert__by_danger(dangers) != 0)
        dangers++;
    for (size_t i = dangers; i-- > 0;) {
        anycert__relaxations one = ANYCERT__RELAX_BIT(anycert__by_danger(i));
        struct anycert__attempt without = way->attempt;
        const struct anycert__sighting *sighting = NULL;

        if (!(way->attempt.relaxations & one))
            continue;
        without.relaxations &= ~one;
        sighting = anycert__plan_ask(plan, &without);
        if (!sighting && !plan->exhausted)
            return ANYCERT__LATER;
        if (!sighting && (one & anycert__relaxations_of_certificates()) &&
            !anycert__needs_met(certificates, without.relaxations))
            way->judged_without |= one;
        if (sighting && stands(plan, sighting)) {
            const struct anycert__sighting *of_another = NULL;
            enum anycert__thought all = stands_for_all(plan, &without, &of_another);

            if (all == ANYCERT__LATER)
                return ANYCERT__LATER;
            sighting = of_another ? of_another : sighting;
        }
        if (sighting && stands(plan, sighting) && is_needed(way, certificates, one)) {
            plan->unsteady = true; /* by a server that answers at other times */
            way->judged_without |= one;
        } else if (sighting && stands(plan, sighting) &&
                   !(one == BIT(RENEGOTIATION) && sighting->is_forbidden)) {
            way->attempt = without;
            way->tried_without = way->judged_without = 0;
            i = dangers;
        } else if (sighting) {
            way->tried_without |= one;
        }
    }
    way->minimal = (way->tried_without | way->judged_without) == way->attempt.relaxations;
    return ANYCERT__YES;
}

/* What is known of an alternative without further handshakes: what certificates need, and what the
 * same offer failed without. */
static void judge_minimal(const struct anycert__plan *plan, struct anycert__way *way,
                          const struct anycert__needs *certificates)
{
    way->judged_without = plan->ways[0].tried_without & way->attempt.relaxations &
                          ~anycert__relaxations_of_certificates();
    for (size_t i = 0; anycert__by_danger(i) != 0; i++) {
        anycert__relaxations one = ANYCERT__RELAX_BIT(anycert__by_danger(i));

        if ((way->attempt.relaxations & anycert__relaxations_of_certificates() & one) &&
            !anycert__needs_met(certificates, way->attempt.relaxations & ~one))
            way->judged_without |= one;
    }
    way->minimal = way->judged_without == way->attempt.relaxations;
}

static struct anycert__way *add_way(struct anycert__plan *plan,
                                    const struct anycert__attempt *attempt)
{
    struct anycert__way *way = &plan->ways[plan->way_count++];

    *way = (struct anycert__way){.attempt = *attempt};
    way->attempt.send_expected = plan->send_expected;
    plan->found = ANYCERT__FOUND_WAYS;
    return way;
}

/* A server that does not know the host may know the name that its certificate has. */
static enum anycert__thought confirm_named(struct anycert__plan *plan,
                                           struct anycert__attempt *named,
                                           struct anycert__needs *certificates)
{
    struct anycert__attempt sent = *named;
    enum anycert__thought thought = ANYCERT__NO;

    if (named->relaxations & BIT(NO_SNI)) {
        sent.relaxations &= ~BIT(NO_SNI);
        sent.send_name = true;
        thought = confirm(plan, &sent, certificates);
    }
    if (thought == ANYCERT__YES)
        *named = sent;
    return thought == ANYCERT__NO ? confirm(plan, named, certificates) : thought;
}

/* The name that the certificate has, expected instead of the host: nothing is given up then. */
static enum anycert__thought find_name(struct anycert__plan *plan,
                                       const struct anycert__attempt *relaxed,
                                       const struct anycert__sighting *seen,
                                       struct anycert__needs *certificates)
{
    struct anycert__attempt named = *relaxed;
    enum anycert__thought thought = ANYCERT__NO;
    struct anycert__way *way = NULL;
    const struct anycert__sighting *sighting = NULL;

    if (!(relaxed->relaxations & BIT(WRONG_HOST)) || !seen->has_name)
        return ANYCERT__NO;
    named.relaxations &= ~BIT(WRONG_HOST);
    named.expect_name = true;
    set_pin(plan, &named, seen->has_pin && anycert__without_proof(named.relaxations) != 0);
    thought = confirm_named(plan, &named, certificates);
    if (thought != ANYCERT__YES)
        return thought;
    way = add_way(plan, &named);
    if (minimise(plan, way, certificates) == ANYCERT__LATER)
        return ANYCERT__LATER;
    named = way->attempt;
    named.expect_name = false;
    sighting = anycert__plan_ask(plan, &named);
    if (!sighting && !plan->exhausted)
        return ANYCERT__LATER;
    way->minimal = way->minimal && sighting && !stands(plan, sighting);
    return ANYCERT__YES;
}

/* Relaxations that give up who answers come with the pin of the key that was seen; without it they
 * are the last resort. */
static void find_relaxed(struct anycert__plan *plan, struct anycert__attempt *attempt,
                         const struct anycert__sighting *seen, struct anycert__needs *certificates)
{
    struct anycert__way *way = NULL;
    enum anycert__thought thought = confirm(plan, attempt, certificates);

    if (thought == ANYCERT__YES && attempt->relaxations == 0 && !attempt->supply &&
        !plan->send_expected) {
        plan->found = ANYCERT__FOUND_HEALTHY;
        return;
    }
    if (thought == ANYCERT__YES && anycert__without_proof(attempt->relaxations) && !attempt->pin &&
        seen->has_pin) {
        set_pin(plan, attempt, true);
        thought = confirm(plan, attempt, certificates);
    }
    /* Several servers behind one name may have a key each. */
    if (thought == ANYCERT__NO && attempt->pin) {
        set_pin(plan, attempt, false);
        thought = confirm(plan, attempt, certificates);
    }
    if (thought != ANYCERT__YES || find_name(plan, attempt, seen, certificates) == ANYCERT__LATER)
        return;
    way = add_way(plan, attempt);
    if (plan->way_count > 1)
        judge_minimal(plan, way, certificates);
    else if (minimise(plan, way, certificates) == ANYCERT__LATER)
        return;
    *attempt = way->attempt;
    if (!attempt->pin)
        return;
    set_pin(plan, attempt, false);
    if (confirm(plan, attempt, certificates) == ANYCERT__YES)
        judge_minimal(plan, add_way(plan, attempt), certificates);
}

/* Where no relaxation helps, the key may decide instead of the chain. */
static void find_pinned(struct anycert__plan *plan, anycert__relaxations offer,
                        const struct anycert__sighting *seen)
{
    struct anycert__needs certificates = seen->certificates;
    struct anycert__attempt attempt = {.rung = ANYCERT__RUNG_PINNED,
                                       .relaxations = offer,
                                       .request = plan->wants_request && !plan->wants_cert,
                                       .pin = true,
                                       .check_name = seen->name_is_right,
                                       .check_dates = seen->dates_are_right};

    if (seen->has_pin && confirm(plan, &attempt, &certificates) == ANYCERT__YES)
        (void)minimise(plan, add_way(plan, &attempt), &certificates);
}

/* Where several servers answer in turn, what each of them shows, and its key, has to be known. */
static enum anycert__thought see_all(struct anycert__plan *plan, anycert__relaxations offer)
{
    const struct anycert__attempt attempt = {.relaxations = offer, .observes = true};

    for (size_t times = 1; plan->mixed && times < SERVERS; times++) {
        if (!anycert__plan_ask_again(plan, &attempt, times, 0))
            return plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
    }
    return ANYCERT__YES;
}

/* The same with the certificates that the server forgets: *seen becomes that, if they help. */
static enum anycert__thought find_supplied(struct anycert__plan *plan, anycert__relaxations offer,
                                           const struct anycert__sighting **seen)
{
    struct anycert__attempt attempt = {.relaxations = offer, .observes = true, .supply = true};
    const struct anycert__sighting *sighting = NULL;

    if (!(*seen)->has_supply || anycert__needs_met(&(*seen)->certificates, ~BIT(UNTRUSTED_ISSUER)))
        return ANYCERT__NO;
    sighting = anycert__plan_ask(plan, &attempt);
    if (!sighting)
        return plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
    if (!offer_stands(plan, sighting, offer) ||
        !anycert__needs_met(&sighting->certificates, ~BIT(UNTRUSTED_ISSUER)))
        return ANYCERT__NO;
    *seen = sighting;
    return ANYCERT__YES;
}

void anycert__find_ways(struct anycert__plan *plan, anycert__relaxations offer,
                        const struct anycert__sighting *seen)
{
    bool wants_cert = plan->wants_cert = seen->ending == ANYCERT__ENDED_CLIENT_CERT;
    enum anycert__thought supplied = find_supplied(plan, offer, &seen);
    struct anycert__needs certificates = seen->certificates;
    struct anycert__attempt attempt = {.request = plan->wants_request && !wants_cert,
                                       .supply = supplied == ANYCERT__YES};

    if (supplied == ANYCERT__LATER || see_all(plan, offer) == ANYCERT__LATER)
        return;
    if (certificates.revoked) {
        plan->found = ANYCERT__FOUND_REVOKED;
        plan->offer = offer; /* what is wrong besides is told all the same */
        return;
    }
    if (certificates.beyond) {
        find_pinned(plan, offer, seen);
        return;
    }
    attempt.relaxations = offer;
    plan->unsteady =
        anycert__plan_join_certificates(plan, &attempt, &certificates) || plan->unsteady;
    attempt.relaxations |= anycert__needs_least(&certificates);
    set_pin(plan, &attempt, seen->has_pin && anycert__without_proof(attempt.relaxations) != 0);
    /* What was observed under hardened, and is right, needs no second handshake. */
    if (attempt.relaxations == 0 && !attempt.request && !attempt.supply && !plan->send_expected)
        plan->found = wants_cert ? ANYCERT__FOUND_NOTHING : ANYCERT__FOUND_HEALTHY;
    else
        find_relaxed(plan, &attempt, seen, &certificates);
}

void anycert__find_antique(struct anycert__plan *plan)
{
    struct anycert__needs none = {0};
    struct anycert__attempt attempt = {.rung = ANYCERT__RUNG_ANTIQUE,
                                       .request = plan->wants_request};

    if (confirm(plan, &attempt, &none) == ANYCERT__YES)
        add_way(plan, &attempt)->minimal = true; /* everything finer was offered before */
}
