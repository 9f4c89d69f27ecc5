#include "hello/read.h"

/* ---- Certificate (RFC 5246 section 7.4.2) */

void anycert__read_certificates(struct anycert__answer *answer, struct anycert__wire body)
{
    struct anycert__wire all = anycert__wire_vector(&body, 3);

    if (!anycert__wire_ended(&body) || !anycert__read_list(answer, all, 3, &answer->certificates)) {
        answer->certificates.count = 0;
        answer->certificates.all.len = 0;
        anycert__read_broken(answer, "the Certificate message is malformed");
        return;
    }
    answer->has_certificates = true;
}

/* ---- ServerKeyExchange */

/* Of a number as it is sent: big-endian, zeros in front do not count. */
static uint32_t bits_of(struct anycert__wire number)
{
    uint32_t bits;

    while (number.left > 0 && number.at[0] == 0) {
        number.at++;
        number.left--;
    }
    if (number.left == 0)
        return 0;
    bits = 8 * (uint32_t)(number.left - 1);
    for (uint8_t first = number.at[0]; first > 0; first = first >> 1)
        bits++;
    return bits;
}

/* Prime, generator, the server's value (RFC 5246 section 7.4.3). */
static void read_dh(struct anycert__answer *answer, struct anycert__wire *body)
{
    struct anycert__server_key *key = &answer->key;
    struct anycert__wire prime = anycert__wire_vector(body, 2);

    (void)anycert__wire_vector(body, 2);
    (void)anycert__wire_vector(body, 2);
    key->kind = ANYCERT__KEY_DH;
    key->bits = bits_of(prime);
    key->prime = anycert__read_span(answer, &prime);
}

/* Prime, generator, salt, the server's value (RFC 5054 section 2.5.3). */
static void read_srp(struct anycert__answer *answer, struct anycert__wire *body)
{
    struct anycert__server_key *key = &answer->key;
    struct anycert__wire prime = anycert__wire_vector(body, 2);

    (void)anycert__wire_vector(body, 2);
    (void)anycert__wire_vector(body, 1);
    (void)anycert__wire_vector(body, 2);
    key->kind = ANYCERT__KEY_SRP;
    key->bits = bits_of(prime);
    key->prime = anycert__read_span(answer, &prime);
}

/* RFC 4492 section 5.4. Of a curve by its parameters only the size of its field counts; what else
 * defines it is passed over. */
static void read_curve(struct anycert__server_key *key, struct anycert__wire *body)
{
    uint8_t type = anycert__wire_u8(body);

    if (type == 3) {
        key->kind = ANYCERT__KEY_CURVE;
        key->group = anycert__wire_u16(body);
    } else if (type == 1) {
        key->kind = ANYCERT__KEY_PRIME;
        key->bits = bits_of(anycert__wire_vector(body, 1));
        for (int i = 0; i < 5; i++) /* a, b, base, order, cofactor */
            (void)anycert__wire_vector(body, 1);
    } else if (type == 2) {
        key->kind = ANYCERT__KEY_CHAR2;
        key->bits = anycert__wire_u16(body);
        uint8_t basis = anycert__wire_u8(body);
        for (int i = 0; i < (basis == 1 ? 1 : 3); i++) /* trinomial, pentanomial */
            (void)anycert__wire_vector(body, 1);
        for (int i = 0; i < 5; i++)
            (void)anycert__wire_vector(body, 1);
    } else {
        body->failed = true;
    }
    (void)anycert__wire_vector(body, 1); /* the server's point */
}

static void read_rsa(struct anycert__server_key *key, struct anycert__wire *body)
{
    key->kind = ANYCERT__KEY_RSA_EXPORT;
    key->bits = bits_of(anycert__wire_vector(body, 2));
    (void)anycert__wire_vector(body, 2); /* exponent */
}

static void read_signature(struct anycert__answer *answer, struct anycert__wire *body)
{
    struct anycert__server_key *key = &answer->key;

    key->is_signed = true;
    if (answer->hello.version >= ANYCERT__TLS12)
        key->scheme = anycert__wire_u16(body);
    key->signature_len = anycert__wire_vector(body, 2).left;
}

/* False for an exchange whose message nobody here can read. */
static bool read_parameters(struct anycert__answer *answer, const struct anycert__suite *suite,
                            struct anycert__wire *body)
{
    struct anycert__server_key *key = &answer->key;

    switch (suite->exchange) {
    case ANYCERT__EXCHANGE_RSA_EXPORT:
        read_rsa(key, body);
        return true;
    case ANYCERT__EXCHANGE_DHE:
        read_dh(answer, body);
        return true;
    case ANYCERT__EXCHANGE_ECDHE:
        read_curve(key, body);
        return true;
    case ANYCERT__EXCHANGE_PSK:
    case ANYCERT__EXCHANGE_RSA_PSK:
    case ANYCERT__EXCHANGE_DHE_PSK:
    case ANYCERT__EXCHANGE_ECDHE_PSK:
        (void)anycert__wire_vector(body, 2); /* the hint */
        key->kind = ANYCERT__KEY_PSK_HINT;
        if (suite->exchange == ANYCERT__EXCHANGE_DHE_PSK)
            read_dh(answer, body);
        else if (suite->exchange == ANYCERT__EXCHANGE_ECDHE_PSK)
            read_curve(key, body);
        return true;
    case ANYCERT__EXCHANGE_SRP:
        read_srp(answer, body);
        return true;
    case ANYCERT__EXCHANGE_UNKNOWN:
    case ANYCERT__EXCHANGE_NONE:
    case ANYCERT__EXCHANGE_TLS13:
    case ANYCERT__EXCHANGE_RSA:
    case ANYCERT__EXCHANGE_DH:
    case ANYCERT__EXCHANGE_ECDH:
    case ANYCERT__EXCHANGE_KRB5:
    case ANYCERT__EXCHANGE_ECCPWD:
    case ANYCERT__EXCHANGE_GOST:
    case ANYCERT__EXCHANGE_FORTEZZA:
        break;
    }
    return false;
}

/* The parameters, by the key of the certificate. */
static bool is_signed(const struct anycert__suite *suite)
{
    return suite->exchange != ANYCERT__EXCHANGE_RSA_PSK &&
           (suite->auth == ANYCERT__AUTH_RSA || suite->auth == ANYCERT__AUTH_DSS ||
            suite->auth == ANYCERT__AUTH_ECDSA);
}

void anycert__read_server_key(struct anycert__answer *answer, struct anycert__wire body)
{
    struct anycert__server_key none = {.kind = ANYCERT__KEY_UNKNOWN};
    struct anycert__suite suite;

    answer->key = none;
    if (!anycert__suite_find(answer->hello.suite, &suite) ||
        !read_parameters(answer, &suite, &body))
        return;
    if (is_signed(&suite))
        read_signature(answer, &body);
    if (!anycert__wire_ended(&body)) {
        answer->key = none;
        anycert__read_broken(answer, "the ServerKeyExchange is malformed");
    }
}

/* ---- CertificateRequest (RFC 5246 section 7.4.4) */

void anycert__read_cert_request(struct anycert__answer *answer, struct anycert__wire body)
{
    struct anycert__cert_request *request = &answer->request;
    struct anycert__wire types = anycert__wire_vector(&body, 1), schemes = {0}, names;

    if (answer->hello.version >= ANYCERT__TLS12)
        schemes = anycert__wire_vector(&body, 2);
    names = anycert__wire_vector(&body, 2);
    if (!anycert__wire_ended(&body) || schemes.left % 2 != 0 ||
        !anycert__read_list(answer, names, 2, &request->names)) {
        request->names.count = 0;
        request->names.all.len = 0;
        anycert__read_broken(answer, "the CertificateRequest is malformed");
        return;
    }
    request->types = anycert__read_span(answer, &types);
    if (schemes.left > 0)
        request->schemes = anycert__read_span(answer, &schemes);
    answer->has_request = true;
}
