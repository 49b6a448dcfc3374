/* The boot modules. Their handles stay open. */
#include "guests/manager/modules.h"

#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"

static struct module_info infos[MODULES_LIMIT];
static handle_t regions[MODULES_LIMIT];
static uint32_t count;

void modules_open(void) {
    for (count = 0; count < MODULES_LIMIT; count++) {
        int64_t region = sys_system_open_module(HANDLE_SYSTEM, count, &infos[count]);
        if (region < 0)
            return;
        regions[count] = (handle_t)region;
        infos[count].name[MODULE_NAME_SIZE - 1] = 0;
    }
}

uint32_t modules_count(void) {
    return count;
}

const struct module_info *modules_all(void) {
    return infos;
}

handle_t modules_find(const char *name, struct module_info *info) {
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(infos[i].name, name) != 0)
            continue;
        if (info)
            *info = infos[i];
        return regions[i];
    }
    return 0;
}

const void *modules_map(const char *name, uint64_t *length) {
    struct module_info info;
    void *address;
    handle_t region = modules_find(name, &info);
    if (region == 0 || info.length == 0 ||
        map_region(region, 0, info.length, MAP_READ, &address) < 0)
        return NULL;
    *length = info.length;
    return address;
}
