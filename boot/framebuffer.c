/*
 * Step: the screen, as the firmware's graphics output left it.
 */
#include "boot/framebuffer.h"

EFI_STATUS framebuffer_find(struct loader *loader) {
    static EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    static const uint32_t format[PixelFormatMax] = {
        [PixelRedGreenBlueReserved8BitPerColor] = BOOT_PIXEL_RGBX,
        [PixelBlueGreenRedReserved8BitPerColor] = BOOT_PIXEL_BGRX,
    };
    void *protocol;

    if (EFI_ERROR(firmware_services->LocateProtocol(&guid, NULL, &protocol))) {
        return EFI_SUCCESS;
    }
    const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode =
        ((EFI_GRAPHICS_OUTPUT_PROTOCOL *)protocol)->Mode;
    if (mode == NULL || mode->Info == NULL || mode->FrameBufferBase == 0 ||
        (unsigned)mode->Info->PixelFormat >= PixelFormatMax ||
        format[mode->Info->PixelFormat] == BOOT_PIXEL_NONE) {
        return EFI_SUCCESS;
    }
    loader->info->framebuffer = (struct boot_framebuffer){
        .base = mode->FrameBufferBase,
        .width = mode->Info->HorizontalResolution,
        .height = mode->Info->VerticalResolution,
        .stride = mode->Info->PixelsPerScanLine * 4,
        .format = format[mode->Info->PixelFormat],
    };
    return EFI_SUCCESS;
}
