/* http/space.h — spaces in URLs, which people and servers write there. */
#ifndef ANYCERT_HTTP_SPACE_H
#define ANYCERT_HTTP_SPACE_H

/* A copy of the text with each space behind the authority as %20, which means the same in a path
 * and in a query; libcurl makes '+' of those in a query, which is a space in forms only. NULL if
 * there is no memory. */
char *anycert__encode_spaces(const char *text);

#endif
