#include "doctor/remedy.h"

#include "base/mem.h"
#include "base/str.h"
#include "doctor/blank.h"
#include "verdict/proxy_words.h"

#include <string.h>

enum language {
    LANGUAGE_NONE,
    LANGUAGE_SHELL,
    LANGUAGE_NGINX,
    LANGUAGE_APACHE,
    LANGUAGE_HAPROXY,
    LANGUAGE_SQUID,
    LANGUAGE_POWERSHELL
};

enum who { WHO_CLIENT, WHO_SERVER, WHO_PROXY, WHO_NETWORK };

/* Several rows have one name: it is compared as text. */
static const struct row {
    const char *name;
    enum who who;
    const char *where;
    enum language language;
    const char *text, *lines;
} rows[] =
    {
#define REMEDY(name, who, where, language, text, lines)                                            \
    {#name, WHO_##who, (where), LANGUAGE_##language, (text), (lines)},
#include "doctor/remedies.def"
},
  of_proxy[] = {
#define ATPROXY(name, who, where, language, text, lines)                                           \
    {#name, WHO_##who, (where), LANGUAGE_##language, (text), (lines)},
#include "doctor/remedies_proxy.def"
};

static const struct {
    enum anycert__cause_number cause;
    const char *remedy;
} cures[] = {
#define CURES(cause, remedy) {ANYCERT__CAUSE_##cause, #remedy},
#include "doctor/cures.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define TEXT_MAX      65536
#define LINE_MAX_SIZE 1024

static const char *who_name(enum who who)
{
    switch (who) {
    case WHO_CLIENT:
        return "client";
    case WHO_SERVER:
        return "server";
    case WHO_PROXY:
        return "proxy";
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
    case LANGUAGE_SQUID:
        return "squid";
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
    bool at_proxy;
};

/* A line of a script; a request of ours goes the way that is given. */
static void fill_line(struct anycert__buf *buf, const char *line, const struct known *known)
{
    static const char *const own[] = {"anycert get", "anycert doctor"};
    static const char beside[] = "--ca-add ";
    const char *add = NULL;

    for (size_t i = 0; i < COUNT(own); i++) {
        if (!anycert__str_starts(line, own[i]))
            continue;
        anycert__buf_adds(buf, own[i]);
        anycert__words_write(buf, known->given, line);
        line += strlen(own[i]);
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

static bool knows_issuer(const struct known *known)
{
    return anycert__blank_is_filled("issuer-url", known->evidence, known->count);
}

/* Where no certificate says where it is, there is nothing to fetch. */
static bool is_fetch(const char *line)
{
    return strstr(line, "intermediate.der") != NULL;
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
        if (knows_issuer(known) || !is_fetch(line))
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
    char *text = NULL;
    bool becomes_proxys = known->at_proxy && row->who == WHO_SERVER;

    remedy->audience = who_name(becomes_proxys ? WHO_PROXY : row->who);
    remedy->where = anycert__said_of(row->where, becomes_proxys, err);
    text = anycert__said_of(row->text, becomes_proxys, err);
    remedy->text = text ? filled(text, ANYCERT__BLANK_SENTENCE, known, err) : NULL;
    anycert__free(text);
    if (!remedy->where || !remedy->text)
        return -1;
    if (row->language == LANGUAGE_NONE)
        return 0;
    remedy->language = language_name(row->language);
    remedy->lines = filled(row->lines, style, known, err);
    return remedy->lines ? 0 : -1;
}

/* A remedy that was tried, cannot be one, or is forbidden. */
static bool is_done(const char *name, const struct known *known)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct anycert__evidence *evidence = &known->evidence[i];

        if (!evidence->value)
            continue;
        if ((anycert__str_equal(evidence->key, "asked") &&
             anycert__str_equal(name, "COMPARE_CLOCK")) ||
            (anycert__str_equal(evidence->key, "hung-up") &&
             anycert__str_equal(name, "WAIT_FOR_ANSWER")) ||
            (anycert__str_equal(evidence->key, "no-pin") && anycert__str_starts(name, "USE_PIN")))
            return true;
    }
    return false;
}

/* What a server's remedy says to whoever wants to get through a proxy: nothing that is about the
 * URL, our own options, or a program that is no proxy. */
static bool is_for_proxy(const struct row *row)
{
    return !anycert__str_equal(row->where, "anycert") &&
           !anycert__str_equal(row->where, "the URL") && !anycert__str_equal(row->where, "IIS");
}

/* Whether a policy that is in its lines is known. */
static bool has_policy(const struct row *row, const struct known *known)
{
    static const char *const keys[] = {"trust-by-pin", "trust-by-name"};

    for (size_t k = 0; k < COUNT(keys); k++) {
        bool there = false;

        for (size_t i = 0; i < known->count; i++)
            there = there || (anycert__str_equal(known->evidence[i].key, keys[k]) &&
                              known->evidence[i].value);
        if (strstr(row->lines, keys[k]) && !there)
            return false;
    }
    return true;
}

/* Each place where it can be done. */
static int add_cure(const char *name, const struct anycert__remedy_case *c,
                    struct anycert__remedies *out, struct anycert_error *err)
{
    const struct known known = {c->evidence, c->count, c->given, c->on_the_way != NULL};
    const struct known way = {c->on_the_way, c->way_count, c->given, true};

    for (size_t k = 0; c->on_the_way && k < COUNT(of_proxy); k++) {
        const struct known *fitting = of_proxy[k].who == WHO_CLIENT ? &way : &known;

        if (anycert__str_equal(of_proxy[k].name, name) && has_policy(&of_proxy[k], fitting) &&
            add_row(&of_proxy[k], fitting, out, err) < 0)
            return -1;
    }
    if (is_done(name, &known) || (c->has_https && anycert__str_equal(name, "PROXY_HTTPS")) ||
        ((c->has_tls || c->has_socks) && anycert__str_equal(name, "PROXY_SOCKS")))
        return 0;
    for (size_t k = 0; k < COUNT(rows); k++) {
        if (anycert__str_equal(rows[k].name, name) && (!c->on_the_way || is_for_proxy(&rows[k])) &&
            add_row(&rows[k], &known, out, err) < 0)
            return -1;
    }
    return 0;
}

/* Who says nowhere where its issuer's certificate is has a private CA more often than not: public
 * ones have to say it. */
static bool comes_first(size_t cure, const struct anycert__remedy_case *c)
{
    const struct known known = {.evidence = c->evidence, .count = c->count};

    return cures[cure].cause == ANYCERT__CAUSE_MISSING_INTERMEDIATE &&
           anycert__str_equal(cures[cure].remedy, "ADD_CA_IF_PRIVATE") && !knows_issuer(&known);
}

static int add_cures(const struct anycert__cause *cause, const struct anycert__remedy_case *known,
                     bool first, struct anycert__remedies *out, struct anycert_error *err)
{
    for (size_t i = 0; i < COUNT(cures); i++) {
        if (cures[i].cause == cause->number && comes_first(i, known) == first &&
            add_cure(cures[i].remedy, known, out, err) < 0)
            return -1;
    }
    return 0;
}

int anycert__remedies_of_case(const struct anycert__cause *cause,
                              const struct anycert__remedy_case *known,
                              struct anycert__remedies *out, struct anycert_error *err)
{
    *out = (struct anycert__remedies){NULL, 0};
    out->items = anycert__calloc(COUNT(rows) + COUNT(of_proxy), sizeof *out->items);
    if (!out->items)
        return anycert__fail_nomem(err);
    if (add_cures(cause, known, true, out, err) < 0 ||
        add_cures(cause, known, false, out, err) < 0) {
        anycert__remedies_clear(out);
        return -1;
    }
    return 0;
}

int anycert__remedies_for(const struct anycert__cause *cause,
                          const struct anycert__evidence *evidence, size_t count,
                          const struct anycert__words *given, struct anycert__remedies *out,
                          struct anycert_error *err)
{
    const struct anycert__remedy_case known = {
        .evidence = evidence, .count = count, .given = given};

    return anycert__remedies_of_case(cause, &known, out, err);
}

void anycert__remedies_clear(struct anycert__remedies *remedies)
{
    for (size_t i = 0; i < remedies->count; i++) {
        anycert__free(remedies->items[i].where);
        anycert__free(remedies->items[i].text);
        anycert__free(remedies->items[i].lines);
    }
    anycert__free(remedies->items);
    *remedies = (struct anycert__remedies){NULL, 0};
}
