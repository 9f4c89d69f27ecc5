/* What --apply is given, and whether it fits together. */
#include "doctor_apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <anycert/policy.h>

#include "doctor_entry.h"
#include "text.h"

/* An entry's anchors are found from the folder of its file, the command line's from here. */
static int make_absolute(struct cli_list *paths, struct anycert_error *err)
{
    for (size_t i = 0; i < paths->count; i++) {
        char *path = realpath(paths->items[i], NULL);
        char *copy = path ? cli_copy(path, err) : NULL;
        free(path);
        if (path && !copy)
            return -1;
        if (!copy)
            continue; /* who reads it says what is wrong */
        free(paths->items[i]);
        paths->items[i] = copy;
    }
    return 0;
}

/* One of the anchors of a policy, which are "system" or paths. */
static int add_anchor(struct cli_bytes *out, char *word, struct anycert_error *err)
{
    char *path = strcmp(word, "system") != 0 ? realpath(word, NULL) : NULL;
    int status = (out->len > 0 && cli_bytes_add_text(out, ",", err) != 0) ||
                         cli_bytes_add_text(out, path ? path : word, err) != 0
                     ? -1
                     : 0;
    free(path);
    return status;
}

/* The same for those in the text of a policy. What is wrong with it is said by who reads it. */
static int make_policy_absolute(char **text, struct anycert_error *err)
{
    struct anycert_policy *policy = *text ? anycert_policy_parse(*text, NULL) : NULL;
    struct cli_bytes joined = {0};
    char *value = NULL, *rest = NULL, *made = NULL;
    int status = 0;
    if (policy && anycert_policy_get(policy, "ca", &value, NULL) == 1) {
        for (char *word = strtok_r(value, ",", &rest); word && status == 0;
             word = strtok_r(NULL, ",", &rest))
            status = add_anchor(&joined, word, err);
        if (status != 0 || !joined.data ||
            anycert_policy_set(policy, "ca", joined.data, err) != 0 ||
            (made = anycert_policy_format(policy, err)) == NULL)
            status = -1;
    }
    if (made) {
        char *copy = cli_copy(made, err);
        status = copy ? 0 : -1;
        if (copy) {
            cli_wipe_free(*text);
            *text = copy;
        }
    }
    cli_bytes_free(&joined);
    anycert_free(made);
    anycert_free(value);
    anycert_policy_free(policy);
    return status;
}

int cli_apply_add_pins(struct cli_list *pins, const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    int status = policy && anycert_policy_set(policy, "pin", text, err) == 0
                     ? cli_list_add(pins, text, err)
                     : -1;
    anycert_policy_free(policy);
    return status;
}

static int take_pins(struct cli_apply *apply, struct anycert_error *err)
{
    struct cli_list given = apply->pins;
    int status = 0;
    apply->pins = (struct cli_list){0};
    for (size_t i = 0; i < given.count && status == 0; i++)
        status = cli_apply_add_pins(&apply->pins, given.items[i], err);
    cli_list_free(&given);
    if (status == 0)
        return 0;
    cli_error_strip(err, "pin");
    return cli_error_context(err, "--pin: ");
}

/* Nothing is examined for an entry that would not count. */
static int check_until(const char *day, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse("hardened+expired", err);
    struct anycert_error why = {0};
    int64_t last = 0;
    int status = policy ? 0 : -1;
    if (policy && anycert_policy_set(policy, "until", day, &why) != 0)
        status = cli_error(err, ANYCERT_E_USAGE,
                           "--until: '%.40s' is no day as YYYY-MM-DD: the last (UTC) on which the "
                           "entry counts",
                           day);
    else if (policy && anycert_policy_until(policy, &last) && last < (int64_t)time(NULL))
        status =
            cli_error(err, ANYCERT_E_USAGE,
                      "--until: the last day is over with %.40s: the entry would not count", day);
    anycert_policy_free(policy);
    return status;
}

int cli_apply_take(struct cli_apply *apply, struct cli_options *options, struct anycert_error *err)
{
    *apply = (struct cli_apply){.wanted = options->apply,
                                .yes = options->yes,
                                .replace = options->replace,
                                .file = options->policy_file,
                                .reason = options->reason,
                                .until = options->until,
                                .pins = options->pin};
    options->policy_file = options->reason = options->until = NULL;
    options->pin = (struct cli_list){0};
    if (!apply->wanted && (apply->yes || apply->replace || apply->file || apply->reason ||
                           apply->until || apply->pins.count > 0))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--policy-file, --pin, --until, --reason, --replace and --yes belong to "
                         "--apply");
    if (!apply->wanted)
        return 0;
    if (!apply->file)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply needs --policy-file FILE: the file that gets the entry");
    if (options->replay)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply writes what a server confirms now; leave --replay out");
    if (options->intermediate.count > 0 || options->fetch_intermediate)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply: a policy file has no place for an intermediate certificate; "
                         "leave --intermediate and --fetch-intermediate out for an entry with the "
                         "server's key, or give the certificate to each request");
    if ((apply->until && check_until(apply->until, err) != 0) || take_pins(apply, err) != 0 ||
        cli_entry_given(options, &apply->given, err) != 0 ||
        make_policy_absolute(&options->proxy_trust, err) != 0)
        return -1;
    apply->way = cli_entry_way(options);
    apply->proxy_trust = options->proxy_trust ? cli_copy(options->proxy_trust, err) : NULL;
    if (options->proxy_trust && !apply->proxy_trust)
        return -1;
    return make_absolute(&options->cacert, err) != 0 || make_absolute(&options->ca_add, err) != 0
               ? -1
               : 0;
}

void cli_apply_free(struct cli_apply *apply)
{
    free(apply->file);
    free(apply->reason);
    free(apply->until);
    cli_list_free(&apply->pins);
    cli_bytes_free(&apply->given);
    cli_wipe_free(apply->way);
    cli_wipe_free(apply->proxy_trust);
}
