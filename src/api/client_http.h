/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 (RFC 9112) as a client reads it off a socket.
 *
 * What reads remembers where it stopped: after KITH_ETIMEDOUT the same call goes on. With
 * a deadline in the past (0) nothing waits, for programs with a poll loop of their own.
 */
#ifndef KITH_API_CLIENT_HTTP_H
#define KITH_API_CLIENT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KITH_HTTP_LINE_SIZE_MAX 4096 /* of the status line, a header, a chunk's size */
#define KITH_HTTP_HEADERS_MAX   64
#define KITH_HTTP_BUFFER_SIZE   (32 * 1024)

/* A socket, what was read ahead of it, and where in an answer it stands. */
struct kith_http {
    int fd;              /* -1: not connected */
    int cancel_fd;       /* waiting ends by it; -1: none; borrowed */
    short cancel_events; /* of poll, besides errors and hang-ups */
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    size_t at;           /* in buffer: the next unread byte */
    size_t end;
    unsigned status;
    bool is_chunked;
    bool is_until_close; /* neither chunked nor of a known length */
    bool is_last;        /* the server closes after this answer */
    bool is_done;        /* the body has been read to its end */
    uint64_t left;       /* of the body or of the current chunk */
    bool is_in_chunks;   /* a chunk was begun: its line end comes before the next */
    bool is_in_trailers; /* the last chunk was seen */
    bool is_in_head;     /* the status line was read */
    size_t header_count; /* read so far, of a head or of the trailers */
    size_t line_size;    /* of the line being read, below */
    char line[KITH_HTTP_LINE_SIZE_MAX];
    char buffer[KITH_HTTP_BUFFER_SIZE];
};

/* Wait up to `ms`. False as soon as it is to end. */
bool kith_http_rest(const struct kith_http *http, int ms);

/* Milliseconds of the monotonic clock. */
int64_t kith_http_now_ms(void);

/* All of it, or KITH_ETIMEDOUT, KITH_ECLOSED. */
int kith_http_write(struct kith_http *http, const void *data, size_t size);

/* The same from `*sent` on, which says how far it is when the deadline passed. */
int kith_http_write_on(struct kith_http *http, const char *data, size_t size,
                       size_t *sent);

/* Status and headers of the next answer. Returns 0, KITH_EPROTO, KITH_ETIMEDOUT or
 * KITH_ECLOSED. */
int kith_http_read_head(struct kith_http *http);

/* Up to `size` bytes of the body, as soon as there are any; `*out_size` 0 means the end.
 * Returns as above. */
int kith_http_read_body(struct kith_http *http, void *out, size_t size, size_t *out_size);

void kith_http_close(struct kith_http *http);

#endif
