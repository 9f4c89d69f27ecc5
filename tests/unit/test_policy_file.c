#include "policy/file.h"
#include "policy/pattern.h"
#include "policy/policy.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_policy_file *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy_file *file = anycert_policy_file_parse(text, strlen(text), "f", &err);
    if (file == NULL)
        fail_msg("%s: %s", text, err.message);
    return file;
}

static void pattern_has_one_spelling(void **state)
{
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"a.example", "a.example"},
        {"A.Example.", "a.example"},
        {"localhost", "localhost"},
        {"a.example:443", "a.example:443"},
        {"*.Example:8443", "*.example:8443"},
        {"*.a.b", "*.a.b"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1/32", "192.0.2.1"},
        {"192.0.2.0/24:1", "192.0.2.0/24:1"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"[2001:DB8:0::1]", "[2001:db8::1]"},
        {"[2001:db8::/32]:65535", "[2001:db8::/32]:65535"},
        {"[::/0]", "[::/0]"},
        {"[::ffff:192.0.2.1]", "192.0.2.1"},
        {"[::FFFF:c000:201]:443", "192.0.2.1:443"},
        {"[::ffff:192.0.2.0/120]:443", "192.0.2.0/24:443"},
        {"[::ffff:0:0/96]", "0.0.0.0/0"},
        /* More than IPv4, or something else. */
        {"[::fffe:0:0/95]", "[::fffe:0:0/95]"},
        {"[::192.0.2.1]", "[::192.0.2.1]"},
        {"[64:ff9b::192.0.2.1]", "[64:ff9b::c000:201]"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert__pattern pattern;
        char text[ANYCERT__PATTERN_SIZE];
        if (anycert__pattern_parse(rows[i].text, &pattern, &err) != 0)
            fail_msg("%s: %s", rows[i].text, err.message);
        anycert__pattern_format(&pattern, text);
        assert_string_equal(text, rows[i].canonical);
    }
}

static void pattern_that_is_none_is_refused_with_what_to_write(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "empty label"},
        {"*", "--trust"},
        {"*.", "empty label"},
        {"*.*.example", "at the beginning only"},
        {"a.*.example", "at the beginning only"},
        {"a*.example", "at the beginning only"},
        {"https://a.example/", "is a URL"},
        {"a.example/24", "no address in front of it"},
        {"a.example:", "no port"},
        {"a.example:0", "no port"},
        {"a.example:65536", "no port"},
        {"a.example:+1", "no port"},
        {"a..example", "empty label"},
        {"-a.example", "hyphen"},
        {"b\xc3\xbc"
         "cher.example",
         "write its xn-- form, xn--bcher-kva.example"},
        {"*.b\xc3\xbc"
         "cher.example:443",
         "write its xn-- form, *.xn--bcher-kva.example"},
        {"a_b!.example", "no host name has"},
        {"127.1", "looks like an address"},
        {"256.0.0.1", "looks like an address"},
        {"0x7f.1", "looks like an address"},
        {"192.0.2.1/24", "write 192.0.2.0/24"},
        {"192.0.2.0/33", "from 0 to 32"},
        {"192.0.2.0/", "from 0 to 32"},
        {"192.0.2.0/-1", "from 0 to 32"},
        {"2001:db8::1", "in brackets"},
        {"[2001:db8::1", "no closing bracket"},
        {"[2001:db8::1]x", "behind the bracket"},
        {"[2001:db8::]/32", "[2001:db8::/32]"},
        {"[2001:db8::1/32]", "write [2001:db8::/32]"},
        {"[2001:db8::/129]", "from 0 to 128"},
        {"[::ffff:192.0.2.1/120]", "behind its first 120: write 192.0.2.0/24"},
        {"[192.0.2.1]", "brackets around something else"},
        {"[fe80::1%eth0]", "zone"},
        {"[192.0.2.1]", "else than an IPv6"},
        {"[a.example]", "else than an IPv6"},
        {"[]", "else than an IPv6"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert__pattern pattern;
        if (anycert__pattern_parse(rows[i].text, &pattern, &err) == 0)
            fail_msg("'%s' was taken", rows[i].text);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("'%s': %s", rows[i].text, err.message);
    }
}

static const char *const ladder = "# comment\n"
                                  "\n"
                                  "  # another one, and a line that a Windows editor has ended\r\n"
                                  "a.example           hardened+expired reason=1\r\n"
                                  "a.example:8443\thardened+expired reason=2   \n"
                                  "*.example:8443      hardened+expired reason=3\n"
                                  "*.example           hardened+expired reason=4\n"
                                  "*.lab.example       hardened+expired reason=5\n"
                                  "192.0.2.0/24        hardened+expired reason=6\n"
                                  "192.0.2.128/25      hardened+expired reason=7\n"
                                  "192.0.2.0/24:8443   hardened+expired reason=8\n"
                                  "192.0.2.200         hardened+expired reason=9\n"
                                  "[2001:db8::/32]     hardened+expired reason=10\n"
                                  "[2001:db8::1]:443   hardened+expired reason=11";

static void find_takes_the_most_specific_entry(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *reason; /* NULL: no entry */
    } rows[] = {
        {"a.example", 443, "1"},
        {"A.EXAMPLE.", 443, "1"},
        {"a.example", 8443, "2"},
        {"b.example", 8443, "3"},
        {"b.example", 443, "4"},
        {"b.c.example", 443, "4"},
        {"example", 443, NULL},
        {"notexample", 443, NULL},
        {"lab.example", 443, "4"},
        {"x.lab.example", 443, "5"},
        /* The host is more specific than the port. */
        {"x.lab.example", 8443, "5"},
        {"192.0.2.1", 443, "6"},
        {"192.0.2.1", 8443, "8"},
        {"192.0.2.129", 8443, "7"},
        {"192.0.2.200", 8443, "9"},
        {"192.0.3.1", 443, NULL},
        {"[2001:db8::1]", 443, "11"},
        {"2001:db8::1", 443, "11"},
        {"[2001:0db8::1%25eth0]", 443, "11"},
        {"[2001:db8::1]", 444, "10"},
        {"[2001:db9::1]", 443, NULL},
        /* IPv4 addresses, written as IPv6 ones. */
        {"[::ffff:192.0.2.1]", 443, "6"},
        {"::FFFF:c000:2c8", 443, "9"},
        {"[0:0:0:0:0:ffff:192.0.2.1]", 8443, "8"},
        {"[::ffff:192.0.2.1%25eth0]", 443, "6"},
        {"[::ffff:192.0.3.1]", 443, NULL},
        /* Not one. */
        {"[::192.0.2.1]", 443, NULL},
        {"", 443, NULL},
        {"a example", 443, NULL},
    };
    struct anycert_policy_file *file = parse(ladder);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct anycert_policy_entry *entry =
            anycert_policy_file_find(file, rows[i].host, rows[i].port);
        const char *reason = entry ? anycert_policy_entry_policy(entry)->reason : NULL;
        if (!anycert__str_equal(reason, rows[i].reason))
            fail_msg("%s:%u has entry %s", rows[i].host, rows[i].port, reason ? reason : "none");
    }
    assert_null(anycert_policy_file_find(file, NULL, 443));
    assert_null(anycert_policy_file_find(NULL, "a.example", 443));
    anycert_policy_file_free(file);
}

/* The first bits of an address, the next one turned over where that is asked for, then zeros. */
static void write_bits(const uint8_t *address, size_t size, unsigned bits, int turn, char *out)
{
    uint8_t copy[16] = {0};
    for (unsigned i = 0; i < bits; i++)
        copy[i / 8] |= (uint8_t)(address[i / 8] & (0x80U >> i % 8));
    if (turn >= 0)
        copy[turn / 8] ^= (uint8_t)(0x80U >> turn % 8);
    assert_non_null(
        inet_ntop(size == 4 ? AF_INET : AF_INET6, copy, out, (socklen_t)INET6_ADDRSTRLEN));
}

static void assert_has_those_with(const struct anycert_policy_file *file, const uint8_t *address,
                                  unsigned size, unsigned bits)
{
    for (unsigned turn = 0; turn < 8 * size; turn++) {
        char other[INET6_ADDRSTRLEN];
        write_bits(address, size, 8 * size, (int)turn, other);
        if ((anycert_policy_file_find(file, other, 443) != NULL) != (turn >= bits))
            fail_msg("%u bits and %s", bits, other);
    }
}

/* A network has the addresses that begin with its bits, whatever its length. */
static void find_looks_at_each_bit_of_a_network(void **state)
{
    static const uint8_t address[16] = {0x2a, 0xb5, 0xd3, 0x96, 0x5a, 0xc7, 0x3c, 0xe1,
                                        0x8b, 0x4d, 0xa6, 0x59, 0x72, 0xf8, 0x1d, 0xb4};
    (void)state;
    for (unsigned size = 4; size <= 16; size += 12) {
        for (unsigned bits = 0; bits <= 8 * size; bits++) {
            char network[INET6_ADDRSTRLEN], inside[INET6_ADDRSTRLEN], text[200];
            const char *open = size == 4 ? "" : "[", *close = size == 4 ? "" : "]";
            write_bits(address, size, bits, -1, network);
            write_bits(address, size, 8 * size, -1, inside);
            snprintf(text, sizeof text, "%s%s/%u%s hardened+expired", open, network, bits, close);
            struct anycert_policy_file *file = parse(text);
            assert_non_null(anycert_policy_file_find(file, inside, 443));
            assert_has_those_with(file, address, size, bits);
            anycert_policy_file_free(file);
        }
    }
}

static void next_goes_through_the_lines(void **state)
{
    struct anycert_policy_file *file = parse(ladder);
    const struct anycert_policy_entry *entry = anycert_policy_file_next(file, NULL);
    size_t count = 0;
    (void)state;
    assert_int_equal(anycert_policy_entry_line(entry), 4);
    assert_string_equal(anycert_policy_entry_source(entry), "f:4");
    assert_string_equal(anycert_policy_entry_hosts(entry), "a.example");
    for (; entry; entry = anycert_policy_file_next(file, entry))
        assert_int_equal(anycert__policy_entry_index(entry), count++);
    assert_int_equal(count, 11);
    assert_int_equal(anycert__policy_file_count(file), 11);
    anycert_policy_file_free(file);
    assert_null(anycert_policy_file_next(NULL, NULL));
}

static void file_that_is_not_understood_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *begins, *says;
    } rows[] = {
        {"a.example", "f:1: ", "without a policy"},
        {"\n\na.example\n", "f:3: ", "without a policy"},
        {"a.example hardend\n", "f:1: ", "did you mean 'hardened'"},
        {"a hardened\nb hardened+expird\n", "f:2: ", "did you mean 'expired'"},
        {"hardened a.example\n", "f:1: ", "unknown rung"},
        {"a hardened+expired # for now\n", "f:1: a comment stands on a line of its own", "'#'"},
        {"a hardened  until=2030-01-01\n", "f:1: ", "two spaces"},
        {"a hardened+expired until=2030-02-30\n", "f:1: ", "no date"},
        {"a pinned\n", "f:1: ", "needs the pin"},
        {"a hardened\nA. hardened\n", "f:2: ", "line 1 already"},
        {"a trust-any\nb hardened\na hardened\n", "f:3: ", "line 1 already"},
        {"10.0.0.1/32 hardened\n10.0.0.1 hardened\n", "f:2: ", "line 1 already"},
        {"a:1 hardened\n[::1] hardened\na:1 trust-any\n", "f:3: ", "'a:1' stands in line 1"},
        {"\xef\xbb\xbf# comment\n", "f:1: ", "byte order mark"},
        {"# \xff\n", "f:1: ", "not UTF-8"},
        {"a hardened\n# \xc3\x28\n", "f:2: ", "not UTF-8"},
        {"a hardened\vb", "f:1: ", "control character"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        assert_null(anycert_policy_file_parse(rows[i].text, strlen(rows[i].text), "f", &err));
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        if (strncmp(err.message, rows[i].begins, strlen(rows[i].begins)) != 0 ||
            strstr(err.message, rows[i].says) == NULL)
            fail_msg("'%s': %s", rows[i].text, err.message);
    }
}

static void nul_and_size_are_refused(void **state)
{
    struct anycert_error err = {0};
    size_t size = ((size_t)4 << 20) + 1;
    char *large = calloc(1, size);
    (void)state;
    assert_null(anycert_policy_file_parse("a\0 hardened", 11, "f", &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    anycert__error_clear(&err);
    memset(large, '\n', size);
    assert_null(anycert_policy_file_parse(large, size, "f", &err));
    assert_non_null(strstr(err.message, "larger than"));
    free(large);
    anycert__error_clear(&err);
    assert_null(anycert_policy_file_parse(NULL, 1, "f", &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
}

static void empty_file_has_no_entries(void **state)
{
    struct anycert_policy_file *file = anycert_policy_file_parse(NULL, 0, NULL, NULL);
    (void)state;
    assert_non_null(file);
    assert_null(anycert_policy_file_next(file, NULL));
    assert_null(anycert_policy_file_find(file, "a", 443));
    anycert_policy_file_free(file);
    anycert_policy_file_free(NULL);
}

static enum anycert_policy_flaw flaw_of(const char *text, size_t line)
{
    struct anycert_policy_file *file = parse(text);
    const struct anycert_policy_entry *entry = anycert_policy_file_next(file, NULL);
    enum anycert_policy_flaw flaw;
    while (anycert_policy_entry_line(entry) != line)
        entry = anycert_policy_file_next(file, entry);
    flaw = anycert_policy_file_flaw(file, entry, 0);
    anycert_policy_file_free(file);
    return flaw;
}

static void flaw_table(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        enum anycert_policy_flaw flaw;
    } rows[] = {
        {"a trust-any", 1, ANYCERT_FLAW_NONE},
        {"a trust-any until=1969-12-31", 1, ANYCERT_FLAW_ENDED},
        {"a trust-any until=1970-01-01", 1, ANYCERT_FLAW_NONE},
        {"a hardened", 1, ANYCERT_FLAW_SAME},
        {"a hardened reason=habit", 1, ANYCERT_FLAW_SAME},
        {"a.b hardened\n*.b trust-any", 1, ANYCERT_FLAW_NONE},
        {"a.b trust-any\n*.b trust-any", 1, ANYCERT_FLAW_SAME},
        {"a.b trust-any\n*.b trust-any", 2, ANYCERT_FLAW_NONE},
        {"a.b:1 trust-any\na.b trust-any", 1, ANYCERT_FLAW_SAME},
        {"a.b:1 hardened\na.b trust-any", 1, ANYCERT_FLAW_NONE},
        /* It keeps the port of the wider entry away. */
        {"a.b hardened\n*.b:1 trust-any", 1, ANYCERT_FLAW_NONE},
        {"a.b:2 hardened\n*.b:1 trust-any", 1, ANYCERT_FLAW_SAME},
        {"10.0.0.0/31 trust-any\n10.0.0.0 hardened\n10.0.0.1 hardened+expired", 1,
         ANYCERT_FLAW_SHADOWED},
        {"10.0.0.0/31 trust-any\n10.0.0.0 hardened", 1, ANYCERT_FLAW_NONE},
        {"10.0.0.0/31 trust-any\n10.0.0.0 hardened\n10.0.0.1:443 hardened", 1, ANYCERT_FLAW_NONE},
        {"10.0.0.0/31:443 trust-any\n10.0.0.0 hardened\n10.0.0.1:443 hardened+expired", 1,
         ANYCERT_FLAW_SHADOWED},
        {"10.0.0.0/8 trust-any\n10.0.0.0/9 hardened\n10.128.0.0/10 hardened\n10.192.0.0/10 "
         "hardened",
         1, ANYCERT_FLAW_SHADOWED},
        {"10.0.0.0/8 trust-any\n10.0.0.0/9 hardened\n10.128.0.0/10 hardened\n10.192.0.0/11 "
         "hardened",
         1, ANYCERT_FLAW_NONE},
        {"[::/0] trust-any\n[::/1] hardened\n[8000::/1] hardened", 1, ANYCERT_FLAW_SHADOWED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum anycert_policy_flaw flaw = flaw_of(rows[i].text, rows[i].line);
        if (flaw != rows[i].flaw)
            fail_msg("'%s', line %zu: %d", rows[i].text, rows[i].line, (int)flaw);
    }
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void load_looks_at_the_file(void **state)
{
    char folder[] = "/tmp/anycert-policies-XXXXXX", path[64], expected[256];
    struct anycert_error err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
    assert_null(anycert_policy_file_load(path, &err));
    assert_int_equal(err.code, ANYCERT_E_FILE);
    anycert__error_clear(&err);
    put(path, "a hardened ca=ca.pem,/x/y.pem,system\nb report-only for=\"hardened ca=z.pem\"",
        0644);
    struct anycert_policy_file *file = anycert_policy_file_load(path, &err);
    assert_non_null(file);
    char *text = anycert_policy_format(
        anycert_policy_entry_policy(anycert_policy_file_find(file, "a", 1)), NULL);
    snprintf(expected, sizeof expected, "hardened ca=system,%s/ca.pem,/x/y.pem", folder);
    assert_string_equal(text, expected);
    anycert_free(text);
    text = anycert_policy_format(
        anycert_policy_entry_policy(anycert_policy_file_find(file, "b", 1)), NULL);
    snprintf(expected, sizeof expected, "report-only ca=%s/z.pem", folder);
    assert_string_equal(text, expected);
    anycert_free(text);
    anycert_policy_file_free(file);
    put(path, "a hardened", 0606);
    assert_null(anycert_policy_file_load(path, &err));
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_non_null(strstr(err.message, "others than its owner"));
    assert_non_null(strstr(err.message, "chmod go-w"));
    anycert__error_clear(&err);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(anycert_policy_file_load(path, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    anycert__error_clear(&err);
    assert_int_equal(unlink(path), 0);
    assert_null(anycert_policy_file_load(folder, &err));
    assert_non_null(strstr(err.message, "directory"));
    assert_int_equal(rmdir(folder), 0);
    anycert__error_clear(&err);
    assert_null(anycert_policy_file_load("", &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
}

/* "1:word;2:word;", the word being the first behind the place. */
static void note_fault(void *arg, size_t line, const struct anycert_error *fault)
{
    char *notes = arg;
    size_t used = strlen(notes);
    const char *behind = strstr(fault->message, ": ");
    assert_non_null(behind);
    (void)snprintf(notes + used, 256 - used, "%zu:%.*s;", line, (int)strcspn(behind + 2, " "),
                   behind + 2);
}

static void inspect_tells_every_fault_and_its_file_is_of_no_use(void **state)
{
    char folder[] = "/tmp/anycert-policies-XXXXXX", path[64], notes[256] = "";
    struct anycert_error err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/f", folder);
    put(path, "a hardend\nb hardened\nc\n\xff\nb trust-any\nd trust-any", 0600);
    struct anycert_policy_file *file = anycert_policy_file_inspect(path, note_fault, notes, &err);
    assert_non_null(file);
    assert_int_equal(err.code, 0);
    assert_string_equal(notes, "1:unknown;3:there;4:the;5:'b';");
    assert_int_equal(anycert__policy_file_count(file), 3);
    assert_int_equal(anycert__policy_file_available(file, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    anycert__error_clear(&err);
    anycert_policy_file_free(file);
    file = anycert_policy_file_inspect(path, note_fault, notes, NULL);
    assert_non_null(file);
    anycert_policy_file_free(file);
    put(path, "a hardened", 0600);
    notes[0] = '\0';
    file = anycert_policy_file_inspect(path, note_fault, notes, NULL);
    assert_string_equal(notes, "");
    assert_int_equal(anycert__policy_file_available(file, NULL), 0);
    anycert_policy_file_free(file);
    assert_int_equal(unlink(path), 0);
    assert_null(anycert_policy_file_inspect(path, note_fault, notes, &err));
    assert_int_equal(err.code, ANYCERT_E_FILE);
    anycert__error_clear(&err);
    assert_null(anycert_policy_file_inspect(path, NULL, NULL, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(rmdir(folder), 0);
}

static void available_names_the_entry(void **state)
{
    struct anycert_error err = {0};
    struct anycert_policy_file *file = parse("a hardened\nb hardened ca=sha256:"
                                             "0000000000000000000000000000000000000000000000000000"
                                             "000000000000\n");
    (void)state;
    assert_int_equal(anycert__policy_file_available(file, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_UNAVAILABLE);
    assert_int_equal(strncmp(err.message, "f:2: ", 5), 0);
    assert_int_equal(anycert__policy_file_available(NULL, NULL), 0);
    anycert_policy_file_free(file);
}

static void every_failed_allocation_is_out_of_memory(void **state)
{
    (void)state;
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        struct anycert_policy_file *file =
            anycert_policy_file_parse(ladder, strlen(ladder), "f", &err);
        anycert__mem_fail_from(0);
        anycert_policy_file_free(file);
        if (file)
            break;
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_has_one_spelling),
        cmocka_unit_test(pattern_that_is_none_is_refused_with_what_to_write),
        cmocka_unit_test(find_takes_the_most_specific_entry),
        cmocka_unit_test(find_looks_at_each_bit_of_a_network),
        cmocka_unit_test(next_goes_through_the_lines),
        cmocka_unit_test(file_that_is_not_understood_is_refused_with_its_line),
        cmocka_unit_test(nul_and_size_are_refused),
        cmocka_unit_test(empty_file_has_no_entries),
        cmocka_unit_test(flaw_table),
        cmocka_unit_test(load_looks_at_the_file),
        cmocka_unit_test(inspect_tells_every_fault_and_its_file_is_of_no_use),
        cmocka_unit_test(available_names_the_entry),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
