/* tls/issuer.h — who issued a certificate, as far as it can be known: where it says that its issuer
 * can be fetched, whether what was fetched is that, and what the anchors have of the name. */
#ifndef ANYCERT_TLS_ISSUER_H
#define ANYCERT_TLS_ISSUER_H

#include "tls/tls.h"

#define ANYCERT__ISSUER_URL_SIZE 512

/* The first http:// URL of the issuer's certificate (RFC 5280 section 4.2.2.1) into out; "" if
 * there is none, or it is too long or not plain text. Nobody vouches for it yet. */
void anycert__issuer_url(const struct anycert__certificate *certificate,
                         char out[ANYCERT__ISSUER_URL_SIZE]);

/* Whether it bears timestamps of certificate logs (RFC 6962 section 3.3), and when the newest was
 * made, in seconds since 1970 UTC. They stand in what its issuer signed; the logs' own signatures
 * are not looked at. */
bool anycert__certificate_logged(const struct anycert__certificate *certificate, int64_t *newest);

/* What the anchors have of the name that issued a certificate. */
enum anycert__kin {
    ANYCERT__KIN_NONE,      /* nobody of that name */
    ANYCERT__KIN_OTHER_KEY, /* somebody, and none of them signed it */
    ANYCERT__KIN_SIGNER     /* the one that signed it */
};
enum anycert__kin anycert__anchors_kin(struct anycert__anchors *anchors,
                                       const struct anycert__certificate *certificate);
/* How many anchors there are, and how many of them are not valid yet at a time, and not any more:
 * what that says of the time. All are decoded for it. */
struct anycert__anchor_dates {
    size_t count, not_begun, ended;
};
void anycert__anchors_dates(const struct anycert__anchors *anchors, int64_t now,
                            struct anycert__anchor_dates *out);
/* Whether the certificate itself is an anchor. */
bool anycert__anchors_hold(struct anycert__anchors *anchors,
                           const struct anycert__certificate *certificate);

/* Those of the anchors that have to do with a chain: the ones that bear the name of one of its
 * certificates or of its issuer, each once, no more than ANYCERT__ANCHORS_ABOUT_MAX. *count of them
 * are appended to *out, to be freed even after a failure. 0, or -1 with NOMEM. */
#define ANYCERT__ANCHORS_ABOUT_MAX 64
int anycert__anchors_about(struct anycert__anchors *anchors,
                           const struct anycert__certificate *chain, size_t len,
                           struct anycert__certificate **out, size_t *count,
                           struct anycert_error *err);

/* Whether it says which key of its issuer signed it (RFC 5280 section 4.2.1.1). */
bool anycert__names_issuer_key(const struct anycert__certificate *certificate);

/* Appends to *list (NULL: made anew) the certificate that issued another one, out of bytes in DER,
 * PEM, or a bundle of PKCS #7 (RFC 5652), and says what it is in *issuer, which is to be cleared:
 * its subject is the name and its key made the signature. 1; 0 if it is not among them; -1 with
 * NOMEM. */
int anycert__intermediates_add_issuer(struct anycert__intermediates **list, const void *bytes,
                                      size_t len, const struct anycert__certificate *certificate,
                                      struct anycert__certificate *issuer,
                                      struct anycert_error *err);
/* Appends all of another list. 0, or -1 with NOMEM. */
int anycert__intermediates_join(struct anycert__intermediates **list,
                                const struct anycert__intermediates *more,
                                struct anycert_error *err);

#endif
