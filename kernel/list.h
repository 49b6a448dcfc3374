/* Doubly linked list with the links inside the members. */
#ifndef BULKHEAD_KERNEL_LIST_H
#define BULKHEAD_KERNEL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

#define LIST_MEMBER(link, type, field) ((type *)(void *)((char *)(link)-offsetof(type, field)))

/* `link` is declared by the macro: it cannot stand in parentheses. */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define LIST_FOR_EACH(link, head) \
    for (struct list *link = (head)->next; link != (head); link = link->next)

/* Also when the body removes the link. */
#define LIST_FOR_EACH_SAFE(link, head)                                                \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head); \
         link = link##_next, link##_next = link->next)

/* NOLINTEND(bugprone-macro-parentheses) */

static inline void list_init(struct list *list) {
    list->next = list;
    list->previous = list;
}

static inline bool list_is_empty(const struct list *list) {
    return list->next == list;
}

static inline void list_insert_before(struct list *position, struct list *link) {
    link->next = position;
    link->previous = position->previous;
    position->previous->next = link;
    position->previous = link;
}

static inline void list_append(struct list *head, struct list *link) {
    list_insert_before(head, link);
}

static inline void list_prepend(struct list *head, struct list *link) {
    list_insert_before(head->next, link);
}

/* The link can be removed again, or asked list_is_empty (true: in no list). */
static inline void list_remove(struct list *link) {
    link->next->previous = link->previous;
    link->previous->next = link->next;
    list_init(link);
}

#endif
