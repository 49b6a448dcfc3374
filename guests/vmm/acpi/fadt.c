/* What the fixed hardware is and where: the registers of guests/vmm/devices/pm.h, reset.h, rtc.h.
 */
#include "guests/vmm/acpi/fadt.h"

#include <string.h>

#include "guests/vmm/devices/irq.h"
#include "guests/vmm/devices/pm.h"
#include "guests/vmm/devices/reset.h"
#include "guests/vmm/devices/rtc.h"

#define FACS_ALIGNMENT 64u

static struct acpi_address io_register(uint64_t port, uint8_t bytes, uint8_t access_size) {
    return (struct acpi_address){.space = ACPI_SPACE_IO,
                                 .bit_width = (uint8_t)(8 * bytes),
                                 .access_size = access_size,
                                 .address = port};
}

static uint64_t write_facs(struct writer *writer) {
    struct acpi_facs *facs = writer_reserve(writer, sizeof(*facs), FACS_ALIGNMENT);
    if (facs == NULL) {
        return 0;
    }
    memcpy(facs->signature, "FACS", sizeof(facs->signature));
    facs->length = sizeof(*facs);
    facs->version = FACS_VERSION;
    return writer_address(writer, facs);
}

/* The old fields and their 64-bit twins say the same: some systems compare them. */
static void set_registers(struct acpi_fadt *fadt) {
    fadt->pm1a_evt_blk = PM_PORT + PM_EVENT;
    fadt->pm1_evt_len = PM_EVENT_SIZE;
    fadt->pm1a_cnt_blk = PM_PORT + PM_CONTROL;
    fadt->pm1_cnt_len = PM_CONTROL_SIZE;
    fadt->pm_tmr_blk = PM_PORT + PM_TIMER;
    fadt->pm_tmr_len = PM_TIMER_SIZE;
    fadt->x_pm1a_evt_blk = io_register(fadt->pm1a_evt_blk, PM_EVENT_SIZE, 2);
    fadt->x_pm1a_cnt_blk = io_register(fadt->pm1a_cnt_blk, PM_CONTROL_SIZE, 2);
    fadt->x_pm_tmr_blk = io_register(fadt->pm_tmr_blk, PM_TIMER_SIZE, 3);
    fadt->reset_reg = io_register(RESET_CONTROL_PORT, 1, 1);
    fadt->reset_value = RESET_CONTROL_VALUE;
}

uint64_t fadt_write(struct writer *writer, uint64_t dsdt) {
    uint64_t facs = write_facs(writer);
    struct acpi_fadt *fadt = writer_begin(writer, "FACP", FADT_REVISION, sizeof(*fadt));
    if (fadt == NULL) {
        return 0;
    }
    fadt->minor_version = FADT_MINOR;
    fadt->firmware_ctrl = (uint32_t)facs; /* X_FIRMWARE_CTRL is for a FACS above 4 GiB */
    fadt->dsdt = (uint32_t)dsdt;
    fadt->x_dsdt = dsdt;
    fadt->preferred_pm_profile = FADT_PROFILE_SERVER;
    fadt->sci_int = IRQ_SCI;
    fadt->p_lvl2_lat = FADT_NO_C2_LATENCY;
    fadt->p_lvl3_lat = FADT_NO_C3_LATENCY;
    fadt->century = RTC_CENTURY;
    fadt->iapc_boot_arch = FADT_BOOT_LEGACY_DEVICES | FADT_BOOT_NO_VGA;
    fadt->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_SLEEP_BUTTON_NOT_FIXED | FADT_RTC_NOT_FIXED |
                  FADT_TIMER_32 | FADT_RESET_SUPPORTED | FADT_HEADLESS;
    set_registers(fadt);
    memcpy(&fadt->hypervisor_vendor, "Bulkhead", sizeof(fadt->hypervisor_vendor));
    return writer_end(writer, fadt);
}
