#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "progress.h"
#include "text.h"

#define IN_MEMORY (1024u * 1024)

/* Where the body is read from, and where it begins there. */
struct source {
    int fd;
    off_t begin;
};

static struct source source = {.fd = -1};

static int64_t on_read(void *arg, void *buffer, size_t size)
{
    const struct source *from = arg;
    ssize_t got;
    do
        got = read(from->fd, buffer, size);
    while (got < 0 && errno == EINTR && !cli_interrupted());
    return got;
}

static int on_rewind(void *arg)
{
    const struct source *from = arg;
    return lseek(from->fd, from->begin, SEEK_SET) == from->begin ? 0 : -1;
}

static int fail(const char *option, const char *what, struct anycert_error *err)
{
    int error = errno;
    if (cli_interrupted())
        return cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted");
    cli_error(err, ANYCERT_E_FILE, "%s: cannot %s: %s", option, what, strerror(error));
    err->os_errno = error;
    return -1;
}

/* Up to size bytes; fewer at the end only. -1 and errno. */
static ssize_t read_some(char *buffer, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(STDIN_FILENO, buffer + used, size - used);
        if (got == 0)
            break;
        if (got < 0 && (errno != EINTR || cli_interrupted()))
            return -1;
        used += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)used;
}

static int set_source(struct anycert_request *request, int fd, off_t begin, off_t end,
                      struct anycert_error *err)
{
    source = (struct source){.fd = fd, .begin = begin};
    return anycert_request_set_body_source(request, on_read, on_rewind, end - begin, &source, err);
}

/* What is in the buffer, which is full, and the rest. */
static int keep(struct anycert_request *request, const char *option, char *buffer,
                struct anycert_error *err)
{
    static const char cannot_keep[] = "keep standard input in a temporary file";
    FILE *file = tmpfile();
    if (!file)
        return fail(option, cannot_keep, err);
    int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0); /* gone when the program ends */
    off_t size = 0;
    (void)fclose(file);
    if (fd < 0)
        return fail(option, cannot_keep, err);
    ssize_t len = IN_MEMORY;
    for (; len > 0; len = read_some(buffer, IN_MEMORY)) {
        errno = cli_write_all(fd, buffer, (size_t)len);
        if (errno != 0)
            return fail(option, cannot_keep, err);
        size += len;
    }
    if (len < 0)
        return fail(option, "read standard input", err);
    if (lseek(fd, 0, SEEK_SET) != 0)
        return fail(option, cannot_keep, err);
    return set_source(request, fd, 0, size, err);
}

int cli_upload_standard_input(struct anycert_request *request, const char *option,
                              struct anycert_error *err)
{
    static char buffer[IN_MEMORY];
    struct stat status;
    off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (begin >= 0 && fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
        begin <= status.st_size)
        return set_source(request, STDIN_FILENO, begin, status.st_size, err);
    ssize_t len = read_some(buffer, sizeof buffer);
    if (len < 0)
        return fail(option, "read standard input", err);
    if ((size_t)len == sizeof buffer)
        return keep(request, option, buffer, err);
    return anycert_request_set_body(request, buffer, (size_t)len, err);
}

int cli_upload_file(struct anycert_request *request, const char *option, const char *path,
                    struct anycert_error *err)
{
    return anycert_request_set_body_file(request, path, err) == 0
               ? 0
               : cli_error_context(err, "%s: ", option);
}
