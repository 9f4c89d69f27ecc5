/* What users see of a trust store: its entries. */
#include "policy/trust_store.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct anycert_trust_entry {
    char *host;
    uint16_t port;
    enum anycert_trust_kind kind;
    char (*pins)[ANYCERT__PIN_SIZE];
    size_t pin_count;
    int64_t first_seen, changed;
    enum anycert_trust_source source;
    char *comment;
    size_t line;
};

struct anycert_trust_list {
    struct anycert_trust_entry **entries;
    size_t count;
};

int anycert__trust_pins_copy(const struct anycert__trust_line *line,
                             char (**pins)[ANYCERT__PIN_SIZE])
{
    *pins = NULL;
    if (line->pin_count == 0)
        return 0;
    *pins = anycert__calloc(line->pin_count, sizeof **pins);
    if (*pins == NULL)
        return -1;
    for (size_t i = 0; i < line->pin_count; i++)
        memcpy((*pins)[i], line->pins + i * ANYCERT__PIN_SIZE, ANYCERT__PIN_SIZE - 1);
    return 0;
}

/* "[2001:db8::1]:443" → "2001:db8::1" and 443. */
static int copy_host(struct anycert_trust_entry *entry, const struct anycert__trust_line *line)
{
    const char *host = line->host;
    size_t len = line->host_len;
    if (!line->is_hashed) {
        while (host[len - 1] != ':')
            len--;
        /* A blank ends the number; it was read before. */
        entry->port = (uint16_t)strtoul(host + len, NULL, 10);
        len--;
        if (host[0] == '[') {
            host++;
            len -= 2;
        }
    }
    entry->host = anycert__strndup(host, len);
    return entry->host ? 0 : -1;
}

struct anycert_trust_entry *anycert__trust_entry_new(const struct anycert__trust_text *text,
                                                     size_t slot, struct anycert_error *err)
{
    struct anycert_trust_entry *entry = anycert__calloc(1, sizeof *entry);
    struct anycert__trust_line line;
    anycert__trust_text_line(text, slot, &line);
    if (entry == NULL)
        goto failed;
    entry->kind = line.kind;
    entry->pin_count = line.pin_count;
    entry->first_seen = line.first_seen;
    entry->changed = line.changed;
    entry->source = line.source;
    entry->line = text->slots[slot].line;
    entry->comment = anycert__strndup(line.comment, line.comment_len);
    if (entry->comment && copy_host(entry, &line) == 0 &&
        anycert__trust_pins_copy(&line, &entry->pins) == 0)
        return entry;
failed:
    anycert_trust_entry_free(entry);
    anycert__fail_nomem(err);
    return NULL;
}

void anycert_trust_entry_free(struct anycert_trust_entry *entry)
{
    if (entry == NULL)
        return;
    anycert__free(entry->host);
    anycert__free(entry->pins);
    anycert__free(entry->comment);
    anycert__free(entry);
}

struct anycert_trust_list *anycert_trust_store_list(struct anycert_trust_store *store,
                                                    struct anycert_error *err)
{
    struct anycert__trust_text *text = anycert__trust_store_text(store, true, err);
    struct anycert_trust_list *list = NULL;
    if (text == NULL)
        return NULL;
    list = anycert__calloc(1, sizeof *list);
    if (list)
        list->entries = anycert__calloc(text->count, sizeof *list->entries);
    if (list == NULL || list->entries == NULL) {
        anycert__fail_nomem(err);
        goto failed;
    }
    for (; list->count < text->count; list->count++) {
        list->entries[list->count] = anycert__trust_entry_new(text, list->count, err);
        if (list->entries[list->count] == NULL)
            goto failed;
    }
    anycert__trust_text_unref(text);
    return list;
failed:
    anycert_trust_list_free(list);
    anycert__trust_text_unref(text);
    return NULL;
}

size_t anycert_trust_list_count(const struct anycert_trust_list *list)
{
    return list->count;
}

const struct anycert_trust_entry *anycert_trust_list_at(const struct anycert_trust_list *list,
                                                        size_t index)
{
    return index < list->count ? list->entries[index] : NULL;
}

void anycert_trust_list_free(struct anycert_trust_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; list->entries && i < list->count; i++)
        anycert_trust_entry_free(list->entries[i]);
    anycert__free(list->entries);
    anycert__free(list);
}

const char *anycert_trust_entry_host(const struct anycert_trust_entry *entry)
{
    return entry->host;
}

uint16_t anycert_trust_entry_port(const struct anycert_trust_entry *entry)
{
    return entry->port;
}

enum anycert_trust_kind anycert_trust_entry_kind(const struct anycert_trust_entry *entry)
{
    return entry->kind;
}

size_t anycert_trust_entry_pin_count(const struct anycert_trust_entry *entry)
{
    return entry->pin_count;
}

const char *anycert_trust_entry_pin(const struct anycert_trust_entry *entry, size_t index)
{
    return index < entry->pin_count ? entry->pins[index] : NULL;
}

int64_t anycert_trust_entry_first_seen(const struct anycert_trust_entry *entry)
{
    return entry->first_seen;
}

int64_t anycert_trust_entry_changed(const struct anycert_trust_entry *entry)
{
    return entry->changed;
}

enum anycert_trust_source anycert_trust_entry_source(const struct anycert_trust_entry *entry)
{
    return entry->source;
}

const char *anycert_trust_entry_comment(const struct anycert_trust_entry *entry)
{
    return entry->comment;
}

size_t anycert_trust_entry_line(const struct anycert_trust_entry *entry)
{
    return entry->line;
}
