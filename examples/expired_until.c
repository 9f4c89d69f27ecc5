/* expired_until.c — gives up one check, until a date, with a reason, and keeps all the others.
 *
 * usage: expired_until URL YYYY-MM-DD REASON [CA-FILE]
 *
 *     $ cc -o expired_until expired_until.c $(pkg-config --cflags --libs anycert)
 *     $ ./expired_until https://late.example/ 2099-12-31 'renewal is ordered' ca.pem
 *     policy   hardened+expired ca=ca.pem until=2099-12-31 reason="renewal is ordered"
 *     status   200
 *     relaxed  dates: ...
 *
 * Behind the date the policy is hardened again, by itself. Whatever else is wrong is refused now:
 *
 *     $ ./expired_until https://other.example/ 2099-12-31 'renewal is ordered' ca.pem
 *     ...
 *     expired_until: TRUST_NAME: ...
 *     $ echo $?
 *     3
 *
 * To test this comment: host late.example is expired, host other.example is expired-and-wrong-host.
 */
#include <anycert/anycert.h>

#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "expired_until: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

/* What "hardened+expired until=... reason=..." means, built part by part: no quoting to get wrong.
 */
static struct anycert_policy *make_policy(const char *until, const char *reason, const char *ca,
                                          struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    char *text = NULL;

    if (!policy || anycert_policy_relax(policy, "expired", err) < 0 ||
        anycert_policy_set(policy, "until", until, err) < 0 ||
        anycert_policy_set(policy, "reason", reason, err) < 0 ||
        (ca && anycert_policy_add_ca_path(policy, ca, err) < 0))
        goto fail;
    text = anycert_policy_format(policy, err);
    if (!text)
        goto fail;
    printf("policy   %s\n", text);
    anycert_free(text);
    return policy;
fail:
    anycert_policy_free(policy);
    return NULL;
}

static void print_relaxed(const struct anycert_report *report)
{
    const struct anycert_check *check = NULL;

    while (report && (check = anycert_report_next_check(report, check)) != NULL) {
        if (anycert_check_verdict(check) == ANYCERT_RELAXED)
            printf("relaxed  %s: %s\n", anycert_check_id(check), anycert_check_detail(check));
    }
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = NULL;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    int status = 0;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: expired_until URL YYYY-MM-DD REASON [CA-FILE]\n");
        return 2;
    }
    policy = make_policy(argv[2], argv[3], argc == 5 ? argv[4] : NULL, &err);
    config = policy ? anycert_config_new(&err) : NULL;
    if (!config || anycert_config_set_policy(config, policy, &err) < 0)
        goto out;
    client = anycert_client_new(config, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (!request || anycert_client_send(client, request, &response, &err) < 0)
        goto out;
    printf("status   %d\n", anycert_response_status(response));
    print_relaxed(anycert_response_report(response));
out:
    if (err.code)
        status = say(&err);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return status;
}
