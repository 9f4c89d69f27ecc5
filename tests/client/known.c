#include "client/known.h"

#include <anycert/trust_store.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[80], message[sizeof(((struct anycert_error *)0)->message)];

int known_setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/anycert-known-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/trust", folder);
    return 0;
}

int known_teardown(void **state)
{
    char lock[96];

    (void)state;
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    (void)unlink(path);
    return rmdir(folder); /* nothing else is left there */
}

const char *known_path(void)
{
    return path;
}

const char *known_policy(const char *rung, const char *mode)
{
    char *text = pins_text();

    (void)snprintf(text, 900, "%s ca=%s,%s mode=%s", rung, lab_file(pins_lab, LAB_FILE_ROOT),
                   pins_scene.pki.root_path, mode);
    return text;
}

struct anycert_client *known_client(const char *rung, const char *mode)
{
    return ask_client(&(struct ask){.policy = known_policy(rung, mode), .trust_store = path});
}

struct anycert_client *known_led_to(const char *mode, uint16_t from, uint16_t to)
{
    char *entry = pins_text();

    (void)snprintf(entry, 900, "localhost:%u:localhost:%u", (unsigned)from, (unsigned)to);
    return ask_client(&(struct ask){
        .policy = known_policy("tofu", mode), .trust_store = path, .connect_to = entry});
}

static struct anycert_trust_store *open_store(void)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(path, &err);

    if (!store)
        fail_msg("%s", err.message);
    return store;
}

const char *known_as(uint16_t port)
{
    static char text[200];
    struct anycert_trust_store *store = open_store();
    struct anycert_trust_entry *entry = NULL;
    int found = anycert_trust_store_find(store, "localhost", port, &entry, NULL);

    assert_true(found >= 0);
    (void)snprintf(text, sizeof text, "%s%s%s",
                   found ? anycert_trust_kind_name(anycert_trust_entry_kind(entry)) : "none",
                   found && anycert_trust_entry_pin_count(entry) ? " " : "",
                   found && anycert_trust_entry_pin_count(entry) ? anycert_trust_entry_pin(entry, 0)
                                                                 : "");
    anycert_trust_entry_free(entry);
    anycert_trust_store_free(store);
    return text;
}

size_t known_count(void)
{
    struct anycert_trust_store *store = open_store();
    struct anycert_trust_list *list = anycert_trust_store_list(store, NULL);
    size_t count = 0;

    assert_non_null(list);
    count = anycert_trust_list_count(list);
    anycert_trust_list_free(list);
    anycert_trust_store_free(store);
    return count;
}

void known_add(uint16_t port, const char *pins)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = open_store();

    if (anycert_trust_store_add(store, "localhost", port, pins, NULL, &err) < 0)
        fail_msg("%s", err.message);
    anycert_trust_store_free(store);
}

void known_remove(uint16_t port)
{
    struct anycert_trust_store *store = open_store();

    assert_int_equal(anycert_trust_store_remove(store, "localhost", port, NULL), 1);
    anycert_trust_store_free(store);
}

int known_code(struct anycert_client *client, uint16_t port)
{
    struct answer answer = ask_get(client, url_of("https", port, ""));
    int code = answer.code;

    (void)snprintf(message, sizeof message, "%s", answer.message);
    if (code)
        assert_int_equal(answer.status, 0);
    answer_free(&answer);
    anycert_client_free(client);
    return code;
}

const char *known_message(void)
{
    return message;
}

const char *known_authenticated_by(struct anycert_client *client, const char *url)
{
    char *text = pins_text();
    struct answer answer = ask_get(client, url);
    const struct anycert_report *report = NULL;

    if (answer.code)
        fail_msg("%s", answer.message);
    report = anycert_response_report(answer.response);
    assert_non_null(report);
    (void)snprintf(text, 900, "%s", anycert_report_authenticated_by(report));
    answer_free(&answer);
    return text;
}
