#include "http/poller.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64

int anycert__poller_open(struct anycert__poller *poller, struct anycert_error *err)
{
    memset(poller, 0, sizeof *poller);
    poller->fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->fd < 0)
        return anycert__fail_errno(err, ANYCERT_E_INTERNAL, errno, "no descriptor for polling");
    return 0;
}

void anycert__poller_close(struct anycert__poller *poller)
{
    if (poller->fd >= 0)
        (void)close(poller->fd);
    anycert__free(poller->slots);
    poller->slots = NULL;
    poller->slot_count = 0;
    poller->fd = -1;
}

/* NULL when out of memory. */
static struct anycert__poller_slot *slot_of(struct anycert__poller *poller, int fd)
{
    size_t index = (size_t)fd;

    if (index >= poller->slot_count) {
        size_t count = index < 64 ? 128 : 2 * index;
        struct anycert__poller_slot *slots =
            anycert__realloc(poller->slots, count * sizeof *poller->slots);

        if (!slots)
            return NULL;
        memset(slots + poller->slot_count, 0, (count - poller->slot_count) * sizeof *slots);
        poller->slots = slots;
        poller->slot_count = count;
    }
    return &poller->slots[index];
}

static uint32_t mask_of(unsigned what)
{
    return (what & ANYCERT__POLL_IN ? (uint32_t)EPOLLIN : 0) |
           (what & ANYCERT__POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

int anycert__poller_watch(struct anycert__poller *poller, int fd, unsigned what, void *owner)
{
    struct anycert__poller_slot *slot = slot_of(poller, fd);
    struct epoll_event event = {.events = mask_of(what), .data = {.fd = fd}};
    int done = 0;

    if (!slot)
        return -1;
    slot->owner = owner;
    if (slot->asked == what)
        return 0;
    done = epoll_ctl(poller->fd, slot->asked ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    /* A descriptor that was closed behind our back is in the list no more, or under the same number
     * again. */
    if (done != 0 && errno == ENOENT)
        done = epoll_ctl(poller->fd, EPOLL_CTL_ADD, fd, &event);
    else if (done != 0 && errno == EEXIST)
        done = epoll_ctl(poller->fd, EPOLL_CTL_MOD, fd, &event);
    slot->asked = done == 0 ? (uint8_t)what : 0;
    return done;
}

static void drop(struct anycert__poller *poller, int fd, struct anycert__poller_slot *slot)
{
    struct epoll_event none = {0};

    slot->owner = NULL;
    if (slot->asked)
        (void)epoll_ctl(poller->fd, EPOLL_CTL_DEL, fd, &none);
    slot->asked = 0;
}

void anycert__poller_unwatch(struct anycert__poller *poller, int fd)
{
    struct anycert__poller_slot *slot = (size_t)fd < poller->slot_count ? &poller->slots[fd] : NULL;

    if (!slot)
        return;
    if (slot->is_connection)
        slot->owner = NULL; /* most are used again soon: two system calls are saved */
    else
        drop(poller, fd, slot);
}

int anycert__poller_connected(struct anycert__poller *poller, int fd)
{
    struct anycert__poller_slot *slot = slot_of(poller, fd);

    if (!slot)
        return -1;
    slot->is_connection = true;
    return 0;
}

void anycert__poller_closing(struct anycert__poller *poller, int fd)
{
    if ((size_t)fd >= poller->slot_count)
        return;
    /* Closing alone takes it off the list only if no other process has inherited it. */
    drop(poller, fd, &poller->slots[fd]);
    poller->slots[fd].is_connection = false;
}

static unsigned what_of(uint32_t mask)
{
    return (mask & EPOLLIN ? (unsigned)ANYCERT__POLL_IN : 0) |
           (mask & EPOLLOUT ? (unsigned)ANYCERT__POLL_OUT : 0) |
           (mask & (EPOLLERR | EPOLLHUP) ? (unsigned)ANYCERT__POLL_ERROR : 0);
}

size_t anycert__poller_wait(struct anycert__poller *poller, int timeout_ms,
                            struct anycert__poller_event *events, size_t max)
{
    struct epoll_event told[EVENTS];
    size_t count = 0;
    int n = epoll_wait(poller->fd, told, max < EVENTS ? (int)max : EVENTS, timeout_ms);

    poller->was_interrupted = n < 0 && errno == EINTR;
    for (int i = 0; i < n; i++) {
        int fd = told[i].data.fd;
        struct anycert__poller_slot *slot = slot_of(poller, fd);

        if (!slot || !slot->owner) {
            if (slot) /* an idle connection has ended, or its server spoke unasked */
                drop(poller, fd, slot);
            continue;
        }
        events[count].owner = slot->owner;
        events[count].fd = fd;
        events[count++].what = what_of(told[i].events);
    }
    return count;
}
