#include "doctor/shape.h"

#include "doctor/ask.h"

#include <stdio.h>
#include <string.h>

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

#define UNDER_256   230  /* bytes of a message that is padded and still small */
#define OVER_PACKET 1700 /* that needs more than one packet */

struct asking {
    struct anycert__trials *trials;
    struct anycert__shape *shape;
    const struct anycert__sighting
        *first; /* how hardened ended: that is what breaking looks like */
    char name[256];
    size_t budget;
    bool gave_up;
    int result;
    struct anycert_error *err;
};

/* Whether the server does what it did to hardened. */
static bool breaks(const struct asking *asking, const struct anycert__answer *answer)
{
    const struct anycert__sighting *first = asking->first;

    if (answer->has_hello)
        return false;
    switch (answer->end) {
    case ANYCERT__END_CLOSED:
    case ANYCERT__END_RESET:
        return first->ending == ANYCERT__ENDED_CLOSED || first->ending == ANYCERT__ENDED_RESET;
    case ANYCERT__END_TIMEOUT:
        return first->ending == ANYCERT__ENDED_SILENT || first->ending == ANYCERT__ENDED_SLOW;
    case ANYCERT__END_ALERT:
        return first->ending == ANYCERT__ENDED_ALERT && answer->alert == first->alert;
    case ANYCERT__END_OPEN:
    case ANYCERT__END_COMPLETE:
    case ANYCERT__END_BROKEN:
    case ANYCERT__END_TOO_LARGE:
    case ANYCERT__END_CANCELLED:
    case ANYCERT__END_FAILED:
        break;
    }
    return false;
}

static bool takes_hello(struct asking *asking, const struct anycert__hello *hello)
{
    struct anycert__answer answer;
    bool takes = false;
    int asked = 0;

    if (asking->gave_up || asking->result < 0 || asking->shape->questions >= asking->budget) {
        asking->gave_up = true;
        return false;
    }
    asking->shape->questions++;
    asked = anycert__ask(asking->trials, hello, &answer, asking->err);
    if (asked < 0)
        asking->result = -1;
    if (asked <= 0) {
        asking->gave_up = true;
        return false;
    }
    takes = !breaks(asking, &answer);
    anycert__answer_free(&answer);
    return takes;
}

/* pad_to 0: as it is. */
static bool takes(struct asking *asking, enum anycert__offer offer, size_t pad_to)
{
    struct anycert__hello hello;

    anycert__offer_fill(offer, asking->name, &hello);
    if (pad_to > 0)
        hello.pad_to = pad_to;
    return takes_hello(asking, &hello);
}

static void conclude(struct asking *asking, enum anycert__cause_number cause, const char *evidence)
{
    struct anycert__shape *shape = asking->shape;

    if (asking->gave_up)
        return;
    shape->known = true;
    shape->cause = cause;
    (void)snprintf(shape->evidence, sizeof shape->evidence, "%s", evidence);
}

/* ---- size, version, group ---- */

static void find_size(struct asking *asking, bool middle, bool big)
{
    if (!takes(asking, ANYCERT__OFFER_SMALL, UNDER_256))
        conclude(asking, ANYCERT__CAUSE_EXTENSION_INTOLERANT,
                 "it breaks on the padding extension, which it need not know");
    else if (big)
        conclude(asking, ANYCERT__CAUSE_HELLO_SIZE_INTOLERANT,
                 "hellos of 150 and of 600 bytes get an answer, one of 300 does not");
    else if (middle)
        conclude(asking, ANYCERT__CAUSE_LARGE_HELLO_INTOLERANT,
                 "a hello of 300 bytes gets an answer, one of 600 does not");
    else
        conclude(asking, ANYCERT__CAUSE_LARGE_HELLO_INTOLERANT,
                 "a hello of less than 256 bytes gets an answer, those of 300 and 600 do not");
}

static void find_trait(struct asking *asking, anycert__relaxations needed)
{
    bool middle = false, big = false, packet = false;

    if (!takes(asking, ANYCERT__OFFER_SMALL, 0))
        return; /* nothing to compare with */
    big = takes(asking, ANYCERT__OFFER_BIG, 0);
    middle = takes(asking, ANYCERT__OFFER_MIDDLE, 0);
    if (asking->gave_up || !middle || !big) {
        find_size(asking, middle, big);
        return;
    }
    if (!takes(asking, ANYCERT__OFFER_MODERN, 0)) {
        conclude(asking, ANYCERT__CAUSE_TLS13_INTOLERANT,
                 "hellos of TLS 1.2 of every size get an answer, one that offers TLS 1.3 does not");
        return;
    }
    packet = takes(asking, ANYCERT__OFFER_MODERN, OVER_PACKET);
    if (!packet)
        conclude(asking, ANYCERT__CAUSE_LARGE_HELLO_INTOLERANT,
                 "the same hello gets an answer in 500 bytes, and none in 1700, which is more than "
                 "one packet");
    else if (!takes(asking, ANYCERT__OFFER_POST_QUANTUM, 0))
        conclude(asking, ANYCERT__CAUSE_POST_QUANTUM_INTOLERANT,
                 "a hello of 1700 bytes gets an answer, one with a share of X25519MLKEM768 does "
                 "not");
    else if (needed & BIT(CLASSICAL_HELLO))
        conclude(asking, ANYCERT__CAUSE_MANY_SUITES_INTOLERANT,
                 "hellos of every size with few cipher suites get an answer, those of TLS 1.3 and "
                 "with post-quantum groups, too");
}

/* ---- extensions ---- */

static const char *const extensions[] = {
    "signature_algorithms",   "supported_groups", "renegotiation_info",
    "extended_master_secret", "server_name",      "status_request",
};

static void fill_extension(const struct asking *asking, size_t which, struct anycert__hello *hello)
{
    struct anycert__hello full;

    anycert__offer_fill(ANYCERT__OFFER_SMALL, asking->name, &full);
    anycert__offer_fill(ANYCERT__OFFER_BARE, "", hello);
    hello->no_extensions = false;
    hello->renegotiation_scsv = which != 2;
    if (which == 0)
        memcpy(hello->schemes, full.schemes, sizeof full.schemes);
    hello->scheme_count = which == 0 ? full.scheme_count : 0;
    if (which == 1)
        memcpy(hello->groups, full.groups, sizeof full.groups);
    hello->group_count = which == 1 ? full.group_count : 0;
    hello->renegotiation_info = which == 2;
    hello->extended_master_secret = which == 3;
    hello->status_request = which == 5;
    if (which == 4)
        memcpy(hello->sni, full.sni, sizeof full.sni);
}

static void find_extension(struct asking *asking)
{
    size_t broken = 0, asked = 0, used = 0;
    char names[120] = "", evidence[180];

    if (!takes(asking, ANYCERT__OFFER_BARE, 0))
        return;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        struct anycert__hello hello;

        if (i == 4 && asking->name[0] == '\0')
            continue;
        fill_extension(asking, i, &hello);
        asked++;
        if (takes_hello(asking, &hello))
            continue;
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", broken ? ", " : "",
                                 extensions[i]);
        broken++;
    }
    if (broken == 0)
        return;
    (void)snprintf(evidence, sizeof evidence,
                   "a hello without extensions gets an answer; it breaks on %s",
                   broken == asked ? "every extension" : names);
    conclude(asking, ANYCERT__CAUSE_EXTENSION_INTOLERANT, evidence);
}

int anycert__shape(struct anycert__trials *trials, const struct anycert__plan *plan, size_t budget,
                   struct anycert__shape *shape, struct anycert_error *err)
{
    struct asking asking = {.trials = trials, .shape = shape, .budget = budget, .err = err};
    anycert__relaxations needed =
        plan->found == ANYCERT__FOUND_WAYS ? plan->ways[0].attempt.relaxations : 0;

    *shape = (struct anycert__shape){0};
    if (!(needed & (BIT(TLS1_2_MAX) | BIT(CLASSICAL_HELLO) | BIT(BARE_HELLO))) || plan->count == 0)
        return 0;
    asking.first = &plan->log[0].sighting;
    if (anycert__ask_name(trials, asking.name, err) < 0)
        return -1;
    if (needed & BIT(BARE_HELLO))
        find_extension(&asking);
    else
        find_trait(&asking, needed);
    return asking.result;
}
