/* What an examination does, as text for those who want to know beforehand. */
#include "doctor/doctor.h"

#include "base/buf.h"
#include "doctor/diagnosis.h"
#include "doctor/plan.h"

#include <stdio.h>

static void add_offer(struct anycert__buf *buf, const char *what, anycert__relaxations set)
{
    anycert__buf_addf(buf, "   %s: hardened+", what);
    anycert__write_relaxations(buf, set);
    anycert__buf_adds(buf, "\n");
}

/* As options have it. */
static void add_seconds(struct anycert__buf *buf, unsigned ms)
{
    char rest[8];

    (void)snprintf(rest, sizeof rest, ".%03u", ms % 1000);
    for (size_t end = 4; end > 1 && rest[end - 1] == '0'; end--)
        rest[end - 1] = '\0';
    anycert__buf_addf(buf, "%u%s s.\n", ms / 1000, ms % 1000 != 0 ? rest : "");
}

/* Every one that is ever sent. */
static void add_requests(struct anycert__buf *buf, const struct anycert_doctor *doctor)
{
    if (doctor->wants_body)
        anycert__buf_adds(buf, "Requests are GET for /.\n");
    else if (doctor->wants_request)
        anycert__buf_adds(buf, "Requests are HEAD for /, or OPTIONS where that is not answered.\n");
    else
        anycert__buf_adds(buf, "No request is sent, but for two cases: anycert doctor --apply "
                               "compares clocks by one HEAD\nfor / where dates are wrong, and:\n");
    anycert__buf_adds(buf, "A port that says nothing to TLS is asked once, by a plain HEAD / "
                           "HTTP/1.0, whether it speaks HTTP.\n");
}

/* Where it is not the one that is set. */
static void add_proxy_kind(struct anycert__buf *buf, enum anycert__proxy_kind kind)
{
    const char *what = NULL;

    switch (kind) {
    case ANYCERT__PROXY_NONE:
        return;
    case ANYCERT__PROXY_HTTP:
        what = "asked once for the tunnel in SOCKS 5";
        break;
    case ANYCERT__PROXY_HTTPS:
        what = "greeted once in SOCKS 5, which names nobody";
        break;
    case ANYCERT__PROXY_SOCKS4:
    case ANYCERT__PROXY_SOCKS4A:
        what = "asked once for the tunnel by CONNECT, and once in SOCKS 5";
        break;
    case ANYCERT__PROXY_SOCKS5:
    case ANYCERT__PROXY_SOCKS5H:
        what = "asked once for the tunnel by CONNECT";
        break;
    }
    anycert__buf_addf(buf, "If the proxy does not answer as its kind does, it is %s.\n", what);
}

char *anycert_doctor_plan(const struct anycert_doctor *doctor, struct anycert_error *err)
{
    struct anycert__buf buf;
    char *text = NULL;

    anycert__buf_init(&buf, 65536);
    anycert__buf_addf(&buf,
                      "1. the addresses of the name, the connection%s\n"
                      "2. one handshake under hardened; certificates are looked at and refuse "
                      "nothing. If all is well,%s this is all\n"
                      "3. if the server cannot do with the offer: everything that this build can "
                      "authenticate and encrypt\n"
                      "   with, then the same without what the server took, until nothing can be "
                      "left out\n",
                      doctor->proxy.kind != ANYCERT__PROXY_NONE ? " to the proxy, its tunnel" : "",
                      doctor->wants_request ? " and a request is answered," : "");
    add_offer(&buf, "everything", ANYCERT__PLAN_WIDE);
    anycert__buf_adds(&buf, "4. if it breaks on the hello: a smaller one, then what of it is "
                            "needed\n");
    add_offer(&buf, "smaller", ANYCERT__PLAN_SMALL);
    anycert__buf_addf(
        &buf,
        "5. a handshake under exactly the policy that is found, and one without each of its "
        "parts\n"
        "6. a name of the certificate and a pin of the key in place of what gives up who answers\n"
        "7. if a smaller hello helps: raw hellos that differ in one thing ask what it breaks on; "
        "if "
        "nothing\n   helps: what the server would choose of what this build does not have, or must "
        "never have; no\n   handshake comes of them\n"
        "8. a handshake with each other address of the name, few of them\n"
        "Handshakes carry no credentials, no client certificate and no cookies. At most %u are "
        "made,\n"
        "each with a limit of ",
        (unsigned)doctor->budget);
    add_seconds(&buf, (unsigned)doctor->timeout_ms);
    add_requests(&buf, doctor);
    if (doctor->fetches_issuer && doctor->proxy.kind == ANYCERT__PROXY_NONE)
        anycert__buf_adds(&buf, "A certificate that a chain lacks is fetched over plain HTTP from "
                                "where the last one says that it is.\n");
    if (doctor->fetches_issuer && doctor->proxy.kind == ANYCERT__PROXY_HTTPS)
        anycert__buf_adds(
            &buf,
            "A certificate that the chain of the https:// proxy lacks is fetched, not through "
            "it, over plain\nHTTP from where the last one says that it is.\n");
    if (doctor->compares_direct && doctor->proxy.kind != ANYCERT__PROXY_NONE)
        anycert__buf_adds(&buf, "Where what came through the proxy is not trusted, one handshake "
                                "goes around it.\n");
    if (doctor->proxy.kind == ANYCERT__PROXY_HTTPS)
        anycert__buf_adds(&buf,
                          "If the https:// proxy is not taken as it is, steps 2 to 8 are made "
                          "with it first, as with a\nserver; the rest goes through it under "
                          "the policy that is found.\n");
    add_proxy_kind(&buf, doctor->proxy.kind);
    text = anycert__buf_take(&buf, "the plan", err);
    anycert__buf_free(&buf);
    return text;
}
