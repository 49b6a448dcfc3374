/* Partitions: isolation, accounts, lifecycle. */
#ifndef BULKHEAD_KERNEL_PARTITION_H
#define BULKHEAD_KERNEL_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/handle.h"
#include "kernel/object.h"
#include "kernel/slab.h"

struct event;

struct partition {
    struct object object;
    char name[PARTITION_NAME_SIZE];
    uint64_t id;
    struct list all_link; /* in the list of all partitions, by id */
    enum partition_state state;
    enum partition_state state_before_pause;
    bool had_threads; /* its first handles are filled */
    bool is_closing;  /* its destruction has begun */
    int32_t exit_code;
    struct fault_info fault;

    struct partition *account; /* its quota came from there */
    uint64_t quota_pages;
    uint64_t used_pages;   /* atomic; kernel objects, tables, regions, and quotas given to others */
    uint64_t kernel_pages; /* atomic; part of used_pages */

    struct handle_table handles;
    struct slab slab;    /* the memory of its small objects */
    struct list objects; /* that it owns */
    struct list threads;
    uint32_t thread_count;
    uint32_t thread_limit;
    uint32_t weight, cap;

    struct event *event; /* told of changes of state */
    uint64_t event_bits;
    uint64_t paused_at; /* ticks */
    uint64_t cpu_ticks; /* atomic */
    uint64_t wait_ticks;
    uint64_t log_window, log_count; /* rate limit */
};

extern struct partition kernel_partition; /* owns what the kernel itself allocates; unlimited */
extern struct partition *manager_partition;

/* Charges pages to a quota; false: it has not so many left. Any CPU, no lock. */
bool partition_charge(struct partition *partition, uint64_t pages);
void partition_uncharge(struct partition *partition, uint64_t pages);
/* The same for the kernel's own structures (tables, objects). */
bool partition_charge_kernel(struct partition *partition, uint64_t pages);
void partition_uncharge_kernel(struct partition *partition, uint64_t pages);

/* A cleared kernel page paid by the partition: address in the direct map, NULL: quota or memory. */
void *partition_page_allocate(struct partition *partition);
void partition_page_free(struct partition *partition, void *page);
/* The same for 2^order contiguous pages. */
void *partition_pages_allocate(struct partition *partition, uint32_t order);
void partition_pages_free(struct partition *partition, void *pages, uint32_t order);

void partition_init_kernel(void);
/* Charges the kernel's partition for every frame that is in use; nobody else exists yet. */
void partition_charge_boot(void);
/* Who is told of changes of state; NULL: nobody. */
void partition_set_event(struct partition *partition, struct event *event, uint64_t bits);
enum status partition_create(struct partition *account, const struct partition_config *config,
                             struct partition **result);
/* Quota, weight, cap and limits; not the name, nor the event. */
/* Whether the payer's account, or one that came from it, is the partition's: not its own. */
bool partition_lives_on(const struct partition *partition, const struct partition *payer);
enum status partition_set_limits(struct partition *partition,
                                 const struct partition_config *config);
void partition_get_info(struct partition *partition, struct partition_info *info);
struct partition *partition_after(uint64_t id);
enum status partition_pause(struct partition *partition);
enum status partition_resume(struct partition *partition);
/* Ends every thread; they run nowhere when it returns. */
void partition_stop(struct partition *partition, enum partition_state state, int32_t exit_code);
/* One step of destruction; STATUS_BUSY: call again (the system call is restarted). */
enum status partition_destroy(struct partition *partition);
void partition_notify(struct partition *partition);
/* Takes everything that the stopped partition has away from it: handles, threads, mappings. What
 * others still use of its objects stays. For starting the manager anew. */
void partition_empty(struct partition *partition);
/* Pages that partitions other than the kernel's own use, quotas of others not counted twice. */
uint64_t partition_charged_pages(void);

#endif
