#include "client/profile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/json_memory.h"

#include <stdio.h>
#include <string.h>

#define MAX_TEXT (1u << 20)

const struct anycert__profile_key anycert__profile_keys[ANYCERT__PROFILE_KEYS] = {
#define KEY(name, text, kind, min, max, words, fallback)                                           \
    {text, ANYCERT__PROFILE_##kind, min, max, words, fallback},
#include "client/profile.def"
};

/* Words that mean one of the keys elsewhere. */
static const struct {
    const char *word, *advice;
} elsewhere[] = {
    {"verify", "write 'insecure', which is its opposite"},
    {"verify_ssl", "write 'insecure', which is its opposite"},
    {"ssl_verify", "write 'insecure', which is its opposite"},
    {"trust_any", "write 'insecure'"},
    {"base_url", "write 'url'"},
    {"server", "write 'url'"},
    {"server_url", "write 'url'"},
    {"host", "write 'url'"},
    {"proxy_user", "write it into the URL of 'proxy', percent-encoded"},
    {"proxy_password", "write it into the URL of 'proxy', percent-encoded"},
    {"ca", "write 'cacert'"},
    {"ca_cert", "write 'cacert'"},
    {"certificate", "write 'cert'"},
    {"redirects", "write 'max_redirects'"},
};

/* ---- looking keys up ---- */

/* Length of the group that name and its dot begin with, or 0. */
static size_t group_length(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot ? (size_t)(dot - name) + 1 : 0;
}

/* The key called name in a group ("credentials." or ""), or ANYCERT__PROFILE_KEYS. */
static enum anycert__profile_id find(const char *group, const char *name)
{
    size_t len = strlen(group);

    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++) {
        const char *key = anycert__profile_keys[id].name;

        if (group_length(key) == len && strncmp(key, group, len) == 0 &&
            strcmp(key + len, name) == 0)
            return (enum anycert__profile_id)id;
    }
    return ANYCERT__PROFILE_KEYS;
}

static enum anycert__profile_id find_full(const char *key)
{
    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++) {
        if (strcmp(anycert__profile_keys[id].name, key) == 0)
            return (enum anycert__profile_id)id;
    }
    return ANYCERT__PROFILE_KEYS;
}

static bool is_group(const char *name)
{
    size_t len = strlen(name);

    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++) {
        const char *key = anycert__profile_keys[id].name;

        if (group_length(key) == len + 1 && strncmp(key, name, len) == 0)
            return true;
    }
    return false;
}

/* The key of the group that was probably meant, or NULL. */
static const char *nearest(const char *group, const char *name)
{
    const char *names[ANYCERT__PROFILE_KEYS];
    size_t count = 0;
    size_t len = strlen(group);

    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++) {
        const char *key = anycert__profile_keys[id].name;

        if (group_length(key) == len && strncmp(key, group, len) == 0)
            names[count++] = key + len;
    }
    return anycert__closest(name, names, count);
}

static int unknown(const char *group, const char *name, struct anycert_error *err)
{
    const char *near = nearest(group, name);
    int len = (int)strlen(group);

    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere && !*group; i++) {
        if (strcmp(name, elsewhere[i].word) == 0)
            return anycert__fail(err, ANYCERT_E_USAGE, "there is no key '%s'; %s", name,
                                 elsewhere[i].advice);
    }
    if (near)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no key '%s%.60s'; did you mean '%s'?",
                             group, name, near);
    if (len > 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no key '%.60s' in '%.*s'", name,
                             len - 1, group);
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "there is no key '%.60s'; anycert-profile(5) lists them all", name);
}

/* ---- reading ---- */

/* A text that is being read. The parser gets a copy, which it changes in place: so its strings tell
 * where they stood. */
struct reading {
    struct anycert_profile *profile;
    const char *text;
    size_t len;
    char *copy;
};

static void locate(const struct reading *reading, size_t offset, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < reading->len; i++) {
        unsigned char c = (unsigned char)reading->text[i];

        if (c == '\n') {
            ++*line;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) { /* else inside of a UTF-8 character */
            ++*column;
        }
    }
}

static int at(const struct reading *reading, size_t offset, struct anycert_error *err)
{
    size_t line = 0;
    size_t column = 0;

    locate(reading, offset, &line, &column);
    return anycert__error_prefix(err, "%s:%zu:%zu", reading->profile->name, line, column);
}

/* Where the quote of a key stands. */
static size_t offset_of(const struct reading *reading, yyjson_val *key)
{
    return (size_t)(yyjson_get_str(key) - reading->copy) - 1;
}

static char *format_source(const char *name, size_t line, struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init(&out, 8192);
    anycert__buf_addf(&out, "%s:%zu", name, line);
    text = anycert__buf_take(&out, "place in a profile", err);
    anycert__buf_free(&out);
    return text;
}

static int take_key(const struct reading *reading, enum anycert__profile_id id, yyjson_val *key,
                    yyjson_val *json, struct anycert_error *err)
{
    struct anycert__profile_value *value = &reading->profile->values[id];

    if (value->given)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is given twice, first on line %zu",
                             anycert__profile_keys[id].name, value->line);
    if (anycert__profile_take(reading->profile, id, json, err) < 0)
        return -1;
    locate(reading, offset_of(reading, key), &value->line, &value->column);
    value->source = format_source(reading->profile->name, value->line, err);
    return value->source ? 0 : -1;
}

static int take_member(const struct reading *reading, const char *group, yyjson_val *key,
                       yyjson_val *json, struct anycert_error *err)
{
    const char *name = yyjson_get_str(key);
    enum anycert__profile_id id = find(group, name);

    if (strlen(name) != yyjson_get_len(key) || id == ANYCERT__PROFILE_KEYS)
        return unknown(group, name, err);
    return take_key(reading, id, key, json, err);
}

/* The members of one of the objects that have keys of their own. */
static int take_group(const struct reading *reading, yyjson_val *key, yyjson_val *json,
                      struct anycert_error *err)
{
    const char *name = yyjson_get_str(key);
    char group[64];
    size_t index = 0;
    size_t count = 0;
    yyjson_val *inner = NULL;
    yyjson_val *member = NULL;

    if (!yyjson_is_obj(json)) {
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' has to be an object, not %s", name ? name : "",
                      anycert__profile_type(json));
        return at(reading, offset_of(reading, key), err);
    }
    (void)snprintf(group, sizeof group, "%s.", name ? name : "");
    yyjson_obj_foreach(json, index, count, inner, member)
    {
        if (take_member(reading, group, inner, member, err) < 0)
            return at(reading, offset_of(reading, inner), err);
    }
    return 0;
}

static int take_all(const struct reading *reading, yyjson_val *root, struct anycert_error *err)
{
    size_t index = 0;
    size_t count = 0;
    yyjson_val *key = NULL;
    yyjson_val *json = NULL;

    if (!yyjson_is_obj(root)) {
        anycert__fail(err, ANYCERT_E_USAGE, "a profile is a JSON object, not %s",
                      anycert__profile_type(root));
        return anycert__error_prefix(err, "%s", reading->profile->name);
    }
    yyjson_obj_foreach(root, index, count, key, json)
    {
        if (is_group(yyjson_get_str(key))) {
            if (take_group(reading, key, json, err) < 0)
                return -1;
        } else if (take_member(reading, "", key, json, err) < 0) {
            return at(reading, offset_of(reading, key), err);
        }
    }
    return anycert__profile_check(reading->profile, err);
}

static int read_text(const struct reading *reading, struct anycert_error *err)
{
    yyjson_read_err why = {0};
    yyjson_doc *doc = NULL;
    int result = -1;

    doc = yyjson_read_opts(reading->copy, reading->len,
                           YYJSON_READ_INSITU | YYJSON_READ_ALLOW_COMMENTS, anycert__json_memory(),
                           &why);
    if (doc) {
        result = take_all(reading, yyjson_doc_get_root(doc), err);
    } else if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        anycert__fail_nomem(err);
    } else {
        anycert__fail(err, ANYCERT_E_USAGE, "not JSON: %s",
                      reading->len == 0 ? "it is empty"
                      : why.msg         ? why.msg
                                        : "error");
        at(reading, why.pos, err);
    }
    yyjson_doc_free(doc);
    return result;
}

/* folder is what stands before and with its last slash. */
static struct anycert_profile *new_profile(const char *name, const char *folder, size_t folder_len,
                                           struct anycert_error *err)
{
    struct anycert_profile *profile = anycert__calloc(1, sizeof *profile);

    if (profile) {
        profile->name = anycert__strdup(name);
        profile->folder = anycert__strndup(folder, folder_len);
    }
    if (profile && profile->name && profile->folder)
        return profile;
    anycert__fail_nomem(err);
    anycert_profile_free(profile);
    return NULL;
}

static struct anycert_profile *read_profile(const char *text, size_t len, const char *name,
                                            size_t folder_len, struct anycert_error *err)
{
    struct reading reading = {.text = text, .len = len};
    int result = -1;

    if (len > MAX_TEXT) {
        anycert__fail(err, ANYCERT_E_USAGE, "%s: a profile has at most %u bytes", name, MAX_TEXT);
        return NULL;
    }
    reading.profile = new_profile(name, name, folder_len, err);
    reading.copy = reading.profile ? anycert__calloc(1, len + YYJSON_PADDING_SIZE) : NULL;
    if (reading.copy) {
        if (len > 0)
            memcpy(reading.copy, text, len);
        result = read_text(&reading, err);
        anycert__wipe(reading.copy, len);
        anycert__free(reading.copy);
    } else if (reading.profile) {
        anycert__fail_nomem(err);
    }
    if (result == 0)
        return reading.profile;
    anycert_profile_free(reading.profile);
    return NULL;
}

struct anycert_profile *anycert_profile_parse(const char *text, size_t len, const char *name,
                                              struct anycert_error *err)
{
    return read_profile(text ? text : "", text ? len : 0, name ? name : "profile", 0, err);
}

struct anycert_profile *anycert_profile_load(const char *path, struct anycert_error *err)
{
    struct anycert_profile *profile = NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *text = NULL;
    size_t len = 0;

    if (anycert__check_text(path, "path of the profile", err) < 0 ||
        anycert__file_read(path, MAX_TEXT, ANYCERT_E_FILE, "profile", &text, &len, err) < 0)
        return NULL;
    profile = read_profile(text, len, path, slash ? (size_t)(slash - path) + 1 : 0, err);
    anycert__wipe(text, len);
    anycert__free(text);
    return profile;
}

void anycert_profile_free(struct anycert_profile *profile)
{
    if (!profile)
        return;
    for (size_t id = 0; id < ANYCERT__PROFILE_KEYS; id++)
        anycert__profile_value_clear(&profile->values[id]);
    anycert__free(profile->name);
    anycert__free(profile->folder);
    anycert__free(profile);
}

/* ---- changing it ---- */

static int take_text(struct anycert_profile *profile, enum anycert__profile_id id, const char *json,
                     struct anycert_error *err)
{
    char *copy = anycert__strdup(json);
    yyjson_doc *doc = NULL;
    int result = -1;

    if (!copy)
        return anycert__fail_nomem(err);
    doc = yyjson_read_opts(copy, strlen(copy), 0, anycert__json_memory(), NULL);
    if (doc)
        result = anycert__profile_take(profile, id, yyjson_doc_get_root(doc), err);
    else
        anycert__fail(err, ANYCERT_E_USAGE, "the value of '%s' is not JSON",
                      anycert__profile_keys[id].name);
    yyjson_doc_free(doc);
    anycert__free_secret(copy);
    return result;
}

int anycert_profile_set(struct anycert_profile *profile, const char *key, const char *json,
                        const char *source, struct anycert_error *err)
{
    enum anycert__profile_id id = find_full(key ? key : "");
    struct anycert__profile_value before = {0};
    int result = 0;

    if (id == ANYCERT__PROFILE_KEYS)
        return unknown("", key ? key : "", err);
    source = source ? source : "caller";
    before = profile->values[id];
    profile->values[id] = (struct anycert__profile_value){0};
    if (json)
        result = take_text(profile, id, json, err);
    profile->values[id].source = anycert__strdup(source);
    if (!profile->values[id].source)
        result = anycert__fail_nomem(err);
    /* What is taken out may leave others without what they need: that is said when it is applied.
     */
    if (result == 0 && (!json || anycert__profile_check(profile, err) == 0)) {
        anycert__profile_value_clear(&before);
        return 0;
    }
    if (result < 0)
        anycert__error_prefix(err, "%s", source);
    anycert__profile_value_clear(&profile->values[id]);
    profile->values[id] = before;
    return -1;
}

/* ---- asking ---- */

const char *anycert_profile_key(size_t index)
{
    return index < ANYCERT__PROFILE_KEYS ? anycert__profile_keys[index].name : NULL;
}

/* The key whose value is in force for id: `timeout` stands for two that are not given, and the box
 * has two names and chooses the policy. */
static enum anycert__profile_id effective(const struct anycert_profile *profile,
                                          enum anycert__profile_id id)
{
    enum anycert__profile_id other = ANYCERT__PROFILE_KEYS;

    if (id == ANYCERT__PROFILE_KEY_CONNECT_TIMEOUT || id == ANYCERT__PROFILE_KEY_STALL_TIMEOUT)
        other = ANYCERT__PROFILE_KEY_TIMEOUT;
    else if (id == ANYCERT__PROFILE_KEY_INSECURE)
        other = ANYCERT__PROFILE_KEY_UNSECURE;
    else if (id == ANYCERT__PROFILE_KEY_TRUST && anycert__profile_insecure(profile))
        other = effective(profile, ANYCERT__PROFILE_KEY_INSECURE);
    return other < ANYCERT__PROFILE_KEYS && !profile->values[id].given &&
                   profile->values[other].given
               ? other
               : id;
}

const char *anycert_profile_value(const struct anycert_profile *profile, const char *key)
{
    enum anycert__profile_id id = find_full(key);
    enum anycert__profile_id from = ANYCERT__PROFILE_KEYS;

    if (id == ANYCERT__PROFILE_KEYS)
        return NULL;
    if (id == ANYCERT__PROFILE_KEY_RETRY_STATUSES && !profile->values[id].given &&
        !(profile->values[ANYCERT__PROFILE_KEY_RETRIES].number > 0))
        return NULL;
    from = effective(profile, id);
    if (id == ANYCERT__PROFILE_KEY_TRUST && from != id)
        return "trust-any";
    if (profile->values[from].given)
        return profile->values[from].shown;
    return profile->values[from].source ? NULL : anycert__profile_keys[from].fallback;
}

const char *anycert_profile_source(const struct anycert_profile *profile, const char *key)
{
    enum anycert__profile_id id = find_full(key);

    if (id == ANYCERT__PROFILE_KEYS)
        return NULL;
    id = effective(profile, id);
    return profile->values[id].source ? profile->values[id].source : "default";
}
