/* A ceiling that tests choose: linked in place of policy/ceiling_place.c, never into what is
 * installed. */
#include "policy/ceiling.h"

#include <stdlib.h>
#include <unistd.h>

const char *anycert__ceiling_path(void)
{
    const char *path = getenv("ANYCERT_TEST_CEILING");

    return path ? path : "/nonexistent";
}

uid_t anycert__ceiling_owner(void)
{
    return geteuid();
}
