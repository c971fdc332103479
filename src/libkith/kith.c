/* SPDX-License-Identifier: MIT */
/* Opening a node, and letting go of it. */
#include "kith/kith.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "api/client_http.h"
#include "cli/home.h"
#include "libkith/state.h"

enum {
    OPEN_MS_MAX = 10000, /* another program's node that starts, or ends, right now */
    OPEN_AGAIN_MS = 50,
};

const char *kith_version(void)
{
    return KITH_VERSION;
}

int kith_explain(struct kith *kith, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(kith->detail, sizeof kith->detail, format, arguments);
    va_end(arguments);
    return error;
}

int kith_ask(struct kith *kith, const struct kith_question *question,
             struct kith_answer *out)
{
    int error = kith_client_request(kith->client, question->method, question->path,
                                    question->take_body, KITH_CLIENT_TIMEOUT_MS, out);
    json_decref(question->take_body);
    return error ? kith_explain(kith, error, "%s", kith_client_detail(kith->client)) : 0;
}

/* ---- opening ---- */

static int learn_self(struct kith *kith)
{
    struct kith_answer answer;
    int error = kith_ask(kith, &(struct kith_question){"GET", "/self", NULL}, &answer);
    const char *id = json_string_value(json_object_get(answer.json, "id"));
    const char *name = json_string_value(json_object_get(answer.json, "name"));
    if (!error && (!id || !name))
        error = kith_explain(kith, KITH_EPROTO, "what listens on %s is no node of kith",
                             kith->home);
    if (!error) {
        const json_t *listen = json_object_get(answer.json, "listen");
        const char *address = json_string_value(json_array_get(listen, 0));
        snprintf(kith->id, sizeof kith->id, "%s", id);
        kith->name = strdup(name);
        kith->address = strdup(address ? address : "");
        if (!kith->name || !kith->address)
            error = kith_explain(kith, KITH_ENOMEM, "out of memory");
    }
    kith_answer_deinit(&answer);
    return error;
}

static int start_host(struct kith *kith, const struct kith_options *options)
{
    struct kith_problem problem = {0};
    int error = kith_host_new(kith->home, options, &kith->host, &problem);
    return error ? kith_explain(kith, error, "%s", problem.text) : learn_self(kith);
}

/* Between the look and the start another program may start one there, and between its
 * lock and its socket lies a moment too: then the other one is waited for. */
static int find_node(struct kith *kith, enum kith_open_mode mode,
                     const struct kith_options *options)
{
    int64_t until_ms = kith_http_now_ms() + OPEN_MS_MAX;
    if (mode == KITH_OPEN_START)
        return start_host(kith, options);
    for (;;) {
        int error = learn_self(kith);
        if (error != KITH_ENONODE || mode == KITH_OPEN_ATTACH)
            return error;
        error = start_host(kith, options);
        if (error != KITH_ELOCKED || kith_http_now_ms() >= until_ms)
            return error;
        poll(NULL, 0, OPEN_AGAIN_MS);
    }
}

/* From the last message on: what is said after kith_open is news. */
static int open_stream(struct kith *kith)
{
    struct kith_answer answer;
    int error = kith_ask(kith, &(struct kith_question){"GET", "/messages?limit=1", NULL},
                         &answer);
    json_int_t arrival = json_integer_value(json_object_get(answer.json, "arrival"));
    if (!error)
        error =
            kith_stream_new(kith->home, (uint64_t)arrival, &kith->stream, kith->detail);
    kith_answer_deinit(&answer);
    return error;
}

static int find_home(struct kith *kith, const char *home)
{
    const char *why = "out of memory";
    kith->home = kith_cli_home_path(home, &why);
    return kith->home ? 0 : kith_explain(kith, KITH_EINVALID, "%s", why);
}

int kith_open(const char *home, enum kith_open_mode mode,
              const struct kith_options *options, struct kith **out, char *why,
              size_t why_size)
{
    struct kith *kith = calloc(1, sizeof *kith);
    int error = kith ? find_home(kith, home) : KITH_ENOMEM;
    if (!error)
        error = kith_client_new(kith->home, &kith->client);
    if (!error)
        error = find_node(kith, mode, options);
    if (!error)
        error = open_stream(kith);
    if (error && why && why_size > 0)
        snprintf(why, why_size, "%s",
                 kith && kith->detail[0] ? kith->detail : kith_error_text(error));
    if (error)
        kith_close(kith);
    else
        *out = kith;
    return error;
}

void kith_close(struct kith *kith)
{
    if (!kith)
        return;
    kith_stream_free(kith->stream);
    kith_client_free(kith->client);
    kith_host_free(kith->host);
    free(kith->name);
    free(kith->address);
    free(kith->home);
    free(kith);
}

/* ---- what is known of it ---- */

bool kith_has_started(const struct kith *kith)
{
    return kith->host != NULL;
}

const char *kith_id(const struct kith *kith)
{
    return kith->id;
}

const char *kith_name(const struct kith *kith)
{
    return kith->name;
}

const char *kith_home(const struct kith *kith)
{
    return kith->home;
}

const char *kith_address(const struct kith *kith)
{
    return kith->address;
}

const char *kith_last_detail(const struct kith *kith)
{
    return kith->detail;
}

/* ---- news ---- */

int kith_next(struct kith *kith, int timeout_ms, const struct kith_news **out)
{
    int error = kith_stream_next(kith->stream, timeout_ms, out);
    if (error == KITH_ETIMEDOUT)
        return kith_explain(kith, error, "nothing happened");
    return error ? kith_explain(kith, error, "%s", kith_stream_detail(kith->stream)) : 0;
}

int kith_fd(const struct kith *kith)
{
    return kith_stream_fd(kith->stream);
}
