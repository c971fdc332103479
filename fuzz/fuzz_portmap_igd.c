/* SPDX-License-Identifier: MIT */
/* What miniupnpc tells of a device: a description of the input, read by its own parser,
 * then answers to what is asked of it. In place of its functions that wait for a network
 * stand those here. Nothing is fetched from or asked of another host than the router. */
#include "fuzz.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>

#include "base/reader.h"
#include "net/portmap_igd.h"

#define ROUTER    "192.0.2.1"
#define TEXT_MAX  300 /* an URL may be longer than what is kept of it */
#define TRIES_MAX (KITH_IGD_PORTS_MAX + 1)

static struct kith_reader in;
static unsigned asked;

static size_t some(size_t max)
{
    size_t size = kith_reader_u16(&in) % (max + 1);
    return size < kith_reader_left(&in) ? size : kith_reader_left(&in);
}

static void check_url(const char *url)
{
    static const char colon[] = "http://" ROUTER ":", slash[] = "http://" ROUTER "/";
    assert(strncmp(url, colon, strlen(colon)) == 0 ||
           strncmp(url, slash, strlen(slash)) == 0);
}

static void check_service(const char *service)
{
    assert(strncmp(service, "urn:schemas-upnp-org:service:WAN", 32) == 0);
}

/* ---- in place of the library's ---- */

struct UPNPDev *upnpDiscoverDevices(const char *const types[], int delay,
                                    const char *interface, const char *socket_path,
                                    int port, int ipv6, unsigned char ttl, int *error,
                                    int all)
{
    (void)types, (void)delay, (void)interface, (void)socket_path, (void)port;
    (void)ipv6, (void)ttl, (void)error, (void)all;
    struct UPNPDev *first = NULL;
    for (int count = kith_reader_u8(&in) % 6; count > 0; count--) {
        struct UPNPDev *device = calloc(1, sizeof(*device));
        size_t size = some(TEXT_MAX);
        const uint8_t *bytes = kith_reader_bytes(&in, size);
        device->descURL = size > 0 ? strndup((const char *)bytes, size)
                                   : strdup("http://" ROUTER ":5000/root.xml");
        device->pNext = first;
        first = device;
    }
    return first;
}

void freeUPNPDevlist(struct UPNPDev *devices)
{
    while (devices != NULL) {
        struct UPNPDev *next = devices->pNext;
        free(devices->descURL);
        free(devices);
        devices = next;
    }
}

int UPNP_GetIGDFromUrl(const char *url, struct UPNPUrls *urls, struct IGDdatas *data,
                       char *own, int own_size)
{
    check_url(url);
    assert(own_size > 0);
    own[0] = '\0';
    if (kith_reader_u8(&in) % 8 == 0)
        return 0;
    size_t size = some(UINT16_MAX);
    char *description = malloc(size + 1);
    if (size > 0)
        memcpy(description, kith_reader_bytes(&in, size), size);
    memset(data, 0, sizeof(*data));
    parserootdesc(description, (int)size, data);
    memset(urls, 0, sizeof(*urls));
    GetUPNPUrls(urls, data, url, 0);
    free(description);
    return 1;
}

int UPNP_GetExternalIPAddress(const char *control, const char *service, char *out)
{
    check_url(control);
    check_service(service);
    size_t size = some(15);
    memset(out, 0, 16);
    if (size > 0)
        memcpy(out, kith_reader_bytes(&in, size), size);
    return kith_reader_u8(&in) % 4 - 1;
}

/* Every second code is one that the standard has. */
static int code(void)
{
    static const int known[] = {0, 606, 718, 724, 725, 728, 729, -1};
    uint8_t choice = kith_reader_u8(&in);
    return choice & 1 ? known[choice / 2 % 8] : choice * 4 - 500;
}

int UPNP_AddPortMapping(const char *control, const char *service,
                        const char *external_port, const char *port, const char *client,
                        const char *description, const char *protocol, const char *remote,
                        const char *lifetime)
{
    check_url(control);
    check_service(service);
    assert(strtoul(external_port, NULL, 10) > 0 && strcmp(port, "4747") == 0);
    assert(strcmp(client, "192.0.2.7") == 0 && strcmp(description, "kith") == 0);
    assert(strcmp(protocol, "TCP") == 0 && remote == NULL && lifetime[0] != '\0');
    asked++;
    assert(asked <= TRIES_MAX);
    return code();
}

int UPNP_DeletePortMapping(const char *control, const char *service,
                           const char *external_port, const char *protocol,
                           const char *remote)
{
    check_url(control);
    check_service(service);
    assert(strtoul(external_port, NULL, 10) > 0);
    assert(strcmp(protocol, "TCP") == 0 && remote == NULL);
    return code();
}

/* ---- what is made of it ---- */

static void map(const struct kith_igd *igd, const struct kith_portmap_wish *wish)
{
    struct kith_portmap_answer answer;
    asked = 0;
    kith_igd_map(igd, wish, &answer);
    assert((answer.outcome == KITH_PORTMAP_DENIED) == (answer.why != NULL));
    assert(answer.outcome != KITH_PORTMAP_GRANTED || answer.port != 0);
    if (answer.outcome == KITH_PORTMAP_GRANTED)
        kith_igd_unmap(igd, answer.port);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_portmap_wish wish = {.port = 4747, .lifetime_s = 3600};
    struct kith_igd igd = {{0}, {0}};
    in = kith_reader(kith_bytes(data, size));
    wish.external_port = kith_reader_u8(&in) & 1 ? UINT16_MAX : 4747;
    inet_pton(AF_INET, ROUTER, &wish.gateway);
    inet_pton(AF_INET, "192.0.2.7", &wish.source);
    if (!kith_igd_find(&wish, &igd)) {
        assert(igd.control[0] == '\0' && igd.service[0] == '\0');
        return;
    }
    check_url(igd.control);
    check_service(igd.service);
    map(&igd, &wish);
}
