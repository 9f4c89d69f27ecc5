/* download.c — downloads to a file, which appears under its name only when it is whole.
 *
 * usage: download URL FILE [CA-FILE]
 *
 *     $ cc -o download download.c $(pkg-config --cflags --libs anycert)
 *     $ ./download https://api.example/bytes/300000 image.bin ca.pem
 *     300000 bytes in image.bin
 *
 * When the transfer fails, or is interrupted with Ctrl-C, what was there before stays:
 *
 *     $ ./download https://broken.example/ image.bin ca.pem
 *     download: BODY_TRUNCATED: ...
 *     $ echo $?
 *     9
 *     $ wc -c image.bin
 *     300000 image.bin
 *
 * To test this comment: host api.example is good, host broken.example is truncated-body. */
#define _POSIX_C_SOURCE 200809L
#include <anycert/anycert.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "download: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static int on_progress(void *arg, uint64_t received, uint64_t total, uint64_t sent,
                       uint64_t send_total)
{
    const int *terminal = arg;

    (void)sent;
    (void)send_total;
    if (*terminal && total > 0)
        fprintf(stderr, "\r%3" PRIu64 " %%", received * 100 / total);
    return interrupted; /* anything but 0 stops the request */
}

static int prepare(struct anycert_request *request, const char *file, int *terminal,
                   struct anycert_error *err)
{
    if (anycert_request_set_output_file(request, file, err) < 0)
        return -1;
    return anycert_request_set_progress(request, on_progress, terminal, err);
}

static struct anycert_client *make_client(const char *ca, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && (!ca || anycert_policy_add_ca_path(policy, ca, err) == 0) &&
        anycert_config_set_policy(config, policy, err) == 0 &&
        /* 30 s to connect, no limit for the whole, 20 s without a byte */
        anycert_config_set_timeouts(config, 30000, 0, 20000, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct sigaction action;
    int terminal = isatty(STDERR_FILENO);
    int status = 0;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: download URL FILE [CA-FILE]\n");
        return 2;
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    (void)sigaction(SIGINT, &action, NULL);
    client = make_client(argc == 4 ? argv[3] : NULL, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (!request || prepare(request, argv[2], &terminal, &err) < 0 ||
        anycert_client_send(client, request, &response, &err) < 0) {
        status = say(&err);
    } else if (anycert_response_status(response) != 200) {
        /* The file has the body of this answer. */
        fprintf(stderr, "download: status %d\n", anycert_response_status(response));
        status = ANYCERT_CLASS_HTTP;
    } else {
        printf("%s%" PRIu64 " bytes in %s\n", terminal ? "\r" : "",
               anycert_response_body_size(response), argv[2]);
    }
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return status;
}
