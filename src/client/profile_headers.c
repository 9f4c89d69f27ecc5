#include "client/profile.h"

#include "base/mem.h"
#include "base/str.h"

/* Reads the field's value and hands it on. */
static int with_field(const struct anycert__applying *a, size_t index,
                      int (*take)(void *to, const char *name, const char *value,
                                  struct anycert_error *err),
                      void *to, struct anycert_error *err)
{
    struct anycert__profile_value *fields = &a->profile->values[ANYCERT__PROFILE_KEY_HEADERS];
    const char *name = fields->texts.list[index];
    char *value = anycert__secret_read(&fields->secrets[index], &a->asking, err);
    int result = value ? take(to, name, value, err) : -1;

    anycert__free_secret(value);
    if (result == 0)
        return 0;
    anycert__error_prefix(err, "%s", name);
    return anycert__profile_blame(a->profile, ANYCERT__PROFILE_KEY_HEADERS, err);
}

static int to_config(void *to, const char *name, const char *value, struct anycert_error *err)
{
    return anycert_config_add_header(to, name, value, err);
}

static int to_request(void *to, const char *name, const char *value, struct anycert_error *err)
{
    return anycert_request_add_header(to, name, value, err);
}

/* Whether the request says something about a field, be it that it is not sent. */
static bool has_field(const struct anycert_request *request, const char *name)
{
    for (size_t i = 0; i < request->headers.count; i++) {
        if (anycert__str_equal_nocase(request->headers.list[i].name, name))
            return true;
    }
    return false;
}

int anycert__profile_apply_headers(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *url =
        anycert__profile_given(profile, ANYCERT__PROFILE_KEY_URL);
    const struct anycert__profile_value *fields =
        anycert__profile_given(profile, ANYCERT__PROFILE_KEY_HEADERS);

    if (url && anycert_config_set_base_url(a->config, url->secrets[0].text, err) < 0)
        return anycert__profile_blame(profile, ANYCERT__PROFILE_KEY_URL, err);
    a->config->base_as_written = a->config->base_as_written || url;
    for (size_t i = 0; fields && i < fields->texts.count; i++) {
        if (with_field(a, i, to_config, a->config, err) < 0)
            return -1;
        if (anycert__profile_field_is_secret(fields, i) &&
            anycert_config_add_secret_header(a->config, fields->texts.list[i], err) < 0)
            return anycert__profile_blame(profile, ANYCERT__PROFILE_KEY_HEADERS, err);
    }
    return 0;
}

int anycert_profile_add_headers(struct anycert_profile *profile, struct anycert_request *request,
                                anycert_profile_variable *variable, void *arg,
                                struct anycert_error *err)
{
    const struct anycert__applying a = {
        profile, NULL, {variable, arg, profile->interrupt, profile->interrupt_arg}};
    const struct anycert__profile_value *fields =
        anycert__profile_given(profile, ANYCERT__PROFILE_KEY_HEADERS);

    for (size_t i = 0; fields && i < fields->texts.count; i++) {
        if (!has_field(request, fields->texts.list[i]) &&
            with_field(&a, i, to_request, request, err) < 0)
            return -1;
    }
    return 0;
}
