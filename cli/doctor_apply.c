/* The entry: what it says, what it changes, and that it is written. */
#include "doctor_apply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <anycert/policy_file.h>

#include "ask.h"
#include "check_file.h"
#include "doctor_entry.h"
#include "doctor_pick.h"
#include "paste.h"
#include "policy_append.h"
#include "policy_change.h"

#define ENTRY_MAX 4096

/* Anchors, names and pins of hardened stay in force for good; all else is for a while. */
static bool can_end(const char *text)
{
    return strncmp(text, "hardened", 8) != 0 || text[8] == '+';
}

/* A policy's pin with those that were said beside it. Of a server without a proxy all are. */
static int set_pins(const struct cli_apply *apply, struct anycert_policy *policy,
                    const struct anycert_policy *base, bool alone, struct anycert_error *err)
{
    struct cli_bytes joined = {0};
    char *pin = NULL, *said = NULL;
    int status = anycert_policy_get(policy, "pin", &pin, err);
    const char *list = status == 1 ? cli_pick_list_with(apply, pin) : NULL;
    for (size_t i = 0; list && i < apply->pins.count && status >= 0; i++) {
        if (!alone && apply->pins.items[i] != list)
            continue; /* of the other link */
        if ((joined.len > 0 && cli_bytes_add_text(&joined, ",", err) != 0) ||
            cli_bytes_add_text(&joined, apply->pins.items[i], err) != 0)
            status = -1;
    }
    if (status == 1 && !list && cli_pick_has_said(base, "pin", pin))
        status = anycert_policy_get(base, "pin", &said, err);
    if (status >= 0 && (joined.len > 0 || said))
        status = anycert_policy_set(policy, "pin", said ? said : joined.data, err);
    cli_bytes_free(&joined);
    anycert_free(pin);
    anycert_free(said);
    return status < 0 ? -1 : 0;
}

/* Relative anchors would be looked for elsewhere. */
static int check_anchors(const struct anycert_policy *policy, struct anycert_error *err)
{
    char *value = NULL, *rest = NULL;
    int found = anycert_policy_get(policy, "ca", &value, err);
    bool fine = true;
    for (char *word = found == 1 ? strtok_r(value, ",", &rest) : NULL; word;
         word = strtok_r(NULL, ",", &rest))
        fine = fine && (*word == '/' || strcmp(word, "system") == 0);
    anycert_free(value);
    if (found < 0)
        return -1;
    return fine ? 0
                : cli_error(err, ANYCERT_E_USAGE,
                            "the entry needs the absolute path of the anchors: give it with "
                            "--cacert, or, where they are the proxy's, in --proxy-trust");
}

/* Whether whoever gave a policy has said so in it. */
static bool says(const struct anycert_policy *policy, const char *key)
{
    char *value = NULL;
    bool there = anycert_policy_get(policy, key, &value, NULL) == 1;
    anycert_free(value);
    return there;
}

/* The last day: as given, or as every policy that is advised has one. */
static int set_end(const struct cli_apply *apply, struct anycert_policy *policy, const char *text,
                   struct anycert_error *err)
{
    char day[CLI_DATE_SIZE];
    if (!apply->until && (!can_end(text) || says(policy, "until")))
        return 0;
    cli_format_date((int64_t)time(NULL) + ANYCERT_ADVISED_DAYS * (int64_t)86400, day);
    day[10] = '\0';
    return anycert_policy_set(policy, "until", apply->until ? apply->until : day, err);
}

/* Whether the administrator lets it be used. */
static int check_allowed(const struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert_error made = {0};
    struct cli_trial trial = {0};
    cli_try_policy(&trial, policy, &made);
    cli_trial_end(&trial);
    if (made.code == 0)
        return 0;
    *err = made;
    return -1;
}

/* Its policy; of a proxy that is taken as it is, there is no diagnosis. NULL with a sentence. Free
 * with anycert_policy_free. */
static struct anycert_policy *compose(const struct cli_apply *apply,
                                      const struct anycert_diagnosis *diagnosis, const char *text,
                                      const struct anycert_policy *base, bool alone,
                                      const char *given, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    char reason[CLI_REASON_MAX + 1];
    cli_entry_reason(diagnosis, given, reason);
    if (!policy || set_end(apply, policy, text, err) != 0 ||
        set_pins(apply, policy, base, alone, err) != 0 ||
        ((apply->reason || !says(policy, "reason")) &&
         anycert_policy_set(policy, "reason", apply->reason ? apply->reason : reason, err) != 0) ||
        anycert_policy_check(policy, err) != 0 || check_anchors(policy, err) != 0 ||
        /* The administrator may want an end or a reason, which it has. */
        check_allowed(policy, err) != 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return policy;
}

/* The place and the policy, as a line of the file. */
static int format_line(const char *place, const struct anycert_policy *policy, char out[ENTRY_MAX],
                       struct anycert_error *err)
{
    char *text = anycert_policy_format(policy, err);
    int n = text ? snprintf(out, ENTRY_MAX, "%s %s\n", place, text) : -1;
    anycert_free(text);
    if (n < 0 || n >= ENTRY_MAX)
        return n < 0 ? -1 : cli_error(err, ANYCERT_E_USAGE, "the entry is too long");
    return 0;
}

static bool has_cause(const struct anycert_diagnosis *diagnosis, const char *wanted)
{
    const char *id = NULL;
    for (size_t i = 0; (id = anycert_diagnosis_cause_id(diagnosis, i)) != NULL; i++)
        if (strcmp(id, wanted) == 0)
            return true;
    return false;
}

static bool blames_clock(const struct anycert_diagnosis *diagnosis)
{
    return has_cause(diagnosis, "clock-ahead") || has_cause(diagnosis, "clock-behind");
}

bool cli_apply_passes_over(const struct anycert_diagnosis *diagnosis, bool *answered)
{
    *answered = has_cause(diagnosis, "client-cert-wanted-by-http");
    return (*answered || anycert_diagnosis_verdict(diagnosis) == ANYCERT_VERDICT_UNREACHABLE ||
            has_cause(diagnosis, "client-cert-required-late")) &&
           !blames_clock(diagnosis);
}

/* Whoever sets the clock needs no entry, whichever certificate has shown that. */
static int check_clock(const struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    return blames_clock(diagnosis)
               ? cli_error(err, ANYCERT_E_USAGE,
                           "by what was seen it is this machine's clock that is wrong: set it, "
                           "and examine again; nothing was written")
               : 0;
}

/* What it changes that the policy takes the place of the old entry, a line each; nothing if that
 * says the same. -1 with a sentence. */
static int find_changes(const struct cli_bytes *old, const struct anycert_policy *policy,
                        struct cli_bytes *changes, struct anycert_error *err)
{
    struct anycert_policy_file *file = anycert_policy_file_parse(old->data, old->len, NULL, err);
    const struct anycert_policy_entry *entry = file ? anycert_policy_file_next(file, NULL) : NULL;
    int status = entry ? cli_policy_changes(changes, "  ", anycert_policy_entry_policy(entry),
                                            policy, (int64_t)time(NULL), err)
                       : -1;
    anycert_policy_file_free(file);
    return status;
}

/* An entry that is to be written, and the one that the file has for the same host. */
struct renewal {
    const char *line;
    struct cli_bytes old, changes;
    size_t number; /* of the old one's line; 0: there is none */
};

static int show_entry(const struct cli_apply *apply, const struct renewal *renewal,
                      const char *note, struct anycert_error *err)
{
    (void)fflush(stdout);
    if (renewal->number > 0 && apply->replace)
        (void)fprintf(stderr, "\nentry of %s:%zu:\n  %s\nbecomes:\n  %swhich changes:\n%s",
                      apply->file, renewal->number, renewal->old.data, renewal->line,
                      renewal->changes.data);
    else
        (void)fprintf(stderr, "\nentry for %s:\n  %s", apply->file, renewal->line);
    if (*note)
        (void)fprintf(stderr, "note: %s\n", note);
    if (apply->uncompared)
        (void)fprintf(stderr, "note: the server did not answer the request that asks for its time: "
                              "see whether this machine's clock is right\n");
    if (renewal->number == 0 || apply->replace)
        return 0;
    return cli_error(err, ANYCERT_E_USAGE,
                     "%s:%zu has an entry for this host already: --replace shows both, and puts "
                     "this one in its place; nothing was written",
                     apply->file, renewal->number);
}

static int confirm(const struct cli_apply *apply, struct anycert_error *err)
{
    char answer[16];
    if (apply->yes)
        return 0;
    if (!cli_can_ask())
        return cli_error(err, ANYCERT_E_USAGE,
                         "nobody is here to be asked: --yes writes it; nothing was written");
    bool said = cli_ask("Write it? [y/N] ", answer, sizeof answer);
    if (cli_ask_interrupted(err) != 0)
        return -1;
    return said && (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0)
               ? 0
               : cli_error(err, ANYCERT_E_USAGE, "nothing was written");
}

/* Shows it, asks, and writes it. */
static int put_entry(struct cli_apply *apply, const struct renewal *renewal, const char *note,
                     struct anycert_error *err)
{
    const char *old = renewal->number > 0 ? renewal->old.data : NULL;
    if (show_entry(apply, renewal, note, err) != 0 ||
        cli_policy_check(apply->file, renewal->line, old, err) != 0 || confirm(apply, err) != 0 ||
        cli_policy_write(apply->file, renewal->line, old, err) != 0)
        return -1;
    (void)fprintf(stderr, "written to %s\n", apply->file);
    apply->wrote = true;
    return 0;
}

static int write_entry(struct cli_apply *apply, const char *place,
                       const struct anycert_policy *policy, const char *note,
                       struct anycert_error *err)
{
    char line[ENTRY_MAX];
    struct renewal renewal = {.line = line};
    bool replaces = false;
    int status = -1;
    if (format_line(place, policy, line, err) != 0 ||
        cli_policy_find(apply->file, line, &renewal.old, &renewal.number, err) != 0)
        goto out;
    replaces = renewal.number > 0 && apply->replace;
    if (replaces && find_changes(&renewal.old, policy, &renewal.changes, err) != 0)
        goto out;
    if (replaces && renewal.changes.len == 0) {
        status = cli_policy_check(apply->file, line, renewal.old.data, err);
        if (status == 0)
            (void)fprintf(stderr, "\n%s:%zu is the same entry already: nothing was written\n",
                          apply->file, renewal.number);
    } else {
        status = put_entry(apply, &renewal, note, err);
    }
    apply->stands = apply->stands || status == 0;
out:
    cli_bytes_free(&renewal.old);
    cli_bytes_free(&renewal.changes);
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
    const struct cli_pick pick = {apply, diagnosis, other, base, is_proxy};
    size_t n = 0;
    char place[CLI_PLACE_MAX];
    char *own = healthy && base ? anycert_policy_format(base, err) : NULL;
    struct anycert_policy *policy = NULL;
    int status = -1;
    (void)cli_place(place, anycert_diagnosis_host(diagnosis), anycert_diagnosis_port(diagnosis));
    if (healthy && !other && apply->pins.count > 0) {
        status = cli_error(err, ANYCERT_E_USAGE,
                           "hardened connects, and no pin is needed: leave --pin out");
    } else if (healthy && (!own || strcmp(own, "hardened") == 0)) {
        (void)fprintf(stderr, "hardened connects: no entry is needed\n");
        status = 0;
    } else if (healthy || cli_pick_policy(&pick, &n, err) == 0) {
        policy = compose(apply, diagnosis, own ? own : anycert_diagnosis_policy(diagnosis, n), base,
                         !other,
                         is_proxy            ? "--proxy-trust"
                         : apply->given.data ? apply->given.data
                                             : "",
                         err);
        status = policy ? write_entry(apply, place, policy,
                                      own ? "" : anycert_diagnosis_policy_note(diagnosis, n), err)
                        : -1;
    }
    anycert_policy_free(policy);
    anycert_free(own);
    return status;
}

/* ---- the entry of a proxy, which counts for every request that goes through it ---- */

/* As a request is given it: with an end. NULL with the sentence of the administrator who forbids
 * it. Free with anycert_free. */
static char *format_option(const struct cli_apply *apply, const char *text,
                           struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    char *option =
        policy && set_end(apply, policy, text, err) == 0 && check_allowed(policy, err) == 0
            ? anycert_policy_format(policy, err)
            : NULL;
    anycert_policy_free(policy);
    return option;
}

/* Where it cannot be written, the server's is all the same; -1 if a signal came meanwhile. Without
 * a policy no request is allowed to go through it. */
static int tell_proxy(struct cli_apply *apply, const char *policy, struct anycert_error *why,
                      struct anycert_error *err)
{
    struct cli_bytes option = {0};
    char *end = NULL;
    if (why->code == ANYCERT_E_INTERRUPTED) {
        *err = *why;
        return -1;
    }
    end = strstr(why->message, "; nothing was written"); /* the server's entry may be */
    if (end)
        *end = '\0';
    (void)fprintf(stderr, "the proxy's entry is not written: %s", why->message);
    if (policy && cli_paste_word(&option, policy) != 0)
        cli_bytes_free(&option);
    if (policy)
        (void)fprintf(stderr, "; --proxy-trust %s gives it to a request",
                      option.data ? option.data : "POLICY");
    (void)fputc('\n', stderr);
    cli_bytes_free(&option);
    cli_wipe_free(apply->proxy_trust);
    apply->proxy_trust = policy ? cli_copy(policy, why) : NULL;
    if (!policy) {
        cli_wipe_free(apply->way);
        apply->way = NULL;
    }
    return 0;
}

/* What was given for it, where that is enough: everything has gone through it under exactly that.
 */
static int write_given(struct cli_apply *apply, const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = NULL;
    int status = -1;
    if (!anycert_policy_authenticates(apply->proxy_base))
        return cli_error(err, ANYCERT_E_USAGE,
                         "under %.200s nobody would be authenticated; such an entry is not written",
                         text);
    policy = compose(apply, NULL, text, apply->proxy_base, false, "--proxy-trust", err);
    if (policy)
        status = write_entry(apply, apply->proxy_place, policy, "", err);
    anycert_policy_free(policy);
    return status;
}

static int apply_given(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                       struct anycert_error *err)
{
    struct anycert_error why = {0};
    char *text = NULL;
    int status = 0;
    if (!apply->proxy_base || apply->proxy_place[0] == '\0' ||
        anycert_diagnosis_stage(diagnosis) <= ANYCERT_STAGE_PROXY_TLS)
        return 0;
    text = anycert_policy_format(apply->proxy_base, err);
    if (!text)
        return -1;
    if (strcmp(text, "hardened") != 0 && write_given(apply, text, &why) == 0) {
        cli_wipe_free(apply->proxy_trust);
        apply->proxy_trust = NULL;
    } else if (why.code != 0) {
        status = tell_proxy(apply, text, &why, err);
    }
    anycert_free(text);
    return status;
}

static int apply_to_proxy(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                          struct anycert_error *err)
{
    const struct anycert_diagnosis *proxy = anycert_diagnosis_proxy(diagnosis);
    const char *policy = proxy ? anycert_diagnosis_policy(proxy, 0) : NULL;
    struct anycert_error why = {0}, forbidden = {0};
    bool is_over = false;
    char *option = NULL;
    int status = 0;
    if (!proxy)
        return apply_given(apply, diagnosis, err);
    if (!policy)
        return 0;
    if (apply_one(apply, proxy, diagnosis, apply->proxy_base, &why) != 0) {
        is_over = why.code == ANYCERT_E_INTERRUPTED;
        option = format_option(apply, policy, &forbidden);
        status = tell_proxy(apply, option, option || is_over ? &why : &forbidden, err);
        anycert_free(option);
        return status;
    }
    cli_wipe_free(apply->proxy_trust); /* was not enough */
    apply->proxy_trust = NULL;
    return 0;
}

/* What is said of everything is about the server alone, if its proxy has an entry by now. */
static int tell_rest(const struct cli_apply *apply, struct anycert_error *err)
{
    char *end = strstr(err->message, "; nothing was written");
    size_t used = end ? (size_t)(end - err->message) : strlen(err->message);
    if (apply->wrote)
        (void)snprintf(err->message + used, sizeof err->message - used,
                       "; only the proxy's entry was written");
    return -1;
}

int cli_apply(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
              const struct anycert_policy *base, struct anycert_error *err)
{
    if (check_clock(diagnosis, err) != 0 || apply_to_proxy(apply, diagnosis, err) != 0)
        return -1;
    if (apply_one(apply, diagnosis, anycert_diagnosis_proxy(diagnosis), base, err) != 0)
        return tell_rest(apply, err);
    if (apply->stands)
        cli_entry_print_use(diagnosis, apply->file, apply->way, apply->proxy_trust);
    return 0;
}
