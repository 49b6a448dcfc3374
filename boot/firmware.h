/*
 * The firmware that started the loader. Every file that calls UEFI includes this one; the portable
 * files (elf, memory, paging, madt, acpi, text, format, words, unixtime) do not.
 */
#ifndef BULKHEAD_BOOT_FIRMWARE_H
#define BULKHEAD_BOOT_FIRMWARE_H

#include <efi.h>

extern EFI_HANDLE firmware_image; /* this loader, as the firmware knows it */
extern EFI_SYSTEM_TABLE *firmware_table;
extern EFI_BOOT_SERVICES *firmware_services;

/* The entry point that GNU-EFI's start-up code calls. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

/* A few words for a status code, for messages. Never NULL. */
const char *firmware_status_text(EFI_STATUS status);

/* The vendor's table with this GUID in the system table's list, or NULL. */
void *firmware_configuration(const EFI_GUID *guid);

#endif
