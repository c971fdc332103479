/* SPDX-License-Identifier: MIT */
/* What a link costs that has nothing to do: the memory of a node with a thousand. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "bench_case.h"
#include "lib/files.h"
#include "lib/link_holder.h"

#define LINKS    1000
#define FILES    4096 /* of each process */
#define SETTLE_S 15   /* PINGs have gone both ways, and the first ones' work is done */

static void print(const char *what, double figure, const char *unit)
{
    bench_print(&(struct bench_line){.what = what, .figure = figure, .unit = unit});
}

static long online(struct bench_control *control)
{
    bench_control_get(control, "/self");
    json_t *self = bench_control_answer(control);
    long count = (long)json_integer_value(json_object_get(self, "peers_online"));
    json_decref(self);
    return count;
}

static void wait_until_all(struct bench_control *control)
{
    double give_up_s = bench_now_s() + 60;
    while (online(control) < LINKS) {
        bench_must(bench_now_s() < give_up_s, "bringing all links online");
        usleep(100 * 1000);
    }
}

static double each_kib(double before_kib, double after_kib)
{
    return (after_kib - before_kib) / LINKS;
}

static void run(const char *kith)
{
    static struct bench_control control;
    struct bench_folder folder;
    struct bench_node node;
    struct bench_links links;
    char home[BENCH_HOME_SIZE];
    bench_must(bench_files_raise(FILES) == FILES, "raising the limit of open files");
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/home", folder.path);
    bench_node_start(&node, kith, home, NULL);
    bench_control_open(&control, node.home);
    struct bench_memory before = bench_node_memory(&node);
    bench_links_start(&links, &node, LINKS);
    wait_until_all(&control);
    struct bench_memory arrived = bench_node_memory(&node);
    sleep(SETTLE_S);
    bench_must(online(&control) == LINKS, "keeping all links online");
    struct bench_memory after = bench_node_memory(&node);
    print("node with 1,000 idle links, RSS", after.rss_kib / 1024, "MiB");
    print("an idle link of 1,000, RSS", each_kib(before.rss_kib, after.rss_kib), "KiB");
    print("an idle link of 1,000, anonymous memory",
          each_kib(before.anonymous_kib, after.anonymous_kib), "KiB");
    print("an idle link of 1,000 as the last came, RSS",
          each_kib(before.rss_kib, arrived.rss_kib), "KiB");
    bench_control_close(&control);
    bench_links_stop(&links);
    bench_node_stop(&node);
    bench_folder_remove(&folder);
}

const struct bench_case bench_case_links = {"links", run};
