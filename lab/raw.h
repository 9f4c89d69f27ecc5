/* raw.h — servers that are not, or hardly, TLS. */
#ifndef ANYCERT_LAB_RAW_H
#define ANYCERT_LAB_RAW_H

#include "lab/stream.h"

/* Does what the recipe says and ends the stream. */
void lab__raw_serve(const struct lab__recipe *recipe, struct lab__stream *stream);

#endif
