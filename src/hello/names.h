/* hello/names.h — what the numbers of TLS are called. Every name is static; NULL for a number that
 * has none. Names of versions: verdict/show.h; of alerts: verdict/alert.h; of cipher suites:
 * hello/suite.h. */
#ifndef ANYCERT_HELLO_NAMES_H
#define ANYCERT_HELLO_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define ANYCERT__SSL3  0x0300
#define ANYCERT__TLS10 0x0301
#define ANYCERT__TLS11 0x0302
#define ANYCERT__TLS12 0x0303
#define ANYCERT__TLS13 0x0304

/* "secp256r1" for 0x0017. */
const char *anycert__named_group_name(uint16_t group);
/* "rsa_pkcs1_sha1" for 0x0201: also for the pair of hash and signature of TLS 1.2. */
const char *anycert__scheme_name(uint16_t scheme);
/* "server_hello" for 2. */
const char *anycert__message_name(uint8_t type);
/* "rsa_sign" for 1: what a server asks for in a CertificateRequest of TLS 1.2 and older. */
const char *anycert__cert_type_name(uint8_t type);

/* The groups of groups.def, by index; share is the size of a key share, 0 if TLS 1.3 has none. */
struct anycert__named_group {
    uint16_t id;
    uint16_t share;
    const char *name;
};
size_t anycert__named_group_count(void);
const struct anycert__named_group *anycert__named_group_at(size_t index);
/* NULL for a number without a name. */
const struct anycert__named_group *anycert__named_group_find(uint16_t id);

#endif
