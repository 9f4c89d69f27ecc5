#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* The first line of the file; the rest is of no interest. */
static char *read_user_file(const char *path, struct anycert_error *err)
{
    struct cli_bytes bytes = {0};
    char *line = NULL;
    if (cli_bytes_read(&bytes, path, "--user-file", err) == 0) {
        bool text = bytes.data && strlen(bytes.data) == bytes.len;
        if (text)
            bytes.data[strcspn(bytes.data, "\r\n")] = '\0';
        if (!text || !strchr(bytes.data, ':'))
            cli_error(err, ANYCERT_E_USAGE,
                      "--user-file: the first line of %s is not USER:PASSWORD", path);
        else
            line = cli_copy(bytes.data, err);
    }
    cli_bytes_free(&bytes);
    return line;
}

int cli_credentials(const struct cli_options *o, char **user, char **password,
                    struct anycert_error *err)
{
    *user = *password = NULL;
    if (o->user && o->user_file)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-u and --user-file both name a user; use one of them");
    if (!o->user && !o->user_file)
        return 0;
    char *both = o->user ? cli_copy(o->user, err) : read_user_file(o->user_file, err);
    if (!both)
        return -1;
    char *colon = strchr(both, ':');
    if (colon) {
        *colon = '\0';
        *password = cli_copy(colon + 1, err);
        explicit_bzero(colon + 1, strlen(colon + 1));
    } else {
        *password = ask(both, err);
    }
    if (*password)
        *user = both;
    else
        cli_wipe_free(both);
    return *password ? 0 : -1;
}
