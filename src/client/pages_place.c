#include "client/pages.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/param.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t anycert__pages_number(const struct anycert_pages *pages)
{
    uint64_t number = (uint64_t)pages->first;

    if (*pages->position)
        (void)anycert__parse_uint(pages->position, INT64_MAX, &number);
    return (int64_t)number;
}

/* Sets a parameter in *url, which is replaced. */
static int set_param(char **url, const char *name, const char *value, struct anycert_error *err)
{
    char *text = anycert__url_set_param(*url, name, value, err);

    if (!text)
        return -1;
    anycert__free_secret(*url);
    *url = text;
    return 0;
}

static int set_number(char **url, const char *name, int64_t value, struct anycert_error *err)
{
    char text[ANYCERT__PAGES_NUMBER];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return set_param(url, name, text, err);
}

char *anycert__pages_url(const struct anycert_pages *pages, struct anycert_error *err)
{
    bool by_url = pages->kind == ANYCERT__PAGES_LINK || pages->kind == ANYCERT__PAGES_URL;
    const char *start = by_url && *pages->position ? pages->position : pages->request->url.text;
    char *url = anycert__strdup(start);
    int result = 0;

    if (!url) {
        anycert__fail_nomem(err);
        return NULL;
    }
    if (anycert__pages_numbered(pages))
        result = set_number(&url, pages->param, anycert__pages_number(pages), err);
    else if (pages->kind == ANYCERT__PAGES_CURSOR && *pages->position)
        result = set_param(&url, pages->param, pages->position, err);
    /* A URL that the server gave says the size itself. */
    if (result == 0 && pages->size_param && !(by_url && *pages->position))
        result = set_number(&url, pages->size_param, pages->size, err);
    if (result == 0)
        return url;
    anycert__free_secret(url);
    return NULL;
}

/* Another origin gets no page of ours, unless it may. */
static int check_origin(const struct anycert_pages *pages, const struct anycert__url *url,
                        struct anycert_error *err)
{
    const struct anycert__url *home = &pages->request->url;

    if (anycert__url_same_origin(url, home))
        return 0;
    if (!pages->other_origins)
        return anycert__fail(err, ANYCERT_E_PAGES,
                             "the next page is at %s, which is another origin than %s", url->origin,
                             home->origin);
    if (home->https && !url->https && !pages->client->config->allow_downgrade)
        return anycert__fail(err, ANYCERT_E_TRUST_DOWNGRADE,
                             "the next page is at %s, which is not protected", url->origin);
    return 0;
}

char *anycert__pages_resolve(const struct anycert_pages *pages, const char *base,
                             const char *reference, struct anycert_error *err)
{
    struct anycert__url from = {0};
    struct anycert__url to = {0};
    char *text = NULL;

    if (anycert__url_parse(base, &from, err) == 0 &&
        anycert__url_resolve(&from, reference, &to, err) == 0 &&
        check_origin(pages, &to, err) == 0) {
        text = anycert__strdup(to.text);
        if (!text)
            anycert__fail_nomem(err);
    }
    anycert__url_clear(&from);
    anycert__url_clear(&to);
    return text;
}

int anycert_pages_seek(struct anycert_pages *pages, const char *position, struct anycert_error *err)
{
    bool by_url = pages->kind == ANYCERT__PAGES_LINK || pages->kind == ANYCERT__PAGES_URL;
    uint64_t number = 0;
    char *checked = NULL;
    int result = -1;

    if (!position || anycert__has_control(position, strlen(position)))
        return anycert__fail(err, ANYCERT_E_USAGE, "that is no position in a listing");
    if (anycert__pages_numbered(pages) && *position &&
        !anycert__parse_uint(position, INT64_MAX, &number))
        return anycert__fail(err, ANYCERT_E_USAGE, "'%.60s' is no number of a page or an item",
                             position);
    if (by_url && *position) {
        checked = anycert__pages_resolve(pages, pages->request->url.text, position, err);
        if (!checked)
            return -1;
    }
    result = anycert__pages_text(&pages->position, checked ? checked : position, err);
    anycert__free(checked);
    if (result < 0)
        return -1;
    anycert__seen_clear(&pages->seen);
    pages->from_start = !*position;
    pages->items = 0;
    pages->body = 0;
    pages->fault = (struct anycert_error){0};
    return 0;
}
