/* Any text is either refused with a sentence that begins with its place, or read; what was read can
 * be shown, with no secret in it, and makes a policy or says why not. The same for a Link field,
 * which any server may send. */
#include "base/mem.h"
#include "base/str.h"
#include "client/link.h"
#include "client/profile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_text(const char *text)
{
    require(anycert__is_utf8(text, strlen(text)) && !anycert__has_control(text, strlen(text)));
}

static void check_values(const struct anycert_profile *profile)
{
    for (size_t i = 0; anycert_profile_key(i); i++) {
        const char *key = anycert_profile_key(i);
        const char *value = anycert_profile_value(profile, key);

        check_text(anycert_profile_source(profile, key));
        if (value)
            check_text(value);
        if (profile->values[i].given && anycert__profile_keys[i].kind == ANYCERT__PROFILE_SECRET)
            require(*value == '(');
    }
}

static void check_profile(const char *text, size_t size)
{
    struct anycert_error err = {0};
    struct anycert_profile *profile = anycert_profile_parse(text, size, "p", &err);
    struct anycert_policy *policy = NULL;

    if (!profile) {
        require(err.code != 0 && strncmp(err.message, "p:", 2) == 0);
        check_text(err.message);
        return;
    }
    check_values(profile);
    policy = anycert_profile_policy(profile, &err);
    require(policy ? anycert_policy_check(policy, NULL) == 0 : err.code != 0);
    anycert_policy_free(policy);
    anycert_profile_free(profile);
}

static void check_link(const char *text)
{
    struct anycert__fields fields = {0};
    bool failed = false;
    char *target = NULL;

    require(anycert__fields_add(&fields, "Link", text, NULL) == 0);
    target = anycert__link_find(&fields, "next", &failed);
    require(!failed && (!target || (*target && strstr(text, target))));
    anycert__free(target);
    anycert__fields_clear(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_profile(text, size);
    check_link(text);
    free(text);
    return 0;
}
