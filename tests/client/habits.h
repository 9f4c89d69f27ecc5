/* habits.h — what belongs to a process and not to a library in it: environment, locale, umask,
 * signals, folder. */
#ifndef ANYCERT_TESTS_CLIENT_HABITS_H
#define ANYCERT_TESTS_CLIENT_HABITS_H

struct habits;
/* NULL when out of memory. */
struct habits *habits_take(void);
void habits_free(struct habits *habits);
/* Prints a line "... has changed" for each that is not as it was. */
void habits_compare(const struct habits *before);

#endif
