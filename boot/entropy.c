/*
 * Step: random bytes for the kernel, from the best source that there is.
 */
#include "boot/entropy.h"

#include <stdbool.h>
#include <string.h>

#include "boot/console.h"
#include "boot/cpu.h"

enum { ENTROPY_TRIES = 10 }; /* SDM Vol. 1, 7.3.17.1 "RDRAND": after ten failures it is broken */

static bool entropy_from_firmware(uint8_t *out, size_t length) {
    static EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
    void *protocol;
    if (EFI_ERROR(firmware_services->LocateProtocol(&guid, NULL, &protocol))) {
        return false;
    }
    EFI_RNG_PROTOCOL *rng = protocol;
    return !EFI_ERROR(rng->GetRNG(rng, NULL, length, out));
}

static bool entropy_next(uint64_t *value) {
    for (int i = 0; i < ENTROPY_TRIES; i++) {
        if (cpu_rdrand(value)) {
            return true;
        }
    }
    return false;
}

static bool entropy_from_cpu(uint8_t *out, size_t length) {
    uint64_t value = 0, last = 0;
    bool varies = false; /* some CPUs give the same number for ever after a sleep */
    if (!cpu_has_rdrand()) {
        return false;
    }
    for (size_t i = 0; i < length; i += sizeof(value)) {
        if (!entropy_next(&value)) {
            return false;
        }
        varies |= i > 0 && value != last;
        last = value;
        memcpy(out + i, &value, sizeof(value));
    }
    return varies;
}

static void entropy_from_time(uint8_t *out, size_t length) {
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        firmware_services->Stall(1);
        uint64_t now = cpu_tsc();
        memcpy(out + i, &now, sizeof(now));
    }
}

EFI_STATUS entropy_gather(struct loader *loader) {
    struct boot_info *info = loader->info;
    _Static_assert(sizeof(info->entropy) % sizeof(uint64_t) == 0, "whole random numbers");

    if (entropy_from_firmware(info->entropy, sizeof(info->entropy))) {
        info->entropy_source = BOOT_ENTROPY_EFI_RNG;
    } else if (entropy_from_cpu(info->entropy, sizeof(info->entropy))) {
        info->entropy_source = BOOT_ENTROPY_RDRAND;
    } else {
        entropy_from_time(info->entropy, sizeof(info->entropy));
        info->entropy_source = BOOT_ENTROPY_NONE;
        console_print("neither the firmware nor the CPU gives random numbers: do not make keys");
    }
    return EFI_SUCCESS;
}
