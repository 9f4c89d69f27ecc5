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

struct anycert_report;
struct anycert_check;

/* Verdict of a check. Zero is "not checked", never "pass". */
enum anycert_verdict {
    ANYCERT_NOT_CHECKED =
        0, /* nothing was learned about it, for example because the handshake ended before */
    ANYCERT_PASS = 1,
    ANYCERT_RELAXED = 2, /* failed, and the policy allows it */
    ANYCERT_FAIL = 3
};

enum anycert_revocation {
    ANYCERT_REVOCATION_NOT_CHECKED = 0, /* no stapled OCSP answer that counts */
    ANYCERT_REVOCATION_GOOD = 1,
    ANYCERT_REVOCATION_REVOKED = 2
};

/* A copy of one's own, freed with anycert_report_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_report *
anycert_report_copy(const struct anycert_report *report, struct anycert_error *err);
ANYCERT_API void anycert_report_free(struct anycert_report *report);

/* The whole verdict: FAIL if any check failed, else RELAXED if any was relaxed, else PASS;
 * NOT_CHECKED if the handshake ended before anything could be judged. */
ANYCERT_API enum anycert_verdict anycert_report_verdict(const struct anycert_report *report);
/* The same against the reference policy. */
ANYCERT_API enum anycert_verdict
anycert_report_reference_verdict(const struct anycert_report *report);

/* 1 if whoever answered has proved to be the host that was asked for. */
ANYCERT_API int anycert_report_peer_authenticated(const struct anycert_report *report);
/* "chain", "pin", "tofu" or "none". */
ANYCERT_API const char *anycert_report_authenticated_by(const struct anycert_report *report);
ANYCERT_API enum anycert_revocation anycert_report_revocation(const struct anycert_report *report);

/* Canonical text of the effective policy, and of the reference. */
ANYCERT_API const char *anycert_report_policy(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_reference(const struct anycert_report *report);

/* "origin" or "proxy"; host, port and the name that was verified ("" if none). */
ANYCERT_API const char *anycert_report_hop(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_host(const struct anycert_report *report);
ANYCERT_API uint16_t anycert_report_port(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_identity(const struct anycert_report *report);

/* Checks, in a fixed order: the first for NULL, then each next, NULL behind the last. A check that
 * found several things stands several times, once for each. */
ANYCERT_API const struct anycert_check *
anycert_report_next_check(const struct anycert_report *report, const struct anycert_check *check);
/* Stable id, for example "trust", "dates", "name", "cipher" (documented in docs/report-schema.md).
 */
ANYCERT_API const char *anycert_check_id(const struct anycert_check *check);
ANYCERT_API enum anycert_verdict anycert_check_verdict(const struct anycert_check *check);
ANYCERT_API enum anycert_verdict anycert_check_reference_verdict(const struct anycert_check *check);
/* OpenSSL's X509_V_ERR_… number, or 0; depth in the chain (0 is the peer's own certificate), or -1.
 */
ANYCERT_API int anycert_check_x509_code(const struct anycert_check *check);
ANYCERT_API int anycert_check_depth(const struct anycert_check *check);
/* Name of the relaxation that lets this through, or NULL if there is none or the check passed. */
ANYCERT_API const char *anycert_check_relaxation(const struct anycert_check *check);
/* What was found, in words, without a final full stop; borrowed from the report. */
ANYCERT_API const char *anycert_check_detail(const struct anycert_check *check);

/* The certificates as the peer sent them, its own first. Indexes from 0; NULL and 0 beyond the end.
 */
ANYCERT_API size_t anycert_report_chain_length(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_cert_subject(const struct anycert_report *report,
                                                    size_t index);
ANYCERT_API const char *anycert_report_cert_issuer(const struct anycert_report *report,
                                                   size_t index);
/* dNSName and iPAddress entries, comma-separated; "" if there are none. */
ANYCERT_API const char *anycert_report_cert_names(const struct anycert_report *report,
                                                  size_t index);
/* Seconds since 1970 UTC. */
ANYCERT_API int64_t anycert_report_cert_not_before(const struct anycert_report *report,
                                                   size_t index);
ANYCERT_API int64_t anycert_report_cert_not_after(const struct anycert_report *report,
                                                  size_t index);
/* "RSA 2048", "EC P-256", "Ed25519". */
ANYCERT_API const char *anycert_report_cert_key(const struct anycert_report *report, size_t index);
/* SPKI pin "sha256//BASE64" (RFC 7469 section 2.4). Of a refused handshake it is unproven: the peer
 * has shown the certificate, but not that it owns the key; see anycert_report_key_proven. */
ANYCERT_API const char *anycert_report_cert_pin(const struct anycert_report *report, size_t index);
ANYCERT_API const unsigned char *anycert_report_cert_der(const struct anycert_report *report,
                                                         size_t index, size_t *len);
/* 1 once the handshake was completed, so that the peer proved to own the key of its certificate. */
ANYCERT_API int anycert_report_key_proven(const struct anycert_report *report);

/* "TLSv1.3", the suite's IANA name, the key exchange group's name; "" while unknown. */
ANYCERT_API const char *anycert_report_protocol(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_cipher(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_group(const struct anycert_report *report);

/* For a handshake that failed: who ended it ("us", "peer" or ""), and why in words ("" if it did
 * not fail). */
ANYCERT_API const char *anycert_report_refused_by(const struct anycert_report *report);
ANYCERT_API const char *anycert_report_failure(const struct anycert_report *report);

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
