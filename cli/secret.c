#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

/* One line from the terminal; length, or -1 if it was interrupted or is too long. */
static int read_line(int tty, char line[PASSWORD_MAX])
{
    int length = 0;
    for (;;) {
        char c;
        ssize_t got = read(tty, &c, 1);
        if (got == 0 || (got == 1 && c == '\n'))
            break;
        if (got < 0 || length == PASSWORD_MAX - 1)
            return -1;
        line[length++] = c;
    }
    line[length] = '\0';
    return length;
}

static char *ask(const char *user, struct anycert_error *err)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before;
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        if (tty >= 0)
            (void)close(tty);
        cli_error(err, ANYCERT_E_USAGE,
                  "-u: no password for user '%s', and no terminal to ask on; use --user-file",
                  user);
        return NULL;
    }
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(tty, TCSAFLUSH, &quiet);
    (void)dprintf(tty, "anycert: password for '%s': ", user);
    char line[PASSWORD_MAX];
    int length = read_line(tty, line);
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    (void)close(tty);
    char *password = NULL;
    if (length < 0)
        cli_error(err, ANYCERT_E_INTERRUPTED, "no password was given");
    else
        password = cli_copy(line, err);
    explicit_bzero(line, sizeof line);
    return password;
}

bool cli_secret_given(const struct cli_secret *secret)
{
    return secret->text || secret->file || secret->env || secret->fd;
}

/* The first line; the rest is of no interest. */
static int first_line(struct cli_bytes *bytes, const char *option, const char *from, char **out,
                      struct anycert_error *err)
{
    if (!bytes->data || strlen(bytes->data) != bytes->len)
        return cli_error(err, ANYCERT_E_USAGE, "%s: %s %s", option, from,
                         bytes->data ? "has a NUL byte" : "is empty");
    bytes->data[strcspn(bytes->data, "\r\n")] = '\0';
    if (*bytes->data == '\0')
        return cli_error(err, ANYCERT_E_USAGE, "%s: the first line of %s is empty", option, from);
    *out = cli_copy(bytes->data, err);
    return *out ? 0 : -1;
}

static int read_file(const char *path, const char *option, char **out, struct anycert_error *err)
{
    struct cli_bytes bytes = {0};
    char from[512];
    if (strcmp(path, "-") == 0)
        (void)snprintf(from, sizeof from, "standard input");
    else
        (void)snprintf(from, sizeof from, "'%.500s'", path);
    int status = cli_bytes_read(&bytes, path, option, err);
    if (status == 0)
        status = first_line(&bytes, option, from, out, err);
    cli_bytes_free(&bytes);
    return status;
}

static int read_variable(const char *name, const char *option, char **out,
                         struct anycert_error *err)
{
    const char *value = getenv(name);
    if (!value || *value == '\0')
        return cli_error(err, ANYCERT_E_USAGE, "%s: the variable %s is %s", option, name,
                         value ? "empty" : "not set");
    *out = cli_copy(value, err);
    return *out ? 0 : -1;
}

static int read_descriptor(const char *text, const char *option, char **out,
                           struct anycert_error *err)
{
    struct cli_bytes bytes = {0};
    unsigned fd;
    char from[32];
    if (cli_parse_number(text, option, 65535, &fd, err) != 0)
        return -1;
    (void)snprintf(from, sizeof from, "descriptor %u", fd);
    int status = cli_bytes_read_fd(&bytes, (int)fd, from, option, err);
    if (status == 0)
        status = first_line(&bytes, option, from, out, err);
    cli_bytes_free(&bytes);
    return status;
}

int cli_secret_read(const struct cli_secret *secret, const char *option, char **out,
                    struct anycert_error *err)
{
    const char *const ways[] = {secret->text, secret->file, secret->env, secret->fd};
    static const char *const names[] = {"", "-file", "-env", "-fd"};
    char name[48], other[48];
    size_t way = 4;
    *out = NULL;
    for (size_t i = 0; i < 4; i++) {
        if (!ways[i])
            continue;
        (void)snprintf(way == 4 ? name : other, sizeof name, "%s%s", option, names[i]);
        if (way != 4)
            return cli_error(err, ANYCERT_E_USAGE, "%s and %s both say it; use one of them", name,
                             other);
        way = i;
    }
    if (way == 0)
        return (*out = cli_copy(secret->text, err)) ? 0 : -1;
    if (way == 1)
        return read_file(secret->file, name, out, err);
    if (way == 2)
        return read_variable(secret->env, name, out, err);
    return way == 3 ? read_descriptor(secret->fd, name, out, err) : 0;
}

int cli_credentials(const struct cli_options *o, char **user, char **password,
                    struct anycert_error *err)
{
    char *both;
    *user = *password = NULL;
    int status = cli_secret_read(&o->user, "--user", &both, err);
    if (status != 0 || !both)
        return status;
    char *colon = strchr(both, ':');
    if (!colon && !o->user.text) {
        cli_wipe_free(both);
        return cli_error(err, ANYCERT_E_USAGE, "--user-%s: what it names is not USER:PASSWORD",
                         o->user.file  ? "file"
                         : o->user.env ? "env"
                                       : "fd");
    }
    if (colon) {
        *colon = '\0';
        *password = cli_copy(colon + 1, err);
        explicit_bzero(colon + 1, strlen(colon + 1));
    } else {
        /* Nobody would see what was asked for. */
        *password = o->print_curl ? cli_copy("-", err) : ask(both, err);
    }
    if (*password)
        *user = both;
    else
        cli_wipe_free(both);
    return *password ? 0 : -1;
}
