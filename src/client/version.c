#include <anycert/version.h>

#include "http/exchange.h"

const char *anycert_version(void)
{
    return ANYCERT_VERSION;
}

const char *anycert_libcurl_version(void)
{
    return anycert__libcurl_version();
}
