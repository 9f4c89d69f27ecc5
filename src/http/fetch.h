/* http/fetch.h — a small public file over plain HTTP, such as a CA's certificate. */
#ifndef ANYCERT_HTTP_FETCH_H
#define ANYCERT_HTTP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/stop.h"

struct anycert__fetch {
    const char *url;   /* http:// only */
    uint32_t limit_ms; /* for all of it */
    bool only_public;  /* addresses that are not public are not connected to */
    const struct anycert__stop *stop;
};

/* GET, without credentials, cookies, proxy and redirects: what answers with 200 is appended to out,
 * which says how large it may be. 0, or -1 with the reason. */
int anycert__http_fetch(const struct anycert__fetch *fetch, struct anycert__buf *out,
                        struct anycert_error *err);

#endif
