#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 50

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

static void draw(struct cli_progress *progress, uint64_t done, uint64_t total)
{
    int percent = total > 0 ? (int)((double)done * 100.0 / (double)total) : -1;
    if (percent < 0 || percent > 100) {
        (void)fprintf(stderr, "\r%" PRIu64 " KiB", done / 1024);
        progress->percent = 0;
        return;
    }
    if (percent == progress->percent)
        return;
    progress->percent = percent;
    char bar[BAR_WIDTH + 1];
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)(percent * BAR_WIDTH / 100));
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r[%s] %3d %%", bar, percent);
}

static int on_progress(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                       uint64_t send_total)
{
    struct cli_progress *progress = arg;
    bool sending = received == 0 && send_total > 0;
    if (progress->shown && (received > 0 || sending))
        draw(progress, sending ? sent : received, sending ? send_total : receive_total);
    return interrupted;
}

int cli_progress_attach(struct cli_progress *progress, bool bar, struct anycert_request *request,
                        struct anycert_error *err)
{
    *progress = (struct cli_progress){.shown = bar && isatty(STDERR_FILENO), .percent = -1};
    return anycert_request_set_progress(request, on_progress, progress, err);
}

void cli_progress_end(const struct cli_progress *progress)
{
    if (progress->shown && progress->percent >= 0)
        (void)fprintf(stderr, "\n");
}
