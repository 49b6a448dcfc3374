#include "arch/x86_64/cpu/machine_check.h"

#include <stdint.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/msr.h"
#include "kernel/arch.h"
#include "kernel/log.h"

/* SDM Vol. 3, 16.3.1.1 "IA32_MCG_CAP MSR", 16.3.2 "Error-Reporting Register Banks" */
#define BANK_COUNT_MASK 0xffu
#define BANK_CONTROL(n) (MSR_MC0_CTL + 4 * (n))
#define BANK_STATUS(n)  (BANK_CONTROL(n) + 1)
#define BANK_ADDRESS(n) (BANK_CONTROL(n) + 2)
#define STATUS_VALID    (1ull << 63)
#define STATUS_ADDRESS  (1ull << 58) /* the bank's ADDR register is valid */

static uint32_t bank_count(void) {
    return msr_exists(MSR_MCG_CAP) ? (uint32_t)asm_rdmsr(MSR_MCG_CAP) & BANK_COUNT_MASK : 0;
}

void machine_check_init_cpu(void) {
    for (uint32_t bank = 0; bank < bank_count(); bank++)
        asm_wrmsr(BANK_CONTROL(bank), UINT64_MAX);
}

noreturn void machine_check_panic(const struct arch_frame *frame) {
    uint64_t first_status = 0, first_address = 0;
    uint32_t first = 0, valid_count = 0;
    for (uint32_t bank = 0; bank < bank_count(); bank++) {
        uint64_t status = asm_rdmsr(BANK_STATUS(bank));
        if ((status & STATUS_VALID) == 0)
            continue;
        if (valid_count++ == 0) {
            first = bank;
            first_status = status;
            first_address = (status & STATUS_ADDRESS) != 0 ? asm_rdmsr(BANK_ADDRESS(bank)) : 0;
        }
    }
    if (valid_count == 0)
        kernel_panic(frame, "machine check, no error bank says why");
    kernel_panic(frame, "machine check: %u banks, first is bank %u: status %lx address %lx",
                 valid_count, first, first_status, first_address);
}
