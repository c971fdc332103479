/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <jansson.h>

#include "bin/commands.h"
#include "kith/error.h"
#include "node/network.h"
#include "node/words.h"

/* ---- new ---- */

/* In single quotes, as a shell takes it for one word. */
static void print_quoted(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", to);
        else
            fputc(*text, to);
    fputc('\'', to);
}

static int print_new(const struct kith_cli *cli, const char *name, const char *passphrase)
{
    if (cli->is_json) {
        json_t *line = json_pack("{s:s, s:s}", "network", name, "passphrase", passphrase);
        if (line == NULL)
            return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
        json_dumpf(line, cli->out, JSON_COMPACT);
        fputc('\n', cli->out);
        json_decref(line);
        return KITH_EXIT_DONE;
    }
    fprintf(cli->out,
            "network:    %s\n"
            "passphrase: %s\n\n"
            "Tell both to those who shall be in it, by voice or on paper, and to nobody "
            "else. Each\nof you starts kith once with\n\n"
            "  kith up --passphrase --network ",
            name, passphrase);
    print_quoted(cli->out, name);
    fputs(
        "\n\nand types the passphrase when asked. The home keeps a key made from it, so "
        "later\n`kith up` is enough. `kith network show` then tells everybody the same "
        "fingerprint.\nThe passphrase is not kept anywhere: write it down.\n",
        cli->out);
    return KITH_EXIT_DONE;
}

static int run_new(struct kith_cli *cli)
{
    char passphrase[KITH_WORDS_TEXT_SIZE];
    struct kith_name name = {.text = KITH_NETWORK_NAME_DEFAULT};
    const char *why = "";
    const char *given = cli->arg_count > 1 ? cli->args[1] : name.text;
    if (kith_name_parse(kith_bytes(given, strlen(given)), &name, &why) != 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "the network name '%s' cannot be used: %s", given, why);
    kith_words_draw(passphrase);
    int exit_code = print_new(cli, name.text, passphrase);
    explicit_bzero(passphrase, sizeof(passphrase));
    return exit_code;
}

/* ---- show ---- */

static int print_network(const struct kith_cli *cli, const struct kith_network *network)
{
    char fingerprint[KITH_ID_SHORT_SIZE];
    kith_network_fingerprint(network, fingerprint);
    if (!cli->is_json) {
        fprintf(cli->out, "network:     %s\npassphrase:  %s\nfingerprint: %s\n",
                network->name.text, network->has_passphrase ? "yes" : "no", fingerprint);
        return KITH_EXIT_DONE;
    }
    json_t *line = json_pack("{s:s, s:b, s:s}", "name", network->name.text, "passphrase",
                             (int)network->has_passphrase, "fingerprint", fingerprint);
    if (line == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return KITH_EXIT_DONE;
}

static int run_show(struct kith_cli *cli)
{
    struct kith_network network = {0};
    struct kith_problem problem = {0};
    if (cli->arg_count > 1)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "`kith network show` takes no name");
    int error = kith_network_load(cli->home, &network, &problem);
    if (error == KITH_ENOTFOUND)
        network = kith_network_default();
    else if (error != 0)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", problem.text);
    int exit_code = print_network(cli, &network);
    kith_network_deinit(&network);
    return exit_code;
}

/* ---- the command ---- */

static int run(struct kith_cli *cli)
{
    if (strcmp(cli->args[0], "new") == 0)
        return run_new(cli);
    if (strcmp(cli->args[0], "show") == 0)
        return run_show(cli);
    return kith_cli_fail(cli, KITH_EXIT_USAGE, "'%s' is neither new nor show",
                         cli->args[0]);
}

const struct kith_cli_command kith_command_network = {
    .name = "network",
    .summary = "make a passphrase for a network, or show which one this home is in",
    .usage = "new [NAME] | show",
    .detail =
        "Nodes meet only if their networks have the same name and the same passphrase, "
        "or\n"
        "both have none. `new` makes a passphrase of seven random words (77 bits) and "
        "changes\nnothing; `show` tells name, whether there is a passphrase, and a "
        "fingerprint: it is\nthe same for all who gave the same name and passphrase, and "
        "it is no secret.\n\nGive a passphrase to `kith up` by KITH_NETWORK_PASSPHRASE, "
        "by "
        "a file that only you may\nread (--network-passphrase-file), or typed "
        "(--passphrase). It has at least 8\ncharacters; white space at its ends does not "
        "count. The key made from it is kept in the\nhome, in the file `network`. "
        "Another "
        "name or passphrase replaces it; what was said in\nthe network before stays, and "
        "goes on when you come back to it.",
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
