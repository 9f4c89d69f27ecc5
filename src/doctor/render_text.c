/* A diagnosis for people: the answer in the first three lines, what led to it below. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/str.h"
#include "verdict/show.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)

static void write_target(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    bool is_ipv6 = strchr(diagnosis->peer.host, ':') != NULL;

    anycert__buf_addf(buf, "%s%s%s:%u", is_ipv6 ? "[" : "", diagnosis->peer.host,
                      is_ipv6 ? "]" : "", (unsigned)diagnosis->peer.port);
}

/* ---- the first three lines ---- */

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
        anycert__buf_addf(buf, ": works with%s: %s\n",
                          diagnosis->policies[0].forbidden[0] != '\0' ? ", but forbidden here" : "",
                          diagnosis->policies[0].policy);
        break;
    case ANYCERT_VERDICT_FIXABLE:
        if (diagnosis->policy_count > 0 && diagnosis->policies[0].relaxations == 0)
            anycert__buf_addf(buf, ": fixable here, nothing given up: %s\n",
                              diagnosis->policies[0].policy);
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
    if (diagnosis->cause_count == 0) {
        anycert__buf_adds(buf, "why: nothing is wrong\n");
        return;
    }
    anycert__buf_addf(buf, "why: %s", diagnosis->causes[0].cause->title);
    for (size_t i = 1; i < diagnosis->cause_count; i++)
        anycert__buf_addf(buf, " %s", diagnosis->causes[i].cause->title);
    anycert__buf_adds(buf, "\n");
}

static void write_fix(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__remedies *remedies = &diagnosis->causes[i].remedies;

        if (remedies->count == 0)
            continue;
        anycert__buf_addf(buf, "better: %s (%s)\n", remedies->items[0].text,
                          remedies->items[0].audience);
        return;
    }
    anycert__buf_adds(buf, "better: nothing to mend\n");
}

/* ---- below ---- */

static void write_cause(struct anycert__buf *buf, const struct anycert__diagnosed *found)
{
    anycert__buf_addf(buf, "\ncause %s (check %s, %s)\n  %s %s\n", found->cause->id,
                      found->cause->check, anycert__side_name(found->cause->side),
                      found->cause->title, found->cause->explanation);
    if (found->evidence[0] != '\0')
        anycert__buf_addf(buf, "  seen: %s\n", found->evidence);
    if (found->error[0] != '\0')
        anycert__buf_addf(buf, "  elsewhere: %s\n", found->error);
}

static void write_policy(struct anycert__buf *buf, const struct anycert__advice *advice, bool first)
{
    anycert__buf_addf(buf, "\n%s: %s\n", first ? "policy" : "or", advice->policy);
    if (advice->confirmed)
        anycert__buf_adds(buf, "  confirmed by a handshake under exactly this policy\n");
    if (advice->minimal && advice->tried_without) {
        anycert__buf_adds(buf, "  failed without each of: ");
        anycert__write_relaxations(buf, advice->tried_without);
        anycert__buf_adds(buf, "\n");
    }
    if (advice->judged_without) {
        anycert__buf_adds(buf, "  judged, not tried, without each of: ");
        anycert__write_relaxations(buf, advice->judged_without);
        anycert__buf_adds(buf, "\n");
    }
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

static void write_remedies(struct anycert__buf *buf, const struct anycert__diagnosed *found)
{
    for (size_t i = 0; i < found->remedies.count; i++) {
        const struct anycert__remedy *remedy = &found->remedies.items[i];

        if (i == 0)
            anycert__buf_addf(buf, "\nwhat mends %s\n", found->cause->id);
        anycert__buf_addf(buf, "  %s, %s: %s\n", remedy->audience, remedy->where, remedy->text);
        if (remedy->lines)
            write_indented(buf, remedy->lines);
    }
}

char *anycert_diagnosis_text(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    struct anycert__buf buf;
    char *text = NULL;

    anycert__buf_init(&buf, TEXT_MAX);
    write_answer(&buf, diagnosis);
    write_why(&buf, diagnosis);
    write_fix(&buf, diagnosis);
    for (size_t i = 0; i < diagnosis->cause_count; i++)
        write_cause(&buf, &diagnosis->causes[i]);
    for (size_t i = 0; i < diagnosis->policy_count; i++)
        write_policy(&buf, &diagnosis->policies[i], i == 0);
    for (size_t i = 0; i < diagnosis->cause_count; i++)
        write_remedies(&buf, &diagnosis->causes[i]);
    for (size_t i = 0; i < diagnosis->addresses.count; i++)
        anycert__buf_addf(&buf, "%s%s: %s\n", i == 0 ? "\naddresses\n  " : "  ",
                          diagnosis->addresses.seen[i].address, diagnosis->addresses.seen[i].what);
    anycert__buf_addf(&buf, "\n%zu handshake%s in %llu ms%s\n", diagnosis->handshakes,
                      diagnosis->handshakes == 1 ? "" : "s",
                      (unsigned long long)diagnosis->elapsed_ms,
                      diagnosis->exhausted ? "; there was no budget for more" : "");
    text = anycert__buf_take(&buf, "the diagnosis", err);
    anycert__buf_free(&buf);
    return text;
}
