/* Whether certificates look wrong because of this machine's clock. */
#include "doctor/diagnosis.h"

#include "base/clock.h"

#include <stdio.h>

#define FEW  3
#define MANY 10 /* so many trusted CAs are a list that somebody keeps up to date */

/* A certificate that is within its dates by the server's own clock: ours may be wrong. */
static bool fits_answer(const struct anycert__certificate *certificate,
                        const struct anycert__trial *dated)
{
    return dated && certificate && certificate->dates_readable &&
           dated->http_date >= certificate->not_before &&
           dated->http_date <= certificate->not_after;
}

void anycert__read_anchor_list(struct anycert__anchors *own, int64_t now,
                               struct anycert__anchor_dates *out)
{
    struct anycert__anchors *of_system = NULL;

    *out = (struct anycert__anchor_dates){0};
    if (own && anycert__anchors_count(own) >= MANY) {
        anycert__anchors_dates(own, now, out);
    } else if (anycert__anchors_open(NULL, 0, &of_system, NULL) == 0) {
        anycert__anchors_dates(of_system, now, out);
        anycert__anchors_unref(of_system);
    }
    if (out->count < MANY)
        *out = (struct anycert__anchor_dates){0};
}

enum anycert__cause_number anycert__doubt_clock(const struct anycert__chain_view *view,
                                                const struct anycert__trial *dated,
                                                const struct anycert__finding *finding,
                                                enum anycert__cause_number usual, char *said,
                                                size_t size)
{
    bool early = finding->x509_code == ANYCERT__X509_NOT_YET_VALID;
    int64_t now = view->facts->time;
    struct anycert__anchor_dates list = *view->list;

    if (!early && finding->x509_code != ANYCERT__X509_EXPIRED)
        return usual;
    if (dated) {
        if (!fits_answer(anycert__certificate_at(view->facts, finding->depth), dated))
            return usual;
        (void)snprintf(said, size, "; by the Date of the server's answer it is valid");
        return dated->http_date < now ? ANYCERT__CAUSE_CLOCK_AHEAD : ANYCERT__CAUSE_CLOCK_BEHIND;
    }
    if (early && now < ANYCERT__CLOCK_FLOOR) {
        (void)snprintf(said, size,
                       "; this machine's clock is not set: it shows a year before 2020");
        return ANYCERT__CAUSE_CLOCK_BEHIND;
    }
    /* One or two may be somebody's own. */
    if (early && list.not_begun >= FEW) {
        (void)snprintf(said, size,
                       "; by this machine's clock %zu of the %zu CAs of the list that is installed "
                       "here are not valid yet",
                       list.not_begun, list.count);
        return ANYCERT__CAUSE_CLOCK_BEHIND;
    }
    if (!early && list.count > 0 && list.count - list.ended < FEW) {
        (void)snprintf(said, size,
                       "; by this machine's clock %zu of the %zu CAs of the list that is installed "
                       "here have expired",
                       list.ended, list.count);
        return ANYCERT__CAUSE_CLOCK_AHEAD;
    }
    return usual;
}
