#include "hello/banner.h"

#include <string.h>

#include "base/str.h"

static const struct {
    const char *id;
    const char *text;
} banners[] = {
    {"", ""},
#define ANYCERT__BANNER(name, id, text) {(id), (text)},
#include "hello/banners.def"
};

/* What a protocol begins with, in any case of its letters; the first that fits. */
static const struct {
    const char *start;
    enum anycert__banner banner;
} starts[] = {
    {"HTTP/", ANYCERT__BANNER_HTTP},     {"<!doctype", ANYCERT__BANNER_HTML},
    {"<html", ANYCERT__BANNER_HTML},     {"SSH-", ANYCERT__BANNER_SSH},
    {"+OK", ANYCERT__BANNER_POP3},       {"-ERR unknown command", ANYCERT__BANNER_REDIS},
    {"-ERR", ANYCERT__BANNER_POP3},      {"* OK", ANYCERT__BANNER_IMAP},
    {"* PREAUTH", ANYCERT__BANNER_IMAP}, {"* BYE", ANYCERT__BANNER_IMAP},
    {"-NOAUTH", ANYCERT__BANNER_REDIS},  {"-DENIED", ANYCERT__BANNER_REDIS},
    {"RFB ", ANYCERT__BANNER_VNC},       {"<?xml", ANYCERT__BANNER_XMPP},
    {"<stream:", ANYCERT__BANNER_XMPP},  {"AMQP", ANYCERT__BANNER_AMQP},
};

static bool begins(const uint8_t *bytes, size_t len, const char *with)
{
    size_t n = strlen(with);

    return len >= n && anycert__equal_nocase((const char *)bytes, with, n);
}

static bool contains(const uint8_t *bytes, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++) {
        if (begins(bytes + i, len - i, word))
            return true;
    }
    return false;
}

static bool is_text(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == 0x7f ||
            (bytes[i] < 0x20 && bytes[i] != '\r' && bytes[i] != '\n' && bytes[i] != '\t'))
            return false;
    }
    return true;
}

/* Three digits, as SMTP, FTP and NNTP answer: the words behind them tell which. */
static enum anycert__banner numbered(const uint8_t *bytes, size_t len)
{
    if (len < 4 || (bytes[3] != ' ' && bytes[3] != '-'))
        return ANYCERT__BANNER_NONE;
    for (size_t i = 0; i < 3; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return ANYCERT__BANNER_NONE;
    }
    if (contains(bytes, len, "SMTP") || contains(bytes, len, "Postfix"))
        return ANYCERT__BANNER_SMTP;
    if (contains(bytes, len, "FTP") || contains(bytes, len, "FileZilla"))
        return ANYCERT__BANNER_FTP;
    if (contains(bytes, len, "NNTP") || contains(bytes, len, "INN ") ||
        (begins(bytes, len, "20") && contains(bytes, len, "posting")))
        return ANYCERT__BANNER_NNTP;
    /* 554 is SMTP's refusal at the door (RFC 5321 section 3.1). */
    if (begins(bytes, len, "554") || begins(bytes, len, "521"))
        return ANYCERT__BANNER_SMTP;
    return ANYCERT__BANNER_MAIL_OR_FILES;
}

/* A packet of MySQL: three bytes of length, the least significant first, and its number; the first
 * one has the protocol's version, or an error. */
static size_t mysql_packet(const uint8_t *bytes, size_t len)
{
    size_t packet;

    if (len < 5 || bytes[2] != 0 || bytes[3] != 0 || (bytes[4] != 10 && bytes[4] != 0xff))
        return 0;
    packet = (size_t)bytes[0] | (size_t)bytes[1] << 8;
    return packet >= 5 && packet <= 1024 ? packet + 4 : 0;
}

/* A message of PostgreSQL: an error, or the answer to a request for TLS, which is one letter. */
static size_t postgresql_message(const uint8_t *bytes, size_t len)
{
    if (len >= 6 && bytes[0] == 'E' && bytes[1] == 0 && bytes[2] == 0 && bytes[5] == 'S')
        return 1 + ((size_t)bytes[3] << 8 | bytes[4]);
    return 0;
}

static enum anycert__banner binary(const uint8_t *bytes, size_t len)
{
    if (postgresql_message(bytes, len) > 0)
        return ANYCERT__BANNER_POSTGRESQL;
    if (mysql_packet(bytes, len) > 0)
        return ANYCERT__BANNER_MYSQL;
    /* An extended response with the notice of disconnection (RFC 4511 section 4.4.1). */
    if (len >= 2 && bytes[0] == 0x30 && contains(bytes, len, "1.3.6.1.4.1.1466.20036"))
        return ANYCERT__BANNER_LDAP;
    if (len >= 4 && bytes[0] == 3 && bytes[1] == 0 && bytes[2] == 0)
        return ANYCERT__BANNER_RDP; /* TPKT, RFC 1006 section 6 */
    if (len >= 3 && bytes[0] == 0xff && bytes[1] >= 0xfb && bytes[1] <= 0xfe)
        return ANYCERT__BANNER_TELNET; /* RFC 854: WILL, WON'T, DO, DON'T */
    if (len == 2 && bytes[0] == 5)
        return ANYCERT__BANNER_SOCKS; /* RFC 1928 section 3 */
    return ANYCERT__BANNER_BINARY;
}

enum anycert__banner anycert__banner_of(const uint8_t *bytes, size_t len)
{
    enum anycert__banner banner;

    if (len == 0)
        return ANYCERT__BANNER_NONE;
    if (len > ANYCERT__BANNER_MAX)
        len = ANYCERT__BANNER_MAX;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (begins(bytes, len, starts[i].start))
            return starts[i].banner;
    }
    banner = numbered(bytes, len);
    if (banner != ANYCERT__BANNER_NONE)
        return banner;
    banner = binary(bytes, len);
    if (banner != ANYCERT__BANNER_BINARY || !is_text(bytes, len))
        return banner;
    if (contains(bytes, len, "\nSSH-")) /* lines may come before it (RFC 4253 section 4.2) */
        return ANYCERT__BANNER_SSH;
    return contains(bytes, len, "<html") ? ANYCERT__BANNER_HTML : ANYCERT__BANNER_TEXT;
}

bool anycert__banner_incomplete(const uint8_t *bytes, size_t len)
{
    size_t packet;

    if (len == 0)
        return true;
    if (len >= ANYCERT__BANNER_MAX)
        return false;
    if (is_text(bytes, len))
        return !memchr(bytes, '\n', len);
    packet = postgresql_message(bytes, len);
    if (packet == 0)
        packet = mysql_packet(bytes, len);
    if (packet > 0)
        return len < packet;
    return len < 8;
}

size_t anycert__banner_shown(const uint8_t *bytes, size_t len)
{
    enum anycert__banner banner = anycert__banner_of(bytes, len);
    const uint8_t *end =
        banner == ANYCERT__BANNER_HTTP && len > 0 ? memchr(bytes, '\n', len) : NULL;

    return end ? (size_t)(end - bytes) + 1 : len;
}

const char *anycert__banner_id(enum anycert__banner banner)
{
    return banners[banner].id;
}

const char *anycert__banner_text(enum anycert__banner banner)
{
    return banners[banner].text;
}
