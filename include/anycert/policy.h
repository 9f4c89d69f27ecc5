/* policy.h — what a caller allows: a rung of the ladder, relaxations, and keys.
 *
 * It has a text form, which anycert-policy(5) describes:
 *
 *     rung *("+" relaxation) *(SP key "=" value)
 *     hardened
 *     hardened+expired until=2026-12-31 reason="waiting for the new certificate"
 *     trust-any
 *
 * The rung is mandatory. Duplicates, unknown words, relaxations that the rung contains already and
 * keys that mean nothing for the rung are errors. There is no text and no value that means "off" by
 * accident.
 *
 * A policy may be parsed, compared and printed that this version cannot carry out yet: creating a
 * client with it fails with ANYCERT_E_POLICY_UNAVAILABLE and names what is missing. Nothing is ever
 * ignored.
 *
 * Threads: a policy is for one thread at a time while it is changed; not being changed, it may be
 * shared. */
#ifndef ANYCERT_POLICY_H
#define ANYCERT_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A policy. */
struct anycert_policy;

/* The policy `hardened`, which everything starts as. NULL with NOMEM. Free with
 * anycert_policy_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *anycert_policy_new(struct anycert_error *err);

/* Parses the text form; text is NUL-terminated UTF-8 of at most 65536 bytes. NULL with
 * POLICY_SYNTAX (the message quotes the word and says what was expected) or NOMEM; an empty or NULL
 * text is POLICY_SYNTAX. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *
anycert_policy_parse(const char *text, struct anycert_error *err);

/* A copy that shares nothing. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *
anycert_policy_copy(const struct anycert_policy *policy, struct anycert_error *err);

/* Frees it. Clients and configurations have their own copies. NULL is a no-op. */
ANYCERT_API void anycert_policy_free(struct anycert_policy *policy);

/* The canonical text: keys in their documented order, relaxations in table order. Two policies mean
 * the same exactly when their canonical texts without `reason` are equal. Free with anycert_free.
 * NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_policy_format(const struct anycert_policy *policy,
                                                          struct anycert_error *err);

/* 1 if both mean the same (`reason` is not compared), else 0. NULL equals hardened. */
ANYCERT_API int anycert_policy_equal(const struct anycert_policy *a,
                                     const struct anycert_policy *b);

/* Changes the rung, by name. Relaxations and keys stay; what no longer fits is found by
 * anycert_policy_check. 0, or -1 with POLICY_SYNTAX for an unknown name. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_policy_set_rung(struct anycert_policy *policy, const char *rung, struct anycert_error *err);

/* Adds one relaxation, by name. 0, or -1 with POLICY_SYNTAX for an unknown name or one already
 * there. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_relax(struct anycert_policy *policy,
                                                       const char *relaxation,
                                                       struct anycert_error *err);

/* Sets a key (`ca`, `pin`, `check`, `mode`, `expect-name`, `sni`, `for`, `until`, `reason`) from
 * the text that stands behind "=" (unquoted), replacing what was there. 0, or -1 with
 * POLICY_SYNTAX. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_set(struct anycert_policy *policy, const char *key,
                                                     const char *value, struct anycert_error *err);

/* Adds trust anchors: a PEM file or a directory of PEM files. The path is kept as text and read
 * when a client is made, and again when the file changes (which a client sees within a tenth of a
 * second). The first call of the three replaces the system's anchors; anycert_policy_add_ca_system
 * brings them back beside the others. A path may not be empty nor have control bytes. 0, or -1 with
 * USAGE or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_add_ca_path(struct anycert_policy *policy,
                                                             const char *path,
                                                             struct anycert_error *err);
/* The same with certificates in memory (PEM, one or more); copied. Prints as ca=sha256:… 0, or -1
 * with ANCHORS if there is no certificate in it, USAGE or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_add_ca_pem(struct anycert_policy *policy,
                                                            const void *pem, size_t len,
                                                            struct anycert_error *err);
/* The same with the system's anchors: the operating system's bundle. 0, or -1 with USAGE or NOMEM.
 */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_add_ca_system(struct anycert_policy *policy,
                                                               struct anycert_error *err);

/* 0 if rung, relaxations and keys fit together, else -1 with POLICY_SYNTAX. Parsing and client
 * creation call it by themselves. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_check(const struct anycert_policy *policy,
                                                       struct anycert_error *err);

/* 0 if this version can carry the policy out, else -1 with POLICY_UNAVAILABLE naming the part. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_available(const struct anycert_policy *policy,
                                                           struct anycert_error *err);

/* Name of the rung; static string. NULL is hardened. */
ANYCERT_API const char *anycert_policy_rung(const struct anycert_policy *policy);

/* 1 if, under this policy, whoever answers has proved to be the host that was asked for; 0 if the
 * rung or a relaxation gives that up. NULL is hardened. */
ANYCERT_API int anycert_policy_authenticates(const struct anycert_policy *policy);

/* For how many days a policy is advised, and written by anycert doctor --apply, if it is another
 * rung than hardened or relaxes something, and nobody says until when. */
#define ANYCERT_ADVISED_DAYS 90
/* 1 if the policy has an end (`until`), else 0; *until (may be NULL) becomes the last second that
 * counts, since 1970 UTC. NULL is hardened. */
ANYCERT_API int anycert_policy_until(const struct anycert_policy *policy, int64_t *until);

/* The value of a key (`ca`, `pin`, …) as it stands behind "=", unquoted. 1 with *value, to be freed
 * with anycert_free; 0 if the policy does not have the key; -1 with POLICY_SYNTAX for an unknown
 * one, or NOMEM. A policy of NULL is hardened. */
ANYCERT_API ANYCERT_NODISCARD int anycert_policy_get(const struct anycert_policy *policy,
                                                     const char *key, char **value,
                                                     struct anycert_error *err);

/* What is in force at a time (seconds since 1970 UTC): the policy itself until the end of the day
 * `until`, afterwards the rung hardened (or hardened with the pins) without relaxations; pins,
 * anchors, expected name stay. Free with anycert_policy_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *
anycert_policy_effective(const struct anycert_policy *policy, int64_t now,
                         struct anycert_error *err);

/* Relaxations: in the order of their table.
 *
 * Ids are stable numbers, never reused. All is static data, safe from any thread; only
 * anycert_relaxation_next() takes NULL. anycert-policy(5) lists them all. */

/* One relaxation. */
struct anycert_relaxation;
/* The first for NULL, then each next; NULL behind the last. */
ANYCERT_API const struct anycert_relaxation *
anycert_relaxation_next(const struct anycert_relaxation *r);
/* By name or by id; NULL if there is none. */
ANYCERT_API const struct anycert_relaxation *anycert_relaxation_find(const char *name);
ANYCERT_API const struct anycert_relaxation *anycert_relaxation_by_id(int id);
/* Its id, and its name as policies are written with. */
ANYCERT_API int anycert_relaxation_id(const struct anycert_relaxation *r);
ANYCERT_API const char *anycert_relaxation_name(const struct anycert_relaxation *r);
/* What it lets through, in words. */
ANYCERT_API const char *anycert_relaxation_allows(const struct anycert_relaxation *r);
/* What an attacker gains. */
ANYCERT_API const char *anycert_relaxation_danger(const struct anycert_relaxation *r);
/* What the server's administrator should do instead. */
ANYCERT_API const char *anycert_relaxation_fix(const struct anycert_relaxation *r);
/* 1 if the peer is still authenticated when only this is relaxed. */
ANYCERT_API int anycert_relaxation_authenticates(const struct anycert_relaxation *r);
/* 1 if the policy has it behind its rung; what the rung itself contains is not looked at. A policy
 * of NULL is hardened. */
ANYCERT_API int anycert_policy_relaxes(const struct anycert_policy *policy,
                                       const struct anycert_relaxation *r);
/* 1 if this version can carry it out. */
ANYCERT_API int anycert_relaxation_is_available(const struct anycert_relaxation *r);

/* Rungs: from the strictest to the weakest.
 *
 * The same rules as for relaxations. */

/* One rung. */
struct anycert_rung;
/* The first for NULL, then each next; NULL behind the last. */
ANYCERT_API const struct anycert_rung *anycert_rung_next(const struct anycert_rung *r);
/* By name; NULL if there is none. */
ANYCERT_API const struct anycert_rung *anycert_rung_find(const char *name);
/* Its id, and its name as policies are written with. */
ANYCERT_API int anycert_rung_id(const struct anycert_rung *r);
ANYCERT_API const char *anycert_rung_name(const struct anycert_rung *r);
/* What it accepts, in words. */
ANYCERT_API const char *anycert_rung_meaning(const struct anycert_rung *r);
/* What is given up compared with hardened. */
ANYCERT_API const char *anycert_rung_gives_up(const struct anycert_rung *r);
/* 1 if this version can carry it out. */
ANYCERT_API int anycert_rung_is_available(const struct anycert_rung *r);

/* Memory: the texts that functions hand out. */

/* Frees memory that anycert handed out as char *. NULL is a no-op. Safe from any thread. */
ANYCERT_API void anycert_free(void *p);

#ifdef __cplusplus
}
#endif

#endif
