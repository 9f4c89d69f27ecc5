/* tests/support/hostile_facts.h — facts whose strings try to break out of a report. */
#ifndef ANYCERT_TESTS_HOSTILE_FACTS_H
#define ANYCERT_TESTS_HOSTILE_FACTS_H

#include "support/sample_facts.h"

/* How many there are: NUL, control bytes, broken UTF-8, direction overrides, quotes, very long. */
size_t hostile_count(void);
/* sample_facts() with the nth hostile string wherever a peer could put one. */
struct anycert__facts *hostile_facts(size_t nth);

#endif
