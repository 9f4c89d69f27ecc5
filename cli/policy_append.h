/* policy_append.h — one more entry at the end of a policy file, or in the place of an old one. */
#ifndef ANYCERT_CLI_POLICY_APPEND_H
#define ANYCERT_CLI_POLICY_APPEND_H

#include <anycert/error.h>

#include "text.h"

/* The line that is an entry for exactly the hosts of this one, without its line end, into old, and
 * its number; 0 if there is none. A file that does not exist is empty. -1 with a sentence. */
int cli_policy_find(const char *path, const char *line, struct cli_bytes *old, size_t *number,
                    struct anycert_error *err);
/* Whether the file with the line behind it, or in the place of old_line, would be right, and the
 * line would do something. -1 with a sentence. */
int cli_policy_check(const char *path, const char *line, const char *old_line,
                     struct anycert_error *err);
/* Writes it so, if that is so (old_line NULL: behind the others). The rest stays as it is, byte by
 * byte, and so does the file's mode. The file is replaced in one step, and what somebody else
 * writes meanwhile is not lost. -1 with a sentence, and the file is as it was. */
int cli_policy_write(const char *path, const char *line, const char *old_line,
                     struct anycert_error *err);

#endif
