/* SPDX-License-Identifier: MIT */
/* Lines out of a descriptor that is no terminal. */
#ifndef KITH_CLI_CHAT_PIPE_H
#define KITH_CLI_CHAT_PIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Of a line; more of it is dropped. Twice a longest message, so that one that is too long
 * is refused by the node and not sent in part. */
#define KITH_CHAT_LINE_SIZE_MAX (128 * 1024)

struct kith_chat_pipe {
    char *buffer; /* owned; KITH_CHAT_LINE_SIZE_MAX + 1 bytes */
    size_t start; /* of what was not handed out yet */
    size_t size;  /* up to where there is something */
    bool is_over; /* nothing more comes */
};

int kith_chat_pipe_init(struct kith_chat_pipe *pipe); /* 0 or KITH_ENOMEM */
void kith_chat_pipe_deinit(struct kith_chat_pipe *pipe);

/* Read once what is there. Only when no whole line waits. */
void kith_chat_pipe_read(struct kith_chat_pipe *pipe, int fd);

/* The next whole line, and at the end what has no line end, without it, CR or zero bytes;
 * heap, the caller's. NULL: none yet (or no memory). */
char *kith_chat_pipe_line(struct kith_chat_pipe *pipe);

#endif
