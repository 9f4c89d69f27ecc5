/* Why a chain ends, though somebody of the missing issuer's name is at hand. OpenSSL's search
 * passes over those that do not fit and says no more than that there is none. */
#include "tls/ossl.h"

#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <stdio.h>

struct search {
    STACK_OF(X509) * chain;
    X509 *last; /* of the chain */
    int rank;   /* of what was found */
    struct anycert__unfit *out;
};

static bool is_in(STACK_OF(X509) * chain, X509 *cert)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (X509_cmp(sk_X509_value(chain, i), cert) == 0)
            return true;
    }
    return false;
}

static int why_not(const struct search *search, X509 *candidate)
{
    int code = X509_V_OK;

    if (X509_get_extension_flags(candidate) & EXFLAG_INVALID)
        return X509_V_ERR_UNSPECIFIED;
    if (!X509_get0_pubkey(candidate))
        return X509_V_ERR_NO_ISSUER_PUBLIC_KEY;
    code = X509_check_issued(candidate, search->last);
    return code == X509_V_OK && is_in(search->chain, candidate) ? X509_V_ERR_PATH_LOOP : code;
}

/* Whoever made the signature is the one that is meant; who may have made it comes next. */
static int rank_of(const struct search *search, X509 *candidate, int code)
{
    EVP_PKEY *key = X509_get0_pubkey(candidate);

    if (key && X509_verify(search->last, key) == 1)
        return 3;
    return code == X509_V_ERR_NO_ISSUER_PUBLIC_KEY ||
                   code == X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM ||
                   code == X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH
               ? 2
               : 1;
}

static void write_algorithm(const ASN1_OBJECT *object, char *out, size_t size)
{
    char *text = object ? anycert__object_text(object) : NULL;

    (void)snprintf(out, size, "%s", text ? text : "");
    anycert__free(text);
}

static void write_more(const struct search *search, X509 *candidate)
{
    struct anycert__unfit *out = search->out;
    ASN1_OBJECT *of_key = NULL;
    const X509_ALGOR *signature = NULL;
    const ASN1_OBJECT *of_signature = NULL;
    struct anycert__buf buf;

    out->what[0] = '\0';
    X509_get0_signature(NULL, &signature, search->last);
    if (signature)
        X509_ALGOR_get0(&of_signature, NULL, NULL, signature);
    if (out->code == X509_V_ERR_UNSPECIFIED) {
        anycert__buf_init(&buf, 4096);
        anycert__flaw_write(candidate, &buf);
        (void)snprintf(out->what, sizeof out->what, "%s", buf.data ? buf.data : "");
        anycert__buf_free(&buf);
    } else if (out->code == X509_V_ERR_NO_ISSUER_PUBLIC_KEY) {
        X509_PUBKEY_get0_param(&of_key, NULL, NULL, NULL, X509_get_X509_PUBKEY(candidate));
        write_algorithm(of_key, out->what, sizeof out->what);
    } else if (out->code == X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM ||
               out->code == X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH) {
        write_algorithm(of_signature, out->what, sizeof out->what);
    }
}

static void look_at(struct search *search, X509 *candidate, bool is_anchor)
{
    int code = X509_V_OK, rank = 0;

    if (X509_NAME_cmp(X509_get_subject_name(candidate), X509_get_issuer_name(search->last)) != 0 ||
        X509_cmp(candidate, search->last) == 0)
        return;
    code = why_not(search, candidate);
    rank = code != X509_V_OK ? rank_of(search, candidate, code) : 0;
    if (rank <= search->rank)
        return;
    search->rank = rank;
    search->out->code = code;
    search->out->is_anchor = is_anchor;
    write_more(search, candidate);
}

void anycert__unfit_find(X509_STORE_CTX *ctx, STACK_OF(X509) * sent, struct anycert__unfit *out)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    struct search search = {.chain = chain, .out = out};
    X509_STORE_CTX_lookup_certs_fn look = X509_STORE_CTX_get_lookup_certs(ctx);
    STACK_OF(X509) *anchors = NULL;

    if (sk_X509_num(chain) <= 0)
        return;
    ERR_set_mark();
    search.last = sk_X509_value(chain, sk_X509_num(chain) - 1);
    for (int i = 0; i < sk_X509_num(sent); i++)
        look_at(&search, sk_X509_value(sent, i), false);
    anchors = look ? look(ctx, X509_get_issuer_name(search.last)) : NULL;
    for (int i = 0; i < sk_X509_num(anchors); i++)
        look_at(&search, sk_X509_value(anchors, i), true);
    sk_X509_pop_free(anchors, X509_free);
    /* Whoever issued it, the signature could not be verified. */
    if (search.rank == 0 && X509_get_signature_info(search.last, NULL, NULL, NULL, NULL) != 1) {
        out->code = X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM;
        write_more(&search, search.last);
    }
    ERR_pop_to_mark();
}
