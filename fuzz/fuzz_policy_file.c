/* Any text is either refused with its line and a sentence, or read; what was read has one spelling,
 * and each entry is found where it says. */
#include "policy/ceiling.h"
#include "policy/file.h"
#include "policy/pattern.h"
#include "policy/policy.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_text(const char *text)
{
    require(anycert__is_utf8(text, strlen(text)) && !anycert__has_control(text, strlen(text)));
}

/* A host that the pattern covers, and that no entry of the file is more specific about, is not easy
 * to name for a domain; one of exact patterns is. */
static void check_found(const struct anycert_policy_file *file,
                        const struct anycert_policy_entry *entry,
                        const struct anycert__pattern *pattern)
{
    struct anycert__pattern host = *pattern;
    char text[ANYCERT__PATTERN_SIZE];
    if (pattern->kind == ANYCERT__PATTERN_BELOW)
        return;
    if (pattern->kind != ANYCERT__PATTERN_HOST)
        host.bits = pattern->kind == ANYCERT__PATTERN_IPV4 ? 32 : 128;
    host.port = 0;
    anycert__pattern_format(&host, text);
    const struct anycert_policy_entry *found =
        anycert_policy_file_find(file, text, pattern->port ? pattern->port : 1);
    require(found != NULL);
    if (anycert__pattern_compare(&host, pattern) == 0 && pattern->port == 0)
        require(found == entry ||
                strcmp(anycert_policy_entry_hosts(found), anycert_policy_entry_hosts(entry)) != 0);
}

static void check_entry(const struct anycert_policy_file *file,
                        const struct anycert_policy_entry *entry)
{
    struct anycert__pattern pattern;
    char again[ANYCERT__PATTERN_SIZE];
    const char *hosts = anycert_policy_entry_hosts(entry);
    check_text(hosts);
    check_text(anycert_policy_entry_source(entry));
    require(anycert__pattern_parse(hosts, &pattern, NULL) == 0);
    anycert__pattern_format(&pattern, again);
    require(strcmp(hosts, again) == 0);
    require(anycert_policy_check(anycert_policy_entry_policy(entry), NULL) == 0);
    check_found(file, entry, &pattern);
    (void)anycert_policy_file_flaw(file, entry, 0);
}

static void check_file(const char *text, size_t size)
{
    struct anycert_error err = {0};
    struct anycert_policy_file *file = anycert_policy_file_parse(text, size, "f", &err);
    if (file == NULL) {
        check_text(err.message);
        require(err.code == ANYCERT_E_POLICY_SYNTAX && strncmp(err.message, "f:", 2) == 0);
        return;
    }
    require(err.code == 0);
    for (const struct anycert_policy_entry *entry = anycert_policy_file_next(file, NULL); entry;
         entry = anycert_policy_file_next(file, entry))
        check_entry(file, entry);
    anycert_policy_file_free(file);
}

/* Any text as a URL's host. */
static void check_host(const char *text)
{
    static const char *const lines = "*.a trust-any\na.b hardened\n10.0.0.0/8 hardened\n"
                                     "[::/0] hardened\n";
    struct anycert_policy_file *file = anycert_policy_file_parse(lines, strlen(lines), "f", NULL);
    require(file != NULL);
    (void)anycert_policy_file_find(file, text, 443);
    anycert_policy_file_free(file);
}

/* The same of the administrator's ceiling: whatever it says, hardened may be used. */
static void check_ceiling(const char *text, size_t size)
{
    struct anycert_error err = {0};
    struct anycert__ceiling *ceiling = anycert__ceiling_parse(text, size, "c", &err);
    struct anycert_policy *policy = anycert_policy_new(NULL);
    require(policy != NULL);
    if (ceiling) {
        require(anycert__ceiling_check(ceiling, policy, 0, &err) == 0);
        require(anycert_policy_set_rung(policy, "trust-any", NULL) == 0);
        (void)anycert__ceiling_check(ceiling, policy, 0, &err);
    }
    check_text(err.message);
    require(ceiling ? err.code == 0 || err.code == ANYCERT_E_POLICY_FORBIDDEN
                    : strncmp(err.message, "c:", 2) == 0);
    anycert_policy_free(policy);
    anycert__ceiling_free(ceiling);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_file(text, size);
    check_host(text);
    check_ceiling(text, size);
    free(text);
    return 0;
}
