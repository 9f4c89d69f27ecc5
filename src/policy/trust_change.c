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
    if (anycert__trust_store_name(store, host, port, name, err) != 0 ||
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

/* The lines of a host by its name, or of one that is known by its hash only. */
static long find_slots(const struct change *c, const char *name, const char *hashed,
                       size_t slots[ANYCERT__TRUST_SLOTS])
{
    if (!hashed)
        return anycert__trust_text_find(c->text, name, slots, ANYCERT__TRUST_SLOTS);
    long slot = anycert__trust_text_find_spelled(c->text, hashed, strlen(hashed));
    slots[0] = slot < 0 ? 0 : (size_t)slot;
    return slot >= 0;
}

int anycert_trust_store_remove(struct anycert_trust_store *store, const char *host, uint16_t port,
                               struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE] = "";
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct change c;
    const char *hashed = host && host[0] == '|' ? host : NULL;
    int rv = -1;
    if (!hashed && anycert__trust_store_name(store, host, port, name, err) != 0)
        return -1;
    if (begin(&c, store, true, err) == 0) {
        long count = find_slots(&c, name, hashed, slots);
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
                                const char *pin, enum anycert__learned learned, int64_t now,
                                struct anycert_error *err)
{
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line line = {.source = learned == ANYCERT__LEARNED_COMPARED
                                                     ? ANYCERT_TRUST_COMPARED
                                                     : ANYCERT_TRUST_FIRST_USE},
                               there;
    struct change c;
    if (anycert__trust_host_text(host, port, name, err) != 0 ||
        check_entry(learned == ANYCERT__LEARNED_CA ? NULL : pin, NULL, &line, err) != 0 ||
        check_clock(now, err) != 0)
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

/* Another store's text, on its way into this one. */
struct import {
    struct change change;
    struct anycert__trust_text *text;
    const char *name;
    bool *is_known; /* of its slots: this store has the same, by another spelling */
    size_t taken;
};

static bool says_the_same(const struct anycert__trust_text *a, size_t slot_a,
                          const struct anycert__trust_text *b, size_t slot_b)
{
    struct anycert__trust_line one, other;
    anycert__trust_text_line(a, slot_a, &one);
    anycert__trust_text_line(b, slot_b, &other);
    return one.kind == other.kind && one.pins_len == other.pins_len &&
           memcmp(one.pins, other.pins, one.pins_len) == 0;
}

/* The host by its name, or as it is spelled in both. */
static int fail_differs(const struct import *im, size_t theirs, size_t mine, const char *host,
                        size_t len, struct anycert_error *err)
{
    const struct change *c = &im->change;
    return anycert__fail(err, ANYCERT_E_TRUST_CHANGED,
                         "'%s' line %u says something else of %.*s than '%s' line %u: nothing is "
                         "taken over; anycert trust remove forgets what stands here",
                         im->name, (unsigned)im->text->slots[theirs].line, (int)len, host,
                         c->store->path, (unsigned)c->text->slots[mine].line);
}

static void copy_name(const struct anycert__trust_line *line, char name[ANYCERT__TRUST_HOST_SIZE])
{
    memcpy(name, line->host, line->host_len);
    name[line->host_len] = '\0';
}

/* Names that this store has in plain text may stand there by their hashes. */
static int compare_mine(struct import *im, struct anycert_error *err)
{
    const struct anycert__trust_text *mine = im->change.text;
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    struct anycert__trust_line line;
    for (size_t i = 0; im->text->salt_count > 0 && i < mine->count; i++) {
        anycert__trust_text_line(mine, i, &line);
        if (line.is_hashed)
            continue;
        copy_name(&line, name);
        long found = anycert__trust_text_find(im->text, name, slots, ANYCERT__TRUST_SLOTS);
        if (found < 0)
            return anycert__fail(err, ANYCERT_E_INTERNAL, "a name cannot be hashed");
        for (long k = 0; k < found; k++) {
            if (!says_the_same(im->text, slots[k], mine, i))
                return fail_differs(im, slots[k], i, name, strlen(name), err);
            im->is_known[slots[k]] = true;
        }
    }
    return 0;
}

/* Whether this store has a host of the other one, by its name or as it is spelled: 1, or 0. -1 if
 * either says something else of it, the other one in another of its lines, too. */
static int look_up(struct import *im, size_t slot, const struct anycert__trust_line *line,
                   struct anycert_error *err)
{
    const struct anycert__trust_text *mine = im->change.text;
    char name[ANYCERT__TRUST_HOST_SIZE];
    size_t slots[ANYCERT__TRUST_SLOTS];
    long found = 0, theirs = 0;
    if (line->is_hashed) {
        long same = anycert__trust_text_find_spelled(mine, line->host, line->host_len);
        slots[0] = same < 0 ? 0 : (size_t)same;
        found = same >= 0;
    } else {
        copy_name(line, name);
        theirs = anycert__trust_text_find(im->text, name, slots, ANYCERT__TRUST_SLOTS);
        for (long i = 0; i < theirs; i++) {
            if (!says_the_same(im->text, slots[i], im->text, slot))
                return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                                     "'%s' says two things of %s, in the lines %u and %u: nothing "
                                     "is taken over",
                                     im->name, name, (unsigned)im->text->slots[slot].line,
                                     (unsigned)im->text->slots[slots[i]].line);
            im->is_known[slots[i]] = im->is_known[slots[i]] || slots[i] != slot;
        }
        found = theirs < 0 ? -1 : anycert__trust_text_find(mine, name, slots, ANYCERT__TRUST_SLOTS);
    }
    if (found < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "a name cannot be hashed");
    for (long i = 0; i < found; i++) {
        if (!says_the_same(im->text, slot, mine, slots[i]))
            return fail_differs(im, slot, slots[i], line->host, line->host_len, err);
    }
    return found > 0;
}

/* The line of a text in which a name is hashed with another salt than this one; 0: there is none.
 */
static unsigned other_salt(const struct anycert__trust_text *text, const char *hashed)
{
    struct anycert__trust_line line;
    bool is_there = false;
    for (size_t i = 0; i < text->salt_count; i++)
        is_there = is_there || memcmp(text->salts[i], hashed + 3, ANYCERT__BASE64_32) != 0;
    for (size_t i = 0; is_there && i < text->count; i++) {
        anycert__trust_text_line(text, i, &line);
        if (line.is_hashed && memcmp(line.host, hashed, 3 + ANYCERT__BASE64_32) != 0)
            return (unsigned)text->slots[i].line;
    }
    return 0;
}

/* Names that are hashed with two salts cannot be compared: both might be one host, of which the
 * store would say two things. */
static int check_salts(const struct import *im, size_t slot, const char *hashed,
                       struct anycert_error *err)
{
    const struct change *c = &im->change;
    unsigned line = other_salt(c->text, hashed);
    const char *name = c->store->path;
    if (line == 0) {
        line = other_salt(im->text, hashed);
        name = im->name;
    }
    return line == 0 ? 0
                     : anycert__fail(err, ANYCERT_E_TRUST_STORE,
                                     "the name in '%s' line %u is hashed with another salt than "
                                     "the one in '%s' line %u, so nobody can tell whether they are "
                                     "one host: nothing is taken over; import the entries as they "
                                     "were before they were hashed, or use anycert trust add",
                                     im->name, (unsigned)im->text->slots[slot].line, name, line);
}

/* Adds one entry of another store. */
static int take_over(struct import *im, size_t slot, struct anycert_error *err)
{
    char hashed[ANYCERT__TRUST_HASHED_LEN + 1];
    struct change *c = &im->change;
    struct anycert__trust_line line;
    anycert__trust_text_line(im->text, slot, &line);
    int found = look_up(im, slot, &line, err);
    if (found != 0)
        return found < 0 ? -1 : 0;
    if (im->is_known[slot])
        return 0;
    if (line.is_hashed && check_salts(im, slot, line.host, err) != 0)
        return -1;
    if (c->text->hashes_names && hide_host(c, &line, hashed, err) != 0)
        return -1;
    line.source = ANYCERT_TRUST_IMPORTED;
    anycert__trust_line_write(&c->out, &line);
    im->taken++;
    return 0;
}

static int take_all(struct import *im, struct anycert_error *err)
{
    struct change *c = &im->change;
    int rv = compare_mine(im, err);
    /* Names to come are hashed as theirs are, so that they can be compared. */
    if (c->text->salt_count == 0 && im->text->salt_count > 0)
        memcpy(c->salt, im->text->salts[0], sizeof c->salt);
    anycert__buf_add(&c->out, c->text->text, c->text->len);
    /* By their names first, as these tell which hashes are theirs. */
    for (int hashed = 0; hashed < 2; hashed++) {
        for (size_t i = 0; i < im->text->count && rv == 0; i++) {
            if ((im->text->text[im->text->slots[i].offset] == '|') == (hashed == 1))
                rv = take_over(im, i, err);
        }
    }
    return rv == 0 && im->taken > 0 ? commit(c, err) : rv;
}

/* The text, read; the bytes are copied. NULL with err. */
static struct anycert__trust_text *read_copy(const char *text, size_t len, const char *name,
                                             anycert__trust_hmac *hmac, struct anycert_error *err)
{
    if (text == NULL || len > ANYCERT__TRUST_TEXT_MAX) {
        anycert__fail(err, ANYCERT_E_TRUST_STORE,
                      "'%s' is no text of a trust store of at most 64 MiB", name);
        return NULL;
    }
    char *copy = anycert__malloc(len + 1);
    if (copy == NULL) {
        anycert__fail_nomem(err);
        return NULL;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return anycert__trust_text_new(copy, len, name, hmac, err);
}

int anycert_trust_store_import(struct anycert_trust_store *store, const char *text, size_t len,
                               const char *name, size_t *count, struct anycert_error *err)
{
    struct import im = {.name = name ? name : "the text"};
    int rv = -1;
    *count = 0;
    im.text = read_copy(text, len, im.name, store->hmac, err);
    if (im.text == NULL)
        return -1;
    im.is_known = anycert__calloc(im.text->count, sizeof *im.is_known);
    if (im.is_known == NULL)
        (void)anycert__fail_nomem(err);
    else if (begin(&im.change, store, true, err) == 0)
        rv = take_all(&im, err);
    if (im.is_known)
        end(&im.change);
    anycert__free(im.is_known);
    anycert__trust_text_unref(im.text);
    *count = rv == 0 ? im.taken : 0;
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
