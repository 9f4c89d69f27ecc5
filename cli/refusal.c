#include "refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <anycert/short_diagnosis.h>

#include "passed_over.h"
#include "paste.h"
#include "suggest.h"
#include "text.h"

static void print_line(const char *label, const char *text)
{
    (void)fprintf(stderr, "  %-12s %s\n", label, text);
}

/* The refusal, and what is made of it. */
struct refusal {
    const struct anycert_error *err;
    const struct cli_failure *failure;
    const struct anycert_report *report;          /* may be NULL */
    const struct anycert_short_diagnosis *advice; /* may be NULL */
};

/* The nth that a failed check names, or that may get past a failed handshake; NULL: no more. */
static const struct anycert_relaxation *nth_relaxation(const struct refusal *refusal, size_t n)
{
    int id = refusal->advice ? anycert_short_diagnosis_relaxation(refusal->advice, n) : 0;
    return id != 0 ? anycert_relaxation_by_id(id) : NULL;
}

/* Whether relaxations may help, and nobody knows which, or whether at all. */
static bool is_guess(const struct refusal *refusal)
{
    return nth_relaxation(refusal, 0) && !cli_next_failed(refusal->report, NULL) &&
           !anycert_short_diagnosis_policy(refusal->advice);
}

/* ---- who refused ---- */

static void print_who(const struct anycert_error *err, const struct anycert_report *report)
{
    int class = anycert_error_class_of(err->code);
    const char *who = anycert_report_refused_by(report);
    bool decided = class == ANYCERT_CLASS_TRUST || err->code == ANYCERT_E_TLS_WEAK ||
                   err->code == ANYCERT_E_TLS_VERSION ||
                   err->code == ANYCERT_E_TLS_LEGACY_RENEGOTIATION ||
                   err->code == ANYCERT_E_PROXY_TRUST || cli_next_failed(report, NULL);
    bool nobody = err->code == ANYCERT_E_TLS_NOT_TLS || err->code == ANYCERT_E_TLS_CLOSED;
    if (strcmp(who, "us") == 0 && decided)
        (void)fprintf(stderr, "  %-12s us, under the policy %s\n", "refused by",
                      anycert_report_policy(report));
    else if (strcmp(who, "peer") == 0 && !nobody)
        print_line("refused by", "the peer");
}

/* ---- the certificate ---- */

/* The only certificate sent that issued the one at index, or -1. */
static int issuer_index(const struct anycert_report *report, size_t index)
{
    int found = -1;
    for (size_t i = 0; i < anycert_report_chain_length(report); i++) {
        if (i == index || strcmp(anycert_report_cert_subject(report, i),
                                 anycert_report_cert_issuer(report, index)) != 0)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

/* Depths count along the chain that was built, indexes along what was sent, in any order. */
static int index_of_depth(const struct anycert_report *report, int depth)
{
    int index = 0;
    for (int i = 0; i < depth && index >= 0; i++)
        index = issuer_index(report, (size_t)index);
    return index;
}

static void print_pin(const struct anycert_report *report, bool other)
{
    const char *unproven =
        anycert_report_key_proven(report) ? "" : "unproven: the handshake was refused";
    const char *own = other ? "of the server's own certificate" : "";
    if (*own == '\0' && *unproven == '\0')
        print_line("pin", anycert_report_cert_pin(report, 0));
    else
        (void)fprintf(stderr, "  %-12s %s (%s%s%s)\n", "pin", anycert_report_cert_pin(report, 0),
                      own, *own != '\0' && *unproven != '\0' ? "; " : "", unproven);
}

static void print_certificate(const struct anycert_report *report)
{
    if (anycert_report_chain_length(report) == 0)
        return;
    const struct anycert_check *failed = cli_next_failed(report, NULL);
    int depth = failed ? anycert_check_depth(failed) : 0;
    int index = index_of_depth(report, depth);
    size_t shown = index > 0 ? (size_t)index : 0;
    char from[CLI_DATE_SIZE], to[CLI_DATE_SIZE], note[80] = "";
    const char *names = anycert_report_cert_names(report, shown);
    if (depth > 0)
        (void)snprintf(note, sizeof note,
                       index > 0 ? " (the certificate at depth %d of the chain)"
                                 : " (the server's own; the one at depth %d was not sent)",
                       depth);
    cli_format_date(anycert_report_cert_not_before(report, shown), from);
    cli_format_date(anycert_report_cert_not_after(report, shown), to);
    (void)fprintf(stderr, "  %-12s %s%s\n", "subject", anycert_report_cert_subject(report, shown),
                  note);
    print_line("issuer", anycert_report_cert_issuer(report, shown));
    (void)fprintf(stderr, "  %-12s %s to %s\n", "valid", from, to);
    (void)fprintf(stderr, "  %-12s %s; %s\n", "names, key", *names ? names : "no subjectAltName",
                  anycert_report_cert_key(report, shown));
    print_pin(report, shown > 0);
}

/* ---- what to do ---- */

/* Label only the first line of several. */
struct lines {
    const char *label;
};

static void add_line(struct lines *lines, const char *text)
{
    print_line(lines->label, text);
    lines->label = "";
}

/* Whether an earlier failed check names the same relaxation. */
static bool is_repeated(const struct anycert_report *report, const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c && c != check;
         c = cli_next_failed(report, c)) {
        const char *other = anycert_check_relaxation(c);
        if (other && name && strcmp(name, other) == 0)
            return true;
    }
    return false;
}

/* X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: the chain is complete, its root not trusted. */
#define ROOT_SENT 19
/* RFC 8446 section 6.2. */
#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_UNRECOGNIZED_NAME 112

/* Where the failure can be solved on this side, the options that do it. */
static void add_option(struct lines *lines, const struct refusal *refusal,
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
static void add_pin(struct lines *lines, const struct refusal *refusal)
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
static bool is_about_renegotiation(const struct refusal *refusal)
{
    const struct anycert_relaxation *r = nth_relaxation(refusal, 0);
    return r && strcmp(anycert_relaxation_name(r), "renegotiation") == 0 &&
           !nth_relaxation(refusal, 1);
}

/* What is to be mended on a server whose handshake failed, as far as that is known. */
static void add_handshake(struct lines *lines, const struct refusal *refusal)
{
    const struct anycert_error *err = refusal->err;
    const struct anycert_relaxation *r = NULL;
    if (err->code == ANYCERT_E_TLS_VERSION)
        add_line(lines, "on the server: TLS 1.2 or, better, 1.3");
    else if (is_about_renegotiation(refusal))
        add_on_server(lines, refusal->report, nth_relaxation(refusal, 0));
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
        for (size_t n = 0; (r = nth_relaxation(refusal, n)) != NULL; n++)
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

/* ---- the token server ---- */

/* Whether a URL has the report's host and port. */
static bool is_at(const char *url, const struct anycert_report *report)
{
    const char *host = anycert_report_host(report);
    const char *begin = url ? strstr(url, "://") : NULL;
    char wanted[600], shown[600];
    if (!begin)
        return false;
    begin += strlen("://");
    size_t length = strcspn(begin, "/?#");
    for (const char *at = memchr(begin, '@', length); at; at = memchr(begin, '@', length)) {
        length -= (size_t)(at + 1 - begin);
        begin = at + 1;
    }
    bool has_port = length > 0 && memchr(begin, ':', length) && begin[length - 1] != ']';
    (void)snprintf(wanted, sizeof wanted, "%.*s%s", (int)(length < 500 ? length : 500), begin,
                   has_port ? "" : ":443");
    (void)snprintf(shown, sizeof shown, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)anycert_report_port(report));
    return strcasecmp(wanted, shown) == 0;
}

/* Whether this is about the server that tokens come from, and not about the API's. */
static bool is_token_server(const struct cli_failure *failure, const struct anycert_report *report)
{
    const struct cli_options *o = failure->options;
    return report && o && is_at(o->oauth2_token_url, report) && !is_at(o->url, report);
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

static void print_better(const struct refusal *refusal)
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
    if (is_token_server(failure, report)) {
        add_line(&lines, "--trust, --allow and --pin are about the API; a line of --policy-file "
                         "is for the token server");
        return;
    }
    if (cli_is_proxy(report) && (cli_next_failed(report, NULL) || nth_relaxation(refusal, 0)))
        add_line(&lines, "--cacert, -k and --allow do not apply to the proxy; --proxy-trust does, "
                         "such as --proxy-trust 'hardened ca=FILE'");
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c)) {
        const char *name = anycert_check_relaxation(c);
        if (name && !is_repeated(report, c) && !cli_is_proxy(report))
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
        if (r && !is_repeated(report, c))
            add_on_server(&lines, report, r);
    }
    if (!cli_has_failed(report, "pin") && !cli_has_failed(report, "record"))
        add_switch(&lines, err, report);
}

/* Whether this link leads to another host than the first: relaxations do not count there. */
static bool is_foreign(const struct anycert_response *response, const struct anycert_report *report)
{
    if (anycert_response_hop_count(response) < 2)
        return false;
    const struct anycert_report *first = anycert_response_hop_report(response, 0);
    return !first || anycert_report_port(first) != anycert_report_port(report) ||
           strcmp(anycert_report_host(first), anycert_report_host(report)) != 0;
}

static void print_relaxation(const struct cli_failure *failure, const struct anycert_report *report,
                             const struct anycert_relaxation *r)
{
    const char *name = anycert_relaxation_name(r);
    char how[200];
    /* The two contradict each other. */
    bool instead = strcmp(name, "wrong-host") == 0 &&
                   strstr(anycert_report_policy(report), " expect-name=") != NULL;
    if (!anycert_relaxation_is_available(r))
        (void)snprintf(how, sizeof how, " (this version does not have it)");
    else if (is_token_server(failure, report))
        (void)snprintf(how, sizeof how, "; +%s in the token server's line", name);
    else if (cli_is_proxy(report))
        (void)snprintf(how, sizeof how, "; --proxy-trust 'hardened+%s until=DATE'", name);
    else if (strcmp(name, "small-dh") == 0 && !cli_next_failed(report, NULL))
        (void)snprintf(how, sizeof how,
                       "; --allow small-dh --until DATE if it has 1024 bits or more; else antique "
                       "alone; the doctor says which");
    else
        (void)snprintf(how, sizeof how, "; --allow %s --until DATE%s%s", name,
                       instead ? " in place of the expected name" : "",
                       is_foreign(failure->response, report)
                           ? " (in a request to this host, for it does not count after redirects)"
                           : "");
    (void)fprintf(stderr, "  %-12s %s lets through %s; danger: %s%s\n", "relaxation", name,
                  anycert_relaxation_allows(r), anycert_relaxation_danger(r), how);
}

static void print_relaxations(const struct cli_failure *failure,
                              const struct anycert_report *report)
{
    for (const struct anycert_check *c = cli_next_failed(report, NULL); c;
         c = cli_next_failed(report, c)) {
        if (is_repeated(report, c))
            continue;
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
        if (r)
            print_relaxation(failure, report, r);
        else if (strcmp(anycert_check_id(c), "record") != 0)
            (void)fprintf(stderr, "  %-12s none lets this through: %s\n", "relaxation",
                          anycert_check_detail(c));
    }
}

/* What may help a failed handshake is one or two, if it is known; else it is a list. */
#define KNOWN 2
static void print_hints(const struct refusal *refusal)
{
    const struct anycert_relaxation *r = NULL;
    const char *separator = " perhaps one of ";
    bool is_long = nth_relaxation(refusal, KNOWN) != NULL;
    if (!nth_relaxation(refusal, 0) || cli_next_failed(refusal->report, NULL))
        return;
    for (size_t n = 0; !is_long && (r = nth_relaxation(refusal, n)) != NULL; n++)
        print_relaxation(refusal->failure, refusal->report, r);
    if (!is_long)
        return;
    (void)fprintf(stderr, "  %-12s", "relaxation");
    for (size_t n = 0; (r = nth_relaxation(refusal, n)) != NULL; n++) {
        (void)fprintf(stderr, "%s%s", separator, anycert_relaxation_name(r));
        separator = ", ";
    }
    (void)fprintf(stderr, "; anycert policy list says what each lets through\n");
}

/* ---- the entry of a policy file ---- */

/* The command that gives up least, where it is known: it stands for itself, to be pasted. */
static void print_command(const struct cli_failure *failure, const struct anycert_report *report,
                          const char *policy)
{
    bool reads = failure->options && (failure->options->command->bit & (CLI_GET | CLI_HEAD));
    bool is_same = !failure->response || anycert_response_hop_count(failure->response) < 2;
    struct cli_bytes text = {0};
    if (reads && cli_paste_get(&text, failure->options, policy, report, is_same) == 0)
        print_line("command", text.data);
    cli_bytes_free(&text);
}

/* The same for one request. */
static void print_option(const char *policy)
{
    struct cli_bytes text = {0};
    struct anycert_error nowhere = {0};
    if (cli_bytes_add_text(&text, "--proxy-trust ", &nowhere) == 0 &&
        cli_paste_word(&text, policy) == 0)
        print_line("option", text.data);
    cli_bytes_free(&text);
}

/* Whether the policy expects another name, which nobody but the certificate has said. */
static bool is_by_name(const struct anycert_short_diagnosis *advice)
{
    const char *other = anycert_short_diagnosis_other_name(advice);
    char *value = NULL;
    bool is_it = other &&
                 anycert_policy_get(anycert_short_diagnosis_policy_object(advice), "expect-name",
                                    &value, NULL) == 1 &&
                 strcmp(value, other) == 0;
    anycert_free(value);
    return is_it;
}

static void print_entry(const struct refusal *refusal)
{
    const struct anycert_short_diagnosis *advice = refusal->advice;
    const struct anycert_report *report = refusal->report;
    const char *host = anycert_report_host(report);
    bool brackets = strchr(host, ':') != NULL;
    const struct anycert_policy *known =
        advice ? anycert_short_diagnosis_policy_object(advice) : NULL;
    char *policy = known ? cli_with_reason(known) : NULL;
    if (!policy)
        return;
    (void)fprintf(stderr, "  %-12s %s%s%s:%u %s\n", "entry", brackets ? "[" : "", host,
                  brackets ? "]" : "", (unsigned)anycert_report_port(report), policy);
    print_line("", anycert_short_diagnosis_policy_by_key(advice)
                       ? "(a line for --policy-file FILE, once you have compared the key)"
                   : is_by_name(advice)
                       ? "(a line for --policy-file FILE, only if its name is the right one)"
                       : "(a line for --policy-file FILE)");
    /* What is pasted as it is has no reason to be filled in, unless the administrator wants one. */
    char *once = cli_quote_reason(anycert_short_diagnosis_policy(advice));
    if (once && cli_is_proxy(report))
        print_option(once);
    if (once && anycert_short_diagnosis_policy_is_whole(advice) && !cli_has_failed(report, "pin") &&
        !cli_is_proxy(report) && !is_token_server(refusal->failure, report))
        print_command(refusal->failure, report, once);
    free(once);
    if (*anycert_short_diagnosis_policy_forbidden(advice) != '\0')
        print_line("forbidden", anycert_short_diagnosis_policy_forbidden(advice));
    free(policy);
}

/* Who knows more: it tries. Where it is not known what would help, it comes first. */
static void print_doctor(const struct refusal *refusal, bool is_first)
{
    const struct cli_options *o = refusal->failure->options;
    struct cli_bytes text = {0};
    if (o && o->profile) {
        if (cli_paste_doctor(&text, o, refusal->report) == 0)
            print_line("doctor", text.data);
    } else if (refusal->advice) {
        print_line("doctor", anycert_short_diagnosis_command(refusal->advice));
    }
    if (is_first)
        print_line("", "finds everything that is wrong, and the least that lets it through");
    cli_bytes_free(&text);
}

/* Which link it is about: its certificate and its pin are not the server's. */
static void print_proxy(const struct anycert_report *report)
{
    const char *host = anycert_report_host(report);
    bool brackets = strchr(host, ':') != NULL;
    (void)fprintf(stderr, "  %-12s the proxy %s%s%s:%u, and not the server behind it\n", "about",
                  brackets ? "[" : "", host, brackets ? "]" : "",
                  (unsigned)anycert_report_port(report));
}

static void print_refusal(const struct refusal *refusal)
{
    const struct anycert_report *report = refusal->report;
    const struct cli_failure *failure = refusal->failure;
    bool trust = anycert_error_class_of(refusal->err->code) == ANYCERT_CLASS_TRUST;
    bool has_doctor = report != NULL, guess = is_guess(refusal);
    if (report && cli_is_proxy(report) && anycert_report_chain_length(report) > 0)
        print_proxy(report);
    if (report) {
        print_who(refusal->err, report);
        cli_print_no_entry(failure->options, report);
        print_certificate(report);
        if (trust && failure->anchors && !cli_is_proxy(report))
            (void)fprintf(stderr, "  %-12s from %s (environment)\n", "anchors", failure->anchors);
    }
    if (has_doctor && guess)
        print_doctor(refusal, true);
    print_better(refusal);
    if (report) {
        print_relaxations(failure, report);
        print_hints(refusal);
        print_entry(refusal);
    }
    if (has_doctor && !guess)
        print_doctor(refusal, false);
}

/* Nobody has shaken hands, so nobody was refused. */
static void print_unreached(const struct refusal *refusal,
                            const struct anycert_short_diagnosis *advice)
{
    const struct cli_options *o = refusal->failure->options;
    const char *command = anycert_short_diagnosis_command(advice);
    if (*command != '\0' && !(o && o->profile))
        print_line("doctor", command);
}

void cli_print_refusal(const struct anycert_error *err, const struct cli_failure *failure)
{
    struct anycert_short_diagnosis *advice = NULL;
    struct refusal refusal = {.err = err, .failure = failure};
    if (err->code != ANYCERT_E_TRUST_DOWNGRADE)
        refusal.report = cli_failed_report(err, failure);
    if (err->code != ANYCERT_E_TRUST_DOWNGRADE && failure->client &&
        anycert_client_diagnose(failure->client, failure->response, err, &advice, NULL) < 0)
        advice = NULL; /* the sentence has been said */
    refusal.advice = refusal.report ? advice : NULL;
    print_refusal(&refusal);
    if (advice && !refusal.report)
        print_unreached(&refusal, advice);
    anycert_short_diagnosis_free(advice);
}
