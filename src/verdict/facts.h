/* verdict/facts.h — what was seen in one TLS handshake, as plain data: no OpenSSL type, no pointer
 * into one.
 *
 * tls/ fills it in, the judge reads it. Once the handshake is over it does not change any more and
 * is shared by reference count between the connection and the reports about it. */
#ifndef ANYCERT_VERDICT_FACTS_H
#define ANYCERT_VERDICT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/report.h>

#include "policy/policy.h"
#include "policy/trust_record.h"

enum anycert__name_kind {
    ANYCERT__NAME_DNS,
    ANYCERT__NAME_IP,
    ANYCERT__NAME_EMAIL,
    ANYCERT__NAME_URI,
    ANYCERT__NAME_OTHER
};

/* A subjectAltName entry; value is the peer's bytes (length-counted, may hold NUL), an address in
 * text form. */
struct anycert__alt_name {
    enum anycert__name_kind kind;
    char *value;
    size_t len;
};

/* One certificate. Strings are never NULL once filled; those from the peer are raw bytes, escaped
 * only when shown. */
struct anycert__certificate {
    unsigned char *der;
    size_t der_len;
    char *subject; /* RFC 4514 form */
    char *issuer;
    char *serial; /* hexadecimal */
    bool dates_readable;
    int64_t not_before, not_after; /* seconds since 1970 UTC; both ends are inclusive */
    char *key_type; /* "RSA", "RSA-PSS", "DSA", "EC", "Ed25519", "Ed448", or OpenSSL's name */
    char *curve;    /* of an EC key, else "" */
    int key_bits;
    char *signature_algorithm; /* OpenSSL's long name, for example "sha256WithRSAEncryption" */
    bool signature_sha1;
    bool signature_md5;
    bool signature_unknown; /* OpenSSL here does not have the algorithm, or not with its parameters
                             */
    bool self_issued;       /* subject equals issuer */
    bool is_ca;
    char *flaw; /* why OpenSSL takes it neither as issued nor as an issuer; NULL or "": it does */
    uint8_t sha256[32];
    char pin[ANYCERT__PIN_SIZE];
    struct anycert__alt_name *names;
    size_t name_count;
    bool names_broken; /* there is a subjectAltName, and it cannot be read */
};

struct anycert__verify_error {
    int code; /* X509_V_ERR_… */
    int depth;
};

/* A certificate that bears the name of an issuer that was found missing, and was not taken: of
 * several the one that came nearest. */
struct anycert__unfit {
    int code; /* why, as X509_V_ERR_…; 0: there is none of that name, or it is not known why */
    bool is_anchor; /* it is a trusted one */
    char what[160]; /* more of why: a flaw, or the name of an algorithm; or "" */
};

enum anycert__key_exchange {
    ANYCERT__KX_UNKNOWN = 0,
    ANYCERT__KX_ECDHE, /* also every TLS 1.3 exchange with a curve or hybrid group */
    ANYCERT__KX_DHE,
    ANYCERT__KX_RSA,
    ANYCERT__KX_OTHER
};
enum anycert__cipher_mode {
    ANYCERT__CIPHER_UNKNOWN = 0,
    ANYCERT__CIPHER_AEAD,
    ANYCERT__CIPHER_CBC,
    ANYCERT__CIPHER_OTHER
};
enum anycert__digest {
    ANYCERT__DIGEST_UNKNOWN = 0,
    ANYCERT__DIGEST_MD5_SHA1,
    ANYCERT__DIGEST_MD5,
    ANYCERT__DIGEST_SHA1,
    ANYCERT__DIGEST_STRONG
};

/* What was negotiated. All zero until the handshake is complete. */
struct anycert__negotiated {
    uint16_t version; /* 0x0303 is TLS 1.2 */
    uint16_t cipher_id;
    char cipher[64]; /* IANA name */
    enum anycert__key_exchange key_exchange;
    enum anycert__cipher_mode mode;
    enum anycert__digest mac; /* of a CBC suite */
    bool legacy_cipher;       /* CCM_8, TLS 1.3's CCM, Camellia, ARIA, or DSS authentication */
    char group[40];           /* "X25519", "secp256r1", "ffdhe2048", "DH" */
    int group_bits;           /* of a DHE group; 0 if unknown */
    bool legacy_group;        /* not among the groups that hardened offers */
    char signature[48]; /* of the handshake, for example "rsa_pss_rsae_sha256"; "" for static RSA */
    enum anycert__digest signature_digest;
    bool secure_renegotiation; /* RFC 5746; always true in TLS 1.3 */
    bool extended_master_secret;
    bool encrypt_then_mac;
    bool resumed;
    char alpn[16];
};

/* How a handshake ended that did not complete. */
struct anycert__handshake_failure {
    bool failed;
    unsigned long openssl_error; /* packed code of the first queue entry, 0 if none */
    char reason[96];             /* OpenSSL's text for it, or what libcurl said */
    int alert;                   /* description, -1 for none */
    bool alert_from_peer;
    bool client_cert_requested; /* the server asked for a client certificate and we had none */
    bool other_too_large;       /* a message was too large, and it was not the certificates */
};

enum anycert__hop { ANYCERT__HOP_ORIGIN = 0, ANYCERT__HOP_PROXY = 1 };

struct anycert__facts {
    /* target */
    enum anycert__hop hop;
    char *host;
    uint16_t port;
    char *identity; /* the name or address that the certificate must carry, normalised; "" if none
                       is required */
    bool identity_is_ip;

    int64_t time; /* of the handshake, seconds since 1970 UTC */

    /* certificates */
    struct anycert__certificate *presented; /* as sent, the peer's own first */
    size_t presented_count;
    struct anycert__certificate
        *validated; /* the chain that verification built, anchor last; may be partial */
    size_t validated_count;
    bool verified;     /* verification ran to its end */
    bool verify_broke; /* it returned a negative value */
    struct anycert__verify_error *errors;
    size_t error_count;
    struct anycert__unfit unfit; /* of the last certificate of a chain that has no end */
    bool name_match;             /* by subjectAltName */
    bool cn_match;               /* the common name is the host */
    bool has_dns_or_ip_name;     /* the leaf has a dNSName or iPAddress */

    /* anchors */
    char *anchors; /* source as text, for example "system (/etc/ssl/certs/ca-certificates.crt)" */
    /* SHA-256 of their content in hexadecimal, "" if there are none; use
     * anycert__facts_anchors_digest. Whoever fills this in either writes it, or says whom to ask
     * when somebody wants to know, which is rare and takes time. */
    char anchors_digest[65];
    const char *(*ask_digest)(const void *keeper);
    void (*release_keeper)(void *keeper);
    void *digest_keeper; /* a reference, released with the facts */
    char *anchors_error; /* why they could not be read, or NULL */

    /* what the trust store said of the host when the handshake began */
    struct anycert__trust_record record;
    char *trust_store; /* its path; NULL if none was looked into */

    /* stapled OCSP answer (RFC 6066 section 8, RFC 6960) */
    bool staple_present;
    enum anycert_revocation revocation;
    char staple_note[96]; /* why a stapled answer does not count, or "" */
#define ANYCERT__STAPLE_OF_FUTURE "it is dated in the future" /* and signed as it should be */

    bool complete; /* the handshake was completed: the peer owns the key */
    struct anycert__negotiated negotiated;
    struct anycert__handshake_failure failure;

    /* reference count; use the functions. Has to be last. */
    int references;
};

/* Zeroed facts with one reference and failure.alert -1; NULL when out of memory. */
struct anycert__facts *anycert__facts_new(void);
/* Takes and drops a reference; atomic, safe from any thread. NULL is a no-op. */
struct anycert__facts *anycert__facts_ref(struct anycert__facts *facts);
void anycert__facts_unref(struct anycert__facts *facts);
/* Another view of the facts, to be changed in its plain members and judged, and never shared: it
 * has one reference of its own, and what it points to stays with the facts. */
void anycert__facts_view(struct anycert__facts *view, const struct anycert__facts *facts);

/* Records (code, depth) unless it is there already. 0, or -1 when out of memory. */
int anycert__facts_add_error(struct anycert__facts *facts, int code, int depth);

/* The digest of the anchors' content; "" if there are none. */
const char *anycert__facts_anchors_digest(const struct anycert__facts *facts);

/* Frees what a certificate holds, not the structure itself. */
void anycert__certificate_clear(struct anycert__certificate *certificate);

#endif
