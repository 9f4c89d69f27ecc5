#include "pin.h"

#include <stdio.h>
#include <string.h>

#define REVOKED 23 /* X509_V_ERR_CERT_REVOKED */

static enum anycert_verdict verdict_of(const struct anycert_check *check, bool of_reference)
{
    return of_reference ? anycert_check_reference_verdict(check) : anycert_check_verdict(check);
}

/* Whether a check with this name is there, and each time it is, it has passed. */
static bool has_passed(const struct anycert_report *report, bool of_reference, const char *name)
{
    bool found = false;
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        if (strcmp(anycert_check_id(c), name) != 0)
            continue;
        if (verdict_of(c, of_reference) != ANYCERT_PASS)
            return false;
        found = true;
    }
    return found;
}

static bool add(char out[CLI_PIN_POLICY_SIZE], const char *before, const char *text)
{
    size_t used = strlen(out);
    int n = snprintf(out + used, CLI_PIN_POLICY_SIZE - used, "%s%s", before, text);
    return n >= 0 && (size_t)n < CLI_PIN_POLICY_SIZE - used;
}

/* What was negotiated belongs to no certificate; false if there is no way to have it. */
static bool add_negotiated(const struct anycert_report *report, bool of_reference,
                           char out[CLI_PIN_POLICY_SIZE])
{
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        const char *name = anycert_check_relaxation(c);
        char word[64];
        if (verdict_of(c, of_reference) != ANYCERT_FAIL)
            continue;
        if (anycert_check_x509_code(c) == REVOKED)
            return false;
        if (anycert_check_depth(c) >= 0 || strcmp(anycert_check_id(c), "pin") == 0)
            continue;
        if (!name)
            return false;
        (void)snprintf(word, sizeof word, "+%s", name);
        if (!strstr(out, word) && !add(out, "+", name))
            return false;
    }
    return true;
}

bool cli_pin_policy(const struct anycert_report *report, bool of_reference,
                    char out[CLI_PIN_POLICY_SIZE])
{
    const char *pin = anycert_report_cert_pin(report, 0);
    bool name = has_passed(report, of_reference, "name");
    bool dates = has_passed(report, of_reference, "dates");
    out[0] = '\0';
    return pin && add(out, "", "pinned") && add_negotiated(report, of_reference, out) &&
           add(out, " pin=", pin) &&
           (!(name || dates) || add(out, " check=", name ? "name" : "")) &&
           (!dates || add(out, name ? "," : "", "dates"));
}
