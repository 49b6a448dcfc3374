# The disk image, the checks, the size report, and `make test`.

.PHONY: image unit test check size

# --- Disk image ----------------------------------------------------------------------------------

BOOT_EFI := $(BUILD)/boot/BOOTX64.EFI
KERNEL_ELF := $(BUILD)/kernel/bulkhead.elf
