#include "support/hello.h"

#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int count_up(void *arg, void *out, size_t len)
{
    (void)arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)i;
    return 0;
}

const struct anycert__random hello_counting = {.fill = count_up};

static uint8_t *copy_of(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

uint8_t *hello_bytes(const struct anycert__hello *hello, size_t *len)
{
    struct anycert_error err = {0};
    struct anycert__buf buf;
    uint8_t *bytes;

    anycert__buf_init(&buf, ANYCERT__HELLO_MAX);
    if (anycert__hello_write(hello, &hello_counting, &buf, &err) < 0)
        fail_msg("%s", err.message);
    bytes = copy_of(buf.data, buf.len);
    *len = buf.len;
    anycert__buf_free(&buf);
    return bytes;
}

uint8_t *hello_ask_openssl(SSL_CTX *ctx, const uint8_t *bytes, size_t len, size_t *answer_len,
                           bool *completed)
{
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    char *said = NULL;
    uint8_t *answer;

    assert_true(ssl && in && out);
    SSL_set_bio(ssl, in, out);
    assert_int_equal(BIO_write(in, bytes, (int)len), (int)len);
    (void)SSL_accept(ssl);
    if (completed)
        *completed = SSL_is_init_finished(ssl) == 1;
    *answer_len = (size_t)BIO_get_mem_data(out, &said);
    answer = copy_of(said, *answer_len);
    SSL_free(ssl);
    return answer;
}

SSL_CTX *hello_server(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509 *cert = certs_leaf("a.test", NULL, NULL);

    assert_true(ctx && cert);
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, 0), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:eNULL:@SECLEVEL=0"), 1);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, certs_other_key()), 1);
    assert_int_equal(SSL_CTX_set_dh_auto(ctx, 1), 1);
    X509_free(cert);
    return ctx;
}

void hello_read(struct anycert__answer *answer, const void *bytes, size_t len)
{
    anycert__answer_init(answer, ANYCERT__UNTIL_FLIGHT);
    assert_true(anycert__answer_feed(answer, bytes, len, NULL) >= 0);
    anycert__answer_close(answer, ANYCERT__END_CLOSED);
}

uint8_t *hello_flight(const char *name, size_t *len)
{
    const char *folder = getenv("ANYCERT_SOURCE_DIR");
    uint8_t bytes[8192];
    char path[1024];
    FILE *file;

    assert_non_null(folder);
    snprintf(path, sizeof path, "%s/fuzz/corpus/fuzz_hello/%s", folder, name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    *len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_in_range(*len, 1, sizeof bytes - 1);
    return copy_of(bytes, *len);
}

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct hello_made hello_hex(const char *text)
{
    struct hello_made made = {.len = 0};

    for (const char *p = text; *p; p++) {
        if (*p == ' ')
            continue;
        made.bytes[made.len++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
        p++;
    }
    return made;
}

void hello_made_add(struct hello_made *to, const struct hello_made *what)
{
    memcpy(to->bytes + to->len, what->bytes, what->len);
    to->len += what->len;
}

struct hello_made hello_message(uint8_t type, const struct hello_made *body)
{
    struct hello_made made = {.bytes = {type, 0, (uint8_t)(body->len >> 8), (uint8_t)body->len},
                              .len = 4};

    hello_made_add(&made, body);
    return made;
}

struct hello_made hello_record(uint8_t type, uint16_t version, const struct hello_made *body)
{
    struct hello_made made = {.bytes = {type, (uint8_t)(version >> 8), (uint8_t)version,
                                        (uint8_t)(body->len >> 8), (uint8_t)body->len},
                              .len = 5};

    hello_made_add(&made, body);
    return made;
}

struct hello_made hello_server_hello(uint16_t version, uint16_t suite, const char *extensions)
{
    struct hello_made body = {.bytes = {(uint8_t)(version >> 8), (uint8_t)version}, .len = 35};
    struct hello_made more = hello_hex(extensions ? extensions : "");

    body.bytes[body.len++] = (uint8_t)(suite >> 8);
    body.bytes[body.len++] = (uint8_t)suite;
    body.bytes[body.len++] = 0;
    if (extensions) {
        body.bytes[body.len++] = (uint8_t)(more.len >> 8);
        body.bytes[body.len++] = (uint8_t)more.len;
        hello_made_add(&body, &more);
    }
    return hello_message(2, &body);
}

struct hello_made hello_whole_flight(uint16_t version, uint16_t suite, uint8_t type,
                                     const char *text)
{
    struct hello_made all = hello_server_hello(version, suite, NULL), body = hello_hex(text);
    struct hello_made one = hello_message(type, &body), done = hello_hex("0e000000");

    hello_made_add(&all, &one);
    hello_made_add(&all, &done);
    return hello_record(22, version, &all);
}

void hello_read_made(struct anycert__answer *answer, const struct hello_made *made)
{
    hello_read(answer, made->bytes, made->len);
}
