#include "tls/ossl.h"

static int set_versions(SSL_CTX *ctx, const struct anycert__tls_settings *settings,
                        struct anycert_error *err)
{
    if (SSL_CTX_set_min_proto_version(ctx, settings->min_version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, settings->max_version) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the TLS versions cannot be set");
    return 0;
}

static int set_lists(SSL_CTX *ctx, const struct anycert__tls_settings *settings,
                     struct anycert_error *err)
{
    if (SSL_CTX_set_cipher_list(ctx, settings->ciphers) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the cipher list cannot be set");
    if (SSL_CTX_set_ciphersuites(ctx, settings->ciphersuites) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL,
                                     "the TLS 1.3 cipher suites cannot be set");
    if (SSL_CTX_set1_groups_list(ctx, settings->groups) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the groups cannot be set");
    if (SSL_CTX_set1_sigalgs_list(ctx, settings->signatures) != 1 ||
        SSL_CTX_set1_client_sigalgs_list(ctx, settings->signatures) != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL,
                                     "the signature algorithms cannot be set");
    return 0;
}

int anycert__context_configure(SSL_CTX *ctx, const struct anycert__tls_settings *settings,
                               struct anycert_error *err)
{
    /* The level comes first: it limits what the lists may hold; and last, as a list could carry
     * one. */
    SSL_CTX_set_security_level(ctx, settings->level);
    if (settings->policy)
        anycert__security_relax(ctx, settings->policy);
    if (set_versions(ctx, settings, err) < 0 || set_lists(ctx, settings, err) < 0)
        return -1;
    SSL_CTX_set_security_level(ctx, settings->level);

    SSL_CTX_clear_options(ctx, ~settings->options);
    SSL_CTX_set_options(ctx, settings->options);
    if (SSL_CTX_get_options(ctx) != settings->options)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "the TLS options cannot be set");

    SSL_CTX_set_max_cert_list(ctx, settings->max_chain_bytes);
    SSL_CTX_set_block_padding(ctx, 0);
    SSL_CTX_set_post_handshake_auth(ctx, settings->post_handshake_auth);
    SSL_CTX_set_keylog_callback(ctx, NULL);
    /* No resumption: neither a cache to take sessions from nor anybody to hand them to. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_new_cb(ctx, NULL);
    if (SSL_CTX_set_tlsext_status_type(ctx, settings->asks_staple ? TLSEXT_STATUSTYPE_ocsp : -1) !=
        1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "OCSP stapling cannot be set");
    return 0;
}
