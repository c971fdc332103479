/* SPDX-License-Identifier: MIT */
/* GET /api/v1/settings: what can be configured, how it is, and what says so.
 * PATCH /api/v1/settings {"name": …, "log": …, "peer": […], "tracker": […]}: what a node
 * takes while it runs. */
#include <string.h>

#include "api/server_additions.h"

/* What SIGHUP applies too. */
static bool is_changeable(const char *knob)
{
    return strcmp(knob, "name") == 0 || strcmp(knob, "log") == 0 ||
           kith_additions_has(knob);
}

static bool knob_at(const struct kith_server *server, size_t index,
                    struct kith_server_knob *out)
{
    const struct kith_server_knobs *knobs = server->config.knobs;
    return knobs && knobs->knob(knobs->ctx, index, out);
}

static void write_text(struct kith_writer *w, const char *key, const char *text)
{
    if (text)
        kith_json_string(w, key, text);
    else
        kith_json_null(w, key);
}

static void write_list(struct kith_writer *w, const struct kith_server_knobs *knobs,
                       size_t index)
{
    const char *value;
    kith_json_open(w, "value", '[');
    for (size_t i = 0; (value = knobs->value(knobs->ctx, index, i)); i++)
        kith_json_string(w, NULL, value);
    kith_json_close(w, ']');
}

/* A name that was given while the node ran, or before, is no longer the configured one.
 */
static void write_name(struct kith_writer *w, const struct kith_server *server,
                       const char *configured, const char *source)
{
    const char *name = kith_node_name(kith_server_node(server));
    kith_json_string(w, "value", name);
    write_text(w, "source", configured && strcmp(configured, name) == 0 ? source : NULL);
}

static void write_knob(struct kith_writer *w, const struct kith_server *server,
                       size_t index, const struct kith_server_knob *knob)
{
    const struct kith_server_knobs *knobs = server->config.knobs;
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "name", knob->name);
    if (strcmp(knob->name, "name") == 0) {
        write_name(w, server, knobs->value(knobs->ctx, index, 0), knob->source);
    } else {
        if (knob->is_list)
            write_list(w, knobs, index);
        else
            write_text(w, "value", knobs->value(knobs->ctx, index, 0));
        write_text(w, "source", knob->source);
    }
    write_text(w, "default", knob->fallback);
    kith_json_string(w, "about", knob->about);
    kith_json_bool(w, "changeable", is_changeable(knob->name));
    kith_json_close(w, '}');
}

static struct kith_writer write_all(const struct kith_server *server)
{
    struct kith_server_knob knob;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "settings", '[');
    for (size_t i = 0; knob_at(server, i, &knob); i++)
        write_knob(&w, server, i, &knob);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    return w;
}

static void tell(struct kith_request *request)
{
    struct kith_writer w = write_all(request->server);
    kith_request_answer_tagged(request, &w);
}

/* ---- changing ---- */

static bool is_known(const struct kith_server *server, const char *name)
{
    struct kith_server_knob knob;
    for (size_t i = 0; knob_at(server, i, &knob); i++)
        if (strcmp(knob.name, name) == 0)
            return true;
    return false;
}

/* False after having answered which member cannot be changed, and how else it is. */
static bool are_changeable(struct kith_request *request, json_t *body)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        if (is_changeable(name) && is_known(request->server, name))
            continue;
        if (is_known(request->server, name))
            kith_request_problem(request, KITH_EINVALID,
                                 "“%s” is read when the node starts: set it by a flag, a "
                                 "variable or in kith.conf, and start the node again; "
                                 "`kith help config` tells more",
                                 name);
        else
            kith_request_problem(
                request, KITH_EINVALID,
                "there is no setting “%.64s”; GET /api/v1/settings lists "
                "what there is",
                name);
        return false;
    }
    if (json_object_size(body) > 0)
        return true;
    kith_request_problem(request, KITH_EINVALID,
                         "nothing is to be changed; give “name”, “log”, “peer” or "
                         "“tracker”");
    return false;
}

static bool parse_name(struct kith_request *request, const json_t *body,
                       struct kith_name *out)
{
    size_t size = 0;
    const char *why = "";
    const char *text = kith_request_member(request, body, "name", &size);
    int error = text ? kith_name_parse(kith_bytes(text, size), out, &why) : 0;
    if (error)
        kith_request_problem(request, error, "%s; choose another one", why);
    return text && !error;
}

static bool change_log(struct kith_request *request, const json_t *body)
{
    size_t size = 0;
    const struct kith_server_knobs *knobs = request->server->config.knobs;
    const char *level = kith_request_member(request, body, "log", &size);
    if (!level)
        return false;
    if (knobs->log(knobs->ctx, level))
        return true;
    kith_request_problem(request, KITH_EINVALID,
                         "“log” is one of error, warn, info and debug");
    return false;
}

static void answer(struct kith_request *request)
{
    struct kith_writer w = write_all(request->server);
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    if (notice->reply.error) {
        kith_request_problem(request, notice->reply.error,
                             "the name was not changed; %schange it again",
                             kith_request_before_again(notice->reply.error));
        return;
    }
    kith_names_heard(&request->server->names, kith_server_node(request->server), 0);
    answer(request);
}

/* The name is judged first and changed last, for only its change takes time; the level
 * is judged as it is changed. */
static void apply(struct kith_request *request, const json_t *body)
{
    struct kith_command command = {.type = KITH_COMMAND_RENAME};
    bool has_name = json_object_get(body, "name");
    if (has_name && !parse_name(request, body, &command.rename))
        return;
    if (!kith_additions_check(request, body))
        return;
    if (json_object_get(body, "log") && !change_log(request, body))
        return;
    int error = kith_additions_apply(request, body);
    if (!error && has_name)
        error = kith_request_command(request, &command, on_reply, NULL);
    else if (!error)
        answer(request);
    if (error)
        kith_request_problem(request, error,
                             "not all of it was taken: %s; look at the settings, and try "
                             "again",
                             kith_error_text(error));
}

static void change(struct kith_request *request)
{
    json_t *body = kith_request_json(request);
    if (body && are_changeable(request, body))
        apply(request, body);
    json_decref(body);
}

const struct kith_endpoint kith_endpoint_settings = {
    .method = "GET",
    .path = "/api/v1/settings",
    .handle = tell,
};

const struct kith_endpoint kith_endpoint_change_settings = {
    .method = "PATCH",
    .path = "/api/v1/settings",
    .body = KITH_BODY_JSON,
    .handle = change,
};
