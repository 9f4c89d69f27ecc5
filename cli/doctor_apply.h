/* doctor_apply.h — anycert doctor --apply: the entry of a policy file that the diagnosis comes to.
 */
#ifndef ANYCERT_CLI_DOCTOR_APPLY_H
#define ANYCERT_CLI_DOCTOR_APPLY_H

#include <anycert/doctor.h>

#include "doctor_entry.h"
#include "options.h"

/* What --apply was given; these options mean the entry, and nothing of the examination. */
struct cli_apply {
    bool wanted, yes, replace;
    char *file, *reason, *until;
    struct cli_list pins;   /* as given, with commas between several; what is typed joins them */
    char *way;              /* options for a request that goes there; NULL: none can be said */
    char *proxy_trust;      /* what it gives to the proxy, or NULL */
    bool stands, wrote;     /* an entry, in the file: written now or before, and now */
    bool uncompared;        /* dates are wrong, and the server did not say what time it is */
    struct cli_bytes given; /* the options that trust was given with, for the reason */
    const struct anycert_policy *proxy_base; /* what the proxy was examined with; NULL: hardened */
    char proxy_place[CLI_PLACE_MAX];         /* "host:port" of an https:// proxy, or "" */
};

/* Takes them out of the options. -1 with USAGE if they do not fit together. */
int cli_apply_take(struct cli_apply *apply, struct cli_options *options, struct anycert_error *err);
void cli_apply_free(struct cli_apply *apply);
/* Adds a list of pins with commas between them. -1 with a sentence if one is none. */
int cli_apply_add_pins(struct cli_list *pins, const char *text, struct anycert_error *err);
/* Whether a request that nobody has asked for says nothing about the entry: it got no answer, or
 * that a certificate of ours is missing, and this machine's clock is not known to be wrong by it.
 * *answered: there was an answer. */
bool cli_apply_passes_over(const struct anycert_diagnosis *diagnosis, bool *answered);
/* Shows the entry, asks, and writes it; of an https proxy that needs one, or has been given a
 * policy that is enough, its entry first. base is what the examination began with, or NULL. 0 if it
 * was written, is the same already, or none is needed; -1 with a sentence if it was not: neither,
 * where it is this machine's clock that is wrong. */
int cli_apply(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
              const struct anycert_policy *base, struct anycert_error *err);

#endif
