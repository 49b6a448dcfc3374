/*
 * The CPUs that ACPI's MADT names. Portable: unit-tested on the host.
 */
#include "boot/madt.h"

#include <stddef.h>
#include <string.h>

struct madt_local_apic {
    uint8_t type;
    uint8_t length;
    uint8_t processor;
    uint8_t apic_id;
    uint32_t flags;
};
_Static_assert(sizeof(struct madt_local_apic) == 8, "ACPI 6.5, 5.2.12.2");

struct madt_local_x2apic {
    uint8_t type;
    uint8_t length;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t processor;
};
_Static_assert(sizeof(struct madt_local_x2apic) == 16, "ACPI 6.5, 5.2.12.12");

enum {
    MADT_HEADER_LENGTH = 44, /* the common header, the local APIC's address, flags */
    MADT_LOCAL_APIC = 0,
    MADT_LOCAL_X2APIC = 9,
    MADT_ENABLED = 1,
    MADT_ONLINE_CAPABLE = 2,
    MADT_ONLINE_CAPABLE_REVISION = 5, /* of the table: the bit was reserved before ACPI 6.3 */
};

static const uint32_t madt_no_apic = 0xff, madt_no_x2apic = 0xffffffff; /* broadcast ids */

uint32_t madt_capacity(const struct acpi_header *madt) {
    return madt->length < MADT_HEADER_LENGTH
               ? 0
               : (madt->length - MADT_HEADER_LENGTH) / (uint32_t)sizeof(struct madt_local_apic);
}

static void madt_add(struct cpu_rows *rows, uint32_t apic_id, uint32_t flags, uint8_t revision) {
    if ((flags & MADT_ENABLED) != 0) {
        cpu_rows_add(rows, apic_id, BOOT_CPU_ENABLED);
    } else if ((flags & MADT_ONLINE_CAPABLE) != 0 && revision >= MADT_ONLINE_CAPABLE_REVISION) {
        cpu_rows_add(rows, apic_id, 0);
    }
}

void madt_add_cpus(struct cpu_rows *rows, const struct acpi_header *madt) {
    const uint8_t *bytes = (const uint8_t *)madt;
    size_t offset = MADT_HEADER_LENGTH;

    while (offset + 2 <= madt->length) {
        const uint8_t *entry = bytes + offset;
        uint8_t length = entry[1];
        if (length < 2 || length > madt->length - offset) {
            return;
        }
        if (entry[0] == MADT_LOCAL_APIC && length >= sizeof(struct madt_local_apic)) {
            struct madt_local_apic apic;
            memcpy(&apic, entry, sizeof(apic));
            if (apic.apic_id != madt_no_apic) {
                madt_add(rows, apic.apic_id, apic.flags, madt->revision);
            }
        } else if (entry[0] == MADT_LOCAL_X2APIC && length >= sizeof(struct madt_local_x2apic)) {
            struct madt_local_x2apic apic;
            memcpy(&apic, entry, sizeof(apic));
            if (apic.apic_id != madt_no_x2apic) {
                madt_add(rows, apic.apic_id, apic.flags, madt->revision);
            }
        }
        offset += length;
    }
}
