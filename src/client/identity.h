/* client/identity.h — what a client shows of itself: a certificate in PEM files, in a PKCS#12 file,
 * or on a token; as configured, not yet read. */
#ifndef ANYCERT_CLIENT_IDENTITY_H
#define ANYCERT_CLIENT_IDENTITY_H

#include "base/error.h"
#include "tls/tls.h"

/* At most one of cert_path, p12_path and uri is set. */
struct anycert__identity {
    char *cert_path, *key_path; /* PEM */
    char *key_password;         /* of the PEM key; may be there without cert_path */
    char *p12_path, *p12_password;
    char *uri, *pin; /* of a PKCS#11 token */
};
int anycert__identity_copy(struct anycert__identity *to, const struct anycert__identity *from,
                           struct anycert_error *err);
void anycert__identity_clear(struct anycert__identity *identity);
/* Reads it. *out stays NULL if there is none. 0, or -1 with CLIENT_CERT or NOMEM. */
int anycert__identity_load(const struct anycert__identity *identity,
                           struct anycert__client_cert **out, struct anycert_error *err);

#endif
