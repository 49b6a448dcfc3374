/*
 * Steps: the ACPI root pointer, and the list of CPUs.
 */
#ifndef BULKHEAD_BOOT_CPUS_H
#define BULKHEAD_BOOT_CPUS_H

#include "boot/loader.h"

/* Refuses a CPU that cannot run the kernel as boot_info.h promises it. */
EFI_STATUS cpus_check(struct loader *loader);

/* The ACPI root pointer, 2.0 and later before 1.0; having none is no error. */
EFI_STATUS cpus_find_rsdp(struct loader *loader);

/* From the MADT, else from EFI_MP_SERVICES_PROTOCOL, else the boot CPU alone. */
EFI_STATUS cpus_find(struct loader *loader);

#endif
