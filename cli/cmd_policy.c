/* anycert policy list, explain, check. Nothing is sent. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>

#include <yyjson.h>

#include "config.h"
#include "explain.h"
#include "message.h"

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

static int check(const struct cli_options *o, struct anycert_error *err)
{
    yyjson_mut_val *root;
    struct anycert_error missing = {0};
    struct anycert_policy *policy = anycert_policy_parse(o->url, err);
    char *text = policy ? anycert_policy_format(policy, err) : NULL;
    int status = text ? 0 : -1;
    if (status == 0 && o->json) {
        yyjson_mut_doc *doc = new_document(&root);
        cli_explain_json(doc, root, policy, text);
        status = print_json(doc, err);
    } else if (status == 0) {
        (void)printf("%s\n\n", text);
        cli_explain_text(stdout, policy);
        if (anycert_policy_available(policy, &missing) != 0)
            (void)printf("note: %s\n", missing.message);
    }
    anycert_free(text);
    anycert_policy_free(policy);
    return status;
}

static int print_explanation(const struct cli_options *o, const struct cli_trust *trust,
                             const char *policy, const char *plan, struct anycert_error *err)
{
    yyjson_mut_val *root;
    if (!o->json) {
        (void)printf("%s\npolicy from: %s\nanchors from: %s%s\n\n", plan, trust->policy_source,
                     trust->anchors_source, trust->environment ? " (environment)" : "");
        cli_explain_text(stdout, trust->policy);
        return 0;
    }
    yyjson_mut_doc *doc = new_document(&root);
    yyjson_mut_obj_add_str(doc, root, "policy_source", trust->policy_source);
    yyjson_mut_obj_add_str(doc, root, "anchors_source", trust->anchors_source);
    yyjson_mut_obj_add_str(doc, root, "plan", plan);
    cli_explain_json(doc, root, trust->policy, policy);
    return print_json(doc, err);
}

static int explain(const struct cli_options *o, struct anycert_error *err)
{
    struct cli_trust trust;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    char *plan = NULL, *policy = NULL;
    int status = -1;
    if (cli_trust_make(&trust, o, err) != 0)
        return -1;
    config = cli_config_make(o, &trust, err);
    client = config ? anycert_client_new(config, err) : NULL;
    if (config && !client)
        (void)cli_trust_context(&trust, err);
    plan = client ? anycert_client_explain(client, o->url, err) : NULL;
    policy = plan ? anycert_policy_format(trust.policy, err) : NULL;
    if (policy)
        status = print_explanation(o, &trust, policy, plan, err);
    anycert_free(policy);
    anycert_free(plan);
    anycert_client_free(client);
    anycert_config_free(config);
    cli_trust_free(&trust);
    return status;
}

int cmd_policy(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options;
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&options, command, argc, argv, &exit_code) == 0) {
        int status = command->bit == CLI_LIST    ? list(&options, &err)
                     : command->bit == CLI_CHECK ? check(&options, &err)
                                                 : explain(&options, &err);
        if (status != 0) {
            cli_print_error(options.json, &err, NULL);
            exit_code = anycert_error_class_of(err.code);
        }
    }
    cli_options_free(&options);
    return exit_code;
}
