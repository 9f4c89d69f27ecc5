#include "client/internal.h"

#include <string.h>

int anycert_request_set_resume(struct anycert_request *request, int resume,
                               struct anycert_error *err)
{
    if (resume && strcmp(request->method, "GET") != 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "only a GET request can go on where it ended, not %s",
                             request->method);
    return anycert__set_flag(&request->resume, resume, "resume", err);
}
