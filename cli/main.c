/* The command line: finds the subcommand and makes the process safe to work in. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <anycert/version.h>

#include "commands.h"
#include "help.h"
#include "message.h"

/* With standard output closed, the next file or socket would take its number and get the body. */
static int occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    return 0;
}

static int usage_error(const struct anycert_error *err)
{
    cli_print_error(false, err, NULL);
    return ANYCERT_CLASS_USAGE;
}

int cli_begin(struct cli_options *options, const struct cli_command *command, int argc, char **argv,
              int *exit_code)
{
    struct anycert_error err = {0};
    if (cli_options_parse(options, command, argc, argv, &err) != 0) {
        cli_print_error(options->format && strcmp(options->format, "json") == 0, &err, NULL);
        *exit_code = anycert_error_class_of(err.code);
        return -1;
    }
    if (options->help) {
        cli_help_command(stdout, command);
        *exit_code = 0;
        return -1;
    }
    return 0;
}

/* Names of subcommands for a hint; those of two words count by their first. */
static const char *next_command(size_t index)
{
    static const char *const others[] = {"policy", "lab", "help"};
    if (index < 7)
        return cli_command_of(1u << index)->name;
    return index < 10 ? others[index - 7] : NULL;
}

static int unknown_command(const char *word)
{
    struct anycert_error err;
    const char *nearest = cli_nearest(word, next_command);
    bool url = strstr(word, "://") != NULL;
    cli_error(&err, ANYCERT_E_USAGE, "there is no command '%.60s'%s%s%s", url ? "URL" : word,
              nearest ? "; did you mean '"
              : url   ? "; write anycert get URL"
                      : "; see anycert help",
              nearest ? nearest : "", nearest ? "'?" : "");
    return usage_error(&err);
}

/* The subcommand that begins at argv[0]; *words is how many words its name has. */
static const struct cli_command *find_command(int argc, char **argv, int *words)
{
    char name[64];
    *words = 1;
    if (argc > 0 && strcmp(argv[0], "policy") != 0)
        return cli_command_find(argv[0]);
    *words = 2;
    if (argc < 2)
        return NULL;
    (void)snprintf(name, sizeof name, "policy %.40s", argv[1]);
    return cli_command_find(name);
}

static int policy_error(int argc, char **argv)
{
    struct anycert_error err;
    if (argc > 1)
        cli_error(&err, ANYCERT_E_USAGE,
                  "anycert policy has no '%.60s'; there are list, explain and check", argv[1]);
    else
        cli_error(&err, ANYCERT_E_USAGE, "anycert policy what? There are list, explain and check");
    return usage_error(&err);
}

static int help(int argc, char **argv)
{
    int words;
    char lab[] = "lab", option[] = "--help";
    char *lab_help[] = {lab, option, NULL};
    if (argc == 0) {
        cli_help_overview(stdout);
        return 0;
    }
    if (strcmp(argv[0], "lab") == 0)
        return cmd_lab(2, lab_help);
    const struct cli_command *command = find_command(argc, argv, &words);
    if (command)
        cli_help_command(stdout, command);
    else
        return strcmp(argv[0], "policy") == 0 ? policy_error(argc, argv) : unknown_command(argv[0]);
    return 0;
}

static int dispatch(int argc, char **argv)
{
    int words;
    if (argc == 0) {
        cli_help_overview(stderr);
        return ANYCERT_CLASS_USAGE;
    }
    const char *word = argv[0];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        cli_help_version(stdout);
        return 0;
    }
    if (strcmp(word, "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return help(0, NULL);
    if (strcmp(word, "lab") == 0)
        return cmd_lab(argc, argv);
    const struct cli_command *command = find_command(argc, argv, &words);
    if (command && words == 2)
        return cmd_policy(command, argc - 1, argv + 1);
    if (command)
        return cmd_request(command, argc, argv);
    if (strcmp(word, "policy") == 0 && argc > 1 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help(0, NULL);
    return strcmp(word, "policy") == 0 ? policy_error(argc, argv) : unknown_command(word);
}

/* What stdio still holds has to reach standard output, or the answer is not whole. */
static int flush(int exit_code)
{
    struct anycert_error err;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    int error = errno;
    if (error != EPIPE) {
        cli_error(&err, ANYCERT_E_BODY_WRITE, "cannot write to standard output: %s",
                  strerror(error));
        cli_print_error(false, &err, NULL);
    }
    return exit_code != 0 ? exit_code : ANYCERT_CLASS_BODY;
}

/* Everything is written and closed: what is left would only be freed, which takes OpenSSL a while.
 * Sanitizers want to see it freed. */
static int leave(int status)
{
#if !defined(ANYCERT_SANITIZED)
    _exit(status);
#endif
    return status;
}

int main(int argc, char **argv)
{
    if (occupy_standard_descriptors() != 0)
        return ANYCERT_CLASS_INTERNAL;
    /* The process is ours: no configuration file and no variable of OpenSSL's or libcurl's has a
     * say in it. */
    if (anycert_ignore_openssl_config() != 0)
        return ANYCERT_CLASS_INTERNAL;
    (void)unsetenv("SSLKEYLOGFILE");
    (void)signal(SIGPIPE, SIG_IGN);
    return leave(flush(dispatch(argc > 0 ? argc - 1 : 0, argv + 1)));
}
