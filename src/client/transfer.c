#include "client/internal.h"

#include <string.h>

int anycert_config_add_secret_param(struct anycert_config *config, const char *name,
                                    struct anycert_error *err)
{
    if (anycert__check_text(name, "name of the secret parameter", err) < 0)
        return -1;
    return anycert__strings_add(&config->secret_params, name, err);
}

int anycert_request_set_resume(struct anycert_request *request, int resume,
                               struct anycert_error *err)
{
    if (resume && strcmp(request->method, "GET") != 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "only a GET request can go on where it ended, not %s",
                             request->method);
    return anycert__set_flag(&request->resume, resume, "resume", err);
}
