/* pages.c — reads a listing that comes page by page, and prints one value of each of its items.
 *
 * usage: pages URL POINTER [CA-FILE]     POINTER is a JSON Pointer into an item, such as /name
 *
 *     $ cc -o pages pages.c $(pkg-config --cflags --libs anycert)
 *     $ ./pages https://api.example/pages/25 /id ca.pem
 *     0
 *     1
 *     ...
 *     24
 *     25 items on 3 pages
 *
 * The server says where the next page is, here by a cursor:
 * {"items": [...], "next": "c10"}. A listing that would never end, or that leads to another server,
 * is an error:
 *
 *     $ ./pages https://api.example/echo /id ca.pem
 *     pages: BODY_JSON: there is no list at '/items' in the answer
 *     $ echo $?
 *     9
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <inttypes.h>
#include <stdio.h>

/* Prints the value of each item; how many there are, or -1. */
static int print_items(const struct anycert_response *page, const char *pointer,
                       struct anycert_error *err)
{
    struct anycert_json *json = anycert_response_json(page, err);
    const struct anycert_json_value *items = anycert_json_get(anycert_json_root(json), "/items");
    int count = (int)anycert_json_size(items);

    if (json && anycert_json_type(items) != ANYCERT_JSON_ARRAY) {
        err->code = ANYCERT_E_BODY_JSON;
        snprintf(err->message, sizeof err->message, "there is no list at '/items' in the answer");
    }
    for (int i = 0; i < count; i++) {
        char where[32];
        const struct anycert_json_value *value;
        int64_t number = 0;

        snprintf(where, sizeof where, "/%d", i);
        value = anycert_json_get(anycert_json_get(items, where), pointer);
        if (anycert_json_int(value, &number) == 0)
            printf("%" PRId64 "\n", number);
        else
            printf("%s\n",
                   anycert_json_string(value, NULL) ? anycert_json_string(value, NULL) : "(none)");
    }
    anycert_json_free(json);
    return err->code ? -1 : count;
}

/* A client that trusts the authorities of a file, or the system's. */
static struct anycert_client *make_client(const char *authorities, struct anycert_error *err)
{
    struct anycert_config *config = anycert_config_new(err);
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_client *client = NULL;

    if (config && policy &&
        (!authorities || anycert_policy_add_ca_path(policy, authorities, err) == 0) &&
        anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return client;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_pages *pages = NULL;
    struct anycert_response *page = NULL;
    int more = -1;
    int items = 0;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: pages URL POINTER [CA-FILE]\n");
        return 2;
    }
    client = make_client(argc == 4 ? argv[3] : NULL, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (request)
        pages = anycert_pages_new_cursor(client, request, "/next", "cursor", &err);
    while (pages && (more = anycert_pages_next(pages, &page, &err)) > 0) {
        int count = print_items(page, argv[2], &err);

        anycert_response_free(page);
        page = NULL;
        if (count < 0)
            break;
        items += count;
    }
    if (err.code)
        fprintf(stderr, "pages: %s: %s\n", anycert_error_name(err.code), err.message);
    else
        printf("%d items on %" PRIu64 " pages\n", items, anycert_pages_count(pages));
    anycert_response_free(page); /* of a call whose answer was refused */
    anycert_pages_free(pages);
    anycert_request_free(request);
    anycert_client_free(client);
    return anycert_error_class_of(err.code);
}
