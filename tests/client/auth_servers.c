#include "client/auth_servers.h"

#include "support/certs.h"
#include "support/ports.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ATTEMPTS 5

/* ---- what they share */

const char *auth_url(const struct auth_server *server, const char *path)
{
    return url_of("https", server->port, path);
}

static void path_in(const struct auth_server *server, const char *name, char out[300])
{
    snprintf(out, 300, "%s/%s", server->folder, name);
}

/* Writes a file; in the text, @F stands for the folder, @P for the server's port, @O for the other.
 */
static void put(const struct auth_server *server, const char *name, const char *text,
                uint16_t other)
{
    char path[300];
    FILE *file = NULL;

    path_in(server, name, path);
    file = fopen(path, "we");
    assert_non_null(file);
    for (; *text; text++) {
        if (strncmp(text, "@F", 2) == 0)
            fputs(server->folder, file);
        else if (strncmp(text, "@P", 2) == 0)
            fprintf(file, "%u", (unsigned)server->port);
        else if (strncmp(text, "@O", 2) == 0)
            fprintf(file, "%u", (unsigned)other);
        else
            fputc(*text, file);
        text += *text == '@';
    }
    assert_int_equal(fclose(file), 0);
}

static void prepare(struct auth_server *server, const struct pki *pki)
{
    char *folder = certs_folder();
    char *pem = certs_pem(pki->certs[FLAW_NONE]);

    snprintf(server->folder, sizeof server->folder, "%s", folder);
    free(folder);
    put(server, "server.crt", pem, 0);
    free(pem);
    pem = certs_key_pem(pki->keys[FLAW_NONE], NULL);
    put(server, "server.key", pem, 0);
    free(pem);
    put(server, "page", "welcome", 0);
    server->port = ports_free();
}

/* NULL if its port was taken meanwhile; the folder is gone then. */
static struct child *try_start(struct auth_server *server, const char *const *argv,
                               const char *const *environment, const char *ready_text)
{
    char log[300];

    path_in(server, "log", log);
    server->child = child_try(&(struct child_plan){.argv = argv,
                                                   .folder = server->folder,
                                                   .log = log,
                                                   .environment = environment,
                                                   .port = server->port,
                                                   .ready_text = ready_text,
                                                   .unprivileged = true});
    if (!server->child)
        certs_remove(server->folder);
    return server->child;
}

void auth_stop(struct auth_server *server)
{
    child_stop(server->child);
    server->child = NULL;
}

char *auth_log(const struct auth_server *server, const char *name)
{
    char path[300];

    path_in(server, name, path);
    return child_log(path);
}

void auth_remove(struct auth_server *server)
{
    auth_stop(server);
    certs_remove(server->folder);
}

struct anycert_config *auth_config(const struct pki *pki, struct anycert_auth *auth)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = NULL;
    char text[300];

    snprintf(text, sizeof text, "hardened ca=%s", pki->root_path);
    policy = anycert_policy_parse(text, &err);
    if (!config || !policy || anycert_config_set_policy(config, policy, &err) < 0 ||
        anycert_config_set_timeouts(config, 20000, 60000, 30000, &err) < 0 ||
        anycert_config_set_auth(config, auth, &err) < 0)
        fail_msg("%s", err.message);
    anycert_policy_free(policy);
    anycert_auth_free(auth);
    return config;
}

struct anycert_client *auth_client(const struct pki *pki, struct anycert_auth *auth)
{
    struct anycert_error err = {0};
    struct anycert_config *config = auth_config(pki, auth);
    struct anycert_client *client = anycert_client_new(config, &err);

    if (!client)
        fail_msg("%s", err.message);
    anycert_config_free(config);
    return client;
}

/* ---- lighttpd */

static void add_user(FILE *file, const EVP_MD *digest)
{
    static const char text[] = AUTH_USER ":the realm:" AUTH_PASSWORD;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    assert_int_equal(EVP_Digest(text, strlen(text), hash, &len, digest, NULL), 1);
    fputs(AUTH_USER ":the realm:", file);
    for (unsigned i = 0; i < len; i++)
        fprintf(file, "%02x", hash[i]);
    fputc('\n', file);
}

static void lighttpd_write(const struct auth_server *server)
{
    char path[300];
    FILE *file = NULL;

    path_in(server, "users", path);
    file = fopen(path, "we");
    assert_non_null(file);
    add_user(file, EVP_md5());
    add_user(file, EVP_sha256());
    assert_int_equal(fclose(file), 0);
    put(server, "lighttpd.conf",
        "server.modules = (\"mod_auth\", \"mod_authn_file\", \"mod_accesslog\", \"mod_alias\",\n"
        "  \"mod_openssl\")\n"
        "server.document-root = \"@F\"\n"
        "server.bind = \"127.0.0.1\"\n"
        "server.port = @P\n"
        "server.errorlog = \"@F/errors\"\n"
        "ssl.engine = \"enable\"\n"
        "ssl.pemfile = \"@F/server.crt\"\n"
        "ssl.privkey = \"@F/server.key\"\n"
        "accesslog.filename = \"@F/access\"\n"
        "accesslog.format = \"%s %m %U %u\"\n"
        "auth.backend = \"htdigest\"\n"
        "auth.backend.htdigest.userfile = \"@F/users\"\n"
        "alias.url = (\"/md5\" => \"@F/page\", \"/sha256\" => \"@F/page\",\n"
        "  \"/basic\" => \"@F/page\", \"/open\" => \"@F/page\")\n"
        "auth.require = (\n"
        "  \"/md5\" => (\"method\" => \"digest\", \"algorithm\" => \"MD5\",\n"
        "    \"realm\" => \"the realm\", \"require\" => \"valid-user\"),\n"
        "  \"/sha256\" => (\"method\" => \"digest\", \"algorithm\" => \"SHA-256\",\n"
        "    \"realm\" => \"the realm\", \"require\" => \"valid-user\"),\n"
        "  \"/basic\" => (\"method\" => \"basic\", \"realm\" => \"the realm\",\n"
        "    \"require\" => \"valid-user\"))\n",
        0);
}

void lighttpd_start(struct auth_server *server, const struct pki *pki)
{
    static const char *const argv[] = {"lighttpd", "-D", "-f", "lighttpd.conf", NULL};

    memset(server, 0, sizeof *server);
    for (int i = 0; i < ATTEMPTS && !server->child; i++) {
        prepare(server, pki);
        lighttpd_write(server);
        (void)try_start(server, argv, NULL, NULL);
    }
    assert_non_null(server->child);
}

/* ---- squid and ntlm_auth */

/* ntlm_auth asks winbindd as a rule; with a password given it judges by that, whoever comes. */
static void ntlm_write(const struct auth_server *server, uint16_t origin)
{
    put(server, "smb.conf",
        "[global]\nworkgroup = HOME\nnetbios name = LAB\nsecurity = user\nprivate dir = @F\n"
        "lock directory = @F\nstate directory = @F\ncache directory = @F\n"
        "pid directory = @F\nncalrpc dir = @F\n",
        0);
    put(server, "ntlm",
        "#!/bin/sh\nexec ntlm_auth --helper-protocol=squid-2.5-ntlmssp --configfile='@F/smb.conf' "
        "--domain=HOME --username=" AUTH_USER " --password='" AUTH_PASSWORD "'\n",
        0);
    put(server, "squid.conf",
        "https_port 127.0.0.1:@P accel defaultsite=localhost tls-cert=@F/server.crt "
        "tls-key=@F/server.key\n"
        "cache_peer 127.0.0.1 parent @O 0 no-query no-digest no-netdb-exchange originserver\n"
        "auth_param ntlm program /bin/sh @F/ntlm\n"
        "auth_param ntlm children 20 startup=2 idle=1\nauth_param ntlm keep_alive on\n"
        "acl known proxy_auth REQUIRED\nhttp_access deny !known\nhttp_access allow known\n"
        "cache deny all\ncache_mem 1 MB\nmax_filedescriptors 1024\nvisible_hostname localhost\n"
        "pid_filename @F/squid.pid\ncache_log @F/cache.log\ncoredump_dir @F\n"
        "logformat who %un %>Hs %>p %rp\naccess_log stdio:@F/access logformat=who\n"
        "buffered_logs off\ndns_nameservers 127.0.0.1\nudp_incoming_address 127.0.0.1\n"
        "icp_port 0\nsnmp_port 0\npinger_enable off\nnetdb_filename none\n"
        "shutdown_lifetime 0 seconds\n",
        origin);
}

void ntlm_start(struct auth_server *server, const struct pki *pki, uint16_t origin)
{
    const char *const argv[] = {"squid", "-N", "-n", squid_name(), "-f", "squid.conf", NULL};

    memset(server, 0, sizeof *server);
    for (int i = 0; i < ATTEMPTS && !server->child; i++) {
        prepare(server, pki);
        ntlm_write(server, origin);
        (void)try_start(server, argv, NULL, NULL);
    }
    assert_non_null(server->child);
}

/* ---- Apache and MIT Kerberos */

static void kerberos_write(const struct kerberos *kerberos)
{
    const struct auth_server *web = &kerberos->web;

    put(web, "krb5.conf",
        "[libdefaults]\ndefault_realm = LOOP.TEST\ndns_lookup_kdc = false\n"
        "dns_lookup_realm = false\ndns_canonicalize_hostname = false\nrdns = false\n"
        "udp_preference_limit = 1\n"
        "[realms]\nLOOP.TEST = {\n kdc = 127.0.0.1:@O\n}\n"
        "[domain_realm]\nlocalhost = LOOP.TEST\n",
        kerberos->kdc_port);
    put(web, "kdc.conf",
        "[kdcdefaults]\nkdc_listen = 127.0.0.1:@O\nkdc_tcp_listen = 127.0.0.1:@O\n"
        "[realms]\nLOOP.TEST = {\n database_name = @F/principal\n key_stash_file = @F/stash\n"
        " acl_file = @F/acl\n max_life = 1h\n}\n",
        kerberos->kdc_port);
    put(web, "apache.conf",
        "ServerRoot @F\nServerName localhost\nPidFile apache.pid\nListen 127.0.0.1:@P\n"
        "Mutex file:@F default\nErrorLog errors\n"
        "LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so\n"
        "LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so\n"
        "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
        "LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so\n"
        "LoadModule auth_gssapi_module /usr/lib/apache2/modules/mod_auth_gssapi.so\n"
        "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n"
        "LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\n"
        "LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so\n"
        "DocumentRoot @F\nAlias /page @F/page\nSSLEngine on\nSSLCertificateFile server.crt\n"
        "SSLCertificateKeyFile server.key\nHeader always set X-User \"expr=%{REMOTE_USER}\"\n"
        "<Location /page>\nAuthType GSSAPI\nAuthName here\nGssapiAllowedMech krb5\n"
        "GssapiCredStore keytab:@F/http.keytab\nRequire valid-user\n</Location>\n",
        0);
}

static void run(const struct auth_server *web, const char *const *argv,
                const char *const *environment)
{
    char log[300];

    path_in(web, "run.log", log);
    if (child_run(&(struct child_plan){
            .argv = argv, .folder = web->folder, .log = log, .environment = environment}) != 0) {
        char *said = child_log(log);

        fail_msg("%s: %s", argv[0], said);
    }
}

/* A user's ticket, in the file of that name. */
static void get_ticket(const struct auth_server *web, const char *user,
                       const char *const *environment)
{
    char query[128], keytab[64], cache[300];
    const char *const add[] = {"kadmin.local", "-q", query, NULL};
    const char *const get[] = {"kinit", "-c", cache, "-k", "-t", keytab, user, NULL};

    snprintf(keytab, sizeof keytab, "%s.keytab", user);
    path_in(web, user, cache);
    snprintf(query, sizeof query, "addprinc -randkey %s", user);
    run(web, add, environment);
    snprintf(query, sizeof query, "ktadd -norandkey -k %s %s", keytab, user);
    run(web, add, environment);
    run(web, get, environment);
}

static bool kerberos_try(struct kerberos *kerberos, const struct pki *pki)
{
    static const char *const create[] = {"kdb5_util", "create", "-s", "-P", "master", NULL};
    static const char *const add[] = {"kadmin.local", "-q", "addprinc -randkey HTTP/localhost",
                                      NULL};
    static const char *const key[] = {"kadmin.local", "-q", "ktadd -k http.keytab HTTP/localhost",
                                      NULL};
    static const char *const serve[] = {"krb5kdc", "-n", "-P", "kdc.pid", NULL};
    static const char *const apache[] = {"apache2", "-X", "-f", "apache.conf", "-d", ".", NULL};
    struct auth_server *web = &kerberos->web;
    char config[320], profile[320], log[300];
    const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", config, profile, NULL};

    prepare(web, pki);
    kerberos->kdc_port = ports_free();
    snprintf(config, sizeof config, "KRB5_CONFIG=%s/krb5.conf", web->folder);
    snprintf(profile, sizeof profile, "KRB5_KDC_PROFILE=%s/kdc.conf", web->folder);
    path_in(web, "kdc.log", log);
    kerberos_write(kerberos);
    run(web, create, environment);
    run(web, add, environment);
    run(web, key, environment);
    kerberos->kdc = child_try(&(struct child_plan){.argv = serve,
                                                   .folder = web->folder,
                                                   .log = log,
                                                   .environment = environment,
                                                   .port = kerberos->kdc_port,
                                                   .unprivileged = true});
    if (!kerberos->kdc) {
        certs_remove(web->folder);
        return false;
    }
    get_ticket(web, "alice", environment);
    get_ticket(web, "bob", environment);
    if (try_start(web, apache, environment, NULL))
        return true;
    child_stop(kerberos->kdc);
    return false;
}

void kerberos_start(struct kerberos *kerberos, const struct pki *pki)
{
    memset(kerberos, 0, sizeof *kerberos);
    for (int i = 0; i < ATTEMPTS; i++) {
        if (kerberos_try(kerberos, pki))
            return;
    }
    fail_msg("there is no Kerberos");
}

void kerberos_become(const struct kerberos *kerberos, const char *user)
{
    char path[300], cache[320];

    path_in(&kerberos->web, "krb5.conf", path);
    assert_int_equal(setenv("KRB5_CONFIG", path, 1), 0);
    path_in(&kerberos->web, user ? user : "nobody", path);
    snprintf(cache, sizeof cache, "FILE:%s", path);
    assert_int_equal(setenv("KRB5CCNAME", cache, 1), 0);
}

void kerberos_stop(struct kerberos *kerberos)
{
    auth_stop(&kerberos->web);
    child_stop(kerberos->kdc);
    auth_remove(&kerberos->web);
}

/* ---- oauthlib */

void oauth2_start(struct auth_server *server, const struct pki *pki, unsigned lifetime)
{
    char port[16], seconds[16];
    const char *const argv[] = {TEST_PYTHON3, OAUTH2_SERVER, port, "server.crt",
                                "server.key", seconds,       NULL};

    memset(server, 0, sizeof *server);
    snprintf(seconds, sizeof seconds, "%u", lifetime);
    for (int i = 0; i < ATTEMPTS && !server->child; i++) {
        char log[300];

        prepare(server, pki);
        snprintf(port, sizeof port, "%u", (unsigned)server->port);
        path_in(server, "log", log);
        server->child = child_try(&(struct child_plan){.argv = argv,
                                                       .folder = server->folder,
                                                       .log = log,
                                                       .port = server->port,
                                                       .ready_text = "ready"});
        if (!server->child)
            certs_remove(server->folder);
    }
    assert_non_null(server->child);
}
