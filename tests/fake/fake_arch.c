/* The fake architecture: see fake_arch.h. */
#include "tests/fake/fake_arch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/sched.h"
#include "kernel/thread.h"
#include "kernel/timer.h"

jmp_buf fake_panic_point;
bool fake_panic_is_expected;
uint32_t fake_flushes;
void (*fake_on_idle)(void);

static char *memory;
static struct cpu fake_cpus[FAKE_CPU_LIMIT];
static struct cpu *cpu_rows[FAKE_CPU_LIMIT];
static uint32_t selected;
static uint64_t ticks;
static jmp_buf run_point;
static struct thread *ran;
static bool idle;

struct cpu *fake_cpu_self(void) {
    return &fake_cpus[selected];
}

void fake_select_cpu(uint32_t index) {
    selected = index;
}

void fake_add_cpu(void) {
    struct cpu *cpu = &fake_cpus[cpu_count];
    memset(cpu, 0, sizeof *cpu);
    cpu->index = cpu_count;
    list_init(&cpu->ready);
    list_init(&cpu->timers);
    cpu->timer_armed = UINT64_MAX;
    cpu->slice_end = UINT64_MAX;
    cpu->online = true;
    cpu_rows[cpu_count] = cpu;
    cpu_count++;
}

/* boot_info lies in the last pages of memory, as a loader's would. */
void fake_start(void) {
    memory = aligned_alloc(2ull << 20, FAKE_MEMORY_SIZE);
    memset(memory, 0xa5, FAKE_MEMORY_SIZE); /* nothing is clean by chance */
    ticks = 1000;
    selected = 0;
    cpu_count = 0;
    cpus = cpu_rows;
    fake_add_cpu();
    uint64_t info_page = FAKE_MEMORY_SIZE - PAGE_SIZE;
    struct boot_info *info = arch_memory_at(info_page);
    memset(info, 0, PAGE_SIZE);
    struct boot_memory *rows = (struct boot_memory *)(info + 1);
    rows[0] = (struct boot_memory){0, 0x9f000, BOOT_MEMORY_USABLE, 0};
    rows[1] = (struct boot_memory){0x100000, info_page - 0x100000, BOOT_MEMORY_USABLE, 0};
    rows[2] = (struct boot_memory){info_page, PAGE_SIZE, BOOT_MEMORY_LOADER, 0};
    info->memory = arch_memory_physical(rows);
    info->memory_count = 3;
    frame_init(info);
    clock_init(arch_ticks_per_second());
    partition_init_kernel();
}

void fake_stop(void) {
    free(memory);
    memory = NULL;
}

void fake_advance_ticks(uint64_t count) {
    ticks += count;
}

struct thread *fake_run(void (*call)(void *argument), void *argument) {
    ran = NULL;
    idle = false;
    if (setjmp(run_point) == 0)
        call(argument);
    return ran;
}

bool fake_went_idle(void) {
    return idle;
}

/* ---- the contract */

void *arch_memory_at(uint64_t physical) {
    return memory + physical;
}

uint64_t arch_memory_physical(const void *address) {
    return (uint64_t)((const char *)address - memory);
}

void arch_page_clear(void *page) {
    memset(page, 0, PAGE_SIZE);
}

void arch_cpu_relax(void) {}

/* The other CPUs of a test do what they are asked at once. */
void arch_cpu_kick(struct cpu *cpu) {
    cpu->arch.kicks++;
    uint32_t self = selected;
    selected = cpu->index;
    cpu_serve();
    selected = self;
}

void arch_cpu_idle(void) {
    void (*interrupt)(void) = fake_on_idle;
    fake_on_idle = NULL;
    if (interrupt != NULL) {
        interrupt();
        return;
    }
    idle = true;
    longjmp(run_point, 1);
}

uint64_t arch_ticks(void) {
    return ticks;
}

uint64_t arch_ticks_per_second(void) {
    return 1000000000ull;
}

uint64_t arch_timer_hz(void) {
    return 1000000000ull;
}

void arch_timer_set(uint64_t deadline_ticks) {
    fake_cpu_self()->arch.timer_deadline = deadline_ticks;
}

const char *arch_cpu_name(void) {
    return "fake";
}

const char *arch_guests_reason(void) {
    return "the fake CPU has no VT-x";
}

void arch_thread_init(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument,
                      uint64_t thread_pointer) {
    (void)stack, (void)argument, (void)thread_pointer;
    thread->arch.entry = entry;
}

size_t arch_thread_state_size(void) {
    return 2688;
}

void arch_thread_give_state(struct thread *thread, void *state) {
    thread->arch.state = state;
}

void *arch_thread_state(const struct thread *thread) {
    return thread->arch.state;
}

noreturn void arch_thread_run(struct thread *thread) {
    ran = thread;
    longjmp(run_point, 1);
}

void arch_thread_leave(struct thread *thread) {
    (void)thread;
}

void arch_thread_set_result(struct thread *thread, int64_t result) {
    thread->arch.result = result;
    thread->arch.has_result = true;
}

void arch_thread_restart_call(struct thread *thread) {
    thread->arch.restarts++;
}

void arch_thread_get_state(const struct thread *thread, struct thread_state *state) {
    state->instruction = thread->arch.entry;
}

void arch_thread_ports_changed(struct thread *thread) {
    (void)thread;
}

bool arch_copy_from_user(void *to, uint64_t from, size_t length) {
    memcpy(to, (const void *)from, length);
    return true;
}

bool arch_copy_to_user(uint64_t to, const void *from, size_t length) {
    memcpy((void *)to, from, length);
    return true;
}

/* x86's long-mode format: Intel SDM Vol. 3, 4.5 "4-Level Paging and 5-Level Paging". */
static uint64_t fake_leaf(uint32_t level, uint32_t flags) {
    return 1ull | ((flags & MAP_WRITE) != 0 ? 2ull : 0) | 4ull |
           ((flags & MAP_EXECUTE) != 0 ? 0 : 1ull << 63) | (level > 0 ? 1ull << 7 : 0);
}

static uint32_t fake_rights(uint64_t entry) {
    return MAP_READ | ((entry & 2) != 0 ? MAP_WRITE : 0) | (entry >> 63 != 0 ? 0 : MAP_EXECUTE);
}

static const struct page_format fake_format = {
    .name = "fake",
    .levels = 4,
    .largest_level = 2,
    .present_mask = 1,
    .address_mask = 0x000ffffffffff000ull,
    .large_bit = 1ull << 7,
    .table_bits = 7,
    .leaf = fake_leaf,
    .rights = fake_rights,
};

const struct page_format *arch_page_format(enum space_kind kind) {
    return kind == SPACE_DEVICE ? NULL : &fake_format;
}

void arch_space_init(struct space *space) {
    (void)space;
}

void arch_space_destroy(struct space *space) {
    (void)space;
}

void arch_flush_translations(void) {
    fake_flushes++;
}

enum status arch_interrupt_route(uint32_t line, bool is_global, uint32_t *global_line) {
    (void)is_global;
    *global_line = line == 0 ? 2 : line;
    return line < 24 ? STATUS_OK : STATUS_INVALID;
}

void arch_interrupt_unmask(uint32_t global_line) {
    (void)global_line;
}

void arch_interrupt_mask(uint32_t global_line) {
    (void)global_line;
}

bool arch_port_is_reserved(uint16_t port) {
    return port >= 0x40 && port <= 0x43;
}

void arch_serial_write(const char *text, size_t length) {
    (void)text, (void)length;
}

void kernel_panic(const void *frame, const char *format, ...) {
    (void)frame;
    if (fake_panic_is_expected)
        longjmp(fake_panic_point, 1);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    abort();
}
