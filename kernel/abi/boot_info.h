/*
 * What the boot loader tells the kernel. The loader (boot/) fills it in, the kernel reads it once.
 *
 * Every address in here is host-physical. All structures and everything they point at lie in memory
 * of type BOOT_MEMORY_LOADER (modules: BOOT_MEMORY_MODULE), which the kernel owns from the jump on.
 *
 * State at the jump to the kernel's ELF entry point:
 *   - 64-bit mode, ring 0, interrupts off, boot services gone, only the boot CPU running;
 *   - RDI = address of struct boot_info in the direct map; RSP = a loader stack of at least 16 KiB;
 *   - CR3 maps: all memory below boot_info.direct_map_end (at least 4 GiB) one to one and again at
 *     BOOT_DIRECT_MAP, and the kernel's segments at their link addresses with the rights of their
 *     program headers (no segment is writable and executable). EFER.NXE and CR0.WP are set.
 */
#ifndef BULKHEAD_ABI_BOOT_INFO_H
#define BULKHEAD_ABI_BOOT_INFO_H

#include <stdint.h>

#define BOOT_INFO_MAGIC   0x6c6b68642d746f62ull /* "bot-dhkl" */
#define BOOT_INFO_VERSION 1u

#define BOOT_DIRECT_MAP  0xffff800000000000ull
#define BOOT_KERNEL_BASE 0xffffffff80000000ull /* the kernel is linked in the top 2 GiB */

/* Files on the boot volume. Every file of the module directory becomes a module named as the file.
 */
#define BOOT_KERNEL_PATH       "\\bulkhead.elf"
#define BOOT_MODULE_DIRECTORY  "\\bulkhead"
#define BOOT_COMMAND_LINE_PATH "\\bulkhead.cmd" /* optional; its first line is the command line */

enum boot_memory_type {
    BOOT_MEMORY_USABLE = 1,       /* free RAM */
    BOOT_MEMORY_RESERVED = 2,     /* RAM or holes the firmware keeps: never handed out */
    BOOT_MEMORY_ACPI_RECLAIM = 3, /* ACPI tables: readable, left alone */
    BOOT_MEMORY_ACPI_NVS = 4,
    BOOT_MEMORY_RUNTIME = 5, /* EFI runtime services code and data */
    BOOT_MEMORY_MMIO = 6,
    BOOT_MEMORY_BAD = 7,
    BOOT_MEMORY_KERNEL = 8, /* the kernel's image, including its bss */
    BOOT_MEMORY_MODULE = 9, /* contents of boot modules, each starting on a page of its own */
    BOOT_MEMORY_LOADER = 10 /* boot_info, its arrays, the loader's page tables and stack */
};

/* Sorted by base, not overlapping, page-aligned; adjacent rows of one type are merged. */
struct boot_memory {
    uint64_t base;
    uint64_t length;
    uint32_t type; /* enum boot_memory_type */
    uint32_t reserved;
};
_Static_assert(sizeof(struct boot_memory) == 24, "boot_info version 1");

#define BOOT_MODULE_NAME_SIZE 64

/* A boot module: the rest of its last page is zero. */
struct boot_module {
    char name[BOOT_MODULE_NAME_SIZE]; /* file name, UTF-8, NUL-terminated */
    uint64_t base;                    /* page-aligned */
    uint64_t length;                  /* bytes */
};
_Static_assert(sizeof(struct boot_module) == 80, "boot_info version 1");

#define BOOT_CPU_ENABLED 1u
#define BOOT_CPU_BOOT    2u /* the CPU that runs the loader; always row 0 */

struct boot_cpu {
    uint32_t apic_id; /* x2APIC id, or the 8-bit id where there is no x2APIC */
    uint32_t flags;
};
_Static_assert(sizeof(struct boot_cpu) == 8, "boot_info version 1");

enum boot_pixel_format { BOOT_PIXEL_NONE = 0, BOOT_PIXEL_RGBX = 1, BOOT_PIXEL_BGRX = 2 };

struct boot_framebuffer {
    uint64_t base; /* 0: none */
    uint32_t width;
    uint32_t height;
    uint32_t stride; /* bytes per line */
    uint32_t format; /* enum boot_pixel_format */
};
_Static_assert(sizeof(struct boot_framebuffer) == 24, "boot_info version 1");

enum boot_entropy_source {
    BOOT_ENTROPY_NONE = 0, /* only time stamps: not fit for keys */
    BOOT_ENTROPY_EFI_RNG = 1,
    BOOT_ENTROPY_RDRAND = 2
};

enum boot_cpu_source { BOOT_CPUS_MADT = 1, BOOT_CPUS_MP_SERVICES = 2, BOOT_CPUS_BOOT_ONLY = 3 };

struct boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct boot_info) as the loader knew it */

    uint64_t memory; /* struct boot_memory[memory_count] */
    uint64_t module; /* struct boot_module[module_count] */
    uint64_t cpu;    /* struct boot_cpu[cpu_count] */
    uint32_t memory_count;
    uint32_t module_count;
    uint32_t cpu_count;
    uint32_t cpu_source; /* enum boot_cpu_source */

    uint64_t
        kernel_base; /* physical address of the kernel's lowest segment; the image is contiguous */
    uint64_t kernel_length;
    uint64_t kernel_virtual; /* its link address */
    uint64_t kernel_file;    /* the ELF file itself, of type MODULE, for symbols; 0: none */
    uint64_t kernel_file_length;

    uint64_t direct_map_end; /* first physical address that the loader's tables do not map */
    uint64_t trampoline;   /* BOOT_TRAMPOLINE_SIZE bytes below 1 MiB for starting the other CPUs */
    uint64_t rsdp;         /* ACPI root pointer, 0: none */
    uint64_t command_line; /* NUL-terminated, never 0 */

    struct boot_framebuffer framebuffer;

    int64_t wall_clock_ns; /* UTC, nanoseconds since 1970-01-01, at tsc_hand_over; 0: unknown */
    uint64_t tsc_start;    /* TSC when the loader was entered */
    uint64_t tsc_hand_over;

    uint32_t entropy_source; /* enum boot_entropy_source */
    uint32_t reserved;
    uint8_t entropy[64];
};
_Static_assert(sizeof(struct boot_info) == 248, "boot_info version 1");

#define BOOT_TRAMPOLINE_SIZE 0x4000u

#endif
