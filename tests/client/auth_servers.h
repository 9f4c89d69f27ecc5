/* auth_servers.h — servers that ask who is there: lighttpd (Digest), squid with Samba's ntlm_auth
 * (NTLM), Apache with mod_auth_gssapi and MIT's KDC (Negotiate), oauthlib (OAuth 2.0). Everything
 * here fails the test instead of returning errors. */
#ifndef ANYCERT_TESTS_CLIENT_AUTH_SERVERS_H
#define ANYCERT_TESTS_CLIENT_AUTH_SERVERS_H

#include <anycert/anycert.h>

#include "client/servers.h"

struct auth_server {
    struct child *child;
    char folder[256]; /* with its log "log", and what it needs */
    uint16_t port;
};
/* "https://localhost:PORT/PATH" in a buffer that lives until the eighth call after it. */
const char *auth_url(const struct auth_server *server, const char *path);
/* Some write their logs only then. */
void auth_stop(struct auth_server *server);
/* The text of a file in the folder; free it. */
char *auth_log(const struct auth_server *server, const char *name);
void auth_remove(struct auth_server *server);

/* A configuration that trusts the root, and takes the credentials over (NULL: none); and a client.
 */
struct anycert_config *auth_config(const struct pki *pki, struct anycert_auth *auth);
struct anycert_client *auth_client(const struct pki *pki, struct anycert_auth *auth);

#define AUTH_USER     "al1ce"
#define AUTH_PASSWORD "pa55:w0rd/of the user"

/* /md5 and /sha256 want Digest with that hash, /basic wants Basic, of AUTH_USER. Its file "access"
 * has "STATUS METHOD PATH USER" for each request. */
void lighttpd_start(struct auth_server *server, const struct pki *pki);

/* Whoever is of the domain HOME and has AUTH_PASSWORD may go on to a plain server on that port. Its
 * file "access" has "USER STATUS CLIENT-PORT PATH" for each request. */
void ntlm_start(struct auth_server *server, const struct pki *pki, uint16_t origin);

/* /page wants Negotiate, and says in X-User who came. */
struct kerberos {
    struct auth_server web;
    struct child *kdc;
    uint16_t kdc_port;
};
void kerberos_start(struct kerberos *kerberos, const struct pki *pki);
/* Makes this process use the ticket of "alice" or "bob"; NULL: none at all. */
void kerberos_become(const struct kerberos *kerberos, const char *user);
void kerberos_stop(struct kerberos *kerberos);

/* tests/support/oauth2_server.py, with tokens of that lifetime in seconds. */
void oauth2_start(struct auth_server *server, const struct pki *pki, unsigned lifetime);

#endif
