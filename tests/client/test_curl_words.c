/* The words that the shell makes of a curl command line, seen by a program in the place of curl;
 * and that no secret is among those that are printed. */
#include "base/mem.h"
#include "client/floor.h"
#include "client/internal.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define MAX_WORDS 128

/* What was called, and with what on its standard input. */
struct seen {
    char *text; /* the words, a NUL behind each */
    const char *words[MAX_WORDS];
    size_t count;
    char *input;
    size_t input_len;
};

static char *command_for(const struct anycert_client *client, const struct anycert_request *request)
{
    struct anycert_error err = {0};
    char *text = anycert_client_curl_command(client, request, &err);

    if (!text)
        fail_msg("%s", err.message);
    return text;
}

static char *read_all(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 262144);

    assert_non_null(text);
    *len = file ? fread(text, 1, 262143, file) : 0;
    if (file)
        (void)fclose(file);
    return text;
}

static void make_stand_in(void)
{
    floor_folder();
    floor_write(floor_path("curl"), "#!/bin/sh\n"
                                    "printf '%s\\0' \"$@\" > \"$0.words\"\n"
                                    "rm -f \"$0.input\"\n"
                                    "if [ -p /dev/stdin ]; then cat > \"$0.input\"; fi\n");
    assert_int_equal(chmod(floor_path("curl"), 0755), 0);
}

static void remove_stand_in(void)
{
    static const char *const files[] = {"curl", "curl.words", "curl.input", "script", "log"};

    for (size_t i = 0; i < COUNT(files); i++)
        (void)unlink(floor_path(files[i]));
    floor_remove_folder(0);
}

/* Gives the command to sh. Variables are what its notes ask for. */
static void call(const char *command, const char *const *variables, struct seen *seen)
{
    const char *argv[] = {"sh", floor_path("script"), NULL};
    const char *environment[16] = {NULL};
    char path[400];
    size_t len = 0;
    int status = 0;

    memset(seen, 0, sizeof *seen);
    (void)snprintf(path, sizeof path, "PATH=%.*s:/usr/bin:/bin",
                   (int)(strlen(floor_path("curl")) - 5), floor_path("curl"));
    environment[0] = path;
    for (size_t i = 0; variables && variables[i]; i++)
        environment[i + 1] = variables[i];
    floor_write(floor_path("script"), command);
    status = child_run(
        &(struct child_plan){.argv = argv, .log = floor_path("log"), .environment = environment});
    if (status != 0)
        fail_msg("%d: %s\n%s", status, floor_read(floor_path("log")), command);
    seen->text = read_all(floor_path("curl.words"), &len);
    for (size_t at = 0; at < len; at += strlen(seen->text + at) + 1) {
        assert_true(seen->count < MAX_WORDS);
        seen->words[seen->count++] = seen->text + at;
    }
    seen->input = read_all(floor_path("curl.input"), &seen->input_len);
}

static void seen_free(struct seen *seen)
{
    free(seen->text);
    free(seen->input);
}

/* Whether the word, and behind it the value unless that is NULL, are there. */
static bool has(const struct seen *seen, const char *word, const char *value)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->words[i], word) == 0 &&
            (!value || (i + 1 < seen->count && strcmp(seen->words[i + 1], value) == 0)))
            return true;
    }
    return false;
}

/* ---- every byte */

static uint32_t next_random(void)
{
    static uint32_t state = 20240229;

    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* Any bytes; with is_field, none that may not stand in a header field. */
static size_t fill(char *out, size_t max, bool is_field, bool with_nul)
{
    size_t len = next_random() % max;
    bool is_wild = next_random() % 2;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)(is_wild ? next_random() : ' ' + next_random() % 95);

        if (is_field && (c < 0x20 || c == 0x7f))
            c = '\'';
        out[i] = (char)(c == '\0' && !with_nul ? '%' : c);
    }
    out[len] = '\0';
    return len;
}

static void every_byte_reaches_curl(void **state)
{
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    make_stand_in();
    for (unsigned i = 0; i < 250; i++) {
        struct anycert_request *request = floor_request("POST", "https://h.test/");
        bool with_nul = i % 4 == 0;
        char user[160];
        char field[128];
        char bytes[512];
        char password[80] = "ANYCERT_PASSWORD=x";
        char file[64];
        const char *const variables[] = {password, NULL};
        struct seen seen;
        size_t len = 0;
        char *command = NULL;

        fill(user, 40, true, false);
        for (char *p = user; *p; p++)
            *p = *p == ':' ? ';' : *p;
        memcpy(field, "X: v", 4);
        len = fill(field + 4, 100, true, false);
        memcpy(field + 4 + len, "v", 2);
        fill(file, 40, true, false);
        fill(password + strlen(password), 40, true, false);
        len = fill(bytes, 500, false, with_nul);
        assert_int_equal(
            anycert_request_set_basic_auth(request, user, strchr(password, '=') + 1, NULL), 0);
        floor_header(request, "X", field + 3);
        if (*file)
            assert_int_equal(anycert_request_set_output_file(request, file, NULL), 0);
        assert_int_equal(anycert_request_set_body(request, bytes, len, NULL), 0);
        command = command_for(client, request);
        for (const unsigned char *p = (const unsigned char *)command; *p; p++)
            assert_true((*p >= 0x20 && *p != 0x7f) || *p == '\n' || *p == '\t');
        call(command, variables, &seen);
        (void)snprintf(user + strlen(user), sizeof user - strlen(user), ":%s",
                       strchr(password, '=') + 1);
        if (!has(&seen, "--user", user) || !has(&seen, "--header", field) ||
            (*file && !has(&seen, "--output", file) && strcmp(file, "-") != 0))
            fail_msg("not what it was:\n%s", command);
        if (memchr(bytes, '\0', len)) {
            assert_int_equal(seen.input_len, len);
            assert_memory_equal(seen.input, bytes, len);
            assert_true(has(&seen, "--data-binary", "@-"));
        } else if (!has(&seen, "--data-raw", bytes)) {
            fail_msg("not the body:\n%s", command);
        }
        seen_free(&seen);
        anycert_free(command);
        anycert_request_free(request);
    }
    remove_stand_in();
    anycert_client_free(client);
}

/* ---- without its variables nothing is called */

static void a_secret_that_is_not_set_is_not_sent(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", "https://u:s3cret@h.test/");
    const char *argv[] = {"sh", NULL, NULL};
    const char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    char *command = command_for(client, request);

    (void)state;
    floor_folder();
    argv[1] = floor_path("script");
    floor_write(floor_path("script"), command);
    assert_int_not_equal(child_run(&(struct child_plan){
                             .argv = argv, .log = floor_path("log"), .environment = environment}),
                         0);
    assert_non_null(strstr(floor_read(floor_path("log")), "ANYCERT_PASSWORD"));
    (void)unlink(floor_path("script"));
    (void)unlink(floor_path("log"));
    floor_remove_folder(0);
    anycert_free(command);
    anycert_request_free(request);
    anycert_client_free(client);
}

/* ---- every kind of secret */

static int no_credentials(void *arg, struct anycert_auth_request *request,
                          struct anycert_error *err)
{
    (void)arg;
    return anycert_auth_request_add_header(request, "X-Mine", "s3cret", err);
}

static struct anycert_auth *make_oauth2(void)
{
    struct anycert_auth *auth = anycert_auth_oauth2("https://token.test/t\xc3\xb6ken?sig=s3cret",
                                                    "the-client", "s3cret", NULL);

    assert_non_null(auth);
    assert_int_equal(anycert_auth_oauth2_set_token(auth, "s3cret", 0, NULL), 0);
    assert_int_equal(anycert_auth_oauth2_set_scope(auth, "read write", NULL), 0);
    assert_int_equal(anycert_auth_oauth2_add_param(auth, "more", "s3cret", NULL), 0);
    return auth;
}

static struct anycert_auth *make_auth(unsigned kind)
{
    switch (kind) {
    case 0:
        return anycert_auth_basic("user", "s3cret", NULL);
    case 1:
        return anycert_auth_digest("user", "s3cret", NULL);
    case 2:
        return anycert_auth_ntlm("DOMAIN\\user", "s3cret", NULL);
    case 3:
        return anycert_auth_negotiate(NULL);
    case 4:
        return anycert_auth_bearer("s3cret", NULL);
    case 5:
        return anycert_auth_api_key_header("X-Own", "s3cret", NULL);
    case 6:
        return anycert_auth_api_key_query("own", "s3cret", NULL);
    case 7:
        return anycert_auth_aws_sigv4("s3cret", "s3cret", "s3cret", "eu-1", "api", NULL);
    case 8:
        return make_oauth2();
    default:
        return anycert_auth_callback(no_credentials, NULL, NULL, NULL);
    }
}

/* Words that have to be there for a kind of make_auth: three pairs of an option and its value. */
static const struct {
    const char *words[6];
    const char *note;
} kinds[] = {
    {{"--user", "user:PW"}, NULL},
    {{"--digest", NULL, "--user", "user:PW", "--http1.1"}, NULL},
    {{"--ntlm", NULL, "--user", "DOMAIN\\user:PW", "--http1.1"}, NULL},
    {{"--negotiate", NULL, "--user", ":", "--http1.1"}, NULL},
    {{"--header", "Authorization: Bearer TOKEN"}, NULL},
    {{"--header", "X-Own: KEY"}, "# curl sends the key to every host of a redirect"},
    {{"https://h.test/?own=KEY"}, NULL},
    {{"--aws-sigv4", "aws:amz:eu-1:api", "--user", "ID:SECRET", "--header",
      "X-Amz-Security-Token: SESSION"},
     "# curl signs by rules of its own"},
    {{"--header", "Authorization: Bearer TOKEN"},
     "# the token comes from a POST to https://token.test/t%c3%b6ken?sig=(hidden) by client "
     "'the-client', its "
     "secret as with --user\n# its body: grant_type=client_credentials, scope=read write"},
    {{"--http2"}, "# the credentials come from a callback of the program"},
};

static void credentials_are_said_without_their_secrets(void **state)
{
    static const char *const variables[] = {
        "ANYCERT_PASSWORD=PW",          "ANYCERT_TOKEN=TOKEN",
        "ANYCERT_API_KEY=KEY",          "AWS_ACCESS_KEY_ID=ID",
        "AWS_SECRET_ACCESS_KEY=SECRET", "AWS_SESSION_TOKEN=SESSION",
        "ANYCERT_PROXY_PASSWORD=P",     NULL};

    (void)state;
    make_stand_in();
    for (unsigned i = 0; i < 2 * COUNT(kinds); i++) {
        const char *const *words = kinds[i / 2].words;
        struct anycert_config *config = floor_config(NULL);
        struct anycert_request *request = floor_request("GET", "https://h.test/");
        struct anycert_auth *auth = make_auth(i / 2);
        struct anycert_client *client = NULL;
        struct seen seen;
        char *command = NULL;

        assert_non_null(auth);
        if (i % 2)
            assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
        else
            assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        anycert_auth_free(auth);
        client = floor_client_of(config);
        command = command_for(client, request);
        assert_null(strstr(command, "s3cret"));
        call(command, variables, &seen);
        for (size_t word = 0; word < COUNT(kinds[0].words) && words[word]; word += 2) {
            if (!has(&seen, words[word], words[word + 1]))
                fail_msg("no %s %s in:\n%s", words[word], words[word + 1] ? words[word + 1] : "",
                         command);
        }
        if (kinds[i / 2].note && !strstr(command, kinds[i / 2].note))
            fail_msg("no '%s' in:\n%s", kinds[i / 2].note, command);
        seen_free(&seen);
        anycert_free(command);
        anycert_request_free(request);
        anycert_client_free(client);
    }
    remove_stand_in();
}

static void replace(char **to, const char *text)
{
    anycert__free_secret(*to);
    *to = anycert__strdup(text);
    assert_non_null(*to);
}

static const struct identity {
    const char *cert, *key, *p12, *uri, *pin, *password;
    const char *words[8];
} identities[] = {
    {"c:1\\.pem",
     "k.pem",
     NULL,
     NULL,
     NULL,
     "s3cret",
     {"--cert", "c\\:1\\\\.pem", "--key", "k.pem", "--pass", "PW"}},
    {"c.pem", NULL, NULL, NULL, NULL, NULL, {"--cert", "c.pem"}},
    {"c.pem",
     "pkcs11:object=o?pin-value=s3cret&module-name=m",
     NULL,
     NULL,
     NULL,
     NULL,
     {"--cert", "c.pem", "--key", "pkcs11:object=o?module-name=m&pin-value=PIN", "--key-type",
      "ENG", "--engine", "pkcs11"}},
    {"c.pem",
     "pkcs11:object=o",
     NULL,
     NULL,
     NULL,
     "s3cret",
     {"--cert", "c.pem", "--key", "pkcs11:object=o?pin-value=PIN"}},
    {NULL,
     NULL,
     "it's.p12",
     NULL,
     NULL,
     "s3cret",
     {"--cert", "it's.p12", "--cert-type", "P12", "--pass", "PW"}},
    {NULL,
     NULL,
     NULL,
     "pkcs11:token=t;object=o",
     "s3cret",
     NULL,
     {"--cert", "pkcs11:token=t;object=o?pin-value=PIN", "--key-type", "ENG", "--engine", "pkcs11",
      "--key", "pkcs11:token=t;object=o?pin-value=PIN2"}},
    {NULL,
     NULL,
     NULL,
     "pkcs11:object=o?pin-value=s3cret&module-name=m",
     NULL,
     NULL,
     {"--cert", "pkcs11:object=o?module-name=m&pin-value=PIN"}},
    {NULL,
     NULL,
     NULL,
     "pkcs11:object=o?module-name=m",
     NULL,
     NULL,
     {"--cert", "pkcs11:object=o?module-name=m"}},
};

/* As it would be read: there is no such file or token. */
static struct anycert_client *client_with(const struct identity *given)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert__identity *identity = &client->config->identity;

    if (given->cert)
        replace(&identity->cert_path, given->cert);
    if (given->key)
        replace(&identity->key_path, given->key);
    if (given->p12)
        replace(&identity->p12_path, given->p12);
    if (given->password)
        replace(given->p12 ? &identity->p12_password : &identity->key_password, given->password);
    if (given->uri)
        replace(&identity->uri, given->uri);
    if (given->pin)
        replace(&identity->pin, given->pin);
    return client;
}

/* What the client shows of itself. */
static void client_certificates_are_said_without_their_secrets(void **state)
{
    static const char *const variables[] = {"ANYCERT_KEY_PASSWORD=PW", "ANYCERT_PIN=PIN",
                                            "ANYCERT_PIN_2=PIN2", NULL};

    (void)state;
    make_stand_in();
    for (size_t i = 0; i < COUNT(identities); i++) {
        struct anycert_client *client = client_with(&identities[i]);
        struct anycert_request *request = floor_request("GET", "https://h.test/");
        struct seen seen;
        char *command = NULL;

        command = command_for(client, request);
        assert_null(strstr(command, "s3cret"));
        assert_non_null(strstr(command, "# curl shows the client certificate to every host"));
        call(command, variables, &seen);
        for (size_t word = 0; word < 8 && identities[i].words[word]; word += 2) {
            if (!has(&seen, identities[i].words[word], identities[i].words[word + 1]))
                fail_msg("no %s %s in:\n%s", identities[i].words[word],
                         identities[i].words[word + 1], command);
        }
        seen_free(&seen);
        anycert_free(command);
        anycert_request_free(request);
        anycert_client_free(client);
    }
    remove_stand_in();
}

/* Everything else that is a secret, at once. */
static void other_secrets_are_not_said(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_base_url(config, "https://u:s3cret@h.test/", NULL), 0);
    assert_int_equal(anycert_config_set_proxy(config, "http://u:s3cret@p.test:1", NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Declared", NULL), 0);
    assert_int_equal(anycert_config_add_secret_param(config, "declared", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "x-declared", "s3cret", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "Proxy-Authorization", "s3cret", NULL), 0);
    assert_int_equal(anycert_config_set_cookies(config, 1, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(anycert_client_add_cookie(client, "a=s3cret", "https://h.test/", NULL), 0);
    for (unsigned i = 0; i < 6; i++) {
        static const char json[] = "{\"Declared\":\"s3cret\",\"a\":[{\"token\":[\"s3cret\"]}]}";
        char *command = NULL;

        request = anycert_client_request(client, "POST",
                                         "x?declared=s3cret&token=s3cret#sig=s3cret", NULL);
        assert_non_null(request);
        assert_int_equal(anycert_request_add_param(request, "Token", "s3cret", NULL), 0);
        if (i == 0)
            assert_int_equal(anycert_request_add_form(request, "declared", "s3cret", NULL), 0);
        if (i == 1)
            assert_int_equal(anycert_request_set_json(request, json, strlen(json), NULL), 0);
        if (i == 2)
            assert_int_equal(anycert_request_set_body(request, "s3cret", 6, NULL), 0);
        if (i == 3)
            assert_int_equal(anycert_request_set_body(request, "\0s3cret", 7, NULL), 0);
        if (i == 4)
            assert_int_equal(
                anycert_request_add_part(request, "declared", "s3cret", 6, "f", "a/b", NULL), 0);
        if (i == 5)
            assert_int_equal(
                anycert_request_add_part(request, "any", "s3cret", 6, NULL, NULL, NULL), 0);
        if (i == 2 || i == 3 || i == 5)
            assert_int_equal(anycert_request_set_secret_body(request, 1, NULL), 0);
        command = command_for(client, request);
        if (strstr(command, "s3cret"))
            fail_msg("a secret is in:\n%s", command);
        anycert_free(command);
        anycert_request_free(request);
    }
    anycert_client_free(client);
}

/* ---- ways */

static void hosts_are_proxied_as_here(void **state)
{
    static const struct {
        const char *no_proxy, *url, *shown;
    } rows[] = {
        {"", "https://h.test/", ""},
        {"a.test", "https://h.test/", "a.test"},
        {"h.test:443", "https://h.test/", "h.test:443,h.test"},
        {"127.0.0.0/8", "https://127.0.0.1/", "127.0.0.0/8,127.0.0.1"},
        {"::1", "https://[::1]/", "::1,::1"},
    };

    (void)state;
    make_stand_in();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_config *config = floor_config(NULL);
        struct anycert_request *request = floor_request("GET", rows[i].url);
        struct anycert_client *client = NULL;
        struct seen seen;
        char *command = NULL;

        assert_int_equal(anycert_config_set_proxy(config, "socks5h://u%3a@p.test:1080", NULL), 0);
        assert_int_equal(anycert_config_set_no_proxy(config, rows[i].no_proxy, NULL), 0);
        client = floor_client_of(config);
        command = command_for(client, request);
        call(command, NULL, &seen);
        if (!has(&seen, "--noproxy", rows[i].shown) ||
            !has(&seen, "--proxy", "socks5h://p.test:1080") ||
            !has(&seen, "--proxy-user", "u%3A:") || !has(&seen, "--socks5-basic", NULL))
            fail_msg("not as it is:\n%s", command);
        seen_free(&seen);
        anycert_free(command);
        anycert_request_free(request);
        anycert_client_free(client);
    }
    remove_stand_in();
}

static int64_t give(void *arg, void *out, size_t max)
{
    (void)arg;
    (void)out;
    (void)max;
    return 0;
}

static void streamed_bodies_come_from_standard_input(void **state)
{
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (int size = -1; size <= 5; size += 6) {
        struct anycert_request *request = floor_request("POST", "https://h.test/");
        char *command = NULL;

        assert_int_equal(anycert_request_set_body_source(request, give, NULL, size, NULL, NULL), 0);
        command = command_for(client, request);
        assert_non_null(strstr(command, "# the body comes from a callback of the program"));
        assert_non_null(strstr(command, size < 0 ? "--upload-file '-'" : "--data-binary '@-'"));
        assert_int_equal(strstr(command, "--request 'POST'") != NULL, size < 0);
        anycert_free(command);
        anycert_request_free(request);
    }
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_reaches_curl),
        cmocka_unit_test(a_secret_that_is_not_set_is_not_sent),
        cmocka_unit_test(credentials_are_said_without_their_secrets),
        cmocka_unit_test(client_certificates_are_said_without_their_secrets),
        cmocka_unit_test(other_secrets_are_not_said),
        cmocka_unit_test(hosts_are_proxied_as_here),
        cmocka_unit_test(streamed_bodies_come_from_standard_input),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
