#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"get", "URL", "fetch a document", "GET", CLI_GET},
    {"head", "URL", "fetch its header only", "HEAD", CLI_HEAD},
    {"post", "URL", "send data", "POST", CLI_POST},
    {"put", "URL", "store a document", "PUT", CLI_PUT},
    {"patch", "URL", "change a document", "PATCH", CLI_PATCH},
    {"delete", "URL", "delete a document", "DELETE", CLI_DELETE},
    {"request", "URL", "any other method (-X), or the one that the options imply", NULL,
     CLI_REQUEST},
    {"test", "URL", "say whether a server, or a profile, works as it is set up", "GET", CLI_TEST},
    {"doctor", "TARGET...",
     "say why a server cannot be talked to, and the least that has to be given up for it", NULL,
     CLI_DOCTOR},
    {"policy list", "", "list the rungs and relaxations, and what each gives up", NULL, CLI_LIST},
    {"policy explain", "URL",
     "say what would be used for a URL, where that comes from, and what would do with less", NULL,
     CLI_EXPLAIN},
    {"policy check", "POLICY|FILE",
     "say whether a policy is right and what it gives up, or what is wrong in a policy file", NULL,
     CLI_CHECK},
    {"trust show", "URL",
     "show a server's certificates and pins, what is wrong, and what would accept it", NULL,
     CLI_SHOW},
    {"trust list", "", "list the hosts that the trust store knows, and by what", NULL,
     CLI_TRUST_LIST},
    {"trust add", "HOST:PORT", "say what a host is known by from now on", NULL, CLI_TRUST_ADD},
    {"trust remove", "HOST:PORT", "forget a host", NULL, CLI_TRUST_REMOVE},
    {"trust import", "FILE", "take over the entries of another store", NULL, CLI_TRUST_IMPORT},
    {"trust export", "", "print the whole store", NULL, CLI_TRUST_EXPORT},
    {"trust hash", "", "replace the names of all hosts by hashes", NULL, CLI_TRUST_HASH},
};

const struct cli_command *cli_command_of(unsigned bit)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].bit == bit)
            return &commands[i];
    return NULL;
}

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* getopt_long's values of long options: behind every letter. */
#define FIRST_OPTION 256
#define FIRST_ABSENT 1024
#define FIRST_URL    2048
#define LETTERS_SIZE 256
#define NAMES_SIZE   512

static const char *next_name(size_t index)
{
    return index < cli_option_count ? cli_option_table[index].name : NULL;
}

static int unknown_option(const struct cli_command *command, const char *word,
                          struct anycert_error *err)
{
    char name[64];
    const char *bare = word + strspn(word, "-");
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(bare, "="), bare);
    const char *nearest = cli_nearest(name, next_name);
    return cli_error(err, ANYCERT_E_USAGE, "unknown option %.*s%s%s%s; see anycert help %s",
                     (int)strcspn(word, "="), word, nearest ? "; did you mean --" : "",
                     nearest ? nearest : "", nearest ? "?" : "", command->name);
}

static bool takes(const struct cli_command *command, const char *name)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (strcmp(cli_option_table[i].name, name) == 0)
            return (cli_option_table[i].commands & command->bit) != 0;
    return false;
}

static int wrong_command(const struct cli_option *option, const struct cli_command *command,
                         struct anycert_error *err)
{
    struct cli_bytes others = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof commands / sizeof *commands; i++)
        if (option->commands & commands[i].bit)
            status = cli_bytes_add_text(&others, others.len ? ", " : "", err) == 0
                         ? cli_bytes_add_text(&others, commands[i].name, err)
                         : -1;
    if (status == 0)
        cli_error(err, ANYCERT_E_USAGE, "anycert %s has no option --%s; %sit belongs to: %s",
                  command->name, option->name,
                  strcmp(option->name, "json") == 0 && takes(command, "format")
                      ? "did you mean --format json? "
                      : "",
                  others.data ? others.data : "");
    cli_bytes_free(&others);
    return -1;
}

static int add_data(struct cli_options *options, enum cli_data_kind kind, const char *value,
                    struct anycert_error *err)
{
    struct cli_data *data = realloc(options->data, (options->data_count + 1) * sizeof *data);
    if (!data)
        return cli_no_memory(err);
    options->data = data;
    data[options->data_count] = (struct cli_data){kind, cli_copy(value, err)};
    if (!data[options->data_count].value)
        return -1;
    options->data_count++;
    return 0;
}

static int store_text(char **slot, const struct cli_option *option, const char *value,
                      struct anycert_error *err)
{
    if (option->action == CLI_ONCE && *slot)
        return cli_error(err, ANYCERT_E_USAGE, "--%s is given twice", option->name);
    char *copy = cli_copy(value, err);
    if (!copy)
        return -1;
    cli_wipe_free(*slot);
    *slot = copy;
    return 0;
}

/* Where a row of the table keeps its value. */
static void *field_of(struct cli_options *options, const struct cli_option *option)
{
    return (char *)options + option->offset;
}

static bool is_taken(const struct cli_option *option, const struct cli_command *command)
{
    return (option->commands & command->bit) ||
           (command->bit == CLI_EXPLAIN && (option->commands & CLI_EXPLAINED));
}

/* A whole command line can be explained: what is no setting is passed over there, so that nothing
 * secret is read and nothing written. */
static bool is_passed_over(const struct cli_option *option, const struct cli_command *command)
{
    return command->bit == CLI_EXPLAIN && !is_taken(option, command) &&
           (option->commands & CLI_REQUESTS);
}

/* One that goes before the credentials of a profile. */
static bool is_credential(const char *name)
{
    static const char *const beginnings[] = {"user",    "bearer", "oauth2-",
                                             "api-key", "aws-",   "negotiate"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return strcmp(name, "user-agent") != 0;
    return false;
}

static int store(struct cli_options *options, const struct cli_option *option, char *value,
                 struct anycert_error *err)
{
    if (is_passed_over(option, options->command)) {
        options->other_credentials = options->other_credentials || is_credential(option->name);
        if (option->flags & CLI_HIDE)
            explicit_bzero(value, strlen(value));
        return 0;
    }
    if (!is_taken(option, options->command))
        return wrong_command(option, options->command, err);
    if (option->argument && *value == '\0' && !(option->flags & CLI_EMPTY))
        return cli_error(err, ANYCERT_E_USAGE, "--%s: the value is empty", option->name);
    int status = 0;
    void *field = option->action == CLI_DATA_OF ? NULL : field_of(options, option);
    switch (option->action) {
    case CLI_FLAG:
        *(bool *)field = true;
        break;
    case CLI_LAST:
    case CLI_ONCE:
        status = store_text(field, option, value, err);
        break;
    case CLI_LIST_OF:
        status = cli_list_add(field, value, err);
        break;
    case CLI_DATA_OF:
        status = add_data(options, (enum cli_data_kind)option->offset, value, err);
        break;
    }
    if (option->flags & CLI_HIDE)
        explicit_bzero(value, strlen(value));
    return status;
}

/* getopt_long's two descriptions of the table. */
struct grammar {
    struct option names[NAMES_SIZE];
    char letters[LETTERS_SIZE];
};

static void add_letter(struct grammar *g, char letter, bool argument)
{
    size_t used = strlen(g->letters);
    if (letter == 0 || used + 3 > sizeof g->letters)
        return;
    g->letters[used++] = letter;
    if (argument)
        g->letters[used++] = ':';
    g->letters[used] = '\0';
}

static void make_grammar(struct grammar *g)
{
    *g = (struct grammar){.letters = ":"};
    size_t n = 0;
    for (size_t i = 0; i < cli_option_count && n < NAMES_SIZE - 2; i++, n++) {
        const struct cli_option *o = &cli_option_table[i];
        g->names[n] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL,
                                      FIRST_OPTION + (int)i};
        add_letter(g, o->letter, o->argument != NULL);
    }
    for (size_t i = 0; i < cli_absent_count && n < NAMES_SIZE - 2; i++, n++) {
        const struct cli_absent *a = &cli_absent_table[i];
        g->names[n] = (struct option){a->name, a->argument ? required_argument : no_argument, NULL,
                                      FIRST_ABSENT + (int)i};
        add_letter(g, a->letter, a->argument != NULL);
    }
    g->names[n] = (struct option){"url", required_argument, NULL, FIRST_URL};
}

static const struct cli_option *option_of(int value)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (value == FIRST_OPTION + (int)i || (value > 0 && value == cli_option_table[i].letter))
            return &cli_option_table[i];
    return NULL;
}

static int absent_option(int value, struct anycert_error *err)
{
    for (size_t i = 0; i < cli_absent_count; i++) {
        const struct cli_absent *a = &cli_absent_table[i];
        if (value != FIRST_ABSENT + (int)i && (value <= 0 || value != a->letter))
            continue;
        return a->instead
                   ? cli_error(err, ANYCERT_E_USAGE, "--%s is not available in this version; %s",
                               a->name, a->instead)
                   : 0;
    }
    return cli_error(err, ANYCERT_E_INTERNAL, "an option without a row in the table");
}

/* Whether the word that getopt_long took for a long option is its whole name: abbreviations may
 * change their meaning with the next version. */
static bool is_whole_name(const char *name, const char *word)
{
    size_t length = strlen(name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, length) == 0 &&
           (word[2 + length] == '\0' || word[2 + length] == '=');
}

/* The name that belongs to a value of getopt_long, or NULL. */
static const char *name_of(int value)
{
    const struct cli_option *option = option_of(value);
    if (value == FIRST_URL)
        return "url";
    if (value >= FIRST_ABSENT && value < FIRST_ABSENT + (int)cli_absent_count)
        return cli_absent_table[value - FIRST_ABSENT].name;
    return option ? option->name : NULL;
}

/* What a command wants, in a sentence. */
static const char *wanted_words(const struct cli_command *command)
{
    return command->bit == CLI_CHECK ? "POLICY or FILE" : command->arguments;
}

/* Takes user and password, or the query, where tokens stand, out of the list of processes. */
static void hide_in_url(char *url)
{
    char *secret = strchr(url, '@') ? url : url + strcspn(url, "?#");
    explicit_bzero(secret, strlen(secret));
}

static int set_url(struct cli_options *options, char *word, struct anycert_error *err)
{
    const char *wanted = options->command->arguments;
    if (*word == '\0')
        return cli_error(err, ANYCERT_E_USAGE, "the %s is empty", wanted_words(options->command));
    options->url = cli_copy(word, err);
    if (!options->url)
        return -1;
    if (strcmp(wanted, "URL") == 0)
        hide_in_url(word);
    return 0;
}

/* --url, as curl has it. */
static int take_url(struct cli_options *options, char *word, struct anycert_error *err)
{
    if (strcmp(options->command->arguments, "URL") != 0)
        return cli_error(err, ANYCERT_E_USAGE, "anycert %s has no option --url",
                         options->command->name);
    if (options->url)
        return cli_error(err, ANYCERT_E_USAGE, "one URL at a time: --url is given twice");
    return set_url(options, word, err);
}

static int refuse(const struct cli_command *command, int value, char **argv,
                  struct anycert_error *err)
{
    const struct cli_option *option = option_of(optopt);
    char letter[3] = {'-', (char)optopt, '\0'};
    if (value == ':' && option && !is_taken(option, command) && command->bit != CLI_EXPLAIN)
        return wrong_command(option, command, err);
    if (value == ':' && option)
        return cli_error(err, ANYCERT_E_USAGE, "--%s needs a value: %s", option->name,
                         option->argument);
    if (optopt == FIRST_URL)
        return cli_error(err, ANYCERT_E_USAGE, "--url needs a value: URL");
    if ((value == ':' || optopt >= FIRST_ABSENT) && absent_option(optopt, err) != 0)
        return -1;
    if (name_of(optopt))
        return cli_error(err, ANYCERT_E_USAGE, "--%s takes no value", name_of(optopt));
    return unknown_option(command, optopt ? letter : argv[optind - 1], err);
}

static int take(struct cli_options *options, int value, char **argv, struct anycert_error *err)
{
    if (value == '?' || value == ':')
        return refuse(options->command, value, argv, err);
    const char *word = optarg == argv[optind - 1] ? argv[optind - 2] : argv[optind - 1];
    if (value >= FIRST_OPTION && !is_whole_name(name_of(value), word))
        return unknown_option(options->command, word, err);
    const struct cli_option *option = option_of(value);
    if (value == FIRST_URL)
        return take_url(options, optarg, err);
    return option ? store(options, option, optarg, err) : absent_option(value, err);
}

/* Several targets, each a URL or a host. */
static int take_targets(struct cli_options *options, int argc, char **argv,
                        struct anycert_error *err)
{
    if (optind == argc && !options->profile && !options->plan && !options->replay)
        return cli_error(err, ANYCERT_E_USAGE, "no TARGET given; see anycert help %s",
                         options->command->name);
    for (int i = optind; i < argc; i++) {
        if (*argv[i] == '\0')
            return cli_error(err, ANYCERT_E_USAGE, "the TARGET is empty");
        if (cli_list_add(&options->targets, argv[i], err) != 0)
            return -1;
        hide_in_url(argv[i]);
    }
    return 0;
}

/* What an argument that is one too many was meant for. */
static const char *advice(const struct cli_options *options, int argc, char **argv)
{
    static const char *const keys[] = {
        "ca=", "pin=", "check=", "mode=", "expect-name=", "sni=", "for=", "until=", "reason="};
    if (options->command->bit == CLI_CHECK)
        return "; a policy that has spaces goes into quotes";
    for (int i = optind; i < argc; i++) {
        if (options->command->bit == CLI_TRUST_ADD && strncmp(argv[i], "sha256//", 8) == 0)
            return "; the pin goes behind --pin";
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if ((options->trust || options->proxy_trust) &&
                strncmp(argv[i], keys[k], strlen(keys[k])) == 0)
                return "; a policy that has spaces goes into quotes, as in --trust "
                       "'hardened+expired until=2030-12-31'";
    }
    return "";
}

static int take_arguments(struct cli_options *options, int argc, char **argv,
                          struct anycert_error *err)
{
    const char *wanted = options->command->arguments;
    int given = argc - optind;
    if (options->command->bit == CLI_DOCTOR)
        return take_targets(options, argc, argv, err);
    if (*wanted == '\0' && given > 0)
        return cli_error(err, ANYCERT_E_USAGE, "anycert %s takes no argument, but there is '%s'",
                         options->command->name, argv[optind]);
    if (*wanted == '\0')
        return 0;
    if (given == 0 && (options->url || options->profile))
        return 0;
    if (given == 0)
        return cli_error(err, ANYCERT_E_USAGE, "no %s given; see anycert help %s",
                         wanted_words(options->command), options->command->name);
    if (options->url)
        return cli_error(err, ANYCERT_E_USAGE, "one URL at a time: there is --url already");
    if (given > 1)
        return cli_error(err, ANYCERT_E_USAGE,
                         "one %s at a time: the %s argument is one too many%s",
                         wanted_words(options->command), given == 2 ? "second" : "last",
                         advice(options, argc, argv));
    return set_url(options, argv[optind], err);
}

int cli_options_parse(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct anycert_error *err)
{
    *options = (struct cli_options){.command = command};
    struct grammar grammar;
    make_grammar(&grammar);
    opterr = 0;
    optind = 1;
    int value;
    while ((value = getopt_long(argc, argv, grammar.letters, grammar.names, NULL)) != -1)
        if (take(options, value, argv, err) != 0)
            return -1;
    if (options->help)
        return 0;
    if (options->format && strcmp(options->format, "json") != 0 &&
        strcmp(options->format, "text") != 0)
        return cli_error(err, ANYCERT_E_USAGE, "--format: '%s' is neither text nor json",
                         options->format);
    options->json = options->format && strcmp(options->format, "json") == 0;
    return take_arguments(options, argc, argv, err);
}

void cli_options_free(struct cli_options *options)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_option_table[i];
        if (option->action == CLI_LAST || option->action == CLI_ONCE) {
            char **text = field_of(options, option);
            cli_wipe_free(*text);
            *text = NULL;
        } else if (option->action == CLI_LIST_OF) {
            cli_list_free(field_of(options, option));
        }
    }
    for (size_t i = 0; i < options->data_count; i++)
        cli_wipe_free(options->data[i].value);
    free(options->data);
    cli_list_free(&options->targets);
    cli_wipe_free(options->url);
    *options = (struct cli_options){0};
}
