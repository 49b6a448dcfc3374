/* Bounds-checked access to a machine's RAM. Pure: touches nothing but that memory. */
#include "guests/vmm/guest_memory.h"

uint64_t guest_memory_low_length(uint64_t size) {
    return size < GUEST_MEMORY_HOLE ? size : GUEST_MEMORY_HOLE;
}

uint64_t guest_memory_high_length(uint64_t size) {
    return size - guest_memory_low_length(size);
}

void *guest_memory_at(const struct guest_memory *memory, uint64_t address, uint64_t length) {
    if (length == 0) {
        return NULL;
    }
    if (address < memory->low_length) {
        return length <= memory->low_length - address ? memory->low + address : NULL;
    }
    uint64_t offset = address - GUEST_MEMORY_HOLE_END;
    if (address >= GUEST_MEMORY_HOLE_END && offset < memory->high_length) {
        return length <= memory->high_length - offset ? memory->high + offset : NULL;
    }
    return NULL;
}

/* By hand: the exit loop may not touch vector registers, and memcpy does. */
static void copy(volatile uint8_t *to, const volatile uint8_t *from, uint64_t length) {
    for (uint64_t i = 0; i < length; i++) {
        to[i] = from[i];
    }
}

bool guest_memory_read(const struct guest_memory *memory, uint64_t address, void *to,
                       uint64_t length) {
    const void *from = guest_memory_at(memory, address, length);
    if (from == NULL) {
        return false;
    }
    copy(to, from, length);
    return true;
}

bool guest_memory_write(const struct guest_memory *memory, uint64_t address, const void *from,
                        uint64_t length) {
    void *to = guest_memory_at(memory, address, length);
    if (to == NULL) {
        return false;
    }
    copy(to, from, length);
    return true;
}
