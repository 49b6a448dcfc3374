/*
 * Where the VMM puts what it makes for a kernel, in guest-physical memory. All of it lies in the
 * first 640 KiB, which Linux reserves for firmware until it has read it, or in the BIOS area.
 */
#ifndef BULKHEAD_VMM_BOOT_LAYOUT_H
#define BULKHEAD_VMM_BOOT_LAYOUT_H

#define LAYOUT_GDT               0x1000ull /* four descriptors */
#define LAYOUT_ZERO_PAGE         0x7000ull /* struct boot_params; the page below is the first stack */
#define LAYOUT_PAGE_TABLES       0x8000ull /* six pages: 4 GiB, identity, 2 MiB pages */
#define LAYOUT_COMMAND_LINE      0x20000ull
#define LAYOUT_COMMAND_LINE_SIZE 0x1000ull /* with its NUL */

/* PVH and multiboot: structures and texts of the boot loader. */
#define LAYOUT_HANDOVER      0x20000ull
#define LAYOUT_HANDOVER_SIZE 0x10000ull

#define LAYOUT_LOW_END   0x9fc00ull /* of conventional memory; the EBDA's place follows */
#define LAYOUT_ACPI      0xe0000ull /* RSDP first: where a kernel searches for it */
#define LAYOUT_ACPI_SIZE 0x20000ull
#define LAYOUT_HIGH      0x100000ull /* RAM again, where kernels may be loaded */

#endif
