#include "tls/ossl.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <stdio.h>
#include <string.h>

static enum anycert__digest digest_of(int nid)
{
    switch (nid) {
    case NID_md5_sha1:
        return ANYCERT__DIGEST_MD5_SHA1;
    case NID_md5:
        return ANYCERT__DIGEST_MD5;
    case NID_sha1:
        return ANYCERT__DIGEST_SHA1;
    case NID_sha224:
    case NID_sha256:
    case NID_sha384:
    case NID_sha512:
    case NID_undef: /* Ed25519 and the like digest by themselves */
        return ANYCERT__DIGEST_STRONG;
    default:
        return ANYCERT__DIGEST_UNKNOWN;
    }
}

static enum anycert__key_exchange key_exchange_of(const SSL_CIPHER *cipher, const char *group)
{
    switch (SSL_CIPHER_get_kx_nid(cipher)) {
    case NID_kx_any: /* TLS 1.3: the group decides */
        return strncmp(group, "ffdhe", 5) == 0 ? ANYCERT__KX_DHE : ANYCERT__KX_ECDHE;
    case NID_kx_ecdhe:
        return ANYCERT__KX_ECDHE;
    case NID_kx_dhe:
        return ANYCERT__KX_DHE;
    case NID_kx_rsa:
        return ANYCERT__KX_RSA;
    default:
        return ANYCERT__KX_OTHER;
    }
}

static enum anycert__cipher_mode mode_of(const SSL_CIPHER *cipher)
{
    const char *name = OBJ_nid2sn(SSL_CIPHER_get_cipher_nid(cipher));
    size_t len = name ? strlen(name) : 0;

    if (SSL_CIPHER_is_aead(cipher))
        return ANYCERT__CIPHER_AEAD;
    if (len > 4 && strcmp(name + len - 4, "-CBC") == 0)
        return ANYCERT__CIPHER_CBC;
    return ANYCERT__CIPHER_OTHER;
}

/* Before TLS 1.3 the cipher is pending until the handshake is over. */
static const SSL_CIPHER *cipher_of(SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

    return cipher ? cipher : SSL_get_pending_cipher(ssl);
}

static void read_cipher(SSL *ssl, struct anycert__negotiated *out)
{
    const SSL_CIPHER *cipher = cipher_of(ssl);
    const char *name = cipher ? SSL_CIPHER_standard_name(cipher) : NULL;

    if (!cipher)
        return;
    (void)snprintf(out->cipher, sizeof out->cipher, "%s",
                   name ? name : SSL_CIPHER_get_name(cipher));
    out->cipher_id = SSL_CIPHER_get_protocol_id(cipher);
    out->key_exchange = key_exchange_of(cipher, out->group);
    out->mode = mode_of(cipher);
    out->mac = out->mode == ANYCERT__CIPHER_AEAD ? ANYCERT__DIGEST_UNKNOWN
                                                 : digest_of(SSL_CIPHER_get_digest_nid(cipher));
    out->legacy_cipher = !(strstr(out->cipher, "_AES_") || strstr(out->cipher, "_CHACHA20_")) ||
                         strstr(out->cipher, "_CCM_8") ||
                         SSL_CIPHER_get_id(cipher) == TLS1_3_CK_AES_128_CCM_SHA256 ||
                         SSL_CIPHER_get_auth_nid(cipher) == NID_auth_dss;
}

/* The groups that hardened offers, as OpenSSL spells them in its answers. */
static bool is_default_group(const char *name)
{
    static const char *const names[] = {
        "X25519",    "x25519",    "X448",       "x448",           "secp256r1",
        "secp384r1", "secp521r1", "prime256v1", "ffdhe2048",      "ffdhe3072",
        "ffdhe4096", "ffdhe6144", "ffdhe8192",  "X25519MLKEM768",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void read_group(SSL *ssl, struct anycert__negotiated *out)
{
    const SSL_CIPHER *cipher = cipher_of(ssl);
    int kx = cipher ? SSL_CIPHER_get_kx_nid(cipher) : NID_undef;
    EVP_PKEY *key = NULL;
    char name[sizeof out->group] = "";

    if (kx == NID_kx_rsa)
        return;
    if (SSL_get_peer_tmp_key(ssl, &key) == 1 && key && EVP_PKEY_is_a(key, "DH")) {
        out->group_bits = EVP_PKEY_get_bits(key);
        if (EVP_PKEY_get_group_name(key, name, sizeof name, NULL) != 1)
            (void)snprintf(name, sizeof name, "DH");
        memcpy(out->group, name, sizeof name);
    } else {
        int id = (int)SSL_get_negotiated_group(ssl);
        const char *known = id ? SSL_group_to_name(ssl, id) : NULL;

        if (!known && key && EVP_PKEY_get_group_name(key, name, sizeof name, NULL) == 1)
            known = name;
        if (known)
            (void)snprintf(out->group, sizeof out->group, "%s", known);
        out->legacy_group = !is_default_group(out->group);
    }
    EVP_PKEY_free(key);
}

static void read_signature(SSL *ssl, struct anycert__negotiated *out)
{
    int type = NID_undef;
    int digest = NID_undef;
    const char *scheme = NULL;

    if (out->key_exchange == ANYCERT__KX_RSA || SSL_get_peer_signature_type_nid(ssl, &type) != 1)
        return; /* static RSA signs nothing in the handshake */
    (void)SSL_get_peer_signature_nid(ssl, &digest);
    switch (type) {
    case EVP_PKEY_RSA_PSS:
        scheme = "RSA-PSS";
        break;
    case EVP_PKEY_RSA:
        scheme = "RSA";
        break;
    case EVP_PKEY_EC:
        scheme = "ECDSA";
        break;
    case EVP_PKEY_DSA:
        scheme = "DSA";
        break;
    default:
        scheme = OBJ_nid2sn(type);
        break;
    }
    out->signature_digest = digest_of(digest);
    if (digest == NID_undef)
        (void)snprintf(out->signature, sizeof out->signature, "%s", scheme ? scheme : "unknown");
    else
        (void)snprintf(out->signature, sizeof out->signature, "%s+%s", scheme ? scheme : "unknown",
                       OBJ_nid2sn(digest));
}

void anycert__handshake_read(SSL *ssl, struct anycert__negotiated *out)
{
    const unsigned char *alpn = NULL;
    unsigned int alpn_len = 0;

    out->version = (uint16_t)SSL_version(ssl);
    read_group(ssl, out);
    read_cipher(ssl, out);
    read_signature(ssl, out);
    out->secure_renegotiation =
        out->version >= TLS1_3_VERSION || SSL_get_secure_renegotiation_support(ssl) == 1;
    out->extended_master_secret = out->version >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1;
    out->resumed = SSL_session_reused(ssl) == 1;
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    if (alpn && alpn_len < sizeof out->alpn)
        memcpy(out->alpn, alpn, alpn_len);
}

/* Of the messages of a server only its certificates may be as large as the limit that the policy
 * moves. The state is that of the message that was not taken. */
bool anycert__other_too_large(const SSL *ssl, unsigned long code)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);

    if (ERR_GET_LIB(code) != ERR_LIB_SSL || ERR_GET_REASON(code) != SSL_R_EXCESSIVE_MESSAGE_SIZE)
        return false;
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION /* since OpenSSL 3.2 they may come compressed */
    if (state == TLS_ST_CR_COMP_CERT)
        return false;
#endif
    return state != TLS_ST_CR_CERT;
}
