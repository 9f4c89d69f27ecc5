/* A diagnosis for people: the answer in the first three lines, what led to it below. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/str.h"
#include "verdict/show.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)
#define TITLES   3 /* of causes in the second line */

static void write_target(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    bool is_ipv6 = strchr(diagnosis->peer.host, ':') != NULL;

    anycert__buf_addf(buf, "%s%s%s:%u", is_ipv6 ? "[" : "", diagnosis->peer.host,
                      is_ipv6 ? "]" : "", (unsigned)diagnosis->peer.port);
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

static bool lacks_intermediate(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->number == ANYCERT__CAUSE_MISSING_INTERMEDIATE)
            return true;
    }
    return false;
}

static void write_works(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    const struct anycert__advice *least = &diagnosis->policies[0];

    anycert__buf_adds(buf,
                      lacks_intermediate(diagnosis)
                          ? ": works with the missing certificate (--intermediate FILE), or with"
                          : ": works with");
    anycert__buf_addf(buf, "%s%s: %s\n", least->forbidden[0] != '\0' ? ", but forbidden here" : "",
                      caution(least), least->policy);
}

static void write_answer(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    write_target(buf, diagnosis);
    switch (diagnosis->verdict) {
    case ANYCERT_VERDICT_HEALTHY:
        anycert__buf_adds(buf, ": healthy: hardened connects\n");
        break;
    case ANYCERT_VERDICT_UNREACHABLE:
        anycert__buf_adds(buf, diagnosis->stage == ANYCERT_STAGE_HTTP
                                   ? ": unreachable: hardened connects, and the request is not "
                                     "answered\n"
                                   : ": unreachable: there is no connection to shake hands over\n");
        break;
    case ANYCERT_VERDICT_RELAXABLE:
        write_works(buf, diagnosis);
        break;
    case ANYCERT_VERDICT_FIXABLE:
        if (diagnosis->policy_count > 0 && diagnosis->policies[0].relaxations == 0)
            anycert__buf_addf(buf, ": fixable here, nothing given up%s: %s\n",
                              caution(&diagnosis->policies[0]), diagnosis->policies[0].policy);
        else
            anycert__buf_adds(buf, ": fixable here\n");
        break;
    case ANYCERT_VERDICT_IMPOSSIBLE:
        anycert__buf_adds(buf, ": impossible: no policy of this build connects\n");
        break;
    case ANYCERT_VERDICT_FORBIDDEN:
        anycert__buf_adds(buf, ": forbidden: only what is never allowed would connect\n");
        break;
    }
}

static void write_why(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    size_t shown = diagnosis->cause_count > TITLES + 1 ? TITLES : diagnosis->cause_count;

    if (diagnosis->cause_count == 0) {
        anycert__buf_adds(buf, "why: nothing is wrong\n");
        return;
    }
    anycert__buf_adds(buf, "why:");
    for (size_t i = 0; i < shown; i++)
        anycert__buf_addf(buf, " %s", diagnosis->causes[i].cause->title);
    if (shown < diagnosis->cause_count)
        anycert__buf_addf(buf, " And %zu more, below.", diagnosis->cause_count - shown);
    anycert__buf_adds(buf, "\n");
}

static const char *whose(const struct anycert__remedy *remedy)
{
    return strcmp(remedy->audience, "client") == 0   ? "here"
           : strcmp(remedy->audience, "server") == 0 ? "at the server"
                                                     : "on the way";
}

/* Without the name that it is about, a sentence says nothing. */
static bool says_something(const struct anycert_diagnosis *diagnosis,
                           const struct anycert__remedy *remedy)
{
    return diagnosis->name[0] != '\0' || !strstr(remedy->text, "NAME");
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
    anycert__buf_adds(buf, "better: nothing to mend\n");
}

/* ---- below ---- */

/* What several causes have in common is said once. */
static void write_evidence(struct anycert__buf *buf, const char *label, const char *text,
                           const char *before)
{
    if (text[0] == '\0')
        return;
    if (before && strcmp(text, before) == 0)
        anycert__buf_addf(buf, "  %s: as above\n", label);
    else
        anycert__buf_addf(buf, "  %s: %s\n", label, text);
}

static void write_cause(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                        size_t n)
{
    const struct anycert__diagnosed *found = &diagnosis->causes[n];
    const struct anycert__diagnosed *before = n > 0 ? &diagnosis->causes[n - 1] : NULL;

    anycert__buf_addf(buf, "\n%s (%s, check %s)\n  %s %s\n", found->cause->id,
                      anycert__side_name(found->cause->side), found->cause->check,
                      found->cause->title, found->cause->explanation);
    write_evidence(buf, "seen", found->evidence, before ? before->evidence : NULL);
    write_evidence(buf, "others say", found->error, before ? before->error : NULL);
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
    if (advice->confirmed)
        anycert__buf_adds(buf, "  confirmed by a handshake under exactly this policy");
    if (advice->confirmed && advice->minimal && advice->tried_without)
        write_without(buf, "; it failed", advice->tried_without);
    if (advice->confirmed)
        anycert__buf_adds(buf, "\n");
    if (advice->judged_without) {
        write_without(buf, "  judged, not tried,", advice->judged_without);
        anycert__buf_adds(buf, "\n");
    }
}

static void write_policy(struct anycert__buf *buf, const struct anycert__advice *advice, bool first)
{
    anycert__buf_addf(buf, "%s: %s\n", first ? "\npolicy" : "or", advice->policy);
    if (first)
        write_proof(buf, advice);
    if (advice->forbidden[0] != '\0')
        anycert__buf_addf(buf, "  forbidden here: %s\n", advice->forbidden);
    if (advice->note[0] != '\0')
        anycert__buf_addf(buf, "  note: %s\n", advice->note);
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

/* Whether an earlier cause has it, too. */
static bool was_said(const struct anycert_diagnosis *diagnosis, size_t cause,
                     const struct anycert__remedy *remedy)
{
    for (size_t i = 0; i < cause; i++) {
        const struct anycert__remedies *others = &diagnosis->causes[i].remedies;

        for (size_t j = 0; j < others->count; j++) {
            if (strcmp(others->items[j].where, remedy->where) == 0 &&
                is_same_text(others->items[j].text, remedy->text) &&
                is_same_text(others->items[j].lines, remedy->lines))
                return true;
        }
    }
    return false;
}

static void write_remedy(struct anycert__buf *buf, const struct anycert__remedy *remedy,
                         const char *before)
{
    if (before && strcmp(before, remedy->text) == 0)
        anycert__buf_addf(buf, "  %s, %s:\n", whose(remedy), remedy->where);
    else
        anycert__buf_addf(buf, "  %s, %s: %s\n", whose(remedy), remedy->where, remedy->text);
    if (remedy->lines)
        write_indented(buf, remedy->lines);
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
    size_t places = 0;

    for (size_t i = 0; i < remedies->count; i++) {
        const struct anycert__remedy *remedy = &remedies->items[i];

        if (!says_something(diagnosis, remedy) || was_said(diagnosis, n, remedy))
            continue;
        if (!before)
            anycert__buf_addf(buf, "\nto mend %s\n", diagnosis->causes[n].cause->id);
        if (brief && strcmp(remedy->audience, "server") == 0)
            write_request(buf, remedy, &places, left_out);
        else
            write_remedy(buf, remedy, before);
        before = remedy->text;
    }
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
    for (size_t i = 0; i < diagnosis->policy_count; i++)
        write_policy(&buf, &diagnosis->policies[i], i == 0);
    for (size_t i = 0; i < diagnosis->cause_count; i++)
        write_cause(&buf, diagnosis, i);
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
