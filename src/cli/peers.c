/* SPDX-License-Identifier: MIT */
#include "cli/peers.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

enum { NAME, STATE, PATH, RTT, SINCE, ADDRESS, SEEN, VERIFIED, ID, COLUMNS };

static const char *const heads[COLUMNS] = {
    [NAME] = "NAME",      [STATE] = "STATE",       [PATH] = "PATH",
    [RTT] = "RTT",        [SINCE] = "SINCE",       [ADDRESS] = "ADDRESS",
    [SEEN] = "LAST SEEN", [VERIFIED] = "VERIFIED", [ID] = "ID",
};

struct row {
    char path[320];
    char rtt[32];
    char since[KITH_CLI_MINUTE_SIZE];
    char seen[KITH_CLI_MINUTE_SIZE];
};

/* "relay (host:port)" where somebody passes on what is said. */
static const char *path_of(const json_t *peer, struct row *row)
{
    const char *path = json_string_value(json_object_get(peer, "path"));
    const char *relay = json_string_value(json_object_get(peer, "relay"));
    if (!path || !relay)
        return path;
    snprintf(row->path, sizeof row->path, "%s (%s)", path, relay);
    return row->path;
}

static void fill_row(const json_t *peer, void *made, const char **cells)
{
    struct row *row = made;
    const json_t *rtt = json_object_get(peer, "rtt_ms");
    const char *state = json_string_value(json_object_get(peer, "state"));
    bool is_online = state && strcmp(state, "online") == 0;
    snprintf(row->rtt, sizeof row->rtt, "%.1f ms", json_number_value(rtt));
    kith_cli_show_minute(json_string_value(json_object_get(peer, "last_seen")),
                         row->seen);
    kith_cli_show_minute(json_string_value(json_object_get(peer, "path_since")),
                         row->since);
    cells[NAME] = json_string_value(json_object_get(peer, "name"));
    bool is_blocked = json_is_true(json_object_get(peer, "blocked"));
    cells[STATE] = is_blocked ? "blocked" : is_online ? "online" : "offline";
    cells[PATH] = path_of(peer, row);
    cells[RTT] = json_is_number(rtt) ? row->rtt : NULL;
    cells[SINCE] = is_online ? row->since : NULL;
    cells[ADDRESS] = json_string_value(json_object_get(peer, "address"));
    cells[SEEN] = is_online ? "now" : row->seen;
    cells[VERIFIED] = json_is_true(json_object_get(peer, "verified")) ? "yes" : NULL;
    cells[ID] = json_string_value(json_object_get(peer, "id"));
}

static const struct kith_cli_listing listing = {heads, COLUMNS, sizeof(struct row),
                                                fill_row};

int kith_cli_list_peers(struct kith_cli *cli, const char *path, const char *member,
                        const char *nobody)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"GET", path, NULL, KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const json_t *peers = json_object_get(answer.json, member);
    if (!exit_code && !cli->is_json && json_array_size(peers) == 0)
        fprintf(cli->out, "%s\n", nobody);
    else if (!exit_code)
        exit_code = kith_cli_show_list(cli, &listing, peers);
    kith_answer_deinit(&answer);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    return kith_cli_list_peers(cli, "/peers", "peers",
                               "nobody yet; `kith connect ADDR` connects to a peer");
}

const struct kith_cli_command kith_cli_peers = {
    .name = "peers",
    .summary = "list the peers this node knows",
    .usage = "",
    .detail =
        "Peers that share a name are shown as name~shortid, which `kith send` takes.",
    .run = run,
};
