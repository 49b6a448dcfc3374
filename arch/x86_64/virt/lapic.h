/*
 * A guest's local APIC: registers, priorities, timer, messages. Pure state: no hardware is touched
 * and time comes as an argument, so the unit tests drive it on the host (SDM Vol. 3, chapter 11).
 *
 * Requested interrupts (IRR) are set by any CPU with atomic operations. Everything else belongs to
 * the CPU that runs the vCPU. Registers lie in the page that VT-x calls the virtual-APIC page; IRR,
 * ISR and TMR are kept here, unless the processor delivers interrupts itself: then vmx/apic.c moves
 * IRR into the page at entry and ISR is there as well.
 */
#ifndef BULKHEAD_VIRT_LAPIC_H
#define BULKHEAD_VIRT_LAPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAPIC_DEFAULT_BASE 0xfee00000ull
#define LAPIC_NONE         UINT32_MAX
#define LAPIC_NEVER        UINT64_MAX

/* Register numbers: offset / 16. */
enum lapic_register {
    LAPIC_ID = 0x02,
    LAPIC_VERSION = 0x03,
    LAPIC_TPR = 0x08,
    LAPIC_APR = 0x09,
    LAPIC_PPR = 0x0a,
    LAPIC_EOI = 0x0b,
    LAPIC_RRD = 0x0c,
    LAPIC_LDR = 0x0d,
    LAPIC_DFR = 0x0e,
    LAPIC_SVR = 0x0f,
    LAPIC_ISR = 0x10,
    LAPIC_TMR = 0x18,
    LAPIC_IRR = 0x20,
    LAPIC_ESR = 0x28,
    LAPIC_ICR = 0x30,
    LAPIC_ICR_HIGH = 0x31,
    LAPIC_LVT_TIMER = 0x32,
    LAPIC_LVT_THERMAL = 0x33,
    LAPIC_LVT_PERFORMANCE = 0x34,
    LAPIC_LVT_LINT0 = 0x35,
    LAPIC_LVT_LINT1 = 0x36,
    LAPIC_LVT_ERROR = 0x37,
    LAPIC_TIMER_INITIAL = 0x38,
    LAPIC_TIMER_CURRENT = 0x39,
    LAPIC_TIMER_DIVIDE = 0x3e,
    LAPIC_SELF_IPI = 0x3f,
    LAPIC_REGISTER_COUNT = 0x40
};

/* Delivery modes: SDM Vol. 3, 11.5.1 "Local Vector Table" and 11.6.1 "Interrupt Command Register".
 */
enum lapic_delivery {
    LAPIC_FIXED = 0,
    LAPIC_LOWEST = 1,
    LAPIC_SMI = 2,
    LAPIC_NMI = 4,
    LAPIC_INIT = 5,
    LAPIC_START = 6,
    LAPIC_EXTERNAL = 7
};

enum lapic_shorthand {
    LAPIC_TO_DESTINATION = 0,
    LAPIC_TO_SELF = 1,
    LAPIC_TO_ALL = 2,
    LAPIC_TO_OTHERS = 3
};

struct lapic_message {
    uint32_t destination;
    uint8_t vector;
    uint8_t delivery;  /* enum lapic_delivery */
    uint8_t shorthand; /* enum lapic_shorthand */
    bool is_logical;
    bool is_level;
    bool is_deassert; /* INIT level de-assert: nothing happens */
};

struct lapic {
    uint8_t *page;            /* the registers */
    uint64_t irr[4];          /* atomic */
    uint64_t isr[4];          /* unless the processor delivers interrupts */
    uint64_t tmr[4];          /* atomic */
    uint64_t base;            /* IA32_APIC_BASE */
    uint64_t deadline;        /* host ticks of the timer's next expiry; LAPIC_NEVER */
    uint64_t tsc_deadline;    /* IA32_TSC_DEADLINE, 0: not armed */
    uint64_t tsc_offset;      /* guest's TSC - host's */
    uint64_t ticks_per_count; /* TSC ticks per tick of the timer's clock, 32.32 */
    uint64_t counts_per_tick; /* its inverse, 32.32 */
    uint32_t id;
    uint32_t errors;       /* for ESR, since its last write */
    uint32_t timer_entry;  /* LVT timer and divide configuration in force: a processor that */
    uint32_t timer_divide; /* virtualises the page writes there before it exits */
    bool is_virtual;       /* the processor delivers interrupts: ISR is in the page */
};

static inline uint32_t lapic_get(const struct lapic *lapic, uint32_t index) {
    return *(const uint32_t *)(const void *)(lapic->page + 16 * index);
}

static inline void lapic_put(struct lapic *lapic, uint32_t index, uint32_t value) {
    *(uint32_t *)(void *)(lapic->page + 16 * index) = value;
}

/* IA32_APIC_BASE */
#define LAPIC_BASE_BOOT_CPU 0x100ull
#define LAPIC_BASE_X2APIC   0x400ull
#define LAPIC_BASE_ENABLE   0x800ull

static inline bool lapic_is_enabled(const struct lapic *lapic) {
    return (lapic->base & LAPIC_BASE_ENABLE) != 0;
}

static inline bool lapic_is_x2apic(const struct lapic *lapic) {
    return (lapic->base & LAPIC_BASE_X2APIC) != 0;
}

static inline bool lapic_has_request(const struct lapic *lapic) {
    const uint64_t *irr = lapic->irr;
    return (__atomic_load_n(&irr[0], __ATOMIC_RELAXED) |
            __atomic_load_n(&irr[1], __ATOMIC_RELAXED) |
            __atomic_load_n(&irr[2], __ATOMIC_RELAXED) |
            __atomic_load_n(&irr[3], __ATOMIC_RELAXED)) != 0;
}

/* State after power-up; the page is cleared. timer_hz: of the guest's APIC timer. */
void lapic_reset(struct lapic *lapic, uint32_t id, bool is_boot_cpu, uint64_t tsc_hz,
                 uint64_t timer_hz);
/* State after INIT: id and base stay (11.4.7.3). */
void lapic_init_signal(struct lapic *lapic);

/* A write of IA32_APIC_BASE. False: #GP. */
bool lapic_set_base(struct lapic *lapic, uint64_t value);

/* ---- interrupts */

/* Any CPU. False: software-disabled, or the vector is not one. */
bool lapic_request(struct lapic *lapic, uint32_t vector, bool is_level);
/* Highest requested vector, or LAPIC_NONE. */
uint32_t lapic_highest_request(const struct lapic *lapic);
/* Highest in service, or LAPIC_NONE. */
uint32_t lapic_highest_service(const struct lapic *lapic);
/* Task and processor priority: 11.8.3.1. */
uint32_t lapic_priority(const struct lapic *lapic);
/* The vector that the processor would take now with interrupts on, or LAPIC_NONE. */
uint32_t lapic_deliverable(const struct lapic *lapic);
/* It takes it: from IRR to ISR. */
void lapic_take(struct lapic *lapic, uint32_t vector);
/* End of the highest in service: its vector, or LAPIC_NONE. */
uint32_t lapic_end_of_interrupt(struct lapic *lapic);

/* ---- registers */

/* What an access asks of the caller. */
#define LAPIC_EFFECT_FAULT 1u /* no such register, or a reserved bit: #GP in x2APIC mode */
#define LAPIC_EFFECT_SEND  2u /* ICR was written: lapic_command tells the message */
#define LAPIC_EFFECT_EOI   4u /* the EOI register: lapic_end_of_interrupt */
#define LAPIC_EFFECT_PRIORITY \
    8u /* TPR, or something was requested: look for deliverable interrupts */
#define LAPIC_EFFECT_TIMER 16u /* the deadline changed */

/* Reads a register by number. ICR in x2APIC mode gives 64 bits. */
uint32_t lapic_read(const struct lapic *lapic, uint32_t index, uint64_t now, uint64_t *value);
uint32_t lapic_write(struct lapic *lapic, uint32_t index, uint64_t value, uint64_t now);

/* The message that ICR asks for. */
struct lapic_message lapic_command(const struct lapic *lapic);
/* The message of an MSI. False: not an MSI address. */
bool lapic_decode_msi(uint64_t address, uint32_t data, struct lapic_message *message);
/* Whether this APIC is among a message's destinations (11.6.2). */
bool lapic_matches(const struct lapic *lapic, const struct lapic_message *message,
                   const struct lapic *source);

/* LINT0 passes the PIC's interrupts on. */
bool lapic_passes_external(const struct lapic *lapic);

/* ---- timer */

/* IA32_TSC_DEADLINE */
void lapic_set_tsc_deadline(struct lapic *lapic, uint64_t value, uint64_t now);
/* Whatever is due is requested and the deadline moved on. True: something was. */
bool lapic_timer_expired(struct lapic *lapic, uint64_t now);
/* The host's time went on by so many ticks that the guest does not see. */
void lapic_shift_time(struct lapic *lapic, uint64_t ticks);

/* ---- state transfer: registers by number, ICR's upper half at its xAPIC place in both modes */

bool lapic_state_is_valid(uint64_t base, const uint32_t registers[64]);
/* deadline: of the counting timer, LAPIC_NEVER: off. The processor delivers nothing meanwhile. */
void lapic_restore(struct lapic *lapic, uint64_t base, const uint32_t registers[64],
                   uint64_t tsc_deadline, uint64_t deadline, uint64_t now);

#endif
