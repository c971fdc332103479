/* SPDX-License-Identifier: MIT */
/* Any bytes through the doors of a tracker, of four visitors at a time: two come by TCP,
 * two by the Unix socket. One byte of options, then what is said; the bytes 1 to 8 are
 * what happens meanwhile. In whichever pieces it comes, and whatever others do, each is
 * told what he is told alone and at once, or nothing further; by TCP that is figures
 * only. Who keeps the tracker waiting is let go; who is gone is forgotten. */
#include "http_check.h"
#include "http_visit.h"
#include "tracker_world.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracker/report.h"

#define VISITORS       4
#define CROWD          KITH_TRACKER_CLIENTS_MAX
#define CROWDS_MAX     3
#define PAUSE_MS       3000
#define PATIENCE_MS    10000 /* of a tracker, with one request and its answer by TCP */
#define ANSWERS_MAX    150   /* in one turn: peers of the tracker must not wait */
#define HEARD_MAX      (16 * 1024 * 1024)
#define ON_ITS_WAY_MAX (32 * 1024) /* and less is in this process */
#define TURNS_IDLE     4           /* after which nothing comes any more, as a rule */
#define NAPS_MAX       500 /* where a claim depends on a kernel that is busy: of 1 ms */

enum {
    ACT_TURN = 1, /* what was said so far is sent: here the text is cut */
    ACT_NEXT,     /* the next visitor's words follow */
    ACT_WAIT,     /* time passes */
    ACT_LEAVE,
    ACT_FINISH, /* he says no more, and listens */
    ACT_DEAF,   /* he does not read, or does again */
    ACT_CROWD,  /* silent ones come to his door, or leave */
    ACT_SHORT,  /* no descriptor is left, or there are some again */
    ACTS
};

enum { OPTION_TCP = 2, OPTION_LEAVE = 4 };

struct visitor {
    int family;
    int fd; /* -1: not there */
    struct kith_writer said, heard;
    size_t sent;
    uint64_t heard_ms; /* the last time; before, when he came */
    bool has_come, is_deaf, was_deaf;
    bool is_let_go; /* the tracker hung up */
    bool is_reset;  /* and more had been said by then */
    bool is_odd;    /* he did not stay and listen to the end */
};

struct scene {
    struct tracker_world w;
    struct visitor visitors[VISITORS];
    int crowds[2][CROWD]; /* 0: not there */
    int crowds_come[2];   /* the kernel's queue is not endless */
    struct rlimit files;
    bool is_short;
    bool has_waited; /* before a door */
    bool is_patient; /* the kernel may be busy: take its time */
    uint64_t began_ms;
};

static bool has(const struct kith_writer *w, const char *text)
{
    return w->size > 0 && memmem(w->data, w->size, text, strlen(text)) != NULL;
}

/* ---- turns ---- */

static void nap(void)
{
    poll(NULL, 0, 1);
}

static void set_short(struct scene *s, bool is_short)
{
    const struct rlimit none = {1, s->files.rlim_max}; /* poll may be asked of one */
    setrlimit(RLIMIT_NOFILE, is_short ? &none : &s->files);
}

static int knock(struct scene *s, int family)
{
    set_short(s, false);
    int fd = http_knock(family);
    set_short(s, s->is_short);
    return fd;
}

static void leave(struct visitor *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

static bool say(struct scene *s, struct visitor *v)
{
    if (!v->has_come && v->said.size > 0) {
        v->has_come = true;
        v->heard_ms = tracker_now_ms();
        v->fd = knock(s, v->family);
        v->is_odd |= v->fd < 0;
    }
    size_t left = v->said.size - v->sent;
    if (v->fd < 0 || left == 0)
        return false;
    size_t size = http_say(v->fd, kith_bytes(v->said.data + v->sent, left));
    v->is_reset |= size == 0 && (errno == ECONNRESET || errno == EPIPE);
    v->sent += size;
    return size > 0;
}

static size_t count_answers(const struct kith_writer *heard, size_t from)
{
    static const char begin[] = "HTTP/1.1 ";
    struct kith_bytes rest = kith_bytes(heard->data + from, heard->size - from);
    const uint8_t *at;
    size_t count = 0;
    while ((at = memmem(rest.data, rest.size, begin, sizeof(begin) - 1)) != NULL) {
        rest.size -= (size_t)(at + 1 - rest.data);
        rest.data = at + 1;
        count++;
    }
    return count;
}

static bool hear(struct visitor *v)
{
    size_t before = v->heard.size;
    bool is_more = v->fd >= 0 && !v->is_deaf;
    while (is_more) {
        errno = 0;
        if (!http_hear(v->fd, HEARD_MAX, &v->heard, &is_more)) {
            v->is_let_go = true;
            v->is_reset |= errno == ECONNRESET;
            leave(v);
        }
    }
    if (v->heard.size == before)
        return false;
    v->heard_ms = tracker_now_ms();
    assert(v->was_deaf || count_answers(&v->heard, before) <= ANSWERS_MAX);
    return true;
}

/* Whether anything happened. */
static bool turn(struct scene *s)
{
    bool is_news = false;
    for (size_t i = 0; i < VISITORS; i++)
        is_news |= say(s, &s->visitors[i]);
    tracker_turn(&s->w);
    for (size_t i = 0; i < VISITORS; i++)
        is_news |= hear(&s->visitors[i]);
    return is_news;
}

static void settle(struct scene *s)
{
    for (int idle = 0; idle < (s->is_patient ? 10 * TURNS_IDLE : TURNS_IDLE); idle++) {
        if (turn(s))
            idle = -1;
        else if (s->is_patient)
            nap();
    }
    for (int naps = 0; !tracker_sleeps(&s->w); naps++) {
        assert(naps < NAPS_MAX);
        if (naps > 100)
            nap();
        turn(s);
    }
}

/* ---- what happens ---- */

static void check_patience(struct scene *s, struct visitor *v)
{
    if (v->family != AF_INET || v->is_deaf || s->has_waited)
        return;
    for (int naps = 0; v->fd >= 0 && tracker_now_ms() - v->heard_ms >= PATIENCE_MS;
         naps++) {
        assert(naps < NAPS_MAX);
        nap();
        turn(s);
    }
}

/* Since when he may be waiting for him: bytes tell of an answer that was heard to its end
 * where he listens all the time, and was not only told to go on. */
static uint64_t waits_since_ms(const struct scene *s, const struct visitor *v)
{
    return v->was_deaf || has(&v->heard, "HTTP/1.1 100") ? s->began_ms : v->heard_ms;
}

static void wait(struct scene *s, uint64_t ms)
{
    settle(s);
    tracker_pass(ms);
    for (size_t i = 0; i < VISITORS; i++) {
        struct visitor *v = &s->visitors[i];
        v->is_odd |= tracker_now_ms() - waits_since_ms(s, v) >= PATIENCE_MS;
    }
    settle(s);
    for (size_t i = 0; i < VISITORS; i++)
        check_patience(s, &s->visitors[i]);
}

static void disperse(int crowd[static CROWD])
{
    for (size_t i = 0; i < CROWD; i++) {
        if (crowd[i] > 0)
            close(crowd[i]);
        crowd[i] = 0;
    }
}

static void gather(struct scene *s, int family, int crowd[static CROWD])
{
    if (++s->crowds_come[family == AF_INET] > CROWDS_MAX)
        return;
    s->has_waited = true;
    for (size_t i = 0; i < CROWD; i++)
        crowd[i] = knock(s, family);
}

static void act(struct scene *s, uint8_t what, struct visitor *v)
{
    int *crowd = s->crowds[v->family == AF_INET];
    if (what == ACT_TURN) {
        turn(s);
    } else if (what == ACT_WAIT) {
        wait(s, PAUSE_MS);
    } else if (what == ACT_LEAVE) {
        turn(s);
        v->is_odd = v->has_come = true;
        leave(v);
    } else if (what == ACT_FINISH) {
        turn(s);
        v->is_odd = true;
        shutdown(v->fd, SHUT_WR);
    } else if (what == ACT_DEAF) {
        v->is_deaf = !v->is_deaf;
        v->was_deaf = true;
    } else if (what == ACT_CROWD && crowd[0] > 0) {
        disperse(crowd);
    } else if (what == ACT_CROWD) {
        gather(s, v->family, crowd);
    } else if (what == ACT_SHORT) {
        s->has_waited = true;
        s->is_short = !s->is_short;
        set_short(s, s->is_short);
    }
}

/* All of it was said, and who waited is let in. */
static void finish(struct scene *s)
{
    for (size_t i = 0; i < VISITORS; i++)
        s->visitors[i].is_deaf = false;
    for (size_t i = 0; i < 2; i++)
        disperse(s->crowds[i]);
    s->is_short = false;
    set_short(s, false);
    wait(s, 200);
}

/* Of those who left, or fell silent, nothing is kept. */
static void end(struct scene *s, bool do_leave)
{
    for (size_t i = 0; i < VISITORS && do_leave; i++)
        leave(&s->visitors[i]);
    if (!do_leave)
        tracker_pass(PATIENCE_MS + 1000);
    settle(s);
    for (int naps = 0; tracker_clients(&s->w) > 0; naps++) {
        assert(naps < NAPS_MAX);
        nap();
        turn(s);
    }
    for (size_t i = 0; i < VISITORS; i++)
        leave(&s->visitors[i]);
    tracker_end(&s->w);
}

/* ---- scenes ---- */

static void begin(struct scene *s, bool is_patient)
{
    *s = (struct scene){.is_patient = is_patient, .began_ms = tracker_now_ms()};
    getrlimit(RLIMIT_NOFILE, &s->files);
    for (size_t i = 0; i < VISITORS; i++)
        s->visitors[i] = (struct visitor){.family = i & OPTION_TCP ? AF_INET : AF_UNIX,
                                          .fd = -1,
                                          .said = kith_writer(&kith_alloc_heap),
                                          .heard = kith_writer(&kith_alloc_heap)};
    tracker_begin(&s->w);
}

static void forget(struct scene *s)
{
    for (size_t i = 0; i < VISITORS; i++) {
        kith_writer_deinit(&s->visitors[i].said);
        kith_writer_deinit(&s->visitors[i].heard);
    }
}

/* As the input has it. */
static void play(struct scene *s, const uint8_t *data, size_t size)
{
    size_t who = data[0] % VISITORS;
    for (size_t i = 1; i < size; i++) {
        struct visitor *v = &s->visitors[who];
        if (data[i] == ACT_NEXT)
            who = (who + 1) % VISITORS;
        else if (data[i] > 0 && data[i] < ACTS)
            act(s, data[i], v);
        else
            kith_writer_u8(&v->said, data[i]);
    }
    finish(s);
    end(s, data[0] & OPTION_LEAVE);
}

/* Each says the same alone, and at once. */
static void play_apart(struct scene *s, const struct scene *played)
{
    for (size_t i = 0; i < VISITORS; i++) {
        struct kith_bytes said = kith_writer_view(&played->visitors[i].said);
        kith_writer_bytes(&s->visitors[i].said, said.data, said.size);
        settle(s);
        leave(&s->visitors[i]);
    }
    end(s, true);
}

/* ---- claims ---- */

static void check_figures(const struct http_answer *answer)
{
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    kith_tracker_report_metrics(tracker_told_of(), &text);
    assert(strcmp(answer->type, "text/plain; version=0.0.4; charset=utf-8") == 0);
    assert(kith_bytes_equal(kith_writer_view(&text), kith_writer_view(&answer->body)));
    kith_writer_deinit(&text);
}

static void check_report(const struct http_answer *answer)
{
    json_t *told =
        json_loadb((const char *)answer->body.data, answer->body.size, 0, NULL);
    json_t *peers = kith_tracker_report_peers(tracker_told_of());
    json_t *stats = kith_tracker_report_stats(tracker_told_of());
    assert(strcmp(answer->type, "application/json") == 0);
    assert(json_equal(told, peers) || json_equal(told, stats));
    json_decref(told);
    json_decref(peers);
    json_decref(stats);
}

static void check_answer(const struct visitor *v, const struct http_answer *answer)
{
    assert(answer->status != 200 || has(&v->said, "GET"));
    if (answer->status == 200 && answer->is_whole && v->family == AF_INET)
        check_figures(answer);
    else if (answer->status == 200 && answer->is_whole)
        check_report(answer);
}

/* What libmicrohttpd refuses by itself has no type; of a wrong Content-Length with Expect
 * beside it 0.9.75 says the head twice. */
static bool may_be_bare(const struct visitor *v, const struct http_answer *answer)
{
    return has(&v->said, "HEAD") || answer->type[0] == '\0';
}

/* It begins with a request that has to be answered. */
static bool is_proper(struct kith_bytes said)
{
    static const char rest[] = " HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t at = sizeof("GET /") - 1;
    if (said.size < at || memcmp(said.data, "GET /", at) != 0)
        return false;
    while (at < said.size && (said.data[at] == '/' || isalnum(said.data[at])))
        at++;
    return said.size - at >= sizeof(rest) - 1 &&
           memcmp(said.data + at, rest, sizeof(rest) - 1) == 0;
}

/* Where the tracker hangs up and more was said, what is on its way is lost, by TCP: if
 * all came at once, what this process could not take. */
static bool is_cut(const struct visitor *v)
{
    return v->family == AF_INET && v->is_let_go && v->heard.size > ON_ITS_WAY_MAX;
}

/* Whether all of it was heard, and who is told that he is let go was. */
static bool check_told(const struct visitor *v)
{
    struct kith_bytes rest = kith_writer_view(&v->heard);
    struct http_answer answer;
    bool is_whole = true, is_last = false;
    while (http_next(&rest, &answer)) {
        check_answer(v, &answer);
        is_whole &= answer.is_whole && (!answer.is_bare || may_be_bare(v, &answer));
        is_last = answer.is_last;
        http_answer_deinit(&answer);
    }
    http_answer_deinit(&answer);
    is_whole &= v->heard.size > 0 || !is_proper(kith_writer_view(&v->said));
    return is_cut(v) || (is_whole && rest.size == 0 && (v->is_let_go || !is_last));
}

/* Whether one who sends a body is first told to go on depends on whether he waits. */
static struct kith_bytes without_go_on(struct kith_writer *heard)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t size = sizeof(go_on) - 1;
    uint8_t *at;
    while (heard->size > 0 && (at = memmem(heard->data, heard->size, go_on, size))) {
        heard->size -= size;
        memmove(at, at + size, heard->size - (size_t)(at - heard->data));
    }
    return kith_writer_view(heard);
}

static bool is_same(struct visitor *played, struct visitor *apart)
{
    struct kith_bytes is = without_go_on(&played->heard);
    struct kith_bytes be = without_go_on(&apart->heard);
    if (played->is_odd || played->is_reset || is_cut(apart))
        is.size = be.size = is.size < be.size ? is.size : be.size;
    return kith_bytes_equal(is, be);
}

static bool check(const uint8_t *data, size_t size, bool is_patient)
{
    static struct scene played, apart;
    bool is_good = true;
    begin(&played, is_patient);
    play(&played, data, size);
    begin(&apart, is_patient);
    play_apart(&apart, &played);
    for (size_t i = 0; i < VISITORS; i++) {
        check_told(&played.visitors[i]);
        is_good &= check_told(&apart.visitors[i]);
        is_good &= is_same(&played.visitors[i], &apart.visitors[i]);
    }
    forget(&played);
    forget(&apart);
    return is_good;
}

void fuzz_input(const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    bool is_good = check(data, size, false) || check(data, size, true);
    assert(is_good);
}
