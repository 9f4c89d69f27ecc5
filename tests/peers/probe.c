/* Asks a server on loopback with a raw hello, and prints what came back, a fact a line: "key
 * value".
 *
 * usage: probe PORT OFFER [NAME [SUITES]] — SUITES: only these, as "0005,c011"; "rest": the offer's
 * that this OpenSSL does not speak. Also "probe FILE": the raw answer that stands in a file. It
 * ends with 0 whatever the server did. */
#include "hello/offer.h"
#include "tls/hello_probe.h"
#include "verdict/alert.h"
#include "verdict/show.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US (20 * INT64_C(1000000))

static const char *const kinds[] = {"silent", "tls", "ssl2", "other"};
static const char *const ends[] = {"open",   "complete", "alert",   "broken",    "too-large",
                                   "closed", "reset",    "timeout", "cancelled", "failed"};
static const char *const keys[] = {"none",  "unknown", "dh",  "curve", "prime",
                                   "char2", "rsa",     "psk", "srp"};

static const char *or_number(const char *name, unsigned number)
{
    static char text[8][16];
    static unsigned next;

    if (name && name[0])
        return name;
    next = (next + 1) % 8;
    snprintf(text[next], sizeof text[next], "0x%04x", number);
    return text[next];
}

static void print_hello(const struct anycert__server_hello *hello)
{
    struct anycert__suite suite;

    printf("version %s\n", or_number(anycert__version_name(hello->version), hello->version));
    printf("suite %s\n", or_number(anycert__suite_name(hello->suite), hello->suite));
    if (anycert__suite_find(hello->suite, &suite))
        printf("trait %s\n", anycert__trait_id(anycert__suite_trait(&suite)));
    printf("retry %d\n", hello->retry);
    printf("downgrade %d\n", hello->downgrade_mark);
    if (hello->group)
        printf("group %s\n", or_number(anycert__named_group_name(hello->group), hello->group));
    printf("renegotiation_info %d\n", hello->renegotiation_info);
    printf("extended_master_secret %d\n", hello->extended_master_secret);
    printf("encrypt_then_mac %d\n", hello->encrypt_then_mac);
    printf("alpn %s\n", hello->alpn);
    printf("extensions");
    for (size_t i = 0; i < hello->extension_count; i++)
        printf(" %u", hello->extensions[i]);
    printf("\n");
}

static void print_key(const struct anycert__server_key *key)
{
    printf("key %s\n", keys[key->kind]);
    printf("key_bits %u\n", key->bits);
    if (key->group)
        printf("key_group %s\n", or_number(anycert__named_group_name(key->group), key->group));
    printf("key_signed %d\n", key->is_signed);
    if (key->scheme)
        printf("key_scheme %s\n", or_number(anycert__scheme_name(key->scheme), key->scheme));
}

static void print_request(const struct anycert__answer *answer)
{
    const uint8_t *types = anycert__answer_bytes(answer, answer->request.types);
    struct anycert__span name;
    size_t position = 0;

    printf("request_types");
    for (size_t i = 0; i < answer->request.types.len; i++)
        printf(" %s", or_number(anycert__cert_type_name(types[i]), types[i]));
    printf("\nrequest_schemes %zu\n", answer->request.schemes.len / 2);
    while (anycert__answer_next(answer, &answer->request.names, &position, &name)) {
        printf("request_name ");
        for (size_t i = 0; i < name.len; i++)
            printf("%02x", anycert__answer_bytes(answer, name)[i]);
        printf("\n");
    }
}

static void print(const struct anycert__answer *answer)
{
    printf("kind %s\n", kinds[answer->kind]);
    printf("end %s\n", ends[answer->end]);
    printf("bytes %zu\n", answer->raw.len);
    if (answer->fault)
        printf("fault %s\n", answer->fault);
    if (answer->banner)
        printf("banner %s\n", anycert__banner_id(answer->banner));
    if (answer->record_version)
        printf("record_version %s\n",
               or_number(anycert__version_name(answer->record_version), answer->record_version));
    for (size_t i = 0; i < answer->alert_count; i++)
        printf("alert%u %s\n", answer->alerts[i].level,
               or_number(anycert__alert_name(answer->alerts[i].description),
                         answer->alerts[i].description));
    if (answer->kind == ANYCERT__KIND_SSL2)
        printf("ssl2 %04x %04x\n", answer->ssl2_version, answer->ssl2_error);
    if (answer->has_hello)
        print_hello(&answer->hello);
    if (answer->has_certificates)
        printf("certificates %zu\n", answer->certificates.count);
    print_key(&answer->key);
    printf("staple %d\ndone %d\n", answer->has_staple, answer->has_done);
    if (answer->has_request)
        print_request(answer);
}

static int replay(const char *path)
{
    struct anycert__answer answer;
    char bytes[4096];
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        return 1;
    }
    anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;) {
        if (anycert__answer_feed(&answer, bytes, n, NULL) <= 0)
            break;
    }
    fclose(file);
    anycert__answer_close(&answer, ANYCERT__END_CLOSED);
    print(&answer);
    anycert__answer_free(&answer);
    return 0;
}

static int choose(const char *id, const char *name, const char *suites,
                  struct anycert__hello *hello)
{
    uint16_t own[512];
    int count;

    for (int i = 0; i < ANYCERT__OFFER_COUNT; i++) {
        if (strcmp(anycert__offer_id((enum anycert__offer)i), id) == 0) {
            anycert__offer_fill((enum anycert__offer)i, name, hello);
            break;
        }
    }
    if (suites && strcmp(suites, "rest") == 0) {
        count = anycert__hello_own_suites(own, sizeof own / sizeof own[0], NULL);
        anycert__hello_drop_suites(hello, own, count > 0 ? (size_t)count : 0);
    } else if (suites) {
        hello->suite_count = 0;
        for (char *end; *suites; suites = *end ? end + 1 : end)
            hello->suites[hello->suite_count++] = (uint16_t)strtoul(suites, &end, 16);
    }
    return hello->suite_count > 0 ? 0 : -1;
}

static int dial(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("probe: connect");
        return -1;
    }
    return fd;
}

static void save(const struct anycert__answer *answer)
{
    const char *path = getenv("PROBE_SAVE");
    FILE *file = path ? fopen(path, "wb") : NULL;

    if (file) {
        fwrite(answer->raw.data, 1, answer->raw.len, file);
        fclose(file);
    }
}

int main(int argc, char **argv)
{
    struct anycert__hello hello;
    struct anycert__probe probe = {.hello = &hello, .until = ANYCERT__UNTIL_FLIGHT};
    struct anycert__answer answer;
    struct anycert_error err = {0};
    const char *breach;
    int fd;

    if (argc == 2)
        return replay(argv[1]);
    if (argc < 3 || choose(argv[2], argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL, &hello)) {
        fprintf(stderr, "usage: probe PORT OFFER [NAME [SUITES]]\n");
        return 2;
    }
    fd = dial(argv[1]);
    if (fd < 0)
        return 1;
    probe.deadline_us = anycert__monotonic_us() + PATIENCE_US;
    if (anycert__hello_probe(fd, &probe, &answer, &err) < 0) {
        fprintf(stderr, "probe: %s\n", err.message);
        return 1;
    }
    close(fd);
    print(&answer);
    breach = anycert__answer_breach(&answer, &hello);
    if (breach)
        printf("breach %s\n", breach);
    save(&answer);
    anycert__answer_free(&answer);
    return 0;
}
