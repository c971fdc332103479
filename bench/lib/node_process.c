/* SPDX-License-Identifier: MIT */
#include "node_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define READY_SIZE  4096
#define PORT_SIZE   8
#define TRACKED_MAX "20000"

static void silence(int fd)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, fd);
    close(null);
}

static pid_t spawn(char *const *argv, int out)
{
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a benchmark that fails leaves nothing running */
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    else
        silence(STDOUT_FILENO);
    if (!getenv("BENCH_VERBOSE"))
        silence(STDERR_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

static void read_line(int fd, char out[static READY_SIZE])
{
    size_t size = 0;
    while (size == 0 || out[size - 1] != '\n') {
        ssize_t got = read(fd, out + size, READY_SIZE - 1 - size);
        bench_must(got > 0, "starting a node");
        size += (size_t)got;
    }
    out[size] = '\0';
}

static void take_ready(struct bench_node *node, const char *line)
{
    json_t *ready = json_loads(line, 0, NULL);
    const char *id = json_string_value(json_object_get(ready, "id"));
    const char *address =
        json_string_value(json_array_get(json_object_get(ready, "listen"), 0));
    const char *http = json_string_value(json_object_get(ready, "http"));
    bench_must(id && address, "reading the ready line");
    node->http_port = http ? (uint16_t)strtoul(strrchr(http, ':') + 1, NULL, 10) : 0;
    snprintf(node->id, sizeof node->id, "%s", id);
    snprintf(node->address, sizeof node->address, "%s", address);
    json_decref(ready);
}

/* A free UDP port; that it stays free until it is used is likely enough. */
static void choose_port(char out[static PORT_SIZE])
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bench_must(bind(fd, (struct sockaddr *)&at, size) == 0 &&
                   getsockname(fd, (struct sockaddr *)&at, &size) == 0,
               "finding a port");
    close(fd);
    snprintf(out, PORT_SIZE, "%u", ntohs(at.sin_port));
}

static void start(struct bench_node *node, char *const *argv)
{
    char line[READY_SIZE];
    int out[2];
    bench_must(pipe2(out, O_CLOEXEC) == 0, "a pipe");
    double begin = bench_now_s();
    node->pid = spawn(argv, out[1]);
    close(out[1]);
    read_line(out[0], line);
    node->start_s = bench_now_s() - begin;
    close(out[0]);
    take_ready(node, line);
}

#define UP(kith, node)                                                                   \
    (char *)(uintptr_t)(kith), "up", "--json", "--home", (node)->home, "--listen",       \
        "127.0.0.1:0", "--log", "error"

void bench_node_start(struct bench_node *node, const char *kith, const char *home,
                      const char *peer)
{
    char *argv[] = {UP(kith, node), "--no-lan", peer ? "--peer" : NULL,
                    (char *)(uintptr_t)peer, NULL};
    snprintf(node->home, sizeof node->home, "%s", home);
    start(node, argv);
}

void bench_node_start_on_lan(struct bench_node *node, const char *kith, const char *home)
{
    char port[PORT_SIZE];
    char *argv[] = {UP(kith, node), "--discovery-port", port, NULL};
    snprintf(node->home, sizeof node->home, "%s", home);
    choose_port(port);
    start(node, argv);
}

void bench_node_start_tracker(struct bench_node *node, const char *kith, const char *home)
{
    char *argv[] = {(char *)(uintptr_t)kith,
                    "tracker",
                    "--json",
                    "--home",
                    node->home,
                    "--listen",
                    "127.0.0.1:0",
                    "--log",
                    "error",
                    "--max-peers",
                    TRACKED_MAX,
                    "--max-per-address",
                    TRACKED_MAX,
                    "--relay-rate",
                    "0",
                    NULL};
    snprintf(node->home, sizeof node->home, "%s", home);
    start(node, argv);
}

double bench_node_stop(struct bench_node *node)
{
    struct rusage usage;
    int status;
    kill(node->pid, SIGTERM);
    bench_must(wait4(node->pid, &status, 0, &usage) == node->pid && status == 0,
               "a node's end");
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double bench_command_s(char *const *argv)
{
    int status;
    double begin = bench_now_s();
    pid_t pid = spawn(argv, -1);
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, argv[1]);
    return bench_now_s() - begin;
}

double bench_node_nothing_s(const char *kith)
{
    return bench_command_s((char *[]){(char *)(uintptr_t)kith, "version", NULL});
}

/* Adds up the values of a line `NAME: number` of a file below /proc. */
static double sum_of(const char *path, const char *name)
{
    char line[256];
    double sum = 0;
    size_t size = strlen(name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, size) == 0 && line[size] == ':')
            sum += strtod(line + size + 1, NULL);
    fclose(file);
    return sum;
}

struct bench_memory bench_node_memory(const struct bench_node *node)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)node->pid);
    return (struct bench_memory){.rss_kib = sum_of(path, "Rss"),
                                 .anonymous_kib = sum_of(path, "Anonymous"),
                                 .pss_kib = sum_of(path, "Pss")};
}

uint64_t bench_node_sleeps(const struct bench_node *node)
{
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)node->pid);
    DIR *tasks = opendir(path);
    bench_must(tasks, "reading a node's threads");
    for (struct dirent *task; (task = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.32s/status", (int)node->pid,
                 task->d_name);
        sum += sum_of(path, "voluntary_ctxt_switches");
    }
    closedir(tasks);
    return (uint64_t)sum;
}
