/* Any text is either refused with its line and a sentence, or read; what was read is found where it
 * says, has one spelling, and changes of it can be read again. */
#include "policy/trust_text.h"
#include "base/mem.h"
#include "base/str.h"
#include "tls/tls.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct anycert__trust_text *read_text(const void *bytes, size_t len,
                                             struct anycert_error *err)
{
    char *copy = anycert__malloc(len + 1);
    require(copy != NULL);
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return anycert__trust_text_new(copy, len, "f", anycert__hmac_sha256, err);
}

static void check_slot(const struct anycert__trust_text *text, size_t slot,
                       struct anycert__buf *again)
{
    struct anycert__trust_line line;
    anycert__trust_text_line(text, slot, &line);
    require(line.host_len > 0 && line.host_len < ANYCERT__TRUST_HOST_SIZE);
    require((line.kind == ANYCERT_TRUST_PIN) == (line.pin_count > 0));
    require(anycert__trust_text_find_spelled(text, line.host, line.host_len) == (long)slot);
    if (!line.is_hashed) {
        size_t slots[ANYCERT__TRUST_SALTS_MAX + 1];
        char host[ANYCERT__TRUST_HOST_SIZE];
        memcpy(host, line.host, line.host_len);
        host[line.host_len] = '\0';
        require(anycert__trust_text_find(text, host, slots, ANYCERT__TRUST_SALTS_MAX + 1) >= 1);
        require(slots[0] == slot);
    }
    anycert__trust_line_write(again, &line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert_error err = {0};
    struct anycert__trust_text *text = read_text(data, size, &err), *second;
    struct anycert__buf again;
    if (text == NULL) {
        require(err.code == ANYCERT_E_TRUST_STORE && strstr(err.message, "'f'") != NULL);
        require(anycert__is_utf8(err.message, strlen(err.message)));
        return 0;
    }
    anycert__buf_init(&again, ANYCERT__TRUST_TEXT_MAX);
    anycert__buf_adds(&again, anycert__trust_text_header(text->hashes_names));
    for (size_t i = 0; i < text->count; i++)
        check_slot(text, i, &again);
    second = read_text(again.data, again.len, &err);
    require(second != NULL && second->count == text->count);
    require(second->hashes_names == text->hashes_names);
    anycert__buf_free(&again);
    anycert__trust_text_unref(text);
    anycert__trust_text_unref(second);
    return 0;
}
