/* The configuration against the computer: files, memory, order. Pure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guests/lib/machine_start.h"
#include "guests/manager/config.h"
#include "guests/manager/value.h"

static void fault(struct config_machine *machine) {
    machine->is_faulty = true;
}

static bool is_module(const struct config_computer *computer, const char *name) {
    for (uint32_t i = 0; i < computer->module_count; i++) {
        if (strcmp(computer->module[i].name, name) == 0)
            return true;
    }
    return false;
}

static void check_file(struct config *config, struct config_machine *machine, const char *key,
                       const char *name, uint32_t line, const struct config_computer *computer) {
    const char *names[64 + 1];
    uint32_t count = 0;
    if (is_module(computer, name))
        return;
    for (; count < computer->module_count && count < 64; count++)
        names[count] = computer->module[count].name;
    names[count] = NULL;
    const char *nearest = value_nearest(name, names);
    if (nearest)
        config_report(config, line, "%s = %s: no such file in \\bulkhead\\; did you mean %s?", key,
                      name, nearest);
    else
        config_report(config, line, "%s = %s: no such file in \\bulkhead\\ of the boot volume", key,
                      name);
    fault(machine);
}

static void check_files(struct config *config, struct config_machine *machine,
                        const struct config_computer *computer) {
    uint32_t kernel_line = machine->key_line[CONFIG_KEY_KERNEL];
    uint32_t initrd_line = machine->key_line[CONFIG_KEY_INITRD];
    if (kernel_line == 0) {
        config_report(config, machine->line, "[machine %s] has no kernel; it needs kernel = FILE",
                      machine->name);
        fault(machine);
    } else if (machine->kernel[0]) {
        check_file(config, machine, "kernel", machine->kernel, kernel_line, computer);
    }
    if (initrd_line && machine->initrd[0])
        check_file(config, machine, "initrd", machine->initrd, initrd_line, computer);
    for (uint32_t i = 0; i < machine->module_count; i++) {
        char name[MODULE_NAME_SIZE];
        config_module_name(machine->module[i], name);
        check_file(config, machine, "modules", name, machine->key_line[CONFIG_KEY_MODULES],
                   computer);
    }
}

/* Names separated by commas and blanks, to bits. */
static void check_after(struct config *config, struct config_machine *machine) {
    char text[sizeof(machine->after_text)];
    uint32_t line = machine->key_line[CONFIG_KEY_AFTER];
    value_copy(text, sizeof(text), machine->after_text);
    for (char *name = strtok(text, ", \t"); name; name = strtok(NULL, ", \t")) {
        uint32_t other = 0;
        while (other < config->machine_count && strcmp(config->machine[other].name, name) != 0)
            other++;
        if (other < config->machine_count) {
            machine->after |= 1u << other;
            continue;
        }
        config_report(config, line, "after = %.40s: there is no machine of that name", name);
        fault(machine);
    }
}

/* Takes machines out that wait for nobody any more, until none can be; what remains waits in a
 * circle. */
static uint32_t sort(const struct config *config, uint32_t order[CONFIG_MACHINE_LIMIT]) {
    uint32_t placed = 0, count = 0, before;
    do {
        before = count;
        for (uint32_t i = 0; i < config->machine_count; i++) {
            if (!(placed & (1u << i)) && (config->machine[i].after & ~placed) == 0) {
                placed |= 1u << i;
                order[count++] = i;
                /* From the start again: the file's order counts where `after` says nothing. */
                break;
            }
        }
    } while (count != before);
    return placed;
}

static void check_circles(struct config *config) {
    uint32_t order[CONFIG_MACHINE_LIMIT] = {0};
    uint32_t placed = sort(config, order);
    for (uint32_t i = 0; i < config->machine_count; i++) {
        struct config_machine *machine = &config->machine[i];
        if (placed & (1u << i))
            continue;
        config_report(config, machine->key_line[CONFIG_KEY_AFTER],
                      "after = %.60s: machine %s would wait for itself", machine->after_text,
                      machine->name);
        fault(machine);
    }
    for (uint32_t i = 0; i < config->machine_count; i++)
        config->machine[i].after &= placed;
}

void config_start_order(const struct config *config, uint32_t order[CONFIG_MACHINE_LIMIT]) {
    uint32_t placed = sort(config, order);
    uint32_t count = (uint32_t)__builtin_popcount(placed);
    for (uint32_t i = 0; i < config->machine_count; i++) {
        if (!(placed & (1u << i)))
            order[count++] = i;
    }
}

/* Each machine in its turn gets its memory, or a fault if what the earlier ones left is too little.
 */
static void check_memory(struct config *config, const struct config_computer *computer) {
    uint32_t order[CONFIG_MACHINE_LIMIT] = {0};
    uint64_t left = computer->memory;
    config_start_order(config, order);
    for (uint32_t n = 0; n < config->machine_count; n++) {
        struct config_machine *machine = &config->machine[order[n]];
        char asked[24];
        if (machine->is_faulty)
            continue;
        /* No overflow: config_read refuses more than a quarter of 2^64. */
        uint64_t overhead = MACHINE_OVERHEAD(machine->memory);
        uint64_t need = machine->memory + overhead;
        if (need <= left) {
            left -= need;
            continue;
        }
        uint32_t line = machine->key_line[CONFIG_KEY_MEMORY];
        uint64_t allowed = left > MACHINE_OVERHEAD(left) ? left - MACHINE_OVERHEAD(left) : 0;
        allowed -= allowed % CONFIG_MEMORY_UNIT;
        config_report(config, line ? line : machine->line,
                      "memory = %s, and %" PRIu64
                      "M for the machine's devices, are more than the %" PRIu64
                      "M that are free; at most %" PRIu64 "M are allowed",
                      value_format_size(machine->memory, asked, sizeof(asked)),
                      (overhead + (1 << 20) - 1) >> 20, left >> 20, allowed >> 20);
        fault(machine);
    }
}

void config_check(struct config *config, const struct config_computer *computer) {
    for (uint32_t i = 0; i < config->machine_count; i++) {
        check_files(config, &config->machine[i], computer);
        check_after(config, &config->machine[i]);
    }
    check_circles(config);
    check_memory(config, computer);
}
