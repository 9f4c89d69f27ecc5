/* tests/support/judging.h — asking the judge in one line. Policies are given as text; a text that
 * does not parse ends the program. Each of these also compares anycert__judge_accepts with the
 * report. */
#ifndef ANYCERT_TESTS_JUDGING_H
#define ANYCERT_TESTS_JUDGING_H

#include "support/sample_facts.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#define SAMPLE_PIN "sha256//MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

struct anycert_policy *policy_of(const char *text);

/* With scope ALL, at SAMPLE_NOW or another time. */
struct anycert_report *judge(struct anycert__facts *facts, const char *policy);
struct anycert_report *judge_at(struct anycert__facts *facts, const char *policy, int64_t now);
enum anycert_verdict verdict_of(struct anycert__facts *facts, const char *policy);
bool accepts_at(struct anycert__facts *facts, const char *policy, int64_t now);

/* The first check with this id; ends the program if there is none. */
const struct anycert_check *find_check(const struct anycert_report *report, const char *id);

/* Ends the program with a message if the two answers of the judge differ. */
void require_agreement(const struct anycert_report *report, bool accepts,
                       enum anycert__judge_scope scope);

#endif
