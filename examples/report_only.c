/* report_only.c — leaving trust-any: connects whatever the certificate says, as before, and tells
 * what the wanted policy would refuse, and the least policy that would do.
 *
 * usage: report_only URL [POLICY]     POLICY is the target; hardened if it is not given
 *
 *     $ cc -o report_only report_only.c $(pkg-config --cflags --libs anycert)
 *     $ ./report_only https://late.example/ 'hardened ca=ca.pem'
 *     status 200
 *     refused  dates (code 10 at depth 0): ...
 *     least    hardened+expired, with the same anchors
 *     $ ./report_only https://api.example/ 'hardened ca=ca.pem'
 *     status 200
 *     nothing is refused: hardened can be used, with the same anchors
 *
 * To test this comment: host late.example is expired, host api.example is good. */
#include <anycert/anycert.h>

#include <stdbool.h>
#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "report_only: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static struct anycert_client *make_client(const char *target, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse("report-only", err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_set(policy, "for", target, err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* Adds to the target what lets the check through. false if nothing does in this version. */
static bool relax(struct anycert_policy *least, const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);
    const struct anycert_relaxation *relaxation = name ? anycert_relaxation_find(name) : NULL;
    struct anycert_error ignored = {0};

    if (!relaxation || !anycert_relaxation_is_available(relaxation))
        return false;
    /* It may be there already: two certificates of a chain can have expired. */
    return anycert_policy_relax(least, name, &ignored) == 0 ||
           ignored.code == ANYCERT_E_POLICY_SYNTAX;
}

static int compare(const struct anycert_report *report, struct anycert_error *err)
{
    struct anycert_policy *least = anycert_policy_parse(anycert_report_reference(report), err);
    const struct anycert_check *check = NULL;
    bool possible = true;
    unsigned refused = 0;
    char *text = NULL;

    while (least && (check = anycert_report_next_check(report, check)) != NULL) {
        if (anycert_check_reference_verdict(check) != ANYCERT_FAIL)
            continue;
        refused++;
        possible = relax(least, check) && possible;
        printf("refused  %s (code %d at depth %d): %s\n", anycert_check_id(check),
               anycert_check_x509_code(check), anycert_check_depth(check),
               anycert_check_detail(check));
    }
    text = least ? anycert_policy_format(least, err) : NULL;
    if (text && refused == 0)
        printf("nothing is refused: %s can be used, with the same anchors\n", text);
    else if (text)
        printf("least    %s%s\n",
               possible ? text : "trust-any: no relaxation lets all of this through",
               possible ? ", with the same anchors" : "");
    anycert_free(text);
    anycert_policy_free(least);
    return text ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    const struct anycert_report *report = NULL;
    int status = 0;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: report_only URL [POLICY]\n");
        return 2;
    }
    client = make_client(argc == 3 ? argv[2] : "hardened", &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (!request || anycert_client_send(client, request, &response, &err) < 0)
        goto out;
    printf("status %d\n", anycert_response_status(response));
    report = anycert_response_report(response); /* NULL for http:// */
    if (report && compare(report, &err) < 0)
        goto out;
out:
    if (err.code)
        status = say(&err);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return status;
}
