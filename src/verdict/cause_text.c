/* What others call a cause, so that a search for their words finds it. */
#include "verdict/cause.h"

#include "base/buf.h"
#include "base/str.h"
#include "verdict/checks.h"
#include "verdict/show.h"

#include <string.h>

#define X509_WRONG_SIGNATURE 7 /* X509_V_ERR_CERT_SIGNATURE_FAILURE */

static const struct verify_text {
    int code; /* X509_V_ERR_... */
    const char *text, *node;
} verify_texts[] = {
#define VERIFY(code, text, node) {(code), (text), (node)},
#include "verdict/verify_texts.def"
};
#define VERIFY_TEXTS (sizeof verify_texts / sizeof verify_texts[0])

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The error of verification that a text of others speaks of, whatever they write in front; 0: none.
 */
static int code_in(const char *text)
{
    const struct verify_text *found = NULL;

    for (size_t i = 0; i < VERIFY_TEXTS; i++) {
        const struct verify_text *one = &verify_texts[i];

        if (one->node[0] != '\0' && strcmp(text, one->node) == 0)
            return one->code;
        if (ends_with(text, one->text) && (!found || strlen(one->text) > strlen(found->text)))
            found = one;
    }
    return found ? found->code : 0;
}

/* "" for none. */
static const char *verify_text(int code)
{
    for (size_t i = 0; i < VERIFY_TEXTS; i++) {
        if (verify_texts[i].code == code)
            return verify_texts[i].text;
    }
    return "";
}

/* Names are compared behind the verification, by most with words of their own; and by itself nobody
 * looks whether something was revoked. */
static bool is_found_elsewhere(int code)
{
    return code == ANYCERT__X509_HOSTNAME_MISMATCH || code == ANYCERT__X509_IP_MISMATCH ||
           code == ANYCERT__X509_REVOKED;
}

struct telling {
    struct anycert__buf buf;
    const struct anycert__facts *certificates; /* NULL: it is not about them */
    bool has_openssl, has_curl;
};

/* What is said of an error of verification is said where that was met. */
static bool was_met(const struct telling *telling, const char *text)
{
    const struct anycert__facts *facts = telling->certificates;
    int code = facts ? code_in(text) : 0;

    for (size_t i = 0; code != 0 && i < facts->error_count; i++) {
        if (facts->errors[i].code == code)
            return true;
    }
    return code == 0;
}

static void tell(struct telling *telling, const char *who, const char *before, const char *text)
{
    bool is_openssl = strcmp(who, "OpenSSL") == 0, is_curl = strcmp(who, "curl") == 0;

    if ((is_openssl && telling->has_openssl) || (is_curl && telling->has_curl))
        return;
    anycert__buf_addf(&telling->buf, "%s%s: %s%s", telling->buf.len > 0 ? "; " : "", who, before,
                      text);
    telling->has_openssl = telling->has_openssl || is_openssl;
    /* Its versions have different words of their own, but not for a code of OpenSSL's. */
    telling->has_curl = telling->has_curl || (is_curl && before[0] != '\0');
}

char *anycert__cause_errors(const struct anycert__cause *cause, const struct anycert__facts *facts,
                            int code, struct anycert_error *err)
{
    const struct anycert__handshake_failure *failure = facts && code == 0 ? &facts->failure : NULL;
    const char *of_code = is_found_elsewhere(code) ? "" : verify_text(code);
    struct telling telling = {.certificates = code != 0 ? facts : NULL};
    char *text = NULL;

    anycert__buf_init(&telling.buf, ANYCERT__SHOW_BUFFER);
    if (failure && failure->openssl_error != 0) {
        anycert__buf_addf(&telling.buf, "OpenSSL: error:%08lX:%s", failure->openssl_error,
                          failure->reason);
        telling.has_openssl = true;
    }
    if (of_code[0] != '\0')
        tell(&telling, "OpenSSL", "", of_code);
    /* Where a signature is wrong, curl shows an error of what computed it instead. */
    if (of_code[0] != '\0' && code != X509_WRONG_SIGNATURE)
        tell(&telling, "curl", "SSL certificate problem: ", of_code);
    for (size_t i = 0; anycert__cause_seen(cause, i); i++) {
        const struct anycert__seen *seen = anycert__cause_seen(cause, i);

        if (was_met(&telling, seen->text))
            tell(&telling, seen->who, "", seen->text);
    }
    text = anycert__buf_take(&telling.buf, "the errors of others", err);
    anycert__buf_free(&telling.buf);
    return text;
}
