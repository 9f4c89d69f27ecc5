#include "tls/link.h"
#include "tls/client_cert.h"
#include "tls/ossl.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/trust_store.h"
#include "verdict/judge.h"
#include "verdict/known.h"
#include "verdict/report.h"

#include <openssl/err.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct anycert__link {
    int references;
    const struct anycert__hop_terms *terms;
    struct anycert__facts *facts;
    struct anycert__anchors *anchors;
    struct anycert__link *proxy;
    STACK_OF(X509) * chain; /* validated; kept until the handshake is over */
    bool hook_ran;
    int late_alert; /* one that came after the handshake, -1 for none */
    bool late_alert_from_peer;
    bool showed_cert, withheld_cert; /* ours */
    bool closed_cleanly;             /* the peer sent close_notify */
    bool refused_renegotiation;      /* we did, which it may take ill */
    /* why the certificates could not even be looked at, or our own not be shown */
    struct anycert_error trouble;
    struct anycert__trust_record record; /* as it is by now */
    struct anycert_report *report;       /* kept for whoever uses the connection next */
    int64_t report_until;
};

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int ctx_index = -1;

static void free_from_ctx(void *parent, void *pointer, CRYPTO_EX_DATA *ad, int idx, long argl,
                          void *argp)
{
    (void)parent;
    (void)ad;
    (void)idx;
    (void)argl;
    (void)argp;
    anycert__link_unref(pointer);
}

static void make_index(void)
{
    ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_from_ctx);
}

int anycert__link_index(void)
{
    pthread_once(&index_once, make_index);
    return ctx_index;
}

struct anycert__link *anycert__link_ref(struct anycert__link *link)
{
    if (link)
        __atomic_add_fetch(&link->references, 1, __ATOMIC_RELAXED);
    return link;
}

void anycert__link_unref(struct anycert__link *link)
{
    if (!link || __atomic_sub_fetch(&link->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sk_X509_pop_free(link->chain, X509_free);
    anycert__link_unref(link->proxy);
    anycert_report_free(link->report);
    anycert__trust_record_clear(&link->record);
    anycert__anchors_unref(link->anchors);
    anycert__facts_unref(link->facts);
    anycert__free(link);
}

struct anycert__link *anycert__link_of(void *ssl)
{
    if (!ssl || anycert__link_index() < 0)
        return NULL;
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
}

struct anycert__facts *anycert__link_facts(struct anycert__link *link)
{
    return link->facts;
}

const struct anycert_policy *anycert__link_policy(const struct anycert__link *link)
{
    return link->terms->policy;
}

void anycert__link_set_proxy(struct anycert__link *link, struct anycert__link *proxy)
{
    anycert__link_ref(proxy);
    anycert__link_unref(link->proxy);
    link->proxy = proxy;
}

struct anycert__link *anycert__link_proxy(struct anycert__link *link)
{
    return link->proxy;
}

void anycert__link_keep_report(struct anycert__link *link, struct anycert_report *report,
                               int64_t until)
{
    anycert_report_free(link->report);
    link->report = anycert__report_ref(report);
    link->report_until = until;
}

struct anycert_report *anycert__link_report(const struct anycert__link *link, int64_t now)
{
    if (!link->report || now > link->report_until || now < link->report->judged_at)
        return NULL;
    return anycert__report_ref(link->report);
}

int anycert__link_late_alert(const struct anycert__link *link, bool *from_peer)
{
    *from_peer = link->late_alert_from_peer;
    return link->late_alert;
}

const struct anycert_error *anycert__link_trouble(const struct anycert__link *link)
{
    return link->trouble.code != 0 ? &link->trouble : NULL;
}

const struct anycert__trust_record *anycert__link_record(struct anycert__link *link,
                                                         struct anycert_error *err)
{
    const struct anycert__facts *facts = link->facts;
    struct anycert_trust_store *store = link->terms->trust_store;

    if (!store)
        return &facts->record;
    if (anycert__trust_store_look(store, facts->host, facts->port, &link->record, err) < 0)
        return NULL;
    return link->record.state == facts->record.state ? &facts->record : &link->record;
}

bool anycert__link_showed_cert(const struct anycert__link *link)
{
    return link->showed_cert;
}

bool anycert__link_withheld_cert(const struct anycert__link *link)
{
    return link->withheld_cert;
}

const struct anycert__client_cert *anycert__link_client_cert(const struct anycert__link *link)
{
    return link->terms->client_cert;
}

bool anycert__link_refused_renegotiation(const struct anycert__link *link)
{
    return link->refused_renegotiation;
}

bool anycert__link_closed_cleanly(const struct anycert__link *link)
{
    return link->closed_cleanly;
}

/* One link, one certificate: whoever renegotiates has to show the one that was judged. */
static bool is_same_again(struct anycert__link *link, X509 *leaf)
{
    const struct anycert__facts *facts = link->facts;
    unsigned char *der = NULL;
    int len = facts->complete && facts->presented_count > 0 ? i2d_X509(leaf, &der) : -1;
    bool same = len > 0 && (size_t)len == facts->presented[0].der_len &&
                memcmp(der, facts->presented[0].der, (size_t)len) == 0;

    OPENSSL_free(der);
    if (!same && facts->complete)
        anycert__fail(&link->trouble, ANYCERT_E_TLS,
                      "%s:%u showed another certificate in the middle of the connection",
                      facts->host, (unsigned)facts->port);
    return same;
}

/* The verify hook (SSL_CTX_set_cert_verify_callback(3)). It decides alone: libcurl's own store is
 * empty and never asked. It starts from a refusal and has to earn the acceptance. */
static int verify_hook(X509_STORE_CTX *ctx, void *arg)
{
    struct anycert__link *link = arg;
    STACK_OF(X509) *presented = X509_STORE_CTX_get0_untrusted(ctx);
    X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
    int code = X509_V_ERR_APPLICATION_VERIFICATION;

    X509_STORE_CTX_set_error(ctx, code);
    if (!leaf || link->trouble.code != 0)
        return 0;
    if (link->hook_ran) {
        if (!is_same_again(link, leaf))
            return 0;
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
    }
    link->hook_ran = true;
    if (anycert__verify(leaf, presented, link->terms->intermediates, link->anchors, link->facts,
                        &link->chain, &link->trouble) < 0)
        return 0;
    if (!link->terms->observes &&
        !anycert__judge_accepts(link->facts, link->terms->policy, link->facts->time,
                                ANYCERT__JUDGE_CERTIFICATES)) {
        if (link->facts->error_count > 0)
            code = link->facts->errors[0].code; /* it also chooses the alert */
        X509_STORE_CTX_set_error(ctx, code);
        return 0;
    }
    X509_STORE_CTX_set_error(ctx,
                             X509_V_OK); /* libcurl reads it again; our report keeps the truth */
    return 1;
}

/* The stapled answer, once the server's first flight is complete (SSL_CTX_set_tlsext_status_cb(3)):
 * still before the client's own certificate goes out, which a revoked server must not get to see.
 * Called without an answer, too. */
static int judge_staple(SSL *ssl, void *arg)
{
    struct anycert__link *link = arg;

    if (link->chain && !link->facts->complete)
        anycert__staple_read(ssl, link->chain, link->facts->time, link->facts);
    return link->terms->observes ||
           anycert__judge_accepts(link->facts, link->terms->policy, link->facts->time,
                                  ANYCERT__JUDGE_CERTIFICATES);
}

/* The server asks for a client certificate, and none is installed (SSL_CTX_set_client_cert_cb(3)).
 */
static int note_cert_request(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    struct anycert__link *link = anycert__link_of(ssl);

    (void)cert;
    (void)key;
    if (link && !link->facts->complete)
        link->facts->failure.client_cert_requested = true;
    return 0; /* go on without one */
}

/* Now, or the time of the handshake that is going on. */
static int64_t time_of(const struct anycert__link *link)
{
    return link->facts->complete ? anycert__clock_now(link->terms->clock) : link->facts->time;
}

/* What is known while a handshake goes on, the first or a later one. Facts that are complete are
 * not changed any more, so it is a view of them. */
static void view_so_far(struct anycert__facts *view, const struct anycert__link *link, SSL *ssl)
{
    anycert__facts_view(view, link->facts);
    /* After TLS 1.3's handshake nothing is negotiated anew. */
    if (!view->complete || view->negotiated.version < TLS1_3_VERSION) {
        memset(&view->negotiated, 0, sizeof view->negotiated);
        anycert__handshake_read(ssl, &view->negotiated);
    }
    view->complete = link->hook_ran;
}

/* Our certificate is for nobody whom the policy refuses, and under the guard for nobody whose
 * report is not clean. Everything that a report is made of is known by now. */
static int may_show_cert(struct anycert__link *link, SSL *ssl)
{
    struct anycert__facts view;
    struct anycert_report *report = NULL;
    bool wants_answer = false;
    int may = 1;

    view_so_far(&view, link, ssl);
    /* Nor for somebody about whom the user has still to be asked, which is done afterwards. */
    (void)anycert__known_may_learn(&view, link->terms->policy, &wants_answer);
    if (wants_answer)
        return 0;
    report = anycert__judge(&view, link->terms->policy, time_of(link), ANYCERT__JUDGE_ALL,
                            &link->trouble);
    if (!report)
        return -1;
    if (report->verdict == ANYCERT_FAIL || report->verdict == ANYCERT_NOT_CHECKED)
        may = anycert__report_refusal(report, &link->trouble);
    else if (link->terms->guard != ANYCERT_SECRETS_SEND && !anycert__report_is_clean(report))
        may = link->terms->guard == ANYCERT_SECRETS_REFUSE
                  ? anycert__report_guard(report, &link->trouble)
                  : 0;
    anycert_report_free(report); /* before the view that it refers to */
    return may;
}

int anycert__link_show_cert(SSL *ssl)
{
    struct anycert__link *link = anycert__link_of(ssl);
    int may = 1;

    if (!link)
        return 1;
    may = may_show_cert(link, ssl);
    link->showed_cert = may > 0;
    link->withheld_cert = may == 0;
    return may;
}

static void note_alert(struct anycert__link *link, int where, int value)
{
    bool from_peer = (where & SSL_CB_READ) != 0;
    int alert = value & 0xff;

    if (alert == SSL_AD_CLOSE_NOTIFY) {
        link->closed_cleanly = link->closed_cleanly || from_peer;
        return;
    }
    if (alert == SSL_AD_NO_RENEGOTIATION && !from_peer)
        link->refused_renegotiation = true;
    if (link->facts->complete) {
        link->late_alert = alert;
        link->late_alert_from_peer = from_peer;
    } else {
        link->facts->failure.alert = alert;
        link->facts->failure.alert_from_peer = from_peer;
    }
}

/* The first error of the queue is the cause; but OpenSSL 3.5 leaves some there of steps that went
 * well, and libssl's own comes last then. */
static unsigned long first_error(void)
{
    unsigned long first = ERR_peek_error();
    unsigned long last = ERR_peek_last_error();

    return ERR_GET_LIB(first) != ERR_LIB_SSL && ERR_GET_LIB(last) == ERR_LIB_SSL ? last : first;
}

/* The handshake goes on as soon as the network does. */
static bool is_waiting(const SSL *ssl)
{
    const BIO *bio = SSL_want_read(ssl)    ? SSL_get_rbio(ssl)
                     : SSL_want_write(ssl) ? SSL_get_wbio(ssl)
                                           : NULL;

    return bio && BIO_should_retry(bio);
}

static void note_failure(struct anycert__link *link, const SSL *ssl)
{
    struct anycert__handshake_failure *failure = &link->facts->failure;
    unsigned long code = first_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (!code || link->facts->complete)
        return; /* waiting for the network, or over */
    if (is_waiting(ssl)) {
        /* OpenSSL 3.5 leaves an error of a step that went well (it cannot tell the strength of a
         * tiny Diffie-Hellman group), for which the caller would give up. */
        ERR_clear_error();
        return;
    }
    /* What the token says is better than what libssl makes of it. */
    if (link->trouble.code == 0)
        (void)anycert__client_cert_failure(link->terms->client_cert, &link->trouble);
    failure->failed = true;
    failure->openssl_error = code;
    failure->other_too_large = anycert__other_too_large(ssl, code);
    if (reason)
        (void)snprintf(failure->reason, sizeof failure->reason, "%s", reason);
}

/* Info callbacks get a const SSL, and the getters want another: the object is not const. */
static SSL *unconst(const SSL *ssl)
{
    union {
        const SSL *in;
        SSL *out;
    } u = {.in = ssl};
    return u.out;
}

static bool may_stand(const struct anycert__link *link)
{
    const struct anycert_policy *policy = link->terms->policy;

    if (policy->has_until && anycert__clock_now(link->terms->clock) > policy->until)
        return false;
    return anycert__judge_accepts(link->facts, policy, link->facts->time, ANYCERT__JUDGE_ALL);
}

static void make_unusable(SSL *ssl)
{
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

/* A renegotiation has ended: what it agreed on is judged as the first handshake was. */
static void note_done_again(struct anycert__link *link, SSL *ssl)
{
    struct anycert__facts view;

    view_so_far(&view, link, ssl);
    if (anycert__judge_accepts(&view, link->terms->policy, time_of(link), ANYCERT__JUDGE_ALL))
        return;
    anycert__fail(&link->trouble, ANYCERT_E_TRUST_PROTOCOL,
                  "%s:%u renegotiated the connection to something that the policy refuses",
                  view.host, (unsigned)view.port);
    make_unusable(ssl);
}

/* The hello is made after this. libcurl has said what it wants in it; what the policy leaves out is
 * taken out again. */
static void note_start(struct anycert__link *link, SSL *ssl)
{
    const struct anycert_policy *policy = link->terms->policy;

    if (link->facts->complete)
        return;
    if (!anycert__tls_sends_sni(policy))
        (void)SSL_set_tlsext_host_name(ssl, NULL);
    else if (policy->sni && SSL_set_tlsext_host_name(ssl, policy->sni) != 1)
        anycert__fail_openssl(&link->trouble, ANYCERT_E_INTERNAL,
                              "the server name of the handshake cannot be set");
    if (!anycert__tls_sends_alpn(policy))
        (void)SSL_set_alpn_protos(ssl, NULL, 0);
}

void anycert__link_note_choice(struct anycert__link *link, SSL *ssl)
{
    if (!link->facts->complete)
        anycert__handshake_read(ssl, &link->facts->negotiated);
}

static void note_done(struct anycert__link *link, SSL *ssl)
{
    if (link->facts->complete) {
        note_done_again(link, ssl);
        return;
    }
    memset(&link->facts->failure, 0, sizeof link->facts->failure);
    link->facts->failure.alert = -1;
    anycert__handshake_read(ssl, &link->facts->negotiated);
    sk_X509_pop_free(link->chain, X509_free);
    link->chain = NULL;
    /* A resumed session shows no certificates: nothing was judged, and nothing may be sent. */
    link->facts->complete = link->hook_ran;
    /* Renegotiation without RFC 5746 is what its attack is made of, whatever the policy holds. */
    if (!link->facts->negotiated.secure_renegotiation)
        SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
    /* A proxy's link carries a request (CONNECT, with credentials) before anybody is asked again,
     * so one that must not stand is made unusable right here; the origin's is judged by the
     * transfer before its first byte. */
    if (link->terms->hop == ANYCERT__HOP_PROXY && !link->terms->observes && !may_stand(link))
        make_unusable(ssl);
}

static void info_callback(const SSL *ssl, int where, int value)
{
    struct anycert__link *link = anycert__link_of(unconst(ssl));

    if (!link)
        return;
    if (where & SSL_CB_ALERT)
        note_alert(link, where, value);
    else if (where & SSL_CB_HANDSHAKE_START)
        note_start(link, unconst(ssl));
    else if (where & SSL_CB_HANDSHAKE_DONE)
        note_done(link, unconst(ssl));
    else if ((where & SSL_CB_EXIT) && value <= 0)
        note_failure(link, ssl);
}

/* Without the brackets of an IPv6 address in a URL. */
static char *copy_bare(const char *host)
{
    size_t len = strlen(host);

    if (len >= 2 && host[0] == '[' && host[len - 1] == ']')
        return anycert__strndup(host + 1, len - 2);
    return anycert__strdup(host);
}

static const char *ask_digest(const void *anchors)
{
    return anycert__anchors_digest(anchors);
}

static void release_anchors(void *anchors)
{
    anycert__anchors_unref(anchors);
}

static int fill_target(struct anycert__facts *facts, const struct anycert__hop_terms *terms,
                       const char *host, uint16_t port, struct anycert__anchors *anchors,
                       struct anycert_error *err)
{
    const char *expected = terms->policy->expect_name ? terms->policy->expect_name : host;
    char identity[256];

    if (anycert__identity_from_host(expected, identity, &facts->identity_is_ip, err) < 0)
        return -1;
    facts->hop = terms->hop;
    facts->port = port;
    facts->time = anycert__clock_now(terms->clock);
    facts->host = copy_bare(host);
    facts->identity = anycert__strdup(identity);
    facts->anchors = anycert__strdup(anycert__anchors_source(anchors));
    if (!facts->host || !facts->identity || !facts->anchors)
        return anycert__fail_nomem(err);
    facts->trust_store = terms->trust_store ? anycert__strdup(terms->trust_store->path) : NULL;
    if (terms->trust_store && !facts->trust_store)
        return anycert__fail_nomem(err);
    if (terms->trust_store &&
        anycert__trust_store_look(terms->trust_store, host, port, &facts->record, err) < 0)
        return -1;
    facts->ask_digest = ask_digest;
    facts->release_keeper = release_anchors;
    facts->digest_keeper = anycert__anchors_ref(anchors);
    if (anycert__anchors_error(anchors)) {
        facts->anchors_error = anycert__strdup(anycert__anchors_error(anchors));
        if (!facts->anchors_error)
            return anycert__fail_nomem(err);
    }
    return 0;
}

static struct anycert__link *link_new(const struct anycert__hop_terms *terms, const char *host,
                                      uint16_t port, struct anycert__anchors *anchors,
                                      struct anycert_error *err)
{
    struct anycert__link *link = anycert__calloc(1, sizeof *link);

    if (!link) {
        anycert__fail_nomem(err);
        return NULL;
    }
    link->references = 1;
    link->terms = terms;
    link->late_alert = -1;
    link->anchors = anycert__anchors_ref(anchors);
    link->facts = anycert__facts_new();
    if (!link->facts) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (fill_target(link->facts, terms, host, port, anchors, err) < 0)
        goto fail;
    return link;
fail:
    anycert__link_unref(link);
    return NULL;
}

int anycert__link_attach(void *ssl_ctx, const struct anycert__hop_terms *terms, const char *host,
                         uint16_t port, struct anycert__anchors *anchors,
                         struct anycert__link **out, struct anycert_error *err)
{
    struct anycert__tls_settings settings;
    struct anycert__link *link = NULL;
    SSL_CTX *ctx = ssl_ctx;

    *out = NULL;
    anycert__tls_settings(terms->policy, &settings);
    if (anycert__context_configure(ctx, &settings, err) < 0 ||
        anycert__client_cert_apply(ctx, terms->client_cert, err) < 0)
        return -1;
    link = link_new(terms, host, port, anchors, err);
    if (!link)
        return -1;
    if (SSL_CTX_set_ex_data(ctx, anycert__link_index(), link) != 1) {
        anycert__link_unref(link);
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the TLS context takes no data");
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_hook, link);
    SSL_CTX_set_tlsext_status_cb(ctx, judge_staple);
    SSL_CTX_set_tlsext_status_arg(ctx, link);
    SSL_CTX_set_info_callback(ctx, info_callback);
    SSL_CTX_set_client_cert_cb(ctx, note_cert_request);
    *out = anycert__link_ref(link);
    return 0;
}

bool anycert__hop_marker(void *ssl_ctx, enum anycert__hop *hop)
{
    SSL_CTX *ctx = ssl_ctx;
    bool is_proxy = SSL_CTX_get_security_level(ctx) == 3;
    long maximum = SSL_CTX_get_max_proto_version(ctx);

    *hop = is_proxy ? ANYCERT__HOP_PROXY : ANYCERT__HOP_ORIGIN;
    if (!is_proxy && SSL_CTX_get_security_level(ctx) != 2)
        return false;
    return maximum == (is_proxy ? TLS1_3_VERSION : 0);
}
