#include "support/sample_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void require(int condition)
{
    if (!condition)
        abort();
}

void sample_string(char **where, const char *value)
{
    anycert__free(*where);
    *where = anycert__strdup(value);
    require(*where != NULL);
}

void sample_name(struct anycert__certificate *certificate, enum anycert__name_kind kind,
                 const char *value, size_t len)
{
    size_t size = (certificate->name_count + 1) * sizeof(*certificate->names);
    certificate->names = anycert__realloc(certificate->names, size);
    require(certificate->names != NULL);
    certificate->names[certificate->name_count++] =
        (struct anycert__alt_name){.kind = kind, .value = anycert__memdup(value, len), .len = len};
}

void sample_error(struct anycert__facts *facts, int code, int depth)
{
    require(anycert__facts_add_error(facts, code, depth) == 0);
}

static void fill(struct anycert__certificate *certificate, const char *subject, const char *issuer,
                 int days)
{
    static const unsigned char der[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    certificate->der = anycert__memdup(der, sizeof(der));
    certificate->der_len = sizeof(der);
    sample_string(&certificate->subject, subject);
    sample_string(&certificate->issuer, issuer);
    sample_string(&certificate->serial, "01A2");
    certificate->dates_readable = true;
    certificate->not_before = SAMPLE_NOW - 30 * SAMPLE_DAY;
    certificate->not_after = SAMPLE_NOW + days * SAMPLE_DAY;
    sample_string(&certificate->key_type, "RSA");
    sample_string(&certificate->curve, "");
    certificate->key_bits = 2048;
    sample_string(&certificate->signature_algorithm, "sha256WithRSAEncryption");
    certificate->self_issued = strcmp(subject, issuer) == 0;
    for (size_t i = 0; i < sizeof(certificate->sha256); i++)
        certificate->sha256[i] = (uint8_t)(i * 7 + (size_t)days);
    memcpy(certificate->pin,
           "sha256//MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", sizeof(certificate->pin));
}

static void fill_chain(struct anycert__certificate *chain, size_t count)
{
    fill(&chain[0], "CN=localhost", "CN=Sample Intermediate", 100);
    sample_name(&chain[0], ANYCERT__NAME_DNS, "localhost", 9);
    sample_name(&chain[0], ANYCERT__NAME_IP, "127.0.0.1", 9);
    sample_string(&chain[0].key_type, "EC");
    sample_string(&chain[0].curve, "P-256");
    chain[0].key_bits = 256;
    fill(&chain[1], "CN=Sample Intermediate", "CN=Sample Root", 1000);
    chain[1].is_ca = true;
    if (count < 3)
        return;
    fill(&chain[2], "CN=Sample Root", "CN=Sample Root", 3000);
    chain[2].is_ca = true;
}

static struct anycert__facts *with_target(void)
{
    struct anycert__facts *facts = anycert__facts_new();
    require(facts != NULL);
    sample_string(&facts->host, "localhost");
    sample_string(&facts->identity, "localhost");
    sample_string(&facts->anchors, "file (/etc/sample/ca.pem)");
    memset(facts->anchors_digest, 'a', sizeof(facts->anchors_digest) - 1);
    facts->port = 8443;
    facts->time = SAMPLE_NOW;
    return facts;
}

static void negotiate(struct anycert__facts *facts)
{
    facts->complete = true;
    facts->negotiated = (struct anycert__negotiated){
        .version = 0x0304,
        .cipher_id = 0x1302,
        .cipher = "TLS_AES_256_GCM_SHA384",
        .key_exchange = ANYCERT__KX_ECDHE,
        .mode = ANYCERT__CIPHER_AEAD,
        .group = "X25519",
        .signature = "ECDSA+SHA256",
        .signature_digest = ANYCERT__DIGEST_STRONG,
        .secure_renegotiation = true,
        .extended_master_secret = true,
        .alpn = "http/1.1",
    };
}

static struct anycert__certificate *certificates(size_t count)
{
    struct anycert__certificate *chain = anycert__calloc(count, sizeof(*chain));
    require(chain != NULL);
    return chain;
}

struct anycert__facts *sample_facts(void)
{
    struct anycert__facts *facts = with_target();
    facts->presented = certificates(2);
    facts->presented_count = 2;
    fill_chain(facts->presented, 2);
    facts->validated = certificates(3);
    facts->validated_count = 3;
    fill_chain(facts->validated, 3);
    facts->verified = true;
    facts->name_match = true;
    facts->has_dns_or_ip_name = true;
    negotiate(facts);
    return facts;
}

struct anycert__facts *sample_self_signed(void)
{
    struct anycert__facts *facts = with_target();
    facts->presented = certificates(1);
    facts->presented_count = 1;
    fill(&facts->presented[0], "CN=localhost", "CN=localhost", 100);
    sample_name(&facts->presented[0], ANYCERT__NAME_DNS, "localhost", 9);
    facts->validated = certificates(1);
    facts->validated_count = 1;
    fill(&facts->validated[0], "CN=localhost", "CN=localhost", 100);
    sample_name(&facts->validated[0], ANYCERT__NAME_DNS, "localhost", 9);
    facts->verified = true;
    facts->name_match = true;
    facts->has_dns_or_ip_name = true;
    sample_error(facts, 18, 0);
    negotiate(facts);
    return facts;
}

struct anycert__facts *sample_refused_by_peer(void)
{
    struct anycert__facts *facts = with_target();
    facts->failure = (struct anycert__handshake_failure){
        .failed = true,
        .openssl_error = 0x0A000410UL,
        .reason = "sslv3 alert handshake failure",
        .alert = 40,
        .alert_from_peer = true,
    };
    return facts;
}
