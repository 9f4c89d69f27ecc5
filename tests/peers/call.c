/* Makes calls that are described as JSON on standard input, and prints what came of each as a line
 * of JSON: {"error": name or null, "message", "status", "url", "hops", "text", "json": "valid" or
 * null}.
 *
 * The description: {"headers": [[name, value]], "max_redirects": 30, "calls": [{"method", "url", or
 * "base" and "suffix", "headers": [[name, value or null]], "params": [[name, value]], "percent":
 * true, "query", "form": [[name, value]], "files": [[field, path, filename or null, type or null]],
 * "parts": [[field, text, filename or null, type or null]], "json", "hex": the body, "source": the
 * same from a callback, "size": its announced size, "user", "password"}]}; what is not there is not
 * asked for. */
#include <anycert/anycert.h>

#include <yyjson.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef const struct anycert_json_value value;

static value *at(value *from, const char *name)
{
    char pointer[100];

    snprintf(pointer, sizeof pointer, "/%s", name);
    return anycert_json_get(from, pointer);
}

static value *nth(value *from, size_t index)
{
    char pointer[30];

    snprintf(pointer, sizeof pointer, "/%zu", index);
    return anycert_json_get(from, pointer);
}

/* NULL for null and for what is not there. */
static const char *text(value *of)
{
    return anycert_json_string(of, NULL);
}

static int64_t number(value *of, int64_t otherwise)
{
    int64_t found = 0;

    return anycert_json_int(of, &found) == 0 ? found : otherwise;
}

/* ---- a body from hexadecimal digits */

struct bytes {
    unsigned char *data;
    size_t len, at;
};

static struct bytes from_hex(const char *hex)
{
    struct bytes bytes = {.data = malloc(strlen(hex) / 2 + 1)};

    for (; bytes.data && hex[0] && hex[1]; hex += 2) {
        const char pair[3] = {hex[0], hex[1], '\0'};

        bytes.data[bytes.len++] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static int64_t read_bytes(void *arg, void *buffer, size_t size)
{
    struct bytes *bytes = arg;
    size_t left = bytes->len - bytes->at;
    size_t n = left < size ? left : size;

    memcpy(buffer, bytes->data + bytes->at, n);
    bytes->at += n;
    return (int64_t)n;
}

static int rewind_bytes(void *arg)
{
    ((struct bytes *)arg)->at = 0;
    return 0;
}

/* ---- one request */

static int add_pairs(struct anycert_request *request, value *list,
                     int (*add)(struct anycert_request *, const char *, const char *,
                                struct anycert_error *),
                     struct anycert_error *err)
{
    for (size_t i = 0; i < anycert_json_size(list); i++) {
        value *pair = nth(list, i);

        if (add(request, text(nth(pair, 0)), text(nth(pair, 1)), err) < 0)
            return -1;
    }
    return 0;
}

static int add_parts(struct anycert_request *request, value *call, struct anycert_error *err)
{
    value *files = at(call, "files");
    value *parts = at(call, "parts");

    for (size_t i = 0; i < anycert_json_size(files); i++) {
        value *file = nth(files, i);

        if (anycert_request_add_file(request, text(nth(file, 0)), text(nth(file, 1)),
                                     text(nth(file, 2)), text(nth(file, 3)), err) < 0)
            return -1;
    }
    for (size_t i = 0; i < anycert_json_size(parts); i++) {
        value *part = nth(parts, i);
        size_t len = 0;
        const char *data = anycert_json_string(nth(part, 1), &len);

        if (anycert_request_add_part(request, text(nth(part, 0)), data, len, text(nth(part, 2)),
                                     text(nth(part, 3)), err) < 0)
            return -1;
    }
    return 0;
}

static int set_body(struct anycert_request *request, value *call, struct bytes *bytes,
                    struct anycert_error *err)
{
    size_t len = 0;
    const char *json = anycert_json_string(at(call, "json"), &len);

    if (json && anycert_request_set_json(request, json, len, err) < 0)
        return -1;
    if (text(at(call, "hex"))) {
        *bytes = from_hex(text(at(call, "hex")));
        return anycert_request_set_body(request, bytes->data, bytes->len, err);
    }
    if (text(at(call, "source"))) {
        *bytes = from_hex(text(at(call, "source")));
        return anycert_request_set_body_source(request, read_bytes, rewind_bytes,
                                               number(at(call, "size"), -1), bytes, err);
    }
    return 0;
}

static struct anycert_request *make_request(value *call, struct bytes *bytes,
                                            struct anycert_error *err)
{
    char *joined = text(at(call, "base"))
                       ? anycert_url_join(text(at(call, "base")), text(at(call, "suffix")), err)
                       : NULL;
    const char *url = joined ? joined : text(at(call, "url"));
    struct anycert_request *request =
        url ? anycert_request_new(text(at(call, "method")), url, err) : NULL;

    anycert_free(joined);
    if (!request)
        return NULL;
    if (add_pairs(request, at(call, "headers"), anycert_request_add_header, err) < 0 ||
        add_pairs(request, at(call, "params"), anycert_request_add_param, err) < 0 ||
        add_pairs(request, at(call, "form"), anycert_request_add_form, err) < 0 ||
        add_parts(request, call, err) < 0 || set_body(request, call, bytes, err) < 0)
        goto fail;
    if (at(call, "percent") &&
        anycert_request_set_query_encoding(request, ANYCERT_QUERY_PERCENT, err) < 0)
        goto fail;
    if (text(at(call, "query")) &&
        anycert_request_set_query(request, text(at(call, "query")), err) < 0)
        goto fail;
    if (text(at(call, "user")) &&
        anycert_request_set_basic_auth(request, text(at(call, "user")), text(at(call, "password")),
                                       err) < 0)
        goto fail;
    return request;
fail:
    anycert_request_free(request);
    return NULL;
}

/* ---- what came of it */

/* null for NULL. */
static void add(yyjson_mut_doc *doc, const char *name, const char *string)
{
    if (string)
        yyjson_mut_obj_add_str(doc, yyjson_mut_doc_get_root(doc), name, string);
    else
        yyjson_mut_obj_add_null(doc, yyjson_mut_doc_get_root(doc), name);
}

static void tell(const struct anycert_error *err, const struct anycert_response *response)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    size_t len = 0;
    char *body = response && !err->code ? anycert_response_text(response, &len, NULL) : NULL;
    struct anycert_json *json = body ? anycert_response_json(response, NULL) : NULL;
    char *line = NULL;

    yyjson_mut_doc_set_root(doc, root);
    add(doc, "error", err->code ? anycert_error_name(err->code) : NULL);
    add(doc, "message", err->message);
    yyjson_mut_obj_add_int(doc, root, "status", response ? anycert_response_status(response) : 0);
    add(doc, "url", response ? anycert_response_url(response) : "");
    yyjson_mut_obj_add_uint(doc, root, "hops", response ? anycert_response_hop_count(response) : 0);
    yyjson_mut_obj_add_strn(doc, root, "text", body ? body : "", len);
    add(doc, "json", json ? "valid" : NULL);
    line = yyjson_mut_write(doc, 0, NULL);
    puts(line ? line : "out of memory");
    free(line);
    anycert_json_free(json);
    anycert_free(body);
    yyjson_mut_doc_free(doc);
}

static void make_call(struct anycert_client *client, value *call)
{
    struct anycert_error err = {0};
    struct anycert_response *response = NULL;
    struct bytes bytes = {0};
    struct anycert_request *request = make_request(call, &bytes, &err);

    /* What failed stands in err. */
    if (request && anycert_client_send(client, request, &response, &err) == 0)
        err.code = 0;
    tell(&err, response);
    anycert_response_free(response);
    anycert_request_free(request);
    free(bytes.data);
}

static struct anycert_client *make_client(value *root, struct anycert_error *err)
{
    struct anycert_config *config = anycert_config_new(err);
    struct anycert_policy *policy = anycert_policy_parse("trust-any", err);
    struct anycert_client *client = NULL;
    value *headers = at(root, "headers");
    int result = config && policy ? anycert_config_set_policy(config, policy, err) : -1;

    if (result == 0)
        result = anycert_config_set_max_redirects(
            config, (unsigned)number(at(root, "max_redirects"), 30), err);
    if (result == 0)
        result = anycert_config_set_cookies(config, 1, err); /* as a session of requests does */
    for (size_t i = 0; result == 0 && i < anycert_json_size(headers); i++)
        result = anycert_config_add_header(config, text(nth(nth(headers, i), 0)),
                                           text(nth(nth(headers, i), 1)), err);
    if (result == 0)
        client = anycert_client_new(config, err);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return client;
}

int main(void)
{
    static char input[1 << 20];
    size_t len = fread(input, 1, sizeof input, stdin);
    struct anycert_error err = {0};
    struct anycert_json *json = anycert_json_parse(input, len, &err);
    value *root = anycert_json_root(json);
    struct anycert_client *client = json ? make_client(root, &err) : NULL;
    value *calls = at(root, "calls");

    if (!client)
        fprintf(stderr, "%s\n", err.message);
    for (size_t i = 0; client && i < anycert_json_size(calls); i++)
        make_call(client, nth(calls, i));
    anycert_client_free(client);
    anycert_json_free(json);
    return client ? 0 : 1;
}
