/* SPDX-License-Identifier: MIT */
/* Name servers that say nothing: preloaded into a program, no name is found for a minute.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

#define SILENCE_MS 60000

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    typedef int resolver(const char *, const char *, const struct addrinfo *,
                         struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    resolver *libc;
    memcpy(&libc, &symbol, sizeof(libc));
    if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0)
        return libc(node, service, hints, out);
    poll(NULL, 0, SILENCE_MS);
    return EAI_AGAIN;
}
