/* One process from beginning to end: how long it took, what it used, and how large it grew. Started
 * from here, as a process counts the pages of whoever it was forked from as its own. */
#include "bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int bench_run(char **command)
{
    struct rusage usage;
    double start = bench_wall_us();
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        bench_die("fork", "failed");
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        for (int fd = 0; fd < 2; fd++)
            (void)dup2(null, fd);
        execv(command[0], command);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "anycert_bench: status %d of %s\n", status, command[0]);
        return 1;
    }
    printf("%.6f %.6f %ld\n", (bench_wall_us() - start) / 1e6,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    return 0;
}
