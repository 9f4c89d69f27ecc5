/* /pages/N: a listing of N items that comes in pages, and says where the next one is in all the
 * ways that servers know:
 *
 *     {"items": [{"id": 0}, {"id": 1}], "total": 5, "next": "c2", "more": true}
 *     Link: </pages/5?offset=2&limit=2>; rel="next"
 *
 * limit is the size of a page (10 if it is not given, 100 at most); offset, cursor or page (from 1)
 * say which one. */
#include "lab/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX   8192
#define MAX_LIMIT  100
#define FIRST_SIZE 10

/* A number of the query, behind some letters; other where there is none. */
static uint64_t number_of(const char *query, const char *name, uint64_t other)
{
    size_t len = strlen(name);

    for (const char *p = query; p != NULL; p = strchr(p, '&')) {
        p += *p == '&';
        if (strncmp(p, name, len) == 0 && p[len] >= '0' && p[len] <= '9') {
            uint64_t value = strtoull(p + len, NULL, 10);
            return value < UINT32_MAX ? value : UINT32_MAX;
        }
    }
    return other;
}

int lab__listing(struct lab__exchange *exchange, const char *argument)
{
    const char *query = exchange->request->query;
    uint64_t total = strtoull(argument, NULL, 10);
    uint64_t limit = number_of(query, "limit=", FIRST_SIZE);
    uint64_t page = number_of(query, "page=", 1);
    uint64_t first, last;
    char body[BODY_MAX];
    char link[128] = "";
    size_t used;

    limit = limit < 1 ? 1 : limit > MAX_LIMIT ? MAX_LIMIT : limit;
    first = page > 0 ? (page - 1) * limit : 0;
    first = number_of(query, "offset=", number_of(query, "cursor=c", first));
    first = first < total ? first : total;
    last = total - first < limit ? total : first + limit;
    used = (size_t)snprintf(body, sizeof(body), "{\"items\": [");
    for (uint64_t i = first; i < last; i++) {
        used += (size_t)snprintf(body + used, sizeof(body) - used, "%s{\"id\": %llu}",
                                 i > first ? ", " : "", (unsigned long long)i);
    }
    used += (size_t)snprintf(body + used, sizeof(body) - used,
                             "], \"total\": %llu, \"next\": ", (unsigned long long)total);
    if (last < total) {
        used += (size_t)snprintf(body + used, sizeof(body) - used, "\"c%llu\", \"more\": true}\n",
                                 (unsigned long long)last);
        snprintf(link, sizeof(link), "Link: </pages/%s?offset=%llu&limit=%llu>; rel=\"next\"\r\n",
                 argument, (unsigned long long)last, (unsigned long long)limit);
    } else {
        used += (size_t)snprintf(body + used, sizeof(body) - used, "null, \"more\": false}\n");
    }
    return lab__respond(exchange, 200, "application/json", link, body, used);
}
