/* pin.h — the least policies that accept a server which was refused. */
#ifndef ANYCERT_CLI_PIN_H
#define ANYCERT_CLI_PIN_H

#include <stdbool.h>

#include <anycert/report.h>

/* Each gives the policy's text, to be freed with anycert_free, or NULL if there is none that would
 * do. They go by the report's verdicts, or by those of its reference; what the policy relaxes,
 * names and trusts already stays. */

/* By the key that was shown: hardened with what is wrong relaxed, and the pin, as the doctor has
 * it; where something has no relaxation or the chain authenticates, pinned, with check= for what is
 * right about name and dates, and with the relaxations that the protocol needs, which no pin is
 * about. */
char *cli_pin_policy(const struct anycert_report *report, bool of_reference);

/* The policy in force with the key that was shown in place of those that it pins, if nothing else
 * is wrong: no less is checked than before. */
char *cli_changed_pin(const struct anycert_report *report);

/* By the chain as it is accepted already, and by the key of the server's own certificate, too. */
char *cli_pinned_too(const struct anycert_report *report);

/* By the chain as before, for a certificate that has other names than was asked for: if it is one
 * that fails by its name, the expected name; else the relaxations that leave the peer
 * authenticated. message is the error's, for a handshake that failed, or
 * NULL. */
char *cli_chain_policy(const struct anycert_report *report, bool of_reference, const char *message);

/* Whether a certificate's names are a single one, and no pattern. */
bool cli_is_one_name(const char *names);
/* Whether a word of a sentence is the name of a relaxation. */
bool cli_is_named(const char *sentence, const char *name);

#endif
