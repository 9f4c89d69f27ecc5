#include "doctor/remedy.h"

#include "base/mem.h"
#include "base/str.h"
#include "doctor/blank.h"

#include <string.h>

enum language {
    LANGUAGE_NONE,
    LANGUAGE_SHELL,
    LANGUAGE_NGINX,
    LANGUAGE_APACHE,
    LANGUAGE_HAPROXY,
    LANGUAGE_POWERSHELL
};

enum who { WHO_CLIENT, WHO_SERVER, WHO_NETWORK };

/* Several rows have one name: it is compared as text. */
static const struct row {
    const char *name;
    enum who who;
    const char *where;
    enum language language;
    const char *text, *lines;
} rows[] = {
#define REMEDY(name, who, where, language, text, lines)                                            \
    {#name, WHO_##who, (where), LANGUAGE_##language, (text), (lines)},
#include "doctor/remedies.def"
};

static const struct {
    enum anycert__cause_number cause;
    const char *remedy;
} cures[] = {
#define CURES(cause, remedy) {ANYCERT__CAUSE_##cause, #remedy},
#include "doctor/cures.def"
};

#define TEXT_MAX      65536
#define LINE_MAX_SIZE 1024

static const char *who_name(enum who who)
{
    switch (who) {
    case WHO_CLIENT:
        return "client";
    case WHO_SERVER:
        return "server";
    case WHO_NETWORK:
        return "network";
    }
    return "client";
}

static const char *language_name(enum language language)
{
    switch (language) {
    case LANGUAGE_NONE:
        return NULL;
    case LANGUAGE_SHELL:
        return "shell";
    case LANGUAGE_NGINX:
        return "nginx";
    case LANGUAGE_APACHE:
        return "apache";
    case LANGUAGE_HAPROXY:
        return "haproxy";
    case LANGUAGE_POWERSHELL:
        return "powershell";
    }
    return NULL;
}

/* What is known of the case. */
struct known {
    const struct anycert__evidence *evidence;
    size_t count;
    const struct anycert__words *given;
};

/* A line of a script; a request of ours goes the way that is given. */
static void fill_line(struct anycert__buf *buf, const char *line, const struct known *known)
{
    static const char own[] = "anycert get", beside[] = "--ca-add ";
    const char *add = NULL;

    if (anycert__str_starts(line, own)) {
        anycert__buf_adds(buf, own);
        anycert__words_write(buf, known->given, line);
        line += strlen(own);
        add = anycert__words_find(known->given, "cacert", 0) ? strstr(line, beside) : NULL;
    }
    /* The two exclude each other: what is added stands beside what was given. */
    if (add) {
        anycert__buf_add(buf, line, (size_t)(add - line));
        anycert__buf_adds(buf, "--cacert ");
        line = add + strlen(beside);
    }
    anycert__blank_fill(buf, line, ANYCERT__BLANK_SHELL, known->evidence, known->count);
}

static void fill_script(struct anycert__buf *buf, const char *text, const struct known *known)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char line[LINE_MAX_SIZE];

        len += text[len] == '\n';
        if (len >= sizeof line)
            len = sizeof line - 1;
        memcpy(line, text, len);
        line[len] = '\0';
        fill_line(buf, line, known);
        text += len;
    }
}

static char *filled(const char *text, enum anycert__blank_style style, const struct known *known,
                    struct anycert_error *err)
{
    struct anycert__buf buf;
    char *result = NULL;

    anycert__buf_init(&buf, TEXT_MAX);
    if (style == ANYCERT__BLANK_SHELL)
        fill_script(&buf, text, known);
    else
        anycert__blank_fill(&buf, text, style, known->evidence, known->count);
    result = anycert__buf_take(&buf, "a remedy", err);
    anycert__buf_free(&buf);
    return result;
}

static int add_row(const struct row *row, const struct known *known, struct anycert__remedies *out,
                   struct anycert_error *err)
{
    enum anycert__blank_style style =
        row->language == LANGUAGE_SHELL ? ANYCERT__BLANK_SHELL : ANYCERT__BLANK_PLAIN;
    struct anycert__remedy *remedy = &out->items[out->count++];

    remedy->audience = who_name(row->who);
    remedy->where = row->where;
    remedy->text = filled(row->text, ANYCERT__BLANK_SENTENCE, known, err);
    if (!remedy->text)
        return -1;
    if (row->language == LANGUAGE_NONE)
        return 0;
    remedy->language = language_name(row->language);
    remedy->lines = filled(row->lines, style, known, err);
    return remedy->lines ? 0 : -1;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int anycert__remedies_for(const struct anycert__cause *cause,
                          const struct anycert__evidence *evidence, size_t count,
                          const struct anycert__words *given, struct anycert__remedies *out,
                          struct anycert_error *err)
{
    const struct known known = {evidence, count, given};

    *out = (struct anycert__remedies){NULL, 0};
    out->items = anycert__calloc(COUNT(rows), sizeof *out->items);
    if (!out->items)
        return anycert__fail_nomem(err);
    for (size_t i = 0; i < COUNT(cures); i++) {
        for (size_t k = 0; cures[i].cause == cause->number && k < COUNT(rows); k++) {
            if (anycert__str_equal(rows[k].name, cures[i].remedy) &&
                add_row(&rows[k], &known, out, err) != 0) {
                anycert__remedies_clear(out);
                return -1;
            }
        }
    }
    return 0;
}

void anycert__remedies_clear(struct anycert__remedies *remedies)
{
    for (size_t i = 0; i < remedies->count; i++) {
        anycert__free(remedies->items[i].text);
        anycert__free(remedies->items[i].lines);
    }
    anycert__free(remedies->items);
    *remedies = (struct anycert__remedies){NULL, 0};
}
