/* paste.h — commands to be pasted into a shell. */
#ifndef ANYCERT_CLI_PASTE_H
#define ANYCERT_CLI_PASTE_H

#include <anycert/report.h>

#include "options.h"

/* Appends a word, quoted where a shell needs it. -1 if it has control characters, which nobody
 * could see, or memory ran out. */
int cli_paste_word(struct cli_bytes *out, const char *word);

/* HOST:PORT, with brackets where they belong. */
int cli_paste_authority(struct cli_bytes *out, const struct anycert_report *report);

/* "anycert trust add HOST:PORT --pin PIN": the key that was shown, into the store of a path or the
 * usual one (NULL). -1 as above. */
int cli_paste_trust_add(struct cli_bytes *out, const struct anycert_report *report,
                        const char *trust_store);

/* "anycert doctor --profile NAME … URL" for the host of the report: a request that was made from a
 * profile is examined by it, with what was said beside it. -1 as above. */
int cli_paste_doctor(struct cli_bytes *out, const struct cli_options *options,
                     const struct anycert_report *report);

/* "anycert get --trust POLICY … URL": the request once more under another policy, with what was
 * said about the way there and the client certificate, and without what would say a secret.
 * is_same: the URL of the options, without its query; else the host of the report. The text is to
 * be freed with cli_bytes_free; -1 if there is no such command. */
int cli_paste_get(struct cli_bytes *out, const struct cli_options *options, const char *policy,
                  const struct anycert_report *report, bool is_same);

#endif
