#include "paste.h"

#include <stdio.h>
#include <string.h>

#include <anycert/policy.h>

#include "text.h"

static int add(struct cli_bytes *out, const char *text)
{
    struct anycert_error nowhere = {0};
    return cli_bytes_add_text(out, text, &nowhere);
}

static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";
    return *word != '\0' && word[strspn(word, plain)] == '\0';
}

int cli_paste_word(struct cli_bytes *out, const char *word)
{
    char one[2] = "";
    if (is_plain(word))
        return add(out, word);
    if (add(out, "'") != 0)
        return -1;
    for (const char *p = word; *p != '\0'; p++) {
        one[0] = *p;
        if ((unsigned char)*p < ' ' || *p == 0x7f || add(out, *p == '\'' ? "'\\''" : one) != 0)
            return -1;
    }
    return add(out, "'");
}

int cli_paste_authority(struct cli_bytes *out, const struct anycert_report *report)
{
    char place[CLI_PLACE_MAX];
    return cli_paste_word(
        out, cli_place(place, anycert_report_host(report), anycert_report_port(report)));
}

int cli_paste_trust_add(struct cli_bytes *out, const struct anycert_report *report,
                        const char *trust_store)
{
    if (add(out, "anycert trust add ") != 0 || cli_paste_authority(out, report) != 0 ||
        add(out, " --pin ") != 0 || cli_paste_word(out, anycert_report_cert_pin(report, 0)) != 0)
        return -1;
    if (!trust_store)
        return 0;
    return add(out, " --trust-store ") == 0 ? cli_paste_word(out, trust_store) : -1;
}

/* What the policy does not say, and the way there. */
static bool is_kept(const struct cli_option *option)
{
    static const char *const names[] = {"profile",   "policy-file", "trust-store", "proxy-trust",
                                        "cert",      "cert-type",   "key",         "intermediate",
                                        "pass-file", "pass-env",    "pass-fd"};
    if ((option->commands & CLI_GET) == 0)
        return false;
    if (option->topic == CLI_TOPIC_CONNECTION)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option->name, names[i]) == 0)
            return true;
    return false;
}

/* A proxy without its credentials. */
static int add_bare_proxy(struct cli_bytes *out, const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *authority = scheme_end ? scheme_end + strlen("://") : url;
    const char *at = strrchr(authority, '@');
    char text[2048];
    int n =
        snprintf(text, sizeof text, "%.*s%s", (int)(authority - url), url, at ? at + 1 : authority);
    return n > 0 && (size_t)n < sizeof text && add(out, " --proxy ") == 0
               ? cli_paste_word(out, text)
               : -1;
}

/* Whether the value of an option that may have one has a password in it. */
static bool is_secret(const struct cli_option *option, const char *value)
{
    return (option->flags & CLI_HIDE) &&
           (strcmp(option->name, "proxy") == 0  ? strchr(value, '@') != NULL
            : strcmp(option->name, "cert") == 0 ? strchr(value, ':') != NULL
                                                : true);
}

static int add_one(struct cli_bytes *out, const struct cli_option *option, const char *value)
{
    if (add(out, " --") != 0 || add(out, option->name) != 0)
        return -1;
    if (!value)
        return 0;
    return is_secret(option, value) || add(out, " ") != 0 ? -1 : cli_paste_word(out, value);
}

static int add_option(struct cli_bytes *out, const struct cli_options *o,
                      const struct cli_option *option)
{
    const char *at = (const char *)o + option->offset;
    struct cli_list list = {NULL, 0};
    char *value = NULL;
    bool flag = false;
    if (option->action == CLI_FLAG) {
        memcpy(&flag, at, sizeof flag);
        return flag ? add_one(out, option, NULL) : 0;
    }
    if (option->action == CLI_LAST || option->action == CLI_ONCE) {
        memcpy(&value, at, sizeof value);
        return value ? add_one(out, option, value) : 0;
    }
    if (option->action == CLI_LIST_OF)
        memcpy(&list, at, sizeof list);
    for (size_t i = 0; i < list.count; i++)
        if (add_one(out, option, list.items[i]) != 0)
            return -1;
    return 0;
}

static int add_url(struct cli_bytes *out, const struct cli_options *o,
                   const struct anycert_report *report, bool is_same)
{
    char url[4096];
    int n = 0;
    if (!is_same || !o->url || strchr(o->url, '@')) {
        if (add(out, "https://") != 0 || cli_paste_authority(out, report) != 0)
            return -1;
        return add(out, "/");
    }
    n = snprintf(url, sizeof url, "%.*s", (int)cli_url_shown(o->url), o->url);
    return n > 0 && (size_t)n < sizeof url ? cli_paste_word(out, url) : -1;
}

int cli_paste_get(struct cli_bytes *out, const struct cli_options *options, const char *policy,
                  const struct anycert_report *report, bool is_same)
{
    if (add(out, "anycert get --trust ") != 0 || cli_paste_word(out, policy) != 0)
        return -1;
    for (size_t i = 0; i < cli_option_count; i++)
        if (is_kept(&cli_option_table[i]) && add_option(out, options, &cli_option_table[i]) != 0)
            return -1;
    return add(out, " ") == 0 ? add_url(out, options, report, is_same) : -1;
}

/* ---- doctor ---- */

/* Whether the examination has the option, as the request had it, beside its profile. */
static bool is_examined(const struct cli_option *option)
{
    static const char *const names[] = {"profile",     "intermediate", "resolve", "connect-to",
                                        "proxy",       "proxy-trust",  "cacert",  "ca-add",
                                        "expect-name", "sni"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option->name, names[i]) == 0)
            return true;
    return false;
}

static int add_given(struct cli_bytes *out, const struct cli_options *o)
{
    struct cli_bytes text = {0};
    int status = 0;
    for (size_t i = 0; i < cli_option_count && status == 0; i++) {
        const struct cli_option *option = &cli_option_table[i];
        text.len = 0;
        /* Its credentials are not used there. */
        if (strcmp(option->name, "proxy") == 0) {
            status = o->proxy ? add_bare_proxy(out, o->proxy) : 0;
            continue;
        }
        if (is_examined(option) && add_option(&text, o, option) == 0 && text.len > 0)
            status = add(out, text.data);
    }
    cli_bytes_free(&text);
    return status;
}

int cli_paste_doctor(struct cli_bytes *out, const struct cli_options *options,
                     const struct anycert_report *report)
{
    if (add(out, "anycert doctor") != 0 || add_given(out, options) != 0 ||
        add(out, " https://") != 0 || cli_paste_authority(out, report) != 0)
        return -1;
    return add(out, "/");
}
