#include "client/cookies.h"

#include "base/buf.h"
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
    if (client->config->cookies && !exchange->jar && !has_field(sent, "Host"))
        anycert__jar_learn(client->jars[which(policy)], &exchange->fields, exchange->url,
                           anycert__clock_now(&client->config->clock));
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

/* Behind this line of a cookie file stand those of hosts whose entry of the policy file gives up
 * who answers: they go where they came from, and to nobody who has proved himself. */
static const char mark[] = "# of peers that were not authenticated\n";

/* The jar of those hosts, where the client's own is another one; NULL: there is none. */
static struct anycert__jar *marked_jar(const struct anycert_client *client,
                                       const struct anycert__jar *own)
{
    struct anycert__jar *jar = client->jars[UNPROVEN];

    return client->listed && jar != own ? jar : NULL;
}

/* Appends the lines of a jar, without its head, behind the mark. */
static char *with_marked(char *text, struct anycert__jar *jar, int64_t now,
                         struct anycert_error *err)
{
    char *more = anycert__jar_text(jar, now, err);
    const char *lines = more ? strchr(more, '\n') : NULL;
    struct anycert__buf out;

    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    anycert__buf_adds(&out, text);
    if (lines && lines[1] != '\0') {
        anycert__buf_adds(&out, mark);
        anycert__buf_adds(&out, lines + 1);
    }
    anycert__free_secret(text);
    text = more ? anycert__buf_take(&out, "cookies", err) : NULL;
    anycert__buf_free(&out);
    anycert__free_secret(more);
    return text;
}

char *anycert_client_cookies(struct anycert_client *client, struct anycert_error *err)
{
    int64_t now = anycert__clock_now(&client->config->clock);
    struct anycert__jar *own = own_jar(client, err);
    struct anycert__jar *marked = own ? marked_jar(client, own) : NULL;
    char *text = own ? anycert__jar_text(own, now, err) : NULL;

    return text && marked ? with_marked(text, marked, now, err) : text;
}

/* Those behind the mark are left out by a client for whom every peer proves who it is. */
static int read_file(struct anycert_client *client, struct anycert__jar *own, char *text,
                     const char *path, struct anycert_error *err)
{
    char *behind = strstr(text, mark);
    struct anycert__jar *marked = own == client->jars[UNPROVEN] ? own : marked_jar(client, own);

    if (anycert__jar_check(text, path, err) < 0)
        return -1;
    while (behind && behind != text && behind[-1] != '\n')
        behind = strstr(behind + 1, mark);
    if (behind) {
        if (marked && anycert__jar_read(marked, behind, path, err) < 0)
            return -1;
        anycert__wipe(behind, strlen(behind));
    }
    return anycert__jar_read(own, text, path, err);
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
        result = read_file(client, jar, text, path, err);
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
