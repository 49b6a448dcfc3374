/* Filling the injection fields of a vCPU's page. */
#include "guests/vmm/inject.h"

#include "abi/syscalls.h"
#include "guests/vmm/end.h"

static void inject(struct vcpu_page *page, enum inject_kind kind, uint8_t vector) {
    page->inject_kind = (uint8_t)kind;
    page->inject_vector = vector;
    page->inject_has_error = 0;
    page->inject_error = 0;
    page->dirty |= VCPU_INJECT;
}

void inject_external(struct vcpu *vcpu, uint8_t vector) {
    inject(vcpu->page, INJECT_EXTERNAL, vector);
}

void inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error) {
    inject(vcpu->page, INJECT_EXCEPTION, vector);
    vcpu->page->inject_has_error = has_error;
    vcpu->page->inject_error = error;
}

void inject_page_fault(struct vcpu *vcpu, uint64_t linear, uint32_t error) {
    handle_t guest = vcpu->machine->guest;
    struct guest_state state;
    int64_t result = sys_guest_get_state(guest, vcpu->index, &state);
    if (result >= 0) {
        state.cr2 = linear;
        result = sys_guest_set_state(guest, vcpu->index, &state);
    }
    if (result < 0) {
        end_call_failed("a page fault's address", result);
    }
    inject_exception(vcpu, EXCEPTION_PAGE_FAULT, true, error);
}
