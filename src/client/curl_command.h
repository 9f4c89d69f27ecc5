/* client/curl_command.h — a request as a command line of curl, in the making. */
#ifndef ANYCERT_CLIENT_CURL_COMMAND_H
#define ANYCERT_CLIENT_CURL_COMMAND_H

#include "client/internal.h"

struct anycert__curl {
    const struct anycert_client *client;
    const struct anycert_request *request;
    const struct anycert_auth *auth; /* the credentials of the request; NULL: user, or none */
    const char *user, *password;     /* without auth; NULL: none */
    struct anycert_policy *policy;   /* configured for the request's host; freed at the end */
    const char *expect_name;         /* stands in the URL instead of its host; NULL: none does */
    struct anycert__buf notes;       /* lines that begin with '#' */
    struct anycert__buf variables;   /* names of those that are used, a space behind each */
    struct anycert__buf input;       /* what curl reads from its standard input, as a command */
    struct anycert__buf options;     /* " \\\n  --option 'value'" */
    size_t quoted_end;               /* where the last quotes ended in options */
    bool reads_input;                /* the standard input has been given away */
};

/* ---- curl_quote.c: the language of the shell */

/* A line about what curl cannot say. What is said is escaped, so that it stays one line. */
void anycert__curl_note(struct anycert__curl *curl, const char *format, ...) ANYCERT__PRINTF(2, 3);
/* An option without a value; with one; with a number. */
void anycert__curl_flag(struct anycert__curl *curl, const char *option);
void anycert__curl_option(struct anycert__curl *curl, const char *option, const char *value);
void anycert__curl_number(struct anycert__curl *curl, const char *option, uint64_t number);
/* An option whose value is put together by calls of the following, one at least. */
void anycert__curl_begin(struct anycert__curl *curl, const char *option);
/* Bytes, none of them NUL, so that the shell makes exactly these of it. */
void anycert__curl_bytes(struct anycert__curl *curl, const char *bytes, size_t len);
void anycert__curl_text(struct anycert__curl *curl, const char *text);
void anycert__curl_textf(struct anycert__curl *curl, const char *format, ...) ANYCERT__PRINTF(2, 3);
/* A variable of the shell in the place of a secret: PREFIX or PREFIX_NAME, and a number if there is
 * one already; the shell refuses to go on without it. what says in a note what has to be in it. */
void anycert__curl_variable(struct anycert__curl *curl, const char *prefix, const char *name,
                            size_t name_len, const char *what);
/* Has these bytes come from the standard input of curl, if they are not too many and nothing else
 * does. */
bool anycert__curl_input(struct anycert__curl *curl, const char *bytes, size_t len);

/* ---- curl_text.c: texts with secrets in them */

/* "name=value&name=value": a query or a form, or anything that is not JSON. prefix is that of the
 * variables. */
void anycert__curl_pairs(struct anycert__curl *curl, const char *text, size_t len,
                         const char *prefix);
/* JSON; members under names that are widely used for secrets are secrets. */
void anycert__curl_json(struct anycert__curl *curl, const char *text, size_t len);

/* ---- the rest */

/* The request's own fields, or the client's. */
const struct anycert__fields *anycert__curl_fields(const struct anycert__curl *curl);
/* The value of the Content-Type field that is sent with the body, be it made from its kind; NULL:
 * none. */
const char *anycert__curl_type(const struct anycert__curl *curl);

/* curl_auth.c: finds out what credentials there are. */
void anycert__curl_credentials(struct anycert__curl *curl);
/* Whether a field of that name gives way to them. */
bool anycert__curl_replaces(const struct anycert__curl *curl, const char *name);
void anycert__curl_auth(struct anycert__curl *curl);
/* The key that goes into the query; mark is what divides it from what is there. */
void anycert__curl_auth_query(struct anycert__curl *curl, char mark);

/* curl_body.c: the body, and its Content-Type unless the fields have one. */
void anycert__curl_body(struct anycert__curl *curl);
/* curl_trust.c: the policy, the anchors, the client certificate, and the same of the proxy. */
void anycert__curl_trust(struct anycert__curl *curl);
/* Whether the policy in force takes any certificate. */
bool anycert__curl_takes_any(const struct anycert__curl *curl);
/* Whether it offers HTTP/1.1 alone by itself. */
bool anycert__curl_needs_http1(const struct anycert__curl *curl);
/* curl_way.c: proxy, names, limits, redirects, repetitions. */
void anycert__curl_way(struct anycert__curl *curl);

#endif
