#include "doctor/elsewhere.h"

#include "base/mem.h"
#include "base/str.h"
#include "doctor/page.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 65536

static const struct {
    const char *name, *shown, *comment;
    void (*write)(struct anycert__page *page);
    const char *trusts; /* how it is told to trust the CA in private-ca.pem */
} clients[] = {
    {"curl", "curl", "# ", anycert__page_curl, "use --cacert private-ca.pem instead"},
    {"requests", "Python", "# ", anycert__page_requests,
     "use requests.get(url, verify=\"private-ca.pem\") instead"},
    {"openssl.cnf", "openssl.cnf", "# ", anycert__page_openssl,
     "start the program with SSL_CERT_FILE=private-ca.pem instead"},
    {"go", "Go", "// ", anycert__page_go, "append it to the pool of RootCAs instead"},
    {"node", "Node", "// ", anycert__page_node,
     "start node with NODE_EXTRA_CA_CERTS=private-ca.pem instead"},
    {"java", "Java", "// ", anycert__page_java,
     "put it into the store of javax.net.ssl.trustStore with keytool -importcert instead"},
    {"wget", "wget", "# ", anycert__page_wget, "use --ca-certificate=private-ca.pem instead"},
};
#define CLIENTS (sizeof clients / sizeof clients[0])

const char *anycert_doctor_client(size_t n)
{
    return n < CLIENTS ? clients[n].name : NULL;
}

const char *anycert_doctor_fit_name(int fit)
{
    static const char *const names[] = {"same", "coarser", "lacks"};

    return fit >= 0 && (size_t)fit < sizeof names / sizeof names[0] ? names[fit] : NULL;
}

int anycert__elsewhere_find(const char *client, size_t *which, struct anycert_error *err)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        *which = i;
        if (anycert__str_equal(clients[i].name, client))
            return 0;
    }
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "there is no equivalent for '%.40s': there are curl, requests, "
                         "openssl.cnf, go, node, java and wget",
                         client ? client : "");
}

const char *anycert__elsewhere_comment(size_t which)
{
    return clients[which].comment;
}

static char *join(struct anycert__page *page, struct anycert_error *err)
{
    if (page->body.failed)
        page->notes.failed = true;
    else if (page->body.data)
        anycert__buf_add(&page->notes, page->body.data, page->body.len);
    return anycert__buf_take(&page->notes, "the equivalent", err);
}

int anycert__elsewhere(const struct anycert_policy *policy, const char *host, uint16_t port,
                       const struct anycert__words *way, const char *client,
                       struct anycert__elsewhere *out, struct anycert_error *err)
{
    static const struct anycert_policy hardened = {.rung = ANYCERT__RUNG_HARDENED};
    struct anycert__page page = {.policy = policy ? policy : &hardened,
                                 .allowed = anycert__policy_allows(policy),
                                 .port = port,
                                 .way = way};
    char identity[256];
    bool is_address = false;
    size_t which = 0;

    *out = (struct anycert__elsewhere){ANYCERT_FIT_SAME, NULL};
    if (anycert__elsewhere_find(client, &which, err) != 0 ||
        anycert__identity_from_host(host, identity, &is_address, err) != 0)
        return -1;
    page.host = identity;
    page.client = clients[which].shown;
    page.comment = clients[which].comment;
    (void)snprintf(page.url, sizeof page.url, "https://%s%s%s:%u/", anycert__open_bracket(identity),
                   identity, anycert__close_bracket(identity), (unsigned)port);
    anycert__buf_init(&page.notes, TEXT_MAX);
    anycert__buf_init(&page.body, TEXT_MAX);
    clients[which].write(&page);
    anycert__page_caution(&page, clients[which].trusts);
    out->text = join(&page, err);
    out->fit = page.fit;
    anycert__buf_free(&page.notes);
    anycert__buf_free(&page.body);
    return out->text ? 0 : -1;
}

void anycert__elsewhere_clear(struct anycert__elsewhere *elsewhere)
{
    anycert__free(elsewhere->text);
    elsewhere->text = NULL;
}
