/* client/json_memory.h — yyjson on top of base/mem.h. */
#ifndef ANYCERT_CLIENT_JSON_MEMORY_H
#define ANYCERT_CLIENT_JSON_MEMORY_H

#include <yyjson.h>

/* For every call of yyjson that allocates. */
const yyjson_alc *anycert__json_memory(void);

#endif
