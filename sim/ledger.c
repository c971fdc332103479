/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_ledger_deinit(struct sim_ledger *ledger)
{
    for (uint32_t no = 1; no <= ledger->count; no++)
        free((void *)ledger->texts[no].bytes.data);
    free(ledger->texts);
    *ledger = (struct sim_ledger){0};
}

uint32_t sim_ledger_add(struct sim_ledger *ledger, uint32_t author, uint32_t to,
                        uint64_t token, struct kith_bytes tail)
{
    const uint32_t no = ++ledger->count;
    ledger->texts =
        sim_grown(ledger->texts, &ledger->capacity, no, sizeof(*ledger->texts));
    char number[16];
    const int number_size = snprintf(number, sizeof(number), "%" PRIu32 ":", no);
    uint8_t *data = sim_zeroed((size_t)number_size + tail.size);
    memcpy(data, number, (size_t)number_size);
    if (tail.size > 0)
        memcpy(data + number_size, tail.data, tail.size);
    ledger->texts[no] =
        (struct sim_text){.no = no,
                          .author = author,
                          .to = to,
                          .token = token,
                          .bytes = kith_bytes(data, (size_t)number_size + tail.size)};
    return no;
}

struct kith_name sim_ledger_room(uint32_t to)
{
    struct kith_name name = {KITH_LOBBY_NAME};
    if (to != 0)
        snprintf(name.text, sizeof(name.text), "room-%" PRIu32, to & ~SIM_ROOM);
    return name;
}

struct sim_text *sim_ledger_text(const struct sim_ledger *ledger, uint32_t no)
{
    return no == 0 || no > ledger->count ? NULL : &ledger->texts[no];
}

uint32_t sim_ledger_number(struct kith_bytes text)
{
    uint32_t no = 0;
    for (size_t i = 0; i < text.size && i < 10; i++) {
        if (text.data[i] == ':')
            return i == 0 ? 0 : no;
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        no = no * 10 + (uint32_t)(text.data[i] - '0');
    }
    return 0;
}

struct kith_bytes sim_ledger_body(uint16_t kind, struct kith_bytes content)
{
    struct kith_bytes text = {0};
    if (kind != KITH_KIND_MESSAGE || content.size < KITH_SALT_SIZE)
        return text;
    const struct kith_bytes body =
        kith_bytes(content.data + KITH_SALT_SIZE, content.size - KITH_SALT_SIZE);
    if (kith_body_message_decode(body, &text) != 0)
        return (struct kith_bytes){0};
    return text;
}
