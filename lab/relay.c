/* The relay process. It was forked from a process that may have threads, so it calls only what is
 * safe after that: system calls and functions without locks or memory. */
#include "lab/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ISOLATED_PORT 4433
#define START_MS      10000
#define STEP_MS       5
#define PAIRS_MAX     64

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* Keeps the descriptors that the relay works with and closes all others, the standard ones
 * included. */
static void keep_only(int *keep, size_t count)
{
    int null = open("/dev/null", O_RDWR);
    unsigned from = 3;

    for (int fd = 0; null >= 0 && fd < 3; fd++) {
        (void)dup2(null, fd);
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && keep[j] < keep[j - 1]; j--) {
            int swap = keep[j];
            keep[j] = keep[j - 1];
            keep[j - 1] = swap;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (keep[i] < 3) {
            continue;
        }
        if ((unsigned)keep[i] > from) {
            (void)close_range(from, (unsigned)keep[i] - 1, 0);
        }
        from = (unsigned)keep[i] + 1;
    }
    (void)close_range(from, ~0U, 0);
}

static void reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < 32; number++) {
        (void)signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A network with nothing but its own loopback. */
static bool move_to_own_network(void)
{
    struct ifreq request;
    int fd;
    bool up;

    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return false;
    }
    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, "lo", sizeof("lo"));
    request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return up;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;

    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
        port = ntohs(address.sin_port);
    }
    if (fd >= 0) {
        close(fd);
    }
    return port;
}

static int connect_to(uint16_t port, int flags)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Writes a port number; there is no snprintf after fork. */
static void write_port(char out[8], uint16_t port)
{
    char digits[8];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + port % 10);
        port = (uint16_t)(port / 10);
    } while (port > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = digits[count - 1 - i];
    }
    out[count] = '\0';
}

static void run_program(const struct lab__relay *relay, pid_t parent)
{
    static char locale[] = "LC_ALL=C";
    static char priorities[] = "GNUTLS_SYSTEM_PRIORITY_FILE=/dev/null";
    char *const environment[] = {locale, priorities, NULL};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) {
        (void)execve(relay->program, relay->arguments, environment);
    }
    _exit(127);
}

/* True once the program takes connections. */
static bool start_program(struct lab__relay *relay)
{
    pid_t self = getpid();

    write_port(relay->port_text, relay->port);
    relay->program_pid = fork();
    if (relay->program_pid == 0) {
        run_program(relay, self);
    }
    for (int waited = 0; relay->program_pid > 0 && waited < START_MS; waited += STEP_MS) {
        int fd = connect_to(relay->port, 0);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (waitpid(relay->program_pid, NULL, WNOHANG) != 0) {
            relay->program_pid = 0;
            return false;
        }
        sleep_ms(STEP_MS);
    }
    return false;
}

/* One direction of a relayed connection. */
struct flow {
    unsigned char data[16384];
    size_t at;
    size_t len;
    bool ended; /* the source has */
    bool shut;  /* and the sink knows */
};

struct pair {
    int client; /* -1: free */
    int inner;
    struct flow up;
    struct flow down;
    unsigned char hello[LAB_HELLO_RAW_MAX + 64];
    size_t hello_len;
    bool hello_done;
};

static bool is_empty(const struct flow *flow)
{
    return flow->at == flow->len;
}

/* Both return 0, or -1 if the connection is lost. */
static int receive(int from, struct flow *flow)
{
    if (!is_empty(flow) || flow->ended) {
        return 0;
    }
    ssize_t got = recv(from, flow->data, sizeof(flow->data), MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    flow->at = 0;
    flow->len = (size_t)got;
    flow->ended = got == 0;
    return 0;
}

static int forward(struct flow *flow, int to)
{
    if (!is_empty(flow)) {
        ssize_t sent =
            send(to, flow->data + flow->at, flow->len - flow->at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        flow->at += (size_t)sent;
    }
    if (flow->ended && is_empty(flow) && !flow->shut) {
        (void)shutdown(to, SHUT_WR);
        flow->shut = true;
    }
    return 0;
}

/* Looks at what the client just sent. */
static void watch_hello(struct lab__stats *stats, struct pair *pair)
{
    unsigned char message[LAB_HELLO_RAW_MAX];
    size_t len = pair->up.len;
    size_t message_len = 0;

    if (len > sizeof(pair->hello) - pair->hello_len) {
        len = sizeof(pair->hello) - pair->hello_len;
    }
    memcpy(pair->hello + pair->hello_len, pair->up.data, len);
    pair->hello_len += len;
    int found =
        lab__hello_extract(pair->hello, pair->hello_len, message, sizeof(message), &message_len);
    if (found > 0) {
        lab__hello_store(stats, message, message_len);
    }
    pair->hello_done = found != 0 || len == 0;
}

static int pump(struct lab__stats *stats, struct pair *pair)
{
    bool was_empty = is_empty(&pair->up);

    if (receive(pair->client, &pair->up) != 0 || receive(pair->inner, &pair->down) != 0) {
        return -1;
    }
    if (was_empty && !is_empty(&pair->up) && !pair->hello_done) {
        watch_hello(stats, pair);
    }
    if (forward(&pair->up, pair->inner) != 0 || forward(&pair->down, pair->client) != 0) {
        return -1;
    }
    return pair->up.shut && pair->down.shut ? -1 : 0;
}

static void drop(struct pair *pair)
{
    close(pair->client);
    close(pair->inner);
    pair->client = -1;
}

static struct pair *free_pair(struct pair *pairs)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (pairs[i].client < 0) {
            return &pairs[i];
        }
    }
    return NULL;
}

static void take(struct lab__relay *relay, int listener, struct pair *pairs)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct pair *pair = free_pair(pairs);
    int inner;

    if (client < 0) {
        return;
    }
    atomic_fetch_add(&relay->server->stats->connections, 1);
    inner = pair != NULL ? connect_to(relay->port, SOCK_NONBLOCK) : -1;
    if (inner < 0) {
        close(client);
        return;
    }
    memset(pair, 0, sizeof(*pair)); /* the slot is taken only now that both ends are there */
    pair->client = client;
    pair->inner = inner;
}

static short events_of(const struct flow *in, const struct flow *out)
{
    return (short)((is_empty(in) && !in->ended ? POLLIN : 0) | (is_empty(out) ? 0 : POLLOUT));
}

/* Fills the poll set: stop pipe, listeners, then two entries a pair (fd -1 where there is none). */
static void watch(const struct lab__relay *relay, const struct pair *pairs, struct pollfd *set)
{
    set[0] = (struct pollfd){.fd = relay->server->lab->stop_read, .events = POLLIN};
    set[1] = (struct pollfd){.fd = relay->server->listeners[0], .events = POLLIN};
    set[2] = (struct pollfd){.fd = relay->server->listeners[1], .events = POLLIN};
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        const struct pair *pair = &pairs[i];
        bool used = pair->client >= 0;
        set[3 + 2 * i] = (struct pollfd){.fd = used ? pair->client : -1,
                                         .events = events_of(&pair->up, &pair->down)};
        set[4 + 2 * i] = (struct pollfd){.fd = used ? pair->inner : -1,
                                         .events = events_of(&pair->down, &pair->up)};
    }
}

/* Until the lab ends. */
static void relay_all(struct lab__relay *relay, struct pair *pairs)
{
    struct pollfd set[3 + 2 * PAIRS_MAX];

    for (;;) {
        watch(relay, pairs, set);
        if (poll(set, sizeof(set) / sizeof(set[0]), -1) < 0 && errno != EINTR) {
            return;
        }
        if (set[0].revents != 0) {
            return;
        }
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            if (pairs[i].client >= 0 && (set[3 + 2 * i].revents | set[4 + 2 * i].revents) != 0 &&
                pump(relay->server->stats, &pairs[i]) != 0) {
                drop(&pairs[i]);
            }
        }
        for (size_t i = 1; i <= 2; i++) {
            if (set[i].fd >= 0 && set[i].revents != 0) {
                take(relay, set[i].fd, pairs);
            }
        }
    }
}

static void report(const struct lab__relay *relay, char status)
{
    ssize_t written = write(relay->status, &status, 1);

    (void)written;
}

void lab__relay_run(struct lab__relay *relay)
{
    const struct lab_server *server = relay->server;
    int keep[] = {server->lab->stop_read, server->listeners[0], server->listeners[1],
                  relay->status};
    struct pair *pairs = mmap(NULL, PAIRS_MAX * sizeof(struct pair), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool isolated;

    (void)setsid(); /* a terminal's signals are for the lab's process to handle */
    reset_signals();
    keep_only(keep, sizeof(keep) / sizeof(keep[0]));
    isolated = move_to_own_network();
    relay->port = isolated ? ISOLATED_PORT : free_port();
    if (pairs == MAP_FAILED || !start_program(relay)) {
        report(relay, LAB__RELAY_FAILED);
        _exit(1);
    }
    report(relay, isolated ? LAB__RELAY_ISOLATED : LAB__RELAY_OPEN);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pairs[i].client = -1;
    }
    relay_all(relay, pairs);
    (void)kill(relay->program_pid, SIGKILL);
    (void)waitpid(relay->program_pid, NULL, 0);
    _exit(0);
}
