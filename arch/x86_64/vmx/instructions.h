/* The VMX instructions beside VMREAD and VMWRITE (vmcs.h). True: it succeeded. SDM Vol. 3,
 * chapter 31. */
#ifndef BULKHEAD_VMX_INSTRUCTIONS_H
#define BULKHEAD_VMX_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool vmx_on(uint64_t region) {
    bool has_failed;
    __asm__ volatile("vmxon %1" : "=@ccbe"(has_failed) : "m"(region) : "memory");
    return !has_failed;
}

static inline bool vmx_clear(uint64_t vmcs) {
    bool has_failed;
    __asm__ volatile("vmclear %1" : "=@ccbe"(has_failed) : "m"(vmcs) : "memory");
    return !has_failed;
}

static inline bool vmx_load(uint64_t vmcs) {
    bool has_failed;
    __asm__ volatile("vmptrld %1" : "=@ccbe"(has_failed) : "m"(vmcs) : "memory");
    return !has_failed;
}

/* Fields that not every processor has: VMREAD and VMWRITE fail for those that are missing. */
static inline bool vmx_try_read(uint32_t encoding, uint64_t *value) {
    bool has_failed;
    __asm__ volatile("vmread %2, %1"
                     : "=@ccbe"(has_failed), "=r"(*value)
                     : "r"((uint64_t)encoding));
    return !has_failed;
}

static inline bool vmx_try_write(uint32_t encoding, uint64_t value) {
    bool has_failed;
    __asm__ volatile("vmwrite %2, %1"
                     : "=@ccbe"(has_failed)
                     : "r"((uint64_t)encoding), "r"(value)
                     : "memory");
    return !has_failed;
}

#define INVEPT_ALL_CONTEXT  2ull
#define INVVPID_SINGLE      1ull
#define INVVPID_ALL_CONTEXT 2ull

static inline void vmx_invept(uint64_t type) {
    const struct { uint64_t eptp, reserved; } descriptor = {0, 0};
    __asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

static inline void vmx_invvpid(uint64_t type, uint16_t vpid) {
    const struct { uint64_t vpid, address; } descriptor = {vpid, 0};
    __asm__ volatile("invvpid %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

#endif
