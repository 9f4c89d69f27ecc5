/* doctor/page.h — one text of elsewhere.h in the making. */
#ifndef ANYCERT_DOCTOR_PAGE_H
#define ANYCERT_DOCTOR_PAGE_H

#include "base/buf.h"
#include "doctor/elsewhere.h"
#include "doctor/words.h"
#include "tls/tls.h"

#define ANYCERT__BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

struct anycert__page {
    const struct anycert_policy *policy; /* never NULL */
    anycert__relaxations allowed;        /* the rung's, too */
    const char *host;
    uint16_t port;
    const struct anycert__words *way; /* the proxy and other addresses, or NULL */
    char url[320];
    const char *client;  /* in notes */
    const char *comment; /* what begins one: "# " */
    struct anycert__buf notes, body;
    enum anycert_doctor_fit fit;
    bool believes_anybody; /* nothing of the certificate is looked at */
    bool compares_pin;     /* but the key is that of a pin */
};

/* A comment; the fit becomes at least so bad. What is said is escaped, so that it stays one line.
 */
void anycert__page_note(struct anycert__page *page, enum anycert_doctor_fit fit, const char *format,
                        ...) ANYCERT__PRINTF(3, 4);
/* Text of the body. */
void anycert__page_add(struct anycert__page *page, const char *format, ...) ANYCERT__PRINTF(2, 3);
/* A string in double quotes, as Python, Go, Java and JavaScript have them. */
void anycert__page_string(struct anycert__page *page, const char *text);

/* What a client can do. */
struct anycert__skills {
    anycert__relaxations alone;     /* it can give up these and nothing else */
    anycert__relaxations by_itself; /* it never insists on these */
    anycert__relaxations by_level;  /* it can, together with others: with a lower security level */
    bool pins, pins_alone;          /* it can compare the leaf's pin beside the chain; instead */
    const char *drops;              /* what it has to give up else: "verify=False gives up all" */
};

/* Says of each relaxation of the policy, and of its rung, what the client cannot do or does
 * otherwise. True if it has to give up all that a certificate is for. */
bool anycert__page_drops(struct anycert__page *page, const struct anycert__skills *skills);
/* Where the server is not known to be the one that is meant, or only by a pin, says so, and how it
 * can be known instead: trusts is how the client is told to trust private-ca.pem. */
void anycert__page_caution(struct anycert__page *page, const char *trusts);
/* The cipher list of OpenSSL for TLS 1.2 and below with its level, and a note if that is lower than
 * the policy's own. */
void anycert__page_ciphers(struct anycert__page *page,
                           char out[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"]);
/* 0x0301 to 0x0303: the lowest version. */
unsigned anycert__page_lowest(const struct anycert__page *page);
bool anycert__page_is_capped(const struct anycert__page *page);
/* Files with anchors, one after the other: NULL behind the last. What is no file has a note, and a
 * name to be replaced. */
const char *anycert__page_anchors(struct anycert__page *page, size_t n, bool folders);
/* Whether the system's anchors count. */
bool anycert__page_has_system(const struct anycert__page *page);

/* Splits the proxy of the way, "http://proxy.example:3128" or with another scheme; false if there
 * is none. */
struct anycert__page_proxy {
    char scheme[16], host[256]; /* the host without brackets */
    unsigned port;
};
bool anycert__page_proxy(const struct anycert__page *page, struct anycert__page_proxy *out);
/* Says what of the way is not in the text: the proxy, unless its scheme is one of schemes (" http
 * https "), and other addresses, unless takes_addresses. True if the proxy is to be in it. */
bool anycert__page_lacks_way(struct anycert__page *page, const char *schemes, bool takes_addresses);

/* One client each. */
void anycert__page_curl(struct anycert__page *page);
void anycert__page_openssl(struct anycert__page *page);
void anycert__page_wget(struct anycert__page *page);
void anycert__page_requests(struct anycert__page *page);
void anycert__page_go(struct anycert__page *page);
void anycert__page_node(struct anycert__page *page);
void anycert__page_java(struct anycert__page *page);

#endif
