/* verdict/proxy_words.h — what is said of a server, said of an https:// proxy, which is one, too.
 * Without state: safe from any thread. */
#ifndef ANYCERT_VERDICT_PROXY_WORDS_H
#define ANYCERT_VERDICT_PROXY_WORDS_H

#include "verdict/cause.h"

/* Whether the sentences of a cause that is met on a link are those of a proxy. What only proxies
 * have is about them already. */
bool anycert__is_said_of_proxy(const struct anycert__cause *cause, enum anycert__hop hop);
/* A copy in which "the server" (or "that", "a self-signed") is the proxy; what is quoted, server
 * names, and "the server behind" it stay. Freed with anycert__free; NULL with NOMEM. */
char *anycert__said_of_proxy(const char *text, struct anycert_error *err);
/* The same where it is a proxy that is spoken of, else a copy as it is. */
char *anycert__said_of(const char *text, bool is_proxy, struct anycert_error *err);

#endif
