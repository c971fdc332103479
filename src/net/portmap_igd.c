/* SPDX-License-Identifier: MIT */
#include "net/portmap_igd.h"
#include <arpa/inet.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <stdio.h>
#include <string.h>

#define PORT_TEXT_SIZE 6

/* ---- searching ---- */

/* A later version of a device answers a search for the first one. */
static const char *const searched[] = {
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
    NULL,
};

static bool is_at(const char *url, const char *host)
{
    static const char scheme[] = "http://";
    size_t size = strlen(host);
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    url += sizeof scheme - 1;
    return strncmp(url, host, size) == 0 && (url[size] == ':' || url[size] == '/');
}

static bool is_wan(const char *service)
{
    static const char *const known[] = {"urn:schemas-upnp-org:service:WANIPConnection:",
                                        "urn:schemas-upnp-org:service:WANPPPConnection:"};
    return strncmp(service, known[0], strlen(known[0])) == 0 ||
           strncmp(service, known[1], strlen(known[1])) == 0;
}

/* The service that the URLs lead to. */
static bool take_service(const struct UPNPUrls *urls,
                         const struct IGDdatas_service *service, const char *router,
                         struct kith_igd *out)
{
    struct kith_igd igd = {{0}, {0}};
    if (urls->controlURL == NULL || !is_wan(service->servicetype) ||
        !is_at(urls->controlURL, router) ||
        snprintf(igd.control, sizeof igd.control, "%s", urls->controlURL) >=
            (int)sizeof igd.control)
        return false;
    snprintf(igd.service, sizeof igd.service, "%s", service->servicetype);
    *out = igd;
    return true;
}

static bool is_connected(const struct kith_igd *igd)
{
    char address[64] = "";
    return UPNP_GetExternalIPAddress(igd->control, igd->service, address) ==
           UPNPCOMMAND_SUCCESS;
}

/* A router with a modem has two: by IP and by PPP, of which one is in use. */
static bool choose_service(struct UPNPUrls *urls, struct IGDdatas *data, const char *url,
                           const char *router, struct kith_igd *out)
{
    bool is_found = take_service(urls, &data->first, router, out);
    if (data->second.servicetype[0] == '\0' || (is_found && is_connected(out)))
        return is_found;
    struct kith_igd other;
    data->first = data->second;
    FreeUPNPUrls(urls);
    GetUPNPUrls(urls, data, url, 0);
    if (take_service(urls, &data->first, router, &other) &&
        (!is_found || is_connected(&other))) {
        *out = other;
        is_found = true;
    }
    return is_found;
}

static bool read_description(const char *url, const char *router, struct kith_igd *out)
{
    struct UPNPUrls urls = {0};
    struct IGDdatas data;
    char own[INET6_ADDRSTRLEN] = "";
    memset(&data, 0, sizeof data);
    bool is_found = UPNP_GetIGDFromUrl(url, &urls, &data, own, sizeof own) == 1 &&
                    choose_service(&urls, &data, url, router, out);
    FreeUPNPUrls(&urls);
    return is_found;
}

static bool read_descriptions(const struct UPNPDev *devices, const char *router,
                              struct kith_igd *out)
{
    const char *last = "";
    size_t tries = 0;
    for (const struct UPNPDev *device = devices; device; device = device->pNext) {
        if (!is_at(device->descURL, router) || strcmp(device->descURL, last) == 0)
            continue;
        if (read_description(device->descURL, router, out))
            return true;
        last = device->descURL;
        if (++tries == KITH_IGD_DESCRIPTIONS_MAX)
            break;
    }
    return false;
}

bool kith_igd_find(const struct kith_portmap_wish *wish, struct kith_igd *out)
{
    char own[INET_ADDRSTRLEN], router[INET_ADDRSTRLEN];
    int error = 0;
    inet_ntop(AF_INET, &wish->source, own, sizeof own);
    inet_ntop(AF_INET, &wish->gateway, router, sizeof router);
    struct UPNPDev *devices = upnpDiscoverDevices(
        searched, (int)wish->search_ms, own, NULL, UPNP_LOCAL_PORT_ANY, 0, 2, &error, 1);
    bool is_found = read_descriptions(devices, router, out);
    freeUPNPDevlist(devices);
    return is_found;
}

/* ---- mapping ---- */

/* Of WANIPConnection:1 and :2, 2.4.16. */
enum {
    IGD_NOT_AUTHORIZED = 606,
    IGD_CONFLICT = 718,
    IGD_SAME_PORTS = 724,
    IGD_PERMANENT_ONLY = 725,
    IGD_NO_PORTS = 728,
    IGD_CONFLICT_WITH_OTHER = 729,
};

static int add(const struct kith_igd *igd, const struct kith_portmap_wish *wish,
               uint16_t external_port, uint32_t lifetime_s)
{
    char external[PORT_TEXT_SIZE], internal[PORT_TEXT_SIZE], lifetime[12];
    char own[INET_ADDRSTRLEN];
    snprintf(external, sizeof external, "%u", external_port);
    snprintf(internal, sizeof internal, "%u", wish->port);
    snprintf(lifetime, sizeof lifetime, "%u", lifetime_s);
    inet_ntop(AF_INET, &wish->source, own, sizeof own);
    return UPNP_AddPortMapping(igd->control, igd->service, external, internal, own,
                               "kith", "TCP", NULL, lifetime);
}

/* The outer address, or 0 when the router does not tell a usable text. */
static struct in_addr external_of(const struct kith_igd *igd)
{
    char text[64] = "";
    struct in_addr address = {0};
    if (UPNP_GetExternalIPAddress(igd->control, igd->service, text) !=
            UPNPCOMMAND_SUCCESS ||
        inet_pton(AF_INET, text, &address) != 1)
        address.s_addr = 0;
    return address;
}

static const char *why_not(int code)
{
    switch (code) {
    case IGD_NOT_AUTHORIZED:
        return "port mapping is not allowed there for this machine";
    case IGD_CONFLICT:
    case IGD_SAME_PORTS:
    case IGD_CONFLICT_WITH_OTHER:
        return "others have the ports that were asked for";
    case IGD_NO_PORTS:
        return "it has no mapping left to give";
    default:
        return "it answers with an error";
    }
}

static uint16_t port_after(uint16_t port)
{
    return port == UINT16_MAX ? 1024 : (uint16_t)(port + 1);
}

void kith_igd_map(const struct kith_igd *igd, const struct kith_portmap_wish *wish,
                  struct kith_portmap_answer *out)
{
    int code = IGD_CONFLICT;
    *out = (struct kith_portmap_answer){.port = wish->external_port,
                                        .lifetime_s = wish->lifetime_s};
    for (int tries = 0; tries < KITH_IGD_PORTS_MAX; tries++) {
        code = add(igd, wish, out->port, out->lifetime_s);
        if (code == IGD_PERMANENT_ONLY && out->lifetime_s > 0)
            out->lifetime_s = 0;
        else if (code == IGD_CONFLICT || code == IGD_CONFLICT_WITH_OTHER)
            out->port = port_after(out->port);
        else
            break;
    }
    if (code == UPNPCOMMAND_SUCCESS) {
        out->outcome = KITH_PORTMAP_GRANTED;
        out->external = external_of(igd);
    } else if (code > 0) { /* the device's word; below, it did not get that far */
        out->outcome = KITH_PORTMAP_DENIED;
        out->why = why_not(code);
    }
}

void kith_igd_unmap(const struct kith_igd *igd, uint16_t external_port)
{
    char external[PORT_TEXT_SIZE];
    snprintf(external, sizeof external, "%u", external_port);
    UPNP_DeletePortMapping(igd->control, igd->service, external, "TCP", NULL);
}
