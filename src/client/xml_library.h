/* client/xml_library.h — libxml2, which is loaded when the first XML is read and not before: with
 * the Unicode library that it links, it takes a third of a small program's start, and most programs
 * read none. */
#ifndef ANYCERT_CLIENT_XML_LIBRARY_H
#define ANYCERT_CLIENT_XML_LIBRARY_H

#include <anycert/error.h>

#include <libxml/parser.h>

#if LIBXML_VERSION >= 21100
#define ANYCERT__XML_NEW xmlNewSAXParserCtxt
#else
#define ANYCERT__XML_NEW xmlNewParserCtxt
#endif

/* The functions that are used, each by the name that libxml2 gives it. */
#define ANYCERT__XML_FUNCTIONS(F)                                                                  \
    F(xmlInitParser)                                                                               \
    F(ANYCERT__XML_NEW)                                                                            \
    F(xmlCtxtReadMemory)                                                                           \
    F(xmlStopParser)                                                                               \
    F(xmlFreeEnumeration)                                                                          \
    F(xmlFreeDoc)                                                                                  \
    F(xmlFreeParserCtxt)

struct anycert__xml_library {
#define ANYCERT__XML_MEMBER(name) __typeof__(name) *name;
    ANYCERT__XML_FUNCTIONS(ANYCERT__XML_MEMBER)
#undef ANYCERT__XML_MEMBER
};

/* Loaded by the first call, and kept; for many threads. NULL with USAGE if there is none. */
const struct anycert__xml_library *anycert__xml_library(struct anycert_error *err);

/* One by this name. 0, or -1 with USAGE. */
int anycert__xml_load(const char *name, struct anycert__xml_library *out,
                      struct anycert_error *err);

#endif
