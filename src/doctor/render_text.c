/* A diagnosis for people: the answer in the first three lines, what led to it below. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/shell.h"
#include "base/str.h"
#include "doctor/others.h"
#include "verdict/show.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)
#define TITLES   3 /* of causes in the second line */

static void write_target(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    anycert__buf_addf(buf, "%s%s%s:%u", anycert__open_bracket(diagnosis->peer.host),
                      diagnosis->peer.host, anycert__close_bracket(diagnosis->peer.host),
                      (unsigned)diagnosis->peer.port);
}

/* ---- the first three lines ---- */

/* What has to be known before the policy is taken, in a word or two. */
static const char *caution(const struct anycert__advice *advice)
{
    switch (advice->trust) {
    case ANYCERT__TRUST_PROVEN:
        break;
    case ANYCERT__TRUST_IF_COMPARED:
        return " (compare the pin first)";
    case ANYCERT__TRUST_IF_NAMED:
        return " (if the name is right)";
    case ANYCERT__TRUST_NOBODY:
        return " (anybody could answer)";
    }
    return "";
}

/* Of the server itself; the proxy's causes are mended apart. */
static bool lacks_intermediate(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (!diagnosis->causes[i].lent &&
            diagnosis->causes[i].cause->number == ANYCERT__CAUSE_MISSING_INTERMEDIATE)
            return true;
    }
    return false;
}

/* Whether nothing else is wrong: that certificate would be enough. */
static bool lacks_only_intermediate(const struct anycert_diagnosis *diagnosis)
{
    const struct anycert_policy *made = diagnosis->policies[0].made;

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        enum anycert__cause_number number = diagnosis->causes[i].cause->number;

        /* Who may be in between is known by the same certificate. */
        if (!diagnosis->causes[i].lent && number != ANYCERT__CAUSE_MISSING_INTERMEDIATE &&
            number != ANYCERT__CAUSE_LOOKS_INTERCEPTED)
            return false;
    }
    return lacks_intermediate(diagnosis) && made->rung == ANYCERT__RUNG_HARDENED &&
           made->relaxations == ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER);
}

/* The rest of the line: what the proxy needs beside that. */
static void write_through(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    const struct anycert_diagnosis *proxy = diagnosis->of_proxy;

    if (proxy && proxy->policy_count > 0)
        anycert__buf_addf(buf, ", and the proxy with%s%s: %s",
                          proxy->policies[0].forbidden[0] != '\0' ? ", but forbidden here" : "",
                          caution(&proxy->policies[0]), proxy->policies[0].policy);
    anycert__buf_adds(buf, "\n");
}

/* The policy, and the rest of the line. */
static void write_least(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    const struct anycert__advice *least = &diagnosis->policies[0];

    anycert__buf_addf(buf, "%s%s: %s", least->forbidden[0] != '\0' ? ", but forbidden here" : "",
                      caution(least), least->policy);
    write_through(buf, diagnosis);
}

static void write_works(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    anycert__buf_adds(
        buf, lacks_only_intermediate(diagnosis)
                 ? ": works with the missing certificate (--intermediate FILE, or --ca-add "
                   "FILE if it is a root), or with"
                 : ": works with");
    write_least(buf, diagnosis);
}

/* The administrator does not let the proxy be asked for the server. */
static void write_held_back(struct anycert__buf *buf, const struct anycert_diagnosis *proxy)
{
    if (!proxy || proxy->policy_count == 0)
        anycert__buf_adds(buf, ": relaxable\n");
    else
        anycert__buf_addf(buf,
                          ": the proxy works with, but forbidden here%s: %s; the server behind it "
                          "was not looked at\n",
                          caution(&proxy->policies[0]), proxy->policies[0].policy);
}

/* If it is the proxy. */
static const char *to_whom(const struct anycert_diagnosis *diagnosis)
{
    const struct anycert_diagnosis *proxy = diagnosis->of_proxy;

    return proxy && proxy->policy_count == 0 ? " to the proxy" : "";
}

/* Without what was given here it may be nothing of the kind. */
static void write_conditions(struct anycert__buf *buf, const struct anycert__words *given)
{
    static const char *const options[] = {"cacert", "ca-add",  "intermediate", "expect-name",
                                          "sni",    "resolve", "connect-to",   "proxy-trust"};
    const char *value = NULL, *before = " with";

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        for (size_t n = 0; (value = anycert__words_find(given, options[i], n)) != NULL; n++) {
            anycert__buf_addf(buf, "%s --%s ", before, options[i]);
            anycert__shell_add_word(buf, value);
            before = "";
        }
    }
}

/* What became of the request, after what time. */
static void write_unanswered(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    const struct anycert__trial *trial = diagnosis->unanswered;
    const char *what = "the request is not answered";

    if (trial && trial->has_http_cause)
        what = trial->http_evidence;
    else if (trial && trial->wire == ANYCERT__WIRE_SILENT)
        what = "no byte of an answer came before the time limit";
    else if (trial)
        what = trial->wire == ANYCERT__WIRE_RESET ? "the connection is reset instead of an answer"
                                                  : "the connection is closed without an answer";
    anycert__buf_addf(buf, ": unreachable: %s%s",
                      diagnosis->policy_count == 0 ? "hardened connects, and " : "", what);
    if (trial && trial->wire == ANYCERT__WIRE_SILENT)
        anycert__buf_addf(buf, " (%u ms)", (unsigned)trial->took_ms);
    if (diagnosis->policy_count == 0) {
        write_through(buf, diagnosis);
        return;
    }
    anycert__buf_adds(buf, "; the handshake stands with");
    write_least(buf, diagnosis);
}

/* What is needed beside a client certificate. */
static void write_besides(struct anycert__buf *buf, const struct anycert__advice *least)
{
    const char *said = caution(least);
    size_t len = strcspn(said, ")");

    anycert__buf_adds(buf, ": fixable here, with a client certificate; and then also needs");
    if (least->confirmed) {
        anycert__buf_adds(buf, said);
    } else {
        anycert__buf_add(buf, said, len);
        anycert__buf_addf(buf, "%snot confirmed without it)", len > 0 ? "; " : " (");
    }
    anycert__buf_addf(buf, ": %s", least->policy);
}

/* Neither at the server nor at its proxy. */
static bool gives_nothing_up(const struct anycert_diagnosis *diagnosis)
{
    const struct anycert_diagnosis *proxy = diagnosis->of_proxy;

    return diagnosis->policy_count > 0 && diagnosis->policies[0].relaxations == 0 &&
           (!proxy || proxy->policy_count == 0 || proxy->policies[0].relaxations == 0);
}

static void write_answer(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    write_target(buf, diagnosis);
    switch (diagnosis->verdict) {
    case ANYCERT_VERDICT_HEALTHY:
        anycert__buf_adds(buf, ": healthy");
        write_conditions(buf, &diagnosis->given);
        anycert__buf_addf(buf, ": hardened connects%s\n",
                          diagnosis->asks_client_cert && !diagnosis->asked
                              ? ", but a request without a client certificate may be refused "
                                "(--http shows that)"
                              : "");
        break;
    case ANYCERT_VERDICT_UNREACHABLE:
        if (diagnosis->stage == ANYCERT_STAGE_HTTP || diagnosis->examination->plan.request_failed)
            write_unanswered(buf, diagnosis);
        else
            anycert__buf_adds(buf, ": unreachable: there is no connection to shake hands over\n");
        break;
    case ANYCERT_VERDICT_RELAXABLE:
        if (diagnosis->policy_count > 0)
            write_works(buf, diagnosis);
        else
            write_held_back(buf, diagnosis->of_proxy);
        break;
    case ANYCERT_VERDICT_FIXABLE:
        if (diagnosis->policy_count > 0 &&
            (diagnosis->wants_cert || diagnosis->policies[0].is_unanswered)) {
            write_besides(buf, &diagnosis->policies[0]);
            write_through(buf, diagnosis);
        } else if (gives_nothing_up(diagnosis)) {
            anycert__buf_addf(buf, ": fixable here, nothing given up%s: %s",
                              caution(&diagnosis->policies[0]), diagnosis->policies[0].policy);
            write_through(buf, diagnosis);
        } else {
            anycert__buf_adds(buf, ": fixable here\n");
        }
        break;
    case ANYCERT_VERDICT_IMPOSSIBLE:
        if (anycert__proxy_wants_cert(diagnosis))
            anycert__buf_adds(buf, ": impossible: the proxy wants a client certificate, and this "
                                   "build shows them to servers only\n");
        else
            anycert__buf_addf(buf, ": impossible: no policy of this build connects%s\n",
                              to_whom(diagnosis));
        break;
    case ANYCERT_VERDICT_FORBIDDEN:
        anycert__buf_addf(buf, ": forbidden: only what is never allowed would connect%s\n",
                          to_whom(diagnosis));
        break;
    }
}

/* The word, where a cause could be taken for one of the server's. */
static const char *at_proxy(const struct anycert__diagnosed *found, const char *word)
{
    return found->hop == ANYCERT__HOP_PROXY && strcmp(found->cause->check, "proxy") != 0 ? word
                                                                                         : "";
}

/* In front of the first cause of each link, if one of them is the proxy's and does not say so. */
static const char *where(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *found = &diagnosis->causes[n];
    const struct anycert__diagnosed *before = n > 0 ? found - 1 : NULL;
    const char *own = at_proxy(found, " At the proxy:");

    if (before && before->hop != found->hop)
        return " At the server:";
    return before && at_proxy(before, own)[0] == own[0] ? "" : own;
}

static void write_why(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    size_t shown = diagnosis->cause_count > TITLES + 1 ? TITLES : diagnosis->cause_count;

    if (diagnosis->cause_count == 0) {
        anycert__buf_adds(buf, "why: nothing is wrong");
        if (diagnosis->http_status >= 400)
            anycert__buf_addf(buf, " with TLS; %s / is answered with status %d",
                              diagnosis->http_method, diagnosis->http_status);
        anycert__buf_addf(buf, "%s%s\n",
                          diagnosis->asks_client_cert
                              ? "; it asks for a client certificate, and goes on without one"
                              : "",
                          diagnosis->asked ? "" : "; no request was sent (--http sends one)");
        return;
    }
    anycert__buf_adds(buf, "why:");
    for (size_t i = 0; i < shown; i++)
        anycert__buf_addf(buf, "%s %s", where(diagnosis, i), diagnosis->causes[i].title);
    if (shown < diagnosis->cause_count)
        anycert__buf_addf(buf, " And %zu more, below.", diagnosis->cause_count - shown);
    anycert__buf_adds(buf, "\n");
}

static const char *whose(const struct anycert__remedy *remedy)
{
    return strcmp(remedy->audience, "client") == 0   ? "here"
           : strcmp(remedy->audience, "server") == 0 ? "at the server"
           : strcmp(remedy->audience, "proxy") == 0  ? "at the proxy"
                                                     : "on the way";
}

/* Without the name that it is about, a sentence says nothing. */
static bool says_something(const struct anycert_diagnosis *diagnosis,
                           const struct anycert__remedy *remedy)
{
    return anycert__name_to_offer(diagnosis) || !strstr(remedy->text, "NAME");
}

/* Behind a colon there is what belongs to the lines, which stand elsewhere. */
static void write_headline(struct anycert__buf *buf, const struct anycert__remedy *remedy)
{
    const char *colon = remedy->lines ? strstr(remedy->text, ": ") : NULL;
    const char *stop = strstr(remedy->text, ". ");

    if (!colon || (stop && stop < colon)) {
        anycert__buf_adds(buf, remedy->text);
        return;
    }
    anycert__buf_add(buf, remedy->text, (size_t)(colon - remedy->text));
    anycert__buf_adds(buf, ".");
}

static void write_fix(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__remedies *remedies = &diagnosis->causes[i].remedies;

        for (size_t j = 0; j < remedies->count; j++) {
            if (!says_something(diagnosis, &remedies->items[j]))
                continue;
            anycert__buf_adds(buf, "better: ");
            write_headline(buf, &remedies->items[j]);
            anycert__buf_addf(buf, " (%s)\n", whose(&remedies->items[j]));
            return;
        }
    }
    /* Some servers look for it in the request alone, and refuse that. */
    if (diagnosis->asks_client_cert && !diagnosis->asked)
        anycert__buf_adds(buf, "better: nothing to mend, if requests need no client certificate "
                               "either: --http shows that\n");
    else if (diagnosis->asks_client_cert &&
             (diagnosis->http_status == 401 || diagnosis->http_status == 403))
        anycert__buf_adds(buf, "better: if that is for want of a client certificate, show one "
                               "(--cert FILE); TLS has nothing to mend\n");
    else
        anycert__buf_addf(buf, "better: nothing to mend%s\n",
                          diagnosis->http_status >= 400 ? " in TLS" : "");
}

/* ---- below ---- */

static void write_cause(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                        size_t n, bool brief)
{
    const struct anycert__diagnosed *found = &diagnosis->causes[n];
    const struct anycert__diagnosed *before = n > 0 ? &diagnosis->causes[n - 1] : NULL;

    anycert__buf_addf(buf, "\n%s (%s%s, check %s)\n  %s %s\n", found->cause->id,
                      at_proxy(found, "at the proxy, "), anycert__side_name(found->cause->side),
                      found->cause->check, found->title, found->explanation);
    anycert__write_evidence(buf, "seen", found->evidence, before ? before->evidence : NULL);
    anycert__write_others(buf, found->error, before ? before->error : NULL, brief);
}

static void write_without(struct anycert__buf *buf, const char *text, anycert__relaxations set)
{
    bool one = (set & (set - 1)) == 0;

    anycert__buf_addf(buf, "%s without %s", text, one ? "" : "any one of ");
    anycert__write_relaxations(buf, set);
}

/* How it was found; for the policy to take. */
static void write_proof(struct anycert__buf *buf, const struct anycert__advice *advice)
{
    anycert__buf_adds(
        buf, advice->is_unanswered
                 ? "  a handshake stands under exactly this policy, and the request "
                   "was not answered as it has to be"
             : advice->confirmed ? "  confirmed by a handshake under exactly this policy"
             : advice->stood     ? "  a handshake stands under exactly this policy, and no request "
                                   "is answered without a client certificate"
                             : "  tried under exactly this policy, as far as to the request for "
                               "a client certificate");
    if (advice->minimal && advice->tried_without)
        write_without(buf, advice->stood ? "; it failed" : "; it came less far",
                      advice->tried_without);
    anycert__buf_adds(buf, "\n");
    if (advice->judged_without) {
        write_without(buf, "  judged, not tried,", advice->judged_without);
        anycert__buf_adds(buf, "\n");
    }
}

static void write_policy(struct anycert__buf *buf, const struct anycert__advice *advice,
                         const char *label, bool first)
{
    anycert__buf_addf(buf, "%s: %s\n", label, advice->policy);
    if (first)
        write_proof(buf, advice);
    if (advice->forbidden[0] != '\0')
        anycert__buf_addf(buf, "  forbidden here: %s\n", advice->forbidden);
    if (advice->note[0] != '\0')
        anycert__buf_addf(buf, "  note: %s\n", advice->note);
}

static void write_commands(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    const char *indent = diagnosis->policy_count > 0 ? "  " : "";

    if (diagnosis->command[0] != '\0')
        anycert__buf_addf(buf, "%suse it: %s\n", indent, diagnosis->command);
    if (diagnosis->keep_command[0] != '\0')
        anycert__buf_addf(buf, "%skeep it: %s\n", indent, diagnosis->keep_command);
}

/* What the missing certificate saves, where it is not enough. */
static void write_saving(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    if (lacks_intermediate(diagnosis) && !lacks_only_intermediate(diagnosis) &&
        diagnosis->policies[0].made->relaxations &
            ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER))
        anycert__buf_adds(buf, "  note: the missing certificate (--intermediate FILE, or --ca-add "
                               "FILE if it is a root) would save untrusted-issuer, and nothing "
                               "else\n");
}

static void write_policies(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    if (diagnosis->policy_count == 0 && diagnosis->command[0] != '\0')
        anycert__buf_adds(buf, "\n");
    for (size_t i = 0; i < diagnosis->policy_count || i == 0; i++) {
        if (i < diagnosis->policy_count)
            write_policy(buf, &diagnosis->policies[i], i == 0 ? "\npolicy" : "or", i == 0);
        if (i == 0 && diagnosis->policy_count > 0)
            write_saving(buf, diagnosis);
        if (i == 0)
            write_commands(buf, diagnosis);
    }
}

static void write_policies_of_proxy(struct anycert__buf *buf, const struct anycert_diagnosis *proxy)
{
    for (size_t i = 0; proxy && i < proxy->policy_count; i++)
        write_policy(buf, &proxy->policies[i],
                     i == 0 ? "\npolicy for the proxy (--proxy-trust)" : "or", i == 0);
}

static void write_indented(struct anycert__buf *buf, const char *lines)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");

        anycert__buf_adds(buf, "      ");
        anycert__buf_add(buf, lines, len);
        anycert__buf_adds(buf, "\n");
        lines += len + (lines[len] == '\n');
    }
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The earlier cause of the same link that has it, too; NULL if none does. */
static const struct anycert__cause *said_for(const struct anycert_diagnosis *diagnosis,
                                             size_t cause, const struct anycert__remedy *remedy)
{
    for (size_t i = 0; i < cause; i++) {
        const struct anycert__remedies *others = &diagnosis->causes[i].remedies;

        if (diagnosis->causes[i].hop != diagnosis->causes[cause].hop)
            continue;
        for (size_t j = 0; j < others->count; j++) {
            if (strcmp(others->items[j].where, remedy->where) == 0 &&
                is_same_text(others->items[j].text, remedy->text) &&
                is_same_text(others->items[j].lines, remedy->lines))
                return diagnosis->causes[i].cause;
        }
    }
    return NULL;
}

static void write_remedy(struct anycert__buf *buf, const struct anycert__remedy *remedy,
                         const char *before)
{
    /* "the box on the way" says whose it is. */
    bool says = strstr(remedy->where, whose(remedy)) != NULL;

    if (before && strcmp(before, remedy->text) == 0)
        anycert__buf_addf(buf, "  %s%s%s:\n", says ? "" : whose(remedy), says ? "" : ", ",
                          remedy->where);
    else
        anycert__buf_addf(buf, "  %s%s%s: %s\n", says ? "" : whose(remedy), says ? "" : ", ",
                          remedy->where, remedy->text);
    if (remedy->lines)
        write_indented(buf, remedy->lines);
}

static bool is_for_others(const struct anycert__remedy *remedy)
{
    return strcmp(remedy->audience, "server") == 0 || strcmp(remedy->audience, "proxy") == 0;
}

/* For whoever cannot change the server: what to ask for, of the first place where it can be done.
 */
static void write_request(struct anycert__buf *buf, const struct anycert__remedy *remedy,
                          size_t *places, size_t *left_out)
{
    bool first = *places == 0;

    *places += 1;
    *left_out += remedy->lines || !first;
    if (!first)
        return;
    anycert__buf_addf(buf, "  %s: ", whose(remedy));
    write_headline(buf, remedy);
    anycert__buf_adds(buf, "\n");
}

static void write_remedies(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                           size_t n, bool brief, size_t *left_out)
{
    const struct anycert__remedies *remedies = &diagnosis->causes[n].remedies;
    const char *before = NULL; /* the sentence that was written last: places may share it */
    const struct anycert__cause *elsewhere = NULL;
    size_t places = 0;

    for (size_t i = 0; i < remedies->count; i++) {
        const struct anycert__remedy *remedy = &remedies->items[i];

        const struct anycert__cause *other = said_for(diagnosis, n, remedy);

        if (!elsewhere)
            elsewhere = other;
        if (!says_something(diagnosis, remedy) || other)
            continue;
        if (!before)
            anycert__buf_addf(buf, "\nto mend %s%s%s\n", diagnosis->causes[n].cause->id,
                              at_proxy(&diagnosis->causes[n], " at the proxy"),
                              diagnosis->cause_count > 1 ? ", and this alone" : "");
        if (brief && is_for_others(remedy))
            write_request(buf, remedy, &places, left_out);
        else
            write_remedy(buf, remedy, before);
        before = remedy->text;
    }
    if (elsewhere && before)
        anycert__buf_addf(buf, "  and as for %s, above\n", elsewhere->id);
    else if (elsewhere)
        anycert__buf_addf(buf, "\nto mend %s\n  as for %s, above\n", diagnosis->causes[n].cause->id,
                          elsewhere->id);
}

static char *write_all(const struct anycert_diagnosis *diagnosis, bool brief,
                       struct anycert_error *err)
{
    struct anycert__buf buf;
    char *text = NULL;
    size_t left_out = 0;

    anycert__buf_init(&buf, TEXT_MAX);
    write_answer(&buf, diagnosis);
    write_why(&buf, diagnosis);
    write_fix(&buf, diagnosis);
    write_policies(&buf, diagnosis);
    write_policies_of_proxy(&buf, diagnosis->of_proxy);
    for (size_t i = 0; i < diagnosis->cause_count; i++)
        write_cause(&buf, diagnosis, i, brief);
    for (size_t i = 0; i < diagnosis->cause_count; i++)
        write_remedies(&buf, diagnosis, i, brief, &left_out);
    for (size_t i = 0; i < diagnosis->addresses.count; i++)
        anycert__buf_addf(&buf, "%s%s: %s\n", i == 0 ? "\naddresses\n  " : "  ",
                          diagnosis->addresses.seen[i].address, diagnosis->addresses.seen[i].what);
    anycert__buf_addf(&buf, "\n%zu handshake%s in %llu ms%s%s\n", diagnosis->handshakes,
                      diagnosis->handshakes == 1 ? "" : "s",
                      (unsigned long long)diagnosis->elapsed_ms,
                      diagnosis->exhausted ? "; there was no budget for more" : "",
                      left_out > 0 ? "; -v has the lines for the server" : "");
    text = anycert__buf_take(&buf, "the diagnosis", err);
    anycert__buf_free(&buf);
    return text;
}

char *anycert_diagnosis_text(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    return write_all(diagnosis, false, err);
}

char *anycert_diagnosis_brief(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    return write_all(diagnosis, true, err);
}
