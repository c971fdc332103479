/* SPDX-License-Identifier: MIT */
/* Every checker fails when it has to: a small world has settled, then something is said
 * of it that is not so, or happens that must not, and the verdict names whose claim it
 * was. */
#include "scenario.h"

#include "sim/memory.h"
#include <stdlib.h>
#include <string.h>

enum { ALICE = 1, BOB, CAROL };

/* Alice, with links to Bob and Carol. */
struct scene {
    struct sim_world *world;
    uint32_t said;    /* by Alice, in the lobby */
    uint32_t said_by; /* the same by Carol */
    uint32_t told;    /* by Alice, to Bob alone */
};

static struct scene settled_scene(void)
{
    struct scene scene = {.world = scenario_new()};
    assert_int_equal(scenario_start(scene.world, "Alice", 0), ALICE);
    assert_int_equal(scenario_start(scene.world, "Bob", ALICE), BOB);
    assert_int_equal(scenario_start(scene.world, "Carol", ALICE), CAROL);
    await_linked(scene.world, ALICE, BOB, 5);
    await_linked(scene.world, ALICE, CAROL, 5);
    scene.said = say(scene.world, ALICE, 0, "to all");
    scene.said_by = say(scene.world, CAROL, 0, "to all");
    scene.told = say(scene.world, ALICE, BOB, "to you");
    await_shown(scene.world, BOB, scene.said, 5);
    await_shown(scene.world, BOB, scene.said_by, 5);
    await_shown(scene.world, BOB, scene.told, 5);
    run_seconds(scene.world, 5);
    return scene;
}

static struct sim_host *host_of(const struct scene *scene, uint32_t no)
{
    return sim_world_host(scene->world, no);
}

static struct sim_text *text_of(const struct scene *scene, uint32_t no)
{
    return sim_ledger_text(&scene->world->ledger, no);
}

/* By which number `host` knows `peer`. */
static uint32_t peer_number(const struct scene *scene, uint32_t host, uint32_t peer)
{
    const struct sim_disk *disk = &host_of(scene, host)->disk;
    uint32_t no = 0;
    while (!kith_id_equal(&disk->peers[no], &host_of(scene, peer)->identity.id))
        assert_true(++no < disk->peer_capacity);
    return no;
}

static uint32_t room_number(const struct scene *scene, uint32_t host,
                            enum kith_room_kind kind)
{
    const struct sim_disk *disk = &host_of(scene, host)->disk;
    uint32_t no = 1;
    while (disk->rooms[no].no == 0 || disk->rooms[no].kind != kind)
        assert_true(++no <= disk->room_no_max);
    return no;
}

/* ---- shown ---- */

/* What is said to be shown at Bob's, as the next of what this author said. */
struct showing {
    uint32_t author;
    struct kith_bytes text;
    bool is_direct;   /* in the room of the two */
    uint64_t skipped; /* sequence numbers */
};

static struct kith_log_id log_shown(const struct sim_host *host,
                                    const struct kith_id *author, uint64_t *out_seq)
{
    size_t i = 0;
    while (!kith_id_equal(&host->shown_logs[i].author, author))
        assert_true(++i < host->shown_log_count);
    *out_seq = host->shown_logs[i].seq;
    return host->shown_logs[i].log;
}

static void show(const struct scene *scene, struct showing showing)
{
    struct sim_host *bob = host_of(scene, BOB);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    memset(kith_writer_reserve(&content, KITH_SALT_SIZE), 0, KITH_SALT_SIZE);
    kith_body_message_encode(&content, showing.text);
    struct kith_run *run = sim_zeroed(sizeof(*run));
    run->author = host_of(scene, showing.author)->identity.id;
    run->log = log_shown(bob, &run->author, &run->seq_first);
    run->seq_first += 1 + showing.skipped;
    run->count = 1;
    run->events[0].seq = run->seq_first;
    run->events[0].kind = KITH_KIND_MESSAGE;
    run->events[0].content = kith_bytes(content.data, content.size);
    const struct kith_notice notice = {
        .type = KITH_NOTICE_MESSAGE,
        .message = {
            .room_no = room_number(scene, BOB,
                                   showing.is_direct ? KITH_ROOM_DIRECT : KITH_ROOM_OPEN),
            .author_no = peer_number(scene, BOB, showing.author),
            .arrival_first = bob->arrival_last + 1,
            .run = run}};
    sim_check_notice(scene->world, bob, &notice);
    free(run);
    kith_writer_deinit(&content);
}

/* A text of Alice that is held at Bob's, and was shown to nobody. */
static uint32_t unseen_text(const struct scene *scene)
{
    struct sim_world *world = scene->world;
    const uint32_t no =
        sim_ledger_add(&world->ledger, ALICE, 0, ++world->token_next, kith_bytes("x", 1));
    struct sim_disk *disk = &host_of(scene, BOB)->disk;
    disk->texts = sim_grown(disk->texts, &disk->text_capacity, no, 1);
    disk->texts[no] = 1;
    return no;
}

static void shown_twice(const struct scene *scene)
{
    show(scene,
         (struct showing){.author = ALICE, .text = text_of(scene, scene->said)->bytes});
}

static void shown_though_nobody_said_so(const struct scene *scene)
{
    show(scene, (struct showing){.author = ALICE, .text = kith_bytes("1:never", 7)});
}

static void shown_as_what_another_said(const struct scene *scene)
{
    show(scene, (struct showing){.author = CAROL,
                                 .text = text_of(scene, unseen_text(scene))->bytes});
}

static void shown_in_the_wrong_room(const struct scene *scene)
{
    show(scene, (struct showing){.author = ALICE,
                                 .text = text_of(scene, unseen_text(scene))->bytes,
                                 .is_direct = true});
}

static void shown_behind_a_gap(const struct scene *scene)
{
    show(scene, (struct showing){.author = ALICE,
                                 .text = text_of(scene, unseen_text(scene))->bytes,
                                 .skipped = 1});
}

static void shown_before_it_is_committed(const struct scene *scene)
{
    const uint32_t no = unseen_text(scene);
    host_of(scene, BOB)->disk.texts[no] = 0;
    show(scene, (struct showing){.author = ALICE, .text = text_of(scene, no)->bytes});
}

static void held_and_never_shown(const struct scene *scene)
{
    host_of(scene, BOB)->shown[scene->said] = 0;
}

/* ---- the others ---- */

static void acknowledged_and_nowhere(const struct scene *scene)
{
    struct sim_world *world = scene->world;
    const uint32_t no =
        sim_ledger_add(&world->ledger, ALICE, 0, ++world->token_next, kith_bytes("x", 1));
    text_of(scene, no)->state = SIM_TEXT_STORED;
}

static void lost_by_one_member(const struct scene *scene)
{
    host_of(scene, BOB)->disk.texts[scene->said_by] = 0;
}

static void held_twice(const struct scene *scene)
{
    host_of(scene, BOB)->disk.texts[scene->said]++;
}

static void refused_and_held(const struct scene *scene)
{
    text_of(scene, scene->said)->state = SIM_TEXT_REFUSED;
}

static void direct_and_at_a_third_host(const struct scene *scene)
{
    struct sim_disk *disk = &host_of(scene, CAROL)->disk;
    disk->texts = sim_grown(disk->texts, &disk->text_capacity, scene->told, 1);
    disk->texts[scene->told] = 1;
}

/* What goes to all was for Bob, who is away. */
static void direct_and_on_its_way_to_a_third_host(const struct scene *scene)
{
    sim_wire_block(scene->world, ALICE, BOB, true, false);
    const uint32_t no = sim_host_say(scene->world, ALICE, 0, "to you");
    await_shown(scene->world, ALICE, no, 5);
    text_of(scene, no)->to = BOB;
    sim_world_run(scene->world, KITH_SECOND);
}

static void pending_for_ever(const struct scene *scene)
{
    text_of(scene, scene->told)->seq += 1;
}

static void delivered_of_what_the_peer_has_not(const struct scene *scene)
{
    const struct sim_text *text = text_of(scene, scene->told);
    const struct kith_notice notice = {
        .type = KITH_NOTICE_DELIVERY,
        .delivery = {.room_no = room_number(scene, ALICE, KITH_ROOM_DIRECT),
                     .log_no = text->log_no,
                     .seq = text->seq + 1,
                     .peer_no = peer_number(scene, ALICE, BOB)}};
    sim_check_notice(scene->world, host_of(scene, ALICE), &notice);
}

static void known_by_an_old_name(const struct scene *scene)
{
    sim_wire_block(scene->world, ALICE, BOB, true, false);
    sim_host_rename(scene->world, BOB, "Robert");
    run_seconds(scene->world, 1);
}

/* Dave was never linked, and what he said, as much as was said here, is now Bob's. */
static void another_history(const struct scene *scene)
{
    struct sim_world *world = scene->world;
    const uint32_t dave = scenario_start(world, "Dave", 0);
    say(world, dave, 0, "to nobody");
    say(world, dave, 0, "is there nobody?");
    sim_host_depart(world, dave);
    struct kith_store *store = host_of(scene, BOB)->disk.store;
    host_of(scene, BOB)->disk.store = sim_world_host(world, dave)->disk.store;
    sim_world_host(world, dave)->disk.store = store;
}

static void a_queue_without_bound(const struct scene *scene)
{
    scene->world->wire.waiting_size_max = SIZE_MAX / 2;
    sim_host_say(scene->world, BOB, 0, "so much");
}

static void memory_without_bound(const struct scene *scene)
{
    host_of(scene, BOB)->heap.size += SIZE_MAX / 2;
    sim_host_say(scene->world, BOB, 0, "so much");
}

static void memory_without_bound_at_rest(const struct scene *scene)
{
    host_of(scene, BOB)->heap.size += SIZE_MAX / 2;
}

static void accuse(const struct scene *scene, enum kith_warning warning)
{
    const struct kith_notice notice = {
        .type = KITH_NOTICE_WARNING,
        .warning = {.warning = warning, .peer = host_of(scene, BOB)->identity.id}};
    sim_check_notice(scene->world, host_of(scene, ALICE), &notice);
}

static void accused_of_what_nobody_did(const struct scene *scene)
{
    accuse(scene, KITH_WARNING_FAULT);
}

static void accused_of_a_fork(const struct scene *scene)
{
    accuse(scene, KITH_WARNING_FORK);
}

/* ---- verdicts ---- */

struct lie {
    const char *checker;
    const char *name;
    void (*tell)(const struct scene *scene);
    const char *why; /* part of what it says */
};
#define NAMED(tell) #tell, tell

static const struct lie lies[] = {
    {"shown", NAMED(shown_twice), "twice"},
    {"shown", NAMED(shown_though_nobody_said_so), "nobody said"},
    {"shown", NAMED(shown_as_what_another_said), "as another's"},
    {"shown", NAMED(shown_in_the_wrong_room), "wrong room"},
    {"shown", NAMED(shown_behind_a_gap), "a gap"},
    {"shown", NAMED(shown_before_it_is_committed), "before it is committed"},
    {"shown", NAMED(held_and_never_shown), "does not show it"},
    {"loss", NAMED(acknowledged_and_nowhere), "acknowledged"},
    {"loss", NAMED(lost_by_one_member), "held 0 times"},
    {"loss", NAMED(held_twice), "held 2 times"},
    {"loss", NAMED(refused_and_held), "refused"},
    {"secret", NAMED(direct_and_at_a_third_host), "held at host 3"},
    {"secret", NAMED(direct_and_on_its_way_to_a_third_host), "to host 3"},
    {"delivery", NAMED(pending_for_ever), "pending"},
    {"delivery", NAMED(delivered_of_what_the_peer_has_not), "the peer holds"},
    {"names", NAMED(known_by_an_old_name), "its name is \"Robert\""},
    {"order", NAMED(another_history), "history of a room differs"},
    {"bounds", NAMED(a_queue_without_bound), "queued"},
    {"bounds", NAMED(memory_without_bound), "allocated"},
    {"bounds", NAMED(memory_without_bound_at_rest), "at rest"},
    {"blame", NAMED(accused_of_what_nobody_did), "breaking the protocol"},
    {"blame", NAMED(accused_of_a_fork), "two histories"},
};
#define LIE_COUNT (sizeof(lies) / sizeof(lies[0]))

/* As kith-sim comes to it. */
static const char *verdict(struct sim_world *world)
{
    char why[SIM_WHY_SIZE] = "";
    const struct sim_checker *unsettled = NULL;
    if (!world->failure.is_set)
        unsettled = sim_check_settled(world, why);
    if (unsettled != NULL)
        sim_world_fail(world, unsettled->name, "%s", why);
    return world->failure.is_set ? world->failure.checker : "none";
}

static void the_verdict_names_the_checker(void **state)
{
    const struct lie *lie = *state;
    const struct scene scene = settled_scene();
    assert_string_equal(verdict(scene.world), "none");
    lie->tell(&scene);
    assert_string_equal(verdict(scene.world), lie->checker);
    if (strstr(scene.world->failure.text, lie->why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", scene.world->failure.text, lie->why);
    sim_world_free(scene.world);
}

static void no_checker_is_left_out(void **state)
{
    for (size_t i = 0; i < sim_checker_count; i++) {
        bool is_tried = false;
        for (size_t j = 0; j < LIE_COUNT; j++)
            is_tried |= strcmp(lies[j].checker, sim_checkers[i]->name) == 0;
        if (!is_tried)
            fail_msg("no lie is told to \"%s\"", sim_checkers[i]->name);
    }
}

int main(void)
{
    struct CMUnitTest tests[LIE_COUNT + 1] = {cmocka_unit_test(no_checker_is_left_out)};
    for (size_t i = 0; i < LIE_COUNT; i++)
        tests[i + 1] = (struct CMUnitTest){.name = lies[i].name,
                                           .test_func = the_verdict_names_the_checker,
                                           .initial_state = (void *)&lies[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
