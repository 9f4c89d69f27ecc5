/* tls/token_module.h — loading PKCS#11 modules, and their return values in words. */
#ifndef ANYCERT_TLS_TOKEN_MODULE_H
#define ANYCERT_TLS_TOKEN_MODULE_H

#include "tls/pkcs11.h"
#include "tls/token_uri.h"

/* Loads and initialises the module that uri names; without a name p11-kit's, which stands for all
 * that the system has registered. It is never unloaded nor finalised: other parts of the process
 * may use it, and modules die badly. NULL with CLIENT_CERT. */
const struct ck_functions *anycert__token_module(const struct anycert__token_uri *uri,
                                                 struct anycert_error *err);
/* C_Initialize; fine if somebody has done it before. */
ck_rv anycert__token_module_initialize(const struct ck_functions *functions);

/* token_slot.c: the one token that uri means. 0, or -1 with CLIENT_CERT if there is none, or more
 * than one. */
int anycert__token_slot(const struct ck_functions *functions, const struct anycert__token_uri *uri,
                        ck_slot *slot, struct ck_token_info *info, struct anycert_error *err);

#define ANYCERT__CK_TEXT_SIZE 64
/* "CKR_PIN_INCORRECT", or "0xE1" for values without a name here. */
const char *anycert__ck_text(ck_rv rv, char out[ANYCERT__CK_TEXT_SIZE]);

#endif
