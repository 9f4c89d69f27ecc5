#include "doctor/lookup.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SLICE_US 50000 /* how long it may take until a cancellation is seen */

/* Shared by the thread that asks and the one that waits; the last one frees it. */
struct job {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct anycert__peer peer;
    struct addrinfo *found;
    int code;
    bool done;
    int owners;
};

static int ask(const struct anycert__peer *peer, int flags, struct addrinfo **out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
    char port[8];

    *out = NULL;
    (void)snprintf(port, sizeof port, "%u", (unsigned)peer->port);
    return getaddrinfo(peer->host, port, &hints, out);
}

/* The lock is held. */
static void leave(struct job *job)
{
    bool last = --job->owners == 0;

    pthread_mutex_unlock(&job->lock);
    if (!last)
        return;
    if (job->found)
        freeaddrinfo(job->found);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    anycert__free(job);
}

static void *work(void *arg)
{
    struct job *job = arg;
    struct addrinfo *found = NULL;
    int code = ask(&job->peer, 0, &found);

    pthread_mutex_lock(&job->lock);
    job->found = found;
    job->code = code;
    job->done = true;
    pthread_cond_signal(&job->changed);
    leave(job);
    return NULL;
}

static struct job *new_job(const struct anycert__peer *peer)
{
    struct job *job = anycert__calloc(1, sizeof *job);
    pthread_condattr_t attributes;

    if (!job)
        return NULL;
    job->peer = *peer;
    job->owners = 2;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&job->lock, NULL);
    (void)pthread_cond_init(&job->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return job;
}

static bool start(struct job *job)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool started = false;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&thread, &attributes, work, job) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started;
}

/* The lock is held. */
static enum anycert__wire wait_for(struct job *job, const struct anycert__patience *patience)
{
    while (!job->done) {
        int64_t now = anycert__monotonic_us();
        int64_t left = patience->until_us - now;
        int64_t until = now + (left < SLICE_US ? left : SLICE_US);
        struct timespec when = {.tv_sec = (time_t)(until / 1000000),
                                .tv_nsec = (long)(until % 1000000) * 1000};

        if (anycert__stop_wanted(patience->stop))
            return ANYCERT__WIRE_CANCELLED;
        if (left <= 0)
            return ANYCERT__WIRE_SILENT;
        (void)pthread_cond_timedwait(&job->changed, &job->lock, &when);
    }
    return ANYCERT__WIRE_OK;
}

enum anycert__wire anycert__look_up(const struct anycert__peer *peer,
                                    const struct anycert__patience *patience, struct addrinfo **out,
                                    int *code)
{
    struct job *job = NULL;
    enum anycert__wire result = ANYCERT__WIRE_OK;

    *code = ask(peer, AI_NUMERICHOST, out); /* an address asks nobody */
    if (*code == 0)
        return ANYCERT__WIRE_OK;
    *code = EAI_MEMORY;
    job = new_job(peer);
    if (!job)
        return ANYCERT__WIRE_BROKEN;
    if (!start(job)) {
        job->owners = 1;
        pthread_mutex_lock(&job->lock);
        leave(job);
        return ANYCERT__WIRE_BROKEN;
    }
    pthread_mutex_lock(&job->lock);
    result = wait_for(job, patience);
    if (job->done) {
        *code = job->code;
        *out = job->found;
        job->found = NULL;
        result = job->code == 0 ? ANYCERT__WIRE_OK : ANYCERT__WIRE_BROKEN;
    }
    leave(job);
    return result;
}
