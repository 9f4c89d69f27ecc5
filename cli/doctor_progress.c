#include "doctor_progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MAX 200

/* A longer line would not be overwritten. */
static int width(void)
{
    struct winsize size = {0};
    int columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
    return (columns < WIDTH_MAX ? columns : WIDTH_MAX) - 1;
}

static void draw(void *arg, const char *target, size_t attempt, const char *what)
{
    struct cli_doctor_progress *progress = arg;
    char line[WIDTH_MAX];
    (void)snprintf(line, sizeof line, "%.80s: handshake %zu: %s", target, attempt, what);
    for (char *p = line; *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    (void)pthread_mutex_lock(&progress->lock);
    (void)fprintf(stderr, "\r%.*s\033[K", width(), line);
    progress->drawn = true;
    (void)pthread_mutex_unlock(&progress->lock);
}

void cli_doctor_progress_attach(struct cli_doctor_progress *progress, struct anycert_doctor *doctor)
{
    if (isatty(STDERR_FILENO))
        anycert_doctor_set_progress(doctor, draw, progress);
}

void cli_doctor_progress_begin_print(struct cli_doctor_progress *progress)
{
    (void)pthread_mutex_lock(&progress->lock);
    if (progress->drawn)
        (void)fprintf(stderr, "\r\033[K");
    progress->drawn = false;
}

void cli_doctor_progress_end_print(struct cli_doctor_progress *progress)
{
    (void)pthread_mutex_unlock(&progress->lock);
}
