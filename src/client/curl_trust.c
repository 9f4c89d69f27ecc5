/* What a policy becomes in curl, which knows one switch for all that can be given up. Whatever it
 * cannot say is said in a note, with what comes nearest. */
#include "client/curl_command.h"

#include "base/str.h"
#include "http/curl_words.h"
#include "policy/trust_store.h"

#include <string.h>

static void write_note(void *arg, enum anycert__curl_note_kind kind, const char *text)
{
    (void)kind;
    anycert__curl_note(arg, "%s", text);
}

static void write_option(void *arg, const char *option, const char *value)
{
    if (value)
        anycert__curl_option(arg, option, value);
    else
        anycert__curl_flag(arg, option);
}

static void write_variable(void *arg, const char *option)
{
    anycert__curl_begin(arg, option);
    anycert__curl_variable(arg, "ANYCERT_ANCHORS", NULL, 0, "the name of that file");
}

static struct anycert__curl_words words_of(struct anycert__curl *curl)
{
    return (struct anycert__curl_words){
        .note = write_note, .option = write_option, .one_file = write_variable, .arg = curl};
}

/* curl looks for the host of the URL in a certificate, and may connect to another one. */
static void add_expected_name(struct anycert__curl *curl, const char *name)
{
    const struct anycert__url *url = &curl->request->url;
    const struct anycert__curl_words words = words_of(curl);
    bool has_host = anycert__fields_get(anycert__curl_fields(curl), "Host", 0) != NULL;

    if (curl->client->config->connect_to.count > 0)
        anycert__curl_note(curl,
                           "expect-name: curl looks for the host of the URL in the "
                           "certificate, not for %s",
                           name);
    else if (anycert__curl_say_expected_name(&words, name, url->host, url->port, has_host))
        curl->expect_name = name;
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

/* What the trust store knows becomes a policy that curl has words for: pins, or the chain. */
static void take_record(struct anycert__curl *curl, enum anycert__hop hop,
                        struct anycert_policy *policy)
{
    const struct anycert_client *client = curl->client;
    const struct anycert__url *url =
        hop == ANYCERT__HOP_ORIGIN ? &curl->request->url : &client->proxy_parts;
    struct anycert__trust_record record = {0};

    if (policy->rung != ANYCERT__RUNG_TOFU || !client->config->trust_store ||
        anycert__trust_store_look(client->config->trust_store, url->host, url->port, &record,
                                  NULL) < 0)
        return;
    if (record.known == ANYCERT__TRUST_BY_CA)
        policy->rung = ANYCERT__RUNG_HARDENED;
    if (record.known == ANYCERT__TRUST_BY_PIN) {
        policy->pins = record.pins;
        policy->pin_count = record.pin_count;
        record.pins = NULL;
    }
    anycert__trust_record_clear(&record);
}

static void add_hop(struct anycert__curl *curl, enum anycert__hop hop,
                    const struct anycert_policy *configured)
{
    int64_t now = anycert__clock_now(&curl->client->config->clock);
    struct anycert_policy *policy = anycert_policy_effective(configured, now, NULL);
    const struct anycert__curl_words words = words_of(curl);

    if (!policy) {
        curl->options.failed = true;
        return;
    }
    take_record(curl, hop, policy);
    anycert__curl_say_policy(&words, hop, policy);
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

    return curl->policy && anycert__policy_has_ended(curl->policy, now);
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
        add_hop(curl, ANYCERT__HOP_PROXY, client->proxy[0].policy);
    if (!is_https && config->max_redirects == 0)
        return;
    add_hop(curl, ANYCERT__HOP_ORIGIN, curl->policy);
    if (is_https)
        add_identity(curl);
    if (config->intermediates.count > 0)
        anycert__curl_note(curl, "curl has no option for intermediate certificates: they have to "
                                 "stand in the file of --cacert, where they are anchors");
}
