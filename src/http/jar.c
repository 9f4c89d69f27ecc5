#include "http/jar.h"
#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/cookie.h"

#include <stdatomic.h>
#include <string.h>

/* libcurl's limits: cookies of one answer that are kept, and that are sent with one request, and
 * the bytes of their field. */
#define KEPT_OF_ANSWER 50
#define SENT_MAX       150
#define SENT_BYTES     8190
/* What servers may have us keep, or a hostile one would fill the memory: more than the 50 and 3000
 * that RFC 6265 section 6.1 asks for, and as much as browsers keep. */
#define KEPT_OF_DOMAIN 180
#define KEPT_OF_ALL    3300

struct kept {
    char *line;
    struct anycert__cookie cookie; /* and its parts */
};

struct anycert__jar {
    pthread_mutex_t lock; /* of what follows */
    bool has_lock;
    struct kept *list; /* the older first */
    size_t count, room;
    atomic_bool has_any; /* false: there never was one, and nothing needs the lock */
};

/* The cookies of a request, the first first. */
struct chosen {
    const struct anycert__cookie *list[SENT_MAX];
    size_t count;
};

struct anycert__jar *anycert__jar_new(struct anycert_error *err)
{
    struct anycert__jar *jar = anycert__calloc(1, sizeof *jar);

    if (jar) {
        atomic_init(&jar->has_any, false);
        jar->has_lock = pthread_mutex_init(&jar->lock, NULL) == 0;
        if (jar->has_lock)
            return jar;
    }
    anycert__fail_nomem(err);
    anycert__jar_free(jar);
    return NULL;
}

void anycert__jar_free(struct anycert__jar *jar)
{
    if (!jar)
        return;
    for (size_t i = 0; i < jar->count; i++)
        anycert__free_secret(jar->list[i].line);
    anycert__free(jar->list);
    if (jar->has_lock)
        pthread_mutex_destroy(&jar->lock);
    anycert__free(jar);
}

/* ---- what is kept; with the lock held */

static void drop_expired(struct anycert__jar *jar, int64_t now)
{
    size_t count = 0;

    for (size_t i = 0; i < jar->count; i++) {
        if (anycert__cookie_expired(&jar->list[i].cookie, now))
            anycert__free_secret(jar->list[i].line);
        else
            jar->list[count++] = jar->list[i];
    }
    jar->count = count;
}

/* Which one it is that cookie takes the place of, or takes away; the count if there is none. */
static size_t find_replaced(const struct anycert__jar *jar, const struct anycert__cookie *cookie)
{
    size_t i = 0;

    while (i < jar->count && !anycert__cookie_replaces(cookie, &jar->list[i].cookie))
        i++;
    return i;
}

/* Behind the last one; NULL when out of memory. */
static struct kept *append(struct anycert__jar *jar)
{
    if (jar->count == jar->room) {
        size_t room = jar->room > 0 ? 2 * jar->room : 8;
        struct kept *list = anycert__realloc(jar->list, room * sizeof *list);

        if (!list)
            return NULL;
        jar->list = list;
        jar->room = room;
    }
    jar->list[jar->count] = (struct kept){0};
    return &jar->list[jar->count++];
}

static void drop(struct anycert__jar *jar, size_t i)
{
    anycert__free_secret(jar->list[i].line);
    jar->count--;
    memmove(&jar->list[i], &jar->list[i + 1], (jar->count - i) * sizeof jar->list[0]);
}

/* The oldest goes, of the cookie's domain or of all; but a Secure one for a Secure one only, or a
 * flood over http would take it away. False: none goes. */
static bool drop_oldest(struct anycert__jar *jar, const struct anycert__cookie *cookie,
                        bool of_domain)
{
    size_t oldest = jar->count;

    for (size_t i = 0; i < jar->count; i++) {
        const struct anycert__cookie *other = &jar->list[i].cookie;

        if (of_domain && !anycert__cookie_same_domain(cookie, other))
            continue;
        if (!other->secure) {
            drop(jar, i);
            return true;
        }
        if (oldest == jar->count)
            oldest = i;
    }
    if (!cookie->secure || oldest == jar->count)
        return false;
    drop(jar, oldest);
    return true;
}

/* For one more, which a server sets. False: there is none. */
static bool make_room(struct anycert__jar *jar, const struct anycert__cookie *cookie)
{
    size_t of_domain = 0;

    for (size_t i = 0; i < jar->count; i++)
        of_domain += anycert__cookie_same_domain(cookie, &jar->list[i].cookie);
    if (of_domain >= KEPT_OF_DOMAIN)
        return drop_oldest(jar, cookie, true);
    return jar->count < KEPT_OF_ALL || drop_oldest(jar, cookie, false);
}

/* One that has expired takes away what it replaces. */
static int put(struct anycert__jar *jar, const char *line, int64_t now, bool is_limited,
               struct anycert_error *err)
{
    struct kept fresh = {.line = anycert__strdup(line)};
    struct kept *place = NULL;
    size_t replaced = 0;
    bool is_new = false;

    if (!fresh.line)
        return anycert__fail_nomem(err);
    anycert__cookie_read(fresh.line, strlen(fresh.line), &fresh.cookie);
    drop_expired(jar, now);
    replaced = find_replaced(jar, &fresh.cookie);
    is_new = replaced == jar->count;
    if (anycert__cookie_expired(&fresh.cookie, now)) {
        if (!is_new)
            drop(jar, replaced);
        anycert__free_secret(fresh.line);
        return 0;
    }
    if (is_new && is_limited && !make_room(jar, &fresh.cookie)) {
        anycert__free_secret(fresh.line);
        return anycert__fail(err, ANYCERT_E_USAGE, "there are too many cookies");
    }
    place = is_new ? append(jar) : &jar->list[replaced];
    if (!place) {
        anycert__free_secret(fresh.line);
        return anycert__fail_nomem(err);
    }
    anycert__free_secret(place->line);
    *place = fresh;
    atomic_store(&jar->has_any, true);
    return 0;
}

/* True if a cookie from http would come before one that is Secure. */
static bool hides_secure(const struct anycert__jar *jar, const char *line)
{
    struct anycert__cookie cookie;

    anycert__cookie_read(line, strlen(line), &cookie);
    for (size_t i = 0; i < jar->count; i++) {
        const struct anycert__cookie *other = &jar->list[i].cookie;

        if (other->secure && anycert__cookie_covers(&cookie, other))
            return true;
    }
    return false;
}

/* The more of the path one names, the sooner it comes; of the same length, the older. */
static void choose_one(struct chosen *chosen, const struct anycert__cookie *cookie)
{
    size_t i = chosen->count;

    while (i > 0 && chosen->list[i - 1]->path_len < cookie->path_len)
        i--;
    if (i == SENT_MAX)
        return;
    if (chosen->count < SENT_MAX)
        chosen->count++;
    memmove(&chosen->list[i + 1], &chosen->list[i],
            (chosen->count - 1 - i) * sizeof chosen->list[0]);
    chosen->list[i] = cookie;
}

static void choose(const struct anycert__jar *jar, const struct anycert__cookie_place *place,
                   int64_t now, struct chosen *out)
{
    size_t bytes = strlen("Cookie: ");
    size_t count = 0;

    out->count = 0;
    for (size_t i = 0; i < jar->count; i++) {
        const struct anycert__cookie *cookie = &jar->list[i].cookie;

        if (!anycert__cookie_expired(cookie, now) && anycert__cookie_goes_to(cookie, place))
            choose_one(out, cookie);
    }
    for (; count < out->count; count++) {
        bytes += out->list[count]->name_len + out->list[count]->value_len + strlen("=; ");
        if (bytes >= SENT_BYTES)
            break;
    }
    out->count = count;
}

/* ---- for the layers above */

static int add(struct anycert__jar *jar, const char *set_cookie, const struct anycert__url *url,
               int64_t now, bool is_limited, struct anycert_error *err)
{
    struct anycert__cookie_place place;
    struct anycert__buf line;
    int result = -1;

    anycert__buf_init_secret(&line, SIZE_MAX / 2);
    if (anycert__cookie_place(url, &place, err) == 0 &&
        anycert__cookie_line(set_cookie, &place, now, &line, err) == 0) {
        pthread_mutex_lock(&jar->lock);
        if (!place.is_secure && hides_secure(jar, line.data))
            anycert__fail(err, ANYCERT_E_USAGE, "a Secure cookie of that name came over https");
        else
            result = put(jar, line.data, now, is_limited, err);
        pthread_mutex_unlock(&jar->lock);
    }
    anycert__buf_free(&line);
    return result;
}

int anycert__jar_add(struct anycert__jar *jar, const char *set_cookie,
                     const struct anycert__url *url, int64_t now, struct anycert_error *err)
{
    return add(jar, set_cookie, url, now, false, err);
}

bool anycert__jar_has_for(struct anycert__jar *jar, const struct anycert__url *url, int64_t now)
{
    struct anycert__cookie_place place;
    bool found = false;

    if (!atomic_load(&jar->has_any) || anycert__cookie_place(url, &place, NULL) < 0)
        return false;
    pthread_mutex_lock(&jar->lock);
    for (size_t i = 0; i < jar->count && !found; i++)
        found = !anycert__cookie_expired(&jar->list[i].cookie, now) &&
                anycert__cookie_is_for(&jar->list[i].cookie, &place);
    pthread_mutex_unlock(&jar->lock);
    return found;
}

static int add_pair(const struct anycert__cookie *cookie, struct anycert__fields *out,
                    struct anycert_error *err)
{
    char *pair = anycert__malloc(cookie->name_len + cookie->value_len + 2);
    char *value = NULL;
    int result = -1;

    if (!pair)
        return anycert__fail_nomem(err);
    value = pair + cookie->name_len + 1;
    memcpy(pair, cookie->name, cookie->name_len);
    pair[cookie->name_len] = '\0';
    memcpy(value, cookie->value, cookie->value_len);
    value[cookie->value_len] = '\0';
    result = anycert__fields_add(out, pair, value, err);
    anycert__wipe(value, cookie->value_len);
    anycert__free_secret(pair);
    return result;
}

int anycert__jar_pairs(struct anycert__jar *jar, const struct anycert__url *url, int64_t now,
                       struct anycert__fields *out, struct anycert_error *err)
{
    struct anycert__cookie_place place;
    struct chosen chosen;
    int result = 0;

    if (!atomic_load(&jar->has_any) || anycert__cookie_place(url, &place, NULL) < 0)
        return 0;
    place.is_secure = url->https; /* on this machine, too, as in Python's requests */
    pthread_mutex_lock(&jar->lock);
    choose(jar, &place, now, &chosen);
    for (size_t i = 0; i < chosen.count && result == 0; i++)
        result = add_pair(chosen.list[i], out, err);
    pthread_mutex_unlock(&jar->lock);
    return result;
}

char *anycert__jar_text(struct anycert__jar *jar, int64_t now, struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    anycert__buf_adds(&out, "# Netscape HTTP Cookie File\n");
    pthread_mutex_lock(&jar->lock);
    for (size_t i = 0; i < jar->count; i++) {
        if (!anycert__cookie_expired(&jar->list[i].cookie, now)) {
            anycert__buf_adds(&out, jar->list[i].line);
            anycert__buf_adds(&out, "\n");
        }
    }
    pthread_mutex_unlock(&jar->lock);
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
    pthread_mutex_lock(&jar->lock);
    for (const char *line = text; *line && result == 0;) {
        size_t len = strcspn(line, "\n");
        size_t end = len > 0 && line[len - 1] == '\r' ? len - 1 : len;

        anycert__buf_reset(&one);
        if (anycert__cookie_check(line, end, NULL) > 0)
            result = anycert__cookie_tidy(line, end, &one, err);
        if (result > 0)
            result = put(jar, one.data, 0, false, err);
        line += len + (line[len] == '\n');
    }
    pthread_mutex_unlock(&jar->lock);
    anycert__buf_free(&one);
    return result;
}

void anycert__jar_learn(struct anycert__jar *jar, const struct anycert__fields *fields,
                        const struct anycert__url *url, int64_t now)
{
    unsigned kept = 0;

    for (size_t i = 0; i < fields->count && kept < KEPT_OF_ANSWER; i++) {
        const struct anycert__field *field = &fields->list[i];

        if (anycert__str_equal_nocase(field->name, "Set-Cookie"))
            kept += add(jar, field->value, url, now, true, NULL) == 0;
    }
}

/* ---- for lanes */

static void add_all(struct anycert__jar *jar, const struct anycert__cookie_place *place,
                    int64_t now, struct anycert__buf *out)
{
    struct chosen chosen;

    pthread_mutex_lock(&jar->lock);
    choose(jar, place, now, &chosen);
    for (size_t i = 0; i < chosen.count; i++) {
        const struct anycert__cookie *cookie = chosen.list[i];

        anycert__buf_adds(out, i > 0 ? "; " : "");
        anycert__buf_add(out, cookie->name, cookie->name_len);
        anycert__buf_adds(out, "=");
        anycert__buf_add(out, cookie->value, cookie->value_len);
    }
    pthread_mutex_unlock(&jar->lock);
}

CURLcode anycert__jar_give(struct anycert__lane *lane)
{
    struct anycert__cookie_place place;
    struct anycert__buf text;
    CURLcode rc = CURLE_OK;

    if (!lane->has_cookies && !atomic_load(&lane->jar->has_any))
        return CURLE_OK;
    anycert__buf_init_secret(&text, SIZE_MAX / 2);
    if (anycert__cookie_place(lane->exchange->url, &place, NULL) == 0)
        add_all(lane->jar, &place, anycert__clock_now(&lane->settings->clock), &text);
    if (text.failed)
        rc = CURLE_OUT_OF_MEMORY;
    else if (text.len > 0 || lane->has_cookies)
        rc = curl_easy_setopt(lane->easy, CURLOPT_COOKIE, text.len > 0 ? text.data : NULL);
    lane->has_cookies = lane->has_cookies || text.len > 0;
    anycert__buf_free(&text);
    return rc;
}
