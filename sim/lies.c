/* SPDX-License-Identifier: MIT */
/* The lies: each a function that puts one frame into the liar's writer. */
#include "core/digest.h"
#include "core/limits.h"
#include "liar.h"
#include "workload.h"
#include <stdlib.h>
#include <string.h>

#define ABSENT_MAX 600 /* logs that are nowhere, told of in one frame */
#define AHEAD_MAX  1000
#define JUNK_MAX   2000
#define TEXTS_MAX  16
#define LOGS_BEGUN 24 /* ever: what is signed is kept by everybody, as it must */
#define DAYS_AHEAD (48 * KITH_HOUR)
#define LIAR_EPOCH (INT64_C(1700000000) * KITH_SECOND) /* as worlds begin */

struct lying {
    struct sim_world *world;
    struct sim_host *host;
    struct sim_liar *liar;
    const struct sim_liar_link *link;
    struct sim_rng *rng;
    struct kith_writer *writer;
};

static void fill(const struct lying *on, void *out, size_t size)
{
    const struct kith_rng source = sim_rng_source(on->rng);
    kith_rng_fill(&source, out, size);
}

static struct kith_tag tag_of(const struct lying *on, const struct kith_id *room)
{
    return sim_liar_tag(on->host, on->link, room);
}

static struct kith_tag any_tag(const struct lying *on)
{
    const struct kith_id room = sim_liar_room(on->world, on->host, on->link);
    return tag_of(on, &room);
}

/* Of those it was told of; false when there are none yet. */
static bool any_entry(const struct lying *on, struct sim_liar_entry *out)
{
    const uint64_t count = on->liar->entry_count < SIM_LIAR_ENTRIES
                               ? on->liar->entry_count
                               : SIM_LIAR_ENTRIES;
    if (count == 0)
        return false;
    *out = on->liar->entries[sim_rng_below(on->rng, count)];
    return true;
}

static const struct sim_liar_run *any_run(const struct lying *on)
{
    const uint64_t count =
        on->liar->run_count < SIM_LIAR_RUNS ? on->liar->run_count : SIM_LIAR_RUNS;
    return count == 0 ? NULL : &on->liar->runs[sim_rng_below(on->rng, count)];
}

/* ---- of logs ---- */

static void tell(const struct lying *on, const struct kith_tag *tag,
                 const struct kith_vector_entry *entries, size_t count)
{
    if (sim_rng_chance(on->rng, 50))
        kith_frame_have_encode(on->writer, tag, entries, count);
    else
        kith_frame_vector_encode(on->writer, tag, sim_rng_chance(on->rng, 50), entries,
                                 count);
}

/* Logs that are nowhere, of authors that are not. */
static void lie_absent(const struct lying *on)
{
    struct kith_vector_entry entries[ABSENT_MAX];
    const size_t count =
        1 + sim_rng_below(on->rng,
                          sim_rng_chance(on->rng, 10) ? ABSENT_MAX : ABSENT_MAX / 50);
    for (size_t i = 0; i < count; i++) {
        entries[i] =
            (struct kith_vector_entry){.log_class = sim_rng_below(on->rng, 2),
                                       .seq = 1 + sim_rng_below(on->rng, AHEAD_MAX)};
        fill(on, &entries[i].author, sizeof(entries[i].author));
        fill(on, &entries[i].log, sizeof(entries[i].log));
        fill(on, &entries[i].head, sizeof(entries[i].head));
        if (sim_rng_chance(on->rng, 20)) /* a log that somebody here is said to have */
            entries[i].author =
                sim_world_host(on->world, sim_habit_host(on->world, 0))->identity.id;
    }
    const struct kith_tag tag = any_tag(on);
    tell(on, &tag, entries, count);
}

/* A log that is, further than anybody has it. */
static void lie_ahead(const struct lying *on)
{
    struct sim_liar_entry told;
    if (!any_entry(on, &told))
        return;
    told.entry.seq += 1 + sim_rng_below(on->rng, AHEAD_MAX);
    fill(on, &told.entry.head, sizeof(told.entry.head));
    const struct kith_tag tag = tag_of(on, &told.room);
    tell(on, &tag, &told.entry, 1);
}

/* A log that is, with another head: a fork, as it seems. */
static void lie_forked(const struct lying *on)
{
    struct sim_liar_entry told;
    if (!any_entry(on, &told))
        return;
    fill(on, &told.entry.head, sizeof(told.entry.head));
    const struct kith_tag tag = tag_of(on, &told.room);
    tell(on, &tag, &told.entry, 1);
}

/* What it was told of, as if it held it: an acknowledgement to its author. */
static void lie_held(const struct lying *on)
{
    struct sim_liar_entry told;
    if (!any_entry(on, &told))
        return;
    const struct kith_tag tag = tag_of(on, &told.room);
    tell(on, &tag, &told.entry, 1);
}

static void lie_ask(const struct lying *on)
{
    static const enum kith_frame_type types[] = {KITH_FRAME_GRAFT, KITH_FRAME_PRUNE,
                                                 KITH_FRAME_FORK, KITH_FRAME_MORE};
    struct sim_liar_entry told;
    if (!any_entry(on, &told))
        return;
    struct kith_ref wanted = {told.entry.author, told.entry.log, told.entry.seq,
                              told.entry.head};
    if (sim_rng_chance(on->rng, 30))
        fill(on, &wanted.id, sizeof(wanted.id));
    struct kith_locator have = {.seq = 1 + sim_rng_below(on->rng, wanted.seq)};
    fill(on, &have.id, sizeof(have.id));
    const enum kith_frame_type type = types[sim_rng_below(on->rng, 4)];
    const struct kith_tag tag = tag_of(on, &told.room);
    kith_frame_graft_encode(on->writer, type, &tag, &wanted, &have,
                            type == KITH_FRAME_GRAFT && sim_rng_chance(on->rng, 50) ? 1
                                                                                    : 0);
}

/* ---- runs of others ---- */

static void lie_replayed(const struct lying *on)
{
    const struct sim_liar_run *run = any_run(on);
    if (run == NULL)
        return;
    const struct kith_tag tag =
        sim_rng_chance(on->rng, 90) ? tag_of(on, &run->room) : any_tag(on);
    kith_frame_run_encode(on->writer, &tag, run->bytes);
}

static void lie_altered(const struct lying *on)
{
    const struct sim_liar_run *run = any_run(on);
    if (run == NULL)
        return;
    const struct kith_tag tag = tag_of(on, &run->room);
    const size_t head = on->writer->size + 4 + 1 + KITH_TAG_SIZE;
    kith_frame_run_encode(on->writer, &tag, run->bytes);
    const uint64_t at = sim_rng_below(on->rng, 8 * run->bytes.size);
    on->writer->data[head + at / 8] ^= (uint8_t)(1u << at % 8);
}

/* ---- runs of its own ---- */

static struct sim_liar_log *own_log(const struct lying *on)
{
    struct sim_liar_log *log = &on->liar->logs[sim_rng_below(on->rng, SIM_LIAR_LOGS)];
    const bool is_new = log->seq == 0 || sim_rng_chance(on->rng, 5);
    if (is_new && on->liar->log_count < LOGS_BEGUN) {
        on->liar->log_count++;
        *log =
            (struct sim_liar_log){.room = sim_liar_room(on->world, on->host, on->link)};
        fill(on, &log->log, sizeof(log->log));
        log->is_one_way = sim_rng_chance(on->rng, 50);
        log->log_class =
            sim_rng_chance(on->rng, 75) ? KITH_LOG_CONTENT : KITH_LOG_CONTROL;
    }
    return log;
}

/* Mostly what belongs into a log of that class. */
static uint16_t any_kind(const struct lying *on, enum kith_log_class log_class)
{
    if (sim_rng_chance(on->rng, 20))
        return (uint16_t)sim_rng_below(on->rng, 9);
    return log_class == KITH_LOG_CONTENT ? KITH_KIND_MESSAGE : KITH_KIND_PROFILE;
}

static bool is_placed(const struct lying *on, const struct sim_liar_log *log,
                      uint16_t kind)
{
    if (kind == KITH_KIND_MESSAGE)
        return log->log_class == KITH_LOG_CONTENT;
    const struct kith_id lobby =
        kith_digest_open_room(on->host->network_key, KITH_LOBBY_NAME);
    return log->log_class == KITH_LOG_CONTROL && kith_id_equal(&log->room, &lobby);
}

static void add_content(const struct lying *on, const struct sim_liar_log *log,
                        struct kith_writer *out, uint16_t kind)
{
    uint8_t salt[KITH_SALT_SIZE], junk[JUNK_MAX];
    const size_t size = sim_rng_below(on->rng, 60);
    fill(on, salt, sizeof(salt));
    kith_writer_bytes(out, salt, sizeof(salt));
    memset(junk, is_placed(on, log, kind) ? SIM_LIAR_PLACED : SIM_LIAR_MISPLACED, size);
    if (kind == KITH_KIND_MESSAGE && sim_rng_chance(on->rng, 70)) {
        kith_body_message_encode(out, kith_bytes(junk, size));
    } else if (kind == KITH_KIND_PROFILE && sim_rng_chance(on->rng, 70)) {
        kith_body_profile_encode(out, kith_bytes(junk, size));
    } else { /* no text at all, or none that reads */
        fill(on, junk, sizeof(junk));
        junk[0] = 0xff; /* never a number in front */
        kith_writer_bytes(out, junk, size);
    }
}

static void add_event(const struct lying *on, const struct sim_liar_log *log,
                      struct kith_writer *run, size_t at, kith_hlc hlc)
{
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    struct kith_own fields = {.hlc = hlc, .kind = any_kind(on, log->log_class)};
    add_content(on, log, &content, fields.kind);
    fields.body_size = (uint32_t)(content.size - KITH_SALT_SIZE);
    struct kith_ref ctl = {.author = on->host->identity.id, .seq = 1};
    fill(on, &ctl.log, sizeof(ctl.log));
    fields.ctl = &ctl; /* a control log that is nowhere: never to be processed */
    fields.ctl_count = sim_rng_chance(on->rng, 3) ? 1 : 0;
    kith_digest_content(kith_bytes(content.data, content.size), fields.body_hash);
    kith_own_encode(&own, &fields);
    kith_run_add(run, at, kith_bytes(own.data, own.size),
                 kith_bytes(content.data, content.size));
    kith_writer_deinit(&own);
    kith_writer_deinit(&content);
}

/* A run of this author that follows `log`, signed by the liar; its last event is left in
 * `log`. */
static void write_run(const struct lying *on, const struct kith_id *author,
                      struct sim_liar_log *log, struct kith_writer *out)
{
    static struct kith_run run; /* too large for the stack; nothing is kept in it */
    const size_t at =
        kith_run_begin(out, &(struct kith_run_head){.author = *author,
                                                    .log_class = log->log_class,
                                                    .log = log->log,
                                                    .seq_first = log->seq + 1,
                                                    .prev = log->head});
    kith_hlc hlc = kith_hlc_from_wall(LIAR_EPOCH + on->world->now);
    if (log->is_one_way && sim_rng_chance(on->rng, 3))
        hlc = kith_hlc_from_wall(LIAR_EPOCH + on->world->now + DAYS_AHEAD);
    else if (hlc <= log->hlc && !sim_rng_chance(on->rng, 3))
        hlc = log->hlc + 1;
    const uint64_t count =
        sim_rng_chance(on->rng, 90) ? 1 : 1 + sim_rng_below(on->rng, TEXTS_MAX);
    for (uint64_t i = 0; i < count; i++)
        add_event(on, log, out, at, hlc++);
    if (kith_run_decode(kith_bytes(out->data + at, out->size - at), &run) != 0)
        return;
    kith_digest_run(&run, &log->room);
    log->head = run.events[run.count - 1].id;
    log->seq += count;
    log->hlc = hlc - 1;
    uint8_t message[KITH_VERIFY_SIZE], signature[KITH_SIGNATURE_SIZE];
    kith_digest_signed(&log->head, message);
    const struct kith_signer signer = sim_identity_signer(&on->host->identity);
    signer.sign(signer.ctx, message, sizeof(message), signature);
    if (sim_rng_chance(on->rng, 3))
        signature[9] ^= 4;
    kith_run_sign(out, at, signature);
}

static void send_own(const struct lying *on, struct sim_liar_log *log)
{
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    write_run(on, &on->host->identity.id, log, &run);
    const struct kith_tag tag = tag_of(on, &log->room);
    kith_frame_run_encode(on->writer, &tag, kith_bytes(run.data, run.size));
    kith_writer_deinit(&run);
}

/* It goes on with a log of its own, or leaves a gap in it. */
static void lie_signed(const struct lying *on)
{
    struct sim_liar_log *log = own_log(on);
    if (sim_rng_chance(on->rng, 5) && log->seq > 0)
        log->seq++;
    send_own(on, log);
}

/* Two histories: what is written here it takes back, to write something else. Of more
 * branches than are followed everybody would keep others. */
static void lie_two_ways(const struct lying *on)
{
    struct sim_liar_log *log = own_log(on);
    const struct sim_liar_log before = *log;
    send_own(on, log);
    if (before.seq == 0 || before.is_one_way ||
        before.taken_back == KITH_BRANCHES_MAX - 1)
        return;
    *log = before;
    log->taken_back++;
}

/* As if it were said by the author of the last run, in its place or behind it. */
static void forge(const struct lying *on, bool is_in_place)
{
    static struct kith_run last; /* too large for the stack; nothing is kept in it */
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    if (on->liar->run_count == 0)
        return;
    const struct sim_liar_run *from =
        &on->liar->runs[(on->liar->run_count - 1) % SIM_LIAR_RUNS];
    if (kith_run_decode(from->bytes, &last) != 0)
        return;
    kith_digest_run(&last, &from->room);
    const struct kith_event *end = &last.events[last.count - 1];
    struct sim_liar_log log = {.room = from->room,
                               .log = last.log,
                               .log_class = last.log_class,
                               .seq = is_in_place ? last.seq_first - 1 : end->seq,
                               .head = is_in_place ? last.prev : end->id,
                               .hlc = end->hlc};
    write_run(on, &last.author, &log, &run);
    const struct kith_tag tag = tag_of(on, &log.room);
    kith_frame_run_encode(on->writer, &tag, kith_bytes(run.data, run.size));
    kith_writer_deinit(&run);
}

static void lie_forged(const struct lying *on)
{
    forge(on, false);
}

/* ---- frames ---- */

static void lie_junk(const struct lying *on)
{
    uint8_t junk[JUNK_MAX];
    const size_t size = sim_rng_below(on->rng, sizeof(junk));
    fill(on, junk, sizeof(junk));
    const size_t frame = kith_frame_begin(on->writer, sim_rng_below(on->rng, 256));
    kith_writer_bytes(on->writer, junk, size);
    kith_frame_end(on->writer, frame);
}

/* One that would be right, were it all there. */
static void lie_cut_short(const struct lying *on)
{
    lie_replayed(on);
    struct kith_writer *writer = on->writer;
    if (writer->size < 6)
        return;
    writer->size = 5 + sim_rng_below(on->rng, writer->size - 5);
    kith_store_u32(writer->data, (uint32_t)(writer->size - 4));
}

static void lie_ping(const struct lying *on)
{
    const struct kith_frame_ping ping = {sim_rng_next(on->rng)};
    kith_frame_ping_encode(
        on->writer, sim_rng_chance(on->rng, 80) ? KITH_FRAME_PING : KITH_FRAME_PONG,
        &ping);
}

static void lie_bye(const struct lying *on)
{
    const struct kith_frame_bye bye = {(uint8_t)sim_rng_below(on->rng, 8)};
    kith_frame_bye_encode(on->writer, &bye);
}

typedef void lie(const struct lying *on);

/* Those that end the link are told seldom, or little else would be said. */
static const struct {
    lie *lie;
    unsigned weight;
} lies[] = {
    {lie_absent, 12},  {lie_ahead, 16},    {lie_forked, 12}, {lie_held, 12},
    {lie_ask, 14},     {lie_replayed, 14}, {lie_altered, 1}, {lie_signed, 8},
    {lie_two_ways, 4}, {lie_forged, 2},    {lie_junk, 1},    {lie_cut_short, 1},
    {lie_ping, 4},     {lie_bye, 1},
};

void sim_lie(struct sim_world *world, struct sim_host *host,
             const struct sim_liar_link *link, uint64_t count)
{
    const struct lying on = {world, host,        host->liar,
                             link,  &world->rng, &host->liar->writer};
    unsigned total = 0;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
        total += lies[i].weight;
    uint64_t left = sim_rng_below(&world->rng, total);
    size_t i = 0;
    while (left >= lies[i].weight)
        left -= lies[i++].weight;
    for (; count > 0; count--) {
        lies[i].lie(&on);
        host->liar->lie_count++;
        sim_liar_send(world, host, link);
    }
}

void sim_lie_answer(struct sim_world *world, struct sim_host *host,
                    const struct sim_liar_link *link,
                    const struct kith_frame_graft *asked)
{
    const struct lying on = {world, host,        host->liar,
                             link,  &world->rng, &host->liar->writer};
    if (sim_rng_chance(&world->rng, 60))
        return; /* nothing comes */
    if (sim_rng_chance(&world->rng, 90))
        lie_replayed(&on);
    else
        lie_altered(&on);
    sim_liar_send(world, host, link);
}

void sim_lie_overtake(struct sim_world *world, struct sim_host *host,
                      const struct sim_liar_link *link)
{
    const struct lying on = {world, host,        host->liar,
                             link,  &world->rng, &host->liar->writer};
    forge(&on, true);
    sim_liar_send(world, host, link);
}
