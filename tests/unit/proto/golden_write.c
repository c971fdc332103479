/* SPDX-License-Identifier: MIT */
/* Writes the golden vectors anew, into the directory named. For a change of the protocol
 * only: a vector that changes by itself is a defect. */
#include <stdio.h>

#include "lib/unit.h"
#include "unit/proto/golden.h"
#include "unit/proto/sample.h"

static bool write_vector(const char *dir, const char *name, struct kith_bytes text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.hex", dir, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool is_whole = fwrite(text.data, 1, text.size, file) == text.size;
    return fclose(file) == 0 && is_whole;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: golden_write DIR\n");
        return 2;
    }
    struct sample sample;
    sample_init(&sample);
    bool is_done = true;
    for (size_t i = 0; i < sample_vectors_count; i++) {
        struct kith_writer bytes = kith_writer(&kith_alloc_heap);
        struct kith_writer text = kith_writer(&kith_alloc_heap);
        sample_vectors[i].encode(&sample, &bytes);
        golden_format(kith_writer_view(&bytes), &text);
        is_done = is_done &&
                  write_vector(argv[1], sample_vectors[i].name, kith_writer_view(&text));
        kith_writer_deinit(&bytes);
        kith_writer_deinit(&text);
    }
    sample_deinit(&sample);
    return is_done ? 0 : 1;
}
