/* The routes:
 *   /  /json               about 1 kB of JSON, always the same bytes for one server
 *   /echo                  the request as JSON: method, target, path, query, http_version, headers
 * as an array of {name, value} as received, body {length, sha256, start: up to 8 KiB}, tls or null,
 * connection, request
 *   /mirror                the request's body (up to 8 KiB) with its Content-Type
 *   /status/NNN            that status
 *   /redirect?to=URL&code=NNN    Location: URL (percent-decoded); code is 302 if not given
 *   /endless-redirect      to itself
 *   /bytes/N               N bytes with Content-Length; byte i is the letter 'a' + i mod 26; the
 *                          rest of them for Range: bytes=I-
 *   /chunked/N             the same bytes in chunks
 *   /gzip/N                N zero bytes, compressed
 *   /truncated             Content-Length 1000, ten bytes, close_notify
 *   /truncated-chunked     one chunk, no last chunk, close_notify
 *   /close-delimited       no length; ends with close_notify
 *   /close-delimited-unclean     no length; ends without
 *   /length-unclean, /chunked-unclean     a whole body; ends without close_notify
 *   /headers/N             N bytes of header fields, in lines of 1000
 *   /many-headers/N        N short header fields
 *   /slow/MS               waits, then answers
 *   /stall                 half of the body, then nothing more
 *   /drip/N                N bytes, one a second
 *   /connection-close      answers with Connection: close
 *   /set-cookie            two cookies
 *   /pages/N               a listing of N items, page by page: listing.c
 *   /token, /token/N, /protected, /revoke        OAuth 2.0 client credentials: token.c */
#include "lab/http.h"

#include <yyjson.h>
#define ZLIB_CONST /* next_in is a pointer to const */
#include <zlib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16384

static int respond_text(struct lab__exchange *exchange, int status, const char *fields,
                        const char *text)
{
    return lab__respond(exchange, status, "text/plain", fields, text, strlen(text));
}

static int answer_index(struct lab__exchange *exchange, const char *argument)
{
    const struct lab_server *server = exchange->connection->server;

    (void)argument;
    return lab__respond(exchange, 200, "application/json", "", server->index, server->index_len);
}

/* JSON is UTF-8; a byte that is not ASCII becomes the character of that number. */
static yyjson_mut_val *json_bytes(yyjson_mut_doc *doc, const char *text, size_t len)
{
    char *out = malloc(2 * len + 1);
    size_t used = 0;
    yyjson_mut_val *value;

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x80) {
            out[used++] = (char)byte;
        } else {
            out[used++] = (char)(0xc0 | byte >> 6);
            out[used++] = (char)(0x80 | (byte & 0x3f));
        }
    }
    value = yyjson_mut_strncpy(doc, out, used);
    free(out);
    return value;
}

static void add(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    yyjson_mut_obj_add_val(doc, object, key, json_bytes(doc, text, strlen(text)));
}

static yyjson_mut_val *json_tls(yyjson_mut_doc *doc, SSL *ssl)
{
    yyjson_mut_val *tls;
    const char *sni;
    const unsigned char *alpn;
    unsigned alpn_len;
    char text[256] = "";

    if (ssl == NULL) {
        return yyjson_mut_null(doc);
    }
    tls = yyjson_mut_obj(doc);
    sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    add(doc, tls, "version", SSL_get_version(ssl));
    add(doc, tls, "cipher", SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)));
    add(doc, tls, "server_name", sni != NULL ? sni : "");
    snprintf(text, sizeof(text), "%.*s", (int)alpn_len, alpn != NULL ? (const char *)alpn : "");
    add(doc, tls, "alpn", text);
    yyjson_mut_obj_add_bool(doc, tls, "resumed", SSL_session_reused(ssl));
    if (SSL_get0_peer_certificate(ssl) != NULL) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl)),
                                  NID_commonName, text, sizeof(text));
        add(doc, tls, "client_certificate", text);
    } else {
        yyjson_mut_obj_add_null(doc, tls, "client_certificate");
    }
    return tls;
}

static size_t kept_of_body(const struct lab__request *request)
{
    return request->body_len < LAB__BODY_KEPT ? (size_t)request->body_len : LAB__BODY_KEPT;
}

static yyjson_mut_val *json_body(yyjson_mut_doc *doc, const struct lab__request *request)
{
    yyjson_mut_val *body = yyjson_mut_obj(doc);
    char hex[65];

    for (size_t i = 0; i < sizeof(request->body_sha256); i++) {
        snprintf(hex + 2 * i, 3, "%02x", request->body_sha256[i]);
    }
    yyjson_mut_obj_add_uint(doc, body, "length", request->body_len);
    yyjson_mut_obj_add_strcpy(doc, body, "sha256", hex);
    yyjson_mut_obj_add_val(doc, body, "start",
                           json_bytes(doc, request->body_start, kept_of_body(request)));
    return body;
}

static int answer_echo(struct lab__exchange *exchange, const char *argument)
{
    const struct lab__request *request = exchange->request;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_val *headers = yyjson_mut_arr(doc);
    size_t len = 0;
    char *text;
    int result;

    (void)argument;
    yyjson_mut_doc_set_root(doc, root);
    add(doc, root, "method", request->method);
    add(doc, root, "target", request->target);
    add(doc, root, "path", request->path);
    add(doc, root, "query", request->query);
    yyjson_mut_obj_add_str(doc, root, "http_version", request->minor == 1 ? "1.1" : "1.0");
    yyjson_mut_obj_add_val(doc, root, "headers", headers);
    for (size_t i = 0; i < request->field_count; i++) {
        yyjson_mut_val *field = yyjson_mut_arr_add_obj(doc, headers);
        add(doc, field, "name", request->fields[i].name);
        add(doc, field, "value", request->fields[i].value);
    }
    yyjson_mut_obj_add_val(doc, root, "body", json_body(doc, request));
    yyjson_mut_obj_add_val(doc, root, "tls", json_tls(doc, exchange->stream->ssl));
    yyjson_mut_obj_add_uint(doc, root, "connection", exchange->connection->number);
    yyjson_mut_obj_add_uint(doc, root, "request", exchange->number);
    text = yyjson_mut_write(doc, 0, &len);
    yyjson_mut_doc_free(doc);
    if (text == NULL) {
        return -1;
    }
    result = lab__respond(exchange, 200, "application/json", "", text, len);
    free(text);
    return result;
}

static int answer_mirror(struct lab__exchange *exchange, const char *argument)
{
    const struct lab__request *request = exchange->request;

    (void)argument;
    if (request->body_len > LAB__BODY_KEPT) {
        return respond_text(exchange, 413, "", "a mirror of 8 KiB is too small for this\n");
    }
    return lab__respond(exchange, 200, lab__request_field(request, "Content-Type"), "",
                        request->body_start, kept_of_body(request));
}

static int answer_status(struct lab__exchange *exchange, const char *argument)
{
    int status = (int)strtoul(argument, NULL, 10);
    char text[64];

    if (status < 200 || status > 999) {
        return respond_text(exchange, 400, "", "a status is a number from 200 to 999\n");
    }
    snprintf(text, sizeof(text), "status %d\n", status);
    return respond_text(exchange, status, "", text);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;

    return found != NULL ? (int)((found - digits) % 16) : -1;
}

/* Value of a query parameter, percent-decoded; false if it is missing, too long or has control
 * bytes. */
static bool query_value(const char *query, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    size_t used = 0;

    while (strncmp(query, name, name_len) != 0 || query[name_len] != '=') {
        query = strchr(query, '&');
        if (query == NULL) {
            return false;
        }
        query++;
    }
    for (query += name_len + 1; *query != '\0' && *query != '&'; query++) {
        int c = (unsigned char)*query;
        if (c == '%' && hex_digit(query[1]) >= 0 && hex_digit(query[2]) >= 0) {
            c = hex_digit(query[1]) * 16 + hex_digit(query[2]);
            query += 2;
        }
        if (c < 0x20 || c == 0x7f || used + 1 >= size) {
            return false;
        }
        out[used++] = (char)c;
    }
    out[used] = '\0';
    return true;
}

static int redirect(struct lab__exchange *exchange, int status, const char *to)
{
    char fields[4200];

    snprintf(fields, sizeof(fields), "Location: %s\r\n", to);
    return respond_text(exchange, status, fields, "elsewhere\n");
}

static int answer_redirect(struct lab__exchange *exchange, const char *argument)
{
    char to[4096];
    char code[8] = "302";
    int status;

    (void)argument;
    (void)query_value(exchange->request->query, "code", code, sizeof(code));
    status = (int)strtoul(code, NULL, 10);
    if (status < 300 || status > 399 ||
        !query_value(exchange->request->query, "to", to, sizeof(to))) {
        return respond_text(exchange, 400, "", "ask for /redirect?to=URL&code=3NN\n");
    }
    return redirect(exchange, status, to);
}

static int answer_endless_redirect(struct lab__exchange *exchange, const char *argument)
{
    (void)argument;
    return redirect(exchange, 302, "/endless-redirect");
}

/* The letters from offset on, as many as fit. */
static size_t letters(char block[BLOCK], uint64_t offset, uint64_t end)
{
    size_t len = end - offset < BLOCK ? (size_t)(end - offset) : BLOCK;

    for (size_t i = 0; i < len; i++) {
        block[i] = (char)('a' + (offset + i) % 26);
    }
    return len;
}

/* Where the rest begins that is asked for (RFC 9110 section 14.2), if it is still the same thing; 0
 * for all of it. */
static uint64_t asked_from(const struct lab__request *request, const char *etag)
{
    static const char unit[] = "bytes=";
    const char *range = lab__request_field(request, "Range");
    const char *condition = lab__request_field(request, "If-Range");
    char *end = NULL;
    uint64_t from;

    if (range == NULL || strncmp(range, unit, sizeof(unit) - 1) != 0 ||
        (condition != NULL && strcmp(condition, etag) != 0)) {
        return 0;
    }
    range += sizeof(unit) - 1;
    from = strtoull(range, &end, 10);
    return end != range && strcmp(end, "-") == 0 ? from : 0;
}

static int answer_letters(struct lab__exchange *exchange, uint64_t count, bool chunked)
{
    char block[BLOCK];
    char fields[256];
    char etag[64];
    uint64_t from = 0;

    snprintf(etag, sizeof(etag), "\"letters-%llu\"", (unsigned long long)count);
    if (!chunked) {
        from = asked_from(exchange->request, etag);
    }
    if (from > 0 && from >= count) {
        snprintf(fields, sizeof(fields), "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)count);
        return respond_text(exchange, 416, fields, "there is nothing behind the end\n");
    }
    if (chunked) {
        snprintf(fields, sizeof(fields), "Transfer-Encoding: chunked\r\n");
    } else {
        int len = snprintf(fields, sizeof(fields),
                           "Content-Length: %llu\r\nETag: %s\r\nAccept-Ranges: bytes\r\n",
                           (unsigned long long)(count - from), etag);
        if (from > 0) {
            snprintf(fields + len, sizeof(fields) - (size_t)len,
                     "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)from,
                     (unsigned long long)(count - 1), (unsigned long long)count);
        }
    }
    if (lab__respond_head(exchange, from > 0 ? 206 : 200, "application/octet-stream", fields) !=
        0) {
        return -1;
    }
    for (uint64_t at = from; at < count && !exchange->head;) {
        size_t len = letters(block, at, count);
        if ((chunked ? lab__respond_chunk : lab__respond_body)(exchange, block, len) != 0) {
            return -1;
        }
        at += len;
    }
    return chunked ? lab__respond_chunk(exchange, NULL, 0) : 0;
}

static int answer_bytes(struct lab__exchange *exchange, const char *argument)
{
    return answer_letters(exchange, strtoull(argument, NULL, 10), false);
}

static int answer_chunked(struct lab__exchange *exchange, const char *argument)
{
    return answer_letters(exchange, strtoull(argument, NULL, 10), true);
}

/* Feeds zeros to the compressor and chunks of its output to the client. */
static int send_zeros(struct lab__exchange *exchange, z_stream *zip, uint64_t count)
{
    static const unsigned char zeros[BLOCK];
    unsigned char out[BLOCK];
    int state = Z_OK;

    while (state != Z_STREAM_END) {
        if (zip->avail_in == 0 && count > 0) {
            zip->next_in = zeros;
            zip->avail_in = count < BLOCK ? (uInt)count : BLOCK;
            count -= zip->avail_in;
        }
        zip->next_out = out;
        zip->avail_out = sizeof(out);
        state = deflate(zip, count == 0 ? Z_FINISH : Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
            return -1;
        }
        size_t len = sizeof(out) - zip->avail_out;
        if (len > 0 && lab__respond_chunk(exchange, out, len) != 0) {
            return -1;
        }
    }
    return lab__respond_chunk(exchange, NULL, 0);
}

static int answer_gzip(struct lab__exchange *exchange, const char *argument)
{
    z_stream zip = {0};
    int result;

    if (deflateInit2(&zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return -1;
    }
    result = lab__respond_head(exchange, 200, "application/octet-stream",
                               "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
    if (result == 0 && !exchange->head) {
        result = send_zeros(exchange, &zip, strtoull(argument, NULL, 10));
    }
    deflateEnd(&zip);
    return result;
}

/* A head and some bytes of a body that then ends in the given way. */
static int answer_cut(struct lab__exchange *exchange, const char *fields, const char *body,
                      enum lab__end end)
{
    exchange->end = LAB__END_CLOSE;
    if (lab__respond_head(exchange, 200, "text/plain", fields) != 0 ||
        lab__respond_body(exchange, body, strlen(body)) != 0) {
        return -1;
    }
    exchange->end = end;
    return 0;
}

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static int answer_truncated(struct lab__exchange *exchange, const char *argument)
{
    bool chunked = strcmp(exchange->request->path, "/truncated-chunked") == 0;

    (void)argument;
    return answer_cut(exchange, chunked ? CHUNKED : "Content-Length: 1000\r\n",
                      chunked ? "a\r\nten bytes\n\r\n" : "ten bytes\n", LAB__END_CLOSE);
}

static int answer_close_delimited(struct lab__exchange *exchange, const char *argument)
{
    (void)argument;
    return answer_cut(exchange, "", "the end of the connection ends this\n", LAB__END_CLOSE);
}

static int answer_close_delimited_unclean(struct lab__exchange *exchange, const char *argument)
{
    (void)argument;
    return answer_cut(exchange, "", "nobody can tell whether this is all\n", LAB__END_UNCLEAN);
}

static int answer_unclean(struct lab__exchange *exchange, const char *argument)
{
    bool chunked = strcmp(exchange->request->path, "/chunked-unclean") == 0;

    (void)argument;
    return answer_cut(exchange, chunked ? CHUNKED : "Content-Length: 10\r\n",
                      chunked ? "a\r\nten bytes\n\r\n0\r\n\r\n" : "ten bytes\n", LAB__END_UNCLEAN);
}

static int answer_headers(struct lab__exchange *exchange, const char *argument)
{
    uint64_t left = strtoull(argument, NULL, 10);
    char line[1001];

    if (lab__stream_write(exchange->stream, "HTTP/1.1 200 OK\r\n", 17) != 0) {
        return -1;
    }
    for (unsigned i = 0; left > 0; i++) {
        size_t len = left < 1000 ? (size_t)left : 1000;
        memset(line, 'x', sizeof(line));
        int name = snprintf(line, sizeof(line), "X-Filler-%u: ", i);
        line[name] = 'x';
        /* A line that is shorter than its name cannot be; the last one is made longer. */
        len = len < (size_t)name + 3 ? (size_t)name + 3 : len;
        memcpy(line + len - 2, "\r\n", 2);
        if (lab__stream_write(exchange->stream, line, len) != 0) {
            return -1;
        }
        left -= left < len ? left : len;
    }
    return lab__stream_write(exchange->stream, "Content-Length: 0\r\n\r\n", 21);
}

static int answer_many_headers(struct lab__exchange *exchange, const char *argument)
{
    uint64_t count = strtoull(argument, NULL, 10);
    char block[BLOCK];
    size_t used = (size_t)snprintf(block, sizeof(block), "HTTP/1.1 200 OK\r\n");

    for (uint64_t i = 0; i < count; i++) {
        used += (size_t)snprintf(block + used, sizeof(block) - used, "X-%llu: y\r\n",
                                 (unsigned long long)i);
        if (used > sizeof(block) - 64) {
            if (lab__stream_write(exchange->stream, block, used) != 0) {
                return -1;
            }
            used = 0;
        }
    }
    used += (size_t)snprintf(block + used, sizeof(block) - used, "Content-Length: 0\r\n\r\n");
    return lab__stream_write(exchange->stream, block, used);
}

static int answer_slow(struct lab__exchange *exchange, const char *argument)
{
    uint64_t ms = strtoull(argument, NULL, 10);

    if (lab__stream_sleep(exchange->stream, ms < 3600000 ? (int)ms : 3600000) != 0) {
        return -1;
    }
    return answer_index(exchange, "");
}

static int answer_stall(struct lab__exchange *exchange, const char *argument)
{
    char block[BLOCK];
    size_t len = letters(block, 0, 500);

    (void)argument;
    if (lab__respond_head(exchange, 200, "text/plain", "Content-Length: 1000\r\n") != 0 ||
        lab__respond_body(exchange, block, len) != 0) {
        return -1;
    }
    while (lab__stream_sleep(exchange->stream, LAB__IDLE_MS) == 0) {
        /* until the client goes */
    }
    return -1;
}

static int answer_drip(struct lab__exchange *exchange, const char *argument)
{
    uint64_t count = strtoull(argument, NULL, 10);
    char fields[64];

    snprintf(fields, sizeof(fields), "Content-Length: %llu\r\n", (unsigned long long)count);
    if (lab__respond_head(exchange, 200, "text/plain", fields) != 0) {
        return -1;
    }
    for (uint64_t i = 0; i < count && !exchange->head; i++) {
        if (lab__stream_sleep(exchange->stream, 1000) != 0 ||
            lab__respond_body(exchange, ".", 1) != 0) {
            return -1;
        }
    }
    return 0;
}

static int answer_connection_close(struct lab__exchange *exchange, const char *argument)
{
    exchange->end = LAB__END_CLOSE;
    return answer_index(exchange, argument);
}

static int answer_set_cookie(struct lab__exchange *exchange, const char *argument)
{
    (void)argument;
    return respond_text(exchange, 200,
                        "Set-Cookie: lab=1; Path=/\r\n"
                        "Set-Cookie: session=abc; Path=/; Secure; HttpOnly\r\n",
                        "cookies\n");
}

struct route {
    const char *path; /* with a final "/": what stands behind is the argument, a number */
    int (*answer)(struct lab__exchange *exchange, const char *argument);
};

static const struct route routes[] = {
    {"/", answer_index},
    {"", answer_index},
    {"/json", answer_index},
    {"/echo", answer_echo},
    {"/mirror", answer_mirror},
    {"/status/", answer_status},
    {"/redirect", answer_redirect},
    {"/endless-redirect", answer_endless_redirect},
    {"/bytes/", answer_bytes},
    {"/chunked/", answer_chunked},
    {"/gzip/", answer_gzip},
    {"/truncated", answer_truncated},
    {"/truncated-chunked", answer_truncated},
    {"/close-delimited", answer_close_delimited},
    {"/close-delimited-unclean", answer_close_delimited_unclean},
    {"/length-unclean", answer_unclean},
    {"/chunked-unclean", answer_unclean},
    {"/headers/", answer_headers},
    {"/many-headers/", answer_many_headers},
    {"/slow/", answer_slow},
    {"/stall", answer_stall},
    {"/drip/", answer_drip},
    {"/connection-close", answer_connection_close},
    {"/set-cookie", answer_set_cookie},
    {"/pages/", lab__listing},
    {"/token", lab__token},
    {"/token/", lab__token},
    {"/protected", lab__protected},
    {"/revoke", lab__revoke},
};

static bool matches(const struct route *route, const char *path, const char **argument)
{
    size_t len = strlen(route->path);

    *argument = path + strlen(path);
    if (strcmp(route->path, path) == 0) {
        return len < 2 || route->path[len - 1] != '/';
    }
    if (len < 2 || route->path[len - 1] != '/' || strncmp(route->path, path, len) != 0) {
        return false;
    }
    *argument = path + len;
    size_t digits = strspn(*argument, "0123456789");
    return digits > 0 && digits < 19 && (*argument)[digits] == '\0';
}

int lab__route(struct lab__exchange *exchange, const char *path)
{
    const char *argument;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (matches(&routes[i], path, &argument)) {
            return routes[i].answer(exchange, argument);
        }
    }
    return respond_text(exchange, 404, "", "no such route\n");
}
