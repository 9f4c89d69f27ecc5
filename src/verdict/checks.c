#include "verdict/checks.h"

#include <stddef.h>

static const char *const names[] = {
#define CHECK(enum_name, name, side, text) name,
#include "verdict/checks.def"
};

static const char *const questions[] = {
#define CHECK(enum_name, name, side, text) text,
#include "verdict/checks.def"
};

enum side { CERT, PROTO };
static const enum side sides[] = {
#define CHECK(enum_name, name, side, text) side,
#include "verdict/checks.def"
};

/* The numbers are OpenSSL's (x509_vfy.h, 3.0 to 3.5), which this layer does not include; they are
 * part of its ABI. Codes that only CRLs or RFC 3779 can give stand here too: whoever sees one
 * should read words. */
static const struct anycert__x509_meaning meanings[] = {
    {1, ANYCERT__CHECK_OTHER, "verification failed for a reason that was not given"},
    {2, ANYCERT__CHECK_TRUST, "the issuer of the chain's last certificate is not known here"},
    {3, ANYCERT__CHECK_REVOCATION, "no revocation list at hand"},
    {4, ANYCERT__CHECK_SIGNATURES, "the signature cannot be decrypted"},
    {5, ANYCERT__CHECK_REVOCATION, "the revocation list's signature cannot be decrypted"},
    {6, ANYCERT__CHECK_SIGNATURES, "the issuer's public key cannot be read"},
    {7, ANYCERT__CHECK_SIGNATURES, "the signature is wrong"},
    {8, ANYCERT__CHECK_REVOCATION, "the revocation list's signature is wrong"},
    {9, ANYCERT__CHECK_DATES, "not yet valid"},
    {10, ANYCERT__CHECK_DATES, "expired"},
    {11, ANYCERT__CHECK_REVOCATION, "the revocation list is not yet valid"},
    {12, ANYCERT__CHECK_REVOCATION, "the revocation list has expired"},
    {13, ANYCERT__CHECK_DATES, "the date notBefore cannot be read"},
    {14, ANYCERT__CHECK_DATES, "the date notAfter cannot be read"},
    {15, ANYCERT__CHECK_REVOCATION, "the revocation list's date lastUpdate cannot be read"},
    {16, ANYCERT__CHECK_REVOCATION, "the revocation list's date nextUpdate cannot be read"},
    {17, ANYCERT__CHECK_OTHER, "verification ran out of memory"},
    {18, ANYCERT__CHECK_TRUST, "self-signed certificate"},
    {19, ANYCERT__CHECK_TRUST, "the chain ends at a root that is not a trusted anchor"},
    {20, ANYCERT__CHECK_TRUST, "the issuer is neither a trusted anchor nor in the chain"},
    {21, ANYCERT__CHECK_TRUST,
     "the issuer's certificate is missing, so nothing vouches for this one"},
    {22, ANYCERT__CHECK_OTHER, "the chain is longer than verification allows"},
    {23, ANYCERT__CHECK_REVOCATION, "revoked"},
    {24, ANYCERT__CHECK_SIGNATURES, "the issuer has no public key"},
    {25, ANYCERT__CHECK_PATH_LENGTH, "more CAs stand below this one than it allows"},
    {26, ANYCERT__CHECK_PURPOSE, "not issued for servers (extended key usage lacks serverAuth)"},
    {27, ANYCERT__CHECK_TRUST, "the anchor is not trusted for servers"},
    {28, ANYCERT__CHECK_TRUST, "the anchor is marked as rejected for servers"},
    {29, ANYCERT__CHECK_TRUST, "subject and issuer do not fit together"},
    {30, ANYCERT__CHECK_TRUST, "the key identifiers of subject and issuer differ"},
    {31, ANYCERT__CHECK_TRUST, "the issuer named by serial number is another one"},
    {32, ANYCERT__CHECK_AUTHORITY, "the key usage does not allow to sign certificates"},
    {33, ANYCERT__CHECK_REVOCATION, "the issuer of the revocation list is not known here"},
    {34, ANYCERT__CHECK_CRITICAL_EXTENSIONS, "a critical extension that is not understood here"},
    {35, ANYCERT__CHECK_REVOCATION, "the key usage does not allow to sign revocation lists"},
    {36, ANYCERT__CHECK_REVOCATION, "the revocation list has an unknown critical extension"},
    {37, ANYCERT__CHECK_AUTHORITY, "marked as a certificate authority where none may be"},
    {38, ANYCERT__CHECK_PATH_LENGTH, "more proxy certificates than allowed"},
    {39, ANYCERT__CHECK_PURPOSE, "the key usage does not allow digital signatures"},
    {40, ANYCERT__CHECK_AUTHORITY, "a proxy certificate (RFC 3820), which is not allowed"},
    {41, ANYCERT__CHECK_OTHER, "an extension is invalid or contradicts another"},
    {42, ANYCERT__CHECK_OTHER, "a policy extension is invalid or contradicts another"},
    {43, ANYCERT__CHECK_OTHER, "no certificate policy where one is required"},
    {44, ANYCERT__CHECK_REVOCATION, "the revocation list has another scope"},
    {45, ANYCERT__CHECK_OTHER, "an extension has a feature that is not supported"},
    {46, ANYCERT__CHECK_OTHER, "it claims addresses that its issuer does not hold (RFC 3779)"},
    {47, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name outside those that its CA may certify"},
    {48, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name that its CA is forbidden to certify"},
    {49, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name constraint with minimum or maximum"},
    {50, ANYCERT__CHECK_OTHER, "refused by the application's own check"},
    {51, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name constraint of an unknown type"},
    {52, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name constraint that cannot be read"},
    {53, ANYCERT__CHECK_NAME_CONSTRAINTS, "a name that cannot be compared with the constraints"},
    {54, ANYCERT__CHECK_REVOCATION, "the revocation list's own chain is not valid"},
    {55, ANYCERT__CHECK_OTHER, "the chain runs in a circle"},
    {56, ANYCERT__CHECK_OTHER, "the certificate version is not allowed by Suite B"},
    {57, ANYCERT__CHECK_OTHER, "the key algorithm is not allowed by Suite B"},
    {58, ANYCERT__CHECK_OTHER, "the curve is not allowed by Suite B"},
    {59, ANYCERT__CHECK_OTHER, "the signature algorithm is not allowed by Suite B"},
    {60, ANYCERT__CHECK_OTHER, "the level of security is not allowed by Suite B"},
    {61, ANYCERT__CHECK_OTHER, "a P-384 key certified by a P-256 key, against Suite B"},
    {62, ANYCERT__CHECK_NAME, "the certificate does not name the host"},
    {63, ANYCERT__CHECK_NAME, "the certificate does not name the mail address"},
    {64, ANYCERT__CHECK_NAME, "the certificate does not name the address"},
    {65, ANYCERT__CHECK_TRUST, "no TLSA record matches"},
    {66, ANYCERT__CHECK_KEY_STRENGTH, "the key is too weak"},
    {67, ANYCERT__CHECK_KEY_STRENGTH, "the key is too weak"},
    {68, ANYCERT__CHECK_SIGNATURE_STRENGTH, "signed with a weak digest"},
    {69, ANYCERT__CHECK_OTHER, "verification was called wrongly"},
    {70, ANYCERT__CHECK_TRUST, "looking up the issuer in the trust store failed"},
    {71, ANYCERT__CHECK_OTHER, "no valid signed certificate timestamps"},
    {72, ANYCERT__CHECK_OTHER, "a proxy certificate has the wrong subject"},
    {73, ANYCERT__CHECK_REVOCATION, "an OCSP answer is required"},
    {74, ANYCERT__CHECK_REVOCATION, "the OCSP answer could not be verified"},
    {75, ANYCERT__CHECK_REVOCATION, "the OCSP responder does not know the certificate"},
    {76, ANYCERT__CHECK_SIGNATURES, "the signature algorithm is not supported"},
    {77, ANYCERT__CHECK_SIGNATURES, "the signature algorithm does not fit the issuer's key"},
    {78, ANYCERT__CHECK_SIGNATURES, "the certificate names two different signature algorithms"},
    {79, ANYCERT__CHECK_AUTHORITY, "it issued a certificate but is no certificate authority"},
    {80, ANYCERT__CHECK_OTHER, "a path length in a certificate that is no authority"},
    {81, ANYCERT__CHECK_AUTHORITY, "a path length without the right to sign certificates"},
    {82, ANYCERT__CHECK_AUTHORITY, "the right to sign certificates without being an authority"},
    {83, ANYCERT__CHECK_OTHER, "the issuer's name is empty"},
    {84, ANYCERT__CHECK_OTHER, "the subject's name is empty"},
    {85, ANYCERT__CHECK_OTHER, "the authority key identifier is missing"},
    {86, ANYCERT__CHECK_OTHER, "the subject key identifier is missing"},
    {87, ANYCERT__CHECK_OTHER, "the subjectAltName is empty"},
    {88, ANYCERT__CHECK_OTHER, "empty subject, and the subjectAltName is not critical"},
    {89, ANYCERT__CHECK_OTHER, "the CA's basic constraints are not critical"},
    {90, ANYCERT__CHECK_OTHER, "the authority key identifier is critical"},
    {91, ANYCERT__CHECK_OTHER, "the subject key identifier is critical"},
    {92, ANYCERT__CHECK_AUTHORITY, "the CA certificate has no key usage"},
    {93, ANYCERT__CHECK_OTHER, "extensions in a certificate that is not of version 3"},
    {94, ANYCERT__CHECK_CURVE_PARAMETERS,
     "an EC key that spells out its curve instead of naming it"},
    {95, ANYCERT__CHECK_TRUST, "a raw public key that is not trusted"},
};

static const struct anycert__x509_meaning unknown = {
    0, ANYCERT__CHECK_OTHER, "verification failed with a code that is not known here"};

/* An intermediate that may not issue for servers is a matter of what its authority is worth. */
static const struct anycert__x509_meaning purpose_above_leaf = {
    ANYCERT__X509_INVALID_PURPOSE, ANYCERT__CHECK_AUTHORITY,
    "not a certificate authority for servers"};

const char *anycert__check_name(enum anycert__check_id id)
{
    return names[id];
}

const char *anycert__check_asks(enum anycert__check_id id)
{
    return questions[id];
}

bool anycert__check_is_protocol(enum anycert__check_id id)
{
    return sides[id] == PROTO;
}

const struct anycert__x509_meaning *anycert__x509_meaning(int code, int depth)
{
    const size_t count = sizeof(meanings) / sizeof(meanings[0]);
    if (code == ANYCERT__X509_INVALID_PURPOSE && depth > 0)
        return &purpose_above_leaf;
    /* The table has every code from 1 on, in order. */
    if (code < 1 || (size_t)code > count)
        return &unknown;
    return &meanings[code - 1];
}
