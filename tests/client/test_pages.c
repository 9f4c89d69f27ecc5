/* Listings that come page by page, against the lab, and against servers that mislead. */
#include "client/floor.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* One listing with all that it needs. */
struct reading {
    struct anycert_client *client;
    struct anycert_request *request;
    struct anycert_pages *pages;
    struct anycert_error err;
};

static void begin(struct reading *r, const char *url)
{
    *r = (struct reading){.client = floor_client(NULL)};
    r->request = floor_request("GET", url);
}

static void end(struct reading *r)
{
    anycert_pages_free(r->pages);
    anycert_request_free(r->request);
    anycert_client_free(r->client);
}

/* Reads all pages and adds up how many items they have; the result of the last call. */
static int read_all(struct reading *r, unsigned *pages, size_t *items)
{
    struct anycert_response *page = NULL;
    int more = 1;

    *pages = 0;
    *items = 0;
    while ((more = anycert_pages_next(r->pages, &page, &r->err)) > 0) {
        struct anycert_json *json = anycert_response_json(page, &r->err);

        assert_non_null(json);
        ++*pages;
        *items += anycert_json_size(anycert_json_get(anycert_json_root(json), "/items"));
        anycert_json_free(json);
        anycert_response_free(page);
    }
    assert_true(more < 0 || !page);
    anycert_response_free(page);
    return more;
}

static void expect(struct reading *r, unsigned pages, size_t items)
{
    unsigned got_pages = 0;
    size_t got_items = 0;

    if (!r->pages)
        fail_msg("%s", r->err.message);
    if (read_all(r, &got_pages, &got_items) != 0)
        fail_msg("behind page %u: %s", got_pages, r->err.message);
    assert_int_equal(got_pages, pages);
    assert_int_equal(got_items, items);
    assert_int_equal(anycert_pages_count(r->pages), pages);
    assert_null(anycert_pages_position(r->pages));
}

/* ---- each way, against the lab ---- */

static void next_by_link_reads_all(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/25?limit=7"));
    r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
    expect(&r, 4, 25);
    end(&r);
}

static void next_by_cursor_reads_all(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/25?limit=10"));
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "cursor", &r.err);
    expect(&r, 3, 25);
    end(&r);
}

static void next_by_page_reads_all_and_one_empty_page(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/20"));
    r.pages = anycert_pages_new_page(r.client, r.request, "page", 1, "/items", &r.err);
    assert_int_equal(anycert_pages_set_size(r.pages, "limit", 10, &r.err), 0);
    expect(&r, 2, 20);
    end(&r);
}

static void next_by_offset_counts_what_came(void **state)
{
    struct reading r;

    (void)state;
    /* The lab gives 100 at most, whatever is asked for. */
    begin(&r, floor_url("good", "pages/250"));
    r.pages = anycert_pages_new_offset(r.client, r.request, "offset", "/items", &r.err);
    assert_int_equal(anycert_pages_set_size(r.pages, "limit", 1000, &r.err), 0);
    expect(&r, 3, 250);
    end(&r);
}

static void next_ends_with_total_more_or_a_short_page(void **state)
{
    static const char *const how[] = {"total", "more", "short"};

    (void)state;
    for (size_t i = 0; i < COUNT(how); i++) {
        struct reading r;

        begin(&r, floor_url("good", "pages/25"));
        r.pages = anycert_pages_new_page(r.client, r.request, "page", 1, "/items", &r.err);
        assert_int_equal(anycert_pages_set_size(r.pages, "limit", 10, &r.err), 0);
        if (i == 0)
            assert_int_equal(anycert_pages_set_total(r.pages, "/total", &r.err), 0);
        else if (i == 1)
            assert_int_equal(anycert_pages_set_more(r.pages, "/more", &r.err), 0);
        else
            assert_int_equal(anycert_pages_set_short_page_ends(r.pages, 1, &r.err), 0);
        expect(&r, 3, 25);
        end(&r);
    }
}

/* A wrong pointer would cut the listing short. */
static void next_tells_a_listing_that_goes_on_without_saying_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct reading r;
        struct anycert_response *page = NULL;

        begin(&r, floor_url("good", "pages/25"));
        if (i == 0)
            r.pages = anycert_pages_new_cursor(r.client, r.request, "/nxt", "cursor", &r.err);
        else if (i == 1)
            r.pages = anycert_pages_new_url(r.client, r.request, "/nxt", &r.err);
        else
            r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
        assert_int_equal(anycert_pages_set_more(r.pages, "/more", &r.err), 0);
        assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
        anycert_response_free(page);
        page = NULL;
        if (i == 2) { /* the lab sends links */
            assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
        } else {
            assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), -1);
            assert_int_equal(r.err.code, ANYCERT_E_PAGES);
            assert_non_null(strstr(r.err.message, "there is more, but there is no "));
            assert_non_null(strstr(r.err.message, "'/nxt'"));
        }
        anycert_response_free(page);
        end(&r);
    }
}

static void next_of_an_empty_listing_gives_one_page(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/0"));
    r.pages = anycert_pages_new_page(r.client, r.request, "page", 1, "/items", &r.err);
    expect(&r, 1, 0);
    end(&r);
}

static void seek_goes_on_where_it_was(void **state)
{
    struct reading r;
    struct anycert_response *page = NULL;
    char *position = NULL;

    (void)state;
    begin(&r, floor_url("good", "pages/25?limit=10"));
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "cursor", &r.err);
    assert_string_equal(anycert_pages_position(r.pages), "");
    assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
    anycert_response_free(page);
    assert_string_equal(anycert_pages_position(r.pages), "c10");
    position = strdup(anycert_pages_position(r.pages));
    anycert_pages_free(r.pages);
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "cursor", &r.err);
    assert_int_equal(anycert_pages_seek(r.pages, position, &r.err), 0);
    free(position);
    expect(&r, 2, 15);
    end(&r);
}

/* ---- servers that mislead ---- */

static void answer(struct canned *server, const char *fields, const char *body)
{
    canned_text(server, CANNED_KEEP, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n%s", fields,
                strlen(body), body);
}

/* The error behind so many pages. */
static void expect_fault(struct reading *r, unsigned pages, int code, const char *says)
{
    unsigned got = 0;
    size_t items = 0;

    if (!r->pages)
        fail_msg("%s", r->err.message);
    assert_int_equal(read_all(r, &got, &items), -1);
    if (r->err.code != code || got != pages || !strstr(r->err.message, says))
        fail_msg("%u pages, code %d: %s", got, (int)r->err.code, r->err.message);
}

static void next_that_leads_back_is_an_error(void **state)
{
    static const char *const bodies[] = {
        "{\"items\": [1], \"next\": \"/b\"}",
        "{\"items\": [2], \"next\": \"/c\"}",
        "{\"items\": [3], \"next\": \"/a\"}",
    };
    struct reading r;
    struct canned *server = canned_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++)
        answer(server, "", bodies[i]);
    begin(&r, floor_join(canned_origin(server), "/a"));
    r.pages = anycert_pages_new_url(r.client, r.request, "/next", &r.err);
    expect_fault(&r, 3, ANYCERT_E_PAGES, "leads back");
    assert_int_equal(canned_requests(server), 3);
    /* and stays one */
    r.err = (struct anycert_error){0};
    expect_fault(&r, 0, ANYCERT_E_PAGES, "leads back");
    assert_int_equal(canned_requests(server), 3);
    end(&r);
    canned_stop(server);
}

static void next_with_the_same_cursor_is_an_error(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);

    (void)state;
    answer(server, "", "{\"items\": [1], \"next\": 7}");
    begin(&r, floor_join(canned_origin(server), "/a"));
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "c", &r.err);
    expect_fault(&r, 2, ANYCERT_E_PAGES, "leads back");
    end(&r);
    canned_stop(server);
}

static void next_with_the_same_page_is_an_error(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);

    (void)state;
    answer(server, "", "{\"items\": [1, 2]}");
    begin(&r, floor_join(canned_origin(server), "/a"));
    r.pages = anycert_pages_new_page(r.client, r.request, "page", 1, "/items", &r.err);
    expect_fault(&r, 1, ANYCERT_E_PAGES, "does not know the parameter 'page'");
    end(&r);
    canned_stop(server);
}

static void next_beyond_the_most_pages_is_an_error(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/1000"));
    r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
    assert_int_equal(anycert_pages_set_max(r.pages, 3, &r.err), 0);
    expect_fault(&r, 3, ANYCERT_E_PAGES, "more than 3 pages");
    end(&r);
}

/* Of the request that a server got: whether it has a field. */
static bool asked_with(struct canned *server, unsigned nth, const char *text)
{
    char *request = canned_request(server, nth, NULL);
    bool found = request && strstr(request, text) != NULL;

    free(request);
    return found;
}

static void next_at_another_origin_is_refused(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);
    struct canned *other = canned_start(false);
    char fields[200];

    (void)state;
    (void)snprintf(fields, sizeof fields, "Link: <%s/b>; rel=next\r\n", canned_origin(other));
    answer(server, fields, "[]");
    answer(other, "", "[]");
    begin(&r, floor_join(canned_origin(server), "/a"));
    r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
    expect_fault(&r, 1, ANYCERT_E_PAGES, "another origin");
    assert_int_equal(canned_requests(other), 0);
    end(&r);
    canned_stop(server);
    canned_stop(other);
}

static void next_at_another_origin_that_may_be_gets_no_secrets(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);
    struct canned *other = canned_start(false);
    char fields[200];

    (void)state;
    (void)snprintf(fields, sizeof fields, "Link: <%s/b>; rel=next\r\n", canned_origin(other));
    answer(server, fields, "[]");
    answer(other, "", "[]");
    begin(&r, floor_join(canned_origin(server), "/a"));
    assert_int_equal(anycert_request_set_basic_auth(r.request, "me", "sesame", &r.err), 0);
    floor_header(r.request, "Cookie", "session=sesame");
    floor_header(r.request, "X-Plain", "plain");
    r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
    assert_int_equal(anycert_pages_set_other_origins(r.pages, 1, &r.err), 0);
    expect(&r, 2, 0);
    assert_true(asked_with(server, 0, "Authorization: Basic "));
    assert_true(asked_with(other, 0, "GET /b HTTP/1.1"));
    assert_true(asked_with(other, 0, "X-Plain: plain"));
    assert_false(asked_with(other, 0, "Authorization"));
    assert_false(asked_with(other, 0, "sesame"));
    end(&r);
    canned_stop(server);
    canned_stop(other);
}

static void next_from_https_to_http_is_refused(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);
    char path[300];

    (void)state;
    answer(server, "", "[]");
    /* echo has no link, but seek takes what a server might say */
    begin(&r, floor_url("good", "pages/25"));
    r.pages = anycert_pages_new_link(r.client, r.request, &r.err);
    assert_int_equal(anycert_pages_set_other_origins(r.pages, 1, &r.err), 0);
    (void)snprintf(path, sizeof path, "%s/b", canned_origin(server));
    assert_int_equal(anycert_pages_seek(r.pages, path, &r.err), -1);
    assert_int_equal(r.err.code, ANYCERT_E_TRUST_DOWNGRADE);
    assert_int_equal(canned_requests(server), 0);
    end(&r);
    canned_stop(server);
}

static void next_on_the_same_origin_keeps_credentials_and_own_parameters(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);
    char url[200];

    (void)state;
    answer(server, "", "{\"next\": \"x y&z\"}");
    answer(server, "", "{\"next\": null}");
    (void)snprintf(url, sizeof url, "http://me:sesame@%s/a?q=1",
                   canned_origin(server) + strlen("http://"));
    begin(&r, url);
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "c", &r.err);
    expect(&r, 2, 0);
    assert_true(asked_with(server, 0, "GET /a?q=1 HTTP/1.1"));
    assert_true(asked_with(server, 1, "GET /a?q=1&c=x%20y%26z HTTP/1.1"));
    assert_true(asked_with(server, 1, "Authorization: Basic "));
    end(&r);
    canned_stop(server);
}

static const struct {
    const char *name, *body, *says;
    int code;
    unsigned pages;
} wrong[] = {
    {"no JSON", "hello", "not valid JSON", ANYCERT_E_BODY_JSON, 1},
    {"no list", "{\"next\": {}}", "is no cursor", ANYCERT_E_BODY_JSON, 1},
    {"a real number", "{\"next\": 1.5}", "is no cursor", ANYCERT_E_BODY_JSON, 1},
    {"true", "{\"next\": true}", "is no cursor", ANYCERT_E_BODY_JSON, 1},
    {"control characters", "{\"next\": \"a\\nb\"}", "is no cursor", ANYCERT_E_BODY_JSON, 1},
};

static void next_with_a_wrong_answer_gives_the_page_and_then_the_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reading r;
        struct canned *server = canned_start(false);
        struct anycert_response *page = NULL;

        answer(server, "", wrong[i].body);
        begin(&r, floor_join(canned_origin(server), "/a"));
        r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "c", &r.err);
        assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
        assert_string_equal(anycert_response_body(page, NULL), wrong[i].body);
        anycert_response_free(page);
        assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), -1);
        assert_null(page);
        if (r.err.code != wrong[i].code || !strstr(r.err.message, wrong[i].says) ||
            strncmp(r.err.message, "behind page 1: ", 15) != 0)
            fail_msg("%s: %s", wrong[i].name, r.err.message);
        end(&r);
        canned_stop(server);
    }
}

static void next_after_a_failed_call_asks_again(void **state)
{
    struct reading r;
    struct canned *server = canned_start(false);
    struct anycert_response *page = NULL;

    (void)state;
    answer(server, "", "{\"next\": 2}");
    canned_text(server, CANNED_KEEP, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    answer(server, "", "{}");
    begin(&r, floor_join(canned_origin(server), "/a"));
    r.pages = anycert_pages_new_cursor(r.client, r.request, "/next", "c", &r.err);
    assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
    anycert_response_free(page);
    assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), -1);
    assert_int_equal(r.err.code, ANYCERT_E_HTTP_STATUS);
    assert_int_equal(anycert_response_status(page), 503);
    anycert_response_free(page);
    r.err = (struct anycert_error){0};
    assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 1);
    anycert_response_free(page);
    assert_int_equal(anycert_pages_next(r.pages, &page, &r.err), 0);
    assert_true(asked_with(server, 2, "GET /a?c=2 "));
    end(&r);
    canned_stop(server);
}

static void new_refuses_what_cannot_work(void **state)
{
    struct reading r;

    (void)state;
    begin(&r, floor_url("good", "pages/5"));
    assert_null(anycert_pages_new_cursor(r.client, r.request, "next", "c", &r.err));
    assert_int_equal(r.err.code, ANYCERT_E_USAGE);
    assert_null(anycert_pages_new_cursor(r.client, r.request, NULL, "c", NULL));
    assert_null(anycert_pages_new_cursor(r.client, r.request, "/next", "", NULL));
    assert_null(anycert_pages_new_url(r.client, r.request, "next", NULL));
    assert_null(anycert_pages_new_page(r.client, r.request, "page", -1, "/items", NULL));
    assert_null(anycert_pages_new_page(r.client, r.request, NULL, 1, "/items", NULL));
    assert_null(anycert_pages_new_offset(r.client, r.request, "o\n", "/items", NULL));
    r.pages = anycert_pages_new_link(r.client, r.request, NULL);
    assert_int_equal(anycert_pages_set_size(r.pages, "", 1, NULL), -1);
    assert_int_equal(anycert_pages_set_size(r.pages, "n", 0, NULL), -1);
    assert_int_equal(anycert_pages_set_total(r.pages, "/total", NULL), -1);
    assert_int_equal(anycert_pages_set_more(r.pages, "more", NULL), -1);
    assert_int_equal(anycert_pages_set_short_page_ends(r.pages, 1, NULL), -1);
    assert_int_equal(anycert_pages_set_other_origins(r.pages, 2, NULL), -1);
    assert_int_equal(anycert_pages_seek(r.pages, NULL, NULL), -1);
    assert_int_equal(anycert_pages_seek(r.pages, "ftp://x/", NULL), -1);
    anycert_pages_free(r.pages);
    r.pages = anycert_pages_new_page(r.client, r.request, "page", 1, "/items", NULL);
    assert_int_equal(anycert_pages_seek(r.pages, "-1", NULL), -1);
    assert_int_equal(anycert_pages_seek(r.pages, "2", NULL), 0);
    assert_int_equal(anycert_request_set_output_file(r.request, "x", NULL), 0);
    assert_null(anycert_pages_new_link(r.client, r.request, &r.err));
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_by_link_reads_all),
        cmocka_unit_test(next_by_cursor_reads_all),
        cmocka_unit_test(next_by_page_reads_all_and_one_empty_page),
        cmocka_unit_test(next_by_offset_counts_what_came),
        cmocka_unit_test(next_ends_with_total_more_or_a_short_page),
        cmocka_unit_test(next_tells_a_listing_that_goes_on_without_saying_where),
        cmocka_unit_test(next_of_an_empty_listing_gives_one_page),
        cmocka_unit_test(seek_goes_on_where_it_was),
        cmocka_unit_test(next_that_leads_back_is_an_error),
        cmocka_unit_test(next_with_the_same_cursor_is_an_error),
        cmocka_unit_test(next_with_the_same_page_is_an_error),
        cmocka_unit_test(next_beyond_the_most_pages_is_an_error),
        cmocka_unit_test(next_at_another_origin_is_refused),
        cmocka_unit_test(next_at_another_origin_that_may_be_gets_no_secrets),
        cmocka_unit_test(next_from_https_to_http_is_refused),
        cmocka_unit_test(next_on_the_same_origin_keeps_credentials_and_own_parameters),
        cmocka_unit_test(next_with_a_wrong_answer_gives_the_page_and_then_the_error),
        cmocka_unit_test(next_after_a_failed_call_asks_again),
        cmocka_unit_test(new_refuses_what_cannot_work),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
