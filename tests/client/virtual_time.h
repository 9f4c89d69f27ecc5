/* virtual_time.h — a clock and a sleep for the waits between requests that take no time. */
#ifndef ANYCERT_TESTS_CLIENT_VIRTUAL_TIME_H
#define ANYCERT_TESTS_CLIENT_VIRTUAL_TIME_H

#include <anycert/anycert.h>

#define SLEEPS 64

/* now_us moves only by sleeping; slept has the waits in milliseconds, the first ones of them. */
struct virtual_time {
    int64_t now_us;
    int64_t slept[SLEEPS];
    unsigned sleeps;
    unsigned give_up_at; /* the nth sleep from 1 is given up; 0: none */
};
/* Gives the configuration this time, which has to outlive its clients. */
void virtual_time_set(struct anycert_config *config, struct virtual_time *time);
/* The test fails unless these are the waits, in order. */
void virtual_time_expect(const struct virtual_time *time, const int64_t *slept, unsigned count);

#endif
