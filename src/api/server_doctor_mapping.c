/* SPDX-License-Identifier: MIT */
/* The check of the router: whether it hands our port on from outside. */
#include "api/server_doctor.h"

#define CHECK "mapping"

static void say_mapped(struct kith_doctor *doctor, const struct kith_portmap_view *router)
{
    char external[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(&router->external, external);
    if (router->state == KITH_PORTMAP_MAPPED)
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL,
                        "port %u is mapped by %s to %s, says the router %s", router->port,
                        router->protocol, external, router->router);
    else
        kith_doctor_say(
            doctor, CHECK, KITH_DOCTOR_WARNING,
            "let the router before it, the provider's box perhaps, forward "
            "the port to this one, or make one of the two a bridge; people "
            "beyond are reached by dialling them",
            "port %u is mapped by %s to %s, but that is not a public address: "
            "the router %s is itself behind another",
            router->port, router->protocol, external, router->router);
}

static void say_unmapped(struct kith_doctor *doctor,
                         const struct kith_portmap_view *router)
{
    /* Who is linked may not need it. */
    enum kith_doctor_state state =
        doctor->peers_online > 0 ? KITH_DOCTOR_OK : KITH_DOCTOR_WARNING;
    if (router->state == KITH_PORTMAP_REFUSED)
        kith_doctor_say(doctor, CHECK, state,
                        "allow it in the settings of the router (NAT-PMP, UPnP), or "
                        "forward the TCP port there by hand",
                        "the router %s refuses by %s to map port %u: %s", router->router,
                        router->protocol, router->port, router->why);
    else
        kith_doctor_say(doctor, CHECK, state,
                        "turn on NAT-PMP or UPnP in the settings of the router, or "
                        "forward the TCP port there by hand; on the local network it is "
                        "not needed",
                        "the router %s does not answer, neither by NAT-PMP nor by UPnP: "
                        "nobody beyond it can dial port %u",
                        router->router, router->port);
}

static void say_unasked(struct kith_doctor *doctor,
                        const struct kith_mapping_view *mapping)
{
    if (!mapping->is_wanted)
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL,
                        "turned off (--no-port-mapping, `port-mapping = no` or "
                        "KITH_PORT_MAPPING=no)");
    else if (mapping->is_confined)
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL,
                        "not asked for: nobody beyond this machine gets to what kith "
                        "listens on by IPv4");
    else
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_WARNING,
                        "start kith again once memory and descriptors are free",
                        "the router cannot be asked: %s",
                        kith_error_text(mapping->error));
}

void kith_doctor_check_mapping(struct kith_doctor *doctor)
{
    struct kith_mapping_view mapping = kith_runtime_mapping(doctor->runtime);
    if (!mapping.is_wanted || mapping.is_confined || mapping.error != 0) {
        say_unasked(doctor, &mapping);
        return;
    }
    switch (mapping.router.state) {
    case KITH_PORTMAP_MAPPED:
    case KITH_PORTMAP_BEHIND:
        say_mapped(doctor, &mapping.router);
        break;
    case KITH_PORTMAP_REFUSED:
    case KITH_PORTMAP_UNANSWERED:
        say_unmapped(doctor, &mapping.router);
        break;
    case KITH_PORTMAP_NEEDLESS:
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL,
                        "not needed: this machine's own address is no private one");
        break;
    case KITH_PORTMAP_NO_ROUTER:
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL,
                        "there is no router to ask: no default route by IPv4");
        break;
    case KITH_PORTMAP_ASKING:
        kith_doctor_say(doctor, CHECK, KITH_DOCTOR_OK, NULL, "the router is being asked");
        break;
    }
}
