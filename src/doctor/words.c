#include "doctor/words.h"

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "doctor/doctor.h"

#include <string.h>

/* Those that say where a server is and who vouches for it; nothing that gives something up, writes
 * a file or is a secret. */
static const struct {
    const char *option;
    const char *instead; /* what a command has in its place; NULL: nothing takes it */
    bool of_tls;         /* means nothing to http:// */
} known[] = {
    {"profile", NULL, false},
    {"cacert", "--cacert ", true},
    {"ca-add", "--cacert ", true}, /* that one alone is to be trusted then */
    {"intermediate", NULL, true},
    {"expect-name", "--expect-name ", true},
    {"sni", "--sni ", true},
    {"proxy", "-x ", false},
    {"proxy-user-env", "--proxy-user-env ", false},
    {"proxy-trust", "--proxy-trust ", false},
    {"resolve", NULL, false},
    {"connect-to", NULL, false},
};

/* Whether a command repeats it. */
static bool is_repeated(const char *option, const char *command)
{
    bool is_plain = strstr(command, "{http-url}") != NULL;

    /* A doctor shows credentials to nobody. */
    if (anycert__str_starts(command, "anycert doctor") && strcmp(option, "proxy-user-env") == 0)
        return false;

    /* Nothing is shown by a proxy without TLS: a policy's pin would be refused. */
    if (strcmp(option, "proxy-trust") == 0 &&
        (strstr(command, "-x http://") || strstr(command, "-x socks")))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].option, option) == 0)
            return !(known[i].instead && strstr(command, known[i].instead)) &&
                   !(is_plain && known[i].of_tls);
    }
    return false;
}

static const char *find_option(const char *option)
{
    for (size_t i = 0; option && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].option, option) == 0)
            return known[i].option;
    }
    return NULL;
}

int anycert__words_add(struct anycert__words *words, const char *option, const char *value,
                       struct anycert_error *err)
{
    const char *name = find_option(option);
    struct anycert__word *items = NULL;
    char *copy = NULL;

    if (!name)
        return anycert__fail(err, ANYCERT_E_USAGE, "commands do not repeat the option '%.40s'",
                             option ? option : "");
    if (!value || value[0] == '\0' || anycert__has_control(value, strlen(value)) ||
        !anycert__shell_is_showable(value, strlen(value)) || words->count == ANYCERT__WORDS_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the value of --%s cannot be repeated in a command", name);
    items = anycert__realloc(words->items, (words->count + 1) * sizeof *items);
    if (items)
        words->items = items;
    copy = items ? anycert__strdup(value) : NULL;
    if (!copy)
        return anycert__fail_nomem(err);
    words->items[words->count++] = (struct anycert__word){name, copy};
    return 0;
}

void anycert__words_drop(struct anycert__words *words, const char *option)
{
    size_t kept = 0;

    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i].option, option) == 0)
            anycert__free(words->items[i].value);
        else
            words->items[kept++] = words->items[i];
    }
    words->count = kept;
}

int anycert__words_set(struct anycert__words *words, const char *option, const char *value,
                       struct anycert_error *err)
{
    size_t place = 0;

    while (place < words->count && strcmp(words->items[place].option, option) != 0)
        place++;
    anycert__words_drop(words, option);
    if (anycert__words_add(words, option, value, err) < 0)
        return -1;
    for (size_t i = words->count - 1; i > place; i--) {
        struct anycert__word moved = words->items[i];

        words->items[i] = words->items[i - 1];
        words->items[i - 1] = moved;
    }
    return 0;
}

int anycert__words_join(struct anycert__words *words, const struct anycert__words *more,
                        struct anycert_error *err)
{
    for (size_t i = 0; i < more->count; i++) {
        if (anycert__words_add(words, more->items[i].option, more->items[i].value, err) < 0)
            return -1;
    }
    return 0;
}

void anycert__words_clear(struct anycert__words *words)
{
    for (size_t i = 0; i < words->count; i++)
        anycert__free(words->items[i].value);
    anycert__free(words->items);
    *words = (struct anycert__words){NULL, 0};
}

const char *anycert__words_find(const struct anycert__words *words, const char *option, size_t n)
{
    for (size_t i = 0; words && i < words->count; i++) {
        if (strcmp(words->items[i].option, option) == 0 && n-- == 0)
            return words->items[i].value;
    }
    return NULL;
}

void anycert__words_write(struct anycert__buf *buf, const struct anycert__words *words,
                          const char *command)
{
    for (size_t i = 0; words && i < words->count; i++) {
        if (!is_repeated(words->items[i].option, command))
            continue;
        anycert__buf_addf(buf, " --%s ", words->items[i].option);
        anycert__shell_add_word(buf, words->items[i].value);
    }
}

/* ---- of a doctor */

/* What cannot be shown is left out: it cannot be pasted either. */
static int add_text(struct anycert__words *words, const char *option, struct anycert__buf *buf,
                    struct anycert_error *err)
{
    char *text = anycert__buf_take(buf, "an option", err);
    struct anycert_error why = {0};
    int result = text ? anycert__words_add(words, option, text, &why) : -1;

    anycert__buf_free(buf);
    anycert__free(text);
    if (!text || (result < 0 && why.code == ANYCERT_E_NOMEM))
        return anycert__fail_nomem(err);
    return 0;
}

static int add_anchors(struct anycert__words *words, const struct anycert_policy *policy,
                       struct anycert_error *err)
{
    bool beside = false, in_memory = false;

    for (size_t i = 0; i < policy->ca_count; i++)
        beside = beside || policy->cas[i].kind == ANYCERT__CA_SYSTEM;
    for (size_t i = 0; i < policy->ca_count; i++) {
        const struct anycert__ca *ca = &policy->cas[i];
        struct anycert__buf buf;

        if (ca->kind == ANYCERT__CA_SYSTEM || (ca->kind == ANYCERT__CA_MEMORY && in_memory))
            continue;
        in_memory = in_memory || ca->kind == ANYCERT__CA_MEMORY;
        anycert__buf_init(&buf, SIZE_MAX / 2);
        anycert__buf_adds(&buf, ca->kind == ANYCERT__CA_MEMORY ? "anchors.pem" : ca->path);
        if (add_text(words, beside ? "ca-add" : "cacert", &buf, err) < 0)
            return -1;
    }
    return 0;
}

static void write_peer(struct anycert__buf *buf, const struct anycert__peer *peer)
{
    anycert__buf_addf(buf, "%s%s%s:", anycert__open_bracket(peer->host),
                      peer->host[0] ? peer->host : "*", anycert__close_bracket(peer->host));
    if (peer->port > 0)
        anycert__buf_addf(buf, "%u", (unsigned)peer->port);
}

static int add_rules(struct anycert__words *words, const char *option,
                     const struct anycert__rule *rules, size_t count, bool ports,
                     struct anycert_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct anycert__buf buf;

        anycert__buf_init(&buf, 4096);
        write_peer(&buf, &rules[i].from);
        anycert__buf_adds(&buf, ":");
        if (ports)
            write_peer(&buf, &rules[i].to);
        else
            anycert__buf_adds(&buf, rules[i].to.host);
        if (add_text(words, option, &buf, err) < 0)
            return -1;
    }
    return 0;
}

static int add_proxy(struct anycert__words *words, const struct anycert_doctor *doctor,
                     struct anycert_error *err)
{
    static const char *const schemes[] = {
        [ANYCERT__PROXY_NONE] = "",           [ANYCERT__PROXY_HTTP] = "http",
        [ANYCERT__PROXY_HTTPS] = "https",     [ANYCERT__PROXY_SOCKS4] = "socks4",
        [ANYCERT__PROXY_SOCKS4A] = "socks4a", [ANYCERT__PROXY_SOCKS5] = "socks5",
        [ANYCERT__PROXY_SOCKS5H] = "socks5h"};
    struct anycert__buf buf;
    char *text = NULL;
    int result = 0;

    if (doctor->proxy.kind == ANYCERT__PROXY_NONE)
        return 0;
    anycert__buf_init(&buf, 4096);
    anycert__buf_addf(&buf, "%s://", schemes[doctor->proxy.kind]);
    write_peer(&buf, &doctor->proxy.peer);
    if (add_text(words, "proxy", &buf, err) < 0)
        return -1;
    text = anycert_policy_format(doctor->proxy_policy, err);
    if (text && strcmp(text, "hardened") != 0) {
        anycert__buf_init(&buf, SIZE_MAX / 2);
        anycert__buf_adds(&buf, text);
        result = add_text(words, "proxy-trust", &buf, err);
    }
    anycert_free(text);
    return text ? result : -1;
}

int anycert__words_of_doctor(struct anycert__words *words, const struct anycert_doctor *doctor,
                             struct anycert_error *err)
{
    const struct anycert_policy *base = doctor->base;

    if (add_anchors(words, base, err) < 0 ||
        (base->expect_name &&
         anycert__words_add(words, "expect-name", base->expect_name, err) < 0) ||
        (base->sni && anycert__words_add(words, "sni", base->sni, err) < 0))
        return -1;
    if (add_proxy(words, doctor, err) < 0)
        return -1;
    if (add_rules(words, "resolve", doctor->resolve, doctor->resolve_count, false, err) < 0)
        return -1;
    return add_rules(words, "connect-to", doctor->connect_to, doctor->connect_to_count, true, err);
}
