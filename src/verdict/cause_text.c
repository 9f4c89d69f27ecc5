/* What others call a cause, so that a search for their words finds it. */
#include "verdict/cause.h"

#include "base/buf.h"
#include "verdict/show.h"

#include <string.h>

char *anycert__cause_errors(const struct anycert__cause *cause, const struct anycert__facts *facts,
                            struct anycert_error *err)
{
    const struct anycert__handshake_failure *failure = facts ? &facts->failure : NULL;
    bool has_openssl = failure && failure->openssl_error != 0;
    bool has_curl = false;
    struct anycert__buf buf;
    char *text = NULL;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (has_openssl)
        anycert__buf_addf(&buf, "OpenSSL: error:%08lX:%s", failure->openssl_error, failure->reason);
    for (size_t i = 0; anycert__cause_seen(cause, i); i++) {
        const struct anycert__seen *seen = anycert__cause_seen(cause, i);
        bool is_openssl = strcmp(seen->who, "OpenSSL") == 0;
        bool is_curl = strcmp(seen->who, "curl") == 0;

        if ((!is_openssl || has_openssl) && (!is_curl || has_curl))
            continue;
        anycert__buf_addf(&buf, "%s%s: %s", buf.len > 0 ? "; " : "", seen->who, seen->text);
        has_openssl = has_openssl || is_openssl;
        has_curl = has_curl || is_curl;
    }
    text = anycert__buf_take(&buf, "the errors of others", err);
    anycert__buf_free(&buf);
    return text;
}
