#include "sources.h"

#include <stdlib.h>
#include <string.h>

/* The end of a part of a policy: the space behind it, but for those in quotes, or the end. */
static char *end_of_part(char *text)
{
    bool quoted = false;
    for (; *text != '\0' && (quoted || *text != ' '); text++) {
        if (quoted && *text == '\\' && text[1] != '\0')
            text++;
        else if (*text == '"')
            quoted = !quoted;
    }
    return text;
}

static bool is_allowed(const struct cli_options *o, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < o->allow.count; i++)
        for (const char *p = o->allow.items[i]; *p != '\0'; p += strcspn(p, ",") + 1) {
            if (strncmp(p, name, length) == 0 && (p[length] == ',' || p[length] == '\0'))
                return true;
            if (p[strcspn(p, ",")] == '\0')
                break;
        }
    return false;
}

/* The option that sets a key, if it was given. */
static const char *option_of(const struct cli_options *o, const char *key)
{
    const struct {
        const char *key, *option;
        bool given;
    } rows[] = {
        {"pin", "--pin", o->pin.count > 0},
        {"expect-name", "--expect-name", o->expect_name != NULL},
        {"sni", "--sni", o->sni != NULL},
        {"until", "--until", o->until != NULL},
        {"reason", "--reason", o->reason != NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].given && strcmp(rows[i].key, key) == 0)
            return rows[i].option;
    return NULL;
}

static void add(struct cli_values *values, const char *name, const char *value, const char *source)
{
    values->list[values->count++] = (struct cli_value){name, value, source};
}

/* "rung+relaxation+relaxation" */
static void add_head(struct cli_values *values, char *head, const char *base,
                     const struct cli_options *o, bool from_file)
{
    char *plus = strchr(head, '+');
    if (plus)
        *plus = '\0';
    add(values, "rung", head, base);
    while (plus) {
        char *name = plus + 1;
        plus = strchr(name, '+');
        if (plus)
            *plus = '\0';
        add(values, "relaxation", name, !from_file && is_allowed(o, name) ? "--allow" : base);
    }
}

/* No part is shorter than two characters, the one between them counted. */
static size_t most_values(const char *text)
{
    return strlen(text) / 2 + 2;
}

int cli_values_find(struct cli_values *values, const char *policy, const char *line,
                    const char *anchors, const struct cli_trust *trust, const struct cli_options *o,
                    struct anycert_error *err)
{
    const char *base = line ? line : trust->base_source;
    *values = (struct cli_values){.text = cli_copy(policy, err)};
    if (!values->text)
        return -1;
    values->list = calloc(most_values(policy), sizeof *values->list);
    if (!values->list)
        return cli_no_memory(err);
    for (char *part = values->text; *part != '\0';) {
        char *end = end_of_part(part);
        bool last = *end == '\0';
        char *equals = NULL;
        *end = '\0';
        equals = part == values->text ? NULL : strchr(part, '=');
        if (equals) {
            *equals = '\0';
            const char *option = line ? NULL : option_of(o, part);
            add(values, part, equals + 1,
                strcmp(part, "ca") == 0 ? anchors
                : option                ? option
                                        : base);
        } else {
            add_head(values, part, base, o, line != NULL);
        }
        part = last ? end : end + 1;
    }
    return 0;
}

void cli_values_free(struct cli_values *values)
{
    cli_wipe_free(values->text);
    free(values->list);
    *values = (struct cli_values){0};
}
