/* What stands in a trust store, and how it is changed. */
#include "policy/trust_store.h"
#include "tls/tls.h"
#include "base/mem.h"

#include "support/trust_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- the format ---- */

static void text_is_read_as_documented(void **state)
{
    struct store_place *f = *state;
    store_put(f->path,
              HEADER "# a comment\n"
                     "\n"
                     "nas.example:443 pin " PIN_A TIMES "\n"
                     "  [2001:db8::1]:8443  pin " PIN_A "," PIN_B TIMES "  # two keys\n"
                     "192.0.2.1:443 ca - 2026-01-31T12:00:00Z 2026-01-31T12:00:00Z added\n"
                     "a_b.x1.2com:1 ca - 2026-01-31T12:00:00Z 2026-01-31T12:00:00Z imported #\n");
    struct anycert_trust_store *store = store_open(f);
    struct anycert_trust_list *list = anycert_trust_store_list(store, NULL);
    assert_non_null(list);
    assert_int_equal(anycert_trust_list_count(list), 4);
    const struct anycert_trust_entry *e = anycert_trust_list_at(list, 0);
    assert_string_equal(anycert_trust_entry_host(e), "nas.example");
    assert_int_equal(anycert_trust_entry_port(e), 443);
    assert_int_equal(anycert_trust_entry_kind(e), ANYCERT_TRUST_PIN);
    assert_int_equal(anycert_trust_entry_first_seen(e), 1769860800);
    assert_int_equal(anycert_trust_entry_changed(e), 1772323199);
    assert_int_equal(anycert_trust_entry_source(e), ANYCERT_TRUST_FIRST_USE);
    assert_string_equal(anycert_trust_entry_comment(e), "");
    assert_int_equal(anycert_trust_entry_line(e), 4);
    e = anycert_trust_list_at(list, 1);
    assert_string_equal(anycert_trust_entry_host(e), "2001:db8::1");
    assert_string_equal(anycert_trust_entry_comment(e), "two keys");
    assert_int_equal(anycert_trust_entry_pin_count(e), 2);
    assert_string_equal(anycert_trust_entry_pin(e, 1), PIN_B);
    assert_null(anycert_trust_entry_pin(e, 2));
    assert_null(anycert_trust_list_at(list, 4));
    anycert_trust_list_free(list);
    assert_string_equal(store_says(store, "NAS.example.", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "nas.example", 444), "none");
    assert_string_equal(store_says(store, "[2001:DB8:0::1]", 8443), "pin " PIN_A "," PIN_B);
    assert_string_equal(store_says(store, "192.0.2.1", 443), "ca");
    anycert_trust_store_free(store);
}

static void what_is_not_understood_is_an_error_with_its_line(void **state)
{
    struct store_place *f = *state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "line 1"},
        {"# anycert-trust-store 2\n", "line 1"},
        {"# anycert-trust-store 1", "line 1"},
        {HEADER "nas.example:443 pin " PIN_A TIMES, "line 2: the file ends in the middle"},
        {HEADER "\nnas.example:443 pin " PIN_A "\n", "line 3: it has no two times"},
        {HEADER "nas.example pin " PIN_A TIMES "\n", "line 2: it does not begin with HOST:PORT"},
        {HEADER "nas.example:0 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas.example:65536 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "*.example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "192.0.2.0/24:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "NAS.example:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "nas.example.:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "nas.example:0443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "-nas.example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas..example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "[2001:DB8::1]:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "[::ffff:192.0.2.1]:443 pin " PIN_A TIMES "\n", "IPv4 addresses as such"},
        {HEADER "|1|AAAA|BBBB| pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas.example:443 Pin " PIN_A TIMES "\n", "neither pin nor ca"},
        {HEADER "nas.example:443 ca " PIN_A TIMES "\n", "'-' has to stand there"},
        {HEADER "nas.example:443 pin -" TIMES "\n", "a pin is not sha256//"},
        {HEADER "nas.example:443 pin " PIN_A "," TIMES "\n", "a pin is not sha256//"},
        {HEADER "nas.example:443 pin " PIN_A "," PIN_A TIMES "\n", "stands twice"},
        {HEADER "nas.example:443 ca - 2026-02-29T12:00:00Z 2026-02-28T23:59:59Z added\n", "times"},
        {HEADER "nas.example:443 ca - 2026-02-28T24:00:00Z 2026-02-28T23:59:59Z added\n", "times"},
        {HEADER "nas.example:443 ca -" TIMES "ly\n", "neither first-use"},
        {HEADER "nas.example:443 ca -" TIMES " comment\n", "no comment"},
        {HEADER "nas.example:443 ca -" TIMES " # \x01\n", "its comment"},
        {HEADER "nas.example:443 ca -" TIMES " # \xff\n", "its comment"},
        {HEADER "nas.example:443 ca -" TIMES "\r\n", "line 2"},
        {HEADER "a.example:443 ca -" TIMES "\nb.example:443 ca -" TIMES
                "\na.example:443 pin " PIN_A TIMES "\n",
         "line 4: its host stands in line 2 already"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        store_put(f->path, rows[i].text);
        store_is_refused(f, rows[i].says);
    }
}

/* Also when it breaks later: what was understood before does not count any more. */
static void store_that_breaks_is_an_error(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "nas.example", 443, PIN_A);
    store_put(f->path, "nonsense\n");
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, NULL), -1);
    anycert_trust_store_free(store);
}

/* ---- changes ---- */

static void changes_are_written_and_read_again(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_open(f), *other = store_open(f);
    struct anycert_trust_entry *entry = NULL;
    struct stat st;
    assert_string_equal(store_says(store, "nas.example", 443), "none");
    store_add(store, "nas.example", 443, PIN_A);
    store_add(store, "[::1]", 443, NULL);
    assert_string_equal(store_says(other, "nas.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(other, "::1", 443), "ca");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(
        anycert_trust_store_add(other, "nas.example", 443, PIN_B "," PIN_A, "the new one", &err),
        0);
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), 1);
    assert_string_equal(anycert_trust_entry_comment(entry), "the new one");
    assert_int_equal(anycert_trust_entry_line(entry), 2);
    assert_int_equal(anycert_trust_entry_source(entry), ANYCERT_TRUST_ADDED);
    anycert_trust_entry_free(entry);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 1);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 0);
    assert_string_equal(store_says(other, "nas.example", 443), "none");
    assert_string_equal(store_says(other, "::1", 443), "ca");
    anycert_trust_store_free(store);
    anycert_trust_store_free(other);
}

/* fe80::1 is somebody else on each link; of other addresses the zone says nothing. */
static void link_local_hosts_have_their_zone(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "[fe80::1%eth0]", 443, PIN_A);
    assert_string_equal(store_says(store, "fe80::1%eth1", 443), "none");
    assert_string_equal(store_says(store, "fe80::1", 443), "none");
    store_add(store, "FE80:0::1%eth1", 443, PIN_B);
    assert_string_equal(store_says(store, "fe80::1%eth0", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "[fe80::1%eth1]", 443), "pin " PIN_B);
    assert_int_equal(anycert_trust_store_find(store, "fe80::1%eth1", 443, &entry, &err), 1);
    assert_string_equal(anycert_trust_entry_host(entry), "fe80::1%eth1");
    assert_int_equal(anycert_trust_entry_port(entry), 443);
    anycert_trust_entry_free(entry);
    store_add(store, "2001:db8::1%eth0", 443, NULL);
    assert_string_equal(store_says(store, "2001:db8::1", 443), "ca");
    assert_int_equal(anycert_trust_store_add(store, "fe80::1%e h", 443, PIN_A, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_trust_store_free(store);
    /* As it was written, and as nobody writes it. */
    store = store_open(f);
    assert_string_equal(store_says(store, "fe80::1%eth0", 443), "pin " PIN_A);
    anycert_trust_store_free(store);
    store_put(f->path, HEADER "[2001:db8::1%eth0]:443 ca -" TIMES "\n");
    store_is_refused(f, "no link-local address");
    store_put(f->path, HEADER "[fe80::1%]:443 ca -" TIMES "\n");
    store_is_refused(f, "line 2");
    store_put(f->path, HEADER "a%b.example:443 ca -" TIMES "\n");
    store_is_refused(f, "line 2");
}

/* One machine, one entry. */
static void address_of_ipv4_is_one_host_however_it_is_written(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_entry *entry = NULL;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "192.0.2.1", 443, PIN_A);
    assert_string_equal(store_says(store, "[::ffff:192.0.2.1]", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "::FFFF:c000:201", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "::192.0.2.1", 443), "none");
    store_add(store, "[::ffff:192.0.2.2]", 443, PIN_B);
    assert_string_equal(store_says(store, "192.0.2.2", 443), "pin " PIN_B);
    assert_int_equal(anycert_trust_store_find(store, "::ffff:192.0.2.2", 443, &entry, NULL), 1);
    assert_string_equal(anycert_trust_entry_host(entry), "192.0.2.2");
    anycert_trust_entry_free(entry);
    anycert_trust_store_free(store);
}

/* As URLs have them, and so as requests look for them. */
static void names_of_other_alphabets_are_converted(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_open(f);
    store_add(store,
              "B\xc3\x9c"
              "cher.example",
              443, PIN_A);
    assert_string_equal(store_says(store, "xn--bcher-kva.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(store,
                                   "b\xc3\xbc"
                                   "cher.example",
                                   443),
                        "pin " PIN_A);
    assert_int_equal(anycert_trust_store_remove(store,
                                                "b\xc3\xbc"
                                                "cher.example",
                                                443, &err),
                     1);
    static const char *const bad[] = {"b\xfc"
                                      "cher.example",
                                      "\xef\xbd\x81.example"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        anycert__error_clear(&err);
        assert_int_equal(anycert_trust_store_add(store, bad[i], 443, PIN_A, NULL, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
    }
    anycert_trust_store_free(store);
}

static void change_keeps_what_the_user_wrote(void **state)
{
    struct store_place *f = *state;
    char text[2000];
    store_put(f->path, HEADER "# mine\na.example:443 ca -" TIMES "\n\nb.example:443 ca -" TIMES
                              " # b\n# the end\n");
    struct anycert_trust_store *store = store_open(f);
    assert_int_equal(anycert_trust_store_remove(store, "a.example", 443, NULL), 1);
    store_get(f->path, text, sizeof text);
    assert_string_equal(text, HEADER "# mine\n\nb.example:443 ca -" TIMES " # b\n# the end\n");
    anycert_trust_store_free(store);
}

static void what_is_no_entry_is_not_added(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    char long_comment[202];
    memset(long_comment, 'x', 201);
    long_comment[201] = '\0';
    const struct {
        const char *host;
        uint16_t port;
        const char *pins, *comment;
    } rows[] = {
        {"", 443, PIN_A, NULL},          {"a b", 443, PIN_A, NULL},
        {"a.example", 0, PIN_A, NULL},   {"*.example", 443, PIN_A, NULL},
        {"a.example", 443, "", NULL},    {"a.example", 443, "sha256//x", NULL},
        {"a.example", 443, PIN_A, "\n"}, {"a.example", 443, PIN_A, long_comment},
        {NULL, 443, PIN_A, NULL},        {"a.example:443", 443, PIN_A, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        assert_int_equal(anycert_trust_store_add(store, rows[i].host, rows[i].port, rows[i].pins,
                                                 rows[i].comment, &err),
                         -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
    }
    assert_int_equal(access(f->path, F_OK), -1);
    anycert_trust_store_free(store);
}

static void record_does_not_overwrite(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_open(f);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A,
                                                 ANYCERT__LEARNED_KEY, NOW, &err),
                     0);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A,
                                                 ANYCERT__LEARNED_KEY, NOW, &err),
                     0);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_B,
                                                 ANYCERT__LEARNED_KEY, NOW, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    anycert__error_clear(&err);
    assert_int_equal(
        anycert__trust_store_record(store, "a.example", 443, PIN_A, ANYCERT__LEARNED_CA, NOW, &err),
        -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    anycert__error_clear(&err);
    assert_int_equal(anycert__trust_store_record(store, "b.example", 443, PIN_A,
                                                 ANYCERT__LEARNED_KEY, 1577836799, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "2019-12-31"));
    anycert_trust_store_free(store);
}

/* ---- hashed names ---- */

static void hashed_names_are_found(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    char text[4000];
    size_t count = 0;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "nas.example", 443, PIN_A);
    store_add(store, "192.0.2.1", 8443, NULL);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    assert_int_equal(count, 2);
    store_add(store, "later.example", 443, PIN_B);
    store_get(f->path, text, sizeof text);
    assert_null(strstr(text, "example"));
    assert_null(strstr(text, "192.0.2.1"));
    assert_string_equal(store_says(store, "NAS.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "192.0.2.1", 8443), "ca");
    assert_string_equal(store_says(store, "192.0.2.1", 443), "none");
    assert_string_equal(store_says(store, "later.example", 443), "pin " PIN_B);
    store_add(store, "nas.example", 443, PIN_B);
    assert_string_equal(store_says(store, "nas.example", 443), "pin " PIN_B);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 1);
    assert_string_equal(store_says(store, "nas.example", 443), "none");
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    assert_int_equal(count, 0);
    anycert_trust_store_free(store);
}

static void host_that_is_known_by_two_things_is_an_error(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    char text[4000], both[9000];
    size_t count = 0;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "nas.example", 443, PIN_A);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    store_get(f->path, text, sizeof text);
    (void)snprintf(both, sizeof both, "%snas.example:443 pin " PIN_B TIMES "\n", text);
    store_put(f->path, both);
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "says two things of nas.example:443"));
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, NULL), 1);
    assert_string_equal(store_says(store, "nas.example", 443), "none");
    anycert_trust_store_free(store);
}

/* ---- import and export ---- */

static void import_takes_over_what_is_not_there(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    size_t count = 0;
    const char *text =
        HEADER "a.example:443 pin " PIN_A TIMES "\nb.example:443 ca -" TIMES " # b\n";
    struct anycert_trust_store *store = store_open(f);
    struct anycert_trust_entry *entry = NULL;
    store_add(store, "a.example", 443, PIN_A);
    assert_int_equal(anycert_trust_store_import(store, text, strlen(text), "theirs", &count, &err),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(anycert_trust_store_find(store, "b.example", 443, &entry, &err), 1);
    assert_int_equal(anycert_trust_entry_source(entry), ANYCERT_TRUST_IMPORTED);
    assert_int_equal(anycert_trust_entry_first_seen(entry), 1769860800);
    assert_string_equal(anycert_trust_entry_comment(entry), "b");
    anycert_trust_entry_free(entry);
    text = HEADER "c.example:443 ca -" TIMES "\na.example:443 pin " PIN_B TIMES "\n";
    assert_int_equal(anycert_trust_store_import(store, text, strlen(text), "theirs", &count, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    assert_non_null(strstr(err.message, "'theirs' line 3"));
    assert_string_equal(store_says(store, "c.example", 443), "none");
    anycert__error_clear(&err);
    assert_int_equal(anycert_trust_store_import(store, "x", 1, "theirs", &count, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    anycert_trust_store_free(store);
}

/* The text of a store of these two hosts, with a salt of its own; by PIN_A and as `ca`. */
static char *hashed_text(struct store_place *f, const char *file, const char *one,
                         const char *other)
{
    struct store_place place = *f;
    struct anycert_error err = {0};
    size_t count = 0;
    (void)snprintf(place.path, sizeof place.path, "%s/%s", f->folder, file);
    struct anycert_trust_store *store = store_open(&place);
    store_add(store, one, 443, PIN_A);
    store_add(store, other, 443, NULL);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    char *text = anycert_trust_store_export(store, &err);
    assert_non_null(text);
    anycert_trust_store_free(store);
    return text;
}

/* How many entries were taken over, or the code of the error, negative. */
static long import_of(struct anycert_trust_store *store, const char *text,
                      struct anycert_error *err)
{
    size_t count = 99;
    memset(err, 0, sizeof *err);
    int rv = anycert_trust_store_import(store, text, strlen(text), "theirs", &count, err);
    assert_true(rv == 0 || count == 0);
    return rv == 0 ? (long)count : -(long)err->code;
}

static void import_compares_names_with_hashes(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err;
    char mine[4000], now[4000];
    char *text = hashed_text(f, "theirs", "a.example", "b.example");
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_B);
    store_get(f->path, mine, sizeof mine);
    assert_int_equal(import_of(store, text, &err), -ANYCERT_E_TRUST_CHANGED);
    assert_non_null(strstr(err.message, "'theirs' line 2 says something else of a.example:443"));
    assert_non_null(strstr(err.message, "line 2: nothing is taken over"));
    assert_non_null(strstr(err.message, "anycert trust remove"));
    store_get(f->path, now, sizeof now);
    assert_string_equal(now, mine);
    store_add(store, "a.example", 443, PIN_A);
    assert_int_equal(import_of(store, text, &err), 1); /* b.example */
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "b.example", 443), "ca");
    assert_int_equal(import_of(store, text, &err), 0);
    /* And the other way round: the hashes are here. */
    assert_int_equal(import_of(store, HEADER "b.example:443 ca -" TIMES "\n", &err), 0);
    assert_int_equal(import_of(store, HEADER "b.example:443 pin " PIN_A TIMES "\n", &err),
                     -ANYCERT_E_TRUST_CHANGED);
    anycert_free(text);
    anycert_trust_store_free(store);
}

/* Hashes with two salts cannot be compared: both would be looked up, and could differ. */
static void import_refuses_what_cannot_be_compared(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err;
    char both[8000];
    char *one = hashed_text(f, "one", "a.example", "b.example");
    char *two = hashed_text(f, "two", "c.example", "a.example");
    struct anycert_trust_store *store = store_open(f);
    assert_int_equal(import_of(store, one, &err), 2);
    assert_int_equal(import_of(store, two, &err), -ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "'theirs' line 2 is hashed with another salt"));
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "c.example", 443), "none");
    /* What is added here in the meantime is hashed in the same way. */
    assert_int_equal(import_of(store, HEADER "d.example:443 ca -" TIMES "\n", &err), 1);
    assert_int_equal(import_of(store, one, &err), 0);
    anycert_trust_store_free(store);

    (void)snprintf(both, sizeof both, "%s%s", one, strchr(two, '\n') + 1);
    (void)snprintf(f->path, sizeof f->path, "%s/third", f->folder);
    store = store_open(f);
    assert_int_equal(import_of(store, both, &err), -ANYCERT_E_TRUST_STORE);
    assert_string_equal(store_says(store, "b.example", 443), "none");
    anycert_free(one);
    anycert_free(two);
    anycert_trust_store_free(store);
}

static void text_that_contradicts_itself_is_not_imported(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err;
    char text[8000];
    char *hashed = hashed_text(f, "theirs", "a.example", "b.example");
    struct anycert_trust_store *store = store_open(f);
    (void)snprintf(text, sizeof text, "%sb.example:443 pin " PIN_A TIMES "\n", hashed);
    assert_int_equal(import_of(store, text, &err), -ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "two things of b.example:443, in the lines 4 and 3"));
    (void)snprintf(text, sizeof text, "%sb.example:443 ca -" TIMES "\n", hashed);
    assert_int_equal(import_of(store, text, &err), 2);
    assert_string_equal(store_says(store, "b.example", 443), "ca");
    anycert_free(hashed);
    anycert_trust_store_free(store);
}

/* Written by hand. */
static void store_that_says_two_things_names_the_lines_and_the_way_out(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    char text[8000];
    char *hashed = hashed_text(f, "theirs", "a.example", "b.example");
    (void)snprintf(text, sizeof text, "%sb.example:443 pin " PIN_A TIMES "\n", hashed);
    store_put(f->path, text);
    struct anycert_trust_store *store = store_open(f);
    assert_int_equal(anycert_trust_store_find(store, "b.example", 443, &entry, &err), -1);
    assert_non_null(strstr(err.message, "in the lines 4 and 3"));
    assert_non_null(strstr(err.message, "anycert trust add b.example:443"));
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    store_add(store, "b.example", 443, PIN_B);
    assert_string_equal(store_says(store, "b.example", 443), "pin " PIN_B);
    anycert_free(hashed);
    anycert_trust_store_free(store);
}

static void import_without_memory_changes_nothing(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err;
    char mine[4000], now[4000];
    char *text = hashed_text(f, "theirs", "a.example", "b.example");
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    store_get(f->path, mine, sizeof mine);
    for (unsigned long n = 1;; n++) {
        anycert__mem_fail_from(n);
        long count = import_of(store, text, &err);
        anycert__mem_fail_from(0);
        if (count >= 0)
            break;
        assert_true(err.code == ANYCERT_E_NOMEM || err.code == ANYCERT_E_TRUST_STORE);
        store_get(f->path, now, sizeof now);
        assert_string_equal(now, mine);
        assert_true(n < 200);
    }
    assert_string_equal(store_says(store, "b.example", 443), "ca");
    anycert_free(text);
    anycert_trust_store_free(store);
}

static void export_is_what_import_takes(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    size_t count = 0;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    store_add(store, "b.example", 443, NULL);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    char *text = anycert_trust_store_export(store, &err);
    assert_non_null(text);
    (void)snprintf(f->path, sizeof f->path, "%s/second", f->folder);
    struct anycert_trust_store *second = store_open(f);
    assert_int_equal(anycert_trust_store_import(second, text, strlen(text), NULL, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_string_equal(store_says(second, "a.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(second, "b.example", 443), "ca");
    anycert_free(text);
    anycert_trust_store_free(store);
    anycert_trust_store_free(second);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(text_is_read_as_documented),
        CASE(what_is_not_understood_is_an_error_with_its_line),
        CASE(store_that_breaks_is_an_error),
        CASE(changes_are_written_and_read_again),
        CASE(link_local_hosts_have_their_zone),
        CASE(address_of_ipv4_is_one_host_however_it_is_written),
        CASE(names_of_other_alphabets_are_converted),
        CASE(change_keeps_what_the_user_wrote),
        CASE(what_is_no_entry_is_not_added),
        CASE(record_does_not_overwrite),
        CASE(hashed_names_are_found),
        CASE(host_that_is_known_by_two_things_is_an_error),
        CASE(import_takes_over_what_is_not_there),
        CASE(import_compares_names_with_hashes),
        CASE(import_refuses_what_cannot_be_compared),
        CASE(text_that_contradicts_itself_is_not_imported),
        CASE(store_that_says_two_things_names_the_lines_and_the_way_out),
        CASE(import_without_memory_changes_nothing),
        CASE(export_is_what_import_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
