#include "client/cookies.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* What an unauthenticated peer sets, and what an authenticated one does, do not meet: the first
 * must not reach a server that trusts its own cookies, nor the second whoever answers. */
enum { PROVEN = 0, UNPROVEN = 1 };

static int which(const struct anycert_policy *policy)
{
    return anycert_policy_authenticates(policy) ? PROVEN : UNPROVEN;
}

int anycert_config_set_cookies(struct anycert_config *config, int cookies,
                               struct anycert_error *err)
{
    return anycert__set_flag(&config->cookies, cookies, "cookies", err);
}

int anycert__cookies_init(struct anycert_client *client, struct anycert_error *err)
{
    for (size_t i = 0; client->config->cookies && i < ANYCERT__SITUATIONS; i++) {
        const struct anycert_policy *policy = client->own.at[i].policy;
        /* With a policy file, there may be hosts of either kind. */
        struct anycert__jar **jar = client->listed ? &client->jars[i % 2]
                                    : policy       ? &client->jars[which(policy)]
                                                   : NULL;

        if (jar && !*jar && (*jar = anycert__jar_new(err)) == NULL)
            return -1;
    }
    return 0;
}

void anycert__cookies_free(struct anycert_client *client)
{
    anycert__jar_free(client->jars[PROVEN]);
    anycert__jar_free(client->jars[UNPROVEN]);
    client->jars[PROVEN] = client->jars[UNPROVEN] = NULL;
}

static bool has_field(const struct anycert__fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (anycert__str_equal_nocase(fields->list[i].name, name))
            return true;
    }
    return false;
}

struct anycert__jar *anycert__cookies_for(const struct anycert_client *client,
                                          const struct anycert_policy *policy,
                                          const struct anycert__fields *fields)
{
    if (!client->config->cookies || has_field(fields, "Cookie") || has_field(fields, "Host"))
        return NULL;
    return client->jars[which(policy)];
}

void anycert__cookies_learn(const struct anycert_client *client,
                            const struct anycert_policy *policy, const struct anycert__fields *sent,
                            const struct anycert__exchange *exchange)
{
    int64_t now = anycert__clock_now(&client->config->clock);
    const char *line = NULL;

    if (!client->config->cookies || exchange->jar || has_field(sent, "Host"))
        return;
    for (size_t i = 0; (line = anycert__fields_get(&exchange->fields, "Set-Cookie", i)) != NULL;
         i++)
        (void)anycert__jar_add(client->jars[which(policy)], line, exchange->url, now, NULL);
}

/* ---- for the caller ---- */

/* Of the origins that the client's requests name. */
static struct anycert__jar *own_jar(const struct anycert_client *client, struct anycert_error *err)
{
    struct anycert__jar *jar = client->jars[which(client->own.at[ANYCERT__HERE].policy)];

    if (!jar)
        anycert__fail(err, ANYCERT_E_USAGE, "the client keeps no cookies");
    return jar;
}

/* The jar of a host that requests name, which the policy file may say more about. */
static struct anycert__jar *jar_of(const struct anycert_client *client,
                                   const struct anycert__url *url, int64_t now,
                                   struct anycert_error *err)
{
    struct anycert_policy *configured = anycert__policy_for(client->config, url, false, now, err);
    struct anycert_policy *policy =
        configured ? anycert_policy_effective(configured, now, err) : NULL;
    struct anycert__jar *jar = policy ? client->jars[which(policy)] : NULL;

    anycert_policy_free(policy);
    anycert_policy_free(configured);
    return jar;
}

int anycert_client_add_cookie(struct anycert_client *client, const char *set_cookie,
                              const char *url, struct anycert_error *err)
{
    int64_t now = anycert__clock_now(&client->config->clock);
    struct anycert__jar *jar = own_jar(client, err);
    struct anycert__url parts = {0};
    int result = -1;

    if (!jar)
        return -1;
    if (!set_cookie)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no cookie");
    if (anycert__url_parse(url, &parts, err) < 0)
        return -1;
    jar = jar_of(client, &parts, now, err);
    if (jar)
        result = anycert__jar_add(jar, set_cookie, &parts, now, err);
    anycert__url_clear(&parts);
    return result;
}

char *anycert_client_cookies(struct anycert_client *client, struct anycert_error *err)
{
    struct anycert__jar *jar = own_jar(client, err);

    return jar ? anycert__jar_text(jar, anycert__clock_now(&client->config->clock), err) : NULL;
}

int anycert_client_load_cookies(struct anycert_client *client, const char *path,
                                struct anycert_error *err)
{
    struct anycert__jar *jar = own_jar(client, err);
    char *text = NULL;
    size_t len = 0;
    int result = -1;

    if (!jar || anycert__check_text(path, "path of the cookie file", err) < 0 ||
        anycert__file_read(path, FILE_MAX, ANYCERT_E_FILE, "cookie file", &text, &len, err) < 0)
        return -1;
    if (strlen(text) != len)
        anycert__fail(err, ANYCERT_E_USAGE, "'%.200s' is not a text", path);
    else
        result = anycert__jar_read(jar, text, path, err);
    anycert__wipe(text, len);
    anycert__free(text);
    return result;
}

int anycert_client_save_cookies(struct anycert_client *client, const char *path,
                                struct anycert_error *err)
{
    struct anycert__file_writer *writer = NULL;
    char *text = NULL;
    int result = -1;

    if (anycert__check_text(path, "path of the cookie file", err) < 0)
        return -1;
    text = anycert_client_cookies(client, err);
    if (text && anycert__file_writer_open_secret(path, &writer, err) == 0 &&
        anycert__file_writer_write(writer, text, strlen(text), err) == 0)
        result = anycert__file_writer_commit(writer, err);
    anycert__file_writer_free(writer);
    anycert__free_secret(text);
    return result;
}
