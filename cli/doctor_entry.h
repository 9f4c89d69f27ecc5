/* doctor_entry.h — the words of an entry that anycert doctor --apply writes. */
#ifndef ANYCERT_CLI_DOCTOR_ENTRY_H
#define ANYCERT_CLI_DOCTOR_ENTRY_H

#include <anycert/doctor.h>

#include "options.h"
#include "text.h"

#define CLI_REASON_MAX 200

/* Whether a cause is the entry's own: the causes of a proxy that gets an entry are among those of
 * the whole, too. */
bool cli_cause_is_own(const struct anycert_diagnosis *diagnosis, size_t cause);

/* The causes that the entry answers and the day, cut where that is too long; of an entry that
 * answers none (diagnosis may be NULL), what was given: options with commas between them, or "". */
void cli_entry_reason(const struct anycert_diagnosis *diagnosis, const char *given,
                      char out[CLI_REASON_MAX + 1]);

/* The options that trust was given with. -1 with NOMEM. */
int cli_entry_given(const struct cli_options *options, struct cli_bytes *out,
                    struct anycert_error *err);

/* What else a request needs besides the entry to go the way of the examination, as options for a
 * shell, each behind a blank, or NULL if one cannot
 * be pasted. Free with cli_wipe_free. */
char *cli_entry_way(const struct cli_options *options);

/* Where an entry of the https:// proxy with that URL is about, "host:port"; "" if it is no such
 * URL (NULL: none). */
void cli_entry_proxy_place(const char *url, char out[CLI_PLACE_MAX]);

/* The request by the entry, as a line. way: options, or NULL. */
void cli_entry_print_use(const struct anycert_diagnosis *diagnosis, const char *file,
                         const char *way, const char *proxy_trust);

#endif
