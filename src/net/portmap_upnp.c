/* SPDX-License-Identifier: MIT */
#include "net/portmap_upnp.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/portmap_igd.h"

/* What the loop and the thread share. The loop reads the results once `is_done`. */
struct job {
    pthread_mutex_t lock;
    uv_async_t *waker; /* of the loop; NULL: nobody waits, and the thread frees the job */
    bool is_done;
    bool is_cancelled; /* what is granted now is to be taken away again */

    bool is_removal;
    struct kith_portmap_wish wish;
    uint16_t granted_port; /* is_removal */
    struct kith_igd igd;   /* "" is searched */
    struct kith_portmap_answer answer;
};

struct kith_upnp {
    uv_async_t waker;
    uv_timer_t limit; /* of the answer that is awaited */
    struct job *job;  /* NULL: no thread runs */
    bool is_awaited;
    bool is_removing;
    struct kith_igd igd;    /* found last; or "" */
    struct in_addr gateway; /* where */
    uint16_t granted_port;  /* 0: none */
    struct kith_portmap_wish wish;
    struct kith_upnp_handler handler;
    unsigned handles_open;
};

/* ---- the thread ---- */

static bool is_cancelled(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    bool is = job->is_cancelled;
    pthread_mutex_unlock(&job->lock);
    return is;
}

static void ask(struct job *job)
{
    bool is_found = job->igd.control[0] != '\0' || kith_igd_find(&job->wish, &job->igd);
    if (!is_found || is_cancelled(job))
        return; /* silent */
    kith_igd_map(&job->igd, &job->wish, &job->answer);
    if (job->answer.outcome != KITH_PORTMAP_GRANTED || !is_cancelled(job))
        return;
    kith_igd_unmap(&job->igd, job->answer.port);
    job->answer = (struct kith_portmap_answer){.outcome = KITH_PORTMAP_SILENT};
}

static void job_free(struct job *job)
{
    pthread_mutex_destroy(&job->lock);
    free(job);
}

static void *run(void *argument)
{
    struct job *job = argument;
    if (job->is_removal)
        kith_igd_unmap(&job->igd, job->granted_port);
    else
        ask(job);
    pthread_mutex_lock(&job->lock);
    job->is_done = true;
    bool is_orphan = job->waker == NULL;
    if (!is_orphan)
        uv_async_send(job->waker);
    pthread_mutex_unlock(&job->lock);
    if (is_orphan)
        job_free(job);
    return NULL;
}

/* Signals are for the program's threads, and a router that hangs up must not end it. */
static int start_thread(struct job *job)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return KITH_ENOMEM;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, run, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0 ? 0 : KITH_ELIMIT;
}

/* ---- the loop's side ---- */

static int start_job(struct kith_upnp *upnp, bool is_removal)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return KITH_ENOMEM;
    job->waker = &upnp->waker;
    job->is_removal = is_removal;
    job->wish = upnp->wish;
    job->granted_port = upnp->granted_port;
    job->igd = upnp->igd;
    if (pthread_mutex_init(&job->lock, NULL) != 0) {
        free(job);
        return KITH_ENOMEM;
    }
    int error = start_thread(job);
    if (error != 0)
        job_free(job);
    else
        upnp->job = job;
    return error;
}

static void cancel(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->is_cancelled = true;
    pthread_mutex_unlock(&job->lock);
}

/* The thread may still be at it; it then frees the job. */
static void abandon(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    bool is_done = job->is_done;
    job->is_cancelled = true;
    job->waker = NULL;
    pthread_mutex_unlock(&job->lock);
    if (is_done)
        job_free(job);
}

static void tell(struct kith_upnp *upnp, const struct kith_portmap_answer *answer)
{
    upnp->is_awaited = false;
    uv_timer_stop(&upnp->limit);
    if (answer->outcome == KITH_PORTMAP_SILENT)
        upnp->igd.control[0] = '\0'; /* it may have moved: search anew */
    upnp->handler.answered(upnp->handler.ctx, answer);
}

static bool start_removal(struct kith_upnp *upnp)
{
    if (upnp->granted_port == 0 || upnp->igd.control[0] == '\0' ||
        start_job(upnp, true) != 0)
        return false;
    upnp->granted_port = 0;
    return true;
}

/* Also of a job that came too late, or was cancelled when it had asked already. */
static struct kith_portmap_answer take_results(struct kith_upnp *upnp)
{
    struct job *job = upnp->job;
    struct kith_portmap_answer answer = job->answer;
    if (answer.outcome != KITH_PORTMAP_SILENT)
        upnp->igd = job->igd;
    if (answer.outcome == KITH_PORTMAP_GRANTED)
        upnp->granted_port = answer.port;
    job_free(job);
    upnp->job = NULL;
    return answer;
}

static void on_waker(uv_async_t *waker)
{
    struct kith_upnp *upnp = waker->data;
    if (upnp->job == NULL)
        return;
    pthread_mutex_lock(&upnp->job->lock); /* held by the thread while it woke us */
    bool is_done = upnp->job->is_done;
    pthread_mutex_unlock(&upnp->job->lock);
    if (!is_done)
        return;
    struct kith_portmap_answer answer = take_results(upnp);
    if (upnp->is_awaited) {
        tell(upnp, &answer);
    } else if (upnp->is_removing && !start_removal(upnp)) {
        upnp->is_removing = false;
        upnp->handler.removed(upnp->handler.ctx);
    }
}

static void on_limit(uv_timer_t *limit)
{
    struct kith_upnp *upnp = limit->data;
    cancel(upnp->job);
    tell(upnp, &(struct kith_portmap_answer){.outcome = KITH_PORTMAP_SILENT});
}

int kith_upnp_ask(struct kith_upnp *upnp, const struct kith_portmap_wish *wish)
{
    if (upnp->job != NULL)
        return KITH_ELIMIT;
    if (upnp->gateway.s_addr != wish->gateway.s_addr) {
        upnp->igd.control[0] = '\0';
        upnp->granted_port = 0; /* that router is out of reach */
    }
    upnp->gateway = wish->gateway;
    upnp->wish = *wish;
    int error = start_job(upnp, false);
    if (error != 0)
        return error;
    upnp->is_awaited = true;
    uv_timer_start(&upnp->limit, on_limit, KITH_UPNP_ANSWER_MS, 0);
    return 0;
}

bool kith_upnp_remove(struct kith_upnp *upnp)
{
    uv_timer_stop(&upnp->limit);
    upnp->is_awaited = false;
    if (upnp->job != NULL)
        cancel(upnp->job);
    upnp->is_removing = upnp->job != NULL || start_removal(upnp);
    return upnp->is_removing;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct kith_upnp *upnp = handle->data;
    if (--upnp->handles_open > 0)
        return;
    struct kith_upnp_handler handler = upnp->handler;
    free(upnp);
    handler.closed(handler.ctx);
}

void kith_upnp_close(struct kith_upnp *upnp)
{
    if (upnp->job != NULL)
        abandon(upnp->job);
    upnp->job = NULL;
    uv_close((uv_handle_t *)&upnp->waker, on_handle_closed);
    uv_close((uv_handle_t *)&upnp->limit, on_handle_closed);
}

int kith_upnp_new(uv_loop_t *loop, const struct kith_upnp_handler *handler,
                  struct kith_upnp **out)
{
    struct kith_upnp *upnp = calloc(1, sizeof *upnp);
    if (upnp == NULL)
        return KITH_ENOMEM;
    int error = kith_net_error(uv_async_init(loop, &upnp->waker, on_waker));
    if (error != 0) {
        free(upnp);
        return error;
    }
    uv_timer_init(loop, &upnp->limit);
    upnp->waker.data = upnp;
    upnp->limit.data = upnp;
    upnp->handles_open = 2;
    upnp->handler = *handler;
    *out = upnp;
    return 0;
}
