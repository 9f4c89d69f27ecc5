#include "bench/bench.h"

#include "lab/lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Tells the other end of the socket port and root, and serves until that end is closed. */
static _Noreturn void serve(int socket)
{
    const char *const names[] = {"good"};
    struct anycert_error err = {0};
    struct lab *lab = NULL;
    char line[512];
    char byte = 0;
    int len = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_pin(1); /* its threads too, so that every connection is served from the same place */
    if (lab_start(names, 1, &lab, &err) < 0)
        bench_die("lab", err.message);
    len = snprintf(line, sizeof line, "%u %s\n", (unsigned)lab_server_port(lab_server_at(lab, 0)),
                   lab_file(lab, LAB_FILE_ROOT));
    if (write(socket, line, (size_t)len) == len)
        (void)!read(socket, &byte, 1);
    lab_stop(lab);
    exit(0);
}

void bench_server_start(struct bench_server *server)
{
    int ends[2];
    char line[512] = "";
    ssize_t len = 0;

    memset(server, 0, sizeof *server);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        bench_die("socketpair", "cannot be made");
    server->pid = fork();
    if (server->pid < 0)
        bench_die("fork", "failed");
    if (server->pid == 0) {
        close(ends[0]);
        serve(ends[1]);
    }
    close(ends[1]);
    server->pipe = ends[0];
    len = read(server->pipe, line, sizeof line - 1);
    if (len <= 0 || sscanf(line, "%u %255s", &server->port, server->root) != 2)
        bench_die("lab", "did not start");
    (void)snprintf(server->host, sizeof server->host, "localhost");
    (void)snprintf(server->url, sizeof server->url, "https://localhost:%u/json", server->port);
}

void bench_server_stop(struct bench_server *server)
{
    close(server->pipe);
    (void)waitpid(server->pid, NULL, 0);
}
