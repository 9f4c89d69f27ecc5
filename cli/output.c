#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "body.h"
#include "progress.h"

int cli_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t done = write(fd, p, len);
        if (done < 0 && (errno != EINTR || cli_interrupted()))
            return errno;
        if (done > 0) {
            p += done;
            len -= (size_t)done;
        }
    }
    return 0;
}

/* ---- targets
 * ---------------------------------------------------------------------------------------------- */

static int refuse(const char *option, const char *path, int error, struct anycert_error *err)
{
    cli_error(err, ANYCERT_E_FILE, "%s: cannot write '%s': %s", option, path, strerror(error));
    err->os_errno = error;
    return -1;
}

/* The folder has to take a new file, which then takes the old one's place. */
static int check_folder(const char *path, const char *option, struct anycert_error *err)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    int n = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                     slash ? path : ".");
    if (slash && slash[1] == '\0')
        return refuse(option, path, EISDIR, err);
    if (n < 0 || (size_t)n >= sizeof folder)
        return refuse(option, path, ENAMETOOLONG, err);
    if (access(folder, W_OK | X_OK) != 0)
        return refuse(option, path, errno, err);
    return 0;
}

int cli_target_open(struct cli_target *target, const char *path, const char *option,
                    struct anycert_error *err)
{
    struct stat status;
    *target = (struct cli_target){.fd = -1};
    if (strcmp(path, "-") == 0) {
        target->fd = STDOUT_FILENO;
        return 0;
    }
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return refuse(option, path, EISDIR, err);
    if (exists && !S_ISREG(status.st_mode)) {
        target->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (target->fd < 0)
            return refuse(option, path, errno, err);
    }
    /* Behind a symbolic link the file is replaced, not the link. */
    char *resolved = exists && S_ISREG(status.st_mode) ? realpath(path, NULL) : NULL;
    target->path = cli_copy(resolved ? resolved : path, err);
    free(resolved);
    if (!target->path)
        return -1;
    return target->fd >= 0 ? 0 : check_folder(target->path, option, err);
}

/* The folder of a path as the system knows it; the name in it, or NULL. */
static const char *find_folder(const char *path, struct stat *folder)
{
    const char *slash = strrchr(path, '/');
    char name[PATH_MAX];
    int n = snprintf(name, sizeof name, "%.*s", slash ? (int)(slash - path) + 1 : 1,
                     slash ? path : ".");
    if (n < 0 || (size_t)n >= sizeof name || stat(name, folder) != 0)
        return NULL;
    return slash ? slash + 1 : path;
}

bool cli_target_same(const struct cli_target *a, const struct cli_target *b)
{
    struct stat first, second;
    if (a->fd >= 0 || b->fd >= 0 || !a->path || !b->path)
        return false;
    const char *one = find_folder(a->path, &first), *other = find_folder(b->path, &second);
    if (!one || !other)
        return strcmp(a->path, b->path) == 0;
    return strcmp(one, other) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

void cli_target_close(struct cli_target *target)
{
    if (target->fd >= 0 && target->path)
        (void)close(target->fd);
    cli_wipe_free(target->path);
    *target = (struct cli_target){.fd = -1};
}

/* A new file beside path: its name in temporary, its descriptor, or -1 and errno. */
static int create_beside(const char *path, char temporary[PATH_MAX])
{
    struct stat status;
    mode_t mode = stat(path, &status) == 0 ? status.st_mode & 0777 : 0666;
    for (unsigned i = 0; i < 100; i++) {
        int n = snprintf(temporary, PATH_MAX, "%s.%ld-%u.part", path, (long)getpid(), i);
        if (n < 0 || n >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* 0, or an errno. */
static int replace(const char *path, const void *data, size_t len)
{
    char temporary[PATH_MAX];
    int fd = create_beside(path, temporary);
    if (fd < 0)
        return errno;
    int error = cli_write_all(fd, data, len);
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error != 0)
        (void)unlink(temporary);
    return error;
}

int cli_target_write(const struct cli_target *target, const void *data, size_t len, int code,
                     struct anycert_error *err)
{
    int error =
        target->fd >= 0 ? cli_write_all(target->fd, data, len) : replace(target->path, data, len);
    if (error == 0)
        return 0;
    cli_error(err, code, "cannot write to %s: %s", target->path ? target->path : "standard output",
              strerror(error));
    err->os_errno = error;
    return -1;
}

/* ---- body
 * -------------------------------------------------------------------------------------------------
 */

static int take_body(void *arg, const void *bytes, size_t len)
{
    struct cli_output *output = arg;
    output->error = cli_write_all(output->target.fd, bytes, len);
    return output->error;
}

int cli_output_open(struct cli_output *output, const struct cli_options *o,
                    struct anycert_request *request, struct anycert_error *err)
{
    *output = (struct cli_output){.target.fd = -1};
    if (cli_target_open(&output->target, o->output ? o->output : "-", "-o", err) != 0)
        return -1;
    output->in_memory = o->include || strcmp(cli_method(o), "HEAD") == 0;
    if (output->in_memory)
        return 0;
    if (output->target.fd >= 0)
        return anycert_request_set_body_callback(request, take_body, output, err);
    return anycert_request_set_output_file(request, output->target.path, err);
}

static int add_header_text(struct cli_bytes *text, const struct anycert_response *response,
                           struct anycert_error *err)
{
    char line[64];
    const char *reason = anycert_response_reason(response);
    (void)snprintf(line, sizeof line, "HTTP/%s %03d", anycert_response_http_version(response),
                   anycert_response_status(response));
    if (cli_bytes_add_text(text, line, err) != 0 ||
        (*reason != '\0' &&
         (cli_bytes_add_text(text, " ", err) != 0 || cli_bytes_add_text(text, reason, err) != 0)) ||
        cli_bytes_add_text(text, "\r\n", err) != 0)
        return -1;
    const char *name, *value;
    for (size_t i = 0; anycert_response_header_at(response, i, &name, &value) == 0; i++)
        if (cli_bytes_add_text(text, name, err) != 0 || cli_bytes_add_text(text, ": ", err) != 0 ||
            cli_bytes_add_text(text, value, err) != 0 || cli_bytes_add_text(text, "\r\n", err) != 0)
            return -1;
    return cli_bytes_add_text(text, "\r\n", err);
}

int cli_output_finish(struct cli_output *output, const struct anycert_response *response,
                      struct anycert_error *err)
{
    if (!output->in_memory)
        return 0;
    struct cli_bytes text = {0};
    size_t len;
    const void *body = anycert_response_body(response, &len);
    int status = add_header_text(&text, response, err);
    /* Standard output gets the two one after the other, a file both at once. */
    if (status == 0 && output->target.fd >= 0) {
        status = cli_target_write(&output->target, text.data, text.len, ANYCERT_E_BODY_WRITE, err);
        if (status == 0)
            status = cli_target_write(&output->target, body, len, ANYCERT_E_BODY_WRITE, err);
    } else if (status == 0) {
        status = cli_bytes_add(&text, body, len, err);
        if (status == 0)
            status =
                cli_target_write(&output->target, text.data, text.len, ANYCERT_E_BODY_WRITE, err);
    }
    cli_bytes_free(&text);
    return status;
}

bool cli_output_explain(const struct cli_output *output, struct anycert_error *err)
{
    if (output->error == EINTR) {
        cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted");
    } else if (output->error != 0) {
        cli_error(err, ANYCERT_E_BODY_WRITE, "cannot write to %s: %s",
                  output->target.path ? output->target.path : "standard output",
                  strerror(output->error));
        err->os_errno = output->error;
    }
    return err->code == ANYCERT_E_BODY_WRITE && err->os_errno == EPIPE &&
           output->target.fd == STDOUT_FILENO;
}

void cli_output_close(struct cli_output *output)
{
    cli_target_close(&output->target);
}
