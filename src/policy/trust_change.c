/* What changes a trust store: each change is made to the file as it is, under its lock. */
#include "policy/trust_store.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

struct change {
    struct anycert_trust_store *store;
    int lock;
    struct anycert__trust_text *text;  /* as it is */
    char salt[ANYCERT__BASE64_32 + 1]; /* for the names of new entries */
    struct anycert__buf out;           /* as it will be */
};

static int64_t system_now(void)
{
    static const struct anycert__clock system_clock = {0};
    return anycert__clock_now(&system_clock);
}

/* A time that was never true would stand in the store for ever. */
static int check_clock(int64_t now, struct anycert_error *err)
{
    char date[ANYCERT__DATE_SIZE];
    if (now >= ANYCERT__CLOCK_FLOOR)
        return 0;
    anycert__format_date(now, date);
    return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                         "the clock says %s: nothing is recorded in the trust store before it is "
                         "set",
                         date);
}

static int choose_salt(struct change *c, struct anycert_error *err)
{
    uint8_t bytes[32];
    if (c->text->salt_count > 0) {
        memcpy(c->salt, c->text->salts[0], sizeof c->salt);
        return 0;
    }
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return anycert__fail_errno(err, ANYCERT_E_INTERNAL, errno, "no random numbers");
    anycert__base64_write_32(bytes, c->salt);
    return 0;
}

/* To be ended on failure, too. With waits 0, or -1; else 1, too, as somebody else is writing. */
static int begin(struct change *c, struct anycert_trust_store *store, bool waits,
                 struct anycert_error *err)
{
    struct anycert__trust_stamp stamp;
    *c = (struct change){.store = store, .lock = -1};
    anycert__buf_init(&c->out, ANYCERT__TRUST_TEXT_MAX);
    if (store->is_read_only)
        return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                             "the trust store '%s' is opened for reading only", store->path);
    c->lock = anycert__trust_file_lock(store->path, waits ? &store->waiting : NULL, err);
    if (c->lock == ANYCERT__TRUST_LOCKED)
        return 1;
    if (c->lock < 0 ||
        anycert__trust_file_read(store->path, store->hmac, NULL, &c->text, &stamp, err) != 0)
        return -1;
    return choose_salt(c, err);
}

/* What was made of it is read once more before it counts. */
static int commit(struct change *c, struct anycert_error *err)
{
    size_t len = c->out.len;
    if (c->out.too_large)
        return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                             "the trust store '%s' would be larger than 64 MiB", c->store->path);
    char *bytes = anycert__buf_take(&c->out, "trust store", err);
    if (bytes == NULL)
        return -1;
    struct anycert__trust_text *fresh =
        anycert__trust_text_new(bytes, len, c->store->path, c->store->hmac, err);
    if (fresh == NULL)
        return -1;
    int rv = anycert__trust_file_write(c->store->path, fresh->text, fresh->len, err);
    if (rv == 0)
        anycert__trust_store_wrote(c->store, fresh);
    anycert__trust_text_unref(fresh);
    return rv;
}

static void end(struct change *c)
{
    anycert__buf_free(&c->out);
    anycert__trust_text_unref(c->text);
    if (c->lock >= 0) {
        (void)flock(c->lock, LOCK_UN); /* a child that was forked meanwhile has it open, too */
        close(c->lock);
    }
}

/* ---- editing ---- */

/* Where the line of a slot begins, and where the next one does. */
static size_t line_start(const struct anycert__trust_text *text, size_t slot)
{
    size_t at = text->slots[slot].offset;
    while (at > 0 && text->text[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const struct anycert__trust_text *text, size_t slot)
{
    return text->slots[slot].offset + (size_t)text->slots[slot].len + 1;
}

static int by_number(const void *a, const void *b)
{
    const size_t *one = a, *other = b;
    return *one < *other ? -1 : *one > *other;
}

/* Everything without the lines of these slots, and the line (NULL: none) where the first was, or
 * at the end. */
static void replace_lines(struct change *c, size_t *slots, size_t count,
                          const struct anycert__trust_line *line)
{
    size_t at = 0;
    qsort(slots, count, sizeof *slots, by_number);
    for (size_t i = 0; i < count; i++) {
        anycert__buf_add(&c->out, c->text->text + at, line_start(c->text, slots[i]) - at);
        at = line_end(c->text, slots[i]);
        if (i == 0 && line)
            anycert__trust_line_write(&c->out, line);
    }
    anycert__buf_add(&c->out, c->text->text + at, c->text->len - at);
    if (count == 0 && line)
        anycert__trust_line_write(&c->out, line);
}

/* Hashes the host of a line, if the store's names are. */
static int hide_host(const struct change *c, struct anycert__trust_line *line,
                     char hashed[ANYCERT__TRUST_HASHED_LEN + 1], struct anycert_error *err)
{
    if (line->is_hashed)
        return 0;
    if (anycert__trust_hash_host(c->store->hmac, line->host, line->host_len, c->salt, hashed) != 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "the host's name cannot be hashed");
    line->host = hashed;
    line->host_len = ANYCERT__TRUST_HASHED_LEN;
    line->is_hashed = true;
    return 0;
}

/* Writes the entry of a host in the place of what there is. */
static int put(struct change *c, const struct anycert__trust_line *entry, size_t *slots, long count,
               struct anycert_error *err)
{
    char hashed[ANYCERT__TRUST_HASHED_LEN + 1];
    struct anycert__trust_line line = *entry;
    if (c->text->hashes_names && hide_host(c, &line, hashed, err) != 0)
        return -1;
    replace_lines(c, slots, (size_t)count, &line);
    return commit(c, err);
}

/* ---- one host ---- */

static int check_entry(const char *pins, const char *comment, struct anycert__trust_line *line,
                       struct anycert_error *err)
{
    const char *fault = NULL;
    line->kind = pins ? ANYCERT_TRUST_PIN : ANYCERT_TRUST_CA;
    line->pins = pins ? pins : "";
    line->pins_len = strlen(line->pins);
    if (pins)
        fault = anycert__trust_pins_fault(pins, line->pins_len, &line->pin_count);
    line->comment = comment ? comment : "";
    line->comment_len = strlen(line->comment);
    if (fault == NULL)
        fault = anycert__trust_comment_fault(line->comment, line->comment_len);
    return fault ? anycert__fail(err, ANYCERT_E_USAGE, "the entry is not well written: %s", fault)
                 : 0;
}

int anycert_trust_store_add(struct anycert_trust_store *store, const char *host, uint16_t port,
                            const char *pins, const char *comment, struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    int64_t now = system_now();
    struct anycert__trust_line line = {.source = ANYCERT_TRUST_ADDED};
    struct change c;
    int rv = -1;
    if (anycert__trust_host_text(host, port, name, err) != 0 ||
        check_entry(pins, comment, &line, err) != 0 || check_clock(now, err) != 0)
        return -1;
    if (begin(&c, store, true, err) == 0) {
        /* Whatever it says, in as many lines as it likes, it does not any more. */
        long count = anycert__trust_text_find(c.text, name, slots, ANYCERT__TRUST_SLOTS);
        line.host = name;
        line.host_len = strlen(name);
        line.first_seen = line.changed = now;
        for (long i = 0; i < count; i++) {
            struct anycert__trust_line old;
            anycert__trust_text_line(c.text, slots[i], &old);
            line.first_seen = old.first_seen < line.first_seen ? old.first_seen : line.first_seen;
        }
        rv = count < 0 ? anycert__fail(err, ANYCERT_E_INTERNAL, "the host's name cannot be hashed")
                       : put(&c, &line, slots, count, err);
    }
    end(&c);
    return rv;
}

int anycert_trust_store_remove(struct anycert_trust_store *store, const char *host, uint16_t port,
                               struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct change c;
    int rv = -1;
    if (anycert__trust_host_text(host, port, name, err) != 0)
        return -1;
    if (begin(&c, store, true, err) == 0) {
        long count = anycert__trust_text_find(c.text, name, slots, ANYCERT__TRUST_SLOTS);
        if (count < 0)
            anycert__fail(err, ANYCERT_E_INTERNAL, "the host's name cannot be hashed");
        else if (count == 0)
            rv = 0;
        else {
            replace_lines(&c, slots, (size_t)count, NULL);
            rv = commit(&c, err) == 0 ? 1 : -1;
        }
    }
    end(&c);
    return rv;
}

int anycert__trust_store_record(struct anycert_trust_store *store, const char *host, uint16_t port,
                                const char *pin, bool by_ca, int64_t now, struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line line = {.source = ANYCERT_TRUST_FIRST_USE}, there;
    struct change c;
    if (anycert__trust_host_text(host, port, name, err) != 0 ||
        check_entry(by_ca ? NULL : pin, NULL, &line, err) != 0 || check_clock(now, err) != 0)
        return -1;
    int rv = begin(&c, store, false, err);
    if (rv == 0) {
        long count = anycert__trust_store_slots(store, c.text, name, slots, &there, err);
        line.host = name;
        line.host_len = strlen(name);
        line.first_seen = line.changed = now;
        rv = -1;
        if (count == 0)
            rv = put(&c, &line, slots, 0, err);
        else if (count > 0 && there.kind == line.kind && there.pins_len == line.pins_len &&
                 memcmp(there.pins, line.pins, line.pins_len) == 0)
            rv = 0;
        else if (count > 0)
            anycert__fail(err, ANYCERT_E_TRUST_CHANGED,
                          "%s has just been recorded in '%s' by another key than this one", name,
                          store->path);
    }
    end(&c);
    return rv;
}

/* ---- many hosts ---- */

/* Where a host of another store stands in this one: by its name, or as it is spelled. */
static long find_same(const struct change *c, const struct anycert__trust_line *line,
                      size_t slots[ANYCERT__TRUST_SLOTS])
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    long slot;
    if (!line->is_hashed) {
        memcpy(name, line->host, line->host_len);
        name[line->host_len] = '\0';
        return anycert__trust_text_find(c->text, name, slots, ANYCERT__TRUST_SLOTS);
    }
    slot = anycert__trust_text_find_spelled(c->text, line->host, line->host_len);
    slots[0] = slot < 0 ? 0 : (size_t)slot;
    return slot < 0 ? 0 : 1;
}

/* Adds one entry of another store. */
static int take_over(struct change *c, const struct anycert__trust_line *entry, const char *name,
                     size_t number, size_t *count, struct anycert_error *err)
{
    char hashed[ANYCERT__TRUST_HASHED_LEN + 1];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line mine, line = *entry;
    long found = find_same(c, entry, slots);
    for (long i = 0; i < found; i++) {
        anycert__trust_text_line(c->text, slots[i], &mine);
        if (mine.kind != line.kind || mine.pins_len != line.pins_len ||
            memcmp(mine.pins, line.pins, line.pins_len) != 0)
            return anycert__fail(err, ANYCERT_E_TRUST_CHANGED,
                                 "'%s' line %zu says something else of %.*s than '%s' line %u: "
                                 "nothing is taken over",
                                 name, number, (int)line.host_len, line.host, c->store->path,
                                 (unsigned)c->text->slots[slots[i]].line);
    }
    if (found != 0)
        return found < 0 ? anycert__fail(err, ANYCERT_E_INTERNAL, "a name cannot be hashed") : 0;
    if (c->text->hashes_names && hide_host(c, &line, hashed, err) != 0)
        return -1;
    line.source = ANYCERT_TRUST_IMPORTED;
    anycert__trust_line_write(&c->out, &line);
    ++*count;
    return 0;
}

int anycert_trust_store_import(struct anycert_trust_store *store, const char *text, size_t len,
                               const char *name, size_t *count, struct anycert_error *err)
{
    struct anycert__trust_text *other = NULL;
    struct anycert__trust_line line;
    struct change c;
    size_t taken = 0;
    int rv = -1;
    *count = 0;
    if (name == NULL)
        name = "the text";
    if (text == NULL || len > ANYCERT__TRUST_TEXT_MAX)
        return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                             "'%s' is no text of a trust store of at most 64 MiB", name);
    char *copy = anycert__malloc(len + 1);
    if (copy == NULL)
        return anycert__fail_nomem(err);
    memcpy(copy, text, len);
    copy[len] = '\0';
    other = anycert__trust_text_new(copy, len, name, store->hmac, err);
    if (other == NULL)
        return -1;
    if (begin(&c, store, true, err) == 0) {
        anycert__buf_add(&c.out, c.text->text, c.text->len);
        rv = 0;
        for (size_t i = 0; i < other->count && rv == 0; i++) {
            anycert__trust_text_line(other, i, &line);
            rv = take_over(&c, &line, name, other->slots[i].line, &taken, err);
        }
        if (rv == 0 && taken > 0)
            rv = commit(&c, err);
    }
    end(&c);
    anycert__trust_text_unref(other);
    *count = rv == 0 ? taken : 0;
    return rv;
}

char *anycert_trust_store_export(struct anycert_trust_store *store, struct anycert_error *err)
{
    struct anycert__trust_text *text = anycert__trust_store_text(store, true, err);
    char *copy = text ? anycert__strndup(text->text, text->len) : NULL;
    if (text && copy == NULL)
        anycert__fail_nomem(err);
    anycert__trust_text_unref(text);
    return copy;
}

int anycert_trust_store_hash_names(struct anycert_trust_store *store, size_t *count,
                                   struct anycert_error *err)
{
    char hashed[ANYCERT__TRUST_HASHED_LEN + 1];
    struct anycert__trust_line line;
    struct change c;
    size_t done = 0;
    int rv = begin(&c, store, true, err);
    *count = 0;
    if (rv == 0) {
        size_t at = strlen(anycert__trust_text_header(c.text->hashes_names));
        anycert__buf_adds(&c.out, anycert__trust_text_header(true));
        for (size_t i = 0; i < c.text->count && rv == 0; i++) {
            anycert__trust_text_line(c.text, i, &line);
            done += !line.is_hashed;
            rv = hide_host(&c, &line, hashed, err);
            anycert__buf_add(&c.out, c.text->text + at, line_start(c.text, i) - at);
            anycert__trust_line_write(&c.out, &line);
            at = line_end(c.text, i);
        }
        anycert__buf_add(&c.out, c.text->text + at, c.text->len - at);
        if (rv == 0)
            rv = commit(&c, err);
    }
    end(&c);
    *count = rv == 0 ? done : 0;
    return rv;
}
