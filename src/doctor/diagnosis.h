/* doctor/diagnosis.h — the inside of a diagnosis, and the steps that fill it in. */
#ifndef ANYCERT_DOCTOR_DIAGNOSIS_H
#define ANYCERT_DOCTOR_DIAGNOSIS_H

#include <anycert/doctor.h>

#include "base/buf.h"
#include "doctor/examine.h"
#include "doctor/remedy.h"
#include "tls/issuer.h"
#include "tls/chain_cause.h"
#include "verdict/findings.h"

#define ANYCERT__DIAGNOSED_MAX 24

/* A cause that was found. */
struct anycert__diagnosed {
    const struct anycert__cause *cause;
    char *evidence; /* what was seen here */
    char *error;    /* what others say */
    struct anycert__remedies remedies;
};

/* Who is known to answer under a policy. */
enum anycert__trust {
    ANYCERT__TRUST_PROVEN,      /* the server */
    ANYCERT__TRUST_IF_COMPARED, /* whoever has the key: the server's, if somebody compares the pin
                                 */
    ANYCERT__TRUST_IF_NAMED,    /* whoever has the name that the certificate told */
    ANYCERT__TRUST_NOBODY
};

/* A policy that connects. */
struct anycert__advice {
    char *policy;
    struct anycert_policy *made; /* the same, with its anchors */
    const char *note;
    enum anycert__trust trust;
    char *forbidden; /* why the administrator does not allow it here, or "" */
    anycert__relaxations relaxations, tried_without, judged_without;
    bool confirmed, minimal;
};

struct anycert_diagnosis {
    char *target;
    struct anycert__peer peer;
    enum anycert_doctor_verdict verdict;
    enum anycert_doctor_stage stage;
    struct anycert__diagnosed causes[ANYCERT__DIAGNOSED_MAX];
    size_t cause_count;
    struct anycert__advice policies[ANYCERT__WAYS_MAX];
    size_t policy_count;
    struct anycert_report *report;
    struct anycert__addresses addresses;
    size_t handshakes;
    uint64_t elapsed_ms;
    bool exhausted;
    struct anycert__examination *examination;  /* that it was made of; its doctor is gone */
    int64_t examined;                          /* when; seconds since 1970 UTC */
    char *pin, *name;                          /* of the server, "" if unknown */
    char issuer_url[ANYCERT__ISSUER_URL_SIZE]; /* where its certificate says that its issuer is */
    struct anycert_policy *base;               /* hardened, as the doctor was told */
    unsigned clients;            /* whose words JSON has: a bit for each of anycert_doctor_client */
    char proxy[256];             /* its host, or "" */
    bool other_way;              /* a proxy, or another address, was given */
    struct anycert__words way;   /* what the doctor was set up with, as options */
    struct anycert__words given; /* what commands repeat */
    bool helped;                 /* intermediates were given */
    bool replayed;               /* from a file, which has said the four above */
};

/* The handshake that shows the certificates best: of those that verified them the first one that
 * was completed, else the first. NULL if none was. */
const struct anycert__trial *anycert__best_view(const struct anycert__examination *examination);

/* Whether the policy for the https:// proxy takes what it showed; there has to be a proxy. */
bool anycert__proxy_accepted(const struct anycert__examination *examination);

/* Adds a cause, unless it is there already. evidence may be NULL: the trial's own words; trial may
 * be NULL. 0, or -1 with NOMEM. */
int anycert__diagnose(struct anycert_diagnosis *diagnosis, enum anycert__cause_number cause,
                      const char *evidence, const struct anycert__trial *trial,
                      struct anycert_error *err);

/* Whether it was found. */
bool anycert__diagnosed(const struct anycert_diagnosis *diagnosis,
                        enum anycert__cause_number cause);

/* What is wrong with the certificates (diagnose_chain.c), with the offer (diagnose_offer.c), and
 * with handshakes of which nothing is known but how they end (diagnose_ending.c). 0, or -1 with
 * NOMEM. */
int anycert__diagnose_chain(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err);
int anycert__diagnose_offer(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err);
int anycert__diagnose_ending(struct anycert_diagnosis *diagnosis,
                             const struct anycert__examination *examination,
                             struct anycert_error *err);
/* Why the same attempts did not come to the same (diagnose_offer.c). 0, or -1 with NOMEM. */
int anycert__diagnose_unsteady(struct anycert_diagnosis *diagnosis,
                               const struct anycert__examination *examination,
                               struct anycert_error *err);
/* diagnose_between.c: whether a certificate that nobody vouches for may be, or is, that of somebody
 * on the way. 0, or -1 with NOMEM. */
int anycert__diagnose_between(struct anycert_diagnosis *diagnosis,
                              const struct anycert__examination *examination,
                              struct anycert_error *err);
/* Compares the issuer of certificates that nobody trusts with those of other examinations. */
void anycert__note_issuer(struct anycert__issuers *issuers,
                          struct anycert__examination *examination);
/* The product whose name an issuer bears, or NULL (interceptors.def). Static string. */
const char *anycert__interceptor(const struct anycert__facts *facts);
/* diagnose_clock.c: what the list of CAs of this machine says of the time: the caller's if it is a
 * long one, else the system's. */
void anycert__read_anchor_list(struct anycert__anchors *own, int64_t now,
                               struct anycert__anchor_dates *out);
/* Reads these lists where dates are wrong, into the examination. */
void anycert__note_lists(struct anycert__examination *examination);
/* diagnose_clock.c: a certificate that looks expired or not yet valid, where our clock may be what
 * is wrong: the cause, and why into said. dated is an answer that told the time, or NULL. */
enum anycert__cause_number anycert__doubt_clock(const struct anycert__chain_view *view,
                                                const struct anycert__trial *dated,
                                                const struct anycert__finding *finding,
                                                enum anycert__cause_number usual, char *said,
                                                size_t size);
/* Which protocol answers instead of TLS (diagnose_ending.c). */
enum anycert__cause_number anycert__cause_of_bytes(const unsigned char *bytes, size_t len);
/* Fills everything in (diagnose.c). 0, or -1 with NOMEM. */
int anycert__diagnosis_fill(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err);
/* A handle for appending "a, b" of a set of relaxations. */
void anycert__write_relaxations(struct anycert__buf *buf, anycert__relaxations set);

#endif
