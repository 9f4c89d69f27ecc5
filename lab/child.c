/* Conditions that OpenSSL cannot serve: GnuTLS's gnutls-serv as a child.
 *
 * gnutls-serv listens on every address of its machine and cannot be told otherwise. So it gets a
 * machine of its own: a relay process, forked from ours, holds the loopback sockets that it
 * inherited, moves to a new network namespace in which there is nothing but its own loopback,
 * starts gnutls-serv there and passes bytes between the two. Where namespaces are not permitted,
 * gnutls-serv runs without one, and the server's note says so.
 *
 * The relay ends, and gnutls-serv with it, when the lab's stop pipe closes: by lab_stop, or because
 * the process with the lab died, however it died. */
#include "lab/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 15000
#define STOP_MS  3000
#define STEP_MS  5

static const char *find_program(void)
{
    static const char *const paths[] = {"/usr/bin/gnutls-serv", "/usr/local/bin/gnutls-serv",
                                        "/bin/gnutls-serv"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (access(paths[i], X_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

static int fork_relay(struct lab_server *server, char *const *arguments, char *port_text,
                      struct anycert_error *err)
{
    struct lab__relay relay = {
        .server = server, .program = arguments[0], .arguments = arguments, .port_text = port_text};
    int status[2];

    if (pipe2(status, O_CLOEXEC) != 0) {
        return lab__fail(err, ANYCERT_E_INTERNAL, "cannot make a pipe: %s", strerror(errno));
    }
    relay.status = status[1];
    server->relay = fork();
    if (server->relay == 0) {
        lab__relay_run(&relay);
    }
    close(status[1]);
    server->relay_status = status[0];
    if (server->relay < 0) {
        server->relay = 0;
        return lab__fail(err, ANYCERT_E_INTERNAL, "cannot start a process: %s", strerror(errno));
    }
    return 0;
}

int lab__child_start(struct lab_server *server, struct anycert_error *err)
{
    const char *name = server->condition->name;
    const char *program = find_program();
    char certificates[160];
    char key[160];
    char port[8] = "0";

    if (program == NULL) {
        return lab__fail(err, ANYCERT_E_FILE,
                         "cannot start '%s': gnutls-serv is not installed (Debian package %s)",
                         name, server->condition->package);
    }
    snprintf(certificates, sizeof(certificates), "%s/%s.crt", server->lab->folder, name);
    snprintf(key, sizeof(key), "%s/%s.key", server->lab->folder, name);
    if (lab__file_write(certificates, server->chain_pem, strlen(server->chain_pem), err) != 0 ||
        lab__key_write(key, server->key, err) != 0) {
        return -1;
    }
    /* execve takes pointers to non-const strings but leaves them alone. */
    union {
        const char *in[16];
        char *out[16];
    } arguments = {{program, "--http", "--disable-client-cert", "-q", "-p", port, "--x509certfile",
                    certificates, "--x509keyfile", key, "--priority", server->recipe->argument,
                    NULL}};
    return fork_relay(server, arguments.out, port, err);
}

int lab__child_ready(struct lab_server *server, struct anycert_error *err)
{
    struct pollfd wait = {.fd = server->relay_status, .events = POLLIN};
    char status = LAB__RELAY_FAILED;

    while (poll(&wait, 1, READY_MS) < 0 && errno == EINTR) {
        /* again */
    }
    if ((wait.revents & POLLIN) == 0 || read(server->relay_status, &status, 1) != 1 ||
        status == LAB__RELAY_FAILED) {
        return lab__fail(err, ANYCERT_E_INTERNAL,
                         "cannot start '%s': gnutls-serv does not take connections",
                         server->condition->name);
    }
    if (status == LAB__RELAY_OPEN) {
        snprintf(
            server->note, sizeof(server->note),
            "gnutls-serv also listens beyond loopback: this machine permits no network namespace");
    }
    return 0;
}

void lab__child_stop(struct lab_server *server)
{
    const struct timespec step = {0, STEP_MS * 1000000L};
    pid_t ended = 0;

    if (server->relay <= 0) {
        return;
    }
    for (int waited = 0; ended == 0 && waited < STOP_MS; waited += STEP_MS) {
        ended = waitpid(server->relay, NULL, WNOHANG);
        if (ended == 0) {
            (void)nanosleep(&step, NULL);
        }
    }
    if (ended == 0) {
        (void)kill(server->relay, SIGKILL);
        (void)waitpid(server->relay, NULL, 0);
    }
    server->relay = 0;
}
