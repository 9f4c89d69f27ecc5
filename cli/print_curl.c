#include "print_curl.h"

#include <string.h>
#include <unistd.h>

#include <anycert/transfer.h>

#include "cookies.h"
#include "output.h"
#include "text.h"

int cli_print_curl_check(const struct cli_options *o, struct anycert_error *err)
{
    const char *other = o->report ? "--report" : o->trace ? "--trace" : o->write_out ? "-w" : NULL;
    if (o->print_curl && other)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--print-curl sends nothing, so that there is nothing for %s; leave one "
                         "out",
                         other);
    return 0;
}

/* What is said of the answer on this command line is not known to the library. */
static int add_notes(struct cli_bytes *text, const struct cli_options *o, bool has_codes,
                     struct anycert_error *err)
{
    const struct {
        bool given;
        const char *note;
    } notes[] = {
        {o->include, "# -i: add --include\n"},
        {o->fail && !o->fail_with_body, "# -f: add --fail\n"},
        {o->fail_with_body, "# --fail-with-body: add it\n"},
        {o->verbose, "# -v: add --verbose, which shows secrets\n"},
        {o->progress_bar, "# -#: take --silent away, and add --progress-bar\n"},
        {has_codes, "# --ok-codes: curl has no such list; --fail fails from 400 on\n"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (notes[i].given && cli_bytes_add_text(text, notes[i].note, err) != 0)
            return -1;
    return 0;
}

/* ---- cookies: the library knows those of the client, and not the files they came from ---- */

static const char library_note[] = "# the cookies that the client has are not in the command: "
                                   "anycert_client_save_cookies writes a file for --cookie\n";
static const char library_option[] = "  --cookie '' \\\n";

/* As one word of the shell, on a line of its own. */
static int add_option(struct cli_bytes *text, const char *option, const char *value,
                      struct anycert_error *err)
{
    if (cli_bytes_add_text(text, "  --", err) != 0 || cli_bytes_add_text(text, option, err) != 0 ||
        cli_bytes_add_text(text, " '", err) != 0)
        return -1;
    for (const char *p = value; *p != '\0'; p++)
        if ((*p == '\'' ? cli_bytes_add_text(text, "'\\''", err)
                        : cli_bytes_add(text, p, 1, err)) != 0)
            return -1;
    return cli_bytes_add_text(text, "' \\\n", err);
}

static int add_cookies(struct cli_bytes *text, const struct cli_options *o,
                       struct anycert_error *err)
{
    for (size_t i = 0; i < o->cookies.count; i++)
        if (!cli_cookies_are_data(o->cookies.items[i]) &&
            add_option(text, "cookie", o->cookies.items[i], err) != 0)
            return -1;
    if (cli_cookies_given(o) &&
        cli_bytes_add_text(text, "  --cookie \"${ANYCERT_COOKIE:?}\" \\\n", err) != 0)
        return -1;
    return o->cookie_jar ? add_option(text, "cookie-jar", o->cookie_jar, err) : 0;
}

/* The command with the files of -b and -c in the place of what the library wrote. */
static int add_command(struct cli_bytes *text, const struct cli_options *o, const char *command,
                       struct anycert_error *err)
{
    const char *note = strstr(command, library_note);
    const char *option = note ? strstr(note, library_option) : NULL;
    if (!option)
        return cli_bytes_add_text(text, command, err);
    const char *rest = note + strlen(library_note);
    if ((cli_cookies_given(o) &&
         cli_bytes_add_text(text, "# set ANYCERT_COOKIE: the cookies of -b, NAME=VALUE; ...\n",
                            err) != 0) ||
        cli_bytes_add(text, command, (size_t)(note - command), err) != 0 ||
        cli_bytes_add(text, rest, (size_t)(option - rest), err) != 0 ||
        add_cookies(text, o, err) != 0)
        return -1;
    return cli_bytes_add_text(text, option + strlen(library_option), err);
}

int cli_print_curl(const struct cli_options *o, const struct cli_session *session,
                   struct anycert_request *request, struct anycert_error *err)
{
    const struct cli_target standard_output = {.fd = STDOUT_FILENO};
    bool has_codes = o->ok_codes || anycert_profile_value(session->profile, "ok_codes");
    struct cli_bytes text = {0};
    char *command = NULL;
    int status = -1;
    bool to_file = o->output && strcmp(o->output, "-") != 0;
    if (to_file && anycert_request_set_output_file(request, o->output, err) != 0)
        return -1;
    /* curl writes to standard output by itself. */
    if (!to_file && anycert_request_set_body_callback(request, NULL, NULL, err) != 0)
        return -1;
    command = anycert_client_curl_command(session->client, request, err);
    if (command && add_notes(&text, o, has_codes, err) == 0 &&
        add_command(&text, o, command, err) == 0)
        status = cli_target_write(&standard_output, text.data, text.len, ANYCERT_E_BODY_WRITE, err);
    anycert_free(command);
    cli_bytes_free(&text);
    return status;
}
