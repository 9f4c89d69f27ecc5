/* zoo_search: which sets of relaxations connect to a server, the smallest ones, by trying them
 * all.
 *
 *   zoo_search HOST PORT ANCHORS [MOST]
 *
 * Each set is a client of its own under hardened with these relaxations, that makes a handshake
 * with 127.0.0.1 for the host. Prints the sets of the smallest size of which one connects, a line
 * each
 * ("hardened" for the empty one), or "none" if no set of MOST (3) relaxations does. */
#include <anycert/anycert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST        4
#define PATIENCE_MS 1500

struct search {
    const char *anchors, *host;
    char url[300], rule[320];
    const struct anycert_relaxation *all[64];
    size_t count;
};

static void die(const char *what)
{
    fprintf(stderr, "zoo_search: %s\n", what);
    exit(2);
}

/* 1 if it connects, 0 if not or if there is no such policy. */
static int connects(const struct search *search, const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    int result = -1;

    if (!config)
        die(err.message);
    if (policy && anycert_policy_add_ca_path(policy, search->anchors, &err) == 0 &&
        anycert_config_set_policy(config, policy, &err) == 0 &&
        anycert_config_add_resolve(config, search->rule, &err) == 0 &&
        anycert_config_set_timeouts(config, PATIENCE_MS, 0, 0, &err) == 0)
        client = anycert_client_new(config, &err);
    if (client)
        result = anycert_client_handshake(client, search->url, &response, &err);
    if (getenv("ZOO_SEARCH_TELLS"))
        fprintf(stderr, "%s: %s\n", text, result == 0 ? "connects" : err.message);
    anycert_response_free(response);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return result == 0;
}

/* Tries all sets of `left` more relaxations from `from` on behind the text; how many connect. */
static size_t try_sets(const struct search *search, const char *text, size_t from, size_t left)
{
    size_t found = 0;
    char longer[400];

    if (left == 0) {
        if (!connects(search, text))
            return 0;
        printf("%s\n", text);
        return 1;
    }
    for (size_t i = from; i < search->count; i++) {
        if (snprintf(longer, sizeof longer, "%s+%s", text,
                     anycert_relaxation_name(search->all[i])) >= (int)sizeof longer)
            die("a name is too long");
        found += try_sets(search, longer, i + 1, left - 1);
    }
    return found;
}

int main(int argc, char **argv)
{
    struct search search = {0};
    size_t most = argc > 4 ? (size_t)(argv[4][0] - '0') : 3;

    if (argc < 4 || most > MOST)
        die("usage: zoo_search HOST PORT ANCHORS [MOST]");
    search.host = argv[1];
    search.anchors = argv[3];
    (void)snprintf(search.url, sizeof search.url, "https://%s:%s/", argv[1], argv[2]);
    (void)snprintf(search.rule, sizeof search.rule, "%s:%s:127.0.0.1", argv[1], argv[2]);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (anycert_relaxation_is_available(r) && search.count < 64)
            search.all[search.count++] = r;
    }
    for (size_t size = 0; size <= most; size++) {
        if (try_sets(&search, "hardened", 0, size) > 0)
            return 0;
    }
    printf("none\n");
    return 0;
}
