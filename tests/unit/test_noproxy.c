#include "http/noproxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name, *list, *host;
    uint16_t port;
    bool matches;
} rows[] = {
    {"no list", NULL, "a.test", 443, false},
    {"empty list", "", "a.test", 443, false},
    {"separators only", " ,\t, ", "a.test", 443, false},
    {"star", "*", "a.test", 443, true},
    {"star matches addresses", "x, *", "[::1]", 443, true},
    {"star as a label", "*.test", "a.test", 443, false},
    {"name", "a.test", "a.test", 443, true},
    {"name in another case", "A.TEST", "a.test", 443, true},
    {"subdomain", "a.test", "b.a.test", 443, true},
    {"subdomain with a leading dot", ".a.test", "b.a.test", 443, true},
    {"leading dot and the name itself", ".a.test", "a.test", 443, true},
    {"end of a label", "a.test", "xa.test", 443, false},
    {"parent", "b.a.test", "a.test", 443, false},
    {"trailing dot in the list", "a.test.", "a.test", 443, true},
    {"trailing dot in the host", "a.test", "a.test.", 443, true},
    {"dot alone", ".", "a.test", 443, false},
    {"second entry", "x.test,a.test", "a.test", 443, true},
    {"entries with spaces", "x.test  a.test", "a.test", 443, true},
    {"port", "a.test:443", "a.test", 443, true},
    {"other port", "a.test:8443", "a.test", 443, false},
    {"no port behind the colon", "a.test:", "a.test", 443, false},
    {"port that is none", "a.test:x", "a.test", 443, false},
    {"address", "127.0.0.1", "127.0.0.1", 443, true},
    {"other address", "127.0.0.1", "127.0.0.2", 443, false},
    {"address as a suffix", "0.0.1", "127.0.0.1", 443, false},
    {"address with a port", "127.0.0.1:443", "127.0.0.1", 443, true},
    {"block", "127.0.0.0/8", "127.1.2.3", 443, true},
    {"outside of the block", "127.0.0.0/8", "128.0.0.1", 443, false},
    {"block that ends inside a byte", "10.0.16.0/20", "10.0.31.255", 443, true},
    {"outside of it", "10.0.16.0/20", "10.0.32.0", 443, false},
    {"whole internet", "0.0.0.0/0", "8.8.8.8", 443, true},
    {"not for IPv6", "0.0.0.0/0", "[::1]", 443, false},
    {"not for names", "0.0.0.0/0", "a.test", 443, false},
    {"too many bits", "127.0.0.1/33", "127.0.0.1", 443, false},
    {"no bits", "127.0.0.1/", "127.0.0.1", 443, false},
    {"negative bits", "127.0.0.1/-1", "127.0.0.1", 443, false},
    {"block with a port", "127.0.0.0/8:443", "127.0.0.1", 443, true},
    {"block with another port", "127.0.0.0/8:1", "127.0.0.1", 443, false},
    {"IPv6", "::1", "[::1]", 443, true},
    {"IPv6 in brackets", "[::1]", "[::1]", 443, true},
    {"IPv6 with a port", "[::1]:443", "[::1]", 443, true},
    {"IPv6 with another port", "[::1]:1", "[::1]", 443, false},
    {"IPv6 written out", "0:0:0:0:0:0:0:1", "[::1]", 443, true},
    {"IPv6 block", "fe80::/10", "[fe80::1]", 443, true},
    {"outside of the IPv6 block", "fe80::/10", "[fec0::1]", 443, false},
    {"zone of the host", "fe80::1", "[fe80::1%eth0]", 443, true},
    {"whole IPv6", "::/0", "[2001:db8::1]", 443, true},
    {"open bracket", "[::1", "[::1]", 443, false},
};

static void no_proxy_match_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (anycert__no_proxy_match(rows[i].list, rows[i].host, rows[i].port) != rows[i].matches)
            fail_msg("%s: '%s' %s '%s'", rows[i].name, rows[i].list ? rows[i].list : "(none)",
                     rows[i].matches ? "does not match" : "matches", rows[i].host);
    }
}

static void no_proxy_match_long_entry_matches_nothing(void **state)
{
    char list[1024];

    (void)state;
    memset(list, 'a', sizeof list);
    memcpy(list + sizeof list - 8, ",a.test", 8);
    assert_true(anycert__no_proxy_match(list, "a.test", 443));
    assert_false(anycert__no_proxy_match(list, "b.test", 443));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_proxy_match_table),
        cmocka_unit_test(no_proxy_match_long_entry_matches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
