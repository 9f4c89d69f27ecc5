#include "support/hostile_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG 100000

static const struct {
    const char *bytes;
    size_t len;
} strings[] = {
#define STRING(literal) {literal, sizeof(literal) - 1}
    STRING("a\0b.example"),
    STRING("\r\n  refused  trust: none\r\n\x1b[31m"),
    STRING("\xff\xfe\x80\xc0\xaf"),
    STRING("\xed\xa0\x80 surrogate"),
    STRING("\xf4\x90\x80\x80 beyond Unicode"),
    STRING("cut sequence \xe2\x82"),
    STRING("\xe2\x80\xae"
           "txe.elpmaxe"),
    STRING("\xc2\x9b"
           "31m C1"),
    STRING("good.example', b.example; not 'bad"),
    STRING("\"},{\"schema\":\"forged\""),
    STRING("\\x41\\"),
    STRING("%s%n%d"),
    STRING("\xe5\x90\x8d\xe5\x89\x8d.example"),
#undef STRING
};
#define STRINGS (sizeof(strings) / sizeof(strings[0]))

size_t hostile_count(void)
{
    return STRINGS + 2; /* and two that are very long */
}

static char *long_string(const char *unit)
{
    char *text = calloc(1, LONG + 1);
    if (text == NULL)
        abort();
    for (size_t i = 0; i < LONG; i++)
        text[i] = unit[i % strlen(unit)];
    return text;
}

static void spoil(struct anycert__certificate *certificate, const char *bytes, size_t len)
{
    sample_string(&certificate->subject, bytes);
    sample_string(&certificate->issuer, bytes);
    sample_string(&certificate->serial, bytes);
    sample_string(&certificate->key_type, bytes);
    sample_string(&certificate->curve, bytes);
    sample_string(&certificate->signature_algorithm, bytes);
    for (int kind = ANYCERT__NAME_DNS; kind <= ANYCERT__NAME_OTHER; kind++)
        sample_name(certificate, (enum anycert__name_kind)kind, bytes, len);
}

struct anycert__facts *hostile_facts(size_t nth)
{
    struct anycert__facts *facts = sample_facts();
    char *made = nth < STRINGS ? NULL : long_string(nth == STRINGS ? "A" : "\xe5\x90\x8d");
    const char *bytes = made != NULL ? made : strings[nth].bytes;
    size_t len = made != NULL ? LONG : strings[nth].len;
    for (size_t i = 0; i < facts->presented_count; i++)
        spoil(&facts->presented[i], bytes, len);
    for (size_t i = 0; i < facts->validated_count; i++)
        spoil(&facts->validated[i], bytes, len);
    char short_one[256]; /* what is ours has a limit before it comes here */
    snprintf(short_one, sizeof(short_one), "%s", bytes);
    sample_string(&facts->host, short_one);
    sample_string(&facts->identity, short_one);
    sample_string(&facts->anchors, short_one);
    sample_string(&facts->anchors_error, short_one);
    snprintf(facts->negotiated.cipher, sizeof(facts->negotiated.cipher), "%s", bytes);
    snprintf(facts->negotiated.group, sizeof(facts->negotiated.group), "%s", bytes);
    snprintf(facts->negotiated.alpn, sizeof(facts->negotiated.alpn), "%s", bytes);
    snprintf(facts->negotiated.signature, sizeof(facts->negotiated.signature), "%s", bytes);
    snprintf(facts->staple_note, sizeof(facts->staple_note), "%s", bytes);
    facts->failure.failed = true;
    snprintf(facts->failure.reason, sizeof(facts->failure.reason), "%s", bytes);
    sample_error(facts, 20, 2);
    sample_error(facts, 62, 0);
    sample_error(facts, 66, 0);
    sample_error(facts, 68, 1);
    sample_error(facts, 4711, 1);
    free(made);
    return facts;
}
