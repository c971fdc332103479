/* SPDX-License-Identifier: MIT */
#include "cli/chat_pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/error.h"

int kith_chat_pipe_init(struct kith_chat_pipe *pipe)
{
    *pipe = (struct kith_chat_pipe){.buffer = malloc(KITH_CHAT_LINE_SIZE_MAX + 1)};
    return pipe->buffer ? 0 : KITH_ENOMEM;
}

void kith_chat_pipe_deinit(struct kith_chat_pipe *pipe)
{
    free(pipe->buffer);
    *pipe = (struct kith_chat_pipe){0};
}

/* The end of a line that was too long; what follows it begins the next. */
static void end_long_line(struct kith_chat_pipe *pipe, const char *feed, size_t size)
{
    pipe->size = KITH_CHAT_LINE_SIZE_MAX - size;
    memcpy(pipe->buffer + pipe->size, feed, size);
    pipe->size += size;
}

void kith_chat_pipe_read(struct kith_chat_pipe *pipe, int fd)
{
    char more[4096];
    pipe->size -= pipe->start;
    memmove(pipe->buffer, pipe->buffer + pipe->start, pipe->size);
    pipe->start = 0;
    bool is_full = pipe->size == KITH_CHAT_LINE_SIZE_MAX;
    ssize_t got = read(fd, is_full ? more : pipe->buffer + pipe->size,
                       is_full ? sizeof more : KITH_CHAT_LINE_SIZE_MAX - pipe->size);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        pipe->is_over = true;
    if (got <= 0)
        return;
    const char *feed = is_full ? memchr(more, '\n', (size_t)got) : NULL;
    if (feed)
        end_long_line(pipe, feed, (size_t)(more + got - feed));
    else if (!is_full)
        pipe->size += (size_t)got;
}

char *kith_chat_pipe_line(struct kith_chat_pipe *pipe)
{
    const char *text = pipe->buffer + pipe->start;
    size_t size = pipe->size - pipe->start;
    const char *feed = memchr(text, '\n', size);
    if (!feed && (!pipe->is_over || size == 0))
        return NULL;
    size_t kept = 0;
    size = feed ? (size_t)(feed - text) : size;
    char *line = malloc(size + 1);
    for (size_t i = 0; line && i < size; i++)
        if (text[i] != '\0' && !(text[i] == '\r' && i + 1 == size))
            line[kept++] = text[i];
    if (line)
        line[kept] = '\0';
    pipe->start += feed ? size + 1 : size;
    return line;
}
