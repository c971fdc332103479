/* SPDX-License-Identifier: MIT */
#include "api/server_additions.h"

#include <string.h>

#include "base/tracker_address.h"

static int parse_peer(struct kith_bytes text, struct kith_command *out, const char **why)
{
    *out = (struct kith_command){.type = KITH_COMMAND_CONNECT};
    return kith_address_parse(text, KITH_PORT_DEFAULT, false, &out->connect, why);
}

static int parse_tracker(struct kith_bytes text, struct kith_command *out,
                         const char **why)
{
    struct kith_tracker_address tracker = {0};
    int error = kith_tracker_address_parse(text, &tracker, why);
    *out = (struct kith_command){
        .type = KITH_COMMAND_TRACKER,
        .tracker = {tracker.address, tracker.has_id, tracker.id, false}};
    return error;
}

static const struct list {
    const char *knob;
    int (*parse)(struct kith_bytes text, struct kith_command *out, const char **why);
} lists[] = {{"peer", parse_peer}, {"tracker", parse_tracker}};

#define LISTS (sizeof lists / sizeof lists[0])

bool kith_additions_has(const char *knob)
{
    for (size_t i = 0; i < LISTS; i++)
        if (strcmp(lists[i].knob, knob) == 0)
            return true;
    return false;
}

static struct kith_bytes bytes_of(const json_t *text)
{
    return kith_bytes((const uint8_t *)json_string_value(text), json_string_length(text));
}

static bool check_list(struct kith_request *request, const struct list *list,
                       const json_t *values)
{
    size_t index;
    const json_t *value;
    struct kith_command command;
    bool is_list = json_is_array(values);
    json_array_foreach(values, index, value)
    {
        const char *why = "";
        is_list = is_list && json_is_string(value);
        if (!is_list || list->parse(bytes_of(value), &command, &why) == 0)
            continue;
        kith_request_problem(request, KITH_EADDRESS, "“%s”, “%.128s”: %s", list->knob,
                             json_string_value(value), why);
        return false;
    }
    if (!is_list)
        kith_request_problem(request, KITH_EINVALID, "“%s” is an array of strings",
                             list->knob);
    return is_list;
}

static bool is_registered_at(const struct kith_node *node,
                             const struct kith_address *address, uint32_t *out_count)
{
    struct kith_tracker_view tracker;
    bool is_known = false;
    uint32_t no = 1;
    for (; kith_node_tracker(node, no, &tracker); no++)
        is_known = is_known || kith_address_equal(&tracker.address, address);
    *out_count = no - 1;
    return is_known;
}

/* One that is named twice counts twice: nobody needs to. */
static bool has_room(struct kith_request *request, const json_t *trackers)
{
    const struct kith_node *node = kith_server_node(request->server);
    size_t index, new_count = 0;
    uint32_t count = 0;
    const json_t *value;
    struct kith_command command;
    json_array_foreach(trackers, index, value)
    {
        parse_tracker(bytes_of(value), &command, NULL);
        new_count += !is_registered_at(node, &command.tracker.address, &count);
    }
    if (new_count == 0 || count + new_count <= KITH_TRACKERS_MAX)
        return true;
    kith_request_problem(request, KITH_ELIMIT,
                         "a node registers at no more than %d trackers; start it with "
                         "those alone that are needed",
                         KITH_TRACKERS_MAX);
    return false;
}

bool kith_additions_check(struct kith_request *request, const json_t *body)
{
    for (size_t i = 0; i < LISTS; i++) {
        const json_t *values = json_object_get(body, lists[i].knob);
        if (values && !check_list(request, &lists[i], values))
            return false;
    }
    return has_room(request, json_object_get(body, "tracker"));
}

static int apply_list(struct kith_server *server, const struct list *list,
                      const json_t *values)
{
    size_t index;
    const json_t *value;
    int error = 0;
    const struct kith_server_knobs *knobs = server->config.knobs;
    json_array_foreach(values, index, value)
    {
        struct kith_command command;
        list->parse(bytes_of(value), &command, NULL);
        if (error == 0)
            error = knobs->add(knobs->ctx, list->knob, json_string_value(value));
        if (error == 0)
            error = kith_runtime_command(server->config.runtime, &command, NULL, NULL);
    }
    return error;
}

int kith_additions_apply(struct kith_request *request, const json_t *body)
{
    int error = 0;
    for (size_t i = 0; i < LISTS && error == 0; i++)
        error =
            apply_list(request->server, &lists[i], json_object_get(body, lists[i].knob));
    return error;
}
