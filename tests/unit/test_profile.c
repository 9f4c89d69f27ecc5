#include "client/profile.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int no_more_failures(void **state)
{
    (void)state;
    anycert__mem_fail_from(0);
    return 0;
}

static struct anycert_profile *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_profile *profile = anycert_profile_parse(text, strlen(text), "p.json", &err);

    if (!profile)
        fail_msg("%s: %s", text, err.message);
    return profile;
}

static const struct {
    const char *name, *text, *says;
    int code;
} refused[] = {
    /* what is no profile */
    {"nothing", "", "p.json:1:1: not JSON: it is empty", ANYCERT_E_USAGE},
    {"open object", "{\"url\": \"https://a/\"", "p.json:1:21: not JSON: ", ANYCERT_E_USAGE},
    {"second line", "{\n  \"url\" \"https://a/\"}", "p.json:2:9: not JSON: ", ANYCERT_E_USAGE},
    {"trailing comma", "{\"insecure\": true,}", "comma", ANYCERT_E_USAGE},
    {"list", "[]", "p.json: a profile is a JSON object, not a list", ANYCERT_E_USAGE},
    {"null", "null", "not null", ANYCERT_E_USAGE},
    {"broken UTF-8", "{\"\xff\": 1}", "not JSON", ANYCERT_E_USAGE},
    /* keys */
    {"unknown", "{\"colour\": 1}", "p.json:1:2: there is no key 'colour'; anycert-profile(5)",
     ANYCERT_E_USAGE},
    {"mistyped", "{\n\t\"timout\": 1}",
     "p.json:2:2: there is no key 'timout'; did you mean 'timeout'?", ANYCERT_E_USAGE},
    {"behind other characters", "{\"\xc3\xa9\": 1}", "p.json:1:2: there is no key '\xc3\xa9'",
     ANYCERT_E_USAGE},
    {"column counts characters", "{/* \xc3\xa9 */ \"x\": 1}", "p.json:1:10: ", ANYCERT_E_USAGE},
    {"line behind an escape", "{\"url\": \"\\n\",\n\"a\": 1}", "p.json:1:2: 'url' has control",
     ANYCERT_E_USAGE},
    {"empty key", "{\"\": 1}", "there is no key ''", ANYCERT_E_USAGE},
    {"NUL in a key", "{\"url\\u0000\": 1}", "there is no key 'url'", ANYCERT_E_USAGE},
    {"other client's word", "{\"verify\": false}", "write 'insecure', which is its opposite",
     ANYCERT_E_USAGE},
    {"twice", "{\"insecure\": false,\n\"insecure\": false}",
     "p.json:2:1: 'insecure' is given twice, first on line 1", ANYCERT_E_USAGE},
    {"twice, once escaped", "{\"insecure\": false, \"\\u0069nsecure\": true}", "given twice",
     ANYCERT_E_USAGE},
    /* nothing weak by a wrong type */
    {"flag in quotes", "{\"insecure\": \"false\"}",
     "'insecure' has to be true or false, not a string; write it without quotes", ANYCERT_E_USAGE},
    {"empty flag", "{\"insecure\": \"\"}", "true or false, not a string", ANYCERT_E_USAGE},
    {"null flag", "{\"insecure\": null}", "true or false, not null", ANYCERT_E_USAGE},
    {"flag as number", "{\"unsecure\": 0}", "true or false, not a number", ANYCERT_E_USAGE},
    {"flag as list", "{\"insecure\": []}", "true or false, not a list", ANYCERT_E_USAGE},
    {"empty policy", "{\"trust\": \"\"}", "'trust' is empty", ANYCERT_E_USAGE},
    {"null policy", "{\"trust\": null}", "'trust' has to be a policy in a string, not null",
     ANYCERT_E_USAGE},
    {"false policy", "{\"trust\": false}", "not true or false", ANYCERT_E_USAGE},
    {"unknown policy", "{\"trust\": \"hardned\"}",
     "p.json:1:2: 'trust': ", ANYCERT_E_POLICY_SYNTAX},
    {"empty anchors", "{\"cacert\": \"\"}", "'cacert' is empty", ANYCERT_E_USAGE},
    {"no anchors", "{\"cacert\": []}", "'cacert' is empty; leave it out", ANYCERT_E_USAGE},
    {"null in a list", "{\"cacert\": [\"a\", null]}", "list of strings, without null",
     ANYCERT_E_USAGE},
    {"null proxy", "{\"proxy\": null}", "true, false or a URL in a string, not null",
     ANYCERT_E_USAGE},
    {"empty proxy", "{\"proxy\": \"\"}", "'proxy' is empty", ANYCERT_E_USAGE},
    {"number for a proxy", "{\"proxy\": 8080}", "true, false or a URL", ANYCERT_E_USAGE},
    {"proxy of another kind", "{\"proxy\": \"ftp://h:1\"}", "'proxy': ", ANYCERT_E_URL},
    {"time in quotes", "{\"timeout\": \"5\"}", "a number of seconds, not a string",
     ANYCERT_E_USAGE},
    {"no time", "{\"timeout\": 0}", "from 0.001 to", ANYCERT_E_USAGE},
    {"next to no time", "{\"timeout\": 1e-9}", "from 0.001 to", ANYCERT_E_USAGE},
    {"time before now", "{\"timeout\": -1}", "from 0.001 to", ANYCERT_E_USAGE},
    {"a very long time", "{\"timeout\": 1e300}", "from 0.001 to 4294966", ANYCERT_E_USAGE},
    {"part of a redirect", "{\"max_redirects\": 1.5}", "a whole number from 0 to 1000",
     ANYCERT_E_USAGE},
    {"too many redirects", "{\"max_redirects\": 1001}", "a whole number from 0 to 1000",
     ANYCERT_E_USAGE},
    {"redirects below none", "{\"max_redirects\": -1}", "a whole number from 0 to 1000",
     ANYCERT_E_USAGE},
    {"no body at all", "{\"max_body\": 0}", "from 1 to", ANYCERT_E_USAGE},
    {"unknown word", "{\"http_version\": \"3\"}", "one of auto|1.1|2, not '3'", ANYCERT_E_USAGE},
    {"no URL", "{\"url\": \"\"}", "'url' is empty", ANYCERT_E_USAGE},
    {"URL without scheme", "{\"url\": \"a.test\"}", "p.json:1:2: 'url': ", ANYCERT_E_URL},
    {"URL as an object", "{\"url\": {\"env\": \"X\"}}", "a URL in a string, not an object",
     ANYCERT_E_USAGE},
    {"no object of headers", "{\"headers\": \"A: b\"}", "an object of strings, not a string",
     ANYCERT_E_USAGE},
    {"no headers", "{\"headers\": {}}", "'headers' is empty", ANYCERT_E_USAGE},
    {"header without a name", "{\"headers\": {\"\": \"b\"}}", "no name of a header",
     ANYCERT_E_HEADER},
    {"two headers of a name", "{\"headers\": {\"A\": \"b\", \"a\": \"c\"}}",
     "'headers' has a twice", ANYCERT_E_USAGE},
    {"null header", "{\"headers\": {\"A\": null}}", "A in 'headers' has to be a string",
     ANYCERT_E_USAGE},
    {"header with a line end", "{\"headers\": {\"A\": \"b\\r\\nC: d\"}}", "control characters",
     ANYCERT_E_USAGE},
    {"our own header", "{\"headers\": {\"Content-Length\": \"1\"}}", "Content-Length",
     ANYCERT_E_HEADER},
    {"no codes", "{\"ok_codes\": []}", "'ok_codes' is empty", ANYCERT_E_USAGE},
    {"one code", "{\"ok_codes\": 200}", "a list of HTTP status codes, not a number",
     ANYCERT_E_USAGE},
    {"no such code", "{\"ok_codes\": [200, 1000]}", "from 100 to 599", ANYCERT_E_USAGE},
    {"code in quotes", "{\"ok_codes\": [\"200\"]}", "from 100 to 599", ANYCERT_E_USAGE},
    {"delay without retries", "{\"retry_backoff\": 1}",
     "'retry_backoff' is given, but no 'retries'", ANYCERT_E_USAGE},
    {"burst without a rate", "{\"burst\": 2}", "but no 'rate'", ANYCERT_E_USAGE},
    /* secrets */
    {"two places", "{\"proxy\": {\"file\": \"a\", \"env\": \"B\"}}", "one of file, env and fd",
     ANYCERT_E_USAGE},
    {"no place", "{\"proxy\": {}}", "one of file, env and fd", ANYCERT_E_USAGE},
    {"unknown place", "{\"proxy\": {\"cmd\": \"a\"}}", "one of file, env and fd", ANYCERT_E_USAGE},
    {"empty path", "{\"proxy\": {\"file\": \"\"}}", "'file' of 'proxy' has to be a path",
     ANYCERT_E_USAGE},
    {"no name", "{\"proxy\": {\"env\": 1}}", "'env' of 'proxy' has to be a variable's name",
     ANYCERT_E_USAGE},
    {"no descriptor", "{\"proxy\": {\"fd\": -1}}", "'fd' of 'proxy'", ANYCERT_E_USAGE},
    {"descriptor in quotes", "{\"proxy\": {\"fd\": \"3\"}}", "'fd' of 'proxy'", ANYCERT_E_USAGE},
    /* what does not go together */
    {"two boxes", "{\"insecure\": true,\n \"unsecure\": false}",
     "p.json:2:2: 'unsecure' is false, but 'insecure' is true", ANYCERT_E_USAGE},
    {"two policies", "{\"insecure\": true, \"trust\": \"hardened\"}", "both choose the policy",
     ANYCERT_E_USAGE},
    {"unticked box", "{\"insecure\": false, \"trust\": \"trust-any\"}",
     "'trust' accepts any certificate, but 'insecure' is false", ANYCERT_E_USAGE},
    {"unticked other box", "{\"unsecure\": false, \"trust\": \"antique\"}",
     "but 'unsecure' is false", ANYCERT_E_USAGE},
    {"user alone", "{\"user\": \"me\"}", "'user' is given, but no 'password'", ANYCERT_E_USAGE},
    {"password alone", "{\"password\": \"x\"}", "'password' is given, but no 'user'",
     ANYCERT_E_USAGE},
    {"no object of credentials", "{\"credentials\": \"me:x\"}",
     "p.json:1:2: 'credentials' has to be an object, not a string", ANYCERT_E_USAGE},
    {"empty credentials", "{\"credentials\": {\"identifier\": \"\", \"password\": \"x\"}}",
     "'credentials.identifier' is empty", ANYCERT_E_USAGE},
    {"half of the credentials", "{\"credentials\": {\"identifier\": \"me\"}}",
     "'credentials.identifier' is given, but no 'credentials.password'", ANYCERT_E_USAGE},
    {"mistyped in an object", "{\"credentials\": {\n \"identifer\": \"me\"}}",
     "p.json:2:2: there is no key 'credentials.identifer'; did you mean 'identifier'?",
     ANYCERT_E_USAGE},
    {"dotted key", "{\"credentials.password\": \"x\"}", "there is no key", ANYCERT_E_USAGE},
    {"two ways", "{\"apikey\": \"x\",\n\"bearer\": \"y\"}",
     "p.json:1:2: 'bearer' and 'apikey' are two ways", ANYCERT_E_USAGE},
    {"two names of a user",
     "{\"user\": \"a\", \"password\": \"b\", \"credentials\": {\"identifier\": \"c\", "
     "\"password\": "
     "\"d\"}}",
     "'credentials.identifier' and 'user' are two ways", ANYCERT_E_USAGE},
    {"scheme of nobody", "{\"auth\": \"digest\"}", "'auth' is given, but no 'user'",
     ANYCERT_E_USAGE},
    {"scheme of a token", "{\"auth\": \"ntlm\", \"bearer\": \"x\"}", "but no 'user'",
     ANYCERT_E_USAGE},
    {"user of a ticket", "{\"auth\": \"negotiate\", \"user\": \"a\", \"password\": \"b\"}",
     "leave 'user' out", ANYCERT_E_USAGE},
    {"unknown scheme", "{\"auth\": \"any\", \"user\": \"a\", \"password\": \"b\"}",
     "one of basic|digest|ntlm|negotiate", ANYCERT_E_USAGE},
    {"header of no key", "{\"apikey_header\": \"X-K\"}", "but no 'apikey'", ANYCERT_E_USAGE},
    {"key in two places",
     "{\"apikey\": \"x\", \"apikey_header\": \"X-K\", \"apikey_param\": \"k\"}", "leave one out",
     ANYCERT_E_USAGE},
    {"part of OAuth2", "{\"oauth2\": {\"token_url\": \"https://a/\"}}", "but no 'oauth2.client_id'",
     ANYCERT_E_USAGE},
    {"part of AWS", "{\"aws\": {\"access_key\": \"a\", \"secret_key\": \"b\"}}",
     "but no 'aws.region'", ANYCERT_E_USAGE},
    {"user in the URL, too", "{\"url\": \"https://a:sesame@b.test/\",\n\"bearer\": \"x\"}",
     "p.json:1:2: the user in 'url' and 'bearer' are two ways", ANYCERT_E_USAGE},
    {"header twice", "{\"bearer\": \"x\", \"headers\": {\"authorization\": \"y\"}}",
     "'headers' has Authorization, which 'bearer' sets", ANYCERT_E_USAGE},
    {"key twice", "{\"apikey\": \"x\", \"headers\": {\"x-api-key\": \"y\"}}",
     "'headers' has X-Api-Key, which 'apikey' sets", ANYCERT_E_USAGE},
    {"these only and these too", "{\"cacert\": \"a\", \"ca_add\": \"b\"}", "leave one out",
     ANYCERT_E_USAGE},
    {"key alone", "{\"key\": \"k.pem\"}", "no 'cert'", ANYCERT_E_USAGE},
};

static void parse_faults_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct anycert_error err = {0};
        struct anycert_profile *profile =
            anycert_profile_parse(refused[i].text, strlen(refused[i].text), "p.json", &err);

        if (profile || err.code != refused[i].code || !strstr(err.message, refused[i].says) ||
            strncmp(err.message, "p.json:", 7) != 0)
            fail_msg("%s: code %d, %s", refused[i].name, err.code, err.message);
    }
}

/* Nobody should find the password of a URL in a log. */
static void parse_fault_in_a_secret_does_not_show_it(void **state)
{
    static const char *const texts[] = {
        "{\"url\": \"https://me:sesame@a b/\"}",       "{\"url\": \"ftp://me:sesame@a/\"}",
        "{\"proxy\": \"http://me:sesame@host\"}",      "{\"proxy\": \"me:sesame@host:1\"}",
        "{\"proxy\": \"http://me:ses\\name@host:1\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_error err = {0};

        assert_null(anycert_profile_parse(texts[i], strlen(texts[i]), NULL, &err));
        if (strstr(err.message, "ses"))
            fail_msg("%s", err.message);
    }
}

static const char everything[] =
    "{ // what an appliance needs\n"
    "  \"url\": \"https://a.test/api?key=sesame\",\n"
    "  \"unsecure\": true, /* for now */\n"
    "  \"proxy\": \"http://me:sesame@proxy.test:3128\",\n"
    "  \"timeout\": 2.5,\n"
    "  \"stall_timeout\": 10,\n"
    "  \"cert\": \"client.pem\", \"ok_codes\": [200, 404],\n"
    "  \"intermediate\": [\"/etc/a.pem\", \"b.pem\"],\n"
    "  \"headers\": {\"Accept\": \"a/b\", \"X-Api-Key\": \"sesame\","
    " \"X-Y\": {\"env\": \"V\"}},\n"
    "  \"credentials\": {\"identifier\": \"me\", \"password\": \"sesame\"}\n"
    "}\n";

static void value_and_source_are_what_is_in_force(void **state)
{
    static const struct {
        const char *key, *value, *source;
    } rows[] = {
        {"url", "https://a.test/api?...", "p.json:2"},
        {"insecure", "true", "p.json:3"},
        {"unsecure", "true", "p.json:3"},
        {"trust", "trust-any", "p.json:3"},
        {"proxy", "http://proxy.test:3128", "p.json:4"},
        {"timeout", "2.5", "p.json:5"},
        {"connect_timeout", "2.5", "p.json:5"},
        {"stall_timeout", "10", "p.json:6"},
        {"max_time", NULL, "default"},
        {"cert", "client.pem", "p.json:7"},
        {"intermediate", "/etc/a.pem, b.pem", "p.json:8"},
        {"headers", "Accept: a/b, X-Api-Key: (hidden), X-Y: (variable V)", "p.json:9"},
        {"ok_codes", "200,404", "p.json:7"},
        {"credentials.identifier", "me", "p.json:10"},
        {"credentials.password", "(hidden)", "p.json:10"},
        {"max_redirects", "10", "default"},
        {"compressed", "true", "default"},
        {"nonsense", NULL, NULL},
    };
    struct anycert_profile *profile = parse(everything);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *value = anycert_profile_value(profile, rows[i].key);
        const char *source = anycert_profile_source(profile, rows[i].key);

        if (strcmp(value ? value : "none", rows[i].value ? rows[i].value : "none") != 0 ||
            strcmp(source ? source : "none", rows[i].source ? rows[i].source : "none") != 0)
            fail_msg("%s: '%s' from '%s'", rows[i].key, value ? value : "none",
                     source ? source : "none");
    }
    for (size_t i = 0; anycert_profile_key(i); i++) {
        const char *value = anycert_profile_value(profile, anycert_profile_key(i));

        assert_true(!value || !strstr(value, "sesame"));
    }
    anycert_profile_free(profile);
}

static void value_of_a_url_has_no_user(void **state)
{
    struct anycert_profile *profile = parse("{\"url\": \"https://me:sesame@a.test/api\"}");

    (void)state;
    assert_string_equal(anycert_profile_value(profile, "url"), "https://a.test/api");
    anycert_profile_free(profile);
}

/* In place of a path, where it is on a token. */
static void value_of_a_token_shows_no_pin(void **state)
{
    struct anycert_profile *profile =
        parse("{\"cert\": \"pkcs11:token=a?pin-value=sesame\", \"cert_type\": \"PEM\"}");

    (void)state;
    assert_string_equal(anycert_profile_value(profile, "cert"), "pkcs11:token=a?...");
    anycert_profile_free(profile);
    profile = parse("{\"cert\": \"a.pem\", \"key\": \"pkcs11:token=a?pin-value=sesame\"}");
    assert_string_equal(anycert_profile_value(profile, "key"), "pkcs11:token=a?...");
    anycert_profile_free(profile);
    profile = parse("{\"cert\": \"pkcs11:token=a\"}");
    assert_string_equal(anycert_profile_value(profile, "cert"), "pkcs11:token=a");
    anycert_profile_free(profile);
}

static void set_replaces_and_takes_out(void **state)
{
    struct anycert_profile *profile = parse("{\"timeout\": 5, \"trust\": \"hardened\"}");
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_profile_set(profile, "timeout", "7.5", "--max-time", &err), 0);
    assert_string_equal(anycert_profile_value(profile, "timeout"), "7.5");
    assert_string_equal(anycert_profile_source(profile, "timeout"), "--max-time");
    assert_int_equal(anycert_profile_set(profile, "trust", NULL, "-k", &err), 0);
    assert_null(anycert_profile_value(profile, "trust"));
    assert_string_equal(anycert_profile_source(profile, "trust"), "-k");
    assert_int_equal(anycert_profile_set(profile, "insecure", "true", NULL, &err), 0);
    assert_string_equal(anycert_profile_source(profile, "insecure"), "caller");
    anycert_profile_free(profile);
}

static void set_takes_a_way_to_authenticate_out_piece_by_piece(void **state)
{
    static const char *const keys[] = {"credentials.identifier", "credentials.password"};
    struct anycert_profile *profile =
        parse("{\"credentials\": {\"identifier\": \"me\", \"password\": \"x\"}}");
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_int_equal(anycert_profile_set(profile, keys[i], NULL, "-u", &err), 0);
    assert_int_equal(anycert_profile_set(profile, "bearer", "\"t\"", "--bearer", &err), 0);
    assert_string_equal(anycert_profile_value(profile, "bearer"), "(hidden)");
    anycert_profile_free(profile);
}

static void set_fault_leaves_what_was_there(void **state)
{
    static const struct {
        const char *key, *json, *says;
    } rows[] = {
        {"timeout", "\"5\"", "--option: 'timeout' has to be a number of seconds"},
        {"timeout", "5,", "--option: the value of 'timeout' is not JSON"},
        {"timeout", "", "is not JSON"},
        {"insecure", "true", "--option: 'trust' and 'insecure' both"},
        {"nonsense", "1", "there is no key 'nonsense'"},
    };
    struct anycert_profile *profile = parse("{\"timeout\": 5, \"trust\": \"hardened\"}");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};

        assert_int_equal(anycert_profile_set(profile, rows[i].key, rows[i].json, "--option", &err),
                         -1);
        if (err.code != ANYCERT_E_USAGE)
            fail_msg("%s: %d %s", rows[i].key, err.code, err.message);
        assert_string_equal(anycert_profile_value(profile, "timeout"), "5");
        assert_string_equal(anycert_profile_source(profile, "timeout"), "p.json:1");
        assert_string_equal(anycert_profile_value(profile, "insecure"), "false");
    }
    anycert_profile_free(profile);
}

static void load_names_the_file_and_starts_paths_at_its_folder(void **state)
{
    char folder[] = "profile-XXXXXX";
    char path[64];
    char anchors[64];
    struct anycert_error err = {0};
    struct anycert_profile *profile = NULL;
    struct anycert_policy *policy = NULL;
    char *text = NULL;
    FILE *file = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/box.json", folder);
    (void)snprintf(anchors, sizeof anchors, "hardened ca=%s/ca.pem,/etc/other.pem", folder);
    assert_null(anycert_profile_load(path, &err));
    assert_int_equal(err.code, ANYCERT_E_FILE);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("{\n\"trust\": \"hardened ca=ca.pem,/etc/other.pem\"}", file);
    (void)fclose(file);
    memset(&err, 0, sizeof err);
    profile = anycert_profile_load(path, &err);
    assert_non_null(profile);
    (void)snprintf(path, sizeof path, "%s/box.json:2", folder);
    assert_string_equal(anycert_profile_source(profile, "trust"), path);
    policy = anycert_profile_policy(profile, &err);
    assert_non_null(policy);
    text = anycert_policy_format(policy, &err);
    assert_string_equal(text, anchors);
    anycert_free(text);
    anycert_policy_free(policy);
    anycert_profile_free(profile);
    (void)snprintf(path, sizeof path, "%s/box.json", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void load_without_a_path_or_of_a_folder_fails(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    assert_null(anycert_profile_load("", &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    memset(&err, 0, sizeof err);
    assert_null(anycert_profile_load(NULL, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    memset(&err, 0, sizeof err);
    assert_null(anycert_profile_load(".", &err));
    assert_int_equal(err.code, ANYCERT_E_FILE);
}

static void policy_is_what_the_keys_make_together(void **state)
{
    static const struct {
        const char *text, *policy;
    } rows[] = {
        {"{}", "hardened"},
        {"{\"insecure\": false}", "hardened"},
        {"{\"unsecure\": true}", "trust-any"},
        {"{\"trust\": \"hardened+expired until=2030-01-01\"}", "hardened+expired until=2030-01-01"},
        {"{\"cacert\": [\"a.pem\", \"/b.pem\"]}", "hardened ca=a.pem,/b.pem"},
        {"{\"ca_add\": \"a.pem\"}", "hardened ca=system,a.pem"},
        {"{\"trust\": \"hardened ca=b.pem\", \"ca_add\": \"a.pem\"}", "hardened ca=b.pem,a.pem"},
        {"{\"trust\": \"hardened ca=b.pem\", \"cacert\": \"a.pem\"}",
         "p.json:1:32: 'cacert' and ca= of 'trust' both say it: leave one out"},
        {"{\"trust\": \"report-only for=\\\"hardened ca=x\\\"\", \"ca_add\": \"a.pem\"}",
         "p.json:1:48: the target of report-only has its own anchors: write ca= into for="},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert_profile *profile = parse(rows[i].text);
        struct anycert_policy *policy = anycert_profile_policy(profile, &err);
        char *text = policy ? anycert_policy_format(policy, &err) : NULL;

        if (strcmp(text ? text : err.message, rows[i].policy) != 0)
            fail_msg("%s: %s", rows[i].text, text ? text : err.message);
        anycert_free(text);
        anycert_policy_free(policy);
        anycert_profile_free(profile);
    }
}

static void parse_without_memory_fails_cleanly(void **state)
{
    (void)state;
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        struct anycert_profile *profile = NULL;
        int result = -1;

        anycert__mem_fail_from(nth);
        profile = anycert_profile_parse(everything, strlen(everything), "p.json", &err);
        if (profile)
            result = anycert_profile_set(profile, "timeout", "3", "x", &err);
        anycert__mem_fail_from(0);
        anycert_profile_free(profile);
        if (result == 0) {
            assert_true(nth > 20);
            return;
        }
        assert_true(err.code != 0);
        assert_true(nth < 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_faults_are_refused_with_their_place),
        cmocka_unit_test(parse_fault_in_a_secret_does_not_show_it),
        cmocka_unit_test(value_and_source_are_what_is_in_force),
        cmocka_unit_test(value_of_a_url_has_no_user),
        cmocka_unit_test(value_of_a_token_shows_no_pin),
        cmocka_unit_test(set_replaces_and_takes_out),
        cmocka_unit_test(set_takes_a_way_to_authenticate_out_piece_by_piece),
        cmocka_unit_test(set_fault_leaves_what_was_there),
        cmocka_unit_test(load_names_the_file_and_starts_paths_at_its_folder),
        cmocka_unit_test(load_without_a_path_or_of_a_folder_fails),
        cmocka_unit_test(policy_is_what_the_keys_make_together),
        cmocka_unit_test_teardown(parse_without_memory_fails_cleanly, no_more_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
