/* http/jar.h — the cookies of a client, shared by many lanes and threads. A lane has one jar or
 * none for its whole life.
 *
 * libcurl's own engine is not used: since 8.12 it reads shared cookies outside of the lock, in
 * every version it judges expiry by the system's clock, and which order it sends them in depends on
 * the version. */
#ifndef ANYCERT_HTTP_JAR_H
#define ANYCERT_HTTP_JAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/fields.h"
#include "http/url.h"

struct anycert__jar;

/* Empty. NULL with NOMEM. */
struct anycert__jar *anycert__jar_new(struct anycert_error *err);
/* After the last lane that has it. NULL is a no-op. */
void anycert__jar_free(struct anycert__jar *jar);

/* The cookie of a Set-Cookie field that came from url. 0, or -1 as anycert__cookie_line, USAGE if
 * it came over http and there is a Secure one that it would hide, or NOMEM. */
int anycert__jar_add(struct anycert__jar *jar, const char *set_cookie,
                     const struct anycert__url *url, int64_t now, struct anycert_error *err);
/* True if there is a cookie for the host of url, whatever its path. */
bool anycert__jar_has_for(struct anycert__jar *jar, const struct anycert__url *url, int64_t now);
/* Adds what an answer from url sets, of which 50 count, as in libcurl. What may not be set is
 * passed over. */
void anycert__jar_learn(struct anycert__jar *jar, const struct anycert__fields *fields,
                        const struct anycert__url *url, int64_t now);
/* The cookies that are sent to url beside a request's own, Secure ones over https alone, longest
 * paths first, then the older first: each is a field with its name and value. As many as libcurl
 * would send: 150 of 8 KB. 0, or -1 with NOMEM. */
int anycert__jar_pairs(struct anycert__jar *jar, const struct anycert__url *url, int64_t now,
                       struct anycert__fields *out, struct anycert_error *err);
/* All cookies that have not expired, as text in the Netscape format, from anycert__malloc. NULL
 * with NOMEM. */
char *anycert__jar_text(struct anycert__jar *jar, int64_t now, struct anycert_error *err);
/* 0 if every line of a cookie file's text can be understood, else -1 with the number of the line
 * that cannot. what: how messages call it. */
int anycert__jar_check(const char *text, const char *what, struct anycert_error *err);
/* Adds what stands in such a text, all of it or nothing. what is the text's name in messages. -1
 * with USAGE and the line's number, NOMEM. */
int anycert__jar_read(struct anycert__jar *jar, const char *text, const char *what,
                      struct anycert_error *err);

#endif
