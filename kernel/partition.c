/* Partitions: creation, lifecycle, destruction. */
#include "kernel/partition.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/event.h"
#include "kernel/frame.h"
#include "kernel/guest.h"
#include "kernel/interrupt.h"
#include "kernel/log.h"
#include "kernel/region.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

#define DEFAULT_HANDLES 1024u
#define DEFAULT_THREADS 64u
#define DEFAULT_WEIGHT  256u
#define OVERHEAD_PAGES  1u /* its own struct partition, in a page of the kernel's */

struct partition kernel_partition;
struct partition *manager_partition;

static struct list all;
static uint64_t last_id;

static void init(struct partition *partition) {
    slab_init(&partition->slab);
    list_init(&partition->objects);
    list_init(&partition->threads);
    list_init(&partition->all_link);
}

void partition_init_kernel(void) {
    list_init(&all);
    init(&kernel_partition);
    memcpy(kernel_partition.name, "kernel", sizeof "kernel");
    kernel_partition.quota_pages = frame_total_count();
    kernel_partition.used_pages = 0;
    kernel_partition.kernel_pages = 0;
    kernel_partition.state = PARTITION_RUNNING;
    object_init_static(&kernel_partition.object, OBJECT_PARTITION);
}

void partition_charge_boot(void) {
    kernel_partition.kernel_pages = frame_total_count() - frame_free_count();
    kernel_partition.used_pages = kernel_partition.kernel_pages;
}

static bool name_is_valid(const char *name) {
    size_t length = string_length(name, PARTITION_NAME_SIZE);
    if (length == 0 || length == PARTITION_NAME_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool is_allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '_' || c == '-';
        if (!is_allowed)
            return false;
    }
    return true;
}

static bool limits_are_valid(const struct partition_config *config) {
    const uint32_t handle_limit = HANDLE_PAGE_LIMIT * HANDLE_PAGE_ENTRIES;
    return config->memory_quota % PAGE_SIZE == 0 && config->weight <= 65535 &&
           config->handle_limit <= handle_limit && config->cap <= 100 * cpu_count;
}

static enum status check_config(const struct partition_config *config) {
    if (!name_is_valid(config->name) || !limits_are_valid(config))
        return STATUS_INVALID;
    LIST_FOR_EACH (link, &all)
        if (string_equal(LIST_MEMBER(link, struct partition, all_link)->name, config->name))
            return STATUS_EXISTS;
    return STATUS_OK;
}

static uint32_t or_default(uint32_t value, uint32_t instead) {
    return value != 0 ? value : instead;
}

static void set_limits(struct partition *partition, const struct partition_config *config) {
    partition->handles.limit = or_default(config->handle_limit, DEFAULT_HANDLES);
    partition->thread_limit = or_default(config->thread_limit, DEFAULT_THREADS);
    partition->weight = or_default(config->weight, DEFAULT_WEIGHT);
    partition->cap = config->cap;
}

/* The structure itself is the kernel's: it must outlive everything that the partition owns. */
enum status partition_create(struct partition *account, const struct partition_config *config,
                             struct partition **result) {
    enum status status = check_config(config);
    if (status != STATUS_OK)
        return status;
    uint64_t pages = config->memory_quota / PAGE_SIZE;
    if (!partition_charge(account, pages + OVERHEAD_PAGES))
        return STATUS_QUOTA;
    struct partition *partition = object_create(OBJECT_PARTITION, &kernel_partition);
    if (partition == NULL) {
        partition_uncharge(account, pages + OVERHEAD_PAGES);
        return STATUS_NO_MEMORY;
    }
    init(partition);
    memcpy(partition->name, config->name, PARTITION_NAME_SIZE);
    partition->id = ++last_id;
    partition->account = account;
    partition->quota_pages = pages;
    set_limits(partition, config);
    if (handle_table_create(partition) != STATUS_OK) {
        partition_uncharge(account, pages + OVERHEAD_PAGES);
        object_put(&partition->object);
        return STATUS_QUOTA;
    }
    handle_set_initial(partition, HANDLE_PARTITION, &partition->object);
    list_append(&all, &partition->all_link);
    object_get(&partition->object); /* one count is the list's, one the caller's */
    *result = partition;
    return STATUS_OK;
}

bool partition_lives_on(const struct partition *partition, const struct partition *payer) {
    const struct partition *account = partition->account;
    while (account != NULL && account != payer)
        account = account->account;
    return account != NULL;
}

/* The difference in quota is taken from the account, or goes back to it. */
enum status partition_set_limits(struct partition *partition,
                                 const struct partition_config *config) {
    if (!limits_are_valid(config))
        return STATUS_INVALID;
    uint64_t pages = config->memory_quota / PAGE_SIZE;
    if (pages > partition->quota_pages) {
        if (!partition_charge(partition->account, pages - partition->quota_pages))
            return STATUS_QUOTA;
        partition->quota_pages = pages;
    } else {
        uint64_t surplus = partition->quota_pages - pages;
        if (!partition_charge(partition, surplus)) /* so that nobody else takes it meanwhile */
            return STATUS_QUOTA;
        partition->quota_pages = pages;
        partition_uncharge(partition, surplus);
        partition_uncharge(partition->account, surplus);
    }
    set_limits(partition, config);
    return STATUS_OK;
}

void partition_set_event(struct partition *partition, struct event *event, uint64_t bits) {
    if (event != NULL)
        object_get(&event->object);
    if (partition->event != NULL)
        object_put(&partition->event->object);
    partition->event = event;
    partition->event_bits = bits;
}

void partition_notify(struct partition *partition) {
    if (partition->event != NULL)
        event_signal(partition->event, partition->event_bits);
}

struct partition *partition_after(uint64_t id) {
    LIST_FOR_EACH (link, &all) {
        struct partition *partition = LIST_MEMBER(link, struct partition, all_link);
        if (partition->id > id)
            return partition;
    }
    return NULL;
}

void partition_get_info(struct partition *partition, struct partition_info *info) {
    *info = (struct partition_info){
        .id = partition->id,
        .state = partition->state,
        .exit_code = partition->exit_code,
        .memory_quota = partition->quota_pages * PAGE_SIZE,
        .memory_used = partition->used_pages * PAGE_SIZE,
        .memory_kernel = partition->kernel_pages * PAGE_SIZE,
        .cpu_time_ns = clock_ticks_to_ns(partition->cpu_ticks),
        .wait_time_ns = clock_ticks_to_ns(partition->wait_ticks),
        .handle_count = partition->handles.used,
        .thread_count = partition->thread_count,
        .weight = partition->weight,
        .cap = partition->cap,
        .fault = partition->fault,
    };
    memcpy(info->name, partition->name, PARTITION_NAME_SIZE);
}

static bool has_ended(const struct partition *partition) {
    return partition->state == PARTITION_STOPPED || partition->state == PARTITION_FAULTED;
}

/* No thread of the partition runs when this returns, but the running one if it is among them. */
static void hold_threads(struct partition *partition) {
    struct thread *running = cpu_self()->current;
    LIST_FOR_EACH (link, &partition->threads)
        sched_hold(LIST_MEMBER(link, struct thread, partition_link));
    LIST_FOR_EACH (link, &partition->threads) {
        struct thread *thread = LIST_MEMBER(link, struct thread, partition_link);
        if (thread != running)
            sched_await_off_cpu(thread);
    }
}

static void shift_clocks(struct partition *partition, uint64_t ticks) {
    LIST_FOR_EACH (link, &partition->objects) {
        struct object *object = LIST_MEMBER(link, struct object, owner_link);
        if (object->type == OBJECT_GUEST)
            guest_shift_clock(LIST_MEMBER(object, struct guest, object), ticks);
    }
}

enum status partition_pause(struct partition *partition) {
    if (has_ended(partition))
        return STATUS_BAD_STATE;
    if (partition->state == PARTITION_PAUSED)
        return STATUS_OK;
    partition->state_before_pause = partition->state;
    partition->state = PARTITION_PAUSED;
    hold_threads(partition);
    partition->paused_at = arch_ticks();
    partition_notify(partition);
    return STATUS_OK;
}

enum status partition_resume(struct partition *partition) {
    if (has_ended(partition))
        return STATUS_BAD_STATE;
    if (partition->state != PARTITION_PAUSED)
        return STATUS_OK;
    shift_clocks(partition, arch_ticks() - partition->paused_at);
    partition->state = partition->state_before_pause;
    LIST_FOR_EACH (link, &partition->threads)
        sched_release(LIST_MEMBER(link, struct thread, partition_link));
    partition_notify(partition);
    return STATUS_OK;
}

void partition_stop(struct partition *partition, enum partition_state state, int32_t exit_code) {
    if (has_ended(partition))
        return;
    hold_threads(partition);
    LIST_FOR_EACH (link, &partition->threads)
        thread_end(LIST_MEMBER(link, struct thread, partition_link));
    partition->state = state;
    partition->exit_code = exit_code;
    partition_notify(partition);
}

/* A quota given on counts as used by the giver: only what is really in use counts here. */
uint64_t partition_charged_pages(void) {
    uint64_t pages = 0;
    LIST_FOR_EACH (link, &all) {
        const struct partition *partition = LIST_MEMBER(link, struct partition, all_link);
        pages += partition->used_pages;
        if (partition->account != &kernel_partition)
            pages -= partition->quota_pages + OVERHEAD_PAGES;
    }
    return pages;
}

/* ---- destruction */

static struct object *first_of_type(struct partition *partition, enum object_type type) {
    LIST_FOR_EACH (link, &partition->objects) {
        struct object *object = LIST_MEMBER(link, struct object, owner_link);
        if (object->type == type)
            return object;
    }
    return NULL;
}

static void close_handles_everywhere(const struct partition *owner) {
    LIST_FOR_EACH (link, &all)
        handle_close_owned(LIST_MEMBER(link, struct partition, all_link), owner);
}

/* The partitions whose quota came from this one draw on its own account from now on. */
static void pass_on_children(struct partition *partition) {
    LIST_FOR_EACH (link, &all) {
        struct partition *child = LIST_MEMBER(link, struct partition, all_link);
        if (child->account != partition)
            continue;
        child->account = partition->account;
        partition_uncharge(partition, child->quota_pages + OVERHEAD_PAGES);
        partition->quota_pages -= child->quota_pages + OVERHEAD_PAGES;
    }
}

/* Nothing is left of it but its name. */
static void finish_destruction(struct partition *partition) {
    object_reap();
    handle_table_free(partition);
    pass_on_children(partition);
    if (partition->used_pages != 0 || !list_is_empty(&partition->objects))
        log_line("partition %s: %lu pages are left after its end: a bug of the kernel",
                 partition->name, (unsigned long)partition->used_pages);
    LIST_FOR_EACH (link, &all)
        handle_close_object(LIST_MEMBER(link, struct partition, all_link), &partition->object);
    list_remove(&partition->all_link);
    partition_uncharge(partition->account, partition->quota_pages + OVERHEAD_PAGES);
    object_put(&partition->object); /* the list's */
}

static void end_threads(struct partition *partition) {
    LIST_FOR_EACH_SAFE (link, &partition->threads) {
        struct thread *thread = LIST_MEMBER(link, struct thread, partition_link);
        /* One that ended by itself may still be on its way off its CPU, saving its state. */
        if (thread != cpu_self()->current)
            sched_await_off_cpu(thread);
        list_remove(&thread->partition_link);
        object_put(&thread->object);
    }
}

/* What others still do with things that the partition owns ends here. */
static void withdraw(struct partition *partition) {
    LIST_FOR_EACH (link, &all) {
        struct partition *other = LIST_MEMBER(link, struct partition, all_link);
        if (other->event != NULL && other->event->object.owner == partition)
            partition_set_event(other, NULL, 0);
    }
    interrupt_forget(partition);
    if (log_watcher() != NULL && log_watcher()->object.owner == partition) {
        struct event *event = log_watcher();
        log_watch(NULL, 0);
        object_put(&event->object);
    }
}

void partition_empty(struct partition *partition) {
    handle_close_owned(partition, NULL);
    withdraw(partition);
    end_threads(partition);
    object_reap();
    handle_table_free(partition);
    partition->had_threads = false;
    if (handle_table_create(partition) == STATUS_OK)
        handle_set_initial(partition, HANDLE_PARTITION, &partition->object);
}

/*
 * Each step leaves a partition that is stopped and a little emptier. The order follows who counts
 * on whom: handles, threads, guests, then mappings, so that every object dies of its last count.
 */
enum status partition_destroy(struct partition *partition) {
    if (!has_ended(partition))
        partition_stop(partition, PARTITION_STOPPED, 0);
    if (!partition->is_closing) {
        partition->is_closing = true;
        handle_close_owned(partition, NULL);
        close_handles_everywhere(partition);
        withdraw(partition);
        partition_set_event(partition, NULL, 0);
        end_threads(partition);
        return STATUS_BUSY;
    }
    LIST_FOR_EACH (link, &partition->objects) {
        struct object *object = LIST_MEMBER(link, struct object, owner_link);
        if (object->type == OBJECT_SPACE &&
            space_clear(LIST_MEMBER(object, struct space, object)) == STATUS_BUSY)
            return STATUS_BUSY;
    }
    struct object *region = first_of_type(partition, OBJECT_REGION);
    if (region != NULL) {
        space_unmap_region(LIST_MEMBER(region, struct region, object));
        return STATUS_BUSY;
    }
    finish_destruction(partition);
    return STATUS_OK;
}
