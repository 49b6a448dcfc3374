/* Calls on handles: 0 to 6. */
#include "kernel/calls/call.h"
#include "kernel/ports.h"
#include "kernel/region.h"
#include "kernel/space.h"

int64_t syscall_null(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return 0;
}

/* The rights of a copy; false: it would have more than the original. */
static bool reduce(uint32_t have, uint64_t wanted, uint32_t *result) {
    *result = wanted == RIGHTS_SAME ? have : (uint32_t)wanted;
    return wanted <= UINT32_MAX && (*result & ~have) == 0;
}

/* Copies what a handle of `from` names into the table of `to`. */
static int64_t copy(struct partition *to, const struct handle_reference *original,
                    uint64_t wanted_rights, uint64_t badge) {
    uint32_t rights;
    if (!reduce(original->rights, wanted_rights, &rights))
        return call_end(STATUS_BAD_RIGHTS);
    handle_t handle;
    enum status status = handle_insert(to, original->object, rights, badge, &handle);
    return status == STATUS_OK ? call_end_value(handle) : call_end(status);
}

int64_t syscall_handle_duplicate(uint64_t handle, uint64_t rights, uint64_t badge, uint64_t d,
                                 uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference original;
    enum status status = call_object(handle, OBJECT_NONE, RIGHT_DUPLICATE, &original);
    if (status != STATUS_OK)
        return call_end(status);
    if (badge != 0 && original.badge != 0)
        return call_end(STATUS_INVALID);
    return copy(call_partition(), &original, rights, badge != 0 ? badge : original.badge);
}

int64_t syscall_handle_close(uint64_t handle, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                             uint64_t f) {
    call_begin();
    if (handle > UINT32_MAX)
        return call_end(STATUS_BAD_HANDLE);
    return call_end(handle_close(call_partition(), (handle_t)handle));
}

int64_t syscall_handle_grant(uint64_t partition, uint64_t handle, uint64_t rights, uint64_t d,
                             uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference to, original;
    enum status status = call_object(partition, OBJECT_PARTITION, RIGHT_MANAGE, &to);
    if (status == STATUS_OK)
        status = call_object(handle, OBJECT_NONE, RIGHT_GRANT, &original);
    if (status != STATUS_OK)
        return call_end(status);
    struct partition *other = CALL_TARGET(to, partition);
    if (other->is_closing)
        return call_end(STATUS_BAD_STATE);
    return copy(other, &original, rights, original.badge);
}

int64_t syscall_handle_take(uint64_t partition, uint64_t theirs, uint64_t rights, uint64_t d,
                            uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference from, original;
    enum status status = call_object(partition, OBJECT_PARTITION, RIGHT_MANAGE, &from);
    if (status != STATUS_OK)
        return call_end(status);
    if (theirs > UINT32_MAX)
        return call_end(STATUS_BAD_HANDLE);
    status = handle_lookup(CALL_TARGET(from, partition), (handle_t)theirs, OBJECT_NONE, 0,
                           &original);
    if (status != STATUS_OK)
        return call_end(status);
    return copy(call_partition(), &original, rights, original.badge);
}

static void describe(const struct handle_reference *reference, struct object_info *info) {
    struct object *object = reference->object;
    *info = (struct object_info){
        .id = object->id,
        .type = object->type,
        .rights = reference->rights,
        .badge = reference->badge,
    };
    if (object->type == OBJECT_REGION) {
        struct region *region = LIST_MEMBER(object, struct region, object);
        info->size = region->length;
        info->detail = region->cleared == region->length;
    } else if (object->type == OBJECT_SPACE) {
        info->detail = (uint64_t)LIST_MEMBER(object, struct space, object)->kind;
    } else if (object->type == OBJECT_PORTS) {
        info->size = LIST_MEMBER(object, struct ports, object)->count;
    }
}

int64_t syscall_handle_info(uint64_t handle, uint64_t info_address, uint64_t c, uint64_t d,
                            uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_NONE, 0, &reference);
    if (status != STATUS_OK)
        return -(int64_t)status;
    struct object_info info;
    describe(&reference, &info);
    return -(int64_t)CALL_COPY_OUT(info_address, info);
}

int64_t syscall_region_info(uint64_t handle, uint64_t info_address, uint64_t c, uint64_t d,
                            uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_REGION, RIGHT_READ, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    region_clear_some(CALL_TARGET(reference, region));
    struct object_info info;
    describe(&reference, &info);
    return call_end(CALL_COPY_OUT(info_address, info));
}
