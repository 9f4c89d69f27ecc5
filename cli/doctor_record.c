#include "doctor_record.h"

#include <stdio.h>
#include <string.h>

#include <yyjson.h>

#include "text.h"

#define SHOWN_MAX 256
#define NAMED_MAX 4

/* What is in front of an @ and behind a ? may be a secret; what is not ASCII may be anything. */
static void show_target(const char *target, char out[SHOWN_MAX])
{
    const char *at = strrchr(target, '@');
    const char *shown = at ? at + 1 : target;
    size_t len = strcspn(shown, "?#");
    if (len >= SHOWN_MAX)
        len = SHOWN_MAX - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(shown[i] < ' ' || shown[i] > '~' ? '?' : shown[i]);
    out[len] = '\0';
}

char *cli_doctor_record(const struct cli_target *target, const struct anycert_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *error = yyjson_mut_obj(doc);
    const char *name = anycert_error_name(err->code);
    char shown[SHOWN_MAX];
    char *text = NULL;
    show_target(target->text, shown);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_int(doc, root, "schema", 1);
    yyjson_mut_obj_add_strcpy(doc, root, "target", shown);
    if (target->line > 0)
        yyjson_mut_obj_add_uint(doc, root, "line", target->line);
    if (yyjson_mut_obj_add_val(doc, root, "error", error) &&
        yyjson_mut_obj_add_str(doc, error, "code", name ? name : "INTERNAL") &&
        yyjson_mut_obj_add_int(doc, error, "exit_code", anycert_error_class_of(err->code)) &&
        yyjson_mut_obj_add_strcpy(doc, error, "message", err->message))
        text = yyjson_mut_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, NULL);
    yyjson_mut_doc_free(doc);
    return text;
}

void cli_doctor_interrupted(const struct cli_targets *targets, const size_t *left, size_t count,
                            struct anycert_error *err)
{
    char names[NAMED_MAX * (SHOWN_MAX + 2)] = "", more[32] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
        char shown[SHOWN_MAX];
        show_target(targets->items[left[i]].text, shown);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.64s", i > 0 ? ", " : "",
                                 *shown ? shown : "(no target)");
    }
    if (count > NAMED_MAX)
        (void)snprintf(more, sizeof more, " and %zu more", count - NAMED_MAX);
    (void)cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted; not examined: %s%s", names, more);
}
