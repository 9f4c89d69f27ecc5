#include "client/profile_taking.h"

#include "base/mem.h"
#include "base/str.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static int take_descriptor(const struct anycert__taking *t, yyjson_val *json,
                           struct anycert__secret *secret, struct anycert_error *err)
{
    if (!yyjson_is_uint(json) || yyjson_get_uint(json) > INT_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'fd' of '%s' has to be the number of a "
                             "descriptor",
                             t->key->name);
    secret->kind = ANYCERT__SECRET_FD;
    secret->fd = (int)yyjson_get_uint(json);
    return 0;
}

static int take_named(const struct anycert__taking *t, const char *name, yyjson_val *json,
                      struct anycert__secret *secret, struct anycert_error *err)
{
    const char *text = yyjson_get_str(json);
    struct anycert__buf whole;

    if (!text || !*text || anycert__has_control(text, yyjson_get_len(json)))
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' of '%s' has to be a %s in a string", name,
                             t->key->name, strcmp(name, "file") == 0 ? "path" : "variable's name");
    anycert__buf_init(&whole, ANYCERT__PROFILE_SHOWN);
    secret->kind = strcmp(name, "file") == 0 ? ANYCERT__SECRET_FILE : ANYCERT__SECRET_ENV;
    if (secret->kind == ANYCERT__SECRET_FILE && *text != '/')
        anycert__buf_adds(&whole, t->profile->folder);
    anycert__buf_adds(&whole, text);
    secret->text = anycert__buf_take(&whole, "place of a secret", err);
    anycert__buf_free(&whole);
    return secret->text ? 0 : -1;
}

/* {"file": PATH}, {"env": NAME} or {"fd": N}. */
static int take_place(const struct anycert__taking *t, yyjson_val *json,
                      struct anycert__secret *secret, struct anycert_error *err)
{
    yyjson_obj_iter members = yyjson_obj_iter_with(json);
    yyjson_val *key = yyjson_obj_iter_next(&members);
    const char *name = key ? yyjson_get_str(key) : "";

    if (yyjson_obj_size(json) == 1 && strcmp(name, "fd") == 0)
        return take_descriptor(t, yyjson_obj_iter_get_val(key), secret, err);
    if (yyjson_obj_size(json) == 1 && (strcmp(name, "file") == 0 || strcmp(name, "env") == 0))
        return take_named(t, name, yyjson_obj_iter_get_val(key), secret, err);
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "the object of '%s' has to have one of file, env and fd, and nothing else",
                         t->key->name);
}

/* Adds a secret to the value; the message never quotes it. */
static int add_secret(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    struct anycert__profile_value *value = t->value;
    struct anycert__secret *list =
        anycert__realloc(value->secrets, (value->secret_count + 1) * sizeof *list);
    struct anycert__secret *secret = NULL;
    const char *text = NULL;

    if (!list)
        return anycert__fail_nomem(err);
    value->secrets = list;
    secret = &list[value->secret_count++];
    *secret = (struct anycert__secret){0};
    if (yyjson_is_obj(json))
        return take_place(t, json, secret, err);
    text = anycert__profile_text(t, json, err);
    if (!text)
        return -1;
    secret->text = anycert__strdup(text);
    return secret->text ? 0 : anycert__fail_nomem(err);
}

static int show_secret(struct anycert__taking *t, struct anycert_error *err)
{
    char *text = anycert__secret_show(&t->value->secrets[t->value->secret_count - 1], err);

    if (!text)
        return -1;
    anycert__buf_adds(&t->shown, text);
    anycert__free(text);
    return 0;
}

int anycert__profile_take_secret(struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err)
{
    if (add_secret(t, json, err) < 0)
        return -1;
    if (t->key->kind != ANYCERT__PROFILE_SOURCE ||
        t->value->secrets[0].kind != ANYCERT__SECRET_TEXT)
        return show_secret(t, err);
    anycert__buf_adds(&t->shown, t->value->secrets[0].text);
    return 0;
}

/* Kept as a secret, for it may have a password in it. */
int anycert__profile_take_url(struct anycert__taking *t, yyjson_val *json,
                              struct anycert_error *err)
{
    struct anycert__url url = {0};

    if (!yyjson_is_str(json))
        return anycert__profile_refuse_type(t, json, err);
    if (add_secret(t, json, err) < 0)
        return -1;
    if (anycert__url_parse(t->value->secrets[0].text, &url, err) < 0)
        return anycert__error_prefix(err, "'%s'", t->key->name);
    /* A query may hold a secret, too. */
    anycert__buf_addf(&t->shown, "%.*s%s", (int)strcspn(url.text, "?"), url.text,
                      strchr(url.text, '?') ? "?..." : "");
    anycert__url_clear(&url);
    return 0;
}

int anycert__profile_take_proxy(struct anycert__taking *t, yyjson_val *json,
                                struct anycert_error *err)
{
    struct anycert__url parts = {0};
    char *url = NULL;
    bool https = false;

    if (yyjson_is_bool(json)) {
        t->value->flag = yyjson_get_bool(json);
        anycert__buf_adds(&t->shown, t->value->flag ? "true" : "false");
        return 0;
    }
    if (yyjson_is_obj(json))
        return anycert__profile_take_secret(t, json, err);
    if (add_secret(t, json, err) < 0)
        return -1;
    if (anycert__proxy_parse(t->value->secrets[0].text, &url, &parts, &https, err) < 0)
        return anycert__error_prefix(err, "'%s'", t->key->name);
    anycert__buf_adds(&t->shown, url);
    anycert__url_clear(&parts);
    anycert__free(url);
    return 0;
}

/* ---- fields ---- */

/* Names of fields that hold secrets, as a rule. */
static bool sounds_secret(const char *name)
{
    static const char *const parts[] = {"auth",   "cookie",  "credential", "key",  "passw",
                                        "secret", "session", "signature",  "token"};
    char lower[64];

    (void)snprintf(lower, sizeof lower, "%s", name);
    anycert__str_lower(lower);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strstr(lower, parts[i]))
            return true;
    }
    return false;
}

bool anycert__profile_field_is_secret(const struct anycert__profile_value *fields, size_t index)
{
    return fields->secrets[index].kind != ANYCERT__SECRET_TEXT ||
           sounds_secret(fields->texts.list[index]);
}

static int add_field(struct anycert__taking *t, yyjson_val *key, yyjson_val *json,
                     struct anycert_error *err)
{
    const char *name = yyjson_get_str(key);
    struct anycert__profile_value *value = t->value;
    const struct anycert__secret *secret = NULL;

    if (strlen(name) != yyjson_get_len(key) || !anycert__is_token(name))
        return anycert__fail(err, ANYCERT_E_HEADER, "'%s': '%.60s' is no name of a header field",
                             t->key->name, name);
    for (size_t i = 0; i < value->texts.count; i++) {
        if (anycert__str_equal_nocase(value->texts.list[i], name))
            return anycert__fail(err, ANYCERT_E_USAGE, "'%s' has %s twice", t->key->name, name);
    }
    if (!yyjson_is_str(json) && !yyjson_is_obj(json))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "%s in '%s' has to be a string, or an object with file, env or fd, "
                             "not %s",
                             name, t->key->name, anycert__profile_type(json));
    if (add_secret(t, json, err) < 0 || anycert__strings_add(&value->texts, name, err) < 0)
        return anycert__error_prefix(err, "%s", name);
    secret = &value->secrets[value->secret_count - 1];
    anycert__buf_addf(&t->shown, "%s%s: ", t->shown.len > 0 ? ", " : "", name);
    if (anycert__profile_field_is_secret(value, value->secret_count - 1))
        return show_secret(t, err);
    if (anycert__field_check(name, secret->text, err) < 0)
        return anycert__error_prefix(err, "'%s'", t->key->name);
    anycert__buf_adds(&t->shown, secret->text);
    return 0;
}

int anycert__profile_take_fields(struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;

    if (!yyjson_is_obj(json))
        return anycert__profile_refuse_type(t, json, err);
    if (yyjson_obj_size(json) == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is empty; leave it out", t->key->name);
    yyjson_obj_foreach(json, index, count, key, value)
    {
        if (add_field(t, key, value, err) < 0)
            return -1;
    }
    return 0;
}
