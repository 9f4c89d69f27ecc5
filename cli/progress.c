#include "progress.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE    256
#define LOOK_MS      100 /* how often it is looked whether a signal came */
#define NUMBER_SIZE  32
#define NUMBERS_WIDE 52 /* of most of them, so that the bar stays as wide as it is */
#define BAR_MAX      40
#define BAR_MIN      8
#define DEFAULT_WIDE 80
#define REDRAW_US    100000
/* The rate is that of so long before now. */
#define WINDOW_US (5 * INT64_C(1000000))

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void cli_catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction before;
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &action, NULL);
    }
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}

bool cli_wait_for_input(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    /* A signal just before a read that blocks would not be seen. */
    while (!interrupted)
        if (poll(&input, 1, LOOK_MS) > 0)
            return true;
    return false;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- how fast it goes
 * ------------------------------------------------------------------------------------------- */

/* Keeps a mark every so often, so that they cover the window. */
static void add_mark(struct cli_progress *p, int64_t now)
{
    unsigned last = (p->mark_count + CLI_PROGRESS_MARKS - 1) % CLI_PROGRESS_MARKS;
    if (p->mark_count > 0 && now - p->marks[last].at_us < WINDOW_US / (CLI_PROGRESS_MARKS / 2))
        return;
    p->marks[p->mark_count % CLI_PROGRESS_MARKS].at_us = now;
    p->marks[p->mark_count % CLI_PROGRESS_MARKS].done = p->done;
    p->mark_count++;
}

/* Bytes a second over the window; in the end, from the beginning on. */
static double rate_of(const struct cli_progress *p, int64_t now)
{
    int64_t from = p->started_us;
    uint64_t done = 0;
    unsigned count = p->mark_count < CLI_PROGRESS_MARKS ? p->mark_count : CLI_PROGRESS_MARKS;
    for (unsigned i = 1; i <= count && !p->ended; i++) {
        unsigned at = (p->mark_count - i) % CLI_PROGRESS_MARKS;
        from = p->marks[at].at_us;
        done = p->marks[at].done;
        if (now - from >= WINDOW_US)
            break;
    }
    return now > from && p->done >= done ? (double)(p->done - done) * 1e6 / (double)(now - from)
                                         : 0;
}

/* ---- the line
 * ---------------------------------------------------------------------------------------------------
 */

/* "12.3 MiB" */
static void format_bytes(double bytes, char out[NUMBER_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1024;
    (void)snprintf(out, NUMBER_SIZE, unit > 0 && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes,
                   units[unit]);
}

/* "0:07", "1:02:03" */
static void format_time(double seconds, char out[NUMBER_SIZE])
{
    unsigned long whole = seconds < 359999 ? (unsigned long)seconds : 359999;
    if (whole >= 3600)
        (void)snprintf(out, NUMBER_SIZE, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60,
                       whole % 60);
    else
        (void)snprintf(out, NUMBER_SIZE, "%lu:%02lu", whole / 60, whole % 60);
}

static size_t terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return DEFAULT_WIDE;
    return size.ws_col < LINE_SIZE ? size.ws_col : LINE_SIZE - 1;
}

/* What stands behind the bar. */
static void format_numbers(const struct cli_progress *p, int64_t now, char out[LINE_SIZE])
{
    char done[NUMBER_SIZE], total[NUMBER_SIZE], speed[NUMBER_SIZE], time[NUMBER_SIZE];
    double rate = rate_of(p, now);
    format_bytes((double)p->done, done);
    format_bytes((double)p->total, total);
    format_bytes(rate, speed);
    if (p->waiting) {
        (void)snprintf(out, LINE_SIZE, "%s sent%s", done,
                       p->ended ? "" : ", waiting for the answer");
        return;
    }
    if (p->total == 0 || p->done > p->total) {
        format_time((double)(now - p->started_us) / 1e6, time);
        (void)snprintf(out, LINE_SIZE, "%s  %s/s  %s", done, speed, time);
        return;
    }
    int used = snprintf(out, LINE_SIZE, "%3d %%  %s of %s  %s/s",
                        (int)((double)p->done * 100.0 / (double)p->total), done, total, speed);
    if (rate <= 0 || p->ended || p->done == p->total || used < 0)
        return;
    format_time((double)(p->total - p->done) / rate + 0.5, time);
    (void)snprintf(out + used, LINE_SIZE - (size_t)used, "  %s left", time);
}

/* As wide as the terminal at most: a longer line would not be overwritten. */
static void draw(struct cli_progress *p, int64_t now)
{
    char numbers[LINE_SIZE], bar[BAR_MAX + 4] = "";
    size_t width = terminal_width() - 1;
    format_numbers(p, now, numbers);
    size_t room = width > NUMBERS_WIDE + 3 ? width - NUMBERS_WIDE - 3 : 0;
    room = room > BAR_MAX ? BAR_MAX : room;
    if (p->total > 0 && p->done <= p->total && !p->waiting && room >= BAR_MIN) {
        size_t full = (size_t)((double)p->done * (double)room / (double)p->total);
        bar[0] = '[';
        memset(bar + 1, '#', full);
        memset(bar + 1 + full, ' ', room - full);
        (void)snprintf(bar + 1 + room, 3, "] ");
    }
    (void)fprintf(stderr, "\r%s%.*s\033[K", bar, (int)(width - strlen(bar)), numbers);
    p->drawn = true;
    p->drawn_us = now;
}

static int on_progress(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                       uint64_t send_total)
{
    struct cli_progress *p = arg;
    if (!p->shown)
        return interrupted;
    bool sending = sent > 0 && sent >= received; /* what there is more of */
    bool waiting = sending && received == 0 && sent == send_total;
    bool other = waiting != p->waiting;
    uint64_t done = sending ? sent : received;
    int64_t now = now_us();
    /* another hop, another try, or the other direction */
    if (done < p->done || sending != p->sending || p->started_us == 0) {
        p->started_us = now;
        p->mark_count = 0;
    }
    p->done = done;
    p->total = sending ? send_total : receive_total;
    p->sending = sending;
    p->waiting = waiting;
    if (done == 0)
        return interrupted;
    add_mark(p, now);
    if (!p->drawn || other || now - p->drawn_us >= REDRAW_US)
        draw(p, now);
    return interrupted;
}

int cli_progress_attach(struct cli_progress *progress, bool bar, struct anycert_request *request,
                        struct anycert_error *err)
{
    *progress = (struct cli_progress){.shown = bar && isatty(STDERR_FILENO)};
    return anycert_request_set_progress(request, on_progress, progress, err);
}

void cli_progress_end(struct cli_progress *progress)
{
    if (!progress->drawn || progress->ended)
        return;
    progress->ended = true;
    draw(progress, now_us());
    (void)fprintf(stderr, "\n");
}
