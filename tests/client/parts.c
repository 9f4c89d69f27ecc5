#include "client/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct canned *canned;

int parts_setup(void **state)
{
    (void)state;
    canned = canned_start(false);
    floor_folder();
    return 0;
}

struct canned *parts_server(void)
{
    return canned;
}

int parts_teardown(void **state)
{
    (void)state;
    canned_stop(canned);
    return 0;
}

struct anycert_client *parts_client(void)
{
    return floor_client_of(floor_config(NULL));
}

struct anycert_request *parts_request(const char *path)
{
    struct anycert_request *request =
        floor_request("GET", floor_join(canned_origin(canned), "/file?page=2&token=s3cret"));
    struct anycert_error err = {0};

    if (anycert_request_set_output_file(request, path, &err) < 0 ||
        anycert_request_set_resume(request, 1, &err) < 0)
        fail_msg("%s", err.message);
    return request;
}

bool parts_exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

void parts_assert_file(const char *name, const char *text)
{
    assert_string_equal(floor_read(floor_path(name)), text);
}

/* The header field of the nth request; NULL if it was not sent. Lives until the next call. */
const char *parts_sent(unsigned nth, const char *name)
{
    static char value[256];
    char *text = canned_request(canned, nth, NULL);
    char *found = NULL;

    assert_non_null(text);
    found = strstr(text, name);
    value[0] = '\0';
    if (found)
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(found + strlen(name), "\r\n"),
                       found + strlen(name));
    free(text);
    return found ? value : NULL;
}

/* A first answer that ends after five of ten bytes. */
void parts_begin(struct anycert_client *client, const char *fields)
{
    canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n%s\r\nabcde",
                fields);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_BODY_TRUNCATED, NULL);
    assert_false(parts_exists(floor_path("out")));
}

void parts_edit_note(const char *from, const char *to)
{
    const char *note = floor_read(floor_path("out.part.json"));
    const char *at = strstr(note, from);
    char changed[2048];

    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - note), note, to,
                   at + strlen(from));
    floor_write(floor_path("out.part.json"), changed);
}
