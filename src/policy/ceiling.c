#include "policy/ceiling.h"
#include "policy/keys.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <anycert/policy_file.h>

#define FILE_MAX      ((size_t)64 << 10)
#define MOST_DAYS     36500
#define DAY           86400
#define LAST_SECOND   (DAY - 1)
#define RUNG_COUNT    (ANYCERT__RUNG_ANTIQUE + 1)
#define RELAX_ID_LAST 63

/* Lines are those that say it; 0: none does. */
struct anycert__ceiling {
    char *name;
    char *broken; /* why it cannot be used; NULL: it can */
    size_t rung_line[RUNG_COUNT];
    size_t relaxation_line[RELAX_ID_LAST + 1];
    anycert__relaxations forbidden;
    size_t days_line, reason_line, authenticated_line;
    int64_t days;
};

static struct anycert__ceiling *new_ceiling(const char *name, struct anycert_error *err)
{
    struct anycert__ceiling *ceiling = anycert__calloc(1, sizeof *ceiling);
    if (ceiling)
        ceiling->name = anycert__strdup(name);
    if (ceiling == NULL || ceiling->name == NULL) {
        anycert__free(ceiling);
        anycert__fail_nomem(err);
        return NULL;
    }
    return ceiling;
}

void anycert__ceiling_free(struct anycert__ceiling *ceiling)
{
    if (ceiling == NULL)
        return;
    anycert__free(ceiling->name);
    anycert__free(ceiling->broken);
    anycert__free(ceiling);
}

/* ---- reading ---- */

static const char *const words[] = {"forbid", "max-days", "require-reason",
                                    "require-authenticated"};
enum { FORBID, MAX_DAYS, REQUIRE_REASON, REQUIRE_AUTHENTICATED, WORD_COUNT };

/* The next word of a line, which is cut there, or NULL. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t");
    size_t len = strcspn(word, " \t");
    if (len == 0)
        return NULL;
    *rest = word + len;
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

static int forbid(struct anycert__ceiling *ceiling, const char *word, size_t line,
                  struct anycert_error *err)
{
    const struct anycert_rung *rung = anycert_rung_find(word);
    const struct anycert_relaxation *relaxation = anycert_relaxation_find(word);
    if (rung && anycert_rung_id(rung) == ANYCERT__RUNG_HARDENED)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'hardened' cannot be forbidden: nothing would be left");
    if (rung) {
        ceiling->rung_line[anycert_rung_id(rung)] = line;
        return 0;
    }
    if (relaxation == NULL)
        return anycert__fail(
            err, ANYCERT_E_POLICY_SYNTAX, "'%s' is neither a rung nor a relaxation%s",
            anycert__word(word, strlen(word)).text, anycert__hint_relaxation(word).text);
    ceiling->relaxation_line[anycert_relaxation_id(relaxation)] = line;
    ceiling->forbidden |= ANYCERT__RELAX_BIT(anycert_relaxation_id(relaxation));
    return 0;
}

static int read_forbid(struct anycert__ceiling *ceiling, char *rest, size_t line,
                       struct anycert_error *err)
{
    char *word = next_word(&rest);
    if (word == NULL)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'forbid' names nothing: expected rungs and relaxations");
    for (; word; word = next_word(&rest)) {
        if (forbid(ceiling, word, line, err) != 0)
            return -1;
    }
    return 0;
}

static int read_days(struct anycert__ceiling *ceiling, char *rest, size_t line,
                     struct anycert_error *err)
{
    const char *word = next_word(&rest);
    uint64_t days = 0;
    if (ceiling->days_line)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "'max-days' stands in line %zu already",
                             ceiling->days_line);
    if (word == NULL || !anycert__parse_uint(word, MOST_DAYS, &days) || days == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'max-days' is followed by no number from 1 to %d", MOST_DAYS);
    ceiling->days = (int64_t)days;
    ceiling->days_line = line;
    if (next_word(&rest))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "'max-days' is followed by too much");
    return 0;
}

static int read_line(struct anycert__ceiling *ceiling, char *rest, size_t line,
                     struct anycert_error *err)
{
    const char *word = next_word(&rest);
    int which = 0;
    if (word == NULL || *word == '#')
        return 0;
    while (which < WORD_COUNT && strcmp(words[which], word) != 0)
        which++;
    switch (which) {
    case FORBID:
        return read_forbid(ceiling, rest, line, err);
    case MAX_DAYS:
        return read_days(ceiling, rest, line, err);
    case REQUIRE_REASON:
        ceiling->reason_line = line;
        break;
    case REQUIRE_AUTHENTICATED:
        ceiling->authenticated_line = line;
        break;
    default:
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'%s' is none of forbid, max-days, require-reason and "
                             "require-authenticated%s",
                             anycert__word(word, strlen(word)).text,
                             anycert__hint(word, words, WORD_COUNT).text);
    }
    if (next_word(&rest))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "'%s' stands alone on its line", word);
    return 0;
}

static int read_lines(struct anycert__ceiling *ceiling, char *text, size_t len, size_t *line,
                      struct anycert_error *err)
{
    *line = 1;
    if (memchr(text, '\0', len) || !anycert__is_utf8(text, len))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the file is not UTF-8 text");
    for (char *start = text; start < text + len; (*line)++) {
        size_t used = strcspn(start, "\n");
        bool last = start[used] == '\0';
        start[used] = '\0';
        if (used > 0 && start[used - 1] == '\r')
            start[used - 1] = '\0';
        if (read_line(ceiling, start, *line, err) != 0)
            return -1;
        start += used + (last ? 0 : 1);
        if (last)
            break;
    }
    return 0;
}

struct anycert__ceiling *anycert__ceiling_parse(const char *text, size_t len, const char *name,
                                                struct anycert_error *err)
{
    struct anycert__ceiling *ceiling = new_ceiling(name, err);
    char *copy = ceiling ? anycert__malloc(len + 1) : NULL;
    size_t line = 0;
    if (copy == NULL) {
        anycert__fail_nomem(err);
        anycert__ceiling_free(ceiling);
        return NULL;
    }
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    int rv = read_lines(ceiling, copy, len, &line, err);
    anycert__free(copy);
    if (rv == 0)
        return ceiling;
    (void)anycert__error_prefix(err, "%s:%zu", name, line);
    anycert__ceiling_free(ceiling);
    return NULL;
}

/* One that forbids everything but hardened, and why. */
static struct anycert__ceiling *broken_ceiling(const char *name, const char *why,
                                               struct anycert_error *err)
{
    struct anycert__ceiling *ceiling = new_ceiling(name, err);
    if (ceiling && (ceiling->broken = anycert__strdup(why)) == NULL) {
        anycert__ceiling_free(ceiling);
        anycert__fail_nomem(err);
        return NULL;
    }
    return ceiling;
}

struct anycert__ceiling *anycert__ceiling_load(struct anycert_error *err)
{
    const struct anycert__file_guard guard = {.owner = anycert__ceiling_owner()};
    const char *path = anycert__ceiling_path();
    struct anycert__ceiling *ceiling = NULL;
    struct anycert_error why = {0};
    struct stat st; /* a link that leads nowhere is no missing file */
    char *text = NULL;
    size_t len = 0;
    if (anycert__file_read_guarded(path, &guard, FILE_MAX, ANYCERT_E_FILE, "ceiling", &text, &len,
                                   &why) == 0)
        ceiling = anycert__ceiling_parse(text, len, path, &why);
    else if (why.os_errno == ENOENT && lstat(path, &st) != 0)
        ceiling = new_ceiling(path, &why);
    anycert__free(text);
    if (ceiling)
        return ceiling;
    if (why.code != ANYCERT_E_NOMEM)
        return broken_ceiling(path, why.message, err);
    anycert__fail_nomem(err);
    return NULL;
}

/* ---- looking at it ---- */

const char *anycert_ceiling_path(void)
{
    return anycert__ceiling_path();
}

/* A file that is to become one may belong to whoever writes it. */
static int inspect_draft(const char *path, struct anycert_error *err)
{
    struct anycert__ceiling *ceiling = NULL;
    char *text = NULL;
    size_t len = 0;
    if (anycert__file_read(path, FILE_MAX, ANYCERT_E_FILE, "ceiling", &text, &len, err) == 0)
        ceiling = anycert__ceiling_parse(text, len, path, err);
    anycert__free(text);
    anycert__ceiling_free(ceiling);
    return ceiling ? 0 : -1;
}

int anycert_ceiling_inspect(const char *path, struct anycert_error *err)
{
    if (path && strcmp(path, anycert__ceiling_path()) != 0)
        return inspect_draft(path, err);
    struct anycert__ceiling *ceiling = anycert__ceiling_load(err);
    int rv = ceiling ? 0 : -1;
    if (ceiling && ceiling->broken)
        rv = anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "%s", ceiling->broken);
    anycert__ceiling_free(ceiling);
    return rv;
}

/* ---- judging ---- */

static int fail(const struct anycert__ceiling *ceiling, size_t line, const char *sentence,
                struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_POLICY_FORBIDDEN, "%s:%zu: the administrator %s",
                         ceiling->name, line, sentence);
}

/* A forbidden rung stands for all that it lets through: who lets through as much is forbidden, too.
 * A pin is no weaker for letting through what tofu does, as it knows the key. */
static int check_rungs(const struct anycert__ceiling *ceiling, const struct anycert_policy *policy,
                       anycert__relaxations allows, struct anycert_error *err)
{
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r; r = anycert_rung_next(r)) {
        enum anycert__rung id = (enum anycert__rung)anycert_rung_id(r);
        anycert__relaxations contains = anycert__rung_contains(id);
        char sentence[128];
        if (ceiling->rung_line[id] == 0)
            continue;
        if (policy->rung == id) {
            (void)snprintf(sentence, sizeof sentence, "forbids '%s'", anycert_rung_name(r));
            return fail(ceiling, ceiling->rung_line[id], sentence, err);
        }
        if (policy->rung == ANYCERT__RUNG_PINNED || (allows & contains) != contains)
            continue;
        (void)snprintf(sentence, sizeof sentence,
                       "forbids '%s', and this policy lets through as much", anycert_rung_name(r));
        return fail(ceiling, ceiling->rung_line[id], sentence, err);
    }
    return 0;
}

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* Relaxations that let through what another one is the name of. */
static const struct {
    anycert__relaxations of, within;
} contained[] = {
    {BIT(COMMON_NAME), BIT(WRONG_HOST)},
    {BIT(NO_SNI) | BIT(NO_ALPN) | BIT(NO_EMS) | BIT(NO_ETM) | BIT(TLS1_2_MAX), BIT(BARE_HELLO)},
};

/* The name of what lets a relaxation through: its own, another one's or the rung's. NULL: nothing
 * does. */
static const char *name_of_holder(const struct anycert_policy *policy,
                                  const struct anycert_relaxation *relaxation)
{
    anycert__relaxations bit = ANYCERT__RELAX_BIT(anycert_relaxation_id(relaxation));
    anycert__relaxations holders = bit;
    for (size_t i = 0; i < sizeof contained / sizeof contained[0]; i++)
        holders |= contained[i].of & bit ? contained[i].within : 0;
    if ((anycert__policy_contains(policy) | anycert__rung_lets_by(policy->rung)) & holders)
        return anycert_policy_rung(policy);
    if (policy->relaxations & bit)
        return anycert_relaxation_name(relaxation);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (policy->relaxations & holders & ANYCERT__RELAX_BIT(anycert_relaxation_id(r)))
            return anycert_relaxation_name(r);
    }
    return NULL;
}

static int check_relaxations(const struct anycert__ceiling *ceiling,
                             const struct anycert_policy *policy, struct anycert_error *err)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        anycert__relaxations bit = ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
        const char *name = anycert_relaxation_name(r);
        const char *holder = ceiling->forbidden & bit ? name_of_holder(policy, r) : NULL;
        char sentence[128];
        if (holder == NULL)
            continue;
        if (strcmp(holder, name) == 0)
            (void)snprintf(sentence, sizeof sentence, "forbids '%s'", name);
        else
            (void)snprintf(sentence, sizeof sentence, "forbids '%s', which '%s' contains", name,
                           holder);
        return fail(ceiling, ceiling->relaxation_line[anycert_relaxation_id(r)], sentence, err);
    }
    return 0;
}

/* What the policy lacks and a user can add, all of it at once. */
static int check_demands(const struct anycert__ceiling *ceiling,
                         const struct anycert_policy *policy, int64_t now,
                         struct anycert_error *err)
{
    int64_t last = now - now % DAY + ceiling->days * DAY + LAST_SECOND;
    bool late = ceiling->days_line && !(policy->has_until && policy->until <= last);
    bool mute = ceiling->reason_line && policy->reason == NULL;
    char sentence[300], date[ANYCERT__DATE_SIZE];
    anycert__format_date(last, date);
    if (late && mute)
        (void)snprintf(sentence, sizeof sentence,
                       "wants a reason, and (line %zu) lets relaxations last for %lld days at "
                       "most: add reason=\"...\", and write until=%s, or an earlier day (as "
                       "options: --until %s --reason TEXT)",
                       ceiling->days_line, (long long)ceiling->days, date, date);
    else if (late)
        (void)snprintf(sentence, sizeof sentence,
                       "lets relaxations last for %lld days at most: write until=%s, or an earlier "
                       "day (as an option: --until %s)",
                       (long long)ceiling->days, date, date);
    else if (mute)
        (void)snprintf(sentence, sizeof sentence,
                       "wants a reason: add reason=\"...\" (as an option: --reason TEXT)");
    else
        return 0;
    return fail(ceiling, mute ? ceiling->reason_line : ceiling->days_line, sentence, err);
}

int anycert__ceiling_check(const struct anycert__ceiling *ceiling,
                           const struct anycert_policy *policy, int64_t now,
                           struct anycert_error *err)
{
    anycert__relaxations allows = anycert__policy_allows(policy);
    if (policy == NULL || (policy->rung == ANYCERT__RUNG_HARDENED && allows == 0))
        return 0;
    if (ceiling->broken)
        return anycert__fail(err, ANYCERT_E_POLICY_FORBIDDEN,
                             "%s; until the administrator has mended that, hardened is all that "
                             "can be used",
                             ceiling->broken);
    if (check_rungs(ceiling, policy, allows, err) != 0 ||
        check_relaxations(ceiling, policy, err) != 0)
        return -1;
    if (ceiling->authenticated_line && anycert_policy_authenticates(policy) == 0)
        return fail(ceiling, ceiling->authenticated_line,
                    "wants the peer to be authenticated, which this policy gives up", err);
    return check_demands(ceiling, policy, now, err);
}
