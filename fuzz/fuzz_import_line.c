/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "api/server_import_line.h"
#include "base/base64.h"
#include "kith/error.h"

/* Whatever a line is, what it yields is whole: a name that is one, bytes that encode to
 * the text again. */
static void check_run(const struct kith_import_line *line, const struct kith_writer *run)
{
    const struct kith_command *command = &line->command;
    assert(command->type == KITH_COMMAND_IMPORT && command->import.run.size > 0);
    assert(command->import.run.data == run->data);
    if (command->import.kind == KITH_ROOM_OPEN) {
        struct kith_name again;
        const char *name = command->import.name.text;
        assert(kith_name_parse_room(kith_bytes(name, strlen(name)), &again, NULL) == 0);
    }
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    struct kith_writer back = kith_writer(&kith_alloc_heap);
    kith_base64_write(&text, command->import.run);
    assert(kith_base64_read(kith_writer_view(&text), &back));
    assert(kith_bytes_equal(kith_writer_view(&back), command->import.run));
    kith_writer_deinit(&text);
    kith_writer_deinit(&back);
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
        check_run(&line, &run);
    kith_writer_deinit(&run);
}
