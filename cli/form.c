#include "form.h"

#include <stdio.h>
#include <string.h>

/* One value of -F, taken apart: NAME=CONTENT, NAME=@FILE or NAME=<FILE, and what stands behind
 * semicolons. */
struct part {
    char *name, *content;
    char *type, *filename; /* NULL: not given */
    char kind;             /* '@', '<', or 0 for the content itself */
};

static const char *const words[] = {";type=", ";filename=", ";headers=", ";encoder="};
#define WORD_COUNT (sizeof words / sizeof *words)

/* Where a word behind a semicolon begins, or the end. A semicolon before anything else belongs to
 * the content. */
static const char *find_word(const char *text, size_t *which)
{
    for (const char *p = strchr(text, ';'); p; p = strchr(p + 1, ';'))
        for (size_t i = 0; i < WORD_COUNT; i++)
            if (strncmp(p, words[i], strlen(words[i])) == 0) {
                *which = i;
                return p;
            }
    *which = WORD_COUNT;
    return text + strlen(text);
}

const char *cli_form_path(const char *value, size_t *len)
{
    const char *equals = strchr(value, '=');
    size_t which;
    if (!equals || (equals[1] != '@' && equals[1] != '<'))
        return NULL;
    *len = (size_t)(find_word(equals + 2, &which) - (equals + 2));
    return equals + 2;
}

/* Takes quotes off, in place; a backslash in them goes before a quote or a backslash. */
static void unquote(char *text)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '"' || text[length - 1] != '"')
        return;
    char *to = text;
    for (const char *from = text + 1; from < text + length - 1; from++) {
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* Each piece has its end by now. */
static void unquote_all(const struct part *part)
{
    if (part->type)
        unquote(part->type);
    if (part->filename)
        unquote(part->filename);
    unquote(part->content);
}

/* Takes the value apart, in place. */
static int split(char *value, struct part *part, struct anycert_error *err)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-F: '%s' is not NAME=CONTENT, NAME=@FILE or NAME=<FILE", value);
    *part = (struct part){.name = value, .content = equals + 1};
    *equals = '\0';
    if (*part->content == '@' || *part->content == '<')
        part->kind = *part->content++;
    size_t which;
    char *p = part->content + (find_word(part->content, &which) - part->content);
    while (which < WORD_COUNT) {
        char *word = p + strlen(words[which]);
        char **to = which == 0 ? &part->type : &part->filename;
        if (which > 1)
            return cli_error(err, ANYCERT_E_USAGE, "-F: there is no '%.*s', only type and filename",
                             (int)strlen(words[which]) - 2, words[which] + 1);
        *p = '\0'; /* ends what stands before it */
        p = word + (find_word(word, &which) - word);
        *to = word;
    }
    unquote_all(part);
    if (part->kind != 0 && *part->content == '\0')
        return cli_error(err, ANYCERT_E_USAGE, "-F: %s=%c names no file", part->name, part->kind);
    return 0;
}

/* From memory: the text itself, what a file has in it, or standard input. */
static int add_bytes(struct anycert_request *request, const struct part *part,
                     struct anycert_error *err)
{
    struct cli_bytes bytes = {0};
    const char *filename = part->filename ? part->filename : part->kind == '@' ? "-" : NULL;
    int status = part->kind == 0 ? cli_bytes_add_text(&bytes, part->content, err)
                                 : cli_bytes_read(&bytes, part->content, "-F", err);
    if (status == 0)
        status = anycert_request_add_part(request, part->name, bytes.data ? bytes.data : "",
                                          bytes.len, filename, part->type, err) == 0
                     ? 0
                     : cli_error_context(err, "-F: ");
    cli_bytes_free(&bytes);
    return status;
}

static int add_part(struct anycert_request *request, const char *value, struct anycert_error *err)
{
    char *copy = cli_copy(value, err);
    struct part part = {0};
    int status = -1;
    if (!copy || split(copy, &part, err) != 0)
        goto out;
    if (part.kind == '@' && strcmp(part.content, "-") != 0)
        status = anycert_request_add_file(request, part.name, part.content, part.filename,
                                          part.type, err) == 0
                     ? 0
                     : cli_error_context(err, "-F: ");
    else
        status = add_bytes(request, &part, err);
out:
    cli_wipe_free(copy);
    return status;
}

/* NAME=STRING, in which nothing has a meaning. */
static int add_string(struct anycert_request *request, const char *value, struct anycert_error *err)
{
    const char *equals = strchr(value, '=');
    char *name = equals ? cli_copy(value, err) : NULL;
    int status = -1;
    if (!equals || equals == value)
        (void)cli_error(err, ANYCERT_E_USAGE, "--form-string: '%s' is not NAME=STRING", value);
    else if (name) {
        name[equals - value] = '\0';
        status = anycert_request_add_part(request, name, equals + 1, strlen(equals + 1), NULL, NULL,
                                          err) == 0
                     ? 0
                     : cli_error_context(err, "--form-string: ");
    }
    cli_wipe_free(name);
    return status;
}

int cli_form_add(struct anycert_request *request, const struct cli_options *o,
                 struct anycert_error *err)
{
    for (size_t i = 0; i < o->data_count; i++) {
        const struct cli_data *data = &o->data[i];
        if ((data->kind == CLI_DATA_FORM && add_part(request, data->value, err) != 0) ||
            (data->kind == CLI_DATA_FORM_STRING && add_string(request, data->value, err) != 0))
            return -1;
    }
    return 0;
}
