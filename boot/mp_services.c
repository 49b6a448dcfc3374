/*
 * Finds the firmware's multiprocessor services.
 */
#include "boot/mp_services.h"

struct mp_services *mp_services_find(void) {
    static EFI_GUID guid = MP_SERVICES_GUID;
    void *services;
    return EFI_ERROR(firmware_services->LocateProtocol(&guid, NULL, &services)) ? NULL : services;
}
