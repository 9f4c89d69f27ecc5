#include "hello/banner.h"
#include "hello/answer.h"

#include "support/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void peers_of_other_protocols_are_told_apart(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *id;
        bool complete;
    } rows[] = {
#define SAYS(text) text, sizeof text - 1
        {SAYS("HTTP/1.1 400 Bad Request\r\n"), "http", true},
        {SAYS("HTTP/1."), "http", false},
        {SAYS("<html>\n"), "html", true},
        {SAYS("<!DOCTYPE HTML PUBLIC>\n"), "html", true},
        {SAYS("SSH-2.0-OpenSSH_9.2p1\r\n"), "ssh", true},
        {SAYS("220 mail.test ESMTP Postfix\r\n"), "smtp", true},
        {SAYS("220-mail.test ESMTP Exim\r\n"), "smtp", true},
        {SAYS("554 no\r\n"), "smtp", true},
        {SAYS("220 (vsFTPd 3.0.3)\r\n"), "ftp", true},
        {SAYS("220 ProFTPD Server\r\n"), "ftp", true},
        {SAYS("220 ready\r\n"), "smtp-or-ftp", true},
        {SAYS("200 news.test InterNetNews NNRP server INN 2.7 ready (posting ok)\r\n"), "nntp",
         true},
        {SAYS("+OK Dovecot ready.\r\n"), "pop3", true},
        {SAYS("* OK [CAPABILITY IMAP4rev1] ready\r\n"), "imap", true},
        {SAYS("-ERR unknown command\r\n"), "redis", true},
        {SAYS("-NOAUTH Authentication required.\r\n"), "redis", true},
        {SAYS("RFB 003.008\n"), "vnc", true},
        {SAYS("<?xml version='1.0'?>\n"), "xmpp", true},
        {SAYS("AMQP\0\0\x09\1"), "amqp", true},
        {SAYS("\x0a\0\0\0\x0a"
              "8.0.36\0xx"),
         "mysql", true},
        {SAYS("\x4a\0\0\0\x0a"
              "8.0.36"),
         "mysql", false},
        {SAYS("E\0\0\0\x0aSFATAL"), "postgresql", true},
        {SAYS("\xff\xfd\x18\xff\xfd\x20\xff\xfd"), "telnet", true},
        {SAYS("\x03\0\0\x13\x0e\xd0\0\0"), "rdp", true},
        {SAYS("\x05\xff"), "socks", false},
        {SAYS("hello\n"), "text", true},
        {SAYS("\x01\x02\x03\x04\x05\x06\x07\x08"), "binary", true},
        {SAYS("\x16\x04\x01\0\0\0\0\0"), "binary", true},
        {SAYS("\x80\x41\x01\0\2\0\0\0"), "binary", true},
        {SAYS("\x16"), "binary", false},
        {SAYS("\x80\x03"), "binary", false},
    };
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hello_read(&answer, rows[i].bytes, rows[i].len);
        if (answer.kind != ANYCERT__KIND_OTHER ||
            strcmp(anycert__banner_id(answer.banner), rows[i].id) != 0 ||
            (answer.end == ANYCERT__END_COMPLETE) != rows[i].complete)
            fail_msg("%s: kind %d, '%s', end %d", rows[i].id, answer.kind,
                     anycert__banner_id(answer.banner), answer.end);
        assert_true(anycert__banner_text(answer.banner)[0] != '\0');
        assert_int_equal(answer.raw.len, rows[i].len);
        anycert__answer_free(&answer);
    }
}

static void ssl2_is_told_apart(void **state)
{
    struct hello_made error = hello_hex("8003 00 0001"),
                      hello = hello_hex("800b 04 00 01 0002 0000");
    struct anycert__answer answer;

    (void)state;
    hello_read_made(&answer, &error);
    assert_int_equal(answer.kind, ANYCERT__KIND_SSL2);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(answer.ssl2_error, 1);
    anycert__answer_free(&answer);
    hello_read_made(&answer, &hello);
    assert_int_equal(answer.kind, ANYCERT__KIND_SSL2);
    assert_int_equal(answer.ssl2_version, 2);
    anycert__answer_free(&answer);
}

static void silence_is_a_state(void **state)
{
    struct anycert__answer answer;

    (void)state;
    for (int why = ANYCERT__END_CLOSED; why <= ANYCERT__END_FAILED; why++) {
        anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
        assert_int_equal(anycert__answer_feed(&answer, "", 0, NULL), 1);
        anycert__answer_close(&answer, (enum anycert__answer_end)why);
        assert_int_equal(answer.kind, ANYCERT__KIND_SILENT);
        assert_int_equal(answer.end, why);
        anycert__answer_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_of_other_protocols_are_told_apart),
        cmocka_unit_test(ssl2_is_told_apart),
        cmocka_unit_test(silence_is_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
