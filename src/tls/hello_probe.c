#include "tls/hello_probe.h"

#include "tls/ossl.h"

#include <openssl/rand.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* How long one wait may last, so that `stop` is looked at. */
#define SLICE_US INT64_C(100000)

struct talk {
    int fd;
    const struct anycert__probe *probe;
    struct anycert__answer *answer;
    struct anycert__buf hello;
    size_t sent;
    bool deaf;      /* the peer takes nothing more */
    bool was_reset; /* that is how it was found out */
    int64_t deadline_us;
    bool is_hurried; /* the deadline is the banner's */
};

int anycert__hello_random(void *arg, void *out, size_t len)
{
    (void)arg;
    return RAND_bytes(out, (int)len) == 1 ? 0 : -1;
}

static void end_with_errno(struct anycert__answer *answer, int os_errno)
{
    answer->os_errno = os_errno;
    anycert__answer_close(answer,
                          os_errno == ECONNRESET ? ANYCERT__END_RESET : ANYCERT__END_FAILED);
}

/* What cannot be sent is no reason to stop: the peer may have said why before it went. */
static void send_some(struct talk *talk)
{
    ssize_t n = send(talk->fd, talk->hello.data + talk->sent, talk->hello.len - talk->sent,
                     MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n > 0)
        talk->sent += (size_t)n;
    if (n >= 0 || errno == EAGAIN || errno == EINTR)
        return;
    talk->deaf = true;
    talk->was_reset = errno == ECONNRESET;
}

/* 0, or -1 when out of memory. */
static int read_some(struct talk *talk, struct anycert_error *err)
{
    char bytes[16384];
    ssize_t n = recv(talk->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n > 0)
        return anycert__answer_feed(talk->answer, bytes, (size_t)n, err) < 0 ? -1 : 0;
    if (n == 0 && talk->was_reset)
        end_with_errno(talk->answer, ECONNRESET);
    else if (n == 0)
        anycert__answer_close(talk->answer, ANYCERT__END_CLOSED);
    else if (errno != EAGAIN && errno != EINTR)
        end_with_errno(talk->answer, errno);
    return 0;
}

/* Microseconds to wait, 0 if the answer has ended by that. */
static int64_t time_left(struct talk *talk)
{
    const struct anycert__probe *probe = talk->probe;
    int64_t now = anycert__waiting_now_us(&probe->waiting);

    if (anycert__stop_wanted(probe->stop)) {
        anycert__answer_close(talk->answer, ANYCERT__END_CANCELLED);
        return 0;
    }
    if (talk->answer->kind == ANYCERT__KIND_OTHER && !talk->is_hurried) {
        talk->is_hurried = true;
        if (talk->deadline_us > now + ANYCERT__BANNER_PATIENCE_US)
            talk->deadline_us = now + ANYCERT__BANNER_PATIENCE_US;
    }
    if (now >= talk->deadline_us) {
        anycert__answer_close(talk->answer, ANYCERT__END_TIMEOUT);
        return 0;
    }
    return talk->deadline_us - now < SLICE_US ? talk->deadline_us - now : SLICE_US;
}

static int go_on(struct talk *talk, struct anycert_error *err)
{
    struct pollfd wait = {.fd = talk->fd, .events = POLLIN};
    int64_t left = time_left(talk);
    int ready;

    if (left == 0)
        return 0;
    if (talk->sent < talk->hello.len && !talk->deaf)
        wait.events |= POLLOUT;
    ready = poll(&wait, 1, (int)((left + 999) / 1000));
    if (ready < 0 && errno != EINTR)
        end_with_errno(talk->answer, errno);
    if (ready <= 0)
        return 0;
    if (wait.revents & POLLNVAL) {
        end_with_errno(talk->answer, EBADF);
        return 0;
    }
    /* Whoever sends first takes an error away that belongs to the reader. */
    if (wait.revents & POLLOUT && !(wait.revents & POLLERR))
        send_some(talk);
    return wait.revents & (POLLIN | POLLERR | POLLHUP) ? read_some(talk, err) : 0;
}

/* One try: the peer may be gone. */
static void say_goodbye(const struct talk *talk)
{
    uint8_t alerts[ANYCERT__GOODBYE_SIZE];
    size_t len = anycert__answer_goodbye(talk->answer, alerts);

    if (len > 0 && !talk->deaf && talk->sent == talk->hello.len)
        (void)send(talk->fd, alerts, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int anycert__hello_probe(int fd, const struct anycert__probe *probe, struct anycert__answer *answer,
                         struct anycert_error *err)
{
    struct talk talk = {.fd = fd, .probe = probe, .answer = answer};
    struct anycert__random random = probe->random;
    int rv = -1;

    if (!random.fill)
        random.fill = anycert__hello_random;
    talk.deadline_us = probe->deadline_us;
    anycert__answer_init(answer, probe->until);
    anycert__buf_init(&talk.hello, ANYCERT__HELLO_MAX);
    if (anycert__hello_write(probe->hello, &random, &talk.hello, err) < 0)
        goto out;
    while (answer->end == ANYCERT__END_OPEN) {
        if (go_on(&talk, err) < 0)
            goto out;
    }
    say_goodbye(&talk);
    rv = 0;
out:
    anycert__buf_free(&talk.hello);
    if (rv < 0)
        anycert__answer_free(answer);
    return rv;
}

int anycert__hello_own_suites(uint16_t *out, size_t max, struct anycert_error *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    STACK_OF(SSL_CIPHER) *suites = NULL;
    struct anycert__suite suite;
    int count = 0;

    if (!ctx ||
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
                                      "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:"
                                      "TLS_AES_128_CCM_8_SHA256") != 1 ||
        SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:!aNULL:!eNULL:@SECLEVEL=0") != 1) {
        SSL_CTX_free(ctx);
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the cipher suites cannot be listed");
    }
    suites = SSL_CTX_get_ciphers(ctx);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites) && (size_t)count < max; i++) {
        uint16_t id = SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(suites, i));
        /* Neither shared keys nor passwords: there are none in anycert. */
        if (!anycert__suite_find(id, &suite) || suite.tls13 || anycert__suite_protects(&suite))
            out[count++] = id;
    }
    SSL_CTX_free(ctx);
    return count;
}
