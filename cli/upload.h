/* upload.h — standard input as a body (-T -), of which only the beginning is kept in memory. */
#ifndef ANYCERT_CLI_UPLOAD_H
#define ANYCERT_CLI_UPLOAD_H

#include <anycert/client.h>

/* The rest of a large one is kept in a file without a name until the program ends, so that its
 * length is known and it can be sent again. One request of a program can have it. 0, or -1 with
 * FILE, INTERRUPTED, NOMEM. */
int cli_upload_standard_input(struct anycert_request *request, struct anycert_error *err);

#endif
