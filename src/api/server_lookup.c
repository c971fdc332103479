/* SPDX-License-Identifier: MIT */
/* GET /api/v1/lookup?who=: whom the trackers know by this id or name. */
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"

#define LOOKUP_MS 5000 /* the core gives up sooner */

static void write_found(struct kith_writer *w, const struct kith_found *found)
{
    char id[KITH_ID_TEXT_SIZE];
    kith_id_format(&found->id, id);
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "id", id);
    kith_json_string(w, "name", found->name.text);
    kith_json_string(w, "state", found->is_here ? "here" : "away");
    kith_json_time(w, "last_seen", found->seen);
    kith_json_close(w, '}');
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *ctx)
{
    (void)ctx;
    if (notice->reply.error == KITH_EUNREACHABLE) {
        kith_request_problem(request, KITH_EUNREACHABLE,
                             "no tracker can be asked now; `kith doctor` tells why, and "
                             "--tracker gives one");
        return;
    }
    if (notice->reply.error != 0) {
        kith_request_problem(request, notice->reply.error,
                             notice->reply.error == KITH_ENOTFOUND
                                 ? "no tracker knows anybody of this network by that id "
                                   "or name"
                                 : "the trackers cannot be asked now; try again");
        return;
    }
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "found", '[');
    for (size_t i = 0; i < notice->reply.count; i++)
        write_found(&w, &notice->reply.found[i]);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

static void timed_out(struct kith_request *request)
{
    kith_request_problem(request, KITH_ETIMEDOUT, "no tracker answered; try again");
}

static void handle(struct kith_request *request)
{
    const char *who = kith_request_query(request, "who");
    const char *why = "";
    struct kith_command command = {.type = KITH_COMMAND_LOOKUP};
    if (who == NULL) {
        kith_request_problem(request, KITH_EINVALID,
                             "say whom to look up: who= an id or a name");
        return;
    }
    command.lookup.is_name = !kith_id_parse(who, strlen(who), &command.lookup.id);
    if (command.lookup.is_name &&
        kith_name_parse(kith_bytes(who, strlen(who)), &command.lookup.name, &why) != 0) {
        kith_request_problem(request, KITH_EINVALID,
                             "“who” is neither an id nor a name: %s", why);
        return;
    }
    if (kith_request_command(request, &command, on_reply, NULL) != 0)
        kith_request_problem(request, KITH_ELIMIT, "the node is busy; try again");
    else
        kith_request_wait(request, LOOKUP_MS);
}

const struct kith_endpoint kith_endpoint_lookup = {
    .method = "GET",
    .path = "/api/v1/lookup",
    .handle = handle,
    .timed_out = timed_out,
};
