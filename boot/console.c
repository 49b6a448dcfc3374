/*
 * The loader's messages. The firmware's console usually shows on the screen and on the serial line
 * both; where it does not reach COM1, COM1 is written directly, so that nothing appears twice.
 */
#include "boot/console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "boot/firmware.h"
#include "boot/format.h"
#include "boot/serial.h"
#include "boot/text.h"

#define CONSOLE_LINE_SIZE 256

/* Device path nodes (UEFI 2.10, 10.3 "Device Path Nodes"). */
#define CONSOLE_PNP_SERIAL 0x050141d0u /* EISA id PNP0501: a 16550 */

static bool console_on_serial; /* the firmware's console shows on COM1 */

/* Whether a list of device paths has a console behind the UART of the first serial port. */
static bool console_path_has_com1(const uint8_t *list, UINTN length) {
    UINT32 port = 0;
    bool port_known = false;

    while (length >= sizeof(EFI_DEVICE_PATH)) {
        const EFI_DEVICE_PATH *node = (const void *)list;
        UINTN node_length = (UINTN)node->Length[0] | (UINTN)node->Length[1] << 8;
        if (node_length < sizeof(*node) || node_length > length) {
            return false;
        }
        if (node->Type == ACPI_DEVICE_PATH && node->SubType == ACPI_DP &&
            node_length >= sizeof(ACPI_HID_DEVICE_PATH)) {
            const ACPI_HID_DEVICE_PATH *acpi = (const void *)node;
            port_known = acpi->HID == CONSOLE_PNP_SERIAL;
            port = acpi->UID;
        } else if (node->Type == MESSAGING_DEVICE_PATH && node->SubType == MSG_UART_DP &&
                   port_known && port == 0) {
            return true;
        }
        list += node_length;
        length -= node_length;
    }
    return false;
}

void console_start(void) {
    static EFI_GUID global_variable = EFI_GLOBAL_VARIABLE;
    static CHAR16 name[] = L"ConOut";
    uint8_t path[1024];
    UINTN length = sizeof(path);
    UINT32 attributes;

    EFI_STATUS status = firmware_table->RuntimeServices->GetVariable(name, &global_variable,
                                                                     &attributes, &length, path);
    console_on_serial = !EFI_ERROR(status) && console_path_has_com1(path, length);
    if (!console_on_serial) {
        serial_start();
    }
}

static void console_write(const char *line) {
    CHAR16 wide[CONSOLE_LINE_SIZE];
    text_to_utf16(wide, CONSOLE_LINE_SIZE, line);
    if (firmware_table->ConOut != NULL) {
        firmware_table->ConOut->OutputString(firmware_table->ConOut, wide);
    }
    if (!console_on_serial) {
        serial_write(line);
    }
}

void console_print(const char *format, ...) {
    static const char start[] = "bulkhead: ", end[] = "\r\n";
    const size_t space = CONSOLE_LINE_SIZE - sizeof(end) + 1; /* for the text, its start and NUL */
    char line[CONSOLE_LINE_SIZE];
    size_t length = sizeof(start) - 1;
    va_list arguments;

    memcpy(line, start, length);
    va_start(arguments, format);
    length += format_text(line + length, space - length, format, arguments);
    va_end(arguments);
    memcpy(line + (length < space ? length : space - 1), end, sizeof(end));
    console_write(line);
}
