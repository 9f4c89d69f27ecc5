/* verdict/judge.h — facts and a policy in, a report out. Pure: no clock, no network, no global
 * state. */
#ifndef ANYCERT_VERDICT_JUDGE_H
#define ANYCERT_VERDICT_JUDGE_H

#include "base/error.h"
#include "verdict/facts.h"

/* What the judge is asked to look at. During the handshake only the certificates are known yet; the
 * rest is judged when the handshake is complete, before any byte of a request is sent. */
enum anycert__judge_scope {
    ANYCERT__JUDGE_CERTIFICATES, /* protocol checks stay NOT_CHECKED */
    ANYCERT__JUDGE_ALL
};

/* Makes a report. policy is the effective one (after expiry); now is the present time, which may be
 * later than the handshake's: certificates of the validated chain that have expired meanwhile count
 * as expired, also on a connection that was good when it was made.
 *
 * Verification that did not run, broke off, or recorded a code that no relaxation knows is a
 * failure, except for rungs that accept any certificate. The same holds for a revoked certificate
 * (stapled answer).
 *
 * policy NULL means hardened. The report takes a reference to facts and copies the policy's text.
 * NULL with NOMEM only: a refusal is a report too. Safe from any thread as long as nobody changes
 * facts meanwhile. */
struct anycert_report *anycert__judge(struct anycert__facts *facts,
                                      const struct anycert_policy *policy, int64_t now,
                                      enum anycert__judge_scope scope, struct anycert_error *err);

/* The same question with a bare answer and nothing allocated: may the connection stand? For the
 * verify hook and for each reuse of a connection. Always agrees with anycert__judge (not FAIL, and
 * not NOT_CHECKED for ANYCERT__JUDGE_ALL). */
bool anycert__judge_accepts(const struct anycert__facts *facts, const struct anycert_policy *policy,
                            int64_t now, enum anycert__judge_scope scope);

/* Fills err with the refusal: the code of the worst finding (TRUST_NAME before TRUST_DATES … when
 * there are several: TRUST_REVOKED, TRUST_CHANGED, TRUST_PIN, TRUST_UNKNOWN, TRUST_ISSUER,
 * TRUST_NAME, TRUST_STRENGTH, TRUST_DATES, TRUST_PROTOCOL, TRUST), a sentence that names host and
 * port, all that failed, and the relaxations that cover it ("no relaxation allows this" if none
 * does). For hop PROXY the code is PROXY_TRUST. Returns -1. */
int anycert__report_refusal(const struct anycert_report *report, struct anycert_error *err);

/* Relaxations that leave the peer authenticated. */
extern const anycert__relaxations anycert__harmless_to_authentication;

/* True if the peer is authenticated and nothing was relaxed but what its pin decides: what the
 * secret guard asks for. */
bool anycert__report_is_clean(const struct anycert_report *report);
/* Fills err with TRUST_SECRETS and a sentence that names host and port and what keeps secrets from
 * them. Returns -1. */
int anycert__report_guard(const struct anycert_report *report, struct anycert_error *err);

#endif
