/* SPDX-License-Identifier: MIT */
/* The checks of trackers, and of the ways to those they tell of. */
#include <inttypes.h>
#include <stdio.h>

#include "api/server_doctor.h"

static const char *error_advice(int error)
{
    switch (error) {
    case KITH_EIDENTITY:
        return "ask its operator; if it was set up anew, give its new id: --tracker "
               "HOST:PORT/ID";
    case KITH_EREFUSED:
        return "see that `kith tracker` runs there, and that the port is right";
    case KITH_ERESOLVE:
        return "correct the name, or give the number of the address";
    case KITH_EHANDSHAKE:
    case KITH_EPROTO:
        return "what listens there is no tracker of kith: correct the address";
    default:
        return "look at the connection to the internet, and whether the address is right";
    }
}

static void check_failed(struct kith_doctor *doctor,
                         const struct kith_tracker_view *tracker, const char *address)
{
    if (tracker->error == 0)
        kith_doctor_say(doctor, "tracker", KITH_DOCTOR_OK, NULL, "%s is being asked",
                        address);
    else
        kith_doctor_say(doctor, "tracker", KITH_DOCTOR_WARNING,
                        error_advice(tracker->error),
                        "not registered at %s: %s; failed %u time%s, and is tried again",
                        address, kith_error_text(tracker->error), tracker->failures,
                        tracker->failures == 1 ? "" : "s");
}

static const char *reach_text(enum kith_reachability reach)
{
    return reach == KITH_REACH_YES  ? "reaches this node from outside"
           : reach == KITH_REACH_NO ? "does not reach this node from outside"
                                    : "has not yet tried to reach this node";
}

static void check_registered(struct kith_doctor *doctor,
                             const struct kith_tracker_view *tracker, const char *address)
{
    char observed[KITH_ADDRESS_TEXT_SIZE];
    struct kith_network_view network = kith_runtime_network(doctor->runtime);
    kith_address_format(&tracker->observed, observed);
    kith_doctor_say(
        doctor, "tracker", KITH_DOCTOR_OK,
        network.has_passphrase
            ? NULL
            : "this network has no passphrase, so whoever uses the tracker can join it: "
              "`kith network new` draws one",
        "registered at %s, which sees this node at %s and %s; %" PRIu32
        " of this network are there; it %s",
        address, observed, reach_text(tracker->reach), tracker->network_count,
        tracker->relays ? "relays where nothing direct works" : "does not relay");
}

static void describe(int error, const char *way, size_t size, char *out)
{
    if (error != 0)
        snprintf(out, size, "; %s: %s", way, kith_error_text(error));
    else
        out[0] = '\0';
}

/* What was tried, and came to nothing. */
struct tried {
    char direct[80], meet[80], relay[80];
};

static void describe_all(const struct kith_candidate_view *candidate, struct tried *out)
{
    describe(candidate->direct_error, "directly", sizeof out->direct, out->direct);
    describe(candidate->meet_error, "both at once", sizeof out->meet, out->meet);
    describe(candidate->relay_error, "relayed", sizeof out->relay, out->relay);
}

/* Who is at a tracker and not linked. */
static void check_unlinked(struct kith_doctor *doctor,
                           const struct kith_candidate_view *candidate, const char *id)
{
    struct tried tried;
    describe_all(candidate, &tried);
    kith_doctor_say(doctor, "path", KITH_DOCTOR_WARNING,
                    "it is tried on and on; a tracker that relays, or a router that maps "
                    "ports, makes it work",
                    "no link to %s, which is at a tracker with %zu addresses; now: "
                    "%s%s%s%s",
                    id, candidate->address_count, candidate->stage, tried.direct,
                    tried.meet, tried.relay);
}

static void check_relayed(struct kith_doctor *doctor,
                          const struct kith_candidate_view *candidate, const char *id)
{
    char relay[KITH_ADDRESS_TEXT_SIZE];
    struct tried tried;
    describe_all(candidate, &tried);
    kith_address_format(&candidate->relay, relay);
    kith_doctor_say(
        doctor, "path", KITH_DOCTOR_OK,
        "a router that maps ports, on either side, makes it direct",
        "the link to %s is relayed by %s, which reads nothing of it; a direct "
        "one is tried again and again%s%s",
        id, relay, tried.direct, tried.meet);
}

/* The ways to those who are at a tracker; what is as it should be is a number. */
static void check_paths(struct kith_doctor *doctor)
{
    struct kith_candidate_view candidate;
    size_t direct = 0, said = 0;
    for (size_t i = 0; kith_node_candidate(doctor->node, i, &candidate); i++) {
        char id[KITH_ID_SHORT_SIZE];
        kith_id_format_short(&candidate.id, id);
        if (candidate.is_linked && !candidate.is_relayed)
            direct++;
        else if (said++ >= KITH_DOCTOR_DIALS_MAX)
            continue;
        else if (candidate.is_relayed)
            check_relayed(doctor, &candidate, id);
        else
            check_unlinked(doctor, &candidate, id);
    }
    if (direct > 0)
        kith_doctor_say(doctor, "path", KITH_DOCTOR_OK, NULL,
                        "%zu of those at trackers are linked directly", direct);
}

void kith_doctor_check_trackers(struct kith_doctor *doctor)
{
    struct kith_tracker_view tracker;
    for (uint32_t no = 1; kith_node_tracker(doctor->node, no, &tracker); no++) {
        char address[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&tracker.address, address);
        if (tracker.is_registered)
            check_registered(doctor, &tracker, address);
        else
            check_failed(doctor, &tracker, address);
    }
    check_paths(doctor);
}
