#include "client/pages.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/link.h"

#include <anycert/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what an answer says about the next page ---- */

/* One answer being looked at. */
struct look {
    struct anycert_pages *pages;
    const struct anycert_response *response;
    const struct anycert_json_value *root; /* NULL for links */
    char *next;                            /* stays NULL at the end of the listing */
};

static int look_for_link(struct look *look, struct anycert_error *err)
{
    bool failed = false;
    char *target = anycert__link_find(&look->response->fields, "next", &failed);

    if (failed)
        return anycert__fail_nomem(err);
    if (!target)
        return 0;
    look->next =
        anycert__pages_resolve(look->pages, anycert_response_url(look->response), target, err);
    anycert__free_secret(target);
    return look->next ? 0 : -1;
}

/* The text of a cursor, or *out NULL for "no more". */
static int read_cursor(const struct look *look, char **out, struct anycert_error *err)
{
    const struct anycert_json_value *value = anycert_json_get(look->root, look->pages->pointer);
    size_t len = 0;
    const char *text = anycert_json_string(value, &len);
    char number[ANYCERT__PAGES_NUMBER];
    int64_t integer = 0;

    *out = NULL;
    if (!value || anycert_json_type(value) == ANYCERT_JSON_NULL || anycert_json_bool(value) == 0 ||
        (text && len == 0))
        return 0;
    if (!text && look->pages->kind == ANYCERT__PAGES_CURSOR &&
        anycert_json_int(value, &integer) == 0) {
        (void)snprintf(number, sizeof number, "%" PRId64, integer);
        text = number;
        len = strlen(number);
    }
    if (!text || anycert__has_control(text, len))
        return anycert__fail(err, ANYCERT_E_BODY_JSON,
                             "what stands at '%.100s' in the answer is no %s", look->pages->pointer,
                             look->pages->kind == ANYCERT__PAGES_CURSOR ? "cursor" : "URL");
    return anycert__pages_text(out, text, err);
}

static int look_for_cursor(struct look *look, struct anycert_error *err)
{
    char *cursor = NULL;

    if (read_cursor(look, &cursor, err) < 0)
        return -1;
    if (cursor && look->pages->kind == ANYCERT__PAGES_URL) {
        look->next =
            anycert__pages_resolve(look->pages, anycert_response_url(look->response), cursor, err);
        anycert__free_secret(cursor);
        return look->next ? 0 : -1;
    }
    look->next = cursor;
    return 0;
}

/* How many items the answer has, or -1 with err. null counts as an empty list. */
static int64_t count_items(const struct look *look, struct anycert_error *err)
{
    const struct anycert_json_value *items = anycert_json_get(look->root, look->pages->pointer);

    if (anycert_json_type(items) == ANYCERT_JSON_ARRAY)
        return (int64_t)anycert_json_size(items);
    if (anycert_json_type(items) == ANYCERT_JSON_NULL)
        return 0;
    return anycert__fail(err, ANYCERT_E_BODY_JSON, "there is no list at '%.100s' in the answer",
                         look->pages->pointer);
}

/* Whether all items that there are have come, with these ones. */
static int reached_total(const struct look *look, int64_t items, bool *reached,
                         struct anycert_error *err)
{
    const struct anycert_pages *pages = look->pages;
    int64_t before =
        pages->kind == ANYCERT__PAGES_OFFSET ? anycert__pages_number(pages) : pages->items;
    int64_t total = 0;

    *reached = false;
    if (!pages->total)
        return 0;
    if (anycert_json_int(anycert_json_get(look->root, pages->total), &total) < 0)
        return anycert__fail(err, ANYCERT_E_BODY_JSON,
                             "there is no total number at '%.100s' in the answer", pages->total);
    *reached =
        (pages->kind == ANYCERT__PAGES_OFFSET || pages->from_start) && before + items >= total;
    return 0;
}

/* A server that does not know the parameter gives the same page for ever. */
static int check_body(struct look *look, struct anycert_error *err)
{
    struct anycert_pages *pages = look->pages;
    size_t len = 0;
    const void *body = anycert_response_body(look->response, &len);
    uint64_t hash = anycert__seen_hash(body, len);

    if (hash == pages->body)
        return anycert__fail(err, ANYCERT_E_PAGES,
                             "page %" PRIu64
                             " is the same as the one before it; perhaps the server "
                             "does not know the parameter '%.60s'",
                             pages->count + 1, pages->param);
    pages->body = hash;
    return 0;
}

/* 1: the page counts; 0: it is empty, and the listing ends before it; -1 with err. */
static int look_for_number(struct look *look, struct anycert_error *err)
{
    struct anycert_pages *pages = look->pages;
    int64_t number = anycert__pages_number(pages);
    int64_t items = count_items(look, err);
    char text[ANYCERT__PAGES_NUMBER];
    bool reached = false;

    if (items < 0)
        return -1;
    if (items == 0)
        return pages->count == 0;
    if (check_body(look, err) < 0 || reached_total(look, items, &reached, err) < 0)
        return -1;
    pages->items += items;
    if (reached || (pages->short_page_ends && pages->size && items < pages->size))
        return 1;
    if (number > INT64_MAX - items - 1)
        return anycert__fail(err, ANYCERT_E_PAGES, "the number of the next page is too large");
    (void)snprintf(text, sizeof text, "%" PRId64,
                   number + (pages->kind == ANYCERT__PAGES_PAGE ? 1 : items));
    return anycert__pages_text(&look->next, text, err) < 0 ? -1 : 1;
}

/* Whether the answer says that there is no more. */
static int says_end(const struct look *look, bool *end, struct anycert_error *err)
{
    const char *pointer = look->pages->more;
    int more = pointer ? anycert_json_bool(anycert_json_get(look->root, pointer)) : 1;

    *end = more == 0;
    if (more < 0)
        return anycert__fail(err, ANYCERT_E_BODY_JSON,
                             "there is no true or false at '%.100s' in the answer", pointer);
    return 0;
}

static int check_loop(struct look *look, struct anycert_error *err)
{
    bool again = false;

    if (!look->next || anycert__pages_numbered(look->pages))
        return 0;
    if (anycert__seen_add(&look->pages->seen, look->next, &again, err) < 0)
        return -1;
    if (!again)
        return 0;
    return anycert__fail(err, ANYCERT_E_PAGES,
                         "page %" PRIu64 " leads back to a page that came before; the listing "
                         "would never end",
                         look->pages->count + 1);
}

/* A listing that says it goes on, and not where, would be cut short in silence. */
static int check_promise(const struct look *look, bool end, struct anycert_error *err)
{
    const struct anycert_pages *pages = look->pages;

    if (end || !pages->more || look->next || anycert__pages_numbered(pages))
        return 0;
    if (pages->kind == ANYCERT__PAGES_LINK)
        return anycert__fail(err, ANYCERT_E_PAGES,
                             "the answer says that there is more, but has no link to it");
    return anycert__fail(err, ANYCERT_E_PAGES,
                         "the answer says that there is more, but there is no %s at '%.100s'",
                         pages->kind == ANYCERT__PAGES_CURSOR ? "cursor" : "URL", pages->pointer);
}

/* Finds what stands behind this page. As look_for_number. */
static int look_around(struct look *look, struct anycert_error *err)
{
    bool end = false;
    int counts = 1;

    if (says_end(look, &end, err) < 0)
        return -1;
    switch (look->pages->kind) {
    case ANYCERT__PAGES_LINK:
        counts = end || look_for_link(look, err) == 0 ? 1 : -1;
        break;
    case ANYCERT__PAGES_URL:
    case ANYCERT__PAGES_CURSOR:
        counts = end || look_for_cursor(look, err) == 0 ? 1 : -1;
        break;
    case ANYCERT__PAGES_PAGE:
    case ANYCERT__PAGES_OFFSET:
        counts = look_for_number(look, err);
        break;
    }
    if (counts < 0 || check_loop(look, err) < 0 || check_promise(look, end, err) < 0)
        return -1;
    if (end) {
        anycert__free_secret(look->next);
        look->next = NULL;
    }
    return counts;
}

/* ---- fetching ---- */

static int ask(struct anycert_pages *pages, struct anycert_response **out,
               struct anycert_error *err)
{
    struct anycert_request request = *pages->request; /* borrows all that it has */
    struct anycert__url url = {0};
    char *text = anycert__pages_url(pages, err);
    int result = -1;

    if (text && anycert__url_parse(text, &url, err) == 0) {
        request.start = &url;
        result = anycert_client_call(pages->client, &request, out, err);
    }
    anycert__url_clear(&url);
    anycert__free_secret(text);
    return result;
}

/* Remembers where it began, so that coming back there is seen. */
static int begin(struct anycert_pages *pages, struct anycert_error *err)
{
    bool again = false;
    bool by_url = pages->kind == ANYCERT__PAGES_LINK || pages->kind == ANYCERT__PAGES_URL;

    if (pages->seen.count > 0 || anycert__pages_numbered(pages))
        return 0;
    if (*pages->position)
        return anycert__seen_add(&pages->seen, pages->position, &again, err);
    return by_url ? anycert__seen_add(&pages->seen, pages->request->url.text, &again, err) : 0;
}

/* Looks at the answer, and moves on. As anycert_pages_next. */
static int take(struct anycert_pages *pages, struct anycert_response *response,
                struct anycert_error *err)
{
    struct look look = {pages, response, NULL, NULL};
    struct anycert_json *json = NULL;
    struct anycert_error fault = {0};
    int counts = -1;

    if (pages->kind != ANYCERT__PAGES_LINK || pages->more)
        json = anycert_response_json(response, &fault);
    look.root = anycert_json_root(json);
    if (json || (pages->kind == ANYCERT__PAGES_LINK && !pages->more))
        counts = look_around(&look, &fault);
    anycert_json_free(json);
    if (counts < 0 && anycert__pages_numbered(pages) && fault.code == ANYCERT_E_PAGES) {
        pages->fault = fault; /* it is no new page */
        if (err)
            *err = fault;
        return -1;
    }
    anycert__free_secret(pages->position);
    pages->position = look.next;
    if (counts < 0) {
        anycert__error_prefix(&fault, "behind page %" PRIu64, pages->count + 1);
        pages->fault = fault;
    }
    if (counts != 0)
        pages->count++;
    return counts != 0;
}

int anycert_pages_next(struct anycert_pages *pages, struct anycert_response **out,
                       struct anycert_error *err)
{
    int result = -1;

    *out = NULL;
    if (pages->fault.code != 0) {
        if (err)
            *err = pages->fault;
        return -1;
    }
    if (!pages->position)
        return 0;
    if (pages->max > 0 && pages->count >= pages->max)
        return anycert__fail(err, ANYCERT_E_PAGES, "there are more than %u pages", pages->max);
    if (begin(pages, err) < 0 || ask(pages, out, err) < 0)
        return -1;
    result = take(pages, *out, err);
    if (result == 0) {
        anycert_response_free(*out);
        *out = NULL;
    }
    return result;
}
