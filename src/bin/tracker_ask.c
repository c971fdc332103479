/* SPDX-License-Identifier: MIT */
#include "bin/tracker_ask.h"

#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "cli/show.h"

enum { NAME, ADDRESS, SINCE, NETWORK, ID, COLUMNS };

static const char *const heads[COLUMNS] = {
    [NAME] = "NAME",       [ADDRESS] = "ADDRESS", [SINCE] = "HERE SINCE",
    [NETWORK] = "NETWORK", [ID] = "ID",
};
static const char *const keys[COLUMNS] = {
    [NAME] = "name",       [ADDRESS] = "address", [SINCE] = "since",
    [NETWORK] = "network", [ID] = "id",
};

/* ---- printing ---- */

static void print_table(const struct kith_cli *cli, const json_t *peers)
{
    size_t count = json_array_size(peers), index;
    const char **cells = calloc(count * COLUMNS + 1, sizeof *cells);
    const json_t *peer;
    if (cells == NULL)
        return;
    json_array_foreach(peers, index, peer)
    {
        for (size_t i = 0; i < COLUMNS; i++) {
            const char *text = json_string_value(json_object_get(peer, keys[i]));
            cells[index * COLUMNS + i] = text != NULL && text[0] != '\0' ? text : NULL;
        }
    }
    struct kith_cli_table table = {heads, COLUMNS, cells, count};
    kith_cli_show_table(cli->out, &table);
    free(cells);
}

void kith_tracker_print_peers(const struct kith_cli *cli, const json_t *report)
{
    const json_t *peers = json_object_get(report, "peers"), *peer;
    size_t index;
    if (cli->is_json) {
        json_array_foreach(peers, index, peer)
        {
            kith_cli_show_json(cli->out, peer);
        }
        return;
    }
    if (json_array_size(peers) > 0)
        print_table(cli, peers);
    fprintf(cli->out, "%zu here\n", json_array_size(peers));
}

static void print_figure(const struct kith_cli *cli, const char *key, json_int_t value)
{
    char name[64];
    kith_cli_show_safe(key, name, sizeof name);
    fprintf(cli->out, "%-22s %lld\n", name, (long long)value);
}

static void print_stats(const struct kith_cli *cli, json_t *report)
{
    const char *key;
    json_t *value;
    if (cli->is_json) {
        kith_cli_show_json(cli->out, report);
        return;
    }
    json_object_foreach(report, key, value)
    {
        if (json_is_integer(value))
            print_figure(cli, key, json_integer_value(value));
    }
}

/* ---- asking ---- */

static int failed(struct kith_cli *cli, const struct kith_client *client, int error)
{
    if (error == KITH_ENONODE)
        return kith_cli_fail(cli, KITH_EXIT_NO_NODE,
                             "no tracker is running on %s; start one with `kith tracker`",
                             cli->home);
    char detail[KITH_CLIENT_DETAIL_SIZE];
    kith_cli_show_safe(kith_client_detail(client), detail, sizeof detail);
    return kith_cli_fail(cli, kith_cli_exit(error), "%s", detail);
}

int kith_tracker_ask(struct kith_cli *cli, const char *what)
{
    struct kith_client *client = NULL;
    struct kith_answer answer = {0};
    bool is_list = strcmp(what, "list") == 0;
    int error = kith_client_new(cli->home, &client);
    if (error != 0)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(error));
    error =
        kith_client_request(client, "GET", is_list ? "/tracker/peers" : "/tracker/stats",
                            NULL, KITH_CLIENT_TIMEOUT_MS, &answer);
    int exit_code = KITH_EXIT_DONE;
    if (error == KITH_ENOTFOUND)
        exit_code = kith_cli_fail(cli, KITH_EXIT_NO_NODE,
                                  "what runs on %s is a node, not a tracker; name the "
                                  "tracker's home with --home",
                                  cli->home);
    else if (error != 0)
        exit_code = failed(cli, client, error);
    else if (is_list)
        kith_tracker_print_peers(cli, answer.json);
    else
        print_stats(cli, answer.json);
    kith_answer_deinit(&answer);
    kith_client_free(client);
    return exit_code;
}
