/* anycert policy list, explain, check. Nothing is sent. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yyjson.h>

#include "check_file.h"
#include "explain.h"
#include "message.h"
#include "passed_over.h"
#include "profile.h"
#include "retry.h"
#include "session.h"
#include "sources.h"

/* Prints and frees the document. */
static int print_json(yyjson_mut_doc *doc, struct anycert_error *err)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    if (text)
        (void)printf("%s\n", text);
    free(text);
    yyjson_mut_doc_free(doc);
    return text ? 0 : cli_error(err, ANYCERT_E_INTERNAL, "the answer cannot be written as JSON");
}

static yyjson_mut_doc *new_document(yyjson_mut_val **root)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, *root);
    return doc;
}

static int list(const struct cli_options *o, struct anycert_error *err)
{
    yyjson_mut_val *root;
    if (!o->json) {
        cli_list_text(stdout);
        return 0;
    }
    yyjson_mut_doc *doc = new_document(&root);
    cli_list_json(doc, root);
    return print_json(doc, err);
}

#define SOON ((int64_t)7 * 86400)

/* A policy as it was given, and what is in force of it now. */
struct now {
    char *text;
    struct anycert_policy *in_force;
    char *in_force_text;
    const char *left; /* what counts when its end has come */
    bool ended;
    int64_t until; /* 0: no end */
    int64_t time;
};

static int find_now(struct now *now, const struct anycert_policy *policy, struct anycert_error *err)
{
    *now = (struct now){.text = anycert_policy_format(policy, err), .time = (int64_t)time(NULL)};
    if (anycert_policy_until(policy, &now->until) != 1)
        now->until = 0;
    now->left = cli_left_of(policy);
    now->in_force = now->text ? anycert_policy_effective(policy, now->time, err) : NULL;
    now->in_force_text = now->in_force ? anycert_policy_format(now->in_force, err) : NULL;
    now->ended = now->in_force_text && !anycert_policy_equal(policy, now->in_force);
    return now->in_force_text ? 0 : -1;
}

static void free_now(struct now *now)
{
    anycert_free(now->text);
    anycert_free(now->in_force_text);
    anycert_policy_free(now->in_force);
}

/* Only what is in force is explained. */
static void print_now(const struct now *now)
{
    char date[CLI_DATE_SIZE] = "";
    cli_format_date(now->until, date);
    if (now->ended)
        (void)printf("ended: the last day of '%s' was %.10s; '%s' is in force now\n\n", now->text,
                     date, now->in_force_text);
    else if (now->until && now->until - now->time < SOON)
        (void)printf("ends soon: its last day is %.10s; from the day after, %s counts\n\n", date,
                     now->left);
    cli_explain_text(stdout, now->in_force);
}

static void add_now(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct now *now)
{
    yyjson_mut_obj_add_str(doc, root, "policy", now->text);
    yyjson_mut_obj_add_bool(doc, root, "ended", now->ended);
    yyjson_mut_obj_add_str(doc, root, "in_force", now->in_force_text);
    cli_explain_json(doc, root, now->in_force);
}

/* "nas.example hardened" is a line of a policy file, not a policy. */
static bool is_line_of_file(const char *text)
{
    const char *second = strchr(text, ' ');
    char rung[16] = "";
    if (!second)
        return false;
    size_t length = strcspn(second + 1, "+ ");
    if (length < sizeof rung)
        memcpy(rung, second + 1, length);
    return anycert_rung_find(rung) != NULL;
}

/* What a client that wants the policy would be told. */
struct outlook {
    bool available, forbidden, broken;
    struct anycert_error error;   /* code 0: it would be made */
    struct anycert_error ceiling; /* what is wrong with the machine's, if it is broken */
};

static struct outlook try(const struct cli_options *o, const struct anycert_policy *policy)
{
    struct outlook outlook = {0};
    struct cli_trial trial = {.store_path = o->trust_store};
    outlook.available = anycert_policy_available(policy, &outlook.error) == 0;
    if (outlook.available)
        cli_try_policy(&trial, policy, &outlook.error);
    outlook.forbidden = outlook.error.code == ANYCERT_E_POLICY_FORBIDDEN;
    cli_trial_end(&trial);
    outlook.broken = anycert_ceiling_inspect(NULL, &outlook.ceiling) != 0;
    return outlook;
}

static void print_outlook(const struct outlook *outlook)
{
    if (outlook->forbidden && !outlook->broken)
        (void)printf("forbidden: %s\n", outlook->error.message);
    else if (outlook->error.code && !outlook->forbidden)
        (void)printf("unusable here: %s\n", outlook->error.message);
    if (outlook->broken)
        (void)printf("ceiling: broken: %s; until the administrator has mended that, hardened is "
                     "all that can be used\n",
                     outlook->ceiling.message);
    else if (outlook->available && !outlook->forbidden)
        (void)printf("ceiling: nothing on this machine forbids it\n");
}

static void add_outlook(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct outlook *outlook)
{
    yyjson_mut_obj_add_bool(doc, root, "available", outlook->available);
    yyjson_mut_obj_add_bool(doc, root, "forbidden", outlook->forbidden);
    if (outlook->forbidden)
        yyjson_mut_obj_add_str(doc, root, "forbidden_by", outlook->error.message);
    else if (outlook->error.code)
        yyjson_mut_obj_add_str(doc, root, "note", outlook->error.message);
    if (outlook->broken)
        yyjson_mut_obj_add_str(doc, root, "ceiling_broken", outlook->ceiling.message);
}

static int check_policy(const struct cli_options *o, int *exit_code, struct anycert_error *err)
{
    struct now now = {0};
    struct anycert_policy *policy = anycert_policy_parse(o->url, err);
    int status = policy ? find_now(&now, policy, err) : -1;
    if (!policy && is_line_of_file(o->url))
        cli_error_append(err, "; a line with a host is checked in its file: anycert policy check "
                              "FILE");
    else if (!policy && strpbrk(o->url, " +") == NULL && *o->url != '\0')
        cli_error_append(err, ", and there is no file of that name");
    struct outlook outlook = {0};
    if (status == 0)
        outlook = try(o, policy);
    if (status == 0 && o->json) {
        yyjson_mut_val *root;
        yyjson_mut_doc *doc = new_document(&root);
        add_now(doc, root, &now);
        add_outlook(doc, root, &outlook);
        status = print_json(doc, err);
    } else if (status == 0) {
        (void)printf("%s\n\n", now.text);
        print_now(&now);
        if (!now.ended && cli_is_far(now.until, now.time))
            (void)printf("remark: %s\n", cli_far_text());
        print_outlook(&outlook);
    }
    /* As with a line of a file: what would not do what it says is to be mended. */
    if (status == 0 && (outlook.error.code || outlook.broken || now.ended))
        *exit_code = ANYCERT_CLASS_USAGE;
    free_now(&now);
    anycert_policy_free(policy);
    return status;
}

/* A ceiling: the machine's, or a draft of one. */
static int check_ceiling(const struct cli_options *o, int *exit_code, struct anycert_error *err)
{
    yyjson_mut_val *root;
    if (anycert_ceiling_inspect(o->url, err) != 0 && err->code != ANYCERT_E_POLICY_SYNTAX)
        return -1;
    *exit_code = err->code ? ANYCERT_CLASS_USAGE : 0;
    if (!o->json) {
        (void)printf(err->code ? "%s\n%s: a ceiling, to be mended\n" : "%s%s: a ceiling, fine\n",
                     err->message, o->url);
        return 0;
    }
    yyjson_mut_doc *doc = new_document(&root);
    yyjson_mut_obj_add_str(doc, root, "ceiling", o->url);
    yyjson_mut_obj_add_bool(doc, root, "fine", err->code == 0);
    if (err->code)
        yyjson_mut_obj_add_strcpy(doc, root, "error", err->message);
    return print_json(doc, err);
}

static int check(const struct cli_options *o, int *exit_code, struct anycert_error *err)
{
    bool found = false;
    if (cli_is_ceiling(o->url))
        return check_ceiling(o, exit_code, err);
    if (!cli_is_policy_file(o->url))
        return check_policy(o, exit_code, err);
    if (cli_check_file(o, &found, err) != 0)
        return -1;
    *exit_code = found ? ANYCERT_CLASS_USAGE : 0;
    return 0;
}

/* What stands for a URL: how it is reached, its policy, and where that comes from. */
struct explanation {
    char *plan;
    struct anycert_policy *policy;
    const char *line;   /* of its entry in the policy file, or NULL */
    const char *source; /* this, or what else says it */
    const char *anchors;
    struct cli_values values;
    struct now now;
    struct cli_passed_over passed;
};

/* Anchors of its own, or those of the client. */
static const char *anchors_source(const struct cli_trust *trust, const char *source)
{
    const struct anycert_policy_entry *entry = NULL;
    bool own = false;
    while ((entry = anycert_policy_file_next(trust->file, entry)) != NULL)
        if (strcmp(anycert_policy_entry_source(entry), source) == 0)
            break;
    char *text = entry ? anycert_policy_format(anycert_policy_entry_policy(entry), NULL) : NULL;
    own = text && strstr(text, " ca=");
    anycert_free(text);
    return own ? source : trust->anchors_source;
}

static void print_values(const struct cli_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        (void)printf("  %-12s %s  (%s)\n", values->list[i].name, values->list[i].value,
                     values->list[i].source);
}

static void add_values(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct cli_values *values)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    yyjson_mut_obj_add_val(doc, root, "values", list);
    for (size_t i = 0; i < values->count; i++) {
        yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, list);
        yyjson_mut_obj_add_str(doc, value, "name", values->list[i].name);
        yyjson_mut_obj_add_str(doc, value, "value", values->list[i].value);
        yyjson_mut_obj_add_str(doc, value, "source", values->list[i].source);
    }
}

static void print_passed_over(const struct cli_passed_over *passed)
{
    if (passed->line)
        (void)printf("not used: %s, as %s\n", passed->line, passed->why);
    else if (passed->absent[0] != '\0')
        (void)printf("policy file: %s\n", passed->absent);
}

static void add_passed_over(yyjson_mut_doc *doc, yyjson_mut_val *root,
                            const struct cli_passed_over *passed)
{
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "not_used");
    if (!passed->line)
        return;
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, list);
    yyjson_mut_obj_add_str(doc, object, "line", passed->line);
    yyjson_mut_obj_add_str(doc, object, "why", passed->why);
}

/* To what is not protected no policy applies, however good it is. */
static bool is_protected(const struct explanation *e)
{
    return strncmp(e->plan, "origin   https:", strlen("origin   https:")) == 0;
}

static void print_settings(const struct cli_options *o, const struct cli_session *session)
{
    if (!o->profile)
        return;
    (void)printf("\nsettings of %s:\n", o->profile);
    cli_profile_print(stdout, yyjson_mut_doc_get_root(session->settings));
}

static int print_explanation(const struct cli_options *o, const struct cli_session *session,
                             const struct explanation *e, struct anycert_error *err)
{
    const struct cli_trust *trust = &session->trust;
    bool environment = e->anchors == trust->anchors_source && trust->environment;
    yyjson_mut_val *root;
    if (!o->json) {
        (void)printf("%s", e->plan);
        if (is_protected(e)) {
            (void)printf("\npolicy from: %s\nanchors from: %s%s\n", e->source, e->anchors,
                         environment ? " (environment)" : "");
            print_values(&e->values);
            print_passed_over(&e->passed);
        }
        print_settings(o, session);
        if (is_protected(e)) {
            (void)printf("\n");
            print_now(&e->now);
        }
        return 0;
    }
    yyjson_mut_doc *doc = new_document(&root);
    yyjson_mut_obj_add_bool(doc, root, "protected", is_protected(e));
    if (is_protected(e)) {
        yyjson_mut_obj_add_str(doc, root, "policy_source", e->source);
        yyjson_mut_obj_add_str(doc, root, "anchors_source", e->anchors);
        add_values(doc, root, &e->values);
        add_passed_over(doc, root, &e->passed);
    }
    yyjson_mut_obj_add_str(doc, root, "plan", e->plan);
    yyjson_mut_obj_add_val(
        doc, root, "settings",
        yyjson_mut_val_mut_copy(doc, yyjson_mut_doc_get_root(session->settings)));
    if (is_protected(e)) {
        add_now(doc, root, &e->now);
        yyjson_mut_obj_add_bool(doc, root, "available", true);
    }
    return print_json(doc, err);
}

static int explain(const struct cli_options *o, struct anycert_error *err)
{
    struct cli_session session = {0};
    struct explanation e = {0};
    int status = -1;
    struct cli_codes codes;
    if (o->ok_codes && cli_codes_parse(&codes, o->ok_codes, "--ok-codes", err) != 0)
        return -1;
    if (cli_session_open(&session, o, err) == 0) {
        const char *base = anycert_profile_value(session.profile, "url");
        bool own = o->url && (cli_is_absolute(o->url) || !base);
        const char *url = own ? o->url : base;
        e.plan = anycert_client_explain(session.client, url, err);
        e.policy = e.plan ? anycert_client_policy(session.client, url, &e.line, err) : NULL;
        e.source = e.line ? e.line : session.trust.policy_source;
        e.anchors = anchors_source(&session.trust, e.source);
        e.passed = cli_passed_over_find(&session.trust, o, e.plan);
    }
    if (e.policy && find_now(&e.now, e.policy, err) == 0 &&
        cli_values_find(&e.values, e.now.text, e.line, e.anchors, &session.trust, o, err) == 0)
        status = print_explanation(o, &session, &e, err);
    cli_values_free(&e.values);
    free_now(&e.now);
    anycert_policy_free(e.policy);
    anycert_free(e.plan);
    cli_session_close(&session);
    return status;
}

/* --json means --format json, as it does for anycert lab. */
static void translate_json(int argc, char **argv)
{
    static char format[] = "--format=json";
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            argv[i] = format;
}

/* The data of a request, as --json of the others takes it. */
static bool has_json_data(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0 && *argv[i + 1] != '\0' && strchr("{[@\"", *argv[i + 1]))
            return true;
    return false;
}

int cmd_policy(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct anycert_error err = {0};
    int exit_code = 0;
    if (command->bit == CLI_EXPLAIN && has_json_data(argc, argv)) {
        cli_error(&err, ANYCERT_E_USAGE,
                  "--json means --format json here, and takes no value; leave the data of the "
                  "request out");
        cli_print_error(false, &err, NULL);
        return ANYCERT_CLASS_USAGE;
    }
    translate_json(argc, argv);
    if (cli_begin(&options, command, argc, argv, &exit_code) == 0) {
        int status = command->bit == CLI_LIST    ? list(&options, &err)
                     : command->bit == CLI_CHECK ? check(&options, &exit_code, &err)
                                                 : explain(&options, &err);
        if (status != 0) {
            cli_print_error(options.json, &err, NULL);
            exit_code = anycert_error_class_of(err.code);
        }
    }
    cli_options_free(&options);
    return exit_code;
}
