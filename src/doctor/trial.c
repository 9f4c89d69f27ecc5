#include "doctor/trial.h"

#include "base/mem.h"
#include "hello/banner.h"
#include "verdict/checks.h"
#include "verdict/judge.h"

#include <stdio.h>
#include <string.h>

#define CHUNK           16384
#define LINGER_US       500000 /* how long a refusal after the handshake is waited for */
#define TLS1_3          0x0304
#define OPTIONS_SHORTER 4 /* times: how long it takes is known by then */

#define ALERT_NO_APPLICATION_PROTOCOL 120
#define STATUS_FORBIDDEN              403

/* ---- bytes ---- */

enum anycert__wire anycert__trial_flush(struct anycert__shake *shake, struct anycert__line *line,
                                        const struct anycert__patience *patience)
{
    char out[CHUNK];
    size_t len = 0;
    enum anycert__wire result = ANYCERT__WIRE_OK;

    while (result == ANYCERT__WIRE_OK && (len = anycert__shake_take(shake, out, sizeof out)) > 0)
        result = anycert__line_send(line, out, len, patience);
    return result;
}

static void note_bytes(struct anycert__trial *trial, const unsigned char *bytes, size_t len)
{
    size_t room = sizeof trial->first - trial->first_len;
    size_t kept = len < room ? len : room;

    memcpy(trial->first + trial->first_len, bytes, kept);
    trial->first_len += kept;
    trial->received += len;
}

enum anycert__wire anycert__trial_exchange(struct anycert__shake *shake, struct anycert__line *line,
                                           const struct anycert__patience *patience,
                                           struct anycert__trial *trial)
{
    unsigned char in[CHUNK];
    size_t len = 0;
    enum anycert__wire result = anycert__trial_flush(shake, line, patience);

    /* A peer that was too quick may have said why before it closed. */
    if (result == ANYCERT__WIRE_OK || result == ANYCERT__WIRE_RESET)
        result = anycert__line_receive(line, in, sizeof in, &len, patience);
    if (result != ANYCERT__WIRE_OK)
        return result;
    note_bytes(trial, in, len);
    return anycert__shake_feed(shake, in, len, NULL) == 0 ? ANYCERT__WIRE_OK : ANYCERT__WIRE_BROKEN;
}

/* ---- the handshake ---- */

/* TLS records begin with their type and the major version, whatever is in them. */
static bool is_tls(const struct anycert__trial *trial)
{
    return trial->first_len == 0 || (trial->first[0] >= 0x14 && trial->first[0] <= 0x17 &&
                                     (trial->first_len < 2 || trial->first[1] == 3));
}

/* The first bytes of another protocol may come in pieces: the rest of its first line says more. */
static void read_banner(struct anycert__line *line, const struct anycert__patience *patience,
                        struct anycert__trial *trial)
{
    struct anycert__patience linger = *patience;
    int64_t until = anycert__monotonic_us() + LINGER_US;
    unsigned char in[ANYCERT__FIRST_BYTES];
    size_t len = 0;

    if (until < linger.until_us)
        linger.until_us = until;
    while (anycert__banner_incomplete(trial->first, trial->first_len) &&
           anycert__line_receive(line, in, sizeof in, &len, &linger) == ANYCERT__WIRE_OK)
        note_bytes(trial, in, len);
    /* What may be a secret is kept nowhere. */
    len = anycert__banner_shown(trial->first, trial->first_len);
    if (len == trial->first_len)
        return;
    trial->first_len = len;
    if (trial->tape.received.len > len)
        trial->tape.received.len = len;
}

static enum anycert__shake_state shake_hands(struct anycert__shake *shake,
                                             struct anycert__line *line,
                                             const struct anycert__patience *patience,
                                             struct anycert__trial *trial)
{
    enum anycert__shake_state state = anycert__shake_step(shake);

    while (state == ANYCERT__SHAKE_GOING) {
        trial->wire = anycert__trial_exchange(shake, line, patience, trial);
        if (trial->wire == ANYCERT__WIRE_CLOSED)
            anycert__shake_end(shake);
        else if (trial->wire != ANYCERT__WIRE_OK)
            return state;
        state = anycert__shake_step(shake);
    }
    /* What is left to say: Finished, or the alert that explains our refusal. */
    (void)anycert__trial_flush(shake, line, patience);
    return state;
}

/* TLS 1.3's server refuses a missing client certificate when we believe to be done. It does so at
 * once, or says something else. */
static void wait_for_refusal(struct anycert__shake *shake, struct anycert__line *line,
                             const struct anycert__patience *patience, struct anycert__trial *trial)
{
    struct anycert__patience linger = *patience;
    int64_t until = anycert__monotonic_us() + LINGER_US;

    if (until < linger.until_us)
        linger.until_us = until;
    while (anycert__shake_read(shake, NULL, 0) == 0 && !anycert__shake_spoke_after(shake)) {
        trial->wire = anycert__trial_exchange(shake, line, &linger, trial);
        if (trial->wire == ANYCERT__WIRE_CLOSED)
            anycert__shake_end(shake);
        else if (trial->wire != ANYCERT__WIRE_OK)
            return;
    }
}

/* ---- what it means ---- */

/* Alerts of a server that asked for a certificate and got none. Some find fault with the message
 * that has none in it: unexpected_message, decode_error. */
static bool is_about_client_cert(int alert)
{
    return (alert >= 40 && alert <= 50) || alert == 116 || alert == 10 || alert == 0;
}

/* Others say nothing at all. */
static bool left_without_word(const struct anycert__trial *trial)
{
    return trial->wire == ANYCERT__WIRE_CLOSED || trial->wire == ANYCERT__WIRE_RESET;
}

static enum anycert__ending ending_of_wire(const struct anycert__trial *trial)
{
    switch (trial->wire) {
    case ANYCERT__WIRE_SILENT:
        return trial->received > 0 ? ANYCERT__ENDED_SLOW : ANYCERT__ENDED_SILENT;
    case ANYCERT__WIRE_RESET:
        return ANYCERT__ENDED_RESET;
    case ANYCERT__WIRE_CLOSED:
    case ANYCERT__WIRE_OK:
    case ANYCERT__WIRE_CANCELLED:
    case ANYCERT__WIRE_BROKEN:
        break;
    }
    return ANYCERT__ENDED_CLOSED;
}

static enum anycert__ending ending_of_failure(const struct anycert__trial *trial,
                                              const struct anycert_policy *policy,
                                              bool said_goodbye)
{
    const struct anycert__facts *facts = trial->facts;
    const struct anycert__handshake_failure *failure = &facts->failure;

    if (!is_tls(trial))
        return ANYCERT__ENDED_NOT_TLS;
    if (!trial->attempt.observes && facts->verified &&
        !anycert__judge_accepts(facts, policy, facts->time, ANYCERT__JUDGE_CERTIFICATES))
        return ANYCERT__ENDED_CERTIFICATES;
    if (failure->alert >= 0 && failure->alert_from_peer)
        return trial->asked_cert && is_about_client_cert(failure->alert)
                   ? ANYCERT__ENDED_CLIENT_CERT
                   : ANYCERT__ENDED_ALERT;
    if (trial->asked_cert && left_without_word(trial))
        return ANYCERT__ENDED_CLIENT_CERT;
    if (trial->wire != ANYCERT__WIRE_OK)
        return ending_of_wire(trial);
    return said_goodbye ? ANYCERT__ENDED_CLOSED : ANYCERT__ENDED_OWN_REFUSAL;
}

static enum anycert__ending ending_of_late(struct anycert__shake *shake,
                                           struct anycert__trial *trial)
{
    bool from_peer = false;
    int alert = anycert__link_late_alert(anycert__shake_link(shake), &from_peer);

    trial->late = trial->asked_cert && left_without_word(trial);
    if (alert < 0 || !from_peer)
        return trial->late ? ANYCERT__ENDED_CLIENT_CERT : ANYCERT__ENDED_STANDS;
    trial->late = true;
    trial->sighting.alert = alert;
    (void)anycert__late_alert_failure(trial->facts, alert, &trial->error);
    return is_about_client_cert(alert) ? ANYCERT__ENDED_CLIENT_CERT : ANYCERT__ENDED_ALERT;
}

/* The request was not answered. */
static enum anycert__ending ending_of_silence(struct anycert__shake *shake,
                                              struct anycert__trial *trial)
{
    struct anycert__link *link = anycert__shake_link(shake);
    bool from_peer = false;

    if (trial->has_http_cause)
        return ANYCERT__ENDED_NO_ANSWER;
    /* Who does not want to renegotiate is refused with an alert that says something else. */
    if (anycert__link_refused_renegotiation(link))
        return ANYCERT__ENDED_NO_ANSWER;
    if (anycert__link_late_alert(link, &from_peer) >= 0 && from_peer)
        return ending_of_late(shake, trial);
    return trial->wire == ANYCERT__WIRE_OK && !anycert__link_closed_cleanly(link)
               ? ANYCERT__ENDED_OWN_REFUSAL
               : ANYCERT__ENDED_NO_ANSWER;
}

/* The sentence that the client has for it. */
static void explain(struct anycert__shake *shake, struct anycert__trial *trial,
                    const struct anycert_policy *policy)
{
    struct anycert__facts *facts = trial->facts;
    const struct anycert_error *trouble = anycert__link_trouble(anycert__shake_link(shake));
    struct anycert_report *report = NULL;

    if (trial->error.code != 0)
        return;
    if (trouble) {
        trial->error = *trouble;
    } else if (trial->sighting.ending == ANYCERT__ENDED_CERTIFICATES) {
        report = anycert__judge(facts, policy, facts->time, ANYCERT__JUDGE_ALL, &trial->error);
        if (report)
            (void)anycert__report_refusal(report, &trial->error);
        anycert_report_free(report);
    } else {
        (void)anycert__handshake_failure(facts, policy, &trial->error);
    }
}

void anycert__trial_read_dates(const struct anycert__facts *facts,
                               struct anycert__sighting *sighting)
{
    sighting->dates_are_right = true;
    for (size_t i = 0; i < facts->error_count; i++) {
        if (anycert__x509_meaning(facts->errors[i].code, facts->errors[i].depth)->check ==
            ANYCERT__CHECK_DATES)
            sighting->dates_are_right = false;
    }
}

static bool is_known_pin(const struct anycert__trials *trials, const char *pin)
{
    return strcmp(trials->pin, pin) == 0 || strstr(trials->other_pins, pin) != NULL;
}

void anycert__trial_note_pins(struct anycert__trials *trials, struct anycert__trial *trial)
{
    const struct anycert__attempt *attempt = &trial->attempt;
    const struct anycert__facts *facts = trial->facts;
    bool is_usual = !attempt->send_name && !attempt->send_expected &&
                    !(attempt->relaxations & (ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_SNI) |
                                              ANYCERT__RELAX_BIT(ANYCERT__RELAX_BARE_HELLO)));
    bool is_proven =
        facts && (facts->complete || trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT);
    size_t used = strlen(trials->other_pins);

    if (is_usual && is_proven && facts->presented_count > 0 && trials->pin[0] != '\0' &&
        !is_known_pin(trials, facts->presented[0].pin) &&
        used + 1 + strlen(facts->presented[0].pin) < sizeof trials->other_pins)
        (void)snprintf(trials->other_pins + used, sizeof trials->other_pins - used, ",%s",
                       facts->presented[0].pin);
    trial->sighting.has_pins = trials->other_pins[0] != '\0';
}

void anycert__trial_read_certificate(const struct anycert__facts *facts,
                                     struct anycert__sighting *sighting)
{
    /* The first bytes of a digest tell certificates apart. */
    if (facts->presented_count > 0)
        memcpy(&sighting->certificate, facts->presented[0].sha256, sizeof sighting->certificate);
}

/* The key and the name that are spoken of later are those of the first server that proved to have
 * them. Whoever asks for a certificate of ours has signed the key exchange by then; static RSA
 * leaves it open, and a pin of somebody else's key lets only that one in. */
static void remember(struct anycert__trials *trials, struct anycert__trial *trial)
{
    const struct anycert__facts *facts = trial->facts;
    /* Of a server with several sites, the one that is meant counts. */
    bool is_meant = trial->attempt.send_expected && facts->name_match && !trials->pin_is_of_meant;

    bool is_proven = facts->complete || trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT;

    if (is_proven && facts->presented_count > 0 && (trials->pin[0] == '\0' || is_meant)) {
        trials->pin_is_of_meant = is_meant;
        memcpy(trials->pin, facts->presented[0].pin, sizeof trials->pin);
        anycert__trial_pick_name(facts, trials->name);
    }
    anycert__trial_note_pins(trials, trial);
    trial->sighting.has_pin = trials->pin[0] != '\0';
    trial->sighting.has_name = trials->name[0] != '\0';
    trial->sighting.name_is_right = facts->name_match;
    anycert__trial_read_dates(facts, &trial->sighting);
    anycert__trial_read_certificate(facts, &trial->sighting);
}

void anycert__trial_read_status(struct anycert__trial *trial)
{
    trial->sighting.is_forbidden =
        trial->http_status == STATUS_FORBIDDEN && trial->facts->negotiated.version >= TLS1_3;
}

void anycert__trial_read_needs(const struct anycert__facts *facts,
                               struct anycert__sighting *sighting)
{
    struct anycert__facts view;

    sighting->completed = facts->complete;
    anycert__facts_view(&view, facts);
    /* The offer was taken, or nobody would have asked who we are. */
    view.complete = view.complete || sighting->ending == ANYCERT__ENDED_CLIENT_CERT;
    anycert__needs_read(&view, facts->time, &sighting->certificates, &sighting->offer);
}

static void take_ca_names(const struct anycert__shake *shake, struct anycert__trial *trial)
{
    trial->asked_cert = anycert__shake_asked_cert(shake);
    while (trial->asked_cert && trial->ca_name_count < ANYCERT__CA_NAMES) {
        char *name = anycert__shake_ca_name(shake, trial->ca_name_count);

        if (!name)
            break;
        trial->ca_names[trial->ca_name_count++] = name;
    }
}

/* Whether the administrator lets requests go to the server, and through its proxy. */
static bool is_allowed(const struct anycert__trials *trials, const struct anycert_policy *policy,
                       int64_t now)
{
    const struct anycert_policy *through = trials->route.through;

    return anycert__ceiling_check(trials->ceiling, policy, now, NULL) == 0 &&
           (!through || anycert__ceiling_check(trials->ceiling, through, now, NULL) == 0);
}

static void finish(struct anycert__trials *trials, struct anycert__shake *shake,
                   struct anycert__line *line, const struct anycert_policy *policy,
                   const struct anycert__patience *patience, struct anycert__trial *trial)
{
    const struct anycert__attempt *attempt = &trial->attempt;
    bool accepts =
        attempt->observes ||
        anycert__judge_accepts(trial->facts, policy, trial->facts->time, ANYCERT__JUDGE_ALL);

    if (!accepts) {
        trial->sighting.ending = ANYCERT__ENDED_CERTIFICATES;
        return;
    }
    if (trial->asked_cert && trial->facts->negotiated.version >= TLS1_3)
        wait_for_refusal(shake, line, patience, trial);
    trial->sighting.ending = ending_of_late(shake, trial);
    if (trial->sighting.ending == ANYCERT__ENDED_STANDS && attempt->request &&
        is_allowed(trials, policy, trial->facts->time) &&
        !anycert__trial_ask(shake, line, &trials->route.target, patience, trial))
        trial->sighting.ending = ending_of_silence(shake, trial);
    anycert__trial_read_status(trial);
    if (trial->wire == ANYCERT__WIRE_OK) {
        anycert__shake_close(shake);
        (void)anycert__trial_flush(shake, line, patience);
    }
}

/* A handshake over an open line. 0, or -1. */
static int talk(struct anycert__trials *trials, struct anycert__line *line,
                const struct anycert_policy *policy, const struct anycert__patience *patience,
                struct anycert__trial *trial, struct anycert_error *err)
{
    const struct anycert_doctor *doctor = trials->doctor;
    const struct anycert__peer *target = &trials->route.target;
    struct anycert__hop_terms terms = {
        .policy = policy,
        .hop = doctor->hop,
        .clock = &doctor->clock,
        .intermediates = trial->attempt.supply ? trials->supply.certs : doctor->intermediates,
        .observes = trial->attempt.observes};
    /* Requests are of HTTP/1.1, wherever it is spoken. */
    bool http2 = doctor->hop == ANYCERT__HOP_ORIGIN &&
                 !anycert__policy_accepts_any_certificate(policy) &&
                 (!trial->attempt.request || trials->only_http2);
    struct anycert__shake *shake =
        anycert__shake_new(&terms, target->host, target->port, trials->route.anchors, http2, err);
    enum anycert__shake_state state = ANYCERT__SHAKE_FAILED;

    if (!shake)
        return -1;
    state = shake_hands(shake, line, patience, trial);
    trial->facts = anycert__facts_ref(anycert__link_facts(anycert__shake_link(shake)));
    trial->sighting.alert =
        trial->facts->failure.alert_from_peer ? trial->facts->failure.alert : -1;
    take_ca_names(shake, trial);
    if (state != ANYCERT__SHAKE_DONE && !is_tls(trial))
        read_banner(line, patience, trial);
    if (state == ANYCERT__SHAKE_DONE)
        finish(trials, shake, line, policy, patience, trial);
    else
        trial->sighting.ending = ending_of_failure(
            trial, policy, anycert__link_closed_cleanly(anycert__shake_link(shake)));
    if (trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT)
        anycert__shake_note_choice(shake);
    remember(trials, trial);
    anycert__trial_read_needs(trial->facts, &trial->sighting);
    if (trial->sighting.ending != ANYCERT__ENDED_STANDS)
        explain(shake, trial, policy);
    anycert__shake_free(shake);
    return 0;
}

static int make(struct anycert__trials *trials, const struct anycert__attempt *attempt,
                struct anycert__trial *trial, struct anycert_error *err)
{
    int64_t begin = anycert__monotonic_us();
    struct anycert__patience patience = {.until_us = begin + (int64_t)trials->limit_ms * 1000,
                                         .stop = &trials->doctor->stop};
    struct anycert_policy *policy = anycert__trial_policy(trials, attempt, err);
    struct anycert__line line = {.fd = -1};
    int result = -1;

    *trial = (struct anycert__trial){.attempt = *attempt,
                                     .sighting = {.alert = -1},
                                     .asks_body = trials->doctor->wants_body,
                                     .asks_options =
                                         trials->only_options && !trials->doctor->wants_body};
    anycert__buf_init(&trial->tape.sent, ANYCERT__TAPE_MAX);
    anycert__buf_init(&trial->tape.received, ANYCERT__TAPE_MAX);
    trial->policy_text = policy ? anycert_policy_format(policy, err) : NULL;
    if (!trial->policy_text)
        goto out;
    trial->wire = anycert__route_go(&trials->route, &patience, &line, &trial->obstacle);
    line.tape = &trial->tape;
    if (trial->wire == ANYCERT__WIRE_OK)
        result = talk(trials, &line, policy, &patience, trial, err);
    else
        result = 0;
    if (trial->obstacle.is_set)
        trial->sighting.ending = ANYCERT__ENDED_NO_WAY;
    anycert__line_close(&line);
    if (anycert__stop_wanted(&trials->doctor->stop))
        result = anycert__fail(err, ANYCERT_E_INTERRUPTED, "the examination was given up");
    trial->took_ms = (uint32_t)((anycert__monotonic_us() - begin) / 1000);
out:
    anycert_policy_free(policy);
    return result;
}

/* Some software answers nothing that it does not know. */
static bool leaves_head_unanswered(const struct anycert__trials *trials,
                                   const struct anycert__trial *trial)
{
    return trial->attempt.request && !trial->asks_body && !trials->tried_options &&
           trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER && !trial->has_http_cause &&
           trial->wire == ANYCERT__WIRE_SILENT;
}

/* The same attempt with OPTIONS, which is as harmless: it takes the first one's place if it is
 * answered. */
static int try_options(struct anycert__trials *trials, struct anycert__trial *trial,
                       struct anycert_error *err)
{
    struct anycert__trial second;
    uint32_t limit_ms = trials->limit_ms;
    int result = -1;

    trials->tried_options = trials->only_options = true;
    trials->limit_ms = 1 + limit_ms / OPTIONS_SHORTER;
    trials->repeated++;
    result = make(trials, &trial->attempt, &second, err);
    trials->limit_ms = limit_ms;
    trials->only_options = result == 0 && second.sighting.ending == ANYCERT__ENDED_STANDS;
    if (trials->only_options) {
        anycert__trial_clear(trial);
        *trial = second;
    } else {
        anycert__trial_clear(&second);
    }
    return result;
}

/* Some servers of HTTP/2 alone do not say so in the handshake: they take whoever offers HTTP/1.1,
 * agree on nothing, and hang up at its request, or answer it with frames. */
static bool may_want_http2(const struct anycert__trials *trials, const struct anycert__trial *trial)
{
    if (!trial->attempt.request || trials->only_http2)
        return false;
    if (trial->sighting.alert == ALERT_NO_APPLICATION_PROTOCOL)
        return true;
    if (trials->tried_http2 ||
        (trial->attempt.relaxations & ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_ALPN)) ||
        trial->sighting.ending != ANYCERT__ENDED_NO_ANSWER ||
        trial->facts->negotiated.alpn[0] != '\0')
        return false;
    return trial->has_http_cause ? trial->http_cause == ANYCERT__CAUSE_HTTP2_ONLY
                                 : trial->wire != ANYCERT__WIRE_SILENT;
}

/* The same attempt with HTTP/2: it takes the first one's place if it is answered, or if the
 * handshake itself had failed for that. */
static int try_http2(struct anycert__trials *trials, struct anycert__trial *trial,
                     struct anycert_error *err)
{
    struct anycert__trial second;
    bool stood = trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER;
    int result = -1;

    trials->tried_http2 = trials->only_http2 = true;
    trials->repeated++;
    result = make(trials, &trial->attempt, &second, err);
    trials->only_http2 =
        !stood || (result == 0 && second.sighting.ending == ANYCERT__ENDED_STANDS &&
                   strcmp(second.facts->negotiated.alpn, "h2") == 0);
    if (trials->only_http2) {
        anycert__trial_clear(trial);
        *trial = second;
    } else {
        anycert__trial_clear(&second);
    }
    return result;
}

int anycert__trial_make(struct anycert__trials *trials, const struct anycert__attempt *attempt,
                        struct anycert__trial *trial, struct anycert_error *err)
{
    int result = make(trials, attempt, trial, err);

    if (result == 0 && leaves_head_unanswered(trials, trial))
        result = try_options(trials, trial, err);
    if (result == 0 && may_want_http2(trials, trial))
        result = try_http2(trials, trial, err);
    return result;
}

void anycert__trial_clear(struct anycert__trial *trial)
{
    anycert__facts_unref(trial->facts);
    for (size_t i = 0; i < trial->ca_name_count; i++)
        anycert__free(trial->ca_names[i]);
    anycert_free(trial->policy_text);
    anycert__buf_free(&trial->tape.sent);
    anycert__buf_free(&trial->tape.received);
    *trial = (struct anycert__trial){0};
}
