/* SPDX-License-Identifier: MIT */
#include "cli_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"

#define IDLE_MAX 50 /* turns of a loop that nothing comes in */

struct kith_client {
    char detail[KITH_CLIENT_DETAIL_SIZE];
};

struct kith_client_watch {
    struct kith_client client;
    const struct kith_client_follower *follower;
    bool is_open;
    unsigned idle;
};

static struct kith_bytes answers_left, events_left;

void cli_client_begin(struct kith_bytes answers, struct kith_bytes events)
{
    answers_left = answers;
    events_left = events;
}

/* ---- the script ---- */

/* The next line, terminated; the caller's to free. NULL: there is none. */
static char *take_line(struct kith_bytes *left)
{
    if (left->size == 0)
        return NULL;
    const uint8_t *feed = memchr(left->data, '\n', left->size);
    size_t size = feed != NULL ? (size_t)(feed - left->data) : left->size;
    size_t taken = feed != NULL ? size + 1 : size;
    char *line = strndup((const char *)left->data, size);
    *left = kith_bytes(left->data + taken, left->size - taken);
    return line;
}

static int fail(struct kith_client *client, int error)
{
    snprintf(client->detail, sizeof(client->detail), "%s", kith_error_text(error));
    return error;
}

static int refuse(struct kith_client *client, const char *line, struct kith_answer *out)
{
    static const int errors[] = {KITH_ENOTFOUND,   KITH_EINVALID, KITH_EAMBIGUOUS,
                                 KITH_ETIMEDOUT,   KITH_ETEXT,    KITH_ELIMIT,
                                 KITH_EREADONLY,   KITH_EIO,      KITH_ENAME,
                                 KITH_EUNREACHABLE};
    int error = errors[(unsigned char)line[0] % 10];
    out->json = line[0] != '\0' ? json_loads(line + 1, 0, NULL) : NULL;
    const char *detail = json_string_value(json_object_get(out->json, "detail"));
    snprintf(client->detail, sizeof(client->detail), "%s: %s", kith_error_text(error),
             detail != NULL ? detail : "");
    out->status = 400;
    return error;
}

static int answer(struct kith_client *client, struct kith_answer *out)
{
    *out = (struct kith_answer){0};
    char *line = take_line(&answers_left);
    int error = 0;
    if (line == NULL)
        return fail(client, KITH_ENONODE);
    if (line[0] == '!')
        error = refuse(client, line + 1, out);
    else if ((out->json = json_loads(line, 0, NULL)) == NULL)
        error = fail(client, KITH_EPROTO);
    free(line);
    return error;
}

static int hand_out(const struct kith_client_follower *follower, char *line)
{
    char *data = strchr(line, ' ');
    if (data == NULL || data[1] == '\0')
        return 0;
    *data++ = '\0';
    struct kith_client_event event = {line, data, strlen(data)};
    return follower->event(follower->ctx, &event);
}

/* ---- requests ---- */

int kith_client_new(const char *home, struct kith_client **out)
{
    (void)home;
    *out = calloc(1, sizeof(**out));
    return 0;
}

void kith_client_free(struct kith_client *client)
{
    free(client);
}

void kith_client_cancel_by(struct kith_client *client, int fd, short events)
{
    (void)client, (void)fd, (void)events;
}

void kith_answer_deinit(struct kith_answer *answer)
{
    json_decref(answer->json);
    *answer = (struct kith_answer){0};
}

int kith_client_request(struct kith_client *client, const char *method, const char *path,
                        const json_t *body, int timeout_ms, struct kith_answer *out)
{
    (void)method, (void)path, (void)body, (void)timeout_ms;
    return answer(client, out);
}

const char *kith_client_detail(const struct kith_client *client)
{
    return client->detail;
}

int kith_client_call(struct kith_client *client, const char *method, const char *path,
                     const json_t *body, int timeout_ms)
{
    (void)client, (void)method, (void)path, (void)body, (void)timeout_ms;
    return 0;
}

struct kith_client_wait kith_client_call_wait(const struct kith_client *client)
{
    (void)client;
    return (struct kith_client_wait){.fd = -1};
}

int kith_client_call_go_on(struct kith_client *client, struct kith_answer *out)
{
    return answer(client, out);
}

/* ---- the stream ---- */

int kith_client_follow(struct kith_client *client, const char *path,
                       const struct kith_client_follower *follower)
{
    (void)path;
    int result = 0;
    if (follower->open != NULL)
        follower->open(follower->ctx);
    while (result == 0 && events_left.size > 0) {
        char *line = take_line(&events_left);
        result = hand_out(follower, line);
        free(line);
        if (result == 0 && follower->pause != NULL)
            result = follower->pause(follower->ctx);
    }
    if (follower->away != NULL)
        follower->away(follower->ctx);
    return result != 0 ? result : fail(client, KITH_ENONODE);
}

int kith_client_watch_new(const char *home, const char *path,
                          const struct kith_client_follower *follower,
                          struct kith_client_watch **out)
{
    (void)home, (void)path;
    *out = calloc(1, sizeof(**out));
    (*out)->follower = follower;
    return 0;
}

void kith_client_watch_free(struct kith_client_watch *watch)
{
    free(watch);
}

struct kith_client_wait kith_client_watch_wait(const struct kith_client_watch *watch)
{
    (void)watch;
    return (struct kith_client_wait){.fd = -1};
}

int kith_client_watch_go_on(struct kith_client_watch *watch)
{
    if (!watch->is_open && watch->follower->open != NULL)
        watch->follower->open(watch->follower->ctx);
    watch->is_open = true;
    if (events_left.size == 0)
        return ++watch->idle < IDLE_MAX ? 0 : fail(&watch->client, KITH_ENONODE);
    char *line = take_line(&events_left);
    int result = hand_out(watch->follower, line);
    free(line);
    return result;
}

const char *kith_client_watch_detail(const struct kith_client_watch *watch)
{
    return watch->client.detail;
}

/* ---- much at once ---- */

int kith_client_download(struct kith_client *client, const char *path,
                         const struct kith_client_reader *reader)
{
    (void)path;
    int result = 0;
    while (result == 0 && events_left.size > 0) {
        char *line = take_line(&events_left);
        result = reader->line(reader->ctx, line, strlen(line));
        free(line);
    }
    return answers_left.size > 0 && result == 0 ? fail(client, KITH_ECLOSED) : result;
}

int kith_client_upload(struct kith_client *client, const char *path,
                       const struct kith_client_writer *writer, struct kith_answer *out)
{
    char piece[4096];
    size_t size = 0;
    (void)path;
    *out = (struct kith_answer){0};
    do {
        int result = writer->read(writer->ctx, piece, sizeof(piece), &size);
        if (result != 0)
            return result;
    } while (size > 0);
    return answer(client, out);
}

void kith_client_escape(const char *text, char *out)
{
    for (; *text != '\0'; text++)
        out += snprintf(out, 4, "%%%02X", (unsigned char)*text);
    *out = '\0';
}
