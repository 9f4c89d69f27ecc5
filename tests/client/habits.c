#include "client/habits.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

struct habits {
    char *locale;
    mode_t mask;
    struct sigaction actions[NSIG];
    char *environment;
    char folder[4096];
};

static char *whole_environment(void)
{
    size_t len = 1;
    size_t used = 0;
    char *text = NULL;

    for (char **entry = environ; *entry; entry++)
        len += strlen(*entry) + 1;
    text = calloc(1, len);
    for (char **entry = environ; text && *entry; entry++)
        used += (size_t)snprintf(text + used, len - used, "%s\n", *entry);
    return text;
}

struct habits *habits_take(void)
{
    struct habits *habits = calloc(1, sizeof *habits);

    if (!habits)
        return NULL;
    habits->locale = strdup(setlocale(LC_ALL, NULL));
    habits->mask = umask(0);
    umask(habits->mask);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, NULL, &habits->actions[i]);
    habits->environment = whole_environment();
    if (!getcwd(habits->folder, sizeof habits->folder))
        habits->folder[0] = '\0';
    return habits;
}

void habits_free(struct habits *habits)
{
    if (!habits)
        return;
    free(habits->locale);
    free(habits->environment);
    free(habits);
}

void habits_compare(const struct habits *before)
{
    struct habits *after = habits_take();

    if (!before || !after) {
        puts("the memory has changed");
        return;
    }
    if (strcmp(before->locale, after->locale) != 0)
        puts("the locale has changed");
    if (before->mask != after->mask)
        puts("the umask has changed");
    if (strcmp(before->environment, after->environment) != 0)
        puts("the environment has changed");
    if (strcmp(before->folder, after->folder) != 0)
        puts("the working folder has changed");
    for (int i = 1; i < NSIG; i++) {
        if (before->actions[i].sa_handler != after->actions[i].sa_handler ||
            before->actions[i].sa_flags != after->actions[i].sa_flags)
            printf("the disposition of signal %d has changed\n", i);
    }
    habits_free(after);
}
