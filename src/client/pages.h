/* client/pages.h — the inside of a listing that comes page by page. */
#ifndef ANYCERT_CLIENT_PAGES_H
#define ANYCERT_CLIENT_PAGES_H

#include <anycert/pages.h>

#include "client/internal.h"
#include "client/seen.h"

#define ANYCERT__PAGES_NUMBER 24 /* bytes of a number as text */

enum anycert__pages_kind {
    ANYCERT__PAGES_LINK,
    ANYCERT__PAGES_URL,
    ANYCERT__PAGES_CURSOR,
    ANYCERT__PAGES_PAGE,
    ANYCERT__PAGES_OFFSET
};

struct anycert_pages {
    struct anycert_client *client;
    const struct anycert_request *request;
    enum anycert__pages_kind kind;
    char *pointer; /* to the cursor, the URL or the items */
    char *param;
    char *size_param;
    char *total, *more; /* pointers, or NULL */
    int64_t first, size;
    bool short_page_ends, other_origins;
    unsigned max; /* 0: no limit */

    uint64_t count;
    char *position;  /* of the next page; "" at the beginning; NULL: behind the last */
    int64_t items;   /* so far, from the beginning on */
    bool from_start; /* items counts all */
    uint64_t body;   /* hash of the last page's body; 0: none */
    struct anycert__seen seen;
    struct anycert_error fault; /* behind the page that was given out last */
};

/* Replaces *to by a copy of text, which may be NULL. */
int anycert__pages_text(char **to, const char *text, struct anycert_error *err);
/* By page or offset. */
bool anycert__pages_numbered(const struct anycert_pages *pages);

/* pages_place.c: the number of the next page or item. */
int64_t anycert__pages_number(const struct anycert_pages *pages);
/* The URL of the next page. Free with anycert__free. NULL with URL or NOMEM. */
char *anycert__pages_url(const struct anycert_pages *pages, struct anycert_error *err);
/* A reference in an answer from base as an absolute URL. Free with anycert__free. NULL with URL,
 * PAGES (another origin), TRUST_DOWNGRADE or NOMEM. */
char *anycert__pages_resolve(const struct anycert_pages *pages, const char *base,
                             const char *reference, struct anycert_error *err);

#endif
