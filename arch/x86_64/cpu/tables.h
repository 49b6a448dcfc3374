/*
 * A CPU's descriptor table and task state. They are mapped in a place of their own: a VM exit sets
 * GDTR's limit to FFFFh (SDM Vol. 3, 28.5.2 "Loading Host Segment and Descriptor-Table Registers"),
 * and then a selector of ring 3 must find nothing behind the table. So it is on the last mapped
 * page before 64 KiB and more of nothing.
 */
#ifndef BULKHEAD_CPU_TABLES_H
#define BULKHEAD_CPU_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/x86_64/cpu/asm.h"
#include "kernel/thread.h"

#define PORT_BITMAP_SIZE 8192u

/* SDM Vol. 3, 8.7 "Task Management in 64-bit Mode", figure 8-11 */
struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t port_bitmap_offset;
    uint8_t port_bitmap[PORT_BITMAP_SIZE]; /* a set bit forbids the port */
    uint8_t port_bitmap_end; /* all ones: SDM Vol. 1, 19.5.2 "I/O Permission Bit Map" */
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104 + 8192 + 1, "SDM Vol. 3, 8.7");

#define TASK_IST_NMI     1u
#define TASK_IST_DOUBLE  2u
#define TASK_IST_MACHINE 3u
#define TASK_IST_DEBUG   4u

#define GDT_ENTRIES 10u

struct arch_tables {
    _Alignas(4096) struct task_state task;
    struct thread_ports open[THREAD_PORT_RANGES]; /* what the bitmap allows now */
    uint32_t open_count;
    _Alignas(4096) uint64_t gdt[GDT_ENTRIES];
};
#define TABLES_PAGES 4u
_Static_assert(sizeof(struct arch_tables) == TABLES_PAGES * 4096, "the GDT's page is the last");

/* Fills in fresh tables for a CPU. */
void tables_init(struct arch_tables *tables, struct cpu *cpu);
/* Loads them on the running CPU. */
void tables_load(struct arch_tables *tables);
/* After VM exits: the limit of TR is back to where ports can be used, that of GDTR as well. */
void tables_load_task(struct arch_tables *tables);

/* Pure: makes the bitmap allow exactly these ports; touches only what differs. */
void tables_set_ports(struct arch_tables *tables, const struct thread_ports *ports, uint32_t count);

/* Pure: an 8-byte code or data descriptor, and the two words of a TSS's.
 * SDM Vol. 3, 3.4.5 "Segment Descriptors", 8.2.3 "TSS Descriptor in 64-bit mode". */
uint64_t tables_segment(bool is_code, uint32_t privilege);
void tables_task_segment(uint64_t descriptor[2], uint64_t base, uint32_t limit);

#endif
