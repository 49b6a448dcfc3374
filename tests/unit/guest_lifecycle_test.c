/* Guests, vCPUs and who is woken when: the portable part, and the guest's interrupt network. */
/* units: kernel/account.c kernel/clock.c kernel/cpu.c kernel/event.c kernel/frame.c kernel/handle.c
   kernel/interrupt.c kernel/log.c kernel/object.c kernel/page_table.c kernel/partition.c
   kernel/ports.c kernel/print.c kernel/region.c kernel/sched.c kernel/slab.c kernel/space.c
   kernel/spinlock.c kernel/string.c kernel/thread.c kernel/timer.c tests/fake/fake_arch.c
   kernel/guest.c arch/x86_64/virt/deliver.c arch/x86_64/virt/lapic.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "arch/x86_64/virt/vcpu.h"
#include "kernel/frame.h"
#include "kernel/guest.h"
#include "kernel/partition.h"
#include "kernel/region.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "tests/fake/fake_arch.h"

#define PAGE_AT 0x700000ull

static struct partition *root;
static struct space *guest_space, *program_space;
static enum status init_result;
static uint64_t apic_address;
static uint32_t cpuid_changes;

/* ---- the architecture's part */

enum status arch_guest_init(struct guest *guest) {
    (void)guest;
    return init_result;
}
uint64_t arch_guest_apic_address(const struct guest *guest) {
    (void)guest;
    return apic_address;
}
void arch_guest_set_apic_page(struct guest *guest, uint64_t page) {
    guest->arch.apic_page = page;
}
void arch_guest_cpuid_changed(struct guest *guest) {
    (void)guest;
    cpuid_changes++;
}
bool arch_guest_keeps_msr(uint32_t first, uint32_t last) {
    return first <= 0x1b && last >= 0x1b;
}
enum status arch_vcpu_init(struct vcpu *vcpu) {
    struct lapic *lapic = &vcpu->arch.lapic;
    lapic->page = partition_page_allocate(vcpu->guest->object.owner);
    if (lapic->page == NULL)
        return STATUS_QUOTA;
    lapic_reset(lapic, vcpu->index, vcpu->index == 0, 1000000000, 1000000000);
    lapic_write(lapic, LAPIC_SVR, 0x1ff, 0);
    return STATUS_OK;
}
void arch_vcpu_destroy(struct vcpu *vcpu) {
    partition_page_free(vcpu->guest->object.owner, vcpu->arch.lapic.page);
}
void arch_vcpu_unload(struct vcpu *vcpu) {
    vcpu->loaded_on = NULL;
}
noreturn void arch_vcpu_enter(struct thread *thread) {
    arch_thread_run(thread);
}
void arch_vcpu_shift_clock(struct vcpu *vcpu, uint64_t ticks) {
    lapic_shift_time(&vcpu->arch.lapic, ticks);
}
void arch_vcpu_abandon(struct vcpu *vcpu) {
    vcpu->arch.running_on = NULL;
}
enum status arch_vcpu_access_apic(struct vcpu *vcpu, uint32_t offset, bool is_write,
                                  uint64_t *value) {
    (void)vcpu, (void)offset, (void)is_write, (void)value;
    return STATUS_INVALID;
}
void vcpu_add_work(struct vcpu *vcpu, uint32_t work) {
    __atomic_or_fetch(&vcpu->arch.work, work, __ATOMIC_SEQ_CST);
}

/* ---- */

static int set_up(void **state) {
    (void)state;
    fake_start();
    init_result = STATUS_OK;
    apic_address = 0;
    cpuid_changes = 0;
    struct partition_config config = {.memory_quota = 2000 * PAGE_SIZE, .name = "root"};
    assert_int_equal(partition_create(&kernel_partition, &config, &root), STATUS_OK);
    assert_int_equal(space_create(root, SPACE_GUEST, &guest_space), STATUS_OK);
    assert_int_equal(space_create(root, SPACE_PROGRAM, &program_space), STATUS_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    object_reap();
    fake_stop();
    return 0;
}

static struct guest *make_guest(uint32_t vcpu_limit) {
    struct guest_config config = {.vcpu_limit = vcpu_limit};
    struct guest *guest = NULL;
    assert_int_equal(guest_create(root, guest_space, &config, &guest), STATUS_OK);
    return guest;
}

static struct vcpu *make_vcpu(struct guest *guest, uint32_t index) {
    uint64_t address = PAGE_AT + index * PAGE_SIZE;
    assert_int_equal(guest_create_vcpu(guest, index, program_space, address), STATUS_OK);
    return guest_vcpu(guest, index);
}

/* A thread that is the current one of CPU 0. */
static struct thread *make_thread(void) {
    struct thread_config config = {.entry = 0x400000, .stack = 0x500000, .cpu = 0};
    struct thread *thread;
    assert_int_equal(thread_create(root, program_space, &config, &thread), STATUS_OK);
    return thread;
}

static void run_scheduler(void *argument) {
    (void)argument;
    sched_run();
}

static void configuration_is_checked(void **state) {
    (void)state;
    static const struct guest_config bad[] = {
        {.vcpu_limit = 0},
        {               .vcpu_limit = 513              },
        { .vcpu_limit = 1,               .local_apic = 4},
        {               .vcpu_limit = 1,               .reserved = {1, 0}},
        {               .vcpu_limit = 1,               .reserved = {0, 1}},
    };
    struct guest *guest;
    uint64_t used = root->used_pages;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(guest_create(root, guest_space, &bad[i], &guest), STATUS_INVALID);
    struct guest_config good = {.vcpu_limit = 512};
    assert_int_equal(guest_create(root, program_space, &good, &guest), STATUS_INVALID);
    init_result = STATUS_UNSUPPORTED;
    assert_int_equal(guest_create(root, guest_space, &good, &guest), STATUS_UNSUPPORTED);
    object_reap();
    assert_int_equal(root->used_pages, used);
}

static void every_page_comes_back(void **state) {
    (void)state;
    apic_address = 0xfee00000;
    uint64_t frames = 0, used = 0;
    static const struct guest_cpuid rows[200] = {{.leaf = 0}};
    struct guest_cpuid sorted[200];
    memcpy(sorted, rows, sizeof rows);
    for (uint32_t i = 0; i < 200; i++)
        sorted[i].leaf = i;
    for (int round = 0; round < 50; round++) {
        struct guest *guest = make_guest(8);
        assert_true(guest->arch.apic_page != 0);
        make_vcpu(guest, 0);
        make_vcpu(guest, 7);
        assert_int_equal(guest_set_cpuid(guest, sorted, 200), STATUS_OK);
        assert_int_equal(guest_set_cpuid(guest, sorted, 10), STATUS_OK);
        object_put(&guest->object);
        assert_int_equal(space_unmap(program_space, PAGE_AT, PAGE_SIZE), STATUS_OK);
        assert_int_equal(space_unmap(program_space, PAGE_AT + 7 * PAGE_SIZE, PAGE_SIZE), STATUS_OK);
        assert_int_equal(space_unmap(guest_space, apic_address, PAGE_SIZE), STATUS_OK);
        object_reap();
        if (round == 0) {
            frames = frame_free_count();
            used = root->used_pages;
        }
        assert_int_equal(frame_free_count(), frames);
        assert_int_equal(root->used_pages, used);
    }
}

/* What the VMM has mapped at the APIC's address stays. */
static void a_page_in_the_way(void **state) {
    (void)state;
    apic_address = 0xfee00000;
    struct region *region;
    assert_int_equal(region_create(root, PAGE_SIZE, &region), STATUS_OK);
    assert_int_equal(space_map(guest_space, region, 0, apic_address, PAGE_SIZE, MAP_READ),
                     STATUS_OK);
    struct guest *guest = make_guest(1);
    assert_int_equal(guest->arch.apic_page, 0);
    assert_null(guest->apic_region);
}

static void vcpus_have_places(void **state) {
    (void)state;
    struct guest *guest = make_guest(2);
    make_vcpu(guest, 1);
    assert_null(guest_vcpu(guest, 0));
    assert_null(guest_vcpu(guest, 2));
    assert_int_equal(guest_create_vcpu(guest, 1, program_space, 0x900000), STATUS_EXISTS);
    assert_int_equal(guest_create_vcpu(guest, 2, program_space, 0x900000), STATUS_INVALID);
    uint64_t used = root->used_pages;
    assert_int_equal(guest_create_vcpu(guest, 0, program_space, PAGE_AT + PAGE_SIZE),
                     STATUS_EXISTS); /* its page's place is taken */
    assert_int_equal(guest_create_vcpu(guest, 0, program_space, 0x900001), STATUS_INVALID);
    object_reap();
    assert_int_equal(root->used_pages, used);
    assert_null(guest_vcpu(guest, 0));
}

static void cpuid_rows_are_sorted(void **state) {
    (void)state;
    struct guest *guest = make_guest(1);
    const struct guest_cpuid backwards[] = {{.leaf = 1}, {.leaf = 0}};
    const struct guest_cpuid twice[] = {{.leaf = 1}, {.leaf = 1}};
    const struct guest_cpuid mixed[] = {
        {.leaf = 7, .flags = GUEST_CPUID_SUBLEAF},
        {.leaf = 7        }
    };
    const struct guest_cpuid subleaves[] = {
        {.leaf = 7,                     .subleaf = 0, .flags = GUEST_CPUID_SUBLEAF},
        {.leaf = 7, .subleaf = 1, .flags = GUEST_CPUID_SUBLEAF},
        {.leaf = 0x80000000                    },
    };
    assert_int_equal(guest_set_cpuid(guest, backwards, 2), STATUS_INVALID);
    assert_int_equal(guest_set_cpuid(guest, twice, 2), STATUS_INVALID);
    assert_int_equal(guest_set_cpuid(guest, mixed, 2), STATUS_INVALID);
    assert_int_equal(guest_set_cpuid(guest, subleaves, 0), STATUS_INVALID);
    assert_int_equal(guest_set_cpuid(guest, subleaves, 257), STATUS_INVALID);
    assert_int_equal(cpuid_changes, 0);
    assert_int_equal(guest_set_cpuid(guest, subleaves, 3), STATUS_OK);
    assert_int_equal(cpuid_changes, 1);
    make_vcpu(guest, 0)->has_run = true;
    assert_int_equal(guest_set_cpuid(guest, subleaves, 3), STATUS_BUSY);
}

static void msr_rows_do_not_overlap(void **state) {
    (void)state;
    struct guest *guest = make_guest(1);
    const struct guest_msr backwards[] = {
        {.first = 2, .last = 1}
    };
    const struct guest_msr no_action[] = {
        {.first = 2, .last = 2, .action = 4}
    };
    const struct guest_msr kernels[] = {
        {.first = 0x10, .last = 0x20}
    };
    const struct guest_msr overlap[] = {
        {.first = 0x600, .last = 0x610},
        {.first = 0x610, .last = 0x620}
    };
    const struct guest_msr good[] = {
        {.first = 0x600, .last = 0x60f},
        {.first = 0x610, .last = 0x620}
    };
    assert_int_equal(guest_set_msr(guest, backwards, 1), STATUS_INVALID);
    assert_int_equal(guest_set_msr(guest, no_action, 1), STATUS_INVALID);
    assert_int_equal(guest_set_msr(guest, kernels, 1), STATUS_INVALID);
    assert_int_equal(guest_set_msr(guest, overlap, 2), STATUS_INVALID);
    assert_int_equal(guest_set_msr(guest, good, 65), STATUS_INVALID);
    assert_int_equal(guest->msr_count, 0);
    assert_int_equal(guest_set_msr(guest, good, 2), STATUS_OK);
    assert_int_equal(guest->msr_count, 2);
}

/* ---- entering */

struct entry {
    struct thread *thread;
    struct vcpu *vcpu;
    enum status status;
};

static void enter(void *argument) {
    struct entry *entry = argument;
    guest_keep(entry->thread, entry->vcpu);
    entry->status = guest_enter(entry->thread, entry->vcpu);
}

static void one_thread_at_a_time(void **state) {
    (void)state;
    struct guest *guest = make_guest(1);
    struct vcpu *vcpu = make_vcpu(guest, 0);
    struct thread *first = make_thread(), *second = make_thread();
    struct entry entry = {first, vcpu, STATUS_OK};
    assert_ptr_equal(fake_run(enter, &entry), first);
    assert_ptr_equal(vcpu->thread, first);
    assert_ptr_equal(first->vcpu, vcpu);
    entry.thread = second;
    assert_null(fake_run(enter, &entry));
    assert_int_equal(entry.status, STATUS_BUSY);
    guest_left(first);
    assert_null(vcpu->thread);
    assert_null(first->vcpu);
    assert_ptr_equal(fake_run(enter, &entry), second);
    /* A thread that ends makes room. */
    guest_thread_ended(second);
    assert_null(vcpu->thread);
}

/* A thread inside keeps the guest though every handle is closed. */
static void a_kept_guest_lives(void **state) {
    (void)state;
    struct guest *guest = make_guest(1), *other = make_guest(1);
    struct thread *thread = make_thread();
    struct entry entry = {thread, make_vcpu(guest, 0), STATUS_OK};
    assert_ptr_equal(fake_run(enter, &entry), thread);
    assert_int_equal(guest->object.count, 2);
    object_put(&guest->object);
    assert_int_equal(guest->object.count, 1);
    guest_left(thread);
    uint64_t used = root->used_pages;
    assert_int_equal(guest_create_vcpu(other, 0, program_space, 0x900000), STATUS_OK);
    entry.vcpu = guest_vcpu(other, 0);
    assert_ptr_equal(fake_run(enter, &entry), thread);
    /* The first one is gone with its pages. */
    assert_true(root->used_pages < used + 3);
    assert_ptr_equal(thread->guest, other);
    guest_left(thread);
    guest_thread_destroyed(thread);
    assert_int_equal(other->object.count, 1);
}

/* ---- halting and waking */

static uint64_t halt_deadline;

static void halt(void *argument) {
    struct thread *thread = argument;
    kernel_vcpu_halt(thread, halt_deadline);
}

/* The thread of a vCPU, entered and running on CPU 0. */
static struct thread *running_vcpu(struct vcpu **vcpu) {
    struct guest *guest = make_guest(2);
    *vcpu = make_vcpu(guest, 0);
    struct thread *thread = make_thread();
    assert_ptr_equal(fake_run(run_scheduler, NULL), thread);
    struct entry entry = {thread, *vcpu, STATUS_OK};
    assert_ptr_equal(fake_run(enter, &entry), thread);
    halt_deadline = UINT64_MAX;
    return thread;
}

static void an_interrupt_wakes(void **state) {
    (void)state;
    struct vcpu *vcpu;
    struct thread *thread = running_vcpu(&vcpu);
    assert_null(fake_run(halt, thread));
    assert_true(fake_went_idle());
    assert_int_equal(thread->run_state, THREAD_STATE_WAITING);
    assert_int_equal(arch_guest_interrupt(vcpu->guest, 0xfee00000, 0x41), STATUS_OK);
    assert_int_equal(thread->run_state, THREAD_STATE_READY);
    assert_int_equal(vcpu->is_halted, 0);
    assert_true((vcpu->arch.work & VCPU_WORK_INTERRUPT) != 0);
    assert_int_equal(lapic_deliverable(&vcpu->arch.lapic), 0x41);
    /* Once more: it is awake already. */
    assert_int_equal(arch_guest_interrupt(vcpu->guest, 0xfee00000, 0x42), STATUS_OK);
    assert_ptr_equal(fake_run(run_scheduler, NULL), thread);
    kernel_vcpu_awake(vcpu);
    assert_int_equal(thread->wait, WAIT_FOR_NOTHING);
}

/* What came between the look for work and the sleep is not slept over. */
static void no_wake_up_is_lost(void **state) {
    (void)state;
    struct vcpu *vcpu;
    struct thread *thread = running_vcpu(&vcpu);
    vcpu_add_work(vcpu, VCPU_WORK_INTERRUPT);
    assert_ptr_equal(fake_run(halt, thread), thread);
    /* The mark of halting alone is no work. */
    vcpu->arch.work = VCPU_WORK_HALTED;
    assert_null(fake_run(halt, thread));
    assert_true(fake_went_idle());
}

static void the_deadline_wakes(void **state) {
    (void)state;
    struct vcpu *vcpu;
    struct thread *thread = running_vcpu(&vcpu);
    halt_deadline = arch_ticks() + 500;
    assert_null(fake_run(halt, thread));
    assert_int_equal(cpu_self()->arch.timer_deadline, halt_deadline);
    fake_advance_ticks(499);
    kernel_timer_expired();
    assert_int_equal(thread->run_state, THREAD_STATE_WAITING);
    fake_advance_ticks(1);
    kernel_timer_expired();
    assert_int_equal(thread->run_state, THREAD_STATE_READY);
    /* Woken by something else, the timer is off: it does not disturb what the thread does next. */
    assert_ptr_equal(fake_run(run_scheduler, NULL), thread);
    kernel_vcpu_awake(vcpu);
    halt_deadline = arch_ticks() + 500;
    assert_null(fake_run(halt, thread));
    guest_kick(vcpu);
    assert_true(list_is_empty(&thread->timer.link));
}

/* A vCPU that runs elsewhere is kicked there. */
static void a_running_vcpu_is_kicked(void **state) {
    (void)state;
    struct vcpu *vcpu;
    running_vcpu(&vcpu);
    fake_add_cpu();
    vcpu->arch.running_on = cpus[1];
    uint32_t kicks = cpus[1]->arch.kicks;
    guest_kick(vcpu);
    assert_int_equal(cpus[1]->arch.kicks, kicks + 1);
    assert_true((vcpu->arch.work & VCPU_WORK_KICK) != 0);
    /* On this CPU there is nobody to kick: the work is seen before the entry. */
    vcpu->arch.running_on = cpus[0];
    kicks = cpus[0]->arch.kicks;
    guest_kick(vcpu);
    assert_int_equal(cpus[0]->arch.kicks, kicks);
}

/* ---- the interrupt network */

static void messages_find_their_vcpu(void **state) {
    (void)state;
    struct guest *guest = make_guest(4);
    struct vcpu *vcpu[3] = {make_vcpu(guest, 0), make_vcpu(guest, 1), make_vcpu(guest, 3)};
    assert_int_equal(arch_guest_interrupt(guest, 0xfee01000, 0x51), STATUS_OK);
    assert_int_equal(lapic_deliverable(&vcpu[1]->arch.lapic), 0x51);
    assert_int_equal(lapic_deliverable(&vcpu[0]->arch.lapic), LAPIC_NONE);
    /* Lowest priority, to all in the flat model: the one whose TPR is lowest. */
    for (uint32_t i = 0; i < 3; i++) {
        lapic_write(&vcpu[i]->arch.lapic, LAPIC_LDR, 0x01000000u << i, 0);
        lapic_write(&vcpu[i]->arch.lapic, LAPIC_TPR, i == 2 ? 0x10 : 0x20, 0);
    }
    assert_int_equal(arch_guest_interrupt(guest, 0xfeeff00c, 0x0161), STATUS_OK);
    assert_int_equal(lapic_deliverable(&vcpu[2]->arch.lapic), 0x61);
    assert_int_equal(lapic_highest_request(&vcpu[0]->arch.lapic), LAPIC_NONE);
    /* Others but the sender. */
    struct lapic_message all_others = {.vector = 0x71, .shorthand = LAPIC_TO_OTHERS};
    guest_deliver(guest, &all_others, vcpu[0]);
    assert_int_equal(lapic_highest_request(&vcpu[0]->arch.lapic), LAPIC_NONE);
    assert_int_equal(lapic_highest_request(&vcpu[1]->arch.lapic), 0x71);
    assert_int_equal(lapic_highest_request(&vcpu[2]->arch.lapic), 0x71);
    assert_int_equal(arch_guest_interrupt(guest, 0xfec00000, 0x41), STATUS_INVALID);
}

/* SDM Vol. 3, 6.7.1: one NMI in delivery, one remembered. */
static void signals(void **state) {
    (void)state;
    struct guest *guest = make_guest(2);
    struct vcpu *vcpu = make_vcpu(guest, 0), *second = make_vcpu(guest, 1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(arch_vcpu_signal(vcpu, GUEST_SIGNAL_NMI, 0), STATUS_OK);
    assert_int_equal(vcpu->arch.nmi_count, 2);
    assert_int_equal(arch_vcpu_signal(vcpu, GUEST_SIGNAL_START, 0x100), STATUS_INVALID);
    assert_int_equal(arch_vcpu_signal(vcpu, GUEST_SIGNAL_EXTERNAL, 2), STATUS_INVALID);
    assert_int_equal(arch_vcpu_signal(vcpu, GUEST_SIGNAL_EXTERNAL, 1), STATUS_OK);
    assert_true(vcpu->arch.external_is_pending);
    assert_int_equal(arch_vcpu_signal(vcpu, GUEST_SIGNAL_EXTERNAL, 0), STATUS_OK);
    assert_false(vcpu->arch.external_is_pending);
    /* INIT and SIPI through the ICR: assert, de-assert does nothing, start. */
    struct lapic_message message = {.destination = 1, .delivery = LAPIC_INIT, .is_deassert = true};
    guest_deliver(guest, &message, vcpu);
    assert_int_equal(second->arch.work, 0);
    message.is_deassert = false;
    guest_deliver(guest, &message, vcpu);
    assert_int_equal(second->arch.work, VCPU_WORK_INIT);
    message.delivery = LAPIC_START;
    message.vector = 0x9a;
    guest_deliver(guest, &message, vcpu);
    assert_int_equal(second->arch.work, VCPU_WORK_INIT | VCPU_WORK_START);
    assert_int_equal(second->arch.start_vector, 0x9a);
}

static void statistics_add_up(void **state) {
    (void)state;
    struct vcpu *vcpu = make_vcpu(make_guest(1), 0);
    vcpu->statistics.exits[10] = 3;
    vcpu->statistics.exits[63] = 4;
    struct guest_statistics statistics;
    guest_get_statistics(vcpu, &statistics);
    assert_int_equal(statistics.exits_total, 7);
    assert_int_equal(statistics.exits[10], 3);
}

static void a_pause_shifts_clocks(void **state) {
    (void)state;
    struct guest *guest = make_guest(2);
    struct vcpu *vcpu = make_vcpu(guest, 0);
    uint64_t offset = guest->clock_offset;
    vcpu->arch.lapic.deadline = 5000;
    guest_shift_clock(guest, 70);
    assert_int_equal(guest->clock_offset, offset + 70);
    assert_int_equal(vcpu->arch.lapic.deadline, 5070);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(configuration_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_page_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_in_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(vcpus_have_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cpuid_rows_are_sorted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(msr_rows_do_not_overlap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_thread_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kept_guest_lives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupt_wakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_wake_up_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_deadline_wakes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_running_vcpu_is_kicked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_find_their_vcpu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(statistics_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pause_shifts_clocks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
