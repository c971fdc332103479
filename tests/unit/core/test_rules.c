/* SPDX-License-Identifier: MIT */
/* The rules of docs/PROTOCOL.md that a frame of a peer can break, a row each, with what
 * section 10 says comes of it. The honest peer on another link notices nothing. */
#include "breaker.h"

#include <stdlib.h>

#include "core/digest.h"

#define SEQ_END (UINT64_C(1) << 40) /* one past the last */

#define HAVE_256                                                                         \
    UINT64_C(0x0100000000000001) /* one of that seq, but for its last byte               \
                                  */

#define CHECK(rules) breaker_check(rules, COUNT(rules))

static void a_field_out_of_its_range_is_a_fault(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_HELLO, 0, 1, 0, 0, KITH_EPROTO, PROVEN}, /* version_min */
        {KITH_FRAME_HELLO, 0, 2, 0x0301, 0, KITH_EPROTO, PROVEN},
        {KITH_FRAME_ROOMS, 2, 8, UINT64_MAX, 0, KITH_EPROTO, LIVE}, /* not ascending */
        {KITH_FRAME_ROOMS, 0, 2, 3, 0, KITH_EPROTO, LIVE},          /* two are there */
        {KITH_FRAME_VECTOR, 17, 2, 3, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_VECTOR, 51, 1, 2, 0, KITH_EPROTO, LIVE}, /* class */
        {KITH_FRAME_VECTOR, 68, 8, 2, 0, KITH_EPROTO, LIVE}, /* floor above seq */
        {KITH_FRAME_VECTOR, 76, 8, 0, 0, KITH_EPROTO, LIVE}, /* seq */
        {KITH_FRAME_HAVE, 16, 2, 3, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_HAVE, 50, 1, 2, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_HAVE, 67, 8, 2, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_HAVE, 75, 8, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_GRAFT, 64, 8, 0, 0, KITH_EPROTO, LIVE},  /* wanted seq */
        {KITH_FRAME_GRAFT, 104, 1, 3, 0, KITH_EPROTO, LIVE}, /* have: two are there */
        {KITH_FRAME_GRAFT, 105, 8, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_GRAFT, 145, 8, 2, 0, KITH_EPROTO, LIVE}, /* not descending */
        {KITH_FRAME_PRUNE, 64, 8, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_PRUNE, 104, 1, 1, 40, KITH_EPROTO, LIVE}, /* have, of seq 0 */
        {KITH_FRAME_FORK, 64, 8, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_MORE, 64, 8, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_CALL, 0, 8, 0, 0, KITH_EPROTO, LIVE},    /* token */
        {KITH_FRAME_RING, 41, 1, 'x', 0, KITH_EPROTO, LIVE}, /* role */
        {KITH_FRAME_RING, 40, 1, 0, 0, KITH_EPROTO, LIVE},   /* a ticket, to meet */
        {KITH_FRAME_RING, 43, 1, 31, 0, KITH_EPROTO, LIVE},  /* half a ticket */
        {KITH_FRAME_ADDRESSES, 0, 1, 2, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_ADDRESSES, 1, 2, 114, 1, KITH_EPROTO, LIVE}, /* behind a signature */
    };
    (void)state;
    CHECK(rules);
}

static void what_is_above_a_limit_is_a_fault(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_HELLO, 22, 1, 129, 200, KITH_ETOOBIG, PROVEN}, /* name */
        {KITH_FRAME_HELLO, 24, 1, 9, 200, KITH_ETOOBIG, PROVEN},   /* addresses */
        {KITH_FRAME_ADDRESSES, 0, 1, 17, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_ADDRESSES, 1, 2, 2162, 2200, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_ADDRESSES, 51, 1, 9, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_ROOMS, 0, 2, 4097, 70000, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_VECTOR, 17, 2, 601, 60000, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_VECTOR, 76, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_HAVE, 16, 2, 601, 60000, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_HAVE, 75, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_GRAFT, 64, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_GRAFT, 104, 1, 33, 2000, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_GRAFT, 105, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_PRUNE, 64, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_FORK, 64, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_MORE, 64, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_RUN, 66, 8, SEQ_END, 0, KITH_ETOOBIG, LIVE},
        {KITH_FRAME_RUN, 66, 8, SEQ_END - 1, 0, KITH_ETOOBIG, LIVE}, /* and one more */
        {KITH_FRAME_RUN, 170, 1, 129, 0, KITH_ETOOBIG, LIVE},        /* events */
        {KITH_FRAME_RUN, 171, 2, 4097, 5000, KITH_ETOOBIG, LIVE},    /* own part */
        {KITH_FRAME_RUN, 183, 1, 9, 0, KITH_ETOOBIG, LIVE},          /* ctl */
        {KITH_FRAME_RUN, 184, 1, 9, 0, KITH_ETOOBIG, LIVE},          /* deps */
        {KITH_FRAME_RUN, 185, 4, 131073, 0, KITH_ETOOBIG, LIVE},     /* body */
        {KITH_FRAME_RUN, 0, 0, 0, 524288, KITH_ETOOBIG, LIVE},
    };
    (void)state;
    CHECK(rules);
}

static void a_run_that_does_not_read_is_a_fault(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_RUN, 16, 1, 0, 0, KITH_EVERSION, LIVE},
        {KITH_FRAME_RUN, 16, 1, 2, 0, KITH_EVERSION, LIVE},
        {KITH_FRAME_RUN, 49, 1, 2, 0, KITH_EPROTO, LIVE}, /* class */
        {KITH_FRAME_RUN, 66, 8, 0, 0, KITH_EPROTO, LIVE}, /* seq_first */
        {KITH_FRAME_RUN, 66, 8, 2, 0, KITH_EPROTO, LIVE}, /* without prev */
        {KITH_FRAME_RUN, 74, 1, 1, 0, KITH_EPROTO, LIVE}, /* the first with prev */
        {KITH_FRAME_RUN, 170, 1, 0, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_RUN, 170, 1, 1, 0, KITH_EPROTO, LIVE}, /* two are there */
        {KITH_FRAME_RUN, 170, 1, 3, 0, KITH_EPROTO, LIVE},
        {KITH_FRAME_RUN, 0, 0, 0, 1, KITH_EPROTO, LIVE},   /* behind the last event */
        {KITH_FRAME_RUN, 221, 1, 2, 0, KITH_EPROTO, LIVE}, /* content */
        {KITH_FRAME_RUN, 245, 8, 1, 0, KITH_EPROTO, LIVE}, /* an hlc that falls */
    };
    (void)state;
    CHECK(rules);
}

static void a_run_that_is_not_what_was_signed_is_a_fault(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_RUN, 17, 1, 0xee, 0, KITH_ESIGNATURE, LIVE}, /* author */
        {KITH_FRAME_RUN, 49, 1, 1, 0, KITH_ESIGNATURE, LIVE},    /* class */
        {KITH_FRAME_RUN, 50, 1, 9, 0, KITH_ESIGNATURE, LIVE},    /* log */
        {KITH_FRAME_RUN, 106, 1, 0xee, 0, KITH_ESIGNATURE, LIVE},
        {KITH_FRAME_RUN, 173, 8, 1, 0, KITH_ESIGNATURE, LIVE},  /* hlc */
        {KITH_FRAME_RUN, 181, 2, 77, 0, KITH_ESIGNATURE, LIVE}, /* kind */
        {KITH_FRAME_RUN, 189, 1, 0xee, 0, KITH_ECHAIN, LIVE},   /* body_hash */
        {KITH_FRAME_RUN, 222, 1, 0xee, 0, KITH_ECHAIN, LIVE},   /* salt */
        {KITH_FRAME_RUN, 242, 1, 0xee, 0, KITH_ECHAIN, LIVE},   /* text */
    };
    (void)state;
    CHECK(rules);
}

/* Nobody but the author makes runs: not even of events that he signed. */
static void a_run_of_other_boundaries_is_a_fault(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    breaker_init(b, LIVE, KITH_ROLE_DIALLER);
    breaker_make(b, KITH_FRAME_RUN);
    b->frame.data[1 + 170] = 1; /* the first of two, under the signature of both */
    b->frame.size = 1 + 243;
    breaker_say(b);
    breaker_is_closed(b, KITH_ESIGNATURE);
    breaker_deinit(b);
    free(b);
}

/* One event that names one, in ctl or in deps. */
static void make_run_naming(struct breaker *b, bool is_dep, uint64_t seq)
{
    struct kith_writer run;
    struct kith_ref ref = {{{9}}, {{9}}, 1, {{9}}};
    struct lone_log log = {
        .author = &b->bad.key, .room = lone_lobby(), .log = {{1}}, .ctl = &ref};
    lone_write(&log, &run, 1, 'a');
    kith_writer_clear(&b->frame);
    kith_writer_u8(&b->frame, KITH_FRAME_RUN);
    kith_writer_bytes(&b->frame, b->bad.lobby_tag.bytes, sizeof(b->bad.lobby_tag));
    kith_writer_bytes(&b->frame, run.data, run.size);
    kith_writer_deinit(&run);
    uint8_t *counts = b->frame.data + 1 + 183; /* of ctl, and behind those of deps */
    if (is_dep) {
        memmove(counts + 2, counts + 1, 88);
        counts[0] = 0;
        counts[1] = 1;
    }
    for (int i = 0; i < 8; i++)
        counts[1 + is_dep + 48 + i] = (uint8_t)(seq >> 8 * (7 - i));
}

static void a_reference_to_what_cannot_be_is_a_fault(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    for (int is_dep = 0; is_dep < 2; is_dep++) {
        for (int is_above = 0; is_above < 2; is_above++) {
            breaker_init(b, LIVE, KITH_ROLE_DIALLER);
            make_run_naming(b, is_dep, is_above ? SEQ_END : 0);
            breaker_say(b);
            breaker_is_closed(b, is_above ? KITH_ETOOBIG : KITH_EPROTO);
            breaker_deinit(b);
        }
    }
    free(b);
}

static void a_log_that_changes_its_class_is_a_fault(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    struct kith_writer run;
    (void)state;
    breaker_init(b, LIVE, KITH_ROLE_DIALLER);
    struct lone_log log = {.author = &b->bad.key, .room = lone_lobby(), .log = {{1}}};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(&b->l, &b->bad, &b->bad.lobby_tag, &run);
    kith_writer_deinit(&run);
    log.log_class = KITH_LOG_CONTROL;
    lone_write(&log, &run, 1, 'b');
    lone_pass(&b->l, KITH_SECOND); /* the honest one hears of the first */
    lone_forget(&b->l);
    lone_say_run(&b->l, &b->bad, &b->bad.lobby_tag, &run);
    kith_writer_deinit(&run);
    breaker_is_closed(b, KITH_ECHAIN);
    breaker_deinit(b);
    free(b);
}

/* ---- order ---- */

static void say_out_of_place(enum breaker_stage stage, enum kith_role role, uint8_t type)
{
    struct breaker *b = malloc(sizeof(*b));
    print_message("stage %d, role %d, frame 0x%02x\n", stage, role, type);
    breaker_init(b, stage, role);
    breaker_make(b, type);
    breaker_say(b);
    breaker_is_closed(b, KITH_EUNEXPECTED);
    breaker_deinit(b);
    free(b);
}

static void a_frame_out_of_its_place_is_a_fault(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        enum kith_role who = role == 0 ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER;
        for (int type = 0; type <= KITH_FRAME_REFUSED + 1; type++) {
            if (type != KITH_FRAME_PROOF && type != KITH_FRAME_BYE)
                say_out_of_place(STRANGER, who, (uint8_t)type);
            if (type != KITH_FRAME_HELLO && type != KITH_FRAME_BYE)
                say_out_of_place(PROVEN, who, (uint8_t)type);
        }
        say_out_of_place(LIVE, who, KITH_FRAME_PROOF);
        say_out_of_place(LIVE, who, KITH_FRAME_HELLO);
    }
}

static void a_proof_that_does_not_fit_is_refused(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_PROOF, 0, 0, 0, 0, KITH_EPROOF, STRANGER}, /* zeroes, and more */
    };
    (void)state;
    CHECK(rules);
}

static void versions_that_do_not_meet_are_a_fault(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_HELLO, 0, 2, 0x0202, 0, KITH_EVERSION, PROVEN},
        {KITH_FRAME_HELLO, 0, 2, 0x02ff, 0, KITH_EVERSION, PROVEN},
    };
    (void)state;
    CHECK(rules);
}

static void every_frame_that_is_cut_short_is_a_fault(void **state)
{
    static const uint8_t types[] = {
        KITH_FRAME_HELLO, KITH_FRAME_PING,  KITH_FRAME_PONG,   KITH_FRAME_BYE,
        KITH_FRAME_ROOMS, KITH_FRAME_GRAFT, KITH_FRAME_PRUNE,  KITH_FRAME_FORK,
        KITH_FRAME_MORE,  KITH_FRAME_CALL,  KITH_FRAME_RING,   KITH_FRAME_REFUSED,
        KITH_FRAME_RUN,   KITH_FRAME_HAVE,  KITH_FRAME_VECTOR, KITH_FRAME_ADDRESSES};
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        enum breaker_stage stage = types[i] == KITH_FRAME_HELLO ? PROVEN : LIVE;
        for (int rest = 0; rest < 2; rest++) { /* its last byte is missing; all are */
            print_message("frame 0x%02x, %d\n", types[i], rest);
            breaker_init(b, stage, KITH_ROLE_DIALLER);
            breaker_make(b, types[i]);
            b->frame.size = rest == 0 ? b->frame.size - 1 : 1;
            breaker_say(b);
            breaker_is_closed(b, KITH_EPROTO);
            breaker_deinit(b);
        }
    }
    free(b);
}

/* ---- what is ignored ---- */

static void what_a_later_version_may_say_is_ignored(void **state)
{
    static const struct rule rules[] = {
        {0x07, 0, 0, 0, 0, 0, LIVE}, /* types */
        {0x18, 0, 0, 0, 0, 0, LIVE},
        {0x7f, 0, 0, 0, 0, 0, LIVE},
        {0xff, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_REGISTER, 0, 0, 0, 0, 0, LIVE}, /* those of trackers */
        {KITH_FRAME_WELCOME, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_REACHABLE, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_PEERS, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_LOOKUP, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_PONG, 0, 0, 0, 9, 0, LIVE}, /* fields behind the known ones */
        {KITH_FRAME_ADDRESSES, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_ROOMS, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_VECTOR, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_HAVE, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_GRAFT, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_PRUNE, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_FORK, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_RING, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_REFUSED, 0, 0, 0, 9, 0, LIVE},
        {KITH_FRAME_VECTOR, 16, 1, 0xff, 0, 0, LIVE},      /* flags */
        {KITH_FRAME_RING, 40, 1, 7, 0, 0, LIVE},           /* how */
        {KITH_FRAME_REFUSED, 8, 1, 77, 0, 0, LIVE},        /* reason */
        {KITH_FRAME_PRUNE, 104, 8, HAVE_256, 40, 0, LIVE}, /* a have in what has none */
        {KITH_FRAME_FORK, 104, 8, HAVE_256, 40, 0, LIVE},
    };
    (void)state;
    CHECK(rules);
}

/* Capabilities, all of them, and fields behind the known ones. */
static void what_a_later_version_adds_to_a_hello_is_ignored(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    breaker_init(b, PROVEN, KITH_ROLE_DIALLER);
    breaker_make(b, KITH_FRAME_HELLO);
    memset(b->frame.data + 1 + 18, 0xff, 4);
    kith_writer_bytes(&b->frame, "and more", 8);
    breaker_say(b);
    assert_int_equal(b->l.closed[b->bad.link], 1);
    assert_int_equal(lone_last_told(&b->l, KITH_NOTICE_PEER)->peer.change,
                     KITH_PEER_ONLINE);
    breaker_deinit(b);
    free(b);
}

/* Under a tag that nobody made, and under ours, sent back. */
static void a_frame_of_a_room_that_is_not_shared_is_ignored(void **state)
{
    static const uint8_t types[] = {KITH_FRAME_VECTOR, KITH_FRAME_RUN,   KITH_FRAME_HAVE,
                                    KITH_FRAME_GRAFT,  KITH_FRAME_PRUNE, KITH_FRAME_FORK,
                                    KITH_FRAME_MORE};
    struct breaker *b = malloc(sizeof(*b));
    struct kith_id lobby = lone_lobby();
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(types); i++) {
        breaker_init(b, LIVE, KITH_ROLE_DIALLER);
        breaker_make(b, types[i / 2]);
        struct kith_tag ours = kith_digest_tag(b->bad.exporter_room, KITH_ROLE_LISTENER,
                                               &b->l.key.id, &b->bad.key.id, &lobby);
        if (i % 2 == 0)
            b->frame.data[1] ^= 1;
        else
            memcpy(b->frame.data + 1, ours.bytes, sizeof(ours));
        breaker_say(b);
        breaker_is_ignored(b);
        breaker_deinit(b);
    }
    free(b);
}

static void what_speaks_of_what_is_not_held_is_ignored(void **state)
{
    static const struct rule rules[] = {
        {KITH_FRAME_PONG, 0, 0, 0, 0, 0, LIVE},  /* to no PING */
        {KITH_FRAME_GRAFT, 0, 0, 0, 0, 0, LIVE}, /* of logs that nobody has */
        {KITH_FRAME_PRUNE, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_FORK, 0, 0, 0, 0, 0, LIVE},
        {KITH_FRAME_VECTOR, 51, 1, 0, 0, 0, LIVE}, /* of another class than ours */
        {KITH_FRAME_HAVE, 50, 1, 0, 0, 0, LIVE},
        {KITH_FRAME_RING, 0, 0, 0, 0, 0, LIVE},      /* of who is no contact */
        {KITH_FRAME_REFUSED, 0, 0, 0, 0, 0, LIVE},   /* of no CALL */
        {KITH_FRAME_ADDRESSES, 0, 0, 0, 0, 0, LIVE}, /* expired */
    };
    (void)state;
    CHECK(rules);
}

static void a_name_that_is_none_is_ignored_with_the_rest_of_it(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    struct kith_peer_view peer;
    (void)state;
    breaker_init(b, PROVEN, KITH_ROLE_DIALLER);
    breaker_make(b, KITH_FRAME_HELLO);
    b->frame.data[1 + 23] = '\n';
    breaker_say(b);
    assert_int_equal(b->l.closed[b->bad.link], 1);
    uint32_t no = lone_last_told(&b->l, KITH_NOTICE_PEER)->peer.peer_no;
    assert_true(kith_node_peer(b->l.node, no, &peer));
    assert_string_equal(peer.name, "");
    breaker_deinit(b);
    free(b);
}

/* Where it came from stays all that is known of where it is. */
static void an_address_that_is_none_is_ignored_with_the_rest_of_it(void **state)
{
    static const char *const told[] = {"10.0.0.9:4747", "10.0.0.9:0000", "10.0.0.9:7e30",
                                       "[::1]4747]:12", "\xff\xff.0.0.9:4747"};
    struct breaker *b = malloc(sizeof(*b));
    struct kith_peer_view peer;
    (void)state;
    for (size_t i = 0; i < COUNT(told); i++) {
        breaker_init(b, PROVEN, KITH_ROLE_DIALLER);
        breaker_make(b, KITH_FRAME_HELLO);
        memcpy(b->frame.data + 1 + 26, told[i], strlen("10.0.0.9:4747"));
        breaker_say(b);
        assert_int_equal(b->l.closed[b->bad.link], 1);
        uint32_t no = lone_last_told(&b->l, KITH_NOTICE_PEER)->peer.peer_no;
        assert_true(kith_node_peer(b->l.node, no, &peer));
        assert_string_equal(peer.address.host, "10.0.0.9");
        assert_int_equal(peer.address.port, i == 0 ? 4747 : 999);
        breaker_deinit(b);
    }
    free(b);
}

/* ---- what others say again, or do not say ---- */

static void meet(struct lone *l, struct lone_peer *peer, uint32_t link)
{
    lone_connect(l, peer, (uint8_t)link, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    lone_pass(l, KITH_SECOND);
}

static void an_upstream_that_brings_nothing_is_given_up_for_another(void **state)
{
    struct lone *l = *state;
    struct lone_peer liar, other;
    meet(l, &liar, 1);
    meet(l, &other, 2);
    lone_forget(l);
    struct kith_vector_entry entry = {{{9}}, KITH_LOG_CONTENT, {{9}}, 0, 3, {{9}}};
    struct lone_peer *const tellers[] = {&liar, &other};
    for (int i = 0; i < 2; i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_frame_have_encode(&w, &tellers[i]->lobby_tag, &entry, 1);
        lone_say(l, tellers[i], &w);
        kith_writer_deinit(&w);
    }
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 0);
    for (int s = 0; s < 6; s++) { /* it is there: it only brings nothing */
        lone_say_raw(l, &liar,
                     BYTES("\x03"
                           "12345678"));
        lone_say_raw(l, &other,
                     BYTES("\x03"
                           "12345678"));
        lone_pass(l, KITH_SECOND);
    }
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 1);
    assert_int_equal(l->closed[1], 1);
}

static void a_duplicate_of_who_was_not_asked_is_answered_by_prune(void **state)
{
    struct lone *l = *state;
    struct lone_peer author, other;
    struct kith_writer run;
    meet(l, &author, 1);
    meet(l, &other, 2);
    struct lone_log log = {.author = &author.key, .room = lone_lobby(), .log = {{1}}};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &author, &author.lobby_tag, &run);
    lone_forget(l);
    for (size_t i = 1; i <= 3; i++) { /* whatever it was told */
        lone_say_run(l, &other, &other.lobby_tag, &run);
        assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_PRUNE), i);
    }
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PRUNE), 0);
    assert_int_equal(l->closed[2], 1);
}

static void of_a_log_that_forks_on_and_on_16_branches_are_followed(void **state)
{
    struct lone *l = *state;
    struct lone_peer author;
    struct kith_writer run;
    meet(l, &author, 1);
    size_t before = lone_count_stored(l);
    for (int i = 0; i < 20; i++) {
        struct lone_log log = {.author = &author.key, .room = lone_lobby(), .log = {{1}}};
        lone_write(&log, &run, 1, (char)('a' + i));
        lone_say_run(l, &author, &author.lobby_tag, &run);
        kith_writer_deinit(&run);
    }
    assert_int_equal(lone_count_stored(l) - before, 16);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 1); /* of the fork, once */
    assert_int_equal(l->closed[1], 1);
}

static void a_page_behind_what_is_not_held_is_the_first(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_ref nobodys = {{{9}}, {{9}}, 3, {{9}}};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    meet(l, &peer, 1);
    lone_forget(l);
    kith_frame_graft_encode(&w, KITH_FRAME_MORE, &peer.lobby_tag, &nobodys, NULL, 0);
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
    const struct lone_frame *page = lone_last_sent(l, 1, KITH_FRAME_VECTOR);
    assert_non_null(page);
    assert_int_equal(page->fields[18], 1); /* our profile */
}

/* ---- the end ---- */

static void an_unknown_reason_is_a_goodbye_like_any(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    breaker_init(b, LIVE, KITH_ROLE_DIALLER);
    breaker_make(b, KITH_FRAME_BYE);
    b->frame.data[1] = 77;
    breaker_say(b);
    assert_int_equal(b->l.closed[b->bad.link], KITH_ECLOSED);
    assert_int_equal(lone_count_told(&b->l, KITH_NOTICE_WARNING), 0);
    breaker_deinit(b);
    free(b);
}

static void what_follows_bye_is_not_heard(void **state)
{
    struct breaker *b = malloc(sizeof(*b));
    (void)state;
    breaker_init(b, LIVE, KITH_ROLE_DIALLER);
    breaker_make(b, KITH_FRAME_BYE);
    breaker_say(b);
    lone_forget(&b->l);
    breaker_make(b, KITH_FRAME_RUN);
    breaker_say(b);
    breaker_make(b, KITH_FRAME_PROOF);
    breaker_say(b);
    assert_int_equal(lone_count_stored(&b->l), 1); /* our profile */
    assert_int_equal(b->l.sent_count, 0);
    assert_int_equal(lone_count_told(&b->l, KITH_NOTICE_WARNING), 0);
    breaker_deinit(b);
    free(b);
}

int main(void)
{
#define WITH_NODE(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_out_of_its_range_is_a_fault),
        cmocka_unit_test(what_is_above_a_limit_is_a_fault),
        cmocka_unit_test(a_run_that_does_not_read_is_a_fault),
        cmocka_unit_test(a_run_that_is_not_what_was_signed_is_a_fault),
        cmocka_unit_test(a_run_of_other_boundaries_is_a_fault),
        cmocka_unit_test(a_reference_to_what_cannot_be_is_a_fault),
        cmocka_unit_test(a_log_that_changes_its_class_is_a_fault),
        cmocka_unit_test(a_frame_out_of_its_place_is_a_fault),
        cmocka_unit_test(a_proof_that_does_not_fit_is_refused),
        cmocka_unit_test(versions_that_do_not_meet_are_a_fault),
        cmocka_unit_test(every_frame_that_is_cut_short_is_a_fault),
        cmocka_unit_test(what_a_later_version_may_say_is_ignored),
        cmocka_unit_test(what_a_later_version_adds_to_a_hello_is_ignored),
        cmocka_unit_test(a_frame_of_a_room_that_is_not_shared_is_ignored),
        cmocka_unit_test(what_speaks_of_what_is_not_held_is_ignored),
        cmocka_unit_test(a_name_that_is_none_is_ignored_with_the_rest_of_it),
        cmocka_unit_test(an_address_that_is_none_is_ignored_with_the_rest_of_it),
        WITH_NODE(an_upstream_that_brings_nothing_is_given_up_for_another),
        WITH_NODE(a_duplicate_of_who_was_not_asked_is_answered_by_prune),
        WITH_NODE(of_a_log_that_forks_on_and_on_16_branches_are_followed),
        WITH_NODE(a_page_behind_what_is_not_held_is_the_first),
        cmocka_unit_test(an_unknown_reason_is_a_goodbye_like_any),
        cmocka_unit_test(what_follows_bye_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
