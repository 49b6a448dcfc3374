#include "drivers/acpi.h"

#include <stddef.h>

#include <string.h>

#define HEADER_SIZE      36u
#define TABLE_SIZE_LIMIT 0x1000000u /* no real table is larger */

/* Fields of all tables are read bytewise: firmware aligns nothing. */
static uint64_t read_le(const uint8_t *bytes, uint32_t width) {
    uint64_t value = 0;
    for (uint32_t i = width; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

/* A field of a table; 0 where the table is too short to have it. */
static uint64_t field(const uint8_t *table, uint32_t offset, uint32_t width) {
    uint32_t length = (uint32_t)read_le(table + 4, 4);
    return offset + width <= length ? read_le(table + offset, width) : 0;
}

static bool is_sum_zero(const uint8_t *bytes, uint64_t length) {
    uint8_t sum = 0;
    for (uint64_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

/* A whole table with a right checksum, or NULL. ACPI 6.4, 5.2.6 "System Description Table Header"
 */
static const uint8_t *map_table(acpi_map_function map, uint64_t physical) {
    const uint8_t *header = physical != 0 ? map(physical, HEADER_SIZE) : NULL;
    if (header == NULL)
        return NULL;
    uint64_t length = read_le(header + 4, 4);
    if (length < HEADER_SIZE || length > TABLE_SIZE_LIMIT)
        return NULL;
    const uint8_t *table = map(physical, length);
    return table != NULL && is_sum_zero(table, length) ? table : NULL;
}

static bool has_signature(const uint8_t *table, const char *signature) {
    return memcmp(table, signature, 4) == 0;
}

/* ---- MADT: ACPI 6.4, 5.2.12 "Multiple APIC Description Table" */

#define MADT_ENTRIES       44u
#define MADT_IO_APIC       1u
#define MADT_OVERRIDE      2u
#define MADT_IO_APIC_SIZE  12u
#define MADT_OVERRIDE_SIZE 10u
#define POLARITY_MASK      0x3u
#define POLARITY_LOW       0x3u
#define TRIGGER_MASK       0xcu
#define TRIGGER_LEVEL      0xcu

static void read_io_apic(const uint8_t *entry, struct acpi_platform *platform) {
    if (platform->io_apic_count == ACPI_IO_APIC_LIMIT)
        return;
    platform->io_apic[platform->io_apic_count++] =
        (struct acpi_io_apic){.id = entry[2],
                              .address = read_le(entry + 4, 4),
                              .first_line = (uint32_t)read_le(entry + 8, 4)};
}

static void read_override(const uint8_t *entry, struct acpi_platform *platform) {
    uint8_t isa = entry[3];
    if (entry[2] != 0 || isa >= ACPI_ISA_LINE_COUNT) /* bus 0 is ISA */
        return;
    uint64_t flags = read_le(entry + 8, 2);
    platform->isa[isa] = (struct acpi_isa_line){
        .line = (uint32_t)read_le(entry + 4, 4),
        .is_level = (flags & TRIGGER_MASK) == TRIGGER_LEVEL,
        .is_active_low = (flags & POLARITY_MASK) == POLARITY_LOW,
    };
}

static void read_madt(const uint8_t *madt, struct acpi_platform *platform) {
    uint64_t length = read_le(madt + 4, 4);
    platform->has_madt = true;
    for (uint64_t at = MADT_ENTRIES; at + 2 <= length;) {
        uint8_t type = madt[at], size = madt[at + 1];
        if (size < 2 || at + size > length)
            return;
        if (type == MADT_IO_APIC && size >= MADT_IO_APIC_SIZE)
            read_io_apic(madt + at, platform);
        else if (type == MADT_OVERRIDE && size >= MADT_OVERRIDE_SIZE)
            read_override(madt + at, platform);
        at += size;
    }
}

/* ---- FADT: ACPI 6.4, 5.2.9 "Fixed ACPI Description Table" */

enum fadt_offset {
    FADT_DSDT = 40,
    FADT_SCI = 46,
    FADT_COMMAND = 48,
    FADT_ENABLE = 52,
    FADT_PM1A_EVENT = 56,
    FADT_PM1B_EVENT = 60,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM_TIMER = 76,
    FADT_GPE0 = 80,
    FADT_GPE1 = 84,
    FADT_PM1_EVENT_LENGTH = 88,
    FADT_PM1_CONTROL_LENGTH = 89,
    FADT_GPE0_LENGTH = 92,
    FADT_GPE1_LENGTH = 93,
    FADT_FLAGS = 112,
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER = 208
};
#define FADT_TIMER_IS_32_BIT (1u << 8)
#define FADT_HAS_RESET       (1u << 10)
#define REGISTER_ADDRESS     4u /* in a generic address structure */

/* A port given as a number, or in a generic address structure (extended) of port space. */
static uint16_t fadt_port(const uint8_t *fadt, uint32_t offset, uint32_t extended) {
    uint64_t address = extended != 0 ? field(fadt, extended + REGISTER_ADDRESS, 8) : 0;
    if (address == 0 || field(fadt, extended, 1) != ACPI_SPACE_PORT)
        address = field(fadt, offset, 4);
    return address <= UINT16_MAX ? (uint16_t)address : 0;
}

static void read_aml(acpi_map_function map, uint64_t physical, struct acpi_platform *platform) {
    const uint8_t *table = platform->has_s5 ? NULL : map_table(map, physical);
    if (table != NULL)
        platform->has_s5 = acpi_find_s5(table + HEADER_SIZE, read_le(table + 4, 4) - HEADER_SIZE,
                                        &platform->s5_a, &platform->s5_b);
}

static void read_fadt(acpi_map_function map, const uint8_t *fadt, struct acpi_platform *platform) {
    uint64_t flags = field(fadt, FADT_FLAGS, 4);
    platform->has_fadt = true;
    platform->system_line = (uint16_t)field(fadt, FADT_SCI, 2);
    platform->command_port = fadt_port(fadt, FADT_COMMAND, 0);
    platform->command_enable = (uint8_t)field(fadt, FADT_ENABLE, 1);
    platform->pm1a_event = fadt_port(fadt, FADT_PM1A_EVENT, 0);
    platform->pm1b_event = fadt_port(fadt, FADT_PM1B_EVENT, 0);
    platform->pm1a_control = fadt_port(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
    platform->pm1b_control = fadt_port(fadt, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
    platform->pm_timer = fadt_port(fadt, FADT_PM_TIMER, FADT_X_PM_TIMER);
    platform->pm_timer_is_32_bit = (flags & FADT_TIMER_IS_32_BIT) != 0;
    platform->gpe0 = fadt_port(fadt, FADT_GPE0, 0);
    platform->gpe1 = fadt_port(fadt, FADT_GPE1, 0);
    platform->pm1_event_length = (uint8_t)field(fadt, FADT_PM1_EVENT_LENGTH, 1);
    platform->pm1_control_length = (uint8_t)field(fadt, FADT_PM1_CONTROL_LENGTH, 1);
    platform->gpe0_length = (uint8_t)field(fadt, FADT_GPE0_LENGTH, 1);
    platform->gpe1_length = (uint8_t)field(fadt, FADT_GPE1_LENGTH, 1);
    platform->reset.space = (uint8_t)field(fadt, FADT_RESET, 1);
    platform->reset.address = field(fadt, FADT_RESET + REGISTER_ADDRESS, 8);
    platform->reset_value = (uint8_t)field(fadt, FADT_RESET_VALUE, 1);
    platform->has_reset = (flags & FADT_HAS_RESET) != 0 && platform->reset.address != 0;
    uint64_t dsdt = field(fadt, FADT_X_DSDT, 8);
    read_aml(map, dsdt != 0 ? dsdt : field(fadt, FADT_DSDT, 4), platform);
}

/* ---- AML: ACPI 6.4, 20.2 "AML Grammar Definition" */

#define AML_ZERO    0x00u
#define AML_ONE     0x01u
#define AML_NAME    0x08u
#define AML_BYTE    0x0au
#define AML_WORD    0x0bu
#define AML_DWORD   0x0cu
#define AML_PACKAGE 0x12u
#define AML_ONES    0xffu
#define AML_ROOT    0x5cu /* '\' */

struct aml {
    const uint8_t *bytes;
    uint64_t at;
    uint64_t end;
};

static bool take(struct aml *aml, uint8_t *byte) {
    if (aml->at >= aml->end)
        return false;
    *byte = aml->bytes[aml->at++];
    return true;
}

/* 20.2.4 "Package Length Encoding": bits 7-6 of the first byte say how many follow. */
static bool skip_package_length(struct aml *aml) {
    uint8_t lead, rest;
    if (!take(aml, &lead))
        return false;
    for (uint32_t i = 0; i < (uint32_t)lead >> 6; i++)
        if (!take(aml, &rest))
            return false;
    return true;
}

/* The low byte of an integer constant. */
static bool take_integer(struct aml *aml, uint8_t *value) {
    uint8_t operation, rest;
    uint32_t more = 0;
    if (!take(aml, &operation))
        return false;
    switch (operation) {
    case AML_ZERO:
    case AML_ONE:
    case AML_ONES: *value = operation; return true;
    case AML_BYTE: break;
    case AML_WORD: more = 1; break;
    case AML_DWORD: more = 3; break;
    default: return false;
    }
    if (!take(aml, value))
        return false;
    for (uint32_t i = 0; i < more; i++)
        if (!take(aml, &rest))
            return false;
    return true;
}

/* Behind the name `_S5_`: a package of at least one integer. */
static bool take_s5(struct aml *aml, uint8_t *a, uint8_t *b) {
    uint8_t operation, count;
    if (!take(aml, &operation) || operation != AML_PACKAGE || !skip_package_length(aml) ||
        !take(aml, &count) || count == 0 || !take_integer(aml, a))
        return false;
    if (count < 2 || !take_integer(aml, b))
        *b = *a;
    return true;
}

bool acpi_find_s5(const uint8_t *aml, uint64_t length, uint8_t *a, uint8_t *b) {
    for (uint64_t at = 1; at + 4 <= length; at++) {
        bool is_named = aml[at - 1] == AML_NAME ||
                        (at >= 2 && aml[at - 1] == AML_ROOT && aml[at - 2] == AML_NAME);
        struct aml rest = {aml, at + 4, length};
        if (is_named && memcmp(aml + at, "_S5_", 4) == 0 && take_s5(&rest, a, b))
            return true;
    }
    return false;
}

/* ---- the others */

/* IA-PC HPET Specification 1.0a, 3.2.4 "The ACPI 2.0 HPET Description Table" */
static void read_hpet(const uint8_t *table, struct acpi_platform *platform) {
    if (field(table, 40, 1) == ACPI_SPACE_MEMORY)
        platform->hpet = field(table, 40 + REGISTER_ADDRESS, 8);
}

static void read_table(acpi_map_function map, uint64_t physical, struct acpi_platform *platform) {
    const uint8_t *table = map_table(map, physical);
    if (table == NULL)
        return;
    if (has_signature(table, "APIC"))
        read_madt(table, platform);
    else if (has_signature(table, "FACP"))
        read_fadt(map, table, platform);
    else if (has_signature(table, "HPET"))
        read_hpet(table, platform);
    else if (has_signature(table, "SSDT"))
        read_aml(map, physical, platform);
}

/* ACPI 6.4, 5.2.5.3 "Root System Description Pointer (RSDP) Structure" */
#define RSDP_SIZE_1 20u
#define RSDP_SIZE_2 36u

static const uint8_t *map_root(acpi_map_function map, uint64_t rsdp, uint32_t *entry_width) {
    const uint8_t *pointer = rsdp != 0 ? map(rsdp, RSDP_SIZE_1) : NULL;
    if (pointer == NULL || memcmp(pointer, "RSD PTR ", 8) != 0 ||
        !is_sum_zero(pointer, RSDP_SIZE_1))
        return NULL;
    if (pointer[15] >= 2) {
        pointer = map(rsdp, RSDP_SIZE_2);
        if (pointer != NULL && is_sum_zero(pointer, RSDP_SIZE_2)) {
            const uint8_t *xsdt = map_table(map, read_le(pointer + 24, 8));
            *entry_width = 8;
            if (xsdt != NULL && has_signature(xsdt, "XSDT"))
                return xsdt;
        }
        pointer = map(rsdp, RSDP_SIZE_1);
        if (pointer == NULL)
            return NULL;
    }
    const uint8_t *rsdt = map_table(map, read_le(pointer + 16, 4));
    *entry_width = 4;
    return rsdt != NULL && has_signature(rsdt, "RSDT") ? rsdt : NULL;
}

bool acpi_read(acpi_map_function map, uint64_t rsdp, struct acpi_platform *platform) {
    uint32_t width = 0;
    *platform = (struct acpi_platform){0};
    for (uint32_t i = 0; i < ACPI_ISA_LINE_COUNT; i++)
        platform->isa[i].line = i;
    const uint8_t *root = map_root(map, rsdp, &width);
    if (root == NULL)
        return false;
    uint64_t length = read_le(root + 4, 4);
    for (uint64_t at = HEADER_SIZE; at + width <= length; at += width)
        read_table(map, read_le(root + at, width), platform);
    return true;
}
