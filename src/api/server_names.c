/* SPDX-License-Identifier: MIT */
#include "api/server_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>

/* Folding a character gives at most three, of at most two bytes more each. */
enum { FOLDED_SIZE_MAX = 6 * KITH_NAME_SIZE_MAX };

struct folded {
    uint32_t peer_no;
    size_t size;
    uint8_t text[FOLDED_SIZE_MAX];
};

void kith_names_deinit(struct kith_names *names)
{
    free(names->shown);
    *names = (struct kith_names){0};
}

void kith_names_forget(struct kith_names *names)
{
    names->count = 0;
}

static const char *name_and_id(const struct kith_node *node, uint32_t peer_no,
                               struct kith_id *out_id)
{
    if (peer_no == 0) {
        *out_id = *kith_node_id(node);
        return kith_node_name(node);
    }
    struct kith_peer_view view;
    if (!kith_node_peer(node, peer_no, &view)) {
        *out_id = (struct kith_id){{0}};
        return "";
    }
    *out_id = view.id;
    return view.name;
}

static void fold(const char *name, struct folded *out)
{
    out->size = sizeof out->text;
    uint8_t *result = u8_casefold((const uint8_t *)name, strlen(name), NULL, UNINORM_NFC,
                                  out->text, &out->size);
    if (result == out->text)
        return;
    free(result);
    out->size = 0;
}

static int compare_folded(const void *a, const void *b)
{
    const struct folded *left = *(const struct folded *const *)a;
    const struct folded *right = *(const struct folded *const *)b;
    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return memcmp(left->text, right->text, left->size);
}

static void show(const struct kith_node *node, uint32_t peer_no, bool is_shared,
                 struct kith_shown_name *out)
{
    struct kith_id id;
    const char *name = name_and_id(node, peer_no, &id);
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&id, brief);
    if (name[0] == '\0')
        snprintf(out->text, sizeof out->text, "%s", brief);
    else if (is_shared)
        snprintf(out->text, sizeof out->text, "%s~%s", name, brief);
    else
        snprintf(out->text, sizeof out->text, "%s", name);
}

/* Equal names are neighbours once sorted. */
static void show_all(const struct kith_node *node, struct folded **sorted, size_t count,
                     struct kith_shown_name *shown)
{
    for (size_t i = 0; i < count; i++) {
        bool is_shared =
            (i > 0 && compare_folded(&sorted[i - 1], &sorted[i]) == 0) ||
            (i + 1 < count && compare_folded(&sorted[i], &sorted[i + 1]) == 0);
        show(node, sorted[i]->peer_no, is_shared, &shown[sorted[i]->peer_no]);
    }
}

static bool make(struct kith_names *names, const struct kith_node *node, size_t count)
{
    struct folded *folded = calloc(count, sizeof *folded);
    struct folded **sorted = calloc(count, sizeof(struct folded *));
    struct kith_shown_name *shown = calloc(count, sizeof *shown);
    bool is_made = folded && sorted && shown;
    for (size_t i = 0; is_made && i < count; i++) {
        struct kith_id id;
        folded[i].peer_no = (uint32_t)i;
        fold(name_and_id(node, (uint32_t)i, &id), &folded[i]);
        sorted[i] = &folded[i];
    }
    if (is_made) {
        qsort(sorted, count, sizeof(struct folded *), compare_folded);
        show_all(node, sorted, count, shown);
        free(names->shown);
        *names = (struct kith_names){.shown = shown, .count = count};
        shown = NULL;
    }
    free(folded);
    free(sorted);
    free(shown);
    return is_made;
}

const char *kith_names_get(struct kith_names *names, const struct kith_node *node,
                           uint32_t peer_no)
{
    size_t count = kith_node_peer_count(node) + 1;
    if (names->count != count && !make(names, node, count))
        return "?";
    return peer_no < names->count ? names->shown[peer_no].text : "?";
}

void kith_names_full(const struct kith_node *node, uint32_t peer_no,
                     char out[static KITH_SHOWN_SIZE])
{
    struct kith_id id;
    const char *name = name_and_id(node, peer_no, &id);
    char brief[KITH_ID_SHORT_SIZE];
    kith_id_format_short(&id, brief);
    if (name[0] == '\0')
        kith_id_format(&id, out);
    else
        snprintf(out, KITH_SHOWN_SIZE, "%s~%s", name, brief);
}
