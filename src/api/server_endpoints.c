/* SPDX-License-Identifier: MIT */
/* Every endpoint, each in a file of its own. */
#include "api/server_request.h"

extern const struct kith_endpoint kith_endpoint_self;
extern const struct kith_endpoint kith_endpoint_rename;
extern const struct kith_endpoint kith_endpoint_peers;
extern const struct kith_endpoint kith_endpoint_connect;
extern const struct kith_endpoint kith_endpoint_disconnect;
extern const struct kith_endpoint kith_endpoint_block;
extern const struct kith_endpoint kith_endpoint_unblock;
extern const struct kith_endpoint kith_endpoint_verification;
extern const struct kith_endpoint kith_endpoint_verify;
extern const struct kith_endpoint kith_endpoint_rooms;
extern const struct kith_endpoint kith_endpoint_members;
extern const struct kith_endpoint kith_endpoint_join;
extern const struct kith_endpoint kith_endpoint_leave;
extern const struct kith_endpoint kith_endpoint_history;
extern const struct kith_endpoint kith_endpoint_message;
extern const struct kith_endpoint kith_endpoint_send;
extern const struct kith_endpoint kith_endpoint_batch;
extern const struct kith_endpoint kith_endpoint_search;
extern const struct kith_endpoint kith_endpoint_export;
extern const struct kith_endpoint kith_endpoint_import;
extern const struct kith_endpoint kith_endpoint_stream;
extern const struct kith_endpoint kith_endpoint_settings;
extern const struct kith_endpoint kith_endpoint_change_settings;
extern const struct kith_endpoint kith_endpoint_shutdown;
extern const struct kith_endpoint kith_endpoint_doctor;
extern const struct kith_endpoint kith_endpoint_code;
extern const struct kith_endpoint kith_endpoint_session;
extern const struct kith_endpoint kith_endpoint_trackers;
extern const struct kith_endpoint kith_endpoint_lookup;
extern const struct kith_endpoint kith_endpoint_invite;
extern const struct kith_endpoint kith_endpoint_accept;
extern const struct kith_endpoint kith_endpoint_plain_peers;
extern const struct kith_endpoint kith_endpoint_plain_messages;
extern const struct kith_endpoint kith_endpoint_plain_send;

/* One a line, so that additions do not meet. */
/* clang-format off */
const struct kith_endpoint *const kith_endpoints[] = {
    &kith_endpoint_send,
    &kith_endpoint_self,
    &kith_endpoint_rename,
    &kith_endpoint_peers,
    &kith_endpoint_connect,
    &kith_endpoint_disconnect,
    &kith_endpoint_block,
    &kith_endpoint_unblock,
    &kith_endpoint_verification,
    &kith_endpoint_verify,
    &kith_endpoint_rooms,
    &kith_endpoint_members,
    &kith_endpoint_join,
    &kith_endpoint_leave,
    &kith_endpoint_history,
    &kith_endpoint_batch,
    &kith_endpoint_export,
    &kith_endpoint_import,
    &kith_endpoint_stream,
    &kith_endpoint_settings,
    &kith_endpoint_change_settings,
    &kith_endpoint_shutdown,
    &kith_endpoint_doctor,
    &kith_endpoint_code,
    &kith_endpoint_session,
    &kith_endpoint_search,
    &kith_endpoint_message,
    &kith_endpoint_trackers,
    &kith_endpoint_invite,
    &kith_endpoint_accept,
    &kith_endpoint_lookup,
    &kith_endpoint_plain_peers,
    &kith_endpoint_plain_messages,
    &kith_endpoint_plain_send,
    NULL,
};
/* clang-format on */
