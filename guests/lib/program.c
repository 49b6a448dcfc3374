/* Programs in partitions of their own. Everything that they get is charged to them. */
#include "guests/lib/program.h"

#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/elf_program.h"
#include "guests/lib/map.h"
#include "guests/lib/start.h"

/* Memory of the program at `address` of its space; *here (may be NULL): the same, mapped writable
 * here. */
static int64_t give_memory(struct program *program, uint64_t address, uint64_t size, uint32_t flags,
                           void **here) {
    int64_t region = sys_region_create(program->partition, size);
    if (region < 0)
        return region;
    int64_t result = sys_space_map(program->space, (handle_t)region, 0, address, size, flags);
    if (result >= 0 && here)
        result = map_region((handle_t)region, 0, size, MAP_READ | MAP_WRITE, here);
    /* The mapping keeps the memory. */
    sys_handle_close((handle_t)region);
    return result;
}

int64_t program_create(struct program *program, handle_t account,
                       const struct partition_config *config) {
    *program = (struct program){0};
    int64_t result = sys_partition_create(account, config);
    if (result < 0)
        return result;
    program->partition = (handle_t)result;
    result = sys_space_create(program->partition, SPACE_PROGRAM);
    if (result < 0)
        return result;
    program->space = (handle_t)result;

    void *info;
    result = give_memory(program, PROGRAM_START_INFO, START_INFO_SIZE, MAP_READ, &info);
    if (result < 0)
        return result;
    program->info = info;
    start_info_begin(program->info);
    program->info->ticks_per_second = start_ticks_per_second();
    program->info->timer_hz = start_timer_hz();
    program->info->boot_wall_clock_ns = start_wall_clock_ns();
    return 0;
}

int64_t program_load(struct program *program, const void *file, uint64_t length,
                     const char **fault) {
    struct elf_program elf;
    *fault = elf_program_read(file, length, PROGRAM_STACK_TOP / 2, &elf);
    if (*fault)
        return -STATUS_INVALID;
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        const struct elf_segment *segment = &elf.segment[i];
        void *here;
        int64_t result = give_memory(program, segment->address, segment->size, segment->flags,
                                     &here);
        if (result < 0)
            return result;
        memcpy((uint8_t *)here + segment->data_offset, (const uint8_t *)file + segment->file_offset,
               segment->file_size);
        map_undo(here);
    }
    program->entry = elf.entry;
    return 0;
}

int64_t program_grant(struct program *program, const char *name, handle_t handle, uint32_t rights,
                      uint64_t length) {
    int64_t theirs = sys_handle_grant(program->partition, handle, rights);
    if (theirs < 0)
        return theirs;
    return start_info_add_handle(program->info, name, (handle_t)theirs, length) ? 0 : -STATUS_QUOTA;
}

int64_t program_add_argument(struct program *program, const char *argument) {
    return start_info_add_argument(program->info, argument) ? 0 : -STATUS_QUOTA;
}

int64_t program_start(struct program *program, uint64_t stack_size) {
    uint64_t size = stack_size + START_THREAD_AREA_SIZE;
    uint64_t area = PROGRAM_STACK_TOP - START_THREAD_AREA_SIZE;
    int64_t result = give_memory(program, PROGRAM_STACK_TOP - size, size, MAP_READ | MAP_WRITE,
                                 NULL);
    if (result < 0)
        return result;

    program->info->thread_area = area;
    map_undo(program->info);
    program->info = NULL;

    struct thread_config config = {
        .entry = program->entry,
        .stack = area,
        .argument = PROGRAM_START_INFO,
        .thread_pointer = area,
        .cpu = THREAD_ANY_CPU,
    };
    result = sys_thread_create(program->partition, program->space, &config);
    if (result < 0)
        return result;
    program->thread = (handle_t)result;
    return 0;
}

void program_drop(struct program *program) {
    if (program->info)
        map_undo(program->info);
    if (program->thread)
        sys_handle_close(program->thread);
    if (program->space)
        sys_handle_close(program->space);
    if (program->partition) {
        sys_partition_destroy(program->partition);
        sys_handle_close(program->partition);
    }
    *program = (struct program){0};
}
