/* SPDX-License-Identifier: MIT */
/* Searching a million messages, beside raw SQLite that gives only row numbers.
 *
 * Messages have twelve words, whose frequencies fall as those of a language do (the n-th
 * most common word is a n-th as common as the first). Each search asks for the latest 50.
 * The reference is FTS5 on the same index, from the same words, on a connection of its
 * own; it knows of no messages, and gathers all that an unfinished word may become.
 *
 * The index is filled as a node does while a search waits for it, which is the most that
 * it does of it; another thread sees how long whatever else there is has to wait.
 *
 * An argument gives the number of messages. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>
#include <uv.h>

#include "lib/folder.h"
#include "lib/measure.h"
#include "lib/sample.h"
#include "node/upkeep.h"
#include "store/store.h"

#define EVENTS     1000000 /* unless said otherwise */
#define RUN_COUNT  125
#define A_COMMIT   8 /* runs */
#define VOCABULARY 30000
#define LIMIT      50
#define ROUNDS     51
#define CALLS_MAX  100000
#define CALL_MS    2 /* between two calls */
#define WORD_SIZE  8
#define RARE       (VOCABULARY - 2) /* the last that is ever drawn */
#define DB_SIZE    (BENCH_FOLDER_SIZE + 16)

struct bench {
    struct bench_folder folder;
    char db[DB_SIZE];
    struct kith_store *store;
    sqlite3 *raw;
    uint64_t events;
    uint64_t state; /* of the random numbers */
};

/* ---- messages ---- */

static uint64_t draw(struct bench *b)
{
    b->state ^= b->state << 13;
    b->state ^= b->state >> 7;
    b->state ^= b->state << 17;
    return b->state;
}

/* Letters that stand for a number; the most common word begins as many others do. */
static void make_word(unsigned number, char out[static WORD_SIZE])
{
    unsigned mixed = number == 0 ? 0 : (number * 7919u) % 456976u + 1;
    size_t size = 0;
    out[size++] = 'w';
    do {
        out[size++] = (char)('a' + mixed % 26);
        mixed /= 26;
    } while (mixed > 0 || size < 4);
    out[size] = '\0';
}

static void fill_text(struct bench *b, uint8_t *text)
{
    size_t at = 0;
    memset(text, ' ', BENCH_TEXT_SIZE);
    while (at + WORD_SIZE <= BENCH_TEXT_SIZE) {
        char word[WORD_SIZE];
        double even = (double)(draw(b) >> 11) / 9007199254740992.0;
        make_word((unsigned)(exp(even * log(VOCABULARY)) - 1), word);
        memcpy(text + at, word, strlen(word));
        at += strlen(word) + 1;
    }
}

static void change_texts(struct bench *b, struct bench_sample *sample)
{
    for (size_t i = 0; i < sample->run.count; i++) {
        struct kith_bytes content = sample->run.events[i].content;
        size_t at = (size_t)(content.data - sample->bytes.data);
        fill_text(b, sample->bytes.data + at + content.size - BENCH_TEXT_SIZE);
    }
}

static void put_names(struct kith_store *store)
{
    struct kith_record room = {
        .type = KITH_RECORD_ROOM,
        .room = {.no = 1, .kind = KITH_ROOM_OPEN, .is_joined = true}};
    struct kith_record log = {.type = KITH_RECORD_LOG,
                              .log = {.no = 1, .room_no = 1, .seq_first = 1}};
    bench_must(kith_store_put(store, &room) == 0 && kith_store_put(store, &log) == 0 &&
                   kith_store_commit(store) == 0,
               "storing a room");
}

static void fill(struct bench *b)
{
    struct bench_sample sample;
    struct kith_record record = {
        .type = KITH_RECORD_RUN,
        .run = {.room_no = 1, .log_no = 1, .seen = 1700000000000000, .run = &sample.run}};
    bench_sample_init(&sample, RUN_COUNT);
    put_names(b->store);
    for (uint64_t seq = 1; seq <= b->events; seq += RUN_COUNT) {
        bench_sample_move(&sample, seq);
        change_texts(b, &sample);
        record.run.arrival_first = seq;
        bench_must(kith_store_put(b->store, &record) == 0, "put");
        if (seq / RUN_COUNT % A_COMMIT == A_COMMIT - 1)
            bench_must(kith_store_commit(b->store) == 0, "commit");
    }
    bench_must(kith_store_commit(b->store) == 0, "commit");
    bench_sample_deinit(&sample);
}

/* ---- filling the index ---- */

struct filling {
    struct kith_upkeep upkeep;
    uv_loop_t loop;
    uv_timer_t search; /* one that waits: asks each millisecond */
    uv_async_t call;
    uv_thread_t caller;
    uv_sem_t answered;
    _Atomic uint64_t called_ns;
    atomic_bool is_done;
    double waits[CALLS_MAX]; /* ms */
    size_t wait_count;
};

static void on_settled(void *ctx, int error)
{
    (void)ctx;
    bench_must(error == 0, "a checkpoint");
}

static void on_call(uv_async_t *handle)
{
    struct filling *filling = handle->data;
    uint64_t called_ns = atomic_exchange(&filling->called_ns, 0);
    if (called_ns == 0)
        return;
    if (filling->wait_count < CALLS_MAX)
        filling->waits[filling->wait_count++] = (double)(uv_hrtime() - called_ns) / 1e6;
    uv_sem_post(&filling->answered);
}

static void call_again_and_again(void *ctx)
{
    struct filling *filling = ctx;
    while (!atomic_load(&filling->is_done)) {
        uv_sleep(CALL_MS);
        atomic_store(&filling->called_ns, uv_hrtime());
        uv_async_send(&filling->call);
        uv_sem_wait(&filling->answered);
    }
}

static void on_search(uv_timer_t *timer)
{
    struct filling *filling = timer->data;
    if (kith_upkeep_index(&filling->upkeep)) {
        atomic_store(&filling->is_done, true);
        uv_timer_stop(timer);
    }
}

static void run_filling(struct bench *b, struct filling *filling)
{
    uv_loop_t *loop = &filling->loop;
    uv_loop_init(loop);
    uv_sem_init(&filling->answered, 0);
    kith_upkeep_init(&filling->upkeep, loop, b->store, on_settled, NULL);
    uv_async_init(loop, &filling->call, on_call);
    uv_timer_init(loop, &filling->search);
    filling->call.data = filling->search.data = filling;
    uv_timer_start(&filling->search, on_search, 1, 1);
    uv_thread_create(&filling->caller, call_again_and_again, filling);
    while (!atomic_load(&filling->is_done))
        uv_run(loop, UV_RUN_ONCE);
    uv_sem_post(&filling->answered); /* of a call that came too late */
    uv_thread_join(&filling->caller);
    kith_upkeep_stop(&filling->upkeep);
    while (!kith_upkeep_is_idle(&filling->upkeep))
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&filling->upkeep.quiet, NULL);
    uv_close((uv_handle_t *)&filling->search, NULL);
    uv_close((uv_handle_t *)&filling->call, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    uv_sem_destroy(&filling->answered);
}

static void fill_index(struct bench *b)
{
    struct filling *filling = calloc(1, sizeof *filling);
    bench_must(filling != NULL, "allocating");
    double begin = bench_now_s();
    run_filling(b, filling);
    double spent = bench_now_s() - begin;
    double p99 = bench_quantile(filling->waits, filling->wait_count, 0.99);
    double worst = bench_quantile(filling->waits, filling->wait_count, 1);
    bench_print(&(struct bench_line){.what = "search index, filled",
                                     .figure = (double)b->events / spent,
                                     .unit = "messages/s"});
    bench_print(&(struct bench_line){
        .what = "a call to the loop meanwhile, p99", .figure = p99, .unit = "ms"});
    bench_print(&(struct bench_line){
        .what = "a call to the loop meanwhile, worst", .figure = worst, .unit = "ms"});
    free(filling);
}

/* ---- searching ---- */

static int count_event(void *ctx, const struct kith_stored_event *event)
{
    size_t *count = ctx;
    *count += event->content.size > 0;
    return 0;
}

static double search(struct bench *b, const char *text, size_t *out_count)
{
    struct kith_search_query query = {.text = kith_bytes(text, strlen(text)),
                                      .limit = LIMIT};
    double begin = bench_now_s();
    *out_count = 0;
    bench_must(kith_store_search_indexed(b->store, &query, count_event, out_count) == 0,
               "searching");
    return (bench_now_s() - begin) * 1e3;
}

static double search_raw(struct bench *b, const char *text)
{
    sqlite3_stmt *s = NULL;
    double begin = bench_now_s();
    bench_must(sqlite3_prepare_v2(b->raw,
                                  "SELECT rowid FROM search WHERE search MATCH ?1"
                                  " ORDER BY rowid DESC LIMIT ?2",
                                  -1, &s, NULL) == SQLITE_OK,
               "preparing");
    sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, LIMIT);
    while (sqlite3_step(s) == SQLITE_ROW)
        continue;
    sqlite3_finalize(s);
    return (bench_now_s() - begin) * 1e3;
}

static void run_case(struct bench *b, const char *what, const char *text, const char *raw)
{
    double times[ROUNDS];
    double raw_times[ROUNDS];
    char line[96];
    size_t count = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        times[i] = search(b, text, &count);
        raw_times[i] = search_raw(b, raw);
    }
    snprintf(line, sizeof line, "search, %s (%zu found), p50", what, count);
    struct bench_line shown = {.what = line,
                               .figure = bench_median(times, ROUNDS),
                               .unit = "ms",
                               .reference_name = "raw FTS5",
                               .reference = bench_median(raw_times, ROUNDS),
                               .is_less_better = true};
    bench_print(&shown);
    snprintf(line, sizeof line, "search, %s, worst", what);
    shown.figure = bench_quantile(times, ROUNDS, 1);
    shown.reference = bench_quantile(raw_times, ROUNDS, 1);
    bench_print(&shown);
}

static void run_cases(struct bench *b)
{
    char common[WORD_SIZE], second[WORD_SIZE], rare[WORD_SIZE];
    char text[64], raw[64];
    make_word(0, common);
    make_word(1, second);
    make_word(RARE, rare);
    snprintf(text, sizeof text, "\"%s\"", common);
    run_case(b, "the most common word", text, text);
    snprintf(raw, sizeof raw, "\"%.3s\"*", common);
    snprintf(text, sizeof text, "%.3s", common);
    run_case(b, "the most common word, unfinished", text, raw);
    snprintf(raw, sizeof raw, "\"%s\" \"%s\"*", common, second);
    snprintf(text, sizeof text, "%s %s", common, second);
    run_case(b, "two common words", text, raw);
    snprintf(text, sizeof text, "\"%s %s\"", second, common);
    run_case(b, "a common phrase", text, text);
    snprintf(raw, sizeof raw, "\"%s\"*", rare);
    run_case(b, "a rare word", rare, raw);
    snprintf(raw, sizeof raw, "\"%s\" \"%s\"*", common, rare);
    snprintf(text, sizeof text, "%s %s", common, rare);
    run_case(b, "a common and a rare word", text, raw);
    run_case(b, "an absent word", "absent", "\"absent\"*");
}

static void find_by_id(struct bench *b)
{
    double times[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct kith_id id;
        size_t count = 0;
        bench_must(kith_store_event_id(b->store, 1, draw(b) % b->events + 1, &id) == 0,
                   "id");
        double begin = bench_now_s();
        bench_must(kith_store_message(b->store, &id, count_event, &count) == 0 && count,
                   "finding a message by its id");
        times[i] = (bench_now_s() - begin) * 1e6;
    }
    bench_print(&(struct bench_line){.what = "message by its id, p50",
                                     .figure = bench_median(times, ROUNDS),
                                     .unit = "us"});
    bench_print(&(struct bench_line){.what = "message by its id, worst",
                                     .figure = bench_quantile(times, ROUNDS, 1),
                                     .unit = "us"});
}

int main(int argc, char **argv)
{
    struct bench_others others;
    struct bench b = {.events = EVENTS, .state = 88172645463325252u};
    if (argc > 1)
        b.events = strtoull(argv[1], NULL, 10);
    bench_must(b.events > 0, "a number of messages");
    bench_others_begin(&others);
    bench_folder_make(&b.folder);
    snprintf(b.db, sizeof b.db, "%s/kith.db", b.folder.path);
    struct kith_store_config config = {.path = b.db};
    bench_must(kith_store_open(&config, &b.store, NULL) == 0, "opening");
    fill(&b);
    fill_index(&b);
    bench_must(sqlite3_open_v2(b.db, &b.raw, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK,
               "opening");
    run_cases(&b);
    find_by_id(&b);
    sqlite3_close(b.raw);
    kith_store_close(b.store);
    bench_folder_remove(&b.folder);
    bench_others_print(&others, "search");
    return 0;
}
