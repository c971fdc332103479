/* SPDX-License-Identifier: MIT */
/* Any bytes through a door of the API. One byte of options, then what is said; the bytes
 * 1 and 2 stand for the door's port and the token, which no input can know. Who does not
 * say the token has no command carried out through TCP. */
#include "api_world.h"

#include <stdio.h>
#include <string.h>

enum { OPTION_TCP = 1, OPTION_PLAIN = 2 };

void fuzz_input(const uint8_t *data, size_t size)
{
    struct api_world w;
    char port[8];
    bool has_token = false;
    if (size == 0)
        return;
    enum kith_door door = data[0] & OPTION_TCP ? KITH_DOOR_TCP : KITH_DOOR_UNIX;
    bool is_plain_open = (data[0] & OPTION_PLAIN) != 0;
    struct kith_writer request = kith_writer(&kith_alloc_heap);
    api_begin(&w, door, is_plain_open, data, size);
    snprintf(port, sizeof(port), "%u", w.port);
    for (size_t i = 1; i < size; i++) {
        const char *text = data[i] == 1 ? port : data[i] == 2 ? w.token : NULL;
        has_token |= data[i] == 2;
        if (text != NULL)
            kith_writer_bytes(&request, text, strlen(text));
        else
            kith_writer_u8(&request, data[i]);
    }
    api_exchange(&w, door, kith_writer_view(&request));
    assert(door == KITH_DOOR_UNIX || has_token || is_plain_open || w.command_count == 0);
    api_check_answer(&w);
    api_end(&w);
    kith_writer_deinit(&request);
}
