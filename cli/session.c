#include "session.h"

#include <string.h>

#include <anycert/log.h>

#include "config.h"
#include "cookies.h"
#include "message.h"
#include "output.h"
#include "profile.h"

static void print_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
{
    const struct cli_session *session = arg;
    cli_print_log(session->json, anycert_log_level_name(level), text, len);
}

static int set_log(struct cli_session *s, const struct cli_options *o, struct anycert_error *err)
{
    if (!o->log_level)
        return 0;
    for (int level = ANYCERT_LOG_ERROR; level <= ANYCERT_LOG_DEBUG; level++)
        if (strcmp(o->log_level, anycert_log_level_name((enum anycert_log_level)level)) == 0)
            return anycert_config_set_log(s->config, (enum anycert_log_level)level, print_log, s,
                                          err);
    return cli_error(err, ANYCERT_E_USAGE,
                     "--log-level: '%s' is none of error, warning, info and debug", o->log_level);
}

static int set_trace(struct cli_session *s, const struct cli_options *o, struct anycert_error *err)
{
    struct cli_target target = {.fd = -1};
    if (!o->trace)
        return 0;
    if (strcmp(o->trace, "-") == 0)
        return cli_error(err, ANYCERT_E_USAGE, "--trace writes to a file only");
    int status = cli_target_open(&target, o->trace, "--trace", err);
    cli_target_close(&target);
    s->har = status == 0 ? anycert_har_new(err) : NULL;
    return s->har ? anycert_config_set_har(s->config, s->har, err) : -1;
}

/* A file of the profile that cannot be used is told with the line that names it. */
static int name_line(const struct cli_session *s, struct anycert_error *err)
{
    static const char *const keys[] = {"cacert", "ca_add", "cert", "key"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *path = anycert_profile_value(s->profile, keys[i]);
        if (path && *path != '\0' && strstr(err->message, path) &&
            (err->code == ANYCERT_E_ANCHORS || err->code == ANYCERT_E_CLIENT_CERT))
            return cli_error_context(err, "%s: ", anycert_profile_source(s->profile, keys[i]));
    }
    return cli_trust_context(&s->trust, err);
}

int cli_session_open(struct cli_session *s, const struct cli_options *o, struct anycert_error *err)
{
    s->json = o->json;
    s->profile = cli_profile_load(o, err);
    if (s->profile && o->command->bit == CLI_EXPLAIN) {
        s->settings = cli_profile_settings(s->profile, o);
        if (cli_profile_forget_secrets(s->profile, err) != 0)
            return -1;
    }
    if (!s->profile || cli_trust_make(&s->trust, o, s->profile, err) != 0)
        return -1;
    s->config = cli_config_make(o, s->profile, &s->trust, err);
    if (!s->config ||
        (o->verbose && anycert_config_set_trace(s->config, cli_print_trace, NULL, err) != 0) ||
        set_log(s, o, err) != 0 || set_trace(s, o, err) != 0 ||
        cli_cookies_enable(s->config, o, err) != 0)
        return -1;
    s->client = anycert_client_new(s->config, err);
    return s->client ? cli_cookies_load(s->client, o, err) : name_line(s, err);
}

int cli_session_trace(const struct cli_session *s, const struct cli_options *o,
                      struct anycert_error *err)
{
    if (!s->har || !s->client)
        return 0;
    return anycert_har_write(s->har, o->trace, err) == 0 ? 0 : cli_error_context(err, "--trace: ");
}

void cli_session_close(struct cli_session *s)
{
    anycert_client_free(s->client);
    anycert_config_free(s->config);
    anycert_har_free(s->har);
    cli_trust_free(&s->trust);
    anycert_profile_free(s->profile);
    yyjson_mut_doc_free(s->settings);
    *s = (struct cli_session){0};
}

bool cli_session_has_cert(const struct cli_session *session, const struct cli_options *options)
{
    return options->cert || (session->profile && anycert_profile_value(session->profile, "cert"));
}

const char *cli_session_trust_store(const struct cli_session *session,
                                    const struct cli_options *options)
{
    if (options->trust_store)
        return options->trust_store;
    return session->profile ? anycert_profile_value(session->profile, "trust_store") : NULL;
}
