/* SPDX-License-Identifier: MIT */
/* Commands on their way into the core, and those who wait for an answer.
 *
 * A command is copied and waits for the end of the turn. Sends that follow one another
 * and go to the same room leave as one command of the core, hence one run and one
 * signature; the reply is cut up again, so that each caller gets its own. */
#ifndef KITH_NODE_COMMANDS_H
#define KITH_NODE_COMMANDS_H

#include "base/list.h"
#include "node/runtime.h"

/* A program that pours in more than this without reading its answers is told so. */
#define KITH_COMMANDS_MAX      16384
#define KITH_COMMANDS_SIZE_MAX (64 * 1024 * 1024)

struct kith_commands {
    struct kith_list queued;     /* not yet in the core */
    struct kith_list waiting;    /* batches in the core, oldest first */
    struct kith_list unanswered; /* in the core, of those who asked for no reply */
    size_t count;                /* commands in all three */
    size_t size;                 /* bytes of them */
    uint64_t token_next;
    struct kith_bytes texts[KITH_SEND_TEXTS_MAX]; /* of the send being handed over */
};

void kith_commands_init(struct kith_commands *commands);

/* Copies. KITH_EINVALID: a send of no text or more than KITH_SEND_TEXTS_MAX. KITH_ETEXT:
 * a text that is empty or not UTF-8. KITH_ETEXTSIZE: a text above KITH_TEXT_SIZE_MAX.
 * KITH_ELIMIT: texts that fit no single run together, or a full queue; for LISTENING,
 * MAPPED and STOP, which the node itself gives, it is never full. KITH_ENOMEM. */
int kith_commands_push(struct kith_commands *commands, const struct kith_command *command,
                       kith_reply_cb *reply, void *ctx);

bool kith_commands_is_empty(const struct kith_commands *commands); /* none is queued */

/* The next command for the core, made of one or more that were pushed. False when none is
 * queued. `out` borrows and is good until the next call or reply; its token is 0 when
 * nobody waits for the reply. */
bool kith_commands_pop(struct kith_commands *commands, struct kith_command *out);

/* Pass the core's reply on to those who wait for it. */
void kith_commands_reply(struct kith_commands *commands,
                         const struct kith_notice *notice);

/* Answer all with `error`: nothing more will come. */
void kith_commands_abandon(struct kith_commands *commands, int error);

#endif
