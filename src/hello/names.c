#include "hello/names.h"

struct name {
    uint16_t number;
    const char *name;
};

static const struct anycert__named_group groups[] = {
#define ANYCERT__GROUP(number, text, bytes) {(number), (bytes), (text)},
#include "hello/groups.def"
};

static const struct name schemes[] = {
#define ANYCERT__SCHEME(number, text) {(number), (text)},
#include "hello/schemes.def"
};

/* RFC 8446 section 4, RFC 5246 section 7.4, RFC 6066 section 8. */
static const struct name messages[] = {
    {0, "hello_request"},        {1, "client_hello"},         {2, "server_hello"},
    {4, "new_session_ticket"},   {8, "encrypted_extensions"}, {11, "certificate"},
    {12, "server_key_exchange"}, {13, "certificate_request"}, {14, "server_hello_done"},
    {15, "certificate_verify"},  {16, "client_key_exchange"}, {20, "finished"},
    {22, "certificate_status"},  {23, "supplemental_data"},
};

/* RFC 5246 section 7.4.4, RFC 8422 section 5.5, RFC 9189 section 7.1. */
static const struct name cert_types[] = {
    {1, "rsa_sign"},         {2, "dss_sign"},          {3, "rsa_fixed_dh"},  {4, "dss_fixed_dh"},
    {5, "rsa_ephemeral_dh"}, {6, "dss_ephemeral_dh"},  {20, "fortezza_dms"}, {64, "ecdsa_sign"},
    {65, "rsa_fixed_ecdh"},  {66, "ecdsa_fixed_ecdh"}, {67, "gost_sign256"}, {68, "gost_sign512"},
};

static const char *find(const struct name *names, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number)
            return names[i].name;
    }
    return NULL;
}

const char *anycert__scheme_name(uint16_t scheme)
{
    return find(schemes, sizeof schemes / sizeof schemes[0], scheme);
}

const char *anycert__message_name(uint8_t type)
{
    return find(messages, sizeof messages / sizeof messages[0], type);
}

const char *anycert__cert_type_name(uint8_t type)
{
    return find(cert_types, sizeof cert_types / sizeof cert_types[0], type);
}

size_t anycert__named_group_count(void)
{
    return sizeof groups / sizeof groups[0];
}

const struct anycert__named_group *anycert__named_group_at(size_t index)
{
    return index < anycert__named_group_count() ? &groups[index] : NULL;
}

const struct anycert__named_group *anycert__named_group_find(uint16_t id)
{
    for (size_t i = 0; i < anycert__named_group_count(); i++) {
        if (groups[i].id == id)
            return &groups[i];
    }
    return NULL;
}

const char *anycert__named_group_name(uint16_t group)
{
    const struct anycert__named_group *found = anycert__named_group_find(group);

    return found ? found->name : NULL;
}
