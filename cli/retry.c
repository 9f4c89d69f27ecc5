#include "retry.h"

#include <string.h>

#include <anycert/call.h>

/* What curl tries again, and how long it waits at first. */
#define DEFAULT_CODES    "408,429,500,502,503,504"
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

/* An option of retries without --retry. */
static int check_alone(const struct cli_options *o, struct anycert_error *err)
{
    const char *alone = o->retry_delay          ? "--retry-delay"
                        : o->retry_on           ? "--retry-on"
                        : o->retry_methods      ? "--retry-methods"
                        : o->retry_after_max    ? "--retry-after-max"
                        : o->idempotency_header ? "--idempotency-header"
                                                : NULL;
    return alone ? cli_error(err, ANYCERT_E_USAGE, "%s means nothing without --retry", alone) : 0;
}

static int set_statuses(struct anycert_retry *retry, const struct cli_options *o,
                        struct anycert_error *err)
{
    struct cli_codes codes;
    if (cli_codes_parse(&codes, o->retry_on ? o->retry_on : DEFAULT_CODES, "--retry-on", err) != 0)
        return -1;
    return anycert_retry_set_statuses(retry, codes.list, codes.count, err);
}

static int fill(struct anycert_retry *retry, const struct cli_options *o, struct anycert_error *err)
{
    unsigned count;
    uint32_t delay = DEFAULT_DELAY_MS, longest;
    if (cli_parse_number(o->retry, "--retry", 1000, &count, err) != 0 ||
        anycert_retry_set_count(retry, count, err) != 0 || set_statuses(retry, o, err) != 0 ||
        (o->retry_delay && cli_parse_seconds(o->retry_delay, "--retry-delay", &delay, err) != 0) ||
        anycert_retry_set_backoff(retry, delay, 0, LONGEST_DELAY_MS, err) != 0)
        return -1;
    if (o->retry_methods && anycert_retry_set_methods(retry, o->retry_methods, err) != 0)
        return cli_error_context(err, "--retry-methods: ");
    if (o->retry_after_max &&
        (cli_parse_seconds(o->retry_after_max, "--retry-after-max", &longest, err) != 0 ||
         anycert_retry_set_retry_after_max(retry, longest, err) != 0))
        return -1;
    if (o->idempotency_header &&
        anycert_retry_set_idempotency_header(retry, o->idempotency_header, err) != 0)
        return cli_error_context(err, "--idempotency-header: ");
    return 0;
}

int cli_retry_set(struct anycert_config *config, const struct cli_options *o,
                  struct anycert_error *err)
{
    if (!o->retry)
        return check_alone(o, err);
    struct anycert_retry *retry = anycert_retry_new(err);
    int status = -1;
    if (retry && fill(retry, o, err) == 0)
        status = anycert_config_set_retry(config, retry, err);
    anycert_retry_free(retry);
    return status;
}
