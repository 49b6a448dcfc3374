/*
 * Entry states: of the 64-bit Linux boot protocol (Documentation/arch/x86/boot.rst), and of PVH and
 * multiboot, which are one. Pure.
 */
#include "guests/vmm/boot/state.h"

#include <string.h>

#include "guests/vmm/boot/layout.h"

/* SDM Vol. 3, 2.5 "Control Registers" and 2.2.1 "Extended Feature Enable Register". */
#define CR0_PE   (1ull << 0)
#define CR0_MP   (1ull << 1)
#define CR0_ET   (1ull << 4)
#define CR0_NE   (1ull << 5)
#define CR0_PG   (1ull << 31)
#define CR4_PAE  (1ull << 5)
#define EFER_LME (1ull << 8)
#define EFER_LMA (1ull << 10)
#define RFLAGS_1 (1ull << 1) /* reads as 1 */

/* SDM Vol. 3, 4.5 "4-Level Paging and 5-Level Paging". */
#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITABLE (1ull << 1)
#define PTE_LARGE    (1ull << 7)
#define PAGE         4096ull
#define LARGE_PAGE   (2ull << 20)
#define TABLE_LENGTH 512u
#define GIB_COUNT    4u

/* Selectors of Linux' protocol; the others leave them open. */
#define BOOT_CS 0x10u
#define BOOT_DS 0x18u

/* Attributes as struct guest_segment has them (SDM Vol. 3, 3.4.5 "Segment Descriptors"). */
#define ATTRIBUTES_CODE_64  0xa09bu /* execute/read, accessed, present, L, G */
#define ATTRIBUTES_CODE_32  0xc09bu /* the same with D instead of L */
#define ATTRIBUTES_DATA     0xc093u /* read/write, accessed, present, D/B, G */
#define ATTRIBUTES_TSS      0x008bu /* 32-bit or 64-bit TSS, busy, present */
#define ATTRIBUTES_UNUSABLE 0x0100u
#define TSS_LIMIT           0x67u

/* The same two segments as descriptors in memory; base 0, limit 4 GiB. */
#define DESCRIPTOR_CODE_64 0x00af9b000000ffffull
#define DESCRIPTOR_CODE_32 0x00cf9b000000ffffull
#define DESCRIPTOR_DATA    0x00cf93000000ffffull

/* SDM Vol. 3, 11.11 "Memory Type Range Registers" and 11.12 "Page Attribute Table". */
#define MTRR_ENABLE       (1ull << 11)
#define MTRR_FIXED_ENABLE (1ull << 10)
#define MTRR_TYPE_WB      6ull
#define MTRR_TYPE_UC      0ull
#define MTRR_VALID        (1ull << 11)
#define MTRR_ALL_WB       0x0606060606060606ull
#define MTRR_ALL_UC       0ull
#define MTRR_FIXED_COUNT  11u
#define MTRR_FIXED_A0000  2u /* 16 KiB pieces from 0xa0000: a display's place */

static void write_gdt(const struct guest_memory *memory, uint64_t code) {
    const uint64_t gdt[4] = {[BOOT_CS / 8] = code, [BOOT_DS / 8] = DESCRIPTOR_DATA};
    guest_memory_write(memory, LAYOUT_GDT, gdt, sizeof(gdt));
}

/* PML4, PDPT and one directory a GiB, as 2 MiB pages. */
static void write_page_tables(const struct guest_memory *memory) {
    uint64_t *pml4 = guest_memory_at(memory, LAYOUT_PAGE_TABLES, (2 + GIB_COUNT) * PAGE);
    uint64_t *pdpt = pml4 + TABLE_LENGTH;
    uint64_t *directory = pdpt + TABLE_LENGTH;
    uint64_t pdpt_address = LAYOUT_PAGE_TABLES + PAGE;
    memset(pml4, 0, 2 * PAGE);
    pml4[0] = pdpt_address | PTE_PRESENT | PTE_WRITABLE;
    for (uint64_t i = 0; i < GIB_COUNT; i++) {
        pdpt[i] = (pdpt_address + (1 + i) * PAGE) | PTE_PRESENT | PTE_WRITABLE;
    }
    for (uint64_t i = 0; i < (uint64_t)GIB_COUNT * TABLE_LENGTH; i++) {
        directory[i] = i * LARGE_PAGE | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
    }
}

static void fill_segments(struct guest_state *state, uint16_t code) {
    const struct guest_segment data = {.limit = UINT32_MAX,
                                       .selector = BOOT_DS,
                                       .attributes = ATTRIBUTES_DATA};
    state->cs =
        (struct guest_segment){.limit = UINT32_MAX, .selector = BOOT_CS, .attributes = code};
    state->ds = data;
    state->es = data;
    state->ss = data;
    state->fs = data;
    state->gs = data;
    state->ldtr = (struct guest_segment){.attributes = ATTRIBUTES_UNUSABLE};
    state->tr = (struct guest_segment){.limit = TSS_LIMIT, .attributes = ATTRIBUTES_TSS};
    state->gdtr.base = LAYOUT_GDT;
    state->gdtr.limit = 4 * 8 - 1;
    state->idtr.base = 0;
    state->idtr.limit = 0;
}

/* As firmware leaves them: RAM write-back, the PCI hole and a display's memory uncached. */
static void fill_mtrr(struct guest_state *state, uint32_t physical_bits) {
    uint64_t hole = GUEST_MEMORY_HOLE_END - GUEST_MEMORY_HOLE;
    uint64_t address_mask = (1ull << physical_bits) - 1;
    state->mtrr_default = MTRR_ENABLE | MTRR_FIXED_ENABLE | MTRR_TYPE_WB;
    for (uint32_t i = 0; i < MTRR_FIXED_COUNT; i++) {
        state->mtrr_fixed[i] = i == MTRR_FIXED_A0000 ? MTRR_ALL_UC : MTRR_ALL_WB;
    }
    memset(state->mtrr_variable, 0, sizeof(state->mtrr_variable));
    state->mtrr_variable[0].base = GUEST_MEMORY_HOLE | MTRR_TYPE_UC;
    state->mtrr_variable[0].mask = (address_mask & ~(hole - 1)) | MTRR_VALID;
}

/* What does not differ; paging is off, the registers are 0. */
static void fill_common(struct guest_state *state, uint64_t entry, uint32_t physical_bits) {
    fill_mtrr(state, physical_bits);
    memset(state->gpr, 0, sizeof(state->gpr));
    state->rip = entry;
    state->rflags = RFLAGS_1;
    state->cr0 = CR0_PE | CR0_ET;
    state->cr2 = 0;
    state->cr3 = 0;
    state->cr4 = 0;
    state->efer = 0;
    state->activity = 0;
    state->blocking = 0;
}

void state_fill_64(struct guest_state *state, const struct guest_memory *memory, uint64_t entry,
                   uint32_t physical_bits) {
    write_gdt(memory, DESCRIPTOR_CODE_64);
    write_page_tables(memory);
    fill_segments(state, ATTRIBUTES_CODE_64);
    fill_common(state, entry, physical_bits);
    state->gpr[GPR_RSI] = LAYOUT_ZERO_PAGE;
    state->gpr[GPR_RSP] = LAYOUT_ZERO_PAGE;
    state->cr0 |= CR0_MP | CR0_NE | CR0_PG;
    state->cr3 = LAYOUT_PAGE_TABLES;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME | EFER_LMA;
}

void state_fill_32(struct guest_state *state, const struct guest_memory *memory, uint64_t entry,
                   uint32_t physical_bits) {
    write_gdt(memory, DESCRIPTOR_CODE_32);
    fill_segments(state, ATTRIBUTES_CODE_32);
    fill_common(state, entry, physical_bits);
}
