#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/query.h"

#include <string.h>

#define MAX_URL 65536

/* A URL in pieces, none of them with the character in front of it. */
struct pieces {
    const char *authority; /* with its scheme and "://" */
    size_t authority_len;
    const char *path;
    size_t path_len;
    const char *query; /* NULL: none */
    size_t query_len;
};

/* A fragment is for whoever shows the document, and none of the server's business. */
static void split_path(const char *text, struct pieces *out)
{
    size_t len = strcspn(text, "#");
    const char *query = memchr(text, '?', len);

    out->path = text;
    out->path_len = query ? (size_t)(query - text) : len;
    out->query = query ? query + 1 : NULL;
    out->query_len = query ? len - out->path_len - 1 : 0;
}

static void split_base(const char *base, struct pieces *out)
{
    const char *host = strstr(base, "//") + 2; /* as the parser has seen */

    out->authority = base;
    out->authority_len = (size_t)(host - base) + strcspn(host, "/?#");
    split_path(base + out->authority_len, out);
}

/* Takes the last segment and the '/' behind it away. */
static void drop_segment(struct anycert__buf *out, size_t start)
{
    if (out->len > start)
        out->len--;
    while (out->len > start && out->data[out->len - 1] != '/')
        out->len--;
    out->data[out->len] = '\0';
}

static bool is_dots(const char *segment, size_t len, size_t dots)
{
    return len == dots && strncmp(segment, "..", dots) == 0;
}

/* Appends the path without its dot segments (RFC 3986 section 5.2.4); of several slashes at its
 * beginning one stays, as they would make a host of what follows. */
static void add_path(struct anycert__buf *out, const char *path)
{
    size_t start = 0;
    bool last = false;

    anycert__buf_adds(out, "/");
    start = out->len;
    for (path++; !last && !out->failed;) {
        size_t len = strcspn(path, "/");

        last = path[len] == '\0';
        if (is_dots(path, len, 2)) {
            drop_segment(out, start);
        } else if (!is_dots(path, len, 1) && (len > 0 || out->len > start)) {
            anycert__buf_add(out, path, len);
            if (!last)
                anycert__buf_adds(out, "/");
        }
        path += len + 1;
    }
}

/* base's path, one '/', the suffix's path. */
static char *join_paths(const struct pieces *base, const struct pieces *suffix,
                        struct anycert_error *err)
{
    struct anycert__buf plain;
    struct anycert__buf quoted;
    char *out = NULL;
    bool has_slash = suffix->path_len > 0 && suffix->path[0] == '/';

    anycert__buf_init_secret(&plain, 4 * (size_t)MAX_URL);
    anycert__buf_init_secret(&quoted, 12 * (size_t)MAX_URL);
    anycert__buf_add(&plain, base->path, base->path_len);
    if (base->path_len == 0 || base->path[base->path_len - 1] != '/')
        anycert__buf_adds(&plain, "/");
    anycert__buf_add(&plain, suffix->path + has_slash, suffix->path_len - has_slash);
    if (!plain.failed)
        anycert__requote(&quoted, plain.data, plain.len, ANYCERT__COMPONENT_PATH);
    quoted.failed = quoted.failed || plain.failed;
    out = anycert__buf_take(&quoted, "the URL's path", err);
    anycert__buf_free(&plain);
    anycert__buf_free(&quoted);
    return out;
}

/* One of the two, or both with '&' between them; an empty one is none. */
static void add_queries(struct anycert__buf *out, const struct pieces *base,
                        const struct pieces *suffix)
{
    struct anycert__buf plain;

    anycert__buf_init(&plain, 4 * (size_t)MAX_URL);
    if (base->query_len > 0)
        anycert__buf_add(&plain, base->query, base->query_len);
    if (base->query_len > 0 && suffix->query_len > 0)
        anycert__buf_adds(&plain, "&");
    if (suffix->query_len > 0)
        anycert__buf_add(&plain, suffix->query, suffix->query_len);
    if (plain.len > 0) {
        anycert__buf_adds(out, "?");
        anycert__requote(out, plain.data, plain.len, ANYCERT__COMPONENT_QUERY);
    }
    out->failed = out->failed || plain.failed;
    anycert__buf_free(&plain);
}

static int check_suffix(const char *suffix, struct anycert_error *err)
{
    size_t len = strlen(suffix);

    if (len > MAX_URL)
        return anycert__fail(err, ANYCERT_E_URL, "the URL's suffix is longer than %d bytes",
                             MAX_URL);
    if (anycert__has_control(suffix, len))
        return anycert__fail(err, ANYCERT_E_URL, "the URL's suffix has control characters in it");
    if (!anycert__is_utf8(suffix, len))
        return anycert__fail(err, ANYCERT_E_URL, "the URL's suffix is not UTF-8");
    return 0;
}

/* The whole has to be a URL, too: it may have become too long. */
static int check_whole(const char *text, struct anycert_error *err)
{
    struct anycert__url parsed = {0};
    int result = anycert__url_parse(text, &parsed, err);

    anycert__url_clear(&parsed);
    return result;
}

char *anycert_url_join(const char *base, const char *suffix, struct anycert_error *err)
{
    struct pieces first = {0};
    struct pieces second = {0};
    struct anycert__buf whole;
    char *path = NULL;
    char *out = NULL;

    anycert__buf_init_secret(&whole, 12 * (size_t)MAX_URL); /* with the base's password */
    if (check_suffix(suffix ? suffix : "", err) < 0 || check_whole(base, err) < 0)
        return NULL;
    split_base(base, &first);
    split_path(suffix ? suffix : "", &second);
    path = join_paths(&first, &second, err);
    if (!path)
        goto out;
    anycert__buf_add(&whole, first.authority, first.authority_len);
    add_path(&whole, path);
    add_queries(&whole, &first, &second);
    out = anycert__buf_take(&whole, "the URL", err);
    if (out && check_whole(out, err) < 0) {
        anycert__free_secret(out);
        out = NULL;
    }
out:
    anycert__buf_free(&whole);
    anycert__free_secret(path);
    return out;
}

/* Where only a query, or nothing, comes behind a URL that is to stay as it is written. */
static char *extend(const char *base, const char *suffix, struct anycert_error *err)
{
    struct anycert__buf whole;
    size_t len = strcspn(base, "#");
    bool has_query = memchr(base, '?', len) != NULL;

    anycert__buf_init_secret(&whole, 12 * (size_t)MAX_URL);
    anycert__buf_add(&whole, base, len);
    if (suffix && *suffix)
        anycert__buf_addf(&whole, "%s%s", has_query ? "&" : "?", suffix + 1);
    char *out = anycert__buf_take(&whole, "the URL", err);
    anycert__buf_free(&whole);
    return out;
}

struct anycert_request *anycert_client_request(struct anycert_client *client, const char *method,
                                               const char *suffix, struct anycert_error *err)
{
    struct anycert_request *request = NULL;
    char *url = NULL;

    if (!client->config->base_url) {
        anycert__fail(err, ANYCERT_E_USAGE, "the client has no base URL to join the suffix to");
        return NULL;
    }
    url = anycert_url_join(client->config->base_url, suffix, err);
    if (url && client->config->base_as_written && (!suffix || !*suffix || *suffix == '?')) {
        anycert__free_secret(url);
        url = extend(client->config->base_url, suffix, err);
    }
    if (!url)
        return NULL;
    request = anycert_request_new(method, url, err);
    anycert__free_secret(url);
    return request;
}
