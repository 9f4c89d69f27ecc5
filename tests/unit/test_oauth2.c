/* Tokens: who asks, who waits, what is kept and for how long, and what an answer says. No network.
 */
#include "client/auth.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define NOW      INT64_C(1000000)

static struct anycert_auth *make(void)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = anycert_auth_oauth2("https://login.test/token?a=b", "the client/",
                                                    "the secret&of it", &err);

    if (!auth)
        fail_msg("%s", err.message);
    return auth;
}

static struct anycert__auth_use begin(struct anycert_auth *auth)
{
    struct anycert__auth_use use;

    anycert__auth_begin(&use, auth);
    return use;
}

/* One token request that is answered so; the code of the error. */
static int fetch(struct anycert__auth_use *use, int64_t now, int status, const char *answer,
                 struct anycert_error *err)
{
    struct anycert__exchange exchange = {0};
    int result = 0;

    memset(err, 0, sizeof *err);
    assert_int_equal(anycert__auth_fetch_begin(use, &exchange, err), 0);
    exchange.status = status;
    if (*answer)
        result = exchange.sink(exchange.sink_arg, &exchange, answer, strlen(answer), err);
    result = anycert__auth_fetch_end(use, result, &exchange, now, err);
    assert_int_equal(result, err->code ? -1 : 0);
    return err->code;
}

static enum anycert__auth_step need(struct anycert__auth_use *use, const char *terms, int64_t now)
{
    struct anycert_error err = {0};
    enum anycert__auth_step step = anycert__auth_need(use, terms, now, &err);

    assert_int_equal(err.code != 0, step == ANYCERT__AUTH_REFUSED);
    return step;
}

/* A call that gets its token from the answer. */
static void learn(struct anycert_auth *auth, int64_t now, const char *answer)
{
    struct anycert__auth_use use = begin(auth);
    struct anycert_error err = {0};

    assert_int_equal(need(&use, "hardened", now), ANYCERT__AUTH_FETCH);
    if (fetch(&use, now, 200, answer, &err))
        fail_msg("%s", err.message);
    assert_int_equal(need(&use, "hardened", now), ANYCERT__AUTH_READY);
    anycert__auth_end(&use);
}

/* ---- the request */

static void request_is_what_the_rfc_says(void **state)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = make();
    struct anycert__auth_use use;
    struct anycert__exchange exchange = {0};

    (void)state;
    assert_int_equal(anycert_auth_oauth2_set_scope(auth, "read write:all", &err), 0);
    assert_int_equal(anycert_auth_oauth2_set_audience(auth, "https://api.test/", &err), 0);
    assert_int_equal(anycert_auth_oauth2_add_param(auth, "resource", "a b", &err), 0);
    assert_int_equal(anycert_auth_oauth2_add_param(auth, "x&y", "", &err), 0);
    use = begin(auth);
    assert_int_equal(need(&use, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(anycert__auth_fetch_begin(&use, &exchange, &err), 0);
    assert_string_equal(exchange.method, "POST");
    assert_string_equal(exchange.url->text, "https://login.test/token?a=b");
    assert_string_equal(exchange.user, "the%20client%2F");
    assert_string_equal(exchange.password, "the%20secret%26of%20it");
    assert_string_equal(exchange.body->type, "application/x-www-form-urlencoded");
    assert_string_equal(exchange.body->bytes,
                        "grant_type=client_credentials&scope=read%20write%3Aall&"
                        "audience=https%3A%2F%2Fapi.test%2F&resource=a%20b&x%26y=");
    assert_int_equal(exchange.body->len, strlen(exchange.body->bytes));
    assert_non_null(exchange.identity);
    anycert__auth_end(&use);
    anycert_auth_free(auth);

    auth = make();
    assert_int_equal(anycert_auth_oauth2_set_style(auth, ANYCERT_OAUTH2_BODY, &err), 0);
    use = begin(auth);
    memset(&exchange, 0, sizeof exchange);
    assert_int_equal(need(&use, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(anycert__auth_fetch_begin(&use, &exchange, &err), 0);
    assert_null(exchange.user);
    assert_string_equal(exchange.body->bytes,
                        "grant_type=client_credentials&client_id=the%20client%2F&"
                        "client_secret=the%20secret%26of%20it");
    anycert__auth_end(&use);
    anycert_auth_free(auth);
}

/* ---- the answer */

#define TOKEN(more) "{\"access_token\":\"t0k-en\"" more "}"

static void assert_repeats_nothing(const char *message)
{
    assert_null(strstr(message, "the secret"));
    assert_null(strstr(message, "the%20secret"));
    assert_null(strstr(message, "dGhlJTIwY2xpZW50JTJG"));
    assert_null(strstr(message, "assertion-of-it"));
    assert_null(strstr(message, "t0k"));
}

static void answers_are_read_or_refused(void **state)
{
    static const struct {
        int status;
        const char *answer;
        const char *message; /* NULL: it is fine */
    } rows[] = {
        {200, TOKEN(""), NULL},
        {200, TOKEN(",\"token_type\":\"bearer\",\"expires_in\":3600"), NULL},
        {200, TOKEN(",\"token_type\":\"BEARER\",\"expires_in\":\"3600\",\"scope\":\"x\""), NULL},
        {200, "  {\"x\":[1,{}],\"access_token\":\"\\u0074\"}\n", NULL},
        {200, "", "the answer is not a JSON object"},
        {200, "access_token=t0k-en", "the answer is not a JSON object"},
        {200, "[\"t0k-en\"]", "the answer is not a JSON object"},
        {200, "{\"token\":\"t0k-en\"}", "the answer has no access_token"},
        {200, "{\"access_token\":7}", "the answer has no access_token"},
        {200, "{\"access_token\":\"t0k\\u0000-en\"}", "the answer has no access_token"},
        {200, "{\"access_token\":\"\"}", "has an access_token that no header field can have"},
        {200, "{\"access_token\":\"t0k en\"}", "has an access_token that no header field can have"},
        {200, "{\"access_token\":\"t0k\\r\\nX: y\"}", "that no header field can have"},
        {200, TOKEN(",\"token_type\":\"mac\""), "the token is of the type 'mac'"},
        {400, "{\"error\":\"invalid_scope\"}", "status 400, invalid_scope"},
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"who\\u0007?\"}",
         "status 401, invalid_client: who\\x07?"},
        {401, "{\"error\":\"the secret&of it\",\"error_description\":\"not the secret&of it\"}",
         "status 401"},
        {400, "{\"error\":\"x\",\"error_description\":\"not the%20secret%26of%20it\"}",
         "status 400, x"},
        {400,
         "{\"error\":\"x\",\"error_description\":\"not Basic "
         "dGhlJTIwY2xpZW50JTJGOnRoZSUyMHNlY3JldCUyNm9mJTIwaXQ=\"}",
         "status 400, x"},
        {400, "{\"error\":\"x\",\"error_description\":\"not the assertion-of-it\"}",
         "status 400, x"},
        {503, "<html>", "status 503"},
        {204, "", "status 204"},
        {302, "", "it redirects (status 302)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_auth *auth = make();
        struct anycert__auth_use use = begin(auth);
        struct anycert_error err = {0};
        int code = 0;

        assert_int_equal(
            anycert_auth_oauth2_add_param(auth, "client_assertion", "assertion-of-it", NULL), 0);
        assert_int_equal(need(&use, "hardened", NOW), ANYCERT__AUTH_FETCH);
        code = fetch(&use, NOW, rows[i].status, rows[i].answer, &err);
        assert_int_equal(code, rows[i].message ? ANYCERT_E_AUTH : 0);
        if (rows[i].message && !strstr(err.message, rows[i].message))
            fail_msg("'%s' has no '%s'", err.message, rows[i].message);
        if (rows[i].message)
            assert_non_null(strstr(err.message, "token request to https://login.test:443: "));
        assert_repeats_nothing(err.message);
        anycert__auth_end(&use);
        anycert_auth_free(auth);
    }
}

static void answer_that_is_too_large_is_refused(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use use = begin(auth);
    struct anycert_error err = {0};
    char *answer = calloc(1, 300 * 1024);

    (void)state;
    assert_non_null(answer);
    memset(answer, ' ', 300 * 1024 - 1);
    assert_int_equal(need(&use, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(fetch(&use, NOW, 200, answer, &err), ANYCERT_E_AUTH);
    assert_non_null(strstr(err.message, "the answer is larger than 256 KiB"));
    anycert__auth_end(&use);
    anycert_auth_free(auth);
    free(answer);
}

static void failed_transfer_keeps_its_code(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use use = begin(auth);
    struct anycert__exchange exchange = {0};
    struct anycert_error err = {.code = ANYCERT_E_TRUST_DATES, .message = "expired"};
    struct anycert_error lost = {0};

    (void)state;
    assert_int_equal(need(&use, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(anycert__auth_fetch_begin(&use, &exchange, &lost), 0);
    assert_int_equal(anycert__auth_fetch_end(&use, -1, &exchange, NOW, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_DATES);
    assert_string_equal(err.message, "token request to https://login.test:443: expired");
    anycert__auth_end(&use);
    anycert_auth_free(auth);
}

/* ---- lives */

static enum anycert__auth_step ask(struct anycert_auth *auth, int64_t now)
{
    struct anycert__auth_use use = begin(auth);
    enum anycert__auth_step step = need(&use, "hardened", now);

    anycert__auth_end(&use); /* and gives up what it may have begun */
    return step;
}

static void tokens_are_renewed_before_they_expire(void **state)
{
    static const struct {
        const char *lifetime;
        uint32_t before;
        int64_t good_for; /* -1: for ever */
    } rows[] = {
        {"3600", 60, 3540}, {"3600.9", 60, 3540}, {"\"3600\"", 60, 3540},
        {"3600", 0, 3600},  {"3600", 3600, 1800}, /* half its life at least */
        {"100", 60, 50},    {"119", 60, 60},      {"1", 60, 1},
        {"null", 60, -1},   {"\"soon\"", 60, -1}, {"1e300", 60, INT64_C(100) * 366 * 86400 - 60},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_auth *auth = make();
        char answer[128];

        assert_int_equal(anycert_auth_oauth2_set_refresh_before(auth, rows[i].before, NULL), 0);
        snprintf(answer, sizeof answer, "{\"access_token\":\"a\",\"expires_in\":%s}",
                 rows[i].lifetime);
        learn(auth, NOW, answer);
        if (rows[i].good_for < 0) {
            assert_int_equal(ask(auth, INT64_MAX - 1), ANYCERT__AUTH_READY);
        } else {
            assert_int_equal(ask(auth, NOW + rows[i].good_for - 1), ANYCERT__AUTH_READY);
            assert_int_equal(ask(auth, NOW + rows[i].good_for), ANYCERT__AUTH_FETCH);
        }
        anycert_auth_free(auth);
    }
}

/* Good for the call that has asked for it, and for no other. */
static void token_without_a_life_serves_its_call(void **state)
{
    static const char *const lives[] = {"0", "-5"};

    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct anycert_auth *auth = make();
        char answer[128];

        snprintf(answer, sizeof answer, "{\"access_token\":\"a\",\"expires_in\":%s}", lives[i]);
        learn(auth, NOW, answer);
        assert_int_equal(ask(auth, NOW), ANYCERT__AUTH_FETCH);
        anycert_auth_free(auth);
    }
}

static void token_that_cannot_be_renewed_serves_until_its_end(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use use;
    struct anycert_error err = {0};

    (void)state;
    learn(auth, NOW, TOKEN(",\"expires_in\":1000"));
    use = begin(auth);
    assert_int_equal(need(&use, "hardened", NOW + 950), ANYCERT__AUTH_FETCH);
    assert_int_equal(fetch(&use, NOW + 950, 503, "", &err), 0);
    assert_int_equal(need(&use, "hardened", NOW + 950), ANYCERT__AUTH_READY);
    anycert__auth_end(&use);
    /* It is not tried again at once. */
    assert_int_equal(ask(auth, NOW + 951), ANYCERT__AUTH_READY);
    assert_int_equal(ask(auth, NOW + 955), ANYCERT__AUTH_FETCH);
    use = begin(auth);
    assert_int_equal(need(&use, "hardened", NOW + 1000), ANYCERT__AUTH_FETCH);
    assert_int_equal(fetch(&use, NOW + 1000, 503, "", &err), ANYCERT_E_AUTH);
    assert_int_equal(use.refused_status, 503);
    anycert__auth_end(&use);
    anycert_auth_free(auth);
}

/* ---- many at once */

static void others_wait_for_the_one_who_asks(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use one = begin(auth);
    struct anycert__auth_use two = begin(auth);
    struct anycert__auth_use other = begin(auth);
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_WAIT);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_WAIT);
    /* What one policy has learned is nothing to another. */
    assert_int_equal(need(&other, "trust-any", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(fetch(&one, NOW, 200, TOKEN(",\"expires_in\":0"), &err), 0);
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_int_equal(fetch(&other, NOW, 401, "", &err), ANYCERT_E_AUTH);
    anycert__auth_end(&one);
    anycert__auth_end(&two);
    anycert__auth_end(&other);
    anycert_auth_free(auth);
}

static void those_who_waited_fail_with_the_one_who_asked(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use one = begin(auth);
    struct anycert__auth_use two = begin(auth);
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_WAIT);
    assert_int_equal(fetch(&one, NOW, 401, "{\"error\":\"invalid_client\"}", &err), ANYCERT_E_AUTH);
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert__auth_need(&two, "hardened", NOW, &err), ANYCERT__AUTH_REFUSED);
    assert_int_equal(err.code, ANYCERT_E_AUTH);
    assert_non_null(strstr(err.message, "invalid_client"));
    /* Whoever comes next asks anew, and so does a retry. */
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_FETCH);
    anycert__auth_end(&one);
    anycert__auth_end(&two);
    anycert_auth_free(auth);
}

static void another_one_asks_when_a_call_is_given_up(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use one = begin(auth);
    struct anycert__auth_use two = begin(auth);
    struct anycert__exchange exchange = {0};
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(anycert__auth_fetch_begin(&one, &exchange, &err), 0);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_WAIT);
    anycert__auth_end(&one);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_FETCH);
    anycert__auth_fetch_drop(&two);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_FETCH);
    anycert__auth_end(&two);
    anycert_auth_free(auth);
}

/* Its reasons are its own. */
static void those_who_waited_ask_when_the_one_who_asked_was_stopped(void **state)
{
    static const int codes[] = {ANYCERT_E_INTERRUPTED, ANYCERT_E_TIMEOUT_TOTAL,
                                ANYCERT_E_TIMEOUT_BUDGET};

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct anycert_auth *auth = make();
        struct anycert__auth_use one = begin(auth);
        struct anycert__auth_use two = begin(auth);
        struct anycert__exchange exchange = {0};
        struct anycert_error err = {.code = codes[i], .message = "stopped"};
        struct anycert_error lost = {0};

        assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
        assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_WAIT);
        assert_int_equal(anycert__auth_fetch_begin(&one, &exchange, &lost), 0);
        assert_int_equal(anycert__auth_fetch_end(&one, -1, &exchange, NOW, &err), -1);
        assert_int_equal(err.code, codes[i]);
        assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_FETCH);
        anycert__auth_end(&one);
        anycert__auth_end(&two);
        anycert_auth_free(auth);
    }
}

/* As the child of a fork would find it. */
static void nobody_waits_for_ever(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use one = begin(auth);
    struct anycert__auth_use two = begin(auth);
    struct anycert__auth_use three = begin(auth);
    struct anycert_error err = {0};
    unsigned waits = 0;

    (void)state;
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
    while (need(&two, "hardened", NOW) == ANYCERT__AUTH_WAIT)
        waits++;
    assert_int_equal(waits, 500);
    /* The others wait for the new one, and the old one disturbs nobody when it ends. */
    assert_int_equal(need(&three, "hardened", NOW), ANYCERT__AUTH_WAIT);
    assert_int_equal(fetch(&one, NOW, 503, "", &err), ANYCERT_E_AUTH);
    assert_int_equal(need(&three, "hardened", NOW), ANYCERT__AUTH_WAIT);
    assert_int_equal(fetch(&two, NOW, 200, TOKEN(",\"expires_in\":0"), &err), 0);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_int_equal(need(&three, "hardened", NOW), ANYCERT__AUTH_READY);
    anycert__auth_end(&one);
    anycert__auth_end(&two);
    anycert__auth_end(&three);
    anycert_auth_free(auth);
}

static void old_token_serves_while_a_new_one_is_on_its_way(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert__auth_use one;

    (void)state;
    learn(auth, NOW, TOKEN(",\"expires_in\":1000"));
    one = begin(auth);
    assert_int_equal(need(&one, "hardened", NOW + 950), ANYCERT__AUTH_FETCH);
    assert_int_equal(ask(auth, NOW + 950), ANYCERT__AUTH_READY);
    assert_int_equal(ask(auth, NOW + 1000), ANYCERT__AUTH_WAIT);
    anycert__auth_end(&one);
    anycert_auth_free(auth);
}

static void refused_token_is_replaced_once_in_a_call(void **state)
{
    const struct anycert__exchange refused = {.status = 401};
    const struct anycert__exchange fine = {.status = 200};
    struct anycert_auth *auth = make();
    struct anycert__auth_use one;
    struct anycert__auth_use two;
    struct anycert_error err = {0};

    (void)state;
    learn(auth, NOW, TOKEN(",\"expires_in\":1000"));
    one = begin(auth);
    two = begin(auth);
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_int_equal(anycert__auth_again(&one, &fine, &err), 0);
    one.asked = false; /* as before each exchange */
    assert_int_equal(anycert__auth_again(&one, &refused, &err), 1);
    assert_int_equal(anycert__auth_again(&one, &refused, &err), 1); /* asked twice of one answer */
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_FETCH);
    assert_int_equal(fetch(&one, NOW, 200, "{\"access_token\":\"new\",\"expires_in\":1000}", &err),
                     0);
    assert_int_equal(need(&one, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_string_equal(one.token, "new");
    one.asked = false;
    assert_int_equal(anycert__auth_again(&one, &refused, &err), 0);

    /* The other call was refused as well, and finds the new one there. */
    assert_int_equal(anycert__auth_again(&two, &refused, &err), 1);
    assert_int_equal(need(&two, "hardened", NOW), ANYCERT__AUTH_READY);
    assert_string_equal(two.token, "new");
    anycert__auth_end(&one);
    anycert__auth_end(&two);
    anycert_auth_free(auth);
}

struct crowd {
    struct anycert_auth *auth;
    atomic_uint fetches;
};

static void *ask_often(void *arg)
{
    struct crowd *crowd = arg;

    for (int64_t i = 0; i < 2000; i++) {
        struct anycert__auth_use use = begin(crowd->auth);
        enum anycert__auth_step step = ANYCERT__AUTH_WAIT;
        struct anycert_error err = {0};

        while ((step = anycert__auth_need(&use, "hardened", NOW + i, &err)) !=
               ANYCERT__AUTH_READY) {
            if (step != ANYCERT__AUTH_FETCH)
                continue;
            if (crowd->fetches++ % 3 == 0) {
                anycert__auth_fetch_drop(&use);
            } else {
                struct anycert__exchange exchange = {.status = 200};
                static const char answer[] = TOKEN(",\"expires_in\":200");

                if (anycert__auth_fetch_begin(&use, &exchange, &err) < 0 ||
                    exchange.sink(exchange.sink_arg, &exchange, answer, strlen(answer), &err) < 0 ||
                    anycert__auth_fetch_end(&use, 0, &exchange, NOW + i, &err) < 0)
                    abort();
            }
        }
        anycert__auth_end(&use);
    }
    return NULL;
}

static void many_threads_share_one_token(void **state)
{
    struct crowd crowd = {.auth = make()};
    pthread_t threads[4];
    int64_t expires_at = 0;
    char *token = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowd), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(crowd.fetches > 0);
    token = anycert_auth_oauth2_token(crowd.auth, &expires_at, NULL);
    assert_string_equal(token, "t0k-en");
    anycert_free(token);
    anycert_auth_free(crowd.auth);
}

/* ---- tokens of an earlier run */

static void token_goes_from_run_to_run(void **state)
{
    struct anycert_auth *auth = make();
    struct anycert_error err = {0};
    int64_t expires_at = 7;
    char *token = anycert_auth_oauth2_token(auth, &expires_at, &err);

    (void)state;
    assert_null(token);
    assert_int_equal(err.code, 0);
    assert_int_equal(expires_at, 0);
    assert_int_equal(anycert_auth_oauth2_set_token(auth, "0ld", NOW + 100, &err), 0);
    assert_int_equal(ask(auth, NOW), ANYCERT__AUTH_READY);
    assert_int_equal(ask(auth, NOW + 40), ANYCERT__AUTH_FETCH);
    token = anycert_auth_oauth2_token(auth, &expires_at, &err);
    assert_string_equal(token, "0ld");
    assert_int_equal(expires_at, NOW + 100);
    anycert_free(token);
    learn(auth, NOW + 50, TOKEN(",\"expires_in\":1000"));
    token = anycert_auth_oauth2_token(auth, &expires_at, &err);
    assert_string_equal(token, "t0k-en");
    assert_int_equal(expires_at, NOW + 1050);
    anycert_free(token);
    learn(auth, NOW + 1050, TOKEN(""));
    token = anycert_auth_oauth2_token(auth, &expires_at, &err);
    assert_int_equal(expires_at, 0);
    anycert_free(token);
    token = anycert_auth_oauth2_token(auth, NULL, &err);
    assert_string_equal(token, "t0k-en");
    anycert_free(token);
    anycert_auth_free(auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_what_the_rfc_says),
        cmocka_unit_test(answers_are_read_or_refused),
        cmocka_unit_test(answer_that_is_too_large_is_refused),
        cmocka_unit_test(failed_transfer_keeps_its_code),
        cmocka_unit_test(tokens_are_renewed_before_they_expire),
        cmocka_unit_test(token_without_a_life_serves_its_call),
        cmocka_unit_test(token_that_cannot_be_renewed_serves_until_its_end),
        cmocka_unit_test(others_wait_for_the_one_who_asks),
        cmocka_unit_test(those_who_waited_fail_with_the_one_who_asked),
        cmocka_unit_test(another_one_asks_when_a_call_is_given_up),
        cmocka_unit_test(those_who_waited_ask_when_the_one_who_asked_was_stopped),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(old_token_serves_while_a_new_one_is_on_its_way),
        cmocka_unit_test(refused_token_is_replaced_once_in_a_call),
        cmocka_unit_test(many_threads_share_one_token),
        cmocka_unit_test(token_goes_from_run_to_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
