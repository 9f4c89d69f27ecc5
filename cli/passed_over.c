#include "passed_over.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* A host and port, from "origin   https://HOST:PORT". False for http, to which no line applies. */
static bool read_origin(const char *plan, char host[300], uint16_t *port)
{
    static const char scheme[] = "https://";
    const char *start = plan ? strstr(plan, scheme) : NULL;
    const char *line = plan ? plan + strcspn(plan, "\n") : NULL;
    if (!start || start > line)
        return false;
    start += strlen(scheme);
    const char *colon = line;
    while (colon > start && *colon != ':')
        colon--;
    size_t length = (size_t)(colon - start);
    if (length == 0 || length >= 300)
        return false;
    memcpy(host, start, length);
    host[length] = '\0';
    *port = (uint16_t)strtoul(colon + 1, NULL, 10);
    return *port != 0;
}

/* The port that an entry is for, or 0: all of them. */
static uint16_t port_of(const struct anycert_policy_entry *entry)
{
    const char *hosts = anycert_policy_entry_hosts(entry);
    const char *colon = strrchr(hosts, ':'), *bracket = strrchr(hosts, ']');
    return colon && (!bracket || colon > bracket) ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

/* What stands in the way of the file, in the order in which it would be looked for. */
static const char *what_goes_before(const struct cli_trust *trust, const struct cli_options *o)
{
    const struct {
        const char *option;
        bool given;
    } rows[] = {
        {"-k", o->insecure},
        {"--trust", o->trust != NULL},
        {"--allow", o->allow.count > 0},
        {"--pin", o->pin.count > 0},
        {"--expect-name", o->expect_name != NULL},
        {"--sni", o->sni != NULL},
        {"--until", o->until != NULL},
        {"--reason", o->reason != NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].given)
            return rows[i].option;
    return strcmp(trust->policy_source, "default") == 0 ? "the profile" : trust->policy_source;
}

static bool has_pin(const struct anycert_policy *policy)
{
    char *pin = NULL;
    bool has = policy && anycert_policy_get(policy, "pin", &pin, NULL) == 1;
    anycert_free(pin);
    return has;
}

struct cli_passed_over cli_passed_over_find(const struct cli_trust *trust,
                                            const struct cli_options *options, const char *plan)
{
    struct cli_passed_over passed = {0};
    const struct anycert_policy_entry *entry = NULL;
    char host[300];
    uint16_t port = 0;
    if (!trust->file || !read_origin(plan, host, &port))
        return passed;
    const struct anycert_policy_entry *found = anycert_policy_file_find(trust->file, host, port);
    if (found && trust->leaves_it_to_file)
        return passed;
    if (found) {
        passed.line = anycert_policy_entry_source(found);
        passed.gives_up_pin =
            has_pin(anycert_policy_entry_policy(found)) && !has_pin(trust->policy);
        (void)snprintf(passed.why, sizeof passed.why, "%.100s goes before it",
                       what_goes_before(trust, options));
        return passed;
    }
    while ((entry = anycert_policy_file_next(trust->file, entry)) != NULL) {
        uint16_t other = port_of(entry);
        if (other == 0 || anycert_policy_file_find(trust->file, host, other) != entry)
            continue;
        passed.line = anycert_policy_entry_source(entry);
        (void)snprintf(passed.why, sizeof passed.why, "it is for port %u only", (unsigned)other);
        break;
    }
    if (!passed.line)
        (void)snprintf(passed.absent, sizeof passed.absent, "%.250s has no entry for %s:%u",
                       trust->file_path, host, (unsigned)port);
    return passed;
}

void cli_print_no_entry(const struct cli_trust *trust, const struct anycert_report *report)
{
    const char *host = anycert_report_host(report);
    uint16_t port = anycert_report_port(report);
    char place[CLI_PLACE_MAX];
    if (trust->file && !anycert_policy_file_find(trust->file, host, port))
        (void)fprintf(stderr, "  %-12s %s has no entry for %s\n", "policy file", trust->file_path,
                      cli_place(place, host, port));
}
