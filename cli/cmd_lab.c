/* anycert lab: starts misbehaving servers on loopback, says where they are, serves until a signal.
 */
#include "commands.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "lab/lab.h"
#include "message.h"
#include "text.h"

struct lab_options {
    bool list;
    bool json;
    bool help;
    const char *const *names;
    size_t count; /* 0: all */
};

static const char help_text[] =
    "usage: anycert lab [OPTION...] [CONDITION...]\n\n"
    "Misbehaving HTTPS servers on free ports of this machine's loopback: one for each CONDITION, "
    "or\n"
    "all of them, each with a line that says where it is and what is wrong. They serve until "
    "Ctrl-C.\n"
    "\n"
    "  -l, --list                        print the conditions and what they need; start nothing\n"
    "      --json                        print JSON\n"
    "  -h, --help                        print this text\n";

static int parse(struct lab_options *options, int argc, char **argv, struct anycert_error *err)
{
    static const struct option table[] = {{"list", no_argument, NULL, 'l'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter, index;
    memset(options, 0, sizeof *options);
    opterr = 0;
    optind = 1;
    for (index = -1; (letter = getopt_long(argc, argv, "lh", table, &index)) != -1; index = -1) {
        /* An abbreviation may change its meaning with the next version. */
        if (letter == '?' || (index >= 0 && strcmp(argv[optind - 1] + 2, table[index].name) != 0))
            return cli_error(err, ANYCERT_E_USAGE,
                             "anycert lab does not know the option '%.60s'; there are --list, "
                             "--json and --help",
                             argv[optind - 1]);
        options->list |= letter == 'l';
        options->json |= letter == 'j';
        options->help |= letter == 'h';
    }
    options->names = (const char *const *)(argv + optind);
    options->count = (size_t)(argc - optind);
    return lab_names_check(options->names, options->count, err);
}

/* ---- what is printed ---- */

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Whether a condition is asked for. */
static bool chosen(const struct lab_options *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->names[i], name) == 0)
            return true;
    return options->count == 0;
}

static void widen(int *width, const char *text)
{
    int length = (int)strlen(text);
    if (length > *width)
        *width = length;
}

static void list_text(const struct lab_options *options)
{
    size_t count;
    const struct lab_condition *all = lab_conditions(&count);
    int name = 0, wrong = 0;
    for (size_t i = 0; i < count; i++)
        if (chosen(options, all[i].name)) {
            widen(&name, all[i].name);
            widen(&wrong, all[i].wrong);
        }
    for (size_t i = 0; i < count; i++)
        if (chosen(options, all[i].name))
            (void)printf("%-*s  %-*s  %s\n", name, all[i].name, wrong, all[i].wrong,
                         all[i].needs ? all[i].needs : "-");
}

static const char *http_name(enum lab_http http)
{
    switch (http) {
    case LAB_HTTP_NONE:
        return "none";
    case LAB_HTTP_ROUTES:
        return "routes";
    case LAB_HTTP_BROKEN:
        return "broken";
    case LAB_HTTP_PAGE:
        return "page";
    }
    return "none";
}

static void add_text(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_str(doc, object, key, text);
    else
        yyjson_mut_obj_add_null(doc, object, key);
}

static void add_condition(yyjson_mut_doc *doc, yyjson_mut_val *object,
                          const struct lab_condition *condition)
{
    add_text(doc, object, "name", condition->name);
    add_text(doc, object, "wrong", condition->wrong);
    add_text(doc, object, "needs", condition->needs);
    add_text(doc, object, "remedy", *condition->remedy ? condition->remedy : NULL);
    add_text(doc, object, "host", condition->host);
    add_text(doc, object, "http", http_name(condition->http));
    yyjson_mut_obj_add_bool(doc, object, "trust_any", condition->trust_any);
    add_text(doc, object, "package", condition->package);
}

static void add_server(yyjson_mut_doc *doc, yyjson_mut_val *servers, const struct lab *lab,
                       const struct lab_server *server)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, servers);
    add_condition(doc, object, lab_server_condition(server));
    add_text(doc, object, "url", lab_server_url(server));
    yyjson_mut_obj_add_uint(doc, object, "port", lab_server_port(server));
    add_text(doc, object, "resolve", lab_server_resolve(server));
    add_text(doc, object, "ca_file", lab_file(lab, LAB_FILE_ROOT));
    add_text(doc, object, "pin", lab_server_pin(server));
    add_text(doc, object, "note", lab_server_note(server));
}

/* Prints and frees the document. */
static int print_document(yyjson_mut_doc *doc, struct anycert_error *err)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    if (text)
        (void)printf("%s\n", text);
    free(text);
    yyjson_mut_doc_free(doc);
    return text ? 0 : cli_no_memory(err);
}

static int list_json(const struct lab_options *options, struct anycert_error *err)
{
    size_t count;
    const struct lab_condition *all = lab_conditions(&count);
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_val *conditions = yyjson_mut_obj_add_arr(doc, root, "conditions");
    for (size_t i = 0; i < count; i++)
        if (chosen(options, all[i].name))
            add_condition(doc, yyjson_mut_arr_add_obj(doc, conditions), &all[i]);
    return print_document(doc, err);
}

static int servers_json(const struct lab *lab, struct anycert_error *err)
{
    static const char *const keys[] = {"root", "intermediate", "other_root", "client_cert",
                                       "client_key"};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_val *files = yyjson_mut_obj_add_obj(doc, root, "files");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        add_text(doc, files, keys[i], lab_file(lab, (enum lab_file)i));
    yyjson_mut_val *servers = yyjson_mut_obj_add_arr(doc, root, "servers");
    for (size_t i = 0; i < lab_server_count(lab); i++)
        add_server(doc, servers, lab, lab_server_at(lab, i));
    return print_document(doc, err);
}

static void servers_text(const struct lab *lab)
{
    int name = 0, url = 0;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        widen(&name, lab_server_name(lab_server_at(lab, i)));
        widen(&url, lab_server_url(lab_server_at(lab, i)));
    }
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);
        const char *resolve = lab_server_resolve(server);
        (void)printf("%-*s  %-*s  %s%s%s\n", name, lab_server_name(server), url,
                     lab_server_url(server), lab_server_condition(server)->wrong,
                     resolve ? "; use --resolve " : "", or_empty(resolve));
    }
}

/* For people: what goes with the servers. */
static void print_hints(const struct lab *lab)
{
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);
        if (lab_server_note(server))
            (void)fprintf(stderr, "anycert: warning: %s: %s\n", lab_server_name(server),
                          lab_server_note(server));
    }
    (void)fprintf(stderr,
                  "\nTrust the lab with --cacert %s\n"
                  "The intermediate certificate that incomplete-chain forgets: --intermediate %s\n"
                  "A client certificate: --cert %s --key %s\n"
                  "The root of untrusted-root: %s\n"
                  "Ctrl-C ends it.\n",
                  lab_file(lab, LAB_FILE_ROOT), lab_file(lab, LAB_FILE_INTERMEDIATE),
                  lab_file(lab, LAB_FILE_CLIENT_CERT), lab_file(lab, LAB_FILE_CLIENT_KEY),
                  lab_file(lab, LAB_FILE_OTHER_ROOT));
}

/* ---- serving ---- */

/* Blocks the signals that end the lab before there is anything to leave behind; a signal that comes
 * early waits until it is asked for. */
static void hold_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, signals, NULL);
}

static int serve(const struct lab_options *options, struct anycert_error *err)
{
    struct lab *lab = NULL;
    sigset_t signals;
    int number, status = 0;
    hold_signals(&signals);
    if (lab_start(options->names, options->count, &lab, err) != 0)
        return -1;
    if (options->json)
        status = servers_json(lab, err);
    else
        servers_text(lab);
    /* Whoever reads from a pipe waits for this; where it cannot be written, nobody can use the lab.
     */
    if (status == 0 && fflush(stdout) == 0 && !ferror(stdout)) {
        if (!options->json)
            print_hints(lab);
        (void)sigwait(&signals, &number);
    }
    lab_stop(lab);
    return status;
}

int cmd_lab(int argc, char **argv)
{
    struct lab_options options;
    struct anycert_error err = {0};
    int status = parse(&options, argc, argv, &err);
    if (status == 0 && options.help)
        (void)fputs(help_text, stdout);
    else if (status == 0 && options.list && options.json)
        status = list_json(&options, &err);
    else if (status == 0 && options.list)
        list_text(&options);
    else if (status == 0)
        status = serve(&options, &err);
    if (status == 0)
        return 0;
    cli_print_error(options.json, &err, NULL);
    return anycert_error_class_of(err.code);
}
