/* config.h — from the options to a client's configuration. */
#ifndef ANYCERT_CLI_CONFIG_H
#define ANYCERT_CLI_CONFIG_H

#include <anycert/client.h>

#include "trust.h"

/* Everything but the trace callback. NULL with USAGE and others. Free with anycert_config_free. */
struct anycert_config *cli_config_make(const struct cli_options *options,
                                       const struct cli_trust *trust, struct anycert_error *err);

/* The proxy that is used for the URL: of -x or, with --env-proxy, of the environment, with
 * "http://" in front if it has no scheme. *proxy is NULL for none; free it with cli_wipe_free.
 * *source names the variable. */
int cli_proxy_find(const struct cli_options *options, char **proxy, const char **source,
                   struct anycert_error *err);

#endif
