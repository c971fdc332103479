/* SPDX-License-Identifier: MIT */
/* Typing on a terminal: readline, driven from a poll loop.
 *
 * readline keeps its state in variables of its own and calls back without a context, so
 * there is one terminal to a process and nothing of it is kept here. */
#ifndef KITH_CLI_CHAT_TERMINAL_H
#define KITH_CLI_CHAT_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Take over the terminal that `in` and `out` are. */
void kith_chat_terminal_open(FILE *in, FILE *out, const char *prompt);
/* Give it back as it was. */
void kith_chat_terminal_close(void);

/* Take what was typed, once there is something: the line that it completed (heap; the
 * caller's), or NULL. */
char *kith_chat_terminal_read(void);
/* ^D on an empty line, or the terminal is gone. */
bool kith_chat_terminal_is_over(void);

/* Around what is written above the line being typed. The prompt changes in between. */
void kith_chat_terminal_hide(void);
void kith_chat_terminal_prompt(const char *prompt);
void kith_chat_terminal_show(void);

/* ^C: drop the line being typed; false when there was none. */
bool kith_chat_terminal_drop(void);
/* The terminal has another size. */
void kith_chat_terminal_resize(void);
/* Before this process is stopped (^Z), and when it goes on. */
void kith_chat_terminal_pause(void);
void kith_chat_terminal_go_on(void);

#endif
