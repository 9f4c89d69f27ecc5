/* short_diagnosis.h — why a request failed, as far as the failure itself tells, and what would do.
 *
 *     if (anycert_client_send(client, request, &response, &failure) < 0 &&
 *         anycert_client_diagnose(client, response, &failure, &diagnosis, &err) == 1) {
 *         puts(anycert_short_diagnosis_text(diagnosis));
 *         anycert_short_diagnosis_free(diagnosis);
 *     }
 *
 * It is made from what was seen already: nothing is sent, no name is looked up, nobody is asked. A
 * doctor (doctor.h) finds out more, by trying: anycert_doctor_new_for sets one up for the same
 * target and the same way there. There is no secret in it, and nothing of any request or answer.
 *
 * Threads: immutable after creation; may be shared. Getters borrow until it is freed. */
#ifndef ANYCERT_SHORT_DIAGNOSIS_H
#define ANYCERT_SHORT_DIAGNOSIS_H

#include <stddef.h>

#include <anycert/client.h>
#include <anycert/doctor.h>
#include <anycert/error.h>
#include <anycert/policy.h>
#include <anycert/report.h>
#include <anycert/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of a failure without trying. */
struct anycert_short_diagnosis;

/* Diagnoses what a send, call or handshake of this client came to: failure is the error that it
 * filled in, and response what it gave (NULL: nothing). 1 with *out, to be freed with
 * anycert_short_diagnosis_free; 0 with *out NULL where no connection, proxy or TLS has failed, such
 * as for a status that is not accepted, a limit, or a body that was not understood; -1 with NOMEM
 * or INTERNAL. Safe from many threads. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_diagnose(struct anycert_client *client,
                                                          const struct anycert_response *response,
                                                          const struct anycert_error *failure,
                                                          struct anycert_short_diagnosis **out,
                                                          struct anycert_error *err);
/* The same for a stream whose reading has ended with failure. Of one that has not, and of one that
 * gave no answer (whose response is the caller's), nothing is said. */
ANYCERT_API ANYCERT_NODISCARD int anycert_stream_diagnose(struct anycert_stream *stream,
                                                          const struct anycert_error *failure,
                                                          struct anycert_short_diagnosis **out,
                                                          struct anycert_error *err);
/* Frees it and everything borrowed from it. NULL is a no-op. */
ANYCERT_API void anycert_short_diagnosis_free(struct anycert_short_diagnosis *diagnosis);

/* The server that was asked, as a URL without a path ("https://host.example:443/"), and the report
 * of the link that failed, the server's or that of an https:// proxy; NULL if no handshake was
 * begun. */
ANYCERT_API const char *
anycert_short_diagnosis_target(const struct anycert_short_diagnosis *diagnosis);
ANYCERT_API const struct anycert_report *
anycert_short_diagnosis_report(const struct anycert_short_diagnosis *diagnosis);

/* Causes: those that docs/causes.md lists, as in the diagnoses of a doctor. */

/* 1 if what was seen shows each of the causes; 0 if several look alike from here: it is one of
 * these then, the usual one first, or a relative of it, and a doctor tells them apart. */
ANYCERT_API int anycert_short_diagnosis_is_certain(const struct anycert_short_diagnosis *diagnosis);
/* Their number, at least 1, and for each (n from 0 on; NULL behind the last) its stable id, the
 * check that it belongs to, who has to act ("local", "network" or "remote"), one sentence, one or
 * two more, what was seen here, and what OpenSSL or another client says in that case ("" if
 * nothing). */
ANYCERT_API size_t anycert_short_diagnosis_causes(const struct anycert_short_diagnosis *diagnosis);
ANYCERT_API const char *
anycert_short_diagnosis_cause_id(const struct anycert_short_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_check(const struct anycert_short_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_side(const struct anycert_short_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_title(const struct anycert_short_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_explanation(const struct anycert_short_diagnosis *diagnosis,
                                          size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_evidence(const struct anycert_short_diagnosis *diagnosis, size_t n);
ANYCERT_API const char *
anycert_short_diagnosis_cause_error(const struct anycert_short_diagnosis *diagnosis, size_t n);
/* Which link it is met on: "proxy" for that to a proxy, "origin" for everything behind it; NULL
 * behind the last. Static string. */
ANYCERT_API const char *
anycert_short_diagnosis_cause_hop(const struct anycert_short_diagnosis *diagnosis, size_t n);

/* Policy: the least that would do, where it is known without trying.
 *
 * What the policy in force says already stays. It leaves the peer authenticated: by the chain, by a
 * name that the certificate has, or by its key. If it is another rung than hardened or relaxes
 * something, it ends in ANYCERT_ADVISED_DAYS, or as soon as the administrator of the machine wants;
 * where he wants a reason (anycert-ceiling(5)), that is the word WHY, to be replaced. */

/* Its canonical text, and the policy itself, with anchors of which the text has but a digest; NULL
 * if none is known. It is for the link of the report: for a proxy's, it is a proxy policy
 * (anycert_config_set_proxy_policy), and for another host than the request's, that a redirect led
 * to, it belongs into a policy file. */
ANYCERT_API const char *
anycert_short_diagnosis_policy(const struct anycert_short_diagnosis *diagnosis);
ANYCERT_API const struct anycert_policy *
anycert_short_diagnosis_policy_object(const struct anycert_short_diagnosis *diagnosis);
/* 1 if it goes by the key that was shown: that has to be compared with the server's by another way
 * first, as interception and a genuine self-signed server look alike. */
ANYCERT_API int
anycert_short_diagnosis_policy_by_key(const struct anycert_short_diagnosis *diagnosis);
/* 1 if it accepts everything that was seen, certificates included; 0 if the handshake ended before
 * they came, so that more may be wrong. Of a handshake that ended with them, what comes behind was
 * not seen (anycert_report_key_proven). */
ANYCERT_API int
anycert_short_diagnosis_policy_is_whole(const struct anycert_short_diagnosis *diagnosis);
/* Why the administrator of this machine does not allow it, as one sentence; "" if he does, or there
 * is none. */
ANYCERT_API const char *
anycert_short_diagnosis_policy_forbidden(const struct anycert_short_diagnosis *diagnosis);
/* The policy that takes the key that was shown alone, where that would be enough; else NULL. The
 * key has to be compared first. */
ANYCERT_API const char *
anycert_short_diagnosis_key_policy(const struct anycert_short_diagnosis *diagnosis);
/* The id of the ith relaxation (i from 0 on; 0 behind the last) that a failed check names, or, of a
 * handshake that failed, that may get past it. */
ANYCERT_API int anycert_short_diagnosis_relaxation(const struct anycert_short_diagnosis *diagnosis,
                                                   size_t i);
/* A name that the certificate has, where that is not for the one that was asked for: if it is known
 * to be this server's, it can be expected in its place. Of several the one that is most like what
 * was asked for, from the end on. NULL if there is none. */
ANYCERT_API const char *
anycert_short_diagnosis_other_name(const struct anycert_short_diagnosis *diagnosis);

/* Further: to read, and to find out more. */

/* The command line of the doctor for the target, quoted for a POSIX shell, with the anchors, names,
 * addresses and the proxy of the request, and without secrets: a proxy's user and password are left
 * out. Anchors and helper certificates that were given in memory are missing in it. "" for a target
 * with http://, which has no TLS to be examined. */
ANYCERT_API const char *
anycert_short_diagnosis_command(const struct anycert_short_diagnosis *diagnosis);
/* The whole for people, in a few lines, each ended by a newline. Of many causes that look alike,
 * some have their titles there, and the others their ids alone. */
ANYCERT_API const char *
anycert_short_diagnosis_text(const struct anycert_short_diagnosis *diagnosis);
/* A doctor for the target, with the policy's anchors and names, helper certificates, addresses and
 * the proxy of the request, without its credentials; free it with anycert_doctor_free. NULL with
 * USAGE for a target with http://, or what the setters of doctor.h give. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_doctor *
anycert_doctor_new_for(const struct anycert_short_diagnosis *diagnosis, struct anycert_error *err);

/* Ways: what would accept, under its reference, a server that a report shows.
 *
 * For a server that was looked at under a policy that accepts everything. */

/* By what the server is to be known. */
enum anycert_way {
    /* By its chain: the least relaxations, or a name that the certificate has. */
    ANYCERT_WAY_CHAIN = 0,
    /* By its key: beside what is left of the chain, or instead of it. The key has to be compared
     * first. */
    ANYCERT_WAY_KEY = 1
};
/* The least such policy, as text, with an end as anycert_short_diagnosis_policy says, to be freed
 * with anycert_free. 1 with *policy; 0 with NULL if there is none, -1 with NOMEM. forbidden (which
 * may be NULL) gets code POLICY_FORBIDDEN and a sentence if the administrator does not allow it,
 * else code 0. A server that the reference accepts already is known by its chain as it is; by its
 * key, the pin is added. */
ANYCERT_API ANYCERT_NODISCARD int anycert_report_way(const struct anycert_report *report,
                                                     enum anycert_way way, char **policy,
                                                     struct anycert_error *forbidden,
                                                     struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
