#include "arch/x86_64/cpu/apic.h"

#include <stddef.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/interrupt.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/mm/kernel_space.h"
#include "kernel/cpu.h"

#define PAGE_STRIDE     4u /* 32-bit words from one register to the next */
#define ID_SHIFT        24 /* xAPIC: SDM Vol. 3, 11.4.6 "Local APIC ID" */
#define ICR_DESTINATION 24
#define LVT_COUNT_SHIFT 16 /* SDM Vol. 3, 11.4.8 "Local APIC Version Register" */
#define DFR_FLAT        0xffffffffu

static bool is_x2apic __attribute__((section(".sealed")));
static volatile uint32_t *page __attribute__((section(".sealed"))); /* NULL in x2APIC mode */

bool apic_is_x2apic(void) {
    return is_x2apic;
}

uint32_t apic_read(enum apic_register index) {
    if (is_x2apic)
        return (uint32_t)asm_rdmsr(MSR_X2APIC + index);
    return page[index * PAGE_STRIDE];
}

void apic_write(enum apic_register index, uint32_t value) {
    if (is_x2apic)
        asm_wrmsr(MSR_X2APIC + index, value);
    else
        page[index * PAGE_STRIDE] = value;
}

uint32_t apic_id(void) {
    uint32_t id = apic_read(APIC_ID);
    return is_x2apic ? id : id >> ID_SHIFT;
}

void apic_end_of_interrupt(void) {
    apic_write(APIC_EOI, 0);
}

void apic_send(uint32_t destination, uint32_t command) {
    if (is_x2apic) {
        /* WRMSR to x2APIC registers is not serializing: what was written before must be seen by the
         * receiver. SDM Vol. 3, 11.12.3 "MSR Access in x2APIC Mode". */
        asm_mfence();
        asm_wrmsr(MSR_X2APIC + APIC_ICR, (uint64_t)destination << 32 | command);
        return;
    }
    page[APIC_ICR_HIGH * PAGE_STRIDE] = destination << ICR_DESTINATION;
    page[APIC_ICR * PAGE_STRIDE] = command;
    while ((page[APIC_ICR * PAGE_STRIDE] & APIC_ICR_PENDING) != 0)
        asm_pause();
}

void apic_send_all_others(uint32_t command) {
    if (is_x2apic || page != NULL)
        apic_send(0, command | APIC_ICR_ALL_OTHERS);
}

void apic_init_boot(void) {
    uint64_t base = asm_rdmsr(MSR_APIC_BASE);
    is_x2apic = cpu_has(FEATURE_X2APIC);
    if (!is_x2apic)
        page = kernel_space_map_device(base & APIC_BASE_ADDRESS, PAGE_SIZE);
}

/* IA32_APIC_BASE.EN is never cleared: some processors cannot set it again. SDM Vol. 3, 11.12.5
 * "x2APIC State Transitions". */
static void enter_mode(void) {
    uint64_t base = asm_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    if (is_x2apic && (base & APIC_BASE_X2APIC) == 0)
        asm_wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    else if (!is_x2apic)
        asm_wrmsr(MSR_APIC_BASE, base);
}

static bool is_in_service(void) {
    for (uint32_t i = 0; i < 8; i++)
        if (apic_read((enum apic_register)(APIC_ISR + i)) != 0)
            return true;
    return false;
}

void apic_init_cpu(void) {
    static const struct {
        enum apic_register index;
        uint32_t from_count; /* exists where the APIC has more LVT entries than this */
    } sources[] = {
        {APIC_LVT_TIMER,       0},
        {APIC_LVT_LINT0,       1},
        {APIC_LVT_LINT1,       2},
        {APIC_LVT_PERFORMANCE, 4},
        {APIC_LVT_THERMAL,     5},
        {APIC_LVT_CMCI,        6},
    };
    enter_mode();
    uint32_t count = (apic_read(APIC_VERSION) >> LVT_COUNT_SHIFT & 0xff) + 1;
    apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (count > sources[i].from_count)
            apic_write(sources[i].index, APIC_LVT_MASKED);
    /* NMIs of the chipset come by LINT1: SDM Vol. 3, 11.5.1 "Local Vector Table". */
    apic_write(APIC_LVT_LINT1, APIC_ICR_NMI);
    apic_write(APIC_LVT_ERROR, VECTOR_APIC_ERROR);
    if (!is_x2apic) {
        apic_write(APIC_DFR, DFR_FLAT);
        apic_write(APIC_LDR, 0);
    }
    apic_write(APIC_TPR, 0);
    apic_write(APIC_ERROR, 0);
    /* What firmware left in service would block our vectors. */
    for (uint32_t i = 0; i < 256 && is_in_service(); i++)
        apic_end_of_interrupt();
}
