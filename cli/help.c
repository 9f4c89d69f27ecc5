#include "help.h"

#include <string.h>

#include <anycert/version.h>

#define TEXT_COLUMN    34
#define COMMAND_COLUMN 28
#define WIDTH          96

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

static void print_option(FILE *out, const struct cli_option *option)
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
    print_wrapped(out, option->help, TEXT_COLUMN);
}

void cli_help_command(FILE *out, const struct cli_command *command)
{
    static const char *const topics[] = {"Request", "Trust", "Connection", "Output"};
    (void)fprintf(out, "usage: anycert %s [OPTION...]%s%s\n\n%s\n", command->name,
                  *command->arguments ? " " : "", command->arguments, command->summary);
    for (size_t topic = 0; topic < sizeof topics / sizeof *topics; topic++) {
        bool titled = false;
        for (size_t i = 0; i < cli_option_count; i++) {
            const struct cli_option *option = &cli_option_table[i];
            if ((size_t)option->topic != topic || !(option->commands & command->bit))
                continue;
            if (!titled)
                (void)fprintf(out, "\n%s:\n", topics[topic]);
            titled = true;
            print_option(out, option);
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
