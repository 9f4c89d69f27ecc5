/* What a certificate says of its issuer, and what a stranger's web server gives as that: whatever
 * the bytes are, a URL is plain text of http, and nothing becomes a helper that did not sign. The
 * first two bytes say how many of the rest are the certificate. */
#include "tls/issuer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_url(const char *url)
{
    require(strlen(url) < ANYCERT__ISSUER_URL_SIZE);
    for (const char *p = url; *p; p++)
        require(*p > ' ' && *p <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert__intermediates *list = NULL;
    struct anycert__certificate certificate = {0}, issuer = {0};
    char url[ANYCERT__ISSUER_URL_SIZE];
    size_t len = size >= 2 ? ((size_t)data[0] << 8) + data[1] : 0;
    int added = 0;

    if (size < 2 || len > size - 2)
        return 0;
    certificate.der = malloc(len + 1);
    require(certificate.der != NULL);
    memcpy(certificate.der, data + 2, len);
    certificate.der_len = len;
    anycert__issuer_url(&certificate, url);
    check_url(url);
    (void)anycert__names_issuer_key(&certificate);
    added = anycert__intermediates_add_issuer(&list, data + 2 + len, size - 2 - len, &certificate,
                                              &issuer, NULL);
    require((added == 1) == (list != NULL));
    if (added == 1)
        require(issuer.subject != NULL && issuer.der_len > 0);
    anycert__certificate_clear(&issuer);
    anycert__intermediates_free(list);
    free(certificate.der);
    return 0;
}
