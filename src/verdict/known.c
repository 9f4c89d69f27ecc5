#include "verdict/known.h"

#include "base/buf.h"
#include "base/shell.h"
#include "policy/trust_line.h"
#include "verdict/findings.h"
#include "verdict/pin.h"
#include "verdict/show.h"

static bool is_tofu(const struct anycert_policy *policy)
{
    return policy != NULL && policy->rung == ANYCERT__RUNG_TOFU;
}

bool anycert__known_verifies(const struct anycert__facts *facts, int64_t now)
{
    return anycert__judge_accepts(facts, NULL, now, ANYCERT__JUDGE_CERTIFICATES);
}

bool anycert__known_may_learn(const struct anycert__facts *facts,
                              const struct anycert_policy *policy, bool *wants_answer)
{
    bool is_new = is_tofu(policy) && facts->record.known == ANYCERT__TRUST_NEW &&
                  policy->mode != ANYCERT__TOFU_STRICT;
    bool open = is_new && policy->mode == ANYCERT__TOFU_ASK && !facts->record.is_accepted &&
                !anycert__known_verifies(facts, facts->time);
    if (wants_answer != NULL)
        *wants_answer = open;
    return is_new && !open;
}

struct leaving {
    anycert__relaxations allowed;
    bool has_left;
};

/* What a relaxation lets through that gives up who answers. */
static void note_what_proves_nothing(void *arg, const struct anycert__finding *finding)
{
    struct leaving *leaving = arg;
    if (finding->kind == ANYCERT__FINDING_FACT && !anycert__check_is_protocol(finding->check) &&
        (finding->relaxations & leaving->allowed) != 0 &&
        (finding->relaxations & anycert__harmless_to_authentication) == 0)
        leaving->has_left = true;
}

/* Whether anything says that the chain ends at nobody we trust, or that only a relaxation makes it
 * one for this host. */
static bool has_left_its_ca(const struct anycert__facts *facts, const struct anycert_policy *policy,
                            int64_t now)
{
    struct leaving leaving = {.allowed = anycert__policy_allows(policy)};
    anycert__findings(facts, now, ANYCERT__JUDGE_CERTIFICATES, note_what_proves_nothing, &leaving);
    if (leaving.has_left)
        return true;
    for (size_t i = 0; i < facts->error_count; i++) {
        if (anycert__pin_replaces_anchor(facts->errors[i].code))
            return true;
    }
    return !anycert__facts_verified(facts);
}

static enum anycert__known look_at_new(const struct anycert__facts *facts,
                                       const struct anycert_policy *policy, int64_t now,
                                       enum anycert__judge_scope scope)
{
    bool wants_answer = false;
    bool may_learn = anycert__known_may_learn(facts, policy, &wants_answer);
    if (!may_learn && (!wants_answer || scope != ANYCERT__JUDGE_CERTIFICATES))
        return ANYCERT__KNOWN_REFUSED;
    if (anycert__known_verifies(facts, now))
        return ANYCERT__KNOWN_FIRST_CA;
    return facts->record.is_compared ? ANYCERT__KNOWN_COMPARED : ANYCERT__KNOWN_FIRST;
}

enum anycert__known anycert__known_look(const struct anycert__facts *facts,
                                        const struct anycert_policy *policy, int64_t now,
                                        enum anycert__judge_scope scope)
{
    const struct anycert__certificate *leaf = NULL;
    if (!is_tofu(policy))
        return ANYCERT__KNOWN_UNWANTED;
    switch (facts->record.known) {
    case ANYCERT__TRUST_NOT_ASKED:
        break;
    case ANYCERT__TRUST_NEW:
        return look_at_new(facts, policy, now, scope);
    case ANYCERT__TRUST_BY_CA:
        return has_left_its_ca(facts, policy, now) ? ANYCERT__KNOWN_CA_LEFT : ANYCERT__KNOWN_CA;
    case ANYCERT__TRUST_BY_PIN:
        leaf = anycert__certificate_at(facts, 0);
        return leaf != NULL && anycert__trust_record_has(&facts->record, leaf->pin)
                   ? ANYCERT__KNOWN_SAME
                   : ANYCERT__KNOWN_CHANGED;
    }
    return ANYCERT__KNOWN_NOT_ASKED;
}

bool anycert__known_proves(enum anycert__known known)
{
    return known == ANYCERT__KNOWN_SAME || known == ANYCERT__KNOWN_COMPARED;
}

enum anycert_verdict anycert__known_verdict(enum anycert__known known)
{
    switch (known) {
    case ANYCERT__KNOWN_UNWANTED:
    case ANYCERT__KNOWN_SAME:
    case ANYCERT__KNOWN_COMPARED:
    case ANYCERT__KNOWN_CA:
    case ANYCERT__KNOWN_FIRST_CA:
        return ANYCERT_PASS;
    case ANYCERT__KNOWN_FIRST:
        return ANYCERT_RELAXED;
    case ANYCERT__KNOWN_NOT_ASKED:
    case ANYCERT__KNOWN_REFUSED:
    case ANYCERT__KNOWN_CHANGED:
    case ANYCERT__KNOWN_CA_LEFT:
        break;
    }
    return ANYCERT_FAIL;
}

int anycert__known_code(enum anycert__known known)
{
    if (known == ANYCERT__KNOWN_CHANGED || known == ANYCERT__KNOWN_CA_LEFT)
        return ANYCERT_E_TRUST_CHANGED;
    return known == ANYCERT__KNOWN_REFUSED ? ANYCERT_E_TRUST_UNKNOWN : ANYCERT_E_TRUST;
}

/* ---- words */

static const char *pin_of(const struct anycert__facts *facts)
{
    const struct anycert__certificate *leaf = anycert__certificate_at(facts, 0);
    return leaf != NULL ? leaf->pin : "";
}

/* What anybody may have sent is compared by a way that nobody is in between of. The store stands in
 * front: a sentence that is cut at its end must not become the command for another store. */
static void write_command(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    char host[ANYCERT__TRUST_HOST_SIZE];
    anycert__buf_adds(buf, "once you have compared its key by another way");
    if (anycert__trust_host_text(facts->host, facts->port, host, NULL) != 0)
        return;
    anycert__buf_addf(buf, ": anycert trust add %s", host);
    if (facts->trust_store != NULL) {
        anycert__buf_adds(buf, " --trust-store ");
        anycert__shell_add_word(buf, facts->trust_store);
    }
    anycert__buf_adds(buf, " --pin ");
    anycert__show_string(buf, pin_of(facts), ANYCERT__PIN_SIZE);
}

static void write_since(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    anycert__buf_adds(buf, "first seen ");
    anycert__show_date(buf, facts->record.first_seen);
}

/* The command behind them has to fit, too. */
#define PINS_SHOWN 3

static void write_changed(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    const struct anycert__trust_record *record = &facts->record;
    anycert__buf_adds(buf, "THE KEY HAS CHANGED, or somebody is in between: it was ");
    if (record->pin_count == 0)
        anycert__buf_adds(buf, "another");
    for (size_t i = 0; i < record->pin_count && i < PINS_SHOWN; i++)
        anycert__buf_addf(buf, "%s%s", i ? " or " : "", record->pins[i]);
    if (record->pin_count > PINS_SHOWN)
        anycert__buf_addf(buf, " or one of %zu others", record->pin_count - PINS_SHOWN);
    anycert__buf_adds(buf, ", ");
    write_since(buf, facts);
    anycert__buf_adds(buf, "; ");
    write_command(buf, facts);
}

static void write_left(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    anycert__buf_adds(buf, "THE CERTIFICATE HAS CHANGED: a trusted authority vouched for it (");
    write_since(buf, facts);
    anycert__buf_adds(buf, "), and none does now; ");
    write_command(buf, facts);
}

static void write_refused(struct anycert__buf *buf, const struct anycert__facts *facts,
                          const struct anycert_policy *policy)
{
    bool strict = policy != NULL && policy->mode == ANYCERT__TOFU_STRICT;
    anycert__buf_addf(buf, "the trust store does not know it, and %s; ",
                      strict ? "mode=strict learns nothing"
                             : "nobody has said that its key is right");
    write_command(buf, facts);
}

static void write_first(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    anycert__buf_addf(buf, "first contact: %s, ",
                      facts->record.is_recorded ? "its key is believed from now on"
                                                : "nothing was known of its key");
    anycert__show_string(buf, pin_of(facts), ANYCERT__PIN_SIZE);
}

static void write_known(struct anycert__buf *buf, const struct anycert__facts *facts,
                        enum anycert__known known, const struct anycert_policy *policy)
{
    switch (known) {
    case ANYCERT__KNOWN_UNWANTED:
        break;
    case ANYCERT__KNOWN_SAME:
        anycert__buf_adds(buf, "the key is the recorded one, ");
        write_since(buf, facts);
        break;
    case ANYCERT__KNOWN_COMPARED:
        anycert__buf_adds(buf, "first contact: the key has the pin that the user knows");
        break;
    case ANYCERT__KNOWN_CA:
        anycert__buf_adds(buf, "a trusted authority vouches for it, as when it was ");
        write_since(buf, facts);
        break;
    case ANYCERT__KNOWN_FIRST_CA:
        anycert__buf_addf(buf, "first contact: its certificate passes every check%s",
                          facts->record.is_recorded ? ", and has to from now on" : "");
        break;
    case ANYCERT__KNOWN_FIRST:
        write_first(buf, facts);
        break;
    case ANYCERT__KNOWN_NOT_ASKED:
        anycert__buf_adds(buf, "no trust store was looked into");
        break;
    case ANYCERT__KNOWN_REFUSED:
        write_refused(buf, facts, policy);
        break;
    case ANYCERT__KNOWN_CHANGED:
        write_changed(buf, facts);
        break;
    case ANYCERT__KNOWN_CA_LEFT:
        write_left(buf, facts);
        break;
    }
}

char *anycert__known_detail(const struct anycert__facts *facts, enum anycert__known known,
                            const struct anycert_policy *policy)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (known != ANYCERT__KNOWN_UNWANTED && facts->presented_count == 0)
        anycert__buf_adds(&buf, "no key was seen");
    else
        write_known(&buf, facts, known, policy);
    char *text = anycert__buf_take(&buf, "detail", NULL);
    anycert__buf_free(&buf);
    return text;
}
