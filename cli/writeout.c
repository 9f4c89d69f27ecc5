#include "writeout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "message.h"

#define VALUE_SIZE 48

/* A value: a string of the context, or one written into buffer. */
typedef const char *value_of(const struct cli_writeout *c, char buffer[VALUE_SIZE]);

static const char *number(char buffer[VALUE_SIZE], uint64_t value)
{
    (void)snprintf(buffer, VALUE_SIZE, "%" PRIu64, value);
    return buffer;
}

static const char *seconds(char buffer[VALUE_SIZE], int64_t microseconds)
{
    (void)snprintf(buffer, VALUE_SIZE, "%" PRId64 ".%06" PRId64, microseconds / 1000000,
                   microseconds % 1000000);
    return buffer;
}

static struct anycert_timings timings(const struct cli_writeout *c)
{
    struct anycert_timings t = {0};
    if (c->response)
        anycert_response_timings(c->response, &t);
    return t;
}

static const char *http_code(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)snprintf(buffer, VALUE_SIZE, "%03d",
                   c->response ? anycert_response_status(c->response) : 0);
    return buffer;
}
static const char *http_version(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    const char *version = c->response ? anycert_response_http_version(c->response) : "";
    (void)snprintf(buffer, VALUE_SIZE, "%s", *version ? version : "0");
    return buffer;
}
static const char *url_effective(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    return c->response ? anycert_response_url(c->response) : "";
}
static const char *method(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    return c->method;
}
static const char *content_type(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const char *type = c->response ? anycert_response_header(c->response, "Content-Type", 0) : NULL;
    return type ? type : "";
}
static const char *redirect_url(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const char *url = c->response ? anycert_response_header(c->response, "Location", 0) : NULL;
    return url ? url : "";
}
static const char *size_download(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return number(buffer, c->response ? anycert_response_body_size(c->response) : 0);
}
static const char *num_redirects(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    size_t hops = c->response ? anycert_response_hop_count(c->response) : 0;
    return number(buffer, hops > 0 ? hops - 1 : 0);
}
static const char *num_retries(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return number(buffer, c->response ? anycert_response_retries(c->response) : 0);
}
static const char *num_headers(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return number(buffer, c->response ? anycert_response_header_count(c->response) : 0);
}
static const char *time_namelookup(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return seconds(buffer, timings(c).resolved_us);
}
static const char *time_connect(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return seconds(buffer, timings(c).connected_us);
}
static const char *time_appconnect(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return seconds(buffer, timings(c).tls_us);
}
static const char *time_starttransfer(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return seconds(buffer, timings(c).first_byte_us);
}
static const char *time_total(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    return seconds(buffer, timings(c).total_us);
}
static const char *exit_code(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)snprintf(buffer, VALUE_SIZE, "%d", anycert_error_class_of(c->error->code));
    return buffer;
}
static const char *error_name(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const char *name = anycert_error_name(c->error->code);
    return c->error->code != 0 && name ? name : "";
}
static const char *error_message(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    return c->error->code != 0 ? c->error->message : "";
}
static const char *file(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    return c->file;
}

/* ---- what was checked; "" where nothing was ---- */

/* Whether the last URL is http: whatever was checked on the way to a proxy says nothing about it.
 */
static bool is_plain(const struct cli_writeout *c)
{
    return c->response && strncmp(anycert_response_url(c->response), "http:", 5) == 0;
}

static const struct anycert_report *last_report(const struct cli_writeout *c)
{
    return is_plain(c) ? NULL : cli_last_report(c->response);
}

static const char *trust(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    return report ? cli_verdict_name(anycert_report_verdict(report)) : is_plain(c) ? "none" : "";
}
static const char *authenticated_by(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    return report ? anycert_report_authenticated_by(report) : is_plain(c) ? "none" : "";
}
static const char *policy(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    return report ? anycert_report_policy(report) : "";
}
static const char *tls_version(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    return report ? anycert_report_protocol(report) : "";
}
static const char *tls_cipher(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    return report ? anycert_report_cipher(report) : "";
}
static const char *pin(const struct cli_writeout *c, char buffer[VALUE_SIZE])
{
    (void)buffer;
    const struct anycert_report *report = last_report(c);
    const char *value = report ? anycert_report_cert_pin(report, 0) : NULL;
    return value ? value : "";
}

static const struct {
    const char *name;
    value_of *value;
} variables[] = {
    {"http_code", http_code},
    {"response_code", http_code},
    {"http_version", http_version},
    {"url_effective", url_effective},
    {"method", method},
    {"content_type", content_type},
    {"redirect_url", redirect_url},
    {"size_download", size_download},
    {"num_redirects", num_redirects},
    {"num_retries", num_retries},
    {"num_headers", num_headers},
    {"filename_effective", file},
    {"time_namelookup", time_namelookup},
    {"time_connect", time_connect},
    {"time_appconnect", time_appconnect},
    {"time_starttransfer", time_starttransfer},
    {"time_total", time_total},
    {"exitcode", exit_code},
    {"errorname", error_name},
    {"errormsg", error_message},
    {"trust", trust},
    {"authenticated_by", authenticated_by},
    {"policy", policy},
    {"tls_version", tls_version},
    {"tls_cipher", tls_cipher},
    {"pin", pin},
};
#define VARIABLE_COUNT (sizeof variables / sizeof *variables)

const char *cli_writeout_name(size_t index)
{
    return index < VARIABLE_COUNT ? variables[index].name : NULL;
}

static int add_variable(const char *name, const struct cli_writeout *c, struct cli_bytes *out,
                        struct anycert_error *err)
{
    char buffer[VALUE_SIZE];
    for (size_t i = 0; i < VARIABLE_COUNT; i++)
        if (strcmp(variables[i].name, name) == 0)
            return c ? cli_bytes_add_text(out, variables[i].value(c, buffer), err) : 0;
    const char *nearest = cli_nearest(name, cli_writeout_name);
    return cli_error(err, ANYCERT_E_USAGE, "-w: there is no variable '%.60s'%s%s%s", name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

static int add_header(const char *name, const struct cli_writeout *c, struct cli_bytes *out,
                      struct anycert_error *err)
{
    const char *value = c && c->response ? anycert_response_header(c->response, name, 0) : NULL;
    return value ? cli_bytes_add_text(out, value, err) : 0;
}

/* Behind '%': a variable, a header or a per cent sign. Moves *format behind it. */
static int add_percent(const char **format, const struct cli_writeout *c, struct cli_bytes *out,
                       struct anycert_error *err)
{
    const char *p = *format;
    if (*p == '%') {
        *format = p + 1;
        return cli_bytes_add_text(out, "%", err);
    }
    bool header = strncmp(p, "header{", 7) == 0;
    if (!header && *p != '{')
        return cli_bytes_add_text(out, "%", err);
    p += header ? 7 : 1;
    size_t length = strcspn(p, "}");
    char name[128];
    if (p[length] == '\0' || length >= sizeof name)
        return cli_error(err, ANYCERT_E_USAGE, "-w: '%%{' without '}'");
    (void)snprintf(name, sizeof name, "%.*s", (int)length, p);
    *format = p + length + 1;
    return header ? add_header(name, c, out, err) : add_variable(name, c, out, err);
}

static int add_escape(const char **format, struct cli_bytes *out, struct anycert_error *err)
{
    static const char letters[] = "nrt\\", meanings[] = "\n\r\t\\";
    const char *known = **format ? strchr(letters, **format) : NULL;
    if (!known)
        return cli_bytes_add_text(out, "\\", err);
    (*format)++;
    return cli_bytes_add(out, &meanings[known - letters], 1, err);
}

int cli_writeout(const char *format, const struct cli_writeout *context, struct cli_bytes *out,
                 struct anycert_error *err)
{
    while (*format != '\0') {
        char c = *format++;
        int status = c == '%'    ? add_percent(&format, context, out, err)
                     : c == '\\' ? add_escape(&format, out, err)
                                 : cli_bytes_add(out, &c, 1, err);
        if (status != 0)
            return -1;
    }
    return 0;
}
