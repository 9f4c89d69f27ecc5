/* version.h — which anycert, on which libraries. */
#ifndef ANYCERT_VERSION_H
#define ANYCERT_VERSION_H

#include <anycert/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Versions: of this library, and of those underneath. */

/* Version of these headers. */
#define ANYCERT_VERSION "0.1.0"

/* Version of the library that is loaded, as "0.1.0". Static string. Safe from any thread. */
ANYCERT_API const char *anycert_version(void);
/* Versions of the libraries underneath that are loaded, for example "OpenSSL 3.0.17" and "7.88.1".
 * Static strings. Safe from any thread. */
ANYCERT_API const char *anycert_openssl_version(void);
ANYCERT_API const char *anycert_libcurl_version(void);

/* For programs that own their process: tells OpenSSL not to read any configuration file
 * (OPENSSL_CONF or the system's openssl.cnf). Must come before anything in the process uses
 * OpenSSL, and then holds for all of it. Without it every TLS setting is still set explicitly and
 * no file weakens a policy; with it a broken or hostile file cannot even make connections fail. The
 * command line does so. Call it before the first thread is started. Without effect once OpenSSL has
 * been initialised. 0, or -1 if OpenSSL cannot be initialised. */
ANYCERT_API int anycert_ignore_openssl_config(void);

#ifdef __cplusplus
}
#endif

#endif
