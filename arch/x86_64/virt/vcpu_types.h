/* The architecture's part of struct vcpu and struct guest. */
#ifndef BULKHEAD_ARCH_VCPU_TYPES_H
#define BULKHEAD_ARCH_VCPU_TYPES_H

#include <stdint.h>

struct arch_vcpu {
    uint64_t vmcs; /* physical address */
};

struct arch_guest {
    uint64_t reserved;
};

#endif
