/* hello/suite.h — what a cipher suite is made of, for every suite that has a name. */
#ifndef ANYCERT_HELLO_SUITE_H
#define ANYCERT_HELLO_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not suites: they say something else, and no server may choose them (RFC 5746, RFC 7507). */
#define ANYCERT__SCSV_RENEGOTIATION 0x00FF
#define ANYCERT__SCSV_FALLBACK      0x5600

enum anycert__suite_exchange {
    ANYCERT__EXCHANGE_UNKNOWN = 0,
    ANYCERT__EXCHANGE_NONE,  /* TLS_NULL_WITH_NULL_NULL */
    ANYCERT__EXCHANGE_TLS13, /* the suite does not say */
    ANYCERT__EXCHANGE_RSA,   /* static: no forward secrecy */
    ANYCERT__EXCHANGE_RSA_EXPORT,
    ANYCERT__EXCHANGE_DH, /* static, in the certificate */
    ANYCERT__EXCHANGE_DHE,
    ANYCERT__EXCHANGE_ECDH, /* static, in the certificate */
    ANYCERT__EXCHANGE_ECDHE,
    ANYCERT__EXCHANGE_PSK,
    ANYCERT__EXCHANGE_RSA_PSK,
    ANYCERT__EXCHANGE_DHE_PSK,
    ANYCERT__EXCHANGE_ECDHE_PSK,
    ANYCERT__EXCHANGE_SRP,
    ANYCERT__EXCHANGE_KRB5,
    ANYCERT__EXCHANGE_ECCPWD,
    ANYCERT__EXCHANGE_GOST,
    ANYCERT__EXCHANGE_FORTEZZA
};

enum anycert__suite_auth {
    ANYCERT__AUTH_UNKNOWN = 0,
    ANYCERT__AUTH_TLS13, /* the suite does not say */
    ANYCERT__AUTH_NONE,  /* anonymous */
    ANYCERT__AUTH_RSA,
    ANYCERT__AUTH_DSS,
    ANYCERT__AUTH_ECDSA,
    ANYCERT__AUTH_SECRET, /* a shared key or password */
    ANYCERT__AUTH_KRB5,
    ANYCERT__AUTH_GOST,
    ANYCERT__AUTH_FORTEZZA
};

enum anycert__suite_cipher {
    ANYCERT__SUITE_UNKNOWN = 0,
    ANYCERT__SUITE_NULL,
    ANYCERT__SUITE_RC2,
    ANYCERT__SUITE_RC4,
    ANYCERT__SUITE_DES,
    ANYCERT__SUITE_3DES,
    ANYCERT__SUITE_IDEA,
    ANYCERT__SUITE_FORTEZZA,
    ANYCERT__SUITE_SEED,
    ANYCERT__SUITE_CAMELLIA,
    ANYCERT__SUITE_ARIA,
    ANYCERT__SUITE_AES,
    ANYCERT__SUITE_CHACHA20,
    ANYCERT__SUITE_SM4,
    ANYCERT__SUITE_AEGIS,
    ANYCERT__SUITE_GOST
};

enum anycert__suite_mac {
    ANYCERT__MAC_UNKNOWN = 0,
    ANYCERT__MAC_NONE,
    ANYCERT__MAC_AEAD,
    ANYCERT__MAC_MD5,
    ANYCERT__MAC_SHA1,
    ANYCERT__MAC_SHA256,
    ANYCERT__MAC_SHA384,
    ANYCERT__MAC_GOST
};

struct anycert__suite {
    uint16_t id;
    const char *name; /* "TLS_RSA_WITH_RC4_128_MD5"; static */
    enum anycert__suite_exchange exchange;
    enum anycert__suite_auth auth;
    enum anycert__suite_cipher cipher;
    enum anycert__suite_mac mac;
    uint16_t bits; /* of the cipher's key as its name says it; 3DES: 112 */
    bool aead;
    bool ccm8; /* its tag has 64 bits only */
    bool export_grade;
    bool tls13; /* of TLS 1.3 only */
};

/* False for a number without a name, and for the signalling values. */
bool anycert__suite_find(uint16_t id, struct anycert__suite *out);
/* All of them in the order of their numbers; out is filled for an index below the count. */
size_t anycert__suite_count(void);
bool anycert__suite_at(size_t index, struct anycert__suite *out);
/* NULL for a number without a name. */
const char *anycert__suite_name(uint16_t id);

/* What is out of the ordinary about a suite, the gravest first: what a client must give up, or be
 * able to do, to use it. */
enum anycert__suite_trait {
    ANYCERT__TRAIT_ORDINARY = 0,
#define ANYCERT__TRAIT(name, id, text) ANYCERT__TRAIT_##name,
#include "hello/traits.def"
};
enum anycert__suite_trait anycert__suite_trait(const struct anycert__suite *suite);
/* Stable id ("3des") and words for a sentence ("3DES encryption"); "" for ORDINARY. */
const char *anycert__trait_id(enum anycert__suite_trait trait);
const char *anycert__trait_text(enum anycert__suite_trait trait);

/* The peer proves who he is, by a certificate, and what is sent is encrypted: however weakly, but
 * not at export strength. */
bool anycert__suite_protects(const struct anycert__suite *suite);

#endif
