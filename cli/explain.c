#include "explain.h"

#include <stdbool.h>
#include <string.h>

#include "cheaper.h"

static bool is_relaxed(const struct anycert_policy *policy, const struct anycert_relaxation *r)
{
    return anycert_policy_relaxes(policy, r) == 1;
}

/* What a rung gives up, and the relaxations behind it. */
static void print_gives_up(FILE *out, const struct anycert_policy *policy,
                           const struct anycert_rung *rung)
{
    bool hardened = strcmp(anycert_rung_name(rung), "hardened") == 0;
    size_t count = 0;
    (void)fprintf(out, "  gives up: %s", hardened ? "" : anycert_rung_gives_up(rung));
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (!is_relaxed(policy, r))
            continue;
        (void)fprintf(out, "%s%s",
                      count      ? ", "
                      : hardened ? ""
                                 : "; and ",
                      anycert_relaxation_name(r));
        count++;
    }
    if (count > 0)
        (void)fprintf(out, " (see below)%s\n", hardened ? ", and nothing else" : "");
    else
        (void)fprintf(out, "%s\n", hardened ? anycert_rung_gives_up(rung) : "");
}

static const char *authenticated(const struct anycert_policy *policy)
{
    if (anycert_policy_authenticates(policy))
        return "yes";
    if (strcmp(anycert_policy_rung(policy), "tofu") != 0)
        return "no";
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        if (is_relaxed(policy, r) && !anycert_relaxation_authenticates(r))
            return "no";
    return "not at the first contact; from then on by what the trust store has recorded";
}

static void print_cheaper(FILE *out, const struct anycert_policy *policy)
{
    const struct cli_cheaper *cheaper = cli_cheaper_next(policy, NULL);
    if (cheaper)
        (void)fprintf(out, "less would do, perhaps:\n");
    for (; cheaper; cheaper = cli_cheaper_next(policy, cheaper))
        (void)fprintf(out, "  %s: where %s; keeps %s\n", cheaper->option, cheaper->where,
                      cheaper->keeps);
}

const char *cli_left_of(const struct anycert_policy *policy)
{
    struct anycert_policy *left = NULL;
    int64_t until = 0;
    char *pin = NULL;
    if (policy && anycert_policy_until(policy, &until) == 1)
        left = anycert_policy_effective(policy, until + 1, NULL);
    bool pinned = left && anycert_policy_get(left, "pin", &pin, NULL) == 1;
    anycert_free(pin);
    anycert_policy_free(left);
    return pinned ? "hardened with its pin" : "hardened";
}

void cli_explain_text(FILE *out, const struct anycert_policy *policy)
{
    const struct anycert_rung *rung = anycert_rung_find(anycert_policy_rung(policy));
    if (rung) {
        (void)fprintf(out, "%s: %s\n", anycert_rung_name(rung), anycert_rung_meaning(rung));
        print_gives_up(out, policy, rung);
    }
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        if (is_relaxed(policy, r))
            (void)fprintf(out, "%s\n  lets through: %s\n  danger: %s\n  better: %s\n",
                          anycert_relaxation_name(r), anycert_relaxation_allows(r),
                          anycert_relaxation_danger(r), anycert_relaxation_fix(r));
    (void)fprintf(out, "peer authenticated: %s\n", authenticated(policy));
    print_cheaper(out, policy);
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
                      const struct anycert_policy *policy)
{
    const struct anycert_rung *rung = anycert_rung_find(anycert_policy_rung(policy));
    yyjson_mut_val *relaxations = yyjson_mut_arr(doc), *better = yyjson_mut_arr(doc);
    yyjson_mut_obj_add_str(doc, object, "rung", anycert_policy_rung(policy));
    yyjson_mut_obj_add_str(doc, object, "gives_up", rung ? anycert_rung_gives_up(rung) : "");
    yyjson_mut_obj_add_bool(doc, object, "authenticates",
                            anycert_policy_authenticates(policy) != 0);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        if (is_relaxed(policy, r))
            yyjson_mut_arr_append(relaxations, relaxation_json(doc, r));
    yyjson_mut_obj_add_val(doc, object, "relaxations", relaxations);
    for (const struct cli_cheaper *cheaper = cli_cheaper_next(policy, NULL); cheaper;
         cheaper = cli_cheaper_next(policy, cheaper)) {
        yyjson_mut_val *row = yyjson_mut_arr_add_obj(doc, better);
        yyjson_mut_obj_add_str(doc, row, "option", cheaper->option);
        yyjson_mut_obj_add_str(doc, row, "where", cheaper->where);
        yyjson_mut_obj_add_str(doc, row, "keeps", cheaper->keeps);
    }
    yyjson_mut_obj_add_val(doc, object, "cheaper", better);
}

static bool is_any_missing(void)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        if (!anycert_relaxation_is_available(r))
            return true;
    return false;
}

void cli_list_text(FILE *out)
{
    (void)fprintf(out, "rungs, from the strictest to the weakest:\n");
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r; r = anycert_rung_next(r))
        (void)fprintf(out, "  %-21s %s%s\n  %-21s gives up: %s\n", anycert_rung_name(r),
                      anycert_rung_meaning(r),
                      anycert_rung_is_available(r) ? "" : " (not available in this version)", "",
                      anycert_rung_gives_up(r));
    (void)fprintf(out, "\nrelaxations (* the peer is no longer authenticated%s):\n",
                  is_any_missing() ? "; - not available in this version" : "");
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        (void)fprintf(out, "%c%c%-21s %s\n", anycert_relaxation_authenticates(r) ? ' ' : '*',
                      anycert_relaxation_is_available(r) ? ' ' : '-', anycert_relaxation_name(r),
                      anycert_relaxation_allows(r));
    (void)fprintf(out, "\nA policy is a rung, with relaxations and keys behind it: "
                       "'hardened+expired until=2030-12-31'.\nThe keys are in anycert-policy(5); "
                       "anycert policy check POLICY says the dangers, and what is better.\n");
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
