/* Whether somebody between us and the server made the certificate. */
#include "doctor/diagnosis.h"

#include "base/mem.h"
#include "base/str.h"
#include "verdict/show.h"

#include <string.h>

static const struct {
    const char *part, *product;
} interceptors[] = {
#define INTERCEPTOR(part, product) {part, product},
#include "doctor/interceptors.def"
};

static bool contains(const char *text, const char *part)
{
    size_t len = strlen(part);

    for (; *text; text++) {
        if (anycert__equal_nocase(text, part, len))
            return true;
    }
    return false;
}

const char *anycert__interceptor(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->presented_count; i++) {
        for (size_t j = 0; j < sizeof interceptors / sizeof interceptors[0]; j++) {
            if (contains(facts->presented[i].issuer, interceptors[j].part))
                return interceptors[j].product;
        }
    }
    return NULL;
}

static bool is_trusted(const struct anycert__facts *facts)
{
    struct anycert__needs certificates, offer;

    anycert__needs_read(facts, facts->time, &certificates, &offer);
    return anycert__needs_met(&certificates, ~(ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER) |
                                               ANYCERT__RELAX_BIT(ANYCERT__RELAX_SELF_SIGNED)));
}

/* What the server shows without the proxy, if it was looked at and owns the key. */
static const struct anycert__facts *without_proxy(const struct anycert__examination *examination)
{
    const struct anycert__facts *facts = examination->direct.facts;

    return facts && facts->complete && facts->verified && facts->presented_count > 0 ? facts : NULL;
}

static void write_direct(struct anycert__buf *buf, const struct anycert__facts *direct,
                         const char *proxy)
{
    anycert__buf_addf(buf, "; without the proxy %s the server shows another one, of ", proxy);
    anycert__show_quoted(buf, direct->presented[0].issuer);
    if (is_trusted(direct))
        anycert__buf_adds(buf, ", which is trusted here");
}

/* How verification calls it that the issuer is not trusted; 0 if it does not. */
static int code_of_trust(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        const struct anycert__verify_error *error = &facts->errors[i];

        if (anycert__x509_meaning(error->code, error->depth)->check == ANYCERT__CHECK_TRUST)
            return error->code;
    }
    return 0;
}

static int say(struct anycert_diagnosis *diagnosis, enum anycert__cause_number cause,
               const struct anycert__facts *facts, struct anycert__buf *buf,
               struct anycert_error *err)
{
    char *evidence = anycert__buf_take(buf, "the evidence", err);
    int result = evidence ? anycert__diagnose_certificates(diagnosis, cause, evidence, facts,
                                                           code_of_trust(facts), err)
                          : -1;

    anycert__free(evidence);
    return result;
}

void anycert__note_issuer(struct anycert__issuers *issuers,
                          struct anycert__examination *examination)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__facts *facts = best ? best->facts : NULL;

    if (facts && facts->presented_count > 0 && !facts->presented[0].self_issued &&
        !facts->anchors_error && !is_trusted(facts))
        anycert__issuers_note(issuers, facts->presented[0].issuer,
                              examination->trials.route.target.host, examination->shares_issuer);
}

int anycert__diagnose_between(struct anycert_diagnosis *diagnosis,
                              const struct anycert__examination *examination,
                              struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__facts *facts = best ? best->facts : NULL;
    const struct anycert__facts *direct = without_proxy(examination);
    const char *proxy = examination->trials.doctor->proxy.peer.host;
    const char *product = facts ? anycert__interceptor(facts) : NULL;
    bool differs = facts && facts->presented_count > 0 && direct &&
                   strcmp(direct->presented[0].pin, facts->presented[0].pin) != 0;
    bool proven = differs && is_trusted(direct);
    const char *other = examination->shares_issuer;
    struct anycert__buf buf;
    int result = 0;

    if (!facts || facts->presented_count == 0 || facts->anchors_error || is_trusted(facts))
        return 0;
    /* A tunnel alone is no suspicion, once the server was seen to have that key itself. */
    if (!product && !differs && other[0] == '\0' && (direct || proxy[0] == '\0'))
        return 0;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__buf_adds(&buf, "issued by ");
    anycert__show_quoted(&buf, facts->presented[0].issuer);
    if (product)
        anycert__buf_addf(&buf, ", as %s does", product);
    if (other[0] != '\0')
        anycert__buf_addf(&buf, ", as is the certificate of %s, which is of another domain", other);
    if (differs)
        write_direct(&buf, direct, proxy);
    else if (proxy[0] != '\0')
        anycert__buf_addf(&buf,
                          "; it came through the proxy %s, which may have made it; "
                          "--compare-direct looks at the server without it",
                          proxy);
    if (!proven)
        anycert__buf_adds(&buf, "; that proves nothing yet");
    result = say(diagnosis, proven ? ANYCERT__CAUSE_INTERCEPTED : ANYCERT__CAUSE_LOOKS_INTERCEPTED,
                 facts, &buf, err);
    anycert__buf_free(&buf);
    return result;
}
