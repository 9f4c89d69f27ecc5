/* anycert doctor: why connections fail, and the least that has to be given up for them. Several
 * targets are examined at once and told in their order. */
#include "commands.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <anycert/doctor.h>
#include <anycert/profile.h>

#include "doctor_apply.h"
#include "doctor_progress.h"
#include "doctor_record.h"
#include "doctor_targets.h"
#include "message.h"
#include "profile.h"
#include "progress.h"
#include "trust.h"

#define PARALLEL     16 /* examinations at once, if nothing is said */
#define PARALLEL_MAX 256
#define LOOK_MS      50 /* how often it is looked whether a signal came */

/* What became of one target. */
struct outcome {
    char *text;                 /* what is printed, or NULL */
    struct cli_bytes elsewhere; /* what is printed behind it */
    int verdict;
    struct anycert_error err;            /* code 0: there is a diagnosis */
    struct anycert_diagnosis *diagnosis; /* kept for --apply */
    bool done;
};

struct rounds {
    const struct cli_options *options;
    struct anycert_doctor *doctor;
    const struct anycert_policy *base; /* of all policies; NULL: hardened */
    struct cli_apply apply;
    struct cli_targets targets;
    struct cli_list clients;
    struct cli_doctor_progress progress;
    struct outcome *outcomes;
    size_t *left; /* places of targets that a signal kept from being examined */
    size_t next;  /* target that nobody has taken yet */
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

/* ---- what is examined, and how ---- */

static int set_intermediates(struct anycert_doctor *doctor, const struct cli_options *o,
                             struct anycert_error *err)
{
    for (size_t i = 0; i < o->intermediate.count; i++) {
        struct cli_bytes pem = {0};
        int status = cli_bytes_read(&pem, o->intermediate.items[i], "--intermediate", err);
        if (status == 0)
            status = anycert_doctor_add_intermediates(doctor, pem.data, pem.len, err);
        cli_bytes_free(&pem);
        if (status != 0)
            return cli_error_context(err, "--intermediate: ");
    }
    return 0;
}

/* A profile may say "true" or "false" there, too. */
static const char *proxy_of(const struct cli_options *o, const struct anycert_profile *profile)
{
    const char *proxy = o->proxy ? o->proxy : anycert_profile_value(profile, "proxy");
    return proxy && (o->proxy || strstr(proxy, "://")) ? proxy : NULL;
}

static int set_way(struct anycert_doctor *doctor, const struct cli_options *o,
                   const struct anycert_profile *profile, struct anycert_error *err)
{
    const char *proxy = proxy_of(o, profile);
    if (proxy && anycert_doctor_set_proxy(doctor, proxy, err) != 0)
        return -1;
    for (size_t i = 0; i < o->resolve.count; i++)
        if (anycert_doctor_add_resolve(doctor, o->resolve.items[i], err) != 0)
            return -1;
    for (size_t i = 0; i < o->connect_to.count; i++)
        if (anycert_doctor_add_connect_to(doctor, o->connect_to.items[i], err) != 0)
            return -1;
    return 0;
}

static int set_times(struct anycert_doctor *doctor, const struct cli_options *o,
                     struct anycert_error *err)
{
    uint32_t ms = 0;
    if (o->timeout) {
        if (cli_parse_seconds(o->timeout, "--timeout", &ms, err) != 0)
            return -1;
        if (ms == 0)
            return cli_error(err, ANYCERT_E_USAGE, "--timeout: an attempt needs some time");
        anycert_doctor_set_timeout(doctor, ms);
    }
    if (o->delay && cli_parse_seconds(o->delay, "--delay", &ms, err) != 0)
        return -1;
    if (o->delay)
        anycert_doctor_set_delay(doctor, ms);
    anycert_doctor_set_request(doctor, o->http_body ? ANYCERT_REQUEST_BODY
                                       : o->http    ? ANYCERT_REQUEST_HEAD
                                                    : ANYCERT_REQUEST_NONE);
    anycert_doctor_set_fetch_intermediate(doctor, o->fetch_intermediate);
    anycert_doctor_set_compare_direct(doctor, o->compare_direct);
    return 0;
}

/* --for, where commas stand between several. */
static int set_clients(struct rounds *rounds, struct anycert_error *err)
{
    const struct cli_list *given = &rounds->options->clients;
    for (size_t i = 0; i < given->count; i++) {
        for (const char *word = given->items[i]; word;) {
            size_t len = strcspn(word, ",");
            char client[64];
            if (len == 0 || len >= sizeof client)
                return cli_error(err, ANYCERT_E_USAGE, "--for: a client's name is missing");
            memcpy(client, word, len);
            client[len] = '\0';
            if (anycert_doctor_add_client(rounds->doctor, client, err) != 0)
                return cli_error_context(err, "--for: ");
            if (!cli_list_has(&rounds->clients, client) &&
                cli_list_add(&rounds->clients, client, err) != 0)
                return -1;
            word = word[len] == ',' ? word + len + 1 : NULL;
        }
    }
    return 0;
}

/* Without the credentials of a proxy, which are asked for in a variable of the environment. */
static int repeat_proxy(struct anycert_doctor *doctor, const char *url, struct anycert_error *err)
{
    const char *authority = strstr(url, "://") ? strstr(url, "://") + 3 : url;
    size_t len = strcspn(authority, "/?#");
    const char *behind = authority;
    char text[2048];
    for (const char *p = authority; p < authority + len; p++)
        if (*p == '@')
            behind = p + 1;
    int n = snprintf(text, sizeof text, "%.*s%s", (int)(authority - url), url, behind);
    if (n < 0 || (size_t)n >= sizeof text)
        return 0; /* too long for a proxy: whoever reads it says so */
    if (anycert_doctor_add_command_option(doctor, "proxy", text, err) != 0)
        return -1;
    return behind == authority
               ? 0
               : anycert_doctor_add_command_option(doctor, "proxy-user-env", "PROXY_USER", err);
}

static int repeat_list(struct anycert_doctor *doctor, const char *option,
                       const struct cli_list *list, struct anycert_error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (anycert_doctor_add_command_option(doctor, option, list->items[i], err) != 0)
            return -1;
    return 0;
}

static int repeat_one(struct anycert_doctor *doctor, const char *option, const char *value,
                      struct anycert_error *err)
{
    return value ? anycert_doctor_add_command_option(doctor, option, value, err) : 0;
}

/* What was given here is what commands are to repeat. A value that cannot be shown stays out of
 * them. */
static int set_commands(struct anycert_doctor *doctor, const struct cli_options *o,
                        struct anycert_error *err)
{
    int status = repeat_one(doctor, "profile", o->profile, err) == 0 &&
                         repeat_list(doctor, "cacert", &o->cacert, err) == 0 &&
                         repeat_list(doctor, "ca-add", &o->ca_add, err) == 0 &&
                         repeat_list(doctor, "intermediate", &o->intermediate, err) == 0 &&
                         repeat_one(doctor, "expect-name", o->expect_name, err) == 0 &&
                         repeat_one(doctor, "sni", o->sni, err) == 0 &&
                         (!o->proxy || repeat_proxy(doctor, o->proxy, err) == 0) &&
                         repeat_one(doctor, "proxy-trust", o->proxy_trust, err) == 0 &&
                         repeat_list(doctor, "resolve", &o->resolve, err) == 0 &&
                         repeat_list(doctor, "connect-to", &o->connect_to, err) == 0
                     ? 0
                     : -1;
    if (status != 0 && err->code == ANYCERT_E_USAGE) {
        *err = (struct anycert_error){0};
        status = 0;
    }
    return status;
}

static int prepare(struct rounds *rounds, struct anycert_profile **profile, struct cli_trust *trust,
                   struct anycert_error *err)
{
    const struct cli_options *o = rounds->options;
    *profile = cli_profile_load(o, err);
    if (!*profile || cli_trust_make(trust, o, *profile, err) != 0)
        return -1;
    rounds->base = trust->policy;
    rounds->apply.proxy_base = trust->proxy_policy;
    cli_entry_proxy_place(proxy_of(o, *profile), rounds->apply.proxy_place);
    rounds->doctor = anycert_doctor_new(err);
    if (!rounds->doctor ||
        anycert_doctor_set_proxy_policy(rounds->doctor, trust->proxy_policy, err) != 0 ||
        (trust->policy && anycert_doctor_set_base(rounds->doctor, trust->policy, err) != 0) ||
        set_intermediates(rounds->doctor, o, err) != 0 ||
        set_way(rounds->doctor, o, *profile, err) != 0 ||
        set_commands(rounds->doctor, o, err) != 0 || set_times(rounds->doctor, o, err) != 0 ||
        set_clients(rounds, err) != 0)
        return cli_trust_context(trust, err);
    return o->plan ? 0
                   : cli_targets_find(&rounds->targets, &o->targets,
                                      anycert_profile_value(*profile, "url"), err);
}

/* ---- examining ---- */

/* The nth policy for a client. */
static int add_elsewhere(struct cli_bytes *out, const struct anycert_diagnosis *diagnosis, size_t n,
                         const char *client, struct anycert_error *err)
{
    static const char *const fits[] = {"the same", "coarser: it gives up more",
                                       "not all of it: it may not connect"};
    const char *policy = anycert_diagnosis_policy(diagnosis, n);
    int fit = ANYCERT_FIT_LACKS;
    char *text = anycert_diagnosis_elsewhere(diagnosis, n, client, &fit, err);
    int status = -1;
    if (text && cli_bytes_add_text(out, "\nfor ", err) == 0 &&
        cli_bytes_add_text(out, client, err) == 0 && cli_bytes_add_text(out, " (", err) == 0 &&
        cli_bytes_add_text(out, fits[fit], err) == 0 && cli_bytes_add_text(out, "): ", err) == 0 &&
        cli_bytes_add_text(out, policy ? policy : "hardened", err) == 0 &&
        cli_bytes_add_text(out, "\n", err) == 0 && cli_bytes_add_text(out, text, err) == 0)
        status = 0;
    anycert_free(text);
    return status;
}

/* The policy to take, and with -v the others, for every client of --for. */
static int say_elsewhere(const struct rounds *rounds, const struct anycert_diagnosis *diagnosis,
                         struct cli_bytes *out, struct anycert_error *err)
{
    bool healthy = anycert_diagnosis_verdict(diagnosis) == ANYCERT_VERDICT_HEALTHY;
    size_t known = anycert_diagnosis_policies(diagnosis);
    size_t count = known > 1 && !rounds->options->verbose ? 1 : known;
    int status = 0;
    if (rounds->clients.count > 0 && known == 0 && !healthy)
        return cli_bytes_add_text(
            out, "\nno policy connects, so there is nothing to say for other clients\n", err);
    for (size_t n = 0; n < (healthy && known == 0 ? 1 : count); n++)
        for (size_t i = 0; status == 0 && i < rounds->clients.count; i++)
            status = add_elsewhere(out, diagnosis, n, rounds->clients.items[i], err);
    return status;
}

static bool is_about_dates(const struct anycert_diagnosis *diagnosis)
{
    const char *check = NULL;
    for (size_t n = 0; (check = anycert_diagnosis_cause_check(diagnosis, n)) != NULL; n++)
        if (strcmp(check, "dates") == 0)
            return true;
    return false;
}

/* An entry that lets dates through is not written before this machine's clock was compared with the
 * server's: that takes one request. Nobody has asked for it to be answered, and with a certificate
 * of ours at that: without an answer what was seen before counts. */
static struct anycert_diagnosis *look(const struct rounds *rounds, const char *target,
                                      struct anycert_error *err)
{
    const struct cli_options *o = rounds->options;
    struct anycert_diagnosis *diagnosis = anycert_doctor_examine(rounds->doctor, target, err);
    struct anycert_diagnosis *compared = NULL;
    if (!diagnosis || !rounds->apply.wanted || o->http || o->http_body ||
        !is_about_dates(diagnosis))
        return diagnosis;
    anycert_doctor_set_request(rounds->doctor, ANYCERT_REQUEST_HEAD);
    compared = anycert_doctor_examine(rounds->doctor, target, err);
    if (compared && cli_apply_passes_over(compared) &&
        anycert_diagnosis_policy_confirmed(diagnosis, 0)) {
        anycert_diagnosis_free(compared);
        return diagnosis;
    }
    anycert_diagnosis_free(diagnosis);
    return compared;
}

static void examine(struct rounds *rounds, size_t n, struct outcome *outcome)
{
    const struct cli_options *o = rounds->options;
    const struct cli_target *target = &rounds->targets.items[n];
    struct anycert_diagnosis *diagnosis = NULL;
    if (o->replay)
        diagnosis = anycert_doctor_replay(rounds->doctor, o->replay, &outcome->err);
    else if (cli_target_check(target, &outcome->err) == 0)
        diagnosis = look(rounds, target->text, &outcome->err);
    if (!diagnosis)
        cli_target_context(target, &outcome->err);
    if (!diagnosis || (o->save && anycert_diagnosis_save(diagnosis, o->save, &outcome->err) != 0)) {
        anycert_diagnosis_free(diagnosis);
        return;
    }
    outcome->verdict = anycert_diagnosis_verdict(diagnosis);
    outcome->text = o->json      ? anycert_diagnosis_json(diagnosis, &outcome->err)
                    : o->verbose ? anycert_diagnosis_text(diagnosis, &outcome->err)
                                 : anycert_diagnosis_brief(diagnosis, &outcome->err);
    if (outcome->text && !rounds->options->json &&
        say_elsewhere(rounds, diagnosis, &outcome->elsewhere, &outcome->err) != 0) {
        anycert_free(outcome->text);
        outcome->text = NULL;
    }
    if (rounds->apply.wanted && outcome->text)
        outcome->diagnosis = diagnosis;
    else
        anycert_diagnosis_free(diagnosis);
}

static void *work(void *arg)
{
    struct rounds *rounds = arg;
    (void)pthread_mutex_lock(&rounds->lock);
    while (rounds->next < rounds->targets.count) {
        size_t i = rounds->next++;
        (void)pthread_mutex_unlock(&rounds->lock);
        examine(rounds, i, &rounds->outcomes[i]);
        (void)pthread_mutex_lock(&rounds->lock);
        rounds->outcomes[i].done = true;
        (void)pthread_cond_signal(&rounds->changed);
    }
    (void)pthread_mutex_unlock(&rounds->lock);
    return NULL;
}

/* Waits until the target is done; a signal ends all examinations. */
static void wait_for(struct rounds *rounds, size_t i)
{
    (void)pthread_mutex_lock(&rounds->lock);
    while (!rounds->outcomes[i].done) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&rounds->changed, &rounds->lock, &until);
        if (cli_interrupted())
            anycert_doctor_cancel(rounds->doctor);
    }
    (void)pthread_mutex_unlock(&rounds->lock);
}

/* ---- telling ---- */

/* policy.md's order: healthy, fixable, relaxable, impossible, unreachable. */
static int weight_of(int exit_code)
{
    static const int order[] = {0, 12, 10, 11, 5};
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (order[i] == exit_code)
            return i;
    return -1;
}

static const char *colour_of(int verdict)
{
    if (verdict == ANYCERT_VERDICT_HEALTHY)
        return "\033[32m";
    return verdict == ANYCERT_VERDICT_RELAXABLE || verdict == ANYCERT_VERDICT_FIXABLE ? "\033[33m"
                                                                                      : "\033[31m";
}

/* Of several, each gets its answer in three lines; what led to it is printed with -v, or for one
 * alone. */
static void print_text(const struct rounds *rounds, const struct outcome *outcome)
{
    bool several = rounds->targets.count > 1;
    const char *blank = strstr(outcome->text, "\n\n");
    size_t line = strcspn(outcome->text, "\n");
    size_t end = several && !rounds->options->verbose && blank ? (size_t)(blank - outcome->text) + 1
                                                               : strlen(outcome->text);
    bool coloured = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    if (coloured)
        (void)printf("%s%.*s\033[0m", colour_of(outcome->verdict), (int)line, outcome->text);
    else
        (void)printf("%.*s", (int)line, outcome->text);
    (void)fwrite(outcome->text + line, 1, end - line, stdout);
    if (outcome->elsewhere.len > 0)
        (void)fwrite(outcome->elsewhere.data, 1, outcome->elsewhere.len, stdout);
}

static void print_json(const char *text, bool as_list)
{
    static bool any;
    if (as_list)
        (void)printf("%s", any ? ",\n" : "[\n");
    any = true;
    (void)printf("%s%s", text, as_list ? "" : "\n");
}

/* As JSON, a record of the failure stands in the place of a diagnosis. */
static void print_failure(const struct rounds *rounds, size_t i, bool as_list)
{
    const struct anycert_error *err = &rounds->outcomes[i].err;
    /* Of a file to replay nobody knows the target. */
    bool has_record = rounds->options->json && !rounds->options->replay;
    char *record = NULL;
    if (err->code == ANYCERT_E_INTERRUPTED)
        return;
    cli_print_error(rounds->options->json && !has_record, err, NULL);
    if (has_record)
        record = cli_doctor_record(&rounds->targets.items[i], err);
    if (record)
        print_json(record, as_list);
    free(record);
}

static void print_outcome(const struct rounds *rounds, size_t i, bool as_list)
{
    const struct outcome *outcome = &rounds->outcomes[i];
    if (!outcome->text) {
        print_failure(rounds, i, as_list);
    } else if (rounds->options->json) {
        print_json(outcome->text, as_list);
    } else {
        if (i > 0)
            (void)printf("\n");
        print_text(rounds, outcome);
    }
}

/* Of several targets, a signal leaves some that nobody knows anything about. */
static void tell_interrupted(const struct rounds *rounds, size_t count)
{
    struct anycert_error err = {0};
    if (rounds->targets.count < 2 || count == 0)
        return;
    cli_doctor_interrupted(&rounds->targets, rounds->left, count, &err);
    cli_print_error(rounds->options->json, &err, NULL);
}

/* Tells what is done, in order; the exit code. */
static int tell(struct rounds *rounds)
{
    bool as_list = rounds->options->json &&
                   (rounds->targets.count > 1 || cli_list_has(&rounds->options->targets, "-"));
    int worst = 0, failed = 0;
    size_t count = 0;
    for (size_t i = 0; i < rounds->targets.count; i++) {
        struct outcome *outcome = &rounds->outcomes[i];
        wait_for(rounds, i);
        int code = anycert_doctor_exit_code(outcome->verdict);
        if (outcome->err.code == ANYCERT_E_INTERRUPTED)
            rounds->left[count++] = i;
        if (!outcome->text)
            failed = failed ? failed : anycert_error_class_of(outcome->err.code);
        else if (weight_of(code) > weight_of(worst))
            worst = code;
        cli_doctor_progress_begin_print(&rounds->progress);
        print_outcome(rounds, i, as_list);
        (void)fflush(stdout);
        cli_doctor_progress_end_print(&rounds->progress);
        anycert_free(outcome->text);
        outcome->text = NULL;
        cli_bytes_free(&outcome->elsewhere);
    }
    if (as_list)
        (void)printf("\n]\n");
    tell_interrupted(rounds, count);
    if (cli_interrupted())
        return ANYCERT_CLASS_INTERRUPTED;
    /* What was not examined may be anything. */
    return failed ? failed : worst;
}

/* ---- all of it ---- */

static int parse_parallel(const struct cli_options *o, size_t targets, size_t *out,
                          struct anycert_error *err)
{
    unsigned parallel = PARALLEL;
    struct anycert_error why = {0};
    if (o->parallel &&
        (cli_parse_number(o->parallel, "--parallel", PARALLEL_MAX, &parallel, &why) != 0 ||
         parallel == 0))
        return cli_error(err, ANYCERT_E_USAGE, "--parallel: '%.40s' is no number from 1 to %d",
                         o->parallel, PARALLEL_MAX);
    *out = parallel < targets ? parallel : targets;
    return 0;
}

/* --save and --replay are about one target. */
static int check_files(struct rounds *rounds, struct anycert_error *err)
{
    const struct cli_options *o = rounds->options;
    if (o->replay && (rounds->targets.count > 0 || o->save))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--replay sends nothing: leave the TARGET and --save out");
    if (o->replay)
        return cli_targets_add(&rounds->targets, 0, o->replay, err);
    if (rounds->apply.wanted && rounds->targets.count > 1)
        return cli_error(err, ANYCERT_E_USAGE, "--apply writes the entry of one TARGET alone");
    if (o->save && rounds->targets.count > 1)
        return cli_error(err, ANYCERT_E_USAGE, "--save keeps what is seen of one TARGET alone");
    return 0;
}

/* The exit code is that of the entry then, and not that of the verdict. */
static int apply_it(struct rounds *rounds, int *exit_code, struct anycert_error *err)
{
    struct anycert_diagnosis *diagnosis = rounds->outcomes[0].diagnosis;
    int status = 0;
    if (diagnosis && *exit_code != ANYCERT_CLASS_INTERRUPTED) {
        status = cli_apply(&rounds->apply, diagnosis, rounds->base, err);
        *exit_code = 0;
    }
    anycert_diagnosis_free(diagnosis);
    return status;
}

static int run(struct rounds *rounds, int *exit_code, struct anycert_error *err)
{
    pthread_t threads[PARALLEL_MAX];
    size_t wanted = 0, started = 0;
    if (check_files(rounds, err) != 0)
        return -1;
    if (rounds->targets.count == 0)
        return cli_error(err, ANYCERT_E_USAGE, "there is no target to examine");
    if (parse_parallel(rounds->options, rounds->targets.count, &wanted, err) != 0)
        return -1;
    rounds->outcomes = calloc(rounds->targets.count, sizeof *rounds->outcomes);
    rounds->left = calloc(rounds->targets.count, sizeof *rounds->left);
    if (!rounds->outcomes || !rounds->left)
        return cli_no_memory(err);
    if (!rounds->options->json)
        cli_doctor_progress_attach(&rounds->progress, rounds->doctor);
    while (started < wanted && pthread_create(&threads[started], NULL, work, rounds) == 0)
        started++;
    if (started == 0)
        return cli_error(err, ANYCERT_E_INTERNAL, "no thread can be started");
    *exit_code = tell(rounds);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    return apply_it(rounds, exit_code, err);
}

static int print_plan(const struct rounds *rounds, struct anycert_error *err)
{
    char *plan = anycert_doctor_plan(rounds->doctor, err);
    if (plan)
        (void)printf("%s", plan);
    anycert_free(plan);
    return plan ? 0 : -1;
}

int cmd_doctor(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    struct rounds rounds = {.options = &options,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .progress = {.lock = PTHREAD_MUTEX_INITIALIZER},
                            .changed = PTHREAD_COND_INITIALIZER};
    struct anycert_profile *profile = NULL;
    struct cli_trust trust = {0};
    struct anycert_error err = {0};
    int exit_code = 0;
    if (cli_begin(&options, command, argc, argv, &exit_code) == 0) {
        cli_catch_signals();
        if (cli_apply_take(&rounds.apply, &options, &err) != 0 ||
            prepare(&rounds, &profile, &trust, &err) != 0 ||
            (options.plan ? print_plan(&rounds, &err) : run(&rounds, &exit_code, &err)) != 0) {
            cli_print_error(options.json, &err, NULL);
            exit_code = anycert_error_class_of(err.code);
        }
    }
    /* A verdict that nobody could read is none. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && exit_code != ANYCERT_CLASS_INTERRUPTED)
        exit_code = ANYCERT_CLASS_BODY;
    free(rounds.outcomes);
    free(rounds.left);
    cli_targets_free(&rounds.targets);
    cli_list_free(&rounds.clients);
    cli_apply_free(&rounds.apply);
    anycert_doctor_free(rounds.doctor);
    cli_trust_free(&trust);
    anycert_profile_free(profile);
    cli_options_free(&options);
    return exit_code;
}
