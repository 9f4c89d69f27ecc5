#include "policy/ceiling.h"

const char *anycert__ceiling_path(void)
{
    return ANYCERT__CEILING_PATH;
}

uid_t anycert__ceiling_owner(void)
{
    return 0;
}
