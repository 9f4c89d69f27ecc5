/* policy_file.h — which host gets which policy: a text file with one entry a line.
 *
 * anycert-policy-file(5) describes it:
 *
 *     # host               policy
 *     nas.example          hardened+expired until=2026-12-31 reason="certificate is ordered"
 *     *.lab.example:8443   trust-any reason="no secrets there"
 *     192.0.2.0/24         hardened ca=lab-ca.pem
 *
 * The most specific entry counts: an exact host before a domain, a longer domain or network before
 * a shorter one, and of the same hosts the entry with a port before the one without. Two entries
 * for the same hosts are an error. [::ffff:192.0.2.7] is 192.0.2.7. Nothing is ever ignored: a file
 * that is not understood from its first to its last line is an error.
 *
 * Threads: a policy file never changes, and may be shared. */
#ifndef ANYCERT_POLICY_FILE_H
#define ANYCERT_POLICY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>
#include <anycert/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A policy file that has been read. */
struct anycert_policy_file;
/* One of its entries; it lives as long as its file. */
struct anycert_policy_entry;
/* See client.h. */
struct anycert_config;
struct anycert_client;

/* Reads a policy file from text (UTF-8 of at most 4 MiB). name is what it is called in messages;
 * NULL: "policy file". Relative paths of anchors start at the working directory. Free with
 * anycert_policy_file_free. NULL with POLICY_SYNTAX and "NAME:LINE: " in front of the message, or
 * NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy_file *
anycert_policy_file_parse(const char *text, size_t len, const char *name,
                          struct anycert_error *err);
/* The same from a file, which has to be a regular one that not everybody may write to. Relative
 * paths of anchors start at the file's folder. NULL with FILE, too. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy_file *
anycert_policy_file_load(const char *path, struct anycert_error *err);
/* Told what is wrong with a line, which counts from 1 on. The message has "PATH:LINE: " in front.
 */
typedef void anycert_fault_callback(void *arg, size_t line, const struct anycert_error *fault);
/* Reads a policy file as anycert_policy_file_load does, to find all that is wrong with it: tell is
 * called for each line that is not understood, and reading goes on behind it. The result has the
 * other entries and is for looking at: if there was such a line, no configuration takes it. NULL
 * with FILE, POLICY_SYNTAX, USAGE or NOMEM if the file cannot be read at all. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy_file *
anycert_policy_file_inspect(const char *path, anycert_fault_callback *tell, void *arg,
                            struct anycert_error *err);
/* Frees it; configurations and clients that have it keep it as long as they need it. NULL is a
 * no-op. */
ANYCERT_API void anycert_policy_file_free(struct anycert_policy_file *file);

/* The entry for a host, as it stands in a URL, and a port; NULL if there is none. Addresses are
 * compared as addresses; the names that lead to an address are not asked for. */
ANYCERT_API const struct anycert_policy_entry *
anycert_policy_file_find(const struct anycert_policy_file *file, const char *host, uint16_t port);
/* The first entry for NULL, then each next in the order of the lines; NULL behind the last. */
ANYCERT_API const struct anycert_policy_entry *
anycert_policy_file_next(const struct anycert_policy_file *file,
                         const struct anycert_policy_entry *entry);

/* The hosts that it is about, in their one spelling: "nas.example", "*.lab.example:8443". Borrowed,
 * as are the next two. */
ANYCERT_API const char *anycert_policy_entry_hosts(const struct anycert_policy_entry *entry);
/* Its policy. */
ANYCERT_API const struct anycert_policy *
anycert_policy_entry_policy(const struct anycert_policy_entry *entry);
/* Where it stands: "NAME:LINE". */
ANYCERT_API const char *anycert_policy_entry_source(const struct anycert_policy_entry *entry);
/* Its line, from 1 on. */
ANYCERT_API size_t anycert_policy_entry_line(const struct anycert_policy_entry *entry);

/* What is the matter with an entry that is well written. */
enum anycert_policy_flaw {
    ANYCERT_FLAW_NONE = 0,  /* nothing */
    ANYCERT_FLAW_ENDED = 1, /* the day of `until` is over: its relaxations do not count any more */
    ANYCERT_FLAW_SHADOWED = 2, /* more specific entries have all of its hosts */
    ANYCERT_FLAW_SAME = 3      /* without it, its hosts would have the same policy */
};
/* The first of these that an entry has at a time (seconds since 1970 UTC). */
ANYCERT_API enum anycert_policy_flaw
anycert_policy_file_flaw(const struct anycert_policy_file *file,
                         const struct anycert_policy_entry *entry, int64_t now);

/* 1 if the entry is about more hosts than one owner can have: all of IPv4 or of IPv6, or all below
 * a public suffix (`*.com`, `*.co.uk`; of libpsl's list); else 0. */
ANYCERT_API int anycert_policy_entry_is_wide(const struct anycert_policy_entry *entry);

/* The policies of hosts, wherever none was set for the client: the request's own, those met by
 * redirect, those that tokens come from, and the proxy's. The configuration keeps a reference;
 * NULL: none. -1 with POLICY_UNAVAILABLE and the place of an entry that this version cannot carry
 * out. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_policy_file(struct anycert_config *config,
                                                                 struct anycert_policy_file *file,
                                                                 struct anycert_error *err);

/* The policy that is configured for a URL's host, whether its end has passed or not; over http it
 * means nothing. *source (may be NULL) becomes its place in the policy file, borrowed from the
 * client, or NULL. Free with anycert_policy_free. NULL with URL or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *
anycert_client_policy(const struct anycert_client *client, const char *url, const char **source,
                      struct anycert_error *err);

/* Where the ceiling of the machine is (anycert-ceiling(5)), whether there is one or not. */
ANYCERT_API const char *anycert_ceiling_path(void);
/* Says what is wrong with a ceiling. path: a file that is to become one; NULL or its own path: that
 * of the machine, which has to belong to root, too, and may be missing. 0; -1 with POLICY_SYNTAX
 * and "PATH:LINE: " in front of the message, FILE if another file cannot be read, or NOMEM. While
 * the machine's is wrong, clients have nothing but hardened. */
ANYCERT_API ANYCERT_NODISCARD int anycert_ceiling_inspect(const char *path,
                                                          struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
