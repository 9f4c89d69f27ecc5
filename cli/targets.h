/* targets.h — a list of targets as text: one a line. */
#ifndef ANYCERT_CLI_TARGETS_H
#define ANYCERT_CLI_TARGETS_H

#include <stddef.h>

#define CLI_TARGET_SIZE 4096 /* of one target, its NUL included */

/* Takes what the line with this number, from 1 on, says; other than 0 ends it. */
typedef int cli_target_take(void *arg, size_t line, const char *target);

/* Calls take with each line's target, without the blanks around it, in their order; NULL stands for
 * a line that is too long or has a NUL in it. Empty lines, comments (from a # on that begins the
 * line or stands behind a blank) and a byte order mark are passed over. 0, or what take returned
 * that is not 0. */
int cli_targets_each(const char *text, size_t len, cli_target_take *take, void *arg);

#endif
