/* Nothing is left in memory of credentials that everybody has let go of. */
#include "client/auth.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http/url.h"

/* The secret, whose end stands nowhere in the program: what free() writes into a block that it is
 * given does not reach that far. */
#define FILLING     48
#define END_LEN     15
#define SECRET_SIZE (FILLING + END_LEN + 1)
#define MAX_MAPPING (256UL << 20) /* larger ones belong to sanitizers */

static const unsigned char hidden[END_LEN] = {0x29, 0x69, 0x39, 0x28, 0x3f, 0x2e, 0x77, 0x2d,
                                              0x33, 0x2a, 0x3f, 0x77, 0x37, 0x3f, 0x7b};

static void write_secret(char out[SECRET_SIZE])
{
    memset(out, 'x', FILLING);
    for (size_t i = 0; i < END_LEN; i++)
        out[FILLING + i] = (char)(hidden[i] ^ 0x5a);
    out[SECRET_SIZE - 1] = '\0';
}

/* How often it stands in what can be written to, looked for without making a copy of it. */
static unsigned count_in(const unsigned char *from, const unsigned char *to)
{
    unsigned count = 0;

    for (const unsigned char *p = from; p + END_LEN <= to; p++) {
        size_t n = 1;

        p = memchr(p, hidden[0] ^ 0x5a, (size_t)(to - p));
        if (!p || p + END_LEN > to)
            break;
        while (n < END_LEN && (p[n] ^ 0x5a) == hidden[n])
            n++;
        count += n == END_LEN;
    }
    return count;
}

/* In the heap and in what malloc() has mapped beside it; not on the stacks, where a copy lives as
 * long as nobody calls anything. */
static unsigned count_secrets(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    static unsigned char block[1 << 16];
    char line[512];
    unsigned count = 0;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from = 0;
        unsigned long to = 0;
        char rights[8];
        char name[256] = "";

        assert_true(sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, name) >= 3);
        if (strncmp(rights, "rw", 2) != 0 || (name[0] && strcmp(name, "[heap]") != 0) ||
            to - from > MAX_MAPPING)
            continue;
        for (unsigned long at = from; at < to; at += sizeof block - END_LEN) {
            unsigned long left = to - at;
            ssize_t n = pread(memory, block, left < sizeof block ? left : sizeof block, (off_t)at);

            if (n > 0 && (at + (unsigned long)n <= (unsigned long)(uintptr_t)block ||
                          at >= (unsigned long)(uintptr_t)(block + sizeof block)))
                count += count_in(block, block + n);
        }
    }
    memset(block, 0, sizeof block);
    close(memory);
    fclose(maps);
    return count;
}

static int add_both(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    char secret[SECRET_SIZE];
    int result = 0;

    (void)arg;
    write_secret(secret);
    result = anycert_auth_request_add_header(request, "X-Proof", secret, err);
    if (result == 0)
        result = anycert_auth_request_add_param(request, "proof", secret, err);
    anycert__wipe(secret, sizeof secret);
    return result;
}

static struct anycert_auth *make(int kind, const char *secret)
{
    struct anycert_error *err = NULL;

    switch (kind) {
    case 0:
        return anycert_auth_basic("a", secret, err);
    case 1:
        return anycert_auth_digest("a", secret, err);
    case 2:
        return anycert_auth_ntlm("a", secret, err);
    case 3:
        return anycert_auth_bearer(secret, err);
    case 4:
        return anycert_auth_api_key_header("X-Key", secret, err);
    case 5:
        return anycert_auth_api_key_query("key", secret, err);
    case 6:
        return anycert_auth_aws_sigv4("AKID", secret, secret, "r", "s3", err);
    case 7:
        return anycert_auth_oauth2("https://a.test/token", "id", secret, err);
    default:
        return anycert_auth_callback(add_both, NULL, NULL, err);
    }
}

/* The token request of OAuth 2.0, whose answer is the secret, too. */
static void fetch(struct anycert__auth_use *use, const char *secret)
{
    struct anycert__exchange exchange = {.status = 200};
    char answer[256];
    int len = snprintf(answer, sizeof answer, "{\"access_token\":\"%s\",\"expires_in\":9}", secret);

    assert_int_equal(anycert__auth_need(use, "hardened", 1, NULL), ANYCERT__AUTH_FETCH);
    assert_int_equal(anycert__auth_fetch_begin(use, &exchange, NULL), 0);
    assert_int_equal(exchange.sink(exchange.sink_arg, &exchange, answer, (size_t)len, NULL), 0);
    assert_int_equal(anycert__auth_fetch_end(use, 0, &exchange, 1, NULL), 0);
    assert_int_equal(anycert__auth_need(use, "hardened", 1, NULL), ANYCERT__AUTH_READY);
    anycert__wipe(answer, sizeof answer); /* the test's own copy */
}

static void nothing_is_left(void **state)
{
    struct anycert__url url = {0};
    char secret[SECRET_SIZE];

    (void)state;
    assert_int_equal(anycert__url_parse("https://a.test/b?c=d", &url, NULL), 0);
    for (int kind = 0; kind < 9; kind++) {
        struct anycert__auth_use use = {0};
        struct anycert__fields headers = {0};
        const struct anycert__auth_hop hop = {&headers, 1440938160};
        struct anycert__exchange exchange = {.method = "GET", .url = &url};
        struct anycert_auth *auth = NULL;

        write_secret(secret);
        auth = make(kind, secret);
        assert_non_null(auth);
        anycert__auth_begin(&use, auth);
        if (auth->kind == ANYCERT__AUTH_OAUTH2)
            fetch(&use, secret);
        anycert__wipe(secret, sizeof secret);
        for (int i = 0; i < 2; i++)
            assert_int_equal(anycert__auth_prepare(&use, &hop, &exchange, NULL), 0);
        assert_true(count_secrets() > 0);
        anycert__auth_end(&use);
        anycert__fields_clear(&headers);
        anycert_auth_free(auth);
        if (count_secrets() != 0)
            fail_msg("of kind %d there are %u left", kind, count_secrets());
    }
    anycert__url_clear(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
