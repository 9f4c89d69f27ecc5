/* A request that changes nothing, carries nothing of anybody, and asks for no body. */
#include "doctor/trial.h"

#include "base/str.h"
#include "http/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 16384

static int send_request(struct anycert__shake *shake, struct anycert__line *line,
                        const struct anycert__peer *target,
                        const struct anycert__patience *patience)
{
    bool is_ipv6 = strchr(target->host, ':') != NULL;
    char port[8] = "";
    char request[512];
    int len = 0;

    if (target->port != 443)
        (void)snprintf(port, sizeof port, ":%u", (unsigned)target->port);
    len = snprintf(request, sizeof request,
                   "HEAD / HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: anycert\r\nAccept: */*\r\n"
                   "Connection: close\r\n\r\n",
                   is_ipv6 ? "[" : "", target->host, is_ipv6 ? "]" : "", port);
    if (anycert__shake_write(shake, request, (size_t)len) < 0)
        return -1;
    return anycert__trial_flush(shake, line, patience) == ANYCERT__WIRE_OK ? 0 : -1;
}

/* The value of the field Date, if there is one, in place. */
static void read_date(char *head, struct anycert__trial *trial)
{
    for (char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        char *end = NULL;

        line += 2;
        if (!anycert__str_starts_nocase(line, "date:"))
            continue;
        line += strlen("date:") + strspn(line + strlen("date:"), " \t");
        end = strstr(line, "\r\n");
        if (end)
            *end = '\0';
        trial->has_http_date = anycert__http_date(line, &trial->http_date);
        return;
    }
}

bool anycert__trial_ask(struct anycert__shake *shake, struct anycert__line *line,
                        const struct anycert__peer *target,
                        const struct anycert__patience *patience, struct anycert__trial *trial)
{
    char head[HEAD_MAX + 1] = "";
    size_t used = 0;

    if (strcmp(trial->facts->negotiated.alpn, "h2") == 0)
        return anycert__trial_ask_h2(shake, line, target, patience, trial);
    if (send_request(shake, line, target, patience) < 0)
        return false;
    while (used < HEAD_MAX && !strstr(head, "\r\n\r\n")) {
        int got = anycert__shake_read(shake, head + used, HEAD_MAX - used);

        if (got < 0)
            break;
        used += (size_t)got;
        head[used] = '\0';
        if (got > 0 && strlen(head) != used)
            break; /* a NUL is in no header */
        if (got == 0) {
            trial->wire = anycert__trial_exchange(shake, line, patience, trial);
            if (trial->wire == ANYCERT__WIRE_CLOSED)
                anycert__shake_end(shake);
            else if (trial->wire != ANYCERT__WIRE_OK)
                break;
        }
    }
    if (strncmp(head, "HTTP/1.", 7) != 0 || used < 12)
        return false;
    trial->http_status = (int)strtol(head + 9, NULL, 10);
    read_date(head, trial);
    return trial->http_status >= 100 && trial->http_status <= 999;
}
