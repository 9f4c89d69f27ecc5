/* The least relaxations of the offer: what has to be added to it, or left out of it, until the
 * server can do something with it. Certificates are no matter here. */
#include "doctor/search.h"

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

#define NODES 12 /* offers that are tried to find what the server could do without */

#define ALERT_UNRECOGNIZED_NAME       112
#define ALERT_NO_APPLICATION_PROTOCOL 120

/* The best offer so far. */
struct best {
    bool found;
    anycert__relaxations offer;
    const struct anycert__sighting *sighting;
};

static void compare(struct best *best, anycert__relaxations offer,
                    const struct anycert__sighting *sighting)
{
    if (best->found && !anycert__less_dangerous(offer, best->offer))
        return;
    *best = (struct best){.found = true, .offer = offer, .sighting = sighting};
}

static bool holds(const anycert__relaxations *list, size_t count, anycert__relaxations set)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == set)
            return true;
    }
    return false;
}

/* Offers everything, looks what the server takes, and offers everything but that: either it cannot
 * do without, or it shows what else would do. In the end all the smallest sets have been seen, as
 * each of them lacks something of any other. */
static enum anycert__thought widen(struct anycert__plan *plan, anycert__relaxations small,
                                   struct best *best)
{
    anycert__relaxations left_out[NODES] = {0};
    size_t count = 1;

    for (size_t i = 0; i < count; i++) {
        anycert__relaxations allowed = small | (ANYCERT__PLAN_WIDE & ~left_out[i]);
        const struct anycert__sighting *sighting = anycert__plan_observe(plan, allowed);
        anycert__relaxations used = 0;

        if (!sighting)
            return best->found && plan->exhausted ? ANYCERT__YES : ANYCERT__LATER;
        if (!anycert__offer_taken(sighting, allowed))
            continue;
        used = anycert__needs_least(&sighting->offer);
        compare(best, small | used, sighting);
        for (int id = 0; used >> id && count < NODES; id++) {
            anycert__relaxations child = left_out[i] | (used & ANYCERT__RELAX_BIT(id));

            if ((used & ANYCERT__RELAX_BIT(id)) && !holds(left_out, count, child))
                left_out[count++] = child;
        }
    }
    /* The same offer as at first, which was refused, is no find. */
    return best->found && best->offer != 0 ? ANYCERT__YES : ANYCERT__NO;
}

/* One thing left out of the hello, the least harmful first. */
static enum anycert__thought shrink_by_one(struct anycert__plan *plan, anycert__relaxations of,
                                           struct best *best)
{
    for (size_t i = 0; anycert__by_danger(i) != 0; i++) {
        anycert__relaxations one = ANYCERT__RELAX_BIT(anycert__by_danger(i)) & of;
        const struct anycert__sighting *sighting = one ? anycert__plan_observe(plan, one) : NULL;

        if (one && !sighting)
            return ANYCERT__LATER;
        if (one && anycert__offer_taken(sighting, one)) {
            compare(best, one, sighting);
            return ANYCERT__YES;
        }
    }
    return ANYCERT__NO;
}

/* A set of several stands: what it can do without is put back, the most harmful first. */
static enum anycert__thought put_back(struct anycert__plan *plan, anycert__relaxations set,
                                      struct best *best)
{
    size_t dangers = 0;

    while (anycert__by_danger(dangers) != 0)
        dangers++;
    for (size_t i = dangers; i-- > 0;) {
        anycert__relaxations one = ANYCERT__RELAX_BIT(anycert__by_danger(i));
        const struct anycert__sighting *sighting = NULL;

        if (!(set & one) || set == one)
            continue;
        sighting = anycert__plan_observe(plan, set & ~one);
        if (!sighting)
            return plan->exhausted ? ANYCERT__YES : ANYCERT__LATER;
        if (anycert__offer_taken(sighting, set & ~one)) {
            set &= ~one;
            *best = (struct best){.found = true, .offer = set, .sighting = sighting};
        }
    }
    return ANYCERT__YES;
}

anycert__relaxations anycert__offer_hinted(const struct anycert__sighting *sighting)
{
    if (sighting->alert == ALERT_UNRECOGNIZED_NAME)
        return BIT(NO_SNI);
    return sighting->alert == ALERT_NO_APPLICATION_PROTOCOL ? BIT(NO_ALPN) : 0;
}

/* A smaller hello, as it is or with a wider offer in it. */
static enum anycert__thought shrink(struct anycert__plan *plan, struct best *best)
{
    const struct anycert__sighting *first = anycert__plan_observe(plan, 0);
    anycert__relaxations hint = first ? anycert__offer_hinted(first) : 0;
    enum anycert__thought thought = shrink_by_one(plan, hint, best);
    const struct anycert__sighting *all = NULL;

    if (thought != ANYCERT__NO)
        return thought;
    all = anycert__plan_observe(plan, ANYCERT__PLAN_SMALL);
    if (!all)
        return ANYCERT__LATER;
    if (anycert__offer_taken(all, ANYCERT__PLAN_SMALL)) {
        thought = shrink_by_one(plan, ANYCERT__PLAN_SMALL & ~hint, best);
        if (thought != ANYCERT__NO)
            return thought;
        compare(best, ANYCERT__PLAN_SMALL, all);
        return put_back(plan, ANYCERT__PLAN_SMALL, best);
    }
    thought = widen(plan, ANYCERT__PLAN_SMALL, best);
    if (thought == ANYCERT__YES)
        return put_back(plan, best->offer, best);
    /* No extension at all, with TLS 1.2; or an older version: what is wanted besides is seen in the
     * answer. */
    if (thought == ANYCERT__NO)
        thought = shrink_by_one(plan, BIT(BARE_HELLO), best);
    return thought == ANYCERT__NO ? widen(plan, BIT(BARE_HELLO), best) : thought;
}

enum anycert__thought anycert__find_offer(struct anycert__plan *plan, anycert__relaxations *offer,
                                          const struct anycert__sighting **sighting)
{
    struct best best = {.found = false};
    enum anycert__thought thought = widen(plan, 0, &best);
    const struct anycert__sighting *wide = anycert__plan_observe(plan, ANYCERT__PLAN_WIDE);

    /* What it takes now is nothing that it was not offered before. */
    if (thought == ANYCERT__NO && best.found)
        thought = anycert__plan_try_again(plan, &best.sighting);
    if (thought == ANYCERT__NO && wide && wide->ending != ANYCERT__ENDED_OWN_REFUSAL &&
        wide->ending != ANYCERT__ENDED_CLIENT_CERT && wide->ending != ANYCERT__ENDED_NOT_TLS &&
        wide->ending != ANYCERT__ENDED_NO_WAY) {
        best = (struct best){.found = false};
        thought = shrink(plan, &best);
    }
    *offer = best.offer;
    *sighting = best.sighting;
    return thought;
}
