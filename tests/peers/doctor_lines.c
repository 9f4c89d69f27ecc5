/* What the doctor says, for scripts that try it: remedies and equivalents as JSON on standard
 * output.
 *
 * doctor_lines remedies CAUSE [KEY=VALUE...]
 * doctor_lines elsewhere CLIENT HOST PORT POLICY
 * doctor_lines seen CAUSE */
#include "base/str.h"
#include "doctor/elsewhere.h"
#include "doctor/remedy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define EVIDENCE_MAX 16

static int print(yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, YYJSON_WRITE_ALLOW_INVALID_UNICODE, NULL);
    int result = text && puts(text) >= 0 ? 0 : 1;

    free(text);
    yyjson_mut_doc_free(doc);
    return result;
}

static int remedies(int argc, char **argv)
{
    const struct anycert__cause *cause = anycert__cause_find(argv[0]);
    struct anycert__evidence evidence[EVIDENCE_MAX];
    struct anycert__remedies list;
    size_t count = 0;
    yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *array = NULL;

    for (int i = 1; i < argc && count < EVIDENCE_MAX; i++) {
        char *mark = strchr(argv[i], '=');

        if (!mark)
            return 2;
        *mark = '\0';
        evidence[count++] = (struct anycert__evidence){argv[i], mark + 1};
    }
    if (!cause || anycert__remedies_for(cause, evidence, count, NULL, &list, NULL) != 0)
        return 2;
    doc = yyjson_mut_doc_new(NULL);
    array = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, array);
    for (size_t i = 0; i < list.count; i++) {
        yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, array);

        yyjson_mut_obj_add_strcpy(doc, item, "audience", list.items[i].audience);
        yyjson_mut_obj_add_strcpy(doc, item, "where", list.items[i].where);
        yyjson_mut_obj_add_strcpy(doc, item, "text", list.items[i].text);
        if (!list.items[i].lines)
            continue;
        yyjson_mut_obj_add_strcpy(doc, item, "language", list.items[i].language);
        yyjson_mut_obj_add_strcpy(doc, item, "lines", list.items[i].lines);
    }
    anycert__remedies_clear(&list);
    return print(doc);
}

static int elsewhere(char **argv)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(argv[3], &err);
    struct anycert__elsewhere said = {ANYCERT_FIT_SAME, NULL};
    yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *object = NULL;
    uint64_t port = 0;

    if (!policy || !anycert__parse_uint(argv[2], 65535, &port) ||
        anycert__elsewhere(policy, argv[1], (uint16_t)port, NULL, argv[0], &said, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        anycert_policy_free(policy);
        return 2;
    }
    doc = yyjson_mut_doc_new(NULL);
    object = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, object);
    yyjson_mut_obj_add_strcpy(doc, object, "fit", anycert_doctor_fit_name((int)said.fit));
    yyjson_mut_obj_add_strcpy(doc, object, "text", said.text);
    anycert__elsewhere_clear(&said);
    anycert_policy_free(policy);
    return print(doc);
}

static int seen(const char *id)
{
    const struct anycert__cause *cause = anycert__cause_find(id);
    const struct anycert__seen *text = NULL;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *array = yyjson_mut_arr(doc);

    yyjson_mut_doc_set_root(doc, array);
    for (size_t n = 0; cause && (text = anycert__cause_seen(cause, n)) != NULL; n++) {
        yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, array);

        yyjson_mut_obj_add_strcpy(doc, item, "who", text->who);
        yyjson_mut_obj_add_strcpy(doc, item, "text", text->text);
    }
    return print(doc);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "seen") == 0)
        return seen(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "remedies") == 0)
        return remedies(argc - 2, argv + 2);
    if (argc == 6 && strcmp(argv[1], "elsewhere") == 0)
        return elsewhere(argv + 2);
    return 2;
}
