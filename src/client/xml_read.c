/* Builds a document from what libxml2 reports as it reads (SAX). */
#include "client/xml_library.h"
#include "client/xml_tree.h"

#include "base/buf.h"
#include "base/mem.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#define MAX_DEPTH      200
#define MAX_NODES      1000000 /* elements, attributes and declarations of namespaces */
#define MAX_NAMESPACES 1000    /* declared at one place: libxml2 looks through all of them */
#define NAMES          256

struct piece {
    struct piece *next;
    size_t len;
    char bytes[];
};

struct open_element {
    struct anycert_xml_node *node, *last_child;
    struct piece *pieces, *last_piece; /* text in front of each child */
    size_t pieces_len;
    size_t namespaces; /* declared here */
};

/* A name, which libxml2 has once whatever it names, and our copy. */
struct name {
    const xmlChar *theirs;
    const char *ours;
};

struct builder {
    const struct anycert__xml_library *library;
    struct anycert_xml *xml;
    xmlParserCtxtPtr parser;
    struct open_element open[MAX_DEPTH];
    size_t depth;
    struct anycert__buf text; /* since the last tag */
    size_t nodes, namespaces;
    struct name names[NAMES]; /* the last ones that came */
    struct anycert_error *err;
    bool failed;
};

static void stop(struct builder *builder)
{
    builder->failed = true;
    builder->library->xmlStopParser(builder->parser);
}

static void stop_nomem(struct builder *builder)
{
    anycert__fail_nomem(builder->err);
    stop(builder);
}

static void *take_memory(struct builder *builder, size_t size)
{
    void *memory = anycert__arena_take(&builder->xml->arena, size);

    if (!memory)
        stop_nomem(builder);
    return memory;
}

static char *take_string(struct builder *builder, const void *bytes, size_t len)
{
    char *copy = take_memory(builder, len + 1);

    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

/* A copy of a name or URI; most come again and again. NULL for NULL, and with the builder failed.
 */
static const char *take_name(struct builder *builder, const xmlChar *name)
{
    struct name *known = &builder->names[((uintptr_t)name >> 3) % NAMES];

    if (name && known->theirs != name) {
        const char *copy = take_string(builder, name, strlen((const char *)name));

        *known = (struct name){.theirs = copy ? name : NULL, .ours = copy};
    }
    return name ? known->ours : NULL;
}

static void on_text(void *arg, const xmlChar *text, int len)
{
    struct builder *builder = arg;

    if (!builder->failed && anycert__buf_add(&builder->text, text, (size_t)len) < 0)
        stop_nomem(builder);
}

/* Puts the text aside, as a child comes. */
static int keep_piece(struct builder *builder, struct open_element *element)
{
    struct piece *piece = NULL;

    if (builder->text.len == 0)
        return 0;
    piece = take_memory(builder, sizeof *piece + builder->text.len);
    if (!piece)
        return -1;
    piece->next = NULL;
    piece->len = builder->text.len;
    memcpy(piece->bytes, builder->text.data, builder->text.len);
    if (element->last_piece)
        element->last_piece->next = piece;
    else
        element->pieces = piece;
    element->last_piece = piece;
    element->pieces_len += piece->len;
    anycert__buf_reset(&builder->text);
    return 0;
}

static int add_attributes(struct builder *builder, struct anycert_xml_node *node, size_t count,
                          const xmlChar **given)
{
    struct anycert__xml_attribute *list =
        count > 0 ? take_memory(builder, count * sizeof *list) : NULL;

    if (count > 0 && !list)
        return -1;
    for (size_t i = 0; i < count; i++, given += 5) {
        list[i].name = take_name(builder, given[0]);
        list[i].name_space = take_name(builder, given[2]);
        list[i].value = take_string(builder, given[3], (size_t)(given[4] - given[3]));
        if (builder->failed)
            return -1;
    }
    node->attributes = list;
    node->attribute_count = count;
    return 0;
}

static int check_limits(struct builder *builder, size_t attributes, size_t namespaces)
{
    if (builder->depth == MAX_DEPTH)
        return anycert__fail(builder->err, ANYCERT_E_BODY_XML,
                             "the XML body has more than %d elements inside of each other",
                             MAX_DEPTH);
    builder->nodes += 1 + attributes + namespaces;
    builder->namespaces += namespaces;
    if (builder->nodes > MAX_NODES)
        return anycert__fail(builder->err, ANYCERT_E_BODY_XML,
                             "the XML body has more than %d elements and attributes", MAX_NODES);
    if (builder->namespaces > MAX_NAMESPACES)
        return anycert__fail(builder->err, ANYCERT_E_BODY_XML,
                             "the XML body has more than %d namespaces at one place",
                             MAX_NAMESPACES);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libxml2's */
static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces, int attribute_count,
                     int defaulted_count, const xmlChar **attributes)
{
    struct builder *builder = arg;
    struct open_element *parent = builder->depth > 0 ? &builder->open[builder->depth - 1] : NULL;
    struct anycert_xml_node *node = NULL;

    (void)prefix;
    (void)namespaces;
    (void)defaulted_count; /* none: declarations of values are refused */
    if (builder->failed)
        return;
    if (check_limits(builder, (size_t)attribute_count, (size_t)namespace_count) < 0) {
        stop(builder);
        return;
    }
    node = take_memory(builder, sizeof *node);
    if (!node || (parent && keep_piece(builder, parent) < 0))
        return;
    *node = (struct anycert_xml_node){.name = take_name(builder, name),
                                      .name_space = take_name(builder, uri)};
    if (builder->failed || add_attributes(builder, node, (size_t)attribute_count, attributes) < 0)
        return;
    if (!parent)
        builder->xml->root = node;
    else if (parent->last_child)
        parent->last_child->next = node;
    else
        parent->node->first_child = node;
    if (parent)
        parent->last_child = node;
    builder->open[builder->depth++] =
        (struct open_element){.node = node, .namespaces = (size_t)namespace_count};
}

/* One string of all pieces and what came behind the last child. */
static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct builder *builder = arg;
    struct open_element *element = NULL;
    size_t len = 0;
    char *text = NULL;

    (void)name;
    (void)prefix;
    (void)uri;
    if (builder->failed || builder->depth == 0)
        return;
    element = &builder->open[--builder->depth];
    builder->namespaces -= element->namespaces;
    text = take_memory(builder, element->pieces_len + builder->text.len + 1);
    if (!text)
        return;
    for (const struct piece *piece = element->pieces; piece; piece = piece->next) {
        memcpy(text + len, piece->bytes, piece->len);
        len += piece->len;
    }
    if (builder->text.len > 0)
        memcpy(text + len, builder->text.data, builder->text.len);
    len += builder->text.len;
    text[len] = '\0';
    element->node->text = text;
    element->node->text_len = len;
    anycert__buf_reset(&builder->text);
}

/* ---- what is refused */

static void refuse(struct builder *builder, const char *why)
{
    if (builder->failed)
        return;
    anycert__fail(builder->err, ANYCERT_E_BODY_XML, "the XML body %s", why);
    stop(builder);
}

static void on_entity(void *arg, const xmlChar *name, int type, const xmlChar *public_id,
                      const xmlChar *system_id, xmlChar *content)
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    refuse(arg, "declares entities, which are not expanded");
}

static void on_unparsed_entity(void *arg, const xmlChar *name, const xmlChar *public_id,
                               const xmlChar *system_id, const xmlChar *notation)
{
    (void)name;
    (void)public_id;
    (void)system_id;
    (void)notation;
    refuse(arg, "declares entities, which are not expanded");
}

static void on_reference(void *arg, const xmlChar *name)
{
    (void)name;
    refuse(arg, "has an entity that only its document type could explain, which is not read");
}

/* A value for every element that does not say another would make much of little. */
static void on_attribute_declaration(void *arg, const xmlChar *element, const xmlChar *name,
                                     int type, int kind, const xmlChar *value,
                                     xmlEnumerationPtr choices)
{
    struct builder *builder = arg;

    (void)element;
    (void)name;
    (void)type;
    (void)kind;
    builder->library->xmlFreeEnumeration(choices); /* ours now */
    if (value)
        refuse(builder, "declares values of attributes in its document type, which is not read");
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *problem;
#else
typedef xmlErrorPtr problem;
#endif

static void on_problem(void *arg, problem error)
{
    struct builder *builder = arg;
    const char *message = error->message ? error->message : "it is not well formed";
    size_t len = strcspn(message, "\r\n");

    /* A namespace by any other name than a URI is odd, but well formed. */
    if (builder->failed || error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    if (error->code == XML_ERR_NO_MEMORY)
        anycert__fail_nomem(builder->err);
    else
        anycert__fail(builder->err, ANYCERT_E_BODY_XML,
                      "the body is not valid XML: %.*s in line %d", len > 200 ? 200 : (int)len,
                      message, error->line);
    stop(builder);
}

/* ---- parsing */

static void set_handlers(xmlSAXHandler *handler)
{
    memset(handler, 0, sizeof *handler);
    handler->initialized = XML_SAX2_MAGIC;
    handler->startElementNs = on_start;
    handler->endElementNs = on_end;
    handler->characters = on_text;
    handler->ignorableWhitespace = on_text;
    handler->cdataBlock = on_text;
    handler->entityDecl = on_entity;
    handler->unparsedEntityDecl = on_unparsed_entity;
    handler->attributeDecl = on_attribute_declaration;
    handler->reference = on_reference;
    handler->serror = on_problem;
}

static xmlParserCtxtPtr new_parser(struct builder *builder)
{
    xmlSAXHandler handler;
    xmlParserCtxtPtr parser = NULL;

    set_handlers(&handler);
#if LIBXML_VERSION >= 21100
    parser = builder->library->xmlNewSAXParserCtxt(&handler, builder);
#else
    parser = builder->library->xmlNewParserCtxt();
    if (parser && parser->sax) {
        *parser->sax = handler;
        parser->userData = builder;
    } else {
        builder->library->xmlFreeParserCtxt(parser);
        parser = NULL;
    }
#endif
    return parser;
}

/* The limits are ours: libxml2's own ones refuse ten megabytes of text. */
static int run(struct builder *builder, const char *text, size_t len)
{
    const struct anycert__xml_library *library = anycert__xml_library(builder->err);
    xmlParserCtxtPtr parser = NULL;
    xmlDocPtr none = NULL;

    if (!library)
        return -1;
    builder->library = library;
    parser = new_parser(builder);
    if (!parser)
        return anycert__fail_nomem(builder->err);
    builder->parser = parser;
    none = library->xmlCtxtReadMemory(parser, text, (int)len, NULL, "UTF-8",
                                      XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_HUGE);
    if (!builder->failed && (builder->depth > 0 || !builder->xml->root))
        refuse(builder, "is not well formed");
    library->xmlFreeDoc(none);
    library->xmlFreeParserCtxt(parser);
    return builder->failed ? -1 : 0;
}

struct anycert_xml *anycert__xml_read(const char *text, size_t len, struct anycert_error *err)
{
    struct builder *builder = anycert__calloc(1, sizeof *builder);
    struct anycert_xml *xml = anycert__calloc(1, sizeof *xml);
    struct anycert_error failure = {0};
    int result = -1;

    if (!builder || !xml) {
        anycert__fail_nomem(&failure);
    } else if (len > INT_MAX - 1) {
        anycert__fail(&failure, ANYCERT_E_BODY_XML, "the XML body is larger than 2 GiB");
    } else if (anycert__xml_scan(text, len, &failure) == 0) {
        builder->xml = xml;
        builder->err = &failure;
        anycert__buf_init(&builder->text, SIZE_MAX / 2);
        result = run(builder, text, len);
        anycert__buf_free(&builder->text);
    }
    anycert__free(builder);
    if (result == 0)
        return xml;
    anycert_xml_free(xml);
    if (err)
        *err = failure;
    return NULL;
}
