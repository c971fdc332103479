/* SPDX-License-Identifier: MIT */
#include "cli/qr.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qrencode.h>

#include "cli/show.h"

#define QUIET     4 /* modules: section 9.1 of the standard */
#define BLACK_ON  "\x1b[30;47m"
#define BLACK_OFF "\x1b[0m"

struct canvas {
    FILE *to;
    const QRcode *code;
    bool is_terminal;
    bool has_blocks;
    bool has_colours;
};

/* Does the locale of the environment write UTF-8? */
static bool is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool result = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    if (locale)
        freelocale(locale);
    return result;
}

static struct canvas canvas_on(FILE *to, const QRcode *code)
{
    const char *term = getenv("TERM");
    bool is_dumb = !term || term[0] == '\0' || strcmp(term, "dumb") == 0;
    bool is_terminal = isatty(fileno(to));
    return (struct canvas){.to = to,
                           .code = code,
                           .is_terminal = is_terminal,
                           .has_blocks = !is_dumb && is_utf8(),
                           .has_colours = !is_dumb && is_terminal};
}

/* Around the code all is light. */
static bool is_dark(const QRcode *code, int row, int column)
{
    bool is_inside = row >= 0 && row < code->width && column >= 0 && column < code->width;
    return is_inside && (code->data[row * code->width + column] & 1);
}

static const char *cell(const struct canvas *canvas, int row, int column)
{
    static const char *const blocks[] = {" ", "▄", "▀", "█"};
    bool is_upper = is_dark(canvas->code, row, column);
    if (!canvas->has_blocks)
        return is_upper ? "##" : "  ";
    return blocks[2 * is_upper + is_dark(canvas->code, row + 1, column)];
}

static void draw(const struct canvas *canvas)
{
    int end = canvas->code->width + QUIET;
    for (int row = -QUIET; row < end; row += canvas->has_blocks ? 2 : 1) {
        fputs(canvas->has_colours ? BLACK_ON : "", canvas->to);
        for (int column = -QUIET; column < end; column++)
            fputs(cell(canvas, row, column), canvas->to);
        fputs(canvas->has_colours ? BLACK_OFF "\n" : "\n", canvas->to);
    }
}

static int show(const struct kith_cli *cli, const struct canvas *canvas, const char *text)
{
    struct winsize size = {0};
    int columns = (canvas->code->width + 2 * QUIET) * (canvas->has_blocks ? 1 : 2);
    if (canvas->is_terminal && ioctl(fileno(cli->out), TIOCGWINSZ, &size) == 0 &&
        size.ws_col > 0 && size.ws_col < columns)
        return kith_cli_fail(
            cli, KITH_EXIT_FAILED,
            "the code takes %d columns, and this terminal has %d: make it "
            "wider, or its type smaller",
            columns, size.ws_col);
    draw(canvas);
    kith_cli_show_text(cli->out, text, " ");
    fputc('\n', cli->out);
    return KITH_EXIT_DONE;
}

int kith_cli_show_qr(const struct kith_cli *cli, const char *text)
{
    /* Nothing wears off a screen: the lowest level of correction, for the smallest code.
     */
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code && errno == ERANGE)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "that is too much for a QR code; without --qr it is text");
    if (!code)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    struct canvas canvas = canvas_on(cli->out, code);
    int exit_code = show(cli, &canvas, text);
    QRcode_free(code);
    return exit_code;
}
