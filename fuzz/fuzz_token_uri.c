/* Any text is either refused with a sentence or taken apart; no text of a PIN is ever shown. */
#include "base/mem.h"
#include "base/str.h"
#include "tls/token_uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert_error err = {0};
    struct anycert__token_uri uri;
    char *text = anycert__strndup((const char *)data, size);

    require(text != NULL);
    if (anycert__token_uri_parse(text, &uri, &err) < 0) {
        require(err.code != 0 && err.message[0] != '\0');
        require(uri.shown == NULL && uri.token == NULL && uri.pin_value == NULL);
    } else {
        require(uri.shown != NULL && strchr(uri.shown, '?') == NULL);
        require(strncmp(text, uri.shown, strlen(uri.shown)) == 0);
        require(!(uri.module_path && uri.module_name) && !(uri.pin_value && uri.pin_file));
        require(uri.id_len <= sizeof uri.id);
        require(!uri.token || strlen(uri.token) <= 32);
        anycert__token_uri_clear(&uri);
    }
    anycert__free(text);
    return 0;
}
