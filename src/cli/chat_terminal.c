/* SPDX-License-Identifier: MIT */
#include "cli/chat_terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "cli/wrap.h"

#define HISTORY_MAX 500 /* lines that the arrow keys bring back; never on disk */
#define COLUMNS_MIN 8   /* with fewer readline divides by zero and reads past its lines */

/* readline would give the terminal back while a line is obeyed, and the kernel then
 * edits, echoes and cuts what is typed or pasted meanwhile. So it stays taken from open
 * to close. */
static void keep_taken(int meta)
{
    (void)meta;
}

static void keep(void)
{
}

/* A line goes into the history, where kith_chat_terminal_read finds it; NULL is the end,
 * which shows in that no handler is installed any more. */
static void on_line(char *line)
{
    if (line)
        add_history(line);
    else
        rl_callback_handler_remove();
    free(line);
}

/* TAB completes nothing: readline would offer the files of the working directory. */
static char *no_completion(const char *text, int state)
{
    (void)text;
    (void)state;
    return NULL;
}

/* Texts are UTF-8; with another locale readline would take them for single bytes. */
static void choose_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

/* A narrower terminal shows the line wrong, and nothing worse happens. */
static void widen(void)
{
    int rows, columns;
    rl_get_screen_size(&rows, &columns);
    if (columns < COLUMNS_MIN)
        rl_set_screen_size(rows, COLUMNS_MIN);
}

void kith_chat_terminal_open(FILE *in, FILE *out, const char *prompt)
{
    choose_locale();
    rl_readline_name = "kith";
    rl_instream = in;
    rl_outstream = out;
    rl_catch_signals = 0; /* they come through the poll loop */
    rl_catch_sigwinch = 0;
    rl_completion_entry_function = no_completion;
    using_history();
    stifle_history(HISTORY_MAX);
    rl_initialize();
    widen();
    rl_prep_terminal(1);
    rl_prep_term_function = keep_taken;
    rl_deprep_term_function = keep;
    rl_callback_handler_install(prompt, on_line);
}

void kith_chat_terminal_close(void)
{
    if (!kith_chat_terminal_is_over()) {
        rl_clear_visible_line();
        rl_callback_handler_remove();
    }
    fflush(rl_outstream);
    rl_deprep_terminal();
    fflush(rl_outstream);
    clear_history();
}

bool kith_chat_terminal_is_over(void)
{
    return !RL_ISSTATE(RL_STATE_CALLBACK);
}

/* Grows by one with each line, however many the history holds. */
static int line_number(void)
{
    return history_base + history_length;
}

char *kith_chat_terminal_read(void)
{
    int before = line_number();
    rl_callback_read_char();
    if (line_number() == before)
        return NULL;
    const HIST_ENTRY *entry = history_get(line_number() - 1);
    char *line = entry ? strdup(entry->line) : NULL;
    if (line && line[0] == '\0') /* nothing to come back to */
        free_history_entry(remove_history(history_length - 1));
    using_history(); /* the arrow keys begin at the newest */
    return line;
}

void kith_chat_terminal_hide(void)
{
    rl_clear_visible_line();
    fflush(rl_outstream);
}

void kith_chat_terminal_prompt(const char *prompt)
{
    rl_set_prompt(prompt);
}

void kith_chat_terminal_show(void)
{
    rl_on_new_line();
    rl_redisplay();
    fflush(rl_outstream);
}

bool kith_chat_terminal_drop(void)
{
    bool was_empty = rl_end == 0;
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_replace_line("", 1);
    if (!was_empty) {
        fputs("^C\n", rl_outstream);
        rl_on_new_line();
        rl_redisplay();
        fflush(rl_outstream);
    }
    return !was_empty;
}

void kith_chat_terminal_resize(void)
{
    int columns = kith_cli_columns(fileno(rl_instream));
    if (columns > 0 && columns < COLUMNS_MIN)
        return; /* it stays as wide as it was */
    rl_resize_terminal();
    fflush(rl_outstream);
}

void kith_chat_terminal_pause(void)
{
    kith_chat_terminal_hide();
    rl_deprep_terminal();
    fflush(rl_outstream);
}

void kith_chat_terminal_go_on(void)
{
    rl_prep_terminal(1);
    rl_reset_screen_size();
    widen();
    kith_chat_terminal_show();
}
