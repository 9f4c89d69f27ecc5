/* Whatever curl cannot say is said in a note, with what comes nearest. */
#include "http/curl_words.h"

#include "base/buf.h"
#include "base/str.h"
#include "tls/tls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Names of the options of one hop. */
struct hop {
    const char *insecure, *cacert, *capath, *pin, *ciphers;
    bool has_hello;   /* options for versions, groups and ALPN */
    const char *name; /* in notes */
};

static const struct hop origin = {"insecure", "cacert", "capath",    "pinnedpubkey",
                                  "ciphers",  true,     "the server"};
static const struct hop proxy = {"proxy-insecure",     "proxy-cacert",  "proxy-capath",
                                 "proxy-pinnedpubkey", "proxy-ciphers", false,
                                 "the proxy"};

/* Groups that OpenSSL has, for certificates of the last twenty years, at level 2. */
static const char rare_groups[] = "X25519:P-256:X448:P-521:P-384:secp256k1:brainpoolP256r1:"
                                  "brainpoolP384r1:brainpoolP512r1";

/* Those of TLS 1.3, with the two that hardened does not offer. */
static const char legacy_suites[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
    "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

static void note(const struct anycert__curl_words *words, enum anycert__curl_note_kind kind,
                 const char *format, ...) ANYCERT__PRINTF(3, 4);

static void note(const struct anycert__curl_words *words, enum anycert__curl_note_kind kind,
                 const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    words->note(words->arg, kind, text);
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void say_anchors(const struct anycert__curl_words *words, const struct hop *hop,
                        const struct anycert_policy *policy)
{
    const struct anycert__ca *only = policy->cas && policy->ca_count == 1 ? &policy->cas[0] : NULL;

    if (!policy->cas || policy->ca_count == 0 || (only && only->kind == ANYCERT__CA_SYSTEM)) {
        note(words, ANYCERT__CURL_REMARK,
             "curl takes the anchors that it was built with for the system's");
        return;
    }
    if (only && only->kind == ANYCERT__CA_PATH) {
        words->option(words->arg, is_folder(only->path) ? hop->capath : hop->cacert, only->path);
        return;
    }
    for (size_t i = 0; i < policy->ca_count; i++) {
        if (policy->cas[i].kind == ANYCERT__CA_PATH)
            note(words, ANYCERT__CURL_REMARK, "anchors for %s: %s", hop->name, policy->cas[i].path);
        else
            note(words, ANYCERT__CURL_REMARK, "anchors for %s: %s", hop->name,
                 policy->cas[i].kind == ANYCERT__CA_SYSTEM ? "the system's" : "some in memory");
    }
    note(words, ANYCERT__CURL_REMARK,
         "curl takes anchors from one file: they have to be in one together");
    words->one_file(words->arg, hop->cacert);
}

static void say_pins(const struct anycert__curl_words *words, const struct hop *hop,
                     const struct anycert_policy *policy)
{
    struct anycert__buf pins;

    if (policy->pin_count == 0)
        return;
    anycert__buf_init(&pins, 65536);
    for (size_t i = 0; i < policy->pin_count; i++)
        anycert__buf_addf(&pins, "%s%s", i ? ";" : "", policy->pins[i]);
    if (pins.data)
        words->option(words->arg, hop->pin, pins.data);
    anycert__buf_free(&pins);
    note(words, ANYCERT__CURL_REMARK,
         "curl compares pins with the key of %s alone: one of a CA in its chain never matches "
         "there",
         hop->name);
}

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* See say_ciphers and say_hello. */
static const anycert__relaxations said_by_ciphers = BIT(SMALL_DH) | BIT(SHA1_HANDSHAKE) |
                                                    BIT(RSA_KEY_EXCHANGE) | BIT(CBC_SHA1) |
                                                    BIT(LEGACY_CIPHERS);
static const anycert__relaxations said_by_hello = BIT(TLS1_0) | BIT(TLS1_1) | BIT(TLS1_2_MAX) |
                                                  BIT(NO_ALPN) | BIT(LEGACY_GROUPS) |
                                                  BIT(CLASSICAL_HELLO);

/* True if it needs the one switch that curl has. */
static bool say_relaxation(const struct anycert__curl_words *words, const struct hop *hop, int id,
                           const char *name)
{
    anycert__relaxations bit = ANYCERT__RELAX_BIT(id);

    if (id == ANYCERT__RELAX_COMMON_NAME) {
        note(words, ANYCERT__CURL_REMARK, "%s: curl takes a common name for the host's by itself",
             name);
        return false;
    }
    if (bit & anycert__relaxations_of_certificates()) {
        note(words, ANYCERT__CURL_COARSER,
             "%s: curl cannot give up this alone; --insecure gives up all that a certificate is "
             "for",
             name);
        return true;
    }
    if (id == ANYCERT__RELAX_RENEGOTIATION) {
        note(words, ANYCERT__CURL_REMARK, "%s: curl takes part in it by itself", name);
        return false;
    }
    if (!(bit & said_by_ciphers) && !((bit & said_by_hello) && hop->has_hello))
        note(words, ANYCERT__CURL_LACKS, "%s: curl has no option for this alone", name);
    return false;
}

static bool say_relaxations(const struct anycert__curl_words *words, const struct hop *hop,
                            const struct anycert_policy *policy)
{
    bool insecure = false;

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        int id = anycert_relaxation_id(r);

        if ((policy->relaxations & ANYCERT__RELAX_BIT(id)) &&
            say_relaxation(words, hop, id, anycert_relaxation_name(r)))
            insecure = true;
    }
    return insecure;
}

/* curl cannot give up one thing of a level alone. */
static int level_for_curl(anycert__relaxations allowed, int level)
{
    if (allowed & (BIT(TLS1_0) | BIT(TLS1_1) | BIT(SHA1_HANDSHAKE) | BIT(LEGACY_CIPHERS)))
        return 0;
    return (allowed & BIT(SMALL_DH)) && level > 1 ? 1 : level;
}

static void say_hello(const struct anycert__curl_words *words, anycert__relaxations allowed,
                      anycert__relaxations asked)
{
    words->option(words->arg,
                  allowed & BIT(TLS1_0)   ? "tlsv1.0"
                  : allowed & BIT(TLS1_1) ? "tlsv1.1"
                                          : "tlsv1.2",
                  NULL);
    if (allowed & BIT(TLS1_2_MAX))
        words->option(words->arg, "tls-max", "1.2");
    if (allowed & BIT(NO_ALPN))
        words->option(words->arg, "no-alpn", NULL);
    if (asked & BIT(LEGACY_CIPHERS))
        words->option(words->arg, "tls13-ciphers", legacy_suites);
    if ((allowed & BIT(CLASSICAL_HELLO)) && !(asked & BIT(LEGACY_GROUPS)))
        words->option(words->arg, "curves", anycert__tls_few_groups());
    if (asked & BIT(LEGACY_GROUPS)) {
        words->option(words->arg, "curves", rare_groups);
        note(words, ANYCERT__CURL_LACKS,
             "legacy-groups: curves of less than 256 bits are left out, as they need a lower "
             "security level");
    }
}

static void say_protocol(const struct anycert__curl_words *words, const struct hop *hop,
                         const struct anycert_policy *policy)
{
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"];
    anycert__relaxations allowed = anycert__policy_allows(policy);
    size_t used = 0;
    int level = 0;
    int of_curl = 0;

    anycert__tls_ciphers(policy, ciphers, &level);
    of_curl = level_for_curl(allowed, level);
    if (of_curl < level)
        note(words, ANYCERT__CURL_COARSER,
             "security level %d instead of %d: curl gives up with it what the policy keeps, such "
             "as the strength of keys and digests",
             of_curl, level);
    used = strlen(ciphers);
    (void)snprintf(ciphers + used, sizeof ciphers - used, ":@SECLEVEL=%d", of_curl);
    words->option(words->arg, hop->ciphers, ciphers);
    if (hop->has_hello)
        say_hello(words, allowed, policy->relaxations);
}

/* True if --insecure is needed. */
static bool say_rung(const struct anycert__curl_words *words, const struct hop *hop,
                     const struct anycert_policy *policy)
{
    bool insecure = true;

    switch (policy->rung) {
    case ANYCERT__RUNG_HARDENED:
        insecure = say_relaxations(words, hop, policy);
        note(words, ANYCERT__CURL_REMARK,
             "hardened also refuses %s for renegotiation, wildcards of public suffixes and more, "
             "where curl does not",
             hop->name);
        break;
    case ANYCERT__RUNG_PINNED:
        note(words, ANYCERT__CURL_REMARK,
             "pinned: --insecure with the pin; names and dates that check= asks for are not "
             "looked at");
        break;
    case ANYCERT__RUNG_TOFU:
        note(words, ANYCERT__CURL_COARSER,
             "tofu: curl has no trust store; with --insecure it takes %s, and looks at no name and "
             "no date",
             policy->pin_count ? "the recorded key" : "any key, each time");
        break;
    case ANYCERT__RUNG_REPORT_ONLY:
        note(words, ANYCERT__CURL_REMARK,
             "report-only: with --insecure curl checks nothing, and reports nothing");
        break;
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_ANTIQUE:
        note(words, ANYCERT__CURL_REMARK,
             "%s: with --insecure curl checks nothing of the certificate, tells nothing of what "
             "was wrong, and has no option for servers without secure renegotiation",
             anycert_policy_rung(policy));
        break;
    }
    return insecure;
}

void anycert__curl_say_policy(const struct anycert__curl_words *words, enum anycert__hop hop,
                              const struct anycert_policy *policy)
{
    static const struct anycert_policy hardened = {.rung = ANYCERT__RUNG_HARDENED};
    const struct hop *names = hop == ANYCERT__HOP_PROXY ? &proxy : &origin;

    if (!policy)
        policy = &hardened;
    if (say_rung(words, names, policy))
        words->option(words->arg, names->insecure, NULL);
    say_protocol(words, names, policy);
    if (!anycert__policy_accepts_any_certificate(policy) && policy->rung != ANYCERT__RUNG_PINNED)
        say_anchors(words, names, policy);
    say_pins(words, names, policy);
}

bool anycert__curl_say_expected_name(const struct anycert__curl_words *words, const char *name,
                                     const char *host, uint16_t port, bool has_host_field)
{
    bool is_bare_ipv6 = strchr(host, ':') && host[0] != '[';
    const char *before = is_bare_ipv6 ? "[" : "", *behind = is_bare_ipv6 ? "]" : "";
    char value[600];

    if (strpbrk(name, ":*")) {
        note(words, ANYCERT__CURL_LACKS,
             "expect-name: curl looks for the host of the URL in the certificate, not for %s",
             name);
        return false;
    }
    (void)snprintf(value, sizeof value, "%s:%u:%s%s%s:%u", name, (unsigned)port, before, host,
                   behind, (unsigned)port);
    words->option(words->arg, "connect-to", value);
    if (!has_host_field) {
        (void)snprintf(value, sizeof value, port == 443 ? "Host: %s%s%s" : "Host: %s%s%s:%u",
                       before, host, behind, (unsigned)port);
        words->option(words->arg, "header", value);
    }
    note(words, ANYCERT__CURL_REMARK,
         "expect-name: the URL has the expected name, so that curl looks for that; curl sends it "
         "in the handshake, too");
    return true;
}
