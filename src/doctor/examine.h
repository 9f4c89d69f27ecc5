/* doctor/examine.h — all attempts with one target, until the plan wants no more. */
#ifndef ANYCERT_DOCTOR_EXAMINE_H
#define ANYCERT_DOCTOR_EXAMINE_H

#include "doctor/addresses.h"
#include "doctor/question.h"
#include "doctor/shape.h"
#include "doctor/trial.h"
#include "tls/issuer.h"

struct anycert__proxy_examination;

struct anycert__examination {
    struct anycert__plan plan;
    struct anycert__trials trials;
    struct anycert__trial done[ANYCERT__PLAN_BUDGET]; /* as many as plan.count, in its order */
    struct anycert__confession confession;            /* of a server that refuses every policy */
    struct anycert__shape shape;                      /* what of a hello a server breaks on */
    struct anycert__addresses addresses;
    char shares_issuer[256]; /* a host of another domain with the same untrusted issuer, or "" */
    struct anycert__anchors *anchors;
    struct anycert__anchor_dates list, proxy_list; /* of installed CAs, where dates are wrong */
    struct anycert__trial direct;             /* without the proxy, if that was to be compared */
    size_t compared;                          /* 1 if so */
    struct anycert__proxy_examination *proxy; /* of the https:// proxy, if that was needed */
    int64_t begun_us;
    uint64_t elapsed_ms;
};

/* 0, or -1 with INTERRUPTED, ANCHORS, NOMEM or INTERNAL; to be cleared in any case. */
int anycert__examine(const struct anycert_doctor *doctor, const struct anycert__peer *target,
                     const char *shown, struct anycert__examination *examination,
                     struct anycert_error *err);
/* How many handshakes were begun, those with the proxy among them: whoever was not reached has
 * shaken no hands; an https:// proxy that was not believed has. */
size_t anycert__examination_handshakes(const struct anycert__examination *examination);
void anycert__examination_clear(struct anycert__examination *examination);

#endif
