/* The start page: written by creators, checked and read by programs. Touches only that page. */
#include "guests/lib/start_info.h"

#include <string.h>

/* What a table of offsets and strings may take at most, beside the structure itself. */
#define OFFSET_LIMIT 64u

static uint32_t *offsets(struct start_info *info, uint32_t table) {
    return (uint32_t *)(void *)((uint8_t *)info + table);
}

static uint32_t offset_at(const struct start_info *info, uint32_t table, uint32_t n) {
    uint32_t offset;
    memcpy(&offset, (const uint8_t *)info + table + n * sizeof(offset), sizeof(offset));
    return offset;
}

void start_info_begin(struct start_info *info) {
    memset(info, 0, START_INFO_SIZE);
    info->magic = START_INFO_MAGIC;
    info->version = START_INFO_VERSION;
    info->abi_version = ABI_VERSION;
    info->argv = sizeof(*info);
    info->env = info->argv + OFFSET_LIMIT * sizeof(uint32_t);
    info->size = info->env + OFFSET_LIMIT * sizeof(uint32_t);
}

static bool add(struct start_info *info, uint32_t table, uint32_t *count, const char *string) {
    size_t length = strlen(string) + 1;
    if (*count >= OFFSET_LIMIT || length > START_INFO_SIZE - info->size)
        return false;
    memcpy((uint8_t *)info + info->size, string, length);
    offsets(info, table)[(*count)++] = info->size;
    info->size += (uint32_t)length;
    return true;
}

bool start_info_add_argument(struct start_info *info, const char *argument) {
    return add(info, info->argv, &info->argc, argument);
}

bool start_info_add_environment(struct start_info *info, const char *name_and_value) {
    return add(info, info->env, &info->env_count, name_and_value);
}

bool start_info_add_handle(struct start_info *info, const char *name, handle_t handle,
                           uint64_t length) {
    size_t size = strlen(name) + 1;
    if (info->handle_count >= START_HANDLE_LIMIT || size > START_HANDLE_NAME_SIZE)
        return false;
    struct start_handle *entry = &info->handle[info->handle_count++];
    memcpy(entry->name, name, size);
    entry->handle = handle;
    entry->length = length;
    return true;
}

const struct start_handle *start_info_find(const struct start_info *info, const char *name) {
    for (uint32_t i = 0; i < info->handle_count && i < START_HANDLE_LIMIT; i++) {
        if (strncmp(info->handle[i].name, name, START_HANDLE_NAME_SIZE) == 0)
            return &info->handle[i];
    }
    return NULL;
}

/* Every offset of the table leads to a string that ends within the page. */
static bool is_table_valid(const struct start_info *info, uint32_t table, uint32_t count) {
    if (table > info->size || count > (info->size - table) / sizeof(uint32_t))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = offset_at(info, table, i);
        if (offset >= info->size || !memchr((const uint8_t *)info + offset, 0, info->size - offset))
            return false;
    }
    return true;
}

bool start_info_is_valid(const struct start_info *info) {
    return info->magic == START_INFO_MAGIC && info->version == START_INFO_VERSION &&
           info->size >= sizeof(*info) && info->size <= START_INFO_SIZE &&
           info->handle_count <= START_HANDLE_LIMIT &&
           is_table_valid(info, info->argv, info->argc) &&
           is_table_valid(info, info->env, info->env_count);
}

const char *start_info_argument(const struct start_info *info, uint32_t n) {
    return (const char *)info + offset_at(info, info->argv, n);
}

const char *start_info_environment(const struct start_info *info, uint32_t n) {
    return (const char *)info + offset_at(info, info->env, n);
}
