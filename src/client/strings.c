#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

int anycert__strings_add(struct anycert__strings *strings, const char *s, struct anycert_error *err)
{
    char **list = anycert__realloc(strings->list, (strings->count + 1) * sizeof *list);

    if (!list)
        return anycert__fail_nomem(err);
    strings->list = list;
    list[strings->count] = anycert__strdup(s);
    if (!list[strings->count])
        return anycert__fail_nomem(err);
    strings->count++;
    return 0;
}

int anycert__strings_copy(struct anycert__strings *to, const struct anycert__strings *from,
                          struct anycert_error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        if (anycert__strings_add(to, from->list[i], err) < 0)
            return -1;
    }
    return 0;
}

void anycert__strings_clear(struct anycert__strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        anycert__free_secret(strings->list[i]); /* perhaps a URI with a PIN */
    anycert__free(strings->list);
    strings->list = NULL;
    strings->count = 0;
}

int anycert__check_text(const char *text, const char *what, struct anycert_error *err)
{
    if (!text || !*text)
        return anycert__fail(err, ANYCERT_E_USAGE, "%s is empty", what);
    if (anycert__has_control(text, strlen(text)))
        return anycert__fail(err, ANYCERT_E_USAGE, "%s has control characters in it", what);
    return 0;
}
