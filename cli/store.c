#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <anycert/policy_file.h>

#include "text.h"

char *cli_store_path(const char *given, struct anycert_error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    struct cli_bytes path = {0};
    char *copy = NULL;
    int status = 0;
    if (given)
        return cli_copy(given, err);
    /* A relative one is to be ignored (XDG Base Directory Specification). */
    if (state && *state == '/')
        status = cli_bytes_add_text(&path, state, err);
    else if (home && *home == '/')
        status = cli_bytes_add_text(&path, home, err) == 0
                     ? cli_bytes_add_text(&path, "/.local/state", err)
                     : -1;
    else
        status = cli_error(err, ANYCERT_E_USAGE,
                           "there is no home folder for the trust store; say --trust-store FILE");
    if (status == 0 && cli_bytes_add_text(&path, "/anycert/trust", err) == 0)
        copy = cli_copy(path.data, err);
    cli_bytes_free(&path);
    return copy;
}

struct anycert_trust_store *cli_store_open(const char *given, struct anycert_error *err)
{
    char *path = cli_store_path(given, err);
    struct anycert_trust_store *store = path ? anycert_trust_store_open(path, err) : NULL;
    free(path);
    if (!store && given)
        cli_error_context(err, "--trust-store: ");
    return store;
}

bool cli_store_exists(const struct anycert_trust_store *store)
{
    return access(anycert_trust_store_path(store), F_OK) == 0 || errno != ENOENT;
}

/* ---- who wants one */

static bool is_tofu(const struct anycert_policy *policy)
{
    return policy && strcmp(anycert_policy_rung(policy), "tofu") == 0;
}

/* A policy, or the one that it reports by. What cannot be read for want of memory wants a store:
 * the client says the rest. */
static bool says_tofu(const struct anycert_policy *policy)
{
    struct anycert_error ignored = {0};
    struct anycert_policy *target = NULL;
    char *text = NULL;
    int has_target = policy ? anycert_policy_get(policy, "for", &text, &ignored) : 0;
    if (has_target == 1)
        target = anycert_policy_parse(text, &ignored);
    bool says = is_tofu(policy) || is_tofu(target) || has_target < 0 || (has_target && !target);
    anycert_policy_free(target);
    anycert_free(text);
    return says;
}

static bool is_wanted(const struct cli_trust *trust)
{
    const struct anycert_policy_entry *entry = NULL;
    if (says_tofu(trust->policy) || says_tofu(trust->proxy_policy))
        return true;
    while (trust->file && (entry = anycert_policy_file_next(trust->file, entry)) != NULL)
        if (says_tofu(anycert_policy_entry_policy(entry)))
            return true;
    return false;
}

/* ---- the question */

static void print_question(int tty, const struct anycert_report *report)
{
    char place[CLI_PLACE_MAX];
    (void)dprintf(tty, "anycert: %s is not known yet\n",
                  cli_place(place, anycert_report_host(report), anycert_report_port(report)));
    (void)dprintf(tty, "  %-12s %s\n", "subject", anycert_report_cert_subject(report, 0));
    (void)dprintf(tty, "  %-12s %s\n", "pin", anycert_report_cert_pin(report, 0));
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c))
        if (anycert_check_verdict(c) == ANYCERT_RELAXED)
            (void)dprintf(tty, "  %-12s %s\n", "wrong", anycert_check_detail(c));
    (void)dprintf(tty, "Compare the pin with the one that the server's administrator knows.\n"
                       "Is it right, and to be remembered? (yes/no/the pin itself) ");
}

/* A whole line; false at the end, or when interrupted. */
static bool read_line(int tty, char *line, size_t size)
{
    size_t length = 0;
    char c = 0;
    while (read(tty, &c, 1) == 1 && c != '\n')
        if (length < size - 1)
            line[length++] = c;
    line[length] = '\0';
    return c == '\n';
}

/* Nothing but a whole yes, or the pin as the user has it from elsewhere, is one. */
static int read_answer(int tty, const char *pin)
{
    char line[80];
    while (read_line(tty, line, sizeof line)) {
        if (strcmp(line, "yes") == 0)
            return 1;
        if (strcmp(line, pin) == 0)
            return 2;
        if (strcmp(line, "no") == 0)
            return 0;
        (void)dprintf(tty, "%s: please type yes, no or the pin: ",
                      strncmp(line, "sha256//", 8) == 0 ? "That is another pin"
                                                        : "That is no answer");
    }
    return 0;
}

static int ask(void *arg, const struct anycert_report *report)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    (void)arg;
    if (tty < 0)
        return 0;
    print_question(tty, report);
    int answer = read_answer(tty, anycert_report_cert_pin(report, 0));
    (void)close(tty);
    return answer;
}

int cli_store_set(struct anycert_config *config, const struct cli_options *o,
                  const struct anycert_profile *profile, const struct cli_trust *trust,
                  struct anycert_error *err)
{
    struct anycert_trust_store *store = NULL;
    int status = 0;
    if (anycert_config_set_trust_ask(config, ask, NULL, err) != 0)
        return -1;
    if (!o->trust_store && (anycert_profile_value(profile, "trust_store") || !is_wanted(trust)))
        return 0;
    store = cli_store_open(o->trust_store, err);
    status = store ? anycert_config_set_trust_store(config, store, err) : -1;
    anycert_trust_store_free(store);
    return status;
}

const char *cli_store_words(const struct anycert_trust_entry *entry)
{
    static char text[2048];
    char date[CLI_DATE_SIZE];
    size_t used = 0;
    int n =
        snprintf(text, sizeof text, "%s", anycert_trust_kind_name(anycert_trust_entry_kind(entry)));
    for (size_t i = 0; n > 0 && i < anycert_trust_entry_pin_count(entry); i++) {
        used += (size_t)n;
        n = snprintf(text + used, sizeof text - used, "%s%s", i ? "," : " ",
                     anycert_trust_entry_pin(entry, i));
    }
    used += n > 0 ? (size_t)n : 0;
    cli_format_date(anycert_trust_entry_first_seen(entry), date);
    (void)snprintf(text + used, sizeof text - used, ", first seen %.10s (%s)", date,
                   anycert_trust_source_name(anycert_trust_entry_source(entry)));
    return text;
}

yyjson_mut_val *cli_store_json(yyjson_mut_doc *doc, const struct anycert_trust_entry *entry)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc), *pins = yyjson_mut_arr(doc);
    for (size_t i = 0; i < anycert_trust_entry_pin_count(entry); i++)
        yyjson_mut_arr_add_strcpy(doc, pins, anycert_trust_entry_pin(entry, i));
    yyjson_mut_obj_add_strcpy(doc, object, "host", anycert_trust_entry_host(entry));
    if (anycert_trust_entry_port(entry))
        yyjson_mut_obj_add_int(doc, object, "port", anycert_trust_entry_port(entry));
    else
        yyjson_mut_obj_add_null(doc, object, "port");
    yyjson_mut_obj_add_str(doc, object, "kind",
                           anycert_trust_kind_name(anycert_trust_entry_kind(entry)));
    yyjson_mut_obj_add_val(doc, object, "pins", pins);
    yyjson_mut_obj_add_sint(doc, object, "first_seen", anycert_trust_entry_first_seen(entry));
    yyjson_mut_obj_add_sint(doc, object, "changed", anycert_trust_entry_changed(entry));
    yyjson_mut_obj_add_str(doc, object, "source",
                           anycert_trust_source_name(anycert_trust_entry_source(entry)));
    yyjson_mut_obj_add_strcpy(doc, object, "comment", anycert_trust_entry_comment(entry));
    yyjson_mut_obj_add_uint(doc, object, "line", anycert_trust_entry_line(entry));
    return object;
}
