/* What is better than letting it through: on this side, or on the server. */
#include "refusal_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paste.h"
#include "suggest.h"
#include "text.h"

/* Label only the first line of several. */
struct lines {
    const char *label;
};

static void add_line(struct lines *lines, const char *text)
{
    cli_refusal_line(lines->label, text);
    lines->label = "";
}

/* X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: the chain is complete, its root not trusted. */
#define ROOT_SENT 19
/* RFC 8446 section 6.2. */
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_UNRECOGNIZED_NAME 112

/* Where the failure can be solved on this side, the options that do it. */
static void add_option(struct lines *lines, const struct cli_refusal *refusal,
                       const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);
    const char *names = anycert_report_cert_names(refusal->report, 0);
    const char *other =
        refusal->advice ? anycert_short_diagnosis_other_name(refusal->advice) : NULL;
    char text[512];
    if (strcmp(name, "self-signed") == 0)
        add_line(lines, "--cacert FILE trusts exactly this certificate (get FILE from the "
                        "administrator)");
    if (strcmp(name, "untrusted-issuer") == 0 && anycert_check_x509_code(check) == ROOT_SENT)
        add_line(lines, "--cacert FILE with this root, if you trust it");
    else if (strcmp(name, "untrusted-issuer") == 0)
        add_line(lines, "--intermediate FILE if the server forgets its intermediate certificate, "
                        "or --cacert FILE with its CA");
    if (strcmp(name, "wrong-host") == 0 && names && *names != '\0') {
        (void)snprintf(text, sizeof text,
                       "--expect-name %s checks for %s instead, if you know that it is this "
                       "server's; nothing is given up",
                       other ? other : "NAME",
                       other ? "that name" : "a name that the certificate has");
        add_line(lines, text);
    }
}

/* What the trust store says is known by the refusal's own words, which name the command. */
static void add_record(struct lines *lines, const struct anycert_error *err,
                       const struct anycert_report *report, const struct cli_failure *failure)
{
    struct anycert_error nowhere = {0};
    struct cli_bytes text = {0};
    add_line(lines, err->code == ANYCERT_E_TRUST_CHANGED
                        ? "ask the administrator whether the server has got a new key, and "
                          "compare its pin; if it has none, somebody is in between"
                        : "ask the administrator for the pin of the server's key, and compare it");
    if (cli_bytes_add_text(&text, "then: ", &nowhere) == 0 &&
        cli_paste_trust_add(&text, report, failure->trust_store) == 0)
        add_line(lines, text.data);
    cli_bytes_free(&text);
}

/* The key of the server's own certificate, where that would be enough or another one is pinned. */
static void add_pin(struct lines *lines, const struct cli_refusal *refusal)
{
    struct anycert_error nowhere = {0};
    struct cli_bytes text = {0};
    if (cli_has_failed(refusal->report, "pin")) {
        add_line(lines,
                 "ask the administrator: if the server has got a new key, compare its pin and "
                 "pin it beside or instead of the old one; else somebody is in between");
        return;
    }
    char *policy = cli_quote_reason(
        refusal->advice ? anycert_short_diagnosis_key_policy(refusal->advice) : NULL);
    if (policy && cli_bytes_add_text(&text, "--trust ", &nowhere) == 0 &&
        cli_paste_word(&text, policy) == 0 &&
        cli_bytes_add_text(&text, " accepts this key alone, once you have compared it", &nowhere) ==
            0)
        add_line(lines, text.data);
    free(policy);
    cli_bytes_free(&text);
}

static void add_on_server(struct lines *lines, const struct anycert_report *report,
                          const struct anycert_relaxation *r)
{
    char text[512];
    (void)snprintf(text, sizeof text, "on the %s: %s", cli_is_proxy(report) ? "proxy" : "server",
                   anycert_relaxation_fix(r));
    add_line(lines, text);
}

/* Our refusal to renegotiate is the alert of a server that misses something else. */
static bool is_about_renegotiation(const struct cli_refusal *refusal)
{
    const struct anycert_relaxation *r = cli_refusal_relaxation(refusal, 0);
    return r && strcmp(anycert_relaxation_name(r), "renegotiation") == 0 &&
           !cli_refusal_relaxation(refusal, 1);
}

/* What is to be mended on a server whose handshake failed, as far as that is known. */
static void add_handshake(struct lines *lines, const struct cli_refusal *refusal)
{
    const struct anycert_error *err = refusal->err;
    const struct anycert_relaxation *r = NULL;
    if (err->code == ANYCERT_E_TLS_VERSION)
        add_line(lines, "on the server: TLS 1.2 or, better, 1.3");
    else if (is_about_renegotiation(refusal))
        add_on_server(lines, refusal->report, cli_refusal_relaxation(refusal, 0));
    else if (err->code == ANYCERT_E_TLS_ALERT && err->tls_alert == ALERT_HANDSHAKE_FAILURE)
        add_line(lines, "on the server: TLS 1.2 or 1.3, with ECDHE and AES-GCM or "
                        "ChaCha20-Poly1305; its log says what it missed");
    else if (err->code == ANYCERT_E_TLS_ALERT && err->tls_alert == ALERT_UNRECOGNIZED_NAME &&
             !cli_is_proxy(refusal->report))
        add_line(lines, "--sni NAME asks for another name, with --expect-name if the certificate "
                        "has that too");
    else if (err->code == ANYCERT_E_TLS_CLOSED)
        add_line(lines, "check the port; the server's log says why it hung up (often it knows only "
                        "older versions of TLS, or not this name)");
    else if (err->code == ANYCERT_E_TLS_WEAK || err->code == ANYCERT_E_TLS_LEGACY_RENEGOTIATION)
        for (size_t n = 0; (r = cli_refusal_relaxation(refusal, n)) != NULL; n++)
            add_on_server(lines, refusal->report, r);
}

/* Whether the first failed check, or any, has no relaxation. */
static bool is_beyond_relaxations(const struct anycert_report *report)
{
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c))
        if (!anycert_check_relaxation(c))
            return true;
    return false;
}

/* What the policy that gives up everything would do, where no single relaxation is known to. */
static void add_switch(struct lines *lines, const struct anycert_error *err,
                       const struct anycert_report *report)
{
    if (!report || cli_is_proxy(report) ||
        strncmp(anycert_report_policy(report), "hardened", 8) != 0)
        return;
    if (is_beyond_relaxations(report) && anycert_error_class_of(err->code) == ANYCERT_CLASS_TRUST) {
        add_line(lines, "on the server: another certificate");
        add_line(lines, "-k would connect, to whoever answers: nobody is authenticated then");
    } else if (err->code == ANYCERT_E_TLS_CLOSED) {
        add_line(lines, "-k may connect, as it offers more; nobody is authenticated then");
    } else if (err->code == ANYCERT_E_TLS_VERSION) {
        add_line(lines, "-k would not connect either: it has no TLS 1.0 and 1.1");
    }
}

static void add_client_cert(struct lines *lines, const struct anycert_error *err,
                            const struct cli_failure *failure)
{
    if (!failure->has_cert)
        add_line(lines, "--cert FILE [--key FILE] shows a client certificate");
    else if (strstr(err->message, "withheld"))
        add_line(lines, "pass every check, or show it all the same with --secret-guard send");
    else
        add_line(lines, "--cert with another certificate, from a CA that the server trusts");
}

void cli_refusal_better(const struct cli_refusal *refusal)
{
    const struct anycert_error *err = refusal->err;
    const struct anycert_report *report = refusal->report;
    const struct cli_failure *failure = refusal->failure;
    struct lines lines = {"better"};
    if (err->code == ANYCERT_E_TRUST_DOWNGRADE) {
        add_line(&lines, failure->response && anycert_response_hop_count(failure->response) > 0
                             ? "--allow-downgrade follows it, in clear text"
                             : "https:// in its place: over http:// nobody shows a key");
        return;
    }
    if (err->code == ANYCERT_E_TLS_NOT_TLS)
        add_line(&lines, "check the port; http:// is right only if it speaks plain HTTP");
    if (err->code == ANYCERT_E_TLS_CLIENT_CERT)
        add_client_cert(&lines, err, failure);
    add_handshake(&lines, refusal);
    if (cli_refusal_is_token_server(failure, report)) {
        add_line(&lines, "--trust, --allow and --pin are about the API; a line of --policy-file "
                         "is for the token server");
        return;
    }
    if (cli_is_proxy(report) &&
        (cli_next_failed(report, NULL) || cli_refusal_relaxation(refusal, 0)))
        add_line(&lines, "--cacert, -k and --allow do not apply to the proxy; --proxy-trust does, "
                         "such as --proxy-trust 'hardened ca=FILE'");
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c)) {
        const char *name = anycert_check_relaxation(c);
        if (name && !cli_refusal_is_repeated(report, c) && !cli_is_proxy(report))
            add_option(&lines, refusal, c);
    }
    if (report && cli_has_failed(report, "record") && anycert_report_chain_length(report) > 0)
        add_record(&lines, err, report, failure);
    else if (report && !cli_is_proxy(report))
        add_pin(&lines, refusal);
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c)) {
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
        if (r && !cli_refusal_is_repeated(report, c))
            add_on_server(&lines, report, r);
    }
    if (!cli_has_failed(report, "pin") && !cli_has_failed(report, "record"))
        add_switch(&lines, err, report);
}
