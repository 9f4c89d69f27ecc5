#include "doctor/doctor.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/diagnosis.h"
#include "doctor/elsewhere.h"

#include <string.h>

#define TIMEOUT_MS 10000

struct anycert_doctor *anycert_doctor_new(struct anycert_error *err)
{
    struct anycert_doctor *doctor = NULL;

    if (anycert__tls_init(err) < 0)
        return NULL;
    doctor = anycert__calloc(1, sizeof *doctor);
    if (!doctor) {
        anycert__fail_nomem(err);
        return NULL;
    }
    atomic_init(&doctor->stop.said, false);
    anycert__issuers_init(&doctor->issuers);
    doctor->timeout_ms = TIMEOUT_MS;
    doctor->budget = ANYCERT__PLAN_BUDGET;
    doctor->base = anycert_policy_new(err);
    doctor->proxy_policy = anycert_policy_new(err);
    if (!doctor->base || !doctor->proxy_policy) {
        anycert_doctor_free(doctor);
        return NULL;
    }
    return doctor;
}

void anycert_doctor_free(struct anycert_doctor *doctor)
{
    if (!doctor)
        return;
    anycert_policy_free(doctor->base);
    anycert_policy_free(doctor->proxy_policy);
    anycert__intermediates_free(doctor->intermediates);
    anycert__issuers_clear(&doctor->issuers);
    anycert__words_clear(&doctor->given);
    anycert__free(doctor);
}

int anycert_doctor_set_base(struct anycert_doctor *doctor, const struct anycert_policy *policy,
                            struct anycert_error *err)
{
    struct anycert_policy *base = anycert_policy_new(err);

    if (!base || anycert_policy_available(policy, err) < 0 ||
        anycert__policy_inherit_anchors(base, policy, err) < 0)
        goto fail;
    if (policy && policy->expect_name &&
        anycert_policy_set(base, "expect-name", policy->expect_name, err) < 0)
        goto fail;
    if (policy && policy->sni && anycert_policy_set(base, "sni", policy->sni, err) < 0)
        goto fail;
    anycert_policy_free(doctor->base);
    doctor->base = base;
    return 0;
fail:
    anycert_policy_free(base);
    return -1;
}

int anycert_doctor_add_intermediates(struct anycert_doctor *doctor, const void *pem, size_t len,
                                     struct anycert_error *err)
{
    return anycert__intermediates_add(&doctor->intermediates, pem, len, "the intermediates", err);
}

int anycert_doctor_set_proxy(struct anycert_doctor *doctor, const char *url,
                             struct anycert_error *err)
{
    struct anycert__proxy proxy = {.kind = ANYCERT__PROXY_NONE};

    if (url && anycert__peer_proxy(url, &proxy, err) < 0)
        return -1;
    doctor->proxy = proxy;
    return 0;
}

int anycert_doctor_set_proxy_policy(struct anycert_doctor *doctor,
                                    const struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert_policy *copy = NULL;

    if (anycert_policy_available(policy, err) < 0)
        return -1;
    copy = policy ? anycert_policy_copy(policy, err) : anycert_policy_new(err);
    if (!copy)
        return -1;
    anycert_policy_free(doctor->proxy_policy);
    doctor->proxy_policy = copy;
    return 0;
}

int anycert_doctor_add_resolve(struct anycert_doctor *doctor, const char *rule,
                               struct anycert_error *err)
{
    struct anycert__rule *next = &doctor->resolve[doctor->resolve_count];
    const char *address = NULL;

    if (doctor->resolve_count == ANYCERT__RULES_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "resolve: at most %d rules", ANYCERT__RULES_MAX);
    if (anycert__peer_rule(rule, "resolve", &next->from, &address, err) < 0)
        return -1;
    if (anycert__peer_address(address, next->to.host, err) < 0)
        return anycert__error_prefix(err, "resolve");
    doctor->resolve_count++;
    return 0;
}

int anycert_doctor_add_connect_to(struct anycert_doctor *doctor, const char *rule,
                                  struct anycert_error *err)
{
    struct anycert__rule *next = &doctor->connect_to[doctor->connect_to_count];
    const char *rest = NULL, *behind = NULL;
    char second[600];
    size_t len = 0;

    if (doctor->connect_to_count == ANYCERT__RULES_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "connect-to: at most %d rules",
                             ANYCERT__RULES_MAX);
    if (anycert__peer_rule(rule, "connect-to", &next->from, &rest, err) < 0)
        return -1;
    len = strlen(rest);
    if (len + 2 > sizeof second)
        return anycert__fail(err, ANYCERT_E_USAGE, "connect-to: the rule is too long");
    memcpy(second, rest, len);
    memcpy(second + len, ":", 2); /* the same form as the first half */
    if (anycert__peer_rule(second, "connect-to", &next->to, &behind, err) < 0)
        return -1;
    if (*behind != '\0')
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "connect-to: '%s' is not HOST1:PORT1:HOST2:PORT2", rule);
    doctor->connect_to_count++;
    return 0;
}

void anycert_doctor_set_timeout(struct anycert_doctor *doctor, uint32_t ms)
{
    doctor->timeout_ms = ms > 0 ? ms : 1;
}

void anycert_doctor_set_delay(struct anycert_doctor *doctor, uint32_t ms)
{
    doctor->delay_ms = ms;
}

void anycert_doctor_set_request(struct anycert_doctor *doctor, int on)
{
    doctor->wants_request = on != 0;
    doctor->wants_body = on == ANYCERT_REQUEST_BODY;
}

void anycert_doctor_set_fetch_intermediate(struct anycert_doctor *doctor, int on)
{
    doctor->fetches_issuer = on != 0;
}

void anycert_doctor_set_compare_direct(struct anycert_doctor *doctor, int on)
{
    doctor->compares_direct = on != 0;
}

void anycert_doctor_set_clock(struct anycert_doctor *doctor, int64_t (*now)(void *arg), void *arg)
{
    doctor->clock = (struct anycert__clock){.now = now, .arg = arg};
}

int anycert_doctor_add_client(struct anycert_doctor *doctor, const char *client,
                              struct anycert_error *err)
{
    size_t which = 0;

    if (anycert__elsewhere_find(client, &which, err) < 0)
        return -1;
    doctor->clients |= 1U << which;
    return 0;
}

int anycert_doctor_add_command_option(struct anycert_doctor *doctor, const char *option,
                                      const char *value, struct anycert_error *err)
{
    return anycert__words_add(&doctor->given, option, value, err);
}

void anycert_doctor_set_progress(struct anycert_doctor *doctor, anycert_doctor_progress *progress,
                                 void *arg)
{
    doctor->progress = progress;
    doctor->progress_arg = arg;
}

void anycert_doctor_cancel(struct anycert_doctor *doctor)
{
    atomic_store(&doctor->stop.said, true);
}

void anycert_doctor_set_interrupt(struct anycert_doctor *doctor, int (*asked)(void *arg), void *arg)
{
    doctor->stop.asked = asked;
    doctor->stop.arg = arg;
}

/* A URL may hold secrets in front of the host and behind it, which are nobody's business here. */
static char *shown_target(const char *target, const struct anycert__peer *peer)
{
    struct anycert__buf buf;
    char *text = NULL;

    if (!strstr(target, "://"))
        return anycert__strdup(target);
    anycert__buf_init(&buf, 1024);
    anycert__buf_addf(&buf, "https://%s%s%s", anycert__open_bracket(peer->host), peer->host,
                      anycert__close_bracket(peer->host));
    if (peer->port != 443)
        anycert__buf_addf(&buf, ":%u", (unsigned)peer->port);
    anycert__buf_adds(&buf, "/");
    text = anycert__buf_take(&buf, "the target", NULL);
    anycert__buf_free(&buf);
    return text;
}

/* The examination keeps nothing of the doctor, who may be gone before the diagnosis is. */
static void let_go(struct anycert__examination *examination)
{
    examination->trials.doctor = NULL;
    examination->trials.route.doctor = NULL;
}

struct anycert_diagnosis *anycert_doctor_examine(struct anycert_doctor *doctor, const char *target,
                                                 struct anycert_error *err)
{
    struct anycert__peer peer;
    struct anycert_diagnosis *diagnosis = NULL;
    int result = -1;

    if (anycert__peer_read(target, &peer, err) < 0)
        return NULL;
    diagnosis = anycert__calloc(1, sizeof *diagnosis);
    if (diagnosis)
        diagnosis->examination = anycert__calloc(1, sizeof *diagnosis->examination);
    if (!diagnosis || !diagnosis->examination) {
        anycert__fail_nomem(err);
        goto out;
    }
    diagnosis->peer = peer;
    diagnosis->target = shown_target(target, &peer);
    if (!diagnosis->target)
        anycert__fail_nomem(err);
    else if (anycert__examine(doctor, &peer, diagnosis->target, diagnosis->examination, err) == 0) {
        anycert__note_issuer(&doctor->issuers, diagnosis->examination);
        anycert__note_lists(diagnosis->examination);
        result = anycert__diagnosis_fill(diagnosis, diagnosis->examination, err);
    }
    let_go(diagnosis->examination);
out:
    if (result == 0)
        return diagnosis;
    anycert_diagnosis_free(diagnosis);
    return NULL;
}
