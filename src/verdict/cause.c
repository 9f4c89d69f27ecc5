#include "verdict/cause.h"

#include "base/str.h"

#include <errno.h>

static const struct anycert__cause causes[] = {
#define CAUSE(enum_name, id, check, side, here, otherwise, title, explanation)                     \
    {ANYCERT__CAUSE_##enum_name,     (id),    (check),      ANYCERT__SIDE_##side, (here),          \
     ANYCERT__OTHERWISE_##otherwise, (title), (explanation)},
#include "verdict/causes.def"
};

static const struct {
    enum anycert__cause_number cause;
    int relaxation;
} lets[] = {
#define LETS(enum_name, relaxation) {ANYCERT__CAUSE_##enum_name, ANYCERT__RELAX_##relaxation},
#include "verdict/causes.def"
};

enum depth { DEPTH_ANY, DEPTH_LEAF, DEPTH_ABOVE };

static const struct {
    enum anycert__cause_number cause;
    int code;
    enum depth depth;
} codes[] = {
#define X509(enum_name, code, depth) {ANYCERT__CAUSE_##enum_name, (code), DEPTH_##depth},
#include "verdict/causes.def"
};

static const struct {
    enum anycert__cause_number cause;
    int number;
} alerts[] = {
#define ALERT(enum_name, number) {ANYCERT__CAUSE_##enum_name, (number)},
#include "verdict/causes.def"
};

#define WHO_OPENSSL "OpenSSL"
#define WHO_CURL    "curl"
#define WHO_PYTHON  "Python"
#define WHO_GO      "Go"
#define WHO_JAVA    "Java"
#define WHO_NODE    "Node"
#define WHO_WGET    "wget"
#define WHO_BROWSER "browser"

static const struct {
    enum anycert__cause_number cause;
    struct anycert__seen seen;
} texts[] = {
#define SEEN(enum_name, who, text) {ANYCERT__CAUSE_##enum_name, {WHO_##who, (text)}},
#include "verdict/causes.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct anycert__cause *anycert__cause(enum anycert__cause_number number)
{
    return &causes[number];
}

const struct anycert__cause *anycert__cause_find(const char *id)
{
    for (size_t i = 0; i < COUNT(causes); i++) {
        if (anycert__str_equal(causes[i].id, id))
            return &causes[i];
    }
    return NULL;
}

const char *anycert__side_name(enum anycert__side side)
{
    switch (side) {
    case ANYCERT__SIDE_LOCAL:
        return "local";
    case ANYCERT__SIDE_NETWORK:
        return "network";
    case ANYCERT__SIDE_REMOTE:
        return "remote";
    }
    return "remote";
}

int anycert__cause_lets(const struct anycert__cause *cause, size_t n)
{
    for (size_t i = 0; i < COUNT(lets); i++) {
        if (lets[i].cause == cause->number && n-- == 0)
            return lets[i].relaxation;
    }
    return 0;
}

anycert__relaxations anycert__cause_relaxations(const struct anycert__cause *cause)
{
    anycert__relaxations set = 0;

    for (size_t i = 0; i < COUNT(lets); i++) {
        if (lets[i].cause == cause->number)
            set |= ANYCERT__RELAX_BIT(lets[i].relaxation);
    }
    return set;
}

const struct anycert__seen *anycert__cause_seen(const struct anycert__cause *cause, size_t n)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (texts[i].cause == cause->number && n-- == 0)
            return &texts[i].seen;
    }
    return NULL;
}

static bool depth_fits(enum depth wanted, int depth)
{
    switch (wanted) {
    case DEPTH_ANY:
        return true;
    case DEPTH_LEAF:
        return depth <= 0;
    case DEPTH_ABOVE:
        return depth > 0;
    }
    return false;
}

const struct anycert__cause *anycert__cause_of_x509(int code, int depth, size_t n)
{
    bool known = false;

    for (size_t i = 0; i < COUNT(codes); i++) {
        if (codes[i].code != code || !depth_fits(codes[i].depth, depth))
            continue;
        known = true;
        if (n-- == 0)
            return &causes[codes[i].cause];
    }
    return known || n > 0 ? NULL : &causes[ANYCERT__CAUSE_CERTIFICATE_OTHER];
}

const struct anycert__cause *anycert__cause_of_alert(int alert, size_t n)
{
    for (size_t i = 0; i < COUNT(alerts); i++) {
        if (alerts[i].number == alert && n-- == 0)
            return &causes[alerts[i].cause];
    }
    return NULL;
}

static const struct {
    enum anycert__relaxation relaxation;
    enum anycert__cause_number cause;
} usual[] = {
    {ANYCERT__RELAX_TLS1_0, ANYCERT__CAUSE_TLS10_ONLY},
    {ANYCERT__RELAX_TLS1_1, ANYCERT__CAUSE_TLS11_ONLY},
    {ANYCERT__RELAX_TLS1_2_MAX, ANYCERT__CAUSE_TLS13_INTOLERANT},
    {ANYCERT__RELAX_LEGACY_RENEGOTIATION, ANYCERT__CAUSE_NO_SECURE_RENEGOTIATION},
    {ANYCERT__RELAX_SMALL_DH, ANYCERT__CAUSE_SMALL_DH},
    {ANYCERT__RELAX_SHA1_HANDSHAKE, ANYCERT__CAUSE_SHA1_HANDSHAKE},
    {ANYCERT__RELAX_RSA_KEY_EXCHANGE, ANYCERT__CAUSE_STATIC_RSA_ONLY},
    {ANYCERT__RELAX_CBC_SHA1, ANYCERT__CAUSE_CBC_SHA1_ONLY},
    {ANYCERT__RELAX_LEGACY_CIPHERS, ANYCERT__CAUSE_RARE_CIPHERS_ONLY},
    {ANYCERT__RELAX_LEGACY_GROUPS, ANYCERT__CAUSE_RARE_GROUP},
    {ANYCERT__RELAX_OVERSIZED_CHAIN, ANYCERT__CAUSE_CHAIN_TOO_LARGE},
    {ANYCERT__RELAX_RENEGOTIATION, ANYCERT__CAUSE_CLIENT_CERT_ASKED_LATE},
    {ANYCERT__RELAX_NO_SNI, ANYCERT__CAUSE_SNI_INTOLERANT},
    {ANYCERT__RELAX_NO_ALPN, ANYCERT__CAUSE_ALPN_INTOLERANT},
    {ANYCERT__RELAX_NO_EMS, ANYCERT__CAUSE_EMS_INTOLERANT},
    {ANYCERT__RELAX_NO_ETM, ANYCERT__CAUSE_ETM_INTOLERANT},
    {ANYCERT__RELAX_CLASSICAL_HELLO, ANYCERT__CAUSE_MANY_SUITES_INTOLERANT},
    {ANYCERT__RELAX_BARE_HELLO, ANYCERT__CAUSE_EXTENSION_INTOLERANT},
};

enum anycert__cause_number anycert__cause_of_relaxation(int relaxation)
{
    for (size_t i = 0; i < COUNT(usual); i++) {
        if ((int)usual[i].relaxation == relaxation)
            return usual[i].cause;
    }
    return ANYCERT__CAUSE_COUNT;
}

enum anycert__cause_number anycert__cause_of_connecting(int os_errno)
{
    switch (os_errno) {
    case ETIMEDOUT:
        return ANYCERT__CAUSE_CONNECTION_SILENT;
    case EHOSTUNREACH:
    case EHOSTDOWN:
        return ANYCERT__CAUSE_HOST_UNREACHABLE;
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return ANYCERT__CAUSE_NETWORK_UNREACHABLE;
    case ECONNRESET:
        return ANYCERT__CAUSE_CLOSED_AT_ONCE;
    case EPERM:
    case EACCES:
        return ANYCERT__CAUSE_CONNECTION_FORBIDDEN;
    default:
        return ANYCERT__CAUSE_CONNECTION_REFUSED;
    }
}

enum anycert__cause_number anycert__cause_of_tunnel(long status)
{
    switch (status) {
    case 407:
        return ANYCERT__CAUSE_PROXY_WANTS_PASSWORD;
    case 403:
        return ANYCERT__CAUSE_PROXY_FORBIDS;
    case 502:
    case 503:
    case 504:
        return ANYCERT__CAUSE_PROXY_CANNOT_REACH;
    case 400:
    case 404:
    case 405:
    case 501:
        return ANYCERT__CAUSE_PROXY_IS_NONE;
    default:
        return ANYCERT__CAUSE_PROXY_REFUSES;
    }
}
