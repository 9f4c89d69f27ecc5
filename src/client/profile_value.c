#include "client/profile_taking.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/json_memory.h"

#include <stdio.h>
#include <string.h>

#define MAX_CODES 500
#define LEAST     0.001 /* what is not 0, but shown as 0, would be taken for "none" */

const char *anycert__profile_type(yyjson_val *json)
{
    static const char *const names[] = {"nothing",  "nothing",  "null",   "true or false",
                                        "a number", "a string", "a list", "an object"};
    unsigned type = yyjson_get_type(json);

    return type < sizeof names / sizeof *names ? names[type] : "something else";
}

/* What a kind expects, for the message. */
static const char *expected(enum anycert__profile_kind kind)
{
    switch (kind) {
    case ANYCERT__PROFILE_FLAG:
        return "true or false";
    case ANYCERT__PROFILE_TEXT:
    case ANYCERT__PROFILE_WORD:
        return "a string";
    case ANYCERT__PROFILE_URL:
        return "a URL in a string";
    case ANYCERT__PROFILE_POLICY:
        return "a policy in a string";
    case ANYCERT__PROFILE_PATH:
        return "a path in a string";
    case ANYCERT__PROFILE_SECRET:
    case ANYCERT__PROFILE_SOURCE:
        return "a string, or an object with file, env or fd";
    case ANYCERT__PROFILE_PROXY:
        return "true, false or a URL in a string";
    case ANYCERT__PROFILE_SECONDS:
    case ANYCERT__PROFILE_WAIT:
        return "a number of seconds";
    case ANYCERT__PROFILE_NUMBER:
        return "a number";
    case ANYCERT__PROFILE_COUNT:
        return "a whole number";
    case ANYCERT__PROFILE_TEXTS:
        return "a string or a list of strings";
    case ANYCERT__PROFILE_PATHS:
        return "a path or a list of paths";
    case ANYCERT__PROFILE_CODES:
        return "a list of HTTP status codes";
    case ANYCERT__PROFILE_FIELDS:
        return "an object of strings";
    }
    return "something else";
}

int anycert__profile_refuse_type(const struct anycert__taking *t, yyjson_val *json,
                                 struct anycert_error *err)
{
    const char *hint = "";

    if (t->key->kind == ANYCERT__PROFILE_FLAG && yyjson_is_str(json))
        hint = "; write it without quotes";
    return anycert__fail(err, ANYCERT_E_USAGE, "'%s' has to be %s, not %s%s", t->key->name,
                         expected(t->key->kind), anycert__profile_type(json), hint);
}

/* ---- strings ---- */

const char *anycert__profile_text(const struct anycert__taking *t, yyjson_val *json,
                                  struct anycert_error *err)
{
    const char *text = yyjson_get_str(json);

    if (!text)
        anycert__profile_refuse_type(t, json, err);
    else if (!*text)
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' is empty", t->key->name);
    else if (anycert__has_control(text, yyjson_get_len(json)))
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' has control characters in it", t->key->name);
    else
        return text;
    return NULL;
}

/* A PKCS#11 URI in place of a path may have a PIN in it. */
static void show_text(struct anycert__taking *t, const char *text, bool path)
{
    bool is_uri = path && anycert__client_cert_is_uri(text);
    size_t len = is_uri ? strcspn(text, "?") : strlen(text);

    anycert__buf_addf(&t->shown, "%s%.*s%s", t->shown.len > 0 ? ", " : "", (int)len, text,
                      text[len] ? "?..." : "");
}

/* Adds a string, for a path with the profile's folder in front. */
static int add_text(struct anycert__taking *t, yyjson_val *json, bool path,
                    struct anycert_error *err)
{
    const char *text = anycert__profile_text(t, json, err);
    struct anycert__buf whole;
    int result = -1;

    if (!text)
        return -1;
    anycert__buf_init_secret(&whole, ANYCERT__PROFILE_SHOWN);
    if (path && *text != '/' && !anycert__client_cert_is_uri(text))
        anycert__buf_adds(&whole, t->profile->folder);
    anycert__buf_adds(&whole, text);
    if (whole.failed)
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' is too long", t->key->name);
    else
        result = anycert__strings_add(&t->value->texts, whole.data, err);
    if (result == 0)
        show_text(t, whole.data, path);
    anycert__buf_free(&whole);
    return result;
}

/* A string or a list of some. */
static int take_texts(struct anycert__taking *t, yyjson_val *json, bool path,
                      struct anycert_error *err)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *element = NULL;

    if (yyjson_is_str(json))
        return add_text(t, json, path, err);
    if (!yyjson_is_arr(json))
        return anycert__profile_refuse_type(t, json, err);
    if (yyjson_arr_size(json) == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is empty; leave it out", t->key->name);
    yyjson_arr_foreach(json, index, count, element)
    {
        if (!yyjson_is_str(element))
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "'%s' has to be a list of strings, without %s", t->key->name,
                                 anycert__profile_type(element));
        if (add_text(t, element, path, err) < 0)
            return -1;
    }
    return 0;
}

static int take_word(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    const char *text = anycert__profile_text(t, json, err);

    if (!text)
        return -1;
    for (const char *word = t->key->words; *word;) {
        size_t len = strcspn(word, "|");

        if (strlen(text) == len && strncmp(text, word, len) == 0)
            return add_text(t, json, false, err);
        word += len + (word[len] == '|');
    }
    return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is one of %s, not '%.60s'", t->key->name,
                         t->key->words, text);
}

static int take_policy(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    const char *text = anycert__profile_text(t, json, err);
    struct anycert_policy *policy = NULL;

    if (!text)
        return -1;
    policy = anycert_policy_parse(text, err);
    if (!policy)
        return anycert__error_prefix(err, "'%s'", t->key->name);
    anycert_policy_free(policy);
    return add_text(t, json, false, err);
}

/* ---- numbers ---- */

/* Without exponent and final zeros. */
static void show_number(struct anycert__taking *t)
{
    char text[64];
    size_t len = 0;

    (void)snprintf(text, sizeof text, "%.6f", t->value->number);
    for (len = strlen(text); text[len - 1] == '0'; len--)
        continue;
    anycert__buf_add(&t->shown, text, text[len - 1] == '.' ? len - 1 : len);
}

static int take_number(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    bool may_be_none = t->key->kind == ANYCERT__PROFILE_WAIT;
    double most = t->key->kind == ANYCERT__PROFILE_NUMBER ? 1e9 : 4294966;

    if (!yyjson_is_num(json))
        return anycert__profile_refuse_type(t, json, err);
    t->value->number = yyjson_get_num(json);
    if (!(t->value->number >= LEAST || (may_be_none && t->value->number == 0)) ||
        t->value->number > most)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' has to be %sa number from %g to %.0f",
                             t->key->name, may_be_none ? "0 or " : "", LEAST, most);
    show_number(t);
    return 0;
}

static int take_count(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    int64_t min = t->key->min;
    int64_t max = t->key->max;

    if (!yyjson_is_num(json))
        return anycert__profile_refuse_type(t, json, err);
    if (!yyjson_is_int(json) || yyjson_is_sint(json) || yyjson_get_uint(json) < (uint64_t)min ||
        yyjson_get_uint(json) > (uint64_t)max)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'%s' has to be a whole number from %lld to %lld", t->key->name,
                             (long long)min, (long long)max);
    t->value->number = (double)yyjson_get_uint(json);
    return 0;
}

static int take_codes(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *element = NULL;

    if (!yyjson_is_arr(json))
        return anycert__profile_refuse_type(t, json, err);
    count = yyjson_arr_size(json);
    if (count == 0 || count > MAX_CODES)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is %s", t->key->name,
                             count == 0 ? "empty; leave it out" : "too long");
    t->value->codes = anycert__calloc(count, sizeof *t->value->codes);
    if (!t->value->codes)
        return anycert__fail_nomem(err);
    yyjson_arr_foreach(json, index, count, element)
    {
        if (!yyjson_is_uint(element) || yyjson_get_uint(element) < 100 ||
            yyjson_get_uint(element) > 599)
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "'%s' has to be a list of HTTP status codes, from 100 to 599",
                                 t->key->name);
        t->value->codes[t->value->code_count++] = (int)yyjson_get_uint(element);
        anycert__buf_addf(&t->shown, "%s%d", index > 0 ? "," : "", (int)yyjson_get_uint(element));
    }
    return 0;
}

/* ---- all of them ---- */

static int take_kind(struct anycert__taking *t, yyjson_val *json, struct anycert_error *err)
{
    switch (t->key->kind) {
    case ANYCERT__PROFILE_FLAG:
        if (!yyjson_is_bool(json))
            return anycert__profile_refuse_type(t, json, err);
        t->value->flag = yyjson_get_bool(json);
        return 0;
    case ANYCERT__PROFILE_TEXT:
        return add_text(t, json, false, err);
    case ANYCERT__PROFILE_WORD:
        return take_word(t, json, err);
    case ANYCERT__PROFILE_URL:
        return anycert__profile_take_url(t, json, err);
    case ANYCERT__PROFILE_POLICY:
        return take_policy(t, json, err);
    case ANYCERT__PROFILE_PATH:
        return add_text(t, json, true, err);
    case ANYCERT__PROFILE_SECRET:
    case ANYCERT__PROFILE_SOURCE:
        return yyjson_is_str(json) || yyjson_is_obj(json)
                   ? anycert__profile_take_secret(t, json, err)
                   : anycert__profile_refuse_type(t, json, err);
    case ANYCERT__PROFILE_PROXY:
        return anycert__profile_take_proxy(t, json, err);
    case ANYCERT__PROFILE_SECONDS:
    case ANYCERT__PROFILE_WAIT:
    case ANYCERT__PROFILE_NUMBER:
        return take_number(t, json, err);
    case ANYCERT__PROFILE_COUNT:
        return take_count(t, json, err);
    case ANYCERT__PROFILE_TEXTS:
        return take_texts(t, json, false, err);
    case ANYCERT__PROFILE_PATHS:
        return take_texts(t, json, true, err);
    case ANYCERT__PROFILE_CODES:
        return take_codes(t, json, err);
    case ANYCERT__PROFILE_FIELDS:
        return anycert__profile_take_fields(t, json, err);
    }
    return anycert__fail(err, ANYCERT_E_INTERNAL, "'%s' is of no kind", t->key->name);
}

int anycert__profile_take(struct anycert_profile *profile, enum anycert__profile_id id,
                          yyjson_val *json, struct anycert_error *err)
{
    struct anycert__taking t = {profile, &anycert__profile_keys[id], &profile->values[id], {0}};
    char *text = NULL;
    int result = -1;

    anycert__buf_init(&t.shown, ANYCERT__PROFILE_SHOWN);
    result = take_kind(&t, json, err);
    if (result == 0 && t.shown.len == 0) { /* as it stands there: true, 2.5 */
        text = yyjson_val_write_opts(json, 0, anycert__json_memory(), NULL, NULL);
        anycert__buf_adds(&t.shown, text ? text : "");
        anycert__free(text);
    }
    if (result == 0)
        t.value->shown = anycert__buf_take(&t.shown, t.key->name, err);
    anycert__buf_free(&t.shown);
    t.value->given = result == 0 && t.value->shown;
    return t.value->given ? 0 : -1;
}

void anycert__profile_value_clear(struct anycert__profile_value *value)
{
    for (size_t i = 0; i < value->secret_count; i++)
        anycert__secret_clear(&value->secrets[i]);
    anycert__free(value->secrets);
    anycert__strings_clear(&value->texts);
    anycert__free(value->codes);
    anycert__free(value->shown);
    anycert__free(value->source);
    *value = (struct anycert__profile_value){0};
}
