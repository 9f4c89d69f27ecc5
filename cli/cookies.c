#include "cookies.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <anycert/transfer.h>

/* As curl tells them apart. */
bool cli_cookies_are_data(const char *value)
{
    return strchr(value, '=') != NULL;
}

bool cli_cookies_given(const struct cli_options *o)
{
    for (size_t i = 0; i < o->cookies.count; i++)
        if (cli_cookies_are_data(o->cookies.items[i]))
            return true;
    return false;
}

/* Whether there is a file, be it an empty name. */
static bool has_files(const struct cli_options *o)
{
    for (size_t i = 0; i < o->cookies.count; i++)
        if (!cli_cookies_are_data(o->cookies.items[i]))
            return true;
    return o->cookie_jar != NULL;
}

int cli_cookies_enable(struct anycert_config *config, const struct cli_options *o,
                       struct anycert_error *err)
{
    return has_files(o) ? anycert_config_set_cookies(config, 1, err) : 0;
}

static int load(struct anycert_client *client, const struct cli_options *o, const char *path,
                struct anycert_error *err)
{
    bool written = o->cookie_jar && strcmp(o->cookie_jar, path) == 0;
    if (written && access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    return anycert_client_load_cookies(client, strcmp(path, "-") == 0 ? "/dev/stdin" : path, err) ==
                   0
               ? 0
               : cli_error_context(err, "-b: ");
}

int cli_cookies_load(struct anycert_client *client, const struct cli_options *o,
                     struct anycert_error *err)
{
    for (size_t i = 0; i < o->cookies.count; i++) {
        const char *path = o->cookies.items[i];
        if (*path != '\0' && !cli_cookies_are_data(path) && load(client, o, path, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- of the command line
 * ------------------------------------------------------------------------------------------------
 */

/* "a=b; c=d", each as if the URL had set it for all its paths. The text is changed. */
static int keep(struct anycert_client *client, char *text, const char *url,
                struct anycert_error *err)
{
    struct cli_bytes cookie = {0};
    char *rest = text;
    int status = 0;
    for (char *pair; status == 0 && (pair = strsep(&rest, ";")) != NULL;) {
        pair += strspn(pair, " \t");
        if (*pair == '\0')
            continue;
        cli_bytes_free(&cookie);
        status = cli_bytes_add_text(&cookie, pair, err) == 0 &&
                         cli_bytes_add_text(&cookie, "; Path=/", err) == 0
                     ? anycert_client_add_cookie(client, cookie.data, url, err)
                     : -1;
    }
    cli_bytes_free(&cookie);
    return status;
}

static int join(const struct cli_options *o, struct cli_bytes *out, struct anycert_error *err)
{
    for (size_t i = 0; i < o->cookies.count; i++)
        if (cli_cookies_are_data(o->cookies.items[i]) &&
            ((out->len > 0 && cli_bytes_add_text(out, "; ", err) != 0) ||
             cli_bytes_add_text(out, o->cookies.items[i], err) != 0))
            return -1;
    return 0;
}

int cli_cookies_add(struct anycert_request *request, const struct cli_session *session,
                    const struct cli_options *o, const struct cli_list *names,
                    struct anycert_error *err)
{
    if (o->cookies.count == 0)
        return 0;
    if (cli_list_has(names, "Cookie"))
        return cli_error(err, ANYCERT_E_USAGE, "-b and -H both set Cookie; leave one out");
    if (!cli_cookies_given(o))
        return 0;
    struct cli_bytes text = {0};
    int status = join(o, &text, err);
    if (status == 0 && has_files(o))
        status =
            keep(session->client, text.data, anycert_profile_value(session->profile, "url"), err);
    else if (status == 0)
        status = anycert_request_add_header(request, "Cookie", text.data, err);
    cli_bytes_free(&text);
    return status == 0 ? 0 : cli_error_context(err, "-b: ");
}

/* ---- the file
 * ---------------------------------------------------------------------------------------------- */

int cli_cookies_open(struct cli_target *target, const struct cli_options *o,
                     struct anycert_error *err)
{
    bool body_there = !o->output || strcmp(o->output, "-") == 0;
    if (!o->cookie_jar)
        return 0;
    if (strcmp(o->cookie_jar, "-") == 0 && body_there)
        return cli_error(
            err, ANYCERT_E_USAGE,
            "-c - and the body would mix on standard output; write the body to a file with -o");
    return cli_target_open(target, o->cookie_jar, "-c", err);
}

int cli_cookies_save(const struct cli_target *target, struct anycert_client *client,
                     const struct cli_options *o, struct anycert_error *err)
{
    if (!o->cookie_jar || !client)
        return 0;
    if (target->fd < 0)
        return anycert_client_save_cookies(client, target->path, err) == 0
                   ? 0
                   : cli_error_context(err, "-c: ");
    char *text = anycert_client_cookies(client, err);
    int status = text ? cli_target_write(target, text, strlen(text), ANYCERT_E_FILE, err) : -1;
    if (text)
        explicit_bzero(text, strlen(text));
    anycert_free(text);
    return status == 0 ? 0 : cli_error_context(err, "-c: ");
}
