#include "client/floor.h"

#include "support/certs.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#define KEPT 8

static struct lab *lab;
static struct anycert_error last;
static char *folder;

static char *slot(void)
{
    static char texts[KEPT][8192];
    static unsigned next;

    return texts[next++ % KEPT];
}

int floor_setup(void **state)
{
    static const char *const names[] = {"good",           "good-ec",     "good-ip",
                                        "http",           "self-signed", "expired",
                                        "untrusted-root", "wrong-host",  "silent"};
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(names, sizeof names / sizeof names[0], &lab, &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return -1;
}

int floor_teardown(void **state)
{
    (void)state;
    lab_stop(lab);
    lab = NULL;
    return 0;
}

const struct lab_server *floor_server(const char *name)
{
    const struct lab_server *server = lab_server_find(lab, name);

    assert_non_null(server);
    return server;
}

const char *floor_join(const char *origin, const char *path)
{
    char *out = slot();

    assert_true(snprintf(out, 8192, "%s%s", origin, path) < 8192);
    return out;
}

const char *floor_root(void)
{
    return lab_file(lab, LAB_FILE_ROOT);
}

const char *floor_url(const char *name, const char *path)
{
    return floor_join(lab_server_url(floor_server(name)), path);
}

const char *floor_redirect(int code, const char *to)
{
    char *out = slot();
    size_t used = (size_t)snprintf(out, 8192, "redirect?code=%d&to=", code);

    for (; *to; to++) {
        assert_true(used < 8180);
        used += (size_t)snprintf(out + used, 8192 - used, "%%%02x", (unsigned char)*to);
    }
    return out;
}

struct anycert_config *floor_config(const char *rung)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = NULL;
    char text[512];

    assert_non_null(config);
    snprintf(text, sizeof text, "%s ca=%s", rung ? rung : "hardened", lab_file(lab, LAB_FILE_ROOT));
    policy = anycert_policy_parse(text, &err);
    if (!policy || anycert_config_set_policy(config, policy, &err) < 0)
        fail_msg("%s: %s", text, err.message);
    anycert_policy_free(policy);
    assert_int_equal(anycert_config_set_timeouts(config, 20000, 60000, 30000, &err), 0);
    return config;
}

struct anycert_client *floor_client_of(struct anycert_config *config)
{
    struct anycert_error err = {0};
    struct anycert_client *client = anycert_client_new(config, &err);

    if (!client)
        fail_msg("%s", err.message);
    anycert_config_free(config);
    return client;
}

struct anycert_client *floor_client(const char *rung)
{
    return floor_client_of(floor_config(rung));
}

struct anycert_request *floor_request(const char *method, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new(method, url, &err);

    if (!request)
        fail_msg("%s %s: %s", method, url, err.message);
    return request;
}

void floor_header(struct anycert_request *request, const char *name, const char *value)
{
    struct anycert_error err = {0};

    if (anycert_request_add_header(request, name, value, &err) < 0)
        fail_msg("%s", err.message);
}

struct anycert_response *floor_ok(struct anycert_client *client, struct anycert_request *request)
{
    struct anycert_response *response = NULL;
    int result = 0;

    memset(&last, 0, sizeof last);
    result = anycert_client_send(client, request, &response, &last);
    anycert_request_free(request);
    if (result < 0)
        fail_msg("%s (%d)", last.message, (int)last.code);
    assert_int_equal(last.code, 0);
    assert_non_null(response);
    return response;
}

void floor_fails(struct anycert_client *client, struct anycert_request *request, int code,
                 struct anycert_response **out)
{
    struct anycert_response *response = NULL;
    int result = 0;
    size_t len = 0;

    memset(&last, 0, sizeof last);
    result = anycert_client_send(client, request, &response, &last);
    anycert_request_free(request);
    if (result == 0)
        fail_msg("worked, but %s (%d) was expected", anycert_error_name(code), code);
    if (last.code != code)
        fail_msg("%s (%d) was expected: %s (%d)", anycert_error_name(code), code, last.message,
                 (int)last.code);
    len = strlen(last.message);
    assert_true(len > 0 && last.message[len - 1] != '.');
    if (response) { /* a body that is not whole is none */
        assert_string_equal(anycert_response_body(response, &len), "");
        assert_int_equal(len, 0);
    }
    if (out)
        *out = response;
    else
        anycert_response_free(response);
}

int floor_call(struct anycert_client *client, struct anycert_request *request,
               struct anycert_response **out, struct anycert_error *err)
{
    struct anycert_response *response = NULL;
    int result = 0;

    memset(err, 0, sizeof *err);
    result = anycert_client_call(client, request, &response, err);
    anycert_request_free(request);
    if (result == 0)
        assert_int_equal(err->code, 0);
    else
        assert_int_not_equal(err->code, 0);
    if (out)
        *out = response;
    else
        anycert_response_free(response);
    return err->code;
}

const char *floor_message(void)
{
    return last.message;
}

static struct anycert_json *parse(const struct anycert_response *response)
{
    struct anycert_error err = {0};
    struct anycert_json *json = anycert_response_json(response, &err);

    if (!json)
        fail_msg("%s", err.message);
    return json;
}

const char *floor_echo_header(const struct anycert_response *response, const char *name, size_t nth)
{
    struct anycert_json *json = parse(response);
    const struct anycert_json_value *headers =
        anycert_json_get(anycert_json_root(json), "/headers");
    char *found = NULL;

    for (size_t i = 0; i < anycert_json_size(headers) && !found; i++) {
        char pointer[40];
        const char *value = NULL;

        snprintf(pointer, sizeof pointer, "/%zu/name", i);
        if (strcasecmp(anycert_json_string(anycert_json_get(headers, pointer), NULL), name) != 0 ||
            nth-- > 0)
            continue;
        snprintf(pointer, sizeof pointer, "/%zu/value", i);
        value = anycert_json_string(anycert_json_get(headers, pointer), NULL);
        found = slot();
        snprintf(found, 8192, "%s", value);
    }
    anycert_json_free(json);
    return found;
}

const char *floor_echo_text(const struct anycert_response *response, const char *pointer)
{
    struct anycert_json *json = parse(response);
    const char *text =
        anycert_json_string(anycert_json_get(anycert_json_root(json), pointer), NULL);
    char *out = NULL;

    if (text) {
        out = slot();
        snprintf(out, 8192, "%s", text);
    }
    anycert_json_free(json);
    return out;
}

int64_t floor_echo_number(const struct anycert_response *response, const char *pointer)
{
    struct anycert_json *json = parse(response);
    int64_t value = 0;

    assert_int_equal(anycert_json_int(anycert_json_get(anycert_json_root(json), pointer), &value),
                     0);
    anycert_json_free(json);
    return value;
}

const char *floor_folder(void)
{
    assert_null(folder);
    folder = certs_folder();
    return folder;
}

const char *floor_path(const char *name)
{
    char *out = slot();

    assert_non_null(folder);
    snprintf(out, 8192, "%s/%s", folder, name);
    return out;
}

void floor_remove_folder(unsigned left)
{
    DIR *dir = opendir(folder);
    unsigned count = 0;

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (count > left)
            print_message("left behind: %s\n", entry->d_name);
    }
    closedir(dir);
    assert_int_equal(count, left);
    certs_remove(folder);
    free(folder);
    folder = NULL;
}

void floor_write(const char *path, const char *text)
{
    certs_write(path, text, strlen(text));
}

const char *floor_read(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "rbe");
    size_t len = 0;

    assert_non_null(file);
    len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}
