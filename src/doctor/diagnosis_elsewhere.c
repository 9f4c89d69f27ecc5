/* The policies of a diagnosis in the words of other clients. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "doctor/elsewhere.h"

#include <string.h>

#define TEXT_MAX 131072

/* NULL where there is none. */
static const struct anycert_policy *policy_at(const struct anycert_diagnosis *diagnosis, size_t n)
{
    if (n < diagnosis->policy_count)
        return diagnosis->policies[n].made;
    return n == 0 && diagnosis->verdict == ANYCERT_VERDICT_HEALTHY ? diagnosis->base : NULL;
}

/* What an equivalent leaves out, as it belongs to the way and not to the policy. */
static void write_remarks(struct anycert__buf *buf, const struct anycert_diagnosis *diagnosis,
                          const char *comment)
{
    /* Files of before say no more than that there was one. */
    if (diagnosis->other_way && diagnosis->way.count == 0)
        anycert__buf_addf(
            buf, "%sthe proxy or the other address of the examination is not in this\n", comment);
    if (anycert__wants_our_cert(diagnosis))
        anycert__buf_addf(
            buf,
            "%sthe client certificate that the server wants is not in this: without one it "
            "is refused\n",
            comment);
    if (diagnosis->helped)
        anycert__buf_addf(buf,
                          "%sthe intermediates of the examination are not in this: without them "
                          "the chain may have a gap\n",
                          comment);
}

static bool leaves_out(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->helped || anycert__wants_our_cert(diagnosis) ||
           (diagnosis->other_way && diagnosis->way.count == 0);
}

static const char *why_none(const struct anycert_diagnosis *diagnosis)
{
    if (diagnosis->policy_count > 0 || diagnosis->verdict == ANYCERT_VERDICT_HEALTHY)
        return "";
    return diagnosis->verdict == ANYCERT_VERDICT_FIXABLE
               ? ": what is wrong is mended by no policy (see the remedies)"
               : ": none connects";
}

char *anycert_diagnosis_elsewhere(const struct anycert_diagnosis *diagnosis, size_t n,
                                  const char *client, int *fit, struct anycert_error *err)
{
    const struct anycert_policy *policy = policy_at(diagnosis, n);
    struct anycert__elsewhere said;
    struct anycert__buf buf;
    char *text = NULL;
    size_t which = 0;

    if (anycert__elsewhere_find(client, &which, err) < 0)
        return NULL;
    if (!policy) {
        anycert__fail(err, ANYCERT_E_USAGE, "there is no policy of that number to say for %s%s",
                      client, why_none(diagnosis));
        return NULL;
    }
    if (anycert__elsewhere(policy, diagnosis->peer.host, diagnosis->peer.port, &diagnosis->way,
                           client, &said, err) < 0)
        return NULL;
    anycert__buf_init(&buf, TEXT_MAX);
    write_remarks(&buf, diagnosis, anycert__elsewhere_comment(which));
    anycert__buf_adds(&buf, said.text);
    text = anycert__buf_take(&buf, "the equivalent", err);
    anycert__buf_free(&buf);
    anycert__elsewhere_clear(&said);
    if (fit)
        *fit = (int)(leaves_out(diagnosis) ? ANYCERT_FIT_LACKS : said.fit);
    return text;
}
