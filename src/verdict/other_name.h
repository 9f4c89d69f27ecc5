/* verdict/other_name.h — a name that a certificate has, to be expected instead of the host. */
#ifndef ANYCERT_VERDICT_OTHER_NAME_H
#define ANYCERT_VERDICT_OTHER_NAME_H

#include <stdbool.h>

#include "verdict/facts.h"

/* Of the names in the server's certificate the host name that is most like the one that was asked
 * for, from the end on, the first of several; or the first address. No pattern, no common name, and
 * nothing that a policy cannot expect. False if there is none. */
bool anycert__pick_name(const struct anycert__facts *facts, char out[256]);

#endif
