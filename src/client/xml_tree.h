/* client/xml_tree.h — an XML document as it is kept, and how it is read from UTF-8. */
#ifndef ANYCERT_CLIENT_XML_TREE_H
#define ANYCERT_CLIENT_XML_TREE_H

#include <stdbool.h>

#include <anycert/xml.h>

#include "client/arena.h"

struct anycert__xml_attribute {
    const char *name, *name_space, *value;
};

struct anycert_xml_node {
    const char *name, *name_space, *text;
    size_t text_len;
    const struct anycert__xml_attribute *attributes;
    size_t attribute_count;
    struct anycert_xml_node *first_child, *next;
};

struct anycert_xml {
    struct anycert__arena arena; /* of everything */
    struct anycert_xml_node *root;
};

/* xml_read.c: NULL with BODY_XML, NOMEM. What the XML declaration says of the encoding is passed
 * over. */
struct anycert_xml *anycert__xml_read(const char *text, size_t len, struct anycert_error *err);

/* xml_scan.c: 0, or -1 with BODY_XML for what the parser has to be kept from. */
int anycert__xml_scan(const char *text, size_t len, struct anycert_error *err);

#endif
