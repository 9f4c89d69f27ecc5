/* form.h — -F and --form-string: the parts of a multipart form. */
#ifndef ANYCERT_CLI_FORM_H
#define ANYCERT_CLI_FORM_H

#include <anycert/client.h>

#include "options.h"

/* Adds the parts to the request. Files that are read into memory are read now, others when the
 * request is sent. -1 with USAGE, FILE, INTERRUPTED, NOMEM. */
int cli_form_add(struct anycert_request *request, const struct cli_options *options,
                 struct anycert_error *err);

/* The path that a value of -F reads from, or NULL; up to *len bytes. */
const char *cli_form_path(const char *value, size_t *len);

#endif
