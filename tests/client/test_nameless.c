/* Certificates that name nobody, their issuer included: what the policy takes is taken, however
 * libcurl reads them, and what it refuses is refused before anything is said. */
#include "client/ask.h"
#include "client/many.h"
#include "client/wiretap.h"
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct scene {
    X509 *cert;
    char *folder, *path;
    struct wiretap *tap;
    char url[100], anchored[400];
};

static void begin(struct scene *scene, const struct wiretap_plan *plan)
{
    int64_t now = (int64_t)time(NULL);
    struct certs_recipe recipe = {.key = certs_key(),
                                  .san = "DNS:localhost",
                                  .not_before = now - CERTS_DAY,
                                  .not_after = now + CERTS_DAY};
    struct wiretap_plan with = *plan;
    char *pem = NULL;

    scene->cert = certs_make(&recipe);
    assert_int_equal(X509_NAME_entry_count(X509_get_issuer_name(scene->cert)), 0);
    pem = certs_pem(scene->cert);
    scene->folder = certs_folder();
    scene->path = certs_path(scene->folder, "it.pem");
    certs_write(scene->path, pem, strlen(pem));
    free(pem);
    with.cert = scene->cert;
    with.key = certs_key();
    scene->tap = wiretap_start(&with);
    (void)snprintf(scene->url, sizeof scene->url, "https://localhost:%u/",
                   (unsigned)wiretap_port(scene->tap));
    (void)snprintf(scene->anchored, sizeof scene->anchored, "hardened ca=%s", scene->path);
}

static struct wiretap_seen end(struct scene *scene)
{
    struct wiretap_seen seen = wiretap_stop(scene->tap);

    certs_remove(scene->folder);
    free(scene->folder);
    free(scene->path);
    X509_free(scene->cert);
    return seen;
}

static void what_the_policy_takes_is_taken(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene scene;
        struct anycert_client *client = NULL;

        begin(&scene, &(struct wiretap_plan){.role = WIRETAP_ORIGIN});
        client = ask_client(&(struct ask){.policy = i == 0   ? scene.anchored
                                                    : i == 1 ? "trust-any"
                                                             : "hardened+self-signed"});
        assert_false(ask_works(client, scene.url));
        assert_true(ask_works(client, scene.url)); /* and its connection is kept */
        anycert_client_free(client);
        (void)end(&scene);
    }
}

static void it_is_for_many_at_once_too(void **state)
{
    struct scene scene;
    struct anycert_client *client = NULL;

    (void)state;
    begin(&scene, &(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    client = ask_client(&(struct ask){.policy = scene.anchored});
    many_free(many_ask(client, 4, scene.url, 12, 0));
    anycert_client_free(client);
    (void)end(&scene);
}

static void what_it_refuses_hears_nothing(void **state)
{
    struct scene scene;
    struct anycert_client *client = NULL;
    struct wiretap_seen seen;

    (void)state;
    begin(&scene, &(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    client = ask_client(&(struct ask){.policy = "hardened"});
    (void)ask_fails(client, scene.url, ANYCERT_E_TRUST_ISSUER);
    many_free(many_ask(client, 4, scene.url, 4, ANYCERT_E_TRUST_ISSUER));
    anycert_client_free(client);
    seen = end(&scene);
    assert_int_equal(seen.len, 0);
}

static void proxies_are_taken_like_that(void **state)
{
    struct scene proxy;
    struct wiretap *origin = NULL;
    struct anycert_client *client = NULL;
    char url[100], proxy_url[100];

    (void)state;
    begin(&proxy, &(struct wiretap_plan){.role = WIRETAP_PROXY});
    origin = wiretap_start(
        &(struct wiretap_plan){.role = WIRETAP_ORIGIN, .cert = proxy.cert, .key = certs_key()});
    (void)snprintf(url, sizeof url, "https://localhost:%u/", (unsigned)wiretap_port(origin));
    (void)snprintf(proxy_url, sizeof proxy_url, "https://localhost:%u",
                   (unsigned)wiretap_port(proxy.tap));
    client = ask_client(&(struct ask){
        .policy = proxy.anchored, .proxy = proxy_url, .proxy_policy = proxy.anchored});
    (void)ask_works(client, url);
    anycert_client_free(client);
    client = ask_client(
        &(struct ask){.policy = proxy.anchored, .proxy = proxy_url, .proxy_policy = "hardened"});
    (void)ask_fails(client, url, ANYCERT_E_PROXY_TRUST);
    anycert_client_free(client);
    (void)wiretap_stop(origin);
    (void)end(&proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_policy_takes_is_taken),
        cmocka_unit_test(it_is_for_many_at_once_too),
        cmocka_unit_test(what_it_refuses_hears_nothing),
        cmocka_unit_test(proxies_are_taken_like_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
