/* What a client costs: making another one in a process that has one already, and keeping one with a
 * warm connection. */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

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
