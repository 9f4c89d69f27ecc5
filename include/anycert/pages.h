/* pages.h — a listing that comes in several answers, page by page.
 *
 *     struct anycert_pages *pages = anycert_pages_new_cursor(client, request, "/next", "cursor",
 *                                                            &err);
 *     struct anycert_response *page = NULL;
 *     int more = pages ? anycert_pages_next(pages, &page, &err) : -1;
 *     for (; more > 0; more = anycert_pages_next(pages, &page, &err)) {
 *         struct anycert_json *json = anycert_response_json(page, &err);
 *         // ... the items of the page
 *         anycert_json_free(json);
 *         anycert_response_free(page);
 *     }
 *     if (more < 0)
 *         fprintf(stderr, "%s\n", err.message);
 *
 * Each page is a call (anycert_client_call) of the request, with another URL. Nothing is left out
 * in silence: a listing ends where the server says so, and whatever looks as if it would go on for
 * ever, or lead elsewhere, is an error.
 *
 * Threads: one at a time for each object. The client may be used by others meanwhile. */
#ifndef ANYCERT_PAGES_H
#define ANYCERT_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A listing, and how far it has been read. */
struct anycert_pages;

/* Kinds: the ways in which servers name the next page.
 *
 * client and request have to stay, and the request unchanged, until the listing is freed; an
 * answer's body has to be kept in memory. Pointers are JSON Pointers (RFC 6901) into the answer, ""
 * being all of it. Free with anycert_pages_free. NULL with USAGE or NOMEM. */

/* The link rel=next of the answer's Link field (RFC 8288). Without one the listing ends. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_pages *
anycert_pages_new_link(struct anycert_client *client, const struct anycert_request *request,
                       struct anycert_error *err);
/* The next page's URL, absolute or relative, in the answer itself. It ends where there is no such
 * value, null, false or "". */
ANYCERT_API ANYCERT_NODISCARD struct anycert_pages *
anycert_pages_new_url(struct anycert_client *client, const struct anycert_request *request,
                      const char *pointer, struct anycert_error *err);
/* A cursor in the answer, a string or an integer, which goes into the parameter param of the next
 * request's query. It ends as above. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_pages *
anycert_pages_new_cursor(struct anycert_client *client, const struct anycert_request *request,
                         const char *pointer, const char *param, struct anycert_error *err);
/* The number of the page in the parameter param, from first on. items points to the list in the
 * answer; it ends with a page that has none, which is not given out unless it is the first. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_pages *
anycert_pages_new_page(struct anycert_client *client, const struct anycert_request *request,
                       const char *param, int64_t first, const char *items,
                       struct anycert_error *err);
/* How many items have come before, in the parameter param, from 0 on; otherwise the same. It counts
 * the items that came, not those that were asked for: a server that gives fewer than it was asked
 * for leaves none out. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_pages *
anycert_pages_new_offset(struct anycert_client *client, const struct anycert_request *request,
                         const char *param, const char *items, struct anycert_error *err);
/* Frees it. NULL is a no-op. */
ANYCERT_API void anycert_pages_free(struct anycert_pages *pages);

/* Ends and limits: each setter returns 0, or -1 with USAGE or NOMEM. */

/* Asks for pages of a size: the parameter param of every request. */
ANYCERT_API ANYCERT_NODISCARD int anycert_pages_set_size(struct anycert_pages *pages,
                                                         const char *param, int64_t size,
                                                         struct anycert_error *err);
/* 1: a page with fewer items than the size ends a listing by page or offset, which saves the last
 * request. Only where the server is known to fill its pages: many give fewer than they are asked
 * for. Default 0. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_pages_set_short_page_ends(struct anycert_pages *pages, int ends, struct anycert_error *err);
/* Where the answer says how many items there are in all: a listing by page or offset ends once as
 * many have come. */
ANYCERT_API ANYCERT_NODISCARD int anycert_pages_set_total(struct anycert_pages *pages,
                                                          const char *pointer,
                                                          struct anycert_error *err);
/* Where the answer says true or false for whether there is more: false ends the listing, and true
 * without a cursor, URL or link is an error (PAGES). Worth setting wherever the server says it. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_pages_set_more(struct anycert_pages *pages, const char *pointer, struct anycert_error *err);
/* The most pages; one more is an error (PAGES). Default 10000; 0: no limit. */
ANYCERT_API ANYCERT_NODISCARD int anycert_pages_set_max(struct anycert_pages *pages, unsigned max,
                                                        struct anycert_error *err);
/* 1: the next page may be at another origin, and is fetched as after a redirect: without
 * credentials and secret headers, under the policy for other origins, and not from http after
 * https. 0, the default: that is an error (PAGES). */
ANYCERT_API ANYCERT_NODISCARD int
anycert_pages_set_other_origins(struct anycert_pages *pages, int allow, struct anycert_error *err);

/* Reading: one page after the other. */

/* Fetches the next page: 1 and *out; 0 behind the last; -1 as anycert_client_call, and *out if
 * there was an answer. After a failed call the same page is asked for again. -1 with PAGES: a URL,
 * cursor or page came a second time, the next page is at another origin, or there are too many;
 * with BODY_JSON: the answer is not JSON, or not what the listing expects. What went wrong behind a
 * good page is said after that page was given out, and every time from then on. */
ANYCERT_API ANYCERT_NODISCARD int anycert_pages_next(struct anycert_pages *pages,
                                                     struct anycert_response **out,
                                                     struct anycert_error *err);
/* Pages given out so far. */
ANYCERT_API uint64_t anycert_pages_count(const struct anycert_pages *pages);

/* Where the next page is (a URL, a cursor, a number), to be kept for another day; "" at the
 * beginning, NULL behind the last page. Borrowed until the next call with this listing. */
ANYCERT_API const char *anycert_pages_position(const struct anycert_pages *pages);
/* Goes on from there; "" is the beginning. 0, or -1 with USAGE, URL, PAGES (another origin) or
 * NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_pages_seek(struct anycert_pages *pages, const char *position, struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
