/* OAuth 2.0 credentials as objects: what is refused, and want of memory. */
#include "client/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define COUNT(a)    (sizeof(a) / sizeof(a)[0])
#define NOW         INT64_C(1000000)
#define TOKEN(more) "{\"access_token\":\"t0k-en\"" more "}"

static struct anycert_auth *make(void)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = anycert_auth_oauth2("https://login.test/token?a=b", "the client/",
                                                    "the secret&of it", &err);

    if (!auth)
        fail_msg("%s", err.message);
    return auth;
}

/* ---- bad input */

static void constructor_refuses(void **state)
{
    static const struct {
        const char *url, *id, *secret;
        int code;
    } rows[] = {
        {"https://login.test/", "", "s3cret", ANYCERT_E_USAGE},
        {"https://login.test/", NULL, "s3cret", ANYCERT_E_USAGE},
        {"https://login.test/", "i\n", "s3cret", ANYCERT_E_USAGE},
        {"https://login.test/", "id", "", ANYCERT_E_USAGE},
        {"https://login.test/", "id", NULL, ANYCERT_E_USAGE},
        {"https://login.test/", "id", "s3cret\r\n", ANYCERT_E_USAGE},
        {"login.test", "id", "s3cret", ANYCERT_E_URL},
        {"", "id", "s3cret", ANYCERT_E_URL},
        {"http://login.test/", "id", "s3cret", ANYCERT_E_URL},
        {"http://localhost.login.test/", "id", "s3cret", ANYCERT_E_URL},
        {"https://id:s3cret@login.test/", "id", "s3cret", ANYCERT_E_URL},
        {"http://localhost:80/", "id", "s3cret", 0},
        {"http://127.0.0.1/", "id", "s3cret", 0},
        {"http://[::1]/", "id", "s3cret", 0},
        {"https://login.test/", "id", "s3cret", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert_auth *auth =
            anycert_auth_oauth2(rows[i].url, rows[i].id, rows[i].secret, &err);

        if (err.code != rows[i].code)
            fail_msg("%s: %d, %s", rows[i].url, (int)err.code, err.message);
        assert_int_equal(auth != NULL, rows[i].code == 0);
        assert_null(strstr(err.message, "s3cret"));
        anycert_auth_free(auth);
    }
}

static void setters_refuse(void **state)
{
    static const char *const own[] = {"grant_type", "client_id", "client_secret", "scope",
                                      "audience"};
    struct anycert_auth *auth = make();
    struct anycert_auth *bearer = anycert_auth_bearer("t0ken", NULL);
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_error err[9];
    int64_t expires_at = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(own); i++)
        assert_int_equal(anycert_auth_oauth2_add_param(auth, own[i], "x", NULL), -1);
    memset(err, 0, sizeof err);
    assert_int_equal(anycert_auth_oauth2_add_param(auth, "", "x", &err[0]), -1);
    assert_int_equal(anycert_auth_oauth2_set_scope(auth, "", &err[1]), -1);
    assert_int_equal(anycert_auth_oauth2_set_audience(auth, "a\r\n", &err[2]), -1);
    assert_int_equal(anycert_auth_oauth2_set_style(auth, (enum anycert_oauth2_style)7, &err[3]),
                     -1);
    assert_int_equal(anycert_auth_oauth2_set_refresh_before(auth, 86401, &err[4]), -1);
    assert_int_equal(anycert_auth_oauth2_set_token(auth, "two words", 0, &err[5]), -1);
    assert_int_equal(anycert_auth_oauth2_set_scope(bearer, "x", &err[6]), -1);
    assert_null(anycert_auth_oauth2_token(bearer, &expires_at, &err[7]));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(err[i].code, ANYCERT_E_USAGE);

    /* Once it is set somewhere, nothing changes any more. */
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    memset(err, 0, sizeof err);
    assert_int_equal(anycert_auth_oauth2_set_scope(auth, "x", &err[0]), -1);
    assert_int_equal(anycert_auth_oauth2_set_audience(auth, "x", &err[1]), -1);
    assert_int_equal(anycert_auth_oauth2_add_param(auth, "x", "x", &err[2]), -1);
    assert_int_equal(anycert_auth_oauth2_set_style(auth, ANYCERT_OAUTH2_BODY, &err[3]), -1);
    assert_int_equal(anycert_auth_oauth2_set_refresh_before(auth, 1, &err[4]), -1);
    assert_int_equal(anycert_auth_oauth2_set_token(auth, "x", 0, &err[5]), -1);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(err[i].code, ANYCERT_E_STATE);
    anycert_config_free(config);
    anycert_auth_free(bearer);
    anycert_auth_free(auth);
}

/* ---- want of memory */

static int whole_life(struct anycert_error *err)
{
    struct anycert_auth *auth = anycert_auth_oauth2("https://login.test/", "id", "s3cret", err);
    struct anycert__auth_use use = {0};
    struct anycert__exchange exchange = {.status = 200};
    static const char answer[] = TOKEN(",\"expires_in\":200");
    int result = -1;

    if (!auth || anycert_auth_oauth2_set_scope(auth, "x", err) < 0 ||
        anycert_auth_oauth2_add_param(auth, "a", "b", err) < 0 ||
        anycert_auth_oauth2_set_token(auth, "0ld", NOW, err) < 0)
        goto out;
    anycert__auth_begin(&use, auth);
    if (anycert__auth_need(&use, "hardened", NOW, err) != ANYCERT__AUTH_FETCH)
        goto out;
    result = anycert__auth_fetch_begin(&use, &exchange, err);
    if (result == 0)
        result = exchange.sink(exchange.sink_arg, &exchange, answer, strlen(answer), err);
    result = anycert__auth_fetch_end(&use, result, &exchange, NOW, err);
    if (result == 0 && anycert__auth_need(&use, "hardened", NOW, err) != ANYCERT__AUTH_READY)
        result = -1;
out:
    anycert__auth_end(&use);
    anycert_auth_free(auth);
    return result;
}

static void without_memory_it_fails_and_nothing_is_lost(void **state)
{
    unsigned long needed = 0;

    (void)state;
    for (unsigned long nth = 0; nth <= needed; nth++) {
        struct anycert_error err = {0};
        int result = 0;

        anycert__mem_fail_from(nth); /* 0: none fails, and they are counted */
        result = whole_life(&err);
        if (nth == 0)
            needed = anycert__mem_requests();
        anycert__mem_fail_from(0);
        assert_int_equal(err.code == 0, result == 0);
        if (nth == 0)
            assert_int_equal(result, 0);
    }
    assert_true(needed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructor_refuses),
        cmocka_unit_test(setters_refuse),
        cmocka_unit_test(without_memory_it_fails_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
