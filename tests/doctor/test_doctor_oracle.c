/* What the doctor calls the least is the least: every set of one or two relaxations is tried, by
 * the client's own handshakes, against servers that need one or two, and the best that connects has
 * to be what the doctor finds. */
#include <anycert/anycert.h>

#include "doctor/needs.h"
#include "lab/lab.h"
#include "tls/matrix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const names[] = {"rsa-kx-cbc",   "tls10-static-rsa", "camellia-cbc-sha1",
                                    "dh-1024-sha1", "tls10-expired",    "cn-only"};

/* What could have to do with them; the others change nothing for servers that answer a full hello.
 */
static const enum anycert__relaxation tried[] = {
    ANYCERT__RELAX_EXPIRED,        ANYCERT__RELAX_WRONG_HOST,
    ANYCERT__RELAX_COMMON_NAME,    ANYCERT__RELAX_WEAK_KEY,
    ANYCERT__RELAX_SELF_SIGNED,    ANYCERT__RELAX_LEGACY_RENEGOTIATION,
    ANYCERT__RELAX_TLS1_0,         ANYCERT__RELAX_TLS1_1,
    ANYCERT__RELAX_TLS1_2_MAX,     ANYCERT__RELAX_SMALL_DH,
    ANYCERT__RELAX_SHA1_HANDSHAKE, ANYCERT__RELAX_RSA_KEY_EXCHANGE,
    ANYCERT__RELAX_CBC_SHA1,       ANYCERT__RELAX_LEGACY_CIPHERS,
    ANYCERT__RELAX_LEGACY_GROUPS,  ANYCERT__RELAX_CLASSICAL_HELLO,
};
#define SETS (1 + COUNT(tried) + COUNT(tried) * (COUNT(tried) - 1) / 2)

static struct lab *lab;

static int start(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(names, COUNT(names), &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

static void name_set(anycert__relaxations set, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "hardened");

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r)))
            used += (size_t)snprintf(out + used, size - used, "+%s", anycert_relaxation_name(r));
    }
}

/* None, each one, each two. */
static size_t make_sets(anycert__relaxations sets[SETS])
{
    size_t count = 0;

    sets[count++] = 0;
    for (size_t i = 0; i < COUNT(tried); i++) {
        sets[count++] = ANYCERT__RELAX_BIT(tried[i]);
        for (size_t j = 0; j < i; j++)
            sets[count++] = ANYCERT__RELAX_BIT(tried[i]) | ANYCERT__RELAX_BIT(tried[j]);
    }
    return count;
}

static anycert__relaxations search(const struct lab_server *server)
{
    static anycert__relaxations sets[SETS];
    static struct matrix_cell cells[SETS];
    size_t count = make_sets(sets);
    anycert__relaxations best = 0;
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        cells[i].server = server;
        name_set(sets[i], cells[i].policy, sizeof cells[i].policy);
    }
    matrix_shake_all(lab, cells, count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cells[i].outcome, "ok") != 0)
            continue;
        if (!found || anycert__less_dangerous(sets[i], best))
            best = sets[i];
        found = true;
    }
    if (!found)
        fail_msg("nothing connects to %s", lab_server_name(server));
    return best;
}

static anycert__relaxations ask_doctor(const struct lab_server *server)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_policy *base = anycert_policy_new(&err);
    struct anycert_diagnosis *diagnosis = NULL;
    anycert__relaxations found = 0;
    size_t len = 0;
    const char *pem = lab_root_pem(lab, &len);

    assert_int_equal(anycert_policy_add_ca_pem(base, pem, len, &err), 0);
    assert_int_equal(anycert_doctor_set_base(doctor, base, &err), 0);
    diagnosis = anycert_doctor_examine(doctor, lab_server_url(server), &err);
    if (!diagnosis)
        fail_msg("%s", err.message);
    for (size_t i = 0; anycert_diagnosis_policy_relaxation(diagnosis, 0, i) != 0; i++)
        found |= ANYCERT__RELAX_BIT(anycert_diagnosis_policy_relaxation(diagnosis, 0, i));
    anycert_diagnosis_free(diagnosis);
    anycert_policy_free(base);
    anycert_doctor_free(doctor);
    return found;
}

static void doctor_least_is_what_search_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct lab_server *server = lab_server_find(lab, names[i]);
        anycert__relaxations wanted = search(server), found = ask_doctor(server);
        char wanted_text[200], found_text[200];

        name_set(wanted, wanted_text, sizeof wanted_text);
        name_set(found, found_text, sizeof found_text);
        if (wanted != found)
            fail_msg("%s: the doctor finds %s, search finds %s", names[i], found_text, wanted_text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_least_is_what_search_finds),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
