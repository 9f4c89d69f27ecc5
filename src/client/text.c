#include "client/text.h"

#include "base/charset.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"

#include <string.h>

/* Takes what is in set off both ends. */
static const char *trim(const char *text, size_t *len, const char *set)
{
    while (*len > 0 && strchr(set, text[0])) {
        text++;
        (*len)--;
    }
    while (*len > 0 && strchr(set, text[*len - 1]))
        (*len)--;
    return text;
}

/* Servers write parameters in many ways; blanks and quotes around either side mean nothing. */
static const char *value_of(const char *param, size_t param_len, const char *name,
                            size_t *value_len)
{
    static const char around[] = " \t\"'";
    const char *equals = memchr(param, '=', param_len);
    size_t name_len = equals ? (size_t)(equals - param) : 0;

    if (!equals)
        return NULL;
    *value_len = param_len - name_len - 1;
    param = trim(param, &name_len, around);
    return anycert__is_word_nocase(param, name_len, name) ? trim(equals + 1, value_len, around)
                                                          : NULL;
}

const char *anycert__charset_param(const char *content_type, size_t *len)
{
    const char *found = NULL;
    const char *p = content_type ? content_type : "";

    for (p += strcspn(p, ";"); *p; p += strcspn(p, ";")) {
        size_t value_len = 0;
        const char *value = value_of(p + 1, strcspn(p + 1, ";"), "charset", &value_len);

        if (value) {
            found = value;
            *len = value_len;
        }
        p++;
    }
    return found;
}

/* The type without its parameters. */
static const char *bare_type(const char *content_type, size_t *len)
{
    const char *type = content_type ? content_type : "";

    *len = strcspn(type, ";");
    return trim(type, len, " \t");
}

bool anycert__is_json_type(const char *content_type)
{
    size_t len = 0;
    const char *type = bare_type(content_type, &len);

    return anycert__is_word_nocase(type, len, "application/json") ||
           (len > 5 && anycert__is_word_nocase(type + len - 5, 5, "+json"));
}

char *anycert_response_text(const struct anycert_response *response, size_t *len,
                            struct anycert_error *err)
{
    const char *type = anycert_response_header(response, "Content-Type", 0);
    size_t body_len = 0;
    size_t label_len = 0;
    size_t bare_len = 0;
    size_t mark_len = 0;
    const char *body = anycert_response_body(response, &body_len);
    const char *label = anycert__charset_param(type, &label_len);
    const char *bare = bare_type(type, &bare_len);
    const char *charset = label ? anycert__charset_find(label, label_len) : NULL;
    struct anycert__buf out;
    char *text = NULL;

    if (len)
        *len = 0;
    anycert__buf_init(&out, SIZE_MAX / 2);
    if (label && !charset)
        charset = ANYCERT__UTF_8;
    else if (!label && bare_len >= 5 && anycert__equal_nocase(bare, "text/", 5))
        charset = ANYCERT__ISO_8859_1;
    else if (!label && anycert__is_json_type(type))
        charset = ANYCERT__UTF_8;
    else if (!label)
        charset = anycert__charset_guess(body, body_len, &mark_len);
    (void)anycert__charset_decode(&out, charset, body + mark_len, body_len - mark_len);
    body_len = out.len;
    text = anycert__buf_take(&out, "the body as text", err);
    anycert__buf_free(&out);
    if (text && len)
        *len = body_len;
    return text;
}
