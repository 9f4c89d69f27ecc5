/* Words of a policy in messages, and lists of words. */
#include "policy/keys.h"
#include "base/str.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

struct anycert__word anycert__word(const char *s, size_t len)
{
    struct anycert__word word = {""};
    const size_t room = sizeof word.text - sizeof "...";
    if (len <= room) {
        memcpy(word.text, s, len);
        return word;
    }
    size_t used = 0;
    while (used < room) {
        uint32_t c;
        size_t n = anycert__utf8_decode(s + used, len - used, &c);
        n = n > 0 ? n : 1;
        if (used + n > room)
            break;
        used += n;
    }
    memcpy(word.text, s, used);
    memcpy(word.text + used, "...", sizeof "...");
    return word;
}

struct anycert__hint anycert__hint(const char *word, const char *const *names, size_t count)
{
    struct anycert__hint hint = {""};
    const char *name = anycert__closest(word, names, count);
    if (name)
        snprintf(hint.text, sizeof hint.text, " (did you mean '%s'?)", name);
    return hint;
}

struct anycert__hint anycert__hint_relaxation(const char *word)
{
    static const char *const names[] = {
#define RELAXATION(enum_name, id, name, side, auth, available, allows, danger, fix) name,
#include "policy/relaxations.def"
    };
    return anycert__hint(word, names, sizeof names / sizeof names[0]);
}

struct anycert__hint anycert__hint_rung(const char *word)
{
    const char *names[16];
    size_t count = 0;
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r && count < 16;
         r = anycert_rung_next(r))
        names[count++] = anycert_rung_name(r);
    return anycert__hint(word, names, count);
}

struct anycert__hint anycert__hint_key(const char *word)
{
    const char *names[16];
    size_t count = 0;
    for (size_t i = 0; anycert__keys[i] && count < 16; i++)
        names[count++] = anycert__keys[i]->name;
    return anycert__hint(word, names, count);
}

void anycert__list_next(const char **list, const char **item, size_t *len)
{
    const char *comma = strchr(*list, ',');
    *item = *list;
    *len = comma ? (size_t)(comma - *list) : strlen(*list);
    *list = comma ? comma + 1 : NULL;
}
