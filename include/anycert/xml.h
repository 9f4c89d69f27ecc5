/* xml.h — reading an XML body. A read-only view of its elements; the parser is libxml2.
 *
 * Nothing is fetched, no document type is read, and no entity but the five of XML itself and
 * character references is expanded. Comments and processing instructions are left out.
 *
 * Threads: immutable after parsing; may be shared. */
#ifndef ANYCERT_XML_H
#define ANYCERT_XML_H

#include <stddef.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A document. */
struct anycert_xml;

/* An element of a document; borrowed until the document is freed, with all strings of it. */
struct anycert_xml_node;

/* Parses a document (XML 1.0 with namespaces). Its encoding is that of a byte order mark, of the
 * XML declaration, else UTF-8. NULL with BODY_XML (and where it goes wrong): for what is not well
 * formed, for a document type that declares entities or values of attributes or is larger than 16
 * KiB, for an encoding that is not known, for more than 200 elements inside of each other, 1000
 * attributes of one, 1000 namespaces at one place, or 1000000 elements and attributes; with USAGE
 * if libxml2, which is loaded by the first call, is not installed; or NOMEM. Free with
 * anycert_xml_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_xml *anycert_xml_parse(const void *bytes, size_t len,
                                                                    struct anycert_error *err);
/* The response's body in memory, parsed; whatever the status and Content-Type, but a charset that
 * Content-Type names goes before the XML declaration (RFC 7303 section 3). The document stands for
 * itself and may outlive the response. NULL as anycert_xml_parse. Free with anycert_xml_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_xml *
anycert_response_xml(const struct anycert_response *response, struct anycert_error *err);
/* Frees the document with all its elements. NULL is a no-op. */
ANYCERT_API void anycert_xml_free(struct anycert_xml *xml);

/* The outermost element. NULL for NULL. Here and below NULL for a document or an element gives NULL
 * or 0: look-ups need only the last result checked. */
ANYCERT_API const struct anycert_xml_node *anycert_xml_root(const struct anycert_xml *xml);
/* The element's name without its prefix. */
ANYCERT_API const char *anycert_xml_name(const struct anycert_xml_node *node);
/* The URI of the element's namespace; NULL if it is in none. */
ANYCERT_API const char *anycert_xml_namespace(const struct anycert_xml_node *node);
/* The characters that stand in the element itself, not in those inside of it: "ad" for
 * <x>a<y>bc</y>d</x>. "" if there are none. len, which may be NULL, gets their number of bytes. */
ANYCERT_API const char *anycert_xml_text(const struct anycert_xml_node *node, size_t *len);
/* The value of an attribute by its name without prefix and the URI of its namespace (NULL: in none,
 * as are all attributes without a prefix); NULL if the element does not have it. */
ANYCERT_API const char *anycert_xml_attribute(const struct anycert_xml_node *node, const char *name,
                                              const char *name_space);
/* All attributes: how many there are, and one of them by its index from 0; name_space may be NULL,
 * or gets NULL for one in no namespace. 0, or -1 beyond the end. Declarations of namespaces are no
 * attributes. */
ANYCERT_API size_t anycert_xml_attribute_count(const struct anycert_xml_node *node);
ANYCERT_API int anycert_xml_attribute_at(const struct anycert_xml_node *node, size_t index,
                                         const char **name, const char **name_space,
                                         const char **value);
/* The first element inside of this one, and the next one beside it; NULL if there is none. */
ANYCERT_API const struct anycert_xml_node *
anycert_xml_first_child(const struct anycert_xml_node *node);
ANYCERT_API const struct anycert_xml_node *anycert_xml_next(const struct anycert_xml_node *node);

#ifdef __cplusplus
}
#endif

#endif
