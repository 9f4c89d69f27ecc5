#include "session.h"

#include "config.h"
#include "message.h"
#include "profile.h"

int cli_session_open(struct cli_session *s, const struct cli_options *o, struct anycert_error *err)
{
    s->profile = cli_profile_load(o, err);
    if (!s->profile || cli_trust_make(&s->trust, o, s->profile, err) != 0)
        return -1;
    s->config = cli_config_make(o, s->profile, &s->trust, err);
    if (!s->config ||
        (o->verbose && anycert_config_set_trace(s->config, cli_print_trace, NULL, err) != 0))
        return -1;
    s->client = anycert_client_new(s->config, err);
    return s->client ? 0 : cli_trust_context(&s->trust, err);
}

void cli_session_close(struct cli_session *s)
{
    anycert_client_free(s->client);
    anycert_config_free(s->config);
    cli_trust_free(&s->trust);
    anycert_profile_free(s->profile);
    *s = (struct cli_session){0};
}
