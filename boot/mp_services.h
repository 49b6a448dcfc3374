/*
 * EFI_MP_SERVICES_PROTOCOL (UEFI Platform Initialization 1.8, volume 2, 13.4), which GNU-EFI does
 * not declare.
 */
#ifndef BULKHEAD_BOOT_MP_SERVICES_H
#define BULKHEAD_BOOT_MP_SERVICES_H

#include <stdint.h>

#include "boot/firmware.h"

#define MP_SERVICES_GUID                                   \
    {                                                      \
        0x3fdda605, 0xa76e, 0x4f46, {                      \
            0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 \
        }                                                  \
    }

enum { MP_SERVICES_ENABLED = 2, MP_SERVICES_HEALTHY = 4 }; /* status_flag; 1 is the boot CPU */

struct mp_services_processor {
    uint64_t processor_id; /* the APIC id */
    uint32_t status_flag;
    uint32_t location[3];
    uint32_t extended_location[6];
};
_Static_assert(sizeof(struct mp_services_processor) == 48, "EFI_PROCESSOR_INFORMATION");

typedef void(EFIAPI *mp_services_procedure)(void *argument);

struct mp_services {
    EFI_STATUS(EFIAPI *get_number)(struct mp_services *self, UINTN *count, UINTN *enabled_count);
    EFI_STATUS(EFIAPI *get_processor)
    (struct mp_services *self, UINTN number, struct mp_services_processor *processor);
    EFI_STATUS(EFIAPI *start_all)
    (struct mp_services *self, mp_services_procedure procedure, BOOLEAN one_by_one, EFI_EVENT event,
     UINTN timeout_us, void *argument, UINTN **failed);
    EFI_STATUS(EFIAPI *start_one)
    (struct mp_services *self, mp_services_procedure procedure, UINTN number, EFI_EVENT event,
     UINTN timeout_us, void *argument, BOOLEAN *finished);
    EFI_STATUS(EFIAPI *switch_boot)(struct mp_services *self, UINTN number, BOOLEAN enable_old);
    EFI_STATUS(EFIAPI *enable)
    (struct mp_services *self, UINTN number, BOOLEAN enable, UINT32 *health);
    EFI_STATUS(EFIAPI *who_am_i)(struct mp_services *self, UINTN *number);
};

/* The firmware's instance, or NULL. */
struct mp_services *mp_services_find(void);

#endif
