/* A list of targets is read line by line: each is one target, as it was written but for the blanks
 * around it, and is either refused with a sentence or understood as a host and a port, which read
 * as themselves. */
#include "cli/targets.h"
#include "doctor/peer.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_refusal(const struct anycert_error *err)
{
    size_t len = strlen(err->message);

    require((err->code == ANYCERT_E_URL || err->code == ANYCERT_E_USAGE) && len > 0);
    require(anycert__is_utf8(err->message, len) && !anycert__has_control(err->message, len));
}

static void check_peer(const struct anycert__peer *peer)
{
    struct anycert__peer again;
    char text[300];

    require(peer->port > 0 && peer->host[0] != '\0' && !strpbrk(peer->host, "[]/@?# "));
    require(!anycert__has_control(peer->host, strlen(peer->host)));
    (void)snprintf(text, sizeof text, strchr(peer->host, ':') ? "[%s]:%u" : "%s:%u", peer->host,
                   (unsigned)peer->port);
    require(anycert__peer_read(text, &again, NULL) == 0);
    require(again.port == peer->port && strcmp(again.host, peer->host) == 0);
}

static int take(void *arg, size_t line, const char *target)
{
    size_t *count = arg, len = target ? strlen(target) : 0;
    struct anycert__peer peer;
    struct anycert_error err = {0};

    require(line > *count); /* a line has one target at most */
    if (!target)
        return ++*count > 200 ? -1 : 0;
    require(len > 0 && len < CLI_TARGET_SIZE && target[0] != '#' && !strchr(target, '\n'));
    require(!strstr(target, " #") && !strstr(target, "\t#"));
    require(!strchr(" \t", target[0]) && !strchr(" \t\r", target[len - 1]));
    if (anycert__peer_read(target, &peer, &err) == 0)
        check_peer(&peer);
    else
        check_refusal(&err);
    return ++*count > 200 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    int result = cli_targets_each((const char *)data, size, take, &count);

    require(result == 0 || (result == -1 && count > 200));
    return 0;
}
