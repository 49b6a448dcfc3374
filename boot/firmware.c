/*
 * What several files need of the firmware: its tables, and words for its status codes.
 */
#include "boot/firmware.h"

#include <string.h>

EFI_HANDLE firmware_image;
EFI_SYSTEM_TABLE *firmware_table;
EFI_BOOT_SERVICES *firmware_services;

static const struct {
    EFI_STATUS status;
    const char *text;
} firmware_status[] = {
    {EFI_LOAD_ERROR,         "load error"            },
    {EFI_INVALID_PARAMETER,  "invalid parameter"     },
    {EFI_UNSUPPORTED,        "not supported"         },
    {EFI_BAD_BUFFER_SIZE,    "bad buffer size"       },
    {EFI_BUFFER_TOO_SMALL,   "buffer too small"      },
    {EFI_NOT_READY,          "not ready"             },
    {EFI_DEVICE_ERROR,       "device error"          },
    {EFI_OUT_OF_RESOURCES,   "out of memory"         },
    {EFI_VOLUME_CORRUPTED,   "file system damaged"   },
    {EFI_NO_MEDIA,           "no medium"             },
    {EFI_MEDIA_CHANGED,      "medium changed"        },
    {EFI_NOT_FOUND,          "not found"             },
    {EFI_ACCESS_DENIED,      "access denied"         },
    {EFI_TIMEOUT,            "timeout"               },
    {EFI_ABORTED,            "aborted"               },
    {EFI_SECURITY_VIOLATION, "security violation"    },
    {EFI_END_OF_FILE,        "unexpected end of file"},
};

const char *firmware_status_text(EFI_STATUS status) {
    for (size_t i = 0; i < sizeof(firmware_status) / sizeof(firmware_status[0]); i++) {
        if (firmware_status[i].status == status) {
            return firmware_status[i].text;
        }
    }
    return "firmware error";
}

void *firmware_configuration(const EFI_GUID *guid) {
    for (UINTN i = 0; i < firmware_table->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *entry = &firmware_table->ConfigurationTable[i];
        if (memcmp(&entry->VendorGuid, guid, sizeof(*guid)) == 0) {
            return entry->VendorTable;
        }
    }
    return NULL;
}
