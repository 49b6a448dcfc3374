/* Memory accounts of partitions: what is charged, and pages that are paid. */
#include "kernel/arch.h"
#include "kernel/frame.h"
#include "kernel/partition.h"

bool partition_charge(struct partition *partition, uint64_t pages) {
    uint64_t used = __atomic_load_n(&partition->used_pages, __ATOMIC_RELAXED);
    do {
        if (pages > partition->quota_pages || used > partition->quota_pages - pages)
            return false;
    } while (!__atomic_compare_exchange_n(&partition->used_pages, &used, used + pages, true,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

void partition_uncharge(struct partition *partition, uint64_t pages) {
    __atomic_sub_fetch(&partition->used_pages, pages, __ATOMIC_RELAXED);
}

bool partition_charge_kernel(struct partition *partition, uint64_t pages) {
    if (!partition_charge(partition, pages))
        return false;
    __atomic_add_fetch(&partition->kernel_pages, pages, __ATOMIC_RELAXED);
    return true;
}

void partition_uncharge_kernel(struct partition *partition, uint64_t pages) {
    __atomic_sub_fetch(&partition->kernel_pages, pages, __ATOMIC_RELAXED);
    partition_uncharge(partition, pages);
}

void *partition_pages_allocate(struct partition *partition, uint32_t order) {
    if (!partition_charge_kernel(partition, 1ull << order))
        return NULL;
    uint64_t base = frame_allocate(order);
    if (base == FRAME_NONE) {
        partition_uncharge_kernel(partition, 1ull << order);
        return NULL;
    }
    char *pages = arch_memory_at(base);
    for (uint64_t i = 0; i < 1ull << order; i++)
        arch_page_clear(pages + i * PAGE_SIZE);
    return pages;
}

void partition_pages_free(struct partition *partition, void *pages, uint32_t order) {
    frame_free(arch_memory_physical(pages), order);
    partition_uncharge_kernel(partition, 1ull << order);
}

void *partition_page_allocate(struct partition *partition) {
    return partition_pages_allocate(partition, 0);
}

void partition_page_free(struct partition *partition, void *page) {
    partition_pages_free(partition, page, 0);
}
