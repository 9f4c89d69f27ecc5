#include "client/pages.h"

#include "base/mem.h"

#define DEFAULT_MAX 10000

/* ---- making one ---- */

int anycert__pages_text(char **to, const char *text, struct anycert_error *err)
{
    char *copy = anycert__strdup(text);

    if (text && !copy)
        return anycert__fail_nomem(err);
    anycert__free(*to);
    *to = copy;
    return 0;
}

bool anycert__pages_numbered(const struct anycert_pages *pages)
{
    return pages->kind == ANYCERT__PAGES_PAGE || pages->kind == ANYCERT__PAGES_OFFSET;
}

static int check_pointer(const char *pointer, const char *what, struct anycert_error *err)
{
    if (!pointer || (*pointer && *pointer != '/'))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the pointer to %s is no JSON Pointer: it is empty or begins with /",
                             what);
    return 0;
}

static struct anycert_pages *make(struct anycert_client *client,
                                  const struct anycert_request *request,
                                  enum anycert__pages_kind kind, const char *pointer,
                                  const char *param, struct anycert_error *err)
{
    struct anycert_pages *pages = NULL;

    if (request->output_file || request->body_callback) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "pages are looked at in memory: the request has to keep the body there");
        return NULL;
    }
    pages = anycert__calloc(1, sizeof *pages);
    if (!pages) {
        anycert__fail_nomem(err);
        return NULL;
    }
    pages->client = client;
    pages->request = request;
    pages->kind = kind;
    pages->max = DEFAULT_MAX;
    pages->from_start = true;
    if (anycert__pages_text(&pages->position, "", err) == 0 &&
        anycert__pages_text(&pages->pointer, pointer, err) == 0 &&
        anycert__pages_text(&pages->param, param, err) == 0)
        return pages;
    anycert_pages_free(pages);
    return NULL;
}

struct anycert_pages *anycert_pages_new_link(struct anycert_client *client,
                                             const struct anycert_request *request,
                                             struct anycert_error *err)
{
    return make(client, request, ANYCERT__PAGES_LINK, NULL, NULL, err);
}

struct anycert_pages *anycert_pages_new_url(struct anycert_client *client,
                                            const struct anycert_request *request,
                                            const char *pointer, struct anycert_error *err)
{
    if (check_pointer(pointer, "the next page's URL", err) < 0)
        return NULL;
    return make(client, request, ANYCERT__PAGES_URL, pointer, NULL, err);
}

struct anycert_pages *anycert_pages_new_cursor(struct anycert_client *client,
                                               const struct anycert_request *request,
                                               const char *pointer, const char *param,
                                               struct anycert_error *err)
{
    if (check_pointer(pointer, "the cursor", err) < 0 ||
        anycert__check_text(param, "name of the cursor's parameter", err) < 0)
        return NULL;
    return make(client, request, ANYCERT__PAGES_CURSOR, pointer, param, err);
}

struct anycert_pages *anycert_pages_new_page(struct anycert_client *client,
                                             const struct anycert_request *request,
                                             const char *param, int64_t first, const char *items,
                                             struct anycert_error *err)
{
    struct anycert_pages *pages = NULL;

    if (check_pointer(items, "the items", err) < 0 ||
        anycert__check_text(param, "name of the page's parameter", err) < 0)
        return NULL;
    if (first < 0 || first > INT32_MAX) {
        anycert__fail(err, ANYCERT_E_USAGE, "the first page's number is from 0 to %d", INT32_MAX);
        return NULL;
    }
    pages = make(client, request, ANYCERT__PAGES_PAGE, items, param, err);
    if (pages)
        pages->first = first;
    return pages;
}

struct anycert_pages *anycert_pages_new_offset(struct anycert_client *client,
                                               const struct anycert_request *request,
                                               const char *param, const char *items,
                                               struct anycert_error *err)
{
    if (check_pointer(items, "the items", err) < 0 ||
        anycert__check_text(param, "name of the offset's parameter", err) < 0)
        return NULL;
    return make(client, request, ANYCERT__PAGES_OFFSET, items, param, err);
}

void anycert_pages_free(struct anycert_pages *pages)
{
    if (!pages)
        return;
    anycert__free(pages->pointer);
    anycert__free(pages->param);
    anycert__free(pages->size_param);
    anycert__free(pages->total);
    anycert__free(pages->more);
    anycert__free_secret(pages->position);
    anycert__seen_clear(&pages->seen);
    anycert__free(pages);
}

int anycert_pages_set_size(struct anycert_pages *pages, const char *param, int64_t size,
                           struct anycert_error *err)
{
    if (anycert__check_text(param, "name of the size's parameter", err) < 0)
        return -1;
    if (size < 1 || size > INT32_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "the size of a page is from 1 to %d", INT32_MAX);
    pages->size = size;
    return anycert__pages_text(&pages->size_param, param, err);
}

int anycert_pages_set_short_page_ends(struct anycert_pages *pages, int ends,
                                      struct anycert_error *err)
{
    if (ends && !anycert__pages_numbered(pages))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a short page ends a listing by page or offset only");
    return anycert__set_flag(&pages->short_page_ends, ends, "short_page_ends", err);
}

int anycert_pages_set_total(struct anycert_pages *pages, const char *pointer,
                            struct anycert_error *err)
{
    if (check_pointer(pointer, "the total", err) < 0)
        return -1;
    if (!anycert__pages_numbered(pages))
        return anycert__fail(err, ANYCERT_E_USAGE, "a total ends a listing by page or offset only");
    return anycert__pages_text(&pages->total, pointer, err);
}

int anycert_pages_set_more(struct anycert_pages *pages, const char *pointer,
                           struct anycert_error *err)
{
    if (check_pointer(pointer, "whether there is more", err) < 0)
        return -1;
    return anycert__pages_text(&pages->more, pointer, err);
}

int anycert_pages_set_max(struct anycert_pages *pages, unsigned max, struct anycert_error *err)
{
    (void)err;
    pages->max = max;
    return 0;
}

int anycert_pages_set_other_origins(struct anycert_pages *pages, int allow,
                                    struct anycert_error *err)
{
    return anycert__set_flag(&pages->other_origins, allow, "other_origins", err);
}

uint64_t anycert_pages_count(const struct anycert_pages *pages)
{
    return pages->count;
}

const char *anycert_pages_position(const struct anycert_pages *pages)
{
    return pages->position;
}
