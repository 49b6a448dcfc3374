/* Boot modules stay where the loader put them. */
#include "kernel/module.h"

#include "kernel/arch.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/region.h"
#include "kernel/string.h"

#define MODULE_LIMIT 64u

static struct {
    struct module_info info;
    struct region *region;
    const void *contents;
} modules[MODULE_LIMIT];

static uint32_t count;
static uint64_t pages;

void module_init(const struct boot_info *info) {
    const struct boot_module *rows = arch_memory_at(info->module);
    for (uint32_t i = 0; i < info->module_count; i++) {
        const struct boot_module *row = &rows[i];
        if (row->length == 0 || count == MODULE_LIMIT) {
            log_line("boot module %s is left out: %s", row->name,
                     row->length == 0 ? "the file is empty" : "there are more than 64");
            continue;
        }
        uint64_t size = (row->length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        if (region_create_fixed(&kernel_partition, row->base, size, &modules[count].region) !=
            STATUS_OK)
            kernel_panic(NULL, "no memory for boot module %s", row->name);
        memcpy(modules[count].info.name, row->name, MODULE_NAME_SIZE);
        modules[count].info.length = row->length;
        modules[count].contents = arch_memory_at(row->base);
        pages += size / PAGE_SIZE;
        count++;
    }
}

uint32_t module_count(void) {
    return count;
}

uint64_t module_pages(void) {
    return pages;
}

struct region *module_at(uint64_t index, struct module_info *info) {
    if (index >= count)
        return NULL;
    *info = modules[index].info;
    return modules[index].region;
}

const void *module_find(const char *name, uint64_t *length) {
    for (uint32_t i = 0; i < count; i++)
        if (string_equal(modules[i].info.name, name)) {
            *length = modules[i].info.length;
            return modules[i].contents;
        }
    return NULL;
}
