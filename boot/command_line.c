/*
 * Step: the kernel's command line, from the file and from the boot manager.
 */
#include "boot/command_line.h"

#include "boot/allocate.h"
#include "boot/console.h"
#include "boot/file.h"
#include "boot/words.h"

#define COMMAND_LINE_SIZE 4096u

static EFI_STATUS command_line_too_long(const char *source) {
    console_print("the command line is longer than %u bytes with %s", COMMAND_LINE_SIZE - 1,
                  source);
    console_print("remedy: shorten it");
    return EFI_BAD_BUFFER_SIZE;
}

EFI_STATUS command_line_load(struct loader *loader) {
    static EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    struct words_line line = {.size = COMMAND_LINE_SIZE};
    struct file_content file;
    void *image;

    line.text = allocate_zeroed(line.size, BOOT_MEMORY_LOADER, ALLOCATE_ANYWHERE);
    if (line.text == NULL) {
        console_print("out of memory for the command line");
        console_print("remedy: give the machine more memory");
        return EFI_OUT_OF_RESOURCES;
    }
    EFI_STATUS status = file_read(&file, BOOT_COMMAND_LINE_PATH, BOOT_MEMORY_USABLE);
    if (EFI_ERROR(status) && status != EFI_NOT_FOUND) {
        return status;
    }
    if (!EFI_ERROR(status) && !words_append_first_line(&line, file.base, file.length)) {
        return command_line_too_long(BOOT_COMMAND_LINE_PATH);
    }
    if (!EFI_ERROR(firmware_services->HandleProtocol(firmware_image, &loaded_image, &image))) {
        const EFI_LOADED_IMAGE_PROTOCOL *self = image;
        if (!words_append_load_options(&line, self->LoadOptions, self->LoadOptionsSize)) {
            return command_line_too_long("the boot manager's options");
        }
    }
    if (line.length > 0) {
        console_print("command line: %s", line.text);
    }
    loader->info->command_line = (uint64_t)line.text;
    return EFI_SUCCESS;
}
