/* SPDX-License-Identifier: MIT */
#include "node/inside.h"

/* ---- the log ---- */

static bool may_log(struct kith_changes *changes, kith_time now)
{
    if (kith_tokens_take(&changes->lines, now / KITH_CHANGES_EVERY_S, 1,
                         KITH_CHANGES_MOST))
        return true;
    changes->held_back++;
    return false;
}

/* The last pair of a line, and of few lines: without a key it ends before. */
static const char *held_back_key(const struct kith_changes *changes)
{
    return changes->held_back > 0 ? "held_back" : NULL;
}

static void log_peer(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    static const char *const changes[] = {
        [KITH_PEER_ONLINE] = "peer online",
        [KITH_PEER_OFFLINE] = "peer offline",
        [KITH_PEER_RENAMED] = "peer renamed",
    };
    struct kith_changes *held = &runtime->peer_changes;
    struct kith_peer_view peer;
    char id[KITH_ID_SHORT_SIZE], address[KITH_ADDRESS_TEXT_SIZE];
    if (!kith_node_peer(runtime->node, notice->peer.peer_no, &peer) ||
        !may_log(held, runtime->turn.now.mono))
        return;
    kith_id_format_short(&peer.id, id);
    kith_address_format(&peer.address, address);
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "link",
                      changes[notice->peer.change], "peer", id, "name", peer.name,
                      "address", peer.address.host[0] != '\0' ? address : "",
                      held_back_key(held), KITH_LOGGER_NUMBER(held->held_back), NULL);
    held->held_back = 0;
}

/* Each stranger once a minute, and not more of them than there are places. */
static bool is_news(struct kith_runtime *runtime, const struct kith_id *peer,
                    unsigned *held_back)
{
    kith_time now = runtime->turn.now.mono;
    size_t place = KITH_STRANGERS_NAMED;
    for (size_t i = 0; i < KITH_STRANGERS_NAMED; i++) {
        if (kith_id_equal(&runtime->strangers[i].peer, peer)) {
            place = i;
            break;
        }
        if (runtime->strangers[i].throttle.next <= now)
            place = i;
    }
    if (place == KITH_STRANGERS_NAMED)
        return false;
    runtime->strangers[place].peer = *peer;
    return kith_logger_throttle_pass(&runtime->strangers[place].throttle, now,
                                     KITH_MINUTE, held_back);
}

/* Only one's own settings are known; the other end's are for its people to compare. */
static bool log_network(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    char id[KITH_ID_SHORT_SIZE], address[KITH_ADDRESS_TEXT_SIZE];
    unsigned held_back = 0;
    if (!is_news(runtime, &notice->warning.peer, &held_back))
        return false;
    kith_id_format_short(&notice->warning.peer, id);
    kith_address_format(&notice->warning.address, address);
    kith_logger_write(runtime->log, KITH_LOGGER_WARN, "network",
                      "no link: that node is of another network or has another "
                      "passphrase; compare `kith network show` on both",
                      "peer", id, "address", address, "error",
                      kith_error_name(notice->warning.error), "own_network",
                      runtime->network.name.text, "own_passphrase",
                      runtime->network.has_passphrase ? "yes" : "no", "held_back",
                      KITH_LOGGER_NUMBER(held_back), NULL);
    return true;
}

static bool may_warn(struct kith_runtime *runtime, enum kith_warning warning)
{
    if (warning == KITH_WARNING_COPIED_HOME || /* something to be done here */
        kith_tokens_take(&runtime->warnings, runtime->turn.now.mono, KITH_WARNINGS_PER_S,
                         KITH_WARNINGS_MOST))
        return true;
    runtime->warnings_held_back++;
    return false;
}

static bool log_warning(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    static const char *const warnings[] = {
        [KITH_WARNING_FORK] = "this peer's history forked: its home was copied or rolled "
                              "back, or it cheats",
        [KITH_WARNING_COPIED_HOME] =
            "two nodes run with this identity: stop one, and give "
            "it a home of its own",
        [KITH_WARNING_FAULT] = "the peer broke the protocol",
        [KITH_WARNING_FUTURE] =
            "a message is dated more than a day ahead and waits: look "
            "at both clocks",
        [KITH_WARNING_FULL] = "a room holds as many logs as it may: who is new there, or "
                              "starts anew, is not heard; go on in another room",
    };
    char id[KITH_ID_SHORT_SIZE];
    if (!may_warn(runtime, notice->warning.warning))
        return false;
    kith_id_format_short(&notice->warning.peer, id);
    kith_logger_write(runtime->log, KITH_LOGGER_WARN, "peer",
                      warnings[notice->warning.warning], "peer", id, "error",
                      kith_error_name(notice->warning.error), "held_back",
                      KITH_LOGGER_NUMBER(runtime->warnings_held_back), NULL);
    runtime->warnings_held_back = 0;
    return true;
}

static void log_tracker(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    struct kith_changes *held = &runtime->tracker_changes;
    struct kith_tracker_view tracker;
    char address[KITH_ADDRESS_TEXT_SIZE];
    if (!kith_node_tracker(runtime->node, notice->tracker.tracker, &tracker) ||
        !may_log(held, runtime->turn.now.mono))
        return;
    kith_address_format(&tracker.address, address);
    if (notice->tracker.is_registered)
        kith_logger_write(runtime->log, KITH_LOGGER_INFO, "tracker", "registered",
                          "tracker", address, held_back_key(held),
                          KITH_LOGGER_NUMBER(held->held_back), NULL);
    else
        kith_logger_write(runtime->log, KITH_LOGGER_WARN, "tracker",
                          "not registered; tried again and again", "tracker", address,
                          "error", kith_error_name(notice->tracker.error), "why",
                          kith_error_text(notice->tracker.error), held_back_key(held),
                          KITH_LOGGER_NUMBER(held->held_back), NULL);
    held->held_back = 0;
}

static void log_tracker_key(struct kith_runtime *runtime,
                            const struct kith_notice *notice)
{
    char id[KITH_ID_TEXT_SIZE], address[KITH_ADDRESS_TEXT_SIZE];
    kith_id_format(&notice->warning.peer, id);
    kith_address_format(&notice->warning.address, address);
    kith_logger_write(
        runtime->log, KITH_LOGGER_WARN, "tracker",
        notice->warning.error == KITH_EIDENTITY
            ? "this tracker shows another key than before, so it is not used; if its "
              "operator says that it was set up anew, give its new id: --tracker "
              "HOST:PORT/ID"
            : "the tracker broke the protocol",
        "tracker", address, "id", id, "error", kith_error_name(notice->warning.error),
        NULL);
}

/* ---- observers ---- */

static void insert_after(struct kith_list *node, struct kith_list *marker)
{
    marker->prev = node;
    marker->next = node->next;
    node->next->prev = marker;
    node->next = marker;
}

/* A marker stands behind the one that is told, so that observers may come and go
 * meanwhile. It is no observer; only this function sees it. */
static void tell_observers(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    struct kith_list *marker = &runtime->telling;
    insert_after(&runtime->observers, marker);
    while (marker->next != &runtime->observers) {
        struct kith_list *node = marker->next;
        kith_list_remove(marker);
        insert_after(node, marker);
        struct kith_observer *observer = kith_list_item(node, struct kith_observer, link);
        observer->notice(observer->ctx, notice);
    }
    kith_list_remove(marker);
}

void kith_notices_tell(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    switch (notice->type) {
    case KITH_NOTICE_REPLY:
        kith_commands_reply(&runtime->commands, notice);
        return;
    case KITH_NOTICE_PEER:
        log_peer(runtime, notice);
        break;
    case KITH_NOTICE_WARNING:
        if (notice->warning.warning == KITH_WARNING_TRACKER)
            log_tracker_key(runtime, notice);
        else if (notice->warning.warning == KITH_WARNING_NETWORK
                     ? !log_network(runtime, notice)
                     : !log_warning(runtime, notice))
            return; /* people heard of this one, or of enough, lately */
        break;
    case KITH_NOTICE_TRACKER:
        log_tracker(runtime, notice);
        break;
    case KITH_NOTICE_MESSAGE:
    case KITH_NOTICE_DELIVERY:
        break;
    }
    tell_observers(runtime, notice);
}

void kith_runtime_observe(struct kith_runtime *runtime, struct kith_observer *observer)
{
    kith_list_push(&runtime->observers, &observer->link);
}

void kith_runtime_unobserve(struct kith_observer *observer)
{
    kith_list_remove(&observer->link);
}
