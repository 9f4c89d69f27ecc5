/* upload.h — files and standard input as bodies, of which only the beginning is kept in memory. The
 * option that wants them is named in messages. */
#ifndef ANYCERT_CLI_UPLOAD_H
#define ANYCERT_CLI_UPLOAD_H

#include <anycert/client.h>

/* The rest of a large one is kept in a file without a name until the program ends, so that its
 * length is known and it can be sent again. One request of a program can have it. 0, or -1 with
 * FILE, INTERRUPTED, NOMEM. */
int cli_upload_standard_input(struct anycert_request *request, const char *option,
                              struct anycert_error *err);
/* A file on disk, read while it is sent. */
int cli_upload_file(struct anycert_request *request, const char *option, const char *path,
                    struct anycert_error *err);

#endif
