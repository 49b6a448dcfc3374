/*
 * Steps: the ACPI root pointer, and the list of CPUs from the best source that there is.
 */
#include "boot/cpus.h"

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/cpu.h"
#include "boot/cpu_rows.h"
#include "boot/madt.h"
#include "boot/mp_services.h"

EFI_STATUS cpus_check(struct loader *loader) {
    (void)loader;
    if (!cpu_has_nx()) {
        console_print("the CPU cannot deny execution of data (NX, CPUID.80000001H:EDX[20])");
        console_print("remedy: enable 'Execute Disable' in the firmware's set-up");
        return EFI_UNSUPPORTED;
    }
    if ((cpu_read_cr4() & CPU_CR4_LA57) != 0) {
        console_print("the firmware runs with 5-level paging, which the kernel does not use");
        console_print("remedy: disable 5-level paging (LA57) in the firmware's set-up");
        return EFI_UNSUPPORTED;
    }
    return EFI_SUCCESS;
}

EFI_STATUS cpus_find_rsdp(struct loader *loader) {
    static const EFI_GUID acpi_2 = ACPI_20_TABLE_GUID, acpi_1 = ACPI_TABLE_GUID;
    void *rsdp = firmware_configuration(&acpi_2);
    if (rsdp == NULL) {
        rsdp = firmware_configuration(&acpi_1);
    }
    loader->info->rsdp = (uint64_t)rsdp;
    return EFI_SUCCESS;
}

/* One row is kept free for the boot CPU, in case that the source does not name it. */
static BOOLEAN cpus_make_rows(struct cpu_rows *rows, uint32_t capacity) {
    rows->count = 0;
    rows->capacity = capacity;
    rows->row = allocate_zeroed(((uint64_t)capacity + 1) * sizeof(struct boot_cpu),
                                BOOT_MEMORY_LOADER, ALLOCATE_ANYWHERE);
    return rows->row != NULL;
}

static BOOLEAN cpus_from_madt(struct cpu_rows *rows, const void *rsdp) {
    const struct acpi_header *madt = acpi_find(rsdp, "APIC");
    if (madt == NULL || !cpus_make_rows(rows, madt_capacity(madt))) {
        return FALSE;
    }
    madt_add_cpus(rows, madt);
    return rows->count > 0;
}

static BOOLEAN cpus_from_mp_services(struct cpu_rows *rows) {
    struct mp_services *mp = mp_services_find();
    UINTN count, enabled_count;
    if (mp == NULL || EFI_ERROR(mp->get_number(mp, &count, &enabled_count)) ||
        !cpus_make_rows(rows, (uint32_t)count)) {
        return FALSE;
    }
    for (UINTN i = 0; i < count; i++) {
        const uint32_t good = MP_SERVICES_ENABLED | MP_SERVICES_HEALTHY;
        struct mp_services_processor processor;
        if (!EFI_ERROR(mp->get_processor(mp, i, &processor)) &&
            (processor.status_flag & good) == good) {
            cpu_rows_add(rows, (uint32_t)processor.processor_id, BOOT_CPU_ENABLED);
        }
    }
    return rows->count > 0;
}

EFI_STATUS cpus_find(struct loader *loader) {
    struct boot_info *info = loader->info;
    struct cpu_rows rows;

    if (cpus_from_madt(&rows, (const void *)info->rsdp)) {
        info->cpu_source = BOOT_CPUS_MADT;
    } else if (cpus_from_mp_services(&rows)) {
        info->cpu_source = BOOT_CPUS_MP_SERVICES;
    } else if (cpus_make_rows(&rows, 0)) {
        info->cpu_source = BOOT_CPUS_BOOT_ONLY;
        console_print("neither ACPI nor the firmware names the CPUs: only the boot CPU is used");
    } else {
        console_print("out of memory for the list of CPUs");
        console_print("remedy: give the machine more memory");
        return EFI_OUT_OF_RESOURCES;
    }
    rows.capacity++;
    cpu_rows_boot_first(&rows, cpu_apic_id());
    info->cpu = (uint64_t)rows.row;
    info->cpu_count = rows.count;
    if (cpu_rows_enabled(&rows) < rows.count) {
        console_print("%u CPUs may be plugged in later", rows.count - cpu_rows_enabled(&rows));
    }
    return EFI_SUCCESS;
}
