#include "verdict/pin.h"

#include "base/buf.h"
#include "verdict/checks.h"
#include "verdict/findings.h"
#include "verdict/show.h"

#include <string.h>

static bool is_pinned(const struct anycert_policy *policy,
                      const struct anycert__certificate *certificate)
{
    for (size_t i = 0; i < policy->pin_count; i++) {
        if (strcmp(policy->pins[i], certificate->pin) == 0)
            return true;
    }
    return false;
}

bool anycert__pin_replaces_anchor(int x509_code)
{
    switch (x509_code) {
    case 2:  /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT */
    case 18: /* X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT */
    case 19: /* X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN */
    case 20: /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
    case 21: /* X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE */
        return true;
    default:
        return false;
    }
}

/* ---- the way from the server's certificate up to a CA */

struct way {
    anycert__relaxations relaxed; /* by name */
    int depth;                    /* of the CA */
    bool unsound;
};

static void look_at(void *arg, const struct anycert__finding *finding)
{
    struct way *way = arg;
    bool of_dates = finding->check == ANYCERT__CHECK_DATES;
    bool of_name = finding->check == ANYCERT__CHECK_NAME; /* asked for by itself */

    if (anycert__check_is_protocol(finding->check) || finding->depth > way->depth || of_dates ||
        of_name || anycert__pin_replaces_anchor(finding->x509_code) ||
        (finding->relaxations & way->relaxed) != 0)
        return;
    way->unsound = true;
}

static bool is_sound(const struct anycert__facts *facts, const struct anycert_policy *policy,
                     int depth)
{
    struct way way = {.relaxed = policy->relaxations, .depth = depth};
    anycert__findings(facts, facts->time, ANYCERT__JUDGE_CERTIFICATES, look_at, &way);
    return !way.unsound;
}

static enum anycert__pin_match match_of_ca(const struct anycert__facts *facts,
                                           const struct anycert_policy *policy, int depth)
{
    if (!facts->name_match || facts->identity == NULL || facts->identity[0] == '\0')
        return ANYCERT__PIN_UNNAMED;
    if (!anycert__facts_verified(facts) || !is_sound(facts, policy, depth))
        return ANYCERT__PIN_UNSOUND;
    return ANYCERT__PIN_CA;
}

static bool is_sent(const struct anycert__facts *facts, const struct anycert_policy *policy)
{
    for (size_t i = 0; i < facts->presented_count; i++) {
        if (is_pinned(policy, &facts->presented[i]))
            return true;
    }
    return false;
}

struct anycert__pin anycert__pin_look(const struct anycert__facts *facts,
                                      const struct anycert_policy *policy)
{
    struct anycert__pin pin = {.depth = -1};
    if (policy == NULL)
        return pin;
    pin.wanted = policy->pin_count > 0 || policy->rung == ANYCERT__RUNG_PINNED;
    if (policy->pin_count == 0)
        return pin;
    const struct anycert__certificate *leaf = anycert__certificate_at(facts, 0);
    if (leaf != NULL && is_pinned(policy, leaf))
        return (struct anycert__pin){true, ANYCERT__PIN_LEAF, 0};
    for (size_t i = 1; i < facts->validated_count; i++) {
        if (!is_pinned(policy, &facts->validated[i]))
            continue;
        enum anycert__pin_match match = match_of_ca(facts, policy, (int)i);
        if (match > pin.match) {
            pin.match = match;
            pin.depth = (int)i;
        }
    }
    if (pin.match == ANYCERT__PIN_NONE && is_sent(facts, policy))
        pin.match = ANYCERT__PIN_SENT;
    return pin;
}

bool anycert__pin_stands(const struct anycert__pin *pin)
{
    return pin->wanted && (pin->match == ANYCERT__PIN_LEAF || pin->match == ANYCERT__PIN_CA);
}

/* ---- words */

static void write_ca(struct anycert__buf *buf, const struct anycert__facts *facts, int depth)
{
    const struct anycert__certificate *ca = anycert__certificate_at(facts, depth);
    anycert__show_quoted(buf, ca != NULL ? ca->subject : "");
    anycert__buf_addf(buf, " at depth %d", depth);
}

char *anycert__pin_detail(const struct anycert__facts *facts, const struct anycert__pin *pin)
{
    const struct anycert__certificate *leaf = anycert__certificate_at(facts, 0);
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    switch (pin->match) {
    case ANYCERT__PIN_LEAF:
        anycert__buf_adds(&buf, "the server's key is pinned");
        break;
    case ANYCERT__PIN_CA:
        anycert__buf_adds(&buf, "the key of ");
        write_ca(&buf, facts, pin->depth);
        anycert__buf_adds(&buf, " is pinned");
        break;
    case ANYCERT__PIN_UNNAMED:
        anycert__buf_adds(&buf, "the pin of ");
        write_ca(&buf, facts, pin->depth);
        anycert__buf_adds(&buf, " does not count for another host's certificate");
        break;
    case ANYCERT__PIN_UNSOUND:
        anycert__buf_adds(&buf, "the pin of ");
        write_ca(&buf, facts, pin->depth);
        anycert__buf_adds(&buf, " does not count, as what it vouches for does not verify");
        break;
    case ANYCERT__PIN_SENT:
        anycert__buf_adds(&buf, "a certificate with a pinned key was sent, but is not in the "
                                "verified chain");
        break;
    case ANYCERT__PIN_NONE:
        if (leaf == NULL) {
            anycert__buf_adds(&buf, "no key was seen");
            break;
        }
        anycert__buf_adds(&buf, "its key ");
        anycert__show_string(&buf, leaf->pin, ANYCERT__PIN_SIZE);
        anycert__buf_adds(&buf, " is not a pinned one");
        break;
    }
    char *text = anycert__buf_take(&buf, "detail", NULL);
    anycert__buf_free(&buf);
    return text;
}
