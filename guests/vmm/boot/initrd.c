/* Placing the initial RAM disk: as high as allowed, so that the kernel's own growth does not meet
 * it. */
#include "guests/vmm/boot/initrd.h"

#include "guests/vmm/boot/layout.h"
#include "kernel/abi/types.h"

static uint64_t page_down(uint64_t address) {
    return address & ~(PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t address) {
    return page_down(address + PAGE_SIZE - 1);
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The highest start of LENGTH bytes in [first, end), or 0. */
static uint64_t highest(uint64_t first, uint64_t end, uint64_t length) {
    if (end < first || end - first < length) {
        return 0;
    }
    uint64_t address = page_down(end - length);
    return address >= first ? address : 0;
}

bool initrd_place(const struct boot_file *initrd, const struct boot_image *image,
                  const struct guest_memory *memory, uint64_t *address, struct boot_error *error) {
    uint64_t limit = smaller(memory->low_length, image->initrd_max + 1);
    uint64_t above = page_up(image->end);
    *address = highest(above, limit, initrd->length);
    if (*address == 0) {
        *address = highest(LAYOUT_HIGH, smaller(limit, image->start), initrd->length);
    }
    if (*address == 0) {
        return boot_fail(error,
                         "%s: %llu bytes do not fit beside the kernel: it ends at %#llx, memory "
                         "for it ends at %#llx",
                         initrd->name, (unsigned long long)initrd->length,
                         (unsigned long long)image->end, (unsigned long long)limit);
    }
    return true;
}
