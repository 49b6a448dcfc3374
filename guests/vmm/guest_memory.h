/*
 * A machine's RAM as the VMM sees it: which guest-physical ranges there are and where they lie in
 * the VMM's own space. Every look into guest memory goes through guest_memory_at, which checks
 * bounds; what is read there may change at any time, so it is copied first and checked then.
 */
#ifndef BULKHEAD_VMM_GUEST_MEMORY_H
#define BULKHEAD_VMM_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RAM ends here below 4 GiB: what follows belongs to PCI, the I/O APIC and the local APIC. */
#define GUEST_MEMORY_HOLE     0xc0000000ull
#define GUEST_MEMORY_HOLE_END 0x100000000ull

struct guest_memory {
    uint8_t *low;         /* guest-physical 0 */
    uint64_t low_length;  /* at most GUEST_MEMORY_HOLE */
    uint8_t *high;        /* guest-physical 4 GiB */
    uint64_t high_length; /* 0: none */
};

/* How much of SIZE bytes of RAM lies below the hole, and how much above 4 GiB. */
uint64_t guest_memory_low_length(uint64_t size);
uint64_t guest_memory_high_length(uint64_t size);

/* LENGTH bytes at guest-physical ADDRESS. NULL: not all of them are RAM, or LENGTH is 0. */
void *guest_memory_at(const struct guest_memory *memory, uint64_t address, uint64_t length);

/* Copies, without a vector register. False, with nothing copied: not all of it is RAM. */
bool guest_memory_read(const struct guest_memory *memory, uint64_t address, void *to,
                       uint64_t length);
bool guest_memory_write(const struct guest_memory *memory, uint64_t address, const void *from,
                        uint64_t length);

#endif
