#include "client/internal.h"

#include <string.h>

int anycert_config_set_expect_continue(struct anycert_config *config, uint32_t wait_ms,
                                       struct anycert_error *err)
{
    (void)err;
    config->expect_ms = wait_ms;
    return 0;
}

int anycert_config_add_secret_param(struct anycert_config *config, const char *name,
                                    struct anycert_error *err)
{
    if (anycert__check_text(name, "name of the secret parameter", err) < 0)
        return -1;
    return anycert__strings_add(&config->secret_params, name, err);
}

int anycert_request_set_timeouts(struct anycert_request *request, uint32_t connect_ms,
                                 uint32_t total_ms, uint32_t stall_ms, struct anycert_error *err)
{
    (void)err;
    request->limits.connect_ms = connect_ms;
    request->limits.total_ms = total_ms;
    request->limits.stall_ms = stall_ms;
    return 0;
}

int anycert_request_set_max_redirects(struct anycert_request *request, int max,
                                      struct anycert_error *err)
{
    if (max < -1 || max > 1000)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "%d redirects: it has to be 0 to 1000, or -1 for the client's", max);
    request->max_redirects = max;
    return 0;
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
