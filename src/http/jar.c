#include "http/jar.h"
#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/cookie.h"

#include <string.h>

struct anycert__jar {
    CURLSH *share;
    pthread_mutex_t locks[CURL_LOCK_DATA_LAST];
    size_t lock_count;
    CURL *easy; /* of no transfer: to look into the engine and put things there */
    pthread_mutex_t easy_lock;
    bool has_easy_lock;
};

static void on_lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *arg)
{
    struct anycert__jar *jar = arg;

    (void)easy;
    (void)access;
    pthread_mutex_lock(&jar->locks[data]);
}

static void on_unlock(CURL *easy, curl_lock_data data, void *arg)
{
    struct anycert__jar *jar = arg;

    (void)easy;
    pthread_mutex_unlock(&jar->locks[data]);
}

CURLcode anycert__jar_attach(struct anycert__jar *jar, CURL *easy)
{
    CURLcode rc = CURLE_OK;

    ANYCERT__SET(rc, easy, CURLOPT_SHARE, jar->share);
    ANYCERT__SET(rc, easy, CURLOPT_COOKIEFILE, ""); /* starts the engine, and reads nothing */
    return rc;
}

struct anycert__jar *anycert__jar_new(struct anycert_error *err)
{
    struct anycert__jar *jar = anycert__calloc(1, sizeof *jar);

    if (!jar)
        goto nomem;
    while (jar->lock_count < CURL_LOCK_DATA_LAST) {
        if (pthread_mutex_init(&jar->locks[jar->lock_count], NULL) != 0)
            goto nomem;
        jar->lock_count++;
    }
    jar->has_easy_lock = pthread_mutex_init(&jar->easy_lock, NULL) == 0;
    jar->share = curl_share_init();
    jar->easy = curl_easy_init();
    if (!jar->has_easy_lock || !jar->share || !jar->easy ||
        curl_share_setopt(jar->share, CURLSHOPT_LOCKFUNC, on_lock) != CURLSHE_OK ||
        curl_share_setopt(jar->share, CURLSHOPT_UNLOCKFUNC, on_unlock) != CURLSHE_OK ||
        curl_share_setopt(jar->share, CURLSHOPT_USERDATA, jar) != CURLSHE_OK ||
        curl_share_setopt(jar->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK ||
        anycert__jar_attach(jar, jar->easy) != CURLE_OK)
        goto nomem;
    return jar;
nomem:
    anycert__fail_nomem(err);
    anycert__jar_free(jar);
    return NULL;
}

void anycert__jar_free(struct anycert__jar *jar)
{
    if (!jar)
        return;
    curl_easy_cleanup(jar->easy);
    if (jar->share)
        (void)curl_share_cleanup(jar->share);
    while (jar->lock_count > 0)
        pthread_mutex_destroy(&jar->locks[--jar->lock_count]);
    if (jar->has_easy_lock)
        pthread_mutex_destroy(&jar->easy_lock);
    anycert__free(jar);
}

/* Puts a line of the Netscape format into the engine. Called with the easy's lock held. */
static int put(struct anycert__jar *jar, const char *line, struct anycert_error *err)
{
    return curl_easy_setopt(jar->easy, CURLOPT_COOKIELIST, line) == CURLE_OK
               ? 0
               : anycert__fail_nomem(err);
}

int anycert__jar_add(struct anycert__jar *jar, const char *set_cookie,
                     const struct anycert__url *url, int64_t now, struct anycert_error *err)
{
    struct anycert__buf line;
    int result = -1;

    anycert__buf_init_secret(&line, 65536);
    if (anycert__cookie_line(set_cookie, url, now, &line, err) == 0) {
        pthread_mutex_lock(&jar->easy_lock);
        result = put(jar, line.data, err);
        pthread_mutex_unlock(&jar->easy_lock);
    }
    anycert__buf_free(&line);
    return result;
}

bool anycert__jar_has_for(struct anycert__jar *jar, const struct anycert__url *url)
{
    struct curl_slist *list = NULL;
    bool found = false;

    pthread_mutex_lock(&jar->easy_lock);
    (void)curl_easy_getinfo(jar->easy, CURLINFO_COOKIELIST, &list);
    pthread_mutex_unlock(&jar->easy_lock);
    for (struct curl_slist *line = list; line; line = line->next) {
        found = found || anycert__cookie_is_for(line->data, url);
        anycert__wipe(line->data, strlen(line->data));
    }
    curl_slist_free_all(list);
    return found;
}

static int add_pair(const char *line, struct anycert__fields *out, struct anycert_error *err)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t name_len = 0;
    size_t value_len = 0;
    char *pair = NULL;
    int result = -1;

    anycert__cookie_pair(line, &name, &name_len, &value, &value_len);
    pair = anycert__malloc(name_len + value_len + 2);
    if (!pair)
        return anycert__fail_nomem(err);
    memcpy(pair, name, name_len);
    pair[name_len] = '\0';
    memcpy(pair + name_len + 1, value, value_len);
    pair[name_len + 1 + value_len] = '\0';
    result = anycert__fields_add(out, pair, pair + name_len + 1, err);
    anycert__free_secret(pair);
    return result;
}

/* Those whose path is of that length; *longest becomes the next shorter length, or SIZE_MAX. */
static int add_pairs(struct curl_slist *list, const struct anycert__url *url, int64_t now,
                     size_t *longest, struct anycert__fields *out, struct anycert_error *err)
{
    size_t next = SIZE_MAX;

    for (struct curl_slist *line = list; line; line = line->next) {
        size_t len = 0;

        if (anycert__cookie_expired(line->data, now) ||
            !anycert__cookie_goes_to(line->data, url, &len))
            continue;
        if (len == *longest && add_pair(line->data, out, err) < 0)
            return -1;
        if (len < *longest && (next == SIZE_MAX || len > next))
            next = len;
    }
    *longest = next;
    return 0;
}

int anycert__jar_pairs(struct anycert__jar *jar, const struct anycert__url *url, int64_t now,
                       struct anycert__fields *out, struct anycert_error *err)
{
    struct curl_slist *list = NULL;
    size_t longest = SIZE_MAX; /* no path has it */
    int result = 0;

    pthread_mutex_lock(&jar->easy_lock);
    (void)curl_easy_getinfo(jar->easy, CURLINFO_COOKIELIST, &list);
    pthread_mutex_unlock(&jar->easy_lock);
    do {
        result = add_pairs(list, url, now, &longest, out, err);
    } while (result == 0 && longest != SIZE_MAX);
    for (struct curl_slist *line = list; line; line = line->next)
        anycert__wipe(line->data, strlen(line->data));
    curl_slist_free_all(list);
    return result;
}

char *anycert__jar_text(struct anycert__jar *jar, int64_t now, struct anycert_error *err)
{
    struct curl_slist *list = NULL;
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    anycert__buf_adds(&out, "# Netscape HTTP Cookie File\n");
    pthread_mutex_lock(&jar->easy_lock);
    (void)curl_easy_getinfo(jar->easy, CURLINFO_COOKIELIST, &list);
    pthread_mutex_unlock(&jar->easy_lock);
    for (struct curl_slist *line = list; line; line = line->next) {
        if (!anycert__cookie_expired(line->data, now))
            anycert__buf_addf(&out, "%s\n", line->data);
        anycert__wipe(line->data, strlen(line->data));
    }
    curl_slist_free_all(list);
    text = anycert__buf_take(&out, "cookies", err);
    anycert__buf_free(&out);
    return text;
}

int anycert__jar_check(const char *text, const char *what, struct anycert_error *err)
{
    unsigned number = 1;

    for (const char *line = text; *line; number++) {
        size_t len = strcspn(line, "\n");
        size_t end = len > 0 && line[len - 1] == '\r' ? len - 1 : len;

        if (anycert__cookie_check(line, end, err) < 0)
            return anycert__error_prefix(err, "line %u of %s", number, what);
        line += len + (line[len] == '\n');
    }
    return 0;
}

int anycert__jar_read(struct anycert__jar *jar, const char *text, const char *what,
                      struct anycert_error *err)
{
    struct anycert__buf one;
    int result = anycert__jar_check(text, what, err);

    anycert__buf_init_secret(&one, SIZE_MAX / 2);
    pthread_mutex_lock(&jar->easy_lock);
    for (const char *line = text; *line && result == 0;) {
        size_t len = strcspn(line, "\n");
        size_t end = len > 0 && line[len - 1] == '\r' ? len - 1 : len;

        if (anycert__cookie_check(line, end, NULL) > 0) {
            anycert__buf_reset(&one);
            if (anycert__buf_add(&one, line, end) < 0)
                result = anycert__fail_nomem(err);
            else
                result = put(jar, one.data, err);
        }
        line += len + (line[len] == '\n');
    }
    pthread_mutex_unlock(&jar->easy_lock);
    anycert__buf_free(&one);
    return result;
}
