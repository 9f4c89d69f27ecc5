/* What a doctor is asked for the same server, on the same way. */
#include "client/diagnose.h"

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"

#include <string.h>

#define COMMAND_MAX ((size_t)1 << 20)

static void add_option(struct anycert__buf *buf, const char *option, const char *value)
{
    anycert__buf_addf(buf, " --%s ", option);
    anycert__shell_add_word(buf, value);
}

/* The files of ca=, beside the system's anchors or instead of them. */
static void add_anchors(struct anycert__buf *buf, const struct anycert_policy *base)
{
    bool beside = false;

    for (size_t i = 0; i < base->ca_count; i++)
        beside = beside || base->cas[i].kind == ANYCERT__CA_SYSTEM;
    for (size_t i = 0; i < base->ca_count; i++) {
        if (base->cas[i].kind == ANYCERT__CA_PATH)
            add_option(buf, beside ? "ca-add" : "cacert", base->cas[i].path);
    }
}

/* What the proxy is judged by, unless that is hardened alone, or has anchors that are in no file.
 */
static int add_proxy_trust(struct anycert__buf *buf, const struct anycert_policy *policy,
                           struct anycert_error *err)
{
    char *text = anycert_policy_format(policy, err);
    bool in_memory = false;

    if (!text)
        return -1;
    for (size_t i = 0; i < policy->ca_count; i++)
        in_memory = in_memory || policy->cas[i].kind == ANYCERT__CA_MEMORY;
    if (!in_memory && strcmp(text, "hardened") != 0)
        add_option(buf, "proxy-trust", text);
    anycert_free(text);
    return 0;
}

static void add_list(struct anycert__buf *buf, const char *option,
                     const struct anycert__short_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        add_option(buf, option, list->list[i]);
}

static int write_command(const struct anycert__failing *failing, struct anycert_error *err)
{
    struct anycert_short_diagnosis *out = failing->out;
    const struct anycert_config *config = failing->client->config;
    enum anycert_doctor_request request = anycert__short_request(out);
    struct anycert__buf buf;

    anycert__buf_init(&buf, COMMAND_MAX);
    if (out->https) {
        anycert__buf_adds(&buf, "anycert doctor");
        add_anchors(&buf, out->base);
        if (out->base->expect_name)
            add_option(&buf, "expect-name", out->base->expect_name);
        if (out->base->sni)
            add_option(&buf, "sni", out->base->sni);
        for (size_t i = 0; i < config->intermediate_names.count; i++) {
            if (strcmp(config->intermediate_names.list[i], ANYCERT__IN_MEMORY) != 0)
                add_option(&buf, "intermediate", config->intermediate_names.list[i]);
        }
        if (out->proxy)
            add_option(&buf, "proxy", out->proxy);
        if (out->proxy_policy && add_proxy_trust(&buf, out->proxy_policy, err) < 0)
            return -1;
        add_list(&buf, "resolve", &out->resolve);
        add_list(&buf, "connect-to", &out->connect_to);
        anycert__buf_adds(&buf, request == ANYCERT_REQUEST_BODY   ? " --http-body"
                                : request == ANYCERT_REQUEST_HEAD ? " --http"
                                                                  : "");
        anycert__buf_adds(&buf, " ");
        anycert__shell_add_word(&buf, out->target);
    }
    out->command = anycert__buf_take(&buf, "the doctor's command", err);
    anycert__buf_free(&buf);
    return out->command ? 0 : -1;
}

int anycert__diagnose_command(struct anycert__failing *failing, struct anycert_error *err)
{
    struct anycert_short_diagnosis *out = failing->out;
    const struct anycert_client *client = failing->client;
    const struct anycert_config *config = client->config;

    if (failing->is_proxied) {
        out->proxy = anycert__strdup(client->proxy_url);
        if (client->settings.proxy_https)
            out->proxy_policy = anycert_policy_copy(client->proxy[0].policy, err);
        if (!out->proxy || (client->settings.proxy_https && !out->proxy_policy))
            return anycert__fail_nomem(err);
    }
    if (anycert__short_list_copy(&out->resolve, config->resolve.list, config->resolve.count, err) <
            0 ||
        anycert__short_list_copy(&out->connect_to, config->connect_to.list,
                                 config->connect_to.count, err) < 0 ||
        anycert__short_list_copy(&out->intermediates, config->intermediates.list,
                                 config->intermediates.count, err) < 0)
        return -1;
    /* A doctor takes one address of each. */
    for (size_t i = 0; i < out->resolve.count; i++)
        out->resolve.list[i][strcspn(out->resolve.list[i], ",")] = '\0';
    return write_command(failing, err);
}
