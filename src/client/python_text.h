/* client/python_text.h — bytes and JSON as Python shows them, for messages that callers match on.
 */
#ifndef ANYCERT_CLIENT_PYTHON_TEXT_H
#define ANYCERT_CLIENT_PYTHON_TEXT_H

#include "base/buf.h"

/* b'...', as repr() of the bytes. */
void anycert__python_bytes(struct anycert__buf *out, const void *bytes, size_t len);
/* The JSON text as json.dumps() of json.loads() of it. False, and nothing is added, if it is none.
 */
bool anycert__python_json(struct anycert__buf *out, const char *text, size_t len);

#endif
