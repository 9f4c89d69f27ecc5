/* Go: a program. Where a check is given up, the rest is verified by the program itself, with the
 * same functions. */
#include "doctor/page.h"

#include "base/str.h"

#include <string.h>

static const struct anycert__skills skills = {
    .alone = ANYCERT__BIT(UNTRUSTED_ISSUER) | ANYCERT__BIT(SELF_SIGNED) | ANYCERT__BIT(EXPIRED) |
             ANYCERT__BIT(NOT_YET_VALID) | ANYCERT__BIT(WRONG_HOST) | ANYCERT__BIT(COMMON_NAME) |
             ANYCERT__BIT(WRONG_PURPOSE) | ANYCERT__BIT(CRITICAL_EXTENSION) | ANYCERT__BIT(TLS1_0) |
             ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(TLS1_2_MAX) | ANYCERT__BIT(RSA_KEY_EXCHANGE) |
             ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(SHA1_HANDSHAKE) | ANYCERT__BIT(CLASSICAL_HELLO),
    .by_itself = ANYCERT__BIT(LEGACY_RENEGOTIATION) | ANYCERT__BIT(NO_ALPN) | ANYCERT__BIT(NO_ETM) |
                 ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(UNCLEAN_SHUTDOWN),
    .pins = true,
    .pins_alone = true,
    .drops = "InsecureSkipVerify gives up all that a certificate is for",
};

/* What the verification that is done by hand has to do otherwise. */
static const anycert__relaxations by_hand =
    ANYCERT__BIT(UNTRUSTED_ISSUER) | ANYCERT__BIT(SELF_SIGNED) | ANYCERT__BIT(EXPIRED) |
    ANYCERT__BIT(NOT_YET_VALID) | ANYCERT__BIT(WRONG_HOST) | ANYCERT__BIT(COMMON_NAME) |
    ANYCERT__BIT(WRONG_PURPOSE) | ANYCERT__BIT(CRITICAL_EXTENSION);

static bool asks(const struct anycert__page *page, anycert__relaxations bits)
{
    return (page->policy->relaxations & bits) != 0;
}

/* What of a certificate is given up is changed in a copy, which is verified in its place. */
static bool changes_copies(const struct anycert__page *page)
{
    return asks(page, ANYCERT__BIT(EXPIRED) | ANYCERT__BIT(NOT_YET_VALID) |
                          ANYCERT__BIT(CRITICAL_EXTENSION));
}

static bool has_files(const struct anycert__page *page)
{
    for (size_t i = 0; i < page->policy->ca_count; i++) {
        if (page->policy->cas[i].kind != ANYCERT__CA_SYSTEM)
            return true;
    }
    return false;
}

/* Their certificates have dates, too: they are changed when a server is verified. */
static void add_anchors(struct anycert__page *page)
{
    const char *file = NULL;

    for (size_t n = 0; (file = anycert__page_anchors(page, n, false)) != NULL; n++) {
        if (n == 0)
            anycert__page_add(page, "\tvar anchors []*x509.Certificate\n");
        anycert__page_add(page, "\tif rest, err := os.ReadFile(");
        anycert__page_string(page, file);
        anycert__page_add(page,
                          "); err != nil {\n"
                          "\t\tfmt.Fprintln(os.Stderr, \"no anchors\", err)\n"
                          "\t\tos.Exit(1)\n\t} else {\n"
                          "\t\tfor block, rest := pem.Decode(rest); block != nil; block, rest = "
                          "pem.Decode(rest) {\n"
                          "\t\t\tif c, err := x509.ParseCertificate(block.Bytes); err == nil {\n"
                          "\t\t\t\tanchors = append(anchors, c)\n\t\t\t}\n\t\t}\n\t}\n");
    }
    if (anycert__page_has_system(page) &&
        asks(page, ANYCERT__BIT(EXPIRED) | ANYCERT__BIT(NOT_YET_VALID)))
        anycert__page_note(
            page, ANYCERT_FIT_SAME,
            "expired, not-yet-valid: of the system's anchors %s takes none whose own "
            "dates are wrong",
            page->client);
}

static void add_roots(struct anycert__page *page, bool by_copies)
{
    const char *file = NULL;

    anycert__page_add(page, "\troots := x509.NewCertPool()\n");
    if (anycert__page_has_system(page))
        anycert__page_add(page, "\tif system, err := x509.SystemCertPool(); err == nil {\n"
                                "\t\troots = system\n\t}\n");
    if (by_copies) {
        add_anchors(page);
        return;
    }
    for (size_t n = 0; (file = anycert__page_anchors(page, n, false)) != NULL; n++) {
        anycert__page_add(page, "\tif pem, err := os.ReadFile(");
        anycert__page_string(page, file);
        anycert__page_add(page, "); err != nil || !roots.AppendCertsFromPEM(pem) {\n"
                                "\t\tfmt.Fprintln(os.Stderr, \"no anchors\", err)\n"
                                "\t\tos.Exit(1)\n\t}\n");
    }
}

static void add_pins(struct anycert__page *page)
{
    if (page->policy->pin_count == 0)
        return;
    anycert__page_add(page, "\t\tdigest := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)\n"
                            "\t\tswitch \"sha256//\" + "
                            "base64.StdEncoding.EncodeToString(digest[:]) {\n\t\tcase ");
    for (size_t i = 0; i < page->policy->pin_count; i++)
        anycert__page_add(page, "%s\"%s\"", i ? ", " : "", page->policy->pins[i]);
    anycert__page_add(page, ":\n\t\tdefault:\n"
                            "\t\t\treturn errors.New(\"the key is not a pinned one\")\n\t\t}\n");
}

static void add_copies(struct anycert__page *page)
{
    anycert__page_add(page, "\t\tnow := time.Now()\n");
    if (!changes_copies(page))
        return;
    anycert__page_add(page, "\t\trelaxed := func(sent *x509.Certificate) *x509.Certificate {\n"
                            "\t\t\tc := *sent // which others use, too\n");
    if (asks(page, ANYCERT__BIT(EXPIRED)))
        anycert__page_add(page, "\t\t\tif c.NotAfter.Before(now) {\n"
                                "\t\t\t\tc.NotAfter = now\n\t\t\t}\n");
    if (asks(page, ANYCERT__BIT(NOT_YET_VALID)))
        anycert__page_add(page, "\t\t\tif c.NotBefore.After(now) {\n"
                                "\t\t\t\tc.NotBefore = now\n\t\t\t}\n");
    if (asks(page, ANYCERT__BIT(CRITICAL_EXTENSION)))
        anycert__page_add(page, "\t\t\tc.UnhandledCriticalExtensions = nil\n");
    anycert__page_add(page, "\t\t\treturn &c\n\t\t}\n");
}

static void add_name(struct anycert__page *page)
{
    const char *expected = page->policy->expect_name ? page->policy->expect_name : page->host;

    if (asks(page, ANYCERT__BIT(WRONG_HOST)))
        return;
    if (asks(page, ANYCERT__BIT(COMMON_NAME))) {
        anycert__page_add(page, "\t\tif len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 || "
                                "leaf.Subject.CommonName != ");
        anycert__page_string(page, expected);
        anycert__page_add(page, " {\n\t\t\toptions.DNSName = ");
        anycert__page_string(page, expected);
        anycert__page_add(page, "\n\t\t}\n");
        return;
    }
    anycert__page_add(page, "\t\toptions.DNSName = ");
    anycert__page_string(page, expected);
    anycert__page_add(page, "\n");
}

static void add_chain(struct anycert__page *page)
{
    bool copies = changes_copies(page);

    anycert__page_add(page,
                      "\t\toptions := x509.VerifyOptions{Roots: roots, CurrentTime: now, "
                      "Intermediates: x509.NewCertPool()}\n"
                      "\t\tfor _, c := range state.PeerCertificates[1:] {\n"
                      "\t\t\toptions.Intermediates.AddCert(%s)\n\t\t}\n",
                      copies ? "relaxed(c)" : "c");
    if (copies && has_files(page))
        anycert__page_add(page, "\t\toptions.Roots = roots.Clone()\n"
                                "\t\tfor _, c := range anchors {\n"
                                "\t\t\toptions.Roots.AddCert(relaxed(c))\n\t\t}\n");
    if (asks(page, ANYCERT__BIT(UNTRUSTED_ISSUER)))
        anycert__page_add(page,
                          "\t\toptions.Roots = options.Roots.Clone()\n"
                          "\t\toptions.Roots.AddCert(%sstate.PeerCertificates"
                          "[len(state.PeerCertificates)-1]%s)\n",
                          copies ? "relaxed(" : "", copies ? ")" : "");
    else if (asks(page, ANYCERT__BIT(SELF_SIGNED)))
        anycert__page_add(page, "\t\tif bytes.Equal(leaf.RawSubject, leaf.RawIssuer) {\n"
                                "\t\t\toptions.Roots = options.Roots.Clone()\n"
                                "\t\t\toptions.Roots.AddCert(leaf)\n\t\t}\n");
    if (asks(page, ANYCERT__BIT(WRONG_PURPOSE)))
        anycert__page_add(page, "\t\toptions.KeyUsages = "
                                "[]x509.ExtKeyUsage{x509.ExtKeyUsageAny}\n");
    add_name(page);
    anycert__page_add(page, "\t\t_, err := leaf.Verify(options)\n\t\treturn err\n");
}

static void add_verification(struct anycert__page *page, bool drops)
{
    bool instead = page->policy->rung == ANYCERT__RUNG_PINNED;
    bool hand = asks(page, by_hand) || page->policy->sni;
    bool chain = !drops && !instead && hand;

    if (instead && (page->policy->check_name || page->policy->check_dates))
        anycert__page_note(page, ANYCERT_FIT_COARSER,
                           "check: this compares the pin and nothing else");
    if (!drops && !instead && !hand && page->policy->pin_count == 0)
        return;
    if (drops || instead || hand)
        anycert__page_add(page, "\tconfig.InsecureSkipVerify = true%s\n",
                          drops ? "" : " // what follows is verified instead");
    if (drops && page->policy->pin_count == 0)
        return;
    anycert__page_add(page,
                      "\tconfig.VerifyConnection = func(state tls.ConnectionState) error {\n");
    if (chain)
        add_copies(page);
    anycert__page_add(page, "\t\tleaf := %s\n",
                      chain && changes_copies(page) ? "relaxed(state.PeerCertificates[0])"
                                                    : "state.PeerCertificates[0]");
    add_pins(page);
    if (chain)
        add_chain(page);
    else
        anycert__page_add(page, "\t\treturn nil\n");
    anycert__page_add(page, "\t}\n");
}

static void add_suites(struct anycert__page *page)
{
    anycert__page_add(page, "\tconfig.CipherSuites = []uint16{\n"
                            "\t\ttls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "
                            "tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,\n"
                            "\t\ttls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
                            "tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,\n"
                            "\t\ttls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "
                            "tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,\n");
    if (page->allowed & (ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1)))
        anycert__page_add(page, "\t\ttls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "
                                "tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,\n"
                                "\t\ttls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "
                                "tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,\n");
    if (page->allowed & ANYCERT__BIT(RSA_KEY_EXCHANGE))
        anycert__page_add(page, "\t\ttls.TLS_RSA_WITH_AES_128_GCM_SHA256, "
                                "tls.TLS_RSA_WITH_AES_256_GCM_SHA384,\n"
                                "\t\ttls.TLS_RSA_WITH_AES_128_CBC_SHA256,\n");
    if ((page->allowed & ANYCERT__BIT(RSA_KEY_EXCHANGE)) &&
        (page->allowed & (ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1))))
        anycert__page_add(page, "\t\ttls.TLS_RSA_WITH_AES_128_CBC_SHA, "
                                "tls.TLS_RSA_WITH_AES_256_CBC_SHA,\n");
    anycert__page_add(page, "\t}\n");
}

static void add_config(struct anycert__page *page)
{
    static const char *const versions[] = {"VersionTLS10", "VersionTLS11", "VersionTLS12"};
    const char *sent = page->policy->sni ? page->policy->sni : page->policy->expect_name;

    anycert__page_add(page, "\tconfig := &tls.Config{MinVersion: tls.%s, RootCAs: roots}\n",
                      versions[anycert__page_lowest(page) - 0x0301]);
    if (anycert__page_is_capped(page))
        anycert__page_add(page, "\tconfig.MaxVersion = tls.VersionTLS12\n");
    if (asks(page, ANYCERT__BIT(CLASSICAL_HELLO)))
        anycert__page_add(page, "\tconfig.CurvePreferences = []tls.CurveID{tls.X25519, "
                                "tls.CurveP256, tls.CurveP384}\n");
    if (sent) {
        anycert__page_add(page, "\tconfig.ServerName = ");
        anycert__page_string(page, sent);
        anycert__page_add(page, "\n");
    }
    if (page->policy->expect_name && !page->policy->sni)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "expect-name: the expected name is sent in the handshake, too");
}

static void add_imports(struct anycert__page *page, bool drops, bool has_proxy)
{
    static const char *const always[] = {"crypto/tls", "crypto/x509", "fmt", "net/http", "os"};
    bool pins = page->policy->pin_count > 0;
    bool chain = !drops && (asks(page, by_hand) || page->policy->sni) &&
                 page->policy->rung != ANYCERT__RUNG_PINNED;

    anycert__page_add(page, "package main\n\nimport (\n");
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        anycert__page_add(page, "\t\"%s\"\n", always[i]);
    if (pins)
        anycert__page_add(page, "\t\"crypto/sha256\"\n\t\"encoding/base64\"\n\t\"errors\"\n");
    if (has_proxy)
        anycert__page_add(page, "\t\"net/url\"\n");
    if (chain)
        anycert__page_add(page, "\t\"time\"\n");
    if (chain && changes_copies(page) && has_files(page))
        anycert__page_add(page, "\t\"encoding/pem\"\n");
    if (chain && asks(page, ANYCERT__BIT(SELF_SIGNED)) &&
        !asks(page, ANYCERT__BIT(UNTRUSTED_ISSUER)))
        anycert__page_add(page, "\t\"bytes\"\n");
    anycert__page_add(page, ")\n\n");
}

void anycert__page_go(struct anycert__page *page)
{
    bool drops = anycert__page_drops(page, &skills);
    bool has_proxy = false;

    if (anycert__page_is_capped(page))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "tls1.2-max: %s sends the extension of TLS 1.3 all the same",
                           page->client);
    if (asks(page, ANYCERT__BIT(SHA1_HANDSHAKE)))
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "sha1-handshake: Go before version 1.25 does not insist on it by "
                           "itself");
    if (asks(page, ANYCERT__BIT(EXPLICIT_CURVE)))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "explicit-curve: Go cannot read such a certificate");
    has_proxy = anycert__page_lacks_way(page, " http https socks5 socks5h ", false);
    add_imports(page, drops, has_proxy);
    anycert__page_add(page, "func main() {\n");
    if (asks(page, ANYCERT__BIT(SHA1_HANDSHAKE)))
        anycert__page_add(page, "\tos.Setenv(\"GODEBUG\", \"tlssha1=1\") // for Go 1.25 and "
                                "later\n");
    add_roots(page, !drops && changes_copies(page) && page->policy->rung != ANYCERT__RUNG_PINNED);
    add_config(page);
    add_suites(page);
    add_verification(page, drops);
    anycert__page_add(page, "\ttransport := &http.Transport{TLSClientConfig: config}\n");
    if (has_proxy) {
        anycert__page_add(page, "\tif proxy, err := url.Parse(");
        anycert__page_string(page, anycert__words_find(page->way, "proxy", 0));
        anycert__page_add(page, "); err == nil {\n"
                                "\t\ttransport.Proxy = http.ProxyURL(proxy)\n\t}\n");
    }
    anycert__page_add(page, "\tclient := &http.Client{Transport: transport}\n"
                            "\tresponse, err := client.Get(");
    anycert__page_string(page, page->url);
    anycert__page_add(page, ")\n\tif err != nil {\n"
                            "\t\tfmt.Fprintln(os.Stderr, err)\n"
                            "\t\tos.Exit(1)\n\t}\n"
                            "\tfmt.Println(response.Status)\n}\n");
}
