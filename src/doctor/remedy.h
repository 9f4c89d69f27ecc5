/* doctor/remedy.h — what mends a cause: sentences, commands and lines of configuration with what is
 * known of the case in them. Without state: safe from any thread. */
#ifndef ANYCERT_DOCTOR_REMEDY_H
#define ANYCERT_DOCTOR_REMEDY_H

#include <stdbool.h>
#include <stddef.h>

#include "doctor/words.h"
#include "verdict/cause.h"

/* What is known of the case. Values may be the network's: nothing is assumed about their bytes. A
 * key may be missing, and others than these are passed over:
 *
 *   host        the name or address that was asked for
 *   port        its port
 *   name        a name that the certificate has
 *   address     an address of the host
 *   proxy       the proxy's name and port: "proxy.example:3128"
 *   pin         the key's pin: "sha256//..."
 *   issuer-url  where the certificate says that its issuer's can be fetched
 *   ca-names    the CAs of which the server takes client certificates, as text
 *   asked       that a request was sent: what it would tell is no remedy any more
 *   hung-up     that it was not a time limit which ended the answer: more time is no remedy
 *   ca-file     the file of CAs that was given
 *   until       the last day of what a command relaxes: "2027-02-20"
 *   why         that the administrator of the machine wants a reason beside that
 *   no-pin      that he does not allow it in any way: commands with it are no remedy
 *   trust-by-pin, trust-by-name
 *               policies for an https:// proxy, with the pin or the name that it showed; without
 * one there are no commands with it
 *
 * What is not a plain name, number, pin or URL stands in sentences only, escaped and cut; in
 * commands and configuration a word in capitals stands for it, as it does for what is not known. A
 * name with a wildcard is not plain: it names no host. */
struct anycert__evidence {
    const char *key;
    const char *value; /* NULL counts as missing */
};

struct anycert__remedy {
    const char *audience; /* "client", "server", "proxy" or "network": who has to do it; static */
    char *where;          /* "nginx", "anycert", "the URL" */
    const char *language; /* of lines: "shell", "nginx", "apache", "haproxy", "squid", "powershell";
                             static; NULL without lines */
    char *text;           /* one sentence or two */
    char *lines;          /* each ends with a line end; NULL: none */
};

struct anycert__remedies {
    struct anycert__remedy *items;
    size_t count;
};

/* What is known, and the options that commands of anycert repeat (NULL: none). Of an https://
 * proxy, whose name and port are host and port of the evidence, on_the_way is what is known of the
 * way that it is on (NULL: it is about a server): commands of anycert are about the server behind
 * it. */
struct anycert__remedy_case {
    const struct anycert__evidence *evidence;
    size_t count;
    const struct anycert__words *given;
    const struct anycert__evidence *on_the_way;
    size_t way_count;
    bool has_https; /* the proxy's URL says it already */
    bool has_tls;   /* and the proxy has shaken hands */
    bool has_socks; /* the proxy's URL says that */
};

/* Fills *out with the remedies of a cause, the first to be tried first. 0, or -1 with NOMEM and an
 * empty *out. */
int anycert__remedies_of_case(const struct anycert__cause *cause,
                              const struct anycert__remedy_case *known,
                              struct anycert__remedies *out, struct anycert_error *err);
/* The same about a server. */
int anycert__remedies_for(const struct anycert__cause *cause,
                          const struct anycert__evidence *evidence, size_t count,
                          const struct anycert__words *given, struct anycert__remedies *out,
                          struct anycert_error *err);
/* Frees what is in it, and empties it. */
void anycert__remedies_clear(struct anycert__remedies *remedies);

#endif
