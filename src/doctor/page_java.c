/* Java: a program of one file, to be started with `java Ask.java`. */
#include "doctor/page.h"

#include "base/str.h"

#include <string.h>

/* By what this program leaves of Java's own rules: it takes RSA and Diffie-Hellman from 1024 bits,
 * SHA-1 of private CAs and in handshakes, static RSA, and servers without RFC 5746. */
static const struct anycert__skills skills = {
    .alone = ANYCERT__BIT(WRONG_HOST) | ANYCERT__BIT(TLS1_0) | ANYCERT__BIT(TLS1_1) |
             ANYCERT__BIT(NO_SNI) | ANYCERT__BIT(NO_EMS) | ANYCERT__BIT(TLS1_2_MAX) |
             ANYCERT__BIT(RENEGOTIATION),
    .by_itself = ANYCERT__BIT(LEGACY_RENEGOTIATION) | ANYCERT__BIT(SMALL_DH) |
                 ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE) | ANYCERT__BIT(NO_ALPN) |
                 ANYCERT__BIT(NO_ETM) | ANYCERT__BIT(COMMON_NAME) | ANYCERT__BIT(RSA_KEY_EXCHANGE) |
                 ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(SHA1_HANDSHAKE),
    .drops = "a trust manager that takes everything gives up all that a certificate is for",
};

static bool asks(const struct anycert__page *page, anycert__relaxations bits)
{
    return (page->policy->relaxations & bits) != 0;
}

/* Java's own list forbids old versions whatever a program asks for. */
static void add_properties(struct anycert__page *page)
{
    static const char *const versions[] = {"TLSv1,TLSv1.1,TLSv1.2", "TLSv1.1,TLSv1.2", "TLSv1.2"};
    unsigned lowest = anycert__page_lowest(page);

    anycert__page_add(page,
                      "        Security.setProperty(\"jdk.tls.disabledAlgorithms\", \"SSLv3, %s%s"
                      "DTLSv1.0, RC4, DES, 3DES_EDE_CBC, MD5withRSA, RSA keySize < 1024, "
                      "DH keySize < 1024, EC keySize < 224, anon, NULL\");\n",
                      lowest > 0x0301 ? "TLSv1, " : "", lowest > 0x0302 ? "TLSv1.1, " : "");
    anycert__page_add(page, "        System.setProperty(\"jdk.tls.client.protocols\", \"%s%s\");\n",
                      versions[lowest - 0x0301], anycert__page_is_capped(page) ? "" : ",TLSv1.3");
    if (asks(page, ANYCERT__BIT(NO_SNI)))
        anycert__page_add(page, "        System.setProperty(\"jsse.enableSNIExtension\", "
                                "\"false\");\n");
    if (asks(page, ANYCERT__BIT(NO_EMS)))
        anycert__page_add(page, "        System.setProperty(\"jdk.tls.useExtendedMasterSecret\", "
                                "\"false\");\n");
    anycert__page_note(page, ANYCERT_FIT_SAME,
                       "static RSA, SHA-1 suites and SHA-1 in handshakes are taken as well");
}

static void add_anchors(struct anycert__page *page)
{
    const char *file = NULL;

    anycert__page_add(page, "        KeyStore anchors = KeyStore.getInstance(\"PKCS12\");\n"
                            "        anchors.load(null, null);\n"
                            "        int n = 0;\n");
    for (size_t i = 0; (file = anycert__page_anchors(page, i, false)) != NULL; i++) {
        anycert__page_add(page, "        try (InputStream in = Files.newInputStream(Path.of(");
        anycert__page_string(page, file);
        anycert__page_add(page,
                          "))) {\n"
                          "            for (Certificate c : "
                          "CertificateFactory.getInstance(\"X.509\").generateCertificates(in))\n"
                          "                anchors.setCertificateEntry(\"\" + n++, c);\n"
                          "        }\n");
    }
    anycert__page_add(
        page, "        TrustManagerFactory factory = "
              "TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());\n"
              "        factory.init(anchors);\n"
              "        TrustManager[] trust = factory.getTrustManagers();\n");
    if (page->policy->ca_count > 1 && anycert__page_has_system(page))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "ca=system beside others: Java takes one store, and these are in it");
}

static void add_trust(struct anycert__page *page, bool drops)
{
    if (drops)
        anycert__page_add(
            page, "        TrustManager[] trust = {new X509ExtendedTrustManager() {\n"
                  "            public void checkClientTrusted(X509Certificate[] c, String a) {}\n"
                  "            public void checkServerTrusted(X509Certificate[] c, String a) {}\n"
                  "            public void checkClientTrusted(X509Certificate[] c, String a, "
                  "java.net.Socket s) {}\n"
                  "            public void checkServerTrusted(X509Certificate[] c, String a, "
                  "java.net.Socket s) {}\n"
                  "            public void checkClientTrusted(X509Certificate[] c, String a, "
                  "SSLEngine e) {}\n"
                  "            public void checkServerTrusted(X509Certificate[] c, String a, "
                  "SSLEngine e) {}\n"
                  "            public X509Certificate[] getAcceptedIssuers() { return new "
                  "X509Certificate[0]; }\n"
                  "        }};\n");
    else if (page->policy->ca_count > 0)
        add_anchors(page);
    else
        anycert__page_add(page, "        TrustManager[] trust = null; // Java's own list\n");
    anycert__page_add(page, "        SSLContext context = SSLContext.getInstance(\"TLS\");\n"
                            "        context.init(null, trust, null);\n");
}

/* The verifier is asked only where the name of the URL does not fit. */
static void add_names(struct anycert__page *page, bool drops)
{
    const struct anycert_policy *policy = page->policy;

    if (policy->sni)
        anycert__page_note(page, ANYCERT_FIT_LACKS, "sni: Java sends the host of the URL, not %s",
                           policy->sni);
    if (drops || asks(page, ANYCERT__BIT(WRONG_HOST))) {
        anycert__page_add(page, "        connection.setHostnameVerifier((name, session) -> "
                                "true);\n");
        return;
    }
    if (!policy->expect_name)
        return;
    anycert__page_note(page, ANYCERT_FIT_SAME,
                       "expect-name: the name has to stand in the certificate as it is, without a "
                       "wildcard; that of the URL is taken as well");
    anycert__page_add(page, "        connection.setHostnameVerifier((name, session) -> {\n"
                            "            try {\n"
                            "                X509Certificate leaf = (X509Certificate) "
                            "session.getPeerCertificates()[0];\n"
                            "                return "
                            "leaf.getSubjectAlternativeNames().stream()\n"
                            "                    .anyMatch(entry -> "
                            "entry.get(1) instanceof String s && s.equalsIgnoreCase(");
    anycert__page_string(page, policy->expect_name);
    anycert__page_add(page, "));\n"
                            "            } catch (Exception e) {\n"
                            "                return false;\n"
                            "            }\n"
                            "        });\n");
}

static void add_proxy(struct anycert__page *page)
{
    struct anycert__page_proxy proxy;

    if (!anycert__page_proxy(page, &proxy))
        return;
    anycert__page_add(page,
                      "        java.net.Proxy proxy = new java.net.Proxy(java.net.Proxy.Type.%s, "
                      "new java.net.InetSocketAddress(",
                      strcmp(proxy.scheme, "http") == 0 ? "HTTP" : "SOCKS");
    anycert__page_string(page, proxy.host);
    anycert__page_add(page, ", %u));\n", proxy.port);
}

void anycert__page_java(struct anycert__page *page)
{
    bool drops = anycert__page_drops(page, &skills);
    bool has_proxy = false;

    if (asks(page, ANYCERT__BIT(RENEGOTIATION)))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "renegotiation: Java takes part in it by itself at TLS 1.2, and never "
                           "at TLS 1.3");
    if (asks(page, ANYCERT__BIT(EXPLICIT_CURVE)))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "explicit-curve: Java cannot read such a certificate");
    if (anycert__page_is_capped(page))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "tls1.2-max: %s sends the extension of TLS 1.3 all the same",
                           page->client);
    anycert__page_add(page, "import java.io.InputStream;\n"
                            "import java.net.URL;\n"
                            "import java.nio.file.Files;\n"
                            "import java.nio.file.Path;\n"
                            "import java.security.KeyStore;\n"
                            "import java.security.Security;\n"
                            "import java.security.cert.Certificate;\n"
                            "import java.security.cert.CertificateFactory;\n"
                            "import java.security.cert.X509Certificate;\n"
                            "import javax.net.ssl.*;\n\n"
                            "public class Ask {\n"
                            "    public static void main(String[] args) throws Exception {\n");
    add_properties(page);
    add_trust(page, drops);
    has_proxy = anycert__page_lacks_way(page, " http socks5 socks5h ", false);
    if (has_proxy)
        add_proxy(page);
    anycert__page_add(page, "        HttpsURLConnection connection = (HttpsURLConnection) new "
                            "URL(");
    anycert__page_string(page, page->url);
    anycert__page_add(page, ").openConnection(");
    if (has_proxy)
        anycert__page_add(page, "proxy");
    anycert__page_add(page,
                      ");\n"
                      "        connection.setSSLSocketFactory(context.getSocketFactory());\n");
    add_names(page, drops);
    anycert__page_add(page, "        System.out.println(connection.getResponseCode());\n"
                            "    }\n"
                            "}\n");
}
