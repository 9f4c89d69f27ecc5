/* demo.c — the lab on loopback, and the same request to each of its servers under hardened and
 * trust-any.
 *
 * usage: anycert-demo [all | CONDITION...]
 * Without a condition it takes those that are common in the field. Prints what each policy said,
 * and what trust-any gave up; then one JSON answer fetched each way. Exits with 1 if hardened
 * accepted a server that it has to refuse, or refused one that it has to accept. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <anycert/anycert.h>

#include "lab/lab.h"

/* What one meets at appliances, one server for each kind of defect. */
static const char *const common[] = {
    "good",
    "expired",
    "not-yet-valid",
    "expired-intermediate",
    "self-signed",
    "untrusted-root",
    "incomplete-chain",
    "broken-signature",
    "revoked-staple",
    "wrong-host",
    "expired-and-wrong-host",
    "expired-self-signed",
    "wrong-purpose",
    "not-a-ca",
    "name-constraints",
    "rsa-1024",
    "sha1-leaf",
    "md5-leaf",
    "tls12-only",
    "tls11-only",
    "tls10-static-rsa",
    "rsa-kx-cbc",
    "cbc-sha1-ecdhe",
    "dh-1024",
    "sha1-handshake",
    "3des",
    "no-rfc5746",
    "anonymous",
    "client-cert-required",
    "plain-http",
    "reset",
    "silent",
    "truncated-body",
};

#define WORKERS 8
/* Some servers never answer: waiting longer shows nothing more. */
#define TIME_LIMIT_MS 4000

struct outcome {
    int status; /* 0: no answer came */
    struct anycert_error err;
    struct anycert_response *response;
};

struct visit {
    const struct lab_server *server;
    struct outcome hardened, trust_any;
};

struct tour {
    const struct lab *lab;
    struct visit *visits;
    size_t count;
    size_t next; /* under the mutex */
    pthread_mutex_t mutex;
};

/* A policy that knows the lab's root, as a user would know the root of the own company. trust-any
 * accepts everybody with or without it; its report compares with hardened and the same root. */
static struct anycert_policy *policy_with_root(const char *text, const struct lab *lab,
                                               struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    size_t len = 0;
    const char *root = lab_root_pem(lab, &len);
    if (policy && anycert_policy_add_ca_pem(policy, root, len, err) != 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return policy;
}

static struct anycert_client *client_for(const char *text, const struct lab *lab,
                                         const struct lab_server *server, struct anycert_error *err)
{
    struct anycert_client *client = NULL;
    struct anycert_config *config = NULL;
    struct anycert_policy *policy = policy_with_root(text, lab, err);
    if (policy == NULL)
        goto out;
    config = anycert_config_new(err);
    if (config == NULL || anycert_config_set_policy(config, policy, err) != 0 ||
        anycert_config_set_timeouts(config, TIME_LIMIT_MS, TIME_LIMIT_MS, TIME_LIMIT_MS, err) != 0)
        goto out;
    const char *resolve = lab_server_resolve(server);
    if (resolve && anycert_config_add_resolve(config, resolve, err) != 0)
        goto out;
    client = anycert_client_new(config, err);
out:
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* One GET of a path. The response stays with the outcome, for its report. */
static void fetch(const char *policy, const struct lab *lab, const struct lab_server *server,
                  const char *path, struct outcome *outcome)
{
    char url[512];
    snprintf(url, sizeof url, "%s%s", lab_server_url(server), path);
    struct anycert_request *request = NULL;
    struct anycert_client *client = client_for(policy, lab, server, &outcome->err);
    if (client == NULL)
        goto out;
    request = anycert_request_new("GET", url, &outcome->err);
    if (request && anycert_client_send(client, request, &outcome->response, &outcome->err) == 0)
        outcome->status = anycert_response_status(outcome->response);
out:
    anycert_request_free(request);
    anycert_client_free(client);
}

static void *work(void *arg)
{
    struct tour *tour = arg;
    for (;;) {
        pthread_mutex_lock(&tour->mutex);
        size_t index = tour->next++;
        pthread_mutex_unlock(&tour->mutex);
        if (index >= tour->count)
            return NULL;
        struct visit *visit = &tour->visits[index];
        fetch("hardened", tour->lab, visit->server, "", &visit->hardened);
        fetch("trust-any", tour->lab, visit->server, "", &visit->trust_any);
    }
}

static void visit_all(struct tour *tour)
{
    pthread_t threads[WORKERS];
    size_t started = 0;
    while (started < WORKERS && pthread_create(&threads[started], NULL, work, tour) == 0)
        started++;
    if (started == 0)
        work(tour);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* What hardened would have refused, in the words of the report. */
static void print_given_up(const struct anycert_report *report)
{
    const struct anycert_check *check = NULL;
    bool any = false;
    while ((check = anycert_report_next_check(report, check)) != NULL) {
        if (anycert_check_reference_verdict(check) != ANYCERT_FAIL)
            continue;
        printf("             gave up: %s: %s\n", anycert_check_id(check),
               anycert_check_detail(check));
        any = true;
    }
    if (!any)
        printf("             gave up: nothing that this server needed\n");
}

static void print_outcome(const char *policy, const struct outcome *outcome)
{
    const struct anycert_report *report = anycert_response_report(outcome->response);
    if (outcome->status == 0) {
        printf("  %-10s refused: %s\n", policy, outcome->err.message);
        return;
    }
    printf("  %-10s answered with %d", policy, outcome->status);
    if (report && !anycert_report_peer_authenticated(report))
        printf(", and nobody knows who answered");
    printf("\n");
    if (report && strcmp(policy, "hardened") != 0)
        print_given_up(report);
}

/* Whether hardened did what the lab says that it has to do. */
static bool as_expected(const struct visit *visit)
{
    const char *needs = lab_server_condition(visit->server)->needs;
    bool sound = needs && strcmp(needs, "hardened") == 0;
    return sound == (visit->hardened.status != 0);
}

static void print_visit(const struct visit *visit)
{
    const struct lab_condition *condition = lab_server_condition(visit->server);
    printf("%s: %s\n", condition->name, condition->wrong);
    print_outcome("hardened", &visit->hardened);
    print_outcome("trust-any", &visit->trust_any);
    if (!as_expected(visit))
        printf("  UNEXPECTED: hardened must %s this server\n",
               visit->hardened.status ? "refuse" : "accept");
    printf("\n");
}

/* Prints all visits; the number of those that went wrong. */
static size_t print_tour(const struct tour *tour)
{
    size_t hardened = 0, trust_any = 0, neither = 0, wrong = 0;
    for (size_t i = 0; i < tour->count; i++) {
        const struct visit *visit = &tour->visits[i];
        print_visit(visit);
        hardened += visit->hardened.status != 0;
        trust_any += visit->trust_any.status != 0;
        neither += visit->hardened.status == 0 && visit->trust_any.status == 0;
        wrong += !as_expected(visit);
    }
    printf("%zu servers: %zu answered under hardened, %zu under trust-any, %zu under neither.\n",
           tour->count, hardened, trust_any, neither);
    return wrong;
}

static int print_json(const struct lab *lab, const char *policy, const char *name)
{
    const struct lab_server *server = lab_server_find(lab, name);
    if (server == NULL)
        return 0;
    struct outcome outcome = {0};
    fetch(policy, lab, server, "json", &outcome);
    printf("\n$ anycert get --trust %s %sjson\n", policy, lab_server_url(server));
    if (outcome.status != 0)
        printf("%s\n", (const char *)anycert_response_body(outcome.response, NULL));
    else
        printf("%s\n", outcome.err.message);
    int result = outcome.status == 200 ? 0 : -1;
    anycert_response_free(outcome.response);
    return result;
}

static int run(const char *const *names, size_t count, struct anycert_error *err)
{
    struct tour tour = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct lab *lab = NULL;
    int result = -1;
    if (lab_start(names, count, &lab, err) != 0)
        return -1;
    tour.lab = lab;
    tour.count = lab_server_count(lab);
    tour.visits = calloc(tour.count, sizeof *tour.visits);
    if (tour.visits == NULL) {
        snprintf(err->message, sizeof err->message, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < tour.count; i++)
        tour.visits[i].server = lab_server_at(lab, i);
    printf("anycert %s, %s, libcurl %s\n\n", anycert_version(), anycert_openssl_version(),
           anycert_libcurl_version());
    visit_all(&tour);
    size_t wrong = print_tour(&tour);
    printf("\nOne JSON answer from a sound server under hardened, and from a hopeless one under "
           "trust-any:\n");
    if (print_json(lab, "hardened", "good") != 0 ||
        print_json(lab, "trust-any", "expired-self-signed") != 0)
        wrong++;
    if (wrong == 0)
        result = 0;
    else
        snprintf(err->message, sizeof err->message, "%zu servers were not judged as they must be",
                 wrong);
out:
    for (size_t i = 0; tour.visits && i < tour.count; i++) {
        anycert_response_free(tour.visits[i].hardened.response);
        anycert_response_free(tour.visits[i].trust_any.response);
    }
    free(tour.visits);
    lab_stop(lab);
    return result;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    const char *const *names = common;
    size_t count = sizeof common / sizeof *common;
    if (argc == 2 && strcmp(argv[1], "all") == 0) {
        names = NULL;
        count = 0;
    } else if (argc > 1) {
        names = (const char *const *)(argv + 1);
        count = (size_t)(argc - 1);
    }
    if (run(names, count, &err) != 0) {
        fprintf(stderr, "anycert-demo: %s\n", err.message);
        return 1;
    }
    return 0;
}
