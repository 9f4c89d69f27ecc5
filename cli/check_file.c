#include "check_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <anycert/client.h>
#include <anycert/policy_file.h>

#include <yyjson.h>

#include "explain.h"
#include "store.h"
#include "text.h"

#define DAY     86400
#define SOON    (7 * (int64_t)DAY)
#define FAR_END (2 * 366 * (int64_t)DAY)

/* What is not wrong, but should be known. */
enum remark { NOBODY, WIDE, ENDLESS, FAR, REMARKS };
static const struct {
    const char *name, *text;
} remarks[REMARKS] = {
    [NOBODY] = {"unauthenticated",
                "leaves nobody authenticated: whoever can answer for the host can read and change "
                "everything; anycert doctor says whether less would do"},
    [WIDE] = {"wide", "covers the hosts of many owners: name those that need it"},
    [ENDLESS] = {"endless",
                 "gives something up and has no end: add until=YYYY-MM-DD, so that somebody looks "
                 "again"},
    [FAR] = {"far", "ends in more than two years: choose an earlier day, so that somebody looks "
                    "again"},
};

/* One entry, and what is the matter with it. */
struct finding {
    const struct anycert_policy_entry *entry;
    enum anycert_policy_flaw flaw;
    struct anycert_error error; /* why no client can be made under its policy; code 0: one can */
    int64_t until;              /* 0: no end */
    bool soon;                  /* that is near */
    bool remarks[REMARKS];
};

/* A line that is not understood. */
struct fault {
    size_t line;
    char *text;
};

/* What is looked at, and what was found. */
struct check {
    struct anycert_policy_file *file;
    struct cli_trial trial;
    struct fault *faults;
    size_t fault_count, entries, bad, remarks;
    struct anycert_error error; /* of gathering faults */
    yyjson_mut_doc *doc;        /* NULL: text */
    yyjson_mut_val *list, *fault_list;
};

bool cli_is_ceiling(const char *text)
{
    const char *slash = strrchr(text, '/');
    return strcmp(text, anycert_ceiling_path()) == 0 || (slash && strcmp(slash, "/ceiling") == 0);
}

bool cli_is_far(int64_t until, int64_t now)
{
    return until != 0 && until - now > FAR_END;
}

const char *cli_far_text(void)
{
    return remarks[FAR].text;
}

bool cli_is_policy_file(const char *text)
{
    size_t length = strcspn(text, "+ ");
    char rung[16] = "";
    if (length < sizeof rung)
        memcpy(rung, text, length);
    if (anycert_rung_find(rung))
        return false;
    return strchr(text, '/') || (strchr(text, '.') && text[length] == '\0') ||
           access(text, F_OK) == 0;
}

static bool looks_into_store(const struct anycert_policy *policy)
{
    char *target = NULL;
    bool looks =
        strcmp(anycert_policy_rung(policy), "tofu") == 0 ||
        (anycert_policy_get(policy, "for", &target, NULL) == 1 && strncmp(target, "tofu", 4) == 0);
    anycert_free(target);
    return looks;
}

/* The store is opened once, and only where a policy needs it. */
static int set_store(struct cli_trial *trial, struct anycert_config *config,
                     const struct anycert_policy *policy, struct anycert_error *error)
{
    if (!looks_into_store(policy))
        return 0;
    if (!trial->store)
        trial->store = cli_store_open(trial->store_path, error);
    return trial->store ? anycert_config_set_trust_store(config, trial->store, error) : -1;
}

void cli_try_policy(struct cli_trial *trial, const struct anycert_policy *policy,
                    struct anycert_error *error)
{
    struct anycert_config *config = anycert_config_new(error);
    struct anycert_client *client = NULL;
    if (config && anycert_config_set_policy(config, policy, error) == 0) {
        /* What the administrator says is said of policies whose store cannot be read, too. */
        struct anycert_error refusal = {0};
        bool stored = set_store(trial, config, policy, error) == 0;
        client = anycert_client_new(config, &refusal);
        if (stored || refusal.code == ANYCERT_E_POLICY_FORBIDDEN)
            *error = refusal;
    }
    anycert_client_free(client);
    anycert_config_free(config);
}

void cli_trial_end(struct cli_trial *trial)
{
    anycert_trust_store_free(trial->store);
    trial->store = NULL;
}

/* What a policy gives up, however long. The first contact of tofu is no matter of time, and for
 * what comes behind it there is the key. */
static void weigh(const struct anycert_policy *policy, bool *gives_up, bool *nobody)
{
    bool tofu = strcmp(anycert_policy_rung(policy), "tofu") == 0;
    *nobody = !tofu && !anycert_policy_authenticates(policy);
    *gives_up = *nobody;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        bool has = anycert_policy_relaxes(policy, r) == 1;
        *gives_up = *gives_up || has;
        *nobody = *nobody || (tofu && has && !anycert_relaxation_authenticates(r));
    }
}

static void look(struct finding *finding, struct check *check, int64_t now)
{
    const struct anycert_policy *policy = anycert_policy_entry_policy(finding->entry);
    int64_t until = 0;
    bool ends = anycert_policy_until(policy, &until) == 1, gives_up = false;
    finding->flaw = anycert_policy_file_flaw(check->file, finding->entry, now);
    cli_try_policy(&check->trial, policy, &finding->error);
    finding->until = until;
    if (finding->flaw == ANYCERT_FLAW_ENDED)
        return;
    weigh(policy, &gives_up, &finding->remarks[NOBODY]);
    finding->soon = ends && until - now < SOON;
    finding->remarks[WIDE] = gives_up && anycert_policy_entry_is_wide(finding->entry);
    finding->remarks[ENDLESS] = !ends && gives_up;
    finding->remarks[FAR] = ends && cli_is_far(until, now);
}

static bool is_bad(const struct finding *finding)
{
    return finding->flaw != ANYCERT_FLAW_NONE || finding->error.code != 0;
}

static const char *flaw_name(enum anycert_policy_flaw flaw)
{
    switch (flaw) {
    case ANYCERT_FLAW_NONE:
        break;
    case ANYCERT_FLAW_ENDED:
        return "ended";
    case ANYCERT_FLAW_SHADOWED:
        return "unused";
    case ANYCERT_FLAW_SAME:
        return "needless";
    }
    return NULL;
}

static const char *flaw_text(enum anycert_policy_flaw flaw)
{
    switch (flaw) {
    case ANYCERT_FLAW_NONE:
        break;
    case ANYCERT_FLAW_ENDED:
        return "has ended, and its hosts are held to hardened: take the line out, or choose "
               "another day";
    case ANYCERT_FLAW_SHADOWED:
        return "is never used: more specific lines have all of its hosts";
    case ANYCERT_FLAW_SAME:
        return "changes nothing: without the line its hosts have the same policy";
    }
    return "";
}

static void print_text(const struct finding *finding)
{
    const char *source = anycert_policy_entry_source(finding->entry);
    const char *hosts = anycert_policy_entry_hosts(finding->entry);
    char date[CLI_DATE_SIZE];
    if (finding->error.code)
        (void)printf("%s: %s: %s\n", source, hosts, finding->error.message);
    if (finding->flaw != ANYCERT_FLAW_NONE)
        (void)printf("%s: %s %s\n", source, hosts, flaw_text(finding->flaw));
    for (size_t i = 0; i < REMARKS; i++)
        if (finding->remarks[i])
            (void)printf("%s: remark: %s %s\n", source, hosts, remarks[i].text);
    if (!finding->soon)
        return;
    cli_format_date(finding->until, date);
    (void)printf("%s: remark: %s ends soon: its last day is %.10s; from the day after, %s counts\n",
                 source, hosts, date, cli_left_of(anycert_policy_entry_policy(finding->entry)));
}

static void add_json(yyjson_mut_doc *doc, yyjson_mut_val *entries, const struct finding *finding)
{
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(doc, entries);
    char *policy = anycert_policy_format(anycert_policy_entry_policy(finding->entry), NULL);
    yyjson_mut_obj_add_uint(doc, object, "line", anycert_policy_entry_line(finding->entry));
    yyjson_mut_obj_add_str(doc, object, "hosts", anycert_policy_entry_hosts(finding->entry));
    yyjson_mut_obj_add_strcpy(doc, object, "policy", policy ? policy : "");
    if (flaw_name(finding->flaw))
        yyjson_mut_obj_add_str(doc, object, "flaw", flaw_name(finding->flaw));
    else
        yyjson_mut_obj_add_null(doc, object, "flaw");
    yyjson_mut_obj_add_bool(doc, object, "ends_soon", finding->soon);
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    for (size_t i = 0; i < REMARKS; i++)
        if (finding->remarks[i])
            yyjson_mut_arr_add_str(doc, list, remarks[i].name);
    yyjson_mut_obj_add_val(doc, object, "remarks", list);
    if (finding->error.code)
        yyjson_mut_obj_add_strcpy(doc, object, "error", finding->error.message);
    anycert_free(policy);
}

static int print_json(yyjson_mut_doc *doc, struct anycert_error *err)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    if (text)
        (void)printf("%s\n", text);
    free(text);
    return text ? 0 : cli_error(err, ANYCERT_E_INTERNAL, "the answer cannot be written as JSON");
}

/* ---- lines that are not understood */

static void keep_fault(void *arg, size_t line, const struct anycert_error *fault)
{
    struct check *check = arg;
    struct fault *faults = realloc(check->faults, (check->fault_count + 1) * sizeof *faults);
    if (!faults) {
        cli_no_memory(&check->error);
        return;
    }
    check->faults = faults;
    char *text = cli_copy(fault->message, &check->error);
    if (text)
        faults[check->fault_count++] = (struct fault){line, text};
}

static int compare_faults(const void *a, const void *b)
{
    const struct fault *one = a, *other = b;
    return one->line < other->line ? -1 : one->line > other->line;
}

static void tell_fault(struct check *check, const struct fault *fault)
{
    check->entries++;
    check->bad++;
    if (!check->doc) {
        (void)printf("%s\n", fault->text);
        return;
    }
    yyjson_mut_val *object = yyjson_mut_arr_add_obj(check->doc, check->fault_list);
    yyjson_mut_obj_add_uint(check->doc, object, "line", fault->line);
    yyjson_mut_obj_add_str(check->doc, object, "error", fault->text);
}

static void tell_entry(struct check *check, const struct anycert_policy_entry *entry, int64_t now)
{
    struct finding finding = {.entry = entry};
    look(&finding, check, now);
    check->entries++;
    check->bad += is_bad(&finding);
    check->remarks += finding.soon;
    for (size_t i = 0; i < REMARKS; i++)
        check->remarks += finding.remarks[i];
    if (check->doc)
        add_json(check->doc, check->list, &finding);
    else
        print_text(&finding);
}

/* Entries and faults, by their lines; an entry that stands in the file twice is a fault. */
static void tell_all(struct check *check)
{
    const struct anycert_policy_entry *entry = NULL;
    int64_t now = (int64_t)time(NULL);
    size_t fault = 0;
    if (check->fault_count > 0)
        qsort(check->faults, check->fault_count, sizeof *check->faults, compare_faults);
    while ((entry = anycert_policy_file_next(check->file, entry)) != NULL) {
        size_t line = anycert_policy_entry_line(entry);
        bool told = false;
        for (; fault < check->fault_count && check->faults[fault].line <= line; fault++) {
            told = check->faults[fault].line == line;
            tell_fault(check, &check->faults[fault]);
        }
        if (!told)
            tell_entry(check, entry, now);
    }
    while (fault < check->fault_count)
        tell_fault(check, &check->faults[fault++]);
}

static int check_json(struct check *check, const char *path, struct anycert_error *err)
{
    yyjson_mut_doc *doc = check->doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    check->list = yyjson_mut_arr(doc);
    check->fault_list = yyjson_mut_arr(doc);
    yyjson_mut_obj_add_str(doc, root, "file", path);
    yyjson_mut_obj_add_val(doc, root, "entries", check->list);
    yyjson_mut_obj_add_val(doc, root, "not_understood", check->fault_list);
    tell_all(check);
    yyjson_mut_obj_add_bool(doc, root, "fine", check->bad == 0);
    int status = print_json(doc, err);
    yyjson_mut_doc_free(doc);
    return status;
}

static void check_text(struct check *check, const char *path)
{
    tell_all(check);
    (void)printf("%s: %zu %s, %zu to be mended", path, check->entries,
                 check->entries == 1 ? "entry" : "entries", check->bad);
    if (check->remarks > 0)
        (void)printf(", %zu %s", check->remarks, check->remarks == 1 ? "remark" : "remarks");
    (void)printf("\n");
}

int cli_check_file(const struct cli_options *o, bool *found, struct anycert_error *err)
{
    struct check check = {.trial.store_path = o->trust_store};
    int status = -1;
    check.file = anycert_policy_file_inspect(o->url, keep_fault, &check, err);
    if (check.file && check.error.code != 0)
        *err = check.error;
    else if (check.file && o->json)
        status = check_json(&check, o->url, err);
    else if (check.file) {
        check_text(&check, o->url);
        status = 0;
    }
    *found = check.bad > 0;
    for (size_t i = 0; i < check.fault_count; i++)
        free(check.faults[i].text);
    free(check.faults);
    cli_trial_end(&check.trial);
    anycert_policy_file_free(check.file);
    return status;
}
