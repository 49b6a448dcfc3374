/* From the loader to kernel_main: what must hold before anything else can be trusted. */
#include <stddef.h>

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/entry.h"
#include "drivers/serial.h"
#include "kernel/arch.h"

static noreturn void refuse(const char *reason, size_t length) {
    serial_write(reason, length);
    cpu_halt();
}

#define REFUSE(text) \
    refuse("bulkhead: panic: " text "\r\n", sizeof("bulkhead: panic: " text "\r\n") - 1)

noreturn void boot_start(const struct boot_info *info) {
    serial_init();
    if (info->magic != BOOT_INFO_MAGIC)
        REFUSE("not started by Bulkhead's loader: put BOOTX64.EFI of the same build on the volume");
    if (info->version != BOOT_INFO_VERSION || info->size < sizeof *info)
        REFUSE("the loader is of another version: put BOOTX64.EFI of the same build on the volume");
    kernel_main(info);
}
