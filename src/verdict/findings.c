#include "verdict/findings.h"

#include <string.h>

#define TLS1_0 0x0301
#define TLS1_1 0x0302
#define TLS1_2 0x0303
#define TLS1_3 0x0304

#define DH_BITS_ENOUGH    2048
#define DH_BITS_SMALL     1024 /* from here on small-dh lets it through */
#define DH_BITS_ANTIQUE   512  /* and from here on the rung antique */
#define RSA_DSA_KEY_FLOOR 1024
#define EC_KEY_FLOOR      160

/* Beyond these a chain is oversized; they are what the TLS context allows hardened. A certificate
 * has three bytes for its length, as has the list (RFC 5246 section 7.4.2). */
#define CHAIN_BYTES_MAX ((size_t)100 * 1024)
#define CHAIN_DEPTH_MAX 100

/* What one walk over the facts needs. */
struct walk {
    const struct anycert__facts *facts;
    int64_t now;
    anycert__finding_fn *fn;
    void *arg;
};

bool anycert__facts_verified(const struct anycert__facts *facts)
{
    return facts->verified && !facts->verify_broke;
}

bool anycert__facts_negotiated(const struct anycert__facts *facts, enum anycert__judge_scope scope)
{
    return scope != ANYCERT__JUDGE_CERTIFICATES && facts->complete;
}

const struct anycert__certificate *anycert__certificate_at(const struct anycert__facts *facts,
                                                           int depth)
{
    if (depth < 0)
        return NULL;
    if ((size_t)depth < facts->validated_count)
        return &facts->validated[depth];
    if (depth == 0 && facts->presented_count > 0)
        return &facts->presented[0];
    return NULL;
}

/* ---- certificates ---- */

static bool key_above_floor(const struct anycert__certificate *certificate)
{
    const char *type = certificate->key_type;
    if (type == NULL)
        return false;
    if (strcmp(type, "RSA") == 0 || strcmp(type, "RSA-PSS") == 0 || strcmp(type, "DSA") == 0)
        return certificate->key_bits >= RSA_DSA_KEY_FLOOR;
    return strcmp(type, "EC") == 0 && certificate->key_bits >= EC_KEY_FLOOR;
}

static void find_x509(const struct walk *walk, int code, int depth)
{
    const struct anycert__facts *facts = walk->facts;
    const struct anycert__certificate *certificate = anycert__certificate_at(facts, depth);
    const struct anycert__x509_meaning *meaning = anycert__x509_meaning(code, depth);
    struct anycert__x509_finding x509 = {
        .code = code,
        .depth = depth,
        .cn_only_match = facts->cn_match && !facts->has_dns_or_ip_name,
        .key_above_floor = certificate != NULL && key_above_floor(certificate),
        .signature_is_sha1 =
            certificate != NULL && certificate->signature_sha1 && !certificate->signature_md5,
    };
    bool revoked = code == ANYCERT__X509_REVOKED;
    struct anycert__finding finding = {
        .check = meaning->check,
        .kind = revoked ? ANYCERT__FINDING_REVOKED : ANYCERT__FINDING_FACT,
        .x509_code = code,
        .depth = depth,
        .relaxations = revoked ? 0 : anycert__relaxations_for(&x509),
        .what = meaning->text,
    };
    walk->fn(walk->arg, &finding);
}

static void find_other(const struct walk *walk, const char *what)
{
    struct anycert__finding finding = {.check = ANYCERT__CHECK_OTHER, .depth = -1, .what = what};
    walk->fn(walk->arg, &finding);
}

static bool recorded(const struct anycert__facts *facts, int code, int depth)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (facts->errors[i].code == code && facts->errors[i].depth == depth)
            return true;
    }
    return false;
}

static bool recorded_anywhere(const struct anycert__facts *facts, int code)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (facts->errors[i].code == code)
            return true;
    }
    return false;
}

/* Time passes between the handshake and the judgement, so readable dates are compared with now, and
 * what was recorded about them is not used. Verification looks at the dates of every certificate in
 * the chain, the anchor included; so does this. */
static bool dates_are_judged_anew(const struct anycert__facts *facts, int depth)
{
    return depth >= 0 && (size_t)depth < facts->validated_count &&
           facts->validated[depth].dates_readable;
}

static void find_recorded(const struct walk *walk)
{
    const struct anycert__facts *facts = walk->facts;
    for (size_t i = 0; i < facts->error_count; i++) {
        int code = facts->errors[i].code, depth = facts->errors[i].depth;
        bool about_dates = code == ANYCERT__X509_EXPIRED || code == ANYCERT__X509_NOT_YET_VALID;
        if (!about_dates || !dates_are_judged_anew(facts, depth))
            find_x509(walk, code, depth);
    }
}

static void find_dates(const struct walk *walk)
{
    const struct anycert__facts *facts = walk->facts;
    for (size_t i = 0; i < facts->validated_count; i++) {
        const struct anycert__certificate *certificate = &facts->validated[i];
        int depth = (int)i;
        if (!dates_are_judged_anew(facts, depth))
            continue;
        /* OpenSSL counts the last second as expired, RFC 5280 does not: what OpenSSL refused stays
         * refused. */
        if (walk->now > certificate->not_after ||
            (walk->now == certificate->not_after && recorded(facts, ANYCERT__X509_EXPIRED, depth)))
            find_x509(walk, ANYCERT__X509_EXPIRED, depth);
        if (walk->now < certificate->not_before)
            find_x509(walk, ANYCERT__X509_NOT_YET_VALID, depth);
    }
}

static void find_name(const struct walk *walk)
{
    const struct anycert__facts *facts = walk->facts;
    bool required = facts->identity != NULL && facts->identity[0] != '\0';
    if (!required || facts->name_match || !anycert__facts_verified(facts) ||
        recorded_anywhere(facts, ANYCERT__X509_HOSTNAME_MISMATCH) ||
        recorded_anywhere(facts, ANYCERT__X509_IP_MISMATCH))
        return;
    find_x509(walk,
              facts->identity_is_ip ? ANYCERT__X509_IP_MISMATCH : ANYCERT__X509_HOSTNAME_MISMATCH,
              0);
}

static void find_size(const struct walk *walk)
{
    const struct anycert__facts *facts = walk->facts;
    size_t bytes = 3;
    for (size_t i = 0; i < facts->presented_count; i++)
        bytes += facts->presented[i].der_len + 3;
    struct anycert__finding finding = {
        .check = ANYCERT__CHECK_OTHER,
        .x509_code = bytes > CHAIN_BYTES_MAX ? 0 : ANYCERT__X509_TOO_LONG,
        .depth = -1,
        .relaxations = ANYCERT__RELAX_BIT(ANYCERT__RELAX_OVERSIZED_CHAIN),
        .what = bytes > CHAIN_BYTES_MAX ? "the chain is larger than 100 kB"
                                        : "the chain is longer than 100 certificates"};
    /* the peer's own and the anchor stand at the ends of what is counted as depth */
    if (bytes > CHAIN_BYTES_MAX || facts->validated_count > CHAIN_DEPTH_MAX + 2)
        walk->fn(walk->arg, &finding);
}

static void find_certificates(const struct walk *walk, enum anycert__judge_scope scope)
{
    const struct anycert__facts *facts = walk->facts;
    find_recorded(walk);
    find_dates(walk);
    find_name(walk);
    find_size(walk);
    if (facts->revocation == ANYCERT_REVOCATION_REVOKED &&
        !recorded_anywhere(facts, ANYCERT__X509_REVOKED))
        find_x509(walk, ANYCERT__X509_REVOKED, 0);
    if (facts->verify_broke)
        find_other(walk, "verification broke off");
    else if (!facts->verified && (scope == ANYCERT__JUDGE_CERTIFICATES || facts->complete ||
                                  facts->presented_count > 0))
        find_other(walk, "the certificates were not verified");
}

/* ---- what was negotiated ---- */

static void find_negotiated(const struct walk *walk, enum anycert__check_id check,
                            anycert__relaxations relaxations, const char *what)
{
    struct anycert__finding finding = {
        .check = check, .depth = -1, .relaxations = relaxations, .what = what};
    walk->fn(walk->arg, &finding);
}

/* The relaxation that stands for an old version, with the SHA-1 suites and signatures it cannot do
 * without. */
static anycert__relaxations relaxation_of_version(uint16_t version)
{
    if (version == TLS1_0)
        return ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_0);
    if (version == TLS1_1)
        return ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_1);
    return 0;
}

static void find_protocol(const struct walk *walk)
{
    uint16_t version = walk->facts->negotiated.version;
    if (version != TLS1_2 && version != TLS1_3)
        find_negotiated(walk, ANYCERT__CHECK_PROTOCOL, relaxation_of_version(version),
                        "TLS 1.2 or newer is required");
}

/* Whatever is not known to be good is a finding: values that this code does not know fall through
 * to the last branch. */
static void find_key_exchange(const struct walk *walk)
{
    const struct anycert__negotiated *negotiated = &walk->facts->negotiated;
    if (negotiated->version == TLS1_3 || negotiated->key_exchange == ANYCERT__KX_ECDHE ||
        negotiated->key_exchange == ANYCERT__KX_DHE)
        return;
    if (negotiated->key_exchange == ANYCERT__KX_RSA)
        find_negotiated(walk, ANYCERT__CHECK_KEY_EXCHANGE,
                        ANYCERT__RELAX_BIT(ANYCERT__RELAX_RSA_KEY_EXCHANGE),
                        "static RSA key exchange, no forward secrecy");
    else
        find_negotiated(walk, ANYCERT__CHECK_KEY_EXCHANGE, 0,
                        "a key exchange that is never allowed");
}

/* Curves of the peer's own key that hardened offers; a server with another one finds nothing that
 * it can sign with. */
static bool has_rare_curve(const struct anycert__facts *facts)
{
    static const char *const usual[] = {"", "P-256", "P-384", "P-521"};
    const struct anycert__certificate *leaf = anycert__certificate_at(facts, 0);
    if (leaf == NULL || leaf->curve == NULL)
        return false;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(leaf->curve, usual[i]) == 0)
            return false;
    }
    return true;
}

static void find_group(const struct walk *walk)
{
    const struct anycert__negotiated *negotiated = &walk->facts->negotiated;
    /* Up to TLS 1.2 the server makes up its Diffie-Hellman group, and only its size can be judged.
     */
    bool made_up = negotiated->key_exchange == ANYCERT__KX_DHE && negotiated->version != TLS1_3;
    if (!made_up) {
        if (negotiated->legacy_group)
            find_negotiated(walk, ANYCERT__CHECK_GROUP,
                            ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_GROUPS),
                            "not one of the groups that hardened offers");
        return;
    }
    /* A resumed session has no group of its own. */
    bool unknown_by_nature = negotiated->group_bits == 0 && negotiated->resumed;
    if (unknown_by_nature || negotiated->group_bits >= DH_BITS_ENOUGH)
        return;
    struct anycert__finding finding = {
        .check = ANYCERT__CHECK_GROUP, .depth = -1, .what = "2048 bits are required"};
    if (negotiated->group_bits >= DH_BITS_SMALL)
        finding.relaxations = ANYCERT__RELAX_BIT(ANYCERT__RELAX_SMALL_DH);
    else if (negotiated->group_bits >= DH_BITS_ANTIQUE)
        finding.kind = ANYCERT__FINDING_ANTIQUE;
    walk->fn(walk->arg, &finding);
}

static void find_cipher(const struct walk *walk)
{
    const struct anycert__negotiated *negotiated = &walk->facts->negotiated;
    if (negotiated->legacy_cipher) {
        /* trust-any's cipher list is fixed to the letter, and with OpenSSL before 3.5 it has these.
         */
        bool ccm_8 = strstr(negotiated->cipher, "_CCM_8") != NULL;
        struct anycert__finding finding = {
            .check = ANYCERT__CHECK_CIPHER,
            .kind = ccm_8 ? ANYCERT__FINDING_OFFERED : ANYCERT__FINDING_FACT,
            .depth = -1,
            .relaxations = ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_CIPHERS),
            .what = ccm_8 ? "its authentication tag is short"
                          : "a rarely examined suite that hardened does not offer",
        };
        walk->fn(walk->arg, &finding);
    }
    if (negotiated->mode == ANYCERT__CIPHER_AEAD ||
        (negotiated->mode == ANYCERT__CIPHER_CBC && negotiated->mac == ANYCERT__DIGEST_STRONG))
        return;
    if (negotiated->mode == ANYCERT__CIPHER_CBC && negotiated->mac == ANYCERT__DIGEST_SHA1) {
        anycert__relaxations old = relaxation_of_version(negotiated->version);
        find_negotiated(walk, ANYCERT__CHECK_CIPHER,
                        old != 0 ? old : ANYCERT__RELAX_BIT(ANYCERT__RELAX_CBC_SHA1),
                        "CBC with SHA-1");
    } else {
        find_negotiated(walk, ANYCERT__CHECK_CIPHER, 0, "a cipher suite that is never allowed");
    }
}

static void find_handshake_signature(const struct walk *walk)
{
    const struct anycert__negotiated *negotiated = &walk->facts->negotiated;
    anycert__relaxations old = relaxation_of_version(negotiated->version);
    /* Static RSA has no signature, nor has a resumed session; one that cannot be classed is no
     * pass. */
    if (negotiated->signature_digest == ANYCERT__DIGEST_STRONG ||
        (negotiated->signature_digest == ANYCERT__DIGEST_UNKNOWN &&
         negotiated->signature[0] == '\0'))
        return;
    if (negotiated->signature_digest == ANYCERT__DIGEST_SHA1)
        find_negotiated(
            walk, ANYCERT__CHECK_HANDSHAKE_SIGNATURE,
            negotiated->version == TLS1_2 ? ANYCERT__RELAX_BIT(ANYCERT__RELAX_SHA1_HANDSHAKE) : old,
            "signed with SHA-1");
    else if (negotiated->signature_digest == ANYCERT__DIGEST_MD5_SHA1)
        find_negotiated(walk, ANYCERT__CHECK_HANDSHAKE_SIGNATURE, old, "signed with MD5 and SHA-1");
    else
        find_negotiated(walk, ANYCERT__CHECK_HANDSHAKE_SIGNATURE, 0,
                        "a signature that is never allowed");
}

static void find_renegotiation(const struct walk *walk)
{
    const struct anycert__negotiated *negotiated = &walk->facts->negotiated;
    if (negotiated->version != TLS1_3 && !negotiated->secure_renegotiation)
        find_negotiated(walk, ANYCERT__CHECK_RENEGOTIATION,
                        ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_RENEGOTIATION),
                        "the server lacks secure renegotiation (RFC 5746)");
}

void anycert__findings(const struct anycert__facts *facts, int64_t now,
                       enum anycert__judge_scope scope, anycert__finding_fn *fn, void *arg)
{
    const struct walk walk = {.facts = facts, .now = now, .fn = fn, .arg = arg};
    find_certificates(&walk, scope);
    if (!anycert__facts_negotiated(facts, scope))
        return;
    find_protocol(&walk);
    find_key_exchange(&walk);
    find_group(&walk);
    if (has_rare_curve(facts))
        find_negotiated(&walk, ANYCERT__CHECK_GROUP,
                        ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_GROUPS),
                        "the server's own key is on a curve that hardened does not offer");
    find_cipher(&walk);
    find_handshake_signature(&walk);
    find_renegotiation(&walk);
}
