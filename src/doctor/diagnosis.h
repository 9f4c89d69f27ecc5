/* doctor/diagnosis.h — the inside of a diagnosis, and the steps that fill it in. */
#ifndef ANYCERT_DOCTOR_DIAGNOSIS_H
#define ANYCERT_DOCTOR_DIAGNOSIS_H

#include <anycert/doctor.h>

#include "base/buf.h"
#include "base/str.h"
#include "doctor/caution.h"
#include "doctor/examine.h"
#include "doctor/remedy.h"
#include "tls/issuer.h"
#include "tls/chain_cause.h"
#include "verdict/findings.h"

#define ANYCERT__DIAGNOSED_MAX 24

/* A cause that was found. */
struct anycert__diagnosed {
    const struct anycert__cause *cause;
    char *title, *explanation; /* the cause's, said of the proxy where it is met there */
    char *evidence;            /* what was seen here */
    char *error;               /* what others say */
    enum anycert__hop hop;
    bool lent; /* it belongs to the diagnosis of the proxy */
    struct anycert__remedies remedies;
};

/* A policy that connects. */
struct anycert__advice {
    char *policy;
    struct anycert_policy *made; /* the same, with its anchors */
    char note[400];
    enum anycert__trust trust;
    char *forbidden; /* why the administrator does not allow it here, or "" */
    anycert__relaxations relaxations, tried_without, judged_without;
    bool stood, confirmed, minimal;
    bool is_unanswered; /* the handshake stands, and the request got no answer */
};

struct anycert_diagnosis {
    enum anycert__hop hop;                 /* what is being diagnosed */
    const struct anycert_diagnosis *outer; /* of the server, of whose way this is the proxy */
    struct anycert_diagnosis *of_proxy;    /* NULL: there was nothing to find out about it */
    char *with_pin, *with_name;            /* policies for the outer's commands; NULL: none */
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
    bool was_asked;  /* with a request */
    bool wants_cert; /* the policies are needed besides a client certificate */
    struct anycert__examination *examination;  /* that it was made of; its doctor is gone */
    int64_t examined;                          /* when; seconds since 1970 UTC */
    const struct anycert__trial *unanswered;   /* whose request was not answered; or NULL */
    char *pin, *name;                          /* of the server, "" if unknown */
    char issuer_url[ANYCERT__ISSUER_URL_SIZE]; /* where its certificate says that its issuer is */
    struct anycert_policy *base;               /* hardened, as the doctor was told */
    struct anycert_policy *proxy_policy;       /* of an https:// proxy, as it was told */
    unsigned clients;            /* whose words JSON has: a bit for each of anycert_doctor_client */
    char proxy[256];             /* its host, or "" */
    bool other_way;              /* a proxy, or another address, was given */
    struct anycert__words way;   /* what the doctor was set up with, as options */
    struct anycert__words given; /* what commands repeat */
    bool helped;                 /* intermediates were given */
    bool asked;                  /* policies were confirmed by a request, too */
    bool asked_body;             /* to the end of the answer's body */
    uint32_t limit_ms;           /* for each attempt */
    bool asks_client_cert;       /* the server asked for a client certificate */
    int http_status;         /* of the answer that a policy was confirmed by; 0: none was read */
    const char *http_method; /* what was asked for it */
    char *command, *keep_command; /* to be pasted, or "" */
    bool replayed;                /* from a file, which has said the four above */
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

/* The same for one of the certificates in facts: code is the error of verification
 * (X509_V_ERR_...), or 0. */
int anycert__diagnose_certificates(struct anycert_diagnosis *diagnosis,
                                   enum anycert__cause_number cause, const char *evidence,
                                   const struct anycert__facts *facts, int code,
                                   struct anycert_error *err);

/* diagnose_proxy.c: what the https:// proxy's own examination means, into of_proxy, and the options
 * of commands that go through it; before everything else. 0, or -1 with NOMEM. */
int anycert__diagnose_proxy(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err);
/* Joins both, after everything else. */
void anycert__join_proxy(struct anycert_diagnosis *diagnosis,
                         const struct anycert__examination *examination);
/* In the order in which a connection meets them. */
void anycert__sort_causes(struct anycert_diagnosis *diagnosis);
/* The highest of both counts. */
enum anycert_doctor_verdict anycert__worse_verdict(enum anycert_doctor_verdict a,
                                                   enum anycert_doctor_verdict b);
/* The proxy's name and port, as remedies have it: "proxy.example:3128"; or NULL. */
const char *anycert__place_of_proxy(const struct anycert_diagnosis *diagnosis, char out[300]);

/* diagnose_verdict.c: what it comes to, once its stage and all of its causes are known. */
enum anycert_doctor_verdict anycert__verdict_on(const struct anycert_diagnosis *diagnosis,
                                                const struct anycert__plan *plan);
/* Whether a proxy wants a client certificate, which it cannot get from here. */
bool anycert__proxy_wants_cert(const struct anycert_diagnosis *diagnosis);

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
/* diagnose_clock.c: the clock of the server, by the Date of an answer, or by what its handshakes of
 * TLS 1.2 and older have in common. A proxy that says neither has that of the server behind it. */
struct anycert__server_time {
    bool is_known;
    int64_t ahead;   /* seconds that it is ahead of ours */
    const char *how; /* it is known, in words; or why it is not, behind what is said of ours */
};
void anycert__read_server_time(const struct anycert_diagnosis *diagnosis,
                               const struct anycert__examination *examination,
                               struct anycert__server_time *out);
/* Whether a request tells nothing more of the time: it was sent, or none gets through the proxy. */
bool anycert__has_no_more_time(const struct anycert_diagnosis *diagnosis);
/* diagnose_clock.c: a certificate that looks expired or not yet valid, where our clock may be what
 * is wrong: the cause, and both clocks and why behind said. server may be NULL. */
enum anycert__cause_number anycert__doubt_clock(const struct anycert__chain_view *view,
                                                const struct anycert__server_time *server,
                                                const struct anycert__finding *finding,
                                                enum anycert__cause_number usual,
                                                struct anycert__buf *said);
/* Which protocol answers instead of TLS (diagnose_ending.c). */
enum anycert__cause_number anycert__cause_of_bytes(const unsigned char *bytes, size_t len);
/* A name of the server's certificate that was not asked for already, or the expected one, where
 * only sending that helps; NULL if there is none (diagnose.c). */
const char *anycert__name_to_offer(const struct anycert_diagnosis *diagnosis);
/* An address of the host that does, or at least takes connections, without its port; NULL if it has
 * one alone. */
const char *anycert__good_address(const struct anycert_diagnosis *diagnosis,
                                  char out[ANYCERT__ADDRESS_SIZE]);
/* command.c: whether the server wants a client certificate, by the handshake or by the answer to a
 * request. */
bool anycert__wants_our_cert(const struct anycert_diagnosis *diagnosis);
/* command.c: a policy as commands have it: with an end, and as the administrator wants it. NULL
 * with err->code 0 if he allows it in no way, else NOMEM. */
struct anycert_policy *anycert__ending_policy(const struct anycert_policy *of,
                                              const struct anycert__ceiling *ceiling,
                                              struct anycert_error *err);
/* command.c: the end of a command that lets a cause through for the server's key alone. Of one that
 * is not let through in that way, and without memory, the day is empty. */
struct anycert__end {
    char day[ANYCERT__DATE_SIZE]; /* the last, as in until= */
    bool wants_reason;            /* the administrator wants one, too */
    bool is_forbidden;            /* he allows it in no way */
};
struct anycert__end anycert__end_by_pin(const struct anycert_diagnosis *diagnosis,
                                        const struct anycert__cause *cause);
/* command.c: words in which --proxy-trust is what was given, and not what was found, appended to
 * out, which has to be cleared. 0, or -1 with NOMEM. */
int anycert__words_asked(const struct anycert_diagnosis *diagnosis,
                         const struct anycert__words *words, struct anycert__words *out,
                         struct anycert_error *err);
/* The commands that do at once what is known to connect, and keep it; to be called last.
 * 0, or -1 with NOMEM. */
int anycert__diagnosis_commands(struct anycert_diagnosis *diagnosis,
                                const struct anycert__examination *examination,
                                struct anycert_error *err);
/* Fills everything in (diagnose.c). 0, or -1 with NOMEM. */
int anycert__diagnosis_fill(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err);
/* A handle for appending "a, b" of a set of relaxations. */
void anycert__write_relaxations(struct anycert__buf *buf, anycert__relaxations set);
/* "needs a+b": what certificates need at least. */
void anycert__write_needs(struct anycert__buf *buf, const struct anycert__needs *needs);

#endif
