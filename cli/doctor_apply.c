#include "doctor_apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <anycert/policy_file.h>

#include "check_file.h"
#include "policy_append.h"

#define DAYS       90 /* an entry's life, if nothing is said */
#define REASON_MAX 200
#define ENTRY_MAX  4096

/* ---- options ---- */

/* An entry's anchors are found from the folder of its file, the command line's from here. */
static int make_absolute(struct cli_list *paths, struct anycert_error *err)
{
    for (size_t i = 0; i < paths->count; i++) {
        char *path = realpath(paths->items[i], NULL);
        char *copy = path ? cli_copy(path, err) : NULL;
        free(path);
        if (path && !copy)
            return -1;
        if (!copy)
            continue; /* who reads it says what is wrong */
        free(paths->items[i]);
        paths->items[i] = copy;
    }
    return 0;
}

int cli_apply_take(struct cli_apply *apply, struct cli_options *options, struct anycert_error *err)
{
    *apply = (struct cli_apply){.wanted = options->apply,
                                .yes = options->yes,
                                .file = options->policy_file,
                                .reason = options->reason,
                                .until = options->until,
                                .pins = options->pin};
    options->policy_file = options->reason = options->until = NULL;
    options->pin = (struct cli_list){0};
    if (!apply->wanted &&
        (apply->yes || apply->file || apply->reason || apply->until || apply->pins.count > 0))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--policy-file, --pin, --until, --reason and --yes belong to --apply");
    if (!apply->wanted)
        return 0;
    if (!apply->file)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply needs --policy-file FILE: the file that gets the entry");
    if (options->replay)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply writes what a server confirms now; leave --replay out");
    if (options->intermediate.count > 0 || options->fetch_intermediate)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--apply: a policy file has no place for an intermediate certificate; "
                         "leave --intermediate and --fetch-intermediate out for an entry with the "
                         "server's key, or give the certificate to each request");
    if (apply->pins.count > 1)
        return cli_error(err, ANYCERT_E_USAGE, "--apply takes one --pin: the server's");
    return make_absolute(&options->cacert, err) != 0 || make_absolute(&options->ca_add, err) != 0
               ? -1
               : 0;
}

void cli_apply_free(struct cli_apply *apply)
{
    free(apply->file);
    free(apply->reason);
    free(apply->until);
    cli_list_free(&apply->pins);
}

/* ---- which policy ---- */

static bool asks(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* A line of the terminal without its end; false if there is none. */
static bool read_answer(const char *question, char *out, size_t size)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s", question);
    if (!fgets(out, (int)size, stdin))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

/* The pin of a policy, or NULL. Free with anycert_free. */
static char *pin_of(const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    char *pin = NULL;
    if (policy && anycert_policy_get(policy, "pin", &pin, NULL) != 1)
        pin = NULL;
    anycert_policy_free(policy);
    return pin;
}

static bool authenticates(const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    bool does = policy && anycert_policy_authenticates(policy);
    anycert_policy_free(policy);
    return does;
}

/* The first policy; with --pin the first that has it. -1: none. */
static int choose(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                  size_t *n, struct anycert_error *err)
{
    *n = 0;
    if (apply->pins.count == 0)
        return 0;
    for (; anycert_diagnosis_policy(diagnosis, *n); ++*n) {
        char *pin = pin_of(anycert_diagnosis_policy(diagnosis, *n));
        bool same = pin && strcmp(pin, apply->pins.items[0]) == 0;
        anycert_free(pin);
        if (same)
            return 0;
    }
    return cli_error(err, ANYCERT_E_TRUST_PIN,
                     "no policy that connects has the pin %s: compare it with the one above; "
                     "nothing was written",
                     apply->pins.items[0]);
}

/* A pin that was only seen may be anybody's: it is written if somebody says it who knows it. */
static int check_pin(const struct cli_apply *apply, const char *pin, struct anycert_error *err)
{
    char typed[256];
    if (apply->pins.count > 0)
        return 0; /* chosen by it */
    if (!asks())
        return cli_error(err, ANYCERT_E_USAGE,
                         "the entry would have a pin that was seen over a connection that nobody "
                         "vouches for: give the one that the server's administrator knows, with "
                         "--pin; nothing was written");
    if (!read_answer("The pin, as the server's administrator knows it: ", typed, sizeof typed) ||
        strcmp(typed, pin) != 0)
        return cli_error(err, ANYCERT_E_TRUST_PIN,
                         "that is not the pin that the server showed; nothing was written");
    return 0;
}

/* Whether a policy expects a name that nobody said but the server. */
static bool expects_what_it_was_told(const char *text, const struct anycert_policy *base)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    char *name = NULL, *said = NULL;
    bool expects = policy && anycert_policy_get(policy, "expect-name", &name, NULL) == 1;
    bool given = base && anycert_policy_get(base, "expect-name", &said, NULL) == 1;
    bool same = expects && given && strcmp(name, said) == 0;
    anycert_free(name);
    anycert_free(said);
    anycert_policy_free(policy);
    return expects && !same;
}

/* Whether the nth policy may be written at all. */
static int check_policy(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                        const struct anycert_policy *base, size_t n, struct anycert_error *err)
{
    const char *text = anycert_diagnosis_policy(diagnosis, n);
    char *pin = NULL;
    int status = 0;
    if (!text)
        return cli_error(err, ANYCERT_E_USAGE, "no policy connects, so there is nothing to write");
    if (!anycert_diagnosis_policy_confirmed(diagnosis, n))
        return cli_error(err, ANYCERT_E_USAGE, "the policy is not confirmed; nothing was written");
    pin = pin_of(text);
    if (pin) /* of the server's own key: whoever has it is who was meant */
        status = check_pin(apply, pin, err);
    else if (!authenticates(text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "under %.200s nobody would be authenticated; such an entry is not "
                           "written",
                           text);
    else if (expects_what_it_was_told(text, base) && !asks())
        /* Who is in between has a name, too. */
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the name is one that the server itself told: give it with "
                           "--expect-name if it is the right one; nothing was written");
    anycert_free(pin);
    return status;
}

/* ---- the entry ---- */

/* What the causes say, cut where it is too long. */
static void default_reason(const struct anycert_diagnosis *diagnosis, char out[REASON_MAX + 1])
{
    char day[CLI_DATE_SIZE];
    size_t used = 0;
    cli_format_date((int64_t)time(NULL), day);
    for (size_t i = 0; anycert_diagnosis_cause_title(diagnosis, i); i++) {
        int n = snprintf(out + used, REASON_MAX - 24 - used, "%s%s", i > 0 ? " " : "",
                         anycert_diagnosis_cause_title(diagnosis, i));
        if (n < 0 || (size_t)n >= REASON_MAX - 24 - used) {
            out[used] = '\0'; /* whole sentences only */
            break;
        }
        used += (size_t)n;
    }
    (void)snprintf(out + used, REASON_MAX + 1 - used, "%s%.10s, doctor", used > 0 ? " " : "", day);
}

static bool can_end(const char *text)
{
    return strncmp(text, "hardened", 8) != 0 || text[8] == '+';
}

/* Relative anchors would be looked for elsewhere. */
static int check_anchors(const struct anycert_policy *policy, struct anycert_error *err)
{
    char *value = NULL;
    int found = anycert_policy_get(policy, "ca", &value, err);
    bool fine = found != 1 || *value == '/' || strncmp(value, "system", 6) == 0;
    anycert_free(value);
    if (found < 0)
        return -1;
    return fine ? 0
                : cli_error(err, ANYCERT_E_USAGE,
                            "the entry needs the absolute path of the anchors: give it with "
                            "--cacert");
}

/* Its policy; NULL with a sentence. Free with anycert_policy_free. */
static struct anycert_policy *compose(const struct cli_apply *apply,
                                      const struct anycert_diagnosis *diagnosis, const char *text,
                                      struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    struct anycert_error made = {0};
    struct cli_trial trial = {0};
    char reason[REASON_MAX + 1], day[CLI_DATE_SIZE];
    default_reason(diagnosis, reason);
    cli_format_date((int64_t)time(NULL) + DAYS * (int64_t)86400, day);
    day[10] = '\0';
    if (policy &&
        ((apply->until || can_end(text)) &&
         anycert_policy_set(policy, "until", apply->until ? apply->until : day, err) != 0))
        goto fail;
    if (!policy ||
        anycert_policy_set(policy, "reason", apply->reason ? apply->reason : reason, err) != 0 ||
        anycert_policy_check(policy, err) != 0 || check_anchors(policy, err) != 0)
        goto fail;
    /* The administrator may want an end or a reason, which it has. */
    cli_try_policy(&trial, policy, &made);
    cli_trial_end(&trial);
    if (made.code == 0)
        return policy;
    *err = made;
fail:
    anycert_policy_free(policy);
    return NULL;
}

static int write_entry(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                       const struct anycert_policy *policy, const char *note,
                       struct anycert_error *err)
{
    const char *host = anycert_diagnosis_host(diagnosis);
    bool brackets = strchr(host, ':') != NULL;
    char *text = anycert_policy_format(policy, err);
    char line[ENTRY_MAX], answer[16];
    int n = text ? snprintf(line, sizeof line, "%s%s%s:%u %s\n", brackets ? "[" : "", host,
                            brackets ? "]" : "", (unsigned)anycert_diagnosis_port(diagnosis), text)
                 : -1;
    anycert_free(text);
    if (n < 0 || (size_t)n >= sizeof line)
        return n < 0 ? -1 : cli_error(err, ANYCERT_E_USAGE, "the entry is too long");
    (void)fflush(stdout);
    (void)fprintf(stderr, "\nentry for %s:\n  %s", apply->file, line);
    if (*note)
        (void)fprintf(stderr, "note: %s\n", note);
    if (cli_policy_check(apply->file, line, err) != 0)
        return -1;
    if (!apply->yes && !asks())
        return cli_error(err, ANYCERT_E_USAGE,
                         "nobody is here to be asked: --yes writes it; nothing was written");
    if (!apply->yes && (!read_answer("Write it? [y/N] ", answer, sizeof answer) ||
                        (strcmp(answer, "y") != 0 && strcmp(answer, "yes") != 0)))
        return cli_error(err, ANYCERT_E_USAGE, "nothing was written");
    if (cli_policy_append(apply->file, line, err) != 0)
        return -1;
    (void)fprintf(stderr, "written to %s\n", apply->file);
    return 0;
}

int cli_apply(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
              const struct anycert_policy *base, struct anycert_error *err)
{
    bool healthy = anycert_diagnosis_verdict(diagnosis) == ANYCERT_VERDICT_HEALTHY;
    size_t n = 0;
    char *own = healthy && base ? anycert_policy_format(base, err) : NULL;
    struct anycert_policy *policy = NULL;
    int status = -1;
    if (healthy && apply->pins.count > 0) {
        status = cli_error(err, ANYCERT_E_USAGE,
                           "hardened connects, and no pin is needed: leave --pin out");
    } else if (healthy && (!own || strcmp(own, "hardened") == 0)) {
        (void)fprintf(stderr, "hardened connects: no entry is needed\n");
        status = 0;
    } else if (healthy || (choose(apply, diagnosis, &n, err) == 0 &&
                           check_policy(apply, diagnosis, base, n, err) == 0)) {
        policy = compose(apply, diagnosis, own ? own : anycert_diagnosis_policy(diagnosis, n), err);
        status = policy ? write_entry(apply, diagnosis, policy,
                                      own ? "" : anycert_diagnosis_policy_note(diagnosis, n), err)
                        : -1;
    }
    anycert_policy_free(policy);
    anycert_free(own);
    return status;
}
