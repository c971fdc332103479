/* SPDX-License-Identifier: MIT */
/* A doubly linked list threaded through its items (an intrusive list).
 *
 * The head is a kith_list that points at itself when empty. Items embed a
 * kith_list and are recovered with kith_list_item. */
#ifndef KITH_BASE_LIST_H
#define KITH_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct kith_list {
    struct kith_list *next;
    struct kith_list *prev;
};

#define kith_list_item(node, type, field) ((type *)((char *)(node)-offsetof(type, field)))

#define kith_list_each(node, head)                                                       \
    for (struct kith_list *node = (head)->next; node != (head); node = node->next)

/* The body may remove `node`. */
#define kith_list_each_safe(node, head)                                                  \
    for (struct kith_list *node = (head)->next, *node##_next = node->next;               \
         node != (head); node = node##_next, node##_next = node->next)

static inline void kith_list_init(struct kith_list *head)
{
    head->next = head->prev = head;
}

static inline bool kith_list_is_empty(const struct kith_list *head)
{
    return head->next == head;
}

static inline void kith_list_push(struct kith_list *head, struct kith_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Leaves the node self-linked, so that removing twice is harmless. */
static inline void kith_list_remove(struct kith_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    kith_list_init(node);
}

#endif
