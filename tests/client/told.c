#include "client/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct told tell(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0}, trouble = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;
    struct told told = {0};
    int result = 0;

    assert_non_null(request);
    if (anycert_client_send(client, request, &response, &err) < 0) {
        told.code = err.code;
        memcpy(told.message, err.message, sizeof told.message);
        result = anycert_client_diagnose(client, response, &err, &told.diagnosis, &trouble);
        if (result < 0)
            fail_msg("%s: %s", url, trouble.message);
        assert_int_equal(result, told.diagnosis != NULL);
    }
    anycert_request_free(request);
    anycert_response_free(response);
    return told;
}

struct told tell_of(const struct ask *ask, const char *url)
{
    struct anycert_client *client = ask_client(ask);
    struct told told = tell(client, url);

    anycert_client_free(client);
    return told;
}

struct anycert_client *client_under(const struct anycert_policy *policy, const char *resolve)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;

    assert_non_null(config);
    if (anycert_config_set_policy(config, policy, &err) < 0 ||
        (resolve && anycert_config_add_resolve(config, resolve, &err) < 0))
        fail_msg("%s", err.message);
    client = anycert_client_new(config, &err);
    if (!client)
        fail_msg("%s", err.message);
    anycert_config_free(config);
    return client;
}

bool has_cause(const struct anycert_short_diagnosis *diagnosis, const char *id)
{
    for (size_t n = 0; n < anycert_short_diagnosis_causes(diagnosis); n++) {
        if (strcmp(anycert_short_diagnosis_cause_id(diagnosis, n), id) == 0)
            return true;
    }
    return false;
}

void expect_whole(const char *name, const struct anycert_short_diagnosis *d)
{
    size_t count = anycert_short_diagnosis_causes(d);
    const char *text = anycert_short_diagnosis_text(d);

    assert_true(count > 0);
    for (size_t n = 0; n <= count; n++) {
        bool there = n < count;

        if ((anycert_short_diagnosis_cause_id(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_check(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_side(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_title(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_explanation(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_evidence(d, n) != NULL) != there ||
            (anycert_short_diagnosis_cause_error(d, n) != NULL) != there)
            fail_msg("%s: cause %zu", name, n);
        if (there && (!strstr(text, anycert_short_diagnosis_cause_id(d, n)) ||
                      !*anycert_short_diagnosis_cause_evidence(d, n)))
            fail_msg("%s: %s", name, text);
    }
    if (anycert_short_diagnosis_policy(d) && !strstr(text, anycert_short_diagnosis_policy(d)))
        fail_msg("%s: %s", name, text);
    assert_int_equal(anycert_short_diagnosis_policy(d) != NULL,
                     anycert_short_diagnosis_policy_object(d) != NULL);
}

void expect_cause(const struct told *told, const char *id, bool certain)
{
    if (!told->diagnosis)
        fail_msg("%s: nothing is said of %s", id, told->message);
    if (!has_cause(told->diagnosis, id) ||
        anycert_short_diagnosis_is_certain(told->diagnosis) != certain)
        fail_msg("%s: %s", id, anycert_short_diagnosis_text(told->diagnosis));
    expect_whole(id, told->diagnosis);
}
