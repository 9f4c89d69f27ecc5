#include "policy_change.h"

#include <string.h>

struct change {
    struct cli_bytes *out;
    const char *indent;
    struct anycert_error *err;
};

static int add(const struct change *change, const char *text)
{
    return cli_bytes_add_text(change->out, text, change->err);
}

static int add_line(const struct change *change, const char *label, const char *text)
{
    return add(change, change->indent) == 0 && add(change, label) == 0 && add(change, text) == 0 &&
                   add(change, "\n") == 0
               ? 0
               : -1;
}

/* Its place on the ladder: more of it is more that is given up. */
static int step_of(const struct anycert_policy *policy)
{
    int step = 0;
    for (const struct anycert_rung *r = anycert_rung_next(NULL);
         r && strcmp(anycert_rung_name(r), anycert_policy_rung(policy)) != 0;
         r = anycert_rung_next(r))
        step++;
    return step;
}

/* Relaxations of one that another does not have. */
static int add_more(const struct change *change, const char *label,
                    const struct anycert_policy *policy, const struct anycert_policy *other)
{
    struct cli_bytes names = {0};
    int status = 0;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r && status == 0;
         r = anycert_relaxation_next(r)) {
        if (!anycert_policy_relaxes(policy, r) || anycert_policy_relaxes(other, r))
            continue;
        if (names.len > 0)
            status = cli_bytes_add_text(&names, ", ", change->err);
        if (status == 0)
            status = cli_bytes_add_text(&names, anycert_relaxation_name(r), change->err);
    }
    if (status == 0 && names.len > 0)
        status = add_line(change, label, names.data);
    cli_bytes_free(&names);
    return status;
}

/* Of a rung in the place of another, what the old one let through and the new does not is not
 * named. */
static int add_rung(const struct change *change, const struct anycert_policy *before,
                    const struct anycert_policy *after)
{
    int from = step_of(before), to = step_of(after);
    if (from == to)
        return add_more(change, "wider: also relaxes ", after, before) == 0
                   ? add_more(change, "narrower: no longer relaxes ", before, after)
                   : -1;
    if (add(change, change->indent) != 0 ||
        add(change, to > from ? "wider: " : "narrower: ") != 0 ||
        add(change, anycert_policy_rung(after)) != 0 || add(change, " instead of ") != 0 ||
        add(change, anycert_policy_rung(before)) != 0 || add(change, "\n") != 0)
        return -1;
    /* What the old rung did not let through, whichever stands higher. */
    return add_more(change, "wider: also relaxes ", after, before);
}

static int add_key(const struct change *change, const char *key,
                   const struct anycert_policy *before, const struct anycert_policy *after)
{
    char *from = NULL, *to = NULL;
    int had = anycert_policy_get(before, key, &from, change->err);
    int has = had < 0 ? -1 : anycert_policy_get(after, key, &to, change->err);
    int status = has < 0 ? -1 : 0;
    if (status == 0 && (had != has || (had == 1 && strcmp(from, to) != 0))) {
        /* A pin and an end only ever take something away. */
        bool narrows = strcmp(key, "pin") == 0 || strcmp(key, "until") == 0;
        const char *label = !narrows || had == has ? "" : had == 1 ? "wider: " : "narrower: ";
        if (add(change, change->indent) != 0 || add(change, label) != 0 || add(change, key) != 0 ||
            add(change, ": ") != 0 || add(change, had == 1 ? from : "none") != 0 ||
            add(change, " -> ") != 0 || add(change, has == 1 ? to : "none") != 0 ||
            add(change, "\n") != 0)
            status = -1;
    }
    anycert_free(from);
    anycert_free(to);
    return status;
}

int cli_policy_changes(struct cli_bytes *out, const char *indent,
                       const struct anycert_policy *before, const struct anycert_policy *after,
                       int64_t now, struct anycert_error *err)
{
    static const char *const keys[] = {"ca",  "pin", "check", "mode",  "expect-name",
                                       "sni", "for", "until", "reason"};
    const struct change change = {out, indent, err};
    struct anycert_policy *in_force = anycert_policy_effective(before, now, err);
    int64_t until = 0;
    bool has_ended = anycert_policy_until(before, &until) == 1 && until < now;
    int status = in_force ? 0 : -1;
    if (status == 0 && has_ended)
        status = add_line(&change, "", "the old entry has ended, and relaxes nothing any more");
    if (status == 0)
        status = add_rung(&change, in_force, after);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && status == 0; i++)
        status = add_key(&change, keys[i], before, after);
    anycert_policy_free(in_force);
    return status;
}
