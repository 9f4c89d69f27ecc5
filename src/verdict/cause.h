/* verdict/cause.h — the causes that the doctor can name, as causes.def lists them. Static data,
 * without state: safe from any thread. */
#ifndef ANYCERT_DOCTOR_CAUSE_H
#define ANYCERT_DOCTOR_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"
#include "verdict/facts.h"

/* In the order in which a connection meets them. The numbers may change with any version; the ids,
 * which are text, do not. */
enum anycert__cause_number {
#define CAUSE(enum_name, id, check, side, here, otherwise, title, explanation)                     \
    ANYCERT__CAUSE_##enum_name,
#include "verdict/causes.def"
    ANYCERT__CAUSE_COUNT
};

/* Who has to act. */
enum anycert__side {
    ANYCERT__SIDE_LOCAL,   /* this machine, or what it was told */
    ANYCERT__SIDE_NETWORK, /* something on the way */
    ANYCERT__SIDE_REMOTE   /* the server */
};

/* What connects where no relaxation does. */
enum anycert__otherwise {
    ANYCERT__OTHERWISE_NOTHING,     /* nothing that is known */
    ANYCERT__OTHERWISE_PINNED,      /* a pin instead of the chain */
    ANYCERT__OTHERWISE_TRUST_ANY,   /* the rung trust-any */
    ANYCERT__OTHERWISE_ANTIQUE,     /* the rung antique */
    ANYCERT__OTHERWISE_OTHER_BUILD, /* a TLS library that still has, or already has, what is wanted
                                     */
    ANYCERT__OTHERWISE_NEVER        /* what protects nothing, and is never done */
};

struct anycert__cause {
    enum anycert__cause_number number;
    const char *id;    /* stable: "missing-intermediate" */
    const char *check; /* a check's id, or "dns", "tcp", "proxy", "tls", "http" */
    enum anycert__side side;
    bool here; /* something other than a relaxation may mend it on our side */
    enum anycert__otherwise otherwise;
    const char *title;       /* one sentence */
    const char *explanation; /* one or two */
};

/* The text that another program shows for it. */
struct anycert__seen {
    const char *who; /* "OpenSSL", "curl", "Python", "Go", "Java", "Node", "wget", "browser" */
    const char *text;
};

/* By number, which has to be below ANYCERT__CAUSE_COUNT; never NULL. */
const struct anycert__cause *anycert__cause(enum anycert__cause_number number);
/* By id; NULL if there is none. */
const struct anycert__cause *anycert__cause_find(const char *id);

/* "local", "network", "remote". */
const char *anycert__side_name(enum anycert__side side);

/* The nth of what follows, from 0 on; 0 or NULL behind the last. */

/* Relaxations that let it through, each by itself, the first choice first: an ANYCERT__RELAX_...
 * number. */
int anycert__cause_lets(const struct anycert__cause *cause, size_t n);
/* All of them as a set. */
anycert__relaxations anycert__cause_relaxations(const struct anycert__cause *cause);
/* What other programs say. */
const struct anycert__seen *anycert__cause_seen(const struct anycert__cause *cause, size_t n);
/* What a verify error at a depth may mean: the usual cause first. Every code has one;
 * certificate-other stands for those that are not known. */
const struct anycert__cause *anycert__cause_of_x509(int code, int depth, size_t n);
/* What an alert of the peer may mean, in the order in which a connection meets the causes, which is
 * not that of likelihood: evidence has to tell them apart. */
const struct anycert__cause *anycert__cause_of_alert(int alert, size_t n);
/* The usual cause where this one has to be relaxed for the protocol's sake; ANYCERT__CAUSE_COUNT
 * for relaxations that are about certificates. */
enum anycert__cause_number anycert__cause_of_relaxation(int relaxation);
/* Why a connection cannot be made, by errno. */
enum anycert__cause_number anycert__cause_of_connecting(int os_errno);
/* Why a proxy makes no tunnel, by the status of its answer to CONNECT. */
enum anycert__cause_number anycert__cause_of_tunnel(long status);
/* cause_name.c: why no name of the certificate is the one that was asked for. */
enum anycert__cause_number anycert__cause_of_name(const struct anycert__facts *facts);

/* cause_text.c: what OpenSSL said in this handshake (NULL: there was none), or what it says in such
 * cases, and what other programs say. code is the error of verification (X509_V_ERR_...) that has
 * the cause, or 0: of what others say of such errors, what fits those of the facts is told then.
 * Freed with anycert__free; NULL with NOMEM. */
char *anycert__cause_errors(const struct anycert__cause *cause, const struct anycert__facts *facts,
                            int code, struct anycert_error *err);

#endif
