/* anycert trust list, add, remove, import, export, hash: what the trust store says. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "message.h"
#include "store.h"
#include "text.h"

/* ---- HOST:PORT */

/* The port of HOST:PORT, which follows the colon. */
static int read_port(const char *text, unsigned *number, struct anycert_error *err)
{
    struct anycert_error ignored = {0};
    if (cli_parse_number(text, "the port", 65535, number, &ignored) == 0 && *number > 0)
        return 0;
    return cli_error(err, ANYCERT_E_USAGE, "the port '%.40s' is no number from 1 to 65535", text);
}

/* The host, in its brackets or without, to be freed, and the port, 443 if there is none. A name
 * that is hashed, as the list shows it, has its port in the hash. */
static char *read_host(const char *text, uint16_t *port, struct anycert_error *err)
{
    const char *colon = strrchr(text, ':');
    unsigned number = 443;
    *port = 0;
    if (text[0] == '|')
        return cli_copy(text, err);
    if (strstr(text, "://")) {
        cli_error(err, ANYCERT_E_USAGE, "'%.200s' is a URL: write HOST or HOST:PORT", text);
        return NULL;
    }
    if (colon && (colon < strrchr(text, ']') || strchr(text, ':') != colon) && text[0] != '[') {
        cli_error(err, ANYCERT_E_USAGE,
                  "'%.200s' has several colons: write an IPv6 address in brackets", text);
        return NULL;
    }
    if (text[0] == '[' && colon && strchr(colon, ']'))
        colon = NULL;
    if (colon && read_port(colon + 1, &number, err) != 0)
        return NULL;
    *port = (uint16_t)number;
    char *host = cli_copy(text, err);
    if (host && colon)
        host[colon - text] = '\0';
    return host;
}

/* ---- no store at all */

/* A file that does not exist is an empty store, which has to be told from one that is elsewhere:
 * one that was named is an error; none at the usual place is what everybody begins with. */
static bool has_store(const struct cli_options *o, const struct anycert_trust_store *store,
                      bool may_begin, struct anycert_error *err)
{
    const char *path = anycert_trust_store_path(store);
    if (cli_store_exists(store))
        return true;
    if (o->trust_store || !may_begin) {
        cli_error(err, ANYCERT_E_TRUST_STORE, "there is no trust store '%s'", path);
        return false;
    }
    if (!o->json)
        (void)fprintf(stderr, "anycert: there is no trust store '%s' yet\n", path);
    return true;
}

/* ---- list */

/* A host as the user has written it, and its port. */
struct place {
    char *host;
    uint16_t port;
};

/* Whose name is hashed in the store is told by the name that the user has given, if any (place). */
static void print_entry(const struct anycert_trust_entry *entry, const struct place *place)
{
    const char *host = anycert_trust_entry_host(entry);
    const char *comment = anycert_trust_entry_comment(entry);
    unsigned port = anycert_trust_entry_port(entry);
    if (port == 0 && place && place->port != 0) {
        host = place->host;
        port = place->port;
    }
    char text[CLI_PLACE_MAX];
    if (port == 0)
        (void)printf("%s", host);
    else if (host[0] == '[')
        (void)printf("%s:%u", host, port);
    else
        (void)printf("%s", cli_place(text, host, port));
    (void)printf(" %s%s%s\n", cli_store_words(entry), *comment ? " # " : "", comment);
}

/* The same in JSON, where addresses have no brackets. */
static yyjson_mut_val *entry_json(yyjson_mut_doc *doc, const struct anycert_trust_entry *entry,
                                  const struct place *place)
{
    yyjson_mut_val *object = cli_store_json(doc, entry);
    if (anycert_trust_entry_port(entry) != 0 || place->port == 0)
        return object;
    bool brackets = place->host[0] == '[';
    size_t length = strlen(place->host);
    yyjson_mut_obj_replace(
        object, yyjson_mut_str(doc, "host"),
        yyjson_mut_strncpy(doc, place->host + brackets, length - (brackets ? 2 : 0)));
    yyjson_mut_obj_replace(object, yyjson_mut_str(doc, "port"), yyjson_mut_int(doc, place->port));
    return object;
}

static int print_json(yyjson_mut_doc *doc, struct anycert_error *err)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    if (text)
        (void)printf("%s\n", text);
    int status =
        text ? 0 : cli_error(err, ANYCERT_E_INTERNAL, "the answer cannot be written as JSON");
    free(text);
    yyjson_mut_doc_free(doc);
    return status;
}

static int list(const struct cli_options *o, struct anycert_trust_store *store,
                struct anycert_error *err)
{
    struct anycert_trust_list *entries = anycert_trust_store_list(store, err);
    const struct anycert_trust_entry *entry = NULL;
    int status = 0;
    if (!entries)
        return -1;
    if (o->json) {
        yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = yyjson_mut_obj(doc);
        yyjson_mut_doc_set_root(doc, root);
        yyjson_mut_obj_add_str(doc, root, "store", anycert_trust_store_path(store));
        yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, root, "entries");
        for (size_t i = 0; (entry = anycert_trust_list_at(entries, i)) != NULL; i++)
            yyjson_mut_arr_append(array, cli_store_json(doc, entry));
        status = print_json(doc, err);
    } else {
        for (size_t i = 0; (entry = anycert_trust_list_at(entries, i)) != NULL; i++)
            print_entry(entry, NULL);
    }
    anycert_trust_list_free(entries);
    return status;
}

/* ---- one host */

/* The entry of a host; NULL where there is none, or none that can be shown. */
static struct anycert_trust_entry *find(struct anycert_trust_store *store,
                                        const struct place *place)
{
    struct anycert_error ignored = {0};
    struct anycert_trust_entry *entry = NULL;
    return place->port &&
                   anycert_trust_store_find(store, place->host, place->port, &entry, &ignored) == 1
               ? entry
               : NULL;
}

/* What has become of a host: its entry, and behind it the words, or in JSON the key with the old
 * one. Either may be NULL. */
static int say_entry(const struct cli_options *o, const struct place *place,
                     const struct anycert_trust_entry *entry, const char *key,
                     const struct anycert_trust_entry *old, struct anycert_error *err)
{
    if (!o->json) {
        if (entry)
            print_entry(entry, place);
        if (old) {
            (void)printf("%s: ", key);
            print_entry(old, place);
        }
        return 0;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = entry ? entry_json(doc, entry, place) : yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_val(doc, root, key,
                           old ? entry_json(doc, old, place) : yyjson_mut_null(doc));
    return print_json(doc, err);
}

/* Exactly one thing that it is known by. */
static int check_known_by(const struct cli_options *o, struct anycert_error *err)
{
    if (o->pin.count > 0 && o->by_ca)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--pin and --by-ca are two ways to know a server: give one of them, not "
                         "both");
    if (o->pin.count == 0 && !o->by_ca)
        return cli_error(err, ANYCERT_E_USAGE,
                         "say what it is known by: --pin (anycert trust show URL prints it), or "
                         "--by-ca");
    return 0;
}

static int add(const struct cli_options *o, struct anycert_trust_store *store,
               struct anycert_error *err)
{
    struct anycert_trust_entry *old = NULL, *entry = NULL;
    struct cli_bytes pins = {0};
    struct place place = {0};
    int status = check_known_by(o, err);
    for (size_t i = 0; i < o->pin.count && status == 0; i++) {
        status = i > 0 ? cli_bytes_add_text(&pins, ",", err) : 0;
        if (status == 0)
            status = cli_bytes_add_text(&pins, o->pin.items[i], err);
    }
    place.host = status == 0 ? read_host(o->url, &place.port, err) : NULL;
    old = place.host ? find(store, &place) : NULL;
    status = place.host ? anycert_trust_store_add(store, place.host, place.port, pins.data,
                                                  o->comment, err)
                        : -1;
    entry = status == 0 ? find(store, &place) : NULL;
    if (entry)
        status = say_entry(o, &place, entry, "replaced", old, err);
    anycert_trust_entry_free(entry);
    anycert_trust_entry_free(old);
    free(place.host);
    cli_bytes_free(&pins);
    return status;
}

/* An entry by its hash, as the list has it. */
static int forget_hashed(const struct cli_options *o, struct anycert_trust_store *store,
                         const struct place *place, struct anycert_error *err)
{
    struct anycert_trust_list *entries = anycert_trust_store_list(store, err);
    const struct anycert_trust_entry *old = NULL;
    for (size_t i = 0; entries && (old = anycert_trust_list_at(entries, i)) != NULL; i++)
        if (strcmp(anycert_trust_entry_host(old), place->host) == 0)
            break;
    int found = entries ? anycert_trust_store_remove(store, place->host, 0, err) : -1;
    if (found == 0)
        cli_error(err, ANYCERT_E_USAGE, "the trust store '%s' has no entry '%s'",
                  anycert_trust_store_path(store), place->host);
    int status = found == 1 ? say_entry(o, place, NULL, "removed", old, err) : -1;
    anycert_trust_list_free(entries);
    return status;
}

static int forget_named(const struct cli_options *o, struct anycert_trust_store *store,
                        const struct place *place, struct anycert_error *err)
{
    struct anycert_trust_entry *old = find(store, place);
    int found = anycert_trust_store_remove(store, place->host, place->port, err);
    if (found == 0)
        cli_error(err, ANYCERT_E_USAGE, "the trust store '%s' does not know %s:%u",
                  anycert_trust_store_path(store), place->host, (unsigned)place->port);
    int status = found == 1 ? say_entry(o, place, NULL, "removed", old, err) : -1;
    anycert_trust_entry_free(old);
    return status;
}

static int forget(const struct cli_options *o, struct anycert_trust_store *store,
                  struct anycert_error *err)
{
    struct place place = {0};
    int status = -1;
    place.host = read_host(o->url, &place.port, err);
    /* Looked at first: to remove something would make a lock beside a store that is not there. */
    if (place.host && has_store(o, store, false, err))
        status =
            place.port ? forget_named(o, store, &place, err) : forget_hashed(o, store, &place, err);
    free(place.host);
    return status;
}

/* ---- all of them */

static int say_count(const struct cli_options *o, const char *key, size_t count, const char *words,
                     struct anycert_error *err)
{
    if (!o->json) {
        (void)printf("%zu %s\n", count, words);
        return 0;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_uint(doc, root, key, count);
    return print_json(doc, err);
}

static int import(const struct cli_options *o, struct anycert_trust_store *store,
                  struct anycert_error *err)
{
    struct cli_bytes text = {0};
    size_t count = 0;
    int status = cli_bytes_read(&text, o->url, "the store to import", err);
    if (status == 0)
        status = anycert_trust_store_import(store, text.data ? text.data : "", text.len, o->url,
                                            &count, err);
    cli_bytes_free(&text);
    return status == 0 ? say_count(o, "imported", count, "entries taken over", err) : -1;
}

static int export(struct anycert_trust_store *store, struct anycert_error *err)
{
    char *text = anycert_trust_store_export(store, err);
    if (text)
        (void)fputs(text, stdout);
    anycert_free(text);
    return text ? 0 : -1;
}

static int hash(const struct cli_options *o, struct anycert_trust_store *store,
                struct anycert_error *err)
{
    size_t count = 0;
    if (!has_store(o, store, true, err))
        return -1;
    if (cli_store_exists(store)) {
        if (anycert_trust_store_hash_names(store, &count, err) != 0)
            return -1;
        if (!o->json)
            (void)fprintf(stderr,
                          "anycert: the names in '%s' are hashed from now on, those to come, too: "
                          "this cannot be undone\n",
                          anycert_trust_store_path(store));
    }
    return say_count(o, "hashed", count, "names hashed", err);
}

static int run(const struct cli_options *o, struct anycert_error *err)
{
    struct anycert_trust_store *store = cli_store_open(o->trust_store, err);
    int status = -1;
    if (store)
        switch (o->command->bit) {
        case CLI_TRUST_LIST:
            status = has_store(o, store, true, err) ? list(o, store, err) : -1;
            break;
        case CLI_TRUST_ADD:
            status = add(o, store, err);
            break;
        case CLI_TRUST_REMOVE:
            status = forget(o, store, err);
            break;
        case CLI_TRUST_IMPORT:
            status = import(o, store, err);
            break;
        case CLI_TRUST_EXPORT:
            status = has_store(o, store, true, err) ? export(store, err) : -1;
            break;
        default:
            status = hash(o, store, err);
            break;
        }
    anycert_trust_store_free(store);
    return status;
}

int cmd_store(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&options, command, argc, argv, &exit_code) == 0 && run(&options, &err) != 0) {
        cli_print_error(options.json, &err, NULL);
        exit_code = anycert_error_class_of(err.code);
    }
    cli_options_free(&options);
    return exit_code;
}
