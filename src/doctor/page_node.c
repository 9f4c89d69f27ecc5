/* Node: a program with an agent. */
#include "doctor/page.h"

#include "base/str.h"

#include <string.h>

static const struct anycert__skills skills = {
    .alone = ANYCERT__BIT(WRONG_HOST) | ANYCERT__BIT(LEGACY_RENEGOTIATION) |
             ANYCERT__BIT(TLS1_2_MAX) | ANYCERT__BIT(RSA_KEY_EXCHANGE) | ANYCERT__BIT(CBC_SHA1) |
             ANYCERT__BIT(NO_EMS) | ANYCERT__BIT(NO_ETM) | ANYCERT__BIT(NO_SNI) |
             ANYCERT__BIT(CLASSICAL_HELLO) | ANYCERT__BIT(RENEGOTIATION),
    .by_itself = ANYCERT__BIT(COMMON_NAME) | ANYCERT__BIT(NO_ALPN),
    .by_level = ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE) | ANYCERT__BIT(TLS1_0) |
                ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(SHA1_HANDSHAKE) |
                ANYCERT__BIT(LEGACY_CIPHERS),
    .pins = true,
    .drops = "rejectUnauthorized: false gives up all that a certificate is for",
};

static void add_anchors(struct anycert__page *page)
{
    const char *file = NULL;

    if (page->policy->ca_count == 0)
        return;
    anycert__page_add(page, "  ca: [");
    for (size_t n = 0; (file = anycert__page_anchors(page, n, false)) != NULL; n++) {
        anycert__page_add(page, n ? ", fs.readFileSync(" : "fs.readFileSync(");
        anycert__page_string(page, file);
        anycert__page_add(page, ")");
    }
    if (anycert__page_has_system(page))
        anycert__page_add(page, ", ...tls.rootCertificates");
    anycert__page_add(page, "],\n  allowPartialTrustChain: true,\n");
}

/* servername is what is sent, and what is expected unless a function looks at it otherwise. */
static void add_names(struct anycert__page *page)
{
    const struct anycert_policy *policy = page->policy;
    const char *sent = policy->sni ? policy->sni : policy->expect_name;
    const char *expected = policy->expect_name ? policy->expect_name : page->host;
    bool any_name = (policy->relaxations & ANYCERT__BIT(WRONG_HOST)) != 0;

    if (policy->relaxations & ANYCERT__BIT(NO_SNI)) {
        anycert__page_add(page, "  servername: \"\",\n");
    } else if (sent) {
        anycert__page_add(page, "  servername: ");
        anycert__page_string(page, sent);
        anycert__page_add(page, ",\n");
    }
    if (policy->expect_name && !policy->sni)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "expect-name: the expected name is sent in the handshake, too");
    if (policy->pin_count == 0 && !sent && !any_name &&
        !(policy->relaxations & ANYCERT__BIT(NO_SNI)))
        return;
    anycert__page_add(page, "  checkServerIdentity: (name, certificate) => {\n");
    if (policy->pin_count > 0) {
        anycert__page_add(page,
                          "    const key = new crypto.X509Certificate(certificate.raw).publicKey\n"
                          "      .export({ type: \"spki\", format: \"der\" });\n"
                          "    const pin = \"sha256//\" + "
                          "crypto.createHash(\"sha256\").update(key).digest(\"base64\");\n"
                          "    if (![");
        for (size_t i = 0; i < policy->pin_count; i++)
            anycert__page_add(page, "%s\"%s\"", i ? ", " : "", policy->pins[i]);
        anycert__page_add(page, "].includes(pin))\n"
                                "      return new Error(\"the key is not a pinned one\");\n");
    }
    if (any_name) {
        anycert__page_add(page, "    return undefined;\n  },\n");
        return;
    }
    anycert__page_add(page, "    return tls.checkServerIdentity(");
    anycert__page_string(page, expected);
    anycert__page_add(page, ", certificate);\n  },\n");
}

static void add_options(struct anycert__page *page)
{
    unsigned options = 0;

    if (page->allowed & ANYCERT__BIT(LEGACY_RENEGOTIATION))
        options |= 0x4;
    if (page->allowed & ANYCERT__BIT(NO_EMS))
        options |= 0x1;
    if (page->allowed & ANYCERT__BIT(NO_ETM))
        options |= 0x80000;
    if (options)
        anycert__page_add(page,
                          "  // SSL_OP_LEGACY_SERVER_CONNECT 0x4, NO_EXTENDED_MASTER_SECRET 0x1, "
                          "NO_ENCRYPT_THEN_MAC 0x80000\n"
                          "  secureOptions: 0x%x,\n",
                          options);
    if (page->policy->relaxations & ANYCERT__BIT(CLASSICAL_HELLO))
        anycert__page_add(page, "  ecdhCurve: \"X25519:P-256:P-384:P-521\",\n");
}

void anycert__page_node(struct anycert__page *page)
{
    static const char *const versions[] = {"TLSv1", "TLSv1.1", "TLSv1.2"};
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"];
    bool drops = anycert__page_drops(page, &skills);

    if (page->policy->relaxations & ANYCERT__BIT(RENEGOTIATION))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "renegotiation: Node takes part in it by itself at TLS 1.2, and never "
                           "at TLS 1.3");
    (void)anycert__page_lacks_way(page, "", false);
    anycert__page_ciphers(page, ciphers);
    anycert__page_add(page, "const crypto = require(\"crypto\");\n"
                            "const fs = require(\"fs\");\n"
                            "const https = require(\"https\");\n"
                            "const tls = require(\"tls\");\n\n"
                            "const agent = new https.Agent({\n");
    anycert__page_add(page, "  minVersion: \"%s\",\n",
                      versions[anycert__page_lowest(page) - 0x0301]);
    if (anycert__page_is_capped(page))
        anycert__page_add(page, "  maxVersion: \"TLSv1.2\",\n");
    anycert__page_add(page,
                      "  ciphers: \"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
                      "TLS_AES_128_GCM_SHA256:%s\" +\n    \"%s\",\n",
                      page->policy->relaxations & ANYCERT__BIT(LEGACY_CIPHERS)
                          ? "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256:"
                          : "",
                      ciphers);
    add_options(page);
    if (drops) {
        anycert__page_add(page, "  rejectUnauthorized: false,\n");
    } else {
        add_anchors(page);
    }
    add_names(page);
    anycert__page_add(page, "});\nhttps.get(");
    anycert__page_string(page, page->url);
    anycert__page_add(page, ", { agent }, response => {\n"
                            "  console.log(response.statusCode);\n"
                            "  response.resume();\n"
                            "}).on(\"error\", error => {\n"
                            "  console.error(error.message);\n"
                            "  process.exitCode = 1;\n"
                            "});\n");
}
