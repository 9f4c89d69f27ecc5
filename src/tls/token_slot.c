/* Which of a module's tokens a URI means. */
#include "tls/token_module.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define MAX_SLOTS 1024

/* Compares text with a field that is padded with spaces; NULL is equal to anything. */
static bool is_same(const char *text, const unsigned char *field, size_t size)
{
    size_t len = text ? strlen(text) : 0;

    if (!text)
        return true;
    if (len > size || memcmp(field, text, len) != 0)
        return false;
    for (; len < size; len++) {
        if (field[len] != ' ' && field[len] != '\0')
            return false;
    }
    return true;
}

static bool is_meant(const struct anycert__token_uri *uri, ck_slot slot,
                     const struct ck_token_info *info)
{
    return (info->flags & CKF_TOKEN_INITIALIZED) && (!uri->has_slot || uri->slot == slot) &&
           is_same(uri->token, info->label, sizeof info->label) &&
           is_same(uri->manufacturer, info->manufacturer, sizeof info->manufacturer) &&
           is_same(uri->model, info->model, sizeof info->model) &&
           is_same(uri->serial, info->serial, sizeof info->serial);
}

static void add_label(struct anycert__buf *buf, const struct ck_token_info *info)
{
    size_t len = sizeof info->label;

    while (len > 0 && (info->label[len - 1] == ' ' || info->label[len - 1] == '\0'))
        len--;
    anycert__buf_adds(buf, buf->len > 0 ? ", '" : "'");
    (void)anycert__buf_add_escaped(buf, (const char *)info->label, len);
    anycert__buf_adds(buf, "'");
}

/* Looks at every slot with a token in it. 0 with the one that is meant, else -1. */
static int choose(const struct ck_functions *functions, const struct anycert__token_uri *uri,
                  const ck_slot *slots, ck_ulong count, ck_slot *out,
                  struct ck_token_info *out_info, struct anycert_error *err)
{
    struct anycert__buf labels;
    size_t found = 0;

    anycert__buf_init(&labels, 300);
    for (ck_ulong i = 0; i < count; i++) {
        struct ck_token_info info = {0};

        if (functions->get_token_info(slots[i], &info) != CKR_OK)
            continue;
        if (info.flags & CKF_TOKEN_INITIALIZED)
            add_label(&labels, &info);
        if (!is_meant(uri, slots[i], &info))
            continue;
        *out = slots[i];
        *out_info = info;
        found++;
    }
    if (found == 0)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "there is no such token; there %s%s",
                      labels.data ? "is " : "is none at all", labels.data ? labels.data : "");
    else if (found > 1)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "%zu tokens are meant by this; name one by token= or serial=", found);
    anycert__buf_free(&labels);
    return found == 1 ? 0 : -1;
}

int anycert__token_slot(const struct ck_functions *functions, const struct anycert__token_uri *uri,
                        ck_slot *slot, struct ck_token_info *info, struct anycert_error *err)
{
    ck_slot *slots = NULL;
    ck_ulong count = 0;
    ck_rv rv = functions->get_slot_list(1, NULL, &count);
    char text[ANYCERT__CK_TEXT_SIZE];
    int result = -1;

    if (rv == CKR_OK && count > MAX_SLOTS)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PKCS#11 module has %lu slots", count);
    slots = anycert__calloc(count > 0 ? count : 1, sizeof *slots);
    if (!slots)
        return anycert__fail_nomem(err);
    if (rv == CKR_OK && count > 0)
        rv = functions->get_slot_list(1, slots, &count);
    if (rv != CKR_OK)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PKCS#11 module does not tell its slots: %s",
                      anycert__ck_text(rv, text));
    else
        result = choose(functions, uri, slots, count, slot, info, err);
    anycert__free(slots);
    return result;
}
