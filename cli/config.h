/* config.h — from the options to a client's configuration. */
#ifndef ANYCERT_CLI_CONFIG_H
#define ANYCERT_CLI_CONFIG_H

#include <anycert/client.h>
#include <anycert/profile.h>

#include "trust.h"

/* Everything but the trace callback: the profile's settings, then those of the options. NULL with
 * USAGE and others. Free with anycert_config_free. */
struct anycert_config *cli_config_make(const struct cli_options *options,
                                       struct anycert_profile *profile,
                                       const struct cli_trust *trust, struct anycert_error *err);

#endif
