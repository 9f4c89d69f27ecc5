#include "verdict/facts.h"

#include "base/mem.h"

#include <string.h>

struct anycert__facts *anycert__facts_new(void)
{
    struct anycert__facts *facts = anycert__calloc(1, sizeof(*facts));
    if (facts == NULL)
        return NULL;
    facts->references = 1;
    facts->failure.alert = -1;
    return facts;
}

struct anycert__facts *anycert__facts_ref(struct anycert__facts *facts)
{
    if (facts != NULL)
        __atomic_add_fetch(&facts->references, 1, __ATOMIC_RELAXED);
    return facts;
}

void anycert__facts_view(struct anycert__facts *view, const struct anycert__facts *facts)
{
    /* Without the count, which others may change meanwhile. */
    memcpy(view, facts, offsetof(struct anycert__facts, references));
    view->references = 1;
}

void anycert__certificate_clear(struct anycert__certificate *certificate)
{
    if (certificate == NULL)
        return;
    anycert__free(certificate->der);
    anycert__free(certificate->subject);
    anycert__free(certificate->issuer);
    anycert__free(certificate->serial);
    anycert__free(certificate->key_type);
    anycert__free(certificate->curve);
    anycert__free(certificate->signature_algorithm);
    anycert__free(certificate->flaw);
    for (size_t i = 0; i < certificate->name_count && certificate->names != NULL; i++)
        anycert__free(certificate->names[i].value);
    anycert__free(certificate->names);
    *certificate = (struct anycert__certificate){0};
}

static void free_certificates(struct anycert__certificate *certificates, size_t count)
{
    for (size_t i = 0; i < count && certificates != NULL; i++)
        anycert__certificate_clear(&certificates[i]);
    anycert__free(certificates);
}

void anycert__facts_unref(struct anycert__facts *facts)
{
    if (facts == NULL || __atomic_sub_fetch(&facts->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free_certificates(facts->presented, facts->presented_count);
    free_certificates(facts->validated, facts->validated_count);
    anycert__free(facts->host);
    anycert__free(facts->identity);
    anycert__free(facts->errors);
    if (facts->release_keeper != NULL)
        facts->release_keeper(facts->digest_keeper);
    anycert__trust_record_clear(&facts->record);
    anycert__free(facts->trust_store);
    anycert__free(facts->anchors);
    anycert__free(facts->anchors_error);
    anycert__free(facts);
}

int anycert__facts_add_error(struct anycert__facts *facts, int code, int depth)
{
    for (size_t i = 0; i < facts->error_count; i++) {
        if (facts->errors[i].code == code && facts->errors[i].depth == depth)
            return 0;
    }
    size_t size = (facts->error_count + 1) * sizeof(*facts->errors);
    struct anycert__verify_error *errors = anycert__realloc(facts->errors, size);
    if (errors == NULL)
        return -1;
    errors[facts->error_count] = (struct anycert__verify_error){.code = code, .depth = depth};
    facts->errors = errors;
    facts->error_count++;
    return 0;
}

const char *anycert__facts_anchors_digest(const struct anycert__facts *facts)
{
    return facts->ask_digest != NULL ? facts->ask_digest(facts->digest_keeper)
                                     : facts->anchors_digest;
}
