/* What a client costs: making another one in a process that has one already, and keeping one with a
 * warm connection. */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS 50

static struct anycert_client *verifying_client(const char *root)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_new(&err);
    struct anycert_client *client = NULL;

    if (!config || !policy || anycert_policy_add_ca_system(policy, &err) < 0 ||
        (root && anycert_policy_add_ca_path(policy, root, &err) < 0) ||
        anycert_config_set_policy(config, policy, &err) < 0)
        bench_die("anycert", err.message);
    client = anycert_client_new(config, &err);
    if (!client)
        bench_die("anycert", err.message);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return client;
}

static void warm_up(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;

    if (!request || anycert_client_send(client, request, &response, &err) < 0)
        bench_die("anycert", err.message);
    anycert_response_free(response);
    anycert_request_free(request);
}

/* Writes a bundle of the system's anchors, copies times, with the lab's root at its end. */
static void write_bundle(const char *path, const char *root, int copies)
{
    static const char *const system_bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem"};
    FILE *out = fopen(path, "w");
    char buffer[65536];

    for (int i = 0; i <= copies; i++) {
        FILE *in = NULL;
        size_t n = 0;

        for (size_t k = 0;
             i < copies && !in && k < sizeof system_bundles / sizeof system_bundles[0]; k++)
            in = fopen(system_bundles[k], "r");
        if (i == copies)
            in = fopen(root, "r");
        if (!in || !out)
            bench_die("bundle", "cannot be read or written");
        while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
            (void)fwrite(buffer, 1, n, out);
        fclose(in);
    }
    fclose(out);
}

/* CPU time of a new client, its first verified request, and its end, with nothing of the anchors in
 * memory. */
static double first_request_us(const char *bundle, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_new(&err);
    struct anycert_client *client = NULL;
    double start = bench_cpu_us();

    if (!config || !policy || anycert_policy_add_ca_path(policy, bundle, &err) < 0 ||
        anycert_config_set_policy(config, policy, &err) < 0)
        bench_die("anycert", err.message);
    client = anycert_client_new(config, &err);
    if (!client)
        bench_die("anycert", err.message);
    warm_up(client, url);
    anycert_client_free(client);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return bench_cpu_us() - start;
}

void bench_bundles(const struct bench_server *server)
{
    char one[] = "/tmp/anycert-bench-XXXXXX";
    char ten[] = "/tmp/anycert-bench-XXXXXX";
    double one_us[15];
    double ten_us[15];
    size_t count = sizeof one_us / sizeof one_us[0];

    if (mkstemp(one) < 0 || mkstemp(ten) < 0)
        bench_die("bundle", "no temporary file");
    write_bundle(one, server->root, 1);
    write_bundle(ten, server->root, 10);
    sleep(4); /* as in main: what was written a moment ago is read twice */
    for (size_t i = 0; i < count; i++) {
        one_us[i] = first_request_us(one, server->url);
        ten_us[i] = first_request_us(ten, server->url);
    }
    printf("\"first_verified_request_us\": {\"bundle\": %.0f, \"ten_times_the_bundle\": %.0f},\n",
           bench_median(one_us, count), bench_median(ten_us, count));
    (void)remove(one);
    (void)remove(ten);
}

static double heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)(info.uordblks + info.hblkhd);
}

void bench_clients(const struct bench_server *server)
{
    struct anycert_client *clients[CLIENTS];
    double times[CLIENTS];
    double start = bench_wall_us();
    double first = 0;
    double before = 0;
    struct anycert_client *one = verifying_client(server->root);

    first = bench_wall_us() - start;
    for (int i = 0; i < CLIENTS; i++) {
        start = bench_wall_us();
        clients[i] = verifying_client(server->root);
        times[i] = bench_wall_us() - start;
    }
    printf("\"client_new_us\": {\"first\": %.0f, \"second\": %.1f},\n", first,
           bench_median(times, CLIENTS));
    for (int i = 0; i < CLIENTS; i++)
        anycert_client_free(clients[i]);

    warm_up(one, server->url);
    before = heap_bytes();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = verifying_client(server->root);
        warm_up(clients[i], server->url);
    }
    printf("\"idle_client_bytes\": %.0f,\n", (heap_bytes() - before) / CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        anycert_client_free(clients[i]);
    anycert_client_free(one);
}
