/* Creating and mapping guest RAM. System calls only while the machine is set up. */
#include "guests/vmm/memory.h"

#include "abi/syscalls.h"
#include "guests/lib/map.h"
#include "guests/lib/status.h"
#include "guests/vmm/end.h"

static void map_for_guest(const struct machine *machine, handle_t region, uint64_t offset,
                          uint64_t address, uint64_t length) {
    if (length == 0) {
        return;
    }
    int64_t result = sys_space_map(machine->space, region, offset, address, length,
                                   MAP_READ | MAP_WRITE | MAP_EXECUTE);
    if (result < 0) {
        end_call_failed("mapping the guest's memory", result);
    }
}

void memory_create(struct machine *machine) {
    uint64_t size = machine->settings.memory;
    uint64_t low = guest_memory_low_length(size), high = guest_memory_high_length(size);
    void *bytes;

    int64_t result = sys_space_create(HANDLE_PARTITION, SPACE_GUEST);
    if (result < 0) {
        end_call_failed("the guest's address space", result);
    }
    machine->space = (handle_t)result;

    result = sys_region_create(HANDLE_PARTITION, size);
    if (result < 0) {
        end_failed("memory: %llu MiB for the guest: %s", (unsigned long long)(size >> 20),
                   status_text(result));
    }
    handle_t region = (handle_t)result;
    map_for_guest(machine, region, 0, 0, low);
    map_for_guest(machine, region, low, GUEST_MEMORY_HOLE_END, high);

    /* Two MiB and more are aligned by the library, so that large pages serve both mappings. */
    result = map_region(region, 0, size, MAP_READ | MAP_WRITE, &bytes);
    if (result < 0) {
        end_call_failed("mapping the guest's memory for the VMM", result);
    }
    machine->memory = (struct guest_memory){.low = bytes,
                                            .low_length = low,
                                            .high = high != 0 ? (uint8_t *)bytes + low : NULL,
                                            .high_length = high};
}
