/* The system as a whole. */
#include "kernel/system.h"

#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/module.h"
#include "kernel/partition.h"
#include "kernel/string.h"
#include "kernel/timer.h"

#define VERSION              "0.1"
#define LOG_LINES_PER_WINDOW 200u
#define LOG_WINDOW_NS        1000000000ull

struct object system_object;
struct object pool_object;

static struct {
    uint64_t fixed_pages; /* image and frame table: not from the frame allocator */
    uint64_t wall_clock_ns;
    uint64_t handover_ticks;
} facts;

static uint64_t row_pages(const struct boot_info *info, enum boot_memory_type type) {
    const struct boot_memory *rows = arch_memory_at(info->memory);
    uint64_t pages = 0;
    for (uint32_t i = 0; i < info->memory_count; i++)
        if (rows[i].type == type)
            pages += rows[i].length / PAGE_SIZE;
    return pages;
}

void system_init(const struct boot_info *info) {
    object_init_static(&system_object, OBJECT_SYSTEM);
    object_init_static(&pool_object, OBJECT_POOL);
    /* The loader's rows join the allocator later and are then part of its total. */
    uint64_t installed = row_pages(info, BOOT_MEMORY_USABLE) + row_pages(info, BOOT_MEMORY_KERNEL) +
                         row_pages(info, BOOT_MEMORY_MODULE);
    facts.fixed_pages = installed - frame_total_count();
    partition_charge_boot(); /* whatever has been allocated so far is the kernel's own */
    /* Wall clock when the kernel's own clock began. */
    uint64_t since = arch_ticks() - info->tsc_hand_over;
    if (info->wall_clock_ns > 0)
        facts.wall_clock_ns = (uint64_t)info->wall_clock_ns + clock_ticks_to_ns(since) -
                              clock_now_ns();
    facts.handover_ticks = info->tsc_hand_over;
}

static void copy_text(char *to, size_t size, const char *from) {
    size_t length = string_length(from, size - 1);
    memcpy(to, from, length);
    to[length] = '\0';
}

void system_get_info(struct system_info *info) {
    uint64_t free_pages = frame_free_count();
    uint64_t total = frame_total_count() + facts.fixed_pages;
    /* What is promised as quota but not used is free; what the kernel's own partition uses is its.
     */
    uint64_t kernel_pages = facts.fixed_pages + kernel_partition.kernel_pages;
    *info = (struct system_info){
        .abi_version = ABI_VERSION,
        .cpu_count = cpu_count,
        .memory_total = total * PAGE_SIZE,
        .memory_free = free_pages * PAGE_SIZE,
        .memory_kernel = kernel_pages * PAGE_SIZE,
        .memory_charged = partition_charged_pages() * PAGE_SIZE,
        .ticks_per_second = arch_ticks_per_second(),
        .timer_hz = arch_timer_hz(),
        .boot_wall_clock_ns = facts.wall_clock_ns,
        .handover_ticks = facts.handover_ticks,
        .module_count = module_count(),
        .guests_supported = arch_guests_reason() == NULL,
    };
    copy_text(info->guests_reason, sizeof info->guests_reason,
              arch_guests_reason() == NULL ? "VT-x with EPT" : arch_guests_reason());
    copy_text(info->version, sizeof info->version, VERSION);
    copy_text(info->cpu_name, sizeof info->cpu_name, arch_cpu_name());
}

noreturn void system_shutdown(enum shutdown_kind kind) {
    if (kind == SHUTDOWN_POWER_OFF)
        arch_power_off();
    if (kind == SHUTDOWN_RESET)
        arch_reset();
    log_take_console();
    log_line("the computer can be switched off now");
    arch_halt_all();
}

void system_log_partition(struct partition *partition, const char *text, size_t length) {
    uint64_t window = clock_now_ns() / LOG_WINDOW_NS;
    if (window != partition->log_window) {
        if (partition->log_count > LOG_LINES_PER_WINDOW)
            log_line("%s: %lu lines were dropped", partition->name,
                     (unsigned long)(partition->log_count - LOG_LINES_PER_WINDOW));
        partition->log_window = window;
        partition->log_count = 0;
    }
    if (++partition->log_count <= LOG_LINES_PER_WINDOW)
        log_partition_line(partition->name, text, length);
}
