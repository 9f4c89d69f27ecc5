/* verdict/checks.h — what each check is called, and which check a verify error belongs to. Static
 * data. */
#ifndef ANYCERT_VERDICT_CHECKS_H
#define ANYCERT_VERDICT_CHECKS_H

#include <stdbool.h>

#include "verdict/report.h"

/* How many checks there are. */
enum {
#define CHECK(enum_name, name, side, text) ANYCERT__CHECK_POSITION_##enum_name,
#include "verdict/checks.def"
    ANYCERT__CHECK_COUNT
};

/* The stable id ("trust"), and what the check asks. */
const char *anycert__check_name(enum anycert__check_id id);
const char *anycert__check_asks(enum anycert__check_id id);
/* True for the checks of what was negotiated, false for those of the certificates. */
bool anycert__check_is_protocol(enum anycert__check_id id);

/* The X509_V_ERR_… codes that the layers below tls/ name. */
#define ANYCERT__X509_UNSPECIFIED           1  /* X509_V_ERR_UNSPECIFIED */
#define ANYCERT__X509_NOT_YET_VALID         9  /* X509_V_ERR_CERT_NOT_YET_VALID */
#define ANYCERT__X509_EXPIRED               10 /* X509_V_ERR_CERT_HAS_EXPIRED */
#define ANYCERT__X509_SELF_SIGNED           18 /* X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT */
#define ANYCERT__X509_ISSUER_NOT_FOUND      20 /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
#define ANYCERT__X509_FIRST_NOT_VERIFIABLE  21 /* X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE */
#define ANYCERT__X509_TOO_LONG              22 /* X509_V_ERR_CERT_CHAIN_TOO_LONG */
#define ANYCERT__X509_REVOKED               23 /* X509_V_ERR_CERT_REVOKED */
#define ANYCERT__X509_NO_ISSUER_KEY         24 /* X509_V_ERR_NO_ISSUER_PUBLIC_KEY */
#define ANYCERT__X509_INVALID_PURPOSE       26 /* X509_V_ERR_INVALID_PURPOSE */
#define ANYCERT__X509_KEY_ID_DIFFERS        30 /* X509_V_ERR_AKID_SKID_MISMATCH */
#define ANYCERT__X509_SERIAL_DIFFERS        31 /* X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH */
#define ANYCERT__X509_MAY_NOT_SIGN          32 /* X509_V_ERR_KEYUSAGE_NO_CERTSIGN */
#define ANYCERT__X509_PATH_LOOP             55 /* X509_V_ERR_PATH_LOOP */
#define ANYCERT__X509_HOSTNAME_MISMATCH     62 /* X509_V_ERR_HOSTNAME_MISMATCH */
#define ANYCERT__X509_IP_MISMATCH           64 /* X509_V_ERR_IP_ADDRESS_MISMATCH */
#define ANYCERT__X509_SIGNATURE_UNSUPPORTED 76 /* X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM */
#define ANYCERT__X509_SIGNATURE_MISMATCH    77 /* X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH */

/* What a verify error means. */
struct anycert__x509_meaning {
    int code;
    enum anycert__check_id check;
    const char *text; /* in plain words, to stand behind the certificate's name or alone */
};

/* Never NULL: a code that is not in the table belongs to the check OTHER, with code 0. */
const struct anycert__x509_meaning *anycert__x509_meaning(int code, int depth);

#endif
