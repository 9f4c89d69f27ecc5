#include "client/sigv4.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/target.h"
#include "tls/tls.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CANONICAL (16u << 20)
#define STAMP_SIZE    17 /* "20150830T123600Z" */

bool anycert__sigv4_is_s3(const char *service)
{
    return anycert__str_equal(service, "s3") || anycert__str_starts(service, "s3-");
}

static void stamp(int64_t now, char out[STAMP_SIZE])
{
    char text[ANYCERT__TIME_SIZE];
    size_t n = 0;

    anycert__format_time(now, text);
    for (const char *p = text; *p && n + 1 < STAMP_SIZE; p++) {
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    }
    out[n] = '\0';
}

static void add_hex(struct anycert__buf *buf, const uint8_t bytes[32])
{
    for (size_t i = 0; i < 32; i++)
        (void)anycert__buf_addf(buf, "%02x", bytes[i]);
}

/* ---- path and query */

char *anycert__sigv4_url(const char *service, const char *url, struct anycert_error *err)
{
    struct anycert__target target;
    struct anycert__param param;
    struct anycert__buf out;
    const char *mark = "?";
    char *text = NULL;

    anycert__buf_init_secret(&out, 4 * 65536); /* three times the longest URL, and its origin */
    anycert__target_of(url, &target);
    (void)anycert__buf_add(&out, url, (size_t)(target.path - url));
    if (anycert__sigv4_is_s3(service))
        anycert__add_recoded(&out, target.path, target.path_len, "/", false);
    else
        (void)anycert__buf_add(&out, target.path, target.path_len);
    while (anycert__param_next(&target.query, &target.query_len, &param)) {
        (void)anycert__buf_adds(&out, mark);
        anycert__add_recoded(&out, param.name, param.name_len, "", true);
        if (param.value)
            (void)anycert__buf_adds(&out, "=");
        anycert__add_recoded(&out, param.value, param.value_len, "", true);
        mark = "&";
    }
    text = anycert__buf_take(&out, "URL", err);
    anycert__buf_free(&out);
    return text;
}

/* Each segment encoded once more, empty ones left out: what every service but S3 makes of a path.
 */
static void add_path(struct anycert__buf *out, const char *service,
                     const struct anycert__target *target)
{
    const char *end = target->path + target->path_len;

    if (anycert__sigv4_is_s3(service) && target->path_len > 0) {
        (void)anycert__buf_add(out, target->path, target->path_len);
        return;
    }
    (void)anycert__buf_adds(out, "/");
    for (const char *p = target->path; p < end;) {
        const char *slash = NULL;

        while (p < end && *p == '/')
            p++;
        slash = memchr(p, '/', (size_t)(end - p));
        anycert__add_percent(out, p, (size_t)((slash ? slash : end) - p), "");
        if (slash)
            (void)anycert__buf_adds(out, "/");
        p = slash ? slash : end;
    }
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t shorter = a_len < b_len ? a_len : b_len;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;

    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_params(const void *left, const void *right)
{
    const struct anycert__param *a = left;
    const struct anycert__param *b = right;
    int order = compare_bytes(a->name, a->name_len, b->name, b->name_len);

    return order ? order
                 : compare_bytes(a->value ? a->value : "", a->value_len, b->value ? b->value : "",
                                 b->value_len);
}

static void add_query(struct anycert__buf *out, const struct anycert__target *target)
{
    const char *query = target->query;
    size_t len = target->query_len;
    size_t count = 1;
    size_t n = 0;
    struct anycert__param *params = NULL;

    if (len == 0)
        return;
    for (size_t i = 0; i < len; i++)
        count += query[i] == '&';
    params = anycert__calloc(count, sizeof *params);
    if (!params) {
        out->failed = true;
        return;
    }
    while (n < count && anycert__param_next(&query, &len, &params[n]))
        n++;
    qsort(params, n, sizeof *params, compare_params);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            (void)anycert__buf_adds(out, "&");
        (void)anycert__buf_add(out, params[i].name, params[i].name_len);
        (void)anycert__buf_adds(out, "=");
        (void)anycert__buf_add(out, params[i].value ? params[i].value : "", params[i].value_len);
    }
    anycert__free(params);
}

/* ---- header fields */

/* What proxies, libcurl or the engine may change, add or take away, and what is no part of a
 * signature. */
static bool is_signed(const char *name)
{
    static const char *const left_out[] = {
        "Authorization",
        "User-Agent",
        "Expect",
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Accept-Encoding",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Content-Length",
        "Cookie",
        "X-Amzn-Trace-Id",
        "Host",
        "X-Amz-Date",
        "X-Amz-Security-Token",
    };

    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        if (anycert__str_equal_nocase(name, left_out[i]))
            return false;
    }
    return true;
}

static int compare_nocase(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : (unsigned char)*a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : (unsigned char)*b;

        if (x != y || x == 0)
            return x - y;
    }
}

/* A field and its place, as qsort does not keep the order of equals. */
struct entry {
    const char *name, *value;
    size_t place;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = compare_nocase(a->name, b->name);

    return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Everything that is signed, sorted. */
struct entries {
    struct entry *list;
    size_t count;
    char when[STAMP_SIZE];
};

static void push(struct entries *entries, const char *name, const char *value)
{
    entries->list[entries->count] =
        (struct entry){.name = name, .value = value, .place = entries->count};
    entries->count++;
}

static const char *given(const struct anycert__sigv4_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (request->headers[i].value && anycert__str_equal_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    }
    return NULL;
}

static const char digest_field[] = "X-Amz-Content-Sha256";

static int collect(const struct anycert__sigv4_keys *keys,
                   const struct anycert__sigv4_request *request, struct entries *out)
{
    const char *host = given(request, "Host");

    memset(out, 0, sizeof *out);
    stamp(request->now, out->when);
    out->list = anycert__calloc(request->header_count + 4, sizeof *out->list);
    if (!out->list)
        return -1;
    push(out, "host", host ? host : request->host);
    push(out, "x-amz-date", out->when);
    if (keys->session_token)
        push(out, "x-amz-security-token", keys->session_token);
    if (anycert__sigv4_is_s3(keys->service) && !given(request, digest_field))
        push(out, "x-amz-content-sha256", request->payload);
    for (size_t i = 0; i < request->header_count; i++) {
        if (request->headers[i].value && is_signed(request->headers[i].name))
            push(out, request->headers[i].name, request->headers[i].value);
    }
    qsort(out->list, out->count, sizeof *out->list, compare_entries);
    return 0;
}

static void add_lower(struct anycert__buf *out, const char *name)
{
    for (; *name; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;

        (void)anycert__buf_add(out, &c, 1);
    }
}

/* Without spaces around it, and one where there are more. */
static void add_trimmed(struct anycert__buf *out, const char *value)
{
    value += strspn(value, " \t");
    while (*value) {
        size_t len = strcspn(value, " \t");

        (void)anycert__buf_add(out, value, len);
        value += len;
        value += strspn(value, " \t");
        if (*value)
            (void)anycert__buf_adds(out, " ");
    }
}

static bool same_as_before(const struct entries *entries, size_t i)
{
    return i > 0 && compare_nocase(entries->list[i].name, entries->list[i - 1].name) == 0;
}

static void add_fields(struct anycert__buf *out, const struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (same_as_before(entries, i)) {
            (void)anycert__buf_adds(out, ",");
        } else {
            if (i > 0)
                (void)anycert__buf_adds(out, "\n");
            add_lower(out, entries->list[i].name);
            (void)anycert__buf_adds(out, ":");
        }
        add_trimmed(out, entries->list[i].value);
    }
    (void)anycert__buf_adds(out, "\n");
}

static void add_names(struct anycert__buf *out, const struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        if (same_as_before(entries, i))
            continue;
        if (i > 0)
            (void)anycert__buf_adds(out, ";");
        add_lower(out, entries->list[i].name);
    }
}

/* ---- the signature */

static void add_canonical(struct anycert__buf *out, const char *service,
                          const struct anycert__sigv4_request *request,
                          const struct entries *entries)
{
    const char *payload = given(request, digest_field);
    struct anycert__target target;

    anycert__target_of(request->url, &target);
    (void)anycert__buf_addf(out, "%s\n", request->method);
    add_path(out, service, &target);
    (void)anycert__buf_adds(out, "\n");
    add_query(out, &target);
    (void)anycert__buf_adds(out, "\n");
    add_fields(out, entries);
    (void)anycert__buf_adds(out, "\n");
    add_names(out, entries);
    (void)anycert__buf_addf(out, "\n%s", payload ? payload : request->payload);
}

void anycert__sigv4_canonical(const struct anycert__sigv4_keys *keys,
                              const struct anycert__sigv4_request *request,
                              struct anycert__buf *out)
{
    struct entries entries;

    if (collect(keys, request, &entries) == 0)
        add_canonical(out, keys->service, request, &entries);
    else
        out->failed = true;
    anycert__free(entries.list);
}

/* The key of a day, region and service. */
static int derive(const struct anycert__sigv4_keys *keys, const char *when, uint8_t out[32])
{
    const char *const steps[] = {keys->region, keys->service, "aws4_request"};
    struct anycert__buf first;
    int result = -1;

    anycert__buf_init_secret(&first, 64 * 1024);
    (void)anycert__buf_addf(&first, "AWS4%s", keys->secret);
    if (!first.failed)
        result = anycert__hmac_sha256(first.data, first.len, when, 8, out);
    for (size_t i = 0; result == 0 && i < sizeof steps / sizeof steps[0]; i++) {
        uint8_t key[32];

        memcpy(key, out, 32);
        result = anycert__hmac_sha256(key, 32, steps[i], strlen(steps[i]), out);
        anycert__wipe(key, sizeof key);
    }
    anycert__buf_free(&first);
    return result;
}

static int sign_text(const struct anycert__sigv4_keys *keys, const char *when,
                     const struct anycert__buf *text, uint8_t out[32])
{
    uint8_t key[32];
    int result = derive(keys, when, key);

    if (result == 0)
        result = anycert__hmac_sha256(key, 32, text->data, text->len, out);
    anycert__wipe(key, sizeof key);
    return result;
}

static int add_own_fields(const struct anycert__sigv4_keys *keys,
                          const struct anycert__sigv4_request *request,
                          const struct entries *entries, struct anycert__fields *out,
                          struct anycert_error *err)
{
    if (anycert__fields_add(out, "X-Amz-Date", entries->when, err) < 0)
        return -1;
    if (keys->session_token &&
        anycert__fields_add(out, "X-Amz-Security-Token", keys->session_token, err) < 0)
        return -1;
    if (anycert__sigv4_is_s3(keys->service) && !given(request, digest_field))
        return anycert__fields_add(out, digest_field, request->payload, err);
    return 0;
}

int anycert__sigv4_sign(const struct anycert__sigv4_keys *keys,
                        const struct anycert__sigv4_request *request, struct anycert__fields *out,
                        struct anycert_error *err)
{
    struct anycert__buf canonical, text, header;
    struct entries entries;
    uint8_t digest[32];
    int result = -1;

    anycert__buf_init_secret(&canonical, MAX_CANONICAL); /* it may have a session token in it */
    anycert__buf_init(&text, 64 * 1024);
    anycert__buf_init(&header, MAX_CANONICAL);
    if (collect(keys, request, &entries) < 0)
        goto nomem;
    add_canonical(&canonical, keys->service, request, &entries);
    if (canonical.failed || anycert__sha256(canonical.data, canonical.len, digest) < 0)
        goto nomem;
    (void)anycert__buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n", entries.when,
                            entries.when, keys->region, keys->service);
    add_hex(&text, digest);
    if (text.failed || sign_text(keys, entries.when, &text, digest) < 0)
        goto nomem;
    (void)anycert__buf_addf(&header, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, ",
                            keys->access_key, entries.when, keys->region, keys->service);
    (void)anycert__buf_adds(&header, "SignedHeaders=");
    add_names(&header, &entries);
    (void)anycert__buf_adds(&header, ", Signature=");
    add_hex(&header, digest);
    if (header.failed)
        goto nomem;
    result = add_own_fields(keys, request, &entries, out, err);
    if (result == 0)
        result = anycert__fields_add(out, "Authorization", header.data, err);
    goto out;
nomem:
    anycert__fail_nomem(err);
out:
    anycert__free(entries.list);
    anycert__buf_free(&canonical);
    anycert__buf_free(&text);
    anycert__buf_free(&header);
    return result;
}
