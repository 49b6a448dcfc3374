/*
 * The I/O and MSR bitmaps. They depend on the kernel's MSR table and the local APIC's mode only, so
 * all guests share them (SDM Vol. 3, 25.6.4 "I/O-Bitmap Addresses" and 25.6.9 "MSR-Bitmap
 * Address").
 */
#include "arch/x86_64/virt/msr.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/frame.h"
#include "kernel/string.h"

uint64_t vmx_msr_bitmap[VMX_BITMAP_COUNT];
uint64_t vmx_io_bitmap[2];

/* Four parts of 1 KiB: reads of low and of high MSRs, writes of low and of high. */
#define PART_HIGH  1024u
#define PART_WRITE 2048u

static void pass(uint8_t *bitmap, uint32_t index, bool is_read, bool is_write) {
    uint32_t part = index >= 0xc0000000 ? PART_HIGH : 0;
    uint32_t bit = index & 0x1fff;
    if (is_read)
        bitmap[part + bit / 8] &= (uint8_t) ~(1u << (bit % 8));
    if (is_write)
        bitmap[part + PART_WRITE + bit / 8] &= (uint8_t) ~(1u << (bit % 8));
}

/*
 * What each way of virtualising the local APIC lets pass, by register: the TPR with "virtualize
 * x2APIC mode"; with APIC-register virtualization and virtual-interrupt delivery every readable
 * register whose value stands in the page (not the timer's count, which runs, nor TMR, which is
 * kept elsewhere), EOI and self-IPI (SDM Vol. 3, 30.5 "Virtualizing MSR-Based APIC Accesses").
 */
struct x2apic_row {
    uint8_t first, last; /* enum lapic_register */
    bool is_read, is_write;
};
static const struct x2apic_row x2apic_rows[] = {
    {LAPIC_TPR, LAPIC_TPR, true, true},
};
static const struct x2apic_row virtual_rows[] = {
    {LAPIC_ID,           LAPIC_VERSION,       true,  false},
    {LAPIC_TPR,          LAPIC_TPR,           true,  true },
    {LAPIC_PPR,          LAPIC_PPR,           true,  false},
    {LAPIC_EOI,          LAPIC_EOI,           false, true },
    {LAPIC_LDR,          LAPIC_LDR,           true,  false},
    {LAPIC_SVR,          LAPIC_SVR,           true,  false},
    {LAPIC_ISR,          LAPIC_ISR + 7,       true,  false},
    {LAPIC_IRR,          LAPIC_IRR + 7,       true,  false},
    {LAPIC_ESR,          LAPIC_ESR,           true,  false},
    {LAPIC_ICR,          LAPIC_ICR,           true,  false},
    {LAPIC_LVT_TIMER,    LAPIC_TIMER_INITIAL, true,  false},
    {LAPIC_TIMER_DIVIDE, LAPIC_TIMER_DIVIDE,  true,  false},
    {LAPIC_SELF_IPI,     LAPIC_SELF_IPI,      false, true },
};

static void pass_rows(uint8_t *bitmap, const struct x2apic_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (uint32_t number = rows[i].first; number <= rows[i].last; number++)
            pass(bitmap, 0x800 + number, rows[i].is_read, rows[i].is_write);
}

static void fill(uint8_t *bitmap, enum vmx_bitmap kind) {
    memset(bitmap, 0xff, PAGE_SIZE);
    for (size_t i = 0; i < guest_msr_row_count; i++) {
        const struct guest_msr_row *row = &guest_msr_rows[i];
        if (row->pass == MSR_PASS_NOTHING)
            continue;
        for (uint32_t index = row->first; index <= row->last; index++)
            pass(bitmap, index, true, row->pass == MSR_PASS_ALL);
    }
    if (kind == VMX_BITMAP_X2APIC)
        pass_rows(bitmap, x2apic_rows, sizeof x2apic_rows / sizeof x2apic_rows[0]);
    if (kind == VMX_BITMAP_VIRTUAL)
        pass_rows(bitmap, virtual_rows, sizeof virtual_rows / sizeof virtual_rows[0]);
}

bool vmx_bitmaps_init(void) {
    for (uint32_t i = 0; i < VMX_BITMAP_COUNT + 2; i++) {
        uint64_t page = frame_allocate(0);
        if (page == FRAME_NONE)
            return false; /* what was taken stays: without guests nobody needs it back */
        if (i < VMX_BITMAP_COUNT) {
            vmx_msr_bitmap[i] = page;
            fill(arch_memory_at(page), (enum vmx_bitmap)i);
        } else {
            vmx_io_bitmap[i - VMX_BITMAP_COUNT] = page;
            memset(arch_memory_at(page), 0xff, PAGE_SIZE);
        }
    }
    return true;
}
