/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/server_page.h"
#include "api/server_request.h"

static char *read_contract(void)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(OPENAPI, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* "    get:" within the lines of "  /api/v1/self:". */
static bool has_method(const char *contract, const char *path, const char *method)
{
    char head[128];
    char line[32];
    snprintf(head, sizeof head, "\n  %s:\n", path);
    snprintf(line, sizeof line, "\n    %s:\n", method);
    for (char *c = line; *c; c++)
        *c = (char)tolower(*c);
    const char *at = strstr(contract, head);
    const char *found = at ? strstr(at, line) : NULL;
    const char *next = at ? strstr(at + 1, "\n  /") : NULL;
    return found && (!next || found < next);
}

static void every_endpoint_is_in_the_contract(void **state)
{
    char *contract = read_contract();
    for (size_t i = 0; kith_endpoints[i]; i++) {
        const struct kith_endpoint *endpoint = kith_endpoints[i];
        if (!has_method(contract, endpoint->path, endpoint->method))
            fail_msg("%s %s is not in docs/openapi.yaml", endpoint->method,
                     endpoint->path);
    }
    free(contract);
}

static void every_endpoint_is_on_the_page_for_people(void **state)
{
    const struct kith_page *page = kith_page_find("/docs");
    assert_non_null(page);
    for (size_t i = 0; kith_endpoints[i]; i++) {
        char head[160];
        snprintf(head, sizeof head, "<b>%s</b> <code>%s</code></a></h3>",
                 kith_endpoints[i]->method, kith_endpoints[i]->path);
        if (!memmem(page->data, page->size, head, strlen(head)))
            fail_msg("no %s in /docs", head);
    }
}

static void no_two_endpoints_are_the_same(void **state)
{
    for (size_t i = 0; kith_endpoints[i]; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(kith_endpoints[i]->path, kith_endpoints[j]->path) == 0 &&
                         strcmp(kith_endpoints[i]->method, kith_endpoints[j]->method) ==
                             0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_is_in_the_contract),
        cmocka_unit_test(every_endpoint_is_on_the_page_for_people),
        cmocka_unit_test(no_two_endpoints_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
