#include "refusal_parts.h"

#include <stdio.h>
#include <string.h>

#include "suggest.h"
#include "text.h"

/* The only certificate sent that issued the one at index, or -1. */
static int issuer_index(const struct anycert_report *report, size_t index)
{
    int found = -1;
    for (size_t i = 0; i < anycert_report_chain_length(report); i++) {
        if (i == index || strcmp(anycert_report_cert_subject(report, i),
                                 anycert_report_cert_issuer(report, index)) != 0)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

/* Depths count along the chain that was built, indexes along what was sent, in any order. */
static int index_of_depth(const struct anycert_report *report, int depth)
{
    int index = 0;
    for (int i = 0; i < depth && index >= 0; i++)
        index = issuer_index(report, (size_t)index);
    return index;
}

static void print_pin(const struct anycert_report *report, bool other)
{
    const char *unproven =
        anycert_report_key_proven(report) ? "" : "unproven: the handshake was refused";
    const char *own = other ? "of the server's own certificate" : "";
    if (*own == '\0' && *unproven == '\0')
        cli_refusal_line("pin", anycert_report_cert_pin(report, 0));
    else
        (void)fprintf(stderr, "  %-12s %s (%s%s%s)\n", "pin", anycert_report_cert_pin(report, 0),
                      own, *own != '\0' && *unproven != '\0' ? "; " : "", unproven);
}

void cli_refusal_certificate(const struct anycert_report *report)
{
    if (anycert_report_chain_length(report) == 0)
        return;
    const struct anycert_check *failed = cli_next_failed(report, NULL);
    int depth = failed ? anycert_check_depth(failed) : 0;
    int index = index_of_depth(report, depth);
    size_t shown = index > 0 ? (size_t)index : 0;
    char from[CLI_DATE_SIZE], to[CLI_DATE_SIZE], note[80] = "";
    const char *names = anycert_report_cert_names(report, shown);
    if (depth > 0)
        (void)snprintf(note, sizeof note,
                       index > 0 ? " (the certificate at depth %d of the chain)"
                                 : " (the server's own; the one at depth %d was not sent)",
                       depth);
    cli_format_date(anycert_report_cert_not_before(report, shown), from);
    cli_format_date(anycert_report_cert_not_after(report, shown), to);
    (void)fprintf(stderr, "  %-12s %s%s\n", "subject", anycert_report_cert_subject(report, shown),
                  note);
    cli_refusal_line("issuer", anycert_report_cert_issuer(report, shown));
    (void)fprintf(stderr, "  %-12s %s to %s\n", "valid", from, to);
    (void)fprintf(stderr, "  %-12s %s; %s\n", "names, key", *names ? names : "no subjectAltName",
                  anycert_report_cert_key(report, shown));
    print_pin(report, shown > 0);
}
