/* SPDX-License-Identifier: MIT */
/* What a lone node did, for tests to ask. */
#include "lone.h"

size_t lone_count_sent(const struct lone *l, uint32_t link, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < l->sent_count; i++)
        count += l->sent[i].link == link && l->sent[i].type == type;
    return count;
}

const struct lone_frame *lone_last_sent(const struct lone *l, uint32_t link, uint8_t type)
{
    for (size_t i = l->sent_count; i-- > 0;)
        if (l->sent[i].link == link && l->sent[i].type == type)
            return &l->sent[i];
    return NULL;
}

size_t lone_count_told(const struct lone *l, enum kith_notice_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < l->told_count; i++)
        count += l->told[i].type == type;
    return count;
}

const struct kith_notice *lone_last_told(const struct lone *l, enum kith_notice_type type)
{
    for (size_t i = l->told_count; i-- > 0;)
        if (l->told[i].type == type)
            return &l->told[i];
    return NULL;
}

size_t lone_count_stored(const struct lone *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->run_count; i++)
        if (l->runs[i].is_committed)
            count += l->runs[i].seq_last - l->runs[i].seq_first + 1;
    return count;
}
