#define _GNU_SOURCE /* close_range, pipe2 */
#include "support/child.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 30000
#define STOP_MS     5000
#define STEP_MS     5
#define NOBODY      65534

extern char **environ;

struct child {
    pid_t pid;
    int input; /* the writing end of its standard input, or -1 */
};

static void nap(void)
{
    const struct timespec step = {0, STEP_MS * 1000000L};

    (void)nanosleep(&step, NULL);
}

/* ---- before the fork: nothing but system calls may follow it, as the test may have threads */

static void find_program(const char *name, char out[4096])
{
    static const char sbin[] = ":/usr/local/sbin:/usr/sbin:/sbin";
    const char *path = getenv("PATH");
    char folders[4096];
    char *rest = folders;

    if (strchr(name, '/')) {
        snprintf(out, 4096, "%s", name);
        return;
    }
    snprintf(folders, sizeof folders, "%s%s", path ? path : "/usr/bin:/bin", sbin);
    for (char *folder = strsep(&rest, ":"); folder; folder = strsep(&rest, ":")) {
        if (snprintf(out, 4096, "%s/%s", folder, name) < 4096 && access(out, X_OK) == 0)
            return;
    }
    fail_msg("program '%s' is not installed", name);
}

static bool drops_rights(const struct child_plan *plan)
{
    return plan->unprivileged && geteuid() == 0;
}

/* Files made by the test belong to root. */
static void give_folder(const char *folder)
{
    DIR *dir = opendir(folder);

    assert_non_null(dir);
    assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, ".") != 0)
            assert_int_equal(
                fchownat(dirfd(dir), entry->d_name, NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW), 0);
    }
    closedir(dir);
}

static _Noreturn void become(const char *program, const struct child_plan *plan, int input,
                             int output)
{
    union {
        const char *const *in;
        char *const *out;
    } argv = {plan->argv}, environment = {plan->environment};
    sigset_t none;

    if (drops_rights(plan) &&
        (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(127);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after that, as a change of user takes it back */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if ((plan->folder && chdir(plan->folder) != 0) || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
        dup2(output, 2) < 0)
        _exit(127);
    (void)close_range(3, ~0U, 0);
    execve(program, argv.out, plan->environment ? environment.out : environ);
    _exit(127);
}

static struct child *spawn(const struct child_plan *plan)
{
    struct child *child = calloc(1, sizeof *child);
    int output = open(plan->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    int input[2] = {-1, -1};
    char program[4096];

    assert_non_null(child);
    assert_true(output >= 0);
    find_program(plan->argv[0], program);
    if (drops_rights(plan))
        give_folder(plan->folder);
    if (plan->keep_input)
        assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    else
        input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    child->pid = fork();
    if (child->pid == 0)
        become(program, plan, input[0], output);
    assert_true(child->pid > 0);
    child->input = input[1];
    close(input[0]);
    close(output);
    return child;
}

/* ---- waiting */

static bool takes_connections(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool is_ready(const struct child_plan *plan)
{
    char *log = NULL;
    bool said = true;

    if (plan->ready_text) {
        log = child_log(plan->log);
        said = strstr(log, plan->ready_text) != NULL;
        free(log);
    }
    return said && (plan->port == 0 || takes_connections(plan->port));
}

static void show_log(const struct child_plan *plan, const char *why)
{
    char *log = child_log(plan->log);

    fprintf(stderr, "%s %s; its log:\n%s\n", plan->argv[0], why, log);
    free(log);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct child *child_try(const struct child_plan *plan)
{
    int64_t end = now_ms() + (plan->patience_ms ? plan->patience_ms : PATIENCE_MS);
    struct child *child = spawn(plan);

    for (;;) {
        bool ready = is_ready(plan);

        /* Asked in this order: a stranger on the port does not make a dead child ready. */
        if (waitpid(child->pid, NULL, WNOHANG) != 0) {
            child->pid = 0;
            show_log(plan, "ended before it was ready");
            break;
        }
        if (ready)
            return child;
        if (now_ms() > end) {
            show_log(plan, "is not ready in time");
            break;
        }
        nap();
    }
    child_stop(child);
    return NULL;
}

struct child *child_start(const struct child_plan *plan)
{
    struct child *child = child_try(plan);

    assert_non_null(child);
    return child;
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}

void child_stop(struct child *child)
{
    int64_t end = now_ms() + STOP_MS;

    if (!child)
        return;
    if (child->input >= 0)
        close(child->input);
    if (child->pid > 0) {
        (void)kill(child->pid, SIGTERM);
        while (waitpid(child->pid, NULL, WNOHANG) == 0) {
            if (now_ms() > end)
                (void)kill(child->pid, SIGKILL);
            nap();
        }
    }
    free(child);
}

int child_run(const struct child_plan *plan)
{
    struct child *child = spawn(plan);
    int status = 0;

    while (waitpid(child->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    child->pid = 0;
    child_stop(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- logs */

char *child_log(const char *path)
{
    FILE *file = fopen(path, "rbe");
    size_t len = 0;
    size_t size = 65536;
    char *text = malloc(size);

    assert_non_null(text);
    while (file && (len += fread(text + len, 1, size - len - 1, file)) == size - 1) {
        char *longer = realloc(text, size *= 2);

        assert_non_null(longer);
        text = longer;
    }
    if (file)
        fclose(file);
    text[len] = '\0';
    return text;
}
