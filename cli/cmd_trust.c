/* anycert trust show: the certificates and pins of a server, what is wrong with them, and what
 * would accept them. Handshakes only; no request is sent. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <anycert/short_diagnosis.h>
#include <yyjson.h>

#include "message.h"
#include "paste.h"
#include "session.h"
#include "store.h"
#include "suggest.h"
#include "text.h"

static void print_line(const char *label, const char *text)
{
    (void)printf("%-12s %s\n", label, text);
}

/* ---- what was seen */

static void print_server(const struct anycert_report *report)
{
    const char *protocol = anycert_report_protocol(report);
    char place[CLI_PLACE_MAX];
    (void)printf("%-12s %s%s%s%s\n", "server",
                 cli_place(place, anycert_report_host(report), anycert_report_port(report)),
                 *protocol != '\0' ? " (" : "", protocol, *protocol != '\0' ? ")" : "");
    print_line("key", anycert_report_key_proven(report)
                          ? "proven: the server has shown that it owns it"
                          : "unproven: the handshake was not completed, so anybody could have sent "
                            "this certificate");
}

static void print_certificate(const struct anycert_report *report, size_t i)
{
    char from[CLI_DATE_SIZE], to[CLI_DATE_SIZE];
    const char *names = anycert_report_cert_names(report, i);
    cli_format_date(anycert_report_cert_not_before(report, i), from);
    cli_format_date(anycert_report_cert_not_after(report, i), to);
    (void)printf("%-12s %zu%s\n", "certificate", i, i == 0 ? ", the server's own" : "");
    (void)printf("  %-12s %s\n", "subject", anycert_report_cert_subject(report, i));
    (void)printf("  %-12s %s\n", "issuer", anycert_report_cert_issuer(report, i));
    (void)printf("  %-12s %s to %s\n", "valid", from, to);
    (void)printf("  %-12s %s; %s\n", "names, key", *names ? names : "no subjectAltName",
                 anycert_report_cert_key(report, i));
    (void)printf("  %-12s %s\n", "pin", anycert_report_cert_pin(report, i));
}

/* ---- what is wrong */

static bool is_antique(const struct anycert_report *report)
{
    return strncmp(anycert_report_policy(report), "antique", strlen("antique")) == 0;
}

static bool is_wrong(const struct anycert_check *check)
{
    return anycert_check_reference_verdict(check) == ANYCERT_FAIL;
}

static void print_wrong(const struct anycert_report *report)
{
    bool any = false;
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        const char *relaxation = anycert_check_relaxation(c);
        if (!is_wrong(c))
            continue;
        (void)printf("%-12s %s (%s%s)\n", any ? "" : "wrong", anycert_check_detail(c),
                     relaxation ? "relaxation: " : "no relaxation for it",
                     relaxation ? relaxation : "");
        any = true;
    }
    if (!any)
        print_line("wrong", !anycert_report_key_proven(report)
                                ? "nothing of what was seen; the handshake was not completed"
                            : is_antique(report)
                                ? "nothing of what was seen; but its handshake took antique, and "
                                  "the doctor says what of it"
                                : "nothing: hardened accepts what it shows");
}

/* ---- what the trust store knows */

/* Whether the key that was shown is one of the entry's. */
static bool is_same_key(const struct anycert_trust_entry *entry,
                        const struct anycert_report *report)
{
    for (size_t i = 0; i < anycert_trust_entry_pin_count(entry); i++)
        if (strcmp(anycert_trust_entry_pin(entry, i), anycert_report_cert_pin(report, 0)) == 0)
            return true;
    return false;
}

/* Whether the server is not as the store knows it: nothing that would accept it is suggested, for
 * it may be somebody else. */
static bool is_stranger(const struct anycert_trust_entry *entry,
                        const struct anycert_report *report)
{
    if (entry && anycert_trust_entry_kind(entry) == ANYCERT_TRUST_PIN)
        return !is_same_key(entry, report);
    return entry && anycert_report_reference_verdict(report) == ANYCERT_FAIL;
}

/* ---- what would accept it */

#define WAYS 2

/* What would accept it, from the policy that gives up least. */
struct ways {
    char *policy[WAYS];
    size_t count;
    struct anycert_error
        forbidden; /* why the first is not allowed on this machine; code 0: it is */
};

static void add_way(struct ways *ways, const struct anycert_report *report, enum anycert_way way)
{
    struct anycert_error forbidden = {0};
    char *policy = NULL;
    if (anycert_report_way(report, way, &policy, &forbidden, NULL) != 1)
        return;
    char *shown = cli_quote_reason(policy);
    anycert_free(policy);
    if (!shown)
        return;
    if (ways->count == 0)
        ways->forbidden = forbidden;
    ways->policy[ways->count++] = shown;
}

/* A key counts once it is proven. */
static struct ways find_ways(const struct anycert_report *report)
{
    struct ways ways = {.count = 0};
    bool wrong = anycert_report_reference_verdict(report) == ANYCERT_FAIL;
    add_way(&ways, report, ANYCERT_WAY_CHAIN);
    /* What nobody has seen hardened do is not suggested. */
    if (anycert_report_key_proven(report) && (wrong || !is_antique(report)))
        add_way(&ways, report, ANYCERT_WAY_KEY);
    return ways;
}

static void free_ways(struct ways *ways)
{
    for (size_t i = 0; i < ways->count; i++)
        free(ways->policy[i]);
}

/* As options that stand beside those that were given. */
static void print_option(const char *label, const struct anycert_report *report, const char *policy)
{
    struct cli_bytes text = {0};
    if (anycert_report_reference_verdict(report) != ANYCERT_FAIL)
        (void)printf("%-12s --pin %s\n", label, anycert_report_cert_pin(report, 0));
    else if (cli_paste_word(&text, policy) == 0)
        (void)printf("%-12s --trust %s\n", label, text.data);
    cli_bytes_free(&text);
}

/* In place of the ways. */
static void print_stranger(const struct cli_options *o, const struct anycert_report *report,
                           const struct anycert_trust_entry *entry)
{
    struct cli_bytes text = {0};
    bool by_pin = anycert_trust_entry_kind(entry) == ANYCERT_TRUST_PIN;
    print_line("option", by_pin ? "none: this is not the key that the store knows"
                                : "none: the store knows it by its certificate authority, and "
                                  "hardened does not accept it any more");
    print_line("compare", "the pin with the one that the server's administrator knows; if it is "
                          "another one, somebody is in between");
    if (anycert_report_key_proven(report) &&
        cli_paste_trust_add(&text, report, o->trust_store) == 0)
        (void)printf("%-12s %s\n", "then", text.data);
    cli_bytes_free(&text);
}

static void print_ways(const struct cli_options *o, const struct anycert_report *report)
{
    struct ways ways = find_ways(report);
    struct cli_bytes text = {0};
    if (anycert_report_key_proven(report))
        print_line("compare", "the pin with the one that the server's administrator knows: "
                              "somebody in between would show another key");
    if (ways.count == 0)
        print_line("option", !anycert_report_key_proven(report)
                                 ? "none: a key that is not proven is not to be pinned"
                             : is_antique(report)
                                 ? anycert_report_reference_verdict(report) == ANYCERT_FAIL
                                       ? "antique alone takes what was negotiated; nobody is "
                                         "authenticated then"
                                       : "none is known without trying: anycert doctor does"
                                 : "none: what is wrong here no pin makes right");
    else {
        print_option("option", report, ways.policy[0]);
        print_line("policy", ways.policy[0]);
        if (ways.forbidden.code != 0)
            print_line("forbidden", ways.forbidden.message);
        if (cli_paste_get(&text, o, ways.policy[0], report, true) == 0)
            print_line("command", text.data);
    }
    if (ways.count > 1)
        print_option("or", report, ways.policy[1]);
    free_ways(&ways);
    cli_bytes_free(&text);
}

static void print_known(const struct anycert_trust_entry *entry,
                        const struct anycert_report *report)
{
    if (!entry) {
        print_line("known", "no: the trust store has no entry of this host");
        return;
    }
    bool by_pin = anycert_trust_entry_kind(entry) == ANYCERT_TRUST_PIN;
    const char *now = is_stranger(entry, report) ? by_pin ? "; THIS IS ANOTHER KEY"
                                                          : "; HARDENED DOES NOT ACCEPT IT ANY MORE"
                      : by_pin                   ? "; this is the key"
                                                 : "";
    (void)printf("%-12s %s%s\n", "known", cli_store_words(entry), now);
}

/* A certificate of the client is none to look with: get has the rules for whom it is shown to. */
static void print_next(const struct anycert_report *report)
{
    struct cli_bytes text = {0};
    if (cli_paste_authority(&text, report) == 0)
        (void)printf(
            "%-12s anycert get --cert FILE [--key FILE] https://%s/\n%-12s (the server wants "
            "a client certificate; get shows it to a server that passes every check)\n",
            "next", text.data, "");
    cli_bytes_free(&text);
}

static void print_text(const struct cli_options *o, const struct anycert_report *report,
                       const struct anycert_trust_entry *entry, const struct anycert_error *failure)
{
    print_server(report);
    for (size_t i = 0; i < anycert_report_chain_length(report); i++)
        print_certificate(report, i);
    print_known(entry, report);
    print_wrong(report);
    if (is_stranger(entry, report))
        print_stranger(o, report, entry);
    else
        print_ways(o, report);
    if (failure->code == ANYCERT_E_TLS_CLIENT_CERT && !is_stranger(entry, report))
        print_next(report);
}

/* ---- the same for programs */

static yyjson_mut_val *pins_of(yyjson_mut_doc *doc, const struct anycert_report *report)
{
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    for (size_t i = 0; i < anycert_report_chain_length(report); i++) {
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, array);
        yyjson_mut_obj_add_str(doc, object, "pin", anycert_report_cert_pin(report, i));
        yyjson_mut_obj_add_str(doc, object, "subject", anycert_report_cert_subject(report, i));
        yyjson_mut_obj_add_bool(doc, object, "own", i == 0);
    }
    return array;
}

/* The first is the least; "policy" is that. None for a stranger. */
static void add_policies(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct ways *ways)
{
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    if (ways->count > 0)
        yyjson_mut_obj_add_strcpy(doc, root, "policy", ways->policy[0]);
    else
        yyjson_mut_obj_add_null(doc, root, "policy");
    for (size_t i = 0; i < ways->count; i++)
        yyjson_mut_arr_add_strcpy(doc, array, ways->policy[i]);
    yyjson_mut_obj_add_val(doc, root, "policies", array);
}

static int print_json(const struct anycert_report *report, const struct anycert_trust_entry *entry,
                      struct anycert_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    char *report_json = anycert_report_json(report, err), *text = NULL;
    yyjson_doc *parsed = report_json ? yyjson_read(report_json, strlen(report_json), 0) : NULL;
    yyjson_mut_doc_set_root(doc, root);
    if (parsed) {
        yyjson_mut_obj_add_bool(doc, root, "key_proven", anycert_report_key_proven(report) != 0);
        yyjson_mut_obj_add_val(doc, root, "pins", pins_of(doc, report));
        if (entry)
            yyjson_mut_obj_add_val(doc, root, "known", cli_store_json(doc, entry));
        else
            yyjson_mut_obj_add_null(doc, root, "known");
        struct ways ways = {.count = 0};
        if (!is_stranger(entry, report))
            ways = find_ways(report);
        add_policies(doc, root, &ways);
        free_ways(&ways);
        yyjson_mut_obj_add_val(doc, root, "report",
                               yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed)));
        text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    }
    if (text)
        (void)printf("%s\n", text);
    free(text);
    yyjson_doc_free(parsed);
    yyjson_mut_doc_free(doc);
    anycert_free(report_json);
    return text ? 0 : cli_error(err, ANYCERT_E_INTERNAL, "the answer cannot be written as JSON");
}

/* ---- the command */

/* Everything is accepted to be looked at, unless somebody wants to see how it is under a policy. */
static bool is_policy_chosen(const struct cli_options *o)
{
    return o->trust || o->insecure || o->allow.count > 0;
}

/* Whether a wider offer may show more: TLS has failed before the server's key was proven. */
static bool may_show_more(const struct anycert_error *err)
{
    return err->code == ANYCERT_E_TLS_VERSION || err->code == ANYCERT_E_TLS_ALERT ||
           err->code == ANYCERT_E_TLS_WEAK || err->code == ANYCERT_E_TLS_CLOSED ||
           err->code == ANYCERT_E_TLS_LEGACY_RENEGOTIATION;
}

static int look(struct cli_options *o, const char *policy, struct anycert_response **response,
                struct anycert_error *err)
{
    struct cli_session session = {0};
    int status = -1;
    if (policy) {
        free(o->trust);
        o->trust = cli_copy(policy, err);
    }
    if ((!policy || o->trust) && cli_session_open(&session, o, err) == 0)
        status = anycert_client_handshake(session.client, o->url, response, err);
    cli_session_close(&session);
    return status;
}

/* First as the switch does it; then with all that this version has, which is no rung lower for
 * somebody who sends nothing. */
static int look_closely(struct cli_options *o, struct anycert_response **response,
                        struct anycert_error *err)
{
    struct anycert_response *wider = NULL;
    struct anycert_error nowhere = {0};
    if (is_policy_chosen(o))
        return look(o, NULL, response, err);
    int status = look(o, "report-only", response, err);
    if (status == 0 || !may_show_more(err))
        return status;
    if (look(o, "antique", &wider, &nowhere) != 0) {
        anycert_response_free(wider);
        return status;
    }
    anycert_response_free(*response);
    *response = wider;
    *err = (struct anycert_error){0};
    return 0;
}

/* failure: how the handshake ended. */
static int print_all(const struct cli_options *o, const struct anycert_report *report,
                     const struct anycert_error *failure, struct anycert_error *err)
{
    struct anycert_trust_store *store = cli_store_open(o->trust_store, err);
    struct anycert_trust_entry *entry = NULL;
    int status = store ? anycert_trust_store_find(store, anycert_report_host(report),
                                                  anycert_report_port(report), &entry, err)
                       : -1;
    if (status >= 0 && o->json)
        status = print_json(report, entry, err);
    else if (status >= 0)
        print_text(o, report, entry, failure);
    if (status >= 0 && is_stranger(entry, report))
        status = cli_error(err, ANYCERT_E_TRUST_CHANGED,
                           "%s:%u is not as the trust store knows it; no policy is suggested",
                           anycert_report_host(report), (unsigned)anycert_report_port(report));
    anycert_trust_entry_free(entry);
    anycert_trust_store_free(store);
    return status < 0 ? -1 : 0;
}

static int show(struct cli_options *o, struct anycert_response **response,
                struct anycert_error *err)
{
    struct anycert_error late = {0};
    int status = look_closely(o, response, err);
    const struct anycert_report *report =
        *response ? anycert_response_hop_report(*response, 0) : NULL;
    if (!report || anycert_report_chain_length(report) == 0)
        return status == 0 ? cli_error(err, ANYCERT_E_TLS, "the server has shown no certificate")
                           : -1;
    if (print_all(o, report, err, &late) != 0 && status == 0) {
        *err = late;
        status = -1;
    }
    return status;
}

int cmd_trust(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&options, command, argc, argv, &exit_code) == 0) {
        if (show(&options, &response, &err) != 0) {
            cli_print_error(options.json, &err, NULL);
            exit_code = anycert_error_class_of(err.code);
        }
    }
    anycert_response_free(response);
    cli_options_free(&options);
    return exit_code;
}
