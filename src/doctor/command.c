/* The command that does at once what a diagnosis comes to, and the one that keeps it. */
#include "doctor/diagnosis.h"

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "doctor/blank.h"
#include "doctor/examine_proxy.h"
#include "policy/advise.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_MAX     ((size_t)1 << 20)
#define KEPT_IN         "hosts.policy" /* the policy file of the command that keeps it */
#define DOCTOR_LIMIT_MS 10000          /* what each has, if nothing is said */
#define GET_LIMIT_MS    30000

static const struct anycert_policy hardened = {.rung = ANYCERT__RUNG_HARDENED};

/* ---- what may be said ---- */

/* Whether hardened connects to another address of the host, so that nothing has to be given up. */
static bool by_other_address(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->addresses.fail && diagnosis->addresses.other_good && !diagnosis->other_way;
}

/* The policy to take; NULL: hardened, with what was given. */
static const struct anycert__advice *advice_of(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->policy_count > 0 && !by_other_address(diagnosis) ? &diagnosis->policies[0]
                                                                       : NULL;
}

/* Whether it is with a certificate that was fetched. */
static bool is_supplied(const struct anycert_diagnosis *diagnosis,
                        const struct anycert__examination *examination)
{
    return advice_of(diagnosis) && examination->plan.ways[0].attempt.supply;
}

static bool is_proxy_supplied(const struct anycert__examination *examination)
{
    return examination->proxy && anycert__is_proxy_supplied(examination->proxy);
}

/* Whose examination has that certificate: its own, or that of its proxy. NULL: there is none. */
static const struct anycert__examination *supplied(const struct anycert_diagnosis *diagnosis,
                                                   const struct anycert__examination *examination)
{
    if (is_supplied(diagnosis, examination))
        return examination;
    return is_proxy_supplied(examination) ? &examination->proxy->examination : NULL;
}

/* Whether one certificate was all that had to be fetched, for one link. */
static bool is_one_step(const struct anycert_diagnosis *diagnosis,
                        const struct anycert__examination *whole)
{
    const struct anycert__examination *examination = supplied(diagnosis, whole);
    const struct anycert__facts *facts = examination->done[0].facts;
    const char *name = examination->trials.supply.name;

    if (examination == whole && is_proxy_supplied(whole))
        return false;
    for (size_t i = 0; facts && name && i < facts->presented_count; i++) {
        if (strcmp(facts->presented[i].issuer, name) == 0)
            return true;
    }
    return false;
}

/* Whether an https:// proxy is taken as it is, or under the policy that is among the options. */
static bool goes_through_proxy(const struct anycert_diagnosis *diagnosis,
                               const struct anycert__examination *examination)
{
    if (diagnosis->of_proxy)
        return diagnosis->of_proxy->policy_count > 0 &&
               diagnosis->of_proxy->policies[0].forbidden[0] == '\0';
    return !examination->trials.route.proxy_facts || anycert__proxy_accepted(examination);
}

/* Whether a client certificate is all that hardened lacks. */
static bool lacks_only_cert(const struct anycert_diagnosis *diagnosis)
{
    bool is_wanted = false;

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        enum anycert__cause_number number = diagnosis->causes[i].cause->number;
        bool is_cert = number == ANYCERT__CAUSE_CLIENT_CERT_REQUIRED ||
                       number == ANYCERT__CAUSE_CLIENT_CERT_REQUIRED_LATE;

        if (!diagnosis->causes[i].lent && (!is_cert || diagnosis->causes[i].hop != diagnosis->hop))
            return false;
        is_wanted = is_wanted || is_cert;
    }
    return is_wanted && diagnosis->policy_count == 0;
}

bool anycert__wants_our_cert(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->wants_cert ||
           anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLIENT_CERT_WANTED_BY_HTTP);
}

/* Whether a request comes through as the handshakes did, with the client certificate if one is
 * wanted. */
static bool comes_through(const struct anycert_diagnosis *diagnosis,
                          const struct anycert__examination *examination)
{
    const struct anycert__plan *plan = &examination->plan;

    if ((plan->request_failed && !anycert__wants_our_cert(diagnosis)) ||
        (supplied(diagnosis, examination) && !is_one_step(diagnosis, examination)) ||
        !goes_through_proxy(diagnosis, examination))
        return false;
    return plan->found == ANYCERT__FOUND_HEALTHY || plan->found == ANYCERT__FOUND_WAYS ||
           by_other_address(diagnosis) || (plan->wants_cert && lacks_only_cert(diagnosis));
}

static bool has_relative_anchors(const struct anycert_policy *policy)
{
    for (size_t i = 0; i < policy->ca_count; i++) {
        if (policy->cas[i].kind == ANYCERT__CA_PATH && policy->cas[i].path[0] != '/')
            return true;
    }
    return false;
}

static bool says_anchors(const struct anycert_diagnosis *diagnosis)
{
    return anycert__words_find(&diagnosis->given, "cacert", 0) ||
           anycert__words_find(&diagnosis->given, "ca-add", 0);
}

/* Whether the policy that was given for an https:// proxy, and is enough, becomes an entry. */
static bool is_proxys_kept(const struct anycert_diagnosis *diagnosis)
{
    const struct anycert_policy *given = diagnosis->proxy_policy;
    const char *url = anycert__words_find(&diagnosis->given, "proxy", 0);

    return given && !diagnosis->of_proxy && url && anycert__str_starts(url, "https:") &&
           !anycert_policy_equal(given, &hardened) && anycert_policy_authenticates(given) &&
           !has_relative_anchors(given);
}

/* An entry of a policy file has no place for helping certificates, nor for a policy under which
 * nobody is known; and the one that hardened needs says nothing. */
static bool can_be_kept(const struct anycert_diagnosis *diagnosis,
                        const struct anycert__examination *examination)
{
    if (diagnosis->helped || supplied(diagnosis, examination) ||
        anycert__words_find(&diagnosis->given, "intermediate", 0))
        return false;
    /* What was not tried to its end is not written down. */
    if (anycert__wants_our_cert(diagnosis) &&
        !(advice_of(diagnosis) && advice_of(diagnosis)->confirmed))
        return false;
    /* Whoever sets the clock needs no entry. */
    if (anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLOCK_AHEAD) ||
        anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLOCK_BEHIND))
        return false;
    if (has_relative_anchors(diagnosis->base) && !says_anchors(diagnosis))
        return false;
    return advice_of(diagnosis)
               ? advice_of(diagnosis)->trust != ANYCERT__TRUST_NOBODY
               : !anycert_policy_equal(diagnosis->base, &hardened) || is_proxys_kept(diagnosis);
}

/* ---- the policy ---- */

/* Certificates in memory stand for a file that has them. */
static int name_anchors(struct anycert_policy *policy, struct anycert_error *err)
{
    size_t kept = 0;
    bool named = false;

    for (size_t i = 0; i < policy->ca_count; i++) {
        struct anycert__ca *ca = &policy->cas[i];

        if (ca->kind == ANYCERT__CA_MEMORY) {
            anycert__free(ca->pem);
            *ca = (struct anycert__ca){.kind = ANYCERT__CA_PATH};
            ca->path = named ? NULL : anycert__strdup("anchors.pem");
            if (!ca->path && !named)
                return anycert__fail_nomem(err);
            if (named)
                continue;
            named = true;
        }
        policy->cas[kept++] = *ca;
    }
    policy->ca_count = kept;
    return 0;
}

struct anycert_policy *anycert__ending_policy(const struct anycert_policy *of,
                                              const struct anycert__ceiling *ceiling,
                                              struct anycert_error *err)
{
    static const struct anycert__clock machine = {0};
    struct anycert_error forbidden = {0};
    struct anycert_policy *policy = anycert_policy_copy(of, err);

    if (!policy)
        return NULL;
    policy = anycert__advise_end(policy, false, ceiling, anycert__clock_now(&machine), &forbidden);
    if (!policy)
        anycert__fail_nomem(err);
    if (forbidden.code == 0)
        return policy;
    anycert_policy_free(policy);
    return NULL;
}

struct anycert__end anycert__end_by_pin(const struct anycert_diagnosis *diagnosis,
                                        const struct anycert__cause *cause)
{
    static const anycert__relaxations by_key = ANYCERT__RELAX_BIT(ANYCERT__RELAX_SELF_SIGNED) |
                                               ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER);
    struct anycert_policy relaxed = {.rung = ANYCERT__RUNG_HARDENED,
                                     .relaxations = anycert__cause_relaxations(cause) & by_key};
    struct anycert_policy *pinned = NULL, *ending = NULL;
    struct anycert__end end = {.day = ""};
    struct anycert_error err = {0};
    char *day = NULL;

    if (relaxed.relaxations == 0)
        return end;
    pinned = anycert_policy_copy(&relaxed, &err);
    if (pinned && diagnosis->pin[0] != '\0' &&
        anycert_policy_set(pinned, "pin", diagnosis->pin, &err) < 0)
        goto out;
    ending = pinned ? anycert__ending_policy(pinned, diagnosis->examination->trials.ceiling, &err)
                    : NULL;
    end.is_forbidden = !ending && err.code == 0;
    if (ending && anycert_policy_get(ending, "until", &day, &err) == 1)
        (void)snprintf(end.day, sizeof end.day, "%s", day);
    end.wants_reason = ending && ending->reason;
out:
    anycert_free(day);
    anycert_policy_free(pinned);
    anycert_policy_free(ending);
    return end;
}

/* The text of what it comes to. NULL with err->code 0 if the administrator allows it in no way,
 * else NOMEM. */
static char *policy_text(const struct anycert_diagnosis *diagnosis,
                         const struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert_policy *of =
        advice_of(diagnosis) ? advice_of(diagnosis)->made : diagnosis->base;
    struct anycert_policy *named = anycert_policy_copy(of, err);
    struct anycert_policy *policy =
        named && name_anchors(named, err) == 0
            ? anycert__ending_policy(named, examination->trials.ceiling, err)
            : NULL;
    char *text = policy ? anycert_policy_format(policy, err) : NULL;

    anycert_policy_free(policy);
    anycert_policy_free(named);
    return text;
}

/* ---- the way ---- */

static void add_seconds(struct anycert__buf *buf, const char *option, uint32_t ms)
{
    anycert__buf_addf(buf, " --%s %u", option, (unsigned)(ms / 1000));
    if (ms % 1000 != 0)
        anycert__buf_addf(buf, ".%03u", (unsigned)(ms % 1000));
}

/* What was given, but for what stands in the policy. */
static void add_given(struct anycert__buf *buf, const struct anycert__words *given)
{
    static const char *const of_policy[] = {"cacert", "ca-add", "expect-name", "sni"};

    for (size_t i = 0; i < given->count; i++) {
        bool is_said = false;

        for (size_t j = 0; j < sizeof of_policy / sizeof of_policy[0]; j++)
            is_said = is_said || strcmp(given->items[i].option, of_policy[j]) == 0;
        if (is_said)
            continue;
        anycert__buf_addf(buf, " --%s ", given->items[i].option);
        anycert__shell_add_word(buf, given->items[i].value);
    }
}

struct target {
    struct anycert__evidence evidence[3];
    char port[8], address[ANYCERT__ADDRESS_SIZE];
};

/* An address that answers as the others do not. */
static void add_address(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                        const struct target *target)
{
    /* A policy that stands with several servers does with each address. */
    if (diagnosis->other_way || !diagnosis->addresses.fail ||
        (diagnosis->examination->plan.mixed && advice_of(diagnosis)))
        return;
    anycert__buf_adds(buf, " --resolve ");
    anycert__blank_fill(buf, "{resolve}", ANYCERT__BLANK_SHELL, target->evidence, 3);
}

/* What helps on our side, beside a policy: our own certificate, the one that the server forgets, an
 * address, a second try. */
static void add_help(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                     const struct anycert__examination *examination, const struct target *target)
{
    if (anycert__wants_our_cert(diagnosis))
        anycert__buf_adds(buf, " --cert client.pem --key client.key");
    if (diagnosis->helped && !anycert__words_find(&diagnosis->given, "intermediate", 0))
        anycert__buf_adds(buf, " --intermediate intermediates.pem");
    if (supplied(diagnosis, examination))
        anycert__buf_adds(buf, " --intermediate intermediate.pem");
    add_address(buf, diagnosis, target);
    if (examination->plan.unsteady)
        anycert__buf_adds(buf, " --retry 3");
    if (diagnosis->limit_ms > GET_LIMIT_MS)
        add_seconds(buf, "connect-timeout", diagnosis->limit_ms);
}

/* ---- the commands ---- */

static void add_url(struct anycert__buf *buf, const struct target *target)
{
    anycert__buf_adds(buf, " ");
    anycert__blank_fill(buf, "{url}", ANYCERT__BLANK_SHELL, target->evidence, 3);
}

/* The certificate that is missing has to be fetched first. */
static void add_fetch(struct anycert__buf *buf, const struct anycert__examination *examination)
{
    const char *url = examination->trials.supply.url;
    const struct anycert__evidence from = {"issuer-url", url};
    const char *ending = strrchr(url, '.');
    bool is_bundle = ending && (strcmp(ending, ".p7c") == 0 || strcmp(ending, ".p7b") == 0);

    anycert__blank_fill(buf, "curl -fo intermediate.der {issuer-url} && openssl ",
                        ANYCERT__BLANK_SHELL, &from, 1);
    anycert__buf_adds(buf, is_bundle ? "pkcs7 -inform DER -print_certs" : "x509");
    anycert__buf_adds(buf, " -in intermediate.der -out intermediate.pem && ");
}

static char *get_command(const struct anycert_diagnosis *diagnosis,
                         const struct anycert__examination *examination,
                         const struct target *target, struct anycert_error *err)
{
    /* A profile may say another policy, which this one then takes the place of. */
    bool by_policy =
        advice_of(diagnosis) || anycert__words_find(&diagnosis->given, "profile", 0) != NULL;
    const struct anycert__examination *fetched = supplied(diagnosis, examination);
    struct anycert__buf buf;
    char *text = by_policy ? policy_text(diagnosis, examination, err) : NULL;
    char *command = NULL;

    if (by_policy && !text)
        return err->code == 0 ? anycert__strdup("") : NULL;
    anycert__buf_init(&buf, COMMAND_MAX);
    if (fetched)
        add_fetch(&buf, fetched);
    anycert__buf_adds(&buf, "anycert get");
    if (text) {
        anycert__buf_adds(&buf, " --trust ");
        anycert__shell_add_word(&buf, text);
        add_given(&buf, &diagnosis->given);
    } else {
        anycert__words_write(&buf, &diagnosis->given, "");
    }
    add_help(&buf, diagnosis, examination, target);
    add_url(&buf, target);
    command = anycert__buf_take(&buf, "the command", err);
    anycert__buf_free(&buf);
    anycert_free(text);
    return command;
}

int anycert__words_asked(const struct anycert_diagnosis *diagnosis,
                         const struct anycert__words *words, struct anycert__words *out,
                         struct anycert_error *err)
{
    struct anycert_error why = {0};
    char *text = NULL;

    if (anycert__words_join(out, words, err) < 0)
        return -1;
    if (!diagnosis->of_proxy)
        return 0;
    if (!diagnosis->proxy_policy || anycert_policy_equal(diagnosis->proxy_policy, &hardened)) {
        anycert__words_drop(out, "proxy-trust");
        return 0;
    }
    text = anycert_policy_format(diagnosis->proxy_policy, err);
    if (!text)
        return -1;
    /* What cannot be shown stays out. */
    (void)anycert__words_set(out, "proxy-trust", text, &why);
    anycert_free(text);
    return why.code == ANYCERT_E_NOMEM ? anycert__fail_nomem(err) : 0;
}

/* With what was given: a policy for the proxy that was found is to be found, and written, again. */
static int write_given(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                       struct anycert_error *err)
{
    struct anycert__words words = {0};
    int result = anycert__words_asked(diagnosis, &diagnosis->given, &words, err);

    if (result == 0)
        anycert__words_write(buf, &words, "anycert doctor");
    anycert__words_clear(&words);
    return result;
}

/* The end that the administrator allows, where it comes before that of --apply. */
static void add_end(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                    const struct anycert__examination *examination)
{
    static const struct anycert__clock machine = {0};
    struct anycert_policy *policy =
        advice_of(diagnosis)
            ? anycert__ending_policy(advice_of(diagnosis)->made, examination->trials.ceiling, NULL)
            : NULL;
    char usual[ANYCERT__DATE_SIZE];
    char *end = NULL;

    anycert__format_date(anycert__clock_now(&machine) + ANYCERT_ADVISED_DAYS * (int64_t)86400,
                         usual);
    if (policy && anycert_policy_get(policy, "until", &end, NULL) == 1 &&
        !anycert__str_equal(end, usual))
        anycert__buf_addf(buf, " --until %s", end);
    anycert_free(end);
    anycert_policy_free(policy);
}

static char *keep_command(const struct anycert_diagnosis *diagnosis,
                          const struct anycert__examination *examination,
                          const struct target *target, struct anycert_error *err)
{
    struct anycert__buf buf;
    char *command = NULL;

    anycert__buf_init(&buf, COMMAND_MAX);
    anycert__buf_adds(&buf, "anycert doctor --apply --policy-file " KEPT_IN);
    if (write_given(&buf, diagnosis, err) < 0) {
        anycert__buf_free(&buf);
        return NULL;
    }
    add_end(&buf, diagnosis, examination);
    add_address(&buf, diagnosis, target);
    if (diagnosis->asked)
        anycert__buf_adds(&buf, diagnosis->asked_body ? " --http-body" : " --http");
    if (diagnosis->limit_ms != DOCTOR_LIMIT_MS)
        add_seconds(&buf, "timeout", diagnosis->limit_ms);
    add_url(&buf, target);
    command = anycert__buf_take(&buf, "the command", err);
    anycert__buf_free(&buf);
    return command;
}

int anycert__diagnosis_commands(struct anycert_diagnosis *diagnosis,
                                const struct anycert__examination *examination,
                                struct anycert_error *err)
{
    struct anycert_error why = {0};
    struct target target = {.port = ""};
    bool is_said = false;

    (void)snprintf(target.port, sizeof target.port, "%u", (unsigned)diagnosis->peer.port);
    target.evidence[0] = (struct anycert__evidence){"host", diagnosis->peer.host};
    target.evidence[1] = (struct anycert__evidence){"port", target.port};
    target.evidence[2] =
        (struct anycert__evidence){"address", anycert__good_address(diagnosis, target.address)};
    /* A proxy's own is that of a server which nobody asks for anything. */
    diagnosis->command =
        diagnosis->hop != ANYCERT__HOP_PROXY && comes_through(diagnosis, examination)
            ? get_command(diagnosis, examination, &target, &why)
            : anycert__strdup("");
    is_said = diagnosis->command && diagnosis->command[0] != '\0';
    diagnosis->keep_command = is_said && can_be_kept(diagnosis, examination)
                                  ? keep_command(diagnosis, examination, &target, &why)
                                  : anycert__strdup("");
    return diagnosis->command && diagnosis->keep_command ? 0 : anycert__fail_nomem(err);
}

const char *anycert_diagnosis_command(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->command;
}

const char *anycert_diagnosis_keep_command(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->keep_command;
}
