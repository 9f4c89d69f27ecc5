/* doctor.c — asks why a server cannot be talked to, and what is the least that has to be given up.
 *
 * usage: doctor TARGET [CA-FILE]     TARGET is a URL or HOST:PORT; CA-FILE has anchors (PEM)
 *
 *     $ cc -o doctor doctor.c $(pkg-config --cflags --libs anycert)
 *     $ ./doctor https://late.example/ ca.pem
 *     verdict  relaxable (certificate)
 *     cause    expired: The certificate has expired.
 *     seen     expired ...
 *     policy   hardened+expired ca=ca.pem (confirmed, minimal)
 *     better   Renew the certificate...
 *     $ echo $?
 *     10
 *     $ ./doctor https://api.example/ ca.pem
 *     verdict  healthy (done)
 *
 * The exit code is that of `anycert doctor`: 0 for a healthy server, 10 where something has to be
 * given up, 12 where our side can mend it, 11 where nothing helps, 5 where nobody answers. Progress
 * goes to standard error.
 *
 * To test this comment: host late.example is expired, host api.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "doctor: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

/* Called before each handshake; anycert_doctor_cancel(arg) would end the examination here. */
static void tell(void *arg, const char *target, size_t attempt, const char *what)
{
    (void)arg;
    fprintf(stderr, "%s: handshake %zu: %s\n", target, attempt, what);
}

static struct anycert_doctor *make_doctor(const char *ca, struct anycert_error *err)
{
    struct anycert_doctor *doctor = anycert_doctor_new(err);
    struct anycert_policy *base = doctor ? anycert_policy_new(err) : NULL;

    /* The base is what stays as it is whatever is found: anchors, an expected name, pins. */
    if (!base || (ca && anycert_policy_set(base, "ca", ca, err) < 0) ||
        anycert_doctor_set_base(doctor, base, err) < 0) {
        anycert_doctor_free(doctor);
        doctor = NULL;
    } else {
        anycert_doctor_set_progress(doctor, tell, NULL);
    }
    anycert_policy_free(base);
    return doctor;
}

/* The first policy is the least; an alternative has a note that says what has to be done first. */
static void print_policies(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < anycert_diagnosis_policies(diagnosis); i++) {
        const char *note = anycert_diagnosis_policy_note(diagnosis, i);

        printf("%s   %s (%s, %s)\n", i == 0 ? "policy" : "or    ",
               anycert_diagnosis_policy(diagnosis, i),
               anycert_diagnosis_policy_confirmed(diagnosis, i) ? "confirmed" : "not tried",
               anycert_diagnosis_policy_minimal(diagnosis, i) ? "minimal" : "maybe not minimal");
        if (note[0] != '\0')
            printf("note     %s\n", note);
    }
}

static void print(const struct anycert_diagnosis *diagnosis)
{
    printf("verdict  %s (%s)\n", anycert_doctor_verdict_name(anycert_diagnosis_verdict(diagnosis)),
           anycert_doctor_stage_name(anycert_diagnosis_stage(diagnosis)));
    for (size_t i = 0; i < anycert_diagnosis_causes(diagnosis); i++) {
        printf("cause    %s: %s\n", anycert_diagnosis_cause_id(diagnosis, i),
               anycert_diagnosis_cause_title(diagnosis, i));
        printf("seen     %s\n", anycert_diagnosis_cause_evidence(diagnosis, i));
    }
    print_policies(diagnosis);
    if (anycert_diagnosis_remedies(diagnosis) > 0)
        printf("better   %s\n", anycert_diagnosis_remedy_text(diagnosis, 0));
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = NULL;
    struct anycert_diagnosis *diagnosis = NULL;
    int status = 0;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: doctor TARGET [CA-FILE]\n");
        return 2;
    }
    doctor = make_doctor(argc == 3 ? argv[2] : NULL, &err);
    diagnosis = doctor ? anycert_doctor_examine(doctor, argv[1], &err) : NULL;
    if (diagnosis) {
        print(diagnosis);
        status = anycert_doctor_exit_code(anycert_diagnosis_verdict(diagnosis));
    } else {
        status = say(&err);
    }
    anycert_diagnosis_free(diagnosis);
    anycert_doctor_free(doctor);
    return status;
}
