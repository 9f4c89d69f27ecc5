/* Cookies of one request. */
#include "client/cookies.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

int anycert_request_add_cookie(struct anycert_request *request, const char *name, const char *value,
                               struct anycert_error *err)
{
    if (!name || !*name || strpbrk(name, "=;") || anycert__has_control(name, strlen(name)))
        return anycert__fail(err, ANYCERT_E_HEADER, "the name of a cookie is %s",
                             name && *name ? "none that a server could read" : "missing");
    if (!value || anycert__has_control(value, strlen(value)))
        return anycert__fail(err, ANYCERT_E_HEADER, "the value of the cookie '%.60s' %s", name,
                             value ? "has a control character in it" : "is missing");
    return anycert__fields_add(&request->cookies, name, value, err);
}

/* Names of cookies are told apart by case. */
static bool has(const struct anycert__fields *cookies, size_t from, const char *name)
{
    for (size_t i = from; i < cookies->count; i++) {
        if (strcmp(cookies->list[i].name, name) == 0)
            return true;
    }
    return false;
}

/* True if a Set-Cookie field is about a cookie of that name. */
static bool sets(const char *line, const char *name)
{
    size_t len = strlen(name);

    line += strspn(line, " \t");
    return strncmp(line, name, len) == 0 && line[len + strspn(line + len, " \t")] == '=';
}

int anycert__cookies_note(const struct anycert_request *request,
                          const struct anycert__exchange *exchange,
                          struct anycert__fields *answered, struct anycert_error *err)
{
    const char *line = NULL;

    if (request->cookies.count == 0)
        return 0;
    for (size_t n = 0; (line = anycert__fields_get(&exchange->fields, "Set-Cookie", n)) != NULL;
         n++) {
        for (size_t i = 0; i < request->cookies.count; i++) {
            const char *name = request->cookies.list[i].name;

            if (sets(line, name) && !has(answered, 0, name) &&
                anycert__fields_add(answered, name, "", err) < 0)
                return -1;
        }
    }
    return 0;
}

static void add_pair(struct anycert__buf *text, const struct anycert__field *cookie)
{
    if (text->len > 0)
        anycert__buf_adds(text, "; ");
    anycert__buf_adds(text, cookie->name);
    anycert__buf_adds(text, "=");
    anycert__buf_adds(text, cookie->value);
}

int anycert__cookies_add_own(const struct anycert_request *request,
                             const struct anycert__fields *answered, struct anycert__jar *jar,
                             const struct anycert__url *url, int64_t now,
                             struct anycert__fields *fields, struct anycert_error *err)
{
    const struct anycert__fields *own = &request->cookies;
    struct anycert__fields kept = {0};
    struct anycert__buf text;
    int result = -1;

    if (own->count == 0 || anycert__fields_get(fields, "Cookie", 0))
        return 0;
    anycert__buf_init_secret(&text, SIZE_MAX / 2);
    if (jar && anycert__jar_pairs(jar, url, now, &kept, err) < 0)
        goto out;
    for (size_t i = 0; i < kept.count; i++) {
        const char *name = kept.list[i].name;

        if (!has(own, 0, name) || has(answered, 0, name))
            add_pair(&text, &kept.list[i]);
    }
    for (size_t i = 0; i < own->count; i++) {
        const struct anycert__field *cookie = &own->list[i];

        if (!has(own, i + 1, cookie->name) && !has(answered, 0, cookie->name))
            add_pair(&text, cookie);
    }
    if (text.failed)
        anycert__fail_nomem(err);
    else
        result = text.len > 0 ? anycert__fields_add(fields, "Cookie", text.data, err) : 0;
out:
    anycert__fields_clear(&kept);
    anycert__buf_free(&text);
    return result;
}
