/*
 * Step, for the test suite alone: locks IA32_FEATURE_CONTROL with VMX disabled on every CPU, as
 * firmware does on machines where VT-x is turned off (SDM Vol. 3, 24.7 "Enabling and Entering VMX
 * Operation"). Only a reset undoes it.
 */
#include "boot/testlock.h"

#include "boot/console.h"
#include "boot/cpu.h"
#include "boot/mp_services.h"
#include "boot/words.h"

/* Runs on each CPU; where the firmware has locked the register already, writing it would fault. */
static void EFIAPI testlock_this_cpu(void *argument) {
    (void)argument;
    if ((cpu_read_msr(CPU_MSR_FEATURE_CONTROL) & CPU_FEATURE_CONTROL_LOCK) == 0) {
        cpu_write_msr(CPU_MSR_FEATURE_CONTROL, CPU_FEATURE_CONTROL_LOCK);
    }
}

EFI_STATUS testlock_apply(struct loader *loader) {
    if (!words_contain((const char *)loader->info->command_line, TESTLOCK_WORD)) {
        return EFI_SUCCESS;
    }
    if (!cpu_has_vmx()) {
        console_print("%s: the CPU has no VT-x, nothing to lock", TESTLOCK_WORD);
        return EFI_SUCCESS;
    }
    testlock_this_cpu(NULL);
    struct mp_services *mp = mp_services_find();
    EFI_STATUS status = EFI_SUCCESS;
    if (mp != NULL) {
        status = mp->start_all(mp, testlock_this_cpu, FALSE, NULL, 0, NULL, NULL);
    }
    if (EFI_ERROR(status) && status != EFI_NOT_STARTED) { /* not started: no other CPU */
        console_print("%s: the other CPUs cannot be reached: %s", TESTLOCK_WORD,
                      firmware_status_text(status));
        console_print("remedy: take %s off the command line", TESTLOCK_WORD);
        return status;
    }
    console_print("%s: IA32_FEATURE_CONTROL is locked with VT-x off on every CPU (0x%lx here)",
                  TESTLOCK_WORD, cpu_read_msr(CPU_MSR_FEATURE_CONTROL));
    return EFI_SUCCESS;
}
