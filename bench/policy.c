/* What a policy costs: a warm request that is judged by an entry of a policy file of a thousand
 * entries against one by a policy without anything in it, and the parts alone. */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES  1000
#define FINDINGS 200
#define PARSINGS 500

/* ---- the file */

static char *pin_of(const struct bench_server *server)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_parse("trust-any", &err);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    char *pin = NULL;

    if (!config || !policy || anycert_config_set_policy(config, policy, &err) < 0 ||
        (client = anycert_client_new(config, &err)) == NULL ||
        anycert_client_handshake(client, server->url, &response, &err) < 0)
        bench_die("policy", err.message);
    pin = strdup(anycert_report_cert_pin(anycert_response_report(response), 0));
    anycert_response_free(response);
    anycert_client_free(client);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return pin;
}

/* Nearly all that an entry can say. */
static void write_policy(const struct bench_server *server, const char *pin, char out[700])
{
    (void)snprintf(out, 700,
                   "hardened+expired+wrong-purpose+legacy-renegotiation+small-dh+cbc-sha1 ca=%s "
                   "pin=%s until=2099-12-31 reason=\"an appliance that nobody dares to touch\"",
                   server->root, pin);
}

/* Hosts, domains, addresses and networks in equal parts, and the server's own entry. */
static char *write_file(const char *own, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (!out)
        bench_die("policy", "out of memory");
    for (int i = 0; i < ENTRIES - 1; i++) {
        int kind = i % 5;

        if (kind == 4) /* its length stands inside of the brackets */
            fprintf(out, "[2001:db8:%x::/48]", i);
        else if (kind == 3)
            fprintf(out, "10.%d.%d.0/24", i / 250, i % 250);
        else
            fprintf(out, "%s-%d.example%s", kind == 1 ? "*.domain" : "host", i,
                    kind == 2 ? ":8443" : "");
        fprintf(out, " hardened+self-signed until=2099-12-31 reason=\"number %d\"\n", i);
    }
    fprintf(out, "localhost %s\n", own);
    if (fclose(out) != 0)
        bench_die("policy", "out of memory");
    return text;
}

/* ---- the parts */

static double time_parsing(const char *text)
{
    double start = bench_cpu_us();

    for (int i = 0; i < PARSINGS; i++) {
        struct anycert_policy *policy = anycert_policy_parse(text, NULL);

        if (!policy || anycert_policy_available(policy, NULL) < 0)
            bench_die("policy", "not parsed");
        anycert_policy_free(policy);
    }
    return (bench_cpu_us() - start) / PARSINGS;
}

static double time_reading(const char *text, size_t len)
{
    double start = bench_cpu_us();
    struct anycert_policy_file *file = anycert_policy_file_parse(text, len, "bench", NULL);

    if (!file)
        bench_die("policy", "the file is not parsed");
    anycert_policy_file_free(file);
    return bench_cpu_us() - start;
}

static double time_finding(const struct anycert_policy_file *file, const char *host, int is_there)
{
    double start = bench_cpu_us();

    for (int i = 0; i < FINDINGS; i++) {
        if ((anycert_policy_file_find(file, host, 443) != NULL) != is_there)
            bench_die("policy", host);
    }
    return (bench_cpu_us() - start) / FINDINGS;
}

static double slowest_finding(const struct anycert_policy_file *file)
{
    static const struct {
        const char *host;
        int is_there;
    } rows[] = {
        {"localhost", 1},          {"host-500.example", 1},    {"a.b.domain-501.example", 1},
        {"10.1.48.7", 1},          {"[2001:db8:1f4::1]", 0},   {"192.0.2.1", 0},
        {"www.elsewhere.test", 0}, {"[2001:db9::1:2:3:4]", 0},
    };
    double slowest = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double took = time_finding(file, rows[i].host, rows[i].is_there);

        slowest = took > slowest ? took : slowest;
    }
    return slowest;
}

/* ---- warm requests */

static struct anycert_client *client_by(const struct anycert_policy *policy,
                                        struct anycert_policy_file *file)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;

    if (!config || (policy && anycert_config_set_policy(config, policy, &err) < 0) ||
        (file && anycert_config_set_policy_file(config, file, &err) < 0) ||
        (client = anycert_client_new(config, &err)) == NULL)
        bench_die("policy", err.message);
    anycert_config_free(config);
    return client;
}

static double time_requests(struct anycert_client *client, const char *url, unsigned requests)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    double start = bench_cpu_us();

    for (unsigned i = 0; i < requests; i++) {
        struct anycert_response *response = NULL;

        if (!request || anycert_client_send(client, request, &response, &err) < 0)
            bench_die("policy", err.message);
        anycert_response_free(response);
    }
    start = (bench_cpu_us() - start) / requests;
    anycert_request_free(request);
    return start;
}

static void compare(const struct bench_server *server, struct anycert_policy_file *file,
                    unsigned pairs, unsigned requests)
{
    struct anycert_policy *plain = anycert_policy_new(NULL);
    double *plain_us = calloc(pairs, sizeof *plain_us);
    double *by_file_us = calloc(pairs, sizeof *by_file_us);
    double *ratios = calloc(pairs, sizeof *ratios);
    struct anycert_client *one = NULL, *other = NULL;

    if (!plain || anycert_policy_add_ca_path(plain, server->root, NULL) < 0 || !plain_us ||
        !by_file_us || !ratios)
        bench_die("policy", "out of memory");
    one = client_by(plain, NULL);
    other = client_by(NULL, file);
    (void)time_requests(one, server->url, requests);
    (void)time_requests(other, server->url, requests);
    for (unsigned i = 0; i < pairs; i++) {
        plain_us[i] = time_requests(one, server->url, requests);
        by_file_us[i] = time_requests(other, server->url, requests);
        ratios[i] = by_file_us[i] / plain_us[i];
    }
    printf("\"plain\": %.2f, \"by_file\": %.2f, \"ratio\": %.4f", bench_median(plain_us, pairs),
           bench_median(by_file_us, pairs), bench_median(ratios, pairs));
    anycert_client_free(one);
    anycert_client_free(other);
    anycert_policy_free(plain);
    free(plain_us);
    free(by_file_us);
    free(ratios);
}

void bench_policy(const struct bench_server *server, unsigned pairs, unsigned requests)
{
    char own[700];
    char *pin = pin_of(server);
    size_t len = 0;
    char *text = NULL;
    struct anycert_policy_file *file = NULL;

    write_policy(server, pin, own);
    text = write_file(own, &len);
    file = anycert_policy_file_parse(text, len, "bench", NULL);
    if (!file)
        bench_die("policy", "the file is not parsed");
    printf("\"policy_us\": {\"parse\": %.2f, \"read_file\": %.1f, \"find\": %.3f, ",
           time_parsing(own), time_reading(text, len), slowest_finding(file));
    compare(server, file, pairs, requests);
    printf("},\n");
    anycert_policy_file_free(file);
    free(text);
    free(pin);
}
