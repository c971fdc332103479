/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

const char sim_trace_legend[] =
    "  SECONDS HOST WHAT     a line a happening, in virtual time; host 0 is the world\n"
    "  + up, kill, crash, …  processes begin and end, homes stay; \"at point 1, 2, 4, "
    "8\":\n"
    "                        before a store, before or after a commit, before a send\n"
    "  > DIAL, SEND, CLOSE   what the core wants done (link, frame type, size, print)\n"
    "  < UP, DOWN, FRAME     what the core is told\n"
    "  $ commit, fail, load  the disk\n"
    "  ! message, reply, …   what people are told, and ask for\n"
    "  x cut, stall, group … faults\n";

void sim_trace_init(struct sim_trace *trace, FILE *out)
{
    *trace = (struct sim_trace){.out = out};
    crypto_generichash_init(&trace->state, NULL, 0, SIM_TRACE_HASH_SIZE);
}

void sim_trace_line(struct sim_trace *trace, kith_time now, uint32_t host,
                    const char *format, ...)
{
    char line[512];
    int size = snprintf(line, sizeof(line), "%" PRId64 ".%06" PRId64 " %" PRIu32 " ",
                        now / KITH_SECOND, now % KITH_SECOND, host);
    va_list args;
    va_start(args, format);
    size += vsnprintf(line + size, sizeof(line) - (size_t)size, format, args);
    va_end(args);
    if ((size_t)size > sizeof(line) - 2)
        size = sizeof(line) - 2;
    line[size++] = '\n';
    crypto_generichash_update(&trace->state, (const uint8_t *)line, (size_t)size);
    trace->line_count++;
    if (trace->out != NULL)
        fwrite(line, 1, (size_t)size, trace->out);
}

uint64_t sim_trace_print(struct kith_bytes bytes)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, bytes.data, bytes.size, key);
    uint64_t print;
    memcpy(&print, hash, sizeof(print));
    return print;
}

void sim_trace_hash(const struct sim_trace *trace, char out[static SIM_TRACE_TEXT_SIZE])
{
    crypto_generichash_state state = trace->state;
    uint8_t hash[SIM_TRACE_HASH_SIZE];
    crypto_generichash_final(&state, hash, sizeof(hash));
    sodium_bin2hex(out, SIM_TRACE_TEXT_SIZE, hash, sizeof(hash));
}
