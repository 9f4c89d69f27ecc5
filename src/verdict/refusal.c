#include "verdict/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "verdict/checks.h"
#include "verdict/report.h"
#include "verdict/show.h"

/* The error code for a failed check. */
static int code_of(const struct anycert_check *check)
{
    if (check->id == ANYCERT__CHECK_PIN)
        return ANYCERT_E_TRUST_PIN;
    if (check->id == ANYCERT__CHECK_RECORD)
        return check->code != 0 ? check->code : ANYCERT_E_TRUST;
    if (anycert__check_is_protocol(check->id))
        return ANYCERT_E_TRUST_PROTOCOL;
    if (check->x509_code == ANYCERT__X509_REVOKED)
        return ANYCERT_E_TRUST_REVOKED;
    if (check->id == ANYCERT__CHECK_TRUST || check->id == ANYCERT__CHECK_SIGNATURES ||
        check->id == ANYCERT__CHECK_AUTHORITY)
        return ANYCERT_E_TRUST_ISSUER;
    if (check->id == ANYCERT__CHECK_NAME)
        return ANYCERT_E_TRUST_NAME;
    if (check->id == ANYCERT__CHECK_KEY_STRENGTH ||
        check->id == ANYCERT__CHECK_SIGNATURE_STRENGTH ||
        check->id == ANYCERT__CHECK_CURVE_PARAMETERS)
        return ANYCERT_E_TRUST_STRENGTH;
    if (check->id == ANYCERT__CHECK_DATES)
        return ANYCERT_E_TRUST_DATES;
    return ANYCERT_E_TRUST;
}

/* From the worst on. */
static const int order[] = {
    ANYCERT_E_TRUST_REVOKED,  ANYCERT_E_TRUST_CHANGED, ANYCERT_E_TRUST_PIN,
    ANYCERT_E_TRUST_UNKNOWN,  ANYCERT_E_TRUST_ISSUER,  ANYCERT_E_TRUST_NAME,
    ANYCERT_E_TRUST_STRENGTH, ANYCERT_E_TRUST_DATES,   ANYCERT_E_TRUST_PROTOCOL,
    ANYCERT_E_TRUST,
};
#define ORDER_COUNT (sizeof(order) / sizeof(order[0]))

/* The nth check with this verdict, the worst first, without those that a pin decides; NULL behind
 * the last. */
static const struct anycert_check *nth_check(const struct anycert_report *report,
                                             enum anycert_verdict verdict, size_t n)
{
    for (size_t rank = 0; rank < ORDER_COUNT; rank++) {
        for (size_t i = 0; i < report->check_count; i++) {
            const struct anycert_check *check = &report->checks[i];
            if (check->verdict == verdict && !check->decided_by_pin &&
                code_of(check) == order[rank] && n-- == 0)
                return check;
        }
    }
    return NULL;
}

/* A sentence of fixed size, so that a refusal never fails for want of memory. */
struct sentence {
    char text[ANYCERT_ERROR_MESSAGE_SIZE];
    size_t len;
};

/* Room that is kept for " and 4294967295 more". */
#define ROOM_FOR_REST 24

/* Appends "a (b)" whole, or not at all: false if there is no room beside what may still have to be
 * said. */
static bool append_check(struct sentence *sentence, const char *separator,
                         const struct anycert_check *check)
{
    const char *relaxation = anycert_check_relaxation(check);
    size_t room = sizeof(sentence->text) - sentence->len - ROOM_FOR_REST;
    bool says_more = check->id == ANYCERT__CHECK_RECORD; /* namely what to do */
    const char *note = relaxation != NULL ? " (relaxation: " : " (no relaxation allows this";
    int n =
        snprintf(sentence->text + sentence->len, room, "%s%s%s%s%s", separator, check->detail,
                 says_more ? "" : note, relaxation != NULL ? relaxation : "", says_more ? "" : ")");
    if (n < 0 || (size_t)n >= room) {
        sentence->text[sentence->len] = '\0';
        return false;
    }
    sentence->len += (size_t)n;
    return true;
}

/* The first is said in any case, cut where it must be. */
static void append_cut(struct sentence *sentence, const char *text)
{
    size_t room = sizeof(sentence->text) - sentence->len - ROOM_FOR_REST - sizeof("...");
    size_t len = strlen(text);
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    int n = snprintf(sentence->text + sentence->len, sizeof(sentence->text) - sentence->len,
                     "%.*s%s", (int)len, text, text[len] != '\0' ? "..." : "");
    if (n > 0)
        sentence->len += (size_t)n;
}

static void append_all(struct sentence *sentence, const struct anycert_report *report,
                       enum anycert_verdict verdict)
{
    size_t count = 0, said = 0;
    while (nth_check(report, verdict, count) != NULL)
        count++;
    while (said < count &&
           append_check(sentence, said == 0 ? "" : "; ", nth_check(report, verdict, said)))
        said++;
    if (said == 0 && count > 0) {
        append_cut(sentence, nth_check(report, verdict, 0)->detail);
        said = 1;
    }
    if (said < count)
        snprintf(sentence->text + sentence->len, sizeof(sentence->text) - sentence->len,
                 " and %zu more", count - said);
}

/* "WHAT host:port". */
static void begin_sentence(struct sentence *sentence, const char *what,
                           const struct anycert__facts *facts, const char *behind)
{
    const char *host = facts->host != NULL ? facts->host : "";
    int n = snprintf(sentence->text, sizeof(sentence->text), "%s %s%.255s%s:%u%s", what,
                     anycert__open_bracket(host), host, anycert__close_bracket(host),
                     (unsigned)facts->port, behind);
    sentence->len = n > 0 ? (size_t)n : 0;
}

int anycert__report_refusal(const struct anycert_report *report, struct anycert_error *err)
{
    const struct anycert__facts *facts = report->facts;
    const struct anycert_check *worst = nth_check(report, ANYCERT_FAIL, 0);
    bool proxy = facts->hop == ANYCERT__HOP_PROXY;
    int code = worst != NULL ? code_of(worst) : ANYCERT_E_TRUST;
    bool about_certificate = worst != NULL && !anycert__check_is_protocol(worst->id);
    struct sentence sentence = {{0}, 0};
    if (about_certificate)
        begin_sentence(&sentence, proxy ? "certificate of proxy" : "certificate of", facts,
                       " is refused: ");
    else
        begin_sentence(&sentence, proxy ? "connection to proxy" : "connection to", facts,
                       " is refused: ");
    if (worst != NULL)
        append_all(&sentence, report, ANYCERT_FAIL);
    else
        append_cut(&sentence, "the peer has not shown a certificate that could be judged");
    if (err != NULL && err->code == 0) {
        anycert__fail(err, proxy ? ANYCERT_E_PROXY_TRUST : code, "%s", sentence.text);
        err->x509_code = worst != NULL ? worst->x509_code : 0;
        err->tls_alert = facts->failure.alert;
        err->alert_from_peer = facts->failure.alert >= 0 && facts->failure.alert_from_peer;
    }
    return -1;
}

bool anycert__report_is_clean(const struct anycert_report *report)
{
    bool passed = report->verdict == ANYCERT_PASS || report->verdict == ANYCERT_RELAXED;
    return passed && report->peer_authenticated && nth_check(report, ANYCERT_RELAXED, 0) == NULL;
}

int anycert__report_guard(const struct anycert_report *report, struct anycert_error *err)
{
    struct sentence sentence = {{0}, 0};
    begin_sentence(&sentence, "no secret is sent to", report->facts, ", ");
    if (nth_check(report, ANYCERT_RELAXED, 0) != NULL) {
        append_cut(&sentence, "as the policy relaxes this: ");
        append_all(&sentence, report, ANYCERT_RELAXED);
    } else {
        append_cut(&sentence, "as nobody has proved to be that host");
    }
    return anycert__fail(err, ANYCERT_E_TRUST_SECRETS, "%s", sentence.text);
}
