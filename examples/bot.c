/* SPDX-License-Identifier: MIT */
/* A bot on kith: answers "ping" with "pong", and greets who comes online.
 *
 *     cc bot.c $(pkg-config --cflags --libs libkith) -o bot
 *     ./bot [HOME]
 *
 * It attaches to the node of HOME, or is the node if none runs there. ^C ends it. */
#include <kith/kith.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static void say(struct kith *kith, const char *target, const char *text)
{
    if (kith_send(kith, target, text, strlen(text), NULL) != 0)
        fprintf(stderr, "bot: %s\n", kith_last_detail(kith));
}

static void react(struct kith *kith, const struct kith_news *news)
{
    char text[300];
    if (news->type == KITH_NEWS_MESSAGE && !news->message->is_mine &&
        strcmp(news->message->text, "ping") == 0)
        say(kith, news->message->room, "pong");
    if (news->type == KITH_NEWS_ONLINE) {
        snprintf(text, sizeof text, "hello %s", news->peer->name);
        say(kith, news->peer->id, text);
    }
}

int main(int argc, char **argv)
{
    struct kith *kith;
    const struct kith_news *news;
    char why[KITH_WHY_SIZE];
    int error = kith_open(argc > 1 ? argv[1] : NULL, KITH_OPEN_EITHER, NULL, &kith, why,
                          sizeof why);
    if (error != 0) {
        fprintf(stderr, "bot: %s\n", why);
        return 1;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    printf("%s is %s\n", kith_name(kith), kith_id(kith));
    fflush(stdout);
    while (!is_over &&
           ((error = kith_next(kith, 1000, &news)) == 0 || error == KITH_ETIMEDOUT))
        if (error == 0)
            react(kith, news);
    kith_close(kith);
    return is_over ? 0 : 1;
}
