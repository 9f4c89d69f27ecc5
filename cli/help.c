#include "help.h"

#include <string.h>

#include <anycert/version.h>

#define TEXT_COLUMN    34
#define COMMAND_COLUMN 28
#define WIDTH          96

/* Options that mean something else to a command than to requests. */
static const struct {
    unsigned commands;
    const char *option, *help;
} own_words[] = {
    {CLI_DOCTOR, "profile",
     "take URL, proxy and trust anchors from a profile (JSON); see anycert-profile(5)"},
    {CLI_DOCTOR, "until", "with --apply: the entry's last day (UTC; default 90 days from now)"},
    {CLI_DOCTOR, "reason", "with --apply: the entry's reason (default: the causes and the day)"},
    {CLI_DOCTOR, "pin", "with --apply: the entry's pin, as the server's administrator knows it"},
    {CLI_DOCTOR, "policy-file",
     "with --apply: the file that gets the entry, made if it does not exist; see "
     "anycert-policy-file(5)"},
    {CLI_DOCTOR, "format", "how the answer is printed (default text)"},
    {CLI_DOCTOR, "verbose",
     "print everything: the lines for the server's configuration, too, all of several targets, "
     "and with --for every policy"},
};

/* What belongs below the summary. */
static const struct {
    unsigned commands;
    const char *text;
} notes[] = {
    {CLI_DOCTOR, "A TARGET is a URL with https://, HOST, HOST:PORT, or - for a list on standard "
                 "input: one a line; empty lines and comments (#) are passed over."},
    {CLI_DOCTOR, "The exit code is 0 if all is well, 12 if something here mends it, 10 if a policy "
                 "with something given up connects, 11 if none does, 5 if nobody answers."},
};

static const char *help_of(const struct cli_option *option, const struct cli_command *command)
{
    for (size_t i = 0; i < sizeof own_words / sizeof *own_words; i++)
        if ((own_words[i].commands & command->bit) &&
            strcmp(own_words[i].option, option->name) == 0)
            return own_words[i].help;
    return option->help;
}

/* Words of text from a column on, broken before WIDTH. */
static void print_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    for (const char *word = text; *word != '\0';) {
        int length = (int)strcspn(word, " ");
        if (at > column && at + 1 + length > WIDTH) {
            (void)fprintf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fprintf(out, "%.*s", length, word);
        at += length;
        word += length + (word[length] == ' ');
    }
    (void)fputc('\n', out);
}

static void print_option(FILE *out, const struct cli_option *option, const char *help)
{
    char letter[5] = "    ", left[80];
    if (option->letter != 0)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int used = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                        option->argument ? " " : "", option->argument ? option->argument : "");
    (void)fputs(left, out);
    if (used >= TEXT_COLUMN)
        (void)fprintf(out, "\n%*s", TEXT_COLUMN, "");
    else
        (void)fprintf(out, "%*s", TEXT_COLUMN - used, "");
    print_wrapped(out, help, TEXT_COLUMN);
}

void cli_help_command(FILE *out, const struct cli_command *command)
{
    static const char *const topics[] = {"Request", "Trust", "Connection", "Output"};
    (void)fprintf(out, "usage: anycert %s [OPTION...]%s%s\n\n%s\n", command->name,
                  *command->arguments ? " " : "", command->arguments, command->summary);
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (!(notes[i].commands & command->bit))
            continue;
        (void)fputc('\n', out);
        print_wrapped(out, notes[i].text, 0);
    }
    for (size_t topic = 0; topic < sizeof topics / sizeof *topics; topic++) {
        bool titled = false;
        for (size_t i = 0; i < cli_option_count; i++) {
            const struct cli_option *option = &cli_option_table[i];
            if ((size_t)option->topic != topic || !(option->commands & command->bit))
                continue;
            if (!titled)
                (void)fprintf(out, "\n%s:\n", topics[topic]);
            titled = true;
            print_option(out, option, help_of(option, command));
        }
    }
}

static void print_commands(FILE *out, unsigned first, unsigned last)
{
    for (unsigned bit = first; bit <= last; bit <<= 1) {
        const struct cli_command *command = cli_command_of(bit);
        if (!command)
            continue;
        int used = fprintf(out, "  %s %s", command->name, command->arguments);
        if (used >= COMMAND_COLUMN)
            (void)fprintf(out, "\n%*s", COMMAND_COLUMN, "");
        else
            (void)fprintf(out, "%*s", COMMAND_COLUMN - used, "");
        print_wrapped(out, command->summary, COMMAND_COLUMN);
    }
}

void cli_help_policy(FILE *out)
{
    (void)fputs("usage: anycert policy COMMAND [OPTION...] [ARGUMENT]\n\n"
                "Policies: what is accepted from a server, and what that gives up. Nothing is "
                "sent.\n\n",
                out);
    print_commands(out, CLI_LIST, CLI_CHECK);
    (void)fputs("\nThe options of one: anycert help policy COMMAND. How policies are written: "
                "anycert-policy(5).\n",
                out);
}

void cli_help_trust(FILE *out)
{
    (void)fputs("usage: anycert trust COMMAND [OPTION...] [ARGUMENT]\n\n"
                "What servers show of themselves, and what is remembered of them; no request is "
                "sent.\n\n",
                out);
    print_commands(out, CLI_SHOW, CLI_TRUST_HASH);
    (void)fputs("\nThe options of one: anycert help trust COMMAND. The store: "
                "anycert-trust-store(5).\n",
                out);
}

void cli_help_overview(FILE *out)
{
    (void)fputs("usage: anycert COMMAND [OPTION...] [ARGUMENT...]\n\n"
                "Talk to any HTTPS server, and know exactly what you gave up.\n\n",
                out);
    print_commands(out, CLI_GET, CLI_REQUEST);
    print_commands(out, CLI_TEST, CLI_TEST);
    print_commands(out, CLI_DOCTOR, CLI_DOCTOR);
    print_commands(out, CLI_LIST, CLI_CHECK);
    print_commands(out, CLI_SHOW, CLI_TRUST_HASH);
    (void)fprintf(out, "  %-26s%s\n  %-26s%s\n\n%s\n%s", "lab [CONDITION...]",
                  "misbehaving servers on this machine, to try things out", "help [COMMAND]",
                  "this text, or the options of a command", "  anycert get https://example.com/",
                  "  anycert get -k https://appliance.example/   (no check decides anything)\n");
}

void cli_help_version(FILE *out)
{
    (void)fprintf(out, "anycert %s\n%s\nlibcurl %s\n", anycert_version(), anycert_openssl_version(),
                  anycert_libcurl_version());
}
