/* SPDX-License-Identifier: MIT */
#include "breaker.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/signed_addresses.h"
#include "proto/tracker.h"

#define HONEST 1
#define BAD    2

void breaker_init(struct breaker *b, enum breaker_stage stage, enum kith_role role)
{
    memset(b, 0, sizeof(*b));
    lone_init(&b->l);
    lone_start(&b->l);
    lone_connect(&b->l, &b->honest, HONEST, HONEST, KITH_ROLE_DIALLER, 0);
    lone_greet(&b->l, &b->honest);
    lone_connect(&b->l, &b->bad, BAD, BAD, role, 0);
    if (stage == PROVEN)
        lone_prove(&b->l, &b->bad);
    if (stage == LIVE)
        lone_greet(&b->l, &b->bad);
    lone_pass(&b->l, KITH_SECOND); /* what they greeted one another with has gone */
    lone_forget(&b->l);
    b->frame = kith_writer(&kith_alloc_heap);
}

static void is_answered(struct breaker *b, const struct lone_peer *peer)
{
    size_t before = lone_count_sent(&b->l, peer->link, KITH_FRAME_PONG);
    lone_say_raw(&b->l, peer,
                 BYTES("\x03"
                       "12345678"));
    assert_int_equal(lone_count_sent(&b->l, peer->link, KITH_FRAME_PONG), before + 1);
}

static size_t count_sent(const struct lone *l, uint32_t link)
{
    size_t count = 0;
    for (size_t i = 0; i < l->sent_count; i++)
        count += l->sent[i].link == link;
    return count;
}

void breaker_deinit(struct breaker *b)
{
    assert_int_equal(b->l.closed[HONEST], 1);
    assert_int_equal(count_sent(&b->l, HONEST), 0);
    is_answered(b, &b->honest);
    kith_writer_deinit(&b->frame);
    lone_deinit(&b->l);
}

/* ---- frames as they should be ---- */

static void make_hello(struct breaker *b)
{
    struct kith_frame_hello hello = {.version_min = 1,
                                     .version_max = 1,
                                     .name = BYTES("x"),
                                     .address_count = 1,
                                     .addresses = {BYTES("10.0.0.9:4747")}};
    kith_frame_hello_encode(&b->frame, &hello);
}

/* It has expired, so that nothing comes of it. */
static void make_addresses(struct breaker *b)
{
    struct kith_writer record = kith_writer(&kith_alloc_heap);
    static const uint8_t signature[KITH_SIGNATURE_SIZE];
    struct kith_signed_addresses fields = {.id = b->bad.key.id, .expiry = 1};
    kith_signed_addresses_fields(&record, &fields);
    kith_writer_bytes(&record, signature, sizeof(signature));
    kith_frame_addresses_encode(&b->frame,
                                &(struct kith_frame_addresses){
                                    .count = 1, .records = {kith_writer_view(&record)}});
    kith_writer_deinit(&record);
}

static void make_rooms(struct breaker *b)
{
    struct kith_tag tags[] = {b->bad.lobby_tag, b->bad.direct_tag};
    bool in_order = memcmp(&tags[0], &tags[1], sizeof(tags[0])) < 0;
    tags[in_order ? 1 : 0] = b->bad.direct_tag;
    tags[in_order ? 0 : 1] = b->bad.lobby_tag;
    kith_frame_rooms_encode(&b->frame, &(struct kith_frame_rooms){2, tags[0].bytes});
}

static void make_run(struct breaker *b)
{
    struct kith_writer run;
    struct lone_log log = {.author = &b->bad.key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(b->l.now.wall)};
    lone_write(&log, &run, 2, 'a');
    kith_frame_run_encode(&b->frame, &b->bad.lobby_tag, kith_writer_view(&run));
    kith_writer_deinit(&run);
}

/* Our own log of profiles, which they know as well as everybody. */
static void make_vector(struct breaker *b, bool is_have)
{
    struct kith_run *run = malloc(sizeof(*run));
    const struct lone_run *ours = &b->l.runs[0];
    assert_int_equal(kith_run_decode(kith_bytes(ours->bytes, ours->size), run), 0);
    struct kith_vector_entry entry = {b->l.key.id, KITH_LOG_CONTROL, run->log, 0,
                                      1,           ours->head};
    struct kith_vector_entry entries[] = {entry, entry};
    free(run);
    if (is_have)
        kith_frame_have_encode(&b->frame, &b->bad.lobby_tag, entries, 2);
    else
        kith_frame_vector_encode(&b->frame, &b->bad.lobby_tag, true, entries, 2);
}

static void make_graft(struct breaker *b, uint8_t type)
{
    static const struct kith_locator have[] = {{2, {{2}}}, {1, {{1}}}};
    struct kith_ref nobodys = {b->bad.key.id, {{7}}, 3, {{3}}};
    kith_frame_graft_encode(&b->frame, type, &b->bad.lobby_tag, &nobodys, have,
                            type == KITH_FRAME_GRAFT ? 2 : 0);
}

static void make_call(struct breaker *b, uint8_t type)
{
    static const uint8_t ticket[KITH_TICKET_SIZE] = {1};
    struct kith_frame_call call = {1, b->honest.key.id, KITH_CALL_RELAY};
    struct kith_frame_ring ring = {.id = b->honest.key.id,
                                   .how = KITH_CALL_RELAY,
                                   .role = 'd',
                                   .ticket = kith_bytes(ticket, sizeof(ticket))};
    struct kith_frame_refused refused = {1, KITH_REFUSED_AWAY};
    if (type == KITH_FRAME_CALL)
        kith_frame_call_encode(&b->frame, &call);
    else if (type == KITH_FRAME_RING)
        kith_frame_ring_encode(&b->frame, &ring);
    else
        kith_frame_refused_encode(&b->frame, &refused);
}

static void make_other(struct breaker *b, uint8_t type)
{
    static const uint8_t fields[64];
    kith_writer_u32(&b->frame, 0);
    kith_writer_u8(&b->frame, type);
    kith_writer_bytes(&b->frame, fields, sizeof(fields));
}

void breaker_make(struct breaker *b, uint8_t type)
{
    struct kith_writer *w = &b->frame;
    kith_writer_clear(w);
    if (type == KITH_FRAME_HELLO)
        make_hello(b);
    else if (type == KITH_FRAME_PING || type == KITH_FRAME_PONG)
        kith_frame_ping_encode(w, type, &(struct kith_frame_ping){9});
    else if (type == KITH_FRAME_BYE)
        kith_frame_bye_encode(w, &(struct kith_frame_bye){0});
    else if (type == KITH_FRAME_ADDRESSES)
        make_addresses(b);
    else if (type == KITH_FRAME_ROOMS)
        make_rooms(b);
    else if (type == KITH_FRAME_RUN)
        make_run(b);
    else if (type == KITH_FRAME_VECTOR || type == KITH_FRAME_HAVE)
        make_vector(b, type == KITH_FRAME_HAVE);
    else if (type >= KITH_FRAME_GRAFT && type <= KITH_FRAME_MORE)
        make_graft(b, type);
    else if (type >= KITH_FRAME_CALL && type <= KITH_FRAME_REFUSED)
        make_call(b, type);
    else
        make_other(b, type);
    memmove(w->data, w->data + 4, w->size - 4);
    w->size -= 4;
}

void breaker_say(struct breaker *b)
{
    lone_say_raw(&b->l, &b->bad, kith_writer_view(&b->frame));
}

/* ---- what comes of it ---- */

void breaker_is_closed(const struct breaker *b, int error)
{
    const struct lone_frame *bye = lone_last_sent(&b->l, BAD, KITH_FRAME_BYE);
    const struct kith_notice *told = lone_last_told(&b->l, KITH_NOTICE_WARNING);
    assert_int_equal(b->l.closed[BAD], error);
    assert_non_null(bye);
    assert_int_equal(bye->fields[0], KITH_BYE_FAULT);
    assert_non_null(told);
    assert_int_equal(told->warning.error, error);
    assert_true(kith_id_equal(&told->warning.peer, &b->bad.key.id));
}

void breaker_is_ignored(struct breaker *b)
{
    assert_int_equal(b->l.closed[BAD], 1);
    assert_int_equal(count_sent(&b->l, BAD), 0);
    assert_int_equal(lone_count_told(&b->l, KITH_NOTICE_WARNING), 0);
    is_answered(b, &b->bad);
}

static void change(struct breaker *b, const struct rule *rule)
{
    struct kith_writer *w = &b->frame;
    for (int i = 0; i < rule->more; i++)
        kith_writer_u8(w, 0);
    assert_true(rule->at + rule->width < w->size);
    for (size_t i = 0; i < rule->width; i++)
        w->data[1 + rule->at + i] = (uint8_t)(rule->value >> 8 * (rule->width - 1 - i));
}

void breaker_check(const struct rule *rules, size_t count)
{
    struct breaker *b = malloc(sizeof(*b));
    for (size_t i = 0; i < count; i++) {
        print_message("rule %zu: frame 0x%02x, %zu bytes at %zu\n", i, rules[i].type,
                      rules[i].width, rules[i].at);
        breaker_init(b, rules[i].stage, KITH_ROLE_DIALLER);
        breaker_make(b, rules[i].type);
        change(b, &rules[i]);
        breaker_say(b);
        if (rules[i].error != 0)
            breaker_is_closed(b, rules[i].error);
        else
            breaker_is_ignored(b);
        breaker_deinit(b);
    }
    free(b);
}
