/* Clients that are commands: curl and wget; and the configuration of OpenSSL. */
#include "doctor/page.h"

#include "base/shell.h"
#include "base/str.h"
#include "http/curl_words.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- curl */

static void note(void *arg, enum anycert__curl_note_kind kind, const char *text)
{
    static const enum anycert_doctor_fit fits[] = {[ANYCERT__CURL_REMARK] = ANYCERT_FIT_SAME,
                                                   [ANYCERT__CURL_COARSER] = ANYCERT_FIT_COARSER,
                                                   [ANYCERT__CURL_LACKS] = ANYCERT_FIT_LACKS};

    anycert__page_note(arg, fits[kind], "%s", text);
}

static void option(void *arg, const char *name, const char *value)
{
    struct anycert__page *page = arg;

    if (anycert__str_equal(name, "insecure"))
        page->believes_anybody = true;
    anycert__page_add(page, " \\\n  --%s", name);
    if (value) {
        anycert__page_add(page, " ");
        anycert__shell_add_word(&page->body, value);
    }
}

static void one_file(void *arg, const char *name)
{
    option(arg, name, "anchors.pem");
}

/* curl has the same words for the way. */
static void curl_way(struct anycert__page *page, const struct anycert__curl_words *words)
{
    static const char *const same[] = {"proxy", "resolve", "connect-to"};
    const char *trust = anycert__words_find(page->way, "proxy-trust", 0);
    struct anycert_policy *policy = trust ? anycert_policy_parse(trust, NULL) : NULL;
    struct anycert__page_proxy proxy;
    const char *value = NULL;

    (void)anycert__page_lacks_way(page, " http https socks4 socks4a socks5 socks5h ", true);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        for (size_t n = 0; (value = anycert__words_find(page->way, same[i], n)) != NULL; n++)
            option(page, same[i], value);
    }
    if (anycert__page_proxy(page, &proxy) && strcmp(proxy.scheme, "https") == 0)
        anycert__curl_say_policy(words, ANYCERT__HOP_PROXY, policy);
    anycert_policy_free(policy);
}

void anycert__page_curl(struct anycert__page *page)
{
    const struct anycert__curl_words words = {
        .note = note, .option = option, .one_file = one_file, .arg = page};
    const struct anycert_policy *policy = page->policy;
    bool has_name = false;

    anycert__page_add(page, "curl");
    anycert__curl_say_policy(&words, ANYCERT__HOP_ORIGIN, policy);
    page->compares_pin = policy->pin_count > 0;
    if (policy->expect_name)
        has_name = anycert__curl_say_expected_name(&words, policy->expect_name, page->host,
                                                   page->port, false);
    if (policy->sni && !(has_name && anycert__str_equal(policy->sni, policy->expect_name)))
        anycert__page_note(page, ANYCERT_FIT_LACKS, "sni: curl sends the host of the URL, not %s",
                           policy->sni);
    if (policy->rung == ANYCERT__RUNG_ANTIQUE ||
        (page->allowed & ANYCERT__BIT(LEGACY_RENEGOTIATION)))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "for servers without secure renegotiation, curl needs OpenSSL's "
                           "configuration: see openssl.cnf");
    curl_way(page, &words);
    anycert__page_add(page, " \\\n  ");
    if (has_name)
        (void)snprintf(page->url, sizeof page->url, "https://%.255s:%u/", policy->expect_name,
                       (unsigned)page->port);
    anycert__shell_add_word(&page->body, page->url);
    anycert__page_add(page, "\n");
}

/* ---- openssl.cnf */

static void openssl_versions(struct anycert__page *page)
{
    static const char *const names[] = {"TLSv1", "TLSv1.1", "TLSv1.2"};

    anycert__page_add(page, "MinProtocol = %s\n", names[anycert__page_lowest(page) - 0x0301]);
    if (anycert__page_is_capped(page))
        anycert__page_add(page, "MaxProtocol = TLSv1.2\n");
}

static void openssl_options(struct anycert__page *page)
{
    static const struct {
        anycert__relaxations bit;
        const char *name;
    } rows[] = {
        {ANYCERT__BIT(LEGACY_RENEGOTIATION), "UnsafeLegacyServerConnect"},
        {ANYCERT__BIT(NO_EMS), "-ExtendedMasterSecret"},
        {ANYCERT__BIT(NO_ETM), "-EncryptThenMac"},
    };
    const char *before = "Options = ";

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!(page->allowed & rows[i].bit))
            continue;
        anycert__page_add(page, "%s%s", before, rows[i].name);
        before = ",";
    }
    if (before[0] == ',')
        anycert__page_add(page, "\n");
}

void anycert__page_openssl(struct anycert__page *page)
{
    static const struct anycert__skills skills = {
        .alone = ANYCERT__BIT(TLS1_2_MAX) | ANYCERT__BIT(LEGACY_RENEGOTIATION) |
                 ANYCERT__BIT(NO_EMS) | ANYCERT__BIT(NO_ETM) | ANYCERT__BIT(RSA_KEY_EXCHANGE) |
                 ANYCERT__BIT(CBC_SHA1),
        .by_itself =
            ANYCERT__BIT(COMMON_NAME) | ANYCERT__BIT(RENEGOTIATION) | ANYCERT__BIT(NO_ALPN),
        .by_level = ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE) | ANYCERT__BIT(TLS1_0) |
                    ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(SHA1_HANDSHAKE) |
                    ANYCERT__BIT(LEGACY_CIPHERS),
        .drops = "the program has to, by its own settings",
    };
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"];
    const char *file = anycert__page_anchors(page, 0, true);

    anycert__page_note(page, ANYCERT_FIT_SAME,
                       "it holds for every connection of a program that is started with "
                       "OPENSSL_CONF=FILE, and whose own settings do not say otherwise");
    if (anycert__words_find(page->way, "proxy", 0) ||
        anycert__words_find(page->way, "resolve", 0) ||
        anycert__words_find(page->way, "connect-to", 0))
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "the proxy or the other address of the examination is a setting of the "
                           "program's own");
    if (anycert__page_drops(page, &skills))
        page->fit = ANYCERT_FIT_LACKS;
    if (file)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "ca: start the program with SSL_CERT_FILE=%s, too", file);
    if (page->policy->expect_name || page->policy->sni)
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "expect-name, sni: the program has to, by its own settings");
    anycert__page_ciphers(page, ciphers);
    anycert__page_add(page, "openssl_conf = anycert_init\n\n[anycert_init]\n"
                            "ssl_conf = anycert_modules\n\n[anycert_modules]\n"
                            "system_default = anycert_tls\n\n[anycert_tls]\n");
    openssl_versions(page);
    anycert__page_add(page, "CipherString = %s\n", ciphers);
    if (page->policy->relaxations & ANYCERT__BIT(LEGACY_CIPHERS))
        anycert__page_add(page, "Ciphersuites = TLS_AES_256_GCM_SHA384:"
                                "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
                                "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256\n");
    openssl_options(page);
}

/* ---- wget */

/* A priority string of GnuTLS (gnutls_priority_init(3)): what is taken away unless it is relaxed,
 * and what is added if it is. */
static void wget_priorities(struct anycert__page *page)
{
    static const struct {
        anycert__relaxations bits;
        const char *unless, *then;
    } rows[] = {
        {ANYCERT__BIT(TLS1_2_MAX), ":+VERS-TLS1.3", ""},
        {0, ":+SHA256:+SHA384", ""},
        {ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1), "", ":+VERS-TLS1.1"},
        {ANYCERT__BIT(TLS1_0), "", ":+VERS-TLS1.0"},
        {ANYCERT__BIT(RSA_KEY_EXCHANGE), ":-RSA", ""},
        {ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1), ":-SHA1", ""},
        {ANYCERT__BIT(SHA1_HANDSHAKE), ":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1",
         ":+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1"},
        {ANYCERT__BIT(LEGACY_RENEGOTIATION), ":%SAFE_RENEGOTIATION", ""},
        {ANYCERT__BIT(LEGACY_CIPHERS), "",
         ":+CAMELLIA-128-GCM:+CAMELLIA-128-CBC:+CAMELLIA-256-CBC"
         ":+AES-128-CCM-8:+AES-256-CCM-8"},
        {ANYCERT__BIT(NO_ETM), "", ":%NO_ETM"},
        {ANYCERT__BIT(NO_EMS), "", ":%NO_SESSION_HASH"},
        {ANYCERT__BIT(WEAK_SIGNATURE), "", ":%VERIFY_ALLOW_SIGN_WITH_SHA1"},
        {ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE),
         ":%PROFILE_MEDIUM", ":%PROFILE_LOW"},
    };

    anycert__page_add(page, " \\\n  --ciphers='NORMAL:-VERS-ALL:+VERS-TLS1.2");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        anycert__buf_adds(&page->body,
                          page->allowed & rows[i].bits ? rows[i].then : rows[i].unless);
    anycert__page_add(page, "'");
}

static void wget_anchors(struct anycert__page *page)
{
    const char *file = anycert__page_anchors(page, 0, true);
    struct stat info;
    bool folder = file && stat(file, &info) == 0 && S_ISDIR(info.st_mode);

    if (!file)
        return;
    if (page->policy->ca_count > 1) {
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "wget takes anchors from one file: put them together into anchors.pem");
        file = "anchors.pem";
        folder = false;
    }
    anycert__page_add(page, " \\\n  --%s=", folder ? "ca-directory" : "ca-certificate");
    anycert__shell_add_word(&page->body, file);
    /* Beside a file, wget reads the folder of the system as well. */
    if (!folder && !anycert__page_has_system(page))
        anycert__page_add(page, " \\\n  --ca-directory=/nonexistent");
}

void anycert__page_wget(struct anycert__page *page)
{
    static const struct anycert__skills skills = {
        .alone = ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(TLS1_2_MAX) |
                 ANYCERT__BIT(RSA_KEY_EXCHANGE) | ANYCERT__BIT(CBC_SHA1) |
                 ANYCERT__BIT(SHA1_HANDSHAKE) | ANYCERT__BIT(LEGACY_RENEGOTIATION) |
                 ANYCERT__BIT(LEGACY_CIPHERS) | ANYCERT__BIT(NO_ETM) | ANYCERT__BIT(NO_EMS) |
                 ANYCERT__BIT(COMMON_NAME) | ANYCERT__BIT(RENEGOTIATION),
        .by_itself = ANYCERT__BIT(NO_ALPN) | ANYCERT__BIT(WRONG_PURPOSE),
        .by_level = ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE),
        .pins = true,
        .pins_alone = true,
        .drops = "--no-check-certificate gives up all that a certificate is for",
    };
    const struct anycert_policy *policy = page->policy;
    bool drops = anycert__page_drops(page, &skills) || policy->rung == ANYCERT__RUNG_PINNED;

    anycert__page_note(page, ANYCERT_FIT_SAME,
                       "for a wget that is built with GnuTLS, as wget --version tells");
    if (policy->relaxations & ANYCERT__BIT(COMMON_NAME))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "common-name: wget takes it by itself, where there is no "
                           "subjectAltName of any kind");
    if (policy->relaxations & ANYCERT__BIT(RENEGOTIATION))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "renegotiation: wget never takes part in it; a server of TLS 1.3 may go "
                           "on by itself");
    if (page->allowed & ANYCERT__BIT(LEGACY_CIPHERS))
        anycert__page_note(page, ANYCERT_FIT_LACKS, "legacy-ciphers: GnuTLS has no ARIA");
    if (anycert__policy_accepts_any_certificate(policy))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "%s: GnuTLS has other old cryptography than OpenSSL, and cannot read "
                           "every certificate",
                           anycert_policy_rung(policy));
    if (policy->relaxations & ANYCERT__BIT(EXPLICIT_CURVE))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "explicit-curve: GnuTLS cannot read such a certificate");
    if (policy->expect_name || policy->sni)
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "expect-name, sni: wget sends and expects the host of the URL");
    anycert__page_add(page, "wget -q -O -");
    if (anycert__page_lacks_way(page, " http ", false)) {
        anycert__page_add(page, " \\\n  -e use_proxy=on -e https_proxy=");
        anycert__shell_add_word(&page->body, anycert__words_find(page->way, "proxy", 0));
    }
    if (drops)
        anycert__page_add(page, " \\\n  --no-check-certificate");
    else
        wget_anchors(page);
    wget_priorities(page);
    for (size_t i = 0; i < policy->pin_count; i++)
        anycert__page_add(page, "%s%s%s", i ? ";" : " \\\n  --pinnedpubkey='", policy->pins[i],
                          i + 1 == policy->pin_count ? "'" : "");
    anycert__page_add(page, " \\\n  ");
    anycert__shell_add_word(&page->body, page->url);
    anycert__page_add(page, "\n");
}
