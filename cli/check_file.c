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

#include "text.h"

#define DAY  86400
#define SOON (7 * (int64_t)DAY)

/* One entry, and what is the matter with it. */
struct finding {
    const struct anycert_policy_entry *entry;
    enum anycert_policy_flaw flaw;
    struct anycert_error error; /* why no client can be made under its policy; code 0: one can */
    int64_t until;              /* 0: no end */
    bool soon;                  /* that is near */
};

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

void cli_try_policy(const struct anycert_policy *policy, struct anycert_error *error)
{
    struct anycert_config *config = anycert_config_new(error);
    struct anycert_client *client = NULL;
    if (config && anycert_config_set_policy(config, policy, error) == 0)
        client = anycert_client_new(config, error);
    anycert_client_free(client);
    anycert_config_free(config);
}

static void look(struct finding *finding, const struct anycert_policy_file *file, int64_t now)
{
    const struct anycert_policy *policy = anycert_policy_entry_policy(finding->entry);
    int64_t until = 0;
    finding->flaw = anycert_policy_file_flaw(file, finding->entry, now);
    if (anycert_policy_until(policy, &until)) {
        finding->until = until;
        finding->soon = finding->flaw != ANYCERT_FLAW_ENDED && until - now < SOON;
    }
    cli_try_policy(policy, &finding->error);
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
               "another "
               "day";
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
    if (!finding->soon)
        return;
    cli_format_date(finding->until, date);
    (void)printf("%s: %s ends soon, on %.10s\n", source, hosts, date);
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

int cli_check_file(const char *path, bool json, bool *found, struct anycert_error *err)
{
    struct anycert_policy_file *file = anycert_policy_file_load(path, err);
    const struct anycert_policy_entry *entry = NULL;
    int64_t now = (int64_t)time(NULL);
    size_t count = 0, bad = 0;
    int status = 0;
    if (!file)
        return -1;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *entries = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "file", path);
    yyjson_mut_obj_add_val(doc, root, "entries", entries);
    while ((entry = anycert_policy_file_next(file, entry)) != NULL) {
        struct finding finding = {.entry = entry};
        look(&finding, file, now);
        count++;
        bad += is_bad(&finding);
        if (json)
            add_json(doc, entries, &finding);
        else
            print_text(&finding);
    }
    *found = bad > 0;
    yyjson_mut_obj_add_bool(doc, root, "fine", bad == 0);
    if (json)
        status = print_json(doc, err);
    else
        (void)printf("%s: %zu %s, %zu to be mended\n", path, count,
                     count == 1 ? "entry" : "entries", bad);
    yyjson_mut_doc_free(doc);
    anycert_policy_file_free(file);
    return status;
}
