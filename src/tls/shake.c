#include "tls/shake.h"
#include "tls/ossl.h"

#include "base/mem.h"

#include <openssl/bio.h>
#include <openssl/err.h>

struct anycert__shake {
    struct anycert__link *link;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    bool failed;
    bool asked_cert, spoke_after;
};

/* Sees each message of the handshake protocol (SSL_set_msg_callback(3)). */
static void note_message(int is_sent, int version, int type, const void *bytes, size_t len,
                         SSL *ssl, void *arg)
{
    struct anycert__shake *shake = arg;
    const unsigned char *message = bytes;

    (void)version;
    if (is_sent || type != SSL3_RT_HANDSHAKE || len == 0)
        return;
    if (message[0] == SSL3_MT_CERTIFICATE_REQUEST)
        shake->asked_cert = true;
    if (SSL_is_init_finished(ssl))
        shake->spoke_after = true;
}

/* As libcurl does after the context was made; what the policy leaves out is taken out again when
 * the handshake starts. */
static int set_hello(struct anycert__shake *shake, bool offers_http2, struct anycert_error *err)
{
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    static const unsigned char one[] = "\x08http/1.1";
    const struct anycert__facts *facts = anycert__link_facts(shake->link);
    char name[256];
    bool is_ip = false;

    if (anycert__identity_from_host(facts->host, name, &is_ip, err) < 0)
        return -1;
    if ((!is_ip && SSL_set_tlsext_host_name(shake->ssl, name) != 1) ||
        SSL_set_alpn_protos(shake->ssl, offers_http2 ? both : one,
                            offers_http2 ? sizeof both - 1 : sizeof one - 1) != 0)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the handshake cannot be prepared");
    return 0;
}

struct anycert__shake *anycert__shake_new(const struct anycert__hop_terms *terms, const char *host,
                                          uint16_t port, struct anycert__anchors *anchors,
                                          bool offers_http2, struct anycert_error *err)
{
    struct anycert__shake *shake = anycert__calloc(1, sizeof *shake);

    if (!shake) {
        anycert__fail_nomem(err);
        return NULL;
    }
    shake->ctx = SSL_CTX_new(TLS_client_method());
    if (!shake->ctx) {
        anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "a TLS context cannot be made");
        goto fail;
    }
    if (anycert__link_attach(shake->ctx, terms, host, port, anchors, &shake->link, err) < 0)
        goto fail;
    shake->ssl = SSL_new(shake->ctx);
    shake->in = BIO_new(BIO_s_mem());
    shake->out = BIO_new(BIO_s_mem());
    if (!shake->ssl || !shake->in || !shake->out) {
        BIO_free(shake->in);
        BIO_free(shake->out);
        anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "a TLS connection cannot be made");
        goto fail;
    }
    (void)BIO_set_mem_eof_return(shake->in, -1); /* empty means: later */
    SSL_set_bio(shake->ssl, shake->in, shake->out);
    SSL_set_connect_state(shake->ssl);
    SSL_set_msg_callback(shake->ssl, note_message);
    SSL_set_msg_callback_arg(shake->ssl, shake);
    if (set_hello(shake, offers_http2, err) < 0)
        goto fail;
    return shake;
fail:
    anycert__shake_free(shake);
    return NULL;
}

void anycert__shake_free(struct anycert__shake *shake)
{
    if (!shake)
        return;
    SSL_free(shake->ssl);
    anycert__link_unref(shake->link);
    SSL_CTX_free(shake->ctx);
    anycert__free(shake);
    anycert__tls_forget_errors();
}

int anycert__shake_feed(struct anycert__shake *shake, const void *bytes, size_t len,
                        struct anycert_error *err)
{
    size_t written = 0;

    if (len == 0 || (BIO_write_ex(shake->in, bytes, len, &written) == 1 && written == len))
        return 0;
    return anycert__fail_nomem(err);
}

void anycert__shake_end(struct anycert__shake *shake)
{
    (void)BIO_set_mem_eof_return(shake->in, 0);
}

size_t anycert__shake_take(struct anycert__shake *shake, void *out, size_t size)
{
    size_t read = 0;

    return BIO_read_ex(shake->out, out, size, &read) == 1 ? read : 0;
}

enum anycert__shake_state anycert__shake_step(struct anycert__shake *shake)
{
    int result = 0;

    if (SSL_is_init_finished(shake->ssl))
        return ANYCERT__SHAKE_DONE;
    if (shake->failed)
        return ANYCERT__SHAKE_FAILED;
    ERR_clear_error();
    result = SSL_do_handshake(shake->ssl);
    if (result == 1)
        return ANYCERT__SHAKE_DONE;
    if (SSL_get_error(shake->ssl, result) == SSL_ERROR_WANT_READ)
        return ANYCERT__SHAKE_GOING;
    shake->failed = true;
    return ANYCERT__SHAKE_FAILED;
}

int anycert__shake_write(struct anycert__shake *shake, const void *bytes, size_t len)
{
    size_t written = 0;

    ERR_clear_error();
    return SSL_write_ex(shake->ssl, bytes, len, &written) == 1 && written == len ? 0 : -1;
}

int anycert__shake_read(struct anycert__shake *shake, void *out, size_t size)
{
    char byte = 0;
    size_t read = 0;
    int result = 0;

    ERR_clear_error();
    result = size > 0 ? SSL_read_ex(shake->ssl, out, size, &read)
                      : SSL_peek_ex(shake->ssl, &byte, 1, &read);
    if (result == 1)
        return (int)(size > 0 ? read : 0);
    return SSL_get_error(shake->ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

void anycert__shake_close(struct anycert__shake *shake)
{
    if (SSL_is_init_finished(shake->ssl))
        (void)SSL_shutdown(shake->ssl);
}

struct anycert__link *anycert__shake_link(const struct anycert__shake *shake)
{
    return shake->link;
}

void anycert__shake_note_choice(struct anycert__shake *shake)
{
    anycert__link_note_choice(shake->link, shake->ssl);
}

bool anycert__shake_asked_cert(const struct anycert__shake *shake)
{
    return shake->asked_cert;
}

bool anycert__shake_spoke_after(const struct anycert__shake *shake)
{
    return shake->spoke_after;
}

char *anycert__shake_ca_name(const struct anycert__shake *shake, size_t n)
{
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(shake->ssl);

    if (!names || n >= (size_t)sk_X509_NAME_num(names))
        return NULL;
    return anycert__name_text(sk_X509_NAME_value(names, (int)n));
}
