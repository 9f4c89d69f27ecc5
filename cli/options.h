/* options.h — subcommands and options: one table of each, and what was given on the command line.
 */
#ifndef ANYCERT_CLI_OPTIONS_H
#define ANYCERT_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <anycert/error.h>

#include "text.h"

/* Subcommands that take options of the table; a bit each, so that a row can say whose it is. */
enum cli_command_bit {
    CLI_GET = 1 << 0,
    CLI_HEAD = 1 << 1,
    CLI_POST = 1 << 2,
    CLI_PUT = 1 << 3,
    CLI_PATCH = 1 << 4,
    CLI_DELETE = 1 << 5,
    CLI_REQUEST = 1 << 6,
    CLI_LIST = 1 << 7,
    CLI_EXPLAIN = 1 << 8,
    CLI_CHECK = 1 << 9,
    CLI_TEST = 1 << 10,
    /* No command: a setting of requests that policy explain shows too, though its help is silent.
     */
    CLI_EXPLAINED = 1 << 11,
    CLI_SHOW = 1 << 12,
    CLI_TRUST_LIST = 1 << 13,
    CLI_TRUST_ADD = 1 << 14,
    CLI_TRUST_REMOVE = 1 << 15,
    CLI_TRUST_IMPORT = 1 << 16,
    CLI_TRUST_EXPORT = 1 << 17,
    CLI_TRUST_HASH = 1 << 18,
    CLI_STORE = CLI_TRUST_LIST | CLI_TRUST_ADD | CLI_TRUST_REMOVE | CLI_TRUST_IMPORT |
                CLI_TRUST_EXPORT | CLI_TRUST_HASH,
    CLI_DOCTOR = 1 << 19,
    CLI_REQUESTS = (1 << 7) - 1
};

struct cli_command {
    const char *name;      /* "get", "policy list" */
    const char *arguments; /* what stands behind the options, for the help */
    const char *summary;
    const char *method; /* NULL where there is none or the options decide */
    unsigned bit;
};
/* The subcommand of a bit or a name; NULL if there is none. */
const struct cli_command *cli_command_of(unsigned bit);
const struct cli_command *cli_command_find(const char *name);

enum cli_data_kind {
    CLI_DATA,
    CLI_DATA_RAW,
    CLI_DATA_BINARY,
    CLI_DATA_URLENCODE,
    CLI_DATA_JSON,
    CLI_DATA_FORM,
    CLI_DATA_FORM_STRING
};
/* A secret: itself, or where it can be read. At most one of the four is given. */
struct cli_secret {
    char *text, *file, *env, *fd;
};

struct cli_data {
    enum cli_data_kind kind;
    char *value;
};

/* What was given. Strings are copies; NULL and false where an option was not given. */
struct cli_options {
    const struct cli_command *command;
    bool help;

    /* request */
    char *url, *profile;
    struct cli_list targets; /* doctor */
    char *method, *upload, *user_agent;
    struct cli_secret user, bearer, api_key, aws_session_token, oauth2_client_secret;
    bool basic, digest, ntlm, negotiate;
    bool other_credentials; /* policy explain: some were passed over */
    char *api_key_header, *api_key_param, *aws_sigv4;
    char *oauth2_token_url, *oauth2_client_id, *oauth2_scope, *oauth2_audience, *oauth2_style;
    struct cli_list oauth2_params;
    struct cli_list headers, secret_headers, secret_params;
    char *secret_guard;
    struct cli_data *data;
    size_t data_count;
    struct cli_list params, cookies;
    char *cookie_jar;
    char *query, *continue_at, *retry, *retry_delay, *retry_on, *retry_methods, *retry_after_max;
    char *idempotency_header, *ok_codes;
    bool get, head, location, allow_downgrade, compressed, no_compressed;
    char *max_redirs, *max_body;

    /* trust */
    bool insecure;
    char *policy_file, *trust_store, *comment;
    bool by_ca;
    char *trust, *until, *reason, *expect_name, *sni, *cert, *cert_type, *key, *proxy_trust;
    struct cli_secret pass;
    struct cli_list allow, pin, cacert, ca_add, intermediate;

    /* connection */
    bool env_proxy, proxy_digest, proxy_anyauth, http1_1, http2;
    struct cli_secret proxy_user;
    char *private_addresses, *expect_timeout;
    char *proxy, *noproxy, *connect_timeout, *max_time, *stall_timeout;
    struct cli_list resolve, connect_to;

    /* doctor */
    bool http, http_body, plan, fetch_intermediate, compare_direct;
    char *delay, *timeout, *parallel;
    struct cli_list clients; /* --for */
    char *save, *replay;
    bool apply, yes, replace;

    /* output */
    bool include, fail, fail_with_body, silent, show_error, verbose, progress_bar, print_curl;
    bool json; /* --format json */
    char *output, *write_out, *report, *format, *trace, *log_level;
};

/* Parses the words behind a subcommand; argv[0] is skipped. Secrets among them are overwritten in
 * argv, so that the list of processes does not show them longer than it must. -1 with USAGE and a
 * sentence. */
int cli_options_parse(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct anycert_error *err);
void cli_options_free(struct cli_options *options);

/* ---- the table
 * ------------------------------------------------------------------------------------------- */

enum cli_topic { CLI_TOPIC_REQUEST, CLI_TOPIC_TRUST, CLI_TOPIC_CONNECTION, CLI_TOPIC_OUTPUT };

/* How an option's value is kept. */
enum cli_action {
    CLI_FLAG,    /* bool */
    CLI_LAST,    /* char *, the last one wins, as curl has it */
    CLI_ONCE,    /* char *, a second one is an error: nobody should have to guess which trust is in
                    force */
    CLI_LIST_OF, /* struct cli_list */
    CLI_DATA_OF  /* a part of the body, of kind `offset` */
};
#define CLI_HIDE  1u /* overwrite the value in argv */
#define CLI_EMPTY 2u /* an empty value means something */

struct cli_option {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: none */
    unsigned commands;    /* enum cli_command_bit */
    enum cli_topic topic;
    enum cli_action action;
    size_t offset; /* in struct cli_options */
    unsigned flags;
    const char *help;
};
extern const struct cli_option cli_option_table[];
extern const size_t cli_option_count;

/* An option of curl that is not in the table. */
struct cli_absent {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: none */
    const char *instead;  /* what to do; NULL: accepted, for it changes nothing here */
};
extern const struct cli_absent cli_absent_table[];
extern const size_t cli_absent_count;

#endif
