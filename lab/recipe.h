/* recipe.h — how a condition is made, as data. */
#ifndef ANYCERT_LAB_RECIPE_H
#define ANYCERT_LAB_RECIPE_H

#include <stddef.h>

enum lab__behaviour {
    LAB__TLS, /* the handshake of the recipe, then HTTP */
    LAB__PLAIN_HTTP,
    LAB__BANNER,         /* says `argument` first, in clear */
    LAB__RESET,          /* RST instead of an answer to the ClientHello */
    LAB__CLOSE,          /* FIN instead */
    LAB__SILENT,         /* nothing, until the client goes */
    LAB__GARBAGE,        /* bytes that are no TLS record */
    LAB__ALERT,          /* a fatal alert of number `alert` */
    LAB__DRIP_HANDSHAKE, /* the handshake of the recipe, one byte a second */
    LAB__CHILD,          /* gnutls-serv with the priority string `argument` */
};

enum lab__key {
    LAB__KEY_EC, /* P-256, a fresh one for each use, as are all that are quick to make */
    LAB__KEY_EC_EXPLICIT,
    LAB__KEY_SECP256K1,
    LAB__KEY_P192,
    LAB__KEY_BRAINPOOL,
    LAB__KEY_ED25519,
    LAB__KEY_DSA,
    LAB__KEY_DSA_1024,
    LAB__KEY_RSA, /* 2048 bits; made once a lab and shared, as are the following */
    LAB__KEY_RSA_CA,
    LAB__KEY_RSA_1024,
    LAB__KEY_RSA_512,
    LAB__KEY_NONE, /* no certificate at all */
    LAB__KEY_COUNT = LAB__KEY_NONE,
};

enum lab__ca_id {
    LAB__CA_INTERMEDIATE, /* what issues good certificates */
    LAB__CA_ROOT,
    LAB__CA_RSA, /* an intermediate with an RSA key, for digests that ECDSA has no name for */
    LAB__CA_OTHER_ROOT,
    LAB__CA_OTHER,
    LAB__CA_EXPIRED,
    LAB__CA_NOT_A_CA, /* a leaf */
    LAB__CA_PATHLEN,
    LAB__CA_BELOW_PATHLEN,
    LAB__CA_CONSTRAINED,
    LAB__CA_EXPIRED_CROSS, /* the root's name and key, issued by the other root, long ago */
    LAB__CA_COUNT,
    LAB__CA_SELF = LAB__CA_COUNT, /* the leaf signs itself */
};

enum lab__send {
    LAB__SEND_CHAIN, /* the leaf and what leads up to the root, without it */
    LAB__SEND_LEAF,
    LAB__SEND_ROOT_TOO,
    LAB__SEND_REVERSED, /* the leaf, then the rest from the top down, root first */
    LAB__SEND_CROSS,    /* the chain, then the expired cross certificate */
};

enum lab__staple {
    LAB__STAPLE_NONE,
    LAB__STAPLE_GOOD,
    LAB__STAPLE_REVOKED,
};

/* Oddities of the leaf. */
enum {
    LAB__QUIRK_NUL_SAN = 1 << 0,
    LAB__QUIRK_NUL_CN = 1 << 1,
    LAB__QUIRK_IS_CA = 1 << 2,
    LAB__QUIRK_CLIENT_ONLY = 1 << 3,
    LAB__QUIRK_CRITICAL = 1 << 4,
    LAB__QUIRK_SIGNATURE = 1 << 5,
    LAB__QUIRK_AKI = 1 << 6,
    LAB__QUIRK_MANY_NAMES = 1 << 7,
    LAB__QUIRK_LONG_LINE = 1 << 8, /* LAB__LINE_LENGTH CAs stand between it and its issuer */
};

/* Oddities of the handshake. */
enum {
    LAB__SHAKE_CLIENT_CERT = 1 << 0,
    LAB__SHAKE_SNI_REQUIRED = 1 << 1,
    LAB__SHAKE_SNI_UNKNOWN = 1 << 2,
    LAB__SHAKE_ALPN_MISMATCH = 1 << 3,
    LAB__SHAKE_PSK = 1 << 4,
    LAB__SHAKE_CORRUPT = 1 << 5, /* one bit of the first record behind the handshake flips */
    LAB__SHAKE_REFUSE_EXTENSION = 1 << 6, /* RST if the ClientHello has `extension` */
    LAB__SHAKE_REFUSE_LARGE =
        1 << 7, /* silence if the ClientHello is longer than LAB__LARGE_HELLO */
    LAB__SHAKE_REFUSE_EXTENSIONS = 1 << 8, /* RST if it has any */
    LAB__SHAKE_REFUSE_MANY = 1 << 9,       /* RST if it names more suites than LAB__MANY_SUITES */
    LAB__SHAKE_ASK_LATE = 1 << 10, /* once the first request is read, asks for a client certificate:
                                      by a renegotiation, or after the handshake of TLS 1.3 */
    LAB__SHAKE_OTHER_CERT = 1 << 11, /* and shows another certificate of its own then */
    LAB__SHAKE_WRONG_KEY = 1 << 12,  /* signs with a key that is not its certificate's */
};

/* A ClientHello with a post-quantum key share is well above this, one without well below. */
#define LAB__LARGE_HELLO 1000
/* As many as a hello of the last decade had; today's have more. */
#define LAB__MANY_SUITES 16

/* More than any chain may have by default. */
#define LAB__LINE_LENGTH 105

/* Zero means what a good server does. */
struct lab__recipe {
    enum lab__behaviour behaviour;
    enum lab__key key;
    enum lab__ca_id issuer;
    enum lab__send send;
    const char *cn;  /* NULL: localhost */
    const char *san; /* OpenSSL's notation; NULL: localhost and both loopback addresses; "": none */
    int from_days;   /* validity from now on; both 0: the usual */
    int to_days;
    const char *digest; /* of the issuer's signature; NULL: SHA256 */
    unsigned quirks;
    int min_version; /* 0: TLS 1.2 */
    int max_version; /* 0: TLS 1.3 */
    const char *ciphers;
    const char *suites; /* of TLS 1.3 */
    const char *groups;
    const char *sigalgs;
    int dh_bits;
    enum lab__staple staple;
    unsigned shake;
    unsigned extension;
    int alert;
    const char *argument; /* banner or priority string */
    const char *always;   /* path whose answer every request gets */
};

/* The recipe of the condition at the same index of lab_conditions(). */
const struct lab__recipe *lab__recipe_at(size_t index);

#endif
