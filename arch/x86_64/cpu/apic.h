/*
 * The local APIC, in x2APIC mode where the processor has it, else through its page of registers.
 * SDM Vol. 3, chapter 11 "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef BULKHEAD_CPU_APIC_H
#define BULKHEAD_CPU_APIC_H

#include <stdbool.h>
#include <stdint.h>

/* Register numbers: offset / 16 in the page, MSR 800h + number. SDM Vol. 3, 11.4.1, table 11-1. */
enum apic_register {
    APIC_ID = 0x02,
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_EOI = 0x0b,
    APIC_LDR = 0x0d,
    APIC_DFR = 0x0e,
    APIC_SPURIOUS = 0x0f,
    APIC_ISR = 0x10, /* 8 of them, also TMR and IRR */
    APIC_TMR = 0x18,
    APIC_IRR = 0x20,
    APIC_ERROR = 0x28,
    APIC_LVT_CMCI = 0x2f,
    APIC_ICR = 0x30, /* 64 bits in x2APIC mode; else 31h is its high half */
    APIC_ICR_HIGH = 0x31,
    APIC_LVT_TIMER = 0x32,
    APIC_LVT_THERMAL = 0x33,
    APIC_LVT_PERFORMANCE = 0x34,
    APIC_LVT_LINT0 = 0x35,
    APIC_LVT_LINT1 = 0x36,
    APIC_LVT_ERROR = 0x37,
    APIC_TIMER_INITIAL = 0x38,
    APIC_TIMER_CURRENT = 0x39,
    APIC_TIMER_DIVIDE = 0x3e,
};

#define APIC_SPURIOUS_ENABLE (1u << 8)
#define APIC_LVT_MASKED      (1u << 16)
#define APIC_LVT_ONE_SHOT    (0u << 17)
#define APIC_LVT_PERIODIC    (1u << 17)
#define APIC_LVT_DEADLINE    (2u << 17)

/* ICR: SDM Vol. 3, 11.6.1 "Interrupt Command Register (ICR)" */
#define APIC_ICR_FIXED      (0u << 8)
#define APIC_ICR_NMI        (4u << 8)
#define APIC_ICR_INIT       (5u << 8)
#define APIC_ICR_START      (6u << 8)
#define APIC_ICR_PENDING    (1u << 12)
#define APIC_ICR_ASSERT     (1u << 14)
#define APIC_ICR_LEVEL      (1u << 15)
#define APIC_ICR_ALL_OTHERS (3u << 18)

/* Chooses the mode; on the boot CPU also maps the page if there is need of one. */
void apic_init_boot(void);
/* The running CPU: mode, spurious vector, all local sources masked. */
void apic_init_cpu(void);

bool apic_is_x2apic(void);
uint32_t apic_id(void);
uint32_t apic_read(enum apic_register index);
void apic_write(enum apic_register index, uint32_t value);

void apic_end_of_interrupt(void);
/* command: APIC_ICR_... and vector. Waits until it is sent. */
void apic_send(uint32_t destination, uint32_t command);
void apic_send_all_others(uint32_t command);

#endif
