/* Reading the arguments. */
#include "guests/vmm/settings.h"

#include <stddef.h>
#include <string.h>

static const char *argument(int argc, char **argv, const char *name) {
    size_t length = strlen(name);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, length) == 0) {
            return argv[i] + length;
        }
    }
    return NULL;
}

/* Decimal digits only, without overflow. */
static bool number(const char *text, uint64_t *value) {
    uint64_t result = 0;
    if (text == NULL || *text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > 9 || result > (UINT64_MAX - digit) / 10) {
            return false;
        }
        result = result * 10 + digit;
    }
    *value = result;
    return true;
}

static bool read_modules(int argc, char **argv, struct settings *settings) {
    static const char name[] = "--module=";
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, sizeof(name) - 1) != 0) {
            continue;
        }
        if (settings->module_count == MACHINE_MODULE_LIMIT) {
            return false;
        }
        settings->module[settings->module_count++] = argv[i] + sizeof(name) - 1;
    }
    return true;
}

static bool read_protocol(const char *text, enum boot_protocol *protocol) {
    static const char *const words[BOOT_PROTOCOL_COUNT] = {[BOOT_AUTO] = "auto",
                                                           [BOOT_LINUX] = "linux",
                                                           [BOOT_PVH] = "pvh",
                                                           [BOOT_MULTIBOOT] = "multiboot"};
    for (unsigned i = 0; i < BOOT_PROTOCOL_COUNT; i++) {
        if (text == NULL || strcmp(text, words[i]) == 0) {
            *protocol = (enum boot_protocol)i;
            return true;
        }
    }
    return false;
}

bool settings_read(int argc, char **argv, struct settings *settings, const char **reason) {
    uint64_t cpu_count;
    *settings = (struct settings){.name = argument(argc, argv, "--name="),
                                  .kernel = argument(argc, argv, "--kernel="),
                                  .initrd = argument(argc, argv, "--initrd="),
                                  .command_line = argument(argc, argv, "--cmdline=")};
    if (settings->name == NULL || settings->kernel == NULL || settings->command_line == NULL) {
        *reason = "--name, --kernel and --cmdline are needed";
        return false;
    }
    if (!number(argument(argc, argv, "--memory="), &settings->memory) || settings->memory == 0 ||
        settings->memory % SETTINGS_MEMORY_UNIT != 0) {
        *reason = "--memory must be a number of bytes, a multiple of 2 MiB";
        return false;
    }
    if (!number(argument(argc, argv, "--cpus="), &cpu_count) || cpu_count == 0 ||
        cpu_count > SETTINGS_CPU_MAX) {
        *reason = "--cpus must be a number from 1 to 64";
        return false;
    }
    settings->cpu_count = (uint32_t)cpu_count;
    if (!read_modules(argc, argv, settings)) {
        *reason = "more than 16 --module";
        return false;
    }
    if (!read_protocol(argument(argc, argv, "--boot="), &settings->protocol)) {
        *reason = "--boot must be auto, linux, pvh or multiboot";
        return false;
    }
    settings->has_debug_exit = argument(argc, argv, "--debug-exit") != NULL;
    return true;
}
