/* policy_append.h — one more entry at the end of a policy file. */
#ifndef ANYCERT_CLI_POLICY_APPEND_H
#define ANYCERT_CLI_POLICY_APPEND_H

#include <anycert/error.h>

/* Whether the file with the line behind it would be right, and the line would do something. A file
 * that does not exist is empty. -1 with a sentence. */
int cli_policy_check(const char *path, const char *line, struct anycert_error *err);
/* Appends it, if that is so; the rest stays as it is, and so does the file's mode. The file is
 * replaced in one step, and what somebody else writes meanwhile is not lost. -1 with a sentence,
 * and the file is as it was. */
int cli_policy_append(const char *path, const char *line, struct anycert_error *err);

#endif
