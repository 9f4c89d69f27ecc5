#include "doctor_targets.h"

#include <stdlib.h>
#include <string.h>

#include "targets.h"

int cli_targets_add(struct cli_targets *targets, size_t line, const char *text,
                    struct anycert_error *err)
{
    struct cli_target *items = realloc(targets->items, (targets->count + 1) * sizeof *items);
    if (!items)
        return cli_no_memory(err);
    targets->items = items;
    items[targets->count] = (struct cli_target){cli_copy(text, err), line};
    if (!items[targets->count].text)
        return -1;
    targets->count++;
    return 0;
}

void cli_targets_free(struct cli_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        cli_wipe_free(targets->items[i].text);
    free(targets->items);
    *targets = (struct cli_targets){0};
}

struct reading {
    struct cli_targets *targets;
    struct anycert_error *err;
};

static int take_target(void *arg, size_t line, const char *target)
{
    const struct reading *reading = arg;
    return cli_targets_add(reading->targets, line, target ? target : "", reading->err);
}

static int read_list(struct cli_targets *targets, struct anycert_error *err)
{
    struct reading reading = {targets, err};
    struct cli_bytes bytes = {0};
    int status = cli_bytes_read(&bytes, "-", "TARGET", err);
    if (status == 0)
        status = cli_targets_each(bytes.data, bytes.len, take_target, &reading);
    cli_bytes_free(&bytes);
    return status;
}

int cli_targets_find(struct cli_targets *targets, const struct cli_list *given, const char *url,
                     struct anycert_error *err)
{
    bool read = false;
    for (size_t i = 0; i < given->count; i++) {
        bool list = strcmp(given->items[i], "-") == 0;
        if (list && read)
            return cli_error(err, ANYCERT_E_USAGE, "standard input is read once; leave one - out");
        read = read || list;
        if ((list ? read_list(targets, err) : cli_targets_add(targets, 0, given->items[i], err)) !=
            0)
            return -1;
    }
    return given->count == 0 && url ? cli_targets_add(targets, 0, url, err) : 0;
}

int cli_target_check(const struct cli_target *target, struct anycert_error *err)
{
    if (target->text[0] == '\0')
        return cli_error(err, ANYCERT_E_USAGE, "no target is so long, or has a NUL byte in it");
    if (target->text[0] == '-')
        return cli_error(err, ANYCERT_E_USAGE,
                         "'%.*s' is no target: no host name begins with -, and options stand "
                         "behind the command",
                         (int)strcspn(target->text, "=@?# "), target->text);
    return 0;
}

void cli_target_context(const struct cli_target *target, struct anycert_error *err)
{
    if (target->line > 0 && (err->code == ANYCERT_E_USAGE || err->code == ANYCERT_E_URL))
        (void)cli_error_context(err, "standard input, line %zu: ", target->line);
}
