#include <anycert/xml.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/text.h"
#include "client/xml_tree.h"

#include <string.h>

/* ---- encodings */

/* What the XML declaration says, for a text whose letters are ASCII's; NULL if it says nothing. */
static const char *declared_encoding(const char *bytes, size_t len, size_t *name_len)
{
    const char *end = NULL;
    const char *p = NULL;

    if (len < 6 || memcmp(bytes, "<?xml", 5) != 0)
        return NULL;
    end = memchr(bytes, '>', len < 400 ? len : 400);
    for (p = bytes; end && end - p > 10 && memcmp(p, "encoding", 8) != 0;)
        p++;
    if (!end || end - p <= 10)
        return NULL;
    for (p += 8; p < end && strchr(" \t\r\n=", *p);)
        p++;
    if (p == end || (*p != '"' && *p != '\''))
        return NULL;
    end = memchr(p + 1, *p, (size_t)(end - p - 1));
    *name_len = end ? (size_t)(end - p - 1) : 0;
    return end ? p + 1 : NULL;
}

/* The charset to read the bytes in, by RFC 7303; NULL with err if it is not known. */
static const char *choose_charset(const char *bytes, size_t len, const char *label,
                                  size_t label_len, size_t *mark_len, struct anycert_error *err)
{
    const char *charset = anycert__charset_by_ascii(bytes, len, mark_len);
    const char *found = label ? anycert__charset_find(label, label_len) : NULL;
    const char *declared = NULL;
    size_t declared_len = 0;

    if (*mark_len > 0 || strcmp(charset, ANYCERT__UTF_8) != 0)
        return charset;
    if (found)
        return found;
    declared = declared_encoding(bytes, len, &declared_len);
    if (!declared)
        return ANYCERT__UTF_8;
    found = anycert__charset_find(declared, declared_len);
    if (!found)
        anycert__fail(err, ANYCERT_E_BODY_XML, "the XML body is in an unknown encoding, '%.*s'",
                      declared_len > 40 ? 40 : (int)declared_len, declared);
    return found;
}

/* ---- parsing */

static struct anycert_xml *parse(const char *bytes, size_t len, const char *label, size_t label_len,
                                 struct anycert_error *err)
{
    size_t mark_len = 0;
    const char *charset = choose_charset(bytes, len, label, label_len, &mark_len, err);
    struct anycert__buf text;
    struct anycert_xml *xml = NULL;

    if (!charset)
        return NULL;
    if (len == 0) {
        anycert__fail(err, ANYCERT_E_BODY_XML, "the body is not valid XML: it is empty");
        return NULL;
    }
    if (strcmp(charset, ANYCERT__UTF_8) == 0)
        return anycert__xml_read(bytes + mark_len, len - mark_len, err);
    anycert__buf_init(&text, SIZE_MAX / 2);
    if (anycert__charset_decode(&text, charset, bytes + mark_len, len - mark_len) < 0)
        anycert__fail_nomem(err);
    else
        xml = anycert__xml_read(text.data, text.len, err);
    anycert__buf_free(&text);
    return xml;
}

struct anycert_xml *anycert_xml_parse(const void *bytes, size_t len, struct anycert_error *err)
{
    return parse(bytes ? bytes : "", bytes ? len : 0, NULL, 0, err);
}

struct anycert_xml *anycert_response_xml(const struct anycert_response *response,
                                         struct anycert_error *err)
{
    size_t len = 0;
    size_t label_len = 0;
    const char *body = anycert_response_body(response, &len);
    const char *label =
        anycert__charset_param(anycert_response_header(response, "Content-Type", 0), &label_len);

    return parse(body, len, label, label_len, err);
}

void anycert_xml_free(struct anycert_xml *xml)
{
    if (!xml)
        return;
    anycert__arena_free(&xml->arena);
    anycert__free(xml);
}

/* ---- looking */

const struct anycert_xml_node *anycert_xml_root(const struct anycert_xml *xml)
{
    return xml ? xml->root : NULL;
}

const char *anycert_xml_name(const struct anycert_xml_node *node)
{
    return node ? node->name : NULL;
}

const char *anycert_xml_namespace(const struct anycert_xml_node *node)
{
    return node ? node->name_space : NULL;
}

const char *anycert_xml_text(const struct anycert_xml_node *node, size_t *len)
{
    if (len)
        *len = node ? node->text_len : 0;
    return node ? node->text : NULL;
}

const char *anycert_xml_attribute(const struct anycert_xml_node *node, const char *name,
                                  const char *name_space)
{
    for (size_t i = 0; node && i < node->attribute_count; i++) {
        const struct anycert__xml_attribute *attribute = &node->attributes[i];

        if (strcmp(attribute->name, name) == 0 &&
            anycert__str_equal(attribute->name_space, name_space))
            return attribute->value;
    }
    return NULL;
}

size_t anycert_xml_attribute_count(const struct anycert_xml_node *node)
{
    return node ? node->attribute_count : 0;
}

int anycert_xml_attribute_at(const struct anycert_xml_node *node, size_t index, const char **name,
                             const char **name_space, const char **value)
{
    const struct anycert__xml_attribute *found =
        node && index < node->attribute_count ? &node->attributes[index] : NULL;

    *name = found ? found->name : NULL;
    *value = found ? found->value : NULL;
    if (name_space)
        *name_space = found ? found->name_space : NULL;
    return found ? 0 : -1;
}

const struct anycert_xml_node *anycert_xml_first_child(const struct anycert_xml_node *node)
{
    return node ? node->first_child : NULL;
}

const struct anycert_xml_node *anycert_xml_next(const struct anycert_xml_node *node)
{
    return node ? node->next : NULL;
}
