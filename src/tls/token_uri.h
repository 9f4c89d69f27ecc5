/* tls/token_uri.h — PKCS#11 URIs (RFC 7512): which module, which token, which objects. */
#ifndef ANYCERT_TLS_TOKEN_URI_H
#define ANYCERT_TLS_TOKEN_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define ANYCERT__TOKEN_ID_MAX 256

struct anycert__token_uri {
    char *shown;                     /* the URI up to its query, where a PIN may be, for messages */
    char *module_path, *module_name; /* at most one */
    char *token, *manufacturer, *model, *serial, *object; /* NULL: any */
    bool has_slot;
    unsigned long slot;
    bool has_id;
    unsigned char id[ANYCERT__TOKEN_ID_MAX];
    size_t id_len;
    char *pin_value, *pin_file; /* at most one */
};

/* Takes a URI apart. Every attribute that it has is obeyed: one that is not known is an error, as
 * is one that comes twice. 0, or -1 with USAGE or NOMEM; cleared by then. */
int anycert__token_uri_parse(const char *text, struct anycert__token_uri *out,
                             struct anycert_error *err);
void anycert__token_uri_clear(struct anycert__token_uri *uri);

#endif
