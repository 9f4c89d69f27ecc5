/* Each relaxation alone against each server of the lab: a server answers exactly when the policy
 * holds all that matrix.def names for it, and fails otherwise as it fails under hardened, or in the
 * way that matrix.def says. Handshakes and the first byte of the answer only. */
#include "tls/matrix.h"

#include <anycert/policy.h>

#include <openssl/opensslv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct row {
    const char *condition;
    const char *needs; /* relaxations with "+"; "": none; NULL: there are none that would do */
    const char *hardened, *trust_any, *antique;
    const char *bare; /* what bare-hello alone makes of it; NULL: nothing */
};

static const struct row rows[] = {
#define ROW(condition, needs, hardened, trust_any, antique, bare)                                  \
    {condition, needs, hardened, trust_any, antique, bare},
#include "tls/matrix.def"
};

/* Cells that the rule does not give. */
static const struct {
    const char *condition, *policy, *outcome;
} cells[] = {
#define CELL(condition, policy, outcome) {condition, policy, outcome},
#include "tls/matrix.def"
};

/* ---- sets of relaxations, as text ---- */

static bool holds(const char *set, const char *name, size_t len)
{
    for (const char *p = set; *p; p += strcspn(p, "+"), p += *p == '+') {
        if (strcspn(p, "+") == len && strncmp(p, name, len) == 0)
            return true;
    }
    return false;
}

static bool holds_all(const char *set, const char *needs)
{
    for (const char *p = needs; *p; p += strcspn(p, "+"), p += *p == '+') {
        if (!holds(set, p, strcspn(p, "+")))
            return false;
    }
    return true;
}

static size_t size_of_set(const char *set)
{
    size_t count = set[0] != '\0';

    for (const char *p = set; *p; p++)
        count += *p == '+';
    return count;
}

/* The set without its nth. */
static void without(const char *set, size_t nth, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (const char *p = set; *p; nth--) {
        size_t len = strcspn(p, "+");

        if (nth != 0)
            used +=
                (size_t)snprintf(out + used, size - used, "%s%.*s", used ? "+" : "", (int)len, p);
        p += len;
        p += *p == '+';
    }
}

/* ---- what is expected ---- */

static const struct row *row_of(const char *condition)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i].condition, condition) == 0)
            return &rows[i];
    }
    return NULL;
}

static const char *expected(const struct row *row, const char *policy)
{
    const char *set = strchr(policy, '+');

    for (size_t i = 0; i < COUNT(cells); i++) {
        if (strcmp(cells[i].condition, row->condition) == 0 && strcmp(cells[i].policy, policy) == 0)
            return cells[i].outcome;
    }
    if (strcmp(policy, "trust-any") == 0)
        return row->trust_any;
    if (strcmp(policy, "antique") == 0)
        return row->antique;
    if (row->bare && strcmp(policy, "hardened+bare-hello") == 0)
        return row->bare;
    return row->needs && holds_all(set ? set + 1 : "", row->needs) ? "ok" : row->hardened;
}

/* ---- the lab and the cells ---- */

static struct lab *lab;
static struct matrix_cell *tried;
static size_t tried_count;

/* Those in which nothing is ever answered: there is no handshake to be looked at. */
static bool has_handshake(const struct lab_condition *condition)
{
    return !condition->plain && strcmp(condition->name, "silent") != 0 &&
           strcmp(condition->name, "drip-handshake") != 0;
}

static void add(const struct lab_server *server, const char *policy, const char *relaxations)
{
    struct matrix_cell *cell = NULL;
    struct matrix_cell *more = realloc(tried, (tried_count + 1) * sizeof *tried);

    assert_non_null(more);
    tried = more;
    cell = &tried[tried_count++];
    cell->server = server;
    (void)snprintf(cell->policy, sizeof cell->policy, "%s%s%s", policy, relaxations[0] ? "+" : "",
                   relaxations);
}

/* Every rung, every relaxation alone, all that is needed, that with each one of them missing, and
 * what the table has beside antique. */
static void add_server(const struct lab_server *server)
{
    const struct row *row = row_of(lab_server_name(server));
    size_t needed = row && row->needs ? size_of_set(row->needs) : 0;

    if (!row)
        fail_msg("%s is not in the table", lab_server_name(server));
    add(server, "hardened", "");
    add(server, "trust-any", "");
    add(server, "antique", "");
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (anycert_relaxation_is_available(r))
            add(server, "hardened", anycert_relaxation_name(r));
    }
    for (size_t i = 0; needed > 1 && i < needed; i++) {
        char rest[200];

        without(row->needs, i, rest, sizeof rest);
        if (needed > 2)
            add(server, "hardened", rest);
    }
    if (needed > 1)
        add(server, "hardened", row->needs);
    for (size_t i = 0; i < COUNT(cells); i++) {
        if (strncmp(cells[i].policy, "antique+", 8) == 0 &&
            strcmp(cells[i].condition, row->condition) == 0)
            add(server, cells[i].policy, "");
    }
}

static int start(void **state)
{
    struct anycert_error err = {0};
    const char *names[400];
    size_t count = 0;
    size_t used = 0;
    const struct lab_condition *conditions = lab_conditions(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (has_handshake(&conditions[i]))
            names[used++] = conditions[i].name;
    }
    assert_true(used < COUNT(names));
    if (lab_start(names, used, &lab, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < used; i++)
        add_server(lab_server_find(lab, names[i]));
    matrix_shake_all(lab, tried, tried_count);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lab_stop(lab);
    free(tried);
    return 0;
}

/* ---- tests ---- */

static void every_cell_is_as_the_table_says(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < tried_count; i++) {
        const char *name = lab_server_name(tried[i].server);
        const char *wanted = expected(row_of(name), tried[i].policy);

        if (strcmp(wanted, tried[i].outcome) == 0)
            continue;
        print_error("%s under %s: '%s' instead of '%s'\n", name, tried[i].policy, tried[i].outcome,
                    wanted);
        wrong++;
    }
    print_message("%zu cells\n", tried_count);
    assert_int_equal(wrong, 0);
}

/* The lab tells people what a condition needs; it and the table say the same. */
static void the_lab_says_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lab_condition *condition = lab_condition_find(rows[i].condition);
        char policy[200] = "hardened";

        if (!condition || !has_handshake(condition))
            fail_msg("%s is not in the lab", rows[i].condition);
        if (rows[i].needs && rows[i].needs[0])
            (void)snprintf(policy, sizeof policy, "hardened+%s", rows[i].needs);
        if (rows[i].needs && condition->http == LAB_HTTP_ROUTES)
            assert_string_equal(condition->needs, policy);
        else if (condition->needs && strncmp(condition->needs, "hardened+", 9) == 0)
            assert_string_equal(condition->needs, policy);
        if (condition->http == LAB_HTTP_ROUTES)
            assert_int_equal(condition->trust_any, strcmp(rows[i].trust_any, "ok") == 0);
    }
}

/* No cell of the table is about something that is not tried. */
static void every_exception_is_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cells); i++) {
        bool found = false;

        for (size_t k = 0; k < tried_count && !found; k++)
            found = strcmp(lab_server_name(tried[k].server), cells[i].condition) == 0 &&
                    strcmp(tried[k].policy, cells[i].policy) == 0;
        if (!found)
            fail_msg("%s under %s is not tried", cells[i].condition, cells[i].policy);
    }
}

/* ---- for whoever changes the table: PROGRAM print ---- */

static int print_all(void)
{
    start(NULL);
    for (size_t i = 0; i < tried_count; i++)
        printf("%s|%s|%s\n", lab_server_name(tried[i].server), tried[i].policy, tried[i].outcome);
    return stop(NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_the_table_says),
        cmocka_unit_test(the_lab_says_the_same),
        cmocka_unit_test(every_exception_is_tried),
    };

    if (argc > 1 && strcmp(argv[1], "print") == 0)
        return print_all();
    return cmocka_run_group_tests(tests, start, stop);
}
