/* Serial line, interrupt table, local APIC, power-off. */
#include "tests/bench/guest/machine.h"

#include <stddef.h>

#include "guests/vmm/devices/pm.h"
#include "tests/bench/guest/cpu.h"
#include "tests/bench/guest/start.h"

#define UART_DATA   0x3f8u
#define UART_STATUS 0x3fdu
#define UART_EMPTY  0x20u

#define PIC_MASTER_MASK 0x21u
#define PIC_SLAVE_MASK  0xa1u

#define CODE_SELECTOR   0x10u
#define GATE_INTERRUPT  0x8eu /* present, DPL 0, 64-bit interrupt gate */
#define SPURIOUS_VECTOR 0xffu
#define PM_SLEEP_SHIFT  10
#define PM_SLEEP_ENABLE 0x2000u

/* SDM Vol. 3, 6.14.1 "64-Bit Mode IDT". */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "64-bit gate");

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
_Static_assert(sizeof(struct table_pointer) == 10, "operand of LIDT");

static struct gate gates[256];

static void set_gate(uint32_t vector, uint64_t handler) {
    gates[vector] = (struct gate){.offset_low = (uint16_t)handler,
                                  .selector = CODE_SELECTOR,
                                  .type = GATE_INTERRUPT,
                                  .offset_middle = (uint16_t)(handler >> 16),
                                  .offset_high = (uint32_t)(handler >> 32)};
}

bool machine_has_x2apic(void) {
    return (cpu_cpuid_ecx(1) & CPUID_X2APIC) != 0;
}

bool machine_has_deadline(void) {
    return machine_has_x2apic() && (cpu_cpuid_ecx(1) & CPUID_DEADLINE) != 0;
}

void machine_init(void) {
    const struct table_pointer pointer = {sizeof(gates) - 1, (uint64_t)gates};
    for (uint32_t i = 0; i < EXCEPTION_COUNT; i++) {
        set_gate(i, (uint64_t)exception_stubs + (uint64_t)i * EXCEPTION_STUB_SIZE);
    }
    set_gate(MACHINE_VECTOR_IPI, (uint64_t)interrupt_ipi);
    set_gate(MACHINE_VECTOR_TIMER, (uint64_t)interrupt_timer);
    cpu_out8(PIC_MASTER_MASK, 0xff);
    cpu_out8(PIC_SLAVE_MASK, 0xff);
    __asm__ volatile("lidt %0" : : "m"(pointer), "m"(gates));
    if (!machine_has_x2apic()) {
        return;
    }
    cpu_write_msr(MSR_APIC_BASE, cpu_read_msr(MSR_APIC_BASE) | APIC_BASE_X2APIC);
    cpu_write_msr(MSR_X2APIC_SVR, APIC_SVR_ENABLE | SPURIOUS_VECTOR);
    if (machine_has_deadline()) {
        cpu_write_msr(MSR_X2APIC_TIMER, APIC_TIMER_DEADLINE | MACHINE_VECTOR_TIMER);
        __asm__ volatile("mfence"
                         :
                         :
                         : "memory"); /* SDM Vol. 3, 11.5.4.1: before the first deadline */
    }
}

noreturn void machine_power_off(void) {
    cpu_interrupts_off();
    cpu_out16(PM_PORT + PM_CONTROL, PM_SLEEP_TYPE_S5 << PM_SLEEP_SHIFT | PM_SLEEP_ENABLE);
    for (;;) {
        __asm__ volatile("hlt");
    }
}

static void print_byte(char byte) {
    while ((cpu_in8(UART_STATUS) & UART_EMPTY) == 0) {
    }
    cpu_out8(UART_DATA, (uint8_t)byte);
}

void machine_print(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            print_byte('\r');
        }
        print_byte(*text);
    }
}

static void print_digits(uint64_t value, size_t digits) {
    char text[21];
    size_t at = sizeof(text) - 1;
    text[at] = '\0';
    for (; value != 0 || digits != 0; value /= 10) {
        text[--at] = (char)('0' + value % 10);
        digits -= digits != 0;
    }
    machine_print(&text[at]);
}

void machine_print_number(uint64_t value) {
    print_digits(value, 1);
}

void machine_print_hundredths(uint64_t value) {
    print_digits(value / 100, 1);
    machine_print(".");
    print_digits(value % 100, 2);
}

noreturn void exception(uint64_t vector, uint64_t error, uint64_t address) {
    machine_print("bench: failed: exception ");
    machine_print_number(vector);
    machine_print(", error code ");
    machine_print_number(error);
    machine_print(", at ");
    machine_print_number(address);
    machine_print("\n");
    machine_power_off();
}
