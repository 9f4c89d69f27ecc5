#include "explain.h"

#include <stdbool.h>
#include <string.h>

/* Whether canonical text has "+name" in its first word. */
static bool has_relaxation(const char *text, const char *name)
{
    size_t length = strlen(name);
    const char *end = text + strcspn(text, " ");
    for (const char *p = text; p < end; p++)
        if (*p == '+' && strncmp(p + 1, name, length) == 0 &&
            (p + 1 + length == end || p[1 + length] == '+'))
            return true;
    return false;
}

static const char *const cheaper[] = {
    ("--cacert FILE: trust the server's own CA, or its self-signed certificate, and check "
     "everything"),
    "--intermediate FILE: where the server forgets to send its intermediate certificate",
    ("--expect-name NAME: where the certificate names another host, and you know that it is this "
     "server's"),
    ("--trust 'pinned pin=PIN': accept one key alone, once you have compared it; anycert trust "
     "show "
     "prints it"),
    "--allow RELAXATION --until DATE: give up only the check that fails, and only for a time",
};
#define CHEAPER_COUNT (sizeof cheaper / sizeof *cheaper)

static bool is_cheaper_wanted(const struct anycert_policy *policy)
{
    return !anycert_policy_authenticates(policy);
}

void cli_explain_text(FILE *out, const struct anycert_policy *policy)
{
    const struct anycert_rung *rung = anycert_rung_find(anycert_policy_rung(policy));
    char *text = anycert_policy_format(policy, NULL);
    if (rung)
        (void)fprintf(out, "%s: %s\n  gives up: %s\n", anycert_rung_name(rung),
                      anycert_rung_meaning(rung), anycert_rung_gives_up(rung));
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r && text;
         r = anycert_relaxation_next(r)) {
        if (!has_relaxation(text, anycert_relaxation_name(r)))
            continue;
        (void)fprintf(out, "%s\n  lets through: %s\n  danger: %s\n  better: %s\n",
                      anycert_relaxation_name(r), anycert_relaxation_allows(r),
                      anycert_relaxation_danger(r), anycert_relaxation_fix(r));
    }
    (void)fprintf(out, "peer authenticated: %s\n",
                  anycert_policy_authenticates(policy) ? "yes" : "no");
    if (is_cheaper_wanted(policy)) {
        (void)fprintf(out, "less would do, perhaps:\n");
        for (size_t i = 0; i < CHEAPER_COUNT; i++)
            (void)fprintf(out, "  %s\n", cheaper[i]);
    }
    anycert_free(text);
}

static yyjson_mut_val *relaxation_json(yyjson_mut_doc *doc, const struct anycert_relaxation *r)
{
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_str(doc, object, "name", anycert_relaxation_name(r));
    yyjson_mut_obj_add_int(doc, object, "id", anycert_relaxation_id(r));
    yyjson_mut_obj_add_str(doc, object, "lets_through", anycert_relaxation_allows(r));
    yyjson_mut_obj_add_str(doc, object, "danger", anycert_relaxation_danger(r));
    yyjson_mut_obj_add_str(doc, object, "better", anycert_relaxation_fix(r));
    yyjson_mut_obj_add_bool(doc, object, "authenticates", anycert_relaxation_authenticates(r) != 0);
    yyjson_mut_obj_add_bool(doc, object, "available", anycert_relaxation_is_available(r) != 0);
    return object;
}

void cli_explain_json(yyjson_mut_doc *doc, yyjson_mut_val *object,
                      const struct anycert_policy *policy, const char *text)
{
    const struct anycert_rung *rung = anycert_rung_find(anycert_policy_rung(policy));
    yyjson_mut_val *relaxations = yyjson_mut_arr(doc), *better = yyjson_mut_arr(doc);
    yyjson_mut_obj_add_str(doc, object, "rung", anycert_policy_rung(policy));
    yyjson_mut_obj_add_str(doc, object, "gives_up", rung ? anycert_rung_gives_up(rung) : "");
    yyjson_mut_obj_add_bool(doc, object, "authenticates",
                            anycert_policy_authenticates(policy) != 0);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        if (has_relaxation(text, anycert_relaxation_name(r)))
            yyjson_mut_arr_append(relaxations, relaxation_json(doc, r));
    yyjson_mut_obj_add_val(doc, object, "relaxations", relaxations);
    for (size_t i = 0; i < CHEAPER_COUNT && is_cheaper_wanted(policy); i++)
        yyjson_mut_arr_add_str(doc, better, cheaper[i]);
    yyjson_mut_obj_add_val(doc, object, "cheaper", better);
}

void cli_list_text(FILE *out)
{
    (void)fprintf(out, "rungs, from the strictest to the weakest:\n");
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r; r = anycert_rung_next(r))
        (void)fprintf(out, "  %-21s %s%s\n  %-21s gives up: %s\n", anycert_rung_name(r),
                      anycert_rung_meaning(r),
                      anycert_rung_is_available(r) ? "" : " (not available in this version)", "",
                      anycert_rung_gives_up(r));
    (void)fprintf(out, "\nrelaxations (* the peer is no longer authenticated;"
                       " - not available in this version):\n");
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        (void)fprintf(out, "%c%c%-21s %s\n", anycert_relaxation_authenticates(r) ? ' ' : '*',
                      anycert_relaxation_is_available(r) ? ' ' : '-', anycert_relaxation_name(r),
                      anycert_relaxation_allows(r));
}

void cli_list_json(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    yyjson_mut_val *rungs = yyjson_mut_arr(doc), *relaxations = yyjson_mut_arr(doc);
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r; r = anycert_rung_next(r)) {
        yyjson_mut_val *rung = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_str(doc, rung, "name", anycert_rung_name(r));
        yyjson_mut_obj_add_int(doc, rung, "id", anycert_rung_id(r));
        yyjson_mut_obj_add_str(doc, rung, "meaning", anycert_rung_meaning(r));
        yyjson_mut_obj_add_str(doc, rung, "gives_up", anycert_rung_gives_up(r));
        yyjson_mut_obj_add_bool(doc, rung, "available", anycert_rung_is_available(r) != 0);
        yyjson_mut_arr_append(rungs, rung);
    }
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        yyjson_mut_arr_append(relaxations, relaxation_json(doc, r));
    yyjson_mut_obj_add_val(doc, object, "rungs", rungs);
    yyjson_mut_obj_add_val(doc, object, "relaxations", relaxations);
}
