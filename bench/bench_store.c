/* SPDX-License-Identifier: MIT */
/* The store beside raw SQLite that writes and reads the same tables.
 *
 * The store runs as in a node, with checkpoints on a thread beside it. Every case runs a
 * few times in turns with its reference; what is printed are medians. */
#include <pthread.h>
#include <stdio.h>

#include "kith/error.h"
#include "lib/folder.h"
#include "lib/measure.h"
#include "lib/raw_sqlite.h"
#include "lib/sample.h"
#include "store/store.h"

#define EVENTS    200000
#define ROUNDS    5
#define SINGLES   2000
#define LOAD_SIZE (1024 * 1024)

struct home {
    struct bench_folder folder;
    char db[BENCH_FOLDER_SIZE + 16];
};

static void home_make(struct home *home)
{
    bench_folder_make(&home->folder);
    snprintf(home->db, sizeof home->db, "%s/kith.db", home->folder.path);
}

/* ---- the store ---- */

/* A thread that runs checkpoints handed to it, as the node's workers do. */
struct worker {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct kith_checkpoint *job; /* NULL: none */
    bool is_done;                /* the job is */
    bool is_stopping;
};

static void *worker_main(void *ctx)
{
    struct worker *w = ctx;
    pthread_mutex_lock(&w->mutex);
    while (!w->is_stopping) {
        if (!w->job || w->is_done) {
            pthread_cond_wait(&w->cond, &w->mutex);
            continue;
        }
        pthread_mutex_unlock(&w->mutex);
        kith_checkpoint_run(w->job);
        pthread_mutex_lock(&w->mutex);
        w->is_done = true;
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void worker_start(struct worker *w)
{
    *w = (struct worker){.is_done = false};
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->cond, NULL);
    bench_must(pthread_create(&w->thread, NULL, worker_main, w) == 0,
               "starting a thread");
}

static void worker_turn(struct worker *w, struct kith_store *store)
{
    pthread_mutex_lock(&w->mutex);
    if (w->job && w->is_done) {
        bench_must(kith_store_checkpoint_end(store) == 0, "a checkpoint");
        w->job = NULL;
    }
    if (!w->job && kith_store_checkpoint_is_due(store)) {
        w->job = kith_store_checkpoint_begin(store);
        w->is_done = false;
        pthread_cond_signal(&w->cond);
    }
    pthread_mutex_unlock(&w->mutex);
}

static void worker_stop(struct worker *w, struct kith_store *store)
{
    pthread_mutex_lock(&w->mutex);
    w->is_stopping = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    if (w->job)
        kith_store_checkpoint_end(store);
}

static void put_names(struct kith_store *store)
{
    struct kith_record room = {.type = KITH_RECORD_ROOM,
                               .room = {.no = 1, .kind = KITH_ROOM_OPEN}};
    struct kith_record log = {.type = KITH_RECORD_LOG,
                              .log = {.no = 1, .room_no = 1, .seq_first = 1}};
    bench_must(kith_store_put(store, &room) == 0 && kith_store_put(store, &log) == 0 &&
                   kith_store_commit(store) == 0,
               "storing a room");
}

struct written {
    double rate;
    double commit_s_max;
    size_t wal_pages_max;
};

static struct written store_write(struct kith_store *store, struct bench_sample *sample,
                                  size_t events, size_t a_commit)
{
    struct worker worker;
    struct written written = {0};
    struct kith_record record = {
        .type = KITH_RECORD_RUN,
        .run = {
            .room_no = 1, .log_no = 1, .seen = 1700000000000000, .run = &sample->run}};
    worker_start(&worker);
    double begin = bench_now_s();
    for (uint64_t seq = 1; seq <= events;) {
        uint64_t first = seq;
        do {
            bench_sample_move(sample, seq);
            record.run.arrival_first = seq;
            bench_must(kith_store_put(store, &record) == 0, "put");
            seq += sample->run.count;
        } while (seq - first < a_commit && seq <= events);
        double before = bench_now_s();
        bench_must(kith_store_commit(store) == 0, "commit");
        double spent = bench_now_s() - before;
        if (spent > written.commit_s_max)
            written.commit_s_max = spent;
        if (kith_store_wal_pages(store) > written.wal_pages_max)
            written.wal_pages_max = kith_store_wal_pages(store);
        worker_turn(&worker, store);
    }
    written.rate = (double)events / (bench_now_s() - begin);
    worker_stop(&worker, store);
    return written;
}

struct reading {
    uint64_t seq_next;
    size_t count;
};

static int see_run(void *ctx, const struct kith_stored_run *run)
{
    struct reading *reading = ctx;
    reading->count += run->seq_last - run->seq_first + 1;
    reading->seq_next = run->seq_last + 1;
    return 0;
}

static double store_read(struct kith_store *store)
{
    struct reading reading = {.seq_next = 1};
    size_t before;
    double begin = bench_now_s();
    do {
        before = reading.count;
        bench_must(kith_store_load(store, 1, reading.seq_next, KITH_SEQ_MAX, LOAD_SIZE,
                                   see_run, &reading) == 0,
                   "load");
    } while (reading.count > before);
    return (double)reading.count / (bench_now_s() - begin);
}

/* ---- cases ---- */

struct figures {
    double store[ROUNDS];
    double raw[ROUNDS];
    double unbounded[ROUNDS]; /* raw without checkpoints */
};

static void print_case(const char *what, size_t runs_of, const char *unit,
                       struct figures *f)
{
    char text[80];
    snprintf(text, sizeof text, "store %s, runs of %zu", what, runs_of);
    struct bench_line line = {.what = text,
                              .rounds = f->store,
                              .round_count = ROUNDS,
                              .unit = unit,
                              .reference_name = "raw SQLite",
                              .reference = bench_median(f->raw, ROUNDS)};
    bench_print(&line);
    if (f->unbounded[0] == 0)
        return;
    line.reference_name = "raw SQLite without checkpoints";
    line.reference = bench_median(f->unbounded, ROUNDS);
    bench_print(&line);
}

static void print_worst(const char *what, size_t runs_of, double figure, const char *unit)
{
    char text[80];
    snprintf(text, sizeof text, "store, %s, runs of %zu", what, runs_of);
    bench_print(&(struct bench_line){.what = text, .figure = figure, .unit = unit});
}

static double run_raw(struct bench_sample *sample, size_t events, size_t a_commit,
                      bool is_unbounded, double *out_read)
{
    return bench_sqlite_write(
        &(struct bench_sqlite_case){
            .events = events, .a_commit = a_commit, .never_checkpoints = is_unbounded},
        sample, out_read);
}

static struct written run_store(struct bench_sample *sample, size_t events,
                                size_t a_commit, double *out_read)
{
    struct home home;
    struct kith_store *store;
    home_make(&home);
    struct kith_store_config config = {.path = home.db};
    bench_must(kith_store_open(&config, &store, NULL) == 0, "opening a store");
    put_names(store);
    struct written written = store_write(store, sample, events, a_commit);
    if (out_read)
        *out_read = store_read(store);
    kith_store_close(store);
    bench_folder_remove(&home.folder);
    return written;
}

static void measure_bulk(size_t runs_of)
{
    struct figures put = {0}, load = {0};
    struct written worst = {0};
    struct bench_sample sample;
    bench_sample_init(&sample, runs_of);
    for (size_t i = 0; i < ROUNDS; i++) {
        put.raw[i] = run_raw(&sample, EVENTS, BENCH_EVENTS_A_COMMIT, false, &load.raw[i]);
        put.unbounded[i] = run_raw(&sample, EVENTS, BENCH_EVENTS_A_COMMIT, true, NULL);
        struct written written =
            run_store(&sample, EVENTS, BENCH_EVENTS_A_COMMIT, &load.store[i]);
        put.store[i] = written.rate;
        if (written.commit_s_max > worst.commit_s_max)
            worst.commit_s_max = written.commit_s_max;
        if (written.wal_pages_max > worst.wal_pages_max)
            worst.wal_pages_max = written.wal_pages_max;
    }
    print_case("put and commit", runs_of, "events/s", &put);
    print_case("load", runs_of, "events/s", &load);
    print_worst("the log at its longest", runs_of, (double)worst.wal_pages_max, "pages");
    print_worst("the longest commit", runs_of, worst.commit_s_max * 1e3, "ms");
    bench_sample_deinit(&sample);
}

/* What a single message costs. */
static void measure_singles(void)
{
    struct figures put = {0};
    struct bench_sample sample;
    bench_sample_init(&sample, 1);
    for (size_t i = 0; i < ROUNDS; i++) {
        put.raw[i] = run_raw(&sample, SINGLES, 1, false, NULL);
        put.unbounded[i] = run_raw(&sample, SINGLES, 1, true, NULL);
        put.store[i] = run_store(&sample, SINGLES, 1, NULL).rate;
    }
    print_case("one event a commit", 1, "commits/s", &put);
    bench_sample_deinit(&sample);
}

static void measure_open(void)
{
    double create[ROUNDS], again[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct home home;
        struct kith_store *store;
        home_make(&home);
        struct kith_store_config config = {.path = home.db};
        double begin = bench_now_s();
        bench_must(kith_store_open(&config, &store, NULL) == 0, "opening a store");
        create[i] = (bench_now_s() - begin) * 1e3;
        kith_store_close(store);
        begin = bench_now_s();
        bench_must(kith_store_open(&config, &store, NULL) == 0, "opening a store");
        again[i] = (bench_now_s() - begin) * 1e3;
        kith_store_close(store);
        bench_folder_remove(&home.folder);
    }
    bench_print(&(struct bench_line){.what = "store created and open",
                                     .rounds = create,
                                     .round_count = ROUNDS,
                                     .unit = "ms"});
    bench_print(&(struct bench_line){.what = "store opened again",
                                     .rounds = again,
                                     .round_count = ROUNDS,
                                     .unit = "ms"});
}

int main(void)
{
    struct bench_others others;
    bench_others_begin(&others);
    measure_open();
    measure_singles();
    measure_bulk(1);
    measure_bulk(16);
    measure_bulk(128);
    bench_others_print(&others, "store");
    return 0;
}
