/* profile.h — an integration instance's parameters as JSON, and the configuration they make.
 *
 *     {
 *         "url": "https://appliance.example/api",
 *         "insecure": false,
 *         "proxy": false,
 *         "timeout": 20, // seconds
 *         "cacert": "appliance-ca.pem"
 *     }
 *
 * anycert-profile(5) describes the keys. Comments are allowed. A key that is unknown, given twice
 * or of a wrong type is an error, with its line; nothing is ever weakened by an empty string, a
 * null or a word in quotes.
 *
 * Threads: one at a time for each object; not being changed, it may be shared. */
#ifndef ANYCERT_PROFILE_H
#define ANYCERT_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>
#include <anycert/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A profile. */
struct anycert_profile;

/* Reads a profile from text (UTF-8 JSON of at most 1 MiB). name is what it is called in messages,
 * such as a file's name; NULL: "profile". Relative paths in it start at the working directory. Free
 * with anycert_profile_free. NULL with USAGE (or URL, POLICY_SYNTAX for such a value), and
 * "NAME:LINE:COLUMN: " in front of the message; or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_profile *
anycert_profile_parse(const char *text, size_t len, const char *name, struct anycert_error *err);
/* The same from a file. Relative paths in it start at the file's folder. NULL with FILE, too. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_profile *
anycert_profile_load(const char *path, struct anycert_error *err);
/* Frees it; secrets are wiped. NULL is a no-op. */
ANYCERT_API void anycert_profile_free(struct anycert_profile *profile);

/* Sets a key from the text of a JSON value ("true", "20", "\"hardened\""), in place of what the
 * file says; NULL: takes it out, as the caller sees to it in another
 * way. Members of objects are named with a dot
 * ("credentials.password"). source is who says so, for messages and anycert_profile_source, such as
 * "--max-time"; NULL: "caller". 0, or -1 as anycert_profile_parse. */
ANYCERT_API ANYCERT_NODISCARD int anycert_profile_set(struct anycert_profile *profile,
                                                      const char *key, const char *json,
                                                      const char *source,
                                                      struct anycert_error *err);

/* The names of all keys, by index from 0; NULL behind the last. Static strings. Safe from any
 * thread. */
ANYCERT_API const char *anycert_profile_key(size_t index);
/* What is in force for a key, as text for people: what was given, or the default; secrets are
 * replaced by where they come from. NULL if nothing is in force, or there is no such key. Borrowed
 * until the profile is changed or freed. */
ANYCERT_API const char *anycert_profile_value(const struct anycert_profile *profile,
                                              const char *key);
/* Where it comes from: "box.json:4", the source of anycert_profile_set, or "default". NULL if there
 * is no such key. Borrowed until the profile is changed or freed. */
ANYCERT_API const char *anycert_profile_source(const struct anycert_profile *profile,
                                               const char *key);

/* The policy for the servers that `insecure`, `trust`, `cacert` and the others make together. Free
 * with anycert_policy_free. NULL with USAGE, POLICY_SYNTAX, ANCHORS or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_policy *
anycert_profile_policy(const struct anycert_profile *profile, struct anycert_error *err);

/* Asks the environment for a variable: its value, which has to live until the call of the library
 * is over, or NULL. arg is what was given with the callback. */
typedef const char *anycert_profile_variable(void *arg, const char *name);

/* Asked when a signal has come while a descriptor is waited for, in the thread that waits: anything
 * but 0 gives that up with INTERRUPTED. NULL, the default: the wait goes on. */
ANYCERT_API void anycert_profile_set_interrupt(struct anycert_profile *profile,
                                               int (*asked)(void *arg), void *arg);

/* Sets everything that the profile says in a configuration, and leaves the rest of it alone.
 * Secrets are read now: of a descriptor ("fd") everything up to its end, so this works once then.
 * The library reads no environment by itself: variable is asked for secrets ("env") and for the
 * system's proxy ("proxy": true); NULL makes both an error. 0, or -1 with USAGE, FILE, URL,
 * ANCHORS, CLIENT_CERT, POLICY_SYNTAX, POLICY_UNAVAILABLE, HEADER, INTERRUPTED
 * (anycert_profile_set_interrupt) or NOMEM, the place of the key in front of the message. */
ANYCERT_API ANYCERT_NODISCARD int anycert_profile_apply(struct anycert_profile *profile,
                                                        struct anycert_config *config,
                                                        anycert_profile_variable *variable,
                                                        void *arg, struct anycert_error *err);

/* Adds the profile's header fields to a request, but for names that it has a field of already. A
 * request with fields of its own sends none of its client's: this makes it send both. Otherwise as
 * anycert_profile_apply. */
ANYCERT_API ANYCERT_NODISCARD int anycert_profile_add_headers(struct anycert_profile *profile,
                                                              struct anycert_request *request,
                                                              anycert_profile_variable *variable,
                                                              void *arg, struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
