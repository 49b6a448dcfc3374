/*
 * The zero page: what a boot loader tells Linux (Documentation/arch/x86/boot.rst and
 * zero-page.rst). Only the fields that this loader reads or sets have names.
 */
#ifndef BULKHEAD_VMM_BOOT_PARAMS_H
#define BULKHEAD_VMM_BOOT_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_PARAMS_SETUP_OFFSET 0x1f1u /* also of the set-up header in a bzImage */
#define BOOT_PARAMS_SETUP_END    0x290u /* the header may grow up to here */

#define SETUP_BOOT_FLAG        0xaa55u
#define SETUP_MAGIC            0x53726448u /* "HdrS" */
#define SETUP_VERSION_MIN      0x020cu     /* 2.12: xloadflags */
#define SETUP_VERSION_OURS     0x020fu     /* 2.15: acpi_rsdp_addr and all before it */
#define SETUP_LOADED_HIGH      0x01u       /* loadflags */
#define SETUP_XLOAD_KERNEL_64  0x0001u     /* xloadflags: a 64-bit entry point at 0x200 */
#define SETUP_LOADER_UNDEFINED 0xffu       /* type_of_loader of a loader without a number */
#define SETUP_VIDEO_NORMAL     0xffffu
#define SETUP_SUBARCH_PC       0u

struct setup_header {
    uint8_t setup_sects; /* 512-byte sectors of real-mode code behind the first; 0 means 4 */
    uint16_t root_flags;
    uint32_t syssize; /* protected-mode code, in 16-byte units */
    uint16_t ram_size;
    uint16_t vid_mode;
    uint16_t root_dev;
    uint16_t boot_flag;
    uint16_t jump; /* its second byte: header's length counted from 0x202 */
    uint32_t header;
    uint16_t version;
    uint32_t realmode_switch;
    uint16_t start_sys_seg;
    uint16_t kernel_version;
    uint8_t type_of_loader;
    uint8_t loadflags;
    uint16_t setup_move_size;
    uint32_t code32_start;
    uint32_t ramdisk_image;
    uint32_t ramdisk_size;
    uint32_t bootsect_kludge;
    uint16_t heap_end_ptr;
    uint8_t ext_loader_ver;
    uint8_t ext_loader_type;
    uint32_t cmd_line_ptr;
    uint32_t initrd_addr_max;
    uint32_t kernel_alignment;
    uint8_t relocatable_kernel;
    uint8_t min_alignment;
    uint16_t xloadflags;
    uint32_t cmdline_size;
    uint32_t hardware_subarch;
    uint64_t hardware_subarch_data;
    uint32_t payload_offset;
    uint32_t payload_length;
    uint64_t setup_data;
    uint64_t pref_address;
    uint32_t init_size;
    uint32_t handover_offset;
    uint32_t kernel_info_offset;
} __attribute__((packed));
_Static_assert(offsetof(struct setup_header, boot_flag) == 0x1fe - 0x1f1, "boot.rst");
_Static_assert(offsetof(struct setup_header, cmd_line_ptr) == 0x228 - 0x1f1, "boot.rst");
_Static_assert(offsetof(struct setup_header, xloadflags) == 0x236 - 0x1f1, "boot.rst");
_Static_assert(offsetof(struct setup_header, pref_address) == 0x258 - 0x1f1, "boot.rst");
_Static_assert(sizeof(struct setup_header) == 0x26c - 0x1f1, "boot.rst");

struct e820_entry {
    uint64_t address;
    uint64_t length;
    uint32_t type; /* enum memory_map_type */
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20, "zero-page.rst");

#define E820_LIMIT 128u

struct boot_params {
    uint8_t screen_info[0x40]; /* zero: no screen */
    uint8_t unused0[0x70 - 0x40];
    uint64_t acpi_rsdp_addr;
    uint8_t unused1[0x1e8 - 0x78];
    uint8_t e820_entries;
    uint8_t unused2[0x1f1 - 0x1e9]; /* with the sentinel at 0x1ef, which must be zero */
    struct setup_header setup;
    uint8_t unused3[0x2d0 - 0x26c];
    struct e820_entry e820_table[E820_LIMIT];
    uint8_t unused4[4096 - 0x2d0 - E820_LIMIT * 20];
} __attribute__((packed));
_Static_assert(offsetof(struct boot_params, acpi_rsdp_addr) == 0x70, "zero-page.rst");
_Static_assert(offsetof(struct boot_params, e820_entries) == 0x1e8, "zero-page.rst");
_Static_assert(offsetof(struct boot_params, setup) == BOOT_PARAMS_SETUP_OFFSET, "zero-page.rst");
_Static_assert(offsetof(struct boot_params, e820_table) == 0x2d0, "zero-page.rst");
_Static_assert(sizeof(struct boot_params) == 4096, "zero-page.rst");

#endif
