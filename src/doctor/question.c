#include "doctor/question.h"

#include "doctor/ask.h"
#include "doctor/diagnosis.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "hello/banner.h"
#include "verdict/show.h"

#include <stdio.h>
#include <string.h>

#define ALERT_UNKNOWN_PSK_IDENTITY 115

#define SHOWN 40 /* bytes of what is no TLS */

/* In this order: what another build could speak, then what nobody should. Suites with shared keys
 * come with a NULL cipher, too, so they are asked for before that. */
static const enum anycert__offer offers[] = {
    ANYCERT__OFFER_OLD,  ANYCERT__OFFER_SSL3,   ANYCERT__OFFER_TLS13,     ANYCERT__OFFER_DSA,
    ANYCERT__OFFER_RARE, ANYCERT__OFFER_SECRET, ANYCERT__OFFER_ANONYMOUS, ANYCERT__OFFER_EXPORT,
    ANYCERT__OFFER_NULL, ANYCERT__OFFER_TLS11,  ANYCERT__OFFER_TLS10,
};

static enum anycert__cause_number cause_of_trait(enum anycert__suite_trait trait)
{
    switch (trait) {
    case ANYCERT__TRAIT_NULL:
        return ANYCERT__CAUSE_NULL_ONLY;
    case ANYCERT__TRAIT_ANONYMOUS:
        return ANYCERT__CAUSE_ANONYMOUS_ONLY;
    case ANYCERT__TRAIT_EXPORT:
    case ANYCERT__TRAIT_RC2:
        return ANYCERT__CAUSE_EXPORT_ONLY;
    case ANYCERT__TRAIT_DES:
        return ANYCERT__CAUSE_SINGLE_DES_ONLY;
    case ANYCERT__TRAIT_RC4:
        return ANYCERT__CAUSE_RC4_ONLY;
    case ANYCERT__TRAIT_3DES:
        return ANYCERT__CAUSE_TRIPLE_DES_ONLY;
    case ANYCERT__TRAIT_SECRET:
        return ANYCERT__CAUSE_PSK_ONLY;
    case ANYCERT__TRAIT_DSS:
        return ANYCERT__CAUSE_DSA_ONLY;
    case ANYCERT__TRAIT_FORTEZZA:
    case ANYCERT__TRAIT_KRB5:
    case ANYCERT__TRAIT_GOST:
    case ANYCERT__TRAIT_IDEA:
    case ANYCERT__TRAIT_SEED:
    case ANYCERT__TRAIT_SM4:
    case ANYCERT__TRAIT_AEGIS:
    case ANYCERT__TRAIT_CHACHA20_DRAFT:
    case ANYCERT__TRAIT_STATIC_DH:
        return ANYCERT__CAUSE_OTHER_CIPHERS_ONLY;
    case ANYCERT__TRAIT_ORDINARY:
    case ANYCERT__TRAIT_CAMELLIA:
    case ANYCERT__TRAIT_ARIA:
    case ANYCERT__TRAIT_CCM8:
    case ANYCERT__TRAIT_STATIC_RSA:
    case ANYCERT__TRAIT_CBC_SHA1:
        break; /* what this build has, and was refused with */
    }
    return ANYCERT__CAUSE_COUNT;
}

static void add(struct anycert__confession *confession, enum anycert__cause_number cause)
{
    for (size_t i = 0; i < confession->cause_count; i++) {
        if (confession->causes[i] == cause)
            return;
    }
    if (cause != ANYCERT__CAUSE_COUNT && confession->cause_count < ANYCERT__CONFESSIONS)
        confession->causes[confession->cause_count++] = cause;
}

static void describe(struct anycert__confession *confession, const struct anycert__answer *answer,
                     enum anycert__offer offer)
{
    const struct anycert__server_hello *hello = &answer->hello;
    const char *suite = anycert__suite_name(hello->suite);
    const char *version = anycert__version_name(hello->version);
    const char *group = hello->group ? anycert__named_group_name(hello->group) : NULL;

    (void)snprintf(confession->evidence, sizeof confession->evidence,
                   "it refuses all that this build can offer; asked for %s, it %s %s with %s%s%s",
                   anycert__offer_text(offer), hello->retry ? "would speak" : "chooses",
                   version[0] != '\0' ? version : "an unknown version",
                   suite ? suite : "an unknown cipher suite", group ? ", group " : "",
                   group ? group : "");
}

static bool is_quantum(enum anycert__offer offer)
{
    return offer == ANYCERT__OFFER_TLS13 || offer == ANYCERT__OFFER_TLS13_CLASSICAL ||
           offer == ANYCERT__OFFER_ML_DSA || offer == ANYCERT__OFFER_ML_DSA_ML_KEM;
}

/* Each of these was asked because the ones before it were refused, but for the first: a server that
 * prefers a new group may take an old one, too. */
static void explain_quantum(struct anycert__confession *confession, enum anycert__offer offer)
{
    if (offer == ANYCERT__OFFER_TLS13 || offer == ANYCERT__OFFER_TLS13_CLASSICAL)
        return;
    if (offer == ANYCERT__OFFER_ML_DSA_ML_KEM)
        add(confession, ANYCERT__CAUSE_POST_QUANTUM_ONLY);
    add(confession, ANYCERT__CAUSE_POST_QUANTUM_CERTIFICATE);
}

/* What a choice explains. */
static void explain(struct anycert__confession *confession, const struct anycert__answer *answer,
                    enum anycert__offer offer)
{
    const struct anycert__server_hello *hello = &answer->hello;
    struct anycert__suite suite;

    if (answer->kind == ANYCERT__KIND_SSL2) {
        add(confession, ANYCERT__CAUSE_SSL2_ONLY);
        (void)snprintf(confession->evidence, sizeof confession->evidence, "it answers in SSL 2.0");
        return;
    }
    /* It looks for the user, and does not know the one that is named. */
    if (!answer->has_hello && offer == ANYCERT__OFFER_SECRET && answer->end == ANYCERT__END_ALERT &&
        answer->alert == ALERT_UNKNOWN_PSK_IDENTITY) {
        add(confession, ANYCERT__CAUSE_PSK_ONLY);
        (void)snprintf(confession->evidence, sizeof confession->evidence,
                       "it refuses all that this build can offer; asked for %s, it sends alert %d",
                       anycert__offer_text(offer), answer->alert);
    }
    if (!answer->has_hello)
        return;
    if (hello->version == ANYCERT__SSL3)
        add(confession, ANYCERT__CAUSE_SSL3_ONLY);
    /* Of what it has in SSL 3.0 it was offered the worst only. */
    if (hello->version == ANYCERT__SSL3 && offer == ANYCERT__OFFER_OLD) {
        describe(confession, answer, offer);
        return;
    }
    if (is_quantum(offer))
        explain_quantum(confession, offer);
    if (anycert__suite_find(hello->suite, &suite))
        add(confession, offer == ANYCERT__OFFER_RARE
                            ? ANYCERT__CAUSE_OTHER_CIPHERS_ONLY
                            : cause_of_trait(anycert__suite_trait(&suite)));
    /* It was offered that before, with newer versions beside it. */
    if (confession->cause_count == 0 &&
        (offer == ANYCERT__OFFER_TLS10 || offer == ANYCERT__OFFER_TLS11))
        add(confession, ANYCERT__CAUSE_VERSION_INTOLERANT);
    if (confession->cause_count > 0 || offer == ANYCERT__OFFER_TLS13)
        describe(confession, answer, offer);
}

/* *answered: it chose something. */
static int ask(struct anycert__trials *trials, enum anycert__offer offer,
               struct anycert__confession *confession, bool *answered, struct anycert_error *err)
{
    struct anycert__hello hello;
    struct anycert__answer answer;
    char name[256];
    int asked = 0;

    *answered = false;
    confession->questions++;
    if (anycert__ask_name(trials, name, err) < 0)
        return -1;
    anycert__offer_fill(offer, name, &hello);
    asked = anycert__ask(trials, &hello, &answer, err);
    if (asked <= 0)
        return asked;
    *answered = answer.has_hello;
    explain(confession, &answer, offer);
    anycert__answer_free(&answer);
    return 0;
}

/* TLS 1.3 with what is newer than this build: its groups, its signatures, or both. */
static int ask_quantum(struct anycert__trials *trials, size_t budget,
                       struct anycert__confession *confession, struct anycert_error *err)
{
    bool any = false, classical = false, answered = false;

    if (ask(trials, ANYCERT__OFFER_TLS13, confession, &any, err) < 0)
        return -1;
    if (confession->cause_count > 0 || confession->questions >= budget)
        return 0;
    if (any) {
        if (ask(trials, ANYCERT__OFFER_TLS13_CLASSICAL, confession, &classical, err) < 0)
            return -1;
        if (!classical && confession->cause_count == 0)
            add(confession, ANYCERT__CAUSE_POST_QUANTUM_ONLY);
        return 0;
    }
    if (ask(trials, ANYCERT__OFFER_ML_DSA, confession, &answered, err) < 0)
        return -1;
    return answered || confession->questions >= budget
               ? 0
               : ask(trials, ANYCERT__OFFER_ML_DSA_ML_KEM, confession, &answered, err);
}

int anycert__question(struct anycert__trials *trials, size_t budget,
                      struct anycert__confession *confession, struct anycert_error *err)
{
    bool answered = false;

    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        bool only_old = confession->cause_count == 1 && offers[i] == ANYCERT__OFFER_SSL3 &&
                        confession->causes[0] == ANYCERT__CAUSE_SSL3_ONLY;

        if ((confession->cause_count > 0 && !only_old) || confession->questions >= budget)
            break;
        if (offers[i] == ANYCERT__OFFER_TLS13
                ? ask_quantum(trials, budget, confession, err) < 0
                : ask(trials, offers[i], confession, &answered, err) < 0)
            return -1;
    }
    return 0;
}

int anycert__question_plainly(struct anycert__trials *trials,
                              struct anycert__confession *confession, struct anycert_error *err)
{
    unsigned char first[ANYCERT__BANNER_MAX] = {0};
    struct anycert__buf buf;
    size_t len = 0, shown = 0;
    char *evidence = NULL;

    if (anycert__ask_plainly(trials, "HEAD / HTTP/1.0\r\n\r\n", first, sizeof first, &len, err) < 0)
        return -1;
    if (len == 0)
        return 0;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__buf_adds(&buf, "it says nothing to TLS; to HEAD / HTTP/1.0 in plain text it says \"");
    shown = anycert__banner_shown(first, len);
    anycert__buf_add_escaped(&buf, (const char *)first, shown < SHOWN ? shown : SHOWN);
    anycert__buf_adds(&buf, "\"");
    evidence = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    if (!evidence)
        return -1;
    add(confession, anycert__cause_of_bytes(first, len));
    (void)snprintf(confession->evidence, sizeof confession->evidence, "%s", evidence);
    anycert__free(evidence);
    return 0;
}
