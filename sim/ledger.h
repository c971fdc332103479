/* SPDX-License-Identifier: MIT */
/* What was said in a world, and what became of it: the truth that checkers compare with.
 *
 * Every text begins with its number ("17:hello"), so that it is recognised wherever it
 * turns up. */
#ifndef KITH_SIM_LEDGER_H
#define KITH_SIM_LEDGER_H

#include "core/node.h"

/* As `to` of a text: this bit and a number n is the open room "room-n". */
#define SIM_ROOM UINT32_C(0x80000000)

enum sim_text_state {
    SIM_TEXT_ASKED,   /* no answer yet, or none ever: its node crashed */
    SIM_TEXT_STORED,  /* acknowledged: must never be lost */
    SIM_TEXT_REFUSED, /* refused: must never turn up */
};

struct sim_text {
    uint32_t no;     /* from 1 */
    uint32_t author; /* host number */
    uint32_t to;     /* host number; 0: the lobby; SIM_ROOM and a number */
    enum sim_text_state state;
    int error; /* REFUSED */
    uint64_t token;
    struct kith_bytes bytes; /* owned */
    uint32_t log_no;         /* STORED: at the author */
    uint64_t seq;
    struct kith_id id;
    kith_hlc hlc;
};

struct sim_ledger {
    struct sim_text *texts; /* by number; 0 is unused */
    size_t capacity;
    uint32_t count; /* the highest number */
};

void sim_ledger_deinit(struct sim_ledger *ledger);

/* Write down a new text ("NO:" and `tail`); returns its number. */
uint32_t sim_ledger_add(struct sim_ledger *ledger, uint32_t author, uint32_t to,
                        uint64_t token, struct kith_bytes tail);

static inline bool sim_text_is_direct(const struct sim_text *text)
{
    return text->to != 0 && (text->to & SIM_ROOM) == 0;
}

/* The name of the open room that `to` means. */
struct kith_name sim_ledger_room(uint32_t to);

/* NULL when there is no such text. */
struct sim_text *sim_ledger_text(const struct sim_ledger *ledger, uint32_t no);

/* The number in front of a text, 0 when it has none. */
uint32_t sim_ledger_number(struct kith_bytes text);

/* The text of an event that carries one; empty when it is of another kind or discarded.
 */
struct kith_bytes sim_ledger_body(uint16_t kind, struct kith_bytes content);

#endif
