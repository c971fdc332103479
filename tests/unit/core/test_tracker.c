/* SPDX-License-Identifier: MIT */
/* The links to trackers: dialled for ever, registered at, kept alive. */
#include "tracked.h"

#include <sodium.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/engine.h"

static struct kith_tracker_view view(const struct lone *l, uint32_t no)
{
    struct kith_tracker_view out;
    assert_true(kith_node_tracker(l->node, no, &out));
    return out;
}

/* Its addresses as one text, once the signature is seen to fit. */
static void read_record(const struct lone *l, struct kith_bytes bytes,
                        char out[static 512], uint64_t *counter)
{
    struct kith_signed_addresses record;
    uint8_t message[KITH_VERIFY_SIZE];
    out[0] = '\0';
    if (bytes.size == 0)
        return;
    assert_int_equal(kith_signed_addresses_decode(bytes, &record), 0);
    assert_true(kith_id_equal(&record.id, &l->key.id));
    kith_digest_addresses(record.fields, l->node->network_key, message);
    assert_int_equal(crypto_sign_verify_detached(record.signature, message,
                                                 sizeof(message), l->key.id.bytes),
                     0);
    for (size_t i = 0; i < record.address_count; i++) {
        strncat(out, i > 0 ? " " : "", 2);
        strncat(out, (const char *)record.addresses[i].data, record.addresses[i].size);
    }
    if (counter != NULL)
        *counter = record.counter;
}

static void assert_records(const struct lone *l, uint32_t no, const char *public,
                           const char *local)
{
    struct kith_frame_register frame = tracked_registration(l, no);
    char text[512];
    read_record(l, frame.record_public, text, NULL);
    assert_string_equal(text, public);
    read_record(l, frame.record_local, text, NULL);
    assert_string_equal(text, local);
}

static void rename_to(struct lone *l, const char *name)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_RENAME;
    in.command.token = 9;
    memcpy(in.command.rename.text, name, strlen(name) + 1);
    lone_step(l, in);
}

static void map_to(struct lone *l, const char *host)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_MAPPED;
    in.command.token = 9;
    memcpy(in.command.mapped.host, host, strlen(host) + 1);
    in.command.mapped.port = host[0] != '\0' ? 6000 : 0;
    lone_step(l, in);
}

/* ---- registering ---- */

static void a_tracker_is_dialled_and_registered_at(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"192.168.1.5", "2001:db8::5", "127.0.0.1"};
    struct kith_id id = tracked_id(1);
    uint8_t tag[KITH_NETWORK_TAG_SIZE];
    tracked_listen(l, hosts, 3);
    assert_int_equal(tracked_add(l, 1, NULL), 0);
    assert_int_equal(l->trackers[1].dial_count, 1);
    assert_string_equal(l->trackers[1].address.host, "t1.example");
    assert_false(l->trackers[1].has_expected);
    tracked_up(l, 1, "198.51.100.1");
    struct kith_frame_register frame = tracked_registration(l, 1);
    kith_digest_network_tag(l->node->network_key, &id, tag);
    assert_memory_equal(frame.tag, tag, sizeof(tag));
    assert_int_equal(frame.version_min, 1);
    assert_int_equal(frame.version_max, 1);
    assert_true(kith_bytes_equal(frame.name, BYTES("lone")));
    assert_int_equal(frame.port, 4747);
    assert_true(frame.wants_check);
    assert_records(l, 1, "[2001:db8::5]:4747", "192.168.1.5:4747");
    assert_false(view(l, 1).is_registered);
    tracked_welcome(l, 1, "203.0.113.77:4747");
    assert_true(view(l, 1).is_registered);
    assert_true(view(l, 1).relays);
    assert_int_equal(view(l, 1).network_count, 2);
    assert_string_equal(view(l, 1).observed.host, "203.0.113.77");
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_TRACKER);
    assert_int_equal(told->tracker.tracker, 1);
    assert_true(told->tracker.is_registered);
}

static void each_tracker_gets_a_tag_of_its_own(void **state)
{
    struct lone *l = *state;
    uint8_t first[KITH_NETWORK_TAG_SIZE];
    tracked_join(l, 1);
    tracked_join(l, 2);
    memcpy(first, tracked_registration(l, 1).tag, sizeof(first));
    assert_memory_not_equal(tracked_registration(l, 2).tag, first, sizeof(first));
}

static void who_listens_nowhere_registers_without_records(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    struct kith_frame_register frame = tracked_registration(l, 1);
    assert_int_equal(frame.port, 0);
    assert_false(frame.wants_check);
    assert_records(l, 1, "", "");
}

static void what_the_tracker_sees_is_for_everybody(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"192.168.1.5", "10.9.9.9"};
    tracked_listen(l, hosts, 2);
    tracked_add(l, 1, NULL);
    tracked_up(l, 1, "192.168.1.1");
    assert_records(l, 1, "", "192.168.1.5:4747 10.9.9.9:4747");
    tracked_welcome(l, 1, "192.168.1.5:50000");
    assert_records(l, 1, "192.168.1.5:4747", "10.9.9.9:4747");
}

static void where_it_is_seen_as_it_listens_it_is_told_of_once(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"203.0.113.77"};
    tracked_listen(l, hosts, 1);
    tracked_join(l, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    assert_records(l, 1, "203.0.113.77:4747", "");
}

static void this_host_is_told_of_at_a_tracker_of_this_host_only(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    tracked_listen(l, hosts, 2);
    tracked_join(l, 1);
    assert_records(l, 1, "", "");
    tracked_add(l, 2, NULL);
    tracked_up(l, 2, "127.0.0.1");
    tracked_welcome(l, 2, "127.0.0.1:50000");
    assert_records(l, 2, "127.0.0.1:4747", "[::1]:4747");
}

static void it_registers_anew_when_renamed_or_moved(void **state)
{
    struct lone *l = *state;
    static const char *const before[] = {"192.168.1.5"};
    static const char *const after[] = {"192.168.1.6"};
    tracked_listen(l, before, 1);
    tracked_join(l, 1);
    tracked_add(l, 2, NULL); /* not up: nothing is sent there */
    size_t sent = tracked_count(l, 1, KITH_FRAME_REGISTER);
    rename_to(l, "sam");
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent + 1);
    assert_true(kith_bytes_equal(tracked_registration(l, 1).name, BYTES("sam")));
    tracked_listen(l, after, 1);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent + 2);
    assert_records(l, 1, "", "192.168.1.6:4747");
    tracked_listen(l, after, 1); /* the same again */
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent + 2);
    assert_int_equal(tracked_count(l, 2, KITH_FRAME_REGISTER), 0);
}

/* Later records have to count: with a higher counter, though all happens at once. */
static void each_record_is_newer_than_those_before(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"192.168.1.5", "2001:db8::5"};
    char text[512];
    uint64_t last = 0;
    tracked_listen(l, hosts, 2);
    tracked_join(l, 1);
    for (int i = 0; i < 3; i++) {
        uint64_t for_all, local;
        rename_to(l, i % 2 == 0 ? "sam" : "pat");
        struct kith_frame_register frame = tracked_registration(l, 1);
        read_record(l, frame.record_public, text, &for_all);
        read_record(l, frame.record_local, text, &local);
        assert_true(for_all > last && local > for_all);
        last = local;
    }
}

/* What peers tell one another of us does not change with what a tracker is told. */
static void peers_are_not_told_anew_when_a_tracker_is(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"192.168.1.5"};
    struct lone_peer first, second;
    uint64_t counters[2];
    tracked_listen(l, hosts, 1);
    for (uint32_t link = 1; link <= 2; link++) {
        struct lone_peer *peer = link == 1 ? &first : &second;
        struct kith_frame_addresses frame;
        struct kith_signed_addresses record;
        lone_connect(l, peer, (uint8_t)link, link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, peer);
        const struct lone_frame *sent = lone_last_sent(l, link, KITH_FRAME_ADDRESSES);
        assert_int_equal(
            kith_frame_addresses_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
        assert_int_equal(kith_signed_addresses_decode(frame.records[0], &record), 0);
        counters[link - 1] = record.counter;
        if (link == 1)
            tracked_join(l, 1);
    }
    assert_true(counters[0] == counters[1]);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ADDRESSES), 1);
}

static void records_are_made_anew_after_half_their_life(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"2001:db8::5"};
    tracked_listen(l, hosts, 1);
    tracked_join(l, 1);
    size_t sent = tracked_count(l, 1, KITH_FRAME_REGISTER);
    for (kith_time at = 0; at < KITH_TRACKER_RECORD_LIFE; at += 10 * KITH_SECOND) {
        assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent);
        lone_pass(l, 10 * KITH_SECOND);
        tracked_say_raw(l, 1, kith_bytes("\xff", 1)); /* the tracker lives */
        if (l->sent_count > LONE_SENT_MAX / 2) {
            lone_forget(l);
            sent = 0;
        }
    }
    lone_pass(l, 30 * KITH_SECOND);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent + 1);
}

static void a_mapped_address_is_for_everybody_unless_it_is_not_reached(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[] = {"192.168.1.5"};
    tracked_listen(l, hosts, 1);
    tracked_join(l, 1);
    map_to(l, "203.0.113.9");
    assert_records(l, 1, "203.0.113.9:6000", "192.168.1.5:4747");
    tracked_reachable(l, 1, "203.0.113.9:6000", false);
    assert_records(l, 1, "", "192.168.1.5:4747");
    map_to(l, "203.0.113.10");
    assert_records(l, 1, "203.0.113.10:6000", "192.168.1.5:4747");
    map_to(l, "");
    assert_records(l, 1, "", "192.168.1.5:4747");
}

/* ---- for ever ---- */

static void one_that_is_away_is_dialled_within_two_seconds_for_ever(void **state)
{
    struct lone *l = *state;
    tracked_add(l, 1, NULL);
    for (size_t i = 1; i < 200; i++) {
        assert_int_equal(l->trackers[1].dial_count, i);
        tracked_down(l, 1, KITH_EREFUSED);
        lone_pass(l, 100 * KITH_MS);
        assert_int_equal(l->trackers[1].dial_count, i); /* never at once */
        lone_pass(l, KITH_TRACKER_RETRY_MAX - 100 * KITH_MS);
    }
    /* Told once, for nothing new happened. */
    assert_int_equal(lone_count_told(l, KITH_NOTICE_TRACKER), 1);
    assert_int_equal(view(l, 1).error, KITH_EREFUSED);
    assert_int_equal(view(l, 1).failures, 199);
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, "203.0.113.77:4747");
    assert_true(view(l, 1).is_registered);
    assert_int_equal(view(l, 1).error, 0);
    assert_int_equal(view(l, 1).failures, 0);
}

static void one_that_restarts_is_back_at_once(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    lone_pass(l, 20 * KITH_SECOND);
    lone_forget(l);
    tracked_down(l, 1, KITH_ECLOSED);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_TRACKER);
    assert_false(told->tracker.is_registered);
    assert_int_equal(told->tracker.error, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MIN);
    assert_int_equal(l->trackers[1].dial_count, 2);
}

static void one_that_welcomes_and_closes_is_not_hammered(void **state)
{
    struct lone *l = *state;
    tracked_add(l, 1, NULL);
    for (int i = 0; i < 20; i++) {
        tracked_up(l, 1, "198.51.100.1");
        tracked_welcome(l, 1, "203.0.113.77:4747");
        tracked_down(l, 1, KITH_ECLOSED);
        lone_pass(l, KITH_TRACKER_RETRY_MAX);
    }
    size_t dials = l->trackers[1].dial_count;
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, "203.0.113.77:4747");
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MAX / 2 - KITH_MS);
    assert_int_equal(l->trackers[1].dial_count, dials);
}

static void where_another_link_of_ours_is_preferred_we_come_back_in_a_minute(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    tracked_join(l, 1);
    lone_pass(l, 20 * KITH_SECOND);
    kith_frame_bye_encode(&w, &(struct kith_frame_bye){.reason = KITH_BYE_REPLACED});
    tracked_say(l, 1, &w);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, 59 * KITH_SECOND);
    assert_int_equal(l->trackers[1].dial_count, 1);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->trackers[1].dial_count, 2);
    tracked_down(l, 1, KITH_EREFUSED); /* that is another matter */
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_int_equal(l->trackers[1].dial_count, 3);
}

static void a_silent_one_is_asked_and_then_given_up(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    lone_pass(l, 29 * KITH_SECOND);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 0);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 1);
    lone_pass(l, 14 * KITH_SECOND);
    assert_int_equal(l->trackers[1].closed, 1);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->trackers[1].closed, KITH_ETIMEDOUT);
    assert_false(view(l, 1).is_registered);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_int_equal(l->trackers[1].dial_count, 2);
}

static void one_that_answers_is_kept(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    for (int i = 1; i <= 10; i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        lone_pass(l, 30 * KITH_SECOND);
        assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), i);
        kith_frame_ping_encode(&w, KITH_FRAME_PONG, &(struct kith_frame_ping){1});
        tracked_say(l, 1, &w);
    }
    assert_true(view(l, 1).is_registered);
}

static void without_a_welcome_in_time_it_is_given_up(void **state)
{
    struct lone *l = *state;
    tracked_add(l, 1, NULL);
    tracked_up(l, 1, "198.51.100.1");
    for (int i = 0; i < 4; i++) { /* to talk of something else is no way around it */
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        lone_pass(l, KITH_SECOND);
        kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){7});
        tracked_say(l, 1, &w);
        assert_int_equal(tracked_count(l, 1, KITH_FRAME_PONG), i + 1);
        assert_int_equal(l->trackers[1].closed, 1);
    }
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->trackers[1].closed, KITH_ETIMEDOUT);
}

static void at_most_eight_are_used(void **state)
{
    struct lone *l = *state;
    for (uint32_t no = 1; no <= KITH_TRACKERS_MAX; no++)
        assert_int_equal(tracked_add(l, no, NULL), 0);
    assert_int_equal(tracked_add(l, KITH_TRACKERS_MAX + 1, NULL), KITH_ELIMIT);
    assert_int_equal(tracked_add(l, 3, NULL), 0); /* that one is known */
    struct kith_tracker_view none;
    assert_false(kith_node_tracker(l->node, KITH_TRACKERS_MAX + 1, &none));
    assert_false(kith_node_tracker(l->node, 0, &none));
}

static void all_are_told_goodbye(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    tracked_add(l, 2, NULL);
    tracked_up(l, 2, "198.51.100.2"); /* greeting yet */
    tracked_add(l, 3, NULL);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_STOP;
    lone_step(l, in);
    for (uint32_t no = 1; no <= 2; no++) {
        struct kith_frame_bye bye;
        const struct lone_frame *sent =
            lone_last_sent(l, LONE_TRACKER + no, KITH_FRAME_BYE);
        assert_non_null(sent);
        assert_int_equal(
            kith_frame_bye_decode(kith_bytes(sent->fields, sent->size), &bye), 0);
        assert_int_equal(bye.reason, KITH_BYE_LEAVING);
        assert_int_equal(l->trackers[no].closed, KITH_ECLOSED);
    }
    assert_int_equal(tracked_count(l, 3, KITH_FRAME_BYE), 0);
    lone_pass(l, KITH_MINUTE);
    assert_int_equal(l->trackers[1].dial_count, 1);
}

/* ---- keys ---- */

static void the_first_key_is_kept_and_expected_from_then_on(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_id(1);
    tracked_join(l, 1);
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], 1);
    assert_true(kith_id_equal(&l->pin.id, &id));
    assert_string_equal(l->pin.address.host, "t1.example");
    lone_pass(l, 20 * KITH_SECOND);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_true(l->trackers[1].has_expected);
    assert_true(kith_id_equal(&l->trackers[1].expected, &id));
    tracked_up(l, 1, "198.51.100.1");
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], 1);
}

static void a_given_key_is_expected_from_the_beginning(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_id(1);
    tracked_add(l, 1, &id);
    assert_true(l->trackers[1].has_expected);
    assert_true(kith_id_equal(&l->trackers[1].expected, &id));
}

static void another_key_is_told_of_once_and_tried_again(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_id(1);
    tracked_join(l, 1);
    lone_pass(l, 20 * KITH_SECOND);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_forget(l);
    for (int i = 0; i < 5; i++) {
        lone_pass(l, KITH_TRACKER_RETRY_MAX);
        tracked_down(l, 1, KITH_EIDENTITY); /* as the shell refuses it */
    }
    assert_int_equal(l->trackers[1].dial_count, 6);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 1);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_WARNING);
    assert_int_equal(told->warning.warning, KITH_WARNING_TRACKER);
    assert_int_equal(told->warning.error, KITH_EIDENTITY);
    assert_true(kith_id_equal(&told->warning.peer, &id));
    assert_string_equal(told->warning.address.host, "t1.example");
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), 0);
    assert_int_equal(view(l, 1).error, KITH_EIDENTITY);
}

static void a_key_is_remembered_over_restarts(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    struct kith_id id = tracked_id(1);
    (void)state;
    lone_init(l);
    struct kith_record record = {.type = KITH_RECORD_TRACKER,
                                 .tracker = {tracked_address(1), id, false}};
    assert_int_equal(kith_node_restore(l->node, &record), 0);
    lone_start(l);
    assert_int_equal(l->trackers[1].dial_count, 0); /* it is not configured any more */
    tracked_add(l, 1, NULL);
    assert_true(l->trackers[1].has_expected);
    assert_true(kith_id_equal(&l->trackers[1].expected, &id));
    tracked_up(l, 1, "198.51.100.1");
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], 0); /* it is there */
    lone_deinit(l);
    free(l);
}

static void a_given_key_replaces_the_one_kept(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    struct kith_id id = tracked_id(1), other = tracked_id(2);
    (void)state;
    lone_init(l);
    struct kith_record record = {.type = KITH_RECORD_TRACKER,
                                 .tracker = {tracked_address(1), other, false}};
    assert_int_equal(kith_node_restore(l->node, &record), 0);
    lone_start(l);
    tracked_add(l, 1, &id);
    assert_true(kith_id_equal(&l->trackers[1].expected, &id));
    tracked_up(l, 1, "198.51.100.1");
    assert_true(kith_id_equal(&l->pin.id, &id));
    lone_deinit(l);
    free(l);
}

static void a_key_whose_row_was_lost_is_put_again(void **state)
{
    struct lone *l = *state;
    l->store_error = KITH_EIO;
    tracked_join(l, 1);
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], 0);
    l->store_error = 0;
    lone_pass(l, 20 * KITH_SECOND);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    tracked_up(l, 1, "198.51.100.1");
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tracker_is_dialled_and_registered_at),
        TEST(each_tracker_gets_a_tag_of_its_own),
        TEST(who_listens_nowhere_registers_without_records),
        TEST(what_the_tracker_sees_is_for_everybody),
        TEST(where_it_is_seen_as_it_listens_it_is_told_of_once),
        TEST(this_host_is_told_of_at_a_tracker_of_this_host_only),
        TEST(it_registers_anew_when_renamed_or_moved),
        TEST(each_record_is_newer_than_those_before),
        TEST(peers_are_not_told_anew_when_a_tracker_is),
        TEST(records_are_made_anew_after_half_their_life),
        TEST(a_mapped_address_is_for_everybody_unless_it_is_not_reached),
        TEST(one_that_is_away_is_dialled_within_two_seconds_for_ever),
        TEST(one_that_restarts_is_back_at_once),
        TEST(one_that_welcomes_and_closes_is_not_hammered),
        TEST(where_another_link_of_ours_is_preferred_we_come_back_in_a_minute),
        TEST(a_silent_one_is_asked_and_then_given_up),
        TEST(one_that_answers_is_kept),
        TEST(without_a_welcome_in_time_it_is_given_up),
        TEST(at_most_eight_are_used),
        TEST(all_are_told_goodbye),
        TEST(the_first_key_is_kept_and_expected_from_then_on),
        TEST(a_given_key_is_expected_from_the_beginning),
        TEST(another_key_is_told_of_once_and_tried_again),
        cmocka_unit_test(a_key_is_remembered_over_restarts),
        cmocka_unit_test(a_given_key_replaces_the_one_kept),
        TEST(a_key_whose_row_was_lost_is_put_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
