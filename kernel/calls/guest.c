/* Calls on guests: 96 to 109. */
#include "kernel/guest.h"

#include "kernel/calls/call.h"
#include "kernel/cpu.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/thread.h"

int64_t syscall_guest_create(uint64_t partition_handle, uint64_t space_handle,
                             uint64_t config_address, uint64_t d, uint64_t e, uint64_t f) {
    struct guest_config config;
    if (CALL_COPY_IN(config, config_address) != STATUS_OK)
        return -STATUS_BAD_ADDRESS;
    if (arch_guests_reason() != NULL)
        return -STATUS_UNSUPPORTED;
    call_begin();
    struct handle_reference partition, space;
    enum status status = call_object(partition_handle, OBJECT_PARTITION, RIGHT_MANAGE, &partition);
    if (status == STATUS_OK)
        status = call_object(space_handle, OBJECT_SPACE, RIGHT_MAP, &space);
    if (status != STATUS_OK)
        return call_end(status);
    if (CALL_TARGET(space, space)->kind != SPACE_GUEST)
        return call_end(STATUS_INVALID);
    struct guest *guest = NULL;
    status = guest_create(CALL_TARGET(partition, partition), CALL_TARGET(space, space), &config,
                          &guest);
    return call_end_new(status, guest == NULL ? NULL : &guest->object, RIGHTS_ALL);
}

int64_t syscall_guest_create_vcpu(uint64_t guest_handle, uint64_t index, uint64_t space_handle,
                                  uint64_t page, uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference guest, space;
    enum status status = call_object(guest_handle, OBJECT_GUEST, RIGHT_MANAGE, &guest);
    if (status == STATUS_OK)
        status = call_object(space_handle, OBJECT_SPACE, RIGHT_MAP, &space);
    if (status != STATUS_OK)
        return call_end(status);
    if (index > UINT32_MAX || CALL_TARGET(space, space)->kind != SPACE_PROGRAM)
        return call_end(STATUS_INVALID);
    return call_end(guest_create_vcpu(CALL_TARGET(guest, guest), (uint32_t)index,
                                      CALL_TARGET(space, space), page));
}

/* The vCPU behind a guest's handle. Takes no lock. */
static enum status vcpu_of(uint64_t handle, uint64_t index, uint32_t right, struct vcpu **vcpu) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_GUEST, right, &reference);
    if (status != STATUS_OK)
        return status;
    *vcpu = index > UINT32_MAX ? NULL : guest_vcpu(CALL_TARGET(reference, guest), (uint32_t)index);
    return *vcpu == NULL ? STATUS_NOT_FOUND : STATUS_OK;
}

/* Through the gate, which the next entry need not pass again while the handle stays open. */
static __attribute__((noinline)) int64_t enter_first(uint64_t handle, uint64_t index) {
    struct thread *thread = call_thread();
    struct handle_memory memory;
    struct vcpu *vcpu;
    if (handle > UINT32_MAX)
        return -STATUS_BAD_HANDLE;
    handle_remember(thread->partition, (handle_t)handle, &memory);
    enum status status = vcpu_of(handle, index, RIGHT_ENTER, &vcpu);
    if (status != STATUS_OK)
        return -(int64_t)status;
    guest_keep(thread, vcpu);
    thread->entered_guest = memory;
    return -(int64_t)guest_enter(thread, vcpu);
}

int64_t syscall_guest_enter(uint64_t handle, uint64_t index, uint64_t c, uint64_t d, uint64_t e,
                            uint64_t f) {
    struct thread *thread = cpu_self()->current;
    struct vcpu *vcpu = thread->entered_vcpu;
    if (!handle_is_remembered(&thread->entered_guest, handle) || vcpu->index != index)
        return enter_first(handle, index);
    return -(int64_t)guest_enter(thread, vcpu);
}

int64_t syscall_guest_kick(uint64_t handle, uint64_t index, uint64_t c, uint64_t d, uint64_t e,
                           uint64_t f) {
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_CONTROL, &vcpu);
    if (status == STATUS_OK)
        guest_kick(vcpu);
    return -(int64_t)status;
}

/* The state is larger than a kernel stack should hold: it goes through a page-sized buffer of the
 * kernel's, under kernel_lock. */
static struct guest_state state_buffer;

int64_t syscall_guest_get_state(uint64_t handle, uint64_t index, uint64_t state_address, uint64_t d,
                                uint64_t e, uint64_t f) {
    call_begin();
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_READ, &vcpu);
    if (status == STATUS_OK && __atomic_load_n(&vcpu->thread, __ATOMIC_ACQUIRE) != NULL)
        status = STATUS_BUSY;
    if (status != STATUS_OK)
        return call_end(status);
    memset(&state_buffer, 0, sizeof state_buffer);
    status = arch_vcpu_get_state(vcpu, &state_buffer);
    if (status == STATUS_OK)
        status = CALL_COPY_OUT(state_address, state_buffer);
    return call_end(status);
}

int64_t syscall_guest_set_state(uint64_t handle, uint64_t index, uint64_t state_address, uint64_t d,
                                uint64_t e, uint64_t f) {
    call_begin();
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_CONTROL, &vcpu);
    if (status == STATUS_OK && __atomic_load_n(&vcpu->thread, __ATOMIC_ACQUIRE) != NULL)
        status = STATUS_BUSY;
    if (status == STATUS_OK)
        status = CALL_COPY_IN(state_buffer, state_address);
    if (status != STATUS_OK)
        return call_end(status);
    if (state_buffer.version != GUEST_STATE_VERSION || state_buffer.size != sizeof state_buffer)
        return call_end(STATUS_BAD_VERSION);
    return call_end(arch_vcpu_set_state(vcpu, &state_buffer));
}

/* Tables of rows come in through a buffer, under kernel_lock: copied, then checked. */
static union {
    struct guest_cpuid cpuid[GUEST_CPUID_LIMIT];
    struct guest_msr msr[GUEST_MSR_LIMIT];
} row_buffer;

int64_t syscall_guest_set_cpuid(uint64_t handle, uint64_t rows_address, uint64_t row_count,
                                uint64_t d, uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_GUEST, RIGHT_CONTROL, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    if (row_count > GUEST_CPUID_LIMIT)
        return call_end(STATUS_INVALID);
    if (!arch_copy_from_user(row_buffer.cpuid, rows_address,
                             row_count * sizeof row_buffer.cpuid[0]))
        return call_end(STATUS_BAD_ADDRESS);
    return call_end(
        guest_set_cpuid(CALL_TARGET(reference, guest), row_buffer.cpuid, (uint32_t)row_count));
}

int64_t syscall_guest_set_msr(uint64_t handle, uint64_t rows_address, uint64_t row_count,
                              uint64_t d, uint64_t e, uint64_t f) {
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_GUEST, RIGHT_CONTROL, &reference);
    if (status != STATUS_OK)
        return call_end(status);
    if (row_count > GUEST_MSR_LIMIT)
        return call_end(STATUS_INVALID);
    if (!arch_copy_from_user(row_buffer.msr, rows_address, row_count * sizeof row_buffer.msr[0]))
        return call_end(STATUS_BAD_ADDRESS);
    return call_end(
        guest_set_msr(CALL_TARGET(reference, guest), row_buffer.msr, (uint32_t)row_count));
}

int64_t syscall_guest_interrupt(uint64_t handle, uint64_t address, uint64_t data, uint64_t d,
                                uint64_t e, uint64_t f) {
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_GUEST, RIGHT_CONTROL, &reference);
    if (status == STATUS_OK)
        status = arch_guest_interrupt(CALL_TARGET(reference, guest), address, (uint32_t)data);
    return -(int64_t)status;
}

int64_t syscall_guest_signal(uint64_t handle, uint64_t index, uint64_t signal, uint64_t value,
                             uint64_t e, uint64_t f) {
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_CONTROL, &vcpu);
    if (status == STATUS_OK && signal > GUEST_SIGNAL_KICK)
        status = STATUS_INVALID;
    if (status != STATUS_OK)
        return -(int64_t)status;
    if (signal == GUEST_SIGNAL_KICK)
        guest_kick(vcpu);
    else
        status = arch_vcpu_signal(vcpu, (enum guest_signal)signal, value);
    return -(int64_t)status;
}

int64_t syscall_guest_set_eoi_exits(uint64_t handle, uint64_t vectors_address, uint64_t c,
                                    uint64_t d, uint64_t e, uint64_t f) {
    uint64_t vectors[4];
    if (CALL_COPY_IN(vectors, vectors_address) != STATUS_OK)
        return -STATUS_BAD_ADDRESS;
    call_begin();
    struct handle_reference reference;
    enum status status = call_object(handle, OBJECT_GUEST, RIGHT_CONTROL, &reference);
    if (status == STATUS_OK)
        guest_set_eoi_exits(CALL_TARGET(reference, guest), vectors);
    return call_end(status);
}

int64_t syscall_guest_access_apic(uint64_t handle, uint64_t index, uint64_t offset, uint64_t value,
                                  uint64_t is_write, uint64_t f) {
    call_begin();
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_ENTER, &vcpu);
    if (status == STATUS_OK && __atomic_load_n(&vcpu->thread, __ATOMIC_ACQUIRE) != NULL)
        status = STATUS_BUSY;
    if (status == STATUS_OK && (offset > UINT32_MAX || value > UINT32_MAX || is_write > 1))
        status = STATUS_INVALID;
    if (status != STATUS_OK)
        return call_end(status);
    uint64_t result = value;
    status = guest_access_apic(vcpu, (uint32_t)offset, is_write != 0, &result);
    return status == STATUS_OK ? call_end_value((int64_t)(result & UINT32_MAX)) : call_end(status);
}

int64_t syscall_guest_get_statistics(uint64_t handle, uint64_t index, uint64_t statistics_address,
                                     uint64_t d, uint64_t e, uint64_t f) {
    call_begin();
    struct vcpu *vcpu;
    enum status status = vcpu_of(handle, index, RIGHT_READ, &vcpu);
    struct guest_statistics statistics;
    if (status == STATUS_OK) {
        guest_get_statistics(vcpu, &statistics);
        status = CALL_COPY_OUT(statistics_address, statistics);
    }
    return call_end(status);
}
