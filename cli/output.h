/* output.h — where the body of the answer goes, and other files that are written. */
#ifndef ANYCERT_CLI_OUTPUT_H
#define ANYCERT_CLI_OUTPUT_H

#include <anycert/client.h>

#include "options.h"

/* A file to be written. A regular file is replaced in one step; a device, pipe or socket is written
 * to. */
struct cli_target {
    char *path; /* symbolic links resolved; NULL: standard output */
    int fd;     /* of standard output or what is no regular file, else -1 */
};
/* Finds out before anything is sent that path ("-": standard output) can be written. option is for
 * the error. */
int cli_target_open(struct cli_target *target, const char *path, const char *option,
                    struct anycert_error *err);
/* Whether both name one regular file, there or yet to come. */
bool cli_target_same(const struct cli_target *a, const struct cli_target *b);
/* Writes everything, or leaves a regular file as it was. -1 with code. */
int cli_target_write(const struct cli_target *target, const void *data, size_t len, int code,
                     struct anycert_error *err);
void cli_target_close(struct cli_target *target);

/* Writes everything; an interrupted write goes on, but after a signal that ends the program. 0, or
 * an errno. */
int cli_write_all(int fd, const void *data, size_t len);

struct cli_output {
    struct cli_target target;
    bool in_memory; /* the header comes before the body, so the body has to wait */
    int error;      /* errno of a write that failed */
};
/* Checks -o and says so to the request. */
int cli_output_open(struct cli_output *output, const struct cli_options *options,
                    struct anycert_request *request, struct anycert_error *err);
/* Writes what waited in memory: the header (-i, HEAD) and the body. */
int cli_output_finish(struct cli_output *output, const struct anycert_response *response,
                      struct anycert_error *err);
/* Turns BODY_WRITE into a sentence that says why; true if nobody reads standard output any more. */
bool cli_output_explain(const struct cli_output *output, struct anycert_error *err);
void cli_output_close(struct cli_output *output);

#endif
