/* Whether certificates look wrong because of this machine's clock. */
#include "doctor/diagnosis.h"

#include "base/clock.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "hello/answer.h"

#include <stdlib.h>
#include <string.h>

#define FEW       3
#define MANY      10  /* so many trusted CAs are a list that somebody keeps up to date */
#define TOLERANCE 300 /* seconds that clocks may differ, and that a hello may leave open */
#define TLS1_2    0x0303

void anycert__read_anchor_list(struct anycert__anchors *own, int64_t now,
                               struct anycert__anchor_dates *out)
{
    struct anycert__anchors *of_system = NULL;

    *out = (struct anycert__anchor_dates){0};
    if (own && anycert__anchors_count(own) >= MANY) {
        anycert__anchors_dates(own, now, out);
    } else if (anycert__anchors_open(NULL, 0, &of_system, NULL) == 0) {
        anycert__anchors_dates(of_system, now, out);
        anycert__anchors_unref(of_system);
    }
    if (out->count < MANY)
        *out = (struct anycert__anchor_dates){0};
}

/* ---- the server's clock ---- */

/* What the first answer says in the first four bytes of its random number, where old TLS has the
 * time (RFC 5246 section 7.4.1.3), against ours. Many put anything there. */
static bool read_hello_time(const struct anycert__trial *trial, int64_t *ahead)
{
    const struct anycert__buf *received = &trial->tape.received;
    struct anycert__answer answer;
    bool found = false;

    if (!trial->facts || received->len == 0)
        return false;
    anycert__answer_init(&answer, ANYCERT__UNTIL_HELLO);
    if (anycert__answer_feed(&answer, received->data, received->len, NULL) >= 0 &&
        answer.has_hello && !answer.hello.retry && answer.hello.version <= TLS1_2) {
        const uint8_t *random = answer.hello.random;
        int64_t seconds = (int64_t)random[0] << 24 | random[1] << 16 | random[2] << 8 | random[3];

        *ahead = seconds - trial->facts->time;
        found = true;
    }
    anycert__answer_free(&answer);
    return found;
}

/* A random number is no time: what all of several hellos agree on is one. */
static bool agree_on_time(const struct anycert__examination *examination, int64_t *ahead)
{
    size_t count = 0;

    for (size_t i = 0; i < examination->plan.count; i++) {
        int64_t one = 0;

        if (!read_hello_time(&examination->done[i], &one))
            continue;
        if (count++ == 0)
            *ahead = one;
        else if (llabs(one - *ahead) > TOLERANCE)
            return false;
    }
    return count > 1;
}

static bool read_clock(const struct anycert__examination *examination, bool behind,
                       struct anycert__server_time *out)
{
    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];

        if (!trial->has_http_date || !trial->facts)
            continue;
        out->is_known = true;
        out->ahead = trial->http_date - trial->facts->time;
        out->how = behind ? "the Date of an answer of the server behind the proxy"
                          : "the Date of the server's answer";
        return true;
    }
    out->is_known = agree_on_time(examination, &out->ahead);
    out->how = behind ? "the time in handshakes of the server behind the proxy"
                      : "the time in the server's handshakes";
    return out->is_known;
}

static bool is_stuck_at_proxy(const struct anycert_diagnosis *diagnosis)
{
    const struct anycert__examination *whole =
        diagnosis->outer ? diagnosis->outer->examination : NULL;

    return whole && (!whole->proxy->policy ||
                     strcmp(whole->done[0].obstacle.evidence, ANYCERT__HELD_BACK) == 0);
}

bool anycert__has_no_more_time(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->was_asked || is_stuck_at_proxy(diagnosis);
}

void anycert__read_server_time(const struct anycert_diagnosis *diagnosis,
                               const struct anycert__examination *examination,
                               struct anycert__server_time *out)
{
    *out = (struct anycert__server_time){.is_known = false};
    if (read_clock(examination, false, out) ||
        (diagnosis->outer && read_clock(diagnosis->outer->examination, true, out)))
        return;
    out->how = is_stuck_at_proxy(diagnosis) ? ", which was compared with no other"
               : !diagnosis->was_asked      ? ", which was compared with no other (--http does)"
               : diagnosis->outer
                   ? ", and the server behind the proxy did not say what it is by its own"
                   : ", and the server did not say what it is by its own";
}

/* ---- which clock is wrong ---- */

static void show_time(struct anycert__buf *buf, int64_t seconds)
{
    char text[ANYCERT__TIME_SIZE];

    anycert__format_time(seconds, text);
    anycert__buf_adds(buf, text);
}

/* Nothing is known against the chain but what depends on the time: what stands in it was signed by
 * a CA that is trusted here. */
static bool is_vouched_for(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        switch (facts->errors[i].code) {
        case ANYCERT__X509_EXPIRED:
        case ANYCERT__X509_NOT_YET_VALID:
        case ANYCERT__X509_HOSTNAME_MISMATCH:
        case ANYCERT__X509_IP_MISMATCH:
            break;
        default:
            return false;
        }
    }
    return facts->verified && facts->validated_count > 1;
}

/* Whether a CA has signed something that is dated later than now, into said. */
static bool is_past_proven(const struct anycert__facts *facts, int64_t now,
                           struct anycert__buf *said)
{
    int64_t logged = 0;

    if (!is_vouched_for(facts) || facts->presented_count == 0)
        return false;
    if (anycert__certificate_logged(facts->presented, &logged) && logged > now + TOLERANCE) {
        anycert__buf_adds(said, "; logs of certificates have stamped it ");
        show_time(said, logged);
        anycert__buf_adds(said, ", which is past");
        return true;
    }
    if (strcmp(facts->staple_note, ANYCERT__STAPLE_OF_FUTURE) == 0) {
        anycert__buf_adds(said,
                          "; the OCSP answer that its CA has signed is dated later than that");
        return true;
    }
    return false;
}

/* By the server's clock: true if that says which cause it is. */
static bool judge_by_server(const struct anycert__chain_view *view,
                            const struct anycert__server_time *server,
                            const struct anycert__finding *finding, struct anycert__buf *said,
                            enum anycert__cause_number *cause)
{
    const struct anycert__certificate *at = anycert__certificate_at(view->facts, finding->depth);
    int64_t theirs = view->facts->time + server->ahead;

    anycert__buf_addf(said, "; by %s it is ", server->how);
    show_time(said, theirs);
    if (theirs < ANYCERT__CLOCK_FLOOR) {
        anycert__buf_adds(said, ", which cannot be: its clock is not set");
        return false;
    }
    if (!at || !at->dates_readable || theirs < at->not_before || theirs > at->not_after) {
        anycert__buf_adds(said, ", and it is not valid by that either");
        return true;
    }
    anycert__buf_adds(said, ", and it is valid by that");
    *cause = server->ahead < 0 ? ANYCERT__CAUSE_CLOCK_AHEAD : ANYCERT__CAUSE_CLOCK_BEHIND;
    return true;
}

/* By what this machine has: true if that says which cause it is. */
static bool judge_by_list(const struct anycert__anchor_dates *list, bool early, int64_t now,
                          struct anycert__buf *said, enum anycert__cause_number *cause)
{
    if (early && now < ANYCERT__CLOCK_FLOOR) {
        anycert__buf_adds(said, "; this machine's clock is not set: it shows a year before 2020");
    } else if (early && list->not_begun >= FEW) { /* one or two may be somebody's own */
        anycert__buf_addf(said,
                          "; by that %zu of the %zu CAs of the list that is installed here are not "
                          "valid yet",
                          list->not_begun, list->count);
    } else if (!early && list->count > 0 && list->count - list->ended < FEW) {
        anycert__buf_addf(said,
                          "; by that %zu of the %zu CAs of the list that is installed here have "
                          "expired",
                          list->ended, list->count);
    } else {
        return false;
    }
    *cause = early ? ANYCERT__CAUSE_CLOCK_BEHIND : ANYCERT__CAUSE_CLOCK_AHEAD;
    return true;
}

enum anycert__cause_number anycert__doubt_clock(const struct anycert__chain_view *view,
                                                const struct anycert__server_time *server,
                                                const struct anycert__finding *finding,
                                                enum anycert__cause_number usual,
                                                struct anycert__buf *said)
{
    bool early = finding->x509_code == ANYCERT__X509_NOT_YET_VALID;
    int64_t now = view->facts->time;
    enum anycert__cause_number cause = usual;

    if (!early && finding->x509_code != ANYCERT__X509_EXPIRED)
        return usual;
    anycert__buf_adds(said, "; by this machine's clock it is ");
    show_time(said, now);
    if (server && server->is_known && judge_by_server(view, server, finding, said, &cause))
        return cause;
    if (early && is_past_proven(view->facts, now, said))
        return ANYCERT__CAUSE_CLOCK_BEHIND;
    if (judge_by_list(view->list, early, now, said, &cause))
        return cause;
    if (server && !server->is_known)
        anycert__buf_adds(said, server->how);
    return usual;
}
