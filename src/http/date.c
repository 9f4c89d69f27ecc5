#include "http/date.h"

#include <curl/curl.h>

bool anycert__http_date(const char *text, int64_t *out)
{
    time_t seconds = curl_getdate(text, NULL);

    *out = (int64_t)seconds;
    return seconds != -1;
}
