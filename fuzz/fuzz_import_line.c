/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include <jansson.h>

#include "api/server_import_line.h"
#include "base/base64.h"
#include "kith/error.h"

static struct kith_bytes member(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);
    return kith_bytes(json_string_value(value), json_string_length(value));
}

static void check_id(const json_t *json, const struct kith_id *id)
{
    struct kith_id said;
    assert(kith_id_parse(json_string_value(json), json_string_length(json), &said));
    assert(kith_id_equal(&said, id));
}

static void check_name(struct kith_bytes room, const struct kith_name *name)
{
    struct kith_name again;
    const uint8_t *tilde = memchr(room.data, '~', room.size);
    room.size = tilde != NULL ? (size_t)(tilde - room.data) : room.size;
    assert(kith_name_parse_room(room, &again, NULL) == 0);
    assert(strcmp(name->text, again.text) == 0);
}

/* What another reads in the same line. */
static void check_members(const json_t *json, const struct kith_command *command)
{
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    check_id(json_object_get(json, "room_id"), &command->import.room);
    bool is_direct = json_is_true(json_object_get(json, "direct"));
    assert(is_direct == (command->import.kind == KITH_ROOM_DIRECT));
    for (size_t i = 0; i < 2 && is_direct; i++)
        check_id(json_array_get(json_object_get(json, "between"), i),
                 &command->import.parties[i]);
    if (!is_direct)
        check_name(member(json, "room"), &command->import.name);
    assert(kith_base64_read(member(json, "run"), &run));
    assert(kith_bytes_equal(kith_writer_view(&run), command->import.run));
    kith_writer_deinit(&run);
}

/* Lines that are no JSON elsewhere are ours to read as we like. */
static void check_run(struct kith_bytes line, const struct kith_command *command,
                      const struct kith_writer *run)
{
    assert(command->type == KITH_COMMAND_IMPORT && command->import.run.size > 0);
    assert(command->import.run.data == run->data);
    json_t *json =
        json_loadb((const char *)line.data, line.size, JSON_REJECT_DUPLICATES, NULL);
    if (json != NULL)
        check_members(json, command);
    json_decref(json);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    struct kith_import_line line;
    const char *why = NULL;
    int error = kith_import_line_parse(kith_bytes(data, size), &run, &line, &why);
    assert(error == 0 || error == KITH_EINVALID || error == KITH_ENEWER);
    assert((error == 0) == (why == NULL));
    if (error == 0 && line.kind == KITH_IMPORT_RUN)
        check_run(kith_bytes(data, size), &line.command, &run);
    kith_writer_deinit(&run);
}
