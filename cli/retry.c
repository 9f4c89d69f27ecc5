#include "retry.h"

#include <stdio.h>
#include <string.h>

#include "profile.h"

/* How long is waited before the second retry, and at most. */
#define DEFAULT_DELAY_MS 1000
#define LONGEST_DELAY_MS 600000

/* Three digits from 100 to 599; the text behind them, or NULL. */
static const char *parse_code(const char *text, int *code)
{
    *code = 0;
    for (int i = 0; i < 3; i++, text++) {
        if (*text < '0' || *text > '9')
            return NULL;
        *code = *code * 10 + (*text - '0');
    }
    return *code >= 100 && *code <= 599 ? text : NULL;
}

static bool has_code(const struct cli_codes *codes, int code)
{
    for (size_t i = 0; i < codes->count; i++)
        if (codes->list[i] == code)
            return true;
    return false;
}

int cli_codes_parse(struct cli_codes *codes, const char *text, const char *option,
                    struct anycert_error *err)
{
    codes->count = 0;
    for (const char *p = text;; p++) {
        int first, last;
        p = parse_code(p, &first);
        last = first;
        if (p && *p == '-')
            p = parse_code(p + 1, &last);
        if (!p || (*p != ',' && *p != '\0') || last < first)
            return cli_error(err, ANYCERT_E_USAGE,
                             "%s: '%s' is no list of HTTP statuses, such as 200,404 or 200-299",
                             option, text);
        for (int code = first; code <= last; code++)
            if (!has_code(codes, code))
                codes->list[codes->count++] = code;
        if (*p == '\0')
            return 0;
    }
}

/* An option of retries where there are none. */
static int check_alone(const struct cli_options *o, struct anycert_error *err)
{
    const char *alone = o->retry_delay          ? "--retry-delay"
                        : o->retry_on           ? "--retry-on"
                        : o->retry_methods      ? "--retry-methods"
                        : o->retry_after_max    ? "--retry-after-max"
                        : o->idempotency_header ? "--idempotency-header"
                                                : NULL;
    return alone ? cli_error(err, ANYCERT_E_USAGE, "%s means nothing without --retry%s", alone,
                             o->profile ? ", or retries in the profile" : "")
                 : 0;
}

static int set_count(struct anycert_profile *profile, const struct cli_options *o,
                     struct anycert_error *err)
{
    unsigned count;
    char json[16];
    if (cli_parse_number(o->retry, "--retry", 1000, &count, err) != 0)
        return -1;
    (void)snprintf(json, sizeof json, "%u", count);
    return anycert_profile_set(profile, "retries", json, "--retry", err);
}

/* The library waits for twice its factor before the second retry. */
static int set_delay(struct anycert_profile *profile, uint32_t ms, const char *source,
                     struct anycert_error *err)
{
    return cli_profile_set_seconds(profile, "retry_backoff", ms / 2 + ms % 2, source, err);
}

/* A profile that knows of no retries gets what curl does, in place of the keys' own defaults. */
static int set_defaults(struct anycert_profile *profile, struct anycert_error *err)
{
    const char *backoff = anycert_profile_value(profile, "retry_backoff");
    const char *longest = anycert_profile_value(profile, "retry_max_delay");
    if (!backoff && set_delay(profile, DEFAULT_DELAY_MS, "default", err) != 0)
        return -1;
    return longest ? 0
                   : cli_profile_set_seconds(profile, "retry_max_delay", LONGEST_DELAY_MS,
                                             "default", err);
}

static int set_statuses(struct anycert_profile *profile, const char *text,
                        struct anycert_error *err)
{
    struct cli_codes codes;
    char json[CLI_CODES_MAX * 4 + 2] = "[";
    if (cli_codes_parse(&codes, text, "--retry-on", err) != 0)
        return -1;
    for (size_t i = 0; i < codes.count; i++) /* four characters each */
        (void)snprintf(json + 1 + 4 * i, 5, "%03d%c", codes.list[i],
                       i + 1 < codes.count ? ',' : ']');
    return anycert_profile_set(profile, "retry_statuses", json, "--retry-on", err);
}

int cli_retry_set(struct anycert_profile *profile, const struct cli_options *o,
                  struct anycert_error *err)
{
    const char *given = anycert_profile_source(profile, "retries");
    bool in_profile = strcmp(given, "default") != 0;
    uint32_t ms;
    if (!o->retry && !in_profile)
        return check_alone(o, err);
    if (o->retry && set_count(profile, o, err) != 0)
        return -1;
    if (o->retry_delay && (cli_parse_seconds(o->retry_delay, "--retry-delay", &ms, err) != 0 ||
                           set_delay(profile, ms, "--retry-delay", err) != 0))
        return -1;
    if (o->retry_on && set_statuses(profile, o->retry_on, err) != 0)
        return -1;
    if (o->retry_methods && cli_profile_set_string(profile, "retry_methods", o->retry_methods,
                                                   "--retry-methods", err) != 0)
        return -1;
    if (o->retry_after_max &&
        (cli_parse_seconds(o->retry_after_max, "--retry-after-max", &ms, err) != 0 ||
         cli_profile_set_seconds(profile, "retry_after_max", ms, "--retry-after-max", err) != 0))
        return -1;
    if (o->idempotency_header &&
        cli_profile_set_string(profile, "idempotency_header", o->idempotency_header,
                               "--idempotency-header", err) != 0)
        return -1;
    return in_profile ? 0 : set_defaults(profile, err);
}

void cli_retry_tell(const struct anycert_response *response, struct anycert_error *err)
{
    unsigned retries = response ? anycert_response_retries(response) : 0;
    char text[40];
    if (retries == 0 || err->code == 0)
        return;
    (void)snprintf(text, sizeof text, ", after %u tries", retries + 1);
    cli_error_append(err, text);
}
