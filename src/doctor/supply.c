#include "doctor/supply.h"

#include "base/mem.h"
#include "http/fetch.h"
#include "verdict/findings.h"

#include <stdio.h>
#include <string.h>

#define FETCHED_MAX 65536 /* bytes of one certificate, or of a bundle with its companions */
#define STEPS_MAX   4     /* certificates between the server's and the root */

#define X509_NO_ISSUER 20 /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */

/* The highest certificate of a chain that ends without an issuer. */
static const struct anycert__certificate *loose_end(const struct anycert__facts *facts)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (facts->errors[i].code == X509_NO_ISSUER)
            return anycert__certificate_at(facts, facts->errors[i].depth);
    }
    return NULL;
}

/* 1 with the issuer; 0 if it cannot be had, with the trouble; -1 with NOMEM. */
static int step(struct anycert__supply *supply, const struct anycert_doctor *doctor,
                const struct anycert__certificate *of, bool only_public,
                struct anycert__certificate *issuer, struct anycert_error *err)
{
    char url[ANYCERT__ISSUER_URL_SIZE];
    struct anycert__fetch fetch = {.url = url,
                                   .limit_ms = doctor->timeout_ms,
                                   .only_public = only_public,
                                   .stop = &doctor->stop};
    struct anycert__buf bytes;
    struct anycert_error why = {0};
    int result = 0;

    anycert__issuer_url(of, url);
    if (supply->url[0] == '\0')
        memcpy(supply->url, url, sizeof url);
    if (url[0] == '\0') {
        (void)snprintf(supply->trouble, sizeof supply->trouble,
                       "no place to fetch its issuer from is named");
        return 0;
    }
    anycert__buf_init(&bytes, FETCHED_MAX);
    if (anycert__http_fetch(&fetch, &bytes, &why) < 0)
        (void)snprintf(supply->trouble, sizeof supply->trouble,
                       "its issuer cannot be fetched: %.150s", why.message);
    else
        result = anycert__intermediates_add_issuer(&supply->certs, bytes.data, bytes.len, of,
                                                   issuer, err);
    if (result == 0 && supply->trouble[0] == '\0')
        (void)snprintf(supply->trouble, sizeof supply->trouble,
                       "what was fetched is not the certificate that issued it");
    anycert__buf_free(&bytes);
    return result;
}

static int climb(struct anycert__supply *supply, const struct anycert_doctor *doctor,
                 struct anycert__anchors *anchors, const struct anycert__certificate *of,
                 bool only_public, struct anycert_error *err)
{
    struct anycert__certificate steps[STEPS_MAX] = {0};
    size_t taken = 0;
    int result = 1;

    while (result == 1 && taken < STEPS_MAX && !supply->leads_home) {
        result = step(supply, doctor, taken == 0 ? of : &steps[taken - 1], only_public,
                      &steps[taken], err);
        if (result != 1)
            break;
        supply->leads_home = anycert__anchors_kin(anchors, &steps[taken]) == ANYCERT__KIN_SIGNER;
        anycert__free(supply->name);
        supply->name = anycert__strdup(steps[taken].subject);
        if (!supply->name)
            result = anycert__fail_nomem(err);
        if (steps[taken++].self_issued)
            break;
    }
    if (result == 1 && !supply->leads_home)
        (void)snprintf(supply->trouble, sizeof supply->trouble,
                       "what was fetched leads to a root that is not trusted here");
    for (size_t i = 0; i < STEPS_MAX; i++)
        anycert__certificate_clear(&steps[i]);
    return result < 0 ? -1 : 0;
}

int anycert__supply_fetch(struct anycert__supply *supply, const struct anycert_doctor *doctor,
                          struct anycert__anchors *anchors, const struct anycert__facts *facts,
                          bool only_public, struct anycert_error *err)
{
    const struct anycert__certificate *of = facts && facts->verified ? loose_end(facts) : NULL;

    if (supply->tried || !of)
        return 0;
    supply->tried = true;
    if (anycert__intermediates_join(&supply->certs, doctor->intermediates, err) < 0)
        return -1;
    return climb(supply, doctor, anchors, of, only_public, err);
}

void anycert__supply_clear(struct anycert__supply *supply)
{
    anycert__intermediates_free(supply->certs);
    anycert__free(supply->name);
    *supply = (struct anycert__supply){0};
}
