/*
 * The loader's sequence, from the firmware's call to the jump into the kernel.
 */
#include "boot/address_space.h"
#include "boot/allocate.h"
#include "boot/clock.h"
#include "boot/command_line.h"
#include "boot/console.h"
#include "boot/cpu.h"
#include "boot/cpus.h"
#include "boot/entropy.h"
#include "boot/file.h"
#include "boot/format.h"
#include "boot/framebuffer.h"
#include "boot/handover.h"
#include "boot/kernel.h"
#include "boot/loader.h"
#include "boot/memory_map.h"
#include "boot/modules.h"
#include "boot/serial.h"
#include "boot/testlock.h"
#include "boot/trampoline.h"

#define MAIN_FAILURE_PAUSE_US 3000000u /* time to read the message before the firmware goes on */

static EFI_STATUS main_make_info(struct loader *loader) {
    loader->info = allocate_zeroed(sizeof(struct boot_info), BOOT_MEMORY_LOADER, ALLOCATE_ANYWHERE);
    if (loader->info == NULL) {
        console_print("out of memory before anything was loaded");
        console_print("remedy: give the machine more memory");
        return EFI_OUT_OF_RESOURCES;
    }
    loader->info->magic = BOOT_INFO_MAGIC;
    loader->info->version = BOOT_INFO_VERSION;
    loader->info->size = sizeof(struct boot_info);
    loader->info->tsc_start = loader->tsc_start;
    return EFI_SUCCESS;
}

static EFI_STATUS main_open_volume(struct loader *loader) {
    (void)loader;
    return file_open_volume();
}

static EFI_STATUS main_summarize(struct loader *loader) {
    static const char *const source[] = {[BOOT_CPUS_MADT] = "ACPI",
                                         [BOOT_CPUS_MP_SERVICES] = "firmware's MP services",
                                         [BOOT_CPUS_BOOT_ONLY] = "boot CPU only"};
    char size[FORMAT_SIZE_LENGTH];
    const struct boot_info *info = loader->info;
    format_size(size, memory_total(memory_map_current(), BOOT_MEMORY_USABLE));
    console_print("modules: %u, CPUs: %u (%s), free: %s; starting the kernel", info->module_count,
                  info->cpu_count, source[info->cpu_source], size);
    return EFI_SUCCESS;
}

static loader_step *const main_steps[] = {
    main_make_info,      /* every later step has a place for its result */
    cpus_check,          /* no file is read for a CPU that cannot run the kernel */
    main_open_volume,    /* every file comes from the volume of the loader itself */
    command_line_load,   /* before the long reads, so that a mistake in it shows at once */
    kernel_load,         /* before the modules: it wants memory in one aligned piece */
    modules_load,        /* the bulk of the time goes here */
    cpus_find_rsdp,      /* the MADT hangs on it */
    cpus_find,           /* while MP services can still be asked */
    testlock_apply,      /* needs the command line, and the firmware for the other CPUs */
    framebuffer_find,    /* after all mode changes: nothing above touches the screen's mode */
    entropy_gather,      /* the time stamps of its last resort gain by what came before */
    memory_map_prepare,  /* after the large allocations: sizes its arrays by their number */
    trampoline_reserve,  /* may choose from the map */
    address_space_build, /* needs the kernel's place and the end of memory */
    main_summarize,      /* the last message while all is well */
    clock_read,          /* as near to the jump as the firmware can be asked */
    memory_map_exit,     /* from here on there is no firmware */
};

static void main_jump(const struct loader *loader) {
    serial_drain();
    loader->info->tsc_hand_over = cpu_tsc();
    handover(loader->page_table, loader->kernel.entry, BOOT_DIRECT_MAP + (uint64_t)loader->info,
             BOOT_DIRECT_MAP + loader->stack_top);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table) {
    static struct loader loader;

    loader.tsc_start = cpu_tsc();
    firmware_image = image;
    firmware_table = table;
    firmware_services = table->BootServices;
    firmware_services->SetWatchdogTimer(0, 0, 0, NULL); /* it would reset us after five minutes */
    console_start();

    for (size_t i = 0; i < sizeof(main_steps) / sizeof(main_steps[0]); i++) {
        EFI_STATUS status = main_steps[i](&loader);
        if (EFI_ERROR(status)) {
            console_print("not started; back to the firmware");
            firmware_services->Stall(MAIN_FAILURE_PAUSE_US);
            file_close_volume();
            allocate_free_all();
            return status;
        }
    }
    main_jump(&loader);
    return EFI_LOAD_ERROR; /* not reached */
}
