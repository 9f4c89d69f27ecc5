#include "input.h"

#include <stdio.h>
#include <string.h>

#include "form.h"

/* The first option that reads standard input. */
struct reader {
    char option[48]; /* "": none yet */
};

static bool is_standard_input(const char *path)
{
    static const char *const names[] = {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"};
    for (size_t i = 0; path && i < sizeof names / sizeof *names; i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

/* path may be NULL. */
static int add(struct reader *reader, const char *option, const char *path,
               struct anycert_error *err)
{
    if (!is_standard_input(path))
        return 0;
    if (*reader->option && strcmp(reader->option, option) == 0)
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s reads standard input twice, which can be read once; use a file",
                         option);
    if (*reader->option)
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s and %s both read standard input, which can be read once; use a file "
                         "for one of them",
                         reader->option, option);
    (void)snprintf(reader->option, sizeof reader->option, "%s", option);
    return 0;
}

/* What stands behind the @, or NULL. */
static const char *file_of(const char *value)
{
    return value && *value == '@' ? value + 1 : NULL;
}

/* The path of --data-urlencode: @FILE or NAME@FILE, where no = comes first. */
static const char *encoded_file_of(const char *value)
{
    const char *mark = strchr(value, '=') ? NULL : strchr(value, '@');
    return mark ? mark + 1 : NULL;
}

/* -F reads standard input for NAME=@- and NAME=<-. */
static int add_form(struct reader *reader, const char *value, struct anycert_error *err)
{
    char path[64];
    size_t length;
    const char *start = cli_form_path(value, &length);
    (void)snprintf(path, sizeof path, "%.*s", start && length < sizeof path ? (int)length : 0,
                   start ? start : "");
    return add(reader, "-F", path, err);
}

static int add_data(struct reader *reader, const struct cli_data *data, struct anycert_error *err)
{
    switch (data->kind) {
    case CLI_DATA:
        return add(reader, "-d", file_of(data->value), err);
    case CLI_DATA_BINARY:
        return add(reader, "--data-binary", file_of(data->value), err);
    case CLI_DATA_URLENCODE:
        return add(reader, "--data-urlencode", encoded_file_of(data->value), err);
    case CLI_DATA_JSON:
        return add(reader, "--json", file_of(data->value), err);
    case CLI_DATA_FORM:
        return add_form(reader, data->value, err);
    case CLI_DATA_RAW:
    case CLI_DATA_FORM_STRING:
        return 0;
    }
    return 0;
}

/* option is the name without "-file" and "-fd". */
static int add_secret(struct reader *reader, const char *option, const struct cli_secret *secret,
                      struct anycert_error *err)
{
    char name[48];
    (void)snprintf(name, sizeof name, "%s-%s", option, secret->file ? "file" : "fd");
    const char *fd = secret->fd && strcmp(secret->fd, "0") == 0 ? "-" : NULL;
    return add(reader, name, secret->file ? secret->file : fd, err);
}

int cli_input_check(const struct cli_options *o, struct anycert_error *err)
{
    struct reader reader = {0};
    for (size_t i = 0; i < o->data_count; i++)
        if (add_data(&reader, &o->data[i], err) != 0)
            return -1;
    for (size_t i = 0; i < o->headers.count; i++)
        if (add(&reader, "-H", file_of(o->headers.items[i]), err) != 0)
            return -1;
    for (size_t i = 0; i < o->cookies.count; i++)
        if (add(&reader, "-b", o->cookies.items[i], err) != 0)
            return -1;
    if (add(&reader, "-T", o->upload, err) != 0 ||
        add(&reader, "--profile", o->profile, err) != 0 ||
        add_secret(&reader, "--user", &o->user, err) != 0 ||
        add_secret(&reader, "--bearer", &o->bearer, err) != 0 ||
        add_secret(&reader, "--api-key", &o->api_key, err) != 0 ||
        add_secret(&reader, "--aws-session-token", &o->aws_session_token, err) != 0 ||
        add_secret(&reader, "--oauth2-client-secret", &o->oauth2_client_secret, err) != 0 ||
        add_secret(&reader, "--pass", &o->pass, err) != 0 ||
        add_secret(&reader, "--proxy-user", &o->proxy_user, err) != 0 ||
        add(&reader, "-w", file_of(o->write_out), err) != 0)
        return -1;
    return 0;
}
