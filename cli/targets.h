/* targets.h — a list of targets as text: one a line. */
#ifndef ANYCERT_CLI_TARGETS_H
#define ANYCERT_CLI_TARGETS_H

#include <stddef.h>

#define CLI_TARGET_SIZE 4096 /* of one target, its NUL included */

/* Calls take with each line's target, without the blanks around it; empty lines and those that
 * begin with # are passed over. 0; 1 for a line that is too long or has a NUL in it; or what take
 * returned that is not 0. */
int cli_targets_each(const char *text, size_t len, int (*take)(void *arg, const char *target),
                     void *arg);

#endif
