/* pin.h — the least policy that accepts a server by its key. */
#ifndef ANYCERT_CLI_PIN_H
#define ANYCERT_CLI_PIN_H

#include <stdbool.h>

#include <anycert/report.h>

#define CLI_PIN_POLICY_SIZE 512

/* Writes "pinned pin=..." with the key that was shown: with check= for what is right about name and
 * dates, and with the relaxations of what was negotiated, which no pin is about. Of the policy's
 * verdicts, or the reference's. False if no key was shown, or a pin would not do. */
bool cli_pin_policy(const struct anycert_report *report, bool of_reference,
                    char out[CLI_PIN_POLICY_SIZE]);

#endif
