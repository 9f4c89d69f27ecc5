#include "doctor/page.h"

#include "base/shell.h"
#include "base/str.h"
#include "doctor/caution.h"
#include "doctor/needs.h"
#include "doctor/peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void anycert__page_note(struct anycert__page *page, enum anycert_doctor_fit fit, const char *format,
                        ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    anycert__buf_adds(&page->notes, page->comment);
    anycert__buf_add_escaped(&page->notes, text, strlen(text));
    anycert__buf_adds(&page->notes, "\n");
    if (fit > page->fit)
        page->fit = fit;
}

void anycert__page_add(struct anycert__page *page, const char *format, ...)
{
    char text[ANYCERT__TLS_CIPHERS_SIZE + 512];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) >= (int)sizeof text)
        page->body.failed = true;
    va_end(args);
    anycert__buf_adds(&page->body, text);
}

void anycert__page_string(struct anycert__page *page, const char *text)
{
    anycert__buf_adds(&page->body, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            anycert__buf_adds(&page->body, "\\");
        anycert__buf_add(&page->body, text, 1);
    }
    anycert__buf_adds(&page->body, "\"");
}

/* ---- what is given up */

/* True if all has to be given up for it. */
static bool look_at(struct anycert__page *page, const struct anycert__skills *skills,
                    const struct anycert_relaxation *r)
{
    anycert__relaxations bit = ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
    const char *name = anycert_relaxation_name(r);

    if (bit & skills->alone)
        return false;
    if (bit & skills->by_itself) {
        anycert__page_note(page, ANYCERT_FIT_SAME, "%s: %s does not insist on it by itself", name,
                           page->client);
    } else if (bit & skills->by_level) {
        anycert__page_note(page, ANYCERT_FIT_COARSER,
                           "%s: %s cannot give up this alone, only with a lower security level",
                           name, page->client);
    } else if (bit & anycert__relaxations_of_certificates()) {
        anycert__page_note(page, ANYCERT_FIT_COARSER, "%s: %s cannot give up this alone; %s", name,
                           page->client, skills->drops);
        return true;
    } else {
        anycert__page_note(page, ANYCERT_FIT_LACKS, "%s: %s has no equivalent", name, page->client);
    }
    return false;
}

static bool rung_drops(struct anycert__page *page, const struct anycert__skills *skills)
{
    const char *rung = anycert_policy_rung(page->policy);

    switch (page->policy->rung) {
    case ANYCERT__RUNG_HARDENED:
        return false;
    case ANYCERT__RUNG_PINNED:
        if (skills->pins_alone)
            return false;
        anycert__page_note(page, ANYCERT_FIT_COARSER,
                           "pinned: %s cannot compare a pin instead of the chain; %s", page->client,
                           skills->drops);
        return true;
    case ANYCERT__RUNG_TOFU:
        anycert__page_note(page, ANYCERT_FIT_COARSER, "tofu: %s remembers no keys; %s",
                           page->client, skills->drops);
        return true;
    case ANYCERT__RUNG_REPORT_ONLY:
    case ANYCERT__RUNG_TRUST_ANY:
        anycert__page_note(page, ANYCERT_FIT_SAME, "%s: %s checks nothing of the certificate then",
                           rung, page->client);
        return true;
    case ANYCERT__RUNG_ANTIQUE:
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "antique: %s checks nothing of the certificate then, and not all of the "
                           "old cryptography can be had",
                           page->client);
        return true;
    }
    return true;
}

bool anycert__page_drops(struct anycert__page *page, const struct anycert__skills *skills)
{
    bool drops = rung_drops(page, skills);
    bool any = anycert__policy_accepts_any_certificate(page->policy);
    char date[ANYCERT__DATE_SIZE];

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        anycert__relaxations bit = ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
        bool of_certificate = (bit & anycert__relaxations_of_certificates()) != 0;

        if ((page->policy->relaxations & bit) && !(any && of_certificate) &&
            look_at(page, skills, r))
            drops = true;
    }
    if (page->policy->pin_count > 0 && !skills->pins)
        anycert__page_note(page, ANYCERT_FIT_COARSER, "pin: %s cannot compare pins of keys",
                           page->client);
    else if (page->policy->pin_count > 0)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "pin: compared with the server's own key alone, not with those of CAs");
    if (page->policy->has_until) {
        anycert__format_date(page->policy->until, date);
        anycert__page_note(page, ANYCERT_FIT_SAME, "the policy ends on %s; this does not", date);
    }
    page->believes_anybody = drops;
    page->compares_pin = page->policy->pin_count > 0 && (drops ? skills->pins_alone : skills->pins);
    return drops;
}

void anycert__page_caution(struct anycert__page *page, const char *trusts)
{
    static const anycert__relaxations of_issuers =
        ANYCERT__BIT(UNTRUSTED_ISSUER) | ANYCERT__BIT(SELF_SIGNED) | ANYCERT__BIT(INVALID_CA);
    const struct anycert_policy *policy = page->policy;
    /* What the policy asks for, and what the client comes to with it. */
    bool unverified =
        policy->rung != ANYCERT__RUNG_HARDENED || (policy->relaxations & of_issuers) != 0;
    bool blind = page->believes_anybody || unverified;
    bool more = (policy->relaxations & ~of_issuers) != 0;
    static const char instead[] = " instead";
    size_t len = strlen(trusts);

    if (more && anycert__str_ends_nocase(trusts, instead))
        len -= strlen(instead);
    if (!blind && !anycert__without_proof(policy->relaxations))
        return;
    anycert__page_note(
        page, ANYCERT_FIT_SAME, "%s",
        anycert__caution(page->compares_pin ? ANYCERT__TRUST_IF_COMPARED : ANYCERT__TRUST_NOBODY,
                         blind));
    if (unverified)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "better: get the CA's certificate, or the server's own if it signed "
                           "itself, from whoever runs the server, not from the connection, save it "
                           "as private-ca.pem, and %.*s%s",
                           (int)len, trusts,
                           more ? "; what has nothing to do with that is needed still" : "");
}

/* ---- the way */

bool anycert__page_proxy(const struct anycert__page *page, struct anycert__page_proxy *out)
{
    const char *url = anycert__words_find(page->way, "proxy", 0);
    struct anycert__proxy proxy;
    struct anycert_error ignored;

    *out = (struct anycert__page_proxy){.port = 0};
    if (!url || anycert__peer_proxy(url, &proxy, &ignored) < 0)
        return false;
    (void)snprintf(out->scheme, sizeof out->scheme, "%.*s", (int)strcspn(url, ":"), url);
    (void)snprintf(out->host, sizeof out->host, "%s", proxy.peer.host);
    out->port = proxy.peer.port;
    return true;
}

bool anycert__page_lacks_way(struct anycert__page *page, const char *schemes, bool takes_addresses)
{
    struct anycert__page_proxy proxy;
    char word[32];
    bool has_proxy = anycert__page_proxy(page, &proxy);
    bool takes_proxy = false;

    (void)snprintf(word, sizeof word, " %s ", proxy.scheme);
    takes_proxy = has_proxy && strstr(schemes, word);
    if (has_proxy && !takes_proxy)
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "the proxy %s://%s:%u of the examination is not in this", proxy.scheme,
                           proxy.host, proxy.port);
    if (takes_proxy && strcmp(proxy.scheme, "https") == 0 &&
        anycert__words_find(page->way, "proxy-trust", 0) && !takes_addresses)
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "the proxy's own certificate is verified as %s does by itself",
                           page->client);
    if (!takes_addresses && (anycert__words_find(page->way, "resolve", 0) ||
                             anycert__words_find(page->way, "connect-to", 0)))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "the other address of the examination is not in this");
    return takes_proxy;
}

/* ---- versions, suites, anchors */

void anycert__page_ciphers(struct anycert__page *page,
                           char out[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"])
{
    static const anycert__relaxations need_0 =
        ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(SHA1_HANDSHAKE) |
        ANYCERT__BIT(LEGACY_CIPHERS) | ANYCERT__BIT(WEAK_SIGNATURE);
    static const anycert__relaxations need_1 = ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(WEAK_KEY);
    anycert__relaxations asked = page->policy->relaxations;
    size_t used = 0;
    int own = 0;
    int level = 0;

    anycert__tls_ciphers(page->policy, out, &own);
    level = asked & need_0 ? 0 : (asked & need_1) && own > 1 ? 1 : own;
    if (level < own)
        anycert__page_note(page, ANYCERT_FIT_COARSER,
                           "security level %d instead of %d: what the policy keeps is given up "
                           "with it, such as the strength of other keys and digests",
                           level, own);
    used = strlen(out);
    (void)snprintf(out + used, sizeof ":@SECLEVEL=0", ":@SECLEVEL=%d", level);
}

unsigned anycert__page_lowest(const struct anycert__page *page)
{
    return page->allowed & ANYCERT__BIT(TLS1_0)   ? 0x0301
           : page->allowed & ANYCERT__BIT(TLS1_1) ? 0x0302
                                                  : 0x0303;
}

bool anycert__page_is_capped(const struct anycert__page *page)
{
    return (page->policy->relaxations & ANYCERT__BIT(TLS1_2_MAX)) != 0;
}

bool anycert__page_has_system(const struct anycert__page *page)
{
    for (size_t i = 0; i < page->policy->ca_count; i++) {
        if (page->policy->cas[i].kind == ANYCERT__CA_SYSTEM)
            return true;
    }
    return page->policy->ca_count == 0;
}

const char *anycert__page_anchors(struct anycert__page *page, size_t n, bool folders)
{
    for (size_t i = 0; i < page->policy->ca_count; i++) {
        const struct anycert__ca *ca = &page->policy->cas[i];

        if (ca->kind == ANYCERT__CA_SYSTEM || n-- > 0)
            continue;
        if (ca->kind == ANYCERT__CA_MEMORY) {
            anycert__page_note(page, ANYCERT_FIT_SAME,
                               "write the anchors that are in memory to the file anchors.pem");
            return "anchors.pem";
        }
        if (!anycert__shell_is_showable(ca->path, strlen(ca->path))) {
            anycert__page_note(page, ANYCERT_FIT_SAME, "anchors.pem stands for the file %s",
                               ca->path);
            return "anchors.pem";
        }
        (void)folders;
        return ca->path;
    }
    return NULL;
}
