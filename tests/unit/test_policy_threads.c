/* Many threads that read, share and resolve one policy file while it is replaced. */
#include <anycert/client.h>
#include <anycert/policy_file.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define READERS   6
#define ROUNDS    200
#define HOSTS     40
#define PATH_SIZE 64

/* The two texts: each entry of one differs from that of the other. */
static const char *const versions[] = {"hardened+expired", "trust-any"};

struct world {
    char folder[PATH_SIZE - 16], path[PATH_SIZE];
    struct anycert_policy_file *shared;
    struct anycert_client *client;
    atomic_bool done;
    atomic_int wrong;
};

static void write_version(const struct world *world, size_t version)
{
    char next[PATH_SIZE + 8];
    snprintf(next, sizeof next, "%s.next", world->path);
    FILE *file = fopen(next, "w");
    assert_non_null(file);
    for (size_t i = 0; i < HOSTS; i++)
        assert_true(fprintf(file, "h%zu.example %s\n", i, versions[version]) > 0);
    assert_true(fprintf(file, "*.example:8443 %s\n192.0.2.0/24 %s\n", versions[version],
                        versions[version]) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(next, world->path), 0);
}

/* The rung of the entry for a host, which has to be there; or NULL. */
static const char *rung_of(const struct anycert_policy_file *file, const char *host, uint16_t port)
{
    const struct anycert_policy_entry *entry = anycert_policy_file_find(file, host, port);
    return entry ? anycert_policy_rung(anycert_policy_entry_policy(entry)) : NULL;
}

/* A file is one version as a whole, whenever it was read. */
static bool is_whole(const struct anycert_policy_file *file)
{
    const char *first = rung_of(file, "h0.example", 443);
    const char *net = rung_of(file, "192.0.2.77", 443);
    const char *below = rung_of(file, "other.example", 8443);
    bool whole = first && net && below && strcmp(first, net) == 0 && strcmp(first, below) == 0;
    for (const struct anycert_policy_entry *entry = anycert_policy_file_next(file, NULL); entry;
         entry = anycert_policy_file_next(file, entry))
        whole = whole && anycert_policy_file_flaw(file, entry, 1800000000) == ANYCERT_FLAW_NONE &&
                strcmp(anycert_policy_rung(anycert_policy_entry_policy(entry)), first) == 0;
    return whole && rung_of(file, "other.example", 443) == NULL;
}

/* The client keeps the version that it was made with. */
static bool resolves(const struct anycert_client *client)
{
    const char *source = NULL;
    struct anycert_policy *policy =
        anycert_client_policy(client, "https://h7.example/", &source, NULL);
    bool right = policy && source && strcmp(anycert_policy_rung(policy), "hardened") == 0 &&
                 strstr(source, ":8") != NULL;
    anycert_policy_free(policy);
    return right;
}

static void *read_again_and_again(void *arg)
{
    struct world *world = arg;
    while (!atomic_load(&world->done)) {
        struct anycert_policy_file *file = anycert_policy_file_load(world->path, NULL);
        if (!file || !is_whole(file) || !is_whole(world->shared) || !resolves(world->client))
            atomic_fetch_add(&world->wrong, 1);
        anycert_policy_file_free(file);
    }
    return NULL;
}

/* Clients hold the file as long as they need it, and let go of it in whatever order. */
static void *hold_again_and_again(void *arg)
{
    struct world *world = arg;
    while (!atomic_load(&world->done)) {
        struct anycert_config *config = anycert_config_new(NULL);
        if (!config || anycert_config_set_policy_file(config, world->shared, NULL) != 0)
            atomic_fetch_add(&world->wrong, 1);
        anycert_config_free(config);
    }
    return NULL;
}

static struct anycert_client *make_client(const struct world *world)
{
    struct anycert_config *config = anycert_config_new(NULL);
    assert_non_null(config);
    assert_int_equal(anycert_config_set_policy_file(config, world->shared, NULL), 0);
    struct anycert_client *client = anycert_client_new(config, NULL);
    assert_non_null(client);
    anycert_config_free(config);
    return client;
}

static void threads_resolve_while_the_file_is_replaced(void **state)
{
    struct world world = {.folder = "/tmp/anycert-policies-XXXXXX"};
    pthread_t threads[READERS];
    (void)state;
    assert_non_null(mkdtemp(world.folder));
    snprintf(world.path, sizeof world.path, "%s/hosts", world.folder);
    write_version(&world, 0);
    world.shared = anycert_policy_file_load(world.path, NULL);
    assert_non_null(world.shared);
    world.client = make_client(&world);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i % 3 ? read_again_and_again : hold_again_and_again,
                                        &world),
                         0);
    for (size_t round = 1; round <= ROUNDS; round++)
        write_version(&world, round % 2);
    atomic_store(&world.done, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&world.wrong), 0);
    anycert_policy_file_free(world.shared);
    assert_true(resolves(world.client)); /* the client has it still */
    anycert_client_free(world.client);
    assert_int_equal(unlink(world.path), 0);
    assert_int_equal(rmdir(world.folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_resolve_while_the_file_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
