/* client/param.h — one parameter of a URL's query. */
#ifndef ANYCERT_CLIENT_PARAM_H
#define ANYCERT_CLIENT_PARAM_H

#include "base/error.h"

/* The URL with the parameter set to value, in place of every one of that name (which is compared
 * percent-decoded, '+' being a space); the others stay as they are. Free with anycert__free. NULL
 * with URL if it becomes too long, or NOMEM. */
char *anycert__url_set_param(const char *url, const char *name, const char *value,
                             struct anycert_error *err);

#endif
