#include "doctor_apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <anycert/policy_file.h>

#include "check_file.h"
#include "doctor_entry.h"
#include "paste.h"
#include "policy_append.h"
#include "policy_change.h"
#include "progress.h"

#define ENTRY_MAX 4096
#define TYPED_MAX 4096

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

/* Adds a list of pins with commas between them. -1 with a sentence if one is none. */
static int add_pins(struct cli_list *pins, const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    int status = policy && anycert_policy_set(policy, "pin", text, err) == 0
                     ? cli_list_add(pins, text, err)
                     : -1;
    anycert_policy_free(policy);
    return status;
}

static int take_pins(struct cli_apply *apply, struct anycert_error *err)
{
    struct cli_list given = apply->pins;
    int status = 0;
    apply->pins = (struct cli_list){0};
    for (size_t i = 0; i < given.count && status == 0; i++)
        status = add_pins(&apply->pins, given.items[i], err);
    cli_list_free(&given);
    if (status == 0)
        return 0;
    cli_error_strip(err, "pin");
    return cli_error_context(err, "--pin: ");
}

/* Nothing is examined for an entry that would not count. */
static int check_until(const char *day, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse("hardened+expired", err);
    struct anycert_error why = {0};
    int64_t last = 0;
    int status = policy ? 0 : -1;
    if (policy && anycert_policy_set(policy, "until", day, &why) != 0)
        status = cli_error(err, ANYCERT_E_USAGE,
                           "--until: '%.40s' is no day as YYYY-MM-DD: the last (UTC) on which the "
                           "entry counts",
                           day);
    else if (policy && anycert_policy_until(policy, &last) && last < (int64_t)time(NULL))
        status =
            cli_error(err, ANYCERT_E_USAGE,
                      "--until: the last day is over with %.40s: the entry would not count", day);
    anycert_policy_free(policy);
    return status;
}

int cli_apply_take(struct cli_apply *apply, struct cli_options *options, struct anycert_error *err)
{
    *apply = (struct cli_apply){.wanted = options->apply,
                                .yes = options->yes,
                                .replace = options->replace,
                                .file = options->policy_file,
                                .reason = options->reason,
                                .until = options->until,
                                .pins = options->pin};
    options->policy_file = options->reason = options->until = NULL;
    options->pin = (struct cli_list){0};
    if (!apply->wanted && (apply->yes || apply->replace || apply->file || apply->reason ||
                           apply->until || apply->pins.count > 0))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--policy-file, --pin, --until, --reason, --replace and --yes belong to "
                         "--apply");
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
    if ((apply->until && check_until(apply->until, err) != 0) || take_pins(apply, err) != 0 ||
        cli_entry_given(options, &apply->given, err) != 0)
        return -1;
    apply->way = cli_entry_way(options);
    apply->proxy_trust = options->proxy_trust ? cli_copy(options->proxy_trust, err) : NULL;
    if (options->proxy_trust && !apply->proxy_trust)
        return -1;
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
    cli_bytes_free(&apply->given);
    cli_wipe_free(apply->way);
    cli_wipe_free(apply->proxy_trust);
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
    if (!cli_wait_for_input() || !fgets(out, (int)size, stdin))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

/* Ctrl-C is no answer. */
static int check_interrupted(struct anycert_error *err)
{
    return cli_interrupted()
               ? cli_error(err, ANYCERT_E_INTERRUPTED, "interrupted; nothing was written")
               : 0;
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

/* Which of the given lists has a pin, letter by letter; NULL: none. */
static const char *list_with(const struct cli_apply *apply, const char *pin)
{
    size_t len = strlen(pin);
    for (size_t i = 0; i < apply->pins.count; i++) {
        const char *at = apply->pins.items[i];
        while (at && (strncmp(at, pin, len) != 0 || (at[len] != ',' && at[len] != '\0'))) {
            at = strchr(at, ',');
            at += at != NULL;
        }
        if (at)
            return apply->pins.items[i];
    }
    return NULL;
}

/* The first policy with one of the pins; false: none has it. */
static bool find_pinned(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                        size_t *n)
{
    for (*n = 0; anycert_diagnosis_policy(diagnosis, *n); ++*n) {
        char *pin = pin_of(anycert_diagnosis_policy(diagnosis, *n));
        bool same = pin && list_with(apply, pin);
        anycert_free(pin);
        if (same)
            return true;
    }
    return false;
}

/* The first policy; with --pin the first that has it. -1: none. A pin may be that of the other link
 * alone, and a policy that has none needs none. */
static int choose(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                  const struct anycert_diagnosis *other, size_t *n, struct anycert_error *err)
{
    size_t there = 0, first = 0;
    char *pin = NULL;
    bool none = false, more = false;
    if (apply->pins.count > 0 && find_pinned(apply, diagnosis, n))
        return 0;
    *n = 0;
    if (apply->pins.count == 0)
        return 0;
    pin = anycert_diagnosis_policy(diagnosis, 0) ? pin_of(anycert_diagnosis_policy(diagnosis, 0))
                                                 : NULL;
    none = !pin;
    anycert_free(pin);
    if (none && other && find_pinned(apply, other, &there))
        return 0;
    first = strcspn(apply->pins.items[0], ",");
    more = apply->pins.count > 1 || apply->pins.items[0][first] != '\0';
    return cli_error(err, ANYCERT_E_TRUST_PIN,
                     "no policy that connects has the pin %.*s%s: compare it with the one above; "
                     "nothing was written",
                     (int)first, apply->pins.items[0], more ? ", or one of the others" : "");
}

/* A pin that was only seen may be anybody's: it is written if somebody says it who knows it. What
 * is typed may have others beside it, for the keys to come. */
static int check_pin(struct cli_apply *apply, const char *pin, struct anycert_error *err)
{
    char typed[TYPED_MAX];
    if (list_with(apply, pin))
        return 0; /* chosen by it */
    if (!asks())
        return cli_error(err, ANYCERT_E_USAGE,
                         "the entry would have a pin that was seen over a connection that nobody "
                         "vouches for: give the one that the server's administrator knows, with "
                         "--pin; nothing was written");
    if (!read_answer("The pin, as the server's administrator knows it: ", typed, sizeof typed))
        typed[0] = '\0';
    if (check_interrupted(err) != 0)
        return -1;
    if (typed[0] != '\0' && add_pins(&apply->pins, typed, err) != 0)
        return -1;
    if (!list_with(apply, pin))
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

/* Of so short a key that anybody can have its secret, the pin keeps nobody out. Where the key of a
 * proxy is the short one, that is about the proxy's entry. */
static bool has_worthless_pin(const struct anycert_diagnosis *diagnosis, const char *policy)
{
    const char *id = NULL;
    if (strncmp(policy, "pinned ", 7) != 0)
        return false;
    for (size_t i = 0; (id = anycert_diagnosis_cause_id(diagnosis, i)) != NULL; i++)
        if (strcmp(id, "tiny-key") == 0 && cli_cause_is_own(diagnosis, i))
            return true;
    return false;
}

/* Whether the nth policy may be written at all. */
static int check_policy(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
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
    if (has_worthless_pin(diagnosis, text))
        status = cli_error(err, ANYCERT_E_USAGE,
                           "the server's key is so short that anybody can compute its secret: with "
                           "its pin nobody would be authenticated; such an entry is not written");
    else if (pin) /* of the server's own key: whoever has it is who was meant */
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

/* Anchors, names and pins of hardened stay in force for good; all else is for a while. */
static bool can_end(const char *text)
{
    return strncmp(text, "hardened", 8) != 0 || text[8] == '+';
}

/* A policy's pin with those that were said beside it. Of a server without a proxy all are. */
static int set_pins(const struct cli_apply *apply, struct anycert_policy *policy, bool alone,
                    struct anycert_error *err)
{
    struct cli_bytes joined = {0};
    char *pin = NULL;
    int status = anycert_policy_get(policy, "pin", &pin, err);
    const char *list = status == 1 ? list_with(apply, pin) : NULL;
    for (size_t i = 0; list && i < apply->pins.count && status >= 0; i++) {
        if (!alone && apply->pins.items[i] != list)
            continue; /* of the other link */
        if ((joined.len > 0 && cli_bytes_add_text(&joined, ",", err) != 0) ||
            cli_bytes_add_text(&joined, apply->pins.items[i], err) != 0)
            status = -1;
    }
    if (status >= 0 && joined.len > 0)
        status = anycert_policy_set(policy, "pin", joined.data, err);
    cli_bytes_free(&joined);
    anycert_free(pin);
    return status < 0 ? -1 : 0;
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
                            "--cacert, or for the proxy in --proxy-trust");
}

/* Its policy; NULL with a sentence. Free with anycert_policy_free. */
static struct anycert_policy *compose(const struct cli_apply *apply,
                                      const struct anycert_diagnosis *diagnosis, const char *text,
                                      bool alone, const char *given, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    struct anycert_error made = {0};
    struct cli_trial trial = {0};
    char reason[CLI_REASON_MAX + 1], day[CLI_DATE_SIZE];
    cli_entry_reason(diagnosis, given, reason);
    cli_format_date((int64_t)time(NULL) + ANYCERT_ADVISED_DAYS * (int64_t)86400, day);
    day[10] = '\0';
    if (policy &&
        ((apply->until || can_end(text)) &&
         anycert_policy_set(policy, "until", apply->until ? apply->until : day, err) != 0))
        goto fail;
    if (!policy || set_pins(apply, policy, alone, err) != 0 ||
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

/* host:port POLICY, as a line of the file. */
static int format_line(const struct anycert_diagnosis *diagnosis,
                       const struct anycert_policy *policy, char out[ENTRY_MAX],
                       struct anycert_error *err)
{
    const char *host = anycert_diagnosis_host(diagnosis);
    bool brackets = strchr(host, ':') != NULL;
    char *text = anycert_policy_format(policy, err);
    int n = text ? snprintf(out, ENTRY_MAX, "%s%s%s:%u %s\n", brackets ? "[" : "", host,
                            brackets ? "]" : "", (unsigned)anycert_diagnosis_port(diagnosis), text)
                 : -1;
    anycert_free(text);
    if (n < 0 || n >= ENTRY_MAX)
        return n < 0 ? -1 : cli_error(err, ANYCERT_E_USAGE, "the entry is too long");
    return 0;
}

/* Whoever sets the clock needs no entry. */
static int check_clock(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    const char *id = NULL;
    for (size_t i = 0; (id = anycert_diagnosis_cause_id(diagnosis, i)) != NULL; i++)
        if (strcmp(id, "clock-ahead") == 0 || strcmp(id, "clock-behind") == 0)
            return cli_error(err, ANYCERT_E_USAGE,
                             "by what was seen it is this machine's clock that is wrong: set it, "
                             "and examine again; nothing was written");
    return 0;
}

/* The old entry, the new one, and what that changes. */
static int show_change(const struct cli_apply *apply, const struct cli_bytes *old, size_t number,
                       const char *line, const struct anycert_policy *policy,
                       struct anycert_error *err)
{
    struct anycert_policy_file *file = anycert_policy_file_parse(old->data, old->len, NULL, err);
    const struct anycert_policy_entry *entry = file ? anycert_policy_file_next(file, NULL) : NULL;
    struct cli_bytes changes = {0};
    int status = entry ? cli_policy_changes(&changes, "  ", anycert_policy_entry_policy(entry),
                                            policy, (int64_t)time(NULL), err)
                       : -1;
    if (status == 0)
        (void)fprintf(stderr, "\nentry of %s:%zu:\n  %s\nbecomes:\n  %swhich changes:\n%s",
                      apply->file, number, old->data, line, changes.len > 0 ? changes.data : "");
    cli_bytes_free(&changes);
    anycert_policy_file_free(file);
    return status;
}

static int show_entry(const struct cli_apply *apply, const struct cli_bytes *old, size_t number,
                      const char *line, const struct anycert_policy *policy, const char *note,
                      struct anycert_error *err)
{
    (void)fflush(stdout);
    if (number > 0 && apply->replace) {
        if (show_change(apply, old, number, line, policy, err) != 0)
            return -1;
    } else {
        (void)fprintf(stderr, "\nentry for %s:\n  %s", apply->file, line);
    }
    if (*note)
        (void)fprintf(stderr, "note: %s\n", note);
    if (number == 0 || apply->replace)
        return 0;
    return cli_error(err, ANYCERT_E_USAGE,
                     "%s:%zu has an entry for this host already: --replace shows both, and puts "
                     "this one in its place; nothing was written",
                     apply->file, number);
}

static int confirm(const struct cli_apply *apply, struct anycert_error *err)
{
    char answer[16];
    if (apply->yes)
        return 0;
    if (!asks())
        return cli_error(err, ANYCERT_E_USAGE,
                         "nobody is here to be asked: --yes writes it; nothing was written");
    bool said = read_answer("Write it? [y/N] ", answer, sizeof answer);
    if (check_interrupted(err) != 0)
        return -1;
    return said && (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0)
               ? 0
               : cli_error(err, ANYCERT_E_USAGE, "nothing was written");
}

static int write_entry(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                       const struct anycert_policy *policy, const char *note,
                       struct anycert_error *err)
{
    char line[ENTRY_MAX];
    struct cli_bytes old = {0};
    size_t number = 0;
    int status = -1;
    if (format_line(diagnosis, policy, line, err) == 0 &&
        cli_policy_find(apply->file, line, &old, &number, err) == 0 &&
        show_entry(apply, &old, number, line, policy, note, err) == 0 &&
        cli_policy_check(apply->file, line, number > 0 ? old.data : NULL, err) == 0 &&
        confirm(apply, err) == 0)
        status = cli_policy_write(apply->file, line, number > 0 ? old.data : NULL, err);
    if (status == 0) {
        (void)fprintf(stderr, "written to %s\n", apply->file);
        apply->wrote = true;
    }
    cli_bytes_free(&old);
    return status;
}

/* Whether the server needs nothing given up, whatever its proxy needs. */
static bool is_healthy(const struct anycert_diagnosis *diagnosis)
{
    const char *least = anycert_diagnosis_policy(diagnosis, 0);
    if (anycert_diagnosis_verdict(diagnosis) == ANYCERT_VERDICT_HEALTHY)
        return true;
    if (!anycert_diagnosis_proxy(diagnosis) || !least)
        return false;
    for (size_t i = 0; anycert_diagnosis_cause_hop(diagnosis, i); i++)
        if (strcmp(anycert_diagnosis_cause_hop(diagnosis, i), "proxy") != 0)
            return false;
    return true;
}

/* One entry: of the server, or of its proxy; other is the other of both, or NULL. */
static int apply_one(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                     const struct anycert_diagnosis *other, const struct anycert_policy *base,
                     struct anycert_error *err)
{
    bool healthy = is_healthy(diagnosis);
    bool is_proxy = other && !anycert_diagnosis_proxy(diagnosis);
    size_t n = 0;
    char *own = healthy && base ? anycert_policy_format(base, err) : NULL;
    struct anycert_policy *policy = NULL;
    int status = -1;
    if (healthy && !other && apply->pins.count > 0) {
        status = cli_error(err, ANYCERT_E_USAGE,
                           "hardened connects, and no pin is needed: leave --pin out");
    } else if (healthy && (!own || strcmp(own, "hardened") == 0)) {
        (void)fprintf(stderr, "hardened connects: no entry is needed\n");
        status = 0;
    } else if (healthy ||
               (check_clock(diagnosis, err) == 0 && choose(apply, diagnosis, other, &n, err) == 0 &&
                check_policy(apply, diagnosis, base, n, err) == 0)) {
        policy =
            compose(apply, diagnosis, own ? own : anycert_diagnosis_policy(diagnosis, n), !other,
                    is_proxy            ? "--proxy-trust"
                    : apply->given.data ? apply->given.data
                                        : "",
                    err);
        status = policy ? write_entry(apply, diagnosis, policy,
                                      own ? "" : anycert_diagnosis_policy_note(diagnosis, n), err)
                        : -1;
    }
    anycert_policy_free(policy);
    anycert_free(own);
    return status;
}

/* The proxy's, which counts for every request that goes through it. Where it cannot be written, the
 * server's is all the same; -1 if a signal came meanwhile. */
static int apply_to_proxy(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                          struct anycert_error *why)
{
    const struct anycert_diagnosis *proxy = anycert_diagnosis_proxy(diagnosis);
    const char *policy = proxy ? anycert_diagnosis_policy(proxy, 0) : NULL;
    struct cli_bytes option = {0};
    struct anycert_error err = {0};
    char *end = NULL;
    if (!policy)
        return 0;
    cli_wipe_free(apply->proxy_trust); /* was not enough */
    apply->proxy_trust = NULL;
    if (apply_one(apply, proxy, diagnosis, apply->proxy_base, &err) == 0)
        return 0;
    if (err.code == ANYCERT_E_INTERRUPTED) {
        *why = err;
        return -1;
    }
    if (cli_paste_word(&option, policy) != 0)
        cli_bytes_free(&option);
    end = strstr(err.message, "; nothing was written"); /* the server's entry may be */
    if (end)
        *end = '\0';
    (void)fprintf(stderr,
                  "the proxy's entry is not written: %s; --proxy-trust %s gives it to a "
                  "request\n",
                  err.message, option.data ? option.data : "POLICY");
    apply->proxy_trust = cli_copy(policy, &err);
    cli_bytes_free(&option);
    return 0;
}

int cli_apply(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
              const struct anycert_policy *base, struct anycert_error *err)
{
    if (apply_to_proxy(apply, diagnosis, err) != 0 ||
        apply_one(apply, diagnosis, anycert_diagnosis_proxy(diagnosis), base, err) != 0)
        return -1;
    if (apply->wrote)
        cli_entry_print_use(diagnosis, apply->file, apply->way, apply->proxy_trust);
    return 0;
}
