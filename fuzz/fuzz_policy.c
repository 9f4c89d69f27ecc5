/* Any text is either refused with a sentence or read; what was read prints canonically: the print
 * can be read again, means the same and prints the same. */
#include "policy/policy.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_round_trip(const struct anycert_policy *policy)
{
    char *text = anycert_policy_format(policy, NULL);
    require(text != NULL && anycert__is_utf8(text, strlen(text)));
    struct anycert_policy *again = anycert_policy_parse(text, NULL);
    require(again != NULL && anycert_policy_equal(policy, again) == 1);
    char *reprinted = anycert_policy_format(again, NULL);
    require(reprinted != NULL && strcmp(text, reprinted) == 0);
    anycert_free(reprinted);
    anycert_policy_free(again);
    anycert_free(text);
}

static void check_expired(const struct anycert_policy *policy)
{
    struct anycert_policy *after = anycert_policy_effective(policy, INT64_MAX, NULL);
    require(after != NULL && anycert_policy_check(after, NULL) == 0);
    require(!policy->has_until || anycert__policy_allows(after) == 0);
    check_round_trip(after);
    anycert_policy_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert_error err = {0};
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    if (policy) {
        require(err.code == 0);
        check_round_trip(policy);
        check_expired(policy);
    } else {
        size_t len = strlen(err.message);
        require(err.code == ANYCERT_E_POLICY_SYNTAX && len > 0);
        require(anycert__is_utf8(err.message, len) && !anycert__has_control(err.message, len));
    }
    anycert_policy_free(policy);
    free(text);
    return 0;
}
