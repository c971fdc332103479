/* SPDX-License-Identifier: MIT */
#include "cli/order.h"

#include "cli/show.h"

int kith_cli_order(struct kith_cli *cli, const struct kith_cli_order *order)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", order->path, order->take_body,
                                         KITH_CLIENT_TIMEOUT_MS};
    if (!order->take_body)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "%s", order->fault);
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        fputs(order->before, cli->out);
        kith_cli_show_text(cli->out,
                           json_string_value(json_object_get(answer.json, order->member)),
                           " ");
        fprintf(cli->out, "%s\n", order->after);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}
