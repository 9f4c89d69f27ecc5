#include "tls/refusal.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

enum anycert__refusal anycert__refusal_of(const struct anycert__facts *facts)
{
    unsigned long code = facts->failure.openssl_error;

    if (!facts->failure.failed || code == 0)
        return ANYCERT__REFUSAL_NONE;
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return ANYCERT__REFUSAL_OTHER;
    switch (ERR_GET_REASON(code)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
        return ANYCERT__REFUSAL_VERSION;
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CIPHER_RETURNED:
        return ANYCERT__REFUSAL_SUITE;
    case SSL_R_WRONG_CURVE:
    case SSL_R_BAD_KEY_SHARE:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
        return ANYCERT__REFUSAL_GROUP;
    case SSL_R_DH_KEY_TOO_SMALL:
        return ANYCERT__REFUSAL_SMALL_DH;
    case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        return ANYCERT__REFUSAL_SIGNATURE;
    case SSL_R_BAD_SIGNATURE:
        return ANYCERT__REFUSAL_BAD_SIGNATURE;
    case SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS:
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
        return ANYCERT__REFUSAL_KEY;
    case ERR_R_ASN1_LIB: /* names of CAs are written that way, too */
        return facts->presented_count == 0 && !facts->failure.client_cert_requested
                   ? ANYCERT__REFUSAL_UNREADABLE
                   : ANYCERT__REFUSAL_OTHER;
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
        return ANYCERT__REFUSAL_RENEGOTIATION;
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
        return facts->failure.other_too_large ? ANYCERT__REFUSAL_OTHER
                                              : ANYCERT__REFUSAL_LARGE_CHAIN;
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_DIGEST_CHECK_FAILED:
        return ANYCERT__REFUSAL_DAMAGED;
    case SSL_R_INAPPROPRIATE_FALLBACK:
        return ANYCERT__REFUSAL_DOWNGRADE;
    default:
        return ANYCERT__REFUSAL_OTHER;
    }
}

bool anycert__refusal_is_not_tls(const struct anycert__facts *facts)
{
    unsigned long code = facts->failure.openssl_error;
    int reason = ERR_GET_REASON(code);

    return facts->failure.failed && ERR_GET_LIB(code) == ERR_LIB_SSL &&
           (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
            reason == SSL_R_HTTP_REQUEST);
}

enum anycert__cause_number anycert__cause_of_refusal(const struct anycert__facts *facts)
{
    if (facts->complete)
        return ANYCERT__CAUSE_RECORD_DAMAGED;
    switch (anycert__refusal_of(facts)) {
    case ANYCERT__REFUSAL_VERSION:
        return ANYCERT__CAUSE_VERSION_REFUSED;
    case ANYCERT__REFUSAL_SUITE:
        return ANYCERT__CAUSE_CIPHER_NOT_OFFERED;
    case ANYCERT__REFUSAL_GROUP:
        return ANYCERT__CAUSE_GROUP_NOT_OFFERED;
    case ANYCERT__REFUSAL_SMALL_DH:
        return ANYCERT__CAUSE_TINY_DH;
    case ANYCERT__REFUSAL_SIGNATURE:
        return ANYCERT__CAUSE_SIGNATURE_NOT_OFFERED;
    case ANYCERT__REFUSAL_BAD_SIGNATURE:
        return ANYCERT__CAUSE_HANDSHAKE_SIGNATURE_WRONG;
    case ANYCERT__REFUSAL_RENEGOTIATION:
        return ANYCERT__CAUSE_NO_SECURE_RENEGOTIATION;
    case ANYCERT__REFUSAL_KEY:
        return ANYCERT__CAUSE_KEY_UNSUPPORTED;
    case ANYCERT__REFUSAL_UNREADABLE:
        return ANYCERT__CAUSE_CERTIFICATE_UNREADABLE;
    case ANYCERT__REFUSAL_LARGE_CHAIN:
        return ANYCERT__CAUSE_CHAIN_TOO_LARGE;
    case ANYCERT__REFUSAL_DAMAGED:
        return ANYCERT__CAUSE_RECORD_DAMAGED;
    case ANYCERT__REFUSAL_DOWNGRADE:
        return ANYCERT__CAUSE_DOWNGRADE_DETECTED;
    case ANYCERT__REFUSAL_NONE:
    case ANYCERT__REFUSAL_OTHER:
        break;
    }
    return ANYCERT__CAUSE_TLS_MALFORMED;
}
