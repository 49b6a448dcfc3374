/* units: guests/vmm/loop.c guests/vmm/inject.c guests/vmm/end.c guests/vmm/wiring.c
 * tests/unit/support/vmm_emulate.units guests/vmm/devices/board.c guests/vmm/devices/debug_exit.c
 * guests/vmm/devices/ioapic.c guests/vmm/devices/irq.c guests/vmm/devices/pci.c
 * guests/vmm/devices/pic.c guests/vmm/devices/pit.c guests/vmm/devices/pm.c
 * guests/vmm/devices/reset.c guests/vmm/devices/rtc.c guests/vmm/devices/ticks.c
 * guests/vmm/devices/uart.c guests/lib/ring.c guests/lib/status.c */
/*
 * The exit loop with all its devices, against a kernel and guest that are played here: each test is
 * a list of exits and what must have come of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/log.h"
#include "guests/vmm/io_thread.h"
#include "guests/vmm/loop.h"
#include "guests/vmm/wiring.h"

#define GUEST   77u
#define MANAGER 78u

static struct machine machine;
static struct vcpu_page page;
static struct machine_shared shared;
static uint8_t ram[0x10000];

/* What the guest does: each step prepares the page and names the exit. */
static enum exit_kind (*const *steps)(void);

static jmp_buf ended;
static uint64_t exit_code;
static char log_text_written[512];
static unsigned notify_count, deadline_count;
static uint64_t extint_level, message_address, message_data, eoi_vectors[4];
static struct guest_state state_in_kernel;
static bool is_locked;

int64_t fake_syscall(uint64_t number, const uint64_t argument[6]) {
    switch (number) {
    case SYS_guest_enter:
        assert_false(is_locked);
        assert_int_equal(argument[0], GUEST);
        assert_int_equal(argument[1], 0);
        if (*steps == NULL) {
            longjmp(ended, 2);
        }
        return (*steps++)();
    case SYS_partition_exit: exit_code = argument[0]; longjmp(ended, 1);
    case SYS_event_signal:
        assert_int_equal(argument[0], MANAGER);
        notify_count++;
        return 0;
    case SYS_guest_signal:
        assert_int_equal(argument[2], GUEST_SIGNAL_EXTERNAL);
        extint_level = argument[3];
        return 0;
    case SYS_guest_interrupt:
        message_address = argument[1];
        message_data = argument[2];
        return 0;
    case SYS_guest_set_eoi_exits:
        memcpy(eoi_vectors, (const void *)(uintptr_t)argument[1], sizeof(eoi_vectors));
        return 0;
    case SYS_guest_get_state:
        memcpy((void *)(uintptr_t)argument[2], &state_in_kernel, sizeof(state_in_kernel));
        return 0;
    case SYS_guest_set_state:
        memcpy(&state_in_kernel, (const void *)(uintptr_t)argument[2], sizeof(state_in_kernel));
        return 0;
    default: fail_msg("system call %u", (unsigned)number); return -STATUS_BAD_CALL;
    }
}

/* The library's parts that need a thread of the kernel's. */
void mutex_lock(struct mutex *mutex) {
    (void)mutex;
    assert_false(is_locked);
    is_locked = true;
}

void mutex_unlock(struct mutex *mutex) {
    (void)mutex;
    assert_true(is_locked);
    is_locked = false;
}

uint64_t clock_now_ns(void) {
    return 1000000000;
}

void clock_sleep_until(uint64_t deadline_ns) {
    (void)deadline_ns;
}

uint64_t start_wall_clock_ns(void);
uint64_t start_wall_clock_ns(void) {
    return 1700000000000000000;
}

void log_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(log_text_written, sizeof(log_text_written), format, arguments);
    va_end(arguments);
}

void io_thread_deadline_moved(struct machine *moved) {
    assert_ptr_equal(moved, &machine);
    assert_true(is_locked);
    deadline_count++;
}

static int setup(void **state) {
    (void)state;
    memset(&machine, 0, sizeof(machine));
    memset(&page, 0, sizeof(page));
    memset(&shared, 0, sizeof(shared));
    memset(ram, 0, sizeof(ram));
    machine.guest = GUEST;
    machine.manager = MANAGER;
    machine.settings.cpu_count = 1;
    machine.memory = (struct guest_memory){.low = ram, .low_length = sizeof(ram)};
    machine.shared = &shared;
    machine.vcpu[0] = (struct vcpu){.machine = &machine, .page = &page, .index = 0};
    ring_init(&machine.input, &shared.input, shared.input_data, MACHINE_INPUT_SIZE);
    ring_init(&machine.output, &shared.output, shared.output_data, MACHINE_OUTPUT_SIZE);
    wiring_create(&machine);
    page.rip = 0x1000;
    is_locked = false;
    exit_code = UINT64_MAX;
    log_text_written[0] = '\0';
    notify_count = deadline_count = 0;
    extint_level = 0;
    return 0;
}

/* Runs the steps; true: the partition has ended. */
static bool play(enum exit_kind (*const *list)(void)) {
    steps = list;
    int why = setjmp(ended);
    if (why == 0) {
        loop_run(&machine.vcpu[0]);
    }
    steps = NULL;
    return why == 1;
}

#define STEPS(...) ((enum exit_kind(*const[])(void)){__VA_ARGS__, NULL})

static enum exit_kind port(uint16_t number, uint8_t width, bool is_in, uint64_t value) {
    page.exit = (struct vcpu_exit){.kind = EXIT_PORT, .instruction_length = 2};
    page.exit.port.port = number;
    page.exit.port.width = width;
    page.exit.port.is_in = is_in;
    page.gpr[GPR_RAX] = value;
    page.dirty = 0;
    return EXIT_PORT;
}

#define OUT(name, number, value)              \
    static enum exit_kind name(void) {        \
        return port(number, 1, false, value); \
    }
#define OUTW(name, number, value)             \
    static enum exit_kind name(void) {        \
        return port(number, 2, false, value); \
    }
#define IN(name, number, value)              \
    static enum exit_kind name(void) {       \
        return port(number, 1, true, value); \
    }

OUT(out_a, 0x3f8, 0xffffff41)
OUT(out_nobody, 0x80, 1)
IN(in_line_status, 0x3fd, 0x1122334455667788)
OUT(pit_control, 0x43, 0x30)
OUTW(power_off, 0x604, 5 << 10 | 1 << 13)
OUT(reset_register, 0xcf9, 6)
OUT(reset_keyboard, 0x64, 0xfe)

static void test_output(void **state) {
    (void)state;
    char bytes[3] = {0};
    assert_false(play(STEPS(out_a, out_a)));
    struct ring manager;
    ring_init(&manager, &shared.output, shared.output_data, MACHINE_OUTPUT_SIZE);
    assert_int_equal(ring_take(&manager, bytes, sizeof(bytes)), 2);
    assert_string_equal(bytes, "AA");
    assert_int_equal(notify_count, 1);  /* only what was empty is news */
    assert_int_equal(page.rip, 0x1000); /* the kernel has moved it already */
    assert_int_equal(page.dirty, 0);
    assert_int_equal(deadline_count, 0);
}

static void test_input(void **state) {
    (void)state;
    assert_false(play(STEPS(in_line_status)));
    assert_int_equal(page.gpr[GPR_RAX], 0x1122334455667760); /* THRE and TEMT; the rest stays */
}

static void test_consequences(void **state) {
    (void)state;
    assert_false(play(STEPS(out_nobody, pit_control, out_nobody)));
    assert_int_equal(deadline_count, 1);
}

static void test_power_off(void **state) {
    (void)state;
    assert_true(play(STEPS(power_off)));
    assert_int_equal(exit_code, VMM_EXIT_POWER_OFF);
    assert_non_null(strstr(log_text_written, "powered off"));
}

static enum exit_kind debug_exit(void) {
    page.gpr[GPR_RAX] = 0x12345678;
    port(0xf4, 4, false, 0x105);
    return EXIT_PORT;
}

static enum exit_kind debug_exit_byte(void) {
    port(0xf4, 1, false, 0);
    return EXIT_PORT;
}

static void test_debug_exit(void **state) {
    (void)state;
    assert_false(play(STEPS(debug_exit))); /* no such port by default */
    machine.settings.has_debug_exit = true;
    wiring_create(&machine);
    assert_true(play(STEPS(debug_exit)));
    assert_int_equal(exit_code, VMM_EXIT_DEBUG | 0x20b);
    assert_non_null(strstr(log_text_written, "exit code 523"));
    assert_int_equal(setup(NULL), 0);
    machine.settings.has_debug_exit = true;
    wiring_create(&machine);
    assert_true(play(STEPS(debug_exit_byte)));
    assert_int_equal(exit_code, VMM_EXIT_DEBUG | 1);
}

static void test_resets(void **state) {
    (void)state;
    assert_true(play(STEPS(reset_register)));
    assert_int_equal(exit_code, VMM_EXIT_RESET);
    assert_int_equal(setup(NULL), 0);
    assert_true(play(STEPS(reset_keyboard)));
    assert_int_equal(exit_code, VMM_EXIT_RESET);
}

static enum exit_kind shutdown(void) {
    state_in_kernel.rip = 0xabcdef;
    return EXIT_SHUTDOWN;
}

static void test_triple_fault(void **state) {
    (void)state;
    assert_true(play(STEPS(shutdown)));
    assert_int_equal(exit_code, VMM_EXIT_TRIPLE_FAULT);
    assert_non_null(strstr(log_text_written, "0xabcdef"));
}

static enum exit_kind failed_entry(void) {
    page.exit.failed.rule = 7;
    memset(page.exit.failed.text, 'x', sizeof(page.exit.failed.text)); /* no NUL */
    return EXIT_FAILED_ENTRY;
}

static void test_failed_entry(void **state) {
    (void)state;
    assert_true(play(STEPS(failed_entry)));
    assert_int_equal(exit_code, VMM_EXIT_FAILED);
    assert_non_null(strstr(log_text_written, "rule 7"));
}

static enum exit_kind halt(void) {
    return EXIT_HALT;
}

static void test_halt(void **state) {
    (void)state;
    assert_true(play(STEPS(halt)));
    assert_int_equal(exit_code, VMM_EXIT_POWER_OFF);
}

static enum exit_kind kernel_error(void) {
    return (enum exit_kind) - STATUS_BUSY;
}

static enum exit_kind future_kind(void) {
    return EXIT_KIND_COUNT;
}

static void test_bad_results(void **state) {
    (void)state;
    assert_true(play(STEPS(kernel_error)));
    assert_int_equal(exit_code, VMM_EXIT_FAILED);
    assert_int_equal(setup(NULL), 0);
    assert_true(play(STEPS(future_kind)));
    assert_int_equal(exit_code, VMM_EXIT_FAILED);
}

static enum exit_kind msr(void) {
    return EXIT_MSR;
}

static enum exit_kind cpuid(void) {
    page.exit.instruction_length = 2;
    page.gpr[GPR_RBX] = 5;
    return EXIT_CPUID;
}

static enum exit_kind hypercall(void) {
    page.exit.instruction_length = 3;
    return EXIT_HYPERCALL;
}

static void test_msr(void **state) {
    (void)state;
    assert_false(play(STEPS(msr)));
    assert_int_equal(page.dirty, VCPU_INJECT);
    assert_int_equal(page.inject_kind, INJECT_EXCEPTION);
    assert_int_equal(page.inject_vector, 13);
    assert_int_equal(page.inject_has_error, 1);
    assert_int_equal(page.inject_error, 0);
    assert_int_equal(page.rip, 0x1000);
}

static void test_cpuid_and_hypercall(void **state) {
    (void)state;
    assert_false(play(STEPS(cpuid, hypercall)));
    assert_int_equal(page.gpr[GPR_RBX], 0);
    assert_int_equal((int64_t)page.gpr[GPR_RAX], -1000);
    assert_int_equal(page.rip, 0x1005);
}

/* The PIC with vectors from 0x20, all masked but IRQ 4; the UART's transmitter interrupt. */
OUT(icw1, 0x20, 0x11)
OUT(icw2, 0x21, 0x20)
OUT(icw3, 0x21, 0x04)
OUT(icw4, 0x21, 0x01)
OUT(mask, 0x21, 0xef)
OUT(modem, 0x3fc, 0x0b)
OUT(transmitter_interrupt, 0x3f9, 0x02)

static enum exit_kind window(void) {
    page.dirty = 0;
    return EXIT_WINDOW;
}

static void test_pic(void **state) {
    (void)state;
    assert_false(play(STEPS(icw1, icw2, icw3, icw4, mask, modem, transmitter_interrupt)));
    assert_int_equal(extint_level, 1);
    assert_false(play(STEPS(window)));
    assert_int_equal(page.dirty, VCPU_INJECT);
    assert_int_equal(page.inject_kind, INJECT_EXTERNAL);
    assert_int_equal(page.inject_vector, 0x24);
    assert_int_equal(extint_level, 0);
    assert_false(play(STEPS(window))); /* nothing more is pending */
    assert_int_equal(page.dirty, 0);
}

/* mov [rbx], eax, in flat 32-bit code without paging. */
static enum exit_kind memory(uint64_t address, uint32_t value) {
    page.cr0 = 1;
    page.cs_attributes = 0xc09b;
    page.gpr[GPR_RAX] = value;
    memcpy(ram + page.rip, (uint8_t[]){0x89, 0x03}, 2);
    page.exit = (struct vcpu_exit){.kind = EXIT_MEMORY};
    page.exit.memory.address = address;
    page.exit.memory.access = EXIT_ACCESS_WRITE;
    page.exit.memory.linear_address_is_valid = 1;
    return EXIT_MEMORY;
}

#define STORE(name, address, value)    \
    static enum exit_kind name(void) { \
        return memory(address, value); \
    }

/* Pin 4: vector 0x31, level-triggered, to APIC id 0. */
STORE(select_low, 0xfec00000, 0x18)
STORE(low, 0xfec00010, 0x8031)

static enum exit_kind end_of_interrupt(void) {
    message_address = 0;
    page.exit.vector = 0x31;
    return EXIT_END_OF_INTERRUPT;
}

static void test_io_apic(void **state) {
    (void)state;
    assert_false(play(STEPS(select_low, low)));
    assert_int_equal(page.rip, 0x1004); /* two MOVs of two bytes, carried out here */
    assert_int_equal(eoi_vectors[0], 1ull << 0x31);
    message_address = 0;
    assert_false(play(STEPS(modem, transmitter_interrupt)));
    assert_int_equal(message_address, 0xfee00000);
    assert_int_equal(message_data & 0xff, 0x31);
    /* The line is still asserted at the interrupt's end: it comes again. */
    assert_false(play(STEPS(end_of_interrupt)));
    assert_int_equal(message_address, 0xfee00000);
}

static enum exit_kind fetch_from_device(void) {
    memory(0xfec00000, 0);
    page.exit.memory.access = EXIT_ACCESS_FETCH;
    return EXIT_MEMORY;
}

static enum exit_kind unknown_instruction(void) {
    memory(0xfec00000, 0);
    memcpy(ram + page.rip, (uint8_t[]){0x0f, 0x6f, 0x03}, 3); /* movq mm0, [ebx] */
    return EXIT_MEMORY;
}

static void test_hopeless_guests(void **state) {
    (void)state;
    assert_true(play(STEPS(fetch_from_device)));
    assert_int_equal(exit_code, VMM_EXIT_FAILED);
    assert_int_equal(setup(NULL), 0);
    assert_true(play(STEPS(unknown_instruction)));
    assert_int_equal(exit_code, VMM_EXIT_FAILED);
    assert_non_null(strstr(log_text_written, "0f 6f 03"));
}

/* INS to a page that is not there: a page fault with its address in CR2, and the device unread. */
static enum exit_kind string_to_nowhere(void) {
    port(0x3f8, 1, true, 0);
    page.cr0 = 0x80000001;
    page.cr3 = 0x2000;
    page.cr4 = 0x10;
    page.cs_attributes = 0xc09b;
    page.gpr[GPR_RDI] = 0x400123;
    state_in_kernel.es = (struct guest_segment){.limit = UINT32_MAX, .attributes = 0xc093};
    memcpy(ram + 0x2000, (uint32_t[]){0x83}, 4); /* 4 MiB identity, nothing behind */
    memcpy(ram + page.rip, (uint8_t[]){0x6c}, 1);
    page.exit.port.flags = EXIT_PORT_STRING;
    return EXIT_PORT;
}

static void test_string_fault(void **state) {
    (void)state;
    state_in_kernel.cr2 = 0;
    assert_false(play(STEPS(string_to_nowhere)));
    assert_int_equal(state_in_kernel.cr2, 0x400123);
    assert_int_equal(page.inject_vector, 14);
    assert_int_equal(page.inject_error, 2);
    assert_int_equal(page.dirty, VCPU_INJECT);
    assert_int_equal(page.rip, 0x1000);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_output),       TEST(test_input),        TEST(test_consequences),
        TEST(test_power_off),    TEST(test_debug_exit),   TEST(test_resets),
        TEST(test_triple_fault), TEST(test_failed_entry), TEST(test_halt),
        TEST(test_bad_results),  TEST(test_msr),          TEST(test_cpuid_and_hypercall),
        TEST(test_pic),          TEST(test_io_apic),      TEST(test_hopeless_guests),
        TEST(test_string_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
