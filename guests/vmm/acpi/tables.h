/*
 * The binary layout of the ACPI tables that a machine gets (ACPI Specification 6.4, chapter 5 "ACPI
 * Software Programming Model").
 */
#ifndef BULKHEAD_VMM_ACPI_TABLES_H
#define BULKHEAD_VMM_ACPI_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* 5.2.5.3 "Root System Description Pointer (RSDP) Structure" */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt_address;
    uint32_t length;
    uint64_t xsdt_address;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, table 5.3");
#define ACPI_RSDP_CHECKSUM_LENGTH 20u

/* 5.2.6 "System Description Table Header" */
struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    char creator_id[4];
    uint32_t creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4, table 5.4");

/* 5.2.3.2 "Generic Address Structure" */
struct acpi_address {
    uint8_t space;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t access_size; /* 1: byte, 2: word, 3: dword */
    uint64_t address;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.4, table 5.1");
#define ACPI_SPACE_IO 1u

/* 5.2.9 "Fixed ACPI Description Table (FADT)" */
struct acpi_fadt {
    struct acpi_header header;
    uint32_t firmware_ctrl;
    uint32_t dsdt;
    uint8_t reserved0;
    uint8_t preferred_pm_profile;
    uint16_t sci_int;
    uint32_t smi_cmd;
    uint8_t acpi_enable;
    uint8_t acpi_disable;
    uint8_t s4bios_req;
    uint8_t pstate_cnt;
    uint32_t pm1a_evt_blk;
    uint32_t pm1b_evt_blk;
    uint32_t pm1a_cnt_blk;
    uint32_t pm1b_cnt_blk;
    uint32_t pm2_cnt_blk;
    uint32_t pm_tmr_blk;
    uint32_t gpe0_blk;
    uint32_t gpe1_blk;
    uint8_t pm1_evt_len;
    uint8_t pm1_cnt_len;
    uint8_t pm2_cnt_len;
    uint8_t pm_tmr_len;
    uint8_t gpe0_blk_len;
    uint8_t gpe1_blk_len;
    uint8_t gpe1_base;
    uint8_t cst_cnt;
    uint16_t p_lvl2_lat;
    uint16_t p_lvl3_lat;
    uint16_t flush_size;
    uint16_t flush_stride;
    uint8_t duty_offset;
    uint8_t duty_width;
    uint8_t day_alrm;
    uint8_t mon_alrm;
    uint8_t century;
    uint16_t iapc_boot_arch;
    uint8_t reserved1;
    uint32_t flags;
    struct acpi_address reset_reg;
    uint8_t reset_value;
    uint16_t arm_boot_arch;
    uint8_t minor_version;
    uint64_t x_firmware_ctrl;
    uint64_t x_dsdt;
    struct acpi_address x_pm1a_evt_blk;
    struct acpi_address x_pm1b_evt_blk;
    struct acpi_address x_pm1a_cnt_blk;
    struct acpi_address x_pm1b_cnt_blk;
    struct acpi_address x_pm2_cnt_blk;
    struct acpi_address x_pm_tmr_blk;
    struct acpi_address x_gpe0_blk;
    struct acpi_address x_gpe1_blk;
    struct acpi_address sleep_control_reg;
    struct acpi_address sleep_status_reg;
    uint64_t hypervisor_vendor;
} __attribute__((packed));
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "ACPI 6.4, table 5.9");
_Static_assert(offsetof(struct acpi_fadt, x_pm_tmr_blk) == 208, "ACPI 6.4, table 5.9");
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.4, table 5.9");

#define FADT_REVISION               6u
#define FADT_MINOR                  4u
#define FADT_PROFILE_SERVER         4u
#define FADT_BOOT_LEGACY_DEVICES    0x0001u
#define FADT_BOOT_NO_VGA            0x0004u
#define FADT_WBINVD                 (1u << 0)
#define FADT_PROC_C1                (1u << 2)
#define FADT_SLEEP_BUTTON_NOT_FIXED (1u << 5) /* with no device for it either: there is none */
#define FADT_RTC_NOT_FIXED          (1u << 6)
#define FADT_TIMER_32               (1u << 8)
#define FADT_RESET_SUPPORTED        (1u << 10)
#define FADT_HEADLESS               (1u << 12)
#define FADT_NO_C2_LATENCY          101u  /* above 100: there is no C2 */
#define FADT_NO_C3_LATENCY          1001u /* above 1000: there is no C3 */

/* 5.2.10 "Firmware ACPI Control Structure (FACS)" */
struct acpi_facs {
    char signature[4];
    uint32_t length;
    uint32_t hardware_signature;
    uint32_t waking_vector;
    uint32_t global_lock;
    uint32_t flags;
    uint64_t x_waking_vector;
    uint8_t version;
    uint8_t reserved0[3];
    uint32_t ospm_flags;
    uint8_t reserved1[24];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_facs) == 64, "ACPI 6.4, table 5.13");
#define FACS_VERSION 2u

/* 5.2.12 "Multiple APIC Description Table (MADT)" */
struct acpi_madt {
    struct acpi_header header;
    uint32_t local_apic_address;
    uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.4, table 5.19");
#define MADT_REVISION    5u
#define MADT_PCAT_COMPAT 1u /* there are 8259s to be masked */

enum madt_type {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_APIC_NMI = 4,
    MADT_LOCAL_X2APIC = 9,
    MADT_LOCAL_X2APIC_NMI = 10
};

#define MADT_ENABLED     1u
#define MADT_LEVEL_HIGH  0x000du /* active high, level-triggered */
#define MADT_CONFORMS    0x0000u /* to the bus: ISA is edge-triggered, active high */
#define MADT_LINT1       1u
#define MADT_ALL_UIDS    0xffu
#define MADT_ALL_X2_UIDS UINT32_MAX
#define MADT_FIRST_X2    255u /* APIC ids from here on need an x2APIC entry */

struct madt_local_apic {
    uint8_t type, length, uid, apic_id;
    uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_apic) == 8, "ACPI 6.4, table 5.21");

struct madt_io_apic {
    uint8_t type, length, id, reserved;
    uint32_t address;
    uint32_t interrupt_base;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_io_apic) == 12, "ACPI 6.4, table 5.23");

struct madt_override {
    uint8_t type, length, bus, source;
    uint32_t interrupt;
    uint16_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_override) == 10, "ACPI 6.4, table 5.25");

struct madt_local_apic_nmi {
    uint8_t type, length, uid;
    uint16_t flags;
    uint8_t lint;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_apic_nmi) == 6, "ACPI 6.4, table 5.28");

struct madt_local_x2apic {
    uint8_t type, length;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t uid;
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_x2apic) == 16, "ACPI 6.4, table 5.34");

struct madt_local_x2apic_nmi {
    uint8_t type, length;
    uint16_t flags;
    uint32_t uid;
    uint8_t lint;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct madt_local_x2apic_nmi) == 12, "ACPI 6.4, table 5.35");

#endif
