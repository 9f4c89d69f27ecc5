/* tls/link.h — the inside of a link, for link.c and init.c. */
#ifndef ANYCERT_TLS_LINK_H
#define ANYCERT_TLS_LINK_H

/* The index of our slot among an SSL_CTX's ex_data, made at the first call; -1 if there is none.
 * Safe from any thread. */
int anycert__link_index(void);

#endif
