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
    static const char *const others[] = {"test", "doctor", "policy", "trust", "lab", "help"};
    if (index < 7)
        return cli_command_of(1u << index)->name;
    return index < 7 + sizeof others / sizeof *others ? others[index - 7] : NULL;
}

/* Those behind `policy`. */
static const char *next_policy_command(size_t index)
{
    static const char *const names[] = {"list", "explain", "check"};
    return index < sizeof names / sizeof *names ? names[index] : NULL;
}

/* Those behind `trust`. */
static const char *next_trust_command(size_t index)
{
    static const char *const names[] = {"show",   "list",   "add", "remove",
                                        "import", "export", "hash"};
    return index < sizeof names / sizeof *names ? names[index] : NULL;
}

/* Commands of two words: the first, those that there are, and where a misspelt one is looked for.
 */
struct group {
    const char *name, *commands;
    const char *(*next)(size_t index);
    void (*help)(FILE *out);
};

static const struct group groups[] = {
    {"policy", "there are list, explain and check", next_policy_command, cli_help_policy},
    {"trust", "there are show, list, add, remove, import, export and hash", next_trust_command,
     cli_help_trust},
};

/* NULL if the word begins no command of two. */
static const struct group *group_of(const char *word)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcmp(groups[i].name, word) == 0)
            return &groups[i];
    return NULL;
}

/* The word that was probably meant, or NULL. */
static const char *meant(const char *word, const char *(*next)(size_t index))
{
    char lower[32];
    size_t length = strlen(word);
    if (length >= sizeof lower)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] | 0x20 : word[i]);
    return cli_nearest(lower, next);
}

static int unknown_command(const char *word)
{
    struct anycert_error err;
    const char *nearest = meant(word, next_command);
    if (strstr(word, "://"))
        cli_error(&err, ANYCERT_E_USAGE, "there is no command 'URL'; write anycert get URL");
    else if (*word == '-')
        cli_error(&err, ANYCERT_E_USAGE,
                  "options stand behind the command; write anycert get [OPTION...] URL");
    else if (nearest)
        cli_error(&err, ANYCERT_E_USAGE, "there is no command '%.60s'; did you mean '%s'?", word,
                  nearest);
    else
        cli_error(&err, ANYCERT_E_USAGE, "there is no command '%.60s'; see anycert help", word);
    return usage_error(&err);
}

/* The subcommand that begins at argv[0]. A name of two words is two arguments, never one with a
 * space in it. */
static const struct cli_command *find_command(int argc, char **argv)
{
    char name[64];
    if (argc > 0 && !group_of(argv[0])) {
        const struct cli_command *command = cli_command_find(argv[0]);
        return command && (command->bit & (CLI_REQUESTS | CLI_TEST | CLI_DOCTOR)) ? command : NULL;
    }
    if (argc < 2)
        return NULL;
    (void)snprintf(name, sizeof name, "%.10s %.40s", argv[0], argv[1]);
    return cli_command_find(name);
}

static int group_error(const struct group *group, int argc, char **argv)
{
    struct anycert_error err;
    const char *nearest = argc > 1 ? meant(argv[1], group->next) : NULL;
    if (nearest)
        cli_error(&err, ANYCERT_E_USAGE, "there is no command '%s %.60s'; did you mean '%s'?",
                  group->name, argv[1], nearest);
    else if (argc > 1)
        cli_error(&err, ANYCERT_E_USAGE, "there is no command '%s %.60s'; %s", group->name, argv[1],
                  group->commands);
    else
        cli_error(&err, ANYCERT_E_USAGE, "anycert %s needs one more word; %s", group->name,
                  group->commands);
    return usage_error(&err);
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int help(int argc, char **argv)
{
    char lab[] = "lab", option[] = "--help";
    char *lab_help[] = {lab, option, NULL};
    if (argc == 0 || asks_for_help(argv[0])) {
        cli_help_overview(stdout);
        return 0;
    }
    if (strcmp(argv[0], "lab") == 0)
        return cmd_lab(2, lab_help);
    const struct group *group = group_of(argv[0]);
    if (group && (argc == 1 || asks_for_help(argv[1]))) {
        group->help(stdout);
        return 0;
    }
    const struct cli_command *command = find_command(argc, argv);
    if (command)
        cli_help_command(stdout, command);
    else
        return group ? group_error(group, argc, argv) : unknown_command(argv[0]);
    return 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc == 0) {
        cli_help_overview(stderr);
        return ANYCERT_CLASS_USAGE;
    }
    const char *word = argv[0];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        cli_help_version(stdout);
        return 0;
    }
    if (asks_for_help(word))
        return help(argc - 1, argv + 1);
    if (strcmp(word, "lab") == 0)
        return cmd_lab(argc, argv);
    const struct cli_command *command = find_command(argc, argv);
    if (command && command->bit == CLI_TEST)
        return cmd_test(command, argc, argv);
    if (command && command->bit == CLI_DOCTOR)
        return cmd_doctor(command, argc, argv);
    if (command && command->bit == CLI_SHOW)
        return cmd_trust(command, argc - 1, argv + 1);
    if (command && (command->bit & CLI_STORE))
        return cmd_store(command, argc - 1, argv + 1);
    if (command)
        return command->bit & CLI_REQUESTS ? cmd_request(command, argc, argv)
                                           : cmd_policy(command, argc - 1, argv + 1);
    const struct group *group = group_of(word);
    if (group && argc > 1 && asks_for_help(argv[1]))
        return help(argc, argv);
    return group ? group_error(group, argc, argv) : unknown_command(word);
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
