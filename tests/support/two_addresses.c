/* two_addresses.c — to be preloaded: the name two.test has the addresses 127.0.0.1 and 127.0.0.2,
 * in that order. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out);

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    look_up *real = NULL;
    struct addrinfo *end = NULL;
    int result = 0;

    memcpy(&real, &symbol, sizeof real);
    if (!name || strcmp(name, "two.test") != 0)
        return real(name, service, hints, out);
    result = real("127.0.0.1", service, hints, out);
    if (result != 0)
        return result;
    for (end = *out; end->ai_next; end = end->ai_next)
        ;
    return real("127.0.0.2", service, hints, &end->ai_next);
}
