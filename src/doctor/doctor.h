/* doctor/doctor.h — the inside of a doctor: what all its examinations share. */
#ifndef ANYCERT_DOCTOR_DOCTOR_H
#define ANYCERT_DOCTOR_DOCTOR_H

#include <anycert/doctor.h>

#include "base/clock.h"
#include "base/stop.h"
#include "doctor/issuers.h"
#include "doctor/peer.h"
#include "doctor/words.h"
#include "policy/policy.h"
#include "tls/tls.h"

#define ANYCERT__RULES_MAX 64

/* Where a host and port are looked for instead: another address or another host. */
struct anycert__rule {
    struct anycert__peer from, to;
};

struct anycert_doctor {
    struct anycert_policy *base; /* hardened, with the caller's anchors, expected name and SNI */
    struct anycert__intermediates *intermediates;
    enum anycert__hop hop; /* which link is examined */
    struct anycert__proxy proxy;
    struct anycert_policy *proxy_policy; /* of an https:// proxy itself */
    struct anycert__rule resolve[ANYCERT__RULES_MAX];
    struct anycert__rule connect_to[ANYCERT__RULES_MAX];
    size_t resolve_count, connect_to_count;
    uint32_t timeout_ms, delay_ms;
    bool wants_request, wants_body, fetches_issuer, compares_direct;
    unsigned clients;            /* a bit for each of anycert_doctor_client */
    struct anycert__words given; /* what commands repeat, if the caller said it */
    size_t budget;
    struct anycert__clock clock;
    anycert_doctor_progress *progress;
    void *progress_arg;
    struct anycert__stop stop;
    struct anycert__issuers issuers;
};

#endif
