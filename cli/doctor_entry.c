#include "doctor_entry.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "paste.h"
#include "text.h"

#define DAY_MAX 24 /* what the day and the words around it take */

bool cli_cause_is_own(const struct anycert_diagnosis *diagnosis, size_t cause)
{
    return !anycert_diagnosis_proxy(diagnosis) ||
           strcmp(anycert_diagnosis_cause_hop(diagnosis, cause), "proxy") != 0;
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Whether a policy under which the server connects has to do with it. The way there, the answer to
 * a request and a client certificate are nothing that an entry is about; nor is most of what only
 * has the stage for a check. */
static bool is_answered(const struct anycert_diagnosis *diagnosis, size_t n)
{
    static const char *const stages[] = {"dns", "tcp", "proxy", "tls", "http"};
    static const char *const answered[] = {"alpn-mismatch", "chain-too-large",
                                           "close-notify-missing", "sni-unknown"};
    const char *id = anycert_diagnosis_cause_id(diagnosis, n);
    if (!cli_cause_is_own(diagnosis, n) || strncmp(id, "client-cert-", 12) == 0)
        return false;
    return !is_one_of(anycert_diagnosis_cause_check(diagnosis, n), stages,
                      sizeof stages / sizeof *stages) ||
           is_one_of(id, answered, sizeof answered / sizeof *answered) ||
           ends_with(id, "-intolerant");
}

void cli_entry_reason(const struct anycert_diagnosis *diagnosis, const char *given,
                      char out[CLI_REASON_MAX + 1])
{
    char day[CLI_DATE_SIZE];
    size_t used = 0;
    bool any = false;
    cli_format_date((int64_t)time(NULL), day);
    out[0] = '\0';
    for (size_t i = 0; diagnosis && anycert_diagnosis_cause_title(diagnosis, i); i++) {
        if (!is_answered(diagnosis, i))
            continue;
        any = true;
        int n = snprintf(out + used, CLI_REASON_MAX - DAY_MAX - used, "%s%s", used > 0 ? " " : "",
                         anycert_diagnosis_cause_title(diagnosis, i));
        if (n < 0 || (size_t)n >= CLI_REASON_MAX - DAY_MAX - used) {
            out[used] = '\0'; /* whole sentences only */
            break;
        }
        used += (size_t)n;
    }
    if (!any)
        used = (size_t)snprintf(out, CLI_REASON_MAX - DAY_MAX, "Trusted as given%s%.120s%s.",
                                *given ? " (" : "", given, *given ? ")" : "");
    (void)snprintf(out + used, CLI_REASON_MAX + 1 - used, "%s%.10s, doctor", used > 0 ? " " : "",
                   day);
}

int cli_entry_given(const struct cli_options *options, struct cli_bytes *out,
                    struct anycert_error *err)
{
    const struct {
        const char *name;
        bool said;
    } all[] = {{"--profile", options->profile != NULL},
               {"--cacert", options->cacert.count > 0},
               {"--ca-add", options->ca_add.count > 0},
               {"--expect-name", options->expect_name != NULL},
               {"--sni", options->sni != NULL}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].said && ((out->len > 0 && cli_bytes_add_text(out, ", ", err) != 0) ||
                            cli_bytes_add_text(out, all[i].name, err) != 0))
            return -1;
    return 0;
}

void cli_entry_proxy_place(const char *url, char out[CLI_PLACE_MAX])
{
    const char *place = url && strncasecmp(url, "https://", 8) == 0 ? url + 8 : "";
    size_t len = strcspn(place, "/?#");
    for (size_t i = len; i > 0; i--) {
        if (place[i - 1] != '@')
            continue;
        place += i; /* user and password */
        len -= i;
        break;
    }
    (void)snprintf(out, CLI_PLACE_MAX, "%.*s", (int)len, place);
}

/* ---- the request by it ---- */

static int add_option(struct cli_bytes *out, const char *option, const char *value)
{
    struct anycert_error nowhere = {0};
    return cli_bytes_add_text(out, option, &nowhere) == 0 ? cli_paste_word(out, value) : -1;
}

static int add_options(struct cli_bytes *out, const char *option, const struct cli_list *values)
{
    for (size_t i = 0; i < values->count; i++)
        if (add_option(out, option, values->items[i]) != 0)
            return -1;
    return 0;
}

char *cli_entry_way(const struct cli_options *options)
{
    struct cli_bytes out = {0};
    struct anycert_error nowhere = {0};
    /* Its password is not for a line that stands on a terminal. */
    if (options->profile || (options->proxy && strchr(options->proxy, '@')) ||
        cli_bytes_add_text(&out, "", &nowhere) != 0 ||
        (options->proxy && add_option(&out, " -x ", options->proxy) != 0) ||
        add_options(&out, " --resolve ", &options->resolve) != 0 ||
        add_options(&out, " --connect-to ", &options->connect_to) != 0)
        cli_bytes_free(&out);
    return out.data;
}

/* Whether the server wants a certificate of ours. */
static bool wants_cert(const struct anycert_diagnosis *diagnosis)
{
    const char *id = NULL;
    for (size_t i = 0; (id = anycert_diagnosis_cause_id(diagnosis, i)) != NULL; i++)
        if (cli_cause_is_own(diagnosis, i) && (strncmp(id, "client-cert-required", 20) == 0 ||
                                               strcmp(id, "client-cert-wanted-by-http") == 0))
            return true;
    return false;
}

void cli_entry_print_use(const struct anycert_diagnosis *diagnosis, const char *file,
                         const char *way, const char *proxy_trust)
{
    const char *host = anycert_diagnosis_host(diagnosis);
    struct cli_bytes line = {0};
    char place[CLI_PLACE_MAX], url[CLI_PLACE_MAX + 16];
    (void)snprintf(url, sizeof url, "https://%s/",
                   cli_place(place, host, anycert_diagnosis_port(diagnosis)));
    struct anycert_error nowhere = {0};
    if (way && add_option(&line, "use it: anycert get --policy-file ", file) == 0 &&
        cli_bytes_add_text(&line, way, &nowhere) == 0 &&
        (!proxy_trust || add_option(&line, " --proxy-trust ", proxy_trust) == 0) &&
        (!wants_cert(diagnosis) ||
         cli_bytes_add_text(&line, " --cert client.pem --key client.key", &nowhere) == 0) &&
        add_option(&line, " ", url) == 0)
        (void)fprintf(stderr, "%s\n", line.data);
    cli_bytes_free(&line);
}
