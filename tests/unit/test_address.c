/* Which addresses are public: the borders of every block, and addresses inside of others. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

static const struct {
    const char *text;
    bool is_public;
} rows[] = {
    {"0.0.0.0", false},
    {"0.255.255.255", false},
    {"1.0.0.0", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"126.255.255.255", true},
    {"127.0.0.1", false},
    {"127.255.255.255", false},
    {"128.0.0.0", true},
    {"169.253.255.255", true},
    {"169.254.169.254", false},
    {"169.255.0.0", true},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"192.0.0.8", false},
    {"192.0.1.0", true},
    {"192.0.2.1", false},
    {"192.88.99.1", false},
    {"192.167.255.255", true},
    {"192.168.0.0", false},
    {"192.168.255.255", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"198.51.100.1", false},
    {"203.0.113.1", false},
    {"8.8.8.8", true},
    {"223.255.255.255", true},
    {"224.0.0.1", false},
    {"239.255.255.255", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"::", false},
    {"::1", false},
    {"::7f00:1", false},
    {"::ffff:127.0.0.1", false},
    {"::ffff:10.1.2.3", false},
    {"::ffff:8.8.8.8", true},
    {"::ffff:0:127.0.0.1", false},
    {"64:ff9b::10.0.0.1", false},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b:1::8.8.8.8", false},
    {"100::1", false},
    {"1fff:ffff::1", false},
    {"2000::1", true},
    {"2001::1", false},
    {"2001:1ff::1", false},
    {"2001:200::1", true},
    {"2001:db8::1", false},
    {"2001:4860:4860::8888", true},
    {"2002:7f00:1::1", false},
    {"2002:a00:1::1", false},
    {"2002:808:808::1", true},
    {"3fff:fff::1", false},
    {"3fff:1000::1", true},
    {"4000::1", false},
    {"5f00::1", false},
    {"fc00::1", false},
    {"fd12:3456::1", false},
    {"fe80::1", false},
    {"fe80::1%eth0", false},
    {"fec0::1", false},
    {"ff02::1", false},
    {"", false},
    {"localhost", false},
    {"8.8.8", false},
};

static void address_is_public_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool as_address = rows[i].is_public;

        if (anycert__address_text_is_public(rows[i].text) != rows[i].is_public)
            fail_msg("%s", rows[i].text);
        if (inet_pton(AF_INET, rows[i].text, &v4.sin_addr) == 1)
            as_address = anycert__address_is_public((const struct sockaddr *)&v4);
        else if (inet_pton(AF_INET6, rows[i].text, &v6.sin6_addr) == 1)
            as_address = anycert__address_is_public((const struct sockaddr *)&v6);
        if (as_address != rows[i].is_public)
            fail_msg("%s as an address", rows[i].text);
    }
}

static void other_families_are_not_public(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    (void)state;
    assert_false(anycert__address_is_public((const struct sockaddr *)&local));
}

static void host_is_private_by_its_spelling(void **state)
{
    static const struct {
        const char *host;
        bool is_private;
    } hosts[] = {
        {"localhost", true},       {"localhost.", true},     {"a.localhost", true},
        {"a.localhost.", true},    {"xlocalhost", false},    {"localhost.test", false},
        {"127.0.0.1", true},       {"8.8.8.8", false},       {"8.8.8.8.", false},
        {"10.0.0.1.", true},       {"[::1]", true},          {"[::ffff:169.254.169.254]", true},
        {"[2001:4860::1]", false}, {"[fe80::1%eth0]", true}, {"example.test", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (anycert__host_is_private(hosts[i].host) != hosts[i].is_private)
            fail_msg("%s", hosts[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_public_table),
        cmocka_unit_test(other_families_are_not_public),
        cmocka_unit_test(host_is_private_by_its_spelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
