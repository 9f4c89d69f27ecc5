/* verdict/report.h — the report's inside. */
#ifndef ANYCERT_VERDICT_REPORT_H
#define ANYCERT_VERDICT_REPORT_H

#include <anycert/report.h>

#include "verdict/facts.h"

/* Stable check ids; the table is verdict/checks.def. */
enum anycert__check_id {
#define CHECK(enum_name, name, side, text) ANYCERT__CHECK_##enum_name,
#include "verdict/checks.def"
};

struct anycert_check {
    const struct anycert_report *report;
    enum anycert__check_id id;
    enum anycert_verdict verdict;
    enum anycert_verdict reference_verdict;
    int x509_code;                    /* 0 for none */
    int depth;                        /* -1 for none */
    anycert__relaxations relaxations; /* any one of them lets it through; 0 for none */
    bool decided_by_pin;              /* relaxed, and nothing is given up: the pin, or the recorded
                                         key, stands for it */
    bool decided_by_record;           /* and it is the recorded one */
    int code;                         /* of a refusal, for RECORD; else 0 */
    char *detail;
};

struct anycert_report {
    int references;
    struct anycert__facts *facts;
    char *policy_text;
    char *reference_text;
    int64_t judged_at;
    struct anycert_check *checks;
    size_t check_count;
    enum anycert_verdict verdict;
    enum anycert_verdict reference_verdict;
    bool peer_authenticated;
    const char *authenticated_by;
    anycert__relaxations allowed; /* what the policy in force lets through */
    /* the presented certificates' strings, escaped, for the accessors */
    struct anycert__shown_certificate {
        char *subject, *issuer, *names, *key;
    } *shown;
    char *failure; /* why the handshake failed, escaped; "" if it did not */
};

/* Fills in `shown` and `failure` from the facts. 0, or -1 when out of memory. */
int anycert__report_show(struct anycert_report *report);

/* Takes a reference; atomic. NULL is a no-op. */
struct anycert_report *anycert__report_ref(struct anycert_report *report);

#endif
