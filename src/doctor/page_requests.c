/* Python's requests: a program with an adapter whose TLS context is set completely. */
#include "doctor/page.h"

#include "base/str.h"
#include "doctor/peer.h"

#include <string.h>
#include <sys/stat.h>

static const struct anycert__skills skills = {
    .alone = ANYCERT__BIT(WRONG_HOST) | ANYCERT__BIT(COMMON_NAME) |
             ANYCERT__BIT(CRITICAL_EXTENSION) | ANYCERT__BIT(LEGACY_RENEGOTIATION) |
             ANYCERT__BIT(RENEGOTIATION) | ANYCERT__BIT(TLS1_2_MAX) |
             ANYCERT__BIT(RSA_KEY_EXCHANGE) | ANYCERT__BIT(CBC_SHA1) | ANYCERT__BIT(NO_EMS) |
             ANYCERT__BIT(NO_ETM) | ANYCERT__BIT(NO_ALPN) | ANYCERT__BIT(EXPIRED) |
             ANYCERT__BIT(NOT_YET_VALID),
    .by_level = ANYCERT__BIT(WEAK_KEY) | ANYCERT__BIT(WEAK_SIGNATURE) | ANYCERT__BIT(TLS1_0) |
                ANYCERT__BIT(TLS1_1) | ANYCERT__BIT(SMALL_DH) | ANYCERT__BIT(SHA1_HANDSHAKE) |
                ANYCERT__BIT(LEGACY_CIPHERS),
    .drops = "CERT_NONE gives up all that a certificate is for",
};

/* Names of the ssl module that are younger than Python 3.8 are written as numbers. */
static void add_options(struct anycert__page *page)
{
    static const struct {
        anycert__relaxations bit;
        const char *number, *name;
    } rows[] = {
        {ANYCERT__BIT(LEGACY_RENEGOTIATION), "0x4", "OP_LEGACY_SERVER_CONNECT"},
        {ANYCERT__BIT(NO_EMS), "0x1", "OP_NO_EXTENDED_MASTER_SECRET"},
        {ANYCERT__BIT(NO_ETM), "0x80000", "OP_NO_ENCRYPT_THEN_MAC"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (page->allowed & rows[i].bit)
            anycert__page_add(page, "        context.options |= %s  # %s\n", rows[i].number,
                              rows[i].name);
    }
    if (page->allowed & ANYCERT__BIT(RENEGOTIATION))
        anycert__page_add(page, "        context.post_handshake_auth = True\n");
    else
        anycert__page_add(page, "        context.options |= ssl.OP_NO_RENEGOTIATION\n");
}

static void add_verification(struct anycert__page *page)
{
    anycert__relaxations asked = page->policy->relaxations;
    anycert__relaxations dates = ANYCERT__BIT(EXPIRED) | ANYCERT__BIT(NOT_YET_VALID);

    if (page->policy->ca_count > 0)
        anycert__page_add(page,
                          "        context.verify_flags |= 0x80000  # X509_V_FLAG_PARTIAL_CHAIN\n");
    if (asked & dates)
        anycert__page_add(
            page, "        context.verify_flags |= 0x200000  # X509_V_FLAG_NO_CHECK_TIME\n");
    if ((asked & dates) && (asked & dates) != dates)
        anycert__page_note(page, ANYCERT_FIT_COARSER,
                           "Python gives up both ends of the dates together");
    if (asked & ANYCERT__BIT(CRITICAL_EXTENSION))
        anycert__page_add(page,
                          "        context.verify_flags |= 0x10  # X509_V_FLAG_IGNORE_CRITICAL\n");
}

static void add_anchors(struct anycert__page *page)
{
    const char *file = NULL;
    struct stat info;

    if (anycert__page_has_system(page))
        anycert__page_add(page, "        context.load_default_certs()\n");
    for (size_t n = 0; (file = anycert__page_anchors(page, n, true)) != NULL; n++) {
        bool folder = stat(file, &info) == 0 && S_ISDIR(info.st_mode);

        anycert__page_add(
            page, "        context.load_verify_locations(%s=", folder ? "capath" : "cafile");
        anycert__page_string(page, file);
        anycert__page_add(page, ")\n");
    }
}

/* What urllib3 compares with, and what it sends: both the URL's host unless told otherwise. */
static void add_names(struct anycert__page *page, bool drops)
{
    const struct anycert_policy *policy = page->policy;
    const char *expected = policy->expect_name ? policy->expect_name : page->host;
    const char *sent = policy->sni ? policy->sni : policy->expect_name;

    if (sent) {
        anycert__page_add(page, "        kwargs[\"server_hostname\"] = ");
        anycert__page_string(page, sent);
        anycert__page_add(page, "\n");
    }
    if (policy->expect_name && !policy->sni)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "expect-name: the expected name is sent in the handshake, too");
    if (drops || (policy->relaxations & ANYCERT__BIT(WRONG_HOST))) {
        anycert__page_add(page, "        kwargs[\"assert_hostname\"] = False\n");
    } else if (sent) {
        anycert__page_add(page, "        kwargs[\"assert_hostname\"] = ");
        anycert__page_string(page, expected);
        anycert__page_add(page, "\n");
    }
}

/* Whether urllib3 has to compare names instead of OpenSSL: where the name that is sent is not the
 * one that is expected, and for addresses, which are not sent at all. */
static bool compares_itself(struct anycert__page *page)
{
    const struct anycert_policy *policy = page->policy;

    if (!policy->sni && !policy->expect_name && !anycert__peer_is_address(page->host))
        return false;
    anycert__page_note(page, ANYCERT_FIT_SAME,
                       "urllib3 before version 2 takes a common name for the host's by itself");
    return true;
}

static void add_context(struct anycert__page *page, bool drops)
{
    static const char *const versions[] = {"TLSv1", "TLSv1_1", "TLSv1_2"};
    const struct anycert_policy *policy = page->policy;
    bool names =
        !drops && !(policy->relaxations & ANYCERT__BIT(WRONG_HOST)) && !compares_itself(page);
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE + sizeof ":@SECLEVEL=0"];

    anycert__page_ciphers(page, ciphers);
    anycert__page_add(page, "        context = %s(ssl.PROTOCOL_TLS_CLIENT)\n",
                      policy->relaxations & ANYCERT__BIT(NO_ALPN) ? "Context" : "ssl.SSLContext");
    anycert__page_add(page, "        context.minimum_version = ssl.TLSVersion.%s\n",
                      versions[anycert__page_lowest(page) - 0x0301]);
    if (anycert__page_is_capped(page))
        anycert__page_add(page, "        context.maximum_version = ssl.TLSVersion.TLSv1_2\n");
    anycert__page_add(page, "        context.set_ciphers(\n            \"%s\")\n", ciphers);
    add_options(page);
    if (!names)
        anycert__page_add(page, "        context.check_hostname = False\n");
    if (drops) {
        anycert__page_add(page, "        context.verify_mode = ssl.CERT_NONE\n");
        return;
    }
    anycert__page_add(page, "        context.hostname_checks_common_name = %s\n",
                      policy->relaxations & ANYCERT__BIT(COMMON_NAME) ? "True" : "False");
    add_verification(page);
    add_anchors(page);
}

void anycert__page_requests(struct anycert__page *page)
{
    bool drops = anycert__page_drops(page, &skills);
    bool has_proxy = false;

    if (page->policy->relaxations & ANYCERT__BIT(LEGACY_CIPHERS))
        anycert__page_note(page, ANYCERT_FIT_LACKS,
                           "legacy-ciphers: those of TLS 1.3 cannot be chosen in Python");
    anycert__page_add(page, "import ssl\n"
                            "import sys\n\n"
                            "import requests\n"
                            "from requests.adapters import HTTPAdapter\n\n\n");
    if (page->policy->relaxations & ANYCERT__BIT(NO_ALPN))
        anycert__page_add(page, "class Context(ssl.SSLContext):\n"
                                "    def set_alpn_protocols(self, alpn_protocols):\n"
                                "        pass\n\n\n");
    has_proxy = anycert__page_lacks_way(page, " http https socks4 socks4a socks5 socks5h ", false);
    if (has_proxy && strncmp(anycert__words_find(page->way, "proxy", 0), "socks", 5) == 0)
        anycert__page_note(page, ANYCERT_FIT_SAME,
                           "requests speaks to SOCKS proxies where PySocks is installed");
    anycert__page_add(page, "class Adapter(HTTPAdapter):\n"
                            "    def init_poolmanager(self, *args, **kwargs):\n"
                            "        super().init_poolmanager(*args, **self.tls(kwargs))\n\n");
    if (has_proxy)
        anycert__page_add(
            page, "    def proxy_manager_for(self, proxy, **kwargs):\n"
                  "        return super().proxy_manager_for(proxy, **self.tls(kwargs))\n\n");
    anycert__page_add(page, "    def tls(self, kwargs):\n");
    add_context(page, drops);
    anycert__page_add(page, "        kwargs[\"ssl_context\"] = context\n");
    add_names(page, drops);
    anycert__page_add(page,
                      "        return kwargs\n\n"
                      "    def cert_verify(self, conn, url, verify, cert):\n"
                      "        # The context has the anchors, and those of requests are not "
                      "added.\n"
                      "        super().cert_verify(conn, url, False, cert)\n"
                      "        conn.cert_reqs = \"%s\"\n\n\n"
                      "session = requests.Session()\n"
                      "session.trust_env = False\n",
                      drops ? "CERT_NONE" : "CERT_REQUIRED");
    if (has_proxy) {
        anycert__page_add(page, "session.proxies = {\"https\": ");
        anycert__page_string(page, anycert__words_find(page->way, "proxy", 0));
        anycert__page_add(page, "}\n");
    }
    anycert__page_add(page, "session.mount(");
    anycert__page_string(page, page->url);
    anycert__page_add(page, ", Adapter())\n"
                            "try:\n"
                            "    print(session.get(");
    anycert__page_string(page, page->url);
    anycert__page_add(page,
                      ", timeout=30%s).status_code)\n"
                      "except requests.RequestException as error:\n"
                      "    sys.exit(str(error))\n",
                      drops ? ", verify=False" : "");
}
