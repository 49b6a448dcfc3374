/* The ways into a guest kernel. */
#ifndef BULKHEAD_VMM_BOOT_PROTOCOL_H
#define BULKHEAD_VMM_BOOT_PROTOCOL_H

enum boot_protocol {
    BOOT_AUTO, /* as a wish: by what the file is */
    BOOT_LINUX,
    BOOT_PVH,
    BOOT_MULTIBOOT,
    BOOT_PROTOCOL_COUNT
};

#endif
