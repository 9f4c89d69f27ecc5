#include "tls/ossl.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/* So many certificates may stand between the peer's own and the anchor. It is ten times what the
 * judge lets through, so that he knows of what is longer whether it would be good otherwise; how
 * many there are to be verified is limited by their size. */
#define MAX_DEPTH 1000

/* What the verify callback needs, carried as app data of the store context. */
struct recording {
    struct anycert__facts *facts;
    bool out_of_memory;
};

/* The algorithm stands in a certificate twice, and once outside of what is signed. */
static bool names_two_algorithms(const X509 *cert)
{
    const X509_ALGOR *outside = NULL;

    X509_get0_signature(NULL, &outside, cert);
    return X509_ALGOR_cmp(outside, X509_get0_tbs_sigalg(cert)) != 0;
}

/* OpenSSL's code, or one of its others that says more: only its strict verification tells a
 * signature that cannot be right from one that is wrong. */
static int code_of(X509_STORE_CTX *ctx)
{
    int code = X509_STORE_CTX_get_error(ctx);
    const X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

    return code == X509_V_ERR_CERT_SIGNATURE_FAILURE && cert && names_two_algorithms(cert)
               ? X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY
               : code;
}

/* Records every error and lets verification go on: the judge decides afterwards. The error is taken
 * back, as OpenSSL's search for an issuer would repeat whatever it finds there instead of saying
 * that it has found none. */
static int record_error(int ok, X509_STORE_CTX *ctx)
{
    struct recording *recording = X509_STORE_CTX_get_app_data(ctx);

    if (!ok && anycert__facts_add_error(recording->facts, code_of(ctx),
                                        X509_STORE_CTX_get_error_depth(ctx)) < 0)
        recording->out_of_memory = true;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static bool is_about_trust(int code)
{
    switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return true;
    default:
        return false;
    }
}

/* A chain without an anchor in it is never trusted, whatever else was wrong with it and said in its
 * stead (a candidate that may not sign, for example). */
static int check_anchor(X509_STORE_CTX *ctx, struct anycert__facts *facts)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    int count = chain ? sk_X509_num(chain) : 0;

    if (X509_STORE_CTX_get_num_untrusted(ctx) < count)
        return 0;
    for (size_t i = 0; i < facts->error_count; i++) {
        if (is_about_trust(facts->errors[i].code))
            return 0;
    }
    return anycert__facts_add_error(facts, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                    count > 0 ? count - 1 : 0);
}

/* Whether nobody was found to continue a chain with. */
static bool has_gap(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (facts->errors[i].code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
            facts->errors[i].code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
            return true;
    }
    return false;
}

/* OpenSSL looks at the parameters of EC keys only in chains of two and more. */
static int check_lone_curve(X509_STORE_CTX *ctx, X509 *leaf, struct anycert__facts *facts)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    int is_explicit = 0;

    if (!chain || sk_X509_num(chain) != 1 || X509_STORE_CTX_get_num_untrusted(ctx) == 0 || !key ||
        !EVP_PKEY_is_a(key, "EC"))
        return 0;
    if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) != 1 ||
        is_explicit == 0)
        return 0;
    return anycert__facts_add_error(facts, X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, 0);
}

static int fill_chain(STACK_OF(X509) * stack, struct anycert__certificate **out, size_t *count,
                      struct anycert_error *err)
{
    int n = stack ? sk_X509_num(stack) : 0;

    if (n <= 0)
        return 0;
    *out = anycert__calloc((size_t)n, sizeof **out);
    if (!*out)
        return anycert__fail_nomem(err);
    for (int i = 0; i < n; i++) {
        *count = (size_t)i + 1;
        if (anycert__certificate_fill(&(*out)[i], sk_X509_value(stack, i), err) < 0)
            return -1;
    }
    return 0;
}

static STACK_OF(X509) *
    join(STACK_OF(X509) * presented, const struct anycert__intermediates *helpers)
{
    STACK_OF(X509) *extra = anycert__intermediates_stack(helpers);
    STACK_OF(X509) *all = sk_X509_new_null();

    for (int i = 0; all && presented && i < sk_X509_num(presented); i++) {
        if (!sk_X509_push(all, sk_X509_value(presented, i)))
            goto fail;
    }
    for (int i = 0; all && extra && i < sk_X509_num(extra); i++) {
        if (!sk_X509_push(all, sk_X509_value(extra, i)))
            goto fail;
    }
    return all;
fail:
    sk_X509_free(all);
    return NULL;
}

/* The same strict question on every rung (no flag and no level is ever relaxed). PARTIAL_CHAIN
 * because an anchor that somebody named is an anchor, self-signed or not. */
static int set_question(X509_STORE_CTX *ctx, int64_t time)
{
    X509_VERIFY_PARAM *param = NULL;

    if (X509_STORE_CTX_set_default(ctx, "ssl_server") != 1)
        return -1;
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_depth(param, MAX_DEPTH);
    X509_VERIFY_PARAM_set_time(param, (time_t)time);
    if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) !=
        1)
        return -1;
    return 0;
}

static int check_name(X509 *leaf, struct anycert__facts *facts)
{
    if (facts->identity[0] == '\0')
        return 0;
    anycert__name_match(leaf, facts->identity, facts->identity_is_ip, &facts->name_match,
                        &facts->cn_match);
    if (facts->name_match)
        return 0;
    return anycert__facts_add_error(
        facts,
        facts->identity_is_ip ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH, 0);
}

static void note_leaf_names(struct anycert__facts *facts)
{
    const struct anycert__certificate *leaf = facts->presented;

    for (size_t i = 0; leaf && i < leaf->name_count; i++) {
        if (leaf->names[i].kind == ANYCERT__NAME_DNS || leaf->names[i].kind == ANYCERT__NAME_IP)
            facts->has_dns_or_ip_name = true;
    }
}

static int run(X509 *leaf, STACK_OF(X509) * untrusted, X509_STORE *store,
               struct anycert__facts *facts, STACK_OF(X509) * *chain, struct anycert_error *err)
{
    struct recording recording = {.facts = facts};
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result = -1;

    if (!ctx || X509_STORE_CTX_init(ctx, store, leaf, untrusted) != 1 ||
        set_question(ctx, facts->time) < 0) {
        anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "certificate verification cannot be set up");
        goto out;
    }
    X509_STORE_CTX_set_app_data(ctx, &recording);
    X509_STORE_CTX_set_verify_cb(ctx, record_error);
    facts->verify_broke = X509_verify_cert(ctx) <= 0;
    *chain = X509_STORE_CTX_get1_chain(ctx);
    if (recording.out_of_memory || check_anchor(ctx, facts) < 0 ||
        check_lone_curve(ctx, leaf, facts) < 0 || check_name(leaf, facts) < 0) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (has_gap(facts))
        anycert__unfit_find(ctx, untrusted, &facts->unfit);
    result = 0;
out:
    X509_STORE_CTX_free(ctx);
    return result;
}

int anycert__verify(X509 *leaf, STACK_OF(X509) * presented,
                    const struct anycert__intermediates *helpers, struct anycert__anchors *anchors,
                    struct anycert__facts *facts, STACK_OF(X509) * *chain,
                    struct anycert_error *err)
{
    STACK_OF(X509) *untrusted = NULL;
    int result = -1;

    if (fill_chain(presented, &facts->presented, &facts->presented_count, err) < 0)
        goto out;
    note_leaf_names(facts);
    untrusted = join(presented, helpers);
    if (!untrusted) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (run(leaf, untrusted, anycert__anchors_store(anchors), facts, chain, err) < 0 ||
        fill_chain(*chain, &facts->validated, &facts->validated_count, err) < 0)
        goto out;
    facts->verified = true;
    result = 0;
out:
    sk_X509_free(untrusted);
    return result;
}
