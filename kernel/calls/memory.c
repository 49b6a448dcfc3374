/* Calls on spaces and regions: 40 to 45. */
#include "kernel/calls/call.h"
#include "kernel/region.h"
#include "kernel/space.h"

int64_t syscall_space_create(uint64_t partition_handle, uint64_t kind, uint64_t c, uint64_t d,
                             uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference partition;
    enum status status = call_object(partition_handle, OBJECT_PARTITION, RIGHT_MANAGE, &partition);
    if (status != STATUS_OK)
        return call_end(status);
    if (kind > SPACE_DEVICE)
        return call_end(STATUS_INVALID);
    struct space *space = NULL;
    status = space_create(CALL_TARGET(partition, partition), (enum space_kind)kind, &space);
    return call_end_new(status, space == NULL ? NULL : &space->object, RIGHTS_ALL);
}

/* MAP_READ, MAP_WRITE and MAP_EXECUTE need the rights of the same names. */
static uint32_t rights_for(uint64_t flags) {
    uint32_t rights = RIGHT_READ;
    if ((flags & MAP_WRITE) != 0)
        rights |= RIGHT_WRITE;
    if ((flags & MAP_EXECUTE) != 0)
        rights |= RIGHT_EXECUTE;
    return rights;
}

int64_t syscall_space_map(uint64_t space_handle, uint64_t region_handle, uint64_t offset,
                          uint64_t address, uint64_t length, uint64_t flags) {
    call_begin();
    struct handle_reference space, region;
    enum status status = call_object(space_handle, OBJECT_SPACE, RIGHT_MAP, &space);
    if (status == STATUS_OK)
        status = call_object(region_handle, OBJECT_REGION, rights_for(flags), &region);
    if (status != STATUS_OK)
        return call_end(status);
    if (!region_clear_some(CALL_TARGET(region, region)))
        call_again();
    if (flags > UINT32_MAX)
        return call_end(STATUS_INVALID);
    return call_end(space_map(CALL_TARGET(space, space), CALL_TARGET(region, region), offset,
                              address, length, (uint32_t)flags));
}

int64_t syscall_space_unmap(uint64_t space_handle, uint64_t address, uint64_t length, uint64_t d,
                            uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference space;
    enum status status = call_object(space_handle, OBJECT_SPACE, RIGHT_MAP, &space);
    if (status != STATUS_OK)
        return call_end(status);
    return call_end(space_unmap(CALL_TARGET(space, space), address, length));
}

int64_t syscall_region_create(uint64_t partition_handle, uint64_t length, uint64_t c, uint64_t d,
                              uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference partition;
    enum status status = call_object(partition_handle, OBJECT_PARTITION, RIGHT_MANAGE, &partition);
    if (status != STATUS_OK)
        return call_end(status);
    struct region *region = NULL;
    status = region_create(CALL_TARGET(partition, partition), length, &region);
    return call_end_new(status, region == NULL ? NULL : &region->object, RIGHTS_ALL);
}
