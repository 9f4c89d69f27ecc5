/* trust_store.h — the keys that servers were met with: what the rung tofu compares them with.
 *
 *     struct anycert_trust_store *store = anycert_trust_store_open("trust", &err);
 *     struct anycert_policy *policy = anycert_policy_parse("tofu mode=accept-new", &err);
 *     anycert_config_set_trust_store(config, store, &err);
 *     anycert_config_set_policy(config, policy, &err);
 *
 * A trust store is a text file with one line for each host and port; anycert-trust-store(5)
 * describes it. An entry is one of two kinds. `pin`: the server has to have one of these keys.
 * `ca`: its certificate passed every check of `hardened` when it was met; it may change its key as
 * it likes, as long as that stays so.
 *
 * The file belongs to its user: it is made with mode 0600, in a folder made with 0700, and refused
 * if others may change it or a folder on the way to it, or if it is a symbolic link. It is replaced
 * as a whole or not at all, and processes that write at the same time wait for each other; beside
 * it is a file NAME.lock for that. What is not understood is an error that names the line, never an
 * empty store. A file that does not exist is an empty one. Whoever uses a store sees what others
 * write to it within a tenth of a second.
 *
 * Hosts are those of URLs, of any alphabet, with brackets around IPv6 addresses or without;
 * ::ffff:192.0.2.1 is 192.0.2.1. What a function does not say about errors: TRUST_STORE if the
 * file cannot be read, understood, locked or written; USAGE for a host, port, pin or comment that
 * is none; NOMEM.
 *
 * Threads: a store may be used by many at once. Entries and lists never change, and may be shared.
 */
#ifndef ANYCERT_TRUST_STORE_H
#define ANYCERT_TRUST_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>
#include <anycert/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The store, one of its entries, and all of them at one moment. */
struct anycert_trust_store;
struct anycert_trust_entry;
struct anycert_trust_list;

/* Opens the store in a file, and reads it: at most 64 MiB and 500000 entries. Free with
 * anycert_trust_store_free. NULL with err. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_trust_store *
anycert_trust_store_open(const char *path, struct anycert_error *err);
/* The same for a store that is only read: nothing is ever written to it, nor a file made beside it.
 * A file that belongs to root serves all users in this way. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_trust_store *
anycert_trust_store_open_read_only(const char *path, struct anycert_error *err);
/* Gives it up; configurations and clients that have it keep it alive until they are freed. NULL is
 * a no-op. */
ANYCERT_API void anycert_trust_store_free(struct anycert_trust_store *store);
/* Its path, as it was given. */
ANYCERT_API const char *anycert_trust_store_path(const struct anycert_trust_store *store);

/* The store that the rung tofu looks into, for clients made from config, which keeps a reference.
 * NULL, the default: none, and clients whose policy is tofu cannot be made (USAGE). */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_trust_store(struct anycert_config *config,
                                                                 struct anycert_trust_store *store,
                                                                 struct anycert_error *err);
/* Asked by `tofu mode=ask` about a host that the store does not know. The report says which host
 * and port, which key (anycert_report_cert_pin 0), and what is wrong with its certificate; the
 * server has proved that it owns the key, and nothing was sent to it yet. 1: the key is believed,
 * and is recorded; 2: so it is, and it has the pin that the user knows from elsewhere, so that the
 * server counts as authenticated; anything else: the connection is refused with TRUST_UNKNOWN. It
 * is called on the thread that sends, and may be called by several at a time, about several hosts:
 * whoever meets a host while it is asked about, or was under way to it, takes the answer. It must
 * not use the client. */
typedef int anycert_trust_ask(void *arg, const struct anycert_report *report);
/* Whom to ask. NULL, the default: nobody, and such hosts are refused. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_trust_ask(struct anycert_config *config,
                                                               anycert_trust_ask *ask, void *arg,
                                                               struct anycert_error *err);

/* The entry of a host. 1 with *out, to be freed with anycert_trust_entry_free; 0 if there is none;
 * -1 with err. */
ANYCERT_API ANYCERT_NODISCARD int anycert_trust_store_find(struct anycert_trust_store *store,
                                                           const char *host, uint16_t port,
                                                           struct anycert_trust_entry **out,
                                                           struct anycert_error *err);
/* Frees an entry that anycert_trust_store_find has given. NULL is a no-op. */
ANYCERT_API void anycert_trust_entry_free(struct anycert_trust_entry *entry);
/* All entries as they are now, in the order of their lines. NULL with err. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_trust_list *
anycert_trust_store_list(struct anycert_trust_store *store, struct anycert_error *err);
/* How many there are. */
ANYCERT_API size_t anycert_trust_list_count(const struct anycert_trust_list *list);
/* One of them, from 0 on; NULL behind the last. It lives as long as the list. */
ANYCERT_API const struct anycert_trust_entry *
anycert_trust_list_at(const struct anycert_trust_list *list, size_t index);
/* Frees it. NULL is a no-op. */
ANYCERT_API void anycert_trust_list_free(struct anycert_trust_list *list);

/* What the entry of a host says; the numbers are stable. */
enum anycert_trust_kind {
    ANYCERT_TRUST_PIN = 1, /* the server has one of these keys */
    ANYCERT_TRUST_CA = 2   /* its certificate passes every check of hardened */
};
/* How it came into the store; the numbers are stable. */
enum anycert_trust_source {
    ANYCERT_TRUST_FIRST_USE = 1, /* learned when the host was met */
    ANYCERT_TRUST_ADDED = 2,     /* somebody has said so */
    ANYCERT_TRUST_IMPORTED = 3,  /* taken over from another store */
    ANYCERT_TRUST_COMPARED = 4   /* as it was met, with a pin that the user had from elsewhere */
};
/* "nas.example", "192.0.2.1" or "2001:db8::1"; "|1|SALT|HASH|" if the name is hashed. Strings are
 * borrowed from the entry. */
ANYCERT_API const char *anycert_trust_entry_host(const struct anycert_trust_entry *entry);
/* Its port; 0 if the name is hashed, as the port is in the hash. */
ANYCERT_API uint16_t anycert_trust_entry_port(const struct anycert_trust_entry *entry);
/* Which kind it is. */
ANYCERT_API enum anycert_trust_kind
anycert_trust_entry_kind(const struct anycert_trust_entry *entry);
/* How many keys a `pin` has; 0 for `ca`. */
ANYCERT_API size_t anycert_trust_entry_pin_count(const struct anycert_trust_entry *entry);
/* One of them as "sha256//BASE64"; NULL behind the last. */
ANYCERT_API const char *anycert_trust_entry_pin(const struct anycert_trust_entry *entry,
                                                size_t index);
/* When the host came into the store, and when its entry was changed; seconds since 1970 UTC. */
ANYCERT_API int64_t anycert_trust_entry_first_seen(const struct anycert_trust_entry *entry);
ANYCERT_API int64_t anycert_trust_entry_changed(const struct anycert_trust_entry *entry);
/* How it came into the store. */
ANYCERT_API enum anycert_trust_source
anycert_trust_entry_source(const struct anycert_trust_entry *entry);
/* The comment, or "". */
ANYCERT_API const char *anycert_trust_entry_comment(const struct anycert_trust_entry *entry);
/* Its line in the file, from 1 on. */
ANYCERT_API size_t anycert_trust_entry_line(const struct anycert_trust_entry *entry);
/* "pin", "ca"; "first-use", "added", "imported", "compared". Static; NULL for another number. */
ANYCERT_API const char *anycert_trust_kind_name(enum anycert_trust_kind kind);
ANYCERT_API const char *anycert_trust_source_name(enum anycert_trust_source source);

/* Says what a host is known by from now on, whatever the store said before. pins: its keys, the
 * first and backups, as "sha256//BASE64", comma-separated, at most 16; NULL: none, it is known by
 * its certificate authority (`ca`). comment: at most 200 bytes without control characters; NULL:
 * none. -1 with TRUST_STORE, too, when the clock says a year before 2020. */
ANYCERT_API ANYCERT_NODISCARD int anycert_trust_store_add(struct anycert_trust_store *store,
                                                          const char *host, uint16_t port,
                                                          const char *pins, const char *comment,
                                                          struct anycert_error *err);
/* Forgets a host, which is met for the first time then. One whose name is hashed is found by its
 * name and port, and by the hash, as anycert_trust_entry_host gives it, with any port. 1; 0 if it
 * was not there; -1 with err. */
ANYCERT_API ANYCERT_NODISCARD int anycert_trust_store_remove(struct anycert_trust_store *store,
                                                             const char *host, uint16_t port,
                                                             struct anycert_error *err);
/* Takes over the entries of another store's text that this one does not have; name is what the text
 * is called in messages. *count: how many. All or nothing: -1 with TRUST_CHANGED if a host is known
 * by something else here, and TRUST_STORE for a text that is not understood, that says two things
 * of a host, or whose names are hashed with another salt than those here, so that nobody can tell
 * whether they contradict. */
ANYCERT_API ANYCERT_NODISCARD int anycert_trust_store_import(struct anycert_trust_store *store,
                                                             const char *text, size_t len,
                                                             const char *name, size_t *count,
                                                             struct anycert_error *err);
/* The text of the whole store. Free with anycert_free. NULL with err. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_trust_store_export(struct anycert_trust_store *store,
                                                               struct anycert_error *err);
/* Replaces the names of all hosts by hashes of them (HMAC-SHA-256 with a random salt), and those of
 * hosts to come, so that the file does not tell where its user has been. *count: how many there
 * were. There is no way back, and the hosts cannot be listed by name any more. */
ANYCERT_API ANYCERT_NODISCARD int anycert_trust_store_hash_names(struct anycert_trust_store *store,
                                                                 size_t *count,
                                                                 struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
