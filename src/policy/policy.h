/* policy/policy.h — the policy's inside, for the layers above. */
#ifndef ANYCERT_POLICY_POLICY_H
#define ANYCERT_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/policy.h>

/* From the strictest to the weakest; zero is hardened. Values are the rungs' stable ids. */
enum anycert__rung {
    ANYCERT__RUNG_HARDENED = 0,
    ANYCERT__RUNG_PINNED = 1,
    ANYCERT__RUNG_TOFU = 2,
    ANYCERT__RUNG_REPORT_ONLY = 3,
    ANYCERT__RUNG_TRUST_ANY = 4,
    ANYCERT__RUNG_ANTIQUE = 5
};

enum anycert__relaxation {
#define RELAXATION(enum_name, id, name, side, auth, available, allows, danger, fix)                \
    ANYCERT__RELAX_##enum_name = (id),
#include "policy/relaxations.def"
};

/* A set of relaxations: bit n stands for id n. Internal only. */
typedef uint64_t anycert__relaxations;
#define ANYCERT__RELAX_BIT(id) (UINT64_C(1) << (unsigned)(id))

/* One source of trust anchors. */
enum anycert__ca_kind {
    ANYCERT__CA_SYSTEM = 0,
    ANYCERT__CA_PATH = 1,
    ANYCERT__CA_MEMORY = 2 /* pem may be NULL when only the digest is known (from text) */
};
struct anycert__ca {
    enum anycert__ca_kind kind;
    char *path;
    char *pem;
    size_t pem_len;
    uint8_t digest[32]; /* SHA-256 of the PEM bytes */
};

/* True if both name the same source: the same path, or the same bytes in memory. */
bool anycert__ca_equal(const struct anycert__ca *a, const struct anycert__ca *b);

#define ANYCERT__PIN_PREFIX "sha256//"
#define ANYCERT__PIN_SIZE   (8 + 44 + 1) /* prefix, base64 of 32 bytes, NUL */
#define ANYCERT__PINS_MAX   64
#define ANYCERT__CAS_MAX    64
#define ANYCERT__REASON_MAX 200

enum anycert__tofu_mode {
    ANYCERT__TOFU_ASK = 0,
    ANYCERT__TOFU_ACCEPT_NEW = 1,
    ANYCERT__TOFU_STRICT = 2
};

struct anycert_policy {
    enum anycert__rung rung;
    anycert__relaxations relaxations; /* those written with "+", not what the rung contains */
    struct anycert__ca *cas;          /* none means: the system's anchors */
    size_t ca_count;
    char (*pins)[ANYCERT__PIN_SIZE];
    size_t pin_count;
    bool check_name, check_dates; /* check= of pinned */
    bool has_check;
    bool has_mode;
    enum anycert__tofu_mode mode;
    char *expect_name;
    char *sni;
    /* for= of report-only; NULL means hardened. Its anchors and expected name are cas and
     * expect_name of this policy, its own are empty. */
    struct anycert_policy *target;
    bool has_until;
    int64_t until; /* last second that counts: 23:59:59 UTC of the day */
    char *reason;
};

/* Everything that policy lets through: its relaxations and what its rung contains. NULL means
 * hardened. */
anycert__relaxations anycert__policy_allows(const struct anycert_policy *policy);
/* The same for a rung alone. For trust-any, report-only, antique and pinned all relaxations of
 * certificates. */
anycert__relaxations anycert__rung_contains(enum anycert__rung rung);
/* What a rung lets through without containing it, so that the relaxation may be written beside it
 * and lets more through then. */
anycert__relaxations anycert__rung_lets_by(enum anycert__rung rung);
/* All relaxations of the certificate side. */
anycert__relaxations anycert__relaxations_of_certificates(void);

/* True for trust-any, report-only and antique: nothing that a certificate says refuses the
 * connection. */
bool anycert__policy_accepts_any_certificate(const struct anycert_policy *policy);

/* True if the policy has an end, and it has passed. */
bool anycert__policy_has_ended(const struct anycert_policy *policy, int64_t now);

/* The policy that a report compares with: the target of report-only, else hardened (as NULL). */
const struct anycert_policy *anycert__policy_reference(const struct anycert_policy *policy);

/* The policy for another origin, that a redirect leads to or a token is asked of: rungs that accept
 * any certificate cover every hop; anything else becomes hardened with the same anchors. NULL with
 * NOMEM. */
struct anycert_policy *anycert__policy_for_other_origin(const struct anycert_policy *policy,
                                                        struct anycert_error *err);

/* True if the policy says which host answers: what is right for one host alone. */
bool anycert__policy_names_a_host(const struct anycert_policy *policy);
/* Gives policy the anchors of from (NULL: none), if it names none of its own. 0, or -1 with NOMEM.
 */
int anycert__policy_inherit_anchors(struct anycert_policy *policy,
                                    const struct anycert_policy *from, struct anycert_error *err);

/* Which relaxations would let a verify error through; is how the judge and the remedies are made.
 * Facts about the certificate at that depth are the caller's to fill in. */
struct anycert__x509_finding {
    int code;
    int depth;
    bool cn_only_match;   /* the leaf has no dNSName nor iPAddress, and its CN matches */
    bool key_above_floor; /* RSA/DSA >= 1024 bits, EC >= 160 bits */
    bool signature_is_sha1;
};
anycert__relaxations anycert__relaxations_for(const struct anycert__x509_finding *finding);

/* Adds in-memory anchors whose digest the caller has computed; copies. */
int anycert__policy_add_ca_memory(struct anycert_policy *policy, const void *pem, size_t len,
                                  const uint8_t digest[32], struct anycert_error *err);

#endif
