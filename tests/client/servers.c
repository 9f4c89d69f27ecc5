#include "client/servers.h"
#include "support/certs.h"
#include "support/ports.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <anycert/error.h>

#define ATTEMPTS 5

/* ---- flaws */

static const struct {
    const char *name, *relaxation;
    int code;
} flaws[FLAW_COUNT] = {
    [FLAW_NONE] = {"good", NULL, 0},
    [FLAW_SELF_SIGNED] = {"self-signed", "self-signed", ANYCERT_E_TRUST_ISSUER},
    [FLAW_EXPIRED] = {"expired", "expired", ANYCERT_E_TRUST_DATES},
    [FLAW_WRONG_HOST] = {"wrong-host", "wrong-host", ANYCERT_E_TRUST_NAME},
    [FLAW_UNKNOWN_ROOT] = {"unknown-root", "untrusted-issuer", ANYCERT_E_TRUST_ISSUER},
};

const char *flaw_name(enum flaw flaw)
{
    return flaws[flaw].name;
}

const char *flaw_relaxation(enum flaw flaw)
{
    return flaws[flaw].relaxation;
}

int flaw_code(enum flaw flaw)
{
    return flaws[flaw].code;
}

/* ---- certificates */

#define LOCALHOST "DNS:localhost,IP:127.0.0.1,IP:::1"

X509 *pki_issue(const struct pki *pki, const char *san, EVP_PKEY *key, int64_t not_before,
                int64_t not_after)
{
    static uint64_t serial = 100;

    return certs_make(&(struct certs_recipe){.cn = "a server",
                                             .key = key,
                                             .issuer = pki->root,
                                             .issuer_key = pki->root_key,
                                             .not_before = not_before,
                                             .not_after = not_after,
                                             .serial = serial++,
                                             .san = san,
                                             .eku = "serverAuth"});
}

static X509 *make_root(const char *cn, EVP_PKEY *key)
{
    int64_t now = time(NULL);

    return certs_make(&(struct certs_recipe){.cn = cn,
                                             .key = key,
                                             .ca = true,
                                             .not_before = now - 1000 * CERTS_DAY,
                                             .not_after = now + 1000 * CERTS_DAY});
}

static X509 *make_cert(const struct pki *pki, enum flaw flaw, EVP_PKEY *key)
{
    int64_t now = time(NULL);
    int64_t from = now - 100 * CERTS_DAY;
    int64_t to = flaw == FLAW_EXPIRED ? now - 2 * CERTS_DAY : now + 100 * CERTS_DAY;
    struct certs_recipe recipe = {.cn = "a server",
                                  .key = key,
                                  .issuer = pki->other_root,
                                  .issuer_key = pki->other_root_key,
                                  .not_before = from,
                                  .not_after = to,
                                  .serial = 7,
                                  .san = LOCALHOST,
                                  .eku = "serverAuth"};

    if (flaw == FLAW_SELF_SIGNED) {
        recipe.issuer = NULL;
        recipe.issuer_key = NULL;
        return certs_make(&recipe);
    }
    if (flaw == FLAW_UNKNOWN_ROOT)
        return certs_make(&recipe);
    return pki_issue(pki, flaw == FLAW_WRONG_HOST ? "DNS:other.test" : LOCALHOST, key, from, to);
}

static void write_pem(const char *path, char *pem)
{
    certs_write(path, pem, strlen(pem));
    free(pem);
}

void pki_make(struct pki *pki)
{
    memset(pki, 0, sizeof *pki);
    pki->folder = certs_folder();
    pki->root_key = certs_new_ec("P-256");
    pki->other_root_key = certs_new_ec("P-256");
    pki->root = make_root("isolation root", pki->root_key);
    pki->other_root = make_root("isolation root that nobody trusts", pki->other_root_key);
    snprintf(pki->root_path, sizeof pki->root_path, "%s/root.pem", pki->folder);
    write_pem(pki->root_path, certs_pem(pki->root));
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        pki->keys[flaw] = certs_new_ec("P-256");
        pki->certs[flaw] = make_cert(pki, flaw, pki->keys[flaw]);
        snprintf(pki->cert_paths[flaw], sizeof pki->cert_paths[flaw], "%s/%s.crt", pki->folder,
                 flaw_name(flaw));
        snprintf(pki->key_paths[flaw], sizeof pki->key_paths[flaw], "%s/%s.key", pki->folder,
                 flaw_name(flaw));
        write_pem(pki->cert_paths[flaw], certs_pem(pki->certs[flaw]));
        write_pem(pki->key_paths[flaw], certs_key_pem(pki->keys[flaw], NULL));
    }
}

void pki_free(struct pki *pki)
{
    certs_remove(pki->folder);
    free(pki->folder);
    X509_free(pki->root);
    X509_free(pki->other_root);
    EVP_PKEY_free(pki->root_key);
    EVP_PKEY_free(pki->other_root_key);
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        X509_free(pki->certs[flaw]);
        EVP_PKEY_free(pki->keys[flaw]);
    }
}

/* ---- what the servers share */

const char *url_of(const char *scheme, uint16_t port, const char *path)
{
    static char urls[8][128];
    static unsigned next;
    char *url = urls[next++ % 8];

    snprintf(url, sizeof urls[0], "%s://localhost:%u/%s", scheme, (unsigned)port, path);
    return url;
}

/* A folder of its own, as an unprivileged server is given the whole of it; with copies of the
 * certificates. */
static void make_folder(char out[256], const struct pki *pki)
{
    char *folder = certs_folder();

    snprintf(out, 256, "%s", folder);
    free(folder);
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        char path[300];

        snprintf(path, sizeof path, "%s/%s.crt", out, flaw_name(flaw));
        write_pem(path, certs_pem(pki->certs[flaw]));
        snprintf(path, sizeof path, "%s/%s.key", out, flaw_name(flaw));
        write_pem(path, certs_key_pem(pki->keys[flaw], NULL));
    }
}

static void remove_folder(const char *folder)
{
    certs_remove(folder);
}

static FILE *create(const char *folder, const char *name)
{
    char path[300];
    FILE *file = NULL;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    return file;
}

static struct child *launch(const char *const *argv, const char *folder, uint16_t port)
{
    char log[300];

    snprintf(log, sizeof log, "%s/output.log", folder);
    return child_try(&(struct child_plan){
        .argv = argv, .folder = folder, .log = log, .port = port, .unprivileged = true});
}

/* ---- nginx */

static void nginx_server(FILE *file, const char *folder, uint16_t port, enum flaw flaw,
                         const char *protocols, const char *more)
{
    fprintf(
        file,
        "  server {\n"
        "    listen 127.0.0.1:%u ssl http2;\n"
        "    server_name localhost;\n"
        "    ssl_certificate %s/%s.crt;\n"
        "    ssl_certificate_key %s/%s.key;\n"
        "    ssl_protocols %s;\n%s"
        "    location / { return 200 \"$connection $ssl_session_reused $server_protocol\"; }\n"
        "    location /close { keepalive_timeout 0; return 200 \"$connection $ssl_session_reused "
        "$server_protocol\"; }\n"
        "    location /files/ { root .; }\n"
        "    location /put/ { root .; dav_methods PUT; create_full_put_path on; "
        "client_max_body_size 80m; }\n"
        "    location /put/small/ { root .; dav_methods PUT; client_max_body_size 1k; }\n"
        "    location /go { return 302 $arg_to; }\n"
        "    location /set { add_header Set-Cookie a=1; add_header Set-Cookie b=2; return 200; }\n"
        "    location /seen { return 200 \"authorization=[$http_authorization] "
        "cookie=[$http_cookie] key=[$http_x_api_key] proxy=[$http_proxy_authorization] "
        "referer=[$http_referer] host=[$host] kept=[$http_x_kept] "
        "length=[$content_length] version=[$server_protocol]\"; }\n"
        "  }\n",
        (unsigned)port, folder, flaw_name(flaw), folder, flaw_name(flaw), protocols, more);
}

static void nginx_write(const struct web *web)
{
    FILE *file = create(web->folder, "nginx.conf");

    fprintf(
        file,
        "daemon off;\nmaster_process off;\nworker_processes 1;\npid nginx.pid;\n"
        "error_log stderr notice;\n"
        "events { worker_connections 256; }\n"
        "http {\n  access_log off;\n  log_format asked \"$request_method $request_uri\";\n"
        "  default_type text/plain;\n  server_tokens off;\n"
        "  client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n"
        "  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n"
        "  ssl_session_cache builtin:1000;\n  ssl_session_tickets on;\n");
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++)
        nginx_server(file, web->folder, web->ports[flaw], flaw, "TLSv1.2 TLSv1.3", "");
    nginx_server(file, web->folder, web->self_signed_tls12, FLAW_SELF_SIGNED, "TLSv1.2", "");
    nginx_server(file, web->folder, web->self_signed_tls13, FLAW_SELF_SIGNED, "TLSv1.3", "");
    nginx_server(file, web->folder, web->impatient, FLAW_NONE, "TLSv1.2 TLSv1.3",
                 "    keepalive_requests 3;\n    access_log asked.log asked;\n");
    fprintf(file, "}\n");
    assert_int_equal(fclose(file), 0);
}

void web_start(struct web *web, const struct pki *pki)
{
    static const char *const argv[] = {"nginx",  "-p", ".",          "-e",
                                       "stderr", "-c", "nginx.conf", NULL};

    memset(web, 0, sizeof *web);
    for (int i = 0; i < ATTEMPTS && !web->child; i++) {
        make_folder(web->folder, pki);
        for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++)
            web->ports[flaw] = ports_free();
        web->self_signed_tls12 = ports_free();
        web->self_signed_tls13 = ports_free();
        web->impatient = ports_free();
        nginx_write(web);
        web->child = launch(argv, web->folder, web->self_signed_tls13);
        if (!web->child)
            remove_folder(web->folder);
    }
    assert_non_null(web->child);
}

static void remove_nginx_folders(const char *folder)
{
    static const char *const names[] = {"body", "proxy", "fastcgi", "uwsgi", "scgi"};
    char path[300];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)rmdir(path);
    }
}

void web_stop(struct web *web)
{
    child_stop(web->child);
    remove_nginx_folders(web->folder);
    remove_folder(web->folder);
}

/* ---- squid */

/* The password is PROXY_PASSWORD, as "openssl passwd -apr1" and, with user and realm, MD5 have it.
 */
static void squid_write_auth(const struct squid *squid, FILE *file)
{
    FILE *passwords = create(squid->folder, "basic");
    FILE *digests = create(squid->folder, "digest");

    fprintf(passwords, PROXY_USER ":$apr1$12345678$H6iB.XPHOXrBBRR5at80e0\n");
    fprintf(digests, PROXY_USER ":proxies:18299c212ee43f29e28802dbebbbc37a\n");
    assert_int_equal(fclose(passwords), 0);
    assert_int_equal(fclose(digests), 0);
    if (squid->auth & SQUID_DIGEST)
        fprintf(file,
                "auth_param digest program /usr/lib/squid/digest_file_auth -c %s/digest\n"
                "auth_param digest children 1\nauth_param digest realm proxies\n",
                squid->folder);
    if (squid->auth & SQUID_BASIC)
        fprintf(file,
                "auth_param basic program /usr/lib/squid/basic_ncsa_auth %s/basic\n"
                "auth_param basic children 1\nauth_param basic realm proxies\n",
                squid->folder);
}

static void squid_write(const struct squid *squid)
{
    FILE *file = create(squid->folder, "squid.conf");

    squid_write_auth(squid, file);
    fprintf(file, "http_port 127.0.0.1:%u\n", (unsigned)squid->http);
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++)
        fprintf(file, "https_port 127.0.0.1:%u tls-cert=%s/%s.crt tls-key=%s/%s.key\n",
                (unsigned)squid->https[flaw], squid->folder, flaw_name(flaw), squid->folder,
                flaw_name(flaw));
    fprintf(file,
            "%s%scache deny all\ncache_mem 1 MB\nmax_filedescriptors 1024\n"
            "visible_hostname localhost\nhttpd_suppress_version_string on\nvia off\n"
            "pid_filename %s/squid.pid\ncache_log %s/cache.log\ncoredump_dir %s\n"
            "logformat asked %%rm %%ru %%>Hs %%{Proxy-Authorization}>h\n"
            "access_log stdio:%s/access.log logformat=asked\nbuffered_logs off\n"
            "dns_nameservers 127.0.0.1\nudp_incoming_address 127.0.0.1\n"
            "icp_port 0\nsnmp_port 0\npinger_enable off\nnetdb_filename none\n"
            "server_persistent_connections off\nshutdown_lifetime 0 seconds\n",
            squid->auth & SQUID_CLOSES ? "client_persistent_connections off\n" : "",
            squid->auth
                ? "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny "
                  "all\n"
                : "http_access allow all\n",
            squid->folder, squid->folder, squid->folder, squid->folder);
    assert_int_equal(fclose(file), 0);
}

void squid_start(struct squid *squid, const struct pki *pki)
{
    squid_start_with(squid, pki, 0);
}

const char *squid_name(void)
{
    static char names[8][40];
    static unsigned next;
    char *name = names[next % 8];

    snprintf(name, sizeof names[0], "anycert%ldn%u", (long)getpid(), next++);
    return name;
}

void squid_start_with(struct squid *squid, const struct pki *pki, unsigned auth)
{
    memset(squid, 0, sizeof *squid);
    squid->auth = auth;
    for (int i = 0; i < ATTEMPTS && !squid->child; i++) {
        const char *const argv[] = {"squid", "-N", "-n", squid_name(), "-f", "squid.conf", NULL};

        make_folder(squid->folder, pki);
        squid->http = ports_free();
        for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++)
            squid->https[flaw] = ports_free();
        squid_write(squid);
        squid->child = launch(argv, squid->folder, squid->https[FLAW_COUNT - 1]);
        if (!squid->child)
            remove_folder(squid->folder);
    }
    assert_non_null(squid->child);
    snprintf(squid->log, sizeof squid->log, "%s/access.log", squid->folder);
}

void squid_stop(struct squid *squid)
{
    child_stop(squid->child);
    remove_folder(squid->folder);
}

/* ---- tinyproxy */

void tinyproxy_start(struct tinyproxy *proxy, const struct pki *pki)
{
    tinyproxy_start_with(proxy, pki, false);
}

void tinyproxy_start_with(struct tinyproxy *proxy, const struct pki *pki, bool with_password)
{
    static const char *const argv[] = {"tinyproxy", "-d", "-c", "tinyproxy.conf", NULL};

    memset(proxy, 0, sizeof *proxy);
    for (int i = 0; i < ATTEMPTS && !proxy->child; i++) {
        FILE *file = NULL;

        make_folder(proxy->folder, pki);
        proxy->port = ports_free();
        file = create(proxy->folder, "tinyproxy.conf");
        fprintf(file,
                "Port %u\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Critical\nAllow "
                "127.0.0.1\n"
                "PidFile \"%s/tinyproxy.pid\"\n%s",
                (unsigned)proxy->port, proxy->folder,
                with_password ? "BasicAuth " PROXY_USER " " PROXY_PASSWORD "\n" : "");
        assert_int_equal(fclose(file), 0);
        proxy->child = launch(argv, proxy->folder, proxy->port);
        if (!proxy->child)
            remove_folder(proxy->folder);
    }
    assert_non_null(proxy->child);
}

void tinyproxy_stop(struct tinyproxy *proxy)
{
    child_stop(proxy->child);
    remove_folder(proxy->folder);
}

/* ---- SOCKS */

static void socks_start(struct socks *socks, const struct pki *pki, const char *const *argv,
                        char port[8])
{
    memset(socks, 0, sizeof *socks);
    for (int i = 0; i < ATTEMPTS && !socks->child; i++) {
        make_folder(socks->folder, pki);
        socks->port = ports_free();
        snprintf(port, 8, "%u", (unsigned)socks->port);
        socks->child = launch(argv, socks->folder, socks->port);
        if (!socks->child)
            remove_folder(socks->folder);
    }
    assert_non_null(socks->child);
}

void socks5_start(struct socks *socks, const struct pki *pki, bool with_password)
{
    char port[8];
    const char *const argv[] = {
        "microsocks", "-i", "127.0.0.1",    "-p", port, with_password ? "-u" : NULL,
        PROXY_USER,   "-P", PROXY_PASSWORD, NULL};

    socks_start(socks, pki, argv, port);
}

void socks4_start(struct socks *socks, const struct pki *pki)
{
    char port[8];
    const char *const argv[] = {"twistd3",   "-n", "--pidfile=", "socks", "-i",
                                "127.0.0.1", "-p", port,         NULL};

    socks_start(socks, pki, argv, port);
}

void socks_stop(struct socks *socks)
{
    child_stop(socks->child);
    remove_folder(socks->folder);
}
