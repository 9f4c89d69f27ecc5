#include "body.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "auth.h"
#include "cookies.h"
#include "form.h"
#include "profile.h"
#include "secret.h"
#include "upload.h"

const char *cli_method(const struct cli_options *o)
{
    if (o->head)
        return "HEAD";
    if (o->command->method)
        return o->command->method;
    if (o->method)
        return o->method;
    if (o->upload)
        return "PUT";
    return o->data_count > 0 && !o->get ? "POST" : "GET";
}

/* ---- data
 * -------------------------------------------------------------------------------------------------
 */

static int add_encoded(struct cli_bytes *out, const char *data, size_t len,
                       struct anycert_error *err)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < len; i++) {
        char text[4];
        if (data[i] != '\0' && strchr(unreserved, data[i]))
            (void)snprintf(text, sizeof text, "%c", data[i]);
        else
            (void)snprintf(text, sizeof text, "%%%02X", (unsigned char)data[i]);
        if (cli_bytes_add_text(out, text, err) != 0)
            return -1;
    }
    return 0;
}

/* CONTENT, =CONTENT, NAME=CONTENT, @FILE, NAME@FILE, as curl splits them. */
static int add_urlencoded(struct cli_bytes *out, const char *value, struct anycert_error *err)
{
    const char *mark = strchr(value, '=');
    if (!mark)
        mark = strchr(value, '@');
    const char *content = mark ? mark + 1 : value;
    if (mark && mark > value &&
        (cli_bytes_add(out, value, (size_t)(mark - value), err) != 0 ||
         cli_bytes_add_text(out, "=", err) != 0))
        return -1;
    if (!mark || *mark == '=')
        return add_encoded(out, content, strlen(content), err);
    struct cli_bytes file = {0};
    int status = cli_bytes_read(&file, content, "--data-urlencode", err);
    if (status == 0)
        status = add_encoded(out, file.data, file.len, err);
    cli_bytes_free(&file);
    return status;
}

static int add_file(struct cli_bytes *out, const struct cli_data *data, struct anycert_error *err)
{
    struct cli_bytes file = {0};
    const char *option = data->kind == CLI_DATA_JSON     ? "--json"
                         : data->kind == CLI_DATA_BINARY ? "--data-binary"
                                                         : "-d";
    int status = cli_bytes_read(&file, data->value + 1, option, err);
    size_t kept = 0;
    for (size_t i = 0; i < file.len && data->kind == CLI_DATA; i++)
        if (file.data[i] != '\r' && file.data[i] != '\n' && file.data[i] != '\0')
            file.data[kept++] = file.data[i];
    if (status == 0)
        status = cli_bytes_add(out, file.data, data->kind == CLI_DATA ? kept : file.len, err);
    cli_bytes_free(&file);
    return status;
}

static int collect_data(struct cli_bytes *out, const struct cli_options *o,
                        struct anycert_error *err)
{
    /* Even no bytes are a body. */
    if (cli_bytes_add(out, "", 0, err) != 0)
        return -1;
    for (size_t i = 0; i < o->data_count; i++) {
        const struct cli_data *data = &o->data[i];
        int status = 0;
        if (out->len > 0 && data->kind != CLI_DATA_JSON)
            status = cli_bytes_add_text(out, "&", err);
        if (status == 0 && data->kind == CLI_DATA_URLENCODE)
            status = add_urlencoded(out, data->value, err);
        else if (status == 0 && data->kind != CLI_DATA_RAW && *data->value == '@')
            status = add_file(out, data, err);
        else if (status == 0)
            status = cli_bytes_add_text(out, data->value, err);
        if (status != 0)
            return -1;
    }
    return 0;
}

static bool has_json(const struct cli_options *o)
{
    return o->data_count > 0 && o->data[0].kind == CLI_DATA_JSON;
}

/* The option of a kind that makes a body of its own. */
static const char *family_of(enum cli_data_kind kind)
{
    if (kind == CLI_DATA_JSON)
        return "--json";
    return kind == CLI_DATA_FORM || kind == CLI_DATA_FORM_STRING ? "-F" : "-d";
}

static bool has_form(const struct cli_options *o)
{
    return o->data_count > 0 && strcmp(family_of(o->data[0].kind), "-F") == 0;
}

static int check_data(const struct cli_options *o, struct anycert_error *err)
{
    for (size_t i = 1; i < o->data_count; i++) {
        const char *first = family_of(o->data[0].kind), *other = family_of(o->data[i].kind);
        if (strcmp(first, other) != 0)
            return cli_error(err, ANYCERT_E_USAGE, "%s and %s cannot be one body", first, other);
    }
    if (o->get && (has_json(o) || has_form(o)))
        return cli_error(err, ANYCERT_E_USAGE, "-G cannot put %s into a URL",
                         family_of(o->data[0].kind));
    if (o->get && o->data_count == 0)
        return cli_error(err, ANYCERT_E_USAGE, "-G is given, but no data (-d) for the URL");
    if (o->head && o->method)
        return cli_error(err, ANYCERT_E_USAGE, "-I means the method HEAD; leave out -X");
    bool body = o->data_count > 0 && !o->get;
    if (body && o->upload)
        return cli_error(err, ANYCERT_E_USAGE, "%s and -T are two bodies; one request has one",
                         family_of(o->data[0].kind));
    if ((body || o->upload) && strcmp(cli_method(o), "HEAD") == 0)
        return cli_error(err, ANYCERT_E_USAGE,
                         "a HEAD request has no body; with -G the data of -d "
                         "goes into the URL");
    return 0;
}

/* The URL, or the path behind the profile's, with the data behind its query and before its
 * fragment.
 */
static int make_url(struct cli_bytes *url, const struct cli_options *o, const char *given,
                    struct anycert_error *err)
{
    size_t length = strcspn(given, "#");
    if (cli_bytes_add(url, given, o->get ? length : strlen(given), err) != 0)
        return -1;
    if (!o->get)
        return 0;
    const char *join = !strchr(url->data, '?')                 ? "?"
                       : strchr("?&", url->data[url->len - 1]) ? ""
                                                               : "&";
    struct cli_bytes data = {0};
    int status = collect_data(&data, o, err);
    if (status == 0 && data.len != strlen(data.data))
        status =
            cli_error(err, ANYCERT_E_USAGE, "-G: the data has a NUL byte; use --data-urlencode");
    if (status == 0 &&
        (cli_bytes_add_text(url, join, err) != 0 || cli_bytes_add_text(url, data.data, err) != 0 ||
         cli_bytes_add_text(url, given + length, err) != 0))
        status = -1;
    cli_bytes_free(&data);
    return status;
}

/* ---- headers
 * ---------------------------------------------------------------------------------------------- */

/* "Name: value", "Name;" (empty), "Name:" (taken away). The line is changed. */
static int add_header(struct anycert_request *request, char *line, struct cli_list *names,
                      struct anycert_error *err)
{
    char *mark = line + strcspn(line, ":;");
    bool removed = *mark == ':' && mark[1 + strspn(mark + 1, " \t")] == '\0';
    bool emptied = *mark == ';' && mark[1 + strspn(mark + 1, " \t")] == '\0';
    if (*mark == '\0' || (*mark == ';' && !emptied))
        return cli_error(err, ANYCERT_E_HEADER,
                         "-H: a header without ':'; write 'NAME: VALUE', 'NAME;' or 'NAME:'");
    *mark = '\0';
    if (cli_list_add(names, line, err) != 0)
        return -1;
    char *value = mark + 1 + strspn(mark + 1, " \t");
    for (size_t length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--)
        value[length - 1] = '\0';
    if (anycert_request_add_header(request, line, removed ? NULL : emptied ? "" : value, err) != 0)
        return cli_error_context(err, "-H: ");
    return 0;
}

/* One header a line; empty lines are passed over. */
static int add_header_file(struct anycert_request *request, const char *path,
                           struct cli_list *names, struct anycert_error *err)
{
    struct cli_bytes file = {0};
    int status = cli_bytes_read(&file, path, "-H", err);
    if (status == 0 && file.data && strlen(file.data) != file.len)
        status = cli_error(err, ANYCERT_E_HEADER, "-H: %s has a NUL byte", path);
    char *line = file.data;
    while (status == 0 && line && *line != '\0') {
        size_t length = strcspn(line, "\n");
        char *next = line + length + (line[length] == '\n');
        line[length] = '\0';
        if (length > 0 && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (*line != '\0')
            status = add_header(request, line, names, err);
        line = next;
    }
    cli_bytes_free(&file);
    return status;
}

static int add_default(struct anycert_request *request, const struct cli_list *names,
                       const char *name, const char *value, struct anycert_error *err)
{
    return cli_list_has(names, name) ? 0 : anycert_request_add_header(request, name, value, err);
}

static int add_headers(struct anycert_request *request, const struct cli_options *o,
                       struct cli_list *names, struct anycert_error *err)
{
    for (size_t i = 0; i < o->headers.count; i++) {
        char *text = o->headers.items[i];
        int status = *text == '@' ? add_header_file(request, text + 1, names, err)
                                  : add_header(request, text, names, err);
        if (status != 0)
            return -1;
    }
    if (o->user_agent && cli_list_has(names, "User-Agent"))
        return cli_error(err, ANYCERT_E_USAGE, "-A and -H both set User-Agent; leave one out");
    if (o->user_agent &&
        anycert_request_add_header(request, "User-Agent", *o->user_agent ? o->user_agent : NULL,
                                   err) != 0)
        return -1;
    if (has_json(o))
        return add_default(request, names, "Content-Type", "application/json", err) == 0 &&
                       add_default(request, names, "Accept", "application/json", err) == 0
                   ? 0
                   : -1;
    if (o->data_count > 0 && !o->get && !has_form(o))
        return add_default(request, names, "Content-Type", "application/x-www-form-urlencoded",
                           err);
    return 0;
}

/* Whether secrets are not sent over http:// in the first place. */
static bool guards_secrets(const struct cli_options *o, const struct anycert_profile *profile)
{
    const char *guard =
        o->secret_guard ? o->secret_guard : anycert_profile_value(profile, "secret_guard");
    return guard && strcmp(guard, "send") != 0;
}

/* What is said when the URL is an http:// one; NULL: nothing. */
static const char *warning_of(const struct cli_options *o, const struct anycert_profile *profile,
                              const struct cli_list *names)
{
    bool secret = cli_list_has(names, "Authorization") ||
                  cli_list_has(names, "Proxy-Authorization") || cli_list_has(names, "Cookie") ||
                  cli_cookies_given(o);
    for (size_t i = 0; i < o->secret_headers.count; i++)
        secret = secret || cli_list_has(names, o->secret_headers.items[i]);
    bool given = cli_auth_given(o) || cli_auth_in_profile(profile);
    if ((!secret && !given) || guards_secrets(o, profile))
        return NULL;
    return secret || !cli_auth_only_proves(o, profile)
               ? "the credentials go out in clear text; use https:// where the server has it"
               : "the password is not sent, but all else goes out in clear text; use https:// "
                 "where "
                 "the server has it";
}

/* The same for a token server that a request to elsewhere needs first. */
static const char *warning_of_token(const struct cli_options *o,
                                    const struct anycert_profile *profile)
{
    const char *url = o->oauth2_token_url ? o->oauth2_token_url
                                          : anycert_profile_value(profile, "oauth2.token_url");
    if (!url || strncasecmp(url, "http:", 5) != 0 || guards_secrets(o, profile))
        return NULL;
    return "the client's secret goes out in clear text to the token server; use https:// where it "
           "has it";
}

/* ---- query
 * ------------------------------------------------------------------------------------------------
 */

static int add_param(struct anycert_request *request, char *text, struct anycert_error *err)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return cli_error(err, ANYCERT_E_USAGE, "--param: '%s' is not NAME=VALUE", text);
    *equals = '\0';
    int status = anycert_request_add_param(request, text, equals + 1, err);
    *equals = '=';
    return status == 0 ? 0 : cli_error_context(err, "--param: ");
}

static int add_query(struct anycert_request *request, const struct cli_options *o,
                     struct anycert_error *err)
{
    if (o->query && anycert_request_set_query(request, o->query, err) != 0)
        return cli_error_context(err, "--query: ");
    for (size_t i = 0; i < o->params.count; i++)
        if (add_param(request, o->params.items[i], err) != 0)
            return -1;
    return 0;
}

/* ---- request
 * ---------------------------------------------------------------------------------------------- */

/* The library's judgement: a body that it takes as JSON. */
static int check_json(const char *method, const char *text, size_t length,
                      struct anycert_error *err)
{
    struct anycert_request *probe = anycert_request_new(method, "http://localhost/", err);
    int status = probe ? anycert_request_set_json(probe, text, length, err) : -1;
    anycert_request_free(probe);
    if (status == 0)
        return 0;
    err->code = err->code == ANYCERT_E_NOMEM ? err->code : ANYCERT_E_USAGE;
    cli_error_append(err, "; --data-binary with -H 'Content-Type: application/json' sends it as "
                          "it is");
    return cli_error_context(err, "--json: ");
}

/* What is the body as it is, so that it need not be collected: standard input ("-"), or a file on
 * disk (a pipe's length has to be known before). NULL: there is none. */
static const char *file_alone(const struct cli_options *o, const char **option)
{
    struct stat status;
    *option = o->upload ? "-T" : "--data-binary";
    if (o->upload)
        return o->upload;
    if (o->data_count != 1 || o->get || o->data[0].kind != CLI_DATA_BINARY ||
        *o->data[0].value != '@')
        return NULL;
    const char *path = o->data[0].value + 1;
    bool on_disk = stat(path, &status) == 0 && S_ISREG(status.st_mode);
    return strcmp(path, "-") == 0 || on_disk ? path : NULL;
}

static int add_body(struct anycert_request *request, const struct cli_options *o,
                    struct anycert_error *err)
{
    const char *option = NULL, *file = file_alone(o, &option);
    if (file && strcmp(file, "-") != 0)
        return cli_upload_file(request, option, file, err);
    if (file && !o->print_curl) /* which shows the bytes themselves */
        return cli_upload_standard_input(request, option, err);
    if (has_form(o))
        return cli_form_add(request, o, err);
    struct cli_bytes body = {0};
    const char *method = cli_method(o);
    bool expected =
        strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    int status = 0;
    if (o->upload)
        status = cli_bytes_read(&body, "-", "-T", err);
    else if (o->data_count > 0 && !o->get)
        status = collect_data(&body, o, err);
    if (status == 0 && has_json(o) && body.data)
        status = check_json(method, body.data, body.len, err);
    /* Servers want a length with these methods, be it 0. */
    if (status == 0 && (body.data || expected || o->upload))
        status = anycert_request_set_body(request, body.data ? body.data : "", body.len, err);
    cli_bytes_free(&body);
    return status;
}

/* Behind the profile's URL, if it has one. */
static struct anycert_request *new_request(const struct cli_options *o,
                                           const struct cli_session *session, const char *url,
                                           struct anycert_error *err)
{
    const char *base = anycert_profile_value(session->profile, "url");
    /* A URL of the command line that is the profile's has become its key. */
    bool behind = o->profile && base && !cli_is_absolute(url);
    return behind ? anycert_client_request(session->client, cli_method(o), url, err)
                  : anycert_request_new(cli_method(o), url, err);
}

struct anycert_request *cli_request_make(const struct cli_options *o,
                                         const struct cli_session *session, const char **warning,
                                         struct anycert_error *err)
{
    struct cli_list names = {0};
    struct cli_bytes url = {0};
    struct anycert_request *request = NULL;
    const char *shown = anycert_profile_value(session->profile, "url");
    const char *test = anycert_profile_value(session->profile, "test");
    const char *path = o->command->bit == CLI_TEST && test ? test : "";
    int status = -1;
    bool own = o->url && cli_is_absolute(o->url) &&
               strcmp(anycert_profile_source(session->profile, "url"), "command line") != 0;
    const char *behind = own ? cli_behind(o->url, shown) : NULL;
    const char *given = behind ? behind : o->url ? o->url : path;
    if (check_data(o, err) != 0 || make_url(&url, o, given, err) != 0)
        goto out;
    request = new_request(o, session, url.data, err);
    if (request && add_query(request, o, err) == 0 && add_headers(request, o, &names, err) == 0 &&
        cli_auth_beside(request, o, session->profile, &names, err) == 0 &&
        cli_cookies_add(request, session, o, &names, err) == 0 &&
        anycert_profile_add_headers(session->profile, request, cli_variable, NULL, err) == 0)
        status = add_body(request, o, err);
    *warning = shown && strncasecmp(shown, "http:", 5) == 0
                   ? warning_of(o, session->profile, &names)
                   : warning_of_token(o, session->profile);
out:
    cli_list_free(&names);
    cli_bytes_free(&url);
    if (status == 0)
        return request;
    anycert_request_free(request);
    return NULL;
}
