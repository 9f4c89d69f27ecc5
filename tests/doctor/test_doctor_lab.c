/* The doctor against every condition of the lab, by real handshakes. What it finds to be the least
 * relaxation is what tests/tls/matrix.def says, which was found by trying policies. Ports are
 * random, and nothing tells the doctor which condition it looks at. */
#include <anycert/anycert.h>

#include "lab/lab.h"

#include <openssl/opensslv.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)   (sizeof(a) / sizeof(a)[0])
#define THREADS    8
#define LIMIT_MS   20000
#define SILENT_MS  300 /* for servers whose answer is silence */
#define BUDGET     25
#define HEALTHY_IN 3

static const struct row {
    const char *condition;
    const char *needs; /* relaxations with "+"; "": none; NULL: there are none that would do */
} rows[] = {
#define ROW(condition, needs, hardened, trust_any, antique, bare) {condition, needs},
#include "tls/matrix.def"
};

/* What the doctor says beside the relaxations: its verdict and the causes, in their order. */
static const struct expectation {
    const char *condition, *verdict, *causes;
    const char *policy; /* the first, but for the values of ca= and pin=; NULL: there is none */
} expectations[] = {
#define DOCTOR(condition, verdict, policy, causes) {condition, verdict, causes, policy},
#include "doctor/conditions.def"
};

static struct lab *lab;

struct job {
    const struct lab_server *server;
    const struct row *row;
    char complaint[2000];
};
static struct job *jobs;
static size_t job_count;
static atomic_size_t next_job;

__attribute__((format(printf, 2, 3))) static void complain(struct job *job, const char *format, ...)
{
    size_t used = strlen(job->complaint);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(job->complaint + used, sizeof job->complaint - used, format, args);
    va_end(args);
}

/* ---- one examination ---- */

static struct anycert_doctor *new_doctor(const struct lab_server *server)
{
    const struct lab_condition *condition = lab_server_condition(server);
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    struct anycert_policy *base = anycert_policy_new(&err);
    const char *resolve = lab_server_resolve(server);
    bool silent = strcmp(condition->name, "large-hello-intolerant") == 0 ||
                  strcmp(condition->name, "silent") == 0 ||
                  strcmp(condition->name, "drip-handshake") == 0;
    size_t len = 0;
    const char *pem = lab_root_pem(lab, &len);

    if (!doctor || !base || anycert_policy_add_ca_pem(base, pem, len, &err) != 0 ||
        anycert_doctor_set_base(doctor, base, &err) != 0 ||
        (resolve && anycert_doctor_add_resolve(doctor, resolve, &err) != 0)) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    anycert_doctor_set_timeout(doctor, silent ? SILENT_MS : LIMIT_MS);
    anycert_doctor_set_request(doctor, condition->http != LAB_HTTP_NONE ||
                                           strcmp(condition->name, "plain-http") == 0);
    anycert_policy_free(base);
    return doctor;
}

/* Relaxations of the nth policy, with "+". */
static void write_relaxations(const struct anycert_diagnosis *diagnosis, size_t n, char *out,
                              size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; anycert_diagnosis_policy_relaxation(diagnosis, n, i) != 0; i++) {
        const struct anycert_relaxation *r =
            anycert_relaxation_by_id(anycert_diagnosis_policy_relaxation(diagnosis, n, i));

        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "+" : "",
                                 anycert_relaxation_name(r));
    }
}

/* A name that is expected stands in the place of a relaxation, which comes behind it. */
static size_t relaxing_policy(const struct anycert_diagnosis *diagnosis)
{
    const char *first = anycert_diagnosis_policy(diagnosis, 0);

    return first && strstr(first, "expect-name=") ? 1 : 0;
}

static void check_least(struct job *job, const struct anycert_diagnosis *diagnosis)
{
    const char *needs = job->row->needs;
    size_t n = relaxing_policy(diagnosis);
    const char *policy = anycert_diagnosis_policy(diagnosis, n);
    char found[400];

    write_relaxations(diagnosis, n, found, sizeof found);
    if (needs && strcmp(found, needs) != 0)
        complain(job, "\n  needs '%s', found '%s'", needs, found);
    if (!needs && policy && strncmp(policy, "hardened", 8) == 0)
        complain(job, "\n  has no relaxation, found '%s'", policy);
    if (needs && needs[0] != '\0' && !anycert_diagnosis_policy_minimal(diagnosis, 0))
        complain(job, "\n  '%s' is not said to be minimal", policy);
}

/* Without the values that are different each time. */
static const char *without_values(const char *policy, char *out, size_t size)
{
    size_t used = 0;

    if (!policy)
        return NULL;
    for (const char *p = policy; *p && used + 1 < size; p++) {
        out[used++] = *p;
        out[used] = '\0';
        if (*p == '=' && used > 3 &&
            (strcmp(out + used - 3, "ca=") == 0 || strcmp(out + used - 4, "pin=") == 0)) {
            p += strcspn(p, " ") - 1;
            used--;
        }
    }
    out[used] = '\0';
    return out;
}

static void check_expectation(struct job *job, const struct anycert_diagnosis *diagnosis)
{
    const struct expectation *expected = NULL;
    char shown[400];
    const char *policy =
        without_values(anycert_diagnosis_policy(diagnosis, 0), shown, sizeof shown);
    const char *verdict = anycert_doctor_verdict_name(anycert_diagnosis_verdict(diagnosis));
    char causes[600] = "";
    size_t used = 0;

    for (size_t i = 0; i < COUNT(expectations); i++) {
        if (strcmp(expectations[i].condition, job->row->condition) == 0)
            expected = &expectations[i];
    }
    for (size_t i = 0; i < anycert_diagnosis_causes(diagnosis); i++)
        used += (size_t)snprintf(causes + used, sizeof causes - used, "%s%s", i ? " " : "",
                                 anycert_diagnosis_cause_id(diagnosis, i));
    if (!expected) {
        complain(job, "\n  is not expected: verdict '%s', policy '%s', causes '%s'", verdict,
                 policy ? policy : "none", causes);
        return;
    }
    if (strcmp(expected->verdict, verdict) != 0)
        complain(job, "\n  verdict %s, not %s", verdict, expected->verdict);
    if (strcmp(expected->causes, causes) != 0)
        complain(job, "\n  causes '%s', not '%s'", causes, expected->causes);
    if (!expected->policy != !policy || (policy && strcmp(policy, expected->policy) != 0))
        complain(job, "\n  policy '%s', not '%s'", policy ? policy : "none",
                 expected->policy ? expected->policy : "none");
}

/* Without the line about the time that it took. */
static char *json_of(const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    char *json = anycert_diagnosis_json(diagnosis, &err);
    char *line = json ? strstr(json, "\"elapsed_ms\"") : NULL;

    if (!line)
        abort();
    memset(line, ' ', strcspn(line, "\n"));
    return json;
}

/* What is saved says the same without a server. */
static void check_replay(struct job *job, const struct anycert_diagnosis *diagnosis)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new(&err);
    char *saved = anycert_diagnosis_observation(diagnosis, &err);
    struct anycert_diagnosis *again =
        saved && doctor ? anycert_doctor_replay_text(doctor, saved, strlen(saved), &err) : NULL;
    char *before = json_of(diagnosis), *after = again ? json_of(again) : NULL;

    if (!again)
        complain(job, "\n  cannot be replayed: %s", err.message);
    else if (strcmp(before, after) != 0)
        complain(job, "\n  replayed, it is another:\n%s\n%s", before, after);
    anycert_free(before);
    anycert_free(after);
    anycert_free(saved);
    anycert_diagnosis_free(again);
    anycert_doctor_free(doctor);
}

static void check_costs(struct job *job, const struct anycert_diagnosis *diagnosis)
{
    size_t handshakes = anycert_diagnosis_handshakes(diagnosis);
    bool healthy = anycert_diagnosis_verdict(diagnosis) == ANYCERT_VERDICT_HEALTHY;

    if (handshakes > (healthy ? HEALTHY_IN : BUDGET))
        complain(job, "\n  %zu handshakes", handshakes);
}

static void examine(struct job *job)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = new_doctor(job->server);
    struct anycert_diagnosis *diagnosis = NULL;
    char target[300];

    (void)snprintf(target, sizeof target, "%s:%u", lab_server_condition(job->server)->host,
                   (unsigned)lab_server_port(job->server));
    diagnosis = anycert_doctor_examine(doctor, target, &err);
    if (!diagnosis) {
        complain(job, "\n  %s", err.message);
    } else {
        check_least(job, diagnosis);
        check_expectation(job, diagnosis);
        check_costs(job, diagnosis);
        check_replay(job, diagnosis);
        if (getenv("DOCTOR_SHOW")) {
            char *text = anycert_diagnosis_text(diagnosis, &err);

            printf("== %s\n%s\n", job->row->condition, text);
            anycert_free(text);
        }
    }
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
}

static void *work(void *arg)
{
    size_t i = 0;

    (void)arg;
    while ((i = atomic_fetch_add(&next_job, 1)) < job_count)
        examine(&jobs[i]);
    return NULL;
}

/* ---- all of them ---- */

static const struct row *row_of(const char *name)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(rows[i].condition, name) == 0)
            return &rows[i];
    }
    return NULL;
}

static int start(void **state)
{
    struct anycert_error err = {0};
    const char *names[400];
    size_t count = 0;
    const struct lab_condition *conditions = lab_conditions(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (!conditions[i].plain && row_of(conditions[i].name))
            names[job_count++] = conditions[i].name;
    }
    assert_true(job_count < COUNT(names));
    if (lab_start(names, job_count, &lab, &err) < 0)
        fail_msg("%s", err.message);
    jobs = calloc(job_count, sizeof *jobs);
    assert_non_null(jobs);
    for (size_t i = 0; i < job_count; i++) {
        jobs[i].server = lab_server_at(lab, i);
        jobs[i].row = row_of(lab_server_name(jobs[i].server));
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lab_stop(lab);
    free(jobs);
    return 0;
}

static void doctor_every_condition_is_diagnosed(void **state)
{
    pthread_t threads[THREADS];
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < job_count; i++) {
        if (jobs[i].complaint[0] == '\0')
            continue;
        wrong++;
        print_error("%s:%s\n", jobs[i].row->condition, jobs[i].complaint);
    }
    print_message("score: %zu of %zu\n", job_count - wrong, job_count);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor_every_condition_is_diagnosed),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
