/* report.h — what was checked on one TLS link, what was found, and what the policy said to it.
 *
 * There is one report for each TLS hop of a request: the origin's, and an https:// proxy's before
 * it. A report is made for refused links too, with as much as was seen. It compares with two
 * policies: the one in force (verdict) and a reference (reference verdict): the target of
 * report-only, and hardened for all others. So a report under trust-any tells what hardened would
 * have refused.
 *
 * Strings that come from the peer (subjects, names) are escaped and safe to print.
 *
 * Threads: immutable after creation; may be shared. Ownership: a report from a response is borrowed
 * and lives as long as the response; anycert_report_copy makes one of your own (it shares memory
 * inside, so it is cheap). */
#ifndef ANYCERT_REPORT_H
#define ANYCERT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A report, and one check in it, which is borrowed from the report. */
struct anycert_report;
struct anycert_check;

/* Verdict of a check. Zero is "not checked", never "pass". */
enum anycert_verdict {
    /* Nothing was learned about it, for example because the handshake ended before. */
    ANYCERT_NOT_CHECKED = 0,
    /* As it should be. */
    ANYCERT_PASS = 1,
    /* Failed, and the policy allows it. */
    ANYCERT_RELAXED = 2,
    /* Failed, and refused for it. */
    ANYCERT_FAIL = 3
};

/* What a stapled OCSP answer (RFC 6066 section 8) said. Nothing else is asked: no responder and no
 * list of revoked certificates. */
enum anycert_revocation {
    /* No stapled answer that counts: none came, or it is too old, unsigned or for another
     * certificate. Rungs that accept any certificate do not ask for one. */
    ANYCERT_REVOCATION_NOT_CHECKED = 0,
    /* The issuer says that the certificate is not revoked. */
    ANYCERT_REVOCATION_GOOD = 1,
    /* The issuer says that it is. */
    ANYCERT_REVOCATION_REVOKED = 2
};

/* A copy of one's own, freed with anycert_report_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_report *
anycert_report_copy(const struct anycert_report *report, struct anycert_error *err);
/* Frees a copy. Not for reports that are borrowed from a response. NULL is a no-op. */
ANYCERT_API void anycert_report_free(struct anycert_report *report);

/* Verdict: what follows from all checks. */

/* FAIL if any check failed, else RELAXED if any was relaxed, else PASS;
 * NOT_CHECKED if the handshake ended before anything could be judged. */
ANYCERT_API enum anycert_verdict anycert_report_verdict(const struct anycert_report *report);
/* The same against the reference policy. */
ANYCERT_API enum anycert_verdict
anycert_report_reference_verdict(const struct anycert_report *report);

/* 1 if whoever answered has proved to be the host that was asked for. */
ANYCERT_API int anycert_report_peer_authenticated(const struct anycert_report *report);
/* By what: "chain", "pin", "tofu" or "none". */
ANYCERT_API const char *anycert_report_authenticated_by(const struct anycert_report *report);
/* What is known about revocation. */
ANYCERT_API enum anycert_revocation anycert_report_revocation(const struct anycert_report *report);

/* Canonical text of the effective policy, and of the reference. */
ANYCERT_API const char *anycert_report_policy(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_reference(const struct anycert_report *report);

/* "origin" or "proxy"; host, port and the name that was verified ("" if none). */
ANYCERT_API const char *anycert_report_hop(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_host(const struct anycert_report *report);
ANYCERT_API uint16_t anycert_report_port(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_identity(const struct anycert_report *report);

/* Checks: what was asked, and what was found.
 *
 * docs/report-schema.md lists the checks. */

/* In a fixed order: the first for NULL, then each next, NULL behind the last. A check that
 * found several things stands several times, once for each. */
ANYCERT_API const struct anycert_check *
anycert_report_next_check(const struct anycert_report *report, const struct anycert_check *check);
/* Stable id, for example "trust", "dates", "name", "cipher". */
ANYCERT_API const char *anycert_check_id(const struct anycert_check *check);
/* Its verdict under the policy in force, and under the reference. */
ANYCERT_API enum anycert_verdict anycert_check_verdict(const struct anycert_check *check);
ANYCERT_API enum anycert_verdict anycert_check_reference_verdict(const struct anycert_check *check);
/* OpenSSL's X509_V_ERR_… number, or 0; depth in the chain (0 is the peer's own certificate), or -1.
 */
ANYCERT_API int anycert_check_x509_code(const struct anycert_check *check);
ANYCERT_API int anycert_check_depth(const struct anycert_check *check);
/* Name of the relaxation that lets this through, or NULL if there is none or the check passed; if
 * several would, one that keeps the peer authenticated. */
ANYCERT_API const char *anycert_check_relaxation(const struct anycert_check *check);
/* 1 if the check is relaxed and gives nothing up, as the key is pinned, or the one that the
 * trust store has, and that decides in its place. */
ANYCERT_API int anycert_check_decided_by_pin(const struct anycert_check *check);
/* What was found, in words, without a final full stop; borrowed from the report. */
ANYCERT_API const char *anycert_check_detail(const struct anycert_check *check);

/* Certificates: as the peer sent them, its own first.
 *
 * Indexes count from 0; beyond the end, texts are NULL and numbers 0. */

/* How many the peer sent; 0 if the handshake ended before. */
ANYCERT_API size_t anycert_report_chain_length(const struct anycert_report *report);
/* Distinguished names (RFC 4514). */
ANYCERT_API const char *anycert_report_cert_subject(const struct anycert_report *report,
                                                    size_t index);
ANYCERT_API const char *anycert_report_cert_issuer(const struct anycert_report *report,
                                                   size_t index);
/* dNSName and iPAddress entries, comma-separated; "" if there are none. */
ANYCERT_API const char *anycert_report_cert_names(const struct anycert_report *report,
                                                  size_t index);
/* When its validity begins and ends, in seconds since 1970 UTC. */
ANYCERT_API int64_t anycert_report_cert_not_before(const struct anycert_report *report,
                                                   size_t index);
ANYCERT_API int64_t anycert_report_cert_not_after(const struct anycert_report *report,
                                                  size_t index);
/* Kind and size of its key, for example "RSA 2048", "EC P-256", "Ed25519". */
ANYCERT_API const char *anycert_report_cert_key(const struct anycert_report *report, size_t index);
/* SPKI pin "sha256//BASE64" (RFC 7469 section 2.4). Of a refused handshake it is unproven: the peer
 * has shown the certificate, but not that it owns the key; see anycert_report_key_proven. */
ANYCERT_API const char *anycert_report_cert_pin(const struct anycert_report *report, size_t index);
/* The certificate itself (DER, X.509); *len is its size in bytes, and len may be NULL. */
ANYCERT_API const unsigned char *anycert_report_cert_der(const struct anycert_report *report,
                                                         size_t index, size_t *len);
/* 1 once the handshake was completed, so that the peer proved to own the key of its certificate. */
ANYCERT_API int anycert_report_key_proven(const struct anycert_report *report);

/* Handshake: what was negotiated, and how it failed.
 *
 * Under a policy that allows more, this is what came out, not all that the server could do. */

/* "TLSv1.3", the suite's IANA name, the key exchange group's name; "" while unknown. */
ANYCERT_API const char *anycert_report_protocol(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_cipher(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_group(const struct anycert_report *report);

/* For a handshake that failed: who ended it ("us", "peer" or ""), and why in words ("" if it did
 * not fail). */
ANYCERT_API const char *anycert_report_refused_by(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_failure(const struct anycert_report *report);

/* Renderings: the whole report as text.
 *
 * Nothing in them can control a terminal: bytes of the peer are escaped. */

/* The whole report for people (several lines, each ended by a newline) and for programs (one JSON
 * object as docs/report-schema.md says, always valid UTF-8). Free with anycert_free. NULL with
 * NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_report_text(const struct anycert_report *report,
                                                        struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD char *anycert_report_json(const struct anycert_report *report,
                                                        struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
