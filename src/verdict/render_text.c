#include <anycert/report.h>

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "verdict/alert.h"
#include "verdict/checks.h"
#include "verdict/report.h"
#include "verdict/show.h"

#define NAMES_ON_A_LINE 8
#define VALUE_MAX       200

/* Each line is "  label        value": labels are padded to this. */
#define LABEL_WIDTH 15

static void label(struct anycert__buf *buf, const char *name)
{
    anycert__buf_addf(buf, "  %-*s", LABEL_WIDTH, name);
}

/* Our own text; escaped only if it could not be printed as it is. */
static void add_text(struct anycert__buf *buf, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (anycert__is_showable(text, len))
        anycert__buf_add(buf, text, len);
    else
        anycert__buf_add_escaped(buf, text, len);
}

static void line(struct anycert__buf *buf, const char *name, const char *text)
{
    label(buf, name);
    add_text(buf, text);
    anycert__buf_adds(buf, "\n");
}

/* Rung and relaxations of a policy's text, without the keys behind them. */
static void add_rung(struct anycert__buf *buf, const char *policy)
{
    anycert__show(buf, policy, strcspn(policy, " "), SIZE_MAX);
}

/* ---- the first line ---- */

static void add_target(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    anycert__buf_adds(buf, anycert__open_bracket(facts->host));
    anycert__show_string(buf, facts->host, ANYCERT__SHOW_MAX);
    anycert__buf_addf(buf, "%s:%u (%s): ", anycert__close_bracket(facts->host),
                      (unsigned)facts->port, anycert__hop_name(facts->hop));
}

static void headline(struct anycert__buf *buf, const struct anycert_report *report)
{
    static const char *const words[] = {"", "accepted by ", "relaxed by ", "refused by "};
    add_target(buf, report->facts);
    if (report->verdict == ANYCERT_NOT_CHECKED) {
        anycert__buf_adds(buf, "not judged, because the handshake did not complete\n");
        return;
    }
    anycert__buf_adds(buf, words[report->verdict]);
    add_rung(buf, report->policy_text);
    if (report->peer_authenticated)
        anycert__buf_addf(buf, "; peer authenticated by its %s\n", report->authenticated_by);
    else
        anycert__buf_adds(buf, "; peer not authenticated\n");
}

/* ---- policy and reference ---- */

/* What the reference policy refuses, by the checks' ids, each once. */
static void reference_line(struct anycert__buf *buf, const struct anycert_report *report)
{
    const struct anycert_check *check = NULL, *last = NULL;
    if (anycert__str_equal(report->policy_text, report->reference_text))
        return;
    label(buf, "compared with");
    add_rung(buf, report->reference_text);
    while ((check = anycert_report_next_check(report, check)) != NULL) {
        if (check->reference_verdict != ANYCERT_FAIL || (last != NULL && last->id == check->id))
            continue;
        anycert__buf_adds(buf, last == NULL ? ", which refuses it: " : ", ");
        anycert__buf_adds(buf, anycert_check_id(check));
        last = check;
    }
    if (last == NULL && report->reference_verdict != ANYCERT_NOT_CHECKED)
        anycert__buf_adds(buf, ", which accepts it too");
    anycert__buf_adds(buf, "\n");
}

/* ---- the link ---- */

static void add_part(struct anycert__buf *buf, const char *text, size_t max_len)
{
    size_t len = strnlen(text, max_len);
    if (len == 0)
        return;
    anycert__buf_adds(buf, " ");
    anycert__show(buf, text, len, VALUE_MAX);
}

static void link_lines(struct anycert__buf *buf, const struct anycert_report *report)
{
    const struct anycert__facts *facts = report->facts;
    const struct anycert__negotiated *negotiated = &facts->negotiated;
    const char *refused_by = anycert_report_refused_by(report);
    const char *alert = anycert__alert_name(facts->failure.alert);
    if (facts->complete) {
        label(buf, "TLS");
        anycert__show_version(buf, negotiated->version);
        add_part(buf, negotiated->cipher, sizeof(negotiated->cipher));
        add_part(buf, negotiated->group, sizeof(negotiated->group));
        anycert__buf_adds(buf, "\n");
    }
    if (!facts->failure.failed)
        return;
    label(buf, "failure");
    anycert__buf_addf(buf, "%s%s", refused_by[0] != '\0' ? "by " : "", refused_by);
    if (facts->failure.alert >= 0)
        anycert__buf_addf(buf, "%salert %d (%s)", refused_by[0] != '\0' ? ", " : "",
                          facts->failure.alert, alert != NULL ? alert : "unknown");
    if (refused_by[0] != '\0' || facts->failure.alert >= 0)
        anycert__buf_adds(buf, report->failure[0] != '\0' ? ": " : "");
    add_text(buf, report->failure);
    anycert__buf_adds(buf, "\n");
}

/* ---- the peer's certificate ---- */

static void peer_line(struct anycert__buf *buf, const char *name, const char *text)
{
    label(buf, name);
    anycert__show_string(buf, text, VALUE_MAX);
    anycert__buf_adds(buf, "\n");
}

static void dates_line(struct anycert__buf *buf, const struct anycert__certificate *certificate,
                       int64_t now)
{
    label(buf, "valid");
    if (!certificate->dates_readable) {
        anycert__buf_adds(buf, "unreadable dates\n");
        return;
    }
    anycert__show_date(buf, certificate->not_before);
    anycert__buf_adds(buf, " to ");
    anycert__show_date(buf, certificate->not_after);
    if (now > certificate->not_after) {
        anycert__buf_adds(buf, ", expired ");
        anycert__show_span(buf, certificate->not_after, now);
        anycert__buf_adds(buf, " ago");
    }
    anycert__buf_adds(buf, "\n");
}

static void certificate_lines(struct anycert__buf *buf, const struct anycert_report *report)
{
    const struct anycert__facts *facts = report->facts;
    if (facts->presented_count == 0)
        return;
    const struct anycert__certificate *leaf = &facts->presented[0];
    peer_line(buf, "subject", leaf->subject);
    peer_line(buf, "issuer", leaf->issuer);
    dates_line(buf, leaf, report->judged_at);
    label(buf, "names");
    size_t before = buf->len;
    anycert__show_names(buf, leaf, NAMES_ON_A_LINE);
    anycert__buf_adds(buf, buf->len == before ? "none\n" : "\n");
    label(buf, "key");
    anycert__show_key(buf, leaf);
    anycert__buf_adds(buf, ", signed with ");
    anycert__show_string(buf, leaf->signature_algorithm, VALUE_MAX);
    anycert__buf_adds(buf, "\n");
    label(buf, facts->complete ? "pin" : "pin (unproven)");
    anycert__show(buf, leaf->pin, strnlen(leaf->pin, sizeof(leaf->pin)), VALUE_MAX);
    anycert__buf_adds(buf, "\n");
}

static void anchor_lines(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    if (facts->anchors != NULL && facts->anchors[0] != '\0')
        line(buf, "anchors", facts->anchors);
    if (facts->anchors_error != NULL)
        line(buf, "anchors", facts->anchors_error);
}

/* ---- checks ---- */

static void check_lines(struct anycert__buf *buf, const struct anycert_report *report,
                        enum anycert_verdict verdict, const char *name)
{
    const struct anycert_check *check = NULL;
    while ((check = anycert_report_next_check(report, check)) != NULL) {
        if (check->verdict != verdict)
            continue;
        const char *relaxation = anycert_check_relaxation(check);
        label(buf, name);
        anycert__buf_addf(buf, "%s: %s", anycert_check_id(check), check->detail);
        anycert__buf_addf(buf, " [%s]\n",
                          check->decided_by_record ? "the recorded key decides"
                          : check->decided_by_pin  ? "the pin decides"
                          : relaxation != NULL     ? relaxation
                                                   : "no relaxation for it");
    }
}

/* Neighbours that were left out for the same reason share a line. */
static void unchecked_lines(struct anycert__buf *buf, const struct anycert_report *report)
{
    const struct anycert_check *check = anycert_report_next_check(report, NULL);
    while (check != NULL) {
        const struct anycert_check *next = anycert_report_next_check(report, check);
        if (check->verdict != ANYCERT_NOT_CHECKED) {
            check = next;
            continue;
        }
        label(buf, "not checked");
        anycert__buf_adds(buf, anycert_check_id(check));
        while (next != NULL && next->verdict == ANYCERT_NOT_CHECKED &&
               strcmp(next->detail, check->detail) == 0) {
            anycert__buf_addf(buf, ", %s", anycert_check_id(next));
            next = anycert_report_next_check(report, next);
        }
        anycert__buf_addf(buf, ": %s\n", check->detail);
        check = next;
    }
}

char *anycert_report_text(const struct anycert_report *report, struct anycert_error *err)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, SIZE_MAX);
    headline(&buf, report);
    line(&buf, "policy", report->policy_text);
    reference_line(&buf, report);
    link_lines(&buf, report);
    certificate_lines(&buf, report);
    anchor_lines(&buf, report->facts);
    check_lines(&buf, report, ANYCERT_FAIL, "refused");
    check_lines(&buf, report, ANYCERT_RELAXED, "relaxed");
    unchecked_lines(&buf, report);
    char *text = anycert__buf_take(&buf, "report", err);
    anycert__buf_free(&buf);
    return text;
}
