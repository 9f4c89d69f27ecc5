/* What a policy becomes in curl, which knows one switch for all that can be given up. Whatever it
 * cannot say is said in a note, with what comes nearest. */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>
#include <sys/stat.h>

/* Names of the options of one hop. */
struct hop {
    const char *insecure, *cacert, *capath, *pin, *ciphers;
    bool has_versions; /* options of the lowest and highest version of TLS */
    const char *name;  /* in notes */
};

static const struct hop origin = {"insecure", "cacert", "capath",    "pinnedpubkey",
                                  "ciphers",  true,     "the server"};
static const struct hop proxy = {"proxy-insecure",     "proxy-cacert",  "proxy-capath",
                                 "proxy-pinnedpubkey", "proxy-ciphers", false,
                                 "the proxy"};

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void add_anchors(struct anycert__curl *curl, const struct hop *hop,
                        const struct anycert_policy *policy)
{
    const struct anycert__ca *only = policy->cas && policy->ca_count == 1 ? &policy->cas[0] : NULL;

    if (!policy->cas || policy->ca_count == 0 || (only && only->kind == ANYCERT__CA_SYSTEM)) {
        anycert__curl_note(curl, "curl takes the anchors that it was built with for the system's");
        return;
    }
    if (only && only->kind == ANYCERT__CA_PATH) {
        anycert__curl_option(curl, is_folder(only->path) ? hop->capath : hop->cacert, only->path);
        return;
    }
    for (size_t i = 0; i < policy->ca_count; i++) {
        if (policy->cas[i].kind == ANYCERT__CA_PATH)
            anycert__curl_note(curl, "anchors for %s: %s", hop->name, policy->cas[i].path);
        else
            anycert__curl_note(curl, "anchors for %s: %s", hop->name,
                               policy->cas[i].kind == ANYCERT__CA_SYSTEM ? "the system's"
                                                                         : "some in memory");
    }
    anycert__curl_note(curl, "curl takes anchors from one file: they have to be in one together");
    anycert__curl_begin(curl, hop->cacert);
    anycert__curl_variable(curl, "ANYCERT_ANCHORS", NULL, 0, "the name of that file");
}

static void add_pins(struct anycert__curl *curl, const struct hop *hop,
                     const struct anycert_policy *policy)
{
    struct anycert__buf pins;

    if (policy->pin_count == 0)
        return;
    anycert__buf_init(&pins, 65536);
    for (size_t i = 0; i < policy->pin_count; i++)
        anycert__buf_addf(&pins, "%s%s", i ? ";" : "", policy->pins[i]);
    if (pins.data)
        anycert__curl_option(curl, hop->pin, pins.data);
    anycert__buf_free(&pins);
    anycert__curl_note(curl,
                       "curl compares pins with the key of %s alone: one of a CA in its chain "
                       "never matches there",
                       hop->name);
}

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* See add_ciphers and add_versions. */
static const anycert__relaxations said_by_options =
    BIT(TLS1_0) | BIT(TLS1_1) | BIT(TLS1_2_MAX) | BIT(SMALL_DH) | BIT(SHA1_HANDSHAKE) |
    BIT(RSA_KEY_EXCHANGE) | BIT(CBC_SHA1) | BIT(LEGACY_CIPHERS) | BIT(NO_ALPN) |
    BIT(CLASSICAL_HELLO);

/* True if one of them needs the one switch that curl has. */
static bool add_relaxations(struct anycert__curl *curl, const struct anycert_policy *policy)
{
    bool insecure = false;

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        const char *name = anycert_relaxation_name(r);

        if (!(policy->relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))))
            continue;
        if (anycert_relaxation_id(r) == ANYCERT__RELAX_COMMON_NAME) {
            anycert__curl_note(curl, "%s: curl takes a common name for the host's by itself", name);
        } else if (ANYCERT__RELAX_BIT(anycert_relaxation_id(r)) &
                   anycert__relaxations_of_certificates()) {
            anycert__curl_note(curl,
                               "%s: curl cannot give up this alone; --insecure gives up all "
                               "that a certificate is for",
                               name);
            insecure = true;
        } else if (!(ANYCERT__RELAX_BIT(anycert_relaxation_id(r)) & said_by_options)) {
            anycert__curl_note(curl, "%s: curl has no option for this alone", name);
        }
    }
    return insecure;
}

/* curl looks for the host of the URL in a certificate, and may connect to another one. */
static void add_expected_name(struct anycert__curl *curl, const char *name)
{
    const struct anycert__url *url = &curl->request->url;
    bool is_default = url->port == 443;

    if (curl->client->config->connect_to.count > 0 || strpbrk(name, ":*")) {
        anycert__curl_note(curl,
                           "expect-name: curl looks for the host of the URL in the "
                           "certificate, not for %s",
                           name);
        return;
    }
    curl->expect_name = name;
    anycert__curl_begin(curl, "connect-to");
    anycert__curl_textf(curl, "%s:%u:%s:%u", name, (unsigned)url->port, url->host,
                        (unsigned)url->port);
    if (!anycert__fields_get(anycert__curl_fields(curl), "Host", 0)) {
        anycert__curl_begin(curl, "header");
        anycert__curl_textf(curl, is_default ? "Host: %s" : "Host: %s:%u", url->host,
                            (unsigned)url->port);
    }
    anycert__curl_note(curl, "expect-name: the URL has the expected name, so that curl looks for "
                             "that; curl sends it in the handshake, too");
}

static void add_names(struct anycert__curl *curl, const struct anycert_policy *policy)
{
    char date[ANYCERT__DATE_SIZE];

    if (policy->expect_name)
        add_expected_name(curl, policy->expect_name);
    if (policy->sni && !anycert__str_equal(policy->sni, curl->expect_name))
        anycert__curl_note(curl, "sni: curl sends the host of the URL, not %s", policy->sni);
    if (policy->has_until) {
        anycert__format_date(policy->until, date);
        anycert__curl_note(curl, "the policy ends on %s; this command does not", date);
    }
}

/* curl cannot give up one thing of a level alone. */
static int level_for_curl(const struct anycert_policy *policy, int level)
{
    anycert__relaxations allowed = anycert__policy_allows(policy);

    if (allowed & (BIT(TLS1_0) | BIT(TLS1_1) | BIT(SHA1_HANDSHAKE) | BIT(LEGACY_CIPHERS)))
        return 0;
    return (allowed & BIT(SMALL_DH)) && level > 1 ? 1 : level;
}

static void add_versions(struct anycert__curl *curl, const struct anycert_policy *policy)
{
    anycert__relaxations allowed = anycert__policy_allows(policy);

    anycert__curl_flag(curl, allowed & BIT(TLS1_0)   ? "tlsv1.0"
                             : allowed & BIT(TLS1_1) ? "tlsv1.1"
                                                     : "tlsv1.2");
    if (allowed & BIT(TLS1_2_MAX))
        anycert__curl_option(curl, "tls-max", "1.2");
    if (allowed & BIT(CLASSICAL_HELLO))
        anycert__curl_option(curl, "curves", anycert__tls_few_groups());
    if (allowed & BIT(NO_ALPN))
        anycert__curl_flag(curl, "no-alpn");
}

static void add_ciphers(struct anycert__curl *curl, const struct hop *hop,
                        const struct anycert_policy *policy)
{
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE];
    int level = 0;
    int of_curl = 0;

    anycert__tls_ciphers(policy, ciphers, &level);
    of_curl = level_for_curl(policy, level);
    if (of_curl < level)
        anycert__curl_note(curl,
                           "security level %d instead of %d: curl gives up with it what the "
                           "policy keeps, such as the strength of keys and digests",
                           of_curl, level);
    anycert__curl_begin(curl, hop->ciphers);
    anycert__curl_text(curl, ciphers);
    anycert__curl_textf(curl, ":@SECLEVEL=%d", of_curl);
    if (hop->has_versions)
        add_versions(curl, policy);
}

static void add_rung(struct anycert__curl *curl, const struct hop *hop,
                     const struct anycert_policy *policy)
{
    bool insecure = true;

    switch (policy->rung) {
    case ANYCERT__RUNG_HARDENED:
        insecure = add_relaxations(curl, policy);
        anycert__curl_note(curl,
                           "hardened also refuses %s for renegotiation, wildcards of public "
                           "suffixes and more, where curl does not",
                           hop->name);
        break;
    case ANYCERT__RUNG_PINNED:
        anycert__curl_note(curl, "pinned: --insecure with the pin; names and dates that check= "
                                 "asks for are not looked at");
        break;
    case ANYCERT__RUNG_TOFU:
        anycert__curl_note(curl, "tofu: curl remembers no keys; with --insecure it takes any, "
                                 "each time");
        break;
    case ANYCERT__RUNG_REPORT_ONLY:
        anycert__curl_note(curl, "report-only: with --insecure curl checks nothing, and "
                                 "reports nothing");
        break;
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_ANTIQUE:
        anycert__curl_note(curl,
                           "%s: with --insecure curl checks nothing of the certificate, tells "
                           "nothing of what was wrong, and has no option for servers without "
                           "secure renegotiation",
                           anycert_policy_rung(policy));
        break;
    }
    if (insecure)
        anycert__curl_flag(curl, hop->insecure);
    add_ciphers(curl, hop, policy);
}

static void add_hop(struct anycert__curl *curl, const struct hop *hop,
                    const struct anycert_policy *configured)
{
    int64_t now = anycert__clock_now(&curl->client->config->clock);
    struct anycert_policy *policy = anycert_policy_effective(configured, now, NULL);

    if (!policy) {
        curl->options.failed = true;
        return;
    }
    add_rung(curl, hop, policy);
    if (!anycert__policy_accepts_any_certificate(policy) && policy->rung != ANYCERT__RUNG_PINNED)
        add_anchors(curl, hop, policy);
    add_pins(curl, hop, policy);
    add_names(curl, policy);
    if (curl->expect_name)
        curl->expect_name = configured->expect_name; /* the same, and it stays */
    anycert_policy_free(policy);
}

static bool is_pin(const char *attribute)
{
    return anycert__str_starts(attribute, "pin-value=") ||
           anycert__str_starts(attribute, "pin-source=");
}

/* The PIN goes where curl expects it, behind the rest of the URI (RFC 7512 section 2.4). */
static void add_token_uri(struct anycert__curl *curl, const char *option, const char *uri,
                          bool has_pin)
{
    size_t path = strcspn(uri, "?");
    char mark = '?';

    anycert__curl_begin(curl, option);
    anycert__curl_bytes(curl, uri, path);
    for (const char *p = uri + path; *p;) {
        size_t len = strcspn(p + 1, "&");

        has_pin = has_pin || is_pin(p + 1);
        if (!is_pin(p + 1)) {
            anycert__curl_bytes(curl, &mark, 1);
            anycert__curl_bytes(curl, p + 1, len);
            mark = '&';
        }
        p += 1 + len;
    }
    if (!has_pin)
        return;
    anycert__curl_bytes(curl, &mark, 1);
    anycert__curl_text(curl, "pin-value=");
    anycert__curl_variable(curl, "ANYCERT_PIN", NULL, 0, "the PIN of the token, percent-encoded");
}

static void add_token(struct anycert__curl *curl)
{
    const struct anycert__identity *identity = &curl->client->config->identity;

    anycert__curl_note(curl, "curl needs OpenSSL's engine pkcs11 for the token");
    anycert__curl_option(curl, "engine", "pkcs11");
    anycert__curl_option(curl, "cert-type", "ENG");
    anycert__curl_option(curl, "key-type", "ENG");
    add_token_uri(curl, "cert", identity->uri, identity->pin);
    add_token_uri(curl, "key", identity->uri, identity->pin);
}

/* The certificate is a file. */
static void add_token_key(struct anycert__curl *curl)
{
    const struct anycert__identity *identity = &curl->client->config->identity;

    anycert__curl_note(curl, "curl needs OpenSSL's engine pkcs11 for the token");
    anycert__curl_option(curl, "engine", "pkcs11");
    anycert__curl_option(curl, "key-type", "ENG");
    add_token_uri(curl, "key", identity->key_path, identity->key_password);
}

static void add_password(struct anycert__curl *curl, const char *password, const char *what)
{
    if (!password || !*password)
        return;
    anycert__curl_begin(curl, "pass");
    anycert__curl_variable(curl, "ANYCERT_KEY_PASSWORD", NULL, 0, what);
}

/* "FILE:PASSWORD" is what curl reads in --cert, unless the colon has a backslash before it. */
static void add_cert_path(struct anycert__curl *curl, const char *path)
{
    struct anycert__buf escaped;

    anycert__buf_init(&escaped, SIZE_MAX / 2);
    for (const char *p = path; *p; p++) {
        if (*p == ':' || *p == '\\')
            anycert__buf_adds(&escaped, "\\");
        anycert__buf_add(&escaped, p, 1);
    }
    if (escaped.failed)
        curl->options.failed = true;
    else
        anycert__curl_option(curl, "cert", escaped.data);
    anycert__buf_free(&escaped);
}

static void add_identity(struct anycert__curl *curl)
{
    const struct anycert__identity *identity = &curl->client->config->identity;

    if (identity->cert_path && identity->key_path &&
        anycert__client_cert_is_uri(identity->key_path)) {
        add_cert_path(curl, identity->cert_path);
        add_token_key(curl);
    } else if (identity->cert_path) {
        add_cert_path(curl, identity->cert_path);
        if (identity->key_path)
            anycert__curl_option(curl, "key", identity->key_path);
        add_password(curl, identity->key_password, "the password of the private key");
    } else if (identity->p12_path) {
        anycert__curl_option(curl, "cert-type", "P12");
        add_cert_path(curl, identity->p12_path);
        add_password(curl, identity->p12_password, "the password of the PKCS#12 file");
    } else if (identity->uri) {
        add_token(curl);
    } else {
        return;
    }
    anycert__curl_note(curl, "curl shows the client certificate to every host of a redirect, "
                             "and before it has looked at the host's own");
}

static bool has_ended(const struct anycert__curl *curl)
{
    int64_t now = anycert__clock_now(&curl->client->config->clock);

    return curl->policy && curl->policy->has_until && now > curl->policy->until;
}

bool anycert__curl_takes_any(const struct anycert__curl *curl)
{
    return anycert__policy_accepts_any_certificate(curl->policy) && !has_ended(curl);
}

bool anycert__curl_needs_http1(const struct anycert__curl *curl)
{
    return anycert__curl_takes_any(curl) ||
           (anycert__tls_offers_old_versions(curl->policy) && !has_ended(curl));
}

void anycert__curl_trust(struct anycert__curl *curl)
{
    const struct anycert_client *client = curl->client;
    const struct anycert_config *config = client->config;
    bool is_https = curl->request->url.https;

    if (config->secret_guard != ANYCERT_SECRETS_SEND)
        anycert__curl_note(curl, "the secret guard: curl sends secrets wherever it connects");
    if (client->settings.proxy_https)
        add_hop(curl, &proxy, client->proxy[0].policy);
    if (!is_https && config->max_redirects == 0)
        return;
    add_hop(curl, &origin, curl->policy);
    if (is_https)
        add_identity(curl);
    if (config->intermediates.count > 0)
        anycert__curl_note(curl, "curl has no option for intermediate certificates: they have to "
                                 "stand in the file of --cacert, where they are anchors");
}
